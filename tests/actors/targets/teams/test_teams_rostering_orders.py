"""What is ordered of Teams: in the fewest portions, letting in before taking out, and nothing about nobody's team."""

from teams_roster_stage import AT, Campus

from actors.domain.rosters.model import Member

TEAM = "5f0e1c5a-0000-4000-8000-00000000c0de"


def people(count: int, first: int = 0) -> tuple[str, ...]:
    return tuple(f"0e5d7a30-0000-4000-8000-{n:012x}" for n in range(first, first + count))


def members(count: int) -> tuple[Member, ...]:
    return tuple(Member(id=each, membership=f"m-{each}") for each in people(count))


def test_ten_thousand_joins_are_fifty_orders() -> None:
    orders = Campus().orders(TEAM, add=people(10_000))
    assert [len(each.members) for each in orders] == [200] * 50
    assert {each.deed for each in orders} == {"add"}
    assert [each for order in orders for each in order.members] == [*people(10_000)]


def test_owners_join_with_the_others_and_after_them() -> None:
    (order,) = Campus().orders(TEAM, add=people(3), add_owners=people(2, 2))
    assert (order.members, order.owners) == (people(2), people(2, 2))
    first, second = Campus().orders(TEAM, add=people(199), add_owners=people(2, 500))
    assert (len(first.members), first.owners, second.members, second.owners) == (
        199,
        people(1, 500),
        (),
        people(1, 501),
    )


def test_adding_comes_before_changing_roles_and_that_before_removing() -> None:
    orders = Campus().orders(TEAM, add=people(1), promote=members(1), demote=members(25), remove=members(41))
    assert [(each.deed, len(each.members)) for each in orders] == [
        ("add", 1),
        ("promote", 1),
        ("demote", 20),
        ("demote", 5),
        ("remove", 20),
        ("remove", 20),
        ("remove", 1),
    ]
    assert [each.n for each in orders] == [*range(7)]
    assert all(len(each.memberships) == len(each.members) for each in orders[1:])
    assert {each.destination for each in orders} == {"roster:classes|course:1"}
    assert {(each.at, each.place) for each in orders} == {(AT, TEAM)}


def test_a_team_is_ordered_with_its_first_owner_alone() -> None:
    (order,) = Campus().orders("", name="Course", topic="About", add=people(3), add_owners=people(2, 5), private=False)
    assert (order.deed, order.name, order.topic, order.private) == ("create", "Course", "About", False)
    assert (order.owners, order.members) == (people(1, 5), ())


def test_nobodys_team_is_not_ordered_unless_somebody_keeps_it() -> None:
    assert Campus().orders("", name="Course", add=people(3)) == ()
    (order,) = Campus(team_owner="keeper@example.edu").orders("", name="Course", add=people(3))
    assert order.owners == ()


def test_a_name_is_short_enough_to_be_looked_for() -> None:
    rostering = Campus().rostering
    assert rostering.name("team", "  Maths \n 101 ") == "Maths 101"
    assert len(rostering.name("team", "x" * 300)) == 120
    assert rostering.name("team", " ") == "Team"
    assert rostering.is_id("team", TEAM.upper())
    assert not rostering.is_id("team", "Maths 101")
