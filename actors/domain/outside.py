"""A change as JSON for others: webhooks and the feed of changes show it alike.

Names are ours and stay: what stands here is a contract with programs that we do not know. What is unknown is left out,
so there are no nulls and no empty texts (but an id that is empty); new members may come, and nobody may mind them.
"""

from typing import Any

from actors.domain.changes import Activity, AnyChange, AssignmentDueSoon, Course, Score, StatementStored
from actors.domain.people import Learner


def outside(change: AnyChange) -> dict[str, Any]:
    """``kind``, ``at`` (the event's own time, RFC 3339), ``learner``, and what else this kind of change tells:
    ``course``, ``activity``, ``score`` (with ``percent`` where it can be told), ``role``; of a reminder ``due`` (RFC
    3339) and ``before_s``; of a statement as such
    ``statement`` (its id), ``verb`` and ``voids``."""
    told: dict[str, Any] = {"kind": change.kind, "at": change.at, "learner": _learner(change.learner)}
    if change.course is not None:
        told["course"] = _course(change.course)
    activity: Activity | None = getattr(change, "activity", None)
    if activity is not None:
        told["activity"] = _activity(activity)
    score: Score | None = getattr(change, "score", None)
    if score is not None:
        told["score"] = _score(score)
    if role := getattr(change, "role", ""):
        told["role"] = role
    if isinstance(change, AssignmentDueSoon):
        told |= {"due": change.due, "before_s": change.before_s}
    if isinstance(change, StatementStored):
        told |= _known(statement=change.statement_id, verb=change.verb, voids=change.voids)
    return told


def _learner(learner: Learner) -> dict[str, Any]:
    """``key`` names them as the statement did (``account:HOMEPAGE|NAME``, ``mbox:ADDRESS``, …)."""
    more = _known(name=learner.name, email=learner.email, locale=learner.locale, timezone=learner.timezone)
    return {"key": learner.key, **more}


def _course(course: Course) -> dict[str, Any]:
    return {"id": course.id, **_known(name=course.name, code=course.code, external_id=course.external_id)}


def _activity(activity: Activity) -> dict[str, Any]:
    return {"id": activity.id, **_known(name=activity.name, type=activity.type)}


def _score(score: Score) -> dict[str, Any]:
    percent = None if score.percent is None else round(score.percent, 6)
    given = {"raw": score.raw, "min": score.min, "max": score.max, "percent": percent}
    return {name: value for name, value in given.items() if value is not None}


def _known(**members: str) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}
