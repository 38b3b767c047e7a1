"""``why`` about deliveries that wait on purpose, were folded, replaced, overtaken, or died in somebody's hands."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from control_office import Desk, Office, ask
from world import VirtualClock, completed, graded, route, tenant

from actors.domain.outbox import HeldFor, State
from config.model import Digest
from daemon.control import protocol as p
from daemon.control.verbs import tale
from daemon.control.views import DeliveryStory
from daemon.store.asking import Kept, LaneHold
from daemon.store.database import open_store

LANE = "acme/slack"
DAILY = route("daily", "completed", mode=Digest(digest="0 12 * * *"))
GRADES = route("grades", "graded")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_store(tmp_path / "h.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": tenant(DAILY, GRADES)}))


async def told(desk: Desk, *statements: dict) -> None:
    await desk.tell(*statements)
    await desk.route()


async def listed(desk: Desk, state: State) -> list[Kept]:
    return await desk.store.queries.listed(LANE, state, 10)


async def story(desk: Desk, kept: Kept) -> DeliveryStory:
    [found], _ = await ask(desk.office, p.QueueShow(delivery=kept.delivery.id))
    assert isinstance(found, DeliveryStory)
    return found


async def due(desk: Desk) -> None:
    """The time of everything that is held has come."""
    await desk.store.writer.submit(lambda raw: raw.execute("UPDATE deliveries SET due_us = 1 WHERE held_for <> ''"))


async def test_what_waits_for_its_digest_says_for_which_and_until_when(desk: Desk) -> None:
    await told(desk, completed("ada"))
    [kept] = await listed(desk, State.HELD)
    [said] = (await story(desk, kept)).next
    assert said.startswith("It is collected for the digest of route daily, which is sent at ")
    assert " UTC, in " in said


async def test_a_digest_and_what_stands_in_it_tell_of_one_another(desk: Desk) -> None:
    await told(desk, completed("ada"), completed("ben"))
    items = await listed(desk, State.HELD)
    await due(desk)
    await desk.carry(State.UNKNOWN)
    [digest] = await listed(desk, State.UNKNOWN)
    shown = await story(desk, digest)
    assert [item.partition(" (")[0] for item in shown.items] == ["ada", "ben"]
    assert all(kept.delivery.id in item for kept, item in zip(items, shown.items, strict=True))
    [said] = (await story(desk, items[0])).next
    assert said == f"It stands in digest {digest.delivery.id}, which is unknown; it is delivered when that is."


async def test_a_discarded_digest_takes_its_items_along(desk: Desk) -> None:
    await told(desk, completed("ada"), completed("ben"))
    await due(desk)
    dead = await desk.carry(State.DEAD)
    await ask(desk.office, p.DlqDiscard(deliveries=(dead,)))
    assert await desk.states() == {"cancelled": 3}
    await ask(desk.office, p.DlqReplay(everything=True))
    assert await desk.states() == {"cancelled": 3}


async def test_a_dead_digest_is_replayed_with_its_items(desk: Desk) -> None:
    await told(desk, completed("ada"), completed("ben"))
    await due(desk)
    dead = await desk.carry(State.DEAD)
    [row], _ = await ask(desk.office, p.DlqReplay(deliveries=(dead,)))
    assert (row.after, row.done) == ("waiting", True)
    assert await desk.states() == {"waiting": 1, "held": 2}


@pytest.mark.parametrize(
    ("held_for", "said"),
    [
        (HeldFor.QUIET, "It is kept back for the quiet hours of route grades, until "),
        (HeldFor.ROUTE, "It is kept back because its route grades is disabled: enable it and `lmsyncctl reload`"),
        (HeldFor.PERSON, "It is kept back on purpose and not in its line: on purpose"),
    ],
)
async def test_what_it_waits_for_is_said(desk: Desk, held_for: HeldFor, said: str) -> None:
    await told(desk, graded("ada", 80))
    await desk.carry(State.HELD, detail="on purpose")
    await desk.store.writer.submit(lambda raw: raw.execute("UPDATE deliveries SET held_for = ?", (held_for.value,)))
    [kept] = await listed(desk, State.HELD)
    assert (await story(desk, kept)).next[0].startswith(said)


async def test_lists_tell_what_is_waited_for(desk: Desk) -> None:
    await told(desk, completed("ada"), graded("ada", 80))
    rows, _ = await ask(desk.office, p.QueueList())
    assert [(row.state, row.held_for) for row in rows] == [("waiting", ""), ("held", "digest")]


async def test_a_rehearsed_statement_is_kept_back_or_overtaken_like_a_real_one(desk: Desk) -> None:
    await told(desk, graded("ada", 85, at="2026-11-23T11:00:00Z"))
    late, digest = graded("ada", 80, at="2026-11-23T10:00:00Z"), completed("ada")
    text = msgspec.json.encode([late, digest]).decode()
    [overtaken, judged, preview], done = await ask(desk.office, p.RouteTest(tenant="acme", statement=text))
    assert overtaken.reason.startswith("overtaken")
    assert overtaken.explanation
    assert (judged.change, done.note) == ("activity_completed", "1 post would be made")
    assert preview.detail.startswith("kept back (digest) until ")
    assert await desk.states() == {"waiting": 1}


async def test_what_was_overtaken_was_not_sent(desk: Desk) -> None:
    await told(desk, graded("ada", 85, at="2026-11-23T11:00:00Z"), graded("ada", 80, at="2026-11-23T10:00:00Z"))
    [kept] = await listed(desk, State.SUPERSEDED)
    assert (await story(desk, kept)).next[0].startswith("It was told when a newer value")


async def test_what_was_replaced_says_by_what(desk: Desk) -> None:
    await told(desk, completed("ada"))
    await desk.store.queries.pause(LANE, by="ben", now_us=1)
    await told(desk, graded("ada", 80), graded("ada", 85, at="2026-11-23T11:00:00Z"))
    [old], [new] = await listed(desk, State.SUPERSEDED), await listed(desk, State.WAITING)
    shown = await story(desk, old)
    assert f"by delivery {new.delivery.id}" in shown.next[0]
    assert [line.verdict for line in shown.attempts] == ["superseded"]


async def about(desk: Desk, **more: Any) -> list[str]:
    await told(desk, graded("ada", 80))
    [kept] = await listed(desk, State.WAITING)
    delivery = msgspec.structs.replace(kept.delivery, **more.pop("delivery", {}))
    around = tale.Around(now_us=desk.office.clock.now_us(), configured=True, hold=LaneHold(), view=None)
    return tale._beside(msgspec.structs.replace(kept, delivery=delivery, **more), around)


@pytest.mark.parametrize(("crashes", "said"), [(1, "Once whoever"), (3, "3 times whoever")])
async def test_deaths_of_couriers_are_counted(desk: Desk, crashes: int, said: str) -> None:
    [line] = await about(desk, delivery={"crashes": crashes})
    assert line.startswith(said)


async def test_what_rewrites_says_so(desk: Desk) -> None:
    [line] = await about(desk, revise=True)
    assert "rewrites the earlier post" in line


async def test_what_is_as_it_should_be_needs_no_words(desk: Desk) -> None:
    assert await about(desk) == []


async def test_what_is_too_old_is_told(desk: Desk) -> None:
    desk.store.born_us = 0
    [statement] = await desk.tell(graded("ada", 80, at="2001-01-01T00:00:00Z"))
    await desk.route()
    [shown], _ = await ask(desk.office, p.Why(what=statement))
    assert (shown.reason.partition(":")[0], shown.unrouted) == ("too_old", False)
    assert "effect horizon" in shown.explanation
