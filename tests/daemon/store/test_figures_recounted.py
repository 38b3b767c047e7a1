"""Figures are what a recount finds, whatever way deliveries took: sent, probed, replayed, folded, left behind, undone
with their transaction. The recount here is told of every change of a row, and of every attempt, one by one.
"""

import sqlite3
from collections import Counter
from random import Random

from housekeeping import BOOT, LANE, House, at, days, grade
from hypothesis import given, settings
from hypothesis import strategies as st
from sizes import examples

from actors.domain.outbox import Attempt, Decision, Delivery, State
from actors.domain.sla import bucket
from actors.domain.verdicts import Cause
from daemon.store import backlog, figures, interventions, moves, outbox
from daemon.store.figures import HOUR_US
from daemon.store.judging import Replay

WITNESSES = """
CREATE TEMP TABLE seen (n INTEGER PRIMARY KEY, seq, lane, route, state, counted, at_us, moved);
CREATE TEMP TRIGGER born AFTER INSERT ON main.deliveries BEGIN
    INSERT INTO seen (seq, lane, route, state, counted, at_us, moved)
        VALUES (new.seq, new.lane, new.route, 'made', new.kind <> 'digest', new.accepted_us, new.state);
    INSERT INTO seen (seq, lane, route, state, counted, at_us) SELECT new.seq, new.lane, new.route, new.state,
        new.kind <> 'digest', new.done_us WHERE new.done_us IS NOT NULL;
END;
CREATE TEMP TRIGGER moved AFTER UPDATE ON main.deliveries WHEN old.state <> new.state BEGIN
    INSERT INTO seen (seq, lane, route, state, counted, at_us, moved) VALUES (new.seq, new.lane, new.route, new.state,
        new.kind <> 'digest' AND new.done_us IS NOT NULL, new.done_us, nullif(new.state, 'claimed'));
END;
CREATE TEMP TABLE tried (hour, route, target, what, which, bucket, n);
"""
STUCK = "SELECT id FROM deliveries WHERE state IN ('dead', 'parked')"
ENDS = (State.DELIVERED, State.DELIVERED, State.DEAD, State.PARKED, State.WAITING, State.UNKNOWN)
OPERATIONS = ("chat.postMessage", "conversations.history", "users.info" * 20)


class Journeys:
    """What may happen to a few deliveries, in any order. ``begun``: so many rows are there already."""

    def __init__(self, dice: Random, begun: tuple[int, int]) -> None:
        self.house = House()
        self.raw = self.house.raw
        self.raw.executescript(WITNESSES)
        self.first = begun[0]
        if begun[0]:
            self.raw.execute("INSERT INTO moves (no, seq, lane, route, state) VALUES (?, 0, '', '', '')", begun[:1])
        self.raw.execute("INSERT INTO attempted (no, tenant, hour, route, target) VALUES (?, '', 0, '', '')", begun[1:])
        self.dice = dice
        self.day = 1.0
        self.told = 0
        self.boots = 0

    def step(self) -> None:
        self.day += self.dice.choice((0.001, 0.002, 0.05))  # never so long that figures leave
        does = self.dice.choice((self.tell, self.send, self.send, self.send, self.crash, self.again, self.discard,
                                 self.fold, self.newest, self.add_up, self.sweep))  # fmt: skip
        if does == self.sweep:
            return self.sweep()
        self.raw.execute("SAVEPOINT job")
        does()
        if self.dice.random() < 0.15:
            self.raw.execute("ROLLBACK TO job")
        self.raw.execute("RELEASE job")
        return None

    def tell(self) -> None:
        numbers = range(self.told + 1, self.told + 1 + self.dice.randint(1, 6))
        self.told = numbers[-1]
        self.house.tell(self.day, *numbers)
        changes = [grade(f"l{self.dice.randint(0, 3)}", self.dice.randint(0, 9), self.day) for _ in numbers]
        self.house.route(self.day, *changes, to=self.dice.choice(("C1", "C2")))

    def send(self) -> None:
        for delivery in outbox.claim(self.raw, LANE, BOOT, at(self.day), 3).deliveries:
            self.record(delivery)

    def record(self, delivery: Delivery) -> None:
        state = self.dice.choice(ENDS)
        if state is State.WAITING and delivery.attempts >= delivery.attempts_max:
            state = State.DEAD
        decision = Decision(
            state=state,
            receipt={"ts": "1"} if state is State.DELIVERED else None,
            cause=Cause.EXHAUSTED if state in {State.DEAD, State.PARKED} else None,
            due_us=at(self.day),
        )
        attempt = Attempt(
            number=delivery.attempts,
            kind="probe" if delivery.state is State.UNKNOWN else "send",
            started_us=at(self.day),
            ended_us=at(self.day) + self.dice.randint(0, 9_000_000),
            verdict=self.dice.choice(("delivered", "throttled", "not_sent")),
            detail="",
            calls={name: self.dice.randint(1, 3) for name in self.dice.sample(OPERATIONS, self.dice.randint(0, 3))},
        )
        assert outbox.record(self.raw, delivery, BOOT, decision, attempt, at(self.day))
        place = (attempt.ended_us // HOUR_US, delivery.route, delivery.target)
        took = bucket(attempt.ended_us - attempt.started_us)
        rows = [(*place, attempt.kind, attempt.verdict, took, 1)]
        rows += [(*place, "call", name[: figures.CHARS_MAX], 0, n) for name, n in attempt.calls.items()]
        self.raw.executemany("INSERT INTO tried VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def crash(self) -> None:
        self.boots += 1
        outbox.claim(self.raw, LANE, f"boot.x{self.boots}", at(self.day), 2)
        outbox.recover(self.raw, LANE, BOOT, at(self.day), 0)

    def again(self) -> None:
        wanted = [Replay(id=row[0].hex()) for row in self.raw.execute(STUCK).fetchall()]
        double = self.dice.random() < 0.5
        interventions.replay(self.raw, wanted, by="ada", now_us=at(self.day), accept_double=double)

    def discard(self) -> None:
        ids = [row[0].hex() for row in self.raw.execute(STUCK + " LIMIT 1").fetchall()]
        interventions.discard(self.raw, ids, by="ada", now_us=at(self.day))

    def fold(self) -> None:
        backlog.fold(self.raw, LANE, "C1", before_us=at(self.day), due_us=at(self.day + 0.001), by="ada")

    def newest(self) -> None:
        now_us = at(self.day)
        backlog.latest(self.raw, LANE, after_seq=0, up_to_seq=1 << 40, before_us=now_us, by="ada", now_us=now_us)

    def add_up(self) -> None:
        if self.dice.random() < 0.03:  # seldom: it leaves little for the triggers to get wrong
            figures.add_up(self.raw)

    def sweep(self) -> None:
        self.house.sweep(self.day, days(deliveries=0.5, dead=1))

    def recounted(self) -> Counter[tuple[object, ...]]:
        found: Counter[tuple[object, ...]] = Counter()
        for lane, route, state, at_us in self.raw.execute("SELECT lane, route, state, at_us FROM seen WHERE counted"):
            found[at_us // HOUR_US, route, lane.partition("/")[2], "state", state, 0] += 1
        for *key, n in self.raw.execute("SELECT * FROM tried"):
            found[tuple(key)] += n
        return found

    def counted(self) -> Counter[tuple[object, ...]]:
        found: Counter[tuple[object, ...]] = Counter()
        columns = "hour, route, target, what, which, bucket, n"
        for *key, n in self.raw.execute(f"SELECT {columns} FROM figures_all WHERE tenant = 'acme'"):
            found[tuple(key)] += n
        return found


def check(journeys: Journeys) -> None:
    raw: sqlite3.Connection = journeys.raw
    assert journeys.counted() == journeys.recounted()
    moved = raw.execute("SELECT seq, moved FROM seen WHERE moved IS NOT NULL ORDER BY n").fetchall()
    kept = raw.execute("SELECT no, seq, state FROM moves WHERE no > ? ORDER BY no", (journeys.first,)).fetchall()
    assert [row[1:] for row in kept] == moved
    assert [row[0] for row in kept] == list(range(journeys.first + 1, journeys.first + 1 + len(moved))), "no gaps"
    assert raw.execute("SELECT count(*) FROM attempted").fetchone()[0] < figures.UNCOUNTED_MAX
    assert moves.following(raw, journeys.first, "", "", (), ()).missed == 0


@settings(max_examples=examples(20), deadline=None)
@given(
    seed=st.integers(0, 1 << 32),
    begun=st.tuples(st.sampled_from((0, 200, 240, 255, 256)), st.integers(200, 255)),
    steps=st.integers(1, 80),
)
def test_figures_and_moves_are_those_of_a_recount(seed: int, begun: tuple[int, int], steps: int) -> None:
    journeys = Journeys(Random(seed), begun)
    for _ in range(steps):
        journeys.step()
    check(journeys)


def test_most_is_added_up_and_the_way_there_is_long() -> None:
    """Several times over, so that what is added up twice or never would show."""
    journeys = Journeys(Random(7), (0, 1))
    for number in range(1200):
        journeys.step()
        if number % 100 == 0:
            check(journeys)
    check(journeys)
    states = {row[0] for row in journeys.raw.execute("SELECT which FROM figures WHERE what = 'state'")}
    assert states >= {"made", "delivered", "dead", "parked", "superseded", "cancelled"}
    assert journeys.raw.execute("SELECT count(*) FROM seen WHERE NOT counted AND state = 'made'").fetchone() > (0,)
    assert journeys.house.count("moves") > 3 * figures.UNCOUNTED_MAX
