"""Counting changes: told again, told late, told in any order, told by clocks that differ."""

from collections.abc import Iterable

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.occurrence import EARLIER_MAX, Counted, Earlier, Known, correct, count, retract

Told = tuple[str, int]
"""A value and its time."""

STEP_US = 1000


def tell(events: Iterable[Told], known: Known | None = None) -> tuple[list[Counted], Known | None]:
    told = []
    for value, at_us in events:
        counted = count(known, value, at_us)
        told.append(counted)
        known = counted.known
    return told, known


def numbers(told: Iterable[Counted]) -> list[int]:
    return [counted.occurrence for counted in told]


@st.composite
def stories(draw: st.DrawFn, longest: int = EARLIER_MAX) -> list[Told]:
    """What really happened: values, each different from the one before, in the order of time."""
    values: list[str] = []
    for value in draw(st.lists(st.sampled_from(["80", "85", "90", ""]), min_size=1, max_size=longest)):
        values += [value] * (not values or values[-1] != value)
    return [(value, index * STEP_US) for index, value in enumerate(values)]


drifts_us = st.integers(1 - STEP_US, STEP_US - 1)
events = st.tuples(st.sampled_from(["80", "85", "90"]), st.integers(0, 50))


# ── told again ───────────────────────────────────────────────────────────────────────────────────────


@given(stories())
def test_told_in_order_every_change_is_new_and_counted(story: list[Told]) -> None:
    told, known = tell(story)
    assert numbers(told) == list(range(1, len(story) + 1))
    assert {counted.news for counted in told} == {"new"}
    assert known is not None
    assert (known.value, known.at_us, known.occurrence) == (*story[-1], len(story))


@given(stories(), st.data())
def test_told_again_in_any_order_by_clocks_that_differ_they_are_the_same(
    story: list[Told], data: st.DataObject
) -> None:
    """Two more tellings, each in an order of its own and each time off by less than the neighbours' distance."""
    _, known = tell(story)
    assert known is not None
    again = data.draw(st.permutations([*range(len(story))] * 2))
    for index in again:
        value, at_us = story[index]
        counted = count(known, value, at_us + data.draw(drifts_us))
        assert (counted.occurrence, counted.news) == (index + 1, "repeated")
        known = counted.known
        assert (known.value, known.occurrence, known.top) == (story[-1][0], len(story), len(story))


@given(stories(), st.data())
def test_told_out_of_order_at_first_it_settles(story: list[Told], data: st.DataObject) -> None:
    """What was taken for another's echo at first gets its number when its neighbours are known; then that is that."""
    told, known = tell(data.draw(st.permutations(story)))
    rounds = 0
    while {counted.news for counted in told} != {"repeated"}:
        told, known = tell(story, known)
        rounds += 1
        assert rounds <= len(story) + 1
        assert "new" not in {counted.news for counted in told}  # nothing is posted a second time
    order = data.draw(st.permutations(range(len(story))))
    again, _ = tell([story[index] for index in order], known)
    assert {counted.news for counted in again} == {"repeated"}
    assert numbers(again) == [told[index].occurrence for index in order]


# ── a model that keeps everything ────────────────────────────────────────────────────────────────────


class Everything:
    """All that was ever told, in a list by time and without a bound; of a value that is confirmed again and again,
    the first and the last time."""

    def __init__(self) -> None:
        self.line: list[tuple[int, str, int]] = []
        self.given = 0

    def told(self, value: str, at_us: int) -> tuple[int, str]:
        before = [entry for entry in self.line if entry[0] <= at_us]
        after = [entry for entry in self.line if entry[0] > at_us]
        meant = [entry for entry in before[-1:] + after[:1] if entry[1] == value]
        if after:
            meant = [entry for entry in before if entry[:2] == (at_us, value)] + meant
        if meant:
            if not after:
                lasting = [entry[2] for entry in self.line[-2:]] == [meant[0][2]] * 2
                self.line = [*(before[:-1] if lasting else before), (at_us, value, meant[0][2])]
            return meant[0][2], "repeated"
        self.given += 1
        self.line = [*before, (at_us, value, self.given), *after]
        return self.given, "overtaken" if after else "new"


@given(st.lists(events, max_size=EARLIER_MAX))
def test_as_somebody_would_who_keeps_everything(told: list[Told]) -> None:
    everything, known = Everything(), None
    for value, at_us in told:
        counted = count(known, value, at_us)
        known = counted.known
        assert (counted.occurrence, counted.news) == everything.told(value, at_us)
        assert (known.value, known.occurrence, known.top) == (*everything.line[-1][1:], everything.given)


@given(st.lists(st.tuples(st.sampled_from(["80", "85", "90"]), st.integers(0, 2000)), max_size=150))
def test_what_always_holds(told: list[Told]) -> None:
    known: Known | None = None
    given_out = 0
    latest: Told | None = None
    for value, at_us in told:
        counted = count(known, value, at_us)
        known = counted.known
        latest = (value, at_us) if latest is None or at_us >= latest[1] else latest
        assert (known.value, known.at_us) == latest  # in force is what the latest event told
        assert counted.occurrence == given_out + 1 if counted.news != "repeated" else counted.occurrence >= 1
        given_out = max(given_out, counted.occurrence)  # no number is given twice
        assert known.top == given_out
        assert len(known.earlier) <= EARLIER_MAX
        times = [entry.at_us for entry in known.earlier] + [known.at_us]
        assert times == sorted(times)
        assert msgspec.json.decode(msgspec.json.encode(known), type=Known) == known


# ── by hand ──────────────────────────────────────────────────────────────────────────────────────────


def test_up_and_down_again_are_three() -> None:
    told, known = tell([("80", 10), ("85", 20), ("80", 30)])
    assert numbers(told) == [1, 2, 3]
    again, _ = tell([("80", 29), ("80", 10), ("85", 25), ("80", 31), ("85", 12), ("80", 11)], known)
    assert numbers(again) == [3, 1, 2, 3, 2, 1]


def test_late_but_not_known_is_overtaken() -> None:
    told, known = tell([("80", 10), ("90", 30), ("85", 20)])
    assert [(counted.occurrence, counted.news) for counted in told] == [(1, "new"), (2, "new"), (3, "overtaken")]
    assert known == Known(
        value="90", occurrence=2, at_us=30, top=3, earlier=(Earlier(10, "80", 1), Earlier(20, "85", 3))
    )


def test_a_value_that_was_confirmed_since_is_not_undone_by_what_comes_late() -> None:
    told, known = tell([("complete", 10), ("complete", 50), ("incomplete", 30)])
    assert [(counted.occurrence, counted.news) for counted in told] == [(1, "new"), (1, "repeated"), (2, "overtaken")]
    assert known is not None
    assert known.value == "complete"
    assert known.earlier == (Earlier(10, "complete", 1), Earlier(30, "incomplete", 2))


def test_many_confirmations_take_no_room() -> None:
    _, known = tell([("80", 10)] + [("85", at_us) for at_us in range(20, 200)])
    assert known == Known(
        value="85", occurrence=2, at_us=199, top=2, earlier=(Earlier(10, "80", 1), Earlier(20, "85", 2))
    )


def test_of_equal_times_the_later_told_is_the_later() -> None:
    told, known = tell([("80", 10), ("85", 10), ("80", 10)])
    assert numbers(told) == [1, 2, 3]
    _, known = tell([("90", 20)], known)
    again, _ = tell([("80", 10), ("85", 10)], known)
    assert [(counted.occurrence, counted.news) for counted in again] == [(1, "repeated"), (2, "repeated")]


def test_what_was_forgotten_is_not_counted_with_an_old_number() -> None:
    story = [(f"{index}", index * STEP_US) for index in range(EARLIER_MAX + 9)]
    told, known = tell(story)
    assert known is not None
    assert known.earlier[0].value == "8"
    counted = count(known, "0", 0)
    assert (counted.occurrence, counted.news) == (len(story) + 1, "overtaken")
    assert counted.known.top == len(story) + 1
    assert count(counted.known, "1", STEP_US).occurrence == len(story) + 2
    again, _ = tell(story[8:], known)
    assert numbers(again) == numbers(told[8:])


# ── taken back ───────────────────────────────────────────────────────────────────────────────────────


@given(stories(), st.data())
def test_what_was_taken_back_leaves_what_was_without_it(story: list[Told], data: st.DataObject) -> None:
    """Values and times; the numbers are those that were given, and none is given twice."""
    told, known = tell(story)
    assert known is not None
    gone = data.draw(st.integers(0, len(story) - 1))
    left = retract(known, told[gone].occurrence)
    assert left is not None
    rest = [event for index, event in enumerate(story) if index != gone]
    last = max(rest, key=lambda event: event[1], default=("", None))
    assert left.value == last[0]
    assert left.top == known.top
    assert all(entry.occurrence != told[gone].occurrence for entry in (*left.earlier, Earlier(0, "", left.occurrence)))
    again = count(left, story[gone][0], story[gone][1])
    if not rest:
        assert (again.occurrence, again.news) == (known.top + 1, "new")


@given(stories())
def test_what_is_not_known_cannot_be_taken_back(story: list[Told]) -> None:
    _, known = tell(story)
    assert known is not None
    assert retract(known, known.top + 1) is None
    assert correct(known, known.top + 1, "80") is None


@given(stories(), st.sampled_from(["", "80", "incomplete"]))
def test_a_correction_is_news_as_of_the_time_of_what_it_corrects(story: list[Told], value: str) -> None:
    told, known = tell(story)
    assert known is not None
    counted = correct(known, told[-1].occurrence, value)
    assert counted is not None
    assert (counted.news, counted.occurrence, counted.known.value) == ("new", known.top + 1, value)
    assert counted.known.at_us == story[-1][1]
    anew = count(counted.known, story[-1][0], story[-1][1])  # the same, told again under another id
    assert anew.news == ("repeated" if value == story[-1][0] else "new")


def test_only_what_is_in_force_is_corrected() -> None:
    told, known = tell([("80", 1), ("85", 2)])
    assert known is not None
    assert correct(known, told[0].occurrence, "incomplete") is None
    left = retract(known, told[0].occurrence)
    assert left is not None
    assert (left.value, left.earlier) == ("85", ())
