"""Carrying out orders about a team: once or twice makes no difference, nobody is held up by somebody else, and what is
not there yet is waited for within bounds."""

import msgspec
import pytest
from teams_roster_stage import AT, Campus

from actors.domain.rosters.model import Member
from actors.domain.rosters.order import RosterOrder, refusals
from actors.domain.speech import moment_of
from actors.domain.verdicts import (
    Absent,
    Cause,
    Delivered,
    Doubtful,
    Faulted,
    Refused,
    Repeatable,
    Throttled,
    Unavailable,
    Unprobeable,
    Verdict,
)
from actors.targets.teams.rostering_deeds import BORN_S

GONE = "40400000-0000-4000-8000-00000000c0de"
OWNERS = "TeamMember.ReadWrite.All"


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


# ── letting in ───────────────────────────────────────────────────────────────────────────────────────


def test_two_hundred_are_one_call_and_one_effect() -> None:
    campus = Campus()
    people, team = campus.hire(200), campus.team()
    campus.run(campus.rostering.people(""))  # brings the token
    campus.spent()
    assert told(campus.perform(ordered(campus, team, add=people[2:], add_owners=people[:2]))) == {}
    assert campus.spent() == 1
    assert campus.inside(team).items() >= {each: n < 2 for n, each in enumerate(people)}.items()
    (effect,) = campus.fake.journal
    assert (effect.operation, effect.destination, effect.delivery_id) == ("members.add", team, "d-1")
    assert effect.correlation_id == "c-1"


def test_whom_alone_teams_refuses_is_told_and_why() -> None:
    campus = Campus()
    people, team = campus.hire(5), campus.team()
    campus.fake.teams.barred.add(people[1])
    campus.fake.people.change("learner00003@example.edu", 0.0, deleted=True)
    refused = told(campus.perform(ordered(campus, team, add=people)))
    assert set(refused) == {people[1], people[3]}
    assert "does not let them in" in refused[people[1]]
    assert "no such person" in refused[people[3]]
    assert set(campus.inside(team)) >= {people[0], people[2], people[4]}


@pytest.mark.parametrize("code", ["TooManyRequests", "InternalServerError", "ServiceUnavailable", "somethingPassing"])
def test_who_failed_for_the_moment_is_tried_again_with_the_others(code: str) -> None:
    campus = Campus()
    people, team = campus.hire(3), campus.team()
    campus.fault("one_refused", value=code)
    order = ordered(campus, team, add=people)
    verdict = campus.perform(order)
    if code == "somethingPassing":
        assert set(told(verdict)) == {people[0]}  # a code that nobody knows is not tried for ever
        return
    assert isinstance(verdict, Faulted)
    assert told(campus.perform(order)) == {}
    assert set(campus.inside(team)) >= set(people)


def test_one_who_spoils_the_request_keeps_nobody_else_out() -> None:
    campus = Campus()
    people, team = campus.hire(6), campus.team()
    order = ordered(campus, team, add=[*people[:3], "not a person", *people[3:]])
    campus.fault("error", value="BadRequest", operation="members.add")
    refused = told(campus.perform(order))
    assert set(refused) == {"not a person"}
    assert set(campus.inside(team)) >= set(people)
    assert campus.calls == ["members.add", "$batch", "$batch"]


def test_where_graph_answers_of_a_part_only_the_rest_is_asked_again() -> None:
    campus = Campus()
    people, team = campus.hire(2), campus.team()
    order = ordered(campus, team, add=people)
    flow = campus.rostering.perform(order, campus.slip())
    request = next(flow)
    while request.operation != "members.add":
        request = flow.send(campus.ask(request))
    answer = campus.ask(request)
    body = {"value": [{"userId": people[0].upper(), "error": None}]}
    half = msgspec.structs.replace(answer, status=207, body=msgspec.json.encode(body))  # type: ignore[type-var]
    with pytest.raises(StopIteration) as end:
        flow.send(half)
    assert isinstance(end.value.value, Faulted)


def test_a_new_team_that_teams_does_not_know_yet_is_waited_for() -> None:
    campus = Campus()
    campus.now_s = decided_s()
    people, team = campus.hire(1), campus.team()
    campus.fake.teams.group(team, campus.now_s).known_s = campus.now_s + BORN_S / 2  # type: ignore[union-attr]
    order = ordered(campus, team, add=people)
    verdict = campus.perform(order)
    assert isinstance(verdict, Throttled)
    assert (verdict.retry_after, verdict.whole_lane) == ("30", False)
    campus.now_s += BORN_S / 2
    assert told(campus.perform(order)) == {}


def test_a_team_that_does_not_come_is_not_waited_for_for_ever() -> None:
    campus = Campus()
    campus.now_s = decided_s() + BORN_S
    for wanted in ({"add": campus.hire(1)}, {"remove": (Member(id="u-1"),)}):
        verdict = campus.perform(ordered(campus, GONE, **wanted))
        assert isinstance(verdict, Refused)
        assert verdict.cause is Cause.DESTINATION_GONE


def test_a_full_team_refuses_those_beyond() -> None:
    campus = Campus()
    people, team = campus.hire(4), campus.team()
    campus.fake.terms.team_members_max = 3
    refused = told(campus.perform(ordered(campus, team, add=people)))
    assert set(refused) == set(people[2:])
    assert len(campus.inside(team)) == 3


# ── taking out, owners ───────────────────────────────────────────────────────────────────────────────


def test_twenty_are_taken_out_four_to_a_call_and_no_faster_than_a_team_allows() -> None:
    campus = Campus(step_s=1.1)
    people = campus.hire(20)
    team = campus.team(members=people)
    members = campus.members(team)
    campus.spent()
    order = ordered(campus, team, remove=tuple(members[each] for each in people))
    assert told(campus.perform(order)) == {}
    assert campus.calls == ["$batch"] * 5
    assert not set(campus.inside(team)) & set(people)
    assert {request.draws for request in campus.requests} == {(f"team:{team}", f"roster:{team}", "members")}
    assert told(campus.perform(order)) == {}


def test_one_is_taken_out_by_a_request_that_may_travel_with_others() -> None:
    campus = Campus()
    people = campus.hire(1)
    team = campus.team(members=people)
    members = campus.members(team)
    campus.spent()
    campus.perform(ordered(campus, team, remove=(members[people[0]],)))
    assert campus.calls == ["members.delete"]


def test_whose_membership_was_never_read_is_looked_for_once() -> None:
    campus = Campus()
    people = campus.hire(3)
    team = campus.team(members=people)
    gone = campus.hire(1, 50)
    campus.run(campus.rostering.people(""))
    campus.spent()
    order = ordered(campus, team, remove=tuple(Member(id=each) for each in (*people, *gone)))
    assert told(campus.perform(order)) == {}
    assert campus.calls == ["members.list", "$batch"]
    assert not set(campus.inside(team)) & set(people)
    promoted = campus.perform(ordered(campus, team, promote=(Member(id=gone[0]),)))
    assert set(told(promoted)) == {gone[0]}


def test_owners_are_made_and_unmade_and_the_last_one_stays() -> None:
    campus = Campus()
    people = campus.hire(2)
    team = campus.team(members=people)
    (owner,) = [each for each, owns in campus.inside(team).items() if owns]
    assert told(campus.perform(ordered(campus, team, promote=(campus.members(team)[people[0]],)))) == {}
    assert campus.inside(team)[people[0]]
    assert told(campus.perform(ordered(campus, team, demote=(campus.members(team)[owner],)))) == {}
    for wanted in ("demote", "remove"):
        refused = told(campus.perform(ordered(campus, team, **{wanted: (campus.members(team)[people[0]],)})))
        assert "at least one owner" in refused[people[0]]
    assert campus.inside(team)[people[0]]


def test_the_smaller_permission_reaches_members_and_no_owner() -> None:
    campus = Campus()
    campus.fake.terms.app_permissions = ["TeamMember.ReadWriteNonOwnerRole.All", "TeamMember.Read.All"]
    people = campus.hire(4)
    team = campus.team(members=people[:2])
    members = campus.members(team)
    assert set(told(campus.perform(ordered(campus, team, add=people[2:3], add_owners=people[3:])))) == {people[3]}
    assert told(campus.perform(ordered(campus, team, remove=(members[people[0]],)))) == {}
    refused = told(campus.perform(ordered(campus, team, promote=(members[people[1]],))))
    assert OWNERS in refused[people[1]]


def test_a_permission_that_is_missing_for_all_is_nobodys_own_fault() -> None:
    campus = Campus()
    campus.fake.terms.app_permissions = ["TeamMember.Read.All"]
    people = campus.hire(2)
    team = campus.team(members=people)
    members = tuple(campus.members(team)[each] for each in people)
    for wanted in ({"add": campus.hire(2, 10)}, {"remove": members}, {"promote": members}):
        verdict = campus.perform(ordered(campus, team, **wanted))
        assert isinstance(verdict, Refused), wanted
        assert verdict.cause is Cause.MISSING_PERMISSION
        assert OWNERS in verdict.detail


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("batch_inner_throttled", "7", Throttled),
        ("batch_failed_dependency", "", Unavailable),
        ("batch_lost_inner", "", Doubtful),
    ],
)
def test_what_one_of_four_waits_for_the_order_waits_for(kind: str, value: str, expected: type) -> None:
    campus = Campus()
    people = campus.hire(6)
    team = campus.team(members=people)
    members = campus.members(team)
    order = ordered(campus, team, remove=tuple(members[each] for each in people))
    campus.fault(kind, value=value)
    verdict = campus.perform(order)
    assert isinstance(verdict, expected)
    assert len(set(campus.inside(team)) & set(people)) >= 2, "it stops there"
    assert isinstance(campus.run(campus.rostering.seen(order, campus.slip())), Repeatable)
    assert told(campus.perform(order)) == {}
    assert not set(campus.inside(team)) & set(people)


# ── creating ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_team_is_created_with_an_owner_and_told_where_it_is() -> None:
    campus = Campus()
    (owner,) = campus.hire(1)
    verdict = campus.perform(ordered(campus, "", name="Course", topic="About it", add_owners=[owner]))
    assert isinstance(verdict, Delivered)
    team = campus.fake.teams.there(verdict.receipt["place"], campus.now_s)
    assert (team.name, team.description, team.visibility) == ("Course", "About it", "Private")
    assert campus.inside(team.id) == {owner: True}


def test_a_team_without_an_instructor_is_the_keepers() -> None:
    campus = Campus(team_owner="keeper@example.edu", team_template="educationClass")
    verdict = campus.perform(ordered(campus, "", name="Course"))
    assert isinstance(verdict, Delivered)
    assert list(campus.inside(verdict.receipt["place"])) == [campus.fake.people.hire("keeper@example.edu").id]
    refused = Campus().perform(ordered(campus, "", name="Course"))
    assert isinstance(refused, Refused)
    assert "team_owner" in refused.detail


def test_whoever_may_create_no_more_for_now_waits_and_posts_go_on() -> None:
    campus = Campus()
    order = ordered(campus, "", name="Course", add_owners=campus.hire(1))
    campus.fault("rate_limited", value="7", operation="teams.post")
    verdict = campus.perform(order)
    assert isinstance(verdict, Throttled)
    assert not verdict.whole_lane
    (made,) = {draw for request in campus.requests if request.operation == "teams.post" for draw in request.draws}
    assert made.startswith("roster:"), "the next creation waits, too"


def test_an_owner_whom_teams_does_not_know_yet_is_waited_for_within_bounds() -> None:
    campus = Campus()
    campus.now_s = decided_s()
    (owner,) = campus.hire(1)
    order = ordered(campus, "", name="Course", add_owners=[owner])
    campus.fake.people.change("learner00000@example.edu", 0.0, deleted=True)
    assert isinstance(campus.perform(order), Throttled)
    campus.now_s += BORN_S
    verdict = campus.perform(order)
    assert isinstance(verdict, Refused)
    assert owner in verdict.detail


@pytest.mark.parametrize("kind", ["reset_after_commit", "status_after_commit"])
def test_a_creation_in_doubt_is_found_by_its_name_and_age(kind: str) -> None:
    campus = Campus()
    campus.fake.terms.groups_late_s = 60.0
    (owner,) = campus.hire(1)
    campus.team("Course")  # an older one of the same name
    campus.now_s += 3_600.0
    order = ordered(campus, "", name="Course", add_owners=[owner])
    campus.fault(kind, value="504", operation="teams.post")
    sent_us = int(campus.now_s * 1e6)
    assert isinstance(campus.perform(order), Doubtful)
    early = campus.run(campus.rostering.seen(order, campus.slip(sent_us=sent_us)))
    assert isinstance(early, Throttled)
    assert not early.whole_lane
    campus.now_s += 60.0
    late = campus.run(campus.rostering.seen(order, campus.slip(sent_us=sent_us)))
    assert isinstance(late, Delivered)
    assert campus.inside(late.receipt["place"]) == {owner: True}


def test_a_creation_that_never_landed_is_made_again() -> None:
    campus = Campus()
    order = ordered(campus, "", name="Course", add_owners=campus.hire(1))
    sent_us = int(campus.now_s * 1e6)
    campus.now_s += BORN_S
    assert isinstance(campus.run(campus.rostering.seen(order, campus.slip(sent_us=sent_us))), Absent)
    assert isinstance(campus.run(campus.rostering.seen(order, campus.slip(sent_us=None))), Absent)


def test_two_that_may_be_it_are_for_a_person_to_decide() -> None:
    campus = Campus()
    order = ordered(campus, "", name="Course", add_owners=campus.hire(1))
    sent_us = int(campus.now_s * 1e6)
    campus.team("Course")
    campus.team("Course")
    found = campus.run(campus.rostering.seen(order, campus.slip(sent_us=sent_us)))
    assert isinstance(found, Unprobeable)


def test_a_deed_that_teams_has_not_is_refused() -> None:
    campus = Campus()
    order = msgspec.structs.replace(ordered(campus, campus.team(), add=campus.hire(1)), deed="replace")
    verdict = campus.perform(order)
    assert isinstance(verdict, Refused)
    assert verdict.cause is Cause.BAD_CONFIGURATION
