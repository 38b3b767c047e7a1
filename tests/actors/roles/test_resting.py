"""How a source stands between two readings, and after looks that left no trace."""

import pytest

from actors.domain.cadence import Standing
from actors.domain.removals import Missing
from actors.ports import How, Reading
from actors.ports.records import SourceState
from actors.roles.resting import Idle, after, for_cadence, looked_again, may_be_idle, shown_as

MANY = Missing(entity="user", gone=6, of=12)
FRESH, READ = SourceState(no=1), SourceState(no=1, first_us=1)
IDLE = Idle(count=2, ended_us=7, note="the inbox is empty")


def ended(how: How, no: int = 3, detail: str = "d") -> Reading:
    return Reading(no=no, mode="delta", began_us=1, ended_us=None if how == "" else 5, how=how, detail=detail)


@pytest.mark.parametrize(
    ("state", "hows", "mode", "may"),
    [
        (FRESH, [], "full", True),
        (READ, [], "full", False),
        (READ, ["finished"], "delta", True),
        (READ, ["spoilt", "unavailable"], "delta", True),
        (READ, ["unavailable", "finished"], "delta", False),
        (READ, ["stopped"], "delta", False),
        (READ, [""], "delta", False),
    ],
)
def test_a_look_leaves_no_trace_where_the_last_reading_says_it_all(
    state: SourceState, hows: list[How], mode: str, may: bool
) -> None:
    assert may_be_idle(state, [ended(how) for how in hows], mode) is may  # type: ignore[arg-type]  # it is one


def test_looks_are_counted_until_there_is_a_reading() -> None:
    idle = looked_again(None, ended("finished", no=0))
    assert idle == Idle(count=1, ended_us=5, note="d")
    assert looked_again(idle, ended("finished", no=0)) == Idle(count=2, ended_us=5, note="d")
    assert looked_again(idle, ended("stopped", no=0)) == idle
    assert looked_again(idle, ended("spoilt")) is None


def test_the_next_one_is_due_as_after_a_reading_that_brought_nothing() -> None:
    before = Standing(ended_us=None, unchanged=3)
    assert after(before, None) is before
    assert after(before, IDLE) == Standing(ended_us=7, unchanged=5)
    assert [each.how for each in for_cadence([ended("spoilt"), ended("faulted")])] == ["finished", "faulted"]


@pytest.mark.parametrize(
    ("state", "how", "shown"),
    [
        (READ, "finished", ("resting", "the inbox is empty")),
        (SourceState(no=1, spoilt="a.zip: torn"), "finished", ("unavailable", "a.zip: torn")),
        (SourceState(no=1, spoilt="a.zip: torn"), "spoilt", ("unavailable", "a.zip: torn")),
        (SourceState(no=1, spoilt="a.zip: torn", braked=(MANY,)), "braked", ("braked", "6 of 12 users would be gone")),
        (SourceState(no=1, spoilt="a.zip: torn"), "faulted", ("unavailable", "faulted: d")),
        (SourceState(no=1, throttled_us=99), "throttled", ("throttled", "d")),
    ],
)
def test_what_an_operator_sees(state: SourceState, how: How, shown: tuple[str, str]) -> None:
    assert shown_as(state, [ended(how)], IDLE, 50) == shown
