"""What of a run goes and what waits: newcomers go, taking out waits, and a word counts for that very plan."""

from typing import Any

from msgspec.structs import replace

from actors.domain.rosters.difference import Difference, Joining, Leaving
from actors.domain.rosters.holding import Judged, judge
from actors.domain.rosters.model import Member, Place, Seat, Unit
from actors.domain.rosters.plan import PlacePlan
from config.rosters import Brake, Roster, RosterInto

RULE = Roster(
    name="classes",
    source="sis",
    to="slack",
    into=RosterInto(channel="c-{course.code}"),
    brake=Brake(count_max=3, total_count_max=8),
)


def place(unit: int, leaves: int = 0, joins: int = 0, problem: str = "", inside: int = 40) -> PlacePlan:
    told = Difference(
        joins=tuple(Joining(id=f"J{n}", seat=Seat(person=n + 1, user=str(n))) for n in range(joins)),
        leaves=tuple(Leaving(member=Member(id=f"L{n}"), person=n + 1, why="gone") for n in range(leaves)),
        inside=inside,
        in_step=inside - leaves,
    )
    where = Place(no=unit, unit=Unit(rule="classes", key=f"course:{unit}"), lane="acme/slack", kind="channel", id="C1")
    return PlacePlan(place=where, difference=told, problem=problem)


def judged(*plans: PlacePlan, **more: Any) -> Judged:
    return judge("acme", RULE, plans, **more)


def test_only_taking_out_waits() -> None:
    [one] = judged(place(1, leaves=4, joins=2)).places
    assert "count_max" in one.held
    assert len(one.now.joins) == 2
    assert one.now.leaves == ()


def test_what_waits_is_the_same_while_others_come() -> None:
    [before] = judged(place(1, leaves=4)).places
    [after] = judged(place(1, leaves=4, joins=2), place(2, joins=1)).places[:1]
    assert before.parked == after.parked != ""


def test_a_word_counts_for_that_very_plan() -> None:
    [asked] = judged(place(1, leaves=4)).places
    [let] = judged(place(1, leaves=4), go={asked.parked}).places
    assert (let.held, let.let, len(let.now.leaves)) == ("", asked.parked, 4)
    [other] = judged(place(1, leaves=5), go={asked.parked}).places
    assert other.held
    assert other.let == ""


def test_a_little_everywhere_waits_together() -> None:
    told = judged(*(place(n, leaves=3) for n in range(3)))
    assert told.together
    assert {each.parked for each in told.places} == {told.parked}
    assert all(each.total and not each.now.leaves for each in told.places)
    let = judged(*(place(n, leaves=3) for n in range(3)), go={told.parked})
    assert not let.is_held
    assert not let.together


def test_places_elsewhere_count_as_where_nobody_leaves() -> None:
    small = Roster(name="classes", source="sis", to="slack", into=RosterInto(channel="c-{course.code}"))
    plans = (place(1, leaves=3, inside=30), place(2, leaves=3, inside=20))
    assert judge("acme", small, plans).together
    assert not judge("acme", small, plans, elsewhere=100).together


def test_nothing_waits_where_nothing_can_be_done() -> None:
    [one] = judged(place(1, leaves=9, problem="it is archived")).places
    assert (one.held, one.parked) == ("", "")


def test_everything_goes_where_a_person_says_so_of_the_whole() -> None:
    told = judged(place(1, leaves=9), place(2, leaves=9), all_go=True)
    assert not told.is_held
    assert told.hash == judged(place(1, leaves=9), place(2, leaves=9)).hash


def test_the_brake_neither_counts_nor_holds_who_was_erased() -> None:
    held_ = place(1, leaves=4)
    told = held_.difference
    more = tuple(Leaving(member=Member(id=f"E{n}"), person=0, why="was erased", erased=True) for n in range(9))
    both = PlacePlan(place=held_.place, difference=replace(told, leaves=(*told.leaves, *more)))
    only = PlacePlan(place=held_.place, difference=replace(told, leaves=more))
    [one] = judged(only).places
    assert (one.held, one.now.leaves) == ("", more)
    [one] = judged(both).places
    assert (one.held, one.parked) == (judged(held_).places[0].held, judged(held_).places[0].parked)
    assert one.now.leaves == more
