"""What a seed with sources stands for.

term N                       drawn by chance
lesson SYSTEM                one undisturbed round for each of WHAT
lesson SYSTEM fault KIND     every operation of the system struck once by that fault
lesson SYSTEM death POINT    dying there
"""

from random import Random

import msgspec

from tests.simulation.systems import SYSTEMS


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a seed stands for. ``doings``: what goes wrong or is done in a round, how often; ``struck``: faults that are
    set at the beginning of the first two rounds, at every operation; ``doomed``: where the process dies, in every
    round."""

    seed: str
    systems: tuple[str, ...]
    rounds: int
    changes: int
    doings: int
    lasts_s: float
    struck: str = ""
    doomed: str = ""


def plan_of(seed: str) -> Plan:
    """Raises ValueError for a name that nobody knows."""
    match seed.split():
        case ["term", number]:
            dice = Random(f"plan of {number}")
            count = dice.choice((1, 1, 2, 3))
            return Plan(
                seed=seed,
                systems=tuple(sorted(dice.sample(sorted(SYSTEMS), count))),
                rounds=dice.choice((2, 3, 4)),
                changes=dice.choice((3, 10, 20)),
                doings=dice.choice((0, 4, 10, 20)),
                lasts_s=dice.choice((400.0, 1800.0, 3600.0)),
            )
        case ["lesson", system] if system in SYSTEMS:
            return _lesson(seed, system)
        case ["lesson", system, "fault", kind] if system in SYSTEMS and kind in SYSTEMS[system].faults:
            return msgspec.structs.replace(_lesson(seed, system), struck=kind)
        case ["lesson", system, "death", point] if system in SYSTEMS:
            return msgspec.structs.replace(_lesson(seed, system), doomed=point, rounds=2)
        case _:
            raise ValueError(f"unknown scenario {seed!r}")


def _lesson(seed: str, system: str) -> Plan:
    return Plan(seed=seed, systems=(system,), rounds=3, changes=16, doings=0, lasts_s=1200.0)
