"""When a fault strikes."""

import pytest

from actors.ports import Fault
from actors.ports.faults import Faults


def faults(*each: Fault) -> Faults:
    made = Faults(frozenset({"bang", "fizz"}), frozenset({"mode"}))
    for fault in each:
        made.add(fault)
    return made


def test_skips_then_strikes_so_many_times_then_is_spent() -> None:
    made = faults(Fault(kind="bang", skip=1, times=2))
    assert [made.strike("op") is not None for _ in range(5)] == [False, True, True, False, False]


def test_zero_times_is_until_cleared() -> None:
    made = faults(Fault(kind="bang", times=0))
    assert all(made.strike("op") for _ in range(50))
    made.clear()
    assert made.strike("op") is None


def test_only_what_matches_counts() -> None:
    made = faults(Fault(kind="bang", operation="post", destination="C1"))
    assert made.strike("read", "C1") is None
    assert made.strike("post", "C2") is None
    assert made.strike("post", "C1", concerns=lambda fault: False) is None
    assert made.strike("post", "C1") is not None


def test_the_first_that_was_set_wins() -> None:
    made = faults(Fault(kind="bang"), Fault(kind="fizz"))
    struck = [made.strike("op"), made.strike("op")]
    assert [fault.kind for fault in struck if fault] == ["bang", "fizz"]


def test_chance_strikes_sometimes_and_always_the_same() -> None:
    rolls = [
        [made.strike("op") is not None for _ in range(200)] for made in (faults(_sometimes()), faults(_sometimes()))
    ]
    assert rolls[0] == rolls[1]
    assert 20 < sum(rolls[0]) < 90


def _sometimes() -> Fault:
    return Fault(kind="bang", times=0, chance=0.25)


def test_switches_stay_on_and_never_strike() -> None:
    made = faults(Fault(kind="mode", value="x"))
    assert made.strike("op") is None
    assert made.switched("mode") == Fault(kind="mode", value="x")
    assert made.switched("bang") is None


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="quake"),
        Fault(kind="bang", times=-1),
        Fault(kind="bang", skip=-1),
        Fault(kind="bang", chance=1.5),
        Fault(kind="bang", value="7\r\nset-cookie: x"),
        Fault(kind="bang", value="x" * 201),
    ],
)
def test_mistakes_are_errors(fault: Fault) -> None:
    with pytest.raises(ValueError, match=r"."):
        faults(fault)
