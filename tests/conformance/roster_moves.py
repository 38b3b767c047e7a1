"""What every connector promises of letting people in and taking them out, and when something goes wrong meanwhile.

The other half of ``roster_suite``.
"""

from collections.abc import Callable

from roster_stage import RosterStage
from roster_suite import FAILURES

from actors.domain.flow import NotSent
from actors.domain.rosters.model import Actual
from actors.domain.rosters.order import RosterOrder, refusals
from actors.domain.verdicts import (
    Delivered,
    Doubtful,
    Revoked,
    Throttled,
    Unavailable,
)
from actors.ports import Fault
from actors.ports.rostering import Wanted

CHECKS: list[Callable[[RosterStage], None]] = []


def check(function: Callable[[RosterStage], None]) -> Callable[[RosterStage], None]:
    CHECKS.append(function)
    return function


# ── in and out ───────────────────────────────────────────────────────────────────────────────────────


@check
def puts_many_in_in_the_fewest_calls_and_reads_them_back(stage: RosterStage) -> None:
    ids = stage.people(450)
    place = stage.made(owners=ids[:1])
    before = stage.inside(place)
    joining = [each for each in ids if each not in before]
    orders = stage.change(place, add=joining)
    assert len(orders) == stage.roster.fewest_adds(len(joining))
    assert [order.n for order in orders] == [*range(len(orders))]
    assert len({order.destination for order in orders}) == 1
    stage.spent()
    assert [refusals(each.receipt) for each in stage.does(orders)] == [{}] * len(orders)
    assert stage.spent() == len(orders)
    assert stage.inside(place) == set(ids)
    actual = stage.read(place)
    assert actual.whole
    assert actual.place == place
    assert {member.id for member in actual.members} - stage.roster.bots == set(ids)


@check
def a_place_is_read_in_the_fewest_calls(stage: RosterStage) -> None:
    ids = stage.people(2_100)
    place = stage.made(owners=ids[:1])
    stage.roster.put(stage.fake, place, ids)
    stage.spent()
    actual = stage.read(place)
    assert len(actual.members) >= len(ids)
    assert stage.spent() <= stage.roster.fewest_members(len(actual.members))


@check
def who_is_in_already_is_no_failure(stage: RosterStage) -> None:
    ids = stage.people(3)
    place = stage.made(owners=ids[:1])
    orders = stage.change(place, add=ids[1:])
    stage.does(orders)
    assert [refusals(each.receipt) for each in stage.does(orders)] == [{}] * len(orders)
    assert stage.inside(place) >= set(ids[1:])


@check
def takes_people_out_and_who_is_out_already_is_no_failure(stage: RosterStage) -> None:
    ids = stage.people(5)
    place = stage.made(owners=ids[:1])
    stage.does(stage.change(place, add=ids[1:]))
    orders = stage.change(place, remove=ids[3:])
    assert len(orders) == stage.roster.fewest_removes(2)
    stage.does(orders)
    assert stage.inside(place) & set(ids[1:]) == set(ids[1:3])
    assert [refusals(each.receipt) for each in stage.does(orders)] == [{}] * len(orders)
    assert stage.inside(place) & set(ids[1:]) == set(ids[1:3])


@check
def who_owns_a_course_is_let_in_whether_places_have_owners_or_not(stage: RosterStage) -> None:
    ids = stage.people(3)
    place = stage.made(owners=ids[:1])
    stage.does(stage.change(place, add=ids[1:2], owners=ids[2:]))
    assert stage.inside(place) >= set(ids[1:])


@check
def lets_in_before_it_takes_out(stage: RosterStage) -> None:
    ids = stage.people(4)
    place = stage.made(owners=ids[:1])
    stage.does(stage.change(place, add=ids[1:2]))
    orders = stage.change(place, add=ids[2:], remove=ids[1:2])
    deeds = [order.deed for order in orders]
    assert deeds in (["replace"], ["add", "remove"])
    stage.does(orders)
    assert stage.inside(place) & set(ids[1:]) == set(ids[2:])


@check
def a_place_may_be_emptied_and_filled_again(stage: RosterStage) -> None:
    ids = stage.people(4)
    place = stage.made(owners=ids[:1])
    owners = stage.inside(place)
    stage.does(stage.change(place, add=ids[1:]))
    stage.does(stage.change(place, remove=ids[1:]))
    assert stage.inside(place) == owners
    assert {member.id for member in stage.read(place).members} - stage.roster.bots == owners
    stage.does(stage.change(place, add=ids[2:]))
    assert stage.inside(place) == owners | set(ids[2:])


@check
def nothing_to_do_is_no_order(stage: RosterStage) -> None:
    ids = stage.people(2)
    place = stage.made(owners=ids[:1])
    stage.does(stage.change(place, add=ids[1:]))
    assert stage.change(place) == ()


@check
def whom_alone_the_vendor_refuses_is_told_and_the_others_are_let_in(stage: RosterStage) -> None:
    ids = stage.people(120)
    place = stage.made(owners=ids[:1])
    refused = {ids[7], ids[99]}
    for each in refused:
        stage.roster.refuse(stage.fake, each)
    receipts = stage.does(stage.change(place, add=ids[1:]))
    told = {id_: why for each in receipts for id_, why in refusals(each.receipt).items()}
    assert set(told) == refused
    assert all(told.values())
    assert stage.inside(place) >= set(ids[1:]) - refused
    assert not stage.inside(place) & refused


@check
def owners_are_made_and_unmade(stage: RosterStage) -> None:
    if stage.roster.owners is None:
        return
    ids = stage.people(4)
    place = stage.made(owners=ids[:1])
    stage.does(stage.change(place, add=ids[1:3], owners=ids[3:]))
    assert stage.roster.owners(stage.fake, place) == {ids[0], ids[3]}
    members = {member.id: member for member in stage.read(place).members}
    assert {id_ for id_, member in members.items() if member.owner} == {ids[0], ids[3]}
    wanted = Wanted(
        kind=stage.place_kind,
        place=place,
        promote=(members[ids[1]],),
        demote=(members[ids[3]],),
        now=tuple(ids),
        then=tuple(ids),
    )
    orders = stage.orders(wanted)
    assert [order.deed for order in orders] == ["promote", "demote"]
    stage.does(orders)
    assert stage.roster.owners(stage.fake, place) == {ids[0], ids[1]}


# ── trouble ──────────────────────────────────────────────────────────────────────────────────────────


@check
def surely_not_done_is_told_from_perhaps_done(stage: RosterStage) -> None:
    ids = stage.people(3)
    place = stage.made(owners=ids[:1])
    (order,) = stage.change(place, add=ids[1:])
    for kind, value, expected in (
        ("status", "503", Unavailable),
        ("rate_limited", "7", Throttled),
        ("reset_before_commit", "", Doubtful),
        ("status", "500", Doubtful),
        ("revoked", "", Revoked),
    ):
        stage.fake.fault(Fault(kind=kind, operation=stage.roster.adding, value=value, times=0))
        verdict = stage.perform(order)
        assert isinstance(verdict, expected), (kind, value, verdict)
        if isinstance(verdict, Throttled):
            assert verdict.retry_after == "7"
            assert not verdict.whole_lane, "posts go on"
        stage.fake.clear_faults()
    assert not stage.inside(place) & set(ids[1:])
    verdict = stage.run(stage.rostering.perform(order, stage.slip()), lambda request: NotSent("no route"))
    assert isinstance(verdict, Unavailable)


@check
def what_is_in_doubt_is_so_in_the_end_whether_it_landed_or_not(stage: RosterStage) -> None:
    ids = stage.people(8)
    place = stage.made(owners=ids[:1])
    for round_, kind in enumerate(("reset_after_commit", "reset_before_commit", "truncated_after_commit")):
        joining = ids[1 + round_ * 2 : 3 + round_ * 2]
        _in_doubt(stage, kind, stage.roster.adding, stage.change(place, add=joining))
        assert stage.inside(place) >= set(joining)
        _in_doubt(stage, kind, stage.roster.removing, stage.change(place, remove=joining[:1]))
        assert stage.inside(place) & set(joining) == set(joining[1:])


def _in_doubt(stage: RosterStage, kind: str, operation: str, orders: tuple[RosterOrder, ...]) -> None:
    for order in orders:
        stage.fake.fault(Fault(kind=kind, operation=operation))
        assert isinstance(stage.perform(order), Doubtful)
        stage.fake.clear_faults()
        assert isinstance(stage.settled(order), Delivered)


@check
def a_place_in_doubt_is_made_once(stage: RosterStage) -> None:
    owners = stage.people(1)
    for kind in ("reset_after_commit", "reset_before_commit", "truncated_after_commit"):
        name = stage.rostering.name(stage.place_kind, f"made {kind}")
        owning = tuple(owners) if stage.roster.owners else ()
        (order,) = stage.orders(Wanted(kind=stage.place_kind, place="", name=name, add_owners=owning))
        stage.fake.fault(Fault(kind=kind, operation=stage.roster.creating))
        assert isinstance(stage.perform(order), Doubtful)
        stage.fake.clear_faults()
        verdict = stage.settled(order)
        assert isinstance(verdict, Delivered), verdict
        found = stage.run(stage.rostering.find(stage.place_kind, [name]))
        assert isinstance(found, dict)
        assert [each.place for each in found[name]] == [verdict.receipt["place"]]


@check
def a_part_is_never_taken_for_the_whole(stage: RosterStage) -> None:
    ids = stage.people(2_100)
    place = stage.made(owners=ids[:1])
    stage.roster.put(stage.fake, place, ids)
    for kind, value in (("status", "503"), ("rate_limited", "7"), ("truncated_after_commit", ""), ("status", "500")):
        for skip in range(stage.roster.fewest_members(len(ids) + 1)):
            stage.fake.fault(Fault(kind=kind, operation=stage.roster.reading, value=value, skip=skip))
            found = stage.run(stage.rostering.members(stage.place_kind, [place]))
            stage.fake.clear_faults()
            if isinstance(found, dict):
                told = found.get(place)
                assert told is None or (isinstance(told, Actual) and not told.whole)
            else:
                assert isinstance(found, FAILURES)


@check
def members_who_show_up_late_show_up_in_time(stage: RosterStage) -> None:
    if stage.roster.late is None:
        return
    ids = stage.people(3)
    place = stage.made(owners=ids[:1])
    stage.roster.late(stage.fake, stage.rostering.visible_s / 2)
    stage.does(stage.change(place, add=ids[1:]))
    assert not {member.id for member in stage.read(place).members} & set(ids[1:])
    stage.now_s += stage.rostering.visible_s
    assert {member.id for member in stage.read(place).members} >= set(ids[1:])
