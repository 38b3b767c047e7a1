"""How things stand is told to nobody: what is read first of a part that was shut, and what was in quarantine then."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from intake_desk import HOME, SOURCE, Desk, a_desk, course, enrolment, record, user

from actors.domain.canonical import Enrolment
from actors.domain.correcting import ABSENT, Correction
from actors.domain.harvest import Page, Part, Record, parts_of
from actors.ports import Origin
from actors.roles.parts import Parts

FIRST = (user("ada"), user("ben"), course("c1"), course("c2"))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path) as desk:
        yield desk


def page(*records: Record) -> Page:
    return Page(records=records)


def shut(desk: Desk, *parts: Part, first_us: int = 1) -> Parts:
    return Parts(SOURCE, desk.store.sources, frozenset(parts), first_us=first_us)


async def test_of_one_page_only_what_was_shut_is_hushed(desk: Desk) -> None:
    await desk.tell(*FIRST)
    await desk.loud()
    desk.begin(parts=shut(desk, *parts_of("c1")))
    told = page(
        user("eva", via="c1"),
        user("flo", via="c2"),
        enrolment("e1", scope="c1"),
        enrolment("e2", who="ben", where="c2", scope="c2"),
    )
    await desk.intake.page(told)
    assert desk.intake.counts.statements == 4
    assert await desk.loud() == ["user_created flo", "enrolled ben c2 learner"]


async def test_beside_what_is_hushed_stands_why(desk: Desk) -> None:
    await desk.tell(*FIRST)
    before = max(each.seq for each in await desk.store.statements.after("acme", 0, 100))
    origin = Origin(by="reading", mode="full", began_us=7, mapping=1)
    desk.begin(parts=shut(desk, *parts_of("c1")), origin=origin)
    loud, quiet = enrolment("e2", who="ben", where="c2", scope="c2"), enrolment("e1", scope="c1")
    await desk.intake.page(page(quiet, loud))
    told = await desk.store.statements.after("acme", before, 100)
    found = [await desk.store.queries.learnt(each.seq) for each in told]
    assert [(each.id, each.origin) for each in found if each is not None] == [
        ("e2", origin), ("e1", msgspec.structs.replace(origin, quiet="part")),
    ]  # fmt: skip


async def test_what_is_known_in_a_shut_part_is_news_when_it_changes(desk: Desk) -> None:
    """It was told by somebody else meanwhile."""
    await desk.tell(*FIRST, enrolment("e1", scope="c1"))
    await desk.loud()
    desk.begin(parts=shut(desk, *parts_of("c1")))
    await desk.intake.page(page(enrolment("e1", scope="c1", role="instructor")))
    assert await desk.loud() == ["role_changed ada c1 instructor"]


async def test_a_course_that_is_seen_later_is_shut_before_anything_of_it_is_taken_in(desk: Desk) -> None:
    await desk.tell(*FIRST)
    await desk.loud()
    desk.begin(parts=shut(desk, first_us=desk.clock.now_us()))
    old, new = course("c3", made_us=0), course("c4", made_us=desk.clock.now_us())
    await desk.intake.page(page(old, new, *(enrolment(f"e{name}", where=name, scope=name) for name in ("c3", "c4"))))
    assert await desk.loud() == ["enrolled ada c4 learner"]
    assert await desk.store.sources.shut(SOURCE) == set(parts_of("c3"))
    desk.begin(parts=shut(desk, first_us=desk.clock.now_us()))
    await desk.intake.page(page(course("c1", name="Renamed", made_us=0)))
    assert len(await desk.store.sources.shut(SOURCE)) == 5, "what was shown before is not shut"


@pytest.mark.parametrize("before", [True, False])
async def test_let_in_from_quarantine_it_is_told_as_it_was_told_first(desk: Desk, before: bool) -> None:
    """It waits for somebody who comes with a later reading."""
    desk.begin(quiet=before)
    await desk.tell(*FIRST, enrolment("e1", who="eva"))
    await desk.intake.finish()
    await desk.loud()
    desk.begin()
    await desk.intake.page(page(user("eva")))
    assert await desk.loud() == ["user_created eva", *([] if before else ["enrolled eva c1 learner"])]


async def test_let_in_by_hand_it_is_hushed_too_however_often_that_is_tried(desk: Desk) -> None:
    desk.begin(quiet=True)
    await desk.tell(*FIRST, enrolment("e1", who="eva"))
    [[no]] = await desk.store.writer.submit(
        lambda raw: raw.execute("SELECT no FROM records WHERE id = 'e1'").fetchall()
    )
    await desk.loud()
    for _ in range(2):
        desk.begin()
        await desk.intake.again([no])
    assert (await desk.states())["e1"] == "quarantined"
    await desk.intake.page(page(user("eva")))
    assert (await desk.states())["e1"] == "active"
    assert await desk.loud() == ["user_created eva"]


async def test_what_the_source_has_mended_since_is_news(desk: Desk) -> None:
    work = record("assignment", "w1", course="c1", iri=f"{HOME}/paper/w1", name="Paper", points_max=20.0)
    desk.begin(quiet=True)
    await desk.tell(*FIRST, work, record("grade", "g1", user="ada", assignment="w1", bad=1))
    await desk.loud()
    desk.begin()
    await desk.intake.page(page(record("grade", "g1", user="ada", assignment="w1", score={"raw": 12.0})))
    assert len(await desk.loud()) == 1


async def test_what_another_mapping_has_let_in_is_news_when_it_is_corrected(desk: Desk) -> None:
    """An activation lets in without telling anybody; from then on it stands there like others."""
    desk.begin(quiet=True)
    await desk.tell(*FIRST, enrolment("e1", who="eva"))
    let_in = "UPDATE records SET state = 'active', canonical = ?, user = 'eva', course = 'c1', rev = 1 WHERE id = 'e1'"
    means = msgspec.json.encode(Enrolment(id="e1", user="eva", course="c1"))
    await desk.store.writer.submit(lambda raw: raw.execute(let_in, (means,)))
    await desk.store.writer.submit(lambda raw: raw.execute("DELETE FROM flaws"))
    desk.begin()
    await desk.tell(user("eva"))
    await desk.loud()
    [[no]] = await desk.store.writer.submit(
        lambda raw: raw.execute("SELECT no FROM records WHERE id = 'e1'").fetchall()
    )
    put = Correction(path="role", value='"instructor"', was=ABSENT, by="ada", at_us=1)
    await desk.store.quarantine.correct(no, [put], [])
    await desk.intake.again([no], well=True)
    assert await desk.loud() == ["role_changed eva c1 instructor"]
