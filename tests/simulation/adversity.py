"""What goes wrong while rosters are kept, by chance: vendors and sources fail, the process dies, its database trembles,
its clock is set wrong, an operator pauses a source.
"""

from random import Random

import trio

from tests.simulation.campus import SimulatedCampus
from tests.simulation.fate import Blow
from tests.simulation.hall import VENDORS
from tests.simulation.registrar import Registrar
from tests.simulation.shaky import KINDS, WHERE, Tremor
from tests.simulation.systems import SYSTEMS, fault_of
from tests.simulation.timetable import POINTS, Plan, fault_of_roster
from tests.simulation.wire import FLAVOURS


class Adversity:
    """Of one plan."""

    def __init__(self, campus: SimulatedCampus, plan: Plan, dice: Random, registrar: Registrar) -> None:
        self._campus = campus
        self._plan = plan
        self._dice = dice
        self._registrar = registrar

    async def happens(self) -> str:
        """Something. What."""
        campus, dice, name = self._campus, self._dice, self._plan.system
        what = dice.choice(
            ("fault", "fault", "fault", "fault", "outage", "death", "death", "crash", "kill", "stop", "restart",
             "database", "source", "pause", *(("clock", "clock") if self._plan.jumps else ()))
        )  # fmt: skip
        vendor = dice.choice(sorted({VENDORS[rule.into.kind] for rule in self._plan.rules}))
        source = f"source {SYSTEMS[name].kind}"
        match what:
            case "fault":
                fault = fault_of_roster(vendor, dice, campus.virtual_s())
                campus.vendors.fakes[name, vendor].fault(fault)
                return f"fault {vendor} {fault.kind}"
            case "source":
                operation = dice.choice(("", *SYSTEMS[name].operations))
                kind = dice.choice(SYSTEMS[name].faults)
                campus.vendors.fakes[name, source].fault(fault_of(name, kind, operation, dice, dice.choice((1, 1, 3))))
            case "outage":
                whose = dice.choice((vendor, vendor, source))
                campus.vendors.out[name, whose] = dice.choice(FLAVOURS)
                await trio.sleep(dice.choice((5.0, 300.0, 1500.0)))
                campus.vendors.out.pop((name, whose), None)
            case "death" | "crash":
                point = dice.choice(POINTS)
                crash = what == "crash" and point.endswith((":before", ":after", ":answered"))
                campus.blows.append(Blow(point, dice.choice((1, 1, 2, 5)), crash=crash))
            case "kill":
                campus.kill()
            case "stop":
                campus.stop_gently()
            case "restart":
                if campus.life is not None:
                    with trio.move_on_after(60):
                        whom = dice.choice(("reconciler", f"courier:{vendor}"))
                        await campus.kernel.registry.restart(f"root/{name}/{whom}")
            case "clock":
                by_us = round(dice.choice((-7_200, -60, 60, 7_200, 100_000)) * 1e6)
                campus.hands.off_us += by_us
                await trio.sleep(dice.choice((5.0, 600.0, 4_000.0)))
                campus.hands.off_us = 0
            case "database":
                kind, where = dice.choice(sorted(KINDS)), dice.choice(WHERE)
                campus.ground.tremors.append(Tremor(where, kind, dice.randint(1, 40), dice.choice((1, 1, 3))))
            case _:
                await self._registrar.pause(name, dice.choice((10.0, 400.0)))
        return what
