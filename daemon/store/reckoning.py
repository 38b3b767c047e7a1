"""What a run made of places, written in one transaction: what is remembered, how everybody stands, the orders, and what
people are asked about them. Whoever is killed afterwards has lost none of it.

A place to which something was under way, or of which something has changed meanwhile, is not written: what was reckoned
may not be so any more. It stays due, and is due again when what is under way is recorded.
"""

import sqlite3
from collections.abc import Sequence

from actors.domain.rosters.accounts import Account as Standing
from actors.ports.rosters import Asked, Committed, Ending, PlanRow, Reckoned, Thread
from daemon.store import ordering, raising

PLANS_KEPT = 500
"""Of a tenant; older ones leave, parked ones last."""
_KEEP = (
    "INSERT INTO roster_kept (place, id, person, owner, membership, inside, put_us, tries, ours, accepted, granted, "
    "left_us, refused, refused_us, erased) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (place, id) DO UPDATE SET person = excluded.person, owner = excluded.owner, "
    "membership = excluded.membership, inside = excluded.inside, put_us = excluded.put_us, tries = excluded.tries, "
    "ours = excluded.ours, accepted = excluded.accepted, granted = excluded.granted, left_us = excluded.left_us, "
    "refused = excluded.refused, refused_us = excluded.refused_us, erased = excluded.erased"
)
"""Never a replacement: those who are counted by triggers would leave without being counted."""
_STOOD = "SELECT who, person, user, account, name, email, standing, owner, detail FROM roster_standings WHERE place = ?"


def commit(
    raw: sqlite3.Connection,
    tenant: str,
    lane: str,
    reckoned: Sequence[Reckoned],
    ending: Ending | None,
    correlation_id: str,
    traceparent: str,
    now_us: int,
) -> Committed:
    """See ``ports.rosters``."""
    ordered = asked = 0
    busy: list[int] = []
    for each in reckoned:
        row = raw.execute("SELECT marks FROM roster_places WHERE no = ?", (each.place.no,)).fetchone()
        if row is None or row[0] != each.marks or not _is_still(raw, lane, each, now_us):
            busy.append(each.place.no)
            continue
        _write(raw, each, now_us)
        if each.let:
            raw.execute(
                "UPDATE roster_plans SET state = 'applied', done_us = ? WHERE tenant = ? AND hash = ? "
                "AND state = 'accepted'",
                (now_us, tenant, each.let),
            )
        thread = each.thread or Thread(correlation_id=correlation_id, traceparent=traceparent)
        made = ordering.order(raw, lane, each.orders or (), thread.correlation_id, thread.traceparent, now_us)
        ordered += made
        asked += _ask(raw, tenant, each.asked, now_us)
    if ending is not None:
        left = any(each.orders for each in reckoned if each.place.no in busy)
        asked += _end(raw, tenant, ending, ordered, {*ending.busy, *busy}, left=left, now_us=now_us)
    return Committed(ordered=ordered, busy=tuple(busy), asked=asked)


def _ask(raw: sqlite3.Connection, tenant: str, asked: Asked | None, now_us: int) -> int:
    if asked is None:
        return 0
    raised = raising.stand(raw, tenant, asked.scope, asked.found, now_us)
    return len(raised.fresh) + raised.settled


def _end(
    raw: sqlite3.Connection, tenant: str, ending: Ending, ordered: int, busy: set[int], *, left: bool, now_us: int
) -> int:
    """A run of which nothing was done is none that was applied; and what waits is not kept from what is outdated."""
    plan = ending.plan
    if plan is not None and not (plan.state == "applied" and left and not (ordered or ending.ordered)):
        keep_plan(raw, plan)
    for each in ending.parked:
        if busy.isdisjoint(each.places):
            keep_plan(raw, each.plan)
    return _ask(raw, tenant, ending.asked, now_us) if busy.isdisjoint(ending.places) else 0


def _is_still(raw: sqlite3.Connection, lane: str, each: Reckoned, now_us: int) -> bool:
    """Whether nothing is under way to its place; where there are other orders, those that wait are taken back."""
    unit = each.place.unit
    if each.orders is None:
        return ordering.open_orders(raw, lane, unit.rule, unit.key)[1] == 0
    return ordering.withdraw(raw, lane, unit.rule, unit.key, now_us)


def _write(raw: sqlite3.Connection, each: Reckoned, now_us: int) -> None:
    place = each.place
    due, due_us = (0, 0) if each.again_us is None else (each.again, each.again_us)
    raw.execute(
        "UPDATE roster_places SET place = ?, made = ?, made_us = ?, read_us = ?, closed = ?, parked = ?, "
        "born_us = max(born_us, ?), partly = ?, due = ?, due_us = ?, thread = CASE WHEN ? THEN thread ELSE '' END "
        "WHERE no = ?",
        (
            place.id, int(place.made), place.made_us, place.read_us, place.closed, each.parked, each.born_us,
            each.partly, due, due_us, due, place.no,
        ),
    )  # fmt: skip
    if each.anew:
        raw.execute("DELETE FROM roster_kept WHERE place = ?", (place.no,))
    raw.executemany("DELETE FROM roster_kept WHERE place = ? AND id = ?", [(place.no, id_) for id_ in each.forgotten])
    raw.executemany(
        _KEEP,
        [
            (
                place.no, kept.id, kept.person, int(kept.owner), kept.membership, int(kept.inside), kept.put_us,
                kept.tries, int(kept.ours), int(kept.accepted), int(kept.granted), kept.left_us, kept.refused,
                kept.refused_us, int(kept.erased),
            )
            for kept in each.kept
        ],
    )  # fmt: skip
    if each.standings is not None:
        _stand(raw, place.no, each.standings, now_us)


def who_of(standing: Standing) -> str:
    """The key of a standing in its place."""
    if standing.person:
        return str(standing.person)
    return f"user:{standing.user}" if standing.user else f"account:{standing.id}"


def _stand(raw: sqlite3.Connection, place: int, standings: Sequence[Standing], now_us: int) -> None:
    """Only what differs is written: most stand as they did."""
    before = {row[0]: tuple(row[1:]) for row in raw.execute(_STOOD, (place,))}
    now = {
        who_of(each): (
            each.person, each.user, each.id, each.name, each.email, each.standing, int(each.owner), each.detail,
        )
        for each in standings
    }  # fmt: skip
    raw.executemany(
        "DELETE FROM roster_standings WHERE place = ? AND who = ?", [(place, who) for who in before if who not in now]
    )
    raw.executemany(
        "INSERT INTO roster_standings (place, who, person, user, account, name, email, standing, owner, detail, "
        "since_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (place, who) DO UPDATE SET "
        "person = excluded.person, user = excluded.user, account = excluded.account, name = excluded.name, "
        "email = excluded.email, owner = excluded.owner, detail = excluded.detail, since_us = CASE WHEN "
        "standing = excluded.standing THEN since_us ELSE excluded.since_us END, standing = excluded.standing",
        [(place, who, *row, now_us) for who, row in now.items() if before.get(who) != row],
    )


def keep_plan(raw: sqlite3.Connection, plan: PlanRow) -> None:
    """See ``ports.rosters``. What waits for a person waits until somebody has judged it, whoever runs it meanwhile."""
    if plan.state == "parked":
        raw.execute(
            "UPDATE roster_plans SET state = 'lapsed', done_us = ? WHERE tenant = ? AND scope = ? "
            "AND state IN ('parked', 'accepted') AND hash <> ?",
            (plan.made_us, plan.tenant, plan.scope, plan.hash),
        )
    raw.execute(
        "INSERT INTO roster_plans (tenant, hash, scope, cause, state, by_who, made_us, done_us, adds, removes, why, "
        "body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, hash) DO UPDATE SET "
        "state = CASE WHEN excluded.state IN ('shown', 'parked') AND state IN ('accepted', 'parked', 'rejected') "
        "OR state = 'parked' THEN state ELSE excluded.state END, cause = excluded.cause, made_us = excluded.made_us, "
        "done_us = CASE WHEN state = 'parked' THEN NULL ELSE excluded.done_us END, adds = excluded.adds, "
        "removes = excluded.removes, why = excluded.why, body = excluded.body",
        (
            plan.tenant, plan.hash, plan.scope, plan.cause, plan.state, plan.by, plan.made_us, plan.done_us, plan.adds,
            plan.removes, plan.why, plan.body,
        ),
    )  # fmt: skip
    raw.execute(
        "DELETE FROM roster_plans WHERE tenant = ? AND state <> 'parked' AND no <= "
        "(SELECT no FROM roster_plans WHERE tenant = ? ORDER BY no DESC LIMIT 1 OFFSET ?)",
        (plan.tenant, plan.tenant, PLANS_KEPT),
    )
