"""Teams and who is in them: found by the hundred, read twenty to a call, and never a part taken for the whole."""

import pytest
from teams_roster_stage import Campus

from actors.domain.rosters.model import Actual
from actors.domain.verdicts import Refused, Unavailable
from actors.ports.rostering import Found, Gone
from actors.targets.teams.rostering_people import VALUES_MAX

GONE = "40400000-0000-4000-8000-00000000c0de"


def found(campus: Campus, *texts: str) -> dict[str, tuple[Found, ...]]:
    answer = campus.run(campus.rostering.find("team", texts))
    assert isinstance(answer, dict), answer
    return answer


def read(campus: Campus, *teams: str) -> dict[str, Actual | Gone]:
    answer = campus.run(campus.rostering.members("team", teams))
    assert isinstance(answer, dict), answer
    return answer


# ── finding ──────────────────────────────────────────────────────────────────────────────────────────


def test_three_hundred_names_are_one_call() -> None:
    campus = Campus()
    teams = {f"Course {n}": campus.team(f"Course {n}") for n in range(0, 300, 3)}
    told = found(campus, *(f"Course {n}" for n in range(300)))
    assert {name: each[0].place for name, each in told.items() if each} == teams
    assert len(told) == campus.rostering.finds_max == 300
    assert campus.calls == ["$batch"]


def test_two_teams_of_one_name_are_both_told() -> None:
    campus = Campus()
    twins = {campus.team("Maths"), campus.team("maths")}
    assert {each.place for each in found(campus, "MATHS")["MATHS"]} == twins


def test_by_id_in_whatever_letters() -> None:
    campus = Campus()
    team = campus.team("Maths")
    told = found(campus, team.upper(), GONE)
    assert told[team.upper()] == (Found(place=team, name="Maths"),)
    assert told[GONE] == ()


def test_a_quote_in_a_name_does_not_end_the_filter() -> None:
    campus = Campus()
    team = campus.team("Ada's course, or id eq 'x'")
    assert [each.place for each in found(campus, "Ada's course, or id eq 'x'")["Ada's course, or id eq 'x'"]] == [team]


def test_a_team_whose_members_a_rule_names_is_closed() -> None:
    campus = Campus()
    team = campus.team("Maths")
    campus.fake.teams.there(team, campus.now_s).dynamic = True
    assert "dynamic membership" in found(campus, "Maths")["Maths"][0].closed


def test_a_part_that_was_not_answered_is_told_of_by_nothing() -> None:
    """Who took it for an answer would create teams that are there."""
    campus = Campus()
    found(campus, "Course 1")  # brings the token
    campus.fault("batch_inner_throttled", value="7")
    names = [f"Course {n}" for n in range(60)]
    answer = campus.run(campus.rostering.find("team", names))
    assert isinstance(answer, dict)
    assert len(answer) == len(names) - VALUES_MAX
    rest = campus.run(campus.rostering.find("team", [each for each in names if each not in answer]))
    assert isinstance(rest, dict)
    assert sorted(answer | rest) == sorted(names)


# ── members ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_night_without_changes_is_a_call_for_twenty_teams() -> None:
    campus = Campus()
    people = campus.hire(500)
    teams = [campus.team(f"Course {n}", people[n : n + 25]) for n in range(400)]
    campus.run(campus.rostering.people(""))  # brings the token
    campus.spent()
    at_once = campus.rostering.places_max("team")
    told: dict[str, Actual | Gone] = {}
    for start in range(0, len(teams), at_once):
        told |= read(campus, *teams[start : start + at_once])
    assert campus.spent() == 20
    assert set(told) == set(teams)
    assert all(isinstance(each, Actual) and each.whole and len(each.members) == 26 for each in told.values())


def test_a_large_team_is_read_to_its_end() -> None:
    campus = Campus()
    people = campus.hire(2_100)
    large, small = campus.team("All", people), campus.team("Few", people[:3])
    told = read(campus, large, small)
    assert {each.id for each in told[large].members} > set(people)  # type: ignore[union-attr]
    assert campus.calls == ["$batch", "members.list", "members.list"]


def test_what_is_told_of_a_member() -> None:
    campus = Campus(team_owner="keeper@example.edu")
    (ada,) = campus.hire(1)
    keeper = campus.fake.people.hire("keeper@example.edu").id
    team = campus.team("Course", [ada], [keeper])
    members = campus.members(team)
    assert (members[ada].owner, members[ada].bot, members[ada].email) == (False, False, "learner00000@example.edu")
    assert members[ada].membership
    assert (members[keeper].owner, members[keeper].bot) == (True, True)


def test_a_team_that_is_gone_is_told_from_one_that_cannot_be_read_now() -> None:
    campus = Campus()
    team, other = campus.team("Course"), campus.team("Other")
    campus.spent()
    campus.fault("status", value="503", operation="members.list", destination=other, times=0)
    told = read(campus, team, GONE, other)
    assert isinstance(told[team], Actual)
    assert isinstance(told[GONE], Gone)
    assert other not in told
    alone = campus.run(campus.rostering.members("team", [other]))
    assert isinstance(alone, Unavailable)


@pytest.mark.parametrize("skip", [1, 2])
@pytest.mark.parametrize("kind", ["status", "rate_limited", "truncated_after_commit"])
def test_a_list_that_broke_off_is_not_told_at_all(kind: str, skip: int) -> None:
    campus = Campus()
    team = campus.team("All", campus.hire(2_100))
    campus.fault(kind, value="503", operation="members.list", skip=skip)
    assert not isinstance(campus.run(campus.rostering.members("team", [team])), dict)


def test_without_the_permission_it_is_told_which() -> None:
    campus = Campus()
    team = campus.team()
    campus.fake.terms.app_permissions = ["User.ReadBasic.All"]
    for answer, permission in (
        (campus.run(campus.rostering.members("team", [team])), "TeamMember.Read.All"),
        (campus.run(campus.rostering.find("team", ["Course"])), "GroupMember.Read.All"),
    ):
        assert isinstance(answer, Refused)
        assert permission in answer.detail


def test_where_graph_takes_no_bundles_teams_are_read_one_by_one() -> None:
    campus = Campus()
    teams = [campus.team(f"Course {n}") for n in range(3)]
    campus.fault("batch_unsupported", times=0)
    assert set(read(campus, *teams)) == set(teams)
    assert campus.calls == ["$batch", "members.list", "members.list", "members.list"]
    read(campus, *teams)
    read(campus, *teams)
    campus.spent()
    read(campus, *teams)
    assert campus.calls == ["members.list"] * 3, "it is not tried for ever"


@pytest.mark.parametrize("kind", ["token_expired", "claims_challenge"])
def test_a_token_that_ends_in_the_midst_is_replaced(kind: str) -> None:
    campus = Campus()
    teams = [campus.team(f"Course {n}") for n in range(3)]
    read(campus, *teams)
    for operation in ("$batch", "members.list"):
        campus.fault(kind, operation=operation)
        assert set(read(campus, *teams)) == set(teams)


# ── archived ─────────────────────────────────────────────────────────────────────────────────────────


def test_which_teams_are_archived_is_told_twenty_to_a_call() -> None:
    campus = Campus()
    teams = [campus.team(f"Course {n}") for n in range(25)]
    campus.fake.teams.there(teams[3], campus.now_s).archived = True
    assert isinstance(read(campus, teams[3])[teams[3]], Actual), "its members do not tell"
    before = len(campus.calls)
    told = campus.run(campus.rostering.closing("team", [*teams, GONE], 22))
    assert told == {team: team == teams[3] for team in teams[:22]}
    assert campus.calls[before:] == ["$batch", "$batch"]


def test_who_may_not_ask_for_it_learns_nothing_and_goes_on() -> None:
    campus = Campus()
    team = campus.team()
    campus.fake.terms.app_permissions = ["TeamMember.Read.All"]
    assert campus.run(campus.rostering.closing("team", [team], 1)) == {}
