"""Webhooks and Power Automate flows in a whole daemon: changes and statements, each effect once by its id, in each
learner's order, whatever happens on the way; and what nobody can know is decided by the route, and admitted."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
import trio
from world import Campus, completed, graded, open_campus, route, tenant

from actors.targets.teams_workflow.fake import FakeWorkflow
from actors.targets.webhook.fake import FakeWebhook
from config.model import Audience, Digest, Route, Tenant

PEOPLE = ["ada", "mary", "grace", "annie", "katherine", "emmy"]


def hook(name: str, *when: str, **more: object) -> Route:
    return route(name, *when, to="webhook", audience=Audience(), **more)


def flow(name: str, *when: str, **more: object) -> Route:
    return route(name, *when, to="teams_workflow", audience=Audience(), **more)


def school(*routes: Route) -> Tenant:
    return tenant(*(routes or (hook("changes", "completed", "graded"),)))


def receiver(campus: Campus) -> FakeWebhook:
    fake = campus.fakes["webhook"]
    assert isinstance(fake, FakeWebhook)
    return fake


def told(campus: Campus) -> list[str]:
    return [effect.operation for effect in campus.journal("webhook")]


async def receipts(campus: Campus) -> list[dict[str, str]]:
    rows = await campus.rows("SELECT receipt FROM deliveries WHERE receipt IS NOT NULL ORDER BY seq")
    return [msgspec.json.decode(row[0]) for row in rows]


async def test_a_change_and_its_statement_both_go(tmp_path: Path, autojump_clock: object) -> None:
    routes = (hook("changes", "graded"), hook("all", "statement"))
    async with open_campus(tmp_path, school(*routes)) as campus:
        ids = await campus.tell(graded("ada", 80.0), completed("mary"))
        await campus.quiet()
        assert sorted(told(campus)) == ["lmsyncd.graded", "lmsyncd.statement", "lmsyncd.statement"]
        by_type = {str(message["type"]): message["data"] for message in receiver(campus).messages.values()}
        change = by_type["lmsyncd.graded"]
        assert isinstance(change, dict)
        assert change["statement"]["id"] == ids[0]
        assert change["score"]["raw"] == 80.0
        assert change["tenant"] == "acme"
        assert {effect.delivery_id for effect in campus.journal("webhook")} == set(receiver(campus).messages)
        assert all(receipt["status"] == "204" for receipt in await receipts(campus))


async def test_each_learner_in_order_and_many_at_a_time(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school(hook("all", "statement")), window=16) as campus:
        campus.fault("webhook", "slow", value="2", times=0)
        ids = await campus.tell(*(completed(f"p{n % 20}", f"quiz{n}") for n in range(120)))
        began_s = trio.current_time()
        await campus.quiet()
        assert trio.current_time() - began_s < 120.0, "one after another would take twice as long"
        sent = [message["data"]["statement"]["id"] for message in receiver(campus).messages.values()]  # type: ignore[index]
        assert sorted(sent) == sorted(ids)
        for learner in range(20):
            own = [sent.index(one) for n, one in enumerate(ids) if n % 20 == learner]
            assert own == sorted(own)


@pytest.mark.parametrize("kind", ["reset_after_commit", "reset_before_commit", "status_after_commit", "late_commit"])
async def test_a_doubtful_outcome_is_sent_again_and_counts_once(
    tmp_path: Path, kind: str, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, school()) as campus:
        value = "504" if kind.startswith("status") else "30"
        campus.fault("webhook", kind, value=value, times=3, operation="message.post")
        await campus.tell(*(completed(who) for who in PEOPLE))
        await campus.quiet()
        await trio.sleep(60.0)
        await campus.tell(completed("zoe"))
        await campus.quiet()
        assert Counter(effect.id for effect in campus.journal("webhook")).most_common(1)[0][1] == 1
        assert len(campus.journal("webhook")) == len(PEOPLE) + 1
        assert await campus.states() == {"delivered": len(PEOPLE) + 1}


@pytest.mark.parametrize("who", [PEOPLE, ["ada"]])
async def test_a_receiver_that_fails_for_an_hour_loses_nothing(
    tmp_path: Path, who: list[str], autojump_clock: object
) -> None:
    """500 is doubtful and what is doubtful is repeated: that must not spend the attempts while the receiver is out."""
    async with open_campus(tmp_path, school()) as campus:
        campus.fault("webhook", "status", value="500", times=0)
        await campus.tell(*(completed(each) for each in who))
        await trio.sleep(3600.0)
        assert set(await campus.states()) <= {"waiting", "unknown"}
        assert campus.http.calls < 4 * 3600 / 5, "and nobody is in a hurry"
        receiver(campus).clear_faults()
        await campus.quiet()
        assert await campus.states() == {"delivered": len(who)}


async def test_a_death_in_the_middle_loses_and_doubles_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school()) as campus:
        campus.fault("webhook", "slow", value="5", times=0, operation="message.post")
        await campus.tell(*(completed(who, f"quiz{n}") for n, who in enumerate(PEOPLE * 5)))
        await trio.sleep(2.0)
        assert campus.journal("webhook"), "some have landed, and nobody here knows"
        await campus.die()
        receiver(campus).clear_faults()
        await campus.again()
        await campus.quiet()
        assert len(campus.journal("webhook")) == 30
        assert await campus.states() == {"delivered": 30}
        assert receiver(campus).repeats > 0, "somebody was asked twice, and it counted once"


@pytest.mark.parametrize("kind", ["revoked", "status"])
async def test_a_receiver_that_does_not_want_us_suspends_the_lane(
    tmp_path: Path, kind: str, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, school()) as campus:
        campus.fault("webhook", kind, value="410" if kind == "status" else "", times=0)
        await campus.tell(*(completed(who) for who in PEOPLE))
        await trio.sleep(3600.0)
        assert await campus.states() == {"waiting": len(PEOPLE)}
        assert campus.http.calls < 60, "it is asked from time to time"
        (event,) = campus.notes.named("lane.suspended")[:1]
        assert ("wants no more" if kind == "status" else "our signature") in str(event["reason"])
        receiver(campus).clear_faults()
        await campus.quiet(3600.0)
        assert await campus.states() == {"delivered": len(PEOPLE)}


async def test_a_suspended_lane_does_not_ask_more_because_more_comes_in(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school()) as campus:
        campus.fault("webhook", "status", value="410", times=0)
        await campus.tell(*(completed(who) for who in PEOPLE))
        await trio.sleep(10.0)
        before = campus.http.calls
        for number in range(100):
            await campus.tell(completed(PEOPLE[0], f"quiz{number}"))
            await trio.sleep(0.1)
        assert campus.http.calls - before <= 6, "two requests each, at most every five seconds"
        receiver(campus).clear_faults()
        await campus.quiet(3600.0)
        assert await campus.states() == {"delivered": len(PEOPLE) + 100}


async def test_what_one_message_is_refused_for_is_no_matter_of_the_others(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, school()) as campus:
        campus.fault("webhook", "status", value="422", operation="message.post")
        await campus.tell(*(completed(who) for who in PEOPLE))
        await campus.quiet()
        assert await campus.states() == {"delivered": len(PEOPLE) - 1, "dead": 1}
        assert await campus.rows("SELECT cause FROM deliveries WHERE state = 'dead'") == [("payload_refused",)]


async def test_a_change_whose_statement_is_gone_is_told_without_it(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school()) as campus:
        campus.fault("webhook", "status", value="503", times=0)
        await campus.tell(completed("ada"))
        await trio.sleep(60.0)
        await campus.rows("DELETE FROM statements")
        receiver(campus).clear_faults()
        with trio.fail_after(600.0):
            while not campus.journal("webhook"):
                await trio.sleep(1.0)
        (message,) = receiver(campus).messages.values()
        data = message["data"]
        assert isinstance(data, dict)
        assert data["statement"] is None
        assert data["learner"]["name"] == "ada"


# ── Power Automate ───────────────────────────────────────────────────────────────────────────────────


async def test_what_a_flow_queued_is_delivered_and_says_what_is_not_known(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, school(flow("staff", "completed"))) as campus:
        campus.fault("teams_workflow", "swallowed")
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert campus.journal("teams_workflow") == []
        (receipt,) = await receipts(campus)
        assert receipt["posted"].startswith("not known: ")
        assert receipt["run"]


@pytest.mark.parametrize(("doubtful", "posts", "state"), [("park", 1, "parked"), ("resend", 2, "delivered")])
async def test_the_route_decides_what_nobody_can_know(
    tmp_path: Path, doubtful: str, posts: int, state: str, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, school(flow("staff", "completed", doubtful=doubtful))) as campus:
        campus.fault("teams_workflow", "reset_after_commit", operation="flow.post")
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert len(campus.journal("teams_workflow")) == posts
        assert await campus.states() == {state: 1}


async def test_a_flow_gets_no_more_than_it_takes(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school(flow("staff", "completed"))) as campus:
        await campus.tell(*(completed(f"p{n}") for n in range(30)))
        await campus.quiet()
        at_s = [effect.time for effect in campus.journal("teams_workflow")]
        assert len(at_s) == 30
        assert min(later - sooner for sooner, later in pairwise(at_s)) >= 0.99
        assert campus.http.operations["flow.post"] == 30, "nobody was throttled"


async def test_a_digest_is_one_card(tmp_path: Path, autojump_clock: object) -> None:
    daily = flow("staff", "completed", mode=Digest(digest="0 8 * * *"))
    async with open_campus(tmp_path, school(daily)) as campus:
        await campus.tell(*(completed(who) for who in PEOPLE))
        await trio.sleep(86_400.0)
        fake = campus.fakes["teams_workflow"]
        assert isinstance(fake, FakeWorkflow)
        (card,) = fake.cards
        assert all(who in str(card) for who in PEOPLE)
