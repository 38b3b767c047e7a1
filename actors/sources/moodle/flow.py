"""A Moodle as a source: what a reading does, in which order.

People, courses, who sits where, then what they do there: what is referred to comes first. What is absent is only told
where all of it was shown: ``core_course_get_courses`` shows every course there is or refuses, so that a course that is
missing there is gone, and with it everybody's seat in it.
"""

from datetime import datetime

from actors.domain.harvest import Finished, Halted, Harvest, Hearing, Inbound, Order, Page, Whole
from actors.domain.outbox import Rate
from actors.ports import Bearing, Reveal
from actors.sources.calls import called
from actors.sources.moodle import completions, parts, people, work
from actors.sources.moodle.memory import Memory, Run, Steps
from actors.sources.moodle.settings import MoodleSettings
from actors.sources.moodle.wire import Caller, Denied, Halt, fields, objects

SINCE = "since"
ALWAYS = ("core_enrol_get_enrolled_users",)
EITHER = (
    ("core_course_get_courses", "core_course_get_courses_by_field"),
    ("core_user_get_users", "core_user_get_users_by_field"),
)
"""Of each of these one will do."""
OF_PART = {
    "assignments": ("mod_assign_get_assignments",),
    "submissions": ("mod_assign_get_submissions",),
    "grades": ("gradereport_user_get_grade_items",),
    "completions": (
        "core_completion_get_activities_completion_status",
        "core_completion_get_course_completion_status",
        "core_course_get_contents",
    ),
}


class MoodleSource:
    """One Moodle. It remembers what it told last (``memory``)."""

    kind = "moodle"
    polls = True

    def __init__(self, settings: MoodleSettings, reveal: Reveal, bearing: Bearing) -> None:
        self.home_page = settings.home_page
        self._settings = settings
        self._reveal = reveal
        self._bearing = bearing
        self._caller = Caller(settings, reveal)
        self._memory = Memory()

    def rate(self, bucket: str) -> Rate:
        return self._settings.rate

    def hear(self, inbound: Inbound, now_us: int) -> Hearing:
        """That something is new. Its plugin speaks xAPI: to a source of kind ``xapi``."""
        advice = "Moodle's xAPI plugin sends to a source of kind xapi; hook_secret has it called to be read"
        return called(self._settings, self._reveal, inbound, now_us, self._bearing.source, advice)

    def hello(self) -> Harvest:
        try:
            told = yield from self._caller.call("core_webservice_get_site_info")
            note, _ = introduced(told, self._settings)
        except Halt as halt:
            return halt.ended
        return Finished(note=note)

    def harvest(self, order: Order) -> Harvest:
        run = Run(settings=self._settings, caller=self._caller, memory=self._memory, order=order)
        if order.mode == "backfill":
            run.since_s, run.until_s = _seconds(order.since, 0), _seconds(order.until, run.now_s)
        elif order.mode == "delta":
            run.since_s = _whole_number(order.cursor.get(SINCE, ""))
        return (yield from self._ended(run))

    def _ended(self, run: Run) -> Harvest:
        try:
            yield from self._read(run)
        except Halt as halt:
            return halt.ended
        return Finished(note="; ".join(run.notes))

    def _read(self, run: Run) -> Steps:
        wanted = self._settings.read
        if run.broad or not self._memory.functions:
            told = yield from self._caller.call("core_webservice_get_site_info")
            _, self._memory.functions = introduced(told, self._settings)
        listed = yield from people.people(run)
        all_courses = yield from work.courses(run)
        yield from people.seats(run, listed)
        if "assignments" in wanted:
            known = yield from work.assignments(run)
            if "submissions" in wanted:
                yield from work.submissions(run, known)
        if "grades" in wanted:
            yield from work.grades(run)
        if "completions" in wanted:
            yield from completions.completions(run)
        if run.full:
            yield from work.told_whole(run)
            if listed and not run.strangers and not run.unseen:
                yield Whole(entity="user")
            if all_courses:
                yield Whole(entity="course")
            if all_courses and not run.unseen and not self._settings.courses:
                yield Whole(entity="enrolment")
        yield from parts.told(run)
        if run.order.mode != "backfill":
            yield Page(records=(), cursor={SINCE: str(run.now_s)})
        run.memory.rosters.update(run.sure)  # not before it is on disk who has left


def introduced(told: object, settings: MoodleSettings) -> tuple[str, frozenset[str]]:
    """Who we are there, and which functions the token may call. Raises Halt where one is missing that is needed, or
    where the site calls itself something else than we do."""
    if isinstance(told, Denied):
        raise Halt(Halted(why="refused", detail=str(told)))
    said = fields(told)  # type: ignore[arg-type]  # an object, as site info always is
    functions = frozenset(str(each.get("name")) for each in objects(told, "functions"))  # type: ignore[arg-type]  # as above
    site = str(said.get("siteurl") or "").rstrip("/")
    if site and site != settings.home_page:
        name = site[:200]
        detail = f'it calls itself {name}, and people and activities are named by that: say wwwroot = "{name}"'
        raise Halt(Halted(why="refused", detail=detail))
    lacking = [name for name in ALWAYS if name not in functions]
    lacking += [pair[0] for pair in EITHER if functions.isdisjoint(pair)]
    lacking += [name for part in settings.read for name in OF_PART[part] if name not in functions]
    if lacking:
        detail = f"the external service lacks {', '.join(lacking)}: add them, or take what they are for out of read"
        raise Halt(Halted(why="refused", detail=detail))
    who = f"{str(said.get('username') or '?')[:100]} at {str(said.get('sitename') or '?')[:100]}"
    return f"{who}, Moodle {str(said.get('release') or '?')[:60]}", functions


def _whole_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0


def _seconds(text: str, otherwise: int) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        return otherwise
