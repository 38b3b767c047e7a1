"""From a Moodle to a Slack post and a Teams post, by its web services alone."""

from pathlib import Path

from world import Campus, open_campus, route, source, tenant

from actors.domain.school import Class, Pupil
from actors.ports import Fault
from config.model import Audience

WORDS = ("enrolled", "unenrolled", "suspended", "resumed", "role_changed", "graded", "submitted", "completed",
         "completion_undone", "assignment_posted", "user_created", "user_updated")  # fmt: skip
TEAM = Audience(team="5f0e1c5a-0000-4000-8000-00000000c0de", channel="19:general@thread.tacv2")
ACME = tenant(
    route("chat", *WORDS),
    route("staff", *WORDS, to="teams", audience=TEAM),
    sources=source("moodle", course_grades=True),
)


async def said(campus: Campus) -> list[str]:
    """Kinds of what reached Slack, in order; Teams got the same."""
    await campus.quiet(20_000)
    rows = await campus.rows("SELECT kind, lane, state FROM deliveries WHERE lane LIKE '%slack' ORDER BY seq")
    assert len(campus.journal("slack")) == len(campus.journal("teams")) == len(rows)
    return [kind for kind, _, _ in rows]


def first(campus: Campus) -> tuple[Pupil, Class]:
    return next(iter(campus.school.people.values())), next(iter(campus.school.courses.values()))


async def test_what_happens_at_a_moodle_is_posted_once(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, ACME, limited=False) as campus:
        reading = await campus.until_read()
        assert (reading.how, reading.quarantined) == ("finished", 0), reading
        assert await said(campus) == [], "how things stand is no news"
        school, (_, course) = campus.school, first(campus)
        hedy = list(school.people.values())[8]
        work = next(each for each in school.works.values() if each.course == course.id)

        def now_s() -> float:
            return campus.clock.now_us() / 1e6

        school.enrol(hedy, course, now_s())
        assert (await campus.sync()).how == "finished"
        assert await said(campus) == ["enrolled"]
        school.submit(work, hedy, now_s())
        school.grade(work, hedy, 64.0, now_s(), posted=False)
        school.complete(work, hedy, now_s())
        school.finish(course, hedy, now_s())
        await campus.sync()
        assert sorted((await said(campus))[1:]) == ["activity_completed", "course_completed", "submitted"]
        school.grade(work, hedy, 64.0, now_s(), posted=True)
        await campus.sync()
        assert (await said(campus))[4:] == ["graded", "graded"], "of the paper, and of the course"
        for _ in range(2):
            again = await campus.sync()
            assert again.statements == 0
        full = await campus.sync("full")
        assert (full.statements, full.gone, full.quarantined) == (0, 0, 0)
        assert len(await said(campus)) == 6


async def test_who_is_suspended_and_who_leaves(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, ACME, limited=False) as campus:
        await campus.until_read()
        ada, course = first(campus)
        seat = next(
            each for each in campus.school.memberships.values() if (each.user, each.course) == (ada.id, course.id)
        )
        for change, kind in (
            ({"state": "inactive"}, "suspended"),
            ({"state": "active"}, "resumed"),
            ({"role": "ta"}, "role_changed"),
            ({"state": "deleted"}, "unenrolled"),
        ):
            before = len(await said(campus))
            campus.school.change_membership(seat, campus.clock.now_us() / 1e6, **change)
            await campus.sync()
            assert (await said(campus))[before:] == [kind]


async def test_what_is_undone_and_who_is_new_is_found_by_the_nightly_reading(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, ACME, limited=False) as campus:
        school = campus.school
        ada, course = first(campus)
        work = next(each for each in school.works.values() if each.course == course.id)
        school.complete(work, ada, campus.clock.now_us() / 1e6 - 90_000)
        await campus.until_read()
        school.mark_of(work, ada).complete_s = None
        school.add_person("Alan", "Turing", campus.clock.now_us() / 1e6)
        await campus.sync("full")
        assert sorted(await said(campus)) == ["completion_undone", "user_created"]


async def test_a_moodle_that_breaks_off_removes_nobody(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, ACME, limited=False) as campus:
        await campus.until_read()
        fake = campus.sources["moodle"]
        for value in ("sitemaintenance", "cut", "errorcoursecontextnotvalid"):
            fault = Fault(kind="error", operation="core_enrol_get_enrolled_users", value=value, times=0, skip=2)
            fake.fault(fault)
            reading = await campus.sync("full")
            fake.clear_faults()
            assert (reading.gone, reading.statements) == (0, 0), reading
        assert await said(campus) == []
