"""Graph says the same of a person and of a team that it does not know: which of the two it was is looked at."""

import pytest
from teams_roster_stage import AT, Campus

from actors.domain.rosters.model import Member
from actors.domain.rosters.order import RosterOrder, refusals
from actors.domain.speech import moment_of
from actors.domain.verdicts import Cause, Delivered, Refused, Throttled, Unavailable, Verdict
from actors.targets.teams.rostering_deeds import BORN_S

GONE = "40400000-0000-4000-8000-00000000c0de"


def ordered(campus: Campus, place: str, **wanted: object) -> RosterOrder:
    (order,) = campus.orders(place, **wanted)
    return order


def told(verdict: Verdict) -> dict[str, str]:
    """Whom alone Graph refused."""
    assert isinstance(verdict, Delivered), verdict
    return refusals(verdict.receipt)


def decided_s() -> float:
    at = moment_of(AT)
    assert at is not None
    return at.timestamp()


@pytest.mark.parametrize("age_s", [0.0, BORN_S])
def test_a_team_that_is_not_there_makes_nobody_unknown(age_s: float) -> None:
    """Graph answers 404 for it, as it does for a person whom it does not have."""
    campus = Campus()
    campus.now_s = decided_s() + age_s
    order = ordered(campus, GONE, add=campus.hire(3))
    campus.fault("error", value="BadRequest", operation="members.add")  # each is asked for alone then
    verdict = campus.perform(order)
    assert campus.calls == ["members.add", "$batch", "members.list"]
    if age_s:
        assert isinstance(verdict, Refused)
        assert verdict.cause is Cause.DESTINATION_GONE
    else:
        assert isinstance(verdict, Throttled)
        assert not verdict.whole_lane


def test_somebody_unknown_in_a_team_that_is_there_is_told_after_a_look_at_it() -> None:
    campus = Campus()
    order = ordered(campus, campus.team(), add=["not a person"])
    campus.fault("error", value="BadRequest", operation="members.add")
    (why,) = told(campus.perform(order)).values()
    assert "no such person" in why
    campus.fault("error", value="BadRequest", operation="members.add")
    campus.fault("error", value="ServiceUnavailable", operation="members.list")
    assert isinstance(campus.perform(order), Unavailable)


@pytest.mark.parametrize("age_s", [0.0, BORN_S])
def test_nobody_of_a_team_that_is_not_there_is_made_an_owner(age_s: float) -> None:
    campus = Campus()
    campus.now_s = decided_s() + age_s
    verdict = campus.perform(ordered(campus, GONE, promote=(Member(id="u-1", membership="m-1"),)))
    assert isinstance(verdict, Refused if age_s else Throttled)
