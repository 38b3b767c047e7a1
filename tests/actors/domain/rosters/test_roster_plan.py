"""The brake, and the hash by which a plan is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.rosters.brake import FEW, Toll, held, held_together
from actors.domain.rosters.difference import Difference, Joining, Leaving
from actors.domain.rosters.model import Member, Place, Seat, Unit
from actors.domain.rosters.plan import PlacePlan, planned, samples
from config.rosters import Brake, Roster, RosterInto

RULE = Roster(name="classes", source="sis", to="slack", into=RosterInto(channel="c-{course.code}"))


def toll(leaving: int, inside: int, seats: int = 1) -> Toll:
    return Toll(unit="course:1", leaving=leaving, inside=inside, seats=seats)


@pytest.mark.parametrize(
    ("leaving", "inside", "seats", "why"),
    [
        (0, 0, 0, ""),
        (1, 4, 3, ""),
        (5, 20, 15, ""),
        (6, 20, 14, "percent_max"),
        (6, 60, 54, ""),
        (51, 1000, 949, "count_max"),
        (5, 5, 0, "nobody would be left"),
        (4, 4, 0, ""),
    ],
)
def test_one_place(leaving: int, inside: int, seats: int, why: str) -> None:
    said = held(Brake(), toll(leaving, inside, seats))
    assert why in said
    assert bool(said) == bool(why)


def test_all_places_together() -> None:
    little_everywhere = [toll(5, 30, 25) for _ in range(20)]
    assert not any(held(Brake(), each) for each in little_everywhere)
    assert "total_percent_max" in held_together(Brake(), little_everywhere)
    assert "total_count_max" in held_together(Brake(), [toll(5, 1000, 995) for _ in range(101)])
    assert not held_together(Brake(), [toll(1, 30, 29), toll(0, 30, 30)])


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 100), st.integers(0, 100))
def test_more_leaving_is_never_let_through_where_less_is_held(
    leaving: int, more: int, percent_max: int, count_max: int
) -> None:
    brake = Brake(percent_max=percent_max, count_max=count_max)
    inside = leaving + more
    if held(brake, toll(leaving, inside)) and more:
        assert held(brake, toll(leaving + 1, inside))
    if leaving > max(FEW, count_max):
        assert held(brake, toll(leaving, inside))


def a_place(
    *, joins: tuple[int, ...] = (), leaves: tuple[int, ...] = (), at_us: int = 1, inside: int = 40
) -> PlacePlan:
    place = Place(
        no=1, unit=Unit(rule="classes", key="course:1"), lane="acme/slack", kind="channel", id="C1", read_us=at_us
    )
    told = Difference(
        joins=tuple(Joining(id=f"U{n}", seat=Seat(person=n, user=str(n))) for n in joins),
        leaves=tuple(Leaving(member=Member(id=f"U{n}", name=f"P{n}"), person=n, why="gone") for n in leaves),
        inside=inside,
        in_step=inside - len(leaves),
    )
    return PlacePlan(place=place, difference=told)


def test_the_same_plan_has_the_same_hash_whenever_it_is_made() -> None:
    one = planned("acme", RULE, [a_place(joins=(1, 2), leaves=(3,), at_us=1)])
    again = planned("acme", RULE, [a_place(joins=(2, 1), leaves=(3,), at_us=9)])
    assert one.hash == again.hash
    assert len(one.hash) == 16
    assert planned("acme", RULE, [a_place(joins=(1,), leaves=(3,))]).hash != one.hash
    assert planned("other", RULE, [a_place(joins=(1, 2), leaves=(3,))]).hash != one.hash
    assert planned("acme", RULE, [a_place()]).hash == ""


def test_a_plan_that_takes_out_too_many_is_held_and_names_some_of_them() -> None:
    plan = planned("acme", RULE, [a_place(leaves=tuple(range(1, 21)))])
    assert plan.is_held
    assert samples(plan.places[0].difference) == ("P1", "P2", "P3", "P4", "P5", "and 15 more")
