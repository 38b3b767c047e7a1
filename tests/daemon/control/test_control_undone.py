"""``why`` tells what voiding took back and by whom, from either end; nobody can replay what was taken back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio
from control_office import Office, ask, opened
from world import Campus, completed, graded, route, tenant, voiding

from daemon.control import protocol as p
from daemon.control.views import DeliveryStory, StatementStory
from daemon.store.judging import Replay

ROUTES = (route("done", "completed"), route("undone", "completion_undone"), route("grades", "graded"))
NOWHERE = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"


@pytest.fixture
async def running(tmp_path: Any, autojump_clock: object) -> AsyncIterator[tuple[Office, Campus]]:
    async with opened(tmp_path, tenant(*ROUTES)) as both:
        yield both


async def why(office: Office, what: str) -> tuple[StatementStory, list[DeliveryStory]]:
    rows, _ = await ask(office, p.Why(what=what))
    [statement, *deliveries] = rows
    return statement, deliveries


async def delivery_ids(campus: Campus) -> list[str]:
    return [one.hex() for [one] in await campus.rows("SELECT id FROM deliveries ORDER BY seq")]


async def state(campus: Campus, delivery: str) -> str:
    [[found]] = await campus.rows("SELECT state FROM deliveries WHERE id = ?", bytes.fromhex(delivery))
    return str(found)


async def test_what_was_posted_and_what_was_told_instead(
    running: tuple[Office, Campus], autojump_clock: object
) -> None:
    office, campus = running
    [told] = await campus.tell(completed("ada"))
    await campus.quiet()
    [void] = await campus.tell(voiding(told))
    await campus.quiet()
    posted, corrected = await delivery_ids(campus)

    story, deliveries = await why(office, void)
    assert story.undone == (
        f"It voids statement {told}, which had told activity_completed: ada (mbox:ada@example.edu) · "
        "CS101 Course CS101 · Quiz.",
        f"Of that, sent before, and stays as it was posted: {posted}.",
        "What is told in its place: completion_undone, number 2 of its kind.",
    )
    assert [one.delivery.id for one in deliveries] == [corrected]

    story, [delivery] = await why(office, told)
    assert story.voided
    assert story.undone == (f"It was voided by statement {void}: lmsyncctl why {void} tells what was taken back.",)
    assert delivery.delivery.id == posted


async def test_what_was_cancelled(running: tuple[Office, Campus], autojump_clock: object) -> None:
    office, campus = running
    await campus.store.queries.pause("acme/slack", by="ada", now_us=campus.clock.now_us())
    [told] = await campus.tell(completed("ada"))
    await trio.sleep(1)
    [void] = await campus.tell(voiding(told))
    await trio.sleep(1)
    [cancelled] = await delivery_ids(campus)
    story, deliveries = await why(office, void)
    assert story.undone[1:] == (f"Of that, cancelled, so never sent: {cancelled}.",)
    assert "before anybody was told" in story.reason
    assert not deliveries
    _, [delivery] = await why(office, told)
    assert delivery.next == (f"It will not be sent: its statement was voided by {void}.",)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (NOWHERE, "which is not in the log"),
        ("the first voiding one", "which voids another one itself"),
        ("the voided one", "voids already: this one changes nothing"),
        ("one without a change", "which had told no change"),
    ],
)
async def test_what_voids_nothing_says_why(
    running: tuple[Office, Campus], autojump_clock: object, statement: str, said: str
) -> None:
    office, campus = running
    known: dict[str, str] = {}
    [known["the voided one"]] = await campus.tell(completed("ada"))
    [known["one without a change"]] = await campus.tell({**completed("ben"), "verb": {"id": "urn:x"}})
    [known["the first voiding one"]] = await campus.tell(voiding(known["the voided one"]))
    await campus.quiet()
    [void] = await campus.tell(voiding(known.get(statement, statement)))
    await campus.quiet()
    story, _ = await why(office, void)
    [sentence] = story.undone
    assert said in sentence
    assert known.get(statement, statement) in sentence


async def test_a_change_that_others_told_too(running: tuple[Office, Campus], autojump_clock: object) -> None:
    office, campus = running
    [first] = await campus.tell(completed("ada"))
    [again] = await campus.tell(completed("ada"))
    await campus.quiet()
    story, _ = await why(office, first)
    assert story.undone == (f"Its change was told again by {again}: while one of them stands, it is not taken back.",)
    story, _ = await why(office, again)
    assert "was known already" in story.undone[0]
    [void] = await campus.tell(voiding(first))
    await campus.quiet()
    story, _ = await why(office, void)
    assert "another statement told the same" in story.reason
    assert "stays as it was posted" in story.undone[-1]


# ── replays ──────────────────────────────────────────────────────────────────────────────────────────


async def parked(campus: Campus) -> tuple[str, str]:
    """A delivery of unknown outcome that nobody could find, whose statement is voided then; and who voided it."""
    [told] = await campus.tell(completed("ada"))
    await campus.quiet()
    [delivery] = await delivery_ids(campus)
    await campus.rows(
        "UPDATE deliveries SET state = 'parked', cause = 'unknown_outcome', receipt = NULL WHERE id = ?",
        bytes.fromhex(delivery),
    )
    [void] = await campus.tell(voiding(told))
    await campus.quiet()
    return delivery, void


@pytest.mark.parametrize("accept_double", [False, True])
async def test_a_parked_one_is_not_replayed(
    running: tuple[Office, Campus], autojump_clock: object, accept_double: bool
) -> None:
    office, campus = running
    delivery, void = await parked(campus)
    [done] = await campus.store.queries.replay(
        [Replay(id=delivery)], by="ada", now_us=campus.clock.now_us(), accept_double=accept_double
    )
    assert not done.done
    assert f"its statement was voided by {void}: refused" in done.note
    assert await state(campus, delivery) == "parked"
    rows, _ = await ask(office, p.Why(what=delivery))
    assert f"Its statement was voided by statement {void}" in " ".join(rows[-1].next)
    [let_be] = await campus.store.queries.discard([delivery], by="ada", now_us=campus.clock.now_us())
    assert (let_be.done, await state(campus, delivery)) == (True, "cancelled")


async def test_a_replaced_one_is_not_sent_all_the_same(running: tuple[Office, Campus], autojump_clock: object) -> None:
    _, campus = running
    await campus.store.queries.pause("acme/slack", by="ada", now_us=campus.clock.now_us())
    [old] = await campus.tell(graded("ada", 80, at="2026-11-23T10:00:00Z"))
    await campus.tell(graded("ada", 85, at="2026-11-23T11:00:00Z"))
    await trio.sleep(1)
    replaced = (await delivery_ids(campus))[0]
    assert await state(campus, replaced) == "superseded"
    await campus.tell(voiding(old))
    await trio.sleep(1)
    [done] = await campus.store.queries.replay(
        [Replay(id=replaced)], by="ada", now_us=campus.clock.now_us(), accept_double=False
    )
    assert not done.done
    assert "its statement was voided" in done.note


async def test_a_dead_one_is_dead_no_more_but_cancelled(running: tuple[Office, Campus], autojump_clock: object) -> None:
    _, campus = running
    campus.fault("slack", "archived", operation="chat.postMessage")
    [told] = await campus.tell(completed("ada"))
    await campus.quiet()
    [delivery] = await delivery_ids(campus)
    assert await state(campus, delivery) == "dead"
    await campus.tell(voiding(told))
    await campus.quiet()
    [done] = await campus.store.queries.replay(
        [Replay(id=delivery)], by="ada", now_us=campus.clock.now_us(), accept_double=True
    )
    assert (done.done, await state(campus, delivery)) == (False, "cancelled")
    assert not campus.journal("slack")


async def test_what_no_route_took_is_not_routed_once_it_was_voided(
    running: tuple[Office, Campus], autojump_clock: object
) -> None:
    office, campus = running
    left = {**completed("ada"), "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"}}
    [told] = await campus.tell(left)
    await campus.quiet()
    await campus.tell(voiding(told))
    await campus.quiet()
    office.tenants["acme"] = tenant(route("all", "passed"))
    rows, _ = await ask(office, p.DlqPlan(unrouted="acme", everything=True))
    assert "voided" in " ".join(str(row) for row in rows)
    await ask(office, p.DlqReplay(unrouted="acme", everything=True))
    assert await delivery_ids(campus) == []
