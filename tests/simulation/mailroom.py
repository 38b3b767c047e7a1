"""The offices of all schools in a term that drop bundles into inboxes: what comes in a round, and what has to be so
afterwards."""

from random import Random

import trio

from actors.domain.school import School
from tests.simulation.campus import SimulatedCampus
from tests.simulation.office import Office
from tests.simulation.registrar import Registrar
from tests.simulation.syllabus import Plan
from tests.simulation.systems import SYSTEMS, inbox_of

BUNDLES = 4
"""So many are written in a round where anything goes wrong."""
WRITTEN_S = 60.0
"""So long after one bundle was written the next is made, at the least: they are not to overlap."""
LOOK_S = 20.0
LOOKS_MAX, RESTART_LOOKS = 2_000, 60


class Mailroom:
    """Of one campus."""

    def __init__(self, campus: SimulatedCampus, plan: Plan, school: School, registrar: Registrar) -> None:
        self._campus = campus
        self._plan = plan
        self._registrar = registrar
        self._dice = Random(f"mailroom of {plan.seed}")
        self._any_taken = False
        self._offices = {
            name: Office(
                inbox_of(campus.path.parent, name),
                school,
                campus.true_s,
                Random(f"{name} of {plan.seed}"),
                campus.record,
            )
            for name in plan.systems
            if SYSTEMS[name].ways
        }
        campus.ears += [office.heard for office in self._offices.values()]

    async def round(self, number: int) -> None:
        async with trio.open_nursery() as writing:
            for name, office in self._offices.items():
                writing.start_soon(self._export, office, self._ways(name, number))

    def _ways(self, name: str, number: int) -> list[str]:
        """How bundles come in a round, one after the other."""
        plan = self._plan
        struck = [plan.struck] if plan.struck and number < 3 else []
        if not (plan.doings or plan.doomed):
            return [*struck, "bulk", "delta"]
        drawn = self._dice.choices(SYSTEMS[name].ways, k=BUNDLES)
        return [*struck, *(["loose", "torn", *drawn[2:]] if plan.doomed else drawn)]  # moved one by one, and noted

    async def _export(self, office: Office, ways: list[str]) -> None:
        """One after the other is written."""
        for way in ways:
            await trio.sleep(self._dice.uniform(0.0, self._plan.lasts_s / len(ways)))
            await office.drop(way)
            await trio.sleep(WRITTEN_S)

    async def cleared(self) -> list[str]:
        """What lies in the inboxes is dealt with, and then one more bundle of all there is. What is wrong, in words."""
        return [
            f"{name}: {fault}"
            for name, office in self._offices.items()
            for fault in await self._cleared_one(name, office)
        ]

    async def _cleared_one(self, name: str, office: Office) -> list[str]:
        office.settle()
        # Nothing comes too late before anything has come.
        first = [self._plan.struck] if self._plan.struck not in ("", "late") and not self._any_taken else []
        for way in (*first, "bulk"):
            await self._dealt(name, office)
            await office.drop(way)
        if not await self._dealt(name, office):
            return [f"{[each.name for each in office.lying()]} lie in the inbox for days"]
        self._any_taken = True
        faults = office.misplaced(self._campus.record.counts["death depot.put:moved"])
        office.clear()
        return faults

    async def _dealt(self, name: str, office: Office) -> bool:
        for look in range(1, LOOKS_MAX):
            if not office.lying():
                return True
            await self._registrar.resume(name)
            await self._registrar.sync(name, "delta")
            await trio.sleep(LOOK_S)
            if look % RESTART_LOOKS == 0:
                self._campus.stop_gently()  # what could not be moved is tried once more
        return False
