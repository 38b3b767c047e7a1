"""Seats against members: what holds whatever the two sides are."""

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.rosters.accounts import ENROLLED, accounts, counted
from actors.domain.rosters.diff import TRIES_MAX, difference
from actors.domain.rosters.difference import Difference, Unmatched
from actors.domain.rosters.memory import FORGOTTEN_US, remembered
from actors.domain.rosters.model import RULED, Actual, Desired, Excluded, Kept, Member, Seat, Unit
from config.rosters import Roster, RosterInto

NOW_US = 1_790_000_000_000_000
VISIBLE_US = 60_000_000
UNIT = Unit(rule="classes", key="course:1", course="1", name="c-cs101", label="CS101")


def a_rule(**more: object) -> Roster:
    words: dict[str, object] = {"name": "classes", "source": "sis", "to": "slack", **more}
    return Roster(into=RosterInto(channel="c-{course.code}"), **words)  # type: ignore[arg-type]


def seat(person: int, *, owner: bool = False) -> Seat:
    return Seat(person=person, user=str(person), name=f"P{person}", owner=owner, by=(f"e{person}",))


def wanted(*seats: Seat, excluded: tuple[Excluded, ...] = (), sure: bool = True, over: bool = False) -> Desired:
    return Desired(unit=UNIT, seats=seats, excluded=excluded, sure=sure, why="" if sure else "cut off", over=over)


def there(*members: Member, whole: bool = True) -> Actual:
    return Actual(place="C1", members=members, whole=whole, read_us=NOW_US)


def told(
    desired: Desired,
    kept: tuple[Kept, ...] = (),
    actual: Actual | None = None,
    rule: Roster | None = None,
    now_us: int = NOW_US,
    **known: str | Unmatched,
) -> Difference:
    everybody: dict[int | str, str | Unmatched] = {each.person: f"U{each.person}" for each in desired.seats}
    everybody |= {int(key[1:]): value for key, value in known.items()}
    return difference(rule or a_rule(), desired, kept, actual, everybody, now_us=now_us, visible_us=VISIBLE_US)


def ids(told_: Difference) -> tuple[list[str], list[str]]:
    return [each.id for each in told_.joins], [each.member.id for each in told_.leaves]


def ours(person: int, **more: object) -> Kept:
    return Kept(id=f"U{person}", person=person, inside=True, ours=True, **more)  # type: ignore[arg-type]


def test_who_belongs_in_is_put_in_and_whose_last_enrolment_is_gone_is_taken_out() -> None:
    found = told(wanted(seat(1), seat(2)), (ours(2), ours(3)), there(Member(id="U2"), Member(id="U3")))
    assert ids(found) == (["U1"], ["U3"])
    assert found.in_step == 1


def test_what_was_read_to_a_part_takes_nobody_out() -> None:
    found = told(wanted(seat(2)), (ours(2), ours(3)), there(Member(id="U2"), whole=False))
    assert (ids(found), found.spared) == (([], []), 1)
    assert "could not be read" in found.why


def test_a_source_that_told_a_part_takes_nobody_out_and_lets_people_in() -> None:
    found = told(wanted(seat(1), sure=False), (ours(3),), there(Member(id="U3")))
    assert (ids(found), found.spared, found.why) == ((["U1"], []), 1, "cut off")


def test_a_course_that_is_over_is_left_as_it_is() -> None:
    found = told(wanted(seat(1), over=True), (ours(3),), there(Member(id="U3")))
    assert ids(found) == ([], [])


def test_a_stranger_is_asked_about_left_or_taken_out_by_rule() -> None:
    actual = there(Member(id="U2"), Member(id="X", name="Eve"))
    asked = told(wanted(seat(2)), (), actual)
    assert [(each.odd, each.id) for each in asked.odd] == [("stranger", "X")]
    assert not told(wanted(seat(2)), (), actual, a_rule(strangers="keep")).odd
    assert ids(told(wanted(seat(2)), (), actual, a_rule(strangers="remove")))[1] == ["X"]
    accepted = Kept(id="X", accepted=True)
    assert not told(wanted(seat(2)), (accepted,), actual, a_rule(strangers="remove")).leaves


def test_a_stranger_who_may_be_somebody_not_found_is_never_taken_out() -> None:
    actual = there(Member(id="U2"), Member(id="X"))
    found = told(wanted(seat(2), seat(9)), (), actual, a_rule(strangers="remove"), p9=Unmatched("nobody has it"))
    assert ids(found) == ([], [])
    assert [each.odd for each in found.odd] == ["stranger"]


def test_bots_are_nobody() -> None:
    found = told(wanted(), (), there(Member(id="B", bot=True)), a_rule(strangers="remove"))
    assert found.is_clean
    assert found.inside == 0


def test_whoever_is_suspended_is_taken_out_whoever_put_them_in() -> None:
    out = Excluded(person=5, user="5", rule="suspended", detail="the enrolment is suspended")
    found = told(wanted(excluded=(out,)), (), there(Member(id="U5")), p5="U5")
    assert ids(found) == ([], ["U5"])
    observer = Excluded(person=5, user="5", rule="role", detail="the role observer is not among members")
    assert not told(wanted(excluded=(observer,)), (), there(Member(id="U5")), p5="U5").leaves


def test_who_was_put_in_may_not_show_up_at_once() -> None:
    put = ours(1, put_us=NOW_US - 1, tries=1)
    soon = told(wanted(seat(1)), (put,), there())
    assert (ids(soon), soon.late) == (([], []), {"U1"})
    later = told(wanted(seat(1)), (put,), there(), now_us=NOW_US + VISIBLE_US)
    assert ids(later) == (["U1"], [])


def test_who_never_shows_up_is_a_refusal_in_the_end() -> None:
    put = ours(1, put_us=NOW_US - VISIBLE_US, tries=TRIES_MAX)
    found = told(wanted(seat(1)), (put,), there())
    assert (ids(found), [each.id for each in found.refused]) == (([], []), ["U1"])


def test_whom_somebody_took_out_is_put_back_once_and_then_asked_about() -> None:
    first = told(wanted(seat(1)), (ours(1),), there())
    assert [(each.id, each.again) for each in first.joins] == [("U1", True)]
    (kept,) = first.kept
    put = Kept(id="U1", person=1, ours=True, inside=True, put_us=NOW_US + 1, tries=1, left_us=kept.left_us)
    seen = told(wanted(seat(1)), (put,), there(Member(id="U1")), now_us=NOW_US + 2)
    assert seen.is_clean
    second = told(wanted(seat(1)), seen.kept, there(), now_us=NOW_US + 3)
    assert (ids(second), [each.odd for each in second.odd]) == (([], []), ["missing"])
    long_after = told(wanted(seat(1)), second.kept, there(), now_us=NOW_US + 4 + FORGOTTEN_US)
    assert ids(long_after) == (["U1"], [])


def test_who_came_back_by_themselves_counts_as_never_gone() -> None:
    gone = remembered((ours(1),), there(), NOW_US, VISIBLE_US)["U1"]
    assert gone.left_us == NOW_US
    assert remembered((gone,), there(Member(id="U1")), NOW_US + 5, VISIBLE_US)["U1"].left_us == 0


def test_an_owner_we_made_is_none_any_more_and_one_made_by_hand_is_asked_about() -> None:
    by_us, by_hand = ours(1, granted=True, owner=True), ours(2, owner=True)
    actual = there(Member(id="U1", owner=True), Member(id="U2", owner=True), Member(id="U3"))
    found = told(wanted(seat(1), seat(2), seat(3, owner=True)), (by_us, by_hand), actual)
    assert [each.id for each in found.demotes] == ["U1"]
    assert [each.id for each in found.promotes] == ["U3"]
    assert [(each.odd, each.id) for each in found.odd] == [("owner_by_hand", "U2")]


def test_the_last_owner_is_not_taken_out_before_there_is_another() -> None:
    actual = there(Member(id="U1", owner=True), Member(id="U2"))
    found = told(wanted(seat(2)), (ours(1, owner=True), ours(2)), actual)
    assert (ids(found), [each.odd for each in found.odd]) == (([], []), ["last_owner"])
    followed = told(wanted(seat(2), seat(3, owner=True)), (ours(1, owner=True), ours(2)), actual)
    assert ids(followed) == (["U3"], ["U1"])


def test_the_last_owner_is_not_made_a_member_before_there_is_another() -> None:
    was = ours(1, owner=True, granted=True)
    here = there(Member(id="U1", owner=True), Member(id="U2"))
    found = told(wanted(seat(1), seat(2)), (was, ours(2)), here)
    assert (found.demotes, [each.odd for each in found.odd]) == ((), ["last_owner"])
    assert found.odd[0].seated
    found = told(wanted(seat(1), seat(2, owner=True)), (was, ours(2)), here)
    assert ([each.id for each in found.promotes], [each.id for each in found.demotes]) == (["U2"], ["U1"])


def test_what_the_vendor_refused_of_somebody_is_asked_of_it_once_a_day() -> None:
    """Whatever it was: to make them an owner, or a member again, or to take them out."""
    no = {"refused": "no", "refused_us": NOW_US - 1}
    owner = Member(id="U4", owner=True)
    kept = (ours(1, **no), ours(2, owner=True, granted=True, **no), ours(3, **no), ours(4, owner=True))
    here = there(Member(id="U1"), Member(id="U2", owner=True), Member(id="U3"), owner)
    seats = wanted(seat(1, owner=True), seat(2), seat(4, owner=True))
    found = told(seats, kept, here)
    assert not found.does
    assert [each.id for each in found.refused] == ["U1", "U2"]
    assert [each.id for each in found.held_in] == ["U3"]
    assert [each.standing for each in accounts(seats, found, {1: "U1", 2: "U2", 4: "U4"})] == [
        "refused", "refused", "in_step", "stranger"
    ]  # fmt: skip
    later = told(seats, found.kept, here, now_us=NOW_US + 86_400_000_000)
    assert ids(later) == ([], ["U3"])
    assert [each.id for each in (*later.promotes, *later.demotes)] == ["U1", "U2"]


def test_two_persons_who_are_one_account_are_asked_about() -> None:
    found = told(wanted(seat(1), seat(2)), (), there(), p2="U1")
    assert [each.id for each in found.joins] == ["U1"]
    assert [(each.odd, each.person, each.also) for each in found.odd] == [("clash", 2, 1)]


@st.composite
def sides(draw: st.DrawFn) -> tuple[Desired, tuple[Kept, ...], Actual | None, dict[int | str, str | Unmatched], Roster]:
    people = st.integers(1, 8)
    seats = [seat(n, owner=draw(st.booleans())) for n in sorted(draw(st.sets(people)))]
    taken = {each.person for each in seats}
    excluded = tuple(
        Excluded(person=n, user=str(n), rule=draw(st.sampled_from(("suspended", "role", "ended"))))
        for n in sorted(draw(st.sets(people)) - taken)
    )
    desired = wanted(*seats, excluded=excluded, sure=draw(st.booleans()), over=draw(st.booleans()))
    kept = tuple(
        Kept(
            id=f"U{n}",
            person=n,
            inside=draw(st.booleans()),
            ours=draw(st.booleans()),
            owner=draw(st.booleans()),
            granted=draw(st.booleans()),
            accepted=draw(st.booleans()),
            tries=draw(st.integers(0, 3)),
            put_us=draw(st.sampled_from((0, NOW_US - 1, NOW_US - VISIBLE_US))),
            left_us=draw(st.sampled_from((0, NOW_US - 2))),
        )
        for n in sorted(draw(st.sets(st.integers(1, 10))))
    )
    members = tuple(
        Member(id=f"U{n}", owner=draw(st.booleans()), bot=n == 10) for n in sorted(draw(st.sets(st.integers(1, 10))))
    )
    actual = draw(st.none() | st.builds(lambda whole: there(*members, whole=whole), st.booleans()))
    known: dict[int | str, str | Unmatched] = {}
    for n in range(1, 9):
        match draw(st.sampled_from(("own", "own", "own", "none", "sought", "other"))):
            case "own":
                known[n] = f"U{n}"
            case "none":
                known[n] = Unmatched("nobody has this address")
            case "other":
                known[n] = f"U{draw(people)}"
            case _:
                pass
    rule = a_rule(
        strangers=draw(st.sampled_from(("review", "keep", "remove"))),
        missing=draw(st.sampled_from(("restore", "review"))),
    )
    return desired, kept, actual, known, rule


@given(sides())
def test_nobody_who_belongs_in_is_taken_out_and_nothing_is_done_and_undone(
    world: tuple[Desired, tuple[Kept, ...], Actual | None, dict[int | str, str | Unmatched], Roster],
) -> None:
    desired, kept, actual, known, rule = world
    found = difference(rule, desired, kept, actual, known, now_us=NOW_US, visible_us=VISIBLE_US)
    belong = {account for each in desired.seats if isinstance(account := known.get(each.person), str)}
    joins, leaves = ids(found)
    assert not belong & set(leaves)
    assert set(joins) <= belong
    assert not set(joins) & set(leaves)
    assert len(set(joins)) == len(joins)
    assert not {each.id for each in found.promotes} & {each.id for each in found.demotes}
    if not desired.sure or desired.over or (actual is not None and not actual.whole):
        assert not leaves
    if desired.over:
        assert not found.does


@given(sides())
def test_everybody_stands_somewhere_exactly_once(
    world: tuple[Desired, tuple[Kept, ...], Actual | None, dict[int | str, str | Unmatched], Roster],
) -> None:
    desired, kept, actual, known, rule = world
    found = difference(rule, desired, kept, actual, known, now_us=NOW_US, visible_us=VISIBLE_US)
    lines = list(accounts(desired, found, known))
    people = [line.person for line in lines if line.standing != "stranger"]
    assert sorted(people) == sorted(
        [each.person for each in desired.seats] + [each.person for each in desired.excluded]
    )
    assert sum(counted(lines)[standing] for standing in ENROLLED) == len(people)


@given(sides())
def test_carried_out_there_is_nothing_left_to_do(
    world: tuple[Desired, tuple[Kept, ...], Actual | None, dict[int | str, str | Unmatched], Roster],
) -> None:
    desired, kept, actual, known, rule = world
    first = difference(rule, desired, kept, actual, known, now_us=NOW_US, visible_us=VISIBLE_US)
    inside = {
        each.id: Member(
            id=each.id, owner=each.owner or (each.granted and bool(each.tries))
        )  # what is on its way arrives
        for each in first.kept
        if each.inside
    }
    for leave in first.leaves:
        inside.pop(leave.member.id)
    for join in (*first.joins, *first.promotes):
        inside[join.id] = Member(id=join.id, owner=join.seat.owner)
    for member in first.demotes:
        inside[member.id] = Member(id=member.id)
    after = tuple(
        Kept(
            id=each.id,
            person=each.person,
            ours=each.ours,
            accepted=each.accepted,
            inside=each.id in inside,
            owner=each.id in inside and inside[each.id].owner,
            granted=each.granted or each.id in {join.id for join in first.promotes},
            refused=each.refused,
            refused_us=each.refused_us,
            left_us=each.left_us,
            put_us=NOW_US if each.id in {join.id for join in first.joins} else each.put_us,
        )
        for each in first.kept
        if each.id not in {leave.member.id for leave in first.leaves}
    )
    second = difference(rule, desired, after, there(*inside.values()), known, now_us=NOW_US + 1, visible_us=VISIBLE_US)
    assert not second.joins
    assert not second.leaves or first.spared or not desired.sure or actual is None or not actual.whole
    assert not second.promotes


def test_whose_address_is_not_known_there_any_more_stays_where_they_are() -> None:
    """The vendor renamed them first, or deactivated their account: they belong in all the same."""
    gone = Unmatched(why="nobody there has it")
    found = told(wanted(seat(1), seat(2)), (ours(1), ours(2), ours(3)), _1=gone)
    assert ids(found) == ([], ["U3"])
    assert [each.seat.person for each in found.unmatched] == [1]


def test_who_is_let_in_without_an_enrolment_comes_on_top_of_those_enrolled() -> None:
    admitted = Seat(person=0, user="member:U9", by=(RULED,))
    desired = wanted(seat(1), admitted)
    known: dict[int | str, str | Unmatched] = {1: "U1", "user:member:U9": "U9"}
    inside = (ours(1), Kept(id="U9", inside=True))
    found = difference(a_rule(), desired, inside, None, known, now_us=NOW_US, visible_us=VISIBLE_US)
    assert [(each.standing, each.id) for each in accounts(desired, found, known)] == [
        ("in_step", "U1"),
        ("stranger", "U9"),
    ]


def test_who_was_erased_leaves_whatever_is_not_known_of_others_and_however_they_came_in() -> None:
    erased = Kept(id="U9", inside=True, accepted=True, erased=True)
    for desired in (wanted(seat(1)), wanted(seat(1), sure=False), wanted(seat(1), over=True)):
        found = told(desired, (ours(1), ours(2), erased))
        gone = [each.member.id for each in found.leaves if each.erased]
        assert (gone, found.strangers, [each.person for each in found.leaves if each.erased]) == (["U9"], (), [0])
    assert found.counted == ()
    [last] = told(wanted(seat(1)), (ours(1), Kept(id="U9", inside=True, owner=True, erased=True))).odd
    assert (last.odd, last.name, last.email) == ("last_owner", "", "")


def test_who_was_erased_and_is_told_of_again_is_somebody_again() -> None:
    found = told(wanted(seat(1)), (Kept(id="U1", inside=True, ours=True, erased=True),))
    assert ids(found) == ([], [])
    assert found.kept == (ours(1),)
