"""Which fault strikes which request: the bookkeeping every fake vendor needs.

The kinds and what they do are each fake's own; here is only *when*: matching, skipping, chance and count.
"""

from collections.abc import Callable
from random import Random

from actors.ports.vendors import Fault

VALUE_CHARS_MAX = 200


class Faults:
    """The faults set on one fake, in the order they were set: the first that strikes wins.

    ``switches`` are kinds that change how the vendor behaves while they are set, whatever their ``times``.
    """

    def __init__(self, strikes: frozenset[str], switches: frozenset[str] = frozenset(), seed: int = 0) -> None:
        self._strikes = strikes
        self._switches = switches
        self._dice = Random(seed)  # noqa: S311 - a rehearsal's dice, not a secret
        self._set: list[_Set] = []

    def add(self, fault: Fault) -> None:
        """Raises ValueError for a kind this fake does not know."""
        if fault.kind not in self._strikes | self._switches:
            known = ", ".join(sorted(self._strikes | self._switches))
            raise ValueError(f"unknown fault {fault.kind!r}: one of {known}")
        if len(fault.value) > VALUE_CHARS_MAX or not (fault.value.isascii() and fault.value.isprintable()):
            raise ValueError(f"a fault's value is at most {VALUE_CHARS_MAX} printable ASCII characters")
        if fault.times < 0 or fault.skip < 0 or not 0.0 <= fault.chance <= 1.0:
            raise ValueError("times and skip are not negative, chance is between 0 and 1")
        self._set.append(_Set(fault))

    def clear(self) -> None:
        self._set.clear()

    def switched(self, kind: str) -> Fault | None:
        """The switch of this kind, if it is on."""
        return next((each.fault for each in self._set if each.fault.kind == kind), None)

    def strike(
        self, operation: str, destination: str = "", concerns: Callable[[Fault], bool] = lambda _: True
    ) -> Fault | None:
        """The fault that strikes this request, if any; spends one of its times."""
        for each in self._set:
            fault = each.fault
            if fault.kind in self._switches or not each.left or not concerns(fault):
                continue
            if fault.operation not in ("", operation) or fault.destination not in ("", destination):
                continue
            if each.skip:
                each.skip -= 1
            elif fault.chance >= 1.0 or self._dice.random() < fault.chance:
                each.left -= 1
                return fault
        return None


class _Set:
    """A fault with what is left of it; ``times = 0`` counts down from infinity."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.skip = fault.skip
        self.left: float = fault.times or float("inf")
