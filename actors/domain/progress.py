"""How far something long is, told by whoever does it; whoever waits for it may give it up while that can be.

Nothing of it is remembered: it is looked at while it lasts.
"""

from collections.abc import Callable

WAITING = "waiting"


class Progress:
    """``done`` of ``of`` (0: not known) in ``unit``. Not safe between threads, and need not be."""

    def __init__(self) -> None:
        self.doing, self.done, self.of, self.unit = WAITING, 0, 0, ""
        self.within = ""
        """Of several things one after the other the one that is done now; it is named before what is done."""
        self._end: Callable[[], None] | None = None
        self._is_given_up = False
        self.is_bound = False
        """It goes to its end, whoever waits for it."""

    def step(self, doing: str, done: int = 0, of: int = 0, unit: str = "") -> None:
        self.doing, self.done, self.of, self.unit = doing, done, of, unit

    @property
    def named(self) -> str:
        """What is being done, and of what."""
        return f"{self.within}: {self.doing}" if self.within else self.doing

    def words(self) -> str:
        """In a line, without what it is within."""
        if not self.of:
            return f"{self.doing}, {self.done:,} {self.unit}".rstrip() if self.done else self.doing
        return f"{self.doing}, {self.done:,} of {self.of:,} {self.unit}".rstrip()

    # ── giving it up ─────────────────────────────────────────────────────────────────────────────────

    def ended_by(self, end: Callable[[], None]) -> None:
        """Whoever does it says how it is ended. It is at once where it was given up before it began."""
        self._end = end
        if self._is_given_up:
            end()

    def bind(self) -> None:
        """From here on it goes to its end, whoever waits for it."""
        self.is_bound = True

    def give_up(self) -> bool:
        """Nobody waits for it any more. Whether it ends by that; else it goes on."""
        if self.is_bound:
            return False
        self._is_given_up = True
        if self._end is not None:
            self._end()
        return True
