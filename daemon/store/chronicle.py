"""The time line of the daemon and what is around it, and the alarms that stand.

Both are small and bounded: the line keeps its newest rows, alarms are as many as there is trouble. What is told of an
alarm, that it was told, and its line on the time line are one transaction.
"""

import sqlite3
from collections.abc import Mapping, Sequence

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
        self, *, since_us: int = 0, until_us: int | None = None, after: int = 0, tenant: str = "", limit: int = 1_000
    ) -> list[Happening]:
        """Oldest first: the newest ``limit`` of the time asked for, or with ``after`` the first of those behind it.
        Those of a tenant come with the daemon's own."""
        return await self._read(lambda raw: _happenings(raw, since_us, until_us, after, tenant, limit))

    async def last(self, kind: str) -> Happening | None:
        """The newest of this kind."""
        sql = f"{_SELECT} WHERE kind = ? ORDER BY no DESC LIMIT 1"
        row = await self._read(lambda raw: raw.execute(sql, (kind,)).fetchone())
        return None if row is None else _happening(row)

    async def standings(self) -> tuple[dict[str, Standing], int]:
        """Alarms by key, and the highest number that one was told under."""
        return await self._read(_standings)

    async def settle(
        self,
        standings: Mapping[str, Standing] | None,
        last_no: int,
        dispatches: Sequence[Dispatch],
        happenings: Sequence[Happening],
        now_us: int,
    ) -> int:
        """These alarms stand and no others (None: as before), and this is told of them. How many deliveries are new."""
        return await self._write(lambda raw: _settle(raw, standings, last_no, dispatches, happenings, now_us))

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
    raw: sqlite3.Connection, since_us: int, until_us: int | None, after: int, tenant: str, limit: int
) -> list[Happening]:
    end_us = until_us if until_us is not None else 1 << 62
    asked = (since_us, end_us, after, tenant, tenant, limit)
    among = "WHERE at_us >= ? AND at_us < ? AND no > ? AND (? = '' OR tenant IN ('', ?))"
    if after:
        return [_happening(row) for row in raw.execute(f"{_SELECT} {among} ORDER BY no LIMIT ?", asked)]
    newest = raw.execute(f"{_SELECT} {among} ORDER BY at_us DESC, no DESC LIMIT ?", asked).fetchall()
    return [_happening(row) for row in reversed(newest)]


def _standings(raw: sqlite3.Connection) -> tuple[dict[str, Standing], int]:
    last_no = raw.execute("SELECT last_no FROM alarms_told").fetchone()[0]
    found = raw.execute("SELECT key, body FROM alarms").fetchall()
    return {key: msgspec.msgpack.decode(body, type=Standing) for key, body in found}, last_no


def _settle(
    raw: sqlite3.Connection,
    standings: Mapping[str, Standing] | None,
    last_no: int,
    dispatches: Sequence[Dispatch],
    happenings: Sequence[Happening],
    now_us: int,
) -> int:
    if standings is not None:
        bodies = [(key, msgspec.msgpack.encode(each)) for key, each in standings.items()]
        raw.execute("DELETE FROM alarms")
        raw.executemany("INSERT INTO alarms VALUES (?, ?)", bodies)
    raw.execute("UPDATE alarms_told SET last_no = max(last_no, ?)", (last_no,))
    made = 0
    for each in dispatches:
        tenant, card = each.lane.partition("/")[0], each.card
        entity = rows.key(tenant, card.entity, each.lane, each.destination)
        made += posting.post(
            raw, each.lane, ROUTE, each.destination, each.audience, card, entity, f"alarm-{card.no}", 1, now_us
        )
    if happenings:
        _note(raw, happenings)
    return made
