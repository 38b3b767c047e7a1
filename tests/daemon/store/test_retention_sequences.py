"""Whatever is told, told again, routed, delivered and swept, in any order and over years: nothing is posted twice,
nothing new is taken for old, nothing open leaves, and what is kept is bounded.
"""

from collections import Counter

import msgspec
from housekeeping import START_US, House, at, days, grade
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sizes import examples

from actors.domain.changes import GradePosted
from actors.domain.outbox import OPEN_STATES, State
from actors.domain.retention import DAY_US, SLACK_US
from actors.domain.routing import too_old
from actors.domain.speech import moment_of
from actors.domain.verdicts import Cause
from daemon.store import retiring, rows
from daemon.store.retention import Walk

KEPT = days(statements=10, deliveries=4, dead=15, horizon=20)
LEARNERS = ("ada", "ben")


class Years(RuleBasedStateMachine):
    """Every change told for the first time has a time of its own, by which it is known again in what is posted."""

    @initialize()
    def open(self) -> None:
        self.house = House()
        self.day = 0.0
        self.changes: list[GradePosted] = []
        self.numbers: dict[int, int] = {}  # statement to change
        self.routed: dict[str, GradePosted] = {}  # the newest value of each that was not refused
        self.posted: Counter[tuple[str, str]] = Counter()
        self.open_ids: set[str] = set()
        self.swept: float | None = None

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.house.raw.close()

    def _tell(self, which: int) -> None:
        """A new statement of this change."""
        number = len(self.numbers) + 1
        self.numbers[number] = which
        assert self.house.tell(self.day, number) == 1
        self.swept = None

    @rule(learner=st.sampled_from(LEARNERS), points=st.integers(0, 3))
    def tell(self, learner: str, points: int) -> None:
        self.day += 0.001
        self.changes.append(grade(learner, points, self.day))
        self._tell(len(self.changes) - 1)

    @precondition(lambda self: self.numbers)
    @rule(which=st.integers(0, 10_000))
    def tell_again(self, which: int) -> None:
        """The very same statement."""
        self.house.tell(self.day, which % len(self.numbers) + 1)
        self.swept = None

    @precondition(lambda self: self.changes)
    @rule(which=st.integers(0, 10_000))
    def tell_from_another_source(self, which: int) -> None:
        self._tell(which % len(self.changes))

    @rule()
    def route(self) -> None:
        cursor = self.house.raw.execute("SELECT seq FROM cursors").fetchone()
        waiting = [number for number, seq in self.house.seqs().items() if cursor is None or seq > cursor[0]]
        changes = [self._judged(self.changes[self.numbers[number]]) for number in waiting]
        before = self.house.count("deliveries")
        made = self.house.route(self.day, *changes)
        assert self.house.count("deliveries") == before + len(made)
        led = {row[0] for row in self.house.raw.execute("SELECT statement_seq FROM deliveries")}
        for number, change in zip(waiting, changes, strict=True):
            if change is not None and self._is_news(change):
                assert self.house.seqs()[number] in led, "news was taken for old"
        self.swept = None
        states = {row[0].hex(): row[1] for row in self.house.raw.execute("SELECT id, state FROM deliveries")}
        self.open_ids |= {one for one in made if State(states[one]) in OPEN_STATES}

    def _is_news(self, change: GradePosted) -> bool:
        before = self.routed.get(change.learner.key)
        if before is not None and (before.value == change.value or before.at > change.at):
            return False
        self.routed[change.learner.key] = change
        return True

    def _judged(self, change: GradePosted) -> GradePosted | None:
        """As the router has it."""
        moment = moment_of(change.at)
        assert moment is not None
        happened_us = max(round(moment.timestamp() * 1e6), START_US)
        return None if too_old(happened_us, at(self.day), KEPT.horizon_us) else change

    @rule(state=st.sampled_from([State.DELIVERED, State.DELIVERED, State.DELIVERED, State.DEAD, State.PARKED]))
    def carry(self, state: State) -> None:
        if not self.open_ids:
            return
        stuck = state is not State.DELIVERED
        one = self.house.carry(self.day, state, cause=Cause.EXHAUSTED if stuck else None)
        self.open_ids.discard(one)
        self.swept = None
        if not stuck:
            [[raw]] = self.house.raw.execute("SELECT change FROM deliveries WHERE id = ?", (bytes.fromhex(one),))
            change = rows.unpack_change(raw)
            self.posted[change.learner.key, change.at] += 1

    @rule(span=st.sampled_from([0.5, 1.5, 3.0, 6.0, 12.0, 25.0]))
    def time_passes(self, span: float) -> None:
        self.day += span
        self.swept = None

    @rule()
    def sweep(self) -> None:
        self.house.sweep(self.day, KEPT)
        self.swept = self.day

    @invariant()
    def nothing_is_posted_twice(self) -> None:
        if hasattr(self, "house"):
            assert not self.posted or max(self.posted.values()) == 1

    @invariant()
    def nothing_open_leaves(self) -> None:
        if hasattr(self, "house"):
            assert self.open_ids <= self.house.ids()

    @invariant()
    def transactions_are_small(self) -> None:
        if hasattr(self, "house"):
            assert max(self.house.direct.rows, default=0) <= 5 * retiring.LOOK_MAX

    @invariant()
    def what_is_kept_is_bounded(self) -> None:
        """As of the last sweep, and of the last walk."""
        if not hasattr(self, "house") or self.swept is None:
            return
        raw, now_us = self.house.raw, at(self.swept)
        concern = "(SELECT statement_seq FROM deliveries WHERE done_us IS NULL OR state IN ('dead', 'parked'))"
        cursor = raw.execute("SELECT coalesce(max(seq), 0) FROM cursors").fetchone()[0]
        old = raw.execute(
            f"SELECT count(*) FROM statements WHERE seq < ? AND seq <= ? AND seq NOT IN {concern}",
            (now_us - KEPT.statements_us, cursor),
        ).fetchone()
        settled = raw.execute(
            "SELECT count(*) FROM deliveries WHERE state = 'delivered' AND done_us < ? "
            "AND seq < (SELECT max(seq) FROM deliveries)",
            (now_us - KEPT.deliveries_us,),
        ).fetchone()
        stray = raw.execute(
            "SELECT (SELECT count(*) FROM arrivals WHERE fresh > 0 AND no NOT IN (SELECT arrival FROM statements)), "
            "(SELECT count(*) FROM outcomes WHERE seq NOT IN (SELECT seq FROM statements))"
        ).fetchone()
        assert (old, settled, stray) == ((0,), (0,), (0, 0))
        [[walk]] = raw.execute("SELECT at FROM walks")
        if msgspec.json.decode(walk, type=Walk).began_us != now_us:
            return  # the next one is made a day after the last
        gone = (now_us - KEPT.horizon_us - SLACK_US) // DAY_US
        found = raw.execute(
            "SELECT (SELECT count(*) FROM effects WHERE day < ? AND key NOT IN (SELECT id FROM deliveries)), "
            "(SELECT count(*) FROM forgotten WHERE day < ?), "
            "(SELECT count(*) FROM entities WHERE at_us < ?)",
            (gone, gone, now_us - 2 * KEPT.horizon_us - 3 * SLACK_US),
        ).fetchone()
        # The newest delivery stays through a walk, and its effect with it; if a newer one comes at the same instant,
        # only the delivery leaves, and its effect with the next walk.
        assert found[0] <= 1
        assert found[1:] == (0, 0)


TestYears = Years.TestCase
TestYears.settings = settings(max_examples=examples(40), stateful_step_count=60, deadline=None)
