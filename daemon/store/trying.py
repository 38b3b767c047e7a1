"""What a pilot's deliveries show, read for its verdict: how each ended, whether it is what was planned, and what else
speaks for or against what was only rehearsed.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from actors.domain.likeness import SAID, TO_LEARNER, astray, print_of, unpacked
from actors.domain.trial import MISMATCHED, Seen
from daemon.store import rows

LOOKED_AT_MAX = 10_000
OTHERWISE = "words: route {} said the same change in other words than were rehearsed, by the same template"
_COLUMNS = (
    "lower(hex(d.id)), d.state, d.kind, d.digest IS NOT NULL, d.cause, d.detail, d.lane, d.destination, d.route, "
    "d.accepted_us, d.from_us, d.done_us, d.sla_us, CASE d.state WHEN 'shadowed' THEN '' ELSE d.history END, "
    "length(d.change) + length(d.audience) + length(d.history) + length(d.detail) + ifnull(length(d.receipt), 0), "
    "ifnull(json_extract(d.change, '$.learner.key'), '')"
)
_FIELDS = (
    "id", "state", "kind", "in_digest", "cause", "detail", "lane", "destination", "route", "accepted_us", "from_us",
    "done_us", "sla_us", "history", "row_bytes", "learner",
)  # fmt: skip
_SEEN = (
    f"SELECT {_COLUMNS}, d.seq, d.receipt, CASE WHEN d.state = 'delivered' THEN d.rendered END, a.address "  # noqa: S608  # constants only
    "FROM deliveries d INDEXED BY deliveries_pilot LEFT JOIN addresses a ON a.lane = d.lane "
    "AND a.email = substr(d.destination, 9) AND a.found_us <= d.done_us "
    "WHERE d.pilot = ? AND d.pilot IS NOT NULL ORDER BY d.seq DESC LIMIT ?"
)
_LATELY = (
    f"SELECT {_COLUMNS} FROM deliveries d NOT INDEXED "  # noqa: S608  # constants only
    "WHERE d.seq > (SELECT max(seq) - ? FROM deliveries) AND d.lane > ? AND d.lane < ?"
)
_ELSEWHERE = (
    "SELECT d.seq, d.rendered, l.route, l.lane = d.lane AND l.template IS d.template AND l.digest IS NULL "
    "AND substr(d.destination, 1, 8) <> 'learner:' AND substr(l.destination, 1, 8) <> 'learner:' "
    "AND l.state = 'delivered', l.receipt FROM deliveries d INDEXED BY deliveries_pilot "
    "JOIN deliveries l INDEXED BY deliveries_statement ON l.statement_seq = d.statement_seq AND l.kind = d.kind "
    "AND l.pilot IS NOT d.pilot AND l.state IN ('delivered', 'waiting', 'claimed', 'unknown', 'held') "
    "WHERE d.pilot = ? AND d.pilot IS NOT NULL AND d.seq >= ? AND d.state = 'shadowed'"
)
_CLOSED = (
    "SELECT lane, destination FROM deliveries INDEXED BY deliveries_stuck WHERE lane > ? AND lane < ? "  # noqa: S608  # constants only
    "AND state IN ('dead', 'parked') AND state = 'dead' AND substr(destination, 1, 8) = 'learner:' "
    f"AND cause IN ({', '.join(repr(cause) for cause in sorted(MISMATCHED - {'bad_template'}))}) AND NOT EXISTS "
    "(SELECT 1 FROM addresses a WHERE a.lane = deliveries.lane AND a.email = substr(deliveries.destination, 9) "
    "AND a.found_us > deliveries.done_us)"
)
_LINKED = "SELECT c.address FROM contacts c JOIN persons p ON p.no = c.person WHERE p.tenant = ?"
_REHEARSALS = (
    "SELECT lower(hex(id)), statement_id, lane, destination, kind, rendered, detail FROM deliveries "
    "INDEXED BY deliveries_pilot WHERE pilot = ? AND pilot IS NOT NULL AND state = 'shadowed' "
    "AND kind <> 'digest' ORDER BY seq DESC LIMIT ?"  # one that was called off: its items are what was rehearsed
)


class Rehearsal(msgspec.Struct, frozen=True):
    """What was rehearsed, to be rehearsed again."""

    id: str
    statement_id: str
    lane: str
    destination: str
    kind: str
    rendered: bytes | None
    detail: str


def rehearsals(raw: sqlite3.Connection, no: int, limit: int) -> list[Rehearsal]:
    return [Rehearsal(*row) for row in raw.execute(_REHEARSALS, (no, limit))]


def lately(raw: sqlite3.Connection, tenant: str) -> list[Seen]:
    """Of a tenant, among the newest of all."""
    return [_plain(row) for row in raw.execute(_LATELY, (LOOKED_AT_MAX, f"{tenant}/", f"{tenant}0"))]


def seen(raw: sqlite3.Connection, no: int) -> list[Seen]:
    """The newest deliveries of a pilot, newest first."""
    found = raw.execute(_SEEN, (no, LOOKED_AT_MAX)).fetchall()
    if not found:
        return []
    tenant = found[0][6].partition("/")[0]
    elsewhere = _told_elsewhere(raw, no, min(row[len(_FIELDS)] for row in found))
    closed = set(raw.execute(_CLOSED, (f"{tenant}/", f"{tenant}0")))
    linked = {row[0] for row in raw.execute(_LINKED, (tenant,))}
    return [_compared(row, elsewhere, closed, linked) for row in found]


def _compared(
    row: Sequence[Any],
    elsewhere: dict[int, tuple[str, str | None]],
    closed: set[tuple[str, str]],
    linked: set[str],
) -> Seen:
    one = _plain(row)
    seq, receipt, rendered, address = row[len(_FIELDS) :]
    if one.state == "shadowed":
        also, differs = elsewhere.get(seq, ("", None))
        return msgspec.structs.replace(one, astray=differs, also=also, closed=(one.lane, one.destination) in closed)
    if one.state != "delivered":
        return one
    told = rows.unpack_receipt(receipt) or {}
    if one.destination.startswith(TO_LEARNER) and not linked.isdisjoint(told.values()):
        address = ""  # an operator said what the vendor calls them
    alone = not one.in_digest and one.kind != "digest"
    return msgspec.structs.replace(one, astray=astray(rendered, one.destination, told, address or "", alone=alone))


def _told_elsewhere(raw: sqlite3.Connection, no: int, since_seq: int) -> dict[int, tuple[str, str | None]]:
    """Rehearsals whose change another route tells as well: which route; and, where it says it on the same platform by
    the same template, whether in the same words."""
    found: dict[int, tuple[str, str | None]] = {}
    for seq, rendered, route, same, receipt in raw.execute(_ELSEWHERE, (no, since_seq)):
        differs = found.get(seq, ("", None))[1]
        shown = (rows.unpack_receipt(receipt) or {}).get(SAID, "") if same else ""
        meant = print_of(unpacked(rendered)) if shown else ""
        if meant and not differs:
            differs = "" if meant == shown else OTHERWISE.format(route)
        found[seq] = (route, differs)
    return found


def _plain(row: Sequence[Any]) -> Seen:
    fields = dict(zip(_FIELDS, row, strict=False))
    return Seen(**{**fields, "in_digest": bool(fields["in_digest"]), "history": rows.unpack_history(fields["history"])})
