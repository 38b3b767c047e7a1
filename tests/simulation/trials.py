"""Pilots in a seed: what operators do with them, and what must hold of whom was told.

Each act is remembered with the last delivery that there was before it and after it. What was planned later than that is
judged by the act, what was planned before by the one before it; in between, either may be right. A delivery of somebody
outside is rehearsed and is nowhere at any vendor; whoever was in stays in; a stop leaves nothing waiting.
"""

from collections import defaultdict
from collections.abc import Iterable
from random import Random
from typing import TYPE_CHECKING

import msgspec

from actors.domain.piloting import Cohort, point
from config.model import Route, Tenant
from daemon.store.piloting import STOPPED
from tests.simulation import facts, incidents
from tests.simulation.fate import Blow
from tests.simulation.incidents import Incident

if TYPE_CHECKING:
    from tests.simulation.model import Expected
    from tests.simulation.remains import Key, Row

NAME, SALT, STATEMENT = "new", "salt", "statement"
COURSE = f"{facts.HOME}/course/{{}}"
SHARE = 0.3
"""Of the tenants, so many try something."""
VERBS = ("put", "end", "one")
MOMENTS = ("before", "uncommitted", "committed", "after")


def tried(tenant: Tenant, dice: Random) -> Tenant:
    """Some of its routes are on trial, at least one."""
    routes = [
        msgspec.structs.replace(route, pilot=NAME) if STATEMENT not in route.when and dice.random() < 0.6 else route
        for route in tenant.routes
    ]
    return msgspec.structs.replace(tenant, routes=tuple(routes))


def acts(name: str, dice: Random, ends_s: float) -> list[tuple[float, Incident]]:
    """One pilot's life: made, grown, ended, begun again, with deaths in the middle."""
    times = sorted(dice.uniform(0.0, ends_s) for _ in range(dice.randint(1, 6)))
    found: list[tuple[float, Incident]] = []
    percent, courses, people = 0.0, (), ()
    for at_s in times:
        match dice.choice(("grow", "grow", "grow", "promote", "stop", "stop")):
            case "promote":
                found.append((at_s, incidents.EndPilot(name, NAME, "everyone")))
            case "stop":
                found.append((at_s, incidents.EndPilot(name, NAME, "nobody")))
                lasts_s = dice.choice((60.0, 900.0, 3600.0, 7200.0))
                for lane in (f"{name}/slack", f"{name}/teams"):  # something waits for it
                    found.append((max(0.0, at_s - 0.9 * lasts_s), incidents.Pause(lane, lasts_s)))
            case _:
                percent = dice.uniform(percent, 100.0) if dice.random() < 0.7 else percent
                courses = (*courses, COURSE.format(dice.choice(facts.COURSES))) if dice.random() < 0.2 else courses
                people = (*people, dice.choice(facts.LEARNERS)) if dice.random() < 0.5 else people
                found.append((at_s, incidents.PutPilot(name, NAME, percent, courses, people)))
        if dice.random() < 0.3:
            verb, moment = dice.choice(VERBS), dice.choice(MOMENTS)
            found.append((max(0.0, at_s - 0.001), incidents.Doom(Blow(f"pilots.{verb}:{moment}"))))
    return found


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """``after``, ``until``: the last delivery before it, and when it was known to be done."""

    tenant: str
    after: int
    until: int
    state: str
    cohort: Cohort
    people: frozenset[str] = frozenset()


class Trials:
    """What was done, and whether it was heeded."""

    def __init__(self) -> None:
        self.acts: dict[str, list[Act]] = defaultdict(list)
        self.faults: list[str] = []

    def judge(self, rows: "Iterable[Row]", expected: "dict[Key, Expected]", posted: set[str]) -> list[str]:
        """``posted``: deliveries that are at a vendor."""
        surely: dict[str, set[str]] = defaultdict(set)
        maybe: dict[str, set[str]] = defaultdict(set)
        by_seq = {row.seq: row for row in rows}
        for seq in sorted(by_seq):
            row = by_seq[seq]
            if row.state == "shadowed" and row.id in posted:
                self.faults.append(f"rehearsed, says the row, and the vendor has it: {row.key}")
            found = expected.get(row.key)
            if row.kind == "digest" or found is None:
                continue
            tenant = row.lane.partition("/")[0]
            name = _who(found)
            possible = self._possible(tenant, row.seq, found)
            told = self._may(possible, found, name, surely[tenant], maybe[tenant])
            if any(act is not None and act.state == "running" for act in possible):
                if told == {True} and all(act is not None and act.state == "running" for act in possible):
                    surely[tenant].add(name)
                if True in told:
                    maybe[tenant].add(name)
            self._heeded(row, found.route, tenant, told)
        return self.faults

    def _possible(self, tenant: str, seq: int, found: "Expected") -> list[Act | None]:
        """By which act it may have been planned; None: before there was any. Empty: no pilot is for it."""
        if found.route.pilot is None or found.kind == STATEMENT:
            return []
        sure = [act for act in self.acts[tenant] if act.until < seq]
        return [sure[-1] if sure else None, *(act for act in self.acts[tenant] if act.after < seq <= act.until)]

    @staticmethod
    def _may(possible: list[Act | None], found: "Expected", name: str, surely: set[str], maybe: set[str]) -> set[bool]:
        """Whether it may have been planned to be told, or not to be."""
        may = set() if possible else {True}
        for act in possible:
            if act is None or act.state != "running":
                may.add(act is not None and act.state == "everyone")
                continue
            inside = (
                point(SALT, name) < act.cohort.percent
                or COURSE.format(found.fact.course) in act.cohort.courses
                or name in act.people
                or name in surely
            )
            may |= {True} if inside else {False, True} if name in maybe else {False}
        return may

    def _heeded(self, row: "Row", route: Route, tenant: str, told: set[bool]) -> None:
        if row.state != "shadowed":
            if True not in told and row.state != "superseded":
                self.faults.append(f"told somebody outside of the pilot ({row.state}): {row.key}")
            return
        stopped = any(act.state == "nobody" and act.until >= row.seq for act in self.acts[tenant])
        called_off = stopped and STOPPED.format(NAME) in row.detail + self._of_digest(row)
        if False not in told and not called_off:
            self.faults.append(f"rehearsed ({row.detail}), and it should have been told: {row.key}")

    @staticmethod
    def _of_digest(row: "Row") -> str:
        """An item of a digest that was called off refers to it."""
        return STOPPED.format(NAME) if row.digest is not None else ""


def _who(found: "Expected") -> str:
    """The name that a person is counted by."""
    key = found.fact.key
    return key if key.startswith("account:") else f"mbox:{key}"
