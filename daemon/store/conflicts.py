"""Where systems disagree, in SQL: raised once, seen again, settled when it is not so any more, and read.

What is raised is compared with how the same subject stands or was decided last: while the sides say the same, a
decision stands and nobody is asked again. What people decide is ``deciding``.
"""

import sqlite3
from collections.abc import Callable, Collection, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any

import msgspec

from actors.domain.conflicts.model import Case, Conflict, ConflictState, Event, Ruling
from actors.ports.conflicts import Decided, Decider, Raised
from config.identity import Identity
from daemon.store import deciding
from daemon.store.deciding import CASE, case, noted, unfixed
from daemon.store.engine import Engine
from daemon.store.writer import Writer

RAISED_MAX = 500
"""In one transaction."""
OPEN_MAX = 20_000
"""Of a tenant: more would be decided by nobody, and the first say enough."""
SCOPES_MAX = 500
_LAST = (
    "SELECT no, state, mark, choice, decided_us, body, history FROM conflicts "
    "WHERE tenant = ? AND subject = ? ORDER BY no DESC LIMIT 1"
)
_INSERT = (
    "INSERT INTO conflicts (tenant, kind, subject, scope, person, mark, state, body, history, raised_us, seen_us) "
    "VALUES (?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?)"
)
_SEEN = "UPDATE conflicts SET seen_us = ?, times = times + 1 WHERE no = ?"
_CHANGED = (
    "UPDATE conflicts SET seen_us = ?, times = times + 1, mark = ?, body = ?, history = ?, told = '' WHERE no = ?"
)
_encode = msgspec.json.Encoder().encode
_conflict = msgspec.json.Decoder(Conflict)


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
            raised = _sum(raised, await self._write(partial(raise_, tenant=tenant, found=some, now_us=now_us)))
        return raised

    async def clear(self, tenant: str, scope: str, now_us: int, *, but: Collection[str] = ()) -> int:
        open_ = await self._read(lambda raw: _open(raw, tenant, scope))
        if not open_.keys() - set(but):
            return 0
        return await self._write(lambda raw: clear(raw, tenant, scope, now_us, but=but))

    async def stand(self, tenant: str, scope: str, found: Sequence[Conflict], now_us: int) -> Raised:
        if not found and not await self._read(lambda raw: _open(raw, tenant, scope)):
            return Raised()
        return await self._write(lambda raw: stand(raw, tenant, scope, found, now_us))

    async def rulings(self, tenant: str, scopes: Sequence[str]) -> dict[str, tuple[Ruling, ...]]:
        return await self._read(lambda raw: rulings(raw, tenant, scopes))

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

    async def undo(self, tenant: str, no: int, by: Decider, now_us: int) -> Decided:
        rules = self._rules(tenant)
        return await self._write(lambda raw: deciding.undo(raw, tenant, no, by, now_us, rules))


def stand(raw: sqlite3.Connection, tenant: str, scope: str, found: Sequence[Conflict], now_us: int) -> Raised:
    """These, and no others, are in question in this scope."""
    raised = raise_(raw, tenant, found, now_us)
    settled = clear(raw, tenant, scope, now_us, but={each.subject for each in found})
    return msgspec.structs.replace(raised, settled=settled)


def raise_(raw: sqlite3.Connection, tenant: str, found: Sequence[Conflict], now_us: int) -> Raised:
    fresh: list[int] = []
    known = answered = 0
    room = -1
    for each in found:
        last = raw.execute(_LAST, (tenant, each.subject)).fetchone()
        mark = mark_of(each)
        if last is not None and last[1] == "open":
            known += 1
            _again(raw, last, each, mark, now_us)
        elif last is not None and _is_answered(last, each, mark):
            answered += 1
            raw.execute(_SEEN, (now_us, last[0]))
        else:
            if room < 0:
                sql = "SELECT count(*) FROM conflicts WHERE tenant = ? AND state = 'open'"
                room = OPEN_MAX - raw.execute(sql, (tenant,)).fetchone()[0]
            if room <= 0:
                continue
            room -= 1
            fresh.append(_insert(raw, tenant, each, mark, now_us))
    return Raised(fresh=tuple(fresh), known=known, answered=answered)


def clear(raw: sqlite3.Connection, tenant: str, scope: str, now_us: int, *, but: Collection[str] = ()) -> int:
    keep = set(but)
    gone = [no for subject, no in _open(raw, tenant, scope).items() if subject not in keep]
    for no in gone:
        [history] = raw.execute("SELECT history FROM conflicts WHERE no = ?", (no,)).fetchone()
        raw.execute(
            "UPDATE conflicts SET state = 'settled', decided_us = ?, history = ? WHERE no = ?",
            (now_us, noted(history, Event(at_us=now_us, what="settled", detail="it is not so any more")), no),
        )
    return len(gone)


def rulings(raw: sqlite3.Connection, tenant: str, scopes: Sequence[str]) -> dict[str, tuple[Ruling, ...]]:
    if not 0 < len(scopes) <= SCOPES_MAX:
        if not scopes:
            return {}
        raise ValueError(f"more than {SCOPES_MAX} scopes at once")
    marks = ",".join("?" * len(scopes))
    sql = (
        "SELECT scope, no, fix, by_who, at_us, conflict FROM rulings "  # noqa: S608  # marks only
        f"WHERE tenant = ? AND ended_us IS NULL AND scope IN ({marks}) ORDER BY no"
    )
    found: dict[str, tuple[Ruling, ...]] = {}
    for scope, no, fix, by, at_us, conflict in raw.execute(sql, (tenant, *scopes)):
        one = Ruling(no=no, fix=unfixed(fix), by=by, at_us=at_us, conflict=conflict)
        found[scope] = (*found.get(scope, ()), one)
    return found


def mark_of(conflict: Conflict) -> bytes:
    """A digest of what the sides say."""
    return blake2b(_encode(conflict.claims), digest_size=8).digest()


def _insert(raw: sqlite3.Connection, tenant: str, each: Conflict, mark: bytes, now_us: int) -> int:
    event = Event(at_us=now_us, what="raised", detail=" ".join(each.correlation_ids)[:200])
    values = (
        tenant, each.kind, each.subject, each.scope, each.person, mark, _encode(each), noted("", event), now_us, now_us
    )  # fmt: skip
    return int(raw.execute(_INSERT, values).lastrowid or 0)


def _again(raw: sqlite3.Connection, last: Sequence[Any], each: Conflict, mark: bytes, now_us: int) -> None:
    """What is asked already is seen again; where the sides say something else, it is another question."""
    no, _, before, _, _, body, history = last
    if bytes(before) == mark:
        raw.execute(_SEEN, (now_us, no))
        return
    said = "; ".join(f"{who}: {value}" for who, _, value in _conflict.decode(body).claims)[:200]
    event = Event(at_us=now_us, what="changed", detail=f"before: {said}")
    raw.execute(_CHANGED, (now_us, mark, _encode(each), noted(history, event), no))


def _is_answered(last: Sequence[Any], each: Conflict, mark: bytes) -> bool:
    """Whether what was decided last is about this, too."""
    _, state, before, choice, decided_us, body, _ = last
    if state not in {"approved", "rejected"} or bytes(before) != mark:
        return False
    if state == "rejected":
        return True
    fix = _conflict.decode(body).fixes[choice].fix
    return not fix.once or each.happened_us <= decided_us


def _open(raw: sqlite3.Connection, tenant: str, scope: str) -> dict[str, int]:
    sql = "SELECT subject, no FROM conflicts WHERE tenant = ? AND scope = ? AND state = 'open'"
    return dict(raw.execute(sql, (tenant, scope)).fetchall())


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
