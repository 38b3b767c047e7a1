"""What a run found becomes questions: of the right class, in the unit's scope, with what the fixes need."""

from typing import Any

import pytest

from actors.domain.conflicts.fixes import unit_scope
from actors.domain.conflicts.people import near_scope
from actors.domain.rosters.difference import Difference, Leaving, Oddity, Refusal
from actors.domain.rosters.holding import judge
from actors.domain.rosters.model import Kept, Member, Place, Seat, Unit
from actors.domain.rosters.plan import PlacePlan
from actors.roles.contesting import Contest, contested, contested_together
from actors.roles.placing import Sought
from config.rosters import Brake, Roster, RosterInto

NOW_US = 1_800_000_000_000_000
RULE = Roster(
    name="classes",
    source="sis",
    to="slack",
    into=RosterInto(channel="c-{course.code}"),
    brake=Brake(count_max=1, total_count_max=8),
)
UNIT = Unit(rule="classes", key="course:1", course="1", name="c-cs101", label="CS101")
SCOPE = unit_scope("classes", "course:1")
ADA = Seat(person=7, user="7", name="Ada", email="ada@example.edu")


def place(**more: Any) -> Place:
    return Place(no=1, unit=UNIT, lane="acme/slack", kind="channel", **{"id": "C1", **more})


def contest(told: Difference, where: Place | None = None, **more: Any) -> Contest:
    where = where or place()
    problem = where.closed or (more["sought"].problem if "sought" in more else "")
    judged = judge("acme", RULE, [PlacePlan(place=where, difference=told, problem=problem)])
    return Contest(place=where, settled=judged.places[0], **more)


def asked(each: Contest) -> list[str]:
    found = contested(RULE, each, "roster-1", NOW_US)
    assert {one.scope for one in found} <= {SCOPE, near_scope("acme/slack")}
    assert all(one.fixes for one in found)
    assert all(one.correlation_ids == ("roster-1",) for one in found)
    return [one.kind for one in found]


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        ("stranger", "stranger"),
        ("missing", "missing"),
        ("owner_by_hand", "owner_added"),
        ("last_owner", "last_owner"),
        ("clash", "account_shared"),
    ],
)
def test_what_somebody_did_at_the_platform(odd: Any, kind: str) -> None:
    oddity = Oddity(odd=odd, id="U7", person=7, name="Ada", detail="somebody did it", also=8)
    told = Difference(odd=(oddity,), kept=(Kept(id="U7", person=7, left_us=5),), inside=9, in_step=8)
    assert asked(contest(told)) == [kind]


def test_whom_the_vendor_refuses_and_who_may_be_somebody_else() -> None:
    told = Difference(
        refused=(Refusal(seat=ADA, why="a guest", id="U7"),),
        unmatched=(Refusal(seat=ADA, why="nobody has it", near=(("U9", "a@x"),)), Refusal(seat=ADA, why="nobody")),
        kept=(Kept(id="U7", person=7, refused="a guest", refused_us=3),),
    )
    assert asked(contest(told)) == ["refused", "near_miss"]


@pytest.mark.parametrize(
    ("sought", "kind"),
    [
        (Sought(problem="2 places", others=(("C1", ""), ("C2", ""))), "name_ambiguous"),
        (Sought(problem="it is that of another", id="C1", twin="course:2"), "linked_twice"),
        (Sought(problem="it is archived", id="C1", archived=True), "place_archived"),
        (Sought(problem="there is none"), "place_gone"),
    ],
)
def test_places_that_cannot_be_used(sought: Sought, kind: str) -> None:
    assert asked(contest(Difference(), place(id=""), sought=sought)) == [kind]


def test_places_that_were_closed_and_names_that_are_taken() -> None:
    assert asked(contest(Difference(), place(closed="archived: by somebody"))) == ["place_archived"]
    assert asked(contest(Difference(), place(closed="it is gone"))) == ["place_gone"]
    assert asked(contest(Difference(), place(id=""), stuck="create: name_taken")) == ["name_taken"]


def test_what_the_brake_holds() -> None:
    leaves = tuple(Leaving(member=Member(id=f"U{n}", name=f"P{n}"), person=n, why="gone") for n in range(1, 7))
    [case] = contested(RULE, contest(Difference(leaves=leaves, inside=20, in_step=14)), "roster-1", NOW_US)
    assert (case.kind, case.scope) == ("brake", SCOPE)
    assert "P1" in case.detail
    [case] = contested(RULE, contest(Difference(leaves=leaves, inside=6, in_step=0)), "roster-1", NOW_US)
    assert case.kind == "emptied"


def test_what_is_held_of_all_places_together_is_one_question() -> None:
    plans = []
    for n in range(9):
        unit = Unit(rule="classes", key=f"course:{n}")
        told = Difference(leaves=(Leaving(member=Member(id="U1", name="P1"), person=1, why="x"),), inside=9, in_step=8)
        plans.append(
            PlacePlan(place=Place(no=n, unit=unit, lane="acme/slack", kind="channel", id="C"), difference=told)
        )
    judged = judge("acme", RULE, plans)
    [case] = contested_together(RULE, "acme/slack", judged, "roster-1", NOW_US)
    assert (case.kind, case.scope) == ("brake_total", unit_scope("classes", ""))
    assert contested_together(RULE, "acme/slack", judge("acme", RULE, plans[:1]), "roster-1", NOW_US) == []


def test_a_place_in_step_raises_nothing() -> None:
    assert asked(contest(Difference(inside=9, in_step=9))) == []
