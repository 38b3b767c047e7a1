"""Which places a reading has seen: a bit each, in leaves that exist only where something was seen."""

_LEAF_BITS = 1 << 15


class Seen:
    """A set of small numbers. A million of them that lie together take 128 KiB."""

    __slots__ = ("_leaves",)

    def __init__(self) -> None:
        self._leaves: dict[int, bytearray] = {}

    def add(self, no: int) -> None:
        leaf = self._leaves.get(no >> 15)
        if leaf is None:
            leaf = self._leaves[no >> 15] = bytearray(_LEAF_BITS // 8)
        leaf[(no & 32767) >> 3] |= 1 << (no & 7)

    def __contains__(self, no: int) -> bool:
        leaf = self._leaves.get(no >> 15)
        return leaf is not None and bool(leaf[(no & 32767) >> 3] >> (no & 7) & 1)
