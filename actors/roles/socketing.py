"""Listens over a socket that we open: for hosts that the internet cannot reach.

A message is acknowledged once what it tells is on disk; what is not acknowledged is told again. When the vendor says
that a connection ends soon, the next one is opened while the old one still tells, so that nothing falls between them.
"""

from typing import TYPE_CHECKING

import trio

from actors.domain.tidings import Failure, Line
from actors.domain.verdicts import Faulted, Revoked, Unavailable
from actors.kernel import converse
from actors.ports import StoreUnavailable
from actors.ports.listening import Listening, Wire
from actors.roles.world import World
from config.secrets import SecretUnavailable

if TYPE_CHECKING:
    from actors.roles.listener import Listener

AGAIN_FIRST_S = 1.0
AGAIN_LAST_S = 300.0
REVOKED_S = 900.0
LINGER_S = 60.0
"""A connection that ends soon tells for so long beside the next one."""
GREETED_S_MAX = 30.0


class SocketKeeper:
    """One lane's."""

    def __init__(self, listener: "Listener", listening: Listening, world: World) -> None:
        self._listener = listener
        self._lane = listener.lane
        self._listening = listening
        self._world = world
        self._open = 0
        self._failures = 0
        self._wake = trio.Event()
        self._ailing = ""

    @property
    def connected(self) -> bool:
        return self._open > 0

    def anew(self) -> None:
        """The credentials are new."""
        self._failures = 0
        self._wake.set()

    async def run(self) -> None:
        """Runs for ever: one connection after the other."""
        while True:
            self._wake = trio.Event()
            over = trio.Event()
            self._listener.spawn(self._connection, over)
            await over.wait()
            if wait_s := self._wait_s():
                with trio.move_on_after(wait_s):
                    await self._wake.wait()

    def _wait_s(self) -> float:
        """Until the next one: at once after one that went well, else ever later, at a distance of its own."""
        if not self._failures:
            return 0.0
        last_s = REVOKED_S if self._ailing == Revoked.__name__ else AGAIN_LAST_S
        first_s = last_s if self._ailing == Revoked.__name__ else AGAIN_FIRST_S
        return min(last_s, first_s * 2.0 ** min(self._failures - 1, 10)) * (0.5 + 0.5 * self._world.dice.random())

    async def _connection(self, over: trio.Event) -> None:
        """From the address to the end. ``over`` is set when the next one is wanted."""
        try:
            line = await self._dialled()
            if not isinstance(line, Line):
                self._fail(type(line).__name__, line.detail)
                return
            async with self._world.sockets.open(line.url) as wire:
                if isinstance(wire, str):
                    self._fail("Unavailable", wire)
                    return
                await self._listen(wire, over)
        finally:
            over.set()

    async def _dialled(self) -> Line | Failure:
        try:
            async with self._listener.line() as (http, journey):
                return await converse(self._listening.dial(), http, before=journey.before, after=journey.after)
        except SecretUnavailable as error:
            return Unavailable(f"our credentials cannot be read: {error}")
        except Exception as error:  # noqa: BLE001  # a connector's bug must not end what is heard
            self._world.witness.trouble("listener.fault", error, lane=self._lane)
            return Faulted("a mistake of ours")

    async def _listen(self, wire: Wire, over: trio.Event) -> None:
        greeted = False
        ends = trio.CancelScope(deadline=trio.current_time() + GREETED_S_MAX)
        try:
            with ends:
                while (message := await wire.receive()) is not None:
                    said = self._listening.listen(message, await self._listener.ourselves())
                    if said.greeted and not greeted:
                        greeted = True
                        ends.deadline = float("inf")
                        self._opened()
                    if said.refused is not None:
                        self._listener.refuse(said.refused, "told over the socket")
                    if said.notes:
                        await self._listener.heed.take(said.notes, "socket")
                        self._listener.changed()
                        self._listener.stir()
                    self._listener.show_heard(said.ignored)
                    if said.answer and not await wire.send(said.answer):
                        break
                    if said.leave:
                        over.set()
                        ends.deadline = trio.current_time() + LINGER_S
        except StoreUnavailable as error:  # not acknowledged: it is told again, over the next one
            self._world.witness.trouble("listener.store_unavailable", error, lane=self._lane)
        except Exception as error:  # noqa: BLE001  # as above
            self._world.witness.trouble("listener.fault", error, lane=self._lane)
        finally:
            if greeted:
                self._open -= 1
                self._listener.show()
            if not over.is_set():
                self._failures += 1
                self._world.witness.event("listener.socket_closed", lane=self._lane, greeted=greeted)

    def _opened(self) -> None:
        self._open += 1
        self._failures = 0
        self._ailing = ""
        self._world.witness.event("listener.socket_opened", lane=self._lane)
        self._world.switchboard.survey(self._lane)  # what was told while there was none
        self._listener.show()

    def _fail(self, kind: str, detail: str) -> None:
        self._failures += 1
        if kind != self._ailing:
            self._ailing = kind
            self._world.witness.trouble("listener.socket_failed", None, lane=self._lane, detail=detail)
