"""What could not be read at first is how things stand once it can be; what comes after that is news, and so is a course
that is made later."""

from pathlib import Path

import pytest
import world
from joserfc.jwk import RSAKey
from world import Campus, open_campus, route, source, tenant

from actors.domain.school import Class
from actors.ports import Fault
from actors.sources.canvas.fake import TOKEN, FakeCanvas
from config.model import Tenant

WORDS = ("enrolled", "unenrolled", "graded", "submitted", "assignment_posted", "course_completed", "user_created")
LTI = {
    "issuer": "http://sandbox.test/lti",
    "client_id": "sandbox",
    "token_url": "http://sandbox.test/lti/token",
    "private_key": {"env": "tool"},
    "key_id": "k1",
}
SETTINGS: dict[str, dict[str, object]] = {
    "canvas": {"base_url": "http://sandbox.test/canvas", "token": {"env": "canvas"}},
    "moodle": {},
    "toy": {},
    "oneroster": {
        "base_url": "http://sandbox.test/oneroster/ims/oneroster",
        "token_url": "http://sandbox.test/oneroster/token",
        "client_id": "sandbox",
        "client_secret": {"env": "source-secret"},
    },
    "lti": LTI,
}


@pytest.fixture(autouse=True)
def the_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.SECRETS, "canvas", TOKEN)
    monkeypatch.setitem(world.SECRETS, "tool", RSAKey.generate_key(2048, private=True).as_pem(private=True).decode())


def acme(kind: str, **settings: object) -> Tenant:
    return tenant(route("news", *WORDS), sources=source(kind, **SETTINGS[kind], full=None, **settings))


async def posted(campus: Campus) -> int:
    await campus.quiet(20_000)
    return len(campus.journal("slack"))


async def shut(campus: Campus) -> int:
    [(count,)] = await campus.rows("SELECT count(*) FROM shut")
    return int(count)


def now_s(campus: Campus) -> float:
    return campus.clock.now_us() / 1e6


def history(campus: Campus) -> None:
    """Somebody has completed a course, and somebody's work is graded."""
    school, at_s = campus.school, now_s(campus) - 86_400
    course = next(iter(school.courses.values()))
    member = next(each for each in school.memberships.values() if each.course == course.id and each.role == "student")
    work = next(each for each in school.works.values() if each.course == course.id)
    school.complete(work, school.people[member.user], at_s)
    school.finish(course, school.people[member.user], at_s)
    school.grade(work, school.people[member.user], 64, at_s)


def newcomer(campus: Campus, course: Class) -> None:
    person = campus.school.add_person("Alan", "Turing", now_s(campus))
    campus.school.enrol(person, course, now_s(campus))


@pytest.mark.parametrize("operation", [
    "enrolments",
    "assignments",
    "submissions",
    "completions",
    "core_enrol_get_enrolled_users",
    "mod_assign_get_assignments",
    "mod_assign_get_submissions",
    "gradereport_user_get_grade_items",
    "core_completion_get_activities_completion_status",
    "core_user_get_users",
])  # fmt: skip
@pytest.mark.parametrize("mode", ["delta", "full"])
async def test_a_part_that_was_forbidden_is_no_news_when_it_is_opened(
    tmp_path: Path, autojump_clock: object, operation: str, mode: str
) -> None:
    kind, error = ("moodle", "nopermissions") if "_" in operation else ("canvas", "forbidden")
    async with open_campus(tmp_path, acme(kind), limited=False) as campus:
        history(campus)
        campus.sources[kind].fault(Fault(kind="error", value=error, operation=operation, times=0))
        first = await campus.until_read()
        assert first.how == "finished", first
        assert await shut(campus) > 0
        campus.sources[kind].clear_faults()
        opened = await campus.sync(mode)
        assert opened.statements > 0, "they count as known"
        assert await posted(campus) == 0
        assert await shut(campus) == 0
        newcomer(campus, next(iter(campus.school.courses.values())))
        await campus.sync("delta")
        assert await posted(campus) == 2, "a new account, and where it is"


async def test_what_is_forbidden_for_a_while_later_is_news_all_the_same(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, acme("canvas"), limited=False) as campus:
        await campus.until_read()
        campus.sources["canvas"].fault(Fault(kind="error", value="forbidden", operation="enrolments", times=0))
        await campus.sync("full")
        newcomer(campus, next(iter(campus.school.courses.values())))
        await campus.sync("delta")
        campus.sources["canvas"].clear_faults()
        await campus.sync("delta")
        assert await posted(campus) == 2


@pytest.mark.parametrize("kind", ["canvas", "moodle"])
async def test_a_course_that_is_made_later_is_news_with_everybody_in_it(
    tmp_path: Path, autojump_clock: object, kind: str
) -> None:
    """Even where it could not be read at first."""
    async with open_campus(tmp_path, acme(kind), limited=False) as campus:
        await campus.until_read()
        course = campus.school.add_course("Logic", "LG101", now_s(campus))
        newcomer(campus, course)
        if kind == "canvas":
            campus.sources[kind].fault(Fault(kind="error", value="forbidden", operation="enrolments", skip=3))
            assert "left out" in (await campus.sync("full")).detail
        await campus.sync("full")
        assert await posted(campus) == 2
        assert await shut(campus) == 0


async def test_a_course_that_was_over_and_goes_on_is_no_news(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, acme("canvas"), limited=False) as campus:
        fake = campus.sources["canvas"]
        assert isinstance(fake, FakeCanvas)
        history(campus)
        course = next(iter(campus.school.courses.values()))
        fake.concluded.add(course.id)
        await campus.until_read()
        fake.concluded.clear()
        assert (await campus.sync("full")).statements > 8
        assert await posted(campus) == 0
        newcomer(campus, course)
        await campus.sync("delta")
        assert await posted(campus) == 2


async def test_what_is_asked_for_later_is_no_news(tmp_path: Path, autojump_clock: object) -> None:
    """Courses by their numbers, and what is read of them."""
    one, two, three = 113, 124, 135
    narrow = acme("canvas", courses={"ids": [str(one)]}, read=[])
    async with open_campus(tmp_path, narrow, limited=False) as campus:
        assert list(campus.school.courses) == [one, two, three]
        history(campus)
        await campus.until_read()
        await campus.stop()
        campus.tenants = {"acme": acme("canvas", courses={"ids": [str(one), str(two)]})}
        await campus.again()
        for mode in ("full", "delta", "full"):
            await campus.sync(mode)
        assert await posted(campus) == 0
        assert await campus.rows("SELECT entity, scope FROM shut") == []
        newcomer(campus, campus.school.courses[two])
        await campus.sync("delta")
        assert await posted(campus) == 2
        made = campus.school.add_course("Logic", "LG101", now_s(campus))
        newcomer(campus, made)
        await campus.stop()
        campus.tenants = {"acme": acme("canvas", courses={"ids": [str(one), str(two), str(made.id)]})}
        await campus.again()
        await campus.sync("full")
        assert await posted(campus) == 4, "it was made meanwhile"


async def test_a_gradebook_that_is_asked_for_later(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, acme("oneroster", grades=False), limited=False) as campus:
        history(campus)
        await campus.until_read()
        await campus.stop()
        campus.tenants = {"acme": acme("oneroster", grades=True)}
        await campus.again()
        assert (await campus.sync("delta")).statements > 3
        assert await posted(campus) == 0
        assert await shut(campus) == 0
        course = next(iter(campus.school.courses.values()))
        work = next(each for each in campus.school.works.values() if each.course == course.id)
        member = next(each for each in campus.school.memberships.values() if each.course == course.id)
        campus.school.grade(work, campus.school.people[member.user], 12, now_s(campus))
        await campus.sync("delta")
        assert await posted(campus) == 1


async def test_a_platform_by_lti(tmp_path: Path, autojump_clock: object) -> None:
    """A course that may not be read, one whose results are not read, and one that nobody had asked for."""

    def contexts(*courses: int, items: int = 0) -> list[dict[str, str]]:
        made = []
        for course in courses:
            base = f"http://sandbox.test/lti/courses/{course}"
            lists = {} if course == items else {"lineitems_url": f"{base}/line_items"}
            made.append({"course": str(course), "memberships_url": f"{base}/members", **lists})
        return made

    async with open_campus(tmp_path, acme("lti", contexts=contexts(113, 124, items=124)), limited=False) as campus:
        fake = campus.sources["lti"]
        history(campus)
        fake.fault(Fault(kind="no_service", value="113", times=0))
        first = await campus.until_read()
        assert "could not be read" in first.detail
        fake.clear_faults()
        await campus.sync("delta")
        assert await posted(campus) == 0
        await campus.stop()
        campus.tenants = {"acme": acme("lti", contexts=contexts(113, 124, 135))}
        await campus.again()
        for _ in range(2):
            assert (await campus.sync("delta")).how == "finished"
        assert await posted(campus) == 0
        assert await shut(campus) == 0
        for course in campus.school.courses.values():
            newcomer(campus, course)
        await campus.sync("delta")
        assert await posted(campus) == 6


async def test_what_waited_in_quarantine_is_no_news_when_it_is_let_in(tmp_path: Path, autojump_clock: object) -> None:
    """Somebody without a name, and so everything that is theirs."""
    async with open_campus(tmp_path, acme("toy"), limited=False) as campus:
        history(campus)
        person = next(iter(campus.school.people.values()))
        name, person.given, person.family = (person.given, person.family), "", ""
        first = await campus.until_read()
        assert first.quarantined > 1, first
        person.given, person.family = name
        campus.school.change_person(person, now_s(campus))
        await campus.sync("full")
        assert not await campus.rows("SELECT 1 FROM records WHERE state = 'quarantined'")
        assert await posted(campus) == 1, "the account is told as it is now; what is theirs was there before"
        newcomer(campus, next(iter(campus.school.courses.values())))
        await campus.sync("delta")
        assert await posted(campus) == 3
