"""What every connector promises that keeps rosters: people and places. ``roster_stage`` says how to add one,
``roster_moves`` is what is promised of letting people in and taking them out."""

from collections.abc import Callable

from roster_stage import RosterStage, email

from actors.domain.flow import Flow, Response
from actors.domain.rosters.model import Actual, Member
from actors.domain.rosters.order import RosterOrder
from actors.domain.verdicts import (
    Absent,
    Delivered,
    Doubtful,
    Faulted,
    Refused,
    Repeatable,
    Revoked,
    Throttled,
    Unavailable,
    Unprobeable,
)
from actors.ports import Fault
from actors.ports.rostering import Found, Gone, LookedUp, Page, Wanted

VERDICTS = (Delivered, Throttled, Unavailable, Faulted, Doubtful, Refused, Revoked)
FAILURES = (Throttled, Unavailable, Faulted, Doubtful, Refused, Revoked)
CONFIRMATIONS = (Delivered, Absent, Repeatable, Unprobeable, Throttled, Unavailable, Revoked)

CHECKS: list[Callable[[RosterStage], None]] = []


def check(function: Callable[[RosterStage], None]) -> Callable[[RosterStage], None]:
    CHECKS.append(function)
    return function


# ── names and numbers ────────────────────────────────────────────────────────────────────────────────


@check
def a_name_that_was_made_stays_as_it_is_and_is_no_id(stage: RosterStage) -> None:
    for text in ("C-MATH 101: Größe & Maß", "a" * 300, "  ", "Ünïcode/..//x", "課程 7"):
        name = stage.rostering.name(stage.place_kind, text)
        assert name
        assert stage.rostering.name(stage.place_kind, name) == name
        assert not stage.rostering.is_id(stage.place_kind, name)
    place = stage.made(owners=stage.people(1))
    assert stage.rostering.is_id(stage.place_kind, place)
    assert stage.rostering.is_id(stage.place_kind, stage.roster.missing)


@check
def its_numbers_are_bounds(stage: RosterStage) -> None:
    rostering = stage.rostering
    assert stage.place_kind in rostering.kinds
    assert 0.0 <= rostering.visible_s <= 86_400.0 * 2
    assert 0.0 <= rostering.born_s <= 3_600.0
    assert rostering.members_max > 1_000
    assert min(rostering.lookups_max, rostering.finds_max, rostering.places_max(stage.place_kind)) >= 1


@check
def everybody_is_read_where_that_is_cheaper(stage: RosterStage) -> None:
    assert stage.rostering.lists_all(10_000, 10_000)
    assert stage.rostering.lists_all(10_000, 0)
    assert not stage.rostering.lists_all(1, 50_000)
    assert not stage.rostering.lists_all(0, 10_000)


# ── people ───────────────────────────────────────────────────────────────────────────────────────────


@check
def reads_everybody_in_the_fewest_calls(stage: RosterStage) -> None:
    ids = stage.people(2_500)
    stage.spent()
    found = stage.everybody()
    assert stage.spent() <= stage.roster.fewest_people(len(found))
    assert {id_: found[id_].emails[0] for id_ in ids} == {id_: email(n) for n, id_ in enumerate(ids)}
    assert all(each.active and not each.bot for id_, each in found.items() if id_ in set(ids))


@check
def looks_people_up_by_address(stage: RosterStage) -> None:
    ids = stage.people(3)
    found = stage.run(stage.rostering.look_up([email(0), email(2), stage.setup.stranger]))
    assert isinstance(found, LookedUp)
    assert {address: each.id for address, each in found.found.items()} == {email(0): ids[0], email(2): ids[2]}
    assert found.absent == (stage.setup.stranger,)
    assert stage.run(stage.rostering.look_up([])) == LookedUp(found={})


@check
def tells_whose_an_id_is(stage: RosterStage) -> None:
    ids = stage.people(2)
    nobody = stage.roster.missing_person
    found = stage.run(stage.rostering.who([*ids, nobody, *stage.roster.bots]))
    assert isinstance(found, dict)
    assert all(found[each].bot for each in stage.roster.bots)
    assert [found[each].emails for each in ids] == [(email(0),), (email(1),)]
    assert not found[nobody].active


@check
def a_page_that_cannot_be_had_says_why(stage: RosterStage) -> None:
    stage.people(3)
    for kind, value, expected in (("status", "503", Unavailable), ("rate_limited", "7", Throttled)):
        stage.fake.fault(Fault(kind=kind, operation=stage.roster.listing, value=value))
        verdict = stage.run(stage.rostering.people(""))
        assert isinstance(verdict, expected)
        assert verdict.detail
    assert isinstance(stage.run(stage.rostering.people("")), Page)


# ── places ───────────────────────────────────────────────────────────────────────────────────────────


@check
def makes_a_place_and_finds_it_by_id_and_by_name(stage: RosterStage) -> None:
    owners = stage.people(1)
    place = stage.made("Course 101", owners)
    name = stage.rostering.name(stage.place_kind, "Course 101")
    nowhere = stage.rostering.name(stage.place_kind, "no such course")
    found = stage.run(stage.rostering.find(stage.place_kind, [name, place, nowhere, stage.roster.missing]))
    assert isinstance(found, dict)
    assert found[name] == found[place]
    (there,) = found[name]
    assert isinstance(there, Found)
    assert (there.place, there.closed) == (place, "")
    assert found[nowhere] == found[stage.roster.missing] == ()
    assert stage.inside(place) <= set(owners)


@check
def a_name_is_looked_for_together_with_others(stage: RosterStage) -> None:
    places = {stage.made(f"Course {n}", stage.people(1)) for n in range(5)}
    names = [stage.rostering.name(stage.place_kind, f"Course {n}") for n in range(20)]
    stage.spent()
    found = stage.run(stage.rostering.find(stage.place_kind, names))
    assert isinstance(found, dict)
    assert {each.place for name in names for each in found[name]} == places
    assert stage.spent() <= 2


@check
def what_is_to_be_made_is_only_made(stage: RosterStage) -> None:
    ids = stage.people(3)
    owners = tuple(ids[:1]) if stage.roster.owners else ()
    wanted = Wanted(
        kind=stage.place_kind, place="", name="course-1", add=tuple(ids[1:]), add_owners=owners, then=tuple(ids)
    )
    (order,) = stage.orders(wanted, 7)
    assert (order.deed, order.n, order.place, order.name) == ("create", 7, "", "course-1")
    assert (order.plan, order.roster, order.unit, order.at) == ("p-1", "classes", "course:1", "2026-09-21T14:13:20Z")


@check
def what_is_gone_or_closed_is_told_from_what_is_empty(stage: RosterStage) -> None:
    gone = stage.looked(stage.roster.missing)
    assert isinstance(gone, Gone)
    assert gone.why
    assert not gone.archived
    place = stage.made(owners=stage.people(1))
    assert isinstance(stage.looked(place), Actual)
    stage.roster.close(stage.fake, place)
    found = stage.run(stage.rostering.find(stage.place_kind, [place]))
    assert isinstance(found, dict)
    assert [bool(each.closed) for each in found[place]] == [True]
    looked = stage.looked(place)
    if isinstance(looked, Gone):
        assert looked.archived
        assert looked.why
        return
    (order, *_) = stage.change(place, add=stage.people(1, 50))  # reading does not show it: adding does
    assert isinstance(stage.perform(order), Refused)


# ── whatever the vendor says ──────────────────────────────────────────────────────────────────────────────


def survives(stage: RosterStage, response: Response) -> None:
    """Whatever comes back, every conversation ends with a meaning."""
    rostering, kind, slip = stage.rostering, stage.place_kind, stage.slip()
    wanted = Wanted(
        kind=kind,
        place=stage.roster.missing,
        add=("U1",),
        remove=(Member(id="U2", membership="m-2"),),
        now=("U2",),
        then=("U1",),
    )
    made = Wanted(kind=kind, place="", name="course-1", add_owners=("U1",))
    flows: list[tuple[Flow[object], tuple[type, ...]]] = [
        (rostering.people(""), (Page, *FAILURES)),
        (rostering.look_up([email(0), email(1)]), (LookedUp, *FAILURES)),
        (rostering.who(["U1", "U2"]), (dict, *FAILURES)),
        (rostering.find(kind, ["course-1", stage.roster.missing]), (dict, *FAILURES)),
        (rostering.members(kind, [stage.roster.missing]), (dict, *FAILURES)),
    ]
    orders: list[RosterOrder] = [*stage.orders(wanted), *stage.orders(made)]
    flows += [(rostering.perform(order, slip), VERDICTS) for order in orders]
    flows += [(rostering.seen(order, slip), CONFIRMATIONS) for order in orders]
    for flow, meanings in flows:
        assert isinstance(stage.run(flow, lambda request: response), meanings)
