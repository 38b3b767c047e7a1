"""Which teams to read before the next night, as groups/delta tells it: a hint, and what is forgotten is made up for."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from teams_roster_stage import Campus

from actors.domain.tidings import Asking, MembersChanged, Surveyed
from actors.domain.verdicts import Throttled
from actors.targets.teams import delta_members
from actors.targets.teams.wire import Answered

BASE = "http://s/graph/v1.0/"


def survey(campus: Campus, cursor: str = "") -> Surveyed:
    found = campus.run(campus.ears.survey(Asking(now_us=int(campus.now_s * 1e6), cursor=cursor)))
    assert isinstance(found, Surveyed), found
    return found


def members_changed(found: Surveyed) -> dict[str, MembersChanged]:
    return {each.place: each for each in found.tidings if isinstance(each, MembersChanged)}


def test_who_came_and_went_by_hand_is_heard_of() -> None:
    campus = Campus()
    ada, ben = campus.hire(2)
    team, quiet = campus.team("Course", [ada]), campus.team("Quiet")
    campus.run(campus.rostering.members("team", [team, quiet]))
    first = survey(campus)
    assert members_changed(first) == {}
    campus.fake.happen(msgspec.json.encode({"do": "add_member", "team": team, "person": ben}), campus.now_s)
    campus.fake.happen(msgspec.json.encode({"do": "remove_member", "team": team, "person": ada}), campus.now_s)
    second = survey(campus, first.cursor)
    assert members_changed(second) == {team: MembersChanged(team, joined=(ben,), left=(ada,))}
    assert members_changed(survey(campus, second.cursor)) == {}


def test_a_survey_is_one_call_more_and_only_where_teams_are_kept_in_step() -> None:
    campus = Campus()
    first = survey(campus)
    assert campus.calls == ["users.delta"]
    campus.run(campus.rostering.members("team", [campus.team()]))
    campus.requests.clear()
    survey(campus, first.cursor)
    assert campus.calls == ["users.delta", "groups.delta"]


def test_a_process_that_knows_no_team_yet_goes_on_where_the_former_was() -> None:
    campus, former = Campus(), Campus()
    former.run(former.rostering.members("team", [former.team()]))
    cursor = survey(former).cursor
    campus.team("Known")  # the same directory, for all that a cursor tells
    team = campus.team("Course")
    assert set(members_changed(survey(campus, cursor))) == {team}


def test_of_a_role_that_changed_it_is_not_told_whose() -> None:
    campus = Campus()
    (ada,) = campus.hire(1)
    team = campus.team("Course", [ada])
    campus.run(campus.rostering.members("team", [team]))
    first = survey(campus)
    campus.fake.happen(
        msgspec.json.encode({"do": "add_member", "team": team, "person": ada, "owner": True}), campus.now_s
    )
    assert members_changed(survey(campus, first.cursor)) == {team: MembersChanged(team)}


def test_an_owner_who_came_just_came() -> None:
    campus = Campus()
    team = campus.team("Course")
    campus.run(campus.rostering.members("team", [team]))
    first = survey(campus)
    (ada,) = campus.hire(1)
    campus.fake.happen(
        msgspec.json.encode({"do": "add_member", "team": team, "person": ada, "owner": True}), campus.now_s
    )
    assert members_changed(survey(campus, first.cursor)) == {team: MembersChanged(team, joined=(ada,))}


@pytest.mark.parametrize("status", ["410", "400"])
def test_where_graph_forgot_how_far_we_were_every_team_is_read(status: str) -> None:
    campus = Campus()
    teams = {campus.team("A"), campus.team("B")}
    campus.run(campus.rostering.members("team", sorted(teams)))
    first = survey(campus)
    campus.fault("delta_forgotten", value=status, operation="groups.delta")
    second = survey(campus, first.cursor)
    assert members_changed(second) == {team: MembersChanged(team) for team in teams}
    assert second.more
    third = survey(campus, second.cursor)
    assert not third.more
    assert members_changed(third) == {}


def test_after_a_week_without_asking_every_team_is_read() -> None:
    campus = Campus()
    team = campus.team("A")
    campus.run(campus.rostering.members("team", [team]))
    first = survey(campus)
    campus.now_s += 8 * 86_400.0
    assert members_changed(survey(campus, first.cursor)) == {team: MembersChanged(team)}


def test_many_changes_come_by_pages_and_of_very_many_it_is_not_told_who() -> None:
    campus = Campus()
    people = campus.hire(2_500)
    team, other = campus.team("A"), campus.team("B")
    campus.run(campus.rostering.members("team", [team, other]))
    first = survey(campus)
    for each in people:
        campus.fake.teams.add(campus.fake.teams.there(team, campus.now_s), each, owner=False, now_s=campus.now_s)
    campus.fake.teams.add(campus.fake.teams.there(other, campus.now_s), people[0], owner=False, now_s=campus.now_s)
    campus.requests.clear()
    told = members_changed(survey(campus, first.cursor))
    assert told == {team: MembersChanged(team), other: MembersChanged(other, joined=(people[0],))}
    assert campus.calls.count("groups.delta") == 3


def test_without_the_permission_people_are_heard_of_all_the_same() -> None:
    campus = Campus()
    campus.run(campus.rostering.members("team", [campus.team()]))
    campus.fake.terms.app_permissions = ["User.Read.All"]
    campus.fake.entra.grants.expire(campus.now_s)
    found = survey(campus)
    assert "GroupMember.Read.All" in found.lacking
    assert found.cursor.startswith("users/delta?")


def test_what_cannot_be_told_now_is_told_later() -> None:
    campus = Campus()
    campus.run(campus.rostering.members("team", [campus.team()]))
    campus.fault("rate_limited", value="7", operation="groups.delta")
    assert isinstance(campus.run(campus.ears.survey(Asking(now_us=0))), Throttled)


IDS = st.sampled_from(["a", "b", "", None, 7])
CHANGES = st.lists(
    st.fixed_dictionaries({"id": IDS}, optional={"@removed": st.sampled_from([{}, {"reason": "deleted"}, "x"])}),
    max_size=4,
)
ITEMS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["T1", "t2", "", None])},
        optional={"members@delta": CHANGES | st.none(), "owners@delta": CHANGES, "@removed": st.just({})},
    ),
    max_size=5,
)


@settings(deadline=None)
@given(ITEMS)
def test_whatever_is_told_has_a_meaning(items: list[object]) -> None:
    def ask(path: str, operation: str, draws: tuple[str, ...]):  # type: ignore[no-untyped-def]
        yield from ()
        return Answered(200, {"value": items, "@odata.deltaLink": f"{BASE}groups/delta?$deltatoken=x"}, {})

    flow = delta_members.moves(ask, BASE, "", {"t1"})
    with pytest.raises(StopIteration) as end:
        next(flow)
    found = end.value.value
    assert isinstance(found, Surveyed)
    assert {each.place for each in found.tidings} <= {"t1", "t2"}  # type: ignore[union-attr]
    assert found.cursor == "groups/delta?$deltatoken=x"
