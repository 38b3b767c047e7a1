"""What one reading shares, and what is remembered between readings: all of it can be done without.

Moodle cannot be asked what is new. So a source remembers what it told last (who sits in which course, what the grades
of a course looked like, by a digest): where an answer is the same again, nothing else needs to be asked. After a
restart the first reading asks for all of that once more.
"""

from collections.abc import Generator, Iterable
from hashlib import blake2b

import msgspec

from actors.domain.harvest import Answer, Order, Page, Part, Record, Step
from actors.sources.moodle.settings import MoodleSettings
from actors.sources.moodle.wire import Caller, Denied

PAGE = 500
"""Records on one page, which is one transaction."""
SLACK_S = 600
"""Learners may do things so long after the access that Moodle wrote down (it does so once a minute), clocks differ,
and Moodle completes courses by a task that runs every minute."""
NOTES_MAX = 20

Steps = Generator[Step, Answer, None]


class Seat(msgspec.Struct, frozen=True):
    """Somebody in a course: the short names of their roles, and whether their enrolment is suspended."""

    roles: tuple[str, ...]
    suspended: bool


Roster = dict[int, Seat]


class CourseSeen(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    visible: bool
    completion: bool
    end_s: int


class Module(msgspec.Struct, frozen=True):
    """An activity in a course, by its course module."""

    name: str
    visible: bool


class Memory(msgspec.Struct, kw_only=True):
    """Of one source. ``faces``: of everybody in a course, what its listing tells of them (a hash)."""

    functions: frozenset[str] = frozenset()
    rosters: dict[int, Roster] = {}
    faces: dict[int, int] = {}
    modules: dict[int, dict[int, Module]] = {}
    answers: dict[str, bytes] = {}

    def same(self, name: str, value: object) -> bool:
        """Whether this answer is as it was the last time ``keep`` was told of it."""
        return self.answers.get(name) == digest(value)

    def keep(self, name: str, value: object) -> None:
        self.answers[name] = digest(value)


class Run(msgspec.Struct, kw_only=True):
    """One reading. ``since_s``: when the last one began, 0 where there was none; ``until_s`` is a backfill's."""

    settings: MoodleSettings
    caller: Caller
    memory: Memory
    order: Order
    since_s: int = 0
    until_s: int = 0
    courses: dict[int, CourseSeen] = {}
    rosters: dict[int, Roster] = {}
    sure: dict[int, Roster] = {}
    """Those of which it was told who has left."""
    accesses: dict[int, dict[int, int]] = {}
    """By course and user, when they were there last."""
    fresh: dict[int, set[int]] = {}
    """By course, who sits there newly, or has a new grade."""
    seen: set[int] = set()
    """Who was looked at by their id."""
    opened: set[int] = set()
    """Courses whose contents were read in this reading."""
    blind: set[int] = set()
    """Courses whose work is not shown whole."""
    refused: set[Part] = set()
    """What could not be read."""
    people_told: bool = False
    """Whether the listing of all people was shown."""
    notes: list[str] = []
    unseen: int = 0
    """Courses that could not be read."""
    strangers: bool = False
    """Whether somebody is enrolled whom the listing of all people does not show: then it may lack others, too."""

    @property
    def full(self) -> bool:
        return self.order.mode == "full"

    @property
    def broad(self) -> bool:
        """Everything is read, not only what may be new."""
        return self.order.mode != "delta" or self.since_s == 0

    @property
    def now_s(self) -> int:
        return self.order.now_us // 1_000_000

    def wants(self, at_s: int) -> bool:
        """Whether something of that time is asked for: a backfill has bounds."""
        return self.order.mode != "backfill" or self.since_s <= at_s <= self.until_s

    def current(self, course: CourseSeen) -> bool:
        """A course that ended is read with everything only."""
        return self.broad or course.end_s == 0 or course.end_s > self.now_s - 14 * 86_400

    def note(self, denied: Denied | str) -> None:
        text = str(denied)
        if text not in self.notes and len(self.notes) < NOTES_MAX:
            self.notes.append(text)


def digest(value: object) -> bytes:
    return blake2b(msgspec.json.encode(value), digest_size=16).digest()


def pages(records: Iterable[Record]) -> Steps:
    """Records as pages of a bounded length."""
    held: list[Record] = []
    for record in records:
        held.append(record)
        if len(held) == PAGE:
            yield Page(records=tuple(held))
            held = []
    if held:
        yield Page(records=tuple(held))
