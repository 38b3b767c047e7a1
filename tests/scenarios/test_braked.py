"""More is missing than may be: nothing of that reading is taken away, and what it says is what would be."""

from pathlib import Path

import pytest
import trio
from oneroster_desk import bundle
from world import Campus, open_campus, route, source, tenant

from actors.sources.moodle.fake import answers
from actors.sources.oneroster.fake import zipped
from config.model import Connection

LEFT = route("left", "unenrolled", "enrolled")
BRAKE = {"percent_max": 20, "count_max": 10}


async def posted(campus: Campus) -> int:
    await campus.quiet()
    return len(campus.journal("slack"))


async def held(campus: Campus) -> str:
    [(told,)] = await campus.rows("SELECT braked FROM sources")
    return str(told)


async def active(campus: Campus) -> dict[str, int]:
    return dict(await campus.rows("SELECT entity, count(*) FROM records WHERE state = 'active' GROUP BY entity"))


async def test_where_all_courses_are_missing_that_is_what_is_said_and_nothing_goes(
    tmp_path: Path, autojump_clock: object
) -> None:
    """Three courses alone would be few enough to go; their members are not."""
    moodle = tenant(LEFT, sources=source("moodle", removals=BRAKE))
    async with open_campus(tmp_path, moodle, limited=False) as campus:
        await campus.until_read()
        before = await active(campus)
        assert before["course"] <= BRAKE["count_max"] < before["enrolment"]
        courses, members = before["course"], before["enrolment"]
        for course in campus.school.courses.values():
            course.deleted = True
        told = f"{courses} of {courses} courses, {members} of {members} enrolments would be gone"
        for _ in range(2):
            reading = await campus.sync("full")
            assert (reading.how, reading.gone, reading.detail) == ("braked", 0, told)
        assert await active(campus) == before
        assert await posted(campus) == 0
        for course in campus.school.courses.values():
            course.deleted = False
        assert (await campus.sync("full")).how == "finished"
        assert await held(campus) == ""
        assert await posted(campus) == 0


async def test_a_bundle_that_is_whole_again_needs_nobody(tmp_path: Path, autojump_clock: object) -> None:
    """Bundles are read as what is new; one that tells all enrolments says that nobody is missing any more, one that
    tells some does not."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    settings = type(source("oneroster", url="http://sandbox.test/x.zip")["campus"].settings)(inbox=inbox)
    sources = {"campus": Connection(name="campus", kind="oneroster", settings=settings)}
    many = [f"e{n},,,c1,o1,u1,student,,," for n in range(200)]

    async def drop(campus: Campus, name: str, files: dict[str, str], hour: int = 0) -> str:
        (inbox / f"{name}.part").write_bytes(zipped(files, (2027, 1, 15, hour, 0, 0)))
        (inbox / f"{name}.part").rename(inbox / name)
        with trio.fail_after(86_400):
            while not (inbox / "done" / name).exists():
                await trio.sleep(1)
        await campus.quiet()
        await trio.sleep(60)
        return await held(campus)

    async with open_campus(tmp_path, tenant(LEFT, sources=sources)) as campus:
        assert await drop(campus, "a.zip", bundle(enrollments=many)) == ""
        told = "195 of 200 enrolments would be gone"
        assert await drop(campus, "b.zip", bundle(enrollments=many[:5])) == told
        assert campus.view().state == "braked"
        assert await drop(campus, "c.zip", bundle(manifest=None, enrollments=None)) == told, (
            "it tells nothing of enrolments"
        )
        assert await drop(campus, "d.zip", bundle(enrollments=many), hour=1) == "", "as in a.zip, and made anew"
        assert campus.view().state == "resting"
        assert [each.mode for each in campus.readings() if each.told][-1] == "delta"
        assert (await active(campus))["enrolment"] == 200


@pytest.mark.parametrize("mode", ["delta", "full"])
async def test_a_small_class_that_is_shown_empty_keeps_its_people_until_somebody_accepts(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """As a Moodle does for whoever lost the right to see groups. With the brake as it is by default."""
    shown = answers.Answers._enrolled
    async with open_campus(tmp_path, tenant(LEFT, sources=source("moodle")), limited=False) as campus:
        await campus.until_read()
        before = await active(campus)
        many = "SELECT scope, count(*) FROM records WHERE entity = 'enrolment' GROUP BY scope ORDER BY 2 LIMIT 1"
        [(course, seats)] = await campus.rows(many)
        assert 5 <= seats <= 50

        def enrolled(fake: answers.Answers, told: answers.Class, form: answers.Form) -> list[answers.Fields]:
            return [] if str(told.id) == course else shown(fake, told, form)

        with monkeypatch.context() as lost:
            lost.setattr(answers.Answers, "_enrolled", enrolled)
            reading = await campus.sync(mode)
            assert (reading.how, reading.gone) == ("braked", 0)
            assert f"course {course}: nobody of {seats} enrolments is left" in reading.detail
            assert await active(campus) == before
            assert await posted(campus) == 0
        assert (await campus.sync(mode)).how == "finished"
        assert (await held(campus), await active(campus), await posted(campus)) == ("", before, 0)
        monkeypatch.setattr(answers.Answers, "_enrolled", enrolled)
        assert (await campus.sync(mode)).how == "braked"
        assert (await campus.sync("full", accept_removals=True)).how == "finished"
        assert await held(campus) == ""
        assert (await active(campus))["enrolment"] == before["enrolment"] - seats
