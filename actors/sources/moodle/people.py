"""Who is there, and who sits in which course.

Moodle tells no state of an enrolment: whoever is in the listing of all and not in that of the active ones is suspended.
Between the two calls, and between pages, people come and go: a difference counts once it has been seen twice in a row,
or as it was told last. Else it is as if nobody had looked: nobody is suspended or removed by a race.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence

import msgspec

from actors.domain.harvest import Answer, Halted, Progress, Record, Step, Whole
from actors.sources.moodle import records
from actors.sources.moodle.memory import CourseSeen, Roster, Run, Seat, Steps, pages
from actors.sources.moodle.parts import refused
from actors.sources.moodle.wire import Denied, Halt, number, objects

GUEST = 1
BY_FIELD = 100
"""So many people are asked for at once by their ids."""
TRIES = 4
PAGES_MAX = 2_000
Entry = Mapping[str, object]
Listing = dict[int, Entry]


def people(run: Run) -> Generator[Step, Answer, set[int]]:
    """Everybody, where all are to be read and were not before. Answers whom the listing shows."""
    listed: set[int] = set()
    known = bool(run.memory.faces) and not run.broad and not run.order.is_shut("user", "")
    if run.settings.people != "all" or known or "core_user_get_users" not in run.memory.functions:
        return listed
    yield Progress(what="people")
    told = yield from run.caller.call("core_user_get_users", criteria=[{"key": "email", "value": "%"}])
    if isinstance(told, Denied):
        run.note(told)
        run.refused.add(("user", ""))
        return listed
    run.people_told = True
    shown = [each for each in objects(told, "users") if number(each.get("id")) > GUEST]
    yield from pages(records.user(each, run.settings, form="user") for each in shown)
    return {number(each.get("id")) for each in shown}


def seats(run: Run, listed: set[int]) -> Steps:
    """Of each course who sits there, people first."""
    courses = [course for course in run.courses.values() if run.current(course)]
    for place, course in enumerate(courses):
        yield Progress(what="enrolments", done=place, total=len(courses))
        yield from _seats(run, course, listed)


def _seats(run: Run, course: CourseSeen, listed: set[int]) -> Steps:
    told = None if run.order.braked else run.memory.rosters.get(course.id)
    active, _ = yield from _listing(run, course.id, only_active=True)
    if active is None:
        run.unseen += 1
        refused(run, course.id)
        return
    run.accesses[course.id] = {user_id: number(each.get("lastcourseaccess")) for user_id, each in active.items()}
    if not run.broad and told is not None and _roster(active, active.keys()) == _active_of(told):
        run.rosters[course.id] = told
        yield from _faces(run, course.id, active, listed)
        return
    agreed = yield from _agreed(run, course.id, told, active)
    if agreed is None:
        run.unseen += 1
        refused(run, course.id)
        return
    everyone, roster, sure = agreed
    if not sure:
        run.note(f"course {course.id}: people kept coming and going while it was read; who left is found next time")
        run.unseen += 1
    yield from _faces(run, course.id, everyone, listed)
    if told is not None:
        run.fresh.setdefault(course.id, set()).update(roster.keys() - told.keys())
    yield from pages(
        records.enrolment(course.id, user_id, seat.roles, suspended=seat.suspended) for user_id, seat in roster.items()
    )
    run.rosters[course.id] = roster
    if sure and run.order.mode != "backfill":
        yield Whole(entity="enrolment", scope=str(course.id))
        run.sure[course.id] = roster


def _agreed(
    run: Run, course_id: int, told: Roster | None, active: Listing
) -> Generator[Step, Answer, tuple[Listing, Roster, bool] | None]:
    """All of a course, how they sit, and whether that is sure."""
    before: Roster | None = None
    everyone: Listing | None = None
    only: Listing | None = active
    for attempt in range(TRIES):
        if attempt:
            only, _ = yield from _listing(run, course_id, only_active=True)
        everyone, pages_read = yield from _listing(run, course_id, only_active=False)
        if everyone is None or only is None:
            return None
        roster = _roster(everyone, only.keys())
        at_once = pages_read == 1 and everyone.keys() == only.keys()
        if only.keys() <= everyone.keys() and (at_once or roster in (before, told)):
            return everyone, roster, True
        before = roster
    assert everyone is not None and only is not None  # noqa: S101, PT018 - TRIES is more than none
    both = everyone.keys() & only.keys()
    kept = {user_id: seat for user_id, seat in (told or {}).items() if user_id in everyone and user_id not in both}
    return everyone, _roster({user_id: everyone[user_id] for user_id in both}, both) | kept, False


def _roster(listing: Listing, active: Iterable[int]) -> Roster:
    inside = set(active)
    return {user_id: Seat(records.roles(each.get("roles")), user_id not in inside) for user_id, each in listing.items()}


def _active_of(roster: Roster) -> Roster:
    return {user_id: seat for user_id, seat in roster.items() if not seat.suspended}


def _listing(run: Run, course_id: int, *, only_active: bool) -> Generator[Step, Answer, tuple[Listing | None, int]]:
    """A course's people, by id, and how many pages that took; None: it is not shown."""
    found: Listing = {}
    size = run.settings.page
    for page in range(PAGES_MAX):
        options = {
            "onlyactive": int(only_active),
            "limitfrom": page * size,
            "limitnumber": size,
            "sortby": "id",
            "sortdirection": "ASC",
        }
        told = yield from run.caller.call(
            "core_enrol_get_enrolled_users",
            courseid=course_id,
            options=[{"name": name, "value": value} for name, value in options.items()],
        )
        if isinstance(told, Denied):
            run.note(f"course {course_id} is left out: {told}")
            return None, page
        shown = objects(told)
        found.update((number(each.get("id")), each) for each in shown if number(each.get("id")) > GUEST)
        if len(shown) < size:
            return found, page + 1
    raise Halt(Halted(why="faulted", detail=f"course {course_id}: its people do not end"))


# ── who they are ─────────────────────────────────────────────────────────────────────────────────────


def _faces(run: Run, course_id: int, shown: Listing, listed: set[int]) -> Steps:
    """Look at those whom we have not seen, or who look different."""
    faces = {user_id: records.face(each) for user_id, each in shown.items()}
    strange = [
        user_id
        for user_id, look in faces.items()
        if user_id not in listed and user_id not in run.seen and (run.broad or run.memory.faces.get(user_id) != look)
    ]
    if strange and listed:
        run.strangers = True
        run.note("some who are enrolled are not in the listing of all people, so nobody counts as gone from it")
    yield from _look(run, course_id, strange, shown)
    run.memory.faces.update(faces)


def _look(run: Run, course_id: int, strange: Sequence[int], shown: Listing) -> Steps:
    """By their ids; whom those functions do not show is told of as the course's listing does."""
    for start in range(0, len(strange), BY_FIELD):
        some = strange[start : start + BY_FIELD]
        found: list[Record] = []
        if "core_user_get_users_by_field" in run.memory.functions:
            told = yield from run.caller.call("core_user_get_users_by_field", field="id", values=some)
            if isinstance(told, Denied):
                run.note(told)
            else:
                found = [records.user(each, run.settings, form="user") for each in objects(told)]
        there = {record.id for record in found}
        lacking = [user_id for user_id in some if str(user_id) not in there]
        if lacking:
            run.note("some who are enrolled are shown by their courses only: their account may be seen in part")
        found += [records.user(shown[user_id], run.settings, form="member") for user_id in lacking]
        yield from pages(msgspec.structs.replace(each, via=str(course_id)) for each in found)
        run.seen.update(some)
