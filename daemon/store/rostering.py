"""What an order came to is remembered of its place, in the transaction that records it; and what changes at a source is
marked in the one that takes it in.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from actors.domain.outbox import Decision, Delivery, State
from actors.domain.rosters.order import PLACE, RosterOrder, refusals
from actors.domain.verdicts import Cause
from actors.ports import Provenance
from actors.ports.records import Kept as KeptRecord
from daemon.store import ordering, threads

BORN_AGAIN_US = 30_000_000
"""A place that its vendor does not know yet is tried again after so long."""
_STUCK_CHARS_MAX = 500
_PLACE = "SELECT no, made_us, born_us FROM roster_places WHERE lane = ? AND tenant = ? AND rule = ? AND unit = ?"
_IN = """
    INSERT INTO roster_kept (place, id, inside, put_us, tries, ours, owner, granted)
    VALUES (?1, ?2, 1, ?3, 1, 1, ?4, ?4)
    ON CONFLICT (place, id) DO UPDATE SET put_us = ?3, tries = tries + (inside = 0), inside = 1, ours = 1,
    owner = max(owner, ?4), granted = max(granted, ?4), refused = '', refused_us = 0
"""
_OUT = """
    UPDATE roster_kept SET inside = 0, ours = 0, owner = 0, granted = 0, membership = '', put_us = ?, tries = 0,
    left_us = 0 WHERE place = ? AND id = ?
"""
_REFUSED = """
    INSERT INTO roster_kept (place, id, refused, refused_us) VALUES (?, ?, ?, ?)
    ON CONFLICT (place, id) DO UPDATE SET refused = excluded.refused, refused_us = excluded.refused_us
"""
_MADE = "UPDATE roster_places SET place = ?, made = 1, made_us = ?, read_us = ? WHERE no = ?"
"""Nobody is in it but who was put there with it: that needs no reading."""
_OWNER = "UPDATE roster_kept SET owner = ?, granted = ? WHERE place = ? AND id = ? AND inside = 1"
_DUE = "UPDATE roster_places SET due = max(due, ?), due_us = ?, marks = marks + 1 WHERE no = ?"
_MARK = (
    "INSERT INTO roster_due (source, course, marks, at_us, thread) VALUES (?, ?, 1, ?, ?) ON CONFLICT (source, course) "
    "DO UPDATE SET marks = marks + 1, at_us = excluded.at_us, "
    "thread = CASE WHEN excluded.thread = '' THEN thread ELSE excluded.thread END"
)
_FOLLOWS = "UPDATE roster_places SET thread = ? WHERE no = ?"
_COURSES_MAX = 2000
"""When more than so many courses change at once, all of the source is due."""


def settle(raw: sqlite3.Connection, delivery: Delivery, decision: Decision, now_us: int) -> None:
    """An order that left its line. What failed is left alone until the place was read anew."""
    order = delivery.change
    if not isinstance(order, RosterOrder) or decision.state.open or decision.state is State.HELD:
        return
    row = raw.execute(_PLACE, (delivery.lane, delivery.tenant, order.roster, order.unit)).fetchone()
    if row is None:  # the rule was taken away, and its places were forgotten
        return
    place, made_us, born_us = row
    raw.execute(_FOLLOWS, (threads.of_order(delivery, order), place))
    if decision.state is State.DELIVERED:
        _done(raw, place, order, decision, now_us)
        raw.execute("UPDATE roster_places SET stuck = '', stuck_us = 0 WHERE no = ?", (place,))
        raw.execute("UPDATE roster_places SET marks = marks + 1 WHERE no = ?", (place,))
        if ordering.open_orders(raw, delivery.lane, order.roster, order.unit) == (0, 0):
            raw.execute(_DUE, (1, now_us, place))  # not before the last of them: those that follow are meant still
    elif decision.cause is Cause.DESTINATION_GONE and now_us - made_us < born_us:
        raw.execute(_DUE, (1, now_us + BORN_AGAIN_US, place))
    else:
        why = f"{order.deed}: {decision.detail}"[:_STUCK_CHARS_MAX]
        raw.execute("UPDATE roster_places SET stuck = ?, stuck_us = ? WHERE no = ?", (why, now_us, place))
        raw.execute(_DUE, (2, now_us, place))


def _done(raw: sqlite3.Connection, place: int, order: RosterOrder, decision: Decision, now_us: int) -> None:
    refused = refusals(decision.receipt)
    raw.executemany(_REFUSED, [(place, each, why, now_us) for each, why in refused.items()])
    members = [each for each in order.members if each not in refused]
    owners = [each for each in order.owners if each not in refused]
    match order.deed:
        case "create":
            made = (decision.receipt or {}).get(PLACE, "")
            raw.execute(_MADE, (made, now_us, now_us, place))
            raw.executemany(_IN, [(place, each, now_us, 0) for each in members])
            raw.executemany(_IN, [(place, each, now_us, 1) for each in owners])
        case "add":
            raw.executemany(_IN, [(place, each, now_us, 0) for each in members])
            raw.executemany(_IN, [(place, each, now_us, 1) for each in owners])
        case "remove":
            raw.executemany(_OUT, [(now_us, place, each) for each in (*members, *owners)])
        case "promote":
            raw.executemany(_OWNER, [(1, 1, place, each) for each in (*members, *owners)])
        case "demote":
            raw.executemany(_OWNER, [(0, 0, place, each) for each in (*members, *owners)])
        case "replace":
            _replace(raw, place, members, now_us)
        case "disable":
            _replace(raw, place, (), now_us)
        case "enable":
            pass  # who is in it is told by what follows


def _replace(raw: sqlite3.Connection, place: int, members: Sequence[str], now_us: int) -> None:
    """These are in it, and nobody else."""
    inside = {row[0] for row in raw.execute("SELECT id FROM roster_kept WHERE place = ? AND inside = 1", (place,))}
    raw.executemany(_IN, [(place, each, now_us, 0) for each in members if each not in inside])
    raw.executemany(_OUT, [(now_us, place, each) for each in sorted(inside - set(members))])


def unbind(raw: sqlite3.Connection, tenant: str, rule: str, unit: str, place: str, now_us: int) -> None:
    """The unit does not have this place any more, and is to find one by its name. Who is in it stays there."""
    found = raw.execute(
        "SELECT no, lane FROM roster_places WHERE tenant = ? AND rule = ? AND unit = ? AND place = ?",
        (tenant, rule, unit, place),
    ).fetchall()
    for no, lane in found:
        ordering.withdraw(raw, lane, rule, unit, now_us)
        raw.execute(
            "UPDATE roster_places SET place = '', made = 0, made_us = 0, read_us = 0, partly = '', closed = '', "
            "parked = '' WHERE no = ?",
            (no,),
        )
        raw.execute("DELETE FROM roster_kept WHERE place = ?", (no,))


# ── what changes at sources ──────────────────────────────────────────────────────────────────────────


def mark(
    raw: sqlite3.Connection, source: int, records: Iterable[KeptRecord], provenance: Provenance, now_us: int
) -> None:
    """The courses that these records concern are due, where any roster is kept from this source. Called before they
    are written."""
    watched = raw.execute("SELECT rostered FROM sources WHERE no = ?", (source,)).fetchone()
    if watched is None or not watched[0]:
        return
    courses: set[str] = set()
    users: set[str] = set()
    for each in records:
        if each.entity == "enrolment":
            courses.add(each.course)  # none is known of one that never meant anything: then all are due
            if each.no is not None:  # it may have been moved
                courses.update(row[0] for row in raw.execute("SELECT course FROM records WHERE no = ?", (each.no,)))
        elif each.entity == "course":
            courses.add(each.id)
        elif each.entity == "user":
            users.add(each.id)
    for user in users:
        if len(courses) > _COURSES_MAX:
            break
        sql = "SELECT DISTINCT course FROM records INDEXED BY records_enrolled WHERE source = ? AND user = ? "
        sql += "AND user <> '' AND entity = 'enrolment'"
        courses.update(row[0] for row in raw.execute(sql, (source, user)))
    if len(courses) > _COURSES_MAX:
        courses = {""}
    thread = threads.of_source(provenance)
    raw.executemany(_MARK, [(source, course, now_us, thread) for course in sorted(courses)])


def mark_tenant(raw: sqlite3.Connection, tenant: str, now_us: int) -> None:
    """All of its sources are due from which rosters are kept."""
    found = raw.execute("SELECT no FROM sources WHERE tenant = ? AND rostered = 1", (tenant,)).fetchall()
    raw.executemany(_MARK, [(no, "", now_us, "") for (no,) in found])


def mark_source(raw: sqlite3.Connection, source: int, now_us: int) -> None:
    """All of it is due, where any roster is kept from it."""
    found = raw.execute("SELECT no FROM sources WHERE no = ? AND rostered = 1", (source,)).fetchall()
    raw.executemany(_MARK, [(no, "", now_us, "") for (no,) in found])
