"""More is missing than may be: nothing of that reading is taken away, and what it says is what would be."""

from pathlib import Path

import msgspec
import pytest
import trio
from oneroster_desk import bundle
from world import Campus, open_campus, route, source, tenant

from actors.domain.removals import Missing, in_words
from actors.sources.moodle.fake import answers
from actors.sources.oneroster.fake import zipped
from config.model import Connection, Tenant

LEFT = route("left", "unenrolled", "enrolled")
BRAKE = {"percent_max": 20, "count_max": 10}


async def posted(campus: Campus) -> int:
    await campus.quiet()
    return len(campus.journal("slack"))


async def held(campus: Campus) -> str:
    [(told,)] = await campus.rows("SELECT braked FROM sources")
    return in_words(msgspec.json.decode(told, type=tuple[Missing, ...])) if told else ""


async def active(campus: Campus) -> dict[str, int]:
    return dict(await campus.rows("SELECT entity, count(*) FROM records WHERE state = 'active' GROUP BY entity"))


def reading_inbox(folder: Path) -> Tenant:
    inbox = folder / "inbox"
    inbox.mkdir()
    settings = type(source("oneroster", url="http://sandbox.test/x.zip")["campus"].settings)(inbox=inbox)
    return tenant(LEFT, sources={"campus": Connection(name="campus", kind="oneroster", settings=settings)})


async def drop(campus: Campus, folder: Path, name: str, files: dict[str, str], hour: int = 0) -> str:
    """What is held back when it has been read."""
    inbox = folder / "inbox"
    (inbox / f"{name}.part").write_bytes(zipped(files, (2027, 1, 15, hour, 0, 0)))
    (inbox / f"{name}.part").rename(inbox / name)
    with trio.fail_after(86_400):
        while not (inbox / "done" / name).exists():
            await trio.sleep(1)
    await campus.quiet()
    await trio.sleep(60)
    return await held(campus)


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
    many = [f"e{n},,,c1,o1,u1,student,,," for n in range(200)]
    async with open_campus(tmp_path, reading_inbox(tmp_path)) as campus:
        assert await drop(campus, tmp_path, "a.zip", bundle(enrollments=many)) == ""
        told = "195 of 200 enrolments would be gone"
        assert await drop(campus, tmp_path, "b.zip", bundle(enrollments=many[:5])) == told
        assert campus.view().state == "braked"
        assert await drop(campus, tmp_path, "c.zip", bundle(manifest=None, enrollments=None)) == told, (
            "it tells nothing of enrolments"
        )
        assert await drop(campus, tmp_path, "d.zip", bundle(enrollments=many), hour=1) == "", (
            "as in a.zip, and made anew"
        )
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
            assert (await campus.sync("delta")).how == "braked", "it is asked about until it is answered"
        assert (await campus.sync(mode)).how == "finished"
        assert (await held(campus), await active(campus), await posted(campus)) == ("", before, 0)
        monkeypatch.setattr(answers.Answers, "_enrolled", enrolled)
        assert (await campus.sync(mode)).how == "braked"
        assert (await campus.sync("full", accept_removals=True)).how == "finished"
        assert await held(campus) == ""
        assert (await active(campus))["enrolment"] == before["enrolment"] - seats


TERMS = ["t0,,,Summer,term,2026-03-01,2026-07-31,,2026", "t1,,,Autumn,term,2026-08-15,2027-06-30,,2027"]
COURSES = ("c1", "c2", "c3", "c4")
SEATED = [f"{course}-{n},,,{course},o1,u{n},student,,," for course in COURSES for n in range(1, 9)]
PUPILS = [f"u{n},,,true,o1,student,u{n},First{n},Last{n},u{n}@example.edu," for n in range(1, 9)]


def classes(*left_out: str, **terms: str) -> list[str]:
    return [f"{one},,,Class {one},,{one},scheduled,o1,{terms.get(one, 't1')}" for one in COURSES if one not in left_out]


def seated(*left_out: str) -> list[str]:
    return [row for row in SEATED if row[:2] not in left_out]


async def test_one_class_among_others_that_a_bundle_empties_is_held_back(
    tmp_path: Path, autojump_clock: object
) -> None:
    """Though all enrolments are told together. A class that left with its people, or whose term is over, is not."""
    held_back = "8 of 32 enrolments would be gone; course c2: nobody of 8 enrolments is left"
    whole = {
        "users": PUPILS,
        "classes": classes(c4="t0"),
        "academicSessions": TERMS,
    }
    async with open_campus(tmp_path, reading_inbox(tmp_path), limited=False) as campus:
        assert await drop(campus, tmp_path, "a.zip", bundle(enrollments=SEATED, **whole)) == ""
        assert await drop(campus, tmp_path, "b.zip", bundle(enrollments=seated("c2"), **whole), hour=1) == held_back
        assert (await active(campus))["enrolment"] == 32
        assert await drop(campus, tmp_path, "c.zip", bundle(enrollments=SEATED, **whole), hour=2) == ""
        ended = bundle(enrollments=seated("c4"), **whole)
        assert await drop(campus, tmp_path, "d.zip", ended, hour=3) == ""
        assert (await active(campus))["enrolment"] == 24
        left = bundle(enrollments=seated("c3", "c4"), **{**whole, "classes": classes("c3")})
        assert await drop(campus, tmp_path, "e.zip", left, hour=4) == ""
        assert (await active(campus))["enrolment"] == 16
        assert await posted(campus) == 16
