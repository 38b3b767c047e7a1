"""Whom a vendor calls by what: what people said first, then what is remembered, then the vendor in the fewest calls."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec
import pytest

from actors.domain.progress import Progress
from actors.domain.rosters.difference import Unmatched
from actors.domain.rosters.model import Seat
from actors.ports.rostering import Account, LookedUp, Page
from actors.ports.rosters import AccountFound
from actors.roles.inquiring import Inquiry
from actors.roles.matching import ABSENT_KEPT_US, FOUND_KEPT_US, Matching
from actors.roles.world import World
from config.recall import counts


class Vendor:
    """Everybody is one page; both the inquiry and the connector that it asks."""

    lane = "acme/slack"
    lookups_max = 2

    def __init__(self, *people: Account, lists: bool = False) -> None:
        self.people_there = people
        self.lists = lists
        self.asked: list[list[str]] = []
        self.listed = 0
        self.rostering = self
        self.progress = Progress()

    def lists_all(self, unknown: int, everybody: int) -> bool:
        return self.lists

    async def people(self, after: str) -> Page:
        self.listed += 1
        return Page(accounts=self.people_there)

    async def look_up(self, emails: list[str]) -> LookedUp:
        self.asked.append(emails)
        found = {email: each for each in self.people_there for email in each.emails if email in emails}
        return LookedUp(found=found, absent=tuple(each for each in emails if each not in found))

    async def who(self, ids: list[str]) -> dict[str, Account]:
        self.asked.append(ids)
        return {each.id: each for each in self.people_there if each.id in ids}


class Memory:
    """The store's part, and the clock."""

    def __init__(self) -> None:
        self.now = 1_000_000_000_000
        self.known: dict[str, AccountFound] = {}
        self.said: dict[int, str] = {}
        self.others: dict[int, tuple[str, ...]] = {}
        self.kept_back: dict[tuple[int, str], str] = {}
        self.rosters = self.clock = self

    def now_us(self) -> int:
        return self.now

    async def contacts(self, persons: Sequence[int], target: str) -> dict[int, str]:
        return self.said

    async def withheld(self, tenant: str, addresses: Sequence[str]) -> dict[tuple[int, str], str]:
        return self.kept_back

    async def addresses(self, tenant: str, persons: Sequence[int]) -> dict[int, tuple[str, ...]]:
        return self.others

    async def accounts(self, lane: str, named: Sequence[str]) -> dict[str, AccountFound]:
        return {each: self.known[each] for each in named if each in self.known}

    async def learn(self, lane: str, found: Sequence[AccountFound]) -> None:
        self.known.update({each.named: each for each in found})


def account(n: int, **more: Any) -> Account:
    return Account(id=f"U{n}", emails=(f"p{n}@example.edu",), name=f"Person {n}", **more)


def seat(n: int, **more: Any) -> Seat:
    return Seat(person=n, user=str(n), name=f"Person {n}", **{"email": f"P{n}@Example.edu", **more})


def matching(vendor: Vendor, memory: Memory) -> Matching:
    return Matching("acme", "slack", cast(Inquiry, vendor), cast(World, memory))


async def test_each_is_looked_up_once() -> None:
    vendor, memory = Vendor(account(1), account(2), account(3)), Memory()
    told = await matching(vendor, memory).match([seat(n) for n in (1, 2, 3)])
    assert told.accounts == {1: "U1", 2: "U2", 3: "U3"}
    assert told.of == {"U1": 1, "U2": 2, "U3": 3}
    assert [len(each) for each in vendor.asked] == [2, 1]
    before = msgspec.structs.replace(counts("accounts"))
    await matching(vendor, memory).match([seat(n) for n in (1, 2, 3)])
    assert len(vendor.asked) == 2
    memory.now += FOUND_KEPT_US
    await matching(vendor, memory).match([seat(1), seat(4)])
    after = counts("accounts")
    assert (after.hits - before.hits, after.misses - before.misses, after.stale - before.stale) == (3, 1, 1)


async def test_everybody_is_listed_where_that_is_less() -> None:
    vendor, memory = Vendor(account(1), account(2), lists=True), Memory()
    told = await matching(vendor, memory).match([seat(1), seat(7)])
    assert told.accounts[1] == "U1"
    assert isinstance(told.accounts[7], Unmatched)
    assert (vendor.listed, vendor.asked) == (1, [["p7@example.edu"]]), "who is not in the list is asked for by name"


async def test_who_looks_alike_is_told() -> None:
    vendor, memory = Vendor(account(7), lists=True), Memory()
    odd = Seat(person=7, user="7", name=" person  7 ", email="other@example.edu")
    told = await matching(vendor, memory).match([odd])
    missing = told.accounts[7]
    assert isinstance(missing, Unmatched)
    assert missing.near == (("U7", "p7@example.edu"),)


async def test_what_a_person_said_goes_before_all() -> None:
    vendor, memory = Vendor(account(1), account(2)), Memory()
    memory.said = {1: "U99", 2: "p2@example.edu"}
    told = await matching(vendor, memory).match([seat(1), seat(2, email="lost@example.edu")])
    assert told.accounts == {1: "U99", 2: "U2"}


async def test_another_address_of_theirs_will_do() -> None:
    vendor, memory = Vendor(account(1)), Memory()
    memory.others = {1: ("lost@example.edu", "p1@example.edu")}
    told = await matching(vendor, memory).match([seat(1, email="lost@example.edu")])
    assert told.accounts == {1: "U1"}


async def test_an_address_that_may_be_somebody_elses_is_not_used() -> None:
    vendor, memory = Vendor(account(1)), Memory()
    memory.kept_back = {(1, "p1@example.edu"): "two have it"}
    told = await matching(vendor, memory).match([seat(1)])
    assert told.accounts == {1: Unmatched(why="two have it")}
    assert vendor.asked == []


@pytest.mark.parametrize(("how", "why"), [({"active": False}, "deactivated"), ({"bot": True}, "a bot")])
async def test_who_is_there_no_more_is_unmatched(how: dict[str, bool], why: str) -> None:
    told = await matching(Vendor(account(1, **how)), Memory()).match([seat(1)])
    missing = told.accounts[1]
    assert isinstance(missing, Unmatched)
    assert why in missing.why


async def test_who_was_not_there_is_looked_for_again_the_next_night() -> None:
    vendor, memory = Vendor(), Memory()
    await matching(vendor, memory).match([seat(1)])
    await matching(vendor, memory).match([seat(1)])
    assert len(vendor.asked) == 1
    memory.now += ABSENT_KEPT_US
    vendor.people_there = (account(1),)
    told = await matching(vendor, memory).match([seat(1)])
    assert told.accounts == {1: "U1"}


async def test_members_whom_nobody_knows_are_asked_about_once() -> None:
    vendor, memory = Vendor(account(1), account(2, bot=True)), Memory()
    told = await matching(vendor, memory).strangers(["U1", "U2"])
    assert {id_: each.bot for id_, each in told.items()} == {"U1": False, "U2": True}
    await matching(vendor, memory).strangers(["U1", "U2"])
    assert len(vendor.asked) == 1
    assert set(await matching(vendor, memory).remembered(["U1", "U9"])) == {"U1"}
