"""A few seeds with rosters, on every run of the tests; ``make prove`` plays more."""

from typing import Any

import msgspec
import pytest
import trio

from actors.domain.rosters import diff
from actors.domain.rosters.difference import Difference
from tests.simulation.assembly import play

LATE_S = 3_600.0
FEW = [
    "roster 13",
    "roll channel death rosters.commit:committed",
    "roll usergroup fault reset_after_commit",
    "roll channel section",
    "roll team fault rate_limited",
]


@pytest.mark.parametrize("seed", FEW)
def test_everybody_is_where_they_belong(seed: str) -> None:
    outcome = play(seed)
    assert not outcome.faults, outcome.faults[:5]
    assert outcome.effects


def test_vendors_tell_cards_are_pressed_and_courses_are_closed() -> None:
    outcome = play("roll channel lively")
    assert not outcome.faults, outcome.faults[:5]
    assert all(outcome.counts.get(each) for each in ("told by slack", "pressed", "happens close"))


def test_a_roll_replays_to_the_letter() -> None:
    seed = "roll usergroup fault status"
    assert play(seed).digest == play(seed).digest


def test_who_is_taken_out_and_should_stay_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    leaving = diff._Differing._leaving
    began_s: list[float] = []
    out: list[str] = []

    def careless(self: Any, without: list[str]) -> Any:
        """Long after they came, and twice: for ever, there would be no end of putting them back."""
        began_s.append(trio.current_time())
        staying = sorted(self._seats.keys() & self._inside)[:1]
        if began_s[-1] - began_s[0] < LATE_S or len(out) >= 2:
            return leaving(self, without)
        out.extend(staying)
        return leaving(self, [*without, *staying])

    monkeypatch.setattr(diff._Differing, "_leaving", careless)
    assert "taken out, and should stay" in str(play("roll channel").faults)


def test_who_is_not_put_in_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = diff._Differing.difference

    def lazy(self: Any, actual: Any) -> Difference:
        told = whole(self, actual)
        return msgspec.structs.replace(told, joins=told.joins[1:])

    monkeypatch.setattr(diff._Differing, "difference", lazy)
    assert "belongs in, and is not in it" in str(play("roll channel death rosters.commit:committed").faults)


def test_an_unknown_roll_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown scenario"):
        play("roll team death nowhere")
