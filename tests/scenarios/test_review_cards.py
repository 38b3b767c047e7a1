"""Reviewers in Slack, in a whole daemon in virtual time: shown once, decided once by whoever may, and told what came of
it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio
from accounts import SECRETS
from review_cards import ANN, CHANNEL, buttons, posts, press
from roster_hall import workspace
from seeded_conflicts import WHERE, seeded
from slack_events import SIGNING
from world import Campus, open_campus, route, tenant

from actors.domain.conflicts.model import Conflict
from config.model import Tenant
from config.rosters import Review


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SECRETS, "signing", SIGNING)


def reviewed(**more: object) -> Tenant:
    school = tenant(route("all", "completed"), settings={"slack": {"signing_secret": {"env": "signing"}}})
    return msgspec.structs.replace(school, review=Review(to="slack", channel=CHANNEL, reviewers=(ANN,)), **more)


@asynccontextmanager
async def opened(tmp_path: Path, *conflicts: Conflict, school: Tenant | None = None) -> AsyncIterator[Campus]:
    """Once these are shown."""
    async with open_campus(tmp_path, school or reviewed()) as campus:
        while not await campus.rows("SELECT 1 FROM ears WHERE lane = 'acme/slack' AND names <> '{}'"):
            await trio.sleep(0.05)
        await campus.store.conflicts.raise_("acme", conflicts, campus.clock.now_us())
        await seen(campus)
        yield campus


async def seen(campus: Campus) -> None:
    """Until whoever sees to it has seen to all of it."""
    for _ in range(3):
        campus.switchboard.weigh("acme")
        await trio.sleep(10)
        await campus.quiet()


async def state_of(campus: Campus, no: int = 1) -> str:
    case = await campus.store.conflicts.one("acme", no)
    assert case is not None
    return case.state


async def test_a_card_has_the_facts_and_a_button_for_each_fix(tmp_path: Path, autojump_clock: object) -> None:
    conflict = seeded()["stranger"]
    async with opened(tmp_path, conflict) as campus:
        [post] = posts(campus)
        assert conflict.about in post["text"]
        labels = [each["text"]["text"] for each in buttons(post)]
        assert labels == ["Let them stay", "Take them out", "Leave it"]
        removing = buttons(post)[1]
        assert removing["style"] == "danger"
        assert removing["confirm"]["confirm"]["text"] == "Yes"


async def test_who_may_presses_once_and_the_card_says_what_was_decided(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, seeded()["stranger"]) as campus:
        ann = workspace(campus).person(ANN)
        value = buttons(posts(campus)[0])[0]["value"]
        for at in ("1", "1", "2"):  # told twice by Slack, and pressed once more
            assert (await press(campus, value, ann, at)).status == 200
            await seen(campus)
        assert await state_of(campus) == "approved"
        [ruling] = (await campus.store.conflicts.rulings("acme", [WHERE.scope]))[WHERE.scope]
        assert (ruling.fix.name, ruling.by) == ("let_stay", ANN)
        case = await campus.store.conflicts.one("acme", 1)
        assert case is not None
        assert [each.what for each in case.history] == ["raised", "approved"]
        [last] = posts(campus)
        assert ANN in last["text"]
        assert [each["text"]["text"] for each in buttons(last)] == ["Undo"]
        await press(campus, buttons(last)[0]["value"], ann, "3")
        await seen(campus)
        assert await state_of(campus) == "undone"
        assert await campus.store.conflicts.rulings("acme", [WHERE.scope]) == {}
        assert buttons(posts(campus)[-1]) == []


async def test_who_may_not_changes_nothing_and_stands_in_the_audit(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, seeded()["stranger"]) as campus:
        eve = workspace(campus).person("eve@example.edu")
        value = buttons(posts(campus)[0])[0]["value"]
        assert (await press(campus, value, eve)).status == 200
        await seen(campus)
        assert await state_of(campus) == "open"
        await campus.store.audit.flush(all_of_them=True)
        assert await campus.rows("SELECT kind, what FROM audit WHERE what LIKE 'conflict.%'") == [
            ("refused", "conflict.approve")
        ]


async def test_a_button_that_was_shown_before_the_sides_changed_decides_nothing(
    tmp_path: Path, autojump_clock: object
) -> None:
    one = seeded()["email_differs"]
    other = msgspec.structs.replace(one, sides=(msgspec.structs.replace(one.sides[0], value="x@y.org"), *one.sides[1:]))
    async with opened(tmp_path, one) as campus:
        ann = workspace(campus).person(ANN)
        value = buttons(posts(campus)[0])[0]["value"]
        await campus.store.conflicts.raise_("acme", [other], campus.clock.now_us())
        await press(campus, value, ann)
        await seen(campus)
        assert await state_of(campus) == "open"
        fresh = buttons(posts(campus)[-1])[0]["value"]
        assert fresh != value
        await press(campus, fresh, ann, "2")
        await seen(campus)
        assert await state_of(campus) == "approved"


async def test_a_button_of_a_former_decision_takes_back_no_later_one(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, seeded()["stranger"]) as campus:
        ann = workspace(campus).person(ANN)
        old = ""
        for at, of in enumerate((-1, 0, -1)):  # leave it, take that back, leave it
            value = buttons(posts(campus)[-1])[of]["value"]
            old = old or (value if "undo" in value else "")
            assert (await press(campus, value, ann, str(at))).status == 200
            await seen(campus)
        assert await state_of(campus) == "rejected"
        await press(campus, old, ann, "late")
        await seen(campus)
        assert await state_of(campus) == "rejected"
        [last] = posts(campus)
        assert f"What {ANN} pressed was not done: decided otherwise since" in last["text"]
        await press(campus, buttons(last)[0]["value"], ann, "again")
        await seen(campus)
        assert await state_of(campus) == "open"


async def test_what_is_settled_by_itself_is_crossed_out(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, seeded()["stranger"]) as campus:
        await campus.store.conflicts.clear("acme", WHERE.scope, campus.clock.now_us())
        await seen(campus)
        assert buttons(posts(campus)[-1]) == []
        assert "is not so any more" in posts(campus)[-1]["text"]


async def test_a_flood_is_shown_a_few_at_a_time(tmp_path: Path, autojump_clock: object) -> None:
    one = seeded()["stranger"]
    many = [msgspec.structs.replace(one, subject=f"{one.subject}{n}") for n in range(50)]
    async with opened(tmp_path, *many) as campus:
        assert len(posts(campus)) == 20
        ann = workspace(campus).person(ANN)
        for n in range(5):
            await press(campus, buttons(posts(campus)[n])[0]["value"], ann, str(n))
        await seen(campus)
        assert len(posts(campus)) == 25
        assert len([each for each in posts(campus) if len(buttons(each)) > 1]) == 20
        shown = await campus.rows("SELECT count(*) FROM conflicts WHERE told = 'open'")
        assert shown == [(20,)]


async def test_a_crash_between_press_and_decision_loses_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, seeded()["email_differs"]) as campus:
        ann = workspace(campus).person(ANN)
        value = buttons(posts(campus)[0])[0]["value"]
        await press(campus, value, ann)
        await campus.die()
        await campus.again()
        await seen(campus)
        assert await state_of(campus) == "approved"
