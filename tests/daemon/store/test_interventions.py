"""Replay, discard, pause and resume: order, history and the ledger of effects are kept, whatever a person does."""

import sqlite3
from collections.abc import AsyncIterator

import msgspec
import pytest
from control_office import Desk, Office
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from migrated import migrate_by_copy
from sizes import examples
from world import VirtualClock, completed, route, tenant

from actors.domain.changes import CourseCompleted
from actors.domain.outbox import Attempt, Decision, Delivery, Place, State
from actors.domain.people import Learner
from actors.domain.verdicts import Cause, Refused
from actors.ports import Planned, Routed
from config.model import Audience
from daemon.store import interventions, outbox
from daemon.store.asking import Kept
from daemon.store.database import open_store
from daemon.store.engine import tune
from daemon.store.interventions import Replay

BY = "ada (uid 1000)"
LANE = "acme/slack"
LINE = "C0GENERAL1"


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    acme = tenant(route("done", "completed"))
    async with open_store(tmp_path / "i.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": acme}))


async def replay(desk: Desk, *ids: str, **more: bool) -> list[interventions.Intervened]:
    return await desk.store.queries.replay([Replay(id=one) for one in ids], by=BY, now_us=5, **more)


async def kept(desk: Desk, identifier: str) -> Kept:
    [one] = await desk.store.queries.deliveries_like(identifier)
    return one


async def waiting(desk: Desk, *people: str) -> None:
    await desk.tell(*(completed(who) for who in people))
    await desk.route()


async def test_a_dead_letter_waits_again_with_all_its_attempts(desk: Desk) -> None:
    await waiting(desk, "ada")
    dead = await desk.carry(State.DEAD, cause=Cause.BAD_TEMPLATE, detail="line 3")
    [result] = await replay(desk, dead)
    assert (result.before, result.after, result.done) == ("dead", "waiting", True)
    row = await kept(desk, dead)
    assert (row.delivery.attempts, row.cause, row.done_us, row.head) == (0, None, None, True)
    assert row.delivery.sent_us is None
    assert [line.kind for line in row.history] == ["send", "person"]
    assert "bad_template: line 3" in row.history[1].detail
    assert BY in row.history[1].detail
    assert await desk.carry(State.DELIVERED) == dead


async def test_it_goes_before_those_that_came_after_it(desk: Desk) -> None:
    await waiting(desk, "ada", "ben", "eve")
    first = await desk.carry(State.DEAD)
    second = await desk.carry(State.DEAD)
    [(third, _)] = await desk.line(LINE)
    await replay(desk, second, first)
    assert await desk.line(LINE) == [(first, True), (second, False), (third, False)]
    assert [await desk.carry(State.DELIVERED) for _ in range(3)] == [first, second, third]


async def test_it_never_overtakes_what_is_in_hand(desk: Desk) -> None:
    await waiting(desk, "ada", "ben", "eve")
    first = await desk.carry(State.DEAD)
    in_hand = await desk.carry(State.UNKNOWN)
    await replay(desk, first)
    [(head, is_head), (second, other), (third, _)] = await desk.line(LINE)
    assert (head, is_head, second, other) == (first, False, in_hand, True)
    assert await desk.carry(State.DELIVERED) == in_hand
    assert [identifier for identifier, is_head in await desk.line(LINE) if is_head] == [first]
    assert third not in (first, in_hand)


async def test_a_destination_told_to_wait_keeps_waiting(desk: Desk) -> None:
    await waiting(desk, "ada", "ben")
    first = await desk.carry(State.DEAD)
    await desk.carry(State.WAITING, due_us=1 << 59)
    await replay(desk, first)
    assert (await kept(desk, first)).delivery.due_us == 1 << 59


async def test_a_parked_one_is_looked_for_again(desk: Desk) -> None:
    await waiting(desk, "ada")
    parked = await desk.carry(State.PARKED, detail="no scope")
    [result] = await replay(desk, parked)
    assert (result.before, result.after) == ("parked", "unknown")
    row = await kept(desk, parked)
    assert row.delivery.state is State.UNKNOWN
    assert row.delivery.sent_us is not None
    assert row.delivery.doubt_us is not None
    assert row.delivery.doubt_us >= row.delivery.sent_us
    assert row.head
    assert "no scope" in row.history[-1].detail


async def test_with_a_double_accepted_it_is_sent(desk: Desk) -> None:
    await waiting(desk, "ada")
    parked = await desk.carry(State.PARKED)
    sent_us = (await kept(desk, parked)).delivery.sent_us
    [result] = await replay(desk, parked, accept_double=True)
    assert result.after == "waiting"
    assert (await kept(desk, parked)).delivery.sent_us == sent_us is not None
    assert await desk.carry(State.DELIVERED) == parked


UNTOUCHED = [state for state in State if state not in (State.DEAD, State.PARKED, State.SUPERSEDED)]


@pytest.mark.parametrize("state", UNTOUCHED, ids=str)
async def test_only_dead_and_parked_ones_are_touched(desk: Desk, state: State) -> None:
    await waiting(desk, "ada")
    identifier = await desk.carry(state)
    before = await kept(desk, identifier)
    [replayed] = await replay(desk, identifier)
    [discarded] = await desk.store.queries.discard([identifier], by=BY, now_us=5)
    assert not replayed.done
    assert not discarded.done
    assert state.value in replayed.note
    assert await kept(desk, identifier) == before


async def test_what_is_not_there_is_said_so(desk: Desk) -> None:
    [result] = await replay(desk, "f" * 32)
    assert (result.done, result.note) == (False, "there is no such delivery")
    [result] = await desk.store.queries.discard(["f" * 32], by=BY, now_us=5)
    assert not result.done


@pytest.mark.parametrize("state", [State.DEAD, State.PARKED], ids=str)
async def test_discarded_ones_stay_on_record(desk: Desk, state: State) -> None:
    await waiting(desk, "ada", "ben")
    stuck = await desk.carry(state, detail="why it died")
    [result] = await desk.store.queries.discard([stuck], by=BY, now_us=5)
    assert result.after == "cancelled"
    row = await kept(desk, stuck)
    assert row.delivery.state is State.CANCELLED
    assert "why it died" in row.detail
    assert BY in row.detail
    assert row.done_us == 5
    assert len(await desk.line(LINE)) == 1
    assert await desk.states() == {"cancelled": 1, "waiting": 1}


async def test_a_dry_run_tells_and_changes_nothing(desk: Desk) -> None:
    await waiting(desk, "ada", "ben")
    dead = await desk.carry(State.DEAD)
    before = await kept(desk, dead)
    real = await replay(desk, dead, dry_run=True)
    assert real[0].after == "waiting"
    assert (await desk.store.queries.discard([dead], by=BY, now_us=5, dry_run=True))[0].after == "cancelled"
    assert await desk.store.queries.pause(LANE, by=BY, now_us=5, dry_run=True) == ""
    assert await kept(desk, dead) == before
    assert await desk.store.queries.holds() == {}
    assert await replay(desk, dead) == real


async def unplaced(desk: Desk) -> str:
    await desk.tell(completed("ada"))
    refused = Refused(Cause.BAD_CONFIGURATION, "CS101 has no channel")
    [told] = await desk.store.statements.after("acme", 0, 1)
    routed = desk.office.plan("acme").make(told, told.stored_us)
    [planned] = routed.planned
    planned = Planned(target="slack", route="done", destination="?done", audience=planned.audience, refused=refused)
    routed = msgspec.structs.replace(routed, planned=(planned,))
    await desk.store.outbox.route("acme", [routed], told.seq)
    [letter] = await desk.store.queries.stuck(LANE, 1)
    return letter.delivery.id


async def test_one_without_a_place_is_placed_anew(desk: Desk) -> None:
    letter = await unplaced(desk)
    placed = [Replay(id=letter, place=Place(destination=LINE))]
    [result] = await desk.store.queries.replay(placed, by=BY, now_us=7)
    assert (result.before, result.after, result.done) == ("dead", "superseded", True)
    old, new = await kept(desk, letter), await kept(desk, result.made)
    assert (old.delivery.state, old.cause) == (State.SUPERSEDED, None)
    assert result.made in old.detail
    assert (new.delivery.destination, new.delivery.state, new.head) == (LINE, State.WAITING, True)
    assert new.delivery.change == old.delivery.change
    assert letter in new.history[0].detail
    change = new.delivery.change
    assert await desk.store.queries.by_effect("acme", "slack", LINE, change.kind, change.entity, 1) == (True, new)
    assert await desk.carry(State.DELIVERED) == result.made


async def test_what_its_place_has_already_is_not_made_twice(desk: Desk) -> None:
    letter = await unplaced(desk)
    row = (await kept(desk, letter)).delivery
    key = interventions.rows.key("acme", "slack", LINE, row.change.kind, row.change.entity, 1)
    await desk.store.writer.submit(lambda raw: raw.execute("INSERT INTO effects VALUES (?, 1)", (key,)))
    [result] = await desk.store.queries.replay([Replay(id=letter, place=Place(destination=LINE))], by=BY, now_us=7)
    assert (result.after, result.made) == ("superseded", "")
    assert "already" in result.note
    assert await desk.line(LINE) == []


@pytest.mark.parametrize("place", [None, Refused(Cause.BAD_CONFIGURATION, "still no channel")], ids=["none", "refused"])
async def test_one_that_still_has_no_place_stays(desk: Desk, place: Refused | None) -> None:
    letter = await unplaced(desk)
    [result] = await desk.store.queries.replay([Replay(id=letter, place=place)], by=BY, now_us=7)
    assert not result.done
    assert "place" in result.note or "still no channel" in result.note
    assert (await kept(desk, letter)).delivery.state is State.DEAD


async def test_pause_remembers_who_and_is_not_taken_over(desk: Desk) -> None:
    queries = desk.store.queries
    assert await queries.pause(LANE, by=BY, now_us=3) == ""
    assert await queries.pause(LANE, by="ben (uid 7)", now_us=4) == BY
    await desk.store.outbox.suspend(LANE, "token revoked", 5)
    hold = (await queries.holds())[LANE]
    assert (hold.paused_by, hold.paused_us, hold.suspended, hold.suspended_us) == (BY, 3, "token revoked", 5)
    assert (await desk.store.outbox.claim(LANE, "b", 9, 1)).paused_by == BY
    assert await queries.resume(LANE, now_us=9) == BY
    assert await queries.resume(LANE, now_us=9) == ""
    assert (await queries.holds())[LANE].suspended == "token revoked"


class People(RuleBasedStateMachine):
    """Couriers and operators at once, in any order: one line, one head, one in hand, nothing lost."""

    @initialize()
    def open(self) -> None:
        self.raw = sqlite3.connect(":memory:")
        tune(self.raw, read_only=False)
        migrate_by_copy(self.raw, 0)
        self.now_us = 1_000
        self.made = 0
        self.hand: Delivery | None = None

    def teardown(self) -> None:
        if hasattr(self, "raw"):
            self.raw.close()

    @rule(times=st.integers(1, 3))
    def route(self, times: int) -> None:
        for _ in range(times):
            self.made += 1
            change = CourseCompleted(learner=Learner(key=f"l{self.made}"), at="2026-11-23T10:00:00Z")
            planned = Planned(
                target="slack", route="r", destination="C1", audience=Audience(channel="C1"), attempts_max=3
            )
            item = Routed(
                seq=self.made,
                statement_id="s",
                correlation_id="c",
                traceparent="",
                accepted_us=self.made,
                change=change,
                planned=(planned,),
            )
            outbox.route(self.raw, "acme", [item], self.made)

    @precondition(lambda self: self.hand is None)
    @rule(pass_us=st.integers(0, 60))
    def claim(self, pass_us: int) -> None:
        self.now_us += pass_us
        found = outbox.claim(self.raw, LANE, "b", self.now_us, 4).deliveries
        assert len(found) <= 1
        self.hand = found[0] if found else None

    @precondition(lambda self: self.hand is not None)
    @rule(
        state=st.sampled_from([State.DELIVERED, State.WAITING, State.UNKNOWN, State.DEAD, State.PARKED]),
        wait_us=st.integers(0, 40),
    )
    def record(self, state: State, wait_us: int) -> None:
        delivery = self.hand
        assert delivery is not None
        self.hand = None
        if state is State.WAITING and delivery.attempts >= delivery.attempts_max:
            state = State.DEAD
        decision = Decision(
            state=state,
            due_us=self.now_us + wait_us,
            cause=Cause.EXHAUSTED if state in {State.DEAD, State.PARKED} else None,
            receipt={} if state is State.DELIVERED else None,
        )
        line = Attempt(number=1, kind="send", started_us=0, ended_us=self.now_us, verdict="x", detail="")
        assert outbox.record(self.raw, delivery, "b", decision, line, self.now_us + 5)

    def stuck(self) -> list[str]:
        found = self.raw.execute("SELECT id FROM deliveries WHERE state IN ('dead', 'parked') ORDER BY seq")
        return [row[0].hex() for row in found]

    @precondition(lambda self: self.stuck())
    @rule(which=st.integers(0, 9), accept_double=st.booleans())
    def replay(self, which: int, accept_double: bool) -> None:
        stuck = self.stuck()
        wanted = [Replay(id=stuck[which % len(stuck)])]
        [result] = interventions.replay(self.raw, wanted, by="a", now_us=self.now_us, accept_double=accept_double)
        assert result.done

    @precondition(lambda self: self.stuck())
    @rule(which=st.integers(0, 9))
    def discard(self, which: int) -> None:
        stuck = self.stuck()
        [result] = interventions.discard(self.raw, [stuck[which % len(stuck)]], by="a", now_us=self.now_us)
        assert result.done

    @invariant()
    def line_is_sound(self) -> None:
        if not hasattr(self, "raw"):
            return
        line = self.raw.execute(
            "SELECT head, state, claimed_by FROM deliveries WHERE state IN ('waiting', 'claimed', 'unknown')"
        ).fetchall()
        assert sum(head for head, _, _ in line) == (1 if line else 0)
        assert all(head for head, _, claimed_by in line if claimed_by is not None), "in hand, and not the head"
        assert self.raw.execute("SELECT count(*) FROM deliveries").fetchone()[0] == self.made
        counted = dict(self.raw.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))
        assert counted == {state: n for _, state, n in self.raw.execute("SELECT * FROM depths") if n}


TestPeople = People.TestCase
TestPeople.settings = settings(max_examples=examples(25), stateful_step_count=40, deadline=None)
