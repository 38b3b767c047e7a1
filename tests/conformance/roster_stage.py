"""A connector's rosters before its own fake, in memory: no network, no clock, no sleep.

A connector that has a ``rostering`` needs one row in ``SETUPS`` for each kind of place it keeps. Its fake must know the
faults of ``target_stage``, struck by the names that ``Request.operation`` has. How the vendor stands is read from the
fake itself, behind the connector's back.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec
from target_stage import NOW_S, ORIGIN, Stage
from target_stage import SETUPS as TARGETS

from actors.domain.flow import Flow, Lost, Outcome, Request
from actors.domain.rosters.model import Actual, Member, PlaceKind
from actors.domain.rosters.order import RosterOrder
from actors.domain.verdicts import Absent, Confirmation, Delivered, Repeatable, Throttled, Verdict
from actors.ports.rostering import Account, Gone, Page, Rostering, Slip, Wanted
from actors.targets import discover
from actors.targets.slack.fake import FakeSlack
from actors.targets.teams.fake import FakeTeams

T = TypeVar("T")
REQUESTS_MAX = 2_000
PAGES_MAX = 100
LOOKS_MAX = 100
AT = "2026-09-21T14:13:20Z"
STEP_S = 3.5
"""Between two requests: nobody is throttled then, unless a fault says so."""


class RosterSetup(msgspec.Struct, frozen=True, kw_only=True):
    """How to try one kind of place of one connector.

    ``people`` makes everybody of these addresses somebody there and gives their ids; ``inside`` is who is in a place
    (no bots), ``owners`` who owns it; ``put`` puts people in by hand, ``close`` archives a place (or what comes next
    to it), ``refuse`` makes of somebody one whom the vendor lets in nowhere; ``late`` has members show up (or go) so
    many seconds late. What is called as requests are is where faults strike."""

    missing: str
    """The id of a place that there is not."""
    missing_person: str
    bots: frozenset[str] = frozenset()
    """Who is in every place and no person: we ourselves, where we are."""
    people: Callable[[Any, list[str]], list[str]]
    inside: Callable[[Any, str], set[str]]
    put: Callable[[Any, str, list[str]], object]
    refuse: Callable[[Any, str], object]
    close: Callable[[Any, str], object]
    late: Callable[[Any, float], None] | None = None
    owners: Callable[[Any, str], set[str]] | None = None
    """None: places have no owners there."""
    fewest_people: Callable[[int], int]
    """How many calls it takes to read so many people, at least."""
    fewest_members: Callable[[int], int]
    """How many to read a place of so many, everybody in it counted."""
    fewest_adds: Callable[[int], int]
    fewest_removes: Callable[[int], int]
    creating: str
    adding: str
    removing: str
    reading: str
    listing: str


def pages(of: int) -> Callable[[int], int]:
    """So many a call; nobody is one call too."""
    return lambda count: max(1, math.ceil(count / of))


def one(count: int) -> int:
    return 1


def _slack_people(fake: FakeSlack, emails: list[str]) -> list[str]:
    return [fake.space.person(each) for each in emails]


def _slack_group(fake: FakeSlack, group: str) -> set[str]:
    """Nobody is in a group that is disabled."""
    found = fake.space.rooms.groups[group]
    return set() if found.disabled_s else set(found.users)


def _late(fake: FakeSlack | FakeTeams, late_s: float) -> None:
    fake.terms.members_late_s = late_s


def _teams_put(fake: FakeTeams, place: str, ids: list[str]) -> None:
    team = fake.teams.there(place, NOW_S * 2)
    for each in ids:
        fake.teams.add(team, each, owner=False, now_s=0.0)


SETUPS: dict[tuple[str, PlaceKind], RosterSetup] = {
    ("slack", "channel"): RosterSetup(
        missing="C0404040404",
        missing_person="U0404040404",
        bots=frozenset({"U0SANDBOX1"}),
        people=_slack_people,
        inside=lambda fake, place: fake.space.rooms.inside(place),
        put=lambda fake, place, ids: fake.space.rooms.put(place, ids, 0.0),
        refuse=lambda fake, id_: fake.space.change_person(id_, 0.0, guest="multi"),
        close=lambda fake, place: fake.happen(msgspec.json.encode({"do": "archive_channel", "channel": place}), NOW_S),
        late=_late,
        fewest_people=pages(1_000),
        fewest_members=pages(1_000),
        fewest_adds=pages(100),
        fewest_removes=lambda count: count,
        creating="conversations.create",
        adding="conversations.invite",
        removing="conversations.kick",
        reading="conversations.members",
        listing="users.list",
    ),
    ("teams", "team"): RosterSetup(
        missing="40400000-0000-4000-8000-00000000c0de",
        missing_person="40400000-0000-4000-8000-00000000ada0",
        people=lambda fake, emails: [fake.people.hire(each).id for each in emails],
        inside=lambda fake, place: set(fake.teams.there(place, NOW_S * 2).members),
        put=_teams_put,
        refuse=lambda fake, id_: fake.teams.barred.add(id_),
        close=lambda fake, place: fake.happen(msgspec.json.encode({"do": "give_rule", "team": place}), NOW_S * 2),
        late=_late,
        owners=lambda fake, place: {
            each.user for each in fake.teams.there(place, NOW_S * 2).members.values() if each.owner
        },
        fewest_people=pages(999),
        fewest_members=pages(999),
        fewest_adds=pages(200),
        fewest_removes=pages(20),
        creating="teams.post",
        adding="members.add",
        removing="members.delete",
        reading="members.list",
        listing="users.list",
    ),
    ("slack", "usergroup"): RosterSetup(
        missing="S0404040404",
        missing_person="U0404040404",
        people=_slack_people,
        inside=_slack_group,
        put=lambda fake, place, ids: fake.space.rooms.replace(fake.space.rooms.groups[place], ids, 0.0),
        refuse=lambda fake, id_: fake.space.change_person(id_, 0.0, deleted=True),
        close=lambda fake, place: fake.space.rooms.switch(
            fake.space.rooms.groups[place], "UADMINSAND", NOW_S, on=False
        ),
        fewest_people=pages(1_000),
        fewest_members=one,
        fewest_adds=one,
        fewest_removes=one,
        creating="usergroups.create",
        adding="usergroups.users.update",
        removing="usergroups.users.update",
        reading="usergroups.list",
        listing="users.list",
    ),
}


def ours() -> list[tuple[str, PlaceKind]]:
    """Every kind of place of every connector that keeps rosters."""
    found: list[tuple[str, PlaceKind]] = []
    for kind, connector in sorted(discover().items()):
        rostering = Stage(kind, connector, TARGETS[kind]).target.rostering
        found += [] if rostering is None else [(kind, place_kind) for place_kind in sorted(rostering.kinds)]
    return found


class RosterStage(Stage):
    """One kind of place."""

    def __init__(self, kind: str, place_kind: PlaceKind) -> None:
        super().__init__(kind, discover()[kind], TARGETS[kind])
        self.roster = SETUPS[kind, place_kind]
        self.place_kind = place_kind
        self.counted = 0
        """Requests since somebody last looked, those for a token apart."""
        self.sent_us = 0

    @property
    def rostering(self) -> Rostering:
        found = self.target.rostering
        assert found is not None
        return found

    def run(self, flow: Flow[T], answer: Callable[[Request], Outcome] | None = None) -> T:
        outcome: Outcome | None = None
        for _ in range(REQUESTS_MAX):
            try:
                request = flow.send(outcome)  # type: ignore[arg-type]  # None starts a generator
            except StopIteration as end:
                assert flow.gi_frame is None  # type: ignore[attr-defined]
                return end.value  # type: ignore[no-any-return]
            self._check(request)
            self.requests.append(request)
            self.counted += request.operation != "token"
            outcome = answer(request) if answer else self.ask(request)
        flow.close()
        raise AssertionError(f"{self.kind}: no end after {REQUESTS_MAX} requests")

    def ask(self, request: Request) -> Outcome:
        self.now_s += STEP_S
        path = request.url.removeprefix(ORIGIN)
        assert path != request.url, f"{request.url} does not go to the configured address"
        asked = msgspec.structs.replace(request, url=path, headers=dict(request.headers))
        answer = self.fake.handle(asked, self.now_s)
        return Lost("connection reset by peer") if answer.reset else answer.response

    def spent(self) -> int:
        """Requests since this was last asked."""
        counted, self.counted = self.counted, 0
        return counted

    # ── the vendor as it is ──────────────────────────────────────────────────────────────────────────

    def people(self, count: int, first: int = 0) -> list[str]:
        """Ids of so many people who are there now."""
        return self.roster.people(self.fake, [email(n) for n in range(first, first + count)])

    def inside(self, place: str) -> set[str]:
        return self.roster.inside(self.fake, place)

    def made(self, text: str = "Course 101", owners: Iterable[str] = ()) -> str:
        """A place of that name."""
        name = self.rostering.name(self.place_kind, text)
        owning = tuple(owners) if self.roster.owners else ()
        wanted = Wanted(kind=self.place_kind, place="", name=name, topic="What it is for", add_owners=owning)
        (order,) = self.orders(wanted)
        verdict = self.perform(order)
        assert isinstance(verdict, Delivered), verdict
        return verdict.receipt["place"]

    # ── what the connector does ──────────────────────────────────────────────────────────────────────

    def orders(self, wanted: Wanted, first_n: int = 0) -> tuple[RosterOrder, ...]:
        return self.rostering.orders(wanted, plan="p-1", first_n=first_n, roster="classes", unit="course:1", at=AT)

    def change(
        self, place: str, *, add: Iterable[str] = (), owners: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> tuple[RosterOrder, ...]:
        """Orders that put these in and take those out, of a place as it stands."""
        now = self.inside(place)
        joining, leaving = [*add], [*remove]
        members = {member.id: member for member in self.read(place).members}
        wanted = Wanted(
            kind=self.place_kind,
            place=place,
            name="course-101",
            add=tuple(joining),
            add_owners=tuple(owners),
            remove=tuple(members.get(each, Member(id=each)) for each in leaving),
            now=tuple(sorted(now)),
            then=tuple(sorted((now | {*joining, *owners}) - {*leaving})),
        )
        self.counted = 0
        return self.orders(wanted)

    def perform(self, order: RosterOrder, delivery_id: str = "d-1") -> Verdict:
        slip = self.slip(delivery_id)
        self.sent_us = slip.now_us
        return self.run(self.rostering.perform(order, slip))

    def does(self, orders: Iterable[RosterOrder]) -> list[Delivered]:
        """All of them, which must succeed."""
        done = []
        for order in orders:
            verdict = self.perform(order, f"d-{order.n}")
            assert isinstance(verdict, Delivered), verdict
            assert all(isinstance(value, str) for value in verdict.receipt.values())
            done.append(verdict)
        return done

    def settled(self, order: RosterOrder, delivery_id: str = "d-1") -> Verdict:
        """What a courier does about a doubtful outcome: looks once nothing can land any more, again as long as it is
        told to wait, and repeats where that does no harm."""
        doubt_us = int(self.now_s * 1e6)
        self.now_s += self.target.late_landing_s + 1.0
        found: Confirmation = Throttled("0")
        for _ in range(LOOKS_MAX):
            slip = msgspec.structs.replace(self.slip(delivery_id), sent_us=self.sent_us, doubt_us=doubt_us, attempt=2)
            found = self.run(self.rostering.seen(order, slip))
            if not isinstance(found, Throttled):
                break
            assert not found.whole_lane, "others need not wait for a look"
            self.now_s += float(found.retry_after or 30.0)
        if isinstance(found, Delivered):
            return found
        assert isinstance(found, Absent | Repeatable), found
        return self.run(self.rostering.perform(order, slip))

    def read(self, place: str) -> Actual:
        found = self.looked(place)
        assert isinstance(found, Actual), found
        return found

    def looked(self, place: str) -> Actual | Gone:
        found = self.run(self.rostering.members(self.place_kind, [place]))
        assert isinstance(found, dict), found
        return found[place]

    def everybody(self) -> dict[str, Account]:
        """All pages, by id."""
        found: dict[str, Account] = {}
        after = ""
        for _ in range(PAGES_MAX):
            page = self.run(self.rostering.people(after))
            assert isinstance(page, Page), page
            found |= {each.id: each for each in page.accounts}
            after = page.after
            if not after:
                return found
        raise AssertionError("the pages do not end")

    def slip(self, delivery_id: str = "d-1") -> Slip:
        now_us = int(self.now_s * 1e6)
        return Slip(
            delivery_id=delivery_id,
            correlation_id=f"c-{delivery_id}",
            tenant="acme",
            traceparent="",
            attempt=1,
            now_us=now_us,
            sent_us=now_us,
        )


def email(n: int) -> str:
    return f"learner{n:05d}@example.edu"
