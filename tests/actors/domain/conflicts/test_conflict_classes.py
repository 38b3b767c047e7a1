"""Each class of conflicts comes with fixes that say how sure, how far and how back; those that are about who is in a
place leave nothing to ask once they are heeded."""

from collections.abc import Sequence

import msgspec
import pytest
from seeded_conflicts import NOW_US, WHERE, seeded

from actors.domain.conflicts.drift import Whom, last_owner
from actors.domain.conflicts.fixes import AnyFix, LetGo, MakeAnew, NoPlace, UsePlace
from actors.domain.conflicts.model import Conflict, ConflictKind, Ruling
from actors.domain.conflicts.ruled import heeded, ruled
from actors.domain.rosters.diff import difference
from actors.domain.rosters.difference import Difference
from actors.domain.rosters.model import Actual, Desired, Excluded, Kept, Member, Seat, Unit
from config.rosters import Roster, RosterInto

UNIT = Unit(rule="classes", key="course:1", course="1", name="c-cs101", label="CS101")
RULE = Roster(name="classes", source="sis", to="slack", into=RosterInto(channel="c-{course.code}"), missing="review")
ADA = Seat(person=1, user="1", name="Ada Byron", by=("e1",))
BEN = Seat(person=2, user="2", name="Ben Okri", by=("e2",))


def rulings(*fixes: AnyFix, at_us: int = NOW_US) -> tuple[Ruling, ...]:
    return tuple(Ruling(no=n, fix=fix, by="ann", at_us=at_us) for n, fix in enumerate(fixes, 1))


def reckoned(
    desired: Desired, kept: Sequence[Kept], members: Sequence[Member], *fixes: AnyFix, now_us: int = NOW_US + 1
) -> Difference:
    """What is to be done, as people decided."""
    there = {each.id for each in kept}
    accounts = {1: "U1", 2: "U2" if "U2" in there else "U1"}
    wanted, known, found = heeded(desired, kept, accounts, ruled(rulings(*fixes), "C1"))
    actual = Actual(place="C1", members=tuple(members), read_us=now_us)
    return difference(RULE, wanted, known, actual, found, now_us=now_us, visible_us=60_000_000)


PLACED: dict[ConflictKind, tuple[Desired, tuple[Kept, ...], tuple[Member, ...]]] = {
    "stranger": (Desired(unit=UNIT, seats=()), (Kept(id="U9", inside=True),), (Member(id="U9"),)),
    "missing": (Desired(unit=UNIT, seats=(ADA,)), (Kept(id="U1", person=1, ours=True, left_us=NOW_US - 1),), ()),
    "refused": (
        Desired(unit=UNIT, seats=(ADA,)),
        (Kept(id="U1", person=1, refused="user_is_restricted", refused_us=NOW_US - 1),),
        (),
    ),
    "owner_added": (
        Desired(unit=UNIT, seats=(ADA, msgspec.structs.replace(BEN, owner=True))),
        (
            Kept(id="U1", person=1, ours=True, inside=True, owner=True),
            Kept(id="U2", person=2, ours=True, inside=True, owner=True, granted=True),
        ),
        (Member(id="U1", owner=True), Member(id="U2", owner=True)),
    ),
    "last_owner": (
        Desired(unit=UNIT, seats=(BEN,)),
        (
            Kept(id="U1", person=1, ours=True, inside=True, owner=True),
            Kept(id="U2", person=2, ours=True, inside=True),
        ),
        (Member(id="U1", owner=True), Member(id="U2")),
    ),
    "account_shared": (
        Desired(unit=UNIT, seats=(ADA, BEN)),
        (Kept(id="U1", person=1, ours=True, inside=True),),
        (Member(id="U1"),),
    ),
}


@pytest.mark.parametrize("kind", PLACED)
def test_every_fix_of_what_is_odd_in_a_place_leaves_nothing_to_ask(kind: ConflictKind) -> None:
    desired, kept, members = PLACED[kind]
    before = reckoned(desired, kept, members)
    assert before.odd or before.refused
    for suggestion in seeded()[kind].fixes:
        after = reckoned(desired, kept, members, suggestion.fix)
        assert not after.odd, suggestion.fix
        assert not after.refused, suggestion.fix


def test_the_last_owner_whose_role_makes_them_none_owns_it_or_somebody_else_does() -> None:
    desired = Desired(unit=UNIT, seats=(ADA, BEN))
    kept = (
        Kept(id="U1", person=1, ours=True, inside=True, owner=True, granted=True),
        Kept(id="U2", person=2, ours=True, inside=True),
    )
    members = (Member(id="U1", owner=True), Member(id="U2"))
    assert [each.odd for each in reckoned(desired, kept, members).odd] == ["last_owner"]
    for suggestion in last_owner(WHERE, Whom(id="U1"), "", (Whom(id="U2"),), seated=True).fixes:
        assert not reckoned(desired, kept, members, suggestion.fix).odd, suggestion.fix


def test_who_may_stay_is_left_alone_and_who_is_to_leave_leaves() -> None:
    desired, kept, members = PLACED["stranger"]
    by_name = {each.fix.name: each.fix for each in seeded()["stranger"].fixes}
    assert reckoned(desired, kept, members, by_name["let_stay"]).is_clean
    leaves = reckoned(desired, kept, members, by_name["take_out"]).leaves
    assert [each.member.id for each in leaves] == ["U9"]


def test_what_was_undone_of_a_taking_out_is_put_in_again_though_nobody_enrolled_them() -> None:
    taking_out = next(each for each in seeded()["stranger"].fixes if each.fix.name == "take_out")
    assert taking_out.undo is not None
    gone = (Kept(id="U9", ours=False, left_us=0),)
    after = reckoned(Desired(unit=UNIT), gone, (), taking_out.undo)
    assert [each.id for each in after.joins] == ["U9"]


def test_a_decision_that_was_taken_back_is_not_remembered() -> None:
    """What the place remembers of it is no decision."""
    desired, _, members = PLACED["stranger"]
    after = reckoned(desired, (Kept(id="U9", inside=True, accepted=True),), members)
    assert [each.odd for each in after.odd] == ["stranger"]


def test_an_enrolment_outweighs_what_was_decided_of_a_stranger() -> None:
    guest = Seat(person=1, user="1", by=("e1",))
    by_name = {each.fix.name: each.fix for each in seeded()["stranger"].fixes}
    fixes = [about_ada(fix) for fix in by_name.values()]
    for fix in fixes:
        kept = (Kept(id="U1", person=1, inside=True),)
        after = reckoned(Desired(unit=UNIT, seats=(guest,)), kept, (Member(id="U1"),), fix)
        assert after.is_clean


def test_who_is_put_back_once_and_taken_out_again_is_asked_about_again() -> None:
    desired, _, _ = PLACED["missing"]
    back = seeded()["missing"].fixes[0].fix
    later = (Kept(id="U1", person=1, ours=True, put_us=NOW_US + 5, left_us=NOW_US + 10),)
    after = reckoned(desired, later, (), back, now_us=NOW_US + 20)
    assert [each.odd for each in after.odd] == ["missing"]


def test_who_stays_out_is_accounted_for_by_name_of_who_said_so() -> None:
    told = ruled(rulings(seeded()["missing"].fixes[1].fix), "C1")
    desired, _, _ = heeded(Desired(unit=UNIT, seats=(ADA, BEN)), (), {1: "U1", 2: "U2"}, told)
    assert [seat.person for seat in desired.seats] == [2]
    assert desired.excluded == (
        Excluded(person=1, user="1", rule="decision", detail="ann decided that they stay out", name="Ada Byron"),
    )


def test_decisions_about_members_of_a_former_place_are_none_of_the_new_one() -> None:
    fixes = [each.fix for each in seeded()["stranger"].fixes]
    assert ruled(rulings(*fixes), "C2").is_nothing


@pytest.mark.parametrize(
    "kind", ["linked_twice", "name_ambiguous", "name_taken", "place_gone", "place_archived", "place_full"]
)
def test_every_fix_of_a_place_says_which_it_is_or_that_it_is_looked_at_again(kind: ConflictKind) -> None:
    for suggestion in seeded()[kind].fixes:
        told = ruled(rulings(suggestion.fix))
        says = isinstance(told.place, UsePlace | MakeAnew | NoPlace) and told.place_us == NOW_US
        assert says or told.again_us == NOW_US


@pytest.mark.parametrize("kind", ["brake", "emptied", "brake_total"])
def test_a_plan_that_is_let_go_is_that_very_plan(kind: ConflictKind) -> None:
    letting, holding = None, None
    for suggestion in seeded()[kind].fixes:
        told = ruled(rulings(suggestion.fix))
        if isinstance(suggestion.fix, LetGo):
            letting = told.go
            assert suggestion.blast.removes > 0
        else:
            holding = told.hold
    assert letting == holding != frozenset()


@pytest.mark.parametrize("conflict", seeded().values(), ids=lambda each: each.kind)
def test_every_conflict_has_its_context_and_fixes_in_order_of_confidence(conflict: Conflict) -> None:
    assert conflict.about
    assert conflict.detail
    assert len(conflict.sides) >= 2
    assert conflict.fixes
    sure = [each.confidence for each in conflict.fixes]
    assert sure == sorted(sure, reverse=True)
    assert all(0 < each < 100 for each in sure)
    assert all(each.why for each in conflict.fixes)
    topics = [(each.fix.topic, each.fix) for each in conflict.fixes]
    assert len(set(topics)) == len(topics)


def about_ada(fix: AnyFix) -> AnyFix:
    """The same, about U1."""
    return msgspec.convert({**msgspec.to_builtins(fix), "member": "U1"}, AnyFix)
