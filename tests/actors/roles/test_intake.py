"""Pages are taken in once, what is flawed waits, what is absent is gone only where that is certain."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from intake_desk import HOME, SOURCE, Desk, a_desk, course, enrolment, record, user

from actors.domain.canonical import Flaw
from actors.domain.harvest import Page, Record, Whole
from actors.domain.removals import Missing, in_words
from config.polling import Removals

FIRST = (user("ada"), user("ben"), course("c1"), course("c2"))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path) as desk:
        yield desk


async def test_a_first_page_is_told_and_a_second_like_it_writes_nothing(desk: Desk) -> None:
    told = await desk.tell(*FIRST, enrolment("e1"), cursor={"page": "2"})
    assert told == ["user_created ada", "user_created ben", "enrolled ada c1 learner"]
    assert msgspec.structs.asdict(desk.intake.counts) | {"braked": ()} == {
        "told": 5, "new": 5, "changed": 0, "unchanged": 0, "gone": 0, "quarantined": 0, "statements": 3, "braked": (),
    }  # fmt: skip
    before = await desk.writes()
    await desk.tell(*FIRST, enrolment("e1"), cursor={"page": "2"})
    desk.begin(cursor={"page": "2"})
    assert await desk.tell(*FIRST, enrolment("e1"), cursor={"page": "2"}) == []
    assert (await desk.intake.finish()).unchanged == 5
    assert await desk.writes() == before
    await desk.tell(*FIRST, cursor={"page": "3"})  # the cursor alone
    assert await desk.writes() == before + 2  # and the count of commits


async def test_a_trivial_edit_is_kept_and_says_nothing(desk: Desk) -> None:
    await desk.tell(*FIRST, enrolment("e1"))
    assert await desk.tell(enrolment("e1", start="2026-08-01"), user("ada", org_unit="X"), course("c1", name="n")) == []
    [known] = (await desk.store.records.known(SOURCE, [("enrolment", "e1")])).values()
    assert b"2026-08-01" in known.canonical
    assert known.rev == 2


async def test_a_membership_lasts_until_its_last_enrolment_ends(desk: Desk) -> None:
    await desk.tell(*FIRST, enrolment("e1"), enrolment("e2", role="instructor"))
    assert await desk.tell(enrolment("e2", role="instructor", status="ended")) == ["role_changed ada c1 learner"]
    assert await desk.tell(enrolment("e1", status="suspended")) == ["suspended ada c1"]
    assert await desk.tell(enrolment("e3")) == ["resumed ada c1"]
    assert await desk.tell(record("enrolment", "e3", gone=True)) == ["suspended ada c1"]
    assert await desk.tell(record("enrolment", "e1", gone=True)) == ["unenrolled ada c1"]
    assert await desk.tell(enrolment("e1")) == ["enrolled ada c1 learner"]
    assert await desk.tell(enrolment("e1", status="completed")) == []


async def test_who_moves_between_sections_or_courses(desk: Desk) -> None:
    await desk.tell(*FIRST, enrolment("e1"))
    assert await desk.tell(enrolment("e1", status="ended"), enrolment("e2")) == []  # on one page: nothing happened
    assert await desk.tell(enrolment("e2", where="c2")) == ["unenrolled ada c1", "enrolled ada c2 learner"]


async def test_what_is_missing_is_awaited_and_taken_in_when_it_comes(desk: Desk) -> None:
    assert (
        await desk.tell(
            record("submission", "s1", user="ada", assignment="a1", at="2026-08-15T06:00:00Z"),
            record("assignment", "a1", course="c1", iri=f"{HOME}/a1", name="Essay"),
            enrolment("e1"),
        )
        == []
    )
    assert await desk.flaws() == [
        ("a1", "reference", '"c1"'),
        ("e1", "reference", '"ada"'),
        ("e1", "reference", '"c1"'),
        ("s1", "reference", '"ada"'),
        ("s1", "reference", '"a1"'),
    ]
    assert desk.intake.counts.quarantined == 3
    assert await desk.tell(user("ada")) == ["user_created ada"]
    told = await desk.tell(course("c1"))
    assert told == ["enrolled ada c1 learner", f"assignment_posted system {HOME}/a1", f"submitted ada {HOME}/a1"]
    assert await desk.flaws() == []


async def test_references_within_a_page_need_no_order(desk: Desk) -> None:
    assert await desk.tell(enrolment("e1"), course("c1"), user("ada")) == [
        "user_created ada",
        "enrolled ada c1 learner",
    ]


async def test_an_id_of_another_entity_is_no_answer(desk: Desk) -> None:
    await desk.tell(user("7"), enrolment("e1", who="8", where="7"), course("8"))
    before = await desk.writes()
    await desk.intake.finish()
    assert await desk.writes() == before
    assert await desk.tell(user("8"), course("7")) == ["user_created 8", "enrolled 8 7 learner"]


async def test_what_answered_before_a_crash_is_taken_in_at_the_end_of_the_next_reading(desk: Desk) -> None:
    await desk.tell(enrolment("e1"), course("c1"))
    await desk.store.writer.submit(
        lambda raw: raw.execute("UPDATE flaws SET value = '\"zoe\"'")  # as if nobody had been asked
    )
    await desk.tell(user("ada"))
    await desk.store.writer.submit(lambda raw: raw.execute("UPDATE flaws SET value = '\"ada\"'"))
    desk.begin()
    await desk.intake.finish()
    assert await desk.said() == ["enrolled ada c1 learner"]


async def test_a_flawed_record_waits_and_the_others_go_on(desk: Desk) -> None:
    broken = Flaw(rule="row", path="", value="3", suggestion="it has three cells")
    told = await desk.tell(
        user("ada", bad=1),
        user("ben"),
        record("user", "cy", flaws=(broken,)),
        course("c1", iri="no iri"),
        record("user", "", x=1),
        record("user", "x" * 600),
        record("user", "half \ud800"),
    )
    assert told == ["user_created ben"]
    states = await desk.states()
    assert sorted(states.values()) == ["active", *["quarantined"] * 6]
    assert [rule for _, rule, _ in await desk.flaws()] == ["id", "id", "id", "range", "iri", "row"]
    before = await desk.writes()
    desk.begin()
    await desk.tell(user("ada", bad=1), record("user", "cy", flaws=(broken,)))
    await desk.intake.whole(Whole(entity="user"))  # what is flawed was seen; the four others were not told
    assert (await desk.states())["ada"] == "quarantined"
    assert await desk.writes() > before
    assert await desk.tell(user("ada")) == ["user_created ada"]


async def test_what_a_flawed_record_meant_stands(desk: Desk) -> None:
    await desk.tell(*FIRST, enrolment("e1"))
    assert await desk.tell(enrolment("e1", bad=1)) == []
    assert await desk.tell(enrolment("e2")) == []  # ada is in it still
    assert await desk.tell(enrolment("e1", role="instructor")) == ["role_changed ada c1 instructor"]


async def test_the_last_of_several_tellings_on_a_page_counts(desk: Desk) -> None:
    told = await desk.tell(*FIRST, enrolment("e1"), enrolment("e1", role="assistant"), enrolment("e1", role="mentor"))
    assert told[2:] == ["enrolled ada c1 mentor"]
    assert await desk.tell(enrolment("e1", role="learner"), enrolment("e1", role="mentor")) == []
    assert await desk.tell(enrolment("e9"), record("enrolment", "e9", gone=True)) == []
    assert (await desk.states())["e9"] == "gone"


async def test_what_is_older_than_what_is_known_is_not_taken(desk: Desk) -> None:
    await desk.tell(*FIRST, enrolment("e1", updated="2026-08-15T06:00:00Z"))
    assert await desk.tell(enrolment("e1", role="mentor", updated="2026-08-15T05:59:59.5Z")) == []
    assert await desk.tell(enrolment("e1", role="mentor", updated="2026-08-15T06:00:00Z")) != []
    assert desk.intake.counts.unchanged == 1


async def test_a_part_is_laid_over_what_is_known(desk: Desk) -> None:
    await desk.tell(*FIRST, enrolment("e1", role="instructor"))
    part = record("enrolment", "e1", form="event", partial=True, status="suspended")
    assert await desk.tell(part) == ["suspended ada c1"]
    before = await desk.writes()
    assert await desk.tell(part) == []
    assert await desk.writes() == before
    assert await desk.tell(enrolment("e1", role="instructor")) == ["resumed ada c1"]  # the whole is looked at again
    same = record("enrolment", "e1", form="event", partial=True, status="active")
    before = await desk.writes()
    assert await desk.tell(same) == []
    assert await desk.tell(enrolment("e1", role="instructor")) == []
    assert await desk.writes() == before


async def test_a_part_of_what_nobody_knows_is_all_there_is(desk: Desk) -> None:
    assert await desk.tell(user("ada", partial=True)) == ["user_created ada"]


async def test_absence_is_told_by_whole_readings_only(desk: Desk) -> None:
    await desk.tell(*FIRST, enrolment("e1", scope="c1"), enrolment("e2", who="ben", where="c2", scope="c2"))
    desk.begin()
    await desk.tell(*FIRST)
    assert (await desk.intake.finish()).gone == 0
    await desk.intake.whole(Whole(entity="enrolment", scope="c1"))
    assert await desk.said() == ["unenrolled ada c1"]
    await desk.intake.whole(Whole(entity="enrolment"))
    assert await desk.said() == ["unenrolled ben c2"]
    await desk.intake.whole(Whole(entity="user"))
    assert desk.intake.counts.gone == 2
    desk.begin()
    assert await desk.tell(user("ben"), enrolment("e1")) == ["enrolled ada c1 learner"]


async def test_events_that_come_late_take_nobody_away_and_bring_nobody_back(desk: Desk) -> None:
    def event(second: int, **more: Any) -> Record:
        return enrolment("e1", form="event", partial=True, updated=f"2026-09-01T10:00:0{second}Z", **more)

    await desk.tell(*FIRST, enrolment("e1", updated="2026-09-01T10:00:05Z"))
    assert await desk.tell(event(4, gone=True)) == []
    assert await desk.tell(event(7, gone=True)) == ["unenrolled ada c1"]
    assert await desk.tell(event(6, status="active")) == []
    assert await desk.tell(event(8, status="active")) == ["enrolled ada c1 learner"]


async def test_nothing_goes_where_too_much_would(desk: Desk) -> None:
    members = [enrolment(f"e{number}", scope=f"s{number % 3}") for number in range(30)]
    await desk.tell(*FIRST, *members)
    desk.begin(removals=Removals(percent_max=20, count_max=5))
    await desk.tell(*members[12:])
    await desk.intake.whole(Whole(entity="enrolment", scope="s0"))
    assert desk.intake.counts.gone == 4  # four of ten: fewer than six
    await desk.intake.whole(Whole(entity="enrolment", scope="s1"))
    [braked] = desk.intake.counts.braked  # eight of twenty in all, and more than a fifth
    assert (braked.entity, braked.gone, braked.of) == ("enrolment", 8, 20)
    assert desk.intake.counts.gone == 4
    desk.begin(removals=None)
    await desk.tell(*members[12:])
    await desk.intake.whole(Whole(entity="enrolment"))
    assert desk.intake.counts.gone == 8


async def test_a_landslide_that_comes_in_parts_is_one(desk: Desk) -> None:
    members = [enrolment(f"e{number}", scope=f"s{number % 3}") for number in range(30)]
    await desk.tell(*FIRST, *members)
    desk.begin(removals=Removals(percent_max=20, count_max=5))
    await desk.tell(*members[12:])
    await desk.intake.whole(*(Whole(entity="enrolment", scope=f"s{part}") for part in range(3)))
    assert desk.intake.counts.braked == (Missing(entity="enrolment", gone=12, of=30),)
    assert desk.intake.counts.gone == 0


async def test_where_one_kind_would_lose_too_much_nothing_is_taken_away(desk: Desk) -> None:
    """Not what depends on it, not what it depends on, and nothing else."""
    await desk.tell(*FIRST, *(enrolment(f"e{number}") for number in range(6)))
    for wholes in (("enrolment", "course", "user"), ("course", "user", "enrolment")):
        desk.begin(removals=Removals(percent_max=20, count_max=5))
        await desk.intake.whole(*(Whole(entity=entity) for entity in wholes))  # type: ignore[arg-type]  # its words
        assert in_words(desk.intake.counts.braked) == "2 of 2 users, 2 of 2 courses, 6 of 6 enrolments would be gone"
        assert desk.intake.counts.gone == 0
    assert await desk.said() == []


async def test_what_somebody_else_told_meanwhile_is_not_absent(desk: Desk) -> None:
    await desk.tell(*FIRST)
    reading = desk.begin()
    desk.begin()
    assert await desk.tell(enrolment("e1")) == ["enrolled ada c1 learner"]
    await reading.whole(Whole(entity="enrolment"))
    assert await desk.said() == []


async def test_what_cannot_be_written_as_json_is_written_as_text(desk: Desk) -> None:
    assert await desk.tell(user("ada", display_name="half \ud800", attributes={"n": "x"})) == ["user_created ada"]
    await desk.tell(user("ben", bad=10**30))
    assert (await desk.states()) == {"ada": "active", "ben": "quarantined"}
    before = await desk.writes()
    assert (
        await desk.tell(user("ben", bad=10**30), user("ada", display_name="half \ud800", attributes={"n": "x"})) == []
    )
    assert await desk.writes() == before


async def test_a_long_page_lets_others_go_on(desk: Desk) -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(beat)
        await desk.intake.page(Page(records=tuple(user(f"u{number}") for number in range(1_000))))
        nursery.cancel_scope.cancel()
    assert beats > 30


async def test_a_grade_is_of_the_course_of_its_work(desk: Desk) -> None:
    """Whether the source says so or not; of neither it is no grade."""
    work = record("assignment", "w1", course="c1", iri=f"{HOME}/paper/w1", name="Paper", points_max=20.0)
    score = {"raw": 12.0}
    await desk.tell(*FIRST, work, record("grade", "g1", user="ada", assignment="w1", score=score))
    await desk.tell(record("grade", "g1", user="ada", assignment="w1", score={"raw": 13.0}))
    await desk.tell(record("grade", "g2", user="ada", score=score))
    known = await desk.store.records.known(SOURCE, [("grade", "g1"), ("grade", "g2")])
    meant = msgspec.json.decode(known["grade", "g1"].canonical)
    assert (meant["course"], meant["score"]) == ("c1", {"raw": 13.0, "max": 20.0})
    assert known["grade", "g2"].state == "quarantined"
