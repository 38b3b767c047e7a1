"""``why`` explains every state a delivery can be in and every reason not to be routed; ``trace`` tells the steps."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from control_office import Desk, Office, ask
from world import VirtualClock, completed, graded, route, tenant

from actors.domain.outbox import State
from actors.domain.verdicts import Cause
from actors.messages import LaneView
from config.model import Audience
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.verbs import tale
from daemon.control.views import ArrivalRow, DeliveryStory, SpanRow, StatementStory
from daemon.store.asking import LaneHold
from daemon.store.database import open_store

ACME = tenant(route("done", "completed"), route("tell", "completed", audience=Audience(learner=True)))
VERB = "http://adlnet.gov/expapi/verbs/"


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": ACME}))


async def why(desk: Desk, what: str) -> list[Any]:
    rows, done = await ask(desk.office, p.Why(what=what))
    assert done.exit_code == 0
    return rows


async def one(desk: Desk, state: State, **more: Any) -> DeliveryStory:
    """The story of a delivery in this state."""
    await desk.tell(completed("ada"))
    await desk.route()
    delivery = await desk.carry(state, **more)
    [_, story] = await why(desk, delivery)
    return story


NEXT: dict[State, str] = {
    State.WAITING: "first in its line",
    State.CLAIMED: "being sent",
    State.DELIVERED: "It is done",
    State.UNKNOWN: "Nobody knows",
    State.PARKED: "--accept-double",
    State.DEAD: "dlq replay",
    State.HELD: "kept back on purpose",
    State.SUPERSEDED: "took its place",
    State.SHADOWED: "only rehearsed",
    State.CANCELLED: "will not be sent",
}


@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
async def test_every_state_is_explained(desk: Desk, state: State) -> None:
    story = await one(desk, state)
    assert story.delivery.state == state.value
    assert NEXT[state] in " ".join(story.next)
    assert story.delivery.correlation_id == "request-1"
    if state is not State.CLAIMED:
        [line] = story.attempts
        assert line.request_ids == {"x-slack-req-id": "req-1"}
        assert line.detail == f"told to be {state.value}"


@pytest.mark.parametrize("cause", Cause, ids=lambda cause: cause.value)
async def test_every_cause_says_what_to_do_and_who(desk: Desk, cause: Cause) -> None:
    story = await one(desk, State.DEAD, cause=cause, detail="the exact words")
    assert (story.delivery.cause, story.delivery.whose) == (cause.value, cause.whose.value)
    assert story.delivery.detail == "the exact words"
    assert len(story.next) == 2


async def test_a_delivered_one_shows_its_receipt(desk: Desk) -> None:
    story = await one(desk, State.DELIVERED)
    assert story.receipt == {"channel": "C0GENERAL1", "ts": "1.2"}
    assert story.trace_id == f"{1:032x}"


async def test_a_later_one_names_whom_it_waits_behind(desk: Desk) -> None:
    await desk.tell(completed("ada"), completed("ben"))
    await desk.route()
    front = await desk.carry(State.UNKNOWN, due_us=1 << 58)
    [_, (second, head)] = await desk.line("C0GENERAL1")
    assert not head
    [_, story] = await why(desk, second)
    assert f"behind delivery {front} (of unknown outcome, due " in story.next[-1]


async def test_held_lanes_are_named(desk: Desk) -> None:
    await desk.tell(completed("ada"))
    await desk.route()
    await desk.store.queries.pause("acme/slack", by="ben (uid 7)", now_us=1_800_000_000_000_000)
    await desk.store.outbox.suspend("acme/slack", "token_revoked", 1_800_000_000_000_000)
    [(delivery, _)] = await desk.line("C0GENERAL1")
    [_, story] = await why(desk, delivery)
    said = " ".join(story.next)
    assert "paused by ben (uid 7) since 2027-01-15 08:00:00 UTC" in said
    assert "suspended since 2027-01-15 08:00:00 UTC: token_revoked" in said


async def around(desk: Desk, state: State, view: LaneView | None, **more: Any) -> str:
    story = await one(desk, state, **more)
    [kept] = await desk.store.queries.deliveries_like(story.delivery.id)
    now_us = desk.office.clock.now_us() + 60_000_000
    return " ".join(tale.what_next(kept, tale.Around(now_us=now_us, configured=True, hold=LaneHold(), view=view)))


def lane_view(**more: Any) -> LaneView:
    return LaneView(lane="acme/slack", in_flight=0, window=8, window_max=8, **more)


async def test_throttles_and_outages_are_named(desk: Desk) -> None:
    view = lane_view(throttled_until_us=1_900_000_000_000_000, outage="connection refused")
    said = await around(desk, State.WAITING, view)
    assert "The lane is throttled by the vendor until 2030-03-17 17:46:40 UTC." in said
    assert "The vendor is out, tried with 8 at a time: connection refused" in said


async def test_one_that_is_due_says_so(desk: Desk) -> None:
    assert "due: its courier takes it next" in await around(desk, State.WAITING, lane_view())


async def test_one_that_is_retried_says_when_and_why(desk: Desk) -> None:
    said = await around(desk, State.WAITING, lane_view(), due_us=1_900_000_000_000_000, detail="HTTP 503")
    assert "sent again at 2030-03-17 17:46:40 UTC" in said
    assert "(HTTP 503)" in said
    assert "1 of 8 attempts are spent" in said


async def test_a_probe_to_come_says_when(desk: Desk) -> None:
    said = await around(desk, State.UNKNOWN, lane_view(), due_us=1_900_000_000_000_000)
    assert "looked for at the vendor at 2030-03-17 17:46:40 UTC" in said
    assert "stands behind it in its line waits" in said
    assert "looked for at the vendor next" in await around(desk, State.UNKNOWN, lane_view(), due_us=1)


async def test_one_left_claimed_by_a_courier_that_is_silent_says_what_will_be(desk: Desk) -> None:
    assert "looked for at the vendor before anything is sent again" in await around(desk, State.CLAIMED, None)
    assert "does not answer" not in await around(desk, State.CLAIMED, lane_view())


async def test_a_lane_that_is_not_configured_any_more_says_so(desk: Desk) -> None:
    await desk.tell(completed("ada"))
    await desk.route()
    [(delivery, _)] = await desk.line("C0GENERAL1")
    desk.office.tenants.clear()
    [_, story] = await why(desk, delivery)
    assert "not configured any more" in " ".join(story.next)


# ── statements ───────────────────────────────────────────────────────────────────────────────────────


def told(**more: Any) -> dict[str, object]:
    return {**completed("ada"), **more}


GROUP = {"objectType": "Group", "name": "Class", "mbox": "mailto:class@example.edu", "member": []}
NOT_ROUTED: dict[str, dict[str, object]] = {
    "unknown_verb": told(verb={"id": VERB + "pondered"}),
    "object_type": told(object={"objectType": "Agent", "mbox": "mailto:x@example.edu"}),
    "group": told(actor=GROUP),
    "not_complete": told(result={"completion": False}),
    "not_a_course": told(verb={"id": "http://activitystrea.ms/leave"}),
    "no_role": told(verb={"id": "urn:lmsyncd:verbs:role-changed"}),
    "no_raw_score": told(verb={"id": VERB + "scored"}),
    "not_an_assignment": told(verb={"id": "http://activitystrea.ms/create"}),
    "not_a_system": told(verb={"id": VERB + "registered"}),
    "voiding": told(verb={"id": VERB + "voided"}),
    "no_route": graded("ada", 80),
}


@pytest.mark.parametrize("word", NOT_ROUTED)
async def test_every_reason_not_to_be_posted_is_explained(desk: Desk, word: str) -> None:
    [statement] = await desk.tell(NOT_ROUTED[word])
    await desk.route()
    [story] = await why(desk, statement)
    assert isinstance(story, StatementStory)
    assert story.routed
    assert story.reason.startswith(f"{word}:")
    assert story.explanation
    assert story.deliveries == 0
    assert (story.change == "graded") == (word == "no_route")


async def test_a_voided_one_says_so(desk: Desk) -> None:
    [statement] = await desk.tell(completed("ada"))
    await desk.store.writer.submit(lambda raw: raw.execute("UPDATE statements SET voided = 1"))
    await desk.route()
    [story] = await why(desk, statement)
    assert story.voided
    assert story.reason.startswith("voided:")


async def test_one_that_the_router_failed_on_says_so(desk: Desk) -> None:
    [statement] = await desk.tell(completed("ada"))
    await desk.store.writer.submit(
        lambda raw: raw.execute(
            "INSERT INTO outcomes (seq, reason, unrouted) SELECT seq, 'fault: KeyError: x', 1 FROM statements"
        )
    )
    [story] = await why(desk, statement)
    assert "report" in story.explanation


async def test_one_that_is_not_routed_yet_says_so(desk: Desk) -> None:
    [statement] = await desk.tell(completed("ada"))
    [story] = await why(desk, statement)
    assert not story.routed
    assert story.reason.startswith("pending:")


async def test_a_change_told_twice_names_who_carries_it(desk: Desk) -> None:
    first, second = await desk.tell(completed("ada"), completed("ada"))
    await desk.route()
    [_, channel, learner] = await why(desk, first)
    [story] = await why(desk, second)
    assert story.reason.startswith("repeated:")
    assert set(story.carried_by) == {channel.delivery.id, learner.delivery.id}
    assert story.occurrence == 1


async def test_arrival_statement_and_outcome_are_told_in_words(desk: Desk) -> None:
    [statement] = await desk.tell(completed("ada"))
    await desk.route()
    [story, channel, learner] = await why(desk, statement)
    assert (story.tenant, story.source, story.credential) == ("acme", "campus", "moodle")
    assert (story.correlation_id, story.trace_id) == ("request-1", f"{1:032x}")
    assert (story.actor, story.verb, story.object) == (
        "ada (mailto:ada@example.edu)",
        "completed",
        "Quiz (https://lms.example.edu/mod/quiz)",
    )
    assert (story.change, story.occurrence, story.deliveries) == ("activity_completed", 1, 2)
    assert channel.audience == "channel C0GENERAL1"
    assert learner.audience == "the learner"
    assert "CS101" in channel.delivery.about


@pytest.mark.parametrize("cut", [8, 12, 36])
async def test_ids_may_be_cut(desk: Desk, cut: int) -> None:
    [statement] = await desk.tell(completed("ada"))
    await desk.route()
    rows = await why(desk, statement[:cut].upper())
    assert rows[0].id == statement
    [_, story] = await why(desk, rows[1].delivery.id[: min(cut, 32)])
    assert story.delivery.id == rows[1].delivery.id


async def test_a_request_tells_all_it_brought_and_what_it_repeated(desk: Desk) -> None:
    await desk.tell(completed("ada"), completed("ben"), correlation="req-7")
    await desk.route()
    rows = await why(desk, "req-7")
    assert [type(row) for row in rows] == [ArrivalRow, *([StatementStory, DeliveryStory, DeliveryStory] * 2)]
    assert (rows[0].fresh, rows[0].collapsed, rows[0].shown) == (2, 0, 2)
    desk._told = 0
    await desk.tell(completed("ada"), completed("ben"), correlation="req-8")
    [arrival] = await why(desk, "req-8")
    assert (arrival.fresh, arrival.collapsed, arrival.shown) == (0, 2, 0)


async def test_a_great_request_is_told_in_part(desk: Desk) -> None:
    await desk.tell(*(completed(f"l{number}") for number in range(70)), correlation="req-9")
    rows, done = await ask(desk.office, p.Why(what="req-9"))
    assert sum(isinstance(row, StatementStory) for row in rows) == 50
    assert done.note == "20 more statements came with the same requests"


async def test_one_statement_in_two_tenants_is_told_twice(desk: Desk) -> None:
    desk.office.tenants["beta"] = msgspec.structs.replace(ACME, name="beta")
    [statement] = await desk.tell(completed("ada"))
    desk._told = 0
    await desk.tell(completed("ada"), tenant="beta")
    assert [row.tenant for row in await why(desk, statement)] == ["acme", "beta"]


@pytest.mark.parametrize(
    "what", ["", "abc", "ffffffff", "f" * 32, "no such request", "7d9f3a52-53c4-4f0e-9b57-0d7c4b6b0a11"]
)
async def test_what_nobody_knows_is_told_so(desk: Desk, what: str) -> None:
    for request in (p.Why(what=what), p.Trace(what=what)):
        with pytest.raises(p.Refusal) as caught:
            await ask(desk.office, request)
        assert caught.value.code == Exit.NOTHING
        assert caught.value.advice


async def test_digits_that_fit_several_are_refused(desk: Desk) -> None:
    await desk.tell(completed("ada"))
    await desk.store.writer.submit(
        lambda raw: raw.execute(
            "INSERT INTO statements (seq, tenant, id, arrival, timestamp, digest, body) SELECT seq + 1, tenant, "
            "X'0000000100000000000000000000000f', arrival, timestamp, digest, body FROM statements"
        )
    )
    with pytest.raises(p.Refusal) as caught:
        await ask(desk.office, p.Why(what="00000001"))
    assert caught.value.code == Exit.USAGE
    assert "more digits" in caught.value.advice


async def test_a_trace_is_told_step_by_step(desk: Desk) -> None:
    [statement] = await desk.tell(completed("ada"))
    await desk.route()
    await desk.carry(State.DELIVERED)
    rows, _ = await ask(desk.office, p.Trace(what=statement))
    assert all(isinstance(row, SpanRow) for row in rows)
    assert [row.name for row in rows] == ["accepted", "routed", "send", "delivered", "waiting"]
    assert rows[0].trace_id == rows[1].trace_id == f"{1:032x}"
    assert rows[2].trace_id == "a" * 32
    assert rows[2].until_us - rows[2].at_us == 12_000
    assert rows[3].detail == "channel=C0GENERAL1 ts=1.2"
    assert rows[1].at_us is None


async def test_a_delivery_outlives_its_statement(desk: Desk) -> None:
    await desk.tell(completed("ada"))
    await desk.route()
    delivery = await desk.carry(State.DELIVERED)
    await desk.store.writer.submit(lambda raw: raw.execute("DELETE FROM statements"))
    [story] = await why(desk, delivery)
    assert story.delivery.id == delivery
    rows, _ = await ask(desk.office, p.Trace(what=delivery))
    assert [row.name for row in rows] == ["send", "delivered"]
