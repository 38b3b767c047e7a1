"""Bytes to lines, at both ends of the control socket: bounded, and without searching anything twice."""

LINE_BYTES_MAX = 1 << 20


class LineTooLong(Exception):
    """The peer sent ``LINE_BYTES_MAX`` bytes without ending the line."""


class Lines:
    """Bytes in, whole lines out, both ends."""

    def __init__(self, bytes_max: int = LINE_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._rest = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> None:
        self._rest += data

    def next(self) -> bytes | None:
        """The next line without its end, or None until more is fed. Raises LineTooLong."""
        end = self._rest.find(b"\n", self._searched)
        if end < 0 and len(self._rest) <= self._bytes_max:
            self._searched = len(self._rest)
            return None
        if end < 0 or end > self._bytes_max:
            raise LineTooLong
        line = bytes(self._rest[:end])
        del self._rest[: end + 1]
        self._searched = 0
        return line
