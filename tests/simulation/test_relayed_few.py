"""A few streams that are read from another LRS, on every run of the tests; ``make prove`` plays more."""

import pytest

from actors.roles.relaying import Relay
from actors.sources.lrs.flow import Reading
from tests.simulation.relayed import POINTS, play

FEW = [
    *(f"relay {number}" for number in range(4)),
    *(f"relayed death {point}" for point in POINTS if point.startswith("relays.")),
    "relayed fault forgetful",
]


@pytest.mark.parametrize("seed", FEW)
def test_what_another_lrs_has_is_here_once(seed: str) -> None:
    assert play(seed).faults == []


def test_a_stream_replays_to_the_letter() -> None:
    assert play("relay 2").digest == play("relay 2").digest


def test_a_cursor_that_runs_ahead_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def hasty(self: Reading, *, whole: bool) -> dict[str, str] | None:
        del whole
        self.passed = self._newest or self.passed
        return {"stored": self.passed} if self.passed else None

    monkeypatch.setattr(Reading, "cursor", hasty)
    assert "the cursor stands at" in str(play("relayed fault lagging").faults)


def test_what_is_wrong_and_not_said_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(*_: object) -> tuple[list[object], int]:
        return [], 0

    monkeypatch.setattr(Relay, "_news", silent)
    assert "wrong, and nobody says so" in str(play("relayed").faults + play("relay 3").faults)


def test_an_unknown_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown scenario"):
        play("relayed death nowhere")
