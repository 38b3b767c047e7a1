"""A seed, whatever it is of: statements that are sent (``directed``) or read from another LRS
(``relayed``), a school that is read (``term``), or one whose rosters are kept (``assembly``)."""

from tests.simulation import assembly, relayed, term
from tests.simulation.directed import scenario_of
from tests.simulation.play import Outcome, play


def outcome_of(seed: int | str, *, keep_lines: bool = False) -> Outcome:
    """Raises ValueError for a name that nobody knows."""
    if isinstance(seed, str) and seed.split()[0] in ("term", "lesson"):
        return term.play(seed, keep_lines=keep_lines)
    if isinstance(seed, str) and seed.split()[0] in ("relay", "relayed"):
        return relayed.play(seed, keep_lines=keep_lines)
    if isinstance(seed, str) and seed.split()[0] in ("roster", "roll"):
        return assembly.play(seed, keep_lines=keep_lines)
    return play(scenario_of(seed), keep_lines=keep_lines)
