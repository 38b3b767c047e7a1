"""Where systems disagree, in SQL: the port's implementation. How it is asked is ``raising``, what people decide
``deciding``, what sources say differently ``disagreeing``.
"""

import sqlite3
from collections.abc import Callable, Collection, Sequence
from functools import partial

from actors.domain.conflicts.model import Case, Conflict, ConflictState, Ruling
from actors.ports.conflicts import Decided, Decider, Looked, Raised
from config.identity import Identity
from config.rosters import ConflictRule
from daemon.store import deciding, disagreeing, raising
from daemon.store.deciding import CASE, case
from daemon.store.engine import Engine
from daemon.store.writer import Writer

RAISED_MAX = 500
"""In one transaction."""
LOOKED_MAX = 25
"""People compared in one transaction: measured, 55 ms."""


class SqlConflicts:
    """Implements ``ports.conflicts.Conflicts``. ``rules``: what may link by itself, by tenant."""

    def __init__(self, writer: Writer, reader: Engine, rules: Callable[[str], Identity]) -> None:
        self._write = writer.submit
        self._read = reader.run
        self._rules = rules

    async def raise_(self, tenant: str, found: Sequence[Conflict], now_us: int) -> Raised:
        raised = Raised()
        for start in range(0, len(found), RAISED_MAX):
            some = found[start : start + RAISED_MAX]
            raised = _sum(raised, await self._write(partial(raising.raise_, tenant=tenant, found=some, now_us=now_us)))
        return raised

    async def clear(self, tenant: str, scope: str, now_us: int, *, but: Collection[str] = ()) -> int:
        open_ = await self._read(lambda raw: raising.standing(raw, tenant, scope))
        if not open_.keys() - set(but):
            return 0
        return await self._write(lambda raw: raising.clear(raw, tenant, scope, now_us, but=but))

    async def retain(self, tenant: str, rules: Collection[str], now_us: int) -> int:
        if not await self._read(lambda raw: raising.of_others(raw, tenant, rules)):
            return 0
        return await self._write(lambda raw: raising.retain(raw, tenant, rules, now_us))

    async def rulings(self, tenant: str, scopes: Sequence[str]) -> dict[str, tuple[Ruling, ...]]:
        return await self._read(lambda raw: raising.rulings(raw, tenant, scopes))

    async def compare(self, tenant: str, sources: Sequence[str], rules: Sequence[ConflictRule]) -> bool:
        return await self._write(lambda raw: disagreeing.compare(raw, tenant, sources, rules))

    async def look(self, tenant: str, rules: Sequence[ConflictRule], now_us: int) -> Looked:
        if not await self._read(lambda raw: disagreeing.is_due(raw, tenant)):
            return Looked()
        return await self._write(lambda raw: disagreeing.look(raw, tenant, rules, now_us, LOOKED_MAX))

    async def clashes(self, tenant: str, now_us: int) -> Looked:
        if not await self._read(lambda raw: disagreeing.asks(raw, tenant)):
            return Looked()
        return await self._write(lambda raw: disagreeing.clashes(raw, tenant, now_us))

    async def one(self, tenant: str, no: int) -> Case | None:
        return await self._read(lambda raw: case(raw, tenant, no))

    async def cases(
        self, tenant: str, states: Collection[ConflictState], *, after_no: int = 0, limit: int = 100
    ) -> list[Case]:
        return await self._read(lambda raw: _cases(raw, tenant, states, after_no, limit))

    async def counts(self, tenant: str) -> dict[str, int]:
        """How many there are in each state."""
        sql = "SELECT state, count(*) FROM conflicts WHERE tenant = ? GROUP BY state"
        return dict(await self._read(lambda raw: raw.execute(sql, (tenant,)).fetchall()))

    async def waiting(self) -> dict[str, tuple[int, int]]:
        """How many questions wait for a person, and since when the oldest does, by tenant; of those that have any."""
        sql = "SELECT tenant, count(*), min(raised_us) FROM conflicts WHERE state = 'open' GROUP BY tenant"
        found = await self._read(lambda raw: raw.execute(sql).fetchall())
        return {tenant: (n, oldest_us) for tenant, n, oldest_us in found}

    async def like(self, tenant: str, no: int, limit: int) -> list[int]:
        """Those that are open, of the same kind and in the same scope, this one first."""
        sql = (
            "SELECT o.no FROM conflicts c JOIN conflicts o ON o.tenant = c.tenant AND o.scope = c.scope "
            "AND o.state = 'open' AND o.kind = c.kind WHERE c.tenant = ? AND c.no = ? ORDER BY o.no <> c.no, o.no "
            "LIMIT ?"
        )
        return [row[0] for row in await self._read(lambda raw: raw.execute(sql, (tenant, no, limit)).fetchall())]

    async def approve(self, tenant: str, no: int, choice: int, by: Decider, now_us: int, *, mark: str = "") -> Decided:
        rules = self._rules(tenant)
        return await self._write(lambda raw: deciding.approve(raw, tenant, no, choice, by, now_us, rules, mark=mark))

    async def reject(self, tenant: str, no: int, why: str, by: Decider, now_us: int, *, mark: str = "") -> Decided:
        return await self._write(lambda raw: deciding.reject(raw, tenant, no, why, by, now_us, mark=mark))

    async def undo(self, tenant: str, no: int, by: Decider, now_us: int, *, mark: str = "") -> Decided:
        rules = self._rules(tenant)
        return await self._write(lambda raw: deciding.undo(raw, tenant, no, by, now_us, rules, mark=mark))


def _cases(
    raw: sqlite3.Connection, tenant: str, states: Collection[ConflictState], after_no: int, limit: int
) -> list[Case]:
    found: list[Case] = []
    for state in states:
        sql = f"SELECT {CASE} FROM conflicts WHERE tenant = ? AND state = ? AND no > ? ORDER BY no LIMIT ?"  # noqa: S608
        found += [deciding.case_of(row) for row in raw.execute(sql, (tenant, state, after_no, limit))]
    return sorted(found, key=lambda each: each.no)[:limit]


def _sum(one: Raised, other: Raised) -> Raised:
    return Raised(
        fresh=(*one.fresh, *other.fresh),
        known=one.known + other.known,
        answered=one.answered + other.answered,
        settled=one.settled + other.settled,
    )
