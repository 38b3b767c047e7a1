"""A few terms and deaths while sources are read, on every run of the tests; ``make prove`` plays them all."""

import pytest

from actors.roles.intake import Intake
from actors.roles.telling import Facts, Telling
from tests.simulation.fate import source_points
from tests.simulation.systems import SYSTEMS
from tests.simulation.term import play

FEW = [
    *(f"term {number}" for number in (6, 13)),
    *(f"lesson {system}" for system in SYSTEMS),
    *(f"lesson toy death {point}" for point in source_points() if point.startswith(("records.take", "sources.begin"))),
    "lesson canvas fault reset_after_commit",
    "lesson inbox fault replaced",
    "lesson inbox death depot.put:linked",
]


@pytest.mark.parametrize("seed", FEW)
def test_what_happened_is_told_once(seed: str) -> None:
    outcome = play(seed)
    assert not outcome.faults, outcome.faults[:5]
    assert outcome.effects


@pytest.mark.parametrize("seed", ["term 6", "lesson oneroster"])
def test_a_term_replays_to_the_letter(seed: str) -> None:
    assert play(seed).digest == play(seed).digest


def test_what_is_not_told_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(*_: object) -> Facts:
        return Facts()

    monkeypatch.setattr(Telling, "facts", silent)
    assert "lost: round 1: toy has not told" in str(play("lesson toy").faults)


def test_absence_that_is_not_noticed_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def blind(*_: object) -> None:
        return None

    monkeypatch.setattr(Intake, "whole", blind)
    assert "'unenrolled'" in str(play("lesson oneroster").faults + play("lesson moodle").faults)


def test_an_unknown_term_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown scenario"):
        play("lesson latin")
