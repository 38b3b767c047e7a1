"""Turns to be looked up: as far apart as the limits want, kept, and none for those who may as well wait."""

import pytest

from actors.domain.outbox import Rate
from actors.domain.queueing import PATIENCE_S, TURNS_MAX, Turns


def turns(*requests: tuple[str, ...]) -> Turns:
    return Turns(requests, lambda bucket: Rate(per_s={"find": 0.5, "open": 1.0}[bucket]))


def test_the_scarcest_limit_says_how_far_apart_turns_are() -> None:
    line = turns(("find",), ("open",))
    assert [line.wait_s(who, 10.0) for who in "abc"] == [0.0, PATIENCE_S, 4.0]
    assert [turns(("find",), ("find",)).wait_s("a", 0.0), turns().wait_s("a", 0.0)] == [0.0, 0.0]


def test_who_comes_in_their_turn_goes_and_who_comes_early_keeps_it() -> None:
    line = turns(("find",))
    assert [line.wait_s(who, 0.0) for who in "abcd"] == [0.0, 2.0, 4.0, 6.0]
    assert line.wait_s("d", 1.0) == pytest.approx(5.0)
    assert line.wait_s("d", 4.5) == 0.0, "so soon that they may as well wait"
    assert line.wait_s("e", 30.0) == 0.0, "the line is empty long since"


def test_of_too_many_the_first_turns_are_forgotten() -> None:
    line = turns(("find",))
    for n in range(TURNS_MAX + 2):
        line.wait_s(str(n), 0.0)
    last = line.wait_s("last", 0.0)
    assert line.wait_s("1", 0.0) == last + 2.0
    assert line.wait_s("last", 0.0) == last
