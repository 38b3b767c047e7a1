"""Where an actor's messages wait, and the end of it that others hold.

A mailbox is bounded and belongs to the child's spec, not to the actor: it survives restarts with all that waits in it.
Only the message in the actor's hands when it crashed is gone; it is counted as lost and never handed out again,
because a message that crashes its reader would crash it for ever.

Three ways to send, by who may wait for whom. Downwards an actor *tells* (waits while the mailbox is full). Upwards it
*notes* (never waits). A wake-up is a *hint*: equal hints that nobody has read yet are one.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

import msgspec
import trio

from actors.kernel.bounded import Bounded, Closed, Full
from actors.kernel.reply import ActorDied, DeadlineExceeded, Reply

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)
A = TypeVar("A")

ASK_DEADLINE_S = 10.0


class Envelope(msgspec.Struct, Generic[M], frozen=True, eq=False):
    """A message on its way. ``traceparent`` (W3C) and ``correlation_id`` are empty where nobody set them."""

    message: M
    traceparent: str = ""
    correlation_id: str = ""
    reply: Reply[Any] | None = None
    hint: bool = False


class MailboxGauge(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox as an operator sees it. ``dropped`` were refused because it was full or closed, ``lost`` were in the
    actor's hands when it ended, ``expired`` were questions nobody waited for any more; ``unanswered`` are in its hands
    now."""

    depth: int
    capacity: int
    high_water: int
    dropped: int
    lost: int
    expired: int
    unanswered: int


class MailboxInUse(Exception):
    """Two children were given one mailbox."""


_current: ContextVar[Envelope[Any] | None] = ContextVar("envelope", default=None)


def current_envelope() -> Envelope[Any] | None:
    """The envelope of the message being handled in this task; None outside ``receive``."""
    return _current.get()


class Mailbox(Generic[M]):
    """A bounded queue with one reader at a time. ``address`` is the end to hand around."""

    def __init__(self, capacity: int, name: str = "mailbox") -> None:
        if capacity < 1:
            raise ValueError(f"{name}: a mailbox holds at least one message, not {capacity}")
        self.name = name
        self.capacity = capacity
        self.address: Address[M] = Address(self)
        self.high_water = 0
        self.dropped = 0
        self.lost = 0
        self.expired = 0
        self.owned = False
        self._hints: dict[M, None] = {}  # an empty dict takes a third of an empty set's memory
        self._held: dict[Reply[Any], None] = {}
        self._queue = Bounded[Envelope[M]](capacity)

    def __repr__(self) -> str:
        return f"<Mailbox {self.name} {self.depth}/{self.capacity}>"

    @property
    def depth(self) -> int:
        """How many messages wait."""
        return len(self._queue)

    @property
    def closed(self) -> bool:
        """Nobody will read this for now."""
        return self._queue.closed

    def gauge(self) -> MailboxGauge:
        return MailboxGauge(
            depth=self.depth,
            capacity=self.capacity,
            high_water=self.high_water,
            dropped=self.dropped,
            lost=self.lost,
            expired=self.expired,
            unanswered=len(self._held),
        )

    # ── the sending side (by way of an address) ──────────────────────────────────────────────────────

    async def put(self, envelope: Envelope[M]) -> None:
        """Wait for room. Raises ActorDied if the mailbox is closed, also while waiting."""
        try:
            await self._queue.put(envelope)
        except Closed:
            raise ActorDied(self.name) from None
        self._mark()

    def put_nowait(self, envelope: Envelope[M]) -> bool:
        """False, and counted, where there is no room."""
        try:
            self._queue.put_nowait(envelope)
        except (Full, Closed):
            self.dropped += 1
            return False
        self._mark()
        return True

    def put_hint(self, envelope: Envelope[M]) -> bool:
        """As ``put_nowait``, but True without adding anything while an equal hint waits. O(1)."""
        if envelope.message in self._hints and not self.closed:
            return True
        if not self.put_nowait(envelope):
            return False
        self._hints[envelope.message] = None
        return True

    def _mark(self) -> None:
        self.high_water = max(self.high_water, self.depth)

    # ── the receiving side (the receive loop and the supervisor) ─────────────────────────────────────

    async def take(self) -> Envelope[M]:
        """The next message. Questions whose asker has gone are skipped. A cancelled take loses nothing."""
        while True:
            envelope = await self._queue.take()
            if envelope.hint:
                self._hints.pop(envelope.message, None)
            if envelope.reply is None:
                return envelope
            if envelope.reply.hold(self._held):
                return envelope
            self.expired += 1

    def release(self) -> None:
        """The reader is gone: whoever still waits for its answers is told so. What waits in the queue stays."""
        for reply in tuple(self._held):
            reply.fail(ActorDied(self.name))

    def adopt(self) -> None:
        """A supervisor takes charge; a closed mailbox opens again with what it kept."""
        if self.owned:
            raise MailboxInUse(f"{self.name}: this mailbox already belongs to a running child")
        self.owned = True
        self._queue.reopen()

    def close(self) -> None:
        """Nobody will read this for now: waiting tellers and askers get ActorDied, new ones too, notes are dropped.
        Messages that already waited are kept, should a later child be given this mailbox."""
        self.owned = False
        if self.closed:
            return
        waited = self._queue.close()
        self.release()
        for envelope in waited:
            if envelope.reply is not None:
                envelope.reply.fail(ActorDied(self.name))
        self._queue.keep([envelope for envelope in waited if envelope.reply is None])


class Address(Generic[M_contra]):
    """The sending end of a mailbox. Where ``correlation_id`` or ``traceparent`` is not given, a message sent while
    another is being handled carries on that one's."""

    __slots__ = ("_mailbox",)

    def __init__(self, mailbox: Mailbox[M_contra]) -> None:
        self._mailbox = mailbox

    def __repr__(self) -> str:
        return f"<Address of {self._mailbox.name}>"

    async def tell(
        self, message: M_contra, *, traceparent: str | None = None, correlation_id: str | None = None
    ) -> None:
        """Send, waiting while the mailbox is full: for use downwards. Raises ActorDied if nobody will ever read it."""
        await self._mailbox.put(_envelope(message, traceparent, correlation_id))

    def note(self, message: M_contra, *, traceparent: str | None = None, correlation_id: str | None = None) -> bool:
        """Send without ever waiting: for use upwards. False, and counted, where there was no room."""
        return self._mailbox.put_nowait(_envelope(message, traceparent, correlation_id))

    def hint(self, message: M_contra, *, traceparent: str | None = None, correlation_id: str | None = None) -> bool:
        """Send a (hashable) wake-up without waiting, or nothing where an equal hint still waits to be read: one read
        after this call is certain. False, and counted, where there was no room."""
        return self._mailbox.put_hint(_envelope(message, traceparent, correlation_id, hint=True))

    async def ask(
        self,
        question: Callable[[Callable[[A], None]], M_contra],
        *,
        deadline_s: float = ASK_DEADLINE_S,
        traceparent: str | None = None,
        correlation_id: str | None = None,
    ) -> A:
        """Send ``question(reply)`` and wait for what the actor passes to ``reply``, ``deadline_s`` seconds in all.
        Where a message's only field is ``reply``, its class is the question, and typed: ``await address.ask(HowDeep)``.

        Raises DeadlineExceeded (a question not yet read is then never handled) and ActorDied (it ended with the
        question in its hands, or is gone for good).
        """
        reply: Reply[A] = Reply(self._mailbox.name)
        envelope = _envelope(question(reply), traceparent, correlation_id, reply)
        try:
            with trio.move_on_after(deadline_s):
                await self._mailbox.put(envelope)
                await reply.concluded()
            if reply.open:
                raise DeadlineExceeded(self._mailbox.name, deadline_s)
            return reply.answer()
        finally:
            reply.abandon()


def _envelope(
    message: M,
    traceparent: str | None,
    correlation_id: str | None,
    reply: Reply[Any] | None = None,
    *,
    hint: bool = False,
) -> Envelope[M]:
    here = _current.get()
    if here is not None:
        traceparent = here.traceparent if traceparent is None else traceparent
        correlation_id = here.correlation_id if correlation_id is None else correlation_id
    return Envelope(message, traceparent or "", correlation_id or "", reply, hint)
