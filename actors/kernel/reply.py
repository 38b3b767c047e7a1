"""The way back of a question: a port that is answered exactly once.

To the actor it is only something to call, so that messages can be typed without knowing this package:
``class HowDeep(msgspec.Struct): reply: Callable[[int], None]``.
"""

from enum import Enum, auto
from typing import Any, Generic, TypeVar, cast

import trio

A = TypeVar("A")


class ActorDied(Exception):
    """The actor ended with the question in its hands, or is gone for good."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} ended without an answer")
        self.name = name


class DeadlineExceeded(Exception):
    """No answer in time. Whether the actor acted on the question is not known, unless it never read it."""

    def __init__(self, name: str, deadline_s: float) -> None:
        super().__init__(f"{name} did not answer within {deadline_s:g} s")
        self.name = name
        self.deadline_s = deadline_s


class AnsweredTwice(Exception):
    """A question was answered again: a fault of the actor that answers."""


class _State(Enum):
    OPEN = auto()
    ANSWERED = auto()
    FAILED = auto()
    ABANDONED = auto()


class Reply(Generic[A]):
    """Call it with the answer, once, from ``receive`` or later. An answer that nobody waits for any more is dropped."""

    __slots__ = ("_answer", "_concluded", "_failure", "_holders", "_name", "_state")

    def __init__(self, name: str) -> None:
        self._name = name
        self._state = _State.OPEN
        self._concluded = trio.Event()
        self._answer: A | None = None
        self._failure: Exception | None = None
        self._holders: dict[Reply[Any], None] | None = None

    def __call__(self, answer: A) -> None:
        if self._state is _State.ANSWERED:
            raise AnsweredTwice(f"a question to {self._name} was answered twice")
        if self._state is _State.OPEN:
            self._answer = answer
            self._conclude(_State.ANSWERED)

    @property
    def open(self) -> bool:
        """Somebody waits for an answer and has none."""
        return self._state is _State.OPEN

    # ── for the mailbox ──────────────────────────────────────────────────────────────────────────────

    def hold(self, holders: "dict[Reply[Any], None]") -> bool:
        """The actor takes the question in its hands; False where the asker has already gone."""
        if self._state is not _State.OPEN:
            return False
        self._holders = holders
        holders[self] = None
        return True

    def fail(self, failure: Exception) -> None:
        """There will be no answer, and why. Nothing where there was one already."""
        if self._state is _State.OPEN:
            self._failure = failure
            self._conclude(_State.FAILED)

    def abandon(self) -> None:
        """The asker goes away."""
        if self._state is _State.OPEN:
            self._conclude(_State.ABANDONED)

    async def concluded(self) -> None:
        await self._concluded.wait()

    def answer(self) -> A:
        """What was answered; raises where that is a failure. Only after ``concluded``."""
        if self._failure is not None:
            raise self._failure
        return cast(A, self._answer)

    def _conclude(self, state: _State) -> None:
        self._state = state
        self._concluded.set()
        if self._holders is not None:
            self._holders.pop(self, None)
            self._holders = None
