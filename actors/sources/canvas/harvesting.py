"""One reading of a Canvas: courses, people, then course by course who is in it, its work, and what became of that.

A delta asks for less, not otherwise: people only from the newest backwards until one is known, of what was handed in
and graded only what is later than the last reading. Neither of those shows that a grade was posted that had been
hidden, so courses with hidden grades (``hidden`` in the cursor) are asked for all that is graded, which costs no
request more. What a course refuses or does not have is left out visibly, and nothing in it is called gone.
"""

from collections.abc import Generator, Iterable, Mapping
from itertools import pairwise

from actors.domain.harvest import Answer, Ended, Finished, Halted, Harvest, Order, Page, Progress, Record, Step, Whole
from actors.domain.xapi.moments import instant_us, spelt
from actors.sources.canvas import records
from actors.sources.canvas.dates import Dates, sections_of
from actors.sources.canvas.parts import Parts
from actors.sources.canvas.reading import Closed, Query, Reader, closed, text_of
from actors.sources.canvas.records import Entry, number
from actors.sources.canvas.settings import CanvasSettings
from actors.sources.canvas.telling import Teller
from config.numbers import number_of

OVERLAP_US = 300_000_000
"""A delta asks for what is later than this before the last one began: answers may come from a copy that lags."""
HIDDEN_MAX = 300
"""Of courses with hidden grades that a cursor remembers; with more of them the rest waits for a full reading."""
NOTES_MAX = 5
ENROLMENT_STATES = ("active", "invited", "creation_pending", "inactive", "completed", "rejected", "deleted")
OPEN = "available"

Steps = Generator[Step, Answer, Halted | None]


class Harvesting:
    """One run. ``plain`` are courses that are known to have no module requirements; it is kept between runs."""

    def __init__(self, settings: CanvasSettings, reader: Reader, order: Order, plain: set[str]) -> None:
        self._settings = settings
        self._read = reader
        self._order = order
        self._plain = plain
        self._full = order.mode == "full"
        self._teller = Teller(reader, settings.page_size, full=self._full)
        self._since = _since(order)
        self._known_user = _whole_number(order.cursor.get("user", "")) if order.mode == "delta" else 0
        self._newest_user = self._known_user
        self._was_hidden = frozenset(order.cursor.get("hidden", "").split(",")) - {""}
        self._hidden: set[str] = set()
        self._listed: set[str] = set()
        self._people_whole = True
        self._parts = Parts(settings, order)
        self._left_out: list[str] = []

    def run(self) -> Harvest:
        courses = yield from self._courses()
        if isinstance(courses, Halted):
            return courses
        if not self._settings.courses.ids:
            halted = yield from self._people()
            if halted is not None:
                return halted
        yield from self._parts.begin(courses)
        wanted = [each for each in courses if each.get("workflow_state") in (OPEN, None)]
        for done, course in enumerate(wanted):
            yield Progress(what=f"course {number(course.get('id'))}", done=done, total=len(wanted))
            halted = yield from self._course(number(course.get("id")))
            if halted is not None:
                return halted
        if self._full and self._people_whole:
            yield Whole(entity="user")
        yield from self._parts.end()
        if self._order.mode != "backfill":
            yield Page(records=(), cursor=self._cursor())
        return self._ended(len(wanted))

    def _cursor(self) -> Mapping[str, str]:
        began_us = self._order.now_us if self._read.first_us is None else self._read.first_us
        hidden = sorted(self._hidden, key=int)[:HIDDEN_MAX]
        return {"since": spelt(began_us), "user": str(self._newest_user), "hidden": ",".join(hidden)}

    def _ended(self, courses: int) -> Ended:
        note = f"{number_of(courses, 'courses')}, {number_of(self._read.calls, 'requests')}"
        if self._left_out:
            more = len(self._left_out) - NOTES_MAX
            note += "; left out: " + "; ".join(self._left_out[:NOTES_MAX]) + (f"; and {more} more" if more > 0 else "")
        return Finished(note=note)

    # ── courses ──────────────────────────────────────────────────────────────────────────────────────

    def _courses(self) -> Generator[Step, Answer, list[Entry] | Halted]:
        """All that are wanted, told."""
        yield Progress(what="courses")
        given = self._settings.courses
        if given.ids:
            return (yield from self._named(given.ids))
        query = [("include[]", "term"), *(("state[]", state) for state in given.states)]
        if len(given.terms) == 1:
            query.append(("enrollment_term_id", given.terms[0]))
        found: dict[str, Entry] = {}

        def make(entry: Entry) -> Iterable[Record | None]:
            if given.terms and number(entry.get("enrollment_term_id")) not in given.terms:
                return
            found[number(entry.get("id"))] = entry
            yield self._parts.course(entry)

        path = f"accounts/{self._settings.account}/courses"
        trouble = yield from self._teller.tell("courses", path, query, make, Whole(entity="course"))
        if isinstance(trouble, Closed):
            return closed(trouble)
        return trouble if trouble is not None else list(found.values())

    def _named(self, ids: tuple[str, ...]) -> Generator[Step, Answer, list[Entry] | Halted]:
        found: list[Entry] = []
        for one in dict.fromkeys(ids):
            url = self._read.url(f"courses/{one}", [("include[]", "term")])
            said = yield from self._read.get("course", url)
            if isinstance(said, Halted):
                return said
            if isinstance(said, Closed):
                yield from self._parts.shut(one)
                self._leave_out(one, said)
                self._people_whole = False
                continue
            entry = said.body
            told = self._parts.course(entry) if isinstance(entry, dict) else None
            if told is None:
                return Halted(why="faulted", detail=f"Canvas: course {one}: no course came")
            yield Page(records=(told,))
            found.append(told.body)
        return found

    # ── people ───────────────────────────────────────────────────────────────────────────────────────

    def _people(self) -> Steps:
        """Those of the account. A delta begins with the newest and ends at the first page that has a known one, if
        the pages are in that order at all: an older Canvas does not know it."""
        yield Progress(what="people")
        newest_first = self._known_user > 0
        query = [("include[]", "email"), ("sort", "id"), ("order", "desc" if newest_first else "asc")]
        last = 0

        def make(entry: Entry) -> Iterable[Record | None]:
            yield self._person(records.user(entry))

        def enough(entries: list[dict[str, object]]) -> bool:
            nonlocal last
            ids = [_whole_number(number(each.get("id"))) for each in entries]
            ordered = all(one > other for one, other in pairwise(ids))
            ordered = ordered and (not last or not ids or last > ids[0])
            last = ids[-1] if ids else last
            return newest_first and ordered and bool(ids) and ids[-1] <= self._known_user

        path = f"accounts/{self._settings.account}/users"
        trouble = yield from self._teller.tell("users", path, query, make, sure=True, enough=enough)
        if isinstance(trouble, Closed):
            return closed(trouble)
        return trouble

    def _people_of(self, course: str) -> Generator[Step, Answer, Halted | Closed | None]:
        query = [("include[]", "email")]
        query += [("enrollment_state[]", state) for state in ("active", "invited", "completed", "inactive")]

        def make(entry: Entry) -> Iterable[Record | None]:
            yield self._person(records.user(entry, form="course_user", via=course))

        return (yield from self._teller.tell("course_users", f"courses/{course}/users", query, make, sure=True))

    def _person(self, told: Record | None) -> Record | None:
        """Once a run."""
        if told is None or told.id in self._listed:
            return None
        self._listed.add(told.id)
        if (own := _whole_number(told.id)) < records.SHARD:  # those of other shards have larger numbers
            self._newest_user = max(self._newest_user, own)
        return told

    # ── a course ─────────────────────────────────────────────────────────────────────────────────────

    def _course(self, course: str) -> Steps:
        """Its people; then, where they could be read, its work."""
        if self._settings.courses.ids:
            trouble = yield from self._people_of(course)
            if isinstance(trouble, Halted):
                return trouble
            if trouble is not None:
                return (yield from self._closed(course, trouble))
        sections = yield from self._enrolments(course)
        if isinstance(sections, Halted):
            return sections
        if isinstance(sections, Closed):
            return (yield from self._closed(course, sections))
        yield from self._parts.opened(course)
        points: dict[str, object] = {}
        parts: list[tuple[str, Generator[Step, Answer, Halted | Closed | None]]] = [
            ("assignments", self._assignments(course, sections, points)),
            ("submissions", self._submissions(course, points)),
            ("completions", self._completions(course)),
        ]
        for part, reading in parts:
            if part not in self._settings.read:
                reading.close()
                continue
            trouble = yield from reading
            if isinstance(trouble, Halted):
                return trouble
            if trouble is None or trouble.why == "none":
                yield from self._parts.opened(course, part)
                continue
            self._leave_out(course, trouble)
            if part == "assignments":
                yield from self._parts.shut(course, *self._settings.read)
                return None
            yield from self._parts.shut(course, part)
        return None

    def _closed(self, course: str, why: Closed) -> Steps:
        """Its people are not shown, so nothing of it is read."""
        self._people_whole = False
        self._leave_out(course, why)
        yield from self._parts.shut(course)
        return None

    def _enrolments(self, course: str) -> Generator[Step, Answer, Mapping[str, frozenset[str]] | Halted | Closed]:
        """Who learns in which section. Who is in it and was not among the people listed comes along with it."""
        seen: list[Entry] = []
        looks = self._full or self._parts.is_shut(course)

        def make(entry: Entry) -> Iterable[Record | None]:
            told = records.enrolment(entry)
            person = entry.get("user")
            if looks and told is not None and not told.gone and isinstance(person, dict):
                yield self._person(records.user(person, form="enrolled_user", via=course))
            seen.append(
                {name: entry.get(name) for name in ("type", "enrollment_state", "course_section_id", "user_id")}
            )
            yield told
            if self._settings.course_grades:
                yield records.course_grade(entry)

        query = [("state[]", state) for state in ENROLMENT_STATES]
        whole = Whole(entity="enrolment", scope=course)
        trouble = yield from self._teller.tell("enrolments", f"courses/{course}/enrollments", query, make, whole)
        return sections_of(seen) if trouble is None else trouble

    def _assignments(
        self, course: str, sections: Mapping[str, frozenset[str]], points: dict[str, object]
    ) -> Generator[Step, Answer, Halted | Closed | None]:
        """The dates are those of the assignment itself, not those that would hold for whoever asks."""
        dates = Dates(self._read, self._settings.page_size, course, sections)

        def make(entry: Entry) -> Iterable[Record | None]:
            points[number(entry.get("id"))] = entry.get("points_possible")
            yield records.assignment(dates.dated(entry))

        query = [("include[]", "overrides"), ("include[]", "all_dates"), ("override_assignment_dates", "false")]
        query.append(("order_by", "position"))
        whole = Whole(entity="assignment", scope=course)
        path = f"courses/{course}/assignments"
        trouble = yield from self._teller.tell("assignments", path, query, make, whole, first=dates.learn)
        for closed_part in dates.closed:
            self._leave_out(course, closed_part)
        return trouble

    def _submissions(
        self, course: str, points: Mapping[str, object]
    ) -> Generator[Step, Answer, Halted | Closed | None]:
        """Everything, or what is newer: once by when it was handed in, once by when it was graded."""

        def make(entry: Entry) -> Iterable[Record | None]:
            if number(entry.get("assignment_id")) not in points:
                return  # of an assignment that is not shown: it was taken away meanwhile
            grade = records.grade(entry, course, points.get(number(entry.get("assignment_id"))))
            if grade is not None and entry.get("posted_at") is None and entry.get("score") is not None:
                self._hidden.add(course)
            if self._meant(entry):
                yield records.handed_in(entry, course)
                yield grade

        if not points:
            return None
        if not self._since or (self._order.mode == "delta" and self._parts.is_shut(course, "submissions")):
            filters: list[Query] = [()]
        elif course in self._was_hidden:
            filters = [[("submitted_since", self._since)], [("workflow_state", "graded")]]
        else:
            filters = [[("submitted_since", self._since)], [("graded_since", self._since)]]
        for more in filters:
            query = [("student_ids[]", "all"), *more]
            path = f"courses/{course}/students/submissions"
            trouble = yield from self._teller.tell("submissions", path, query, make)
            if trouble is not None:
                self._hidden |= {course} & self._was_hidden
                return trouble
        return None

    def _completions(self, course: str) -> Generator[Step, Answer, Halted | Closed | None]:
        if not self._full and course in self._plain:
            return None

        def make(entry: Entry) -> Iterable[Record | None]:
            yield records.completion(entry, course)

        trouble = yield from self._teller.tell("completions", f"courses/{course}/bulk_user_progress", (), make)
        known = isinstance(trouble, Closed) and trouble.why == "none"
        (self._plain.add if known else self._plain.discard)(course)
        return trouble

    def _meant(self, entry: Entry) -> bool:
        """Of a backfill: whether anything of it happened before its end."""
        if not self._order.until:
            return True
        until_us = instant_us(self._order.until)
        times = (text_of(entry, name) for name in ("submitted_at", "graded_at"))
        return any(until_us is None or (instant_us(time) or 0) <= until_us for time in times if time)

    def _leave_out(self, course: str, why: Closed) -> None:
        self._left_out.append(f"course {course}: {why.detail}")


def _since(order: Order) -> str:
    """From when on submissions are asked for, as Canvas wants it; empty: all."""
    if order.mode == "full":
        return ""
    given = order.since if order.mode == "backfill" else order.cursor.get("since", "")
    since_us = instant_us(given)
    if since_us is None:
        return ""
    overlap_us = OVERLAP_US if order.mode == "delta" else 0
    return spelt(since_us - overlap_us)[:19] + "Z"


def _whole_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 25 else 0
