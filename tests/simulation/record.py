"""What happened, in order: one line an event, and a hash over all of them. Two runs of one seed are equal if their
hashes are."""

from collections import Counter, deque
from hashlib import blake2b

import trio

KEPT_MAX = 200_000
"""Lines kept for showing; the hash is over all of them."""


class Record:
    """Events of one run. ``counts`` says how often each thing happened (``death outbox.claim:before``)."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.lines: deque[str] = deque(maxlen=KEPT_MAX)
        self.events = 0
        self._hash = blake2b(digest_size=16)

    def note(self, kind: str, /, *parts: object, count: str = "") -> None:
        """One event at the present virtual time; ``count`` is counted too, where it is given."""
        line = f"{trio.current_time():.6f} {kind} {' '.join(map(str, parts))}"
        self.add(line)
        if count:
            self.counts[count] += 1

    def add(self, line: str) -> None:
        self.events += 1
        self.lines.append(line)
        self._hash.update(line.encode())
        self._hash.update(b"\n")

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()
