"""What is held, folded, replaced and let go, in any order, against what must always hold of lines and digests."""

import sqlite3
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from migrated import migrate_by_copy
from sizes import examples

from actors.domain.changes import Activity, GradePosted, Score
from actors.domain.outbox import Attempt, Decision, Delivery, HeldFor, State
from actors.domain.people import Learner
from actors.domain.verdicts import Cause
from actors.ports import Planned, Routed
from config.model import Audience
from daemon.store import holding, outbox
from daemon.store.engine import tune

LANE = "acme/slack"
WINDOW_US = 100
DESTINATIONS = ("C1", "C2")
LEARNERS = ("ada", "bob", "eve")


def grade(learner: str, points: int) -> GradePosted:
    return GradePosted(
        learner=Learner(key=learner),
        at="1970-01-01T00:00:00Z",
        activity=Activity(id="https://lms.example.org/assign/1"),
        score=Score(raw=float(points)),
    )


class Held(RuleBasedStateMachine):
    """One lane with routes that post at once, into a digest, or after quiet hours."""

    @initialize()
    def open(self) -> None:
        self.raw = sqlite3.connect(":memory:")
        tune(self.raw, read_only=False)
        migrate_by_copy(self.raw, 0)
        self.now_us = 1_000
        self.seq = 0
        self.lives = 1
        self.hands: dict[int, Delivery] = {}

    def teardown(self) -> None:
        if hasattr(self, "raw"):
            self.raw.close()

    @rule(
        learner=st.sampled_from(LEARNERS),
        points=st.integers(1, 3),
        destination=st.sampled_from(DESTINATIONS),
        how=st.sampled_from(HeldFor),
        revise=st.booleans(),
    )
    def tell(self, learner: str, points: int, destination: str, how: HeldFor, revise: bool) -> None:
        self.seq += 1
        until_us = (self.now_us // WINDOW_US + 1) * WINDOW_US
        planned = Planned(
            target="slack",
            route=how.value or "now",
            destination=destination,
            audience=Audience(channel=destination),
            held_for=how,
            held_until_us=until_us,
            held_next_us=until_us + WINDOW_US,
            revise=revise,
        )
        told = Routed(
            seq=self.seq,
            statement_id=f"{self.seq:032x}",
            correlation_id="c",
            traceparent="",
            accepted_us=self.now_us,
            routed_us=self.now_us,
            change=grade(learner, points),
            planned=(planned,),
        )
        outbox.route(self.raw, "acme", [told], self.seq)
        assert outbox.route(self.raw, "acme", [told], self.seq).deliveries == {}

    @rule(limit=st.integers(1, 4), pass_us=st.integers(0, 2 * WINDOW_US))
    def claim(self, limit: int, pass_us: int) -> None:
        self.now_us += pass_us
        for delivery in outbox.claim(self.raw, LANE, self.life, self.now_us, limit).deliveries:
            assert delivery.seq not in self.hands
            self.hands[delivery.seq] = delivery

    @precondition(lambda self: self.hands)
    @rule(which=st.integers(0, 100), state=st.sampled_from(State), hold=st.sampled_from(HeldFor))
    def record(self, which: int, state: State, hold: HeldFor) -> None:
        delivery = self.hands.pop(sorted(self.hands)[which % len(self.hands)])
        if state not in {State.DELIVERED, State.WAITING, State.UNKNOWN, State.DEAD, State.HELD}:
            return self.hands.update({delivery.seq: delivery})
        if delivery.attempts >= delivery.attempts_max and state is State.WAITING:
            state = State.DEAD
        if state is State.HELD and hold in {HeldFor.PERSON, HeldFor.DIGEST}:
            hold = HeldFor.QUIET
        decision = Decision(
            state=state,
            due_us=self.now_us + 10,
            cause=Cause.EXHAUSTED if state is State.DEAD else None,
            receipt={"ts": str(delivery.seq)} if state is State.DELIVERED else None,
            held_for=hold if state is State.HELD else HeldFor.PERSON,
        )
        line = Attempt(number=1, kind="send", started_us=0, ended_us=self.now_us, verdict="x", detail="")
        assert outbox.record(self.raw, delivery, self.life, decision, line, self.now_us)
        return None

    @rule()
    def die(self) -> None:
        self.lives += 1
        self.hands.clear()
        outbox.recover(self.raw, LANE, self.life, self.now_us, 10)
        holding.readmit(self.raw, LANE, ["route"], self.now_us)

    @rule(paused=st.sampled_from(["ada", ""]))
    def pause(self, paused: str) -> None:
        self.raw.execute(
            "INSERT INTO lanes (lane, paused_by) VALUES (?1, ?2) ON CONFLICT (lane) DO UPDATE SET paused_by = ?2",
            (LANE, paused),
        )

    @rule(step_us=st.integers(-500, 500))
    def set_the_clock(self, step_us: int) -> None:
        self.now_us = max(1, self.now_us + step_us)
        outbox.clock_stepped(self.raw, LANE, step_us)

    @property
    def life(self) -> str:
        return f"life{self.lives}"

    def rows(self, sql: str) -> list[Any]:
        return self.raw.execute(sql).fetchall()

    @invariant()
    def lines_are_sound(self) -> None:
        if not hasattr(self, "raw"):
            return
        for destination in DESTINATIONS:
            line = self.rows(
                f"SELECT seq, head, state FROM deliveries WHERE destination = '{destination}' "
                "AND state IN ('waiting', 'claimed', 'unknown') ORDER BY seq"
            )
            heads = [(seq, state) for seq, head, state in line if head]
            assert len(heads) == bool(line)
            if heads:
                assert heads[0][0] == line[0][0] or heads[0][1] != "waiting", "a younger one overtook"
        assert (
            self.rows("SELECT 1 FROM deliveries WHERE head = 1 AND state NOT IN ('waiting', 'claimed', 'unknown')")
            == []
        )
        counted = dict(self.rows("SELECT state, count(*) FROM deliveries GROUP BY state"))
        assert counted == {state: n for _, state, n in self.rows("SELECT * FROM depths") if n}

    @invariant()
    def digests_are_sound(self) -> None:
        if not hasattr(self, "raw"):
            return
        for state, receipt, digest_state, digest_receipt in self.rows(
            "SELECT i.state, i.receipt, d.state, d.receipt FROM deliveries i JOIN deliveries d ON d.seq = i.digest"
        ):
            assert (state, receipt) == (
                ("delivered", digest_receipt) if digest_state == "delivered" else ("held", None)
            )
        assert (
            self.rows(
                "SELECT 1 FROM deliveries WHERE kind = 'digest' AND seq NOT IN "
                "(SELECT digest FROM deliveries WHERE digest IS NOT NULL)"
            )
            == []
        )

    @invariant()
    def the_newest_is_never_replaced(self) -> None:
        if not hasattr(self, "raw"):
            return
        last = self.rows(
            "SELECT entity, max(seq) FROM deliveries WHERE entity IS NOT NULL AND detail NOT LIKE 'overtaken%' "
            "GROUP BY entity, destination"
        )
        by_entity: dict[bytes, int] = {}
        for entity, seq in last:
            by_entity[entity] = max(seq, by_entity.get(entity, 0))
        for seq in by_entity.values():
            assert self.rows(f"SELECT state FROM deliveries WHERE seq = {seq}") != [("superseded",)]


TestHeld = Held.TestCase
TestHeld.settings = settings(max_examples=examples(25), stateful_step_count=50, deadline=None)


def test_what_waits_again_steps_back_for_what_came_meanwhile() -> None:
    """A digest is on its way while something older comes out of its quiet hours."""
    state = Held()
    state.open()
    state.tell(learner="ada", points=1, destination="C2", how=HeldFor.DIGEST, revise=False)
    state.tell(learner="bob", points=1, destination="C2", how=HeldFor.QUIET, revise=False)
    state.raw.execute("UPDATE deliveries SET due_us = due_us + 7 WHERE held_for = 'quiet'")
    state.claim(limit=1, pass_us=WINDOW_US)
    assert [len(delivery.items) for delivery in state.hands.values()] == [1]
    state.claim(limit=1, pass_us=7)
    state.record(which=0, state=State.WAITING, hold=HeldFor.PERSON)
    state.lines_are_sound()
    state.teardown()
