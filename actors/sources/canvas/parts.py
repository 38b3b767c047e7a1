"""What of a Canvas could not be read, and what was read whole after that: so that nobody is told of what was there
before.

Shut are courses and parts of them that are refused, courses that are over (their people and work are not read), and
what the settings leave out. A course that is not published yet is not shut: that its people are in it is news once it
is.
"""

from collections.abc import Generator, Iterable

from actors.domain.canonical import EntityName
from actors.domain.harvest import OF_COURSE, Answer, Opened, Order, Record, Shut, Step, parts_of
from actors.domain.xapi.moments import instant_us
from actors.sources.canvas import records
from actors.sources.canvas.reading import text_of
from actors.sources.canvas.records import Entry
from actors.sources.canvas.settings import CanvasSettings

KINDS: dict[str, tuple[EntityName, ...]] = {
    "assignments": ("assignment",),
    "submissions": ("submission", "grade"),
    "completions": ("completion",),
}
"""By the word of ``read``."""
OVER = "completed"
STATES = frozenset({"created", "claimed", "available", "completed"})
Steps = Generator[Step, Answer, None]


class Parts:
    """Of one run."""

    def __init__(self, settings: CanvasSettings, order: Order) -> None:
        self._settings = settings
        self._order = order
        left_out = [kind for word, kinds in KINDS.items() if word not in settings.read for kind in kinds]
        self._left_out = tuple(kind for kind in left_out if kind != "grade" or not settings.course_grades)
        courses = settings.courses
        self._all_shown = bool(courses.ids) or frozenset(courses.states) >= STATES

    def course(self, entry: Entry) -> Record | None:
        """One that is shown for the first time may have been there before: its number was not asked for, or the token
        did not see it. Where only published ones are listed, it is new."""
        made = instant_us(text_of(entry, "created_at")) if text_of(entry, "created_at") else 0
        return records.course(entry, made_us=(made or 0) if self._all_shown else None)

    def is_shut(self, course: str, *words: str) -> bool:
        """Whether any of this was never read whole, so that all of it is to be."""
        kinds = [kind for word in words for kind in KINDS[word]] if words else ["enrolment"]
        return any(self._order.is_shut(kind, course) for kind in kinds)  # type: ignore[arg-type]  # they are kinds

    def begin(self, courses: Iterable[Entry]) -> Steps:
        """What is not even tried."""
        over = [records.number(each.get("id")) for each in courses if each.get("workflow_state") == OVER]
        parts = [(kind, "") for kind in self._left_out] + [part for each in over for part in parts_of(each)]
        if self._order.mode == "full" and parts:
            yield Shut(parts=tuple(parts))

    def shut(self, course: str, *words: str) -> Steps:
        """It is refused: these words of ``read``, or without any the whole course."""
        kinds = tuple(kind for word in words for kind in KINDS[word]) if words else OF_COURSE
        yield Shut(parts=parts_of(course, kinds))

    def opened(self, course: str, *words: str) -> Steps:
        """It was read whole: these words of ``read``, or without any who is in it."""
        kinds = [kind for word in words for kind in KINDS[word]] if words else ["enrolment"]
        parts = tuple(part for part in parts_of(course, kinds) if part in self._order.shut)  # type: ignore[arg-type]  # as above
        if parts and self._order.mode != "backfill":
            yield Opened(parts=parts)

    def end(self) -> Steps:
        """What the settings do not leave out any more has been read everywhere, or is shut by course."""
        now_read = [kind for kind in OF_COURSE if kind not in self._left_out and (kind, "") in self._order.shut]
        if now_read and self._order.mode != "backfill":
            yield Opened(parts=tuple((kind, "") for kind in now_read))
