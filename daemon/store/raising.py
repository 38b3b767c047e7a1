"""What is asked about conflicts is asked once: raised, seen again, settled when it is not so any more.

What is raised is compared with how the same subject stands or was decided last: while the sides say the same, a
decision stands and nobody is asked again.
"""

import sqlite3
from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from actors.domain.conflicts.model import Conflict, Event, Ruling
from actors.ports.conflicts import Raised
from daemon.store.deciding import noted, unfixed

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
_RULES = (
    "SELECT no, coalesce(json_extract(CAST(body AS TEXT), '$.rule'), '') FROM conflicts "
    "WHERE tenant = ? AND state = 'open'"
)
_SEEN = "UPDATE conflicts SET seen_us = ?, times = times + 1 WHERE no = ?"
_CHANGED = (
    "UPDATE conflicts SET seen_us = ?, times = times + 1, mark = ?, body = ?, history = ?, "
    "told = CASE WHEN told = '' THEN '' ELSE 'stale' END WHERE no = ?"
)
_encode = msgspec.json.Encoder().encode
_conflict = msgspec.json.Decoder(Conflict)


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
    gone = [no for subject, no in standing(raw, tenant, scope).items() if subject not in keep]
    _settle(raw, gone, "it is not so any more", now_us)
    return len(gone)


def of_others(raw: sqlite3.Connection, tenant: str, rules: Collection[str]) -> list[int]:
    """What is open about roster rules that are none of these."""
    found = raw.execute(_RULES, (tenant,))
    return [no for no, rule in found if rule and rule not in rules]


def retain(raw: sqlite3.Connection, tenant: str, rules: Collection[str], now_us: int) -> int:
    gone = of_others(raw, tenant, rules)
    _settle(raw, gone, "its rule is not configured any more", now_us)
    return len(gone)


def _settle(raw: sqlite3.Connection, nos: Sequence[int], why: str, now_us: int) -> None:
    for no in nos:
        [history] = raw.execute("SELECT history FROM conflicts WHERE no = ?", (no,)).fetchone()
        raw.execute(
            "UPDATE conflicts SET state = 'settled', decided_us = ?, history = ? WHERE no = ?",
            (now_us, noted(history, Event(at_us=now_us, what="settled", detail=why)), no),
        )


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


def standing(raw: sqlite3.Connection, tenant: str, scope: str) -> dict[str, int]:
    """What is open in this scope: its number, by subject."""
    sql = "SELECT subject, no FROM conflicts WHERE tenant = ? AND scope = ? AND state = 'open'"
    return dict(raw.execute(sql, (tenant, scope)).fetchall())
