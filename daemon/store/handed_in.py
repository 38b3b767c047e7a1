"""Reminders of work and what makes them pointless, in either order: whoever has handed it in is not reminded.

Sources' records say who owes what (``reminders``). Here it is the log that says so, which knows more: an LMS's plugin
may have told of a hand-in that no source was asked about.
"""

import sqlite3

from actors.domain.changes import ActivityCompleted, AnyChange, AssignmentDueSoon, GradePosted, SubmissionReceived
from actors.ports import Routed
from daemon.store import closing, rows
from daemon.store.entities import Entities

REASON = "handed_in: the learner has handed it in, completed it or been graded, so there is no need to remind them"
_ENDING = ("submission", "completion", "grade")
_UNDONE = ("", "incomplete")


def needless(entities: Entities, tenant: str, change: AnyChange) -> bool:
    """Whether it is a reminder of what is done."""
    if not isinstance(change, AssignmentDueSoon):
        return False
    for aspect in _ENDING:
        known = entities.of(rows.key(tenant, f"{aspect}|{change.learner.identity}|{change.subject}"))
        if known is not None and known.occurrence and known.value not in _UNDONE:
            return True
    return False


def moot(raw: sqlite3.Connection, tenant: str, item: Routed, change: AnyChange) -> int:
    """Reminders that still wait for what this change has done: they are not sent any more. How many."""
    if not isinstance(change, SubmissionReceived | ActivityCompleted | GradePosted):
        return 0
    reminder = rows.key(tenant, f"{AssignmentDueSoon.aspect}|{change.learner.identity}|{change.subject}")
    waiting = raw.execute(
        "SELECT seq, history FROM deliveries INDEXED BY deliveries_entity WHERE entity = ? "
        "AND state IN ('waiting', 'held', 'delivered') AND state IN ('waiting', 'held') AND sent_us IS NULL "
        "AND digest IS NULL",
        (reminder,),
    ).fetchall()
    now_us = item.routed_us or item.accepted_us
    for seq, history in waiting:
        closing.close(raw, seq, f"handed in before it was sent: statement {item.statement_id}", history, now_us)
    return len(waiting)
