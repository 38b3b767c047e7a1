"""An actor: private state, a mailbox, one message at a time. The receive loop is written here and nowhere else.

A role overrides ``receive`` and, where it needs them, ``started`` and ``stopping``. Work that goes on beside the
messages (a courier's pump) is a task of the actor's own, begun with ``spawn``; if it crashes, the actor crashes.

How one life goes: ``started`` → ``receive`` for each message → ``stopping`` → own tasks cancelled. ``stopping`` is
called at every end, a crash included, but not if ``started`` failed; the own tasks are still alive in it after an
orderly stop, so that it can let them finish.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextvars import Context
from functools import partial
from typing import Generic, TypeVarTuple

import trio

from actors.kernel.mailbox import Address, Envelope, M, Mailbox, _current

Args = TypeVarTuple("Args")


class GraceExceeded(Exception):
    """What an actor was doing when told to stop took longer than its grace period, and was cut."""


class StartTooSlow(Exception):
    """``started`` did not return within the spec's ``start_s``."""


class Actor(ABC, Generic[M]):
    """Base of every role. The attributes below are set before ``started``; ``__init__`` belongs to the role."""

    path: str
    """Where it hangs in the tree: ``root/acme/courier:slack``."""
    address: Address[M]
    """Its own mailbox, to hand to others."""
    nursery: trio.Nursery
    """Its own tasks. Prefer ``spawn``: tasks started directly inherit the context of the message being handled."""
    _life: "Life[M]"

    async def started(self) -> None:
        """Get ready; later siblings are started after it returns. Must be quick: they wait for it."""
        await trio.lowlevel.checkpoint()

    @abstractmethod
    async def receive(self, message: M) -> None:
        """Handle one message. An exception is a crash: the message is lost, the actor starts anew."""

    async def stopping(self) -> None:
        """Clean up. Shielded from cancellation, cut after the spec's ``grace_s``."""
        await trio.lowlevel.checkpoint()

    def spawn(self, function: Callable[[*Args], Awaitable[object]], *args: *Args) -> None:
        """Begin an own task, in an empty context: under a span it would keep that span for ever."""
        Context().run(partial(self.nursery.start_soon, function, *args))

    def finish(self) -> None:
        """End of own accord, after the message in hand; a permanent child is then started again."""
        self._life.finish()


class Life(Generic[M]):
    """One incarnation of an actor, as its supervisor holds it."""

    def __init__(
        self,
        actor: Actor[M],
        mailbox: Mailbox[M],
        *,
        path: str,
        start_s: float,
        grace_s: float,
        report: Callable[[Exception], None],
    ) -> None:
        """``report`` hears of what goes wrong while stopping, where raising would hide why it stopped."""
        self._actor = actor
        self._mailbox = mailbox
        self._path = path
        self._start_s = start_s
        self._grace_s = grace_s
        self._report = report
        self._up = False
        self._ending = False
        self._in_hand: Envelope[M] | None = None
        self._beginning = trio.CancelScope()
        self._waiting = trio.CancelScope()
        self._handling = trio.CancelScope()

    @property
    def in_hand(self) -> str:
        """The type of the message that was being handled when this life ended, or empty."""
        return "" if self._in_hand is None else type(self._in_hand.message).__name__

    def stop(self) -> None:
        """End soon: at once while starting or waiting, else when the message in hand is done or its grace is over."""
        self._beginning.cancel()
        self._handling.deadline = trio.current_time() + self._grace_s
        self.finish()

    def finish(self) -> None:
        self._ending = True
        self._waiting.cancel()

    async def live(self, up: Callable[[], None]) -> None:
        """From ``started`` to the end of the last own task; calls ``up`` in between. Raises what crashed it.

        The caller shields it: only ``stop`` and ``finish`` end it from outside.
        """
        actor = self._actor
        try:
            async with trio.open_nursery() as nursery:
                actor.path, actor.address, actor.nursery, actor._life = self._path, self._mailbox.address, nursery, self
                if await self._begin():
                    try:
                        up()
                        await self._work()
                    finally:
                        await self._stopping()
                nursery.cancel_scope.cancel()
        finally:
            if self._in_hand is not None:
                self._mailbox.lost += 1
            self._mailbox.release()

    async def _begin(self) -> bool:
        """True once started; False if told to stop before that."""
        with self._beginning:
            with trio.move_on_after(self._start_s) as patience:
                await self._actor.started()
                self._up = True
            if patience.cancelled_caught:
                raise StartTooSlow(f"not started within {self._start_s:g} s")
        return self._up

    async def _work(self) -> None:
        with self._handling:
            while not self._ending:
                with trio.CancelScope() as self._waiting:
                    envelope = await self._mailbox.take()
                if self._waiting.cancelled_caught:
                    return
                await self._handle(envelope)
        if self._handling.cancelled_caught and self._in_hand is not None:
            self._report(GraceExceeded(f"cut while handling {self.in_hand}, {self._grace_s:g} s after the stop"))

    async def _handle(self, envelope: Envelope[M]) -> None:
        self._in_hand = envelope
        token = _current.set(envelope)
        try:
            await self._actor.receive(envelope.message)
        finally:
            _current.reset(token)
        self._in_hand = None

    async def _stopping(self) -> None:
        try:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + self._grace_s) as grace:
                await self._actor.stopping()
            if grace.cancelled_caught:
                self._report(GraceExceeded(f"stopping took longer than {self._grace_s:g} s"))
        except Exception as error:  # noqa: BLE001  # reported, not swallowed: what ended the life must not be hidden
            self._report(error)
