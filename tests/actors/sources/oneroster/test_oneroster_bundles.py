"""CSV bundles: what is taken of them, what is refused, and who is taken away by them."""

import pytest
from memory_depot import MemoryDepot
from oneroster_desk import DAY_US, INBOX, NOW_US, Desk, Told, bundle, small

from actors.domain.harvest import BundleInfo, Finished, Halted
from actors.domain.school import sample
from actors.sources.oneroster.fake import bundle_of
from actors.sources.oneroster.flow import unsettled

LEAVERS = ["course", "user", "enrolment", "assignment", "grade"]
SDS_2_1 = {
    "orgs.csv": "sourcedId,name,type,parentSourcedId\r\n110001,College,college,\r\n",
    "classes.csv": "sourcedId,orgSourcedId,title,sessionSourcedIds,courseSourcedId\r\n112001,110001,CS,,C1\r\n",
    "users.csv": "sourcedId,username,givenName,familyName,password\r\n114001,j@example.org,Jack,Craig,secret\r\n",
    "enrollments.csv": "classSourcedId,userSourcedId,role\r\n112001,114001,student\r\n",
    "relationships.csv": "userSourcedId,relationshipUserSourcedId,relationshipRole\r\n114001,114002,guardian\r\n",
}
SDS_1 = {
    "School.csv": "SIS ID,Name\r\n1,Contoso\r\n",
    "Student.csv": "SIS ID,School SIS ID,First Name,Last Name\r\n2,1,Ora,Klein\r\n",
    "StudentEnrollment.csv": "Section SIS ID,SIS ID\r\n3,2\r\n",
}


@pytest.fixture
def depot() -> MemoryDepot:
    return MemoryDepot()


@pytest.fixture
def desk(depot: MemoryDepot) -> Desk:
    return Desk(depot)


async def taken(desk: Desk, files: dict[str, str], **more: int) -> Told:
    desk.depot.drop(INBOX, "a.zip", files, **more)
    return await desk.read()


async def test_a_bundle_is_read_in_order_and_told_whole(desk: Desk) -> None:
    told = await taken(desk, bundle())
    assert isinstance(told.ended, Finished), told.ended
    assert told.ended.whole
    order = [record.entity for record in told.records]
    assert sorted(order, key=LEAVERS.index) == order
    assert {entity: len(told.of(entity)) for entity in LEAVERS} == dict(zip(LEAVERS, (2, 3, 4, 1, 1), strict=True))
    assert told.wholes == LEAVERS
    assert desk.depot.placed == [("a.zip", "done", "")]


async def test_a_real_school_is_read_whole(desk: Desk) -> None:
    desk.depot.drop(INBOX, "school.zip", small())
    told = await desk.read()
    assert isinstance(told.ended, Finished), told.ended
    assert {entity: len(told.of(entity)) for entity in LEAVERS} == dict(zip(LEAVERS, (42, 79, 546, 0, 0), strict=True))
    assert not any(record.flaws for record in told.records)
    assert told.wholes == ["course", "user", "enrolment"]
    course = next(iter(told.of("course").values())).body
    assert course["joined"] == {
        "course": {"courseCode": "HR00000", "title": "Homeroom KG"},
        "term": {"title": "Full Year", "startDate": "2026-08-15", "endDate": "2027-06-10"},
        "school": "Chartreuse Kingsley Elementary School",
    }


async def test_what_a_record_needs_of_others_is_laid_beside_it(desk: Desk) -> None:
    told = await taken(desk, bundle())
    assert told.of("course")["c1"].body["joined"] == {
        "course": {"courseCode": "MATH-101", "title": "Mathematics"},
        "term": {"title": "Autumn", "startDate": "2026-08-15", "endDate": "2027-06-10"},
        "school": "Hillside School",
    }
    assert told.of("user")["u1"].body["joined"] == {"school": "Hillside School"}
    line = {"class": "c1", "resultValueMin": "0", "resultValueMax": "20"}
    assert told.of("grade")["r1"].body["joined"] == {"lineItem": line}


async def test_passwords_and_demographics_are_not_kept(desk: Desk) -> None:
    files = bundle() | {"demographics.csv": "sourcedId,birthDate\r\nu1,2010-01-01\r\n"}
    told = await taken(desk, files)
    assert all("password" not in record.body and "birthDate" not in record.body for record in told.records)
    assert not any("hunter2" in str(record.body) for record in told.records)


async def test_an_enrolments_time_comes_and_passes(desk: Desk) -> None:
    first = await taken(desk, bundle())
    phases = {name: record.body.get("phase") for name, record in first.of("enrolment").items()}
    assert phases == {"e1": None, "e2": "ahead", "e3": None, "e4": "past"}
    desk.now_us = NOW_US + 91 * DAY_US  # the 1st of December
    later = await taken(desk, bundle())
    assert later.of("enrolment")["e2"].body.get("phase") is None
    desk.now_us = NOW_US + 282 * DAY_US  # the 10th of June: the end is not part of it
    ended = await taken(desk, bundle())
    assert {record.body.get("phase") for record in ended.of("enrolment").values()} == {"past", None}
    assert ended.of("enrolment")["e3"].body.get("phase") is None


async def test_columns_may_stand_in_any_order_and_case_and_more_of_them(desk: Desk) -> None:
    users = "FAMILYNAME,givenname,SourcedID,House,Preferred_Given_Name\r\nLovelace,Ada,u1, North ,Addy\r\n"
    told = await taken(desk, bundle(users=users))
    assert told.of("user")["u1"].body == {
        "familyName": "Lovelace", "givenName": "Ada", "sourcedId": "u1", "House": "North", "preferredGivenName": "Addy",
    }  # fmt: skip


async def test_file_names_may_be_spelt_in_any_case(desk: Desk) -> None:
    files = {name.upper() if name.startswith("users") else name: text for name, text in bundle().items()}
    told = await taken(desk, files)
    assert len(told.of("user")) == 3


async def test_1_2_has_roles_in_a_file_of_their_own(desk: Desk) -> None:
    files = bundle_of(sample(NOW_US / 1e6), "1.2")
    assert "orgSourcedIds" not in files["users.csv"]
    told = await taken(desk, files)
    assert isinstance(told.ended, Finished), told.ended
    people = told.of("user").values()
    assert {record.body["joined"]["role"] for record in people} == {"student", "teacher"}  # type: ignore[index]
    assert {record.body["joined"]["school"] for record in people} == {"Sandbox School"}  # type: ignore[index]


# ── who is taken away ────────────────────────────────────────────────────────────────────────────────


async def test_only_the_source_itself_takes_away_in_a_delta(desk: Desk) -> None:
    gone = ["e1,tobedeleted,2026-08-31T00:00:00Z,c1,o1,u1,student,,,", "e9,ToBeDeleted,,,,,,,,"]
    told = await taken(desk, bundle("delta", enrollments=gone))
    assert told.wholes == []
    assert {name: record.gone for name, record in told.of("enrolment").items()} == {"e1": True, "e9": True}
    assert isinstance(told.ended, Finished)
    assert not told.ended.whole, "a delta is no first whole reading"


async def test_each_file_comes_as_the_manifest_says(desk: Desk) -> None:
    files = bundle()
    files["manifest.csv"] = files["manifest.csv"].replace("file.users,bulk", "file.users,Delta")
    files["manifest.csv"] = files["manifest.csv"].replace("file.results,bulk", "file.results,absent")
    told = await taken(desk, files)
    assert told.wholes == ["course", "enrolment", "assignment"]
    assert len(told.of("grade")) == 1
    assert isinstance(told.ended, Finished)
    assert "results.csv is there, but the manifest does not say so" in told.ended.note


async def test_without_a_manifest_nobody_is_taken_away(desk: Desk) -> None:
    told = await taken(desk, bundle(None))
    assert isinstance(told.ended, Finished)
    assert "no manifest" in told.ended.note
    assert told.wholes == []
    assert told.ended.whole
    assert len(told.of("enrolment")) == 4


@pytest.mark.parametrize(
    ("files", "trouble", "users"),
    [
        pytest.param(bundle(users=None), "manifest.csv says that users.csv is there (bulk), but it is missing", 0),
        pytest.param(
            bundle(users="sourcedId,givenName,familyName\r\nu1,Ada,Lovelace\r\nu2,Gra"), "middle of a row", 1, id="torn"
        ),
        pytest.param(
            bundle(users='sourcedId,givenName,familyName\nu1,Ada,L\nu2,"Gra\n'), "middle of a row", 1, id="quote"
        ),
        pytest.param(bundle(users="sourcedId,givenName,familyName\nu1,Ada,L\nu2,\0,\n"), "NUL", 1, id="NUL"),
        pytest.param(bundle(users=""), "not even a header", 0, id="empty"),
    ],
)
async def test_half_a_bundle_takes_nobody_away(desk: Desk, files: dict[str, str], trouble: str, users: int) -> None:
    told = await taken(desk, files)
    assert told.wholes == []
    assert len(told.of("user")) == users
    assert len(told.of("enrolment")) == 4, "what could be read stays"
    assert isinstance(told.ended, Halted)
    assert trouble in told.ended.detail
    assert set(told.cursor) == {"read"}, "only that it was read"
    [(name, where, note)] = desk.depot.placed
    assert (name, where) == ("a.zip", "failed")
    assert trouble in note


@pytest.mark.parametrize("sheet", ["classes", "users", "enrollments"])
async def test_an_empty_file_takes_nobody_away(desk: Desk, sheet: str) -> None:
    told = await taken(desk, bundle(**{sheet: []}))
    entity = {"classes": "course", "users": "user", "enrollments": "enrolment"}[sheet]
    assert isinstance(told.ended, Finished)
    assert entity not in told.wholes
    assert f"{sheet}.csv is empty" in told.ended.note


# ── bad rows ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_row_with_too_few_or_too_many_cells_is_put_aside_alone(desk: Desk) -> None:
    users = "sourcedId,givenName,familyName\r\nu1,Ada\r\nu2,Hopper, Grace,x\r\nu3,Emmy,Noether,,\r\n"
    told = await taken(desk, bundle(users=users))
    assert isinstance(told.ended, Finished)
    flaws = {name: [flaw.rule for flaw in record.flaws] for name, record in told.of("user").items()}
    assert flaws == {"u1": ["cells"], "u2": ["cells"], "u3": []}
    assert told.wholes == LEAVERS, "they count as seen"
    assert told.of("user")["u1"].body == {"cells": ["u1", "Ada"]}


async def test_rows_that_cannot_be_told_apart_take_nobody_away(desk: Desk) -> None:
    users = 'sourcedId,givenName,familyName\r\nu1,"Ada\r\nu2,Grace",Hopper,x,y\r\n,Emmy,Noether\r\n'
    told = await taken(desk, bundle(users=users))
    assert isinstance(told.ended, Finished)
    assert "user" not in told.wholes
    assert "enrolment" in told.wholes
    assert [flaw.rule for flaw in told.of("user")["line 3"].flaws] == ["required"]
    assert "cannot be told apart" in told.ended.note


# ── what is none ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("files", "why"),
    [
        pytest.param(SDS_2_1, "another format", id="School Data Sync 2.1"),
        pytest.param(SDS_1, "School Data Sync", id="School Data Sync 1"),
        pytest.param({"enrollments.csv": SDS_2_1["enrollments.csv"]}, "another format", id="its enrolments alone"),
        pytest.param({"pupils.csv": "a,b\n1,2\n"}, "none of its files", id="something else"),
        pytest.param({"manifest.csv": "propertyName,value\n"}, "none of its files", id="a manifest alone"),
        pytest.param(bundle() | {"Users.csv": "sourcedId\n"}, "one file twice", id="a file twice"),
        pytest.param(bundle(version="2.0"), "OneRoster 2.0", id="a version to come"),
        pytest.param(bundle("sometimes"), "'sometimes'", id="an unknown way"),
        pytest.param(bundle() | {"manifest.csv": "a,b\n1,2\n"}, "propertyName", id="no manifest by content"),
        pytest.param(bundle(users="sourcedId,givenName,familyName,GivenName\n"), "twice", id="a column twice"),
    ],
)
async def test_what_is_no_oneroster_is_put_aside_whole(desk: Desk, files: dict[str, str], why: str) -> None:
    told = await taken(desk, files)
    assert told.records == []
    assert isinstance(told.ended, Halted)
    assert why in told.ended.detail
    assert [where for _, where, _ in desk.depot.placed] == ["failed"]


# ── one after the other ──────────────────────────────────────────────────────────────────────────────


async def test_one_bundle_a_reading_oldest_first(desk: Desk) -> None:
    for number, name in enumerate(("a.zip", "b.zip", "c.zip")):
        desk.depot.drop(
            INBOX, name, bundle(users=[f"u{number},,,true,o1,student,x,X,Y,x@example.edu,"]), made_us=number + 1
        )
    ended = []
    for _ in range(4):
        told = await desk.read()
        assert isinstance(told.ended, Finished)
        ended.append(told.ended.whole)
    assert [name for name, _, _ in desk.depot.placed] == ["a.zip", "b.zip", "c.zip"]
    assert ended == [False, False, True, False], "the first whole reading is the last that waited; then it is empty"


async def test_what_is_still_being_written_waits(desk: Desk) -> None:
    desk.depot.drop(INBOX, "a.zip", bundle(), settled=False)
    told = await desk.read()
    assert told.ended == Finished(note="a.zip is still being written", whole=False)
    assert desk.depot.placed == []


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("a", "b"), "a.zip and b.zip are still being written"),
        (("a", "b", "c"), "a.zip, b.zip and c.zip are still being written"),
        (("a", "b", "c", "d"), "a.zip, b.zip and 2 more are still being written"),
    ],
)
def test_what_is_waited_for_is_named(names: tuple[str, ...], told: str) -> None:
    bundles = [BundleInfo(key=name, name=f"{name}.zip", settled=False) for name in names]
    assert unsettled(bundles) == told


def test_a_torn_one_is_named_with_how_long_it_is_waited_for() -> None:
    torn = BundleInfo(key="b", name="b.zip", settled=False, trouble="this is no whole zip", patience_s=301.0)
    assert unsettled([torn, BundleInfo(key="a", name="a.zip", settled=False)]) == (
        "b.zip cannot be opened (this is no whole zip): it goes to failed in 6 min unless somebody goes on writing it; "
        "a.zip is still being written"
    )


async def test_an_empty_inbox_is_no_reading_at_all(desk: Desk) -> None:
    told = await desk.read("full")
    assert told.ended == Finished(note="the inbox is empty", whole=False)
    assert (told.pages, told.wholes) == (0, [])


async def test_what_cannot_be_read_is_put_aside_with_a_note(desk: Desk) -> None:
    desk.depot.drop(INBOX, "a.zip", {}, trouble="this is no whole zip")
    told = await desk.read()
    assert isinstance(told.ended, Halted)
    assert desk.depot.placed == [("a.zip", "failed", "this is no whole zip")]


async def test_an_inbox_that_cannot_be_written_to_is_said(desk: Desk) -> None:
    desk.depot.stuck = "it cannot be moved to done (Read-only file system)"
    told = await taken(desk, bundle())
    assert isinstance(told.ended, Finished)
    assert "Read-only" in told.ended.note
    assert len(told.records) == 11


async def test_bundles_have_no_past(desk: Desk) -> None:
    desk.depot.drop(INBOX, "a.zip", bundle())
    told = await desk.read("backfill", since="2026-01-01T00:00:00Z")
    assert isinstance(told.ended, Finished)
    assert (told.pages, desk.depot.placed) == (0, [])


async def test_a_large_file_is_read_in_pages(desk: Desk) -> None:
    rows = [f"e{n},,,c1,o1,u1,student,,," for n in range(5_000)]
    told = await taken(desk, bundle(enrollments=rows))
    assert len(told.of("enrolment")) == 5_000
    assert told.pages >= 5
