"""From a Canvas to what is said: readings and Live Events of one school, each thing told once by whichever is first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from canvas_stage import HOME, NOW_S, CanvasStage
from intake_desk import SOURCE, WHERE, Desk, a_desk, change_of

from actors.domain.changes import AnyChange
from actors.domain.harvest import Page, Whole
from actors.domain.mapping import Frame
from actors.domain.publishing import Publisher
from actors.domain.school import Class, Pupil, School, Work
from actors.domain.stating import Stater
from actors.domain.xapi.moments import spelt
from actors.roles.intake import Intake
from actors.sources.canvas.fake.live import sign
from actors.sources.tables import tables

FRAME = Frame(
    home_page=HOME, tenant="acme", source="sis", timezone="Europe/Berlin", locale="en-GB", now_us=round(NOW_S * 1e6)
)
MEANING = tables("canvas", {}).get(1).within(FRAME)
LIVE: dict[str, object] = {"live_events": {"jwks_url": f"{HOME}/live-events/jwks"}}


class Campus:
    """A school, its Canvas, and where what that tells is taken in."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.school = School()
        self.stage = CanvasStage(self.school, **LIVE)
        self.cursor: dict[str, str] = {}
        self.ada = self.school.add_person("Ada", "Lovelace", NOW_S - 900)
        self.course = self.school.add_course("Computing", "CS101", NOW_S - 900)
        self.work = self.school.assign(self.course, "Essay", NOW_S - 900, points=20)
        self._told = 0

    def intake(self) -> Intake:
        return Intake(
            source=SOURCE,
            cursor=self.cursor,
            records=self.desk.store.records,
            meaning=MEANING,
            mapping=1,
            publisher=Publisher(Stater(tenant="acme", source="sis", home_page=HOME, language="en")),
            provenance=WHERE,
            removals=None,
            clock=self.desk.clock,
        )

    async def read(self, mode: str = "full") -> list[str]:
        """What it made be said."""
        intake = self.intake()
        reading = self.stage.read(mode, self.cursor)
        assert reading.finished
        await intake.page(Page(records=tuple(reading.records), cursor=reading.cursor))
        for entity, scope in reading.wholes:
            await intake.whole(Whole(entity=entity, scope=scope))  # type: ignore[arg-type]  # as it was said
        await intake.finish()
        self.cursor = reading.cursor
        return await self.said()

    async def hear(self) -> list[str]:
        """The same of what is to be delivered by now."""
        for body in self.stage.fake.live.deliveries():
            await self.intake().page(Page(records=self.stage.heard(body).records))
        return await self.said()

    async def said(self) -> list[str]:
        found = (await self.desk.store.statements.after("acme", 0, 100_000))[self._told :]
        self._told += len(found)
        return [_short(change_of(each.body)) for each in found]

    async def kept(self) -> bytes:
        """All raw bodies."""
        rows = await self.desk.store.writer.submit(lambda raw: raw.execute("SELECT * FROM records").fetchall())
        return repr(rows).encode()


def _short(change: object) -> str:
    assert isinstance(change, AnyChange), change
    score = getattr(change, "score", None)
    return " ".join(part for part in (change.kind, f"{score.raw:g}" if score is not None else "") if part)


@asynccontextmanager
async def a_campus(path: Path) -> AsyncIterator[Campus]:
    async with a_desk(path) as desk:
        yield Campus(desk)


def essay(campus: Campus) -> tuple[Work, Pupil]:
    return campus.work, campus.ada


def at(campus: Campus) -> float:
    """Now, and a minute goes by."""
    campus.stage.now_s += 60
    return campus.stage.now_s - 30


async def test_what_an_event_told_a_reading_does_not_tell_again_nor_the_other_way(tmp_path: Path) -> None:
    async with a_campus(tmp_path) as campus:
        assert await campus.read() == ["user_created", "assignment_posted"]
        campus.stage.fake.live.skip()
        school = campus.school
        school.enrol(campus.ada, campus.course, at(campus))
        assert await campus.hear() == ["enrolled"]
        assert await campus.read("delta") == []
        school.submit(*essay(campus), at(campus))
        assert await campus.read("delta") == ["submitted"]
        assert await campus.hear() == []
        school.grade(*essay(campus), 17, at(campus))
        assert await campus.hear() == ["graded 17"]
        assert await campus.read("delta") == []
        school.grade(*essay(campus), 18, at(campus))
        assert await campus.read("delta") == ["graded 18"]
        assert await campus.hear() == []
        school.finish(campus.course, campus.ada, at(campus))
        assert await campus.hear() == ["course_completed"]
        assert await campus.read() == []
        assert b"leaked" not in await campus.kept()


async def test_handed_in_again_is_told_again_and_completed_again_is_not(tmp_path: Path) -> None:
    async with a_campus(tmp_path) as campus:
        school = campus.school
        school.enrol(campus.ada, campus.course, at(campus))
        await campus.read()
        campus.stage.fake.live.skip()
        for _ in range(2):
            school.submit(*essay(campus), at(campus))
            assert await campus.hear() == ["submitted"]
        school.finish(campus.course, campus.ada, at(campus))
        assert await campus.hear() == ["course_completed"]
        school.finish(campus.course, campus.ada, at(campus))
        assert await campus.hear() == [], "a module's requirement was timed anew"
        assert await campus.read() == []


async def test_a_hidden_grade_is_told_when_it_is_posted(tmp_path: Path) -> None:
    async with a_campus(tmp_path) as campus:
        school = campus.school
        school.enrol(campus.ada, campus.course, at(campus))
        await campus.read()
        campus.stage.fake.live.skip()
        school.grade(*essay(campus), 12, at(campus), posted=False)
        assert await campus.hear() == []
        assert await campus.read("delta") == []
        campus.school.mark_of(*essay(campus)).posted = True
        campus.school.mark_of(*essay(campus)).graded_s = at(campus)
        assert await campus.read("delta") == ["graded 12"]


async def test_an_older_event_changes_nothing(tmp_path: Path) -> None:
    async with a_campus(tmp_path) as campus:
        school = campus.school
        school.enrol(campus.ada, campus.course, at(campus))
        await campus.read()
        campus.stage.fake.live.skip()
        school.grade(*essay(campus), 12, at(campus))
        late = campus.stage.fake.live.deliveries()
        school.grade(*essay(campus), 15, at(campus))
        assert await campus.hear() == ["graded 15"]
        for body in late:
            await campus.intake().page(Page(records=campus.stage.heard(body).records))
        assert await campus.said() == []


async def test_of_two_sections_the_last_one_counts(tmp_path: Path) -> None:
    async with a_campus(tmp_path) as campus:
        school = campus.school
        one = school.enrol(campus.ada, campus.course, at(campus), section=1)
        assert "enrolled" in await campus.read()
        other = school.enrol(campus.ada, campus.course, at(campus), section=2)
        assert await campus.read("delta") == []
        school.change_membership(one, at(campus), state="deleted")
        assert await campus.read("delta") == []
        school.change_membership(other, at(campus), state="inactive")
        assert await campus.read("delta") == ["suspended"]
        campus.stage.fake.live.skip()
        school.change_membership(other, at(campus), state="deleted")
        assert await campus.hear() == ["unenrolled"]
        assert await campus.read() == []


async def test_an_event_about_somebody_unknown_waits_for_them(tmp_path: Path) -> None:
    async with a_campus(tmp_path) as campus:
        await campus.read()
        campus.stage.fake.live.skip()
        grace = campus.school.add_person("Grace", "Hopper", at(campus))
        campus.school.enrol(grace, campus.course, at(campus))
        user, enrolment = campus.stage.fake.live.deliveries()
        await campus.intake().page(Page(records=campus.stage.heard(enrolment).records))
        assert await campus.said() == []
        assert [flaw[1] for flaw in await campus.desk.flaws()] == ["reference"]
        heard = campus.stage.heard(user)
        assert heard.look, "her address must be read"
        await campus.intake().page(Page(records=heard.records))
        assert await campus.said() == ["user_created", "enrolled"]
        assert await campus.read("delta") == [], "her address was not known before"
        assert grace.email.encode() in await campus.kept()
        grace.email = "hopper@example.edu"
        assert await campus.read() == ["user_updated"], "a new one is news"


async def test_who_left_before_anybody_heard_that_they_came_does_not_come(tmp_path: Path) -> None:
    async with a_campus(tmp_path) as campus:
        await campus.read()
        campus.stage.fake.live.skip()
        member = campus.school.enrol(campus.ada, campus.course, at(campus))
        [came] = campus.stage.fake.live.deliveries()
        campus.school.change_membership(member, at(campus), state="deleted")
        [left] = campus.stage.fake.live.deliveries()
        for body in (left, came):
            await campus.intake().page(Page(records=campus.stage.heard(body).records))
        assert await campus.said() == []
        assert await campus.read() == []
        campus.school.change_membership(member, at(campus), state="active")
        assert await campus.hear() == ["enrolled"]


async def test_a_grade_of_which_the_event_did_not_say_whether_it_shows_is_told_when_it_is_read(tmp_path: Path) -> None:
    async with a_campus(tmp_path) as campus:
        campus.school.enrol(campus.ada, campus.course, at(campus))
        await campus.read()
        campus.stage.fake.live.skip()
        campus.school.grade(*essay(campus), 17, at(campus))
        [happening] = campus.school.happened[-1:]
        [event] = campus.stage.fake.live.events(happening)
        event["metadata"]["event_time"] = spelt(round((happening.at_s + 1.5) * 1e6))  # type: ignore[index]  # a mapping
        del event["body"]["muted"]  # type: ignore[attr-defined]  # the same
        await campus.intake().page(Page(records=campus.stage.heard(sign(event)).records))
        assert await campus.said() == []
        assert await campus.read("delta") == ["graded 17"]


async def test_who_vanished_without_a_word_is_found_by_a_full_reading(tmp_path: Path) -> None:
    async with a_campus(tmp_path) as campus:
        member = campus.school.enrol(campus.ada, campus.course, at(campus))
        await campus.read()
        del campus.school.memberships[member.id]
        assert await campus.read("delta") == []
        assert await campus.read() == ["unenrolled"]


def another(campus: Campus) -> Class:
    return campus.school.add_course("Rhetoric", "RH200", at(campus))


async def test_a_course_that_refuses_loses_nobody(tmp_path: Path) -> None:
    async with a_campus(tmp_path) as campus:
        campus.school.enrol(campus.ada, campus.course, at(campus))
        campus.school.enrol(campus.ada, another(campus), at(campus))
        assert sorted(await campus.read()) == ["assignment_posted", "enrolled", "enrolled", "user_created"]
        campus.stage.fault("error", "forbidden", operation="enrolments", times=2)
        assert await campus.read() == []
