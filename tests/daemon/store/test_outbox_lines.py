"""The outbox against a model: whatever is routed, claimed, recorded and recovered, in any order."""

import sqlite3
from collections import Counter

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from migrated import migrate_by_copy
from sizes import examples

from actors.domain.changes import Activity, GradePosted, Score
from actors.domain.outbox import Attempt, Decision, State
from actors.domain.people import Learner
from actors.domain.verdicts import Cause
from actors.ports import Planned, Routed
from config.model import Audience
from daemon.store import outbox, rows
from daemon.store.engine import tune

LANE = "acme/slack"
DESTINATIONS = ("C1", "C2", "C3")


def routed(seq: int, destination: str, points: float, learner: str = "ada") -> Routed:
    change = GradePosted(
        learner=Learner(key=learner, name="Ada"),
        at="2026-11-23T10:00:00Z",
        activity=Activity(id="https://lms.example.org/assign/1", name="Essay"),
        score=Score(raw=points, min=0, max=100),
    )
    planned = Planned(target="slack", route="grades", destination=destination, audience=Audience(channel=destination))
    return Routed(
        seq=seq,
        statement_id=f"{seq:032x}",
        correlation_id=f"c{seq}",
        traceparent="",
        accepted_us=seq,
        change=change,
        planned=(planned,),
    )


def attempt(now_us: int) -> Attempt:
    return Attempt(number=1, kind="send", started_us=now_us, ended_us=now_us, verdict="x", detail="")


class Lines(RuleBasedStateMachine):
    """Effects are numbered by learner, so that each one is new; the clock is ours."""

    @initialize()
    def open(self) -> None:
        self.raw = sqlite3.connect(":memory:")
        tune(self.raw, read_only=False)
        migrate_by_copy(self.raw, 0)
        self.now_us = 1_000
        self.seq = 0
        self.boot = "boot.1"
        self.boots = 1
        self.hands: dict[int, object] = {}
        self.finished: dict[str, list[int]] = {name: [] for name in DESTINATIONS}

    def teardown(self) -> None:
        if hasattr(self, "raw"):
            self.raw.close()

    @rule(destination=st.sampled_from(DESTINATIONS), times=st.integers(1, 4))
    def route(self, destination: str, times: int) -> None:
        for _ in range(times):
            self.seq += 1
            item = routed(self.seq, destination, 50, learner=f"l{self.seq}")
            first = outbox.route(self.raw, "acme", [item], self.seq)
            again = outbox.route(self.raw, "acme", [item], self.seq)
            assert first.deliveries == {"slack": 1}
            assert again.deliveries == {}

    @rule(limit=st.integers(1, 4), pass_us=st.integers(0, 50))
    def claim(self, limit: int, pass_us: int) -> None:
        self.now_us += pass_us
        claimed = outbox.claim(self.raw, LANE, self.boot, self.now_us, limit)
        for delivery in claimed.deliveries:
            assert delivery.seq not in self.hands
            assert delivery.state in {State.CLAIMED, State.UNKNOWN}
            assert delivery.due_us <= self.now_us
            self.hands[delivery.seq] = delivery
        destinations = Counter(delivery.destination for delivery in self.hands.values())
        assert all(n == 1 for n in destinations.values()), "two in flight for one destination"

    @precondition(lambda self: self.hands)
    @rule(
        which=st.integers(0, 100),
        state=st.sampled_from([State.DELIVERED, State.WAITING, State.UNKNOWN, State.DEAD, State.PARKED]),
        wait_us=st.integers(0, 40),
        refund=st.booleans(),
    )
    def record(self, which: int, state: State, wait_us: int, refund: bool) -> None:
        seq = sorted(self.hands)[which % len(self.hands)]
        delivery = self.hands.pop(seq)
        spent = delivery.attempts >= delivery.attempts_max
        if state is State.WAITING and spent:
            state = State.DEAD  # what domain.retry decides
        decision = Decision(
            state=state,
            due_us=self.now_us + wait_us,
            refund=refund and state is State.WAITING and delivery.state is State.CLAIMED,
            cause=Cause.EXHAUSTED if state in {State.DEAD, State.PARKED} else None,
            receipt={"ts": "1"} if state is State.DELIVERED else None,
        )
        assert outbox.record(self.raw, delivery, self.boot, decision, attempt(self.now_us), self.now_us + 5)
        assert not outbox.record(self.raw, delivery, self.boot, decision, attempt(self.now_us), 0), "fence"
        if not state.open:
            self.finished[delivery.destination].append(seq)

    @rule()
    def die(self) -> None:
        old = self.boot
        self.boots += 1
        self.boot = f"boot.{self.boots}"
        held = list(self.hands.values())
        self.hands.clear()
        sending = sum(delivery.state is State.CLAIMED for delivery in held)
        assert outbox.recover(self.raw, LANE, self.boot, self.now_us, 10) == sending
        for delivery in held:
            decision = Decision(state=State.DELIVERED, receipt={})
            assert not outbox.record(self.raw, delivery, old, decision, attempt(0), 0), "a dead boot must not write"

    @invariant()
    def lines_are_sound(self) -> None:
        if not hasattr(self, "raw"):
            return
        for destination in DESTINATIONS:
            line = self.raw.execute(
                "SELECT seq, head FROM deliveries WHERE destination = ? AND state IN ('waiting', 'claimed', 'unknown') "
                "ORDER BY seq",
                (destination,),
            ).fetchall()
            assert [head for _, head in line] == [1] + [0] * (len(line) - 1) if line else True
            assert self.finished[destination] == sorted(self.finished[destination]), "out of order"
        counted = dict(self.raw.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))
        kept = {state: n for _, state, n in self.raw.execute("SELECT * FROM depths") if n}
        assert counted == kept


TestLines = Lines.TestCase
TestLines.settings = settings(max_examples=examples(25), stateful_step_count=40, deadline=None)


def store() -> sqlite3.Connection:
    raw = sqlite3.connect(":memory:")
    tune(raw, read_only=False)
    migrate_by_copy(raw, 0)
    return raw


def count(raw: sqlite3.Connection) -> int:
    return int(raw.execute("SELECT count(*) FROM deliveries").fetchone()[0])


def test_a_grade_that_goes_up_and_down_is_three_effects() -> None:
    raw = store()
    for seq, points in enumerate((80, 85, 80), 1):
        outbox.route(raw, "acme", [routed(seq, "C1", points)], seq)
    assert count(raw) == 3
    raw.close()


def test_the_same_value_told_twice_is_one_effect() -> None:
    raw = store()
    counts = [outbox.route(raw, "acme", [routed(seq, "C1", 80)], seq) for seq in (1, 2)]
    assert count(raw) == 1
    assert [each.repeated for each in counts] == [0, 1]
    raw.close()


def test_the_effect_key_is_the_delivery_id_and_the_same_in_every_store() -> None:
    ids = []
    for _ in range(2):
        raw = store()
        outbox.route(raw, "acme", [routed(1, "C1", 80)], 1)
        ids.append(raw.execute("SELECT id FROM deliveries").fetchone()[0])
        assert raw.execute("SELECT key FROM effects").fetchone()[0] == ids[-1]
        raw.close()
    assert ids[0] == ids[1]


def test_a_paused_lane_hands_out_nothing_and_says_who() -> None:
    raw = store()
    outbox.route(raw, "acme", [routed(1, "C1", 80)], 1)
    raw.execute("INSERT INTO lanes (lane, paused_by) VALUES (?, 'ada')", (LANE,))
    claimed = outbox.claim(raw, LANE, "b", 10**9, 5)
    assert (claimed.deliveries, claimed.paused_by) == ((), "ada")
    raw.close()


def test_history_is_bounded_and_keeps_the_first_and_the_last() -> None:
    history = ""
    for number in range(2_000):
        line = Attempt(number=number, kind="send", started_us=0, ended_us=0, verdict="throttled", detail="x" * 100)
        history = rows.longer_history(history, line)
        assert len(history) <= rows.HISTORY_BYTES_MAX
    kept = rows.unpack_history(history)
    assert (kept[0].number, kept[-1].number) == (0, 1_999)


def test_a_row_is_what_the_claim_left() -> None:
    raw = store()
    outbox.route(raw, "acme", [routed(1, "C1", 80)], 1)
    [delivery] = outbox.claim(raw, LANE, "b", 77, 5).deliveries
    row = raw.execute(f"SELECT {rows.DELIVERY} FROM deliveries").fetchone()
    assert msgspec.structs.asdict(rows.delivery(row)) == msgspec.structs.asdict(delivery)
    assert delivery.sent_us == 77
    raw.close()
