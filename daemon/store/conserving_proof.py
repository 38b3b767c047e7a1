"""Whether all that was accepted is accounted for: the chain as it was written, and every row behind it counted anew.

Works on a database that nobody uses, or on one snapshot of one in use; it only reads. What does not fit is told with
the row that it is about: the request that brought more than there is, the statement that was passed over, the delivery
that is missing or that nobody planned.
"""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import msgspec

from actors.domain.conserving import DAY_US, digest
from config.numbers import agreeing, number_of
from daemon.store.aside import reading
from daemon.store.audit_proof import hurry
from daemon.store.conserving import LINK, counted, departed, link_of

MISFITS_MAX = 100
EVERY_ROWS = 1_000
MissWord = Literal["chain", "unreadable", "accepted", "request", "statement", "delivery", "effect", "count"]
"""*chain*: a row of it was changed, is gone, or follows another than it names. *accepted*: a day accepted another
number than its row says. *request*, *statement*, *delivery*, *effect*, *count*: a row that contradicts others."""


_REQUESTS = (
    "SELECT a.no, a.tenant, a.source, a.correlation_id, a.fresh, a.departed, (SELECT count(*) FROM statements s "
    "WHERE s.seq >= a.first_seq AND s.seq < a.first_seq + a.fresh AND s.arrival = a.no) AS present "
    "FROM arrivals a WHERE a.fresh > 0"
)
_STATEMENTS = (
    "SELECT s.seq, s.id, s.tenant, s.arrival, a.no, o.seq, coalesce(o.deliveries, 0), coalesce(c.seq, 0), "
    "iif(coalesce(o.deliveries, 0) > 0, (SELECT count(*) FROM deliveries d WHERE d.statement_seq = s.seq), 0) "
    "FROM statements s LEFT JOIN arrivals a ON a.no = s.arrival LEFT JOIN outcomes o ON o.seq = s.seq "
    "LEFT JOIN cursors c ON c.tenant = s.tenant ORDER BY s.seq DESC"
)
_STRAYS = (
    "SELECT d.seq, d.id, d.lane FROM deliveries d WHERE NOT EXISTS (SELECT 1 FROM effects e WHERE e.key = d.id) "
    "ORDER BY d.seq"
)
_COUNTS = (
    "SELECT lane, state, sum(n), sum(told) FROM (SELECT lane, state, count(*) AS n, 0 AS told FROM deliveries "
    "GROUP BY lane, state UNION ALL SELECT lane, state, 0, n FROM depths) GROUP BY lane, state "
    "HAVING sum(n) <> sum(told)"
)


class Misfit(msgspec.Struct, frozen=True, kw_only=True):
    """What does not fit: ``row`` is the number of the row in its table (of the chain with *chain* and *accepted*)."""

    what: MissWord
    row: int
    tenant: str = ""
    detail: str


class Proof(msgspec.Struct, kw_only=True):
    """``links`` of the chain, ``days`` counted anew, ``requests``, ``statements`` and ``deliveries`` that were
    looked at; ``head``: the hash of the newest link."""

    links: int = 0
    days: int = 0
    requests: int = 0
    statements: int = 0
    deliveries: int = 0
    head: bytes = b""
    misfits: list[Misfit] = []
    untold: int = 0

    @property
    def whole(self) -> bool:
        return not self.misfits

    def miss(self, what: MissWord, row: int, detail: str, tenant: str = "") -> None:
        if len(self.misfits) < MISFITS_MAX:
            self.misfits.append(Misfit(what=what, row=row, tenant=tenant, detail=detail))
        else:
            self.untold += 1


def prove(raw: sqlite3.Connection, rest: Callable[[], None] = hurry) -> Proof:
    """On one snapshot. ``rest`` is called now and then. Raises sqlite3.Error where the database cannot be read."""
    proof = Proof(misfits=[])
    raw.execute("BEGIN")
    try:
        newest = _chain(raw, proof, rest)
        for (tenant, day), told in sorted(newest.items()):
            _day(raw, proof, tenant, day, told)
            rest()
        _requests(raw, proof, rest)
        _statements(raw, proof, rest)
        _deliveries(raw, proof)
    finally:
        raw.execute("ROLLBACK")
    return proof


def prove_file(path: Path, rest: Callable[[], None] = hurry) -> Proof:
    """Of a database file, in use or not; it is only read. Blocks: call it in a thread where that matters.
    Raises StoreRefused."""
    with reading(path, "conserved_at", "a chain of balances") as raw:
        return prove(raw, rest)


def _chain(
    raw: sqlite3.Connection, proof: Proof, rest: Callable[[], None]
) -> dict[tuple[str, int], dict[str, tuple[int, int]]]:
    """Follow it. The newest row of each day and source: by (tenant, day) and source, (number, accepted)."""
    newest: dict[tuple[str, int], dict[str, tuple[int, int]]] = {}
    prev, last = b"", 0
    for row in raw.execute(f"SELECT {LINK} FROM conserved ORDER BY no"):  # noqa: S608  # constants
        proof.links += 1
        rest()
        try:
            link, hash_ = link_of(row)
        except (msgspec.DecodeError, TypeError, ValueError) as error:
            proof.miss("unreadable", row[0], f"it cannot be read: {error}")
            prev, last = row[-1], row[0]
            continue
        told = link.balance
        if link.no != last + 1:
            proof.miss("chain", link.no, f"rows {last + 1} to {link.no - 1} are gone", told.tenant)
        elif link.prev != prev:
            proof.miss("chain", link.no, "it was written behind another row than stands before it", told.tenant)
        if digest(link) != hash_:
            proof.miss("chain", link.no, "its hash is another than it has: it was changed", told.tenant)
        elif not told.fits:
            proof.miss("chain", link.no, _in_words(told.counts.get("lost", 0)), told.tenant)
        newest.setdefault((told.tenant, told.day), {})[told.source] = (link.no, told.accepted)
        prev, last = hash_, link.no
    proof.head = prev
    return newest


def _in_words(lost: int) -> str:
    if not lost:
        return "it does not add up"
    return f"{number_of(lost, 'statements')} of that day {agreeing(lost, 'was', 'were')} lost when it was written"


def _day(raw: sqlite3.Connection, proof: Proof, tenant: str, day: int, told: dict[str, tuple[int, int]]) -> None:
    """What a day accepted does not change any more."""
    proof.days += 1
    found = {source: part.accepted for source, part in counted(raw, tenant, day * DAY_US, (day + 1) * DAY_US).items()}
    for source, n in departed(raw, tenant, day).items():
        found[source] = found.get(source, 0) + n
    for source, (no, accepted) in told.items():
        now = found.get(source, 0)
        if now != accepted:
            detail = (
                f"source {source} accepted {number_of(accepted, 'statements')} that day, and requests account for {now}"
            )
            proof.miss("accepted", no, detail, tenant)


def _requests(raw: sqlite3.Connection, proof: Proof, rest: Callable[[], None]) -> None:
    for no, tenant, source, correlation_id, fresh, gone, present in _calmly(raw.execute(_REQUESTS), rest):
        proof.requests += 1
        if fresh != gone + present:
            brought = f"{tenant}/{source} brought {number_of(fresh, 'statements')} (correlation id {correlation_id})"
            proof.miss("request", no, f"{brought}: {present} are there, {gone} have left", tenant)


def _statements(raw: sqlite3.Connection, proof: Proof, rest: Callable[[], None]) -> None:
    """The newest first: what retention took is old."""
    retired = dict(raw.execute("SELECT tenant, sum(n) FROM retired WHERE what = 'deliveries' GROUP BY tenant"))
    short: dict[str, list[tuple[int, str, int]]] = {}
    for seq, key, tenant, arrival, request, outcome, planned, cursor, there in _calmly(raw.execute(_STATEMENTS), rest):
        proof.statements += 1
        name = str(UUID(bytes=key))
        if request is None:
            proof.miss("statement", seq, f"statement {name} names request {arrival}, which is not there", tenant)
        if outcome is None and seq <= cursor:
            proof.miss("statement", seq, f"statement {name} was passed over: nothing says what became of it", tenant)
        if there < planned:
            short.setdefault(tenant, []).append((seq, name, planned - there))
    for tenant, missing in short.items():
        left = sum(n for _, _, n in missing) - retired.get(tenant, 0)
        for seq, name, n in missing:
            if left <= 0:
                break
            proof.miss(
                "delivery", seq, f"statement {name} has {number_of(n, 'deliveries')} less than were planned", tenant
            )
            left -= n


def _deliveries(raw: sqlite3.Connection, proof: Proof) -> None:
    proof.deliveries = raw.execute("SELECT count(*) FROM deliveries").fetchone()[0]
    for seq, key, lane in raw.execute(_STRAYS):
        tenant = lane.partition("/")[0]
        proof.miss("effect", seq, f"delivery {key.hex()} of {lane} is not in the ledger of effects", tenant)
    for lane, state, n, told in raw.execute(_COUNTS):
        tenant = lane.partition("/")[0]
        proof.miss(
            "count", 0, f"lane {lane} has {number_of(n, 'deliveries')} in state {state}, and {told} are counted", tenant
        )


def _calmly(found: sqlite3.Cursor, rest: Callable[[], None]) -> Iterator[Any]:
    for n, row in enumerate(found):
        if n % EVERY_ROWS == 0:
            rest()
        yield row
