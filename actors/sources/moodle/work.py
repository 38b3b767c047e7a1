"""Courses, and what there is to do in them: assignments, what was handed in, and what it was worth.

Each is asked for many at a time. Grades come a course at a time, everybody's in one answer: where that is the same as
the last time, it tells nothing. Hidden grades are told as hidden; so is a course total that contains one.
"""

from collections.abc import Generator, Mapping, Sequence

from actors.domain.harvest import Answer, Halted, Progress, Record, Step, Whole
from actors.sources.moodle import records
from actors.sources.moodle.memory import SLACK_S, CourseSeen, Module, Run, Steps, pages
from actors.sources.moodle.parts import is_shut, refused
from actors.sources.moodle.wire import Denied, Halt, Told, number, objects

SITE = 1
"""The front page is a course, too."""
COURSES_AT_ONCE = 50
ASSIGNMENTS_AT_ONCE = 100
Thing = Mapping[str, object]


# ── courses ──────────────────────────────────────────────────────────────────────────────────────────


def courses(run: Run) -> Generator[Step, Answer, bool]:
    """Whether that were all there are, of those that are to be read."""
    yield Progress(what="courses")
    told, sure = yield from _courses(run)
    shown = [each for each in told if number(each.get("id")) > SITE and each.get("format") != "site"]
    wanted = set(run.settings.courses)
    if wanted:
        shown = [each for each in shown if number(each.get("id")) in wanted]
        for missing in sorted(wanted - {number(each.get("id")) for each in shown}):
            run.note(f"course {missing} is not there, or the token may not see it")
    for each in shown:
        seen = CourseSeen(
            id=number(each.get("id")),
            visible=each.get("visible", 1) not in (0, False),
            completion=each.get("enablecompletion", 1) not in (0, False),
            end_s=number(each.get("enddate")),
        )
        run.courses[seen.id] = seen
    yield from pages(records.course(each, named=bool(wanted)) for each in shown)
    return sure


def _courses(run: Run) -> Generator[Step, Answer, tuple[list[dict[str, object]], bool]]:
    """``core_course_get_courses`` tells all or refuses; the other one tells what the token may see. Where neither tells
    anything, nothing can be read: that is no reading in which nothing was new."""
    if "core_course_get_courses" in run.memory.functions:
        options = {"options": {"ids": list(run.settings.courses)}} if run.settings.courses else {}
        told = yield from run.caller.call("core_course_get_courses", **options)
        if isinstance(told, Told):
            return objects(told), True
        if "core_course_get_courses_by_field" not in run.memory.functions:
            raise Halt(Halted(why="faulted", detail=str(told)))
        run.note(told)
    asked: dict[str, object] = {}
    if run.settings.courses:
        asked = {"field": "ids", "value": ",".join(str(each) for each in run.settings.courses)}
    told = yield from run.caller.call("core_course_get_courses_by_field", **asked)
    if isinstance(told, Denied):
        raise Halt(Halted(why="faulted", detail=str(told)))
    return objects(told, "courses"), False


def modules(run: Run, course_id: int) -> Generator[Step, Answer, dict[int, Module]]:
    """A course's activities by course module: once a reading of everything, and as remembered else."""
    if course_id in run.memory.modules and (not run.broad or course_id in run.opened):
        return run.memory.modules[course_id]
    if "core_course_get_contents" not in run.memory.functions:
        return {}
    told = yield from run.caller.call(
        "core_course_get_contents", courseid=course_id, options=[{"name": "excludecontents", "value": 1}]
    )
    if isinstance(told, Denied):
        run.note(f"course {course_id}: {told}")
        return run.memory.modules.get(course_id, {})
    found: dict[int, Module] = {}
    for section in objects(told):
        inside = section.get("modules")
        for each in inside if isinstance(inside, list) else []:
            shown = each.get("visible", 1) not in (0, False) and section.get("visible", 1) not in (0, False)
            found[number(each.get("id"))] = Module(str(each.get("name") or ""), shown)
    run.memory.modules[course_id] = found
    run.opened.add(course_id)
    return found


def _is_visible(run: Run, course: CourseSeen, known: Mapping[int, Module], cmid: int) -> bool:
    return course.visible and (cmid not in known or known[cmid].visible)


# ── assignments ──────────────────────────────────────────────────────────────────────────────────────


def assignments(run: Run) -> Generator[Step, Answer, dict[int, tuple[int, int]]]:
    """By Moodle's own id of each: its course module and course. Where those of a course are as they were, they are
    not told again."""
    found: dict[int, tuple[int, int]] = {}
    ids = [each for each in run.rosters if each in run.courses]
    for start in range(0, len(ids), COURSES_AT_ONCE):
        yield Progress(what="assignments", done=start, total=len(ids))
        told = yield from run.caller.call(
            "mod_assign_get_assignments", courseids=ids[start : start + COURSES_AT_ONCE], includenotenrolledcourses=1
        )
        if isinstance(told, Denied):
            run.note(told)
            for each in ids[start : start + COURSES_AT_ONCE]:
                _is_blind(run, each)
            continue
        _warned(run, told)
        for shown in objects(told, "courses"):
            course = run.courses.get(number(shown.get("id")))
            work = shown.get("assignments")
            if course is not None and isinstance(work, list):
                found.update((number(each.get("id")), (number(each.get("cmid")), course.id)) for each in work)
                yield from _assignments(run, course, work)
    return found


def _assignments(run: Run, course: CourseSeen, work: list[Thing]) -> Steps:
    name = f"assignments {course.id}"
    if not run.broad and run.memory.same(name, work):
        return
    if not run.broad:
        run.memory.modules.pop(course.id, None)  # something is new there: look
    known = yield from modules(run, course.id)
    home = run.settings.home_page
    yield from pages(
        records.assignment(each, home, visible=_is_visible(run, course, known, number(each.get("cmid"))))
        for each in work
    )
    if run.order.mode != "backfill":
        run.memory.keep(name, work)


def _warned(run: Run, told: Told) -> None:
    """Courses whose work is not shown say so in warnings."""
    given = told.value.get("warnings") if isinstance(told.value, dict) else None
    for each in given if isinstance(given, list) else []:
        if isinstance(each, dict) and each.get("item") == "course":
            _is_blind(run, number(each.get("itemid")))
            run.note(f"course {number(each.get('itemid'))}: its assignments are not shown to the token")


def _is_blind(run: Run, course_id: int) -> None:
    """Its assignments are not shown, so nobody knows what was handed in there either."""
    run.blind.add(course_id)
    refused(run, course_id, "assignments", "submissions")


def submissions(run: Run, known: Mapping[int, tuple[int, int]]) -> Steps:
    """What was handed in since the last reading, or ever. A team's has no learner and is left out."""
    since_s = 0 if run.full else max(0, run.since_s - (SLACK_S if run.order.mode == "delta" else 0))
    anew: dict[bool, list[int]] = {True: [], False: []}
    for each, (_, course_id) in known.items():
        anew[run.order.mode == "delta" and is_shut(run, course_id, "submissions")].append(each)
    yield from _submissions(run, known, anew[True], 0)
    yield from _submissions(run, known, anew[False], since_s)


def _submissions(run: Run, known: Mapping[int, tuple[int, int]], ids: Sequence[int], since_s: int) -> Steps:
    for start in range(0, len(ids), ASSIGNMENTS_AT_ONCE):
        yield Progress(what="submissions", done=start, total=len(ids))
        some = ids[start : start + ASSIGNMENTS_AT_ONCE]
        told = yield from run.caller.call(
            "mod_assign_get_submissions",
            assignmentids=some,
            status="",
            since=since_s,
            before=run.until_s if run.order.mode == "backfill" else 0,
        )
        if isinstance(told, Denied):
            run.note(told)
            for each in some:
                refused(run, known[each][1], "submissions")
            continue
        found: list[Record] = []
        for shown in objects(told, "assignments"):
            cmid, course_id = known.get(number(shown.get("assignmentid")), (0, 0))
            inside = run.rosters.get(course_id, {})
            given = shown.get("submissions")
            for each in given if isinstance(given, list) else []:
                if number(each.get("userid")) in inside and each.get("latest", True):
                    found.append(records.submission(each, cmid, course_id))
        yield from pages(found)


# ── grades ───────────────────────────────────────────────────────────────────────────────────────────


def grades(run: Run) -> Steps:
    """Of every course that is current."""
    ids = [each for each in run.rosters if each in run.courses]
    for place, course_id in enumerate(ids):
        yield Progress(what="grades", done=place, total=len(ids))
        told = yield from run.caller.call("gradereport_user_get_grade_items", courseid=course_id)
        if isinstance(told, Denied):
            run.note(f"course {course_id}: {told}")
            run.blind.add(course_id)
            refused(run, course_id, "grades")
            continue
        shown = objects(told, "usergrades")
        name = f"grades {course_id}"
        if not run.broad and run.memory.same(name, shown):
            continue
        known = yield from modules(run, course_id)
        work, results = _results(run, run.courses[course_id], shown, known)
        yield from pages(work)
        yield from pages(results)
        if not any(number(each.get("userid")) in run.rosters[course_id] for each in shown):
            run.blind.add(course_id)  # nobody's grades name what is graded there
        known_all = run.rosters[course_id].keys() >= {number(each.get("userid")) for each in shown}
        if known_all and run.order.mode != "backfill":  # else somebody has just come: next time again
            run.memory.keep(name, shown)


def _results(
    run: Run, course: CourseSeen, shown: list[dict[str, object]], known: Mapping[int, Module]
) -> tuple[list[Record], list[Record]]:
    """What else than assignments is graded there, and the results."""
    work: dict[int, Record] = {}
    results: list[Record] = []
    apart = "assignments" in run.settings.read and course.id not in run.blind
    for each in shown:
        user_id = number(each.get("userid"))
        given = each.get("gradeitems")
        items = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
        if user_id not in run.rosters[course.id]:
            continue
        veiled = any(records.is_hidden(item) and item.get("graderaw") is not None for item in items)
        for item in items:
            cmid, graded_s = number(item.get("cmid")), number(item.get("gradedategraded"))
            total = item.get("itemtype") == "course"
            if total and not run.settings.course_grades:
                continue
            if not total and (item.get("itemtype") != "mod" or not cmid or item.get("itemnumber") not in (0, None)):
                continue  # categories, and columns without an activity or beside its own grade
            if cmid and cmid not in work and not (apart and item.get("itemmodule") == "assign"):
                seen = _is_visible(run, course, known, cmid)
                work[cmid] = records.graded_work(item, course.id, run.settings.home_page, visible=seen)
            if graded_s >= run.since_s - SLACK_S:
                run.fresh.setdefault(course.id, set()).add(user_id)
            if run.wants(graded_s):
                results.append(records.grade(item, course.id, user_id, veiled=total and veiled))
    return list(work.values()), results


def told_whole(run: Run) -> Steps:
    """Assignments that are gone: of courses of which all of them was shown."""
    for course_id in run.rosters:
        if run.full and course_id in run.courses and course_id not in run.blind:
            yield Whole(entity="assignment", scope=str(course_id))
