"""OneRoster to a Slack post and a Teams post: bundles dropped into an inbox, and the same school by REST."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
import trio
from oneroster_desk import HEADS, SMALL, bundle
from world import EPOCH_US, Campus, open_campus, route, source, tenant

from actors.sources.oneroster.fake import bundle_of, zipped
from config.model import Audience, Connection, Tenant

WHEN = ("enrolled", "unenrolled", "role_changed", "graded", "assignment_posted")
TEAM = Audience(team="5f0e1c5a-0000-4000-8000-00000000c0de", channel="19:general@thread.tacv2")
REST = {
    "base_url": "http://sandbox.test/oneroster/ims/oneroster",
    "token_url": "http://sandbox.test/oneroster/token",
    "client_id": "sandbox",
    "client_secret": {"env": "source-secret"},
    "grades": True,
    "every": "5m",
    "every_max": "5m",
}


def both(sources: dict[str, Connection]) -> Tenant:
    rules = [route("slack", *WHEN), route("teams", *WHEN, to="teams", audience=TEAM)]
    return tenant(*rules, sources=sources, settings={"teams": {"client_secret": None}})  # no tokens to renew


def inbox_of(tmp_path: Path, **more: object) -> dict[str, Connection]:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    connection = source("oneroster", url="http://sandbox.test/x.zip")["campus"]
    settings = type(connection.settings)(inbox=inbox, **more)  # a Path, which only the configuration's walk makes
    return {"campus": Connection(name="campus", kind="oneroster", settings=settings)}


def now_s() -> float:
    return EPOCH_US / 1e6 + trio.current_time()


def drop(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / "inbox" / f"{name}.part").write_bytes(data)
    (tmp_path / "inbox" / f"{name}.part").rename(tmp_path / "inbox" / name)


async def dealt(campus: Campus, tmp_path: Path, name: str, where: str = "done") -> None:
    """Let time pass until the bundle lies there, and everything it told is posted."""
    with trio.fail_after(86_400):
        while not (tmp_path / "inbox" / where / name).exists():
            await trio.sleep(1)
    await campus.quiet()


def posted(campus: Campus) -> tuple[int, int]:
    return len(campus.journal("slack")), len(campus.journal("teams"))


async def changes(campus: Campus) -> tuple[int, int]:
    """How much was ever written to the database, and how large it is."""

    def look(raw: sqlite3.Connection) -> tuple[int, int]:
        return raw.total_changes, raw.execute("PRAGMA page_count").fetchone()[0]

    return await campus.store.writer.submit(look)


async def test_from_an_inbox_to_slack_and_teams(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, both(inbox_of(tmp_path))) as campus:
        await campus.until_read()
        drop(tmp_path, "monday.zip", zipped(bundle_of(campus.school)))
        await dealt(campus, tmp_path, "monday.zip")
        assert posted(campus) == (0, 0), "an empty inbox is no first reading: this is how things stand"
        school, course = campus.school, next(iter(campus.school.courses.values()))
        hedy, leaver = list(school.people.values())[8], next(iter(school.memberships.values()))
        await trio.sleep(86_400)
        school.enrol(hedy, course, now_s())
        drop(tmp_path, "tuesday.zip", zipped(bundle_of(school), (2027, 1, 16, 6, 0, 0)))
        await dealt(campus, tmp_path, "tuesday.zip")
        assert posted(campus) == (1, 1)
        await trio.sleep(60)
        school.change_membership(leaver, now_s(), state="deleted")
        drop(tmp_path, "delta.zip", zipped(bundle_of(school, since_s=now_s()), (2027, 1, 16, 9, 0, 0)))
        await dealt(campus, tmp_path, "delta.zip")
        assert posted(campus) == (2, 2)


async def test_missing_in_a_bulk_is_gone_but_half_a_bundle_takes_nobody_away(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, both(inbox_of(tmp_path))) as campus:
        drop(tmp_path, "a.zip", zipped(bundle()))
        await dealt(campus, tmp_path, "a.zip")
        torn = bundle(enrollments="sourcedId,classSourcedId,userSourcedId,role\r\ne3,c1,u3,teacher\r\ne1,c")
        drop(tmp_path, "b.zip", zipped(torn))
        await dealt(campus, tmp_path, "b.zip", "failed")
        assert "middle of a row" in (tmp_path / "inbox" / "failed" / "b.zip.txt").read_text()
        assert posted(campus) == (0, 0)
        drop(tmp_path, "c.zip", zipped(bundle(enrollments=["e3,,,c1,o1,u3,teacher,true,,"])))
        await dealt(campus, tmp_path, "c.zip")
        assert posted(campus) == (2, 2), "u1 and u2 have left; the time of u1 in the other class had passed"


async def test_an_unchanged_bundle_writes_nothing_of_it(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, both(inbox_of(tmp_path, every="1h", every_max="1h"))) as campus:
        drop(tmp_path, "a.zip", SMALL.read_bytes())
        await dealt(campus, tmp_path, "a.zip")
        told = await campus.rows("SELECT count(*), max(changed_us) FROM records")
        logged = await campus.rows("SELECT count(*) FROM statements")
        assert told[0][0] == 667
        before = await changes(campus)
        drop(tmp_path, "again.zip", SMALL.read_bytes())
        await dealt(campus, tmp_path, "again.zip")
        after = await changes(campus)
        assert await campus.rows("SELECT count(*), max(changed_us) FROM records") == told
        assert await campus.rows("SELECT count(*) FROM statements") == logged
        readings = len(campus.readings())
        assert after[0] - before[0] <= 8 * readings, "its readings are on record, and nothing else"
        assert after[1] - before[1] <= 1


async def test_what_refers_to_nothing_waits_until_it_comes(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, both(inbox_of(tmp_path))) as campus:
        drop(tmp_path, "a.zip", zipped(bundle(users=[], classes=[])))
        await dealt(campus, tmp_path, "a.zip")
        states = "SELECT state, count(*) FROM records WHERE entity = 'enrolment' GROUP BY state"
        assert await campus.rows(states) == [("quarantined", 4)]
        drop(tmp_path, "b.zip", zipped(bundle(enrollments=None) | {"enrollments.csv": bundle()["enrollments.csv"]}))
        await dealt(campus, tmp_path, "b.zip")
        assert await campus.rows(states) == [("active", 4)]


async def test_a_landslide_waits_for_a_person(tmp_path: Path, autojump_clock: object) -> None:
    many = [f"e{n},,,c1,o1,u1,student,,," for n in range(200)]
    async with open_campus(tmp_path, both(inbox_of(tmp_path))) as campus:
        drop(tmp_path, "a.zip", zipped(bundle(enrollments=many)))
        await dealt(campus, tmp_path, "a.zip")
        active = "SELECT count(*) FROM records WHERE entity = 'enrolment' AND state = 'active'"
        drop(tmp_path, "b.zip", zipped(bundle(enrollments=many[:5])))
        await dealt(campus, tmp_path, "b.zip")
        assert await campus.rows(active) == [(200,)]
        assert "195 of 200 enrolments would be gone" in str([each.detail for each in campus.readings()])
        await campus.sync("full", accept_removals=True)
        assert await campus.rows(active) == [(5,)]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_by_rest_to_slack_and_teams(tmp_path: Path, autojump_clock: object, version: str) -> None:
    async with open_campus(tmp_path, both(source("oneroster", version=version, **REST))) as campus:
        first = await campus.until_read()
        assert (first.how, first.quarantined) == ("finished", 0), first
        await campus.quiet()
        assert posted(campus) == (0, 0)
        school = campus.school
        course, work = next(iter(school.courses.values())), next(iter(school.works.values()))
        katherine = list(school.people.values())[9]
        member = school.enrol(katherine, course, now_s())
        await campus.until_read(2)
        await campus.quiet()
        assert posted(campus) == (1, 1)
        school.grade(work, katherine, 91, now_s())
        await campus.until_read(3)
        await campus.quiet()
        assert posted(campus) == (2, 2)
        await trio.sleep(1_200)
        quiet = await campus.sync("delta")
        assert (quiet.requests, quiet.told) == (5, 0)
        school.change_membership(member, now_s(), state="deleted")
        await campus.sync("delta")
        await campus.quiet()
        assert posted(campus) == (3, 3)


def delta_of(**files: list[str]) -> dict[str, str]:
    """A bundle of these files alone, as a delta."""
    whole = bundle(manifest=None, **{name: files.get(name) for name in HEADS})
    said = [f"file.{name},{'delta' if name in files else 'absent'}" for name in HEADS]
    lines = ["propertyName,value", "manifest.version,1.0", "oneroster.version,1.1", *said]
    return whole | {"manifest.csv": "\r\n".join(lines) + "\r\n"}


async def known(campus: Campus, entity: str, name: str) -> dict[str, object]:
    sql = f"SELECT canonical FROM records WHERE entity = '{entity}' AND id = '{name}' AND state = 'active'"
    [(canonical,)] = await campus.rows(sql)
    return {key: value for key, value in msgspec.json.decode(canonical).items() if key != "updated"}


async def test_a_delta_leaves_what_it_does_not_bring(tmp_path: Path, autojump_clock: object) -> None:
    """A class's dates, code and school stand in files that a delta need not have."""
    async with open_campus(tmp_path, both(inbox_of(tmp_path))) as campus:
        drop(tmp_path, "a.zip", zipped(bundle()))
        await dealt(campus, tmp_path, "a.zip")
        course, user = await known(campus, "course", "c1"), await known(campus, "user", "u1")
        assert {"org_unit", "start", "end", "code"} <= course.keys()
        when = "2026-09-02T06:00:00.000Z"
        for name, day in (("b.zip", 17), ("c.zip", 18)):
            classes = [f'c1,active,{when},Mathematics B,k1,,scheduled,o1,"t1,t2"']
            users = [f"u1,active,{when},true,o1,student,ada,Ada,Lovelace-King,ada@example.edu,"]
            drop(tmp_path, name, zipped(delta_of(classes=classes, users=users), (2027, 1, day, 6, 0, 0)))
            await dealt(campus, tmp_path, name)
            assert await known(campus, "course", "c1") == {**course, "name": "Mathematics B"}
            changed = {"family_name": "Lovelace-King", "display_name": "Ada Lovelace-King"}
            assert await known(campus, "user", "u1") == {**user, **changed}
        users = [f"u1,active,{when},true,o1,student,ada,Ada,Lovelace-King,,"]
        drop(tmp_path, "d.zip", zipped(delta_of(users=users), (2027, 1, 19, 6, 0, 0)))
        await dealt(campus, tmp_path, "d.zip")
        assert "email" not in await known(campus, "user", "u1"), "a cell that was emptied is"
        drop(tmp_path, "e.zip", zipped(bundle(), (2027, 1, 20, 6, 0, 0)))
        await dealt(campus, tmp_path, "e.zip")
        assert await known(campus, "course", "c1") == course


async def test_results_alone_are_of_the_course_of_their_work(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, both(inbox_of(tmp_path))) as campus:
        drop(tmp_path, "a.zip", zipped(bundle()))
        await dealt(campus, tmp_path, "a.zip")
        for name, day, points in (("b.zip", 17, 12), ("c.zip", 18, 13)):
            results = [f"r2,active,2026-09-02T06:00:00.000Z,l1,u2,fully graded,{points},2026-09-02"]
            drop(tmp_path, name, zipped(delta_of(results=results), (2027, 1, day, 6, 0, 0)))
            await dealt(campus, tmp_path, name)
            grade = await known(campus, "grade", "r2")
            assert (grade["course"], grade["score"]) == ("c1", {"raw": points, "max": 20})
        assert await campus.rows("SELECT count(*) FROM flaws") == [(0,)]
        assert posted(campus) == (2, 2)


TORN = bundle(enrollments="sourcedId,classSourcedId,userSourcedId,role\r\ne3,c1,u3,teacher\r\ne1,c")


def troubles(campus: Campus) -> list[str]:
    """What was said of spoilt bundles, as often as somebody was told."""
    said = [reading.detail for reading in campus.readings() if reading.how == "spoilt"]
    assert [name for name, _ in campus.notes.troubles].count("source.failed") == len(said)
    return said


async def test_looking_where_nothing_is_writes_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, both(inbox_of(tmp_path))) as campus:
        drop(tmp_path, "a.zip", zipped(bundle()))
        await dealt(campus, tmp_path, "a.zip")
        await campus.quiet()
        await trio.sleep(60)
        before, looks = await changes(campus), len(campus.readings())
        await trio.sleep(3_600)
        after = await changes(campus)
        assert len(campus.readings()) > looks + 50
        assert after[0] - before[0] <= 20, "what targets are asked once an hour, and no row a look"
        view = campus.switchboard.source_views["acme/campus"]
        assert (view.state, view.detail) == ("resting", "the inbox is empty")
        assert view.good_us is not None
        assert view.good_us / 1e6 > now_s() - 60
        drop(tmp_path, "half.zip", zipped(bundle())[:200])
        await trio.sleep(120)
        assert "half.zip cannot be opened" in campus.switchboard.source_views["acme/campus"].detail


async def test_each_spoilt_bundle_is_told_and_seen_until_there_is_a_better_one(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, both(inbox_of(tmp_path))) as campus:
        for count, name in enumerate(("a.zip", "b.zip"), 1):
            drop(tmp_path, name, zipped(TORN, (2027, 1, 16, count, 0, 0)))
            await dealt(campus, tmp_path, name, "failed")
            assert len(troubles(campus)) == count
            assert troubles(campus)[-1].startswith(f"{name}: ")
            assert "middle of a row" in troubles(campus)[-1]
            await trio.sleep(7_200)
            view = campus.switchboard.source_views["acme/campus"]
            assert view.state == "unavailable", "after many empty looks"
            assert view.detail.startswith(f"{name}: ")
        drop(tmp_path, "c.zip", zipped(bundle(), (2027, 1, 16, 9, 0, 0)))
        await dealt(campus, tmp_path, "c.zip")
        await trio.sleep(120)
        assert campus.switchboard.source_views["acme/campus"].state == "resting"
        assert len(troubles(campus)) == 2


async def test_a_spoilt_bundle_that_was_dealt_with_is_let_go_of_by_asking(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, both(inbox_of(tmp_path))) as campus:
        drop(tmp_path, "a.zip", zipped(TORN))
        await dealt(campus, tmp_path, "a.zip", "failed")
        await trio.sleep(120)
        assert campus.switchboard.source_views["acme/campus"].state == "unavailable"
        await campus.sync("delta")
        await trio.sleep(1)
        assert campus.switchboard.source_views["acme/campus"].state == "resting"
