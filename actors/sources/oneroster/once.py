"""Which ids a file has told already: one that stands there twice must not mean now this and now that.

A set of a million texts would take a hundred megabytes, and a table that doubles 24 where it grows; here an id takes
six bytes, a part of its hash, in one of many short lists. (Of its hash 62 bits count: among a million ids two are
mistaken for one another once in ten million files.)
"""

BYTES = 6
COUNT_MAX = 8_000_000
"""Ids that are remembered: 64 MiB. Beyond them nothing is taken for a repetition."""
_LISTS = 1 << 14
_MARKS = (1 << 8 * BYTES) - 1


class Once:
    def __init__(self) -> None:
        self._lists: dict[int, bytearray] = {}
        self._count = 0

    def is_new(self, name: str) -> bool:
        """Whether it is told for the first time."""
        key = hash(name)
        mark = (key // _LISTS & _MARKS).to_bytes(BYTES)
        marks = self._lists.setdefault(key % _LISTS, bytearray())
        at = marks.find(mark)
        while at >= 0 and at % BYTES:  # it lies across two others
            at = marks.find(mark, at + 1)
        if at < 0 and self._count < COUNT_MAX:
            marks += mark
            self._count += 1
        return at < 0
