"""What rosters cost in calls: ten thousand people for the first time, a night without changes, one very large team."""

from collections import Counter

import trio
from memory_http import InMemoryHttp
from teams_roster_stage import AT, Campus, email
from teams_stage import build

from actors.domain.flow import Flow, Outcome, Request
from actors.domain.rosters.model import Actual
from actors.domain.rosters.order import RosterOrder
from actors.domain.verdicts import Delivered, Verdict
from actors.kernel import converse
from actors.ports.rostering import LookedUp, Page, Rostering, Slip, Wanted
from actors.roles.bundling import Bundling
from actors.targets.teams.fake import FakeTeams

TEAMS, EACH = 400, 25
PEOPLE = TEAMS * EACH
FEWEST_FIRST = 11 + 2 + 20 + 20
"""People by 999; names by 15, twenty filters to a call; teams made, and filled, twenty to a call."""
FEWEST_NIGHTLY = 20
"""Lists of twenty teams to a call."""


class Counting:
    """Implements ``ports.Http``; counts what goes out, but for tokens."""

    def __init__(self, http: InMemoryHttp, calls: Counter[str]) -> None:
        self._http = http
        self._calls = calls

    async def send(self, request: Request) -> Outcome:
        self._calls[request.operation] += request.operation != "token"
        return await self._http.send(request)

    async def aclose(self) -> None:
        await self._http.aclose()


class Office:
    """A lane as its courier and its reconciler have it, in trio's time, without the vendor's limits."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.fake = FakeTeams()
        self.fake.limited = False
        target = build()
        assert target.rostering is not None
        self.rostering: Rostering = target.rostering
        self.calls: Counter[str] = Counter()
        self._http = InMemoryHttp([self.fake], now_s=lambda: 1_790_000_000.0 + trio.current_time())
        self.bundling = Bundling(target.bundler, self.client, nursery.start_soon)

    def client(self) -> Counting:
        return Counting(self._http, self.calls)

    async def ask(self, flow: Flow[object]) -> object:
        return await converse(flow, self.client())

    async def carry(self, orders: list[RosterOrder]) -> list[str]:
        """Twenty at a time, as a full lane carries them. The ids of what was made."""
        made: dict[int, str] = {}

        async def one(order: RosterOrder) -> None:
            slip = Slip(
                delivery_id=f"d-{order.unit}-{order.n}",
                correlation_id="c",
                tenant="acme",
                traceparent="",
                attempt=1,
                now_us=0,
                sent_us=None,
            )
            verdict: Verdict = await converse(self.rostering.perform(order, slip), self.bundling.over(self.client()))
            assert isinstance(verdict, Delivered), verdict
            made[int(order.unit)] = verdict.receipt.get("place", "")

        for start in range(0, len(orders), 20):
            async with trio.open_nursery() as nursery:
                for each in orders[start : start + 20]:
                    nursery.start_soon(one, each)
        return [made[each] for each in sorted(made)]

    def orders(self, unit: int, wanted: Wanted) -> list[RosterOrder]:
        return list(self.rostering.orders(wanted, plan="p", first_n=0, roster="classes", unit=str(unit), at=AT))


async def test_ten_thousand_people_in_four_hundred_teams(autojump_clock: object) -> None:
    async with trio.open_nursery() as nursery:
        office = Office(nursery)
        ids = [office.fake.people.hire(email(n)).id for n in range(PEOPLE)]
        found, after = 0, ""
        while True:
            page = await office.ask(office.rostering.people(after))
            assert isinstance(page, Page)
            found, after = found + len(page.accounts), page.after
            if not after:
                break
        assert found == PEOPLE
        names = [f"Course {n}" for n in range(TEAMS)]
        for start in range(0, TEAMS, office.rostering.finds_max):
            told = await office.ask(office.rostering.find("team", names[start : start + office.rostering.finds_max]))
            assert isinstance(told, dict)
            assert not any(told.values())
        classes = [ids[n * EACH : (n + 1) * EACH] for n in range(TEAMS)]
        creations = [
            order
            for n, name in enumerate(names)
            for order in office.orders(n, Wanted(kind="team", place="", name=name, add_owners=(classes[n][0],)))
        ]
        teams = await office.carry(creations)
        await trio.sleep(60.0)
        joins = [
            order
            for n, team in enumerate(teams)
            for order in office.orders(n, Wanted(kind="team", place=team, add=tuple(classes[n][1:])))
        ]
        await office.carry(joins)
        assert sum(office.calls.values()) == FEWEST_FIRST
        await trio.sleep(60.0)
        office.calls.clear()
        at_once = office.rostering.places_max("team")
        read: dict[str, Actual] = {}
        for start in range(0, TEAMS, at_once):
            lists = await office.ask(office.rostering.members("team", teams[start : start + at_once]))
            assert isinstance(lists, dict)
            read |= lists
        assert {each.id for team in teams for each in read[team].members} == set(ids)
        assert sum(office.calls.values()) == FEWEST_NIGHTLY
        nursery.cancel_scope.cancel()


def test_one_team_of_ten_thousand() -> None:
    campus = Campus()
    ids = campus.hire(10_000)
    team = campus.team()
    orders = campus.orders(team, add=ids)
    campus.run(campus.rostering.people(""))  # brings the token
    campus.spent()
    assert all(isinstance(campus.perform(order), Delivered) for order in orders)
    assert campus.spent() == 50
    assert len(campus.members(team)) == 10_001
    assert campus.spent() == 11


def test_people_of_a_large_directory_are_looked_up_three_hundred_to_a_call() -> None:
    campus = Campus()
    for start in range(0, 3_000, campus.rostering.lookups_max):
        found = campus.run(campus.rostering.look_up([email(n) for n in range(start, start + 300)]))
        assert isinstance(found, LookedUp)
        assert len(found.found) == 300
    assert len(campus.calls) == 10
