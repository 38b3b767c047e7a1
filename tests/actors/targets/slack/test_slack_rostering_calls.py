"""How many calls rosters cost: the fewest that Slack's API allows, counted at the sandbox's workspace."""

import math

import msgspec
import pytest
from slack_rosters import AT, slip
from slack_stage import Talk, build

from actors.domain.rosters.model import Actual, PlaceKind
from actors.domain.verdicts import Delivered
from actors.ports.rostering import Account, LookedUp, Page, Rostering, Wanted

PEOPLE = 10_000
AT_MOST = 1.05


class Workspace:
    """A workspace of so many people, and whoever keeps rosters in it."""

    def __init__(self, count: int = PEOPLE) -> None:
        self.talk = Talk(step_s=3.5)
        self.emails = [f"learner{n:05d}@example.edu" for n in range(count)]
        self.talk.fake.happen(msgspec.json.encode({"do": "people", "people": self.emails}), self.talk.now_s)
        found = build().rostering
        assert found is not None
        self.rostering: Rostering = found

    def everybody(self) -> dict[str, Account]:
        """By address."""
        found: dict[str, Account] = {}
        after = ""
        for _ in range(100):
            page = self.talk.run(self.rostering.people(after))
            assert isinstance(page, Page)
            found |= {email: account for account in page.accounts for email in account.emails}
            after = page.after
            if not after:
                return found
        raise AssertionError("no end")

    def make(self, wanted: Wanted) -> str:
        (order,) = self.rostering.orders(wanted, plan="p", first_n=0, roster="r", unit="u", at=AT)
        verdict = self.talk.run(self.rostering.perform(order, slip()))
        assert isinstance(verdict, Delivered)
        return verdict.receipt["place"]

    def carry(self, wanted: Wanted) -> None:
        for order in self.rostering.orders(wanted, plan="p", first_n=1, roster="r", unit="u", at=AT):
            assert isinstance(self.talk.run(self.rostering.perform(order, slip())), Delivered)

    def read(self, kind: PlaceKind, *places: str) -> dict[str, Actual]:
        found = self.talk.run(self.rostering.members(kind, places))
        assert isinstance(found, dict)
        assert all(isinstance(each, Actual) and each.whole for each in found.values())
        return found  # type: ignore[return-value]

    def counted(self) -> int:
        counted = len(self.talk.requests)
        self.talk.requests.clear()
        return counted


@pytest.mark.parametrize(("kind", "writes"), [("channel", math.ceil(PEOPLE / 100)), ("usergroup", 1)])
def test_the_first_sync_of_ten_thousand_people_and_a_night_without_change(kind: PlaceKind, writes: int) -> None:
    space = Workspace()
    assert space.rostering.lists_all(PEOPLE, 0)
    known = space.everybody()
    ids = tuple(known[email].id for email in space.emails)
    place = space.make(Wanted(kind=kind, place="", name="everybody"))
    space.carry(Wanted(kind=kind, place=place, add=ids, then=ids))
    pages = math.ceil((PEOPLE + 1) / 1_000)  # the app is one of those who are there
    assert space.counted() <= AT_MOST * (pages + 1 + writes)

    members = space.read(kind, place)[place].members
    assert {member.id for member in members} >= set(ids)
    assert space.rostering.lists_all(0, PEOPLE) is False
    at_night = pages if kind == "channel" else 1
    assert space.counted() <= AT_MOST * at_night


def test_a_few_new_people_are_looked_up_one_by_one() -> None:
    space = Workspace(40)
    assert not space.rostering.lists_all(5, 10_000)
    found = space.talk.run(space.rostering.look_up(space.emails[:5]))
    assert isinstance(found, LookedUp)
    assert len(found.found) == 5
    assert space.counted() == 5


def test_many_groups_are_found_and_read_in_one_call_each() -> None:
    space = Workspace(30)
    ids = tuple(each.id for each in space.everybody().values())
    places = [space.make(Wanted(kind="usergroup", place="", name=f"course-{n}")) for n in range(300)]
    for place in places[:3]:
        space.carry(Wanted(kind="usergroup", place=place, add=ids, then=ids))
    space.counted()
    assert space.rostering.places_max("usergroup") >= len(places)
    found = space.talk.run(space.rostering.find("usergroup", [f"course-{n}" for n in range(300)]))
    assert isinstance(found, dict)
    assert [each.place for n in range(300) for each in found[f"course-{n}"]] == places
    assert space.counted() == 1
    assert sum(len(each.members) for each in space.read("usergroup", *places).values()) == 3 * len(ids)
    assert space.counted() == 1


def test_many_channels_are_found_by_the_page() -> None:
    space = Workspace(1)
    places = [space.make(Wanted(kind="channel", place="", name=f"course-{n}")) for n in range(1_100)]
    space.counted()
    found = space.talk.run(space.rostering.find("channel", [f"course-{n}" for n in range(1_000)]))
    assert isinstance(found, dict)
    assert [each.place for n in range(1_000) for each in found[f"course-{n}"]] == places[:1_000]
    assert space.counted() == 2


def test_ten_who_leave_and_ten_who_come() -> None:
    """Slack invites many at once, and takes out one at a time."""
    space = Workspace(40)
    ids = tuple(each.id for each in space.everybody().values())
    for kind, fewest in (("channel", 1 + 10), ("usergroup", 1)):
        place = space.make(Wanted(kind=kind, place="", name=f"in-{kind}"))
        space.carry(Wanted(kind=kind, place=place, add=ids[:20], then=ids[:20]))
        there = {member.id: member for member in space.read(kind, place)[place].members}
        space.counted()
        gone = tuple(there[each] for each in ids[:10])
        space.carry(Wanted(kind=kind, place=place, add=ids[20:30], remove=gone, now=ids[:20], then=ids[10:30]))
        assert space.counted() == fewest
        assert {member.id for member in space.read(kind, place)[place].members} >= set(ids[10:30])
