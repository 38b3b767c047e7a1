"""What a digest can say of itself: the order of its changes, what they share, and how many of each kind there are.

Changes stand by course, the courses in the order in which something first happened there, and within a course in the
order of time. What names no course comes last, what names no time after what does; equals keep the order they came in.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from actors.domain.changes import AnyChange
from actors.domain.people import Learner
from actors.domain.sandbox import Raw
from actors.domain.speech import moment_of
from actors.domain.views import NOBODY, CourseView, DigestView, LearnerView, View, view_of

LISTED_MAX = 500
"""Changes that one digest lists; whoever brings more has the rest counted."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {kind.__struct_config__.tag: place for place, kind in enumerate(AnyChange.__args__)}


def ordered(changes: Sequence[AnyChange]) -> list[AnyChange]:
    """The changes as they are listed."""
    timed = sorted(enumerate(changes), key=lambda each: (_time(each[1]), each[0]))
    courses: dict[str, int] = {}
    for _, change in timed:
        if change.course is not None:
            courses.setdefault(change.course.id, len(courses))
    timed.sort(key=lambda each: courses[each[1].course.id] if each[1].course else len(courses))  # sorting is stable
    return [change for _, change in timed]


def kinds(changes: Sequence[AnyChange]) -> list[tuple[str, int]]:
    """How many of each kind, the most frequent first."""
    return sorted(Counter(change.kind for change in changes).items(), key=lambda pair: (-pair[1], _KINDS[pair[0]]))


def overview(changes: Sequence[AnyChange], more: int, counts: Sequence[Raw]) -> DigestView:
    """What the changes have in common. ``counts`` says how many of each kind there are, in the reader's language."""
    moments = [moment for change in changes if (moment := moment_of(change.at)) is not None]
    return DigestView(
        count=len(changes) + more,
        more=more,
        counts=tuple(counts),
        course=_course(changes),
        learner=_learner(changes),
        since=min(moments, default=None),
        until=max(moments, default=None) if not more else None,
    )


def words_of(digest: DigestView, to_learner: bool) -> dict[str, Any]:
    """The words of the digest's own template: those of a change are there, as far as all changes share them."""
    words = View(
        kind="digest",
        learner=digest.learner,
        course=digest.course,
        activity=None,
        score=None,
        role="",
        at=digest.until or digest.since or "",
        due="",
        url=digest.course.url if digest.course else "",
        to_learner=to_learner,
        count=digest.count,
        digest=digest,
    )
    return msgspec.structs.asdict(words)


def _time(change: AnyChange) -> tuple[bool, datetime]:
    moment = moment_of(change.at)
    return (True, _EPOCH) if moment is None else (False, moment)


def _course(changes: Sequence[AnyChange]) -> CourseView | None:
    """The one course that all of them are about."""
    first = changes[0].course
    if first is None or any(change.course is None or change.course.id != first.id for change in changes):
        return None
    return view_of(changes[0], to_learner=False).course


def _learner(changes: Sequence[AnyChange]) -> LearnerView:
    first: Learner = changes[0].learner
    if any(change.learner.key != first.key for change in changes):
        return NOBODY
    return view_of(changes[0], to_learner=False).learner
