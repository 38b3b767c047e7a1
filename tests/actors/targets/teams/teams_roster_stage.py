"""A directory with people and teams before the fake Graph, and orders about them."""

from typing import TypeVar

import msgspec
from teams_stage import Talk, build

from actors.domain.flow import Outcome, Request
from actors.domain.rosters.model import Actual, Member
from actors.domain.rosters.order import RosterOrder
from actors.domain.verdicts import Verdict
from actors.ports.rostering import Slip, Wanted
from actors.targets.teams.rostering import TeamsRostering

T = TypeVar("T")
AT = "2026-09-21T14:13:20Z"


def email(n: int) -> str:
    return f"learner{n:05d}@example.edu"


class Campus(Talk):
    """``calls`` counts HTTP calls without those for tokens; ``asked`` what stood in them, bundled or not."""

    requests_max = 2_000

    def __init__(self, step_s: float = 2.0, **settings: object) -> None:
        super().__init__(step_s)
        target = build(**settings)
        assert isinstance(target.rostering, TeamsRostering)
        assert target.listening is not None
        self.rostering, self.ears = target.rostering, target.listening
        self.fake.terms.teams_late_s = self.fake.terms.groups_late_s = self.fake.terms.members_late_s = 0.0

    def ask(self, request: Request) -> Outcome:
        """Links in answers lead to where it was asked."""
        return super().ask(msgspec.structs.replace(request, headers={**request.headers, "host": "s"}))

    @property
    def calls(self) -> list[str]:
        return [each for each in self.operations if each != "token"]

    def spent(self) -> int:
        count = len(self.calls)
        self.requests.clear()
        return count

    # ── the directory ────────────────────────────────────────────────────────────────────────────────

    def hire(self, count: int, first: int = 0) -> list[str]:
        return [self.fake.people.hire(email(n)).id for n in range(first, first + count)]

    def team(self, name: str = "Course 101", members: list[str] | None = None, owners: list[str] | None = None) -> str:
        """One with these in it."""
        owning = owners or [self.fake.people.hire("owner@example.edu").id]
        made = self.fake.teams.make(name, "", "Private", owning[0], self.now_s)
        for each in owning[1:]:
            self.fake.teams.add(made, each, owner=True, now_s=0.0)
        for each in members or []:
            self.fake.teams.add(made, each, owner=False, now_s=0.0)
        return made.id

    def inside(self, team: str) -> dict[str, bool]:
        """Who is in it, and whether they own it."""
        return {each.user: each.owner for each in self.fake.teams.there(team, self.now_s).members.values()}

    # ── orders ───────────────────────────────────────────────────────────────────────────────────────

    def orders(self, place: str, **wanted: object) -> tuple[RosterOrder, ...]:
        return self.rostering.orders(
            msgspec.convert({"kind": "team", "place": place, **wanted}, Wanted),
            plan="p-1",
            first_n=0,
            roster="classes",
            unit="course:1",
            at=AT,
        )

    def slip(self, **more: object) -> Slip:
        now_us = int(self.now_s * 1e6)
        plain = Slip(
            delivery_id="d-1",
            correlation_id="c-1",
            tenant="acme",
            traceparent="",
            attempt=1,
            now_us=now_us,
            sent_us=now_us,
        )
        return msgspec.structs.replace(plain, **more)

    def perform(self, order: RosterOrder, **slip: object) -> Verdict:
        return self.run(self.rostering.perform(order, self.slip(**slip)))

    def members(self, team: str) -> dict[str, Member]:
        found = self.run(self.rostering.members("team", [team]))
        assert isinstance(found, dict), found
        actual = found[team]
        assert isinstance(actual, Actual), actual
        assert actual.whole
        return {each.id: each for each in actual.members}
