"""Whatever goes wrong on the way, a team ends as it should be: nobody is lost or stays, and no team is made twice."""

from hypothesis import given, settings
from hypothesis import strategies as st
from sizes import examples
from teams_roster_stage import Campus

from actors.domain.rosters.order import PLACE, RosterOrder, refusals
from actors.domain.verdicts import Absent, Delivered, Doubtful, Faulted, Repeatable, Revoked, Throttled, Unavailable
from actors.ports import Fault

TRIES_MAX = 80
ROUNDS_MAX = 8
OPERATIONS = (
    "members.add",
    "members.delete",
    "members.patch",
    "members.list",
    "teams.post",
    "groups.list",
    "$batch",
    "",
)
KINDS = (
    ("rate_limited", "3"),
    ("status", "503"),
    ("status", "500"),
    ("reset_before_commit", ""),
    ("reset_after_commit", ""),
    ("truncated_after_commit", ""),
    ("status_after_commit", "504"),
    ("late_commit", "40"),
    ("token_expired", ""),
    ("claims_challenge", ""),
    ("one_refused", "InternalServerError"),
    ("batch_inner_throttled", "5"),
    ("batch_lost_inner", ""),
    ("batch_failed_dependency", ""),
    ("batch_outer_failed", ""),
)
FAULTS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(OPERATIONS), st.integers(1, 3), st.integers(0, 3)), max_size=6
)
SETS = st.sets(st.integers(0, 29), min_size=1, max_size=30)


def carried(campus: Campus, order: RosterOrder) -> Delivered:
    """As a courier does it: waits when told to, and looks before it repeats what is in doubt."""
    sent_us = None
    for attempt in range(1, TRIES_MAX):
        now_us = int(campus.now_s * 1e6)
        verdict = campus.perform(order, attempt=attempt, sent_us=sent_us)
        match verdict:
            case Delivered():
                return verdict
            case Throttled(retry_after=wait) | Unavailable(retry_after=wait):
                campus.now_s += float(wait or 5.0)
            case Faulted() | Revoked():  # the lane is suspended, and a hello finds that the credentials live
                campus.now_s += 5.0
            case Doubtful():
                sent_us = now_us if sent_us is None else sent_us
                found = looked(campus, order, sent_us)
                if found is not None:
                    return found
                sent_us = None
            case _:
                raise AssertionError(verdict)
    raise AssertionError("it is tried for ever")


def looked(campus: Campus, order: RosterOrder, sent_us: int) -> Delivered | None:
    campus.now_s += 25.0
    for _ in range(TRIES_MAX):
        found = campus.run(campus.rostering.seen(order, campus.slip(sent_us=sent_us)))
        match found:
            case Delivered():
                return found
            case Absent() | Repeatable():
                return None
            case Throttled(retry_after=wait) | Unavailable(retry_after=wait):
                campus.now_s += float(wait or 5.0)
            case Revoked():
                campus.now_s += 5.0
            case _:
                raise AssertionError(found)
    raise AssertionError("it is looked for for ever")


def read(campus: Campus, team: str) -> dict[str, object]:
    for _ in range(TRIES_MAX):
        found = campus.run(campus.rostering.members("team", [team]))
        if isinstance(found, dict) and getattr(found[team], "whole", False):
            return {each.id: each for each in found[team].members}  # type: ignore[union-attr]
        campus.now_s += 20.0
    raise AssertionError("it cannot be read")


@settings(deadline=None, max_examples=examples(60))
@given(SETS, SETS, st.sets(st.integers(0, 29), max_size=5), FAULTS, st.sampled_from([0.0, 5.0]))
def test_a_team_ends_as_it_should_be(
    before: set[int],
    after: set[int],
    owning: set[int],
    faults: list[tuple[tuple[str, str], str, int, int]],
    late_s: float,
) -> None:
    campus = Campus()
    people = campus.hire(30)
    keeper = campus.fake.people.hire("keeper@example.edu").id
    for (kind, value), operation, times, skip in faults:
        campus.fake.fault(Fault(kind=kind, value=value, operation=operation, times=times, skip=skip))
    campus.fake.terms.teams_late_s = campus.fake.terms.groups_late_s = campus.fake.terms.members_late_s = late_s
    made = carried(campus, campus.orders("", name="Course", add_owners=[keeper])[0])
    team = made.receipt[PLACE]
    campus.now_s += 60.0
    for wanted in (before, after):
        members = {people[n]: n in owning for n in wanted} | {keeper: True}
        for _ in range(ROUNDS_MAX):
            there = read(campus, team)
            orders = campus.orders(
                team,
                add=[each for each, owns in members.items() if each not in there and not owns],
                add_owners=[each for each, owns in members.items() if each not in there and owns],
                promote=[there[each] for each, owns in members.items() if each in there and owns > there[each].owner],  # type: ignore[attr-defined]
                demote=[there[each] for each, owns in members.items() if each in there and owns < there[each].owner],  # type: ignore[attr-defined]
                remove=[member for each, member in there.items() if each not in members],
            )
            if not orders:
                break
            for order in orders:
                assert refusals(carried(campus, order).receipt) == {}
            campus.now_s += 60.0
        assert campus.inside(team) == members
        assert campus.orders(team) == ()
    assert [each.id for each in campus.fake.teams.named("Course", campus.now_s)] == [team]
