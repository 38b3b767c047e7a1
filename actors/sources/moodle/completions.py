"""Who completed what: two calls for each learner in each course, so of those only who may have done something.

That is whoever was in the course since the last reading (Moodle writes down when somebody was there last), sits there
newly, or has a new grade. A teacher who marks somebody's activity complete, or takes that back, shows only when
everything is read, unless Moodle's xAPI plugin tells of it at once.
"""

from collections.abc import Generator

from actors.domain.harvest import Answer, Progress, Record, Step
from actors.sources.moodle import records
from actors.sources.moodle.memory import SLACK_S, CourseSeen, Module, Run, Steps, pages
from actors.sources.moodle.parts import is_shut, refused
from actors.sources.moodle.wire import Denied, fields, number, objects
from actors.sources.moodle.work import modules

UNTRACKED = frozenset({"usernotenroled", "notenroled", "invaliduser"})
"""Errors that mean: of this person no completion is kept (a teacher, somebody suspended or just gone)."""
NO_CRITERIA = "nocriteriaset"


def completions(run: Run) -> Steps:
    asked = {
        course_id: _learners(run, run.courses[course_id])
        for course_id in run.rosters
        if course_id in run.courses and run.courses[course_id].completion
    }
    total, done = sum(len(each) for each in asked.values()), 0
    for course_id, learners in asked.items():
        if learners:
            yield Progress(what="completions", done=done, total=total)
            yield from _course(run, course_id, learners)
            done += len(learners)


def _learners(run: Run, course: CourseSeen) -> list[int]:
    """Those who may have completed something."""
    since_s, accesses = run.since_s - SLACK_S, run.accesses.get(course.id, {})
    fresh = run.fresh.get(course.id, set())
    everybody = run.broad or is_shut(run, course.id, "completions")
    return [
        user_id
        for user_id, seat in run.rosters[course.id].items()
        if not seat.suspended
        and not (seat.roles and records.STAFF.issuperset(seat.roles))
        and (everybody or accesses.get(user_id, 0) >= since_s or user_id in fresh)
    ]


def _course(run: Run, course_id: int, learners: list[int]) -> Steps:
    known = yield from modules(run, course_id)
    criteria = True
    found: list[Record] = []
    for user_id in learners:
        if criteria:
            told = yield from run.caller.call(
                "core_completion_get_course_completion_status", courseid=course_id, userid=user_id
            )
            if isinstance(told, Denied):
                if told.code in UNTRACKED:
                    continue
                if told.code != NO_CRITERIA:
                    run.note(f"course {course_id}: completions are left out: {told}")
                    refused(run, course_id, "completions")
                    break
                criteria = False
            else:
                status = fields(told).get("completionstatus")
                done = records.course_completion(status if isinstance(status, dict) else {}, course_id, user_id)
                found += [done] if run.wants(number(done.body.get("timecompleted"))) else []
        statuses = yield from _activities(run, course_id, user_id, known)
        if statuses is None:
            refused(run, course_id, "completions")
            break
        found += statuses
        if len(found) >= 200:
            yield from pages(found)
            found = []
    yield from pages(found)


def _activities(
    run: Run, course_id: int, user_id: int, known: dict[int, Module]
) -> Generator[Step, Answer, list[Record] | None]:
    """None: the token may not see them."""
    told = yield from run.caller.call(
        "core_completion_get_activities_completion_status", courseid=course_id, userid=user_id
    )
    if isinstance(told, Denied):
        if told.code in UNTRACKED:
            return []
        run.note(f"course {course_id}: completions are left out: {told}")
        return None
    found = []
    for each in objects(told, "statuses"):
        cmid = number(each.get("cmid"))
        name = known[cmid].name if cmid in known else ""
        record = records.activity_completion(each, course_id, user_id, run.settings.home_page, name)
        if run.wants(number(each.get("timecompleted"))):
            found.append(record)
    return found
