"""What an id belongs to, whatever kind of id it is: for whoever has read it somewhere and asks ``why``.

Each kind is looked for by an index of its own, so that a million deliveries take no longer than a few; what has none
(a vendor's id of one request) is looked for among the newest only. An id of one kind may read like one of another: all
that is found is told.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

from actors.ports import LoggedStatement
from daemon.store import asking, rows
from daemon.store.asking import Arrival, Kept
from daemon.store.engine import Engine
from daemon.store.statements import forgotten_key

Kind = Literal[
    "effect", "statement", "replay plan", "roster plan", "person", "standing", "address", "account", "record", "place",
    "channel", "event", "audit row", "audit correlation", "session", "erasure", "pilot",
]  # fmt: skip
REQUESTS_LOOKED = 10_000
"""So many of the newest deliveries are looked through for a vendor's id of a request."""
FEW = 20

_BROUGHT = f"SELECT {asking.KEPT} FROM deliveries INDEXED BY {{index}} WHERE {{what}} = ? AND statement_seq = 0 "  # noqa: S608
ORDERS = _BROUGHT.format(index="deliveries_brought", what="correlation_id") + "ORDER BY seq LIMIT ?"
ORDERS_COUNTED = (
    "SELECT count(*) FROM deliveries INDEXED BY deliveries_brought WHERE correlation_id = ? AND statement_seq = 0"
)
TRACED_ORDERS = (
    _BROUGHT.format(index="deliveries_trace", what="substr(traceparent, 4, 32)")
    + "AND traceparent <> '' ORDER BY seq LIMIT ?"
)
TRACED = asking.ARRIVALS.replace("correlation_id = ?", "substr(traceparent, 4, 32) = ?")
_RECEIPT = "json_extract(CAST(receipt AS TEXT), '$.{}')"
_POST = ", ".join(_RECEIPT.format(name) for name in ("ts", "message_id", "chain_id", "run"))
POSTS = (
    f"SELECT {asking.KEPT} FROM deliveries INDEXED BY deliveries_receipt WHERE receipt IS NOT NULL "  # noqa: S608
    f"AND coalesce({_POST}) = ? LIMIT ?"
)
REQUESTS = (
    f"SELECT {asking.KEPT} FROM deliveries NOT INDEXED "  # noqa: S608  # our own words
    f"WHERE seq > (SELECT coalesce(max(seq), 0) FROM deliveries) - {REQUESTS_LOOKED} "
    "AND (instr(history, ?1) OR instr(CAST(receipt AS TEXT), ?1)) ORDER BY seq DESC LIMIT ?2"
)
OF_RECORD = asking.FROM_STATEMENTS + (
    "WHERE s.record = ? AND s.seq >= ? ORDER BY s.seq DESC LIMIT ?"  # whatever is older told another record there
)

LOOKS: dict[Kind, str] = {
    "effect": "SELECT '', '', day * 86400000000, '' FROM effects WHERE key = ?",
    "statement": "SELECT '', '', day * 86400000000, '' FROM forgotten WHERE key = ?",
    "replay plan": "SELECT '', hash, made_us, made_by FROM plans WHERE hash >= ? AND hash < ? LIMIT 20",
    "roster plan": (
        "SELECT tenant, hash, made_us, state FROM roster_plans WHERE tenant = ? AND hash >= ? AND hash < ? LIMIT 20"
    ),
    "person": (
        "SELECT DISTINCT tenant, person, 0, '' FROM personas INDEXED BY personas_name WHERE tenant = ? AND name <> '' "
        "AND name COLLATE NOCASE >= ? AND name COLLATE NOCASE < ? LIMIT 20"
    ),
    "standing": (
        "SELECT p.tenant, p.rule || '|' || p.unit, s.since_us, s.standing FROM roster_standings s "
        "JOIN roster_places p ON p.no = s.place WHERE s.person = ? AND s.person <> 0 LIMIT 20"
    ),
    "account": (
        "SELECT p.tenant, p.rule || '|' || p.unit, s.since_us, s.standing FROM roster_standings s "
        "JOIN roster_places p ON p.no = s.place WHERE s.account = ? AND s.account <> '' LIMIT 20"
    ),
    "address": "SELECT lane, email, found_us, '' FROM addresses WHERE lane = ? AND person = ? LIMIT 20",
    "record": (
        "SELECT s.tenant || '/' || s.name, r.entity || '/' || r.id, r.changed_us, r.state, r.no, r.first_us "
        "FROM records r JOIN sources s ON s.no = r.source WHERE r.source = ? AND r.entity = ? AND r.id = ?"
    ),
    "place": (
        "SELECT tenant, rule || '|' || unit, read_us, iif(closed <> '', closed, kind) FROM roster_places "
        "WHERE lane = ? AND place = ? AND place <> '' LIMIT 20"
    ),
    "channel": "SELECT lane, place, since_us, closed FROM places WHERE lane = ? AND place = ?",
    "event": "SELECT tenant, no, at_us, kind || ' ' || subject || ': ' || words FROM happenings WHERE no = ?",
    "audit row": "SELECT tenant, no, at_us, '' FROM audit WHERE tenant = ? AND no = ?",
    "audit correlation": (
        "SELECT a.tenant, a.no, a.at_us, '' FROM audit_told t JOIN audit a ON a.seq = t.seq "
        "WHERE t.correlation_id = ? AND t.correlation_id <> '' LIMIT 20"
    ),
    "session": "SELECT tenant, lower(hex(id)), began_us, '' FROM sessions WHERE id BETWEEN ? AND ? LIMIT 20",
    "erasure": "SELECT tenant, no, begun_us, '' FROM erasures WHERE tenant = ? AND no = ?",
    "pilot": "SELECT tenant, name, changed_us, state FROM pilots WHERE tenant = ? AND name = ?",
}  # fmt: skip
"""How each kind is looked for: (whose, its name, when, in words), and more where that is known."""
AUDIT_SEQ = "SELECT tenant, no, at_us, '' FROM audit WHERE seq = ?"
SOURCES = "SELECT no FROM sources WHERE tenant = ? AND (? = '' OR name = ?)"
HOMES = "SELECT home_page FROM sources WHERE tenant = ? AND name = ? AND home_page <> ''"


class Sighting(NamedTuple):
    """Something that goes by the id. ``whose``: a tenant, a lane or a source; ``at_us`` 0: not known. ``no`` and
    ``first_us``: the place of a record, and since when it is that record's."""

    kind: Kind
    whose: str
    name: str
    at_us: int
    words: str
    no: int = 0
    first_us: int = 0


class SqlNaming:
    """On the reading connection of operators. All raise ``sqlite3.Error``."""

    def __init__(self, reader: Engine) -> None:
        self._read = reader.run

    async def brought(self, correlation_id: str, limit: int) -> tuple[list[Kept], int]:
        """What no statement brought, orders and cards, of this correlation id; and how many there are."""
        found, n = await self._read(
            lambda raw: (
                raw.execute(ORDERS, (correlation_id, limit)).fetchall(),
                raw.execute(ORDERS_COUNTED, (correlation_id,)).fetchone()[0],
            )
        )
        return [asking.kept(row) for row in found], n

    async def traced(self, trace_id: str, limit: int) -> tuple[list[Arrival], list[Kept]]:
        """Requests of this trace, newest first, and what no statement brought of it."""
        requests, orders = await self._read(
            lambda raw: (
                raw.execute(TRACED, (trace_id, limit)).fetchall(),
                raw.execute(TRACED_ORDERS, (trace_id, limit)).fetchall(),
            )
        )
        names = Arrival.__struct_fields__
        return [Arrival(**dict(zip(names, row, strict=True))) for row in requests], [asking.kept(row) for row in orders]

    async def posted(self, post: str, limit: int) -> list[Kept]:
        """Deliveries whose post the vendor calls so: Slack's ``ts``, the id of a message, of a chain, of a run."""
        found = await self._read(lambda raw: raw.execute(POSTS, (post, limit)).fetchall())
        return [asking.kept(row) for row in found]

    async def requested(self, request_id: str, limit: int) -> list[Kept]:
        """Deliveries of which an attempt has this id of a request, theirs or ours, among the newest."""
        found = await self._read(lambda raw: raw.execute(REQUESTS, (f'"{request_id}"', limit)).fetchall())
        return [asking.kept(row) for row in found]

    async def of_record(self, seen: Sighting, limit: int) -> list[tuple[str, LoggedStatement]]:
        """(tenant, statement) of what a record told, newest first."""
        found = await self._read(lambda raw: raw.execute(OF_RECORD, (seen.no, seen.first_us, limit)).fetchall())
        return [(row[0], rows.statement(row[1:])) for row in found]

    async def home_page(self, tenant: str, source: str) -> str:
        """Of a source's users; empty: not known."""
        row = await self._read(lambda raw: raw.execute(HOMES, (tenant, source)).fetchone())
        return str(row[0]) if row else ""

    async def look(self, kind: Kind, *values: object) -> list[Sighting]:
        return await self._read(lambda raw: _seen(kind, raw.execute(LOOKS[kind], values)))

    async def audited(self, seq: int) -> list[Sighting]:
        """The row of the audit with this number among all."""
        return await self._read(lambda raw: _seen("audit row", raw.execute(AUDIT_SEQ, (seq,))))

    async def records(self, tenant: str, source: str, entities: Iterable[str], id_: str) -> list[Sighting]:
        """Records of this id; ``source`` empty: of any."""
        return await self._read(lambda raw: _records(raw, tenant, source, tuple(entities), id_))

    async def gone(self, tenants: Sequence[str], digits: str) -> list[Sighting]:
        """What was known by these 32 digits and has left by retention."""
        return await self._read(lambda raw: _gone(raw, tenants, bytes.fromhex(digits)))


def beyond(prefix: str) -> str:
    """What follows on all that begins so."""
    return f"{prefix}\U0010ffff"


def _seen(kind: Kind, found: Iterable[Sequence[Any]]) -> list[Sighting]:
    return [
        Sighting(kind, str(whose), str(name), at_us or 0, words, *more) for whose, name, at_us, words, *more in found
    ]


def _records(raw: sqlite3.Connection, tenant: str, source: str, entities: Sequence[str], id_: str) -> list[Sighting]:
    found: list[Sighting] = []
    for (no,) in raw.execute(SOURCES, (tenant, source, source)).fetchall():
        for entity in entities:
            found += _seen("record", raw.execute(LOOKS["record"], (no, entity, id_)))
    return found


def _gone(raw: sqlite3.Connection, tenants: Sequence[str], key: bytes) -> list[Sighting]:
    found = _seen("effect", raw.execute(LOOKS["effect"], (key,)))
    for tenant in tenants:
        left = raw.execute(LOOKS["statement"], (forgotten_key(tenant, key),))
        found += [one._replace(whose=tenant, name=str(UUID(bytes=key))) for one in _seen("statement", left)]
    return found
