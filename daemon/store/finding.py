"""Finds the statements that a query asks for, by the keys that ``indexing`` wrote.

Each condition has its cells of 64 statements in order, and the conditions are intersected by leaps: whoever is
behind goes to where the farthest is. What all have in common is read, newest or oldest first, and asked once more by
``matching``. A job on the reading connection takes no more than ``STEPS_MAX`` steps, so that others get their turn
between two; a page ends after ``JOBS_MAX`` of them, wherever it stands, and the next one goes on from there.
"""

import sqlite3
from collections.abc import Generator, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from actors.domain.xapi.keys import key, target
from actors.domain.xapi.matching import CHAIN_MAX, Told, matches
from actors.ports import LoggedStatement
from daemon.gateway.ports import StatementPage, StatementQuery
from daemon.store import rows
from daemon.store.engine import Engine
from daemon.store.horizon import Horizon
from daemon.store.indexing import CELL, authority_of, content, keys_of_authority

STEPS_MAX = 2_000
"""Rows of the index or the log looked at in one job: about 10 ms."""
STEP_BYTES = 8 * 1024
"""Of a statement that is looked at as one step."""
JOBS_MAX = 50
BYTES_MAX = 8 * 1024 * 1024
"""Of statements in one page, so that large ones do not fill the memory; one of them always fits."""
SEQ_MAX = 2**63 - 1
_NEAR = 8  # cells walked before a leap is cheaper

_ROW = f"SELECT {rows.STATEMENT} FROM statements s JOIN arrivals a ON a.no = s.arrival WHERE s."  # noqa: S608  # constants
_BY_SEQ = _ROW + "seq = ? AND s.tenant = ?"
_BY_ID = _ROW + "tenant = ? AND s.id = ?"
_CELLS = {
    True: "SELECT cell, bits FROM finder WHERE key = ? AND cell >= ? ORDER BY cell",
    False: "SELECT cell, bits FROM finder WHERE key = ? AND cell <= ? ORDER BY cell DESC",
}
_LOG = {
    True: "SELECT seq FROM statements INDEXED BY statements_tenant WHERE tenant = ? AND seq >= ? AND seq <= ? "
    "ORDER BY seq",
    False: "SELECT seq FROM statements INDEXED BY statements_tenant WHERE tenant = ? AND seq >= ? AND seq <= ? "
    "ORDER BY seq DESC",
}


class SqlFinding:
    """Implements the gateway's ``StatementReads`` on a reading connection of its own."""

    def __init__(self, reader: Engine, horizon: Horizon) -> None:
        self._read = reader.run
        self._horizon = horizon

    async def get(self, tenant: str, statement_id: str) -> LoggedStatement | None:
        name = UUID(statement_id).bytes
        row = await self._read(lambda raw: raw.execute(_BY_ID, (tenant, name)).fetchone())
        return rows.statement(row) if row else None

    async def page(self, tenant: str, query: StatementQuery) -> StatementPage:
        low, high = _window(query)
        found: list[LoggedStatement] = []
        size = 0
        for _ in range(JOBS_MAX):
            window = (low, high)
            room = query.limit + 1 - len(found)
            look = await self._read(lambda raw: look_for(raw, tenant, query, window, room))  # noqa: B023  # awaited here
            for row in look.rows:
                size += len(row.body)
                if found and (len(found) == query.limit or size > BYTES_MAX):
                    return StatementPage(rows=found, more_from=found[-1].seq)
                found.append(row)
            if look.next_seq is None:
                return StatementPage(rows=found)
            low, high = (look.next_seq, high) if query.ascending else (low, look.next_seq)
        return StatementPage(rows=found, more_from=low - 1 if query.ascending else high + 1)

    async def consistent_through_us(self, tenant: str) -> int:
        """No statement will ever be stored at or before the returned time that a read from now on does not show. One
        line for all tenants."""
        return await self._horizon.through_us()


def _window(query: StatementQuery) -> tuple[int, int]:
    """The first and the last ``seq`` that may be among those found."""
    low = max(-1 if query.since_us is None else query.since_us, -1 if query.after_seq is None else query.after_seq) + 1
    high = SEQ_MAX if query.until_us is None else query.until_us
    return low, high if query.before_seq is None else min(high, query.before_seq - 1)


class Look(NamedTuple):
    """``rows`` in order; ``next_seq`` is where to look on, None at the end."""

    rows: list[LoggedStatement]
    next_seq: int | None


def look_for(raw: sqlite3.Connection, tenant: str, query: StatementQuery, window: tuple[int, int], room: int) -> Look:
    """One job: at most ``room`` statements, or as far as ``STEPS_MAX`` go."""
    steps = _Steps()
    candidates = _candidates(raw, tenant, query, window, steps)
    found: list[LoggedStatement] = []
    size = 0
    try:
        for seq in candidates:
            if seq is None or steps.spent >= STEPS_MAX or len(found) == room or size > BYTES_MAX:
                return Look(found, steps.at if seq is None else seq)
            row = steps.row(raw, _BY_SEQ, (seq, tenant))
            if row is not None and _wanted(raw, tenant, query, logged := rows.statement(row), steps):
                found.append(logged)
                size += len(logged.body)
        return Look(found, None)
    finally:
        candidates.close()


class _Steps:
    """What a job has looked at, and where it stands."""

    def __init__(self) -> None:
        self.spent = 0
        self.at = 0

    def row(self, raw: sqlite3.Connection, sql: str, named: tuple[int | str | bytes, ...]) -> Sequence[Any] | None:
        """A statement's row. Large ones are several steps."""
        found: Sequence[Any] | None = raw.execute(sql, named).fetchone()
        self.spent += 1 if found is None else 1 + len(found[2]) // STEP_BYTES
        return found


# ── deciding ─────────────────────────────────────────────────────────────────────────────────────────


def _wanted(
    raw: sqlite3.Connection, tenant: str, query: StatementQuery, logged: LoggedStatement, steps: _Steps
) -> bool:
    if logged.voided or (query.authority is not None and logged.authority != query.authority):
        return False
    return query.wanted.anything or matches(_chain(raw, tenant, query, logged, steps), query.wanted)


def _chain(
    raw: sqlite3.Connection, tenant: str, query: StatementQuery, logged: LoggedStatement, steps: _Steps
) -> Iterator[Told]:
    """A statement and those that it refers to, one after the other. Whoever may read only their own learns nothing
    of what others' say."""
    seen: set[str] = set()
    while statement := content(logged.body):
        yield statement, authority_of(logged.authority)
        seen.add(logged.id)
        named = target(statement)
        if named is None or named in seen or len(seen) == CHAIN_MAX:
            return
        row = steps.row(raw, _BY_ID, (tenant, UUID(named).bytes))
        if row is None:
            return
        logged = rows.statement(row)
        if query.authority is not None and logged.authority != query.authority:
            return


# ── candidates ───────────────────────────────────────────────────────────────────────────────────────


def _candidates(
    raw: sqlite3.Connection, tenant: str, query: StatementQuery, window: tuple[int, int], steps: _Steps
) -> Generator[int | None, None, None]:
    """By ``seq``, in the order asked for; None when the steps are spent, which then stand where to go on."""
    low, high = window
    conditions = [_Condition(raw, some, query.ascending, steps) for some in _conditions(tenant, query)]
    if low > high:
        return
    if not conditions:
        log = raw.execute(_LOG[query.ascending], (tenant, low, high))
        try:
            for (seq,) in log:
                yield seq
        finally:
            log.close()
        return
    sign = 1 if query.ascending else -1
    cell, last = (low // CELL, high // CELL)[::sign]
    try:
        while (last - cell) * sign >= 0:
            bits = _common(conditions, cell)
            if bits is None:
                return
            if isinstance(bits, _Beyond):
                cell = bits.cell
            else:
                for n in _set(bits, query.ascending):
                    if low <= cell * CELL + n <= high:
                        yield cell * CELL + n
                cell += sign
            if steps.spent >= STEPS_MAX:
                steps.at = cell * CELL + (0 if query.ascending else CELL - 1)
                yield None
    finally:
        for condition in conditions:
            condition.close()


def _conditions(tenant: str, query: StatementQuery) -> Iterator[list[int]]:
    """Each by the keys of which one is needed. Loose ones may meet any condition but that of the authority."""
    wanted = query.wanted
    loose = key(tenant, "loose")
    if wanted.registration is not None:
        yield [key(tenant, "registration", wanted.registration), loose]
    if wanted.agent is not None:
        further = [key(tenant, "further agent", wanted.agent)] if wanted.related_agents else []
        yield [key(tenant, "agent", wanted.agent), *further, loose]
    if wanted.activity is not None:
        further = [key(tenant, "further activity", wanted.activity)] if wanted.related_activities else []
        yield [key(tenant, "activity", wanted.activity), *further, loose]
    if wanted.verb is not None:
        yield [key(tenant, "verb", wanted.verb), loose]
    if query.authority is not None and (known := keys_of_authority(query.authority, tenant)):
        yield [known[0]]


class _Beyond(NamedTuple):
    """Nothing before this cell."""

    cell: int


def _common(conditions: Sequence["_Condition"], cell: int) -> "int | _Beyond | None":
    """The statements of this cell that meet all conditions, or where the next might be; None: nowhere."""
    bits = -1
    for condition in conditions:
        found = condition.seek(cell)
        if found is None:
            return None
        if found[0] != cell:
            return _Beyond(found[0])
        bits &= found[1]
    return bits


def _set(bits: int, ascending: bool) -> Iterator[int]:
    """The numbers of the bits that are set."""
    bits &= (1 << CELL) - 1
    while bits:
        n = ((bits & -bits) if ascending else bits).bit_length() - 1
        yield n
        bits ^= 1 << n


class _Condition:
    """The cells of several keys, in order, as one."""

    def __init__(self, raw: sqlite3.Connection, some: Sequence[int], ascending: bool, steps: _Steps) -> None:
        self._runs = [_Run(raw, one, ascending, steps) for one in some]
        self._nearest = min if ascending else max

    def seek(self, cell: int) -> tuple[int, int] | None:
        """The first cell that is not before this one, and its statements."""
        heads = [head for run in self._runs if (head := run.seek(cell)) is not None]
        if len(heads) < 2:  # nothing to merge
            return heads[0] if heads else None
        place = self._nearest(head[0] for head in heads)
        bits = 0
        for head in heads:
            if head[0] == place:
                bits |= head[1]
        return place, bits

    def close(self) -> None:
        for run in self._runs:
            run.close()


class _Run:
    """The cells of one key, in order."""

    def __init__(self, raw: sqlite3.Connection, one: int, ascending: bool, steps: _Steps) -> None:
        self._cursor = raw.cursor()
        self._key = one
        self._sql = _CELLS[ascending]
        self._sign = 1 if ascending else -1
        self._steps = steps
        self._head: tuple[int, int] | None = None
        self._open = False

    def seek(self, cell: int) -> tuple[int, int] | None:
        if self._open:
            for _ in range(_NEAR):
                if self._head is None or (self._head[0] - cell) * self._sign >= 0:
                    return self._head
                self._step()
        self._cursor.execute(self._sql, (self._key, cell))
        self._open = True
        self._step()
        return self._head

    def _step(self) -> None:
        self._steps.spent += 1
        self._head = self._cursor.fetchone()

    def close(self) -> None:
        self._cursor.close()
