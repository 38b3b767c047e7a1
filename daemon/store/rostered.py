"""What people ask of rosters, and what they say of plans."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from actors.domain.rosters.accounts import Account as Standing
from actors.ports.rosters import COMPARE, Drift, PlanRow, PlanState

_PLAN = "tenant, hash, scope, cause, state, by_who, made_us, done_us, adds, removes, why"
_STANDING = "standing, person, user, name, email, account, owner, detail"
DRIFT_KEPT = 800
"""Of a rule: two years of nights, and what was asked for beside them."""


def touch(raw: sqlite3.Connection, lane: str, place: str, due: int) -> int:
    """See ``ports.rosters``."""
    return raw.execute(
        "UPDATE roster_places SET due = max(due, ?), marks = marks + 1 WHERE lane = ? AND place = ? AND place <> ''",
        (due, lane, place),
    ).rowcount


def due(raw: sqlite3.Connection, tenant: str, rule: str, unit: str, how: int) -> int:
    """See ``ports.rosters``."""
    return raw.execute(
        "UPDATE roster_places SET due = max(due, ?), due_us = 0, marks = marks + 1, stuck = '', stuck_us = 0 "
        "WHERE tenant = ? AND rule = ? AND (? = '' OR unit = ?)",
        (how, tenant, rule, unit, unit),
    ).rowcount


# ── plans ────────────────────────────────────────────────────────────────────────────────────────────


def plan(raw: sqlite3.Connection, tenant: str, hash_: str) -> PlanRow | None:
    """See ``ports.rosters``."""
    found = raw.execute(
        f"SELECT {_PLAN}, body FROM roster_plans WHERE tenant = ? AND hash >= ? AND hash < ? LIMIT 2",  # noqa: S608
        (tenant, hash_, f"{hash_}\U0010ffff"),
    ).fetchall()
    return _row(found[0], found[0][-1]) if len(found) == 1 and hash_ else None


def plans(raw: sqlite3.Connection, tenant: str, limit: int) -> list[PlanRow]:
    """See ``ports.rosters``."""
    sql = f"SELECT {_PLAN} FROM roster_plans WHERE tenant = ? ORDER BY made_us DESC, no DESC LIMIT ?"  # noqa: S608
    return [_row(row, b"{}") for row in raw.execute(sql, (tenant, limit))]


def accepted(raw: sqlite3.Connection, tenant: str) -> frozenset[str]:
    """See ``ports.rosters``."""
    sql = "SELECT hash FROM roster_plans INDEXED BY roster_plans_accepted WHERE tenant = ? AND state = 'accepted'"
    return frozenset(row[0] for row in raw.execute(sql, (tenant,)))


def _row(row: Sequence[Any], body: bytes) -> PlanRow:
    tenant, hash_, scope, cause, state, by, made_us, done_us, adds, removes, why = row[:11]
    return PlanRow(
        tenant=tenant,
        hash=hash_,
        scope=scope,
        cause=cause,
        state=state,
        by=by,
        made_us=made_us,
        done_us=done_us,
        adds=adds,
        removes=removes,
        why=why,
        body=body,
    )


def judge_plan(raw: sqlite3.Connection, tenant: str, hash_: str, state: PlanState, by: str, now_us: int) -> bool:
    """See ``ports.rosters``."""
    done = raw.execute(
        "UPDATE roster_plans SET state = ?, by_who = ?, done_us = ? WHERE tenant = ? AND hash = ? AND state = 'parked'",
        (state, by, now_us, tenant, hash_),
    ).rowcount
    if done and state == "accepted":
        raw.execute(
            "UPDATE roster_places SET due = max(due, ?), due_us = 0, marks = marks + 1 WHERE tenant = ? AND parked = ?",
            (COMPARE, tenant, hash_),
        )
    return done > 0


# ── telling ──────────────────────────────────────────────────────────────────────────────────────────


def standings(raw: sqlite3.Connection, place: int, after: str, limit: int) -> list[Standing]:
    """See ``ports.rosters``."""
    sql = f"SELECT {_STANDING} FROM roster_standings WHERE place = ? AND who > ? ORDER BY who LIMIT ?"  # noqa: S608
    return [
        Standing(
            standing=standing,
            person=person,
            user=user,
            name=name,
            email=email,
            id=account,
            owner=bool(owner),
            detail=detail,
        )
        for standing, person, user, name, email, account, owner, detail in raw.execute(sql, (place, after, limit))
    ]


def counts(raw: sqlite3.Connection, tenant: str) -> dict[int, dict[str, int]]:
    """See ``ports.rosters``."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for place, standing, n in raw.execute(
        "SELECT t.place, t.what, t.n FROM roster_places p JOIN roster_tallies t ON t.place = p.no "
        "WHERE p.tenant = ? AND t.what <> 'inside' AND t.n > 0",
        (tenant,),
    ):
        found[place][standing] = n
    return dict(found)


def drift(raw: sqlite3.Connection, tenant: str, rule: str, since_us: int) -> list[Drift]:
    """See ``ports.rosters``."""
    fields = ", ".join(Drift.__struct_fields__)
    sql = f"SELECT {fields} FROM roster_drift WHERE tenant = ? AND rule = ? AND at_us >= ? ORDER BY at_us"  # noqa: S608
    return [
        Drift(**dict(zip(Drift.__struct_fields__, row, strict=True)))
        for row in raw.execute(sql, (tenant, rule, since_us))
    ]


def note_drift(raw: sqlite3.Connection, tenant: str, told: Drift) -> None:
    """See ``ports.rosters``."""
    raw.execute(
        "INSERT OR REPLACE INTO roster_drift VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            tenant, told.rule, told.at_us, told.people, told.in_step, told.pending, told.unmatched, told.refused,
            told.excluded, told.asked, told.strangers,
        ),
    )  # fmt: skip
    raw.execute(
        "DELETE FROM roster_drift WHERE tenant = ? AND rule = ? AND at_us <= (SELECT at_us FROM roster_drift "
        "WHERE tenant = ? AND rule = ? ORDER BY at_us DESC LIMIT 1 OFFSET ?)",
        (tenant, told.rule, tenant, told.rule, DRIFT_KEPT),
    )
