"""Which ids a file has told already: one that stands there twice must not mean now this and now that.

A set of a million texts would take a hundred megabytes; here an id takes 8 to 24 bytes, as its hash in a table of open
addresses. (64 bits: among a million ids two are mistaken for one another once in ten million files.)
"""

from array import array

FIRST, LAST = 1 << 10, 1 << 23
"""Places, at first and at most: 64 MiB. Beyond six million ids nothing is taken for a repetition."""
_MASK = (1 << 64) - 1


class Once:
    def __init__(self) -> None:
        self._places = array("Q", bytes(8 * FIRST))
        self._count = 0

    def is_new(self, name: str) -> bool:
        """Whether it is told for the first time."""
        key = hash(name) & _MASK or 1
        places = self._places
        last = len(places) - 1
        at = key & last
        while held := places[at]:
            if held == key:
                return False
            at = (at + 1) & last
        if 4 * self._count < 3 * len(places):
            places[at] = key
            self._count += 1
        elif len(places) < LAST:
            self._grow()
            return self.is_new(name)
        return True

    def _grow(self) -> None:
        former, self._places = self._places, array("Q", bytes(16 * len(self._places)))
        places, last = self._places, len(self._places) - 1
        for key in former:
            if key:
                at = key & last
                while places[at]:
                    at = (at + 1) & last
                places[at] = key
