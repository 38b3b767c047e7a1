"""A change as templates see it: every word is there for every kind of change, empty where it says nothing.

Names come from the LMS. They are kept to one line and a bounded length, so that none can break out of a title, fake
a fact or fill a post.
"""

import re
from datetime import datetime
from typing import TypeAlias

import msgspec

from actors.domain import changes
from actors.domain.changes import AnyChange
from actors.domain.people import Learner
from actors.domain.sandbox import Raw
from actors.domain.speech import moment_of

NAME_CHARS_MAX = 300
URL_CHARS_MAX = 1_000
_NO_ADDRESS = re.compile(r'[ <>"]')

When: TypeAlias = datetime | str


class LearnerView(msgspec.Struct, frozen=True):
    """``{{ learner }}`` is the name, else the e-mail address, else the account."""

    name: str
    email: str
    account: str

    def __str__(self) -> str:
        return self.name

    def __bool__(self) -> bool:
        return bool(self.name)


NOBODY = LearnerView(name="", email="", account="")
"""Where several learners are meant: false in an ``if``, empty in the text."""


class CourseView(msgspec.Struct, frozen=True):
    """``{{ course }}`` is the name, else the code, else an id."""

    name: str
    code: str
    id: str
    external_id: str
    url: str

    def __str__(self) -> str:
        return self.name


class ActivityView(msgspec.Struct, frozen=True):
    """``{{ activity }}`` is the name, else the id."""

    name: str
    id: str
    type: str
    url: str

    def __str__(self) -> str:
        return self.name


class DigestView(msgspec.Struct, frozen=True):
    """A digest as a whole. ``counts`` are phrases (``3 completions``), the most frequent kind first; ``more`` changes
    are neither listed nor in them. ``course`` and ``learner`` are there where all listed changes share them; ``since``
    is the first one's time and ``until`` the last one's, which is not known where there are more."""

    count: int
    more: int
    counts: tuple[Raw, ...]
    course: CourseView | None
    learner: LearnerView
    since: datetime | None
    until: datetime | None


class ScoreView(msgspec.Struct, frozen=True):
    """Points; ``percent`` is a number from 0 to 100, or none where the least and the most are not known."""

    raw: float | None
    min: float | None
    max: float | None
    percent: float | None


NAMED = (LearnerView, CourseView, ActivityView)


class View(msgspec.Struct, frozen=True):
    """The words of a template; what is None is false in an ``if`` and empty in the text."""

    kind: str
    learner: LearnerView
    course: CourseView | None
    activity: ActivityView | None
    score: ScoreView | None
    role: str
    at: When
    due: When
    """When work is due; empty where it is not about that."""
    url: str
    to_learner: bool
    """Whether the learner alone reads this."""
    count: int = 1
    """How many changes this is about."""
    digest: DigestView | None = None
    """The digest in which the change is a line."""


WORDS = frozenset(View.__struct_fields__)


def view_of(change: AnyChange, to_learner: bool) -> View:
    course = _course(change.course) if change.course is not None else None
    activity = _activity(getattr(change, "activity", None))
    score = getattr(change, "score", None)
    return View(
        kind=change.kind,
        learner=_learner(change.learner),
        course=course,
        activity=activity,
        score=ScoreView(score.raw, score.min, score.max, score.percent) if score is not None else None,
        role=one_line(getattr(change, "role", "")),
        at=moment_of(change.at) or one_line(change.at),
        due=moment_of(getattr(change, "due", "")) or "",
        url=(activity.url if activity else "") or (course.url if course else ""),
        to_learner=to_learner,
    )


def one_line(text: str) -> str:
    """Without line breaks and control characters, and not longer than a name."""
    if len(text) <= NAME_CHARS_MAX and text.isprintable() and "  " not in text:
        return text
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: 2 * NAME_CHARS_MAX]).split())
    return line if len(line) <= NAME_CHARS_MAX else line[: NAME_CHARS_MAX - 1] + "…"


def web_address(text: str) -> str:
    """The text if it is a web address, else nothing: an IRI may be a name only."""
    plain = text.startswith(("https://", "http://")) and len(text) <= URL_CHARS_MAX
    return text if plain and text.isprintable() and not _NO_ADDRESS.search(text) else ""


def _learner(learner: Learner) -> LearnerView:
    account = one_line(learner.key.rpartition("|")[2] if learner.key.startswith("account:") else learner.key)
    email = one_line(learner.email)
    return LearnerView(name=one_line(learner.name).strip() or email or account, email=email, account=account)


def _course(course: changes.Course) -> CourseView:
    code, external_id = one_line(course.code), one_line(course.external_id)
    return CourseView(
        name=one_line(course.name) or code or external_id or one_line(course.id),
        code=code,
        id=one_line(course.id),
        external_id=external_id,
        url=web_address(course.id),
    )


def _activity(activity: changes.Activity | None) -> ActivityView | None:
    if activity is None:
        return None
    return ActivityView(
        name=one_line(activity.name) or one_line(activity.id),
        id=one_line(activity.id),
        type=one_line(activity.type),
        url=web_address(activity.id),
    )
