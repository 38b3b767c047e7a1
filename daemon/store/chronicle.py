"""The time line of the daemon and what is around it, and the alarms that stand.

Both are small and bounded: the line keeps its newest rows, alarms are as many as there is trouble. What is told of an
alarm, that it was told, and its line on the time line are one transaction.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence

import msgspec

from actors.domain.alarms import AlarmCard, Standing
from config.model import Audience
from daemon.store import posting, rows
from daemon.store.engine import Engine
from daemon.store.writer import Writer

ROUTE = "alert"
KEPT_MAX = 100_000
"""Rows of the time line; the oldest leave."""
WORDS_CHARS_MAX = 1_000
_TRIM = "DELETE FROM happenings WHERE no <= (SELECT max(no) FROM happenings) - ?"


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the time line; ``no`` 0: not stored yet. ``tenant`` empty: the daemon itself."""

    at_us: int
    kind: str
    words: str
    tenant: str = ""
    subject: str = ""
    no: int = 0


class Dispatch(msgspec.Struct, frozen=True, kw_only=True):
    """A card for one place of one lane."""

    lane: str
    destination: str
    audience: Audience
    card: AlarmCard


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What is so from now on. ``standings``: these alarms and no others stand; None: as before. ``last_no``: the
    highest number that anything was told under."""

    standings: Mapping[str, Standing] | None = None
    last_no: int = 0
    dispatches: Sequence[Dispatch] = ()
    happenings: Sequence[Happening] = ()


Decide = Callable[[Mapping[str, Standing], int], Settlement]
"""From the alarms that stand and the highest number so far. Pure: it is called within the store's transaction."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What is parked for a person, by tenant: (roster rule, plan's hash, why)."""

    parked: Mapping[str, Sequence[tuple[str, str, str]]]


class SqlChronicle:
    """All raise StoreUnavailable."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def note(self, happenings: Sequence[Happening]) -> None:
        await self._write(lambda raw: _note(raw, happenings))

    async def happenings(
        self, *, since_us: int = 0, after: int = 0, tenant: str = "", of: Sequence[str] = (), limit: int = 1_000
    ) -> list[Happening]:
        """Oldest first: the newest ``limit`` of the time asked for, or with ``after`` the first of those behind it.
        Those of a tenant come with the daemon's own; ``of``: only these kinds."""
        return await self._read(lambda raw: _happenings(raw, since_us, after, tenant, of, limit))

    async def last(self, kind: str) -> Happening | None:
        """The newest of this kind."""
        sql = f"{_SELECT} WHERE kind = ? ORDER BY no DESC LIMIT 1"
        row = await self._read(lambda raw: raw.execute(sql, (kind,)).fetchone())
        return None if row is None else _happening(row)

    async def standings(self) -> tuple[dict[str, Standing], int]:
        """Alarms by key, and the highest number that one was told under."""
        return await self._read(_standings)

    async def settle(self, decide: Decide, now_us: int) -> tuple[Settlement, int]:
        """What was decided of what stands in the store at that moment, so that no number is given away twice; and how
        many deliveries are new."""
        return await self._write(lambda raw: _settle(raw, decide, now_us))

    async def parked(self) -> Looked:
        """Roster plans that the brake holds back."""
        sql = "SELECT tenant, scope, hash, why FROM roster_plans WHERE state = 'parked' ORDER BY tenant, no LIMIT 1000"
        found: dict[str, list[tuple[str, str, str]]] = {}
        for tenant, scope, hash_, why in await self._read(lambda raw: raw.execute(sql).fetchall()):
            found.setdefault(tenant, []).append((scope, hash_, why))
        return Looked(parked=found)


_SELECT = "SELECT no, at_us, kind, tenant, subject, words FROM happenings"


def _happening(row: Sequence[object]) -> Happening:
    return msgspec.convert(
        dict(zip(("no", "at_us", "kind", "tenant", "subject", "words"), row, strict=True)), Happening
    )


def _note(raw: sqlite3.Connection, happenings: Sequence[Happening]) -> None:
    raw.executemany(
        "INSERT INTO happenings (at_us, kind, tenant, subject, words) VALUES (?, ?, ?, ?, ?)",
        [(each.at_us, each.kind, each.tenant, each.subject, each.words[:WORDS_CHARS_MAX]) for each in happenings],
    )
    raw.execute(_TRIM, (KEPT_MAX,))


def _happenings(
    raw: sqlite3.Connection, since_us: int, after: int, tenant: str, of: Sequence[str], limit: int
) -> list[Happening]:
    """Of some kinds only: all rows are looked through in their order, of which there are few enough."""
    asked = (since_us, after, tenant, tenant, *of, limit)
    kinds = f" AND kind IN ({','.join('?' * len(of))})" if of else ""
    among = f"{'NOT INDEXED ' if of else ''}WHERE at_us >= ? AND no > ? AND (? = '' OR tenant IN ('', ?)){kinds}"
    if after:
        return [_happening(row) for row in raw.execute(f"{_SELECT} {among} ORDER BY no LIMIT ?", asked)]
    newest = raw.execute(f"{_SELECT} {among} ORDER BY at_us DESC, no DESC LIMIT ?", asked).fetchall()
    return [_happening(row) for row in reversed(newest)]


def _standings(raw: sqlite3.Connection) -> tuple[dict[str, Standing], int]:
    last_no = raw.execute("SELECT last_no FROM alarms_told").fetchone()[0]
    found = raw.execute("SELECT key, body FROM alarms").fetchall()
    return {key: msgspec.msgpack.decode(body, type=Standing) for key, body in found}, last_no


def _settle(raw: sqlite3.Connection, decide: Decide, now_us: int) -> tuple[Settlement, int]:
    settled = decide(*_standings(raw))
    if settled.standings is not None:
        bodies = [(key, msgspec.msgpack.encode(each)) for key, each in settled.standings.items()]
        raw.execute("DELETE FROM alarms")
        raw.executemany("INSERT INTO alarms VALUES (?, ?)", bodies)
    raw.execute("UPDATE alarms_told SET last_no = max(last_no, ?)", (settled.last_no,))
    made = 0
    for each in settled.dispatches:
        tenant, card = each.lane.partition("/")[0], each.card
        entity = rows.key(tenant, card.entity, each.lane, each.destination)
        made += posting.post(
            raw, each.lane, ROUTE, each.destination, each.audience, card, entity, f"alarm-{card.no}", 1, now_us
        )
    if settled.happenings:
        _note(raw, settled.happenings)
    return settled, made
