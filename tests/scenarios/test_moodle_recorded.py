"""One real Moodle, told of twice: by its xAPI plugin and by its web services. Everything is announced once, whoever
tells first; and what the plugin lost is found."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from recorded_moodle import WWWROOT, RecordedMoodle, plugin_statements
from world import Campus, open_campus, route, source, tenant

from actors import sources
from actors.sources.moodle import CONNECTOR
from config.model import Tenant

WORDS = ("enrolled", "unenrolled", "completed", "graded", "suspended", "resumed", "completion_undone")
Thing = tuple[str, str, str, str]
"""(kind, learner, about what, score)."""


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> RecordedMoodle:
    moodle = RecordedMoodle()
    kind = type(CONNECTOR)(settings=CONNECTOR.settings, build=CONNECTOR.build, fake=lambda school: moodle)
    monkeypatch.setitem(sources.discover(), "moodle", kind)
    return moodle


def campus(**more: object) -> Tenant:
    given = {"wwwroot": WWWROOT, "every": "1d", "every_max": "2d", "full": None, **more}
    return tenant(route("all", *WORDS), sources=source("moodle", "campus", **given))


async def announced(world: Campus) -> Counter[Thing]:
    """What was told to people, by what it is about. Superseded is told by what supersedes it."""
    found: Counter[Thing] = Counter()
    for kind, change in await world.rows("SELECT kind, change FROM deliveries"):
        told = json.loads(change)
        about = (told.get("activity") or told.get("course"))["id"].removeprefix(WWWROOT)
        score = told.get("score") or {}
        raw = f"{score['raw']:g}/{score.get('min', 0):g}/{score['max']:g}" if score else ""
        found[kind, told["learner"]["key"].removeprefix(f"account:{WWWROOT}|"), about, raw] += 1
    return found


def by_plugin(statements: Iterable[Mapping[str, object]]) -> set[Thing]:
    """The same of what the plugin tells, read anew from its statements."""
    kinds = {
        "user_enrolment_created": "enrolled",
        "user_enrolment_deleted": "unenrolled",
        "user_enrolment_updated": "suspended",
        "course_module_completion_updated": "activity_completed",
        "course_completed": "course_completed",
        "submission_graded": "graded",
    }
    found = set()
    for each in json.loads(json.dumps(list(statements))):
        event = each["context"]["extensions"]["http://lrs.learninglocker.net/define/extensions/info"]["event_name"]
        kind = kinds.get(event.rpartition("\\")[2])
        if kind == "suspended" and each["verb"]["id"].endswith("resumed"):
            kind = "resumed"
        if kind is not None:
            about = each["object"]["id"].removeprefix(WWWROOT).partition("#")[0]
            score = each.get("result", {}).get("score", {})
            raw = f"{score['raw']:g}/{score['min']:g}/{score['max']:g}" if score else ""
            found.add((kind, each["actor"]["account"]["name"], about, raw))
    return found


SUSPENDED = "14"
"""Of whom Moodle's grade report and completion status tell nothing while their enrolment is suspended."""
RESULTS = frozenset({"activity_completed", "course_completed", "graded"})


def about_works(things: Iterable[Thing]) -> set[Thing]:
    """Results of pieces of work and of courses; the plugin tells of no course's total."""
    return {thing for thing in things if thing[0] in RESULTS and not (thing[0] == "graded" and "/course/" in thing[2])}


async def test_what_the_plugin_told_is_not_told_again(
    tmp_path: Path, autojump_clock: object, recorded: RecordedMoodle
) -> None:
    told = plugin_statements()
    async with open_campus(tmp_path, campus(first_sync="announce"), limited=False) as world:
        await world.tell(*told)
        await world.quiet(20_000)
        before = await announced(world)
        reading = await world.until_read()
        assert (reading.how, reading.quarantined) == ("finished", 0), reading
        await world.quiet(20_000)
        after = await announced(world)
        assert set(after.values()) == {1}
        assert by_plugin(told) <= set(after)
        assert set(before) <= set(after)
        assert about_works(after) == about_works(by_plugin(told))


async def test_what_the_web_services_told_is_not_told_again(
    tmp_path: Path, autojump_clock: object, recorded: RecordedMoodle
) -> None:
    told = plugin_statements()
    async with open_campus(tmp_path, campus(first_sync="announce"), limited=False) as world:
        await world.until_read()
        await world.quiet(20_000)
        first = await announced(world)
        assert about_works(first)
        await world.tell(*told)
        await world.quiet(20_000)
        after = await announced(world)
        assert set(after.values()) == {1}
        assert about_works(after) == about_works(by_plugin(told))


async def test_what_the_plugin_lost_is_found_and_told_once(
    tmp_path: Path, autojump_clock: object, recorded: RecordedMoodle
) -> None:
    told = plugin_statements()
    dice = random.Random(7)  # which ones are lost
    kept = [each for each in told if dice.random() < 0.6]
    async with open_campus(tmp_path, campus(first_sync="announce"), limited=False) as world:
        await world.tell(*kept)
        await world.until_read()
        await world.sync("full")
        await world.quiet(20_000)
        after = await announced(world)
        assert set(after.values()) == {1}
        lost = {thing for thing in about_works(by_plugin(told)) - about_works(by_plugin(kept)) if thing[1] != SUSPENDED}
        assert lost
        assert lost <= set(after)
        await world.tell(*[each for each in told if each not in kept])  # the plugin finds them again
        await world.quiet(20_000)
        assert await announced(world) >= after
        assert set((await announced(world)).values()) == {1}


async def test_an_unchanged_moodle_costs_its_people_and_grades_by_course(
    tmp_path: Path, autojump_clock: object, recorded: RecordedMoodle
) -> None:
    async with open_campus(tmp_path, campus(read=["assignments", "grades", "completions"])) as world:
        first = await world.until_read()
        assert first.told > 200
        recorded.calls.clear()
        again = await world.sync("delta")
        assert (again.how, again.changed, again.statements) == ("finished", 0, 0)
        assert sorted(recorded.calls) == [
            "core_course_get_courses",
            "core_enrol_get_enrolled_users",
            "core_enrol_get_enrolled_users",
            "gradereport_user_get_grade_items",
            "gradereport_user_get_grade_items",
            "mod_assign_get_assignments",
        ]
        full = await world.sync("full")
        assert (full.how, full.changed, full.gone, full.quarantined, full.statements) == ("finished", 0, 0, 0, 0)
