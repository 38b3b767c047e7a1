"""The feed shows every change once and in order, whoever reads how, while the log is written, routed and swept.

What the feed shows only ever grows at its end: that is the whole model, a list. Whoever polls sees it from front to
back without a gap, or is told that retention took what they had not read.
"""

import msgspec
import pytest
from fed import created, poll, routed
from housekeeping import House, days, grade, identity
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sizes import examples

from actors.domain.changes import AnyChange
from actors.ports import Routed
from daemon.gateway.ports_feed import FeedEntry, FeedGone, Place
from daemon.store import departing, outbox, planning, rows, undoing

KEPT = days(statements=5, horizon=30)
KINDS = (frozenset[str](), frozenset({"graded"}), frozenset({"user_created"}))


class Shown(msgspec.Struct):
    """What must stand in the feed: the statement, and what it shows of which other."""

    place: Place
    number: int
    kind: str
    news: str = "new"
    of: int = 0


class Poller(msgspec.Struct):
    kinds: frozenset[str]
    limit: int
    cursor: Place | None = None
    seen: list[tuple[int, str]] = []
    missed: bool = False


class Feed(RuleBasedStateMachine):
    """Statements are numbers. Each tells a learner's first grade, that somebody is new, what another tells, or
    nothing; on some the router fails at first."""

    @initialize(limits=st.lists(st.integers(1, 4), min_size=3, max_size=3))
    def open(self, limits: list[int]) -> None:
        self.house = House()
        self.day = 0.0
        self.tells: dict[int, AnyChange | None] = {}
        self.first: dict[int, int] = {}  # a statement that tells what another tells
        self.failing: set[int] = set()
        self.voids: dict[int, int] = {}
        self.shown: list[Shown] = []
        self.voided: set[int] = set()
        self.late: dict[int, int] = {}
        self.gone: Place = (-1, 0)
        self.pollers = [Poller(kinds=kinds, limit=limit) for kinds, limit in zip(KINDS, limits, strict=True)]

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.house.raw.close()

    # ── what is told ─────────────────────────────────────────────────────────────────────────────────

    def _tell(self, change: AnyChange | None, voids: int | None = None) -> int:
        number = len(self.tells) + 1
        self.tells[number] = change
        self.house.tell(self.day, number, voids=voids)
        return number

    @rule(what=st.sampled_from(["grade", "person", "nothing", "nothing"]))
    def tell(self, what: str) -> None:
        who = f"l{len(self.tells)}"
        self._tell({"grade": grade(who, 80, self.day), "person": created(who), "nothing": None}[what])

    @rule()
    def fail(self) -> None:
        self.failing.add(self._tell(grade(f"l{len(self.tells)}", 80, self.day)))

    @precondition(lambda self: any(entry.news == "new" for entry in self.shown))
    @rule(which=st.integers(0, 10_000))
    def tell_again(self, which: int) -> None:
        """From another source."""
        known = [entry.number for entry in self.shown if entry.news == "new" and entry.number not in self.voided]
        if known:
            first = known[which % len(known)]
            self.first[self._tell(self.tells[first])] = first

    @precondition(lambda self: self.shown)
    @rule(which=st.integers(0, 10_000))
    def void(self, which: int) -> None:
        there = self.house.seqs()
        told = {entry.number for entry in self.shown if entry.news == "new"} - set(self.first.values())
        open_ = [number for number in sorted(told) if number not in self.voided and number in there]
        if open_:
            self.voided.add(open_[which % len(open_)])
            target = open_[which % len(open_)]
            self.voids[self._tell(None, voids=target)] = target

    @rule(span=st.sampled_from([0.001, 0.5, 3.0]))
    def time_passes(self, span: float) -> None:
        self.day += span

    # ── what is made of it ───────────────────────────────────────────────────────────────────────────

    def _cursor(self) -> int:
        row = self.house.raw.execute("SELECT seq FROM cursors WHERE tenant = 'acme'").fetchone()
        return row[0] if row else 0

    @rule(most=st.integers(1, 4))
    def route(self, most: int) -> None:
        waiting = [(number, seq) for number, seq in self.house.seqs().items() if seq > self._cursor()][:most]
        for number, seq in waiting:
            item, shown = self._judged(number, seq)
            outbox.route(self.house.raw, "acme", [item], seq)
            self.shown += shown

    def _judged(self, number: int, seq: int) -> tuple[Routed, list[Shown]]:
        change = self.tells[number]
        if number in self.failing:
            return routed(seq, self.day, None, reason="fault: KeyError: x", unrouted=True), []
        if number in self.voids:
            target = self.voids[number]
            caused = undoing.caused(self.house.raw, "acme", identity(target), seq)
            if caused is None:
                return routed(seq, self.day, None), []
            kind = self.tells[target].kind  # type: ignore[union-attr]  # it told a change
            undone = routed(seq, self.day, None, undoes=caused.seq)
            return undone, [Shown((seq, 0), number, kind, "retracted", target)]
        if change is None or number in self.first:
            return routed(seq, self.day, change), []
        return routed(seq, self.day, change), [Shown((seq, 0), number, change.kind)]

    @precondition(lambda self: self.failing)
    @rule(which=st.integers(0, 10_000))
    def replay(self, which: int) -> None:
        """We failed on it; now we know what it tells."""
        there = self.house.seqs()
        known = [number for number in sorted(self.failing) if there.get(number, 1 << 62) <= self._cursor()]
        if not known:
            return
        number = known[which % len(known)]
        self.failing.discard(number)
        change = self.tells[number]
        assert change is not None
        planning.reroute(self.house.raw, "acme", routed(there[number], self.day, change))
        where = self._cursor()
        self.late[where] = self.late.get(where, 0) + 1
        self.shown.append(Shown((where, self.late[where]), number, change.kind))

    @rule()
    def sweep(self) -> None:
        before = set(self.house.seqs())
        self.house.sweep(self.day, KEPT)
        left = before - set(self.house.seqs())
        for poller in self.pollers:
            if poller.cursor is not None and any(
                entry.number in left and entry.place > poller.cursor for entry in self.shown
            ):
                poller.missed = True
        self.gone = max([self.gone, *(entry.place for entry in self.shown if entry.number in left)])
        self.shown = [entry for entry in self.shown if entry.number not in left]
        self.failing -= left

    # ── who reads ────────────────────────────────────────────────────────────────────────────────────

    @rule(which=st.integers(0, 2))
    def poll(self, which: int) -> None:
        self._poll(self.pollers[which])

    def _poll(self, poller: Poller) -> bool:
        if poller.missed:
            with pytest.raises(FeedGone) as gone:
                poll(self.house, poller.cursor, poller.kinds, poller.limit)
            assert poller.cursor is not None
            assert gone.value.from_ > poller.cursor
            poller.cursor, poller.missed = gone.value.from_, False
            return True
        page = poll(self.house, poller.cursor, poller.kinds, poller.limit)
        start = self.gone if poller.cursor is None else poller.cursor
        behind = [entry for entry in self.shown if start < entry.place <= page.end]
        there = self.house.seqs()
        wanted = [
            entry
            for entry in behind
            if not poller.kinds or entry.kind in poller.kinds or (entry.of and entry.of not in there)
        ]
        assert [entry.place for entry in page.entries] == [entry.place for entry in wanted]
        for entry, must in zip(page.entries, wanted, strict=True):
            self._compare(entry, must, there)
        poller.seen += [(must.number, must.news) for must in wanted]
        poller.cursor = page.end
        return page.more

    def _compare(self, entry: FeedEntry, must: Shown, there: dict[int, int]) -> None:
        told = self.tells[must.of or must.number]
        assert told is not None
        assert entry.statement_id == identity(must.number)
        assert entry.news == must.news
        assert entry.id == rows.change_id(rows.key("acme", told.entity), 1).hex()
        if not must.of or must.of in there:
            assert (entry.kind, entry.change, entry.occurrence) == (must.kind, told, 1)
        else:
            assert (entry.kind, entry.change) == ("", None)

    @rule()
    def everybody_reads_to_the_end(self) -> None:
        for poller in self.pollers:
            for _ in range(1000):
                if not self._poll(poller):
                    break
            assert poller.cursor is not None
            assert [entry for entry in self.shown if entry.place > poller.cursor] == []

    @invariant()
    def nobody_sees_anything_twice(self) -> None:
        if hasattr(self, "house"):
            for poller in self.pollers:
                assert len(set(poller.seen)) == len(poller.seen)

    # ── somebody is erased ───────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: self.shown)
    @rule(which=st.integers(0, 10_000))
    def erase(self, which: int) -> None:
        """Their statements leave, and nobody is told that anything is missing."""
        number = self.shown[which % len(self.shown)].number
        raw = self.house.raw
        key = raw.execute("SELECT seq, id, arrival FROM statements WHERE seq = ?", (self.house.seqs()[number],))
        departing.depart(raw, "acme", [key.fetchone()])
        self.shown = [entry for entry in self.shown if entry.number != number]


TestFeed = Feed.TestCase
TestFeed.settings = settings(max_examples=examples(25), stateful_step_count=40, deadline=None)
