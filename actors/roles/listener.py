"""Hears one target's vendor: what it posts to us, what it tells over a socket, and what it says when it is asked.

One listener a target, beside its courier. Whoever posts is answered once what it tells is on disk and acted on
(``heeding``); what needs a vendor's answer (a renewal, a look at a channel) is done afterwards, by ``surveying`` and
``subscriber``. Without an address that the internet reaches nothing is lost but time: Slack tells over a socket
(``socketing``), and every vendor is asked from time to time.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import trio

from actors.domain.tidings import Challenged, Ourselves, Told, Untold
from actors.kernel import Actor, converse
from actors.messages import Hear, HookAnswer, ListenerMessage, Reconnected, SecretsChanged, Survey
from actors.ports import Http, StoreUnavailable, Target
from actors.ports.audit import Deed
from actors.ports.listening import ListenerMode, ListenerView, Listening
from actors.roles.heeding import Heed
from actors.roles.pacing import Journey, Pacer
from actors.roles.socketing import SocketKeeper
from actors.roles.subscriber import Subscriber
from actors.roles.surveying import Surveyor
from actors.roles.world import World
from config.model import Tenant
from config.secrets import SecretUnavailable

AT_ONCE = 8
CLOSE_S_MAX = 2.0
STORE_RETRY_S = 1.0
REST_S_MAX = 300.0
"""Nobody sleeps longer than this by a wall clock that somebody may set."""
SECRET_AGAIN_S = 60
NOTED_EVERY_S = 60.0
"""What is refused at the door is told once in so long, with its number."""


class Listener(Actor[ListenerMessage]):
    """Hears one target."""

    def __init__(self, tenant: Tenant, name: str, target: Target, listening: Listening, world: World) -> None:
        super().__init__()
        self.lane = f"{tenant.name}/{name}"
        self._tenant = tenant.name
        self._listening = listening
        self._world = world
        self._target = target
        self._pacer: Pacer | None = None
        self._heed = Heed(tenant.name, name, target.kind, world)
        self._room: trio.CapacityLimiter | None = None
        self._wake = trio.Event()
        self._ourselves: Ourselves | None = None
        self._version = 0
        self._refused: dict[str, int] = {}
        self._refused_at_s = -NOTED_EVERY_S
        self._view = ListenerView(lane=self.lane)
        audiences = tuple(route.audience for route in tenant.routes if route.to == name)
        routed = listening.routed(audiences)
        self._surveyor = Surveyor(self, target, listening, routed, world)
        self._subscriber = Subscriber(self, listening, listening.resources(routed), world)
        self._socket = SocketKeeper(self, listening, world) if listening.has_socket else None
        self.show()

    # ── what its parts share ─────────────────────────────────────────────────────────────────────────

    @property
    def heed(self) -> Heed:
        return self._heed

    async def ourselves(self) -> Ourselves:
        """Raises StoreUnavailable."""
        if self._ourselves is not None:
            return self._ourselves
        version = self._version
        standing = await self._world.tidings.standing(self.lane)
        watches = await self._world.tidings.watches(self.lane)
        found = Ourselves(names=standing.names, watches=tuple(watches))
        if version == self._version and found.names:  # what nobody knows yet is looked up each time
            self._ourselves = found
        self.show(**_of(found))
        return found

    def changed(self) -> None:
        """Who we are there, or the subscriptions that stand, are not what they were."""
        self._ourselves = None
        self._version += 1

    def stir(self) -> None:
        """There is something to do."""
        self._wake.set()

    @asynccontextmanager
    async def line(self) -> AsyncIterator[tuple[Http, Journey]]:
        """For one conversation, within the vendor's limits. Raises what the conversation does."""
        http = self._world.http()
        pacer = self._world.switchboard.pacers.get(self.lane)
        if pacer is None:  # its courier is being started again
            pacer = self._pacer = self._pacer or Pacer(self._target, trio.current_time)
        journey = Journey(pacer, None, probing=True)
        try:
            yield http, journey
        except BaseException:
            journey.abandon()
            raise
        finally:
            with trio.move_on_after(CLOSE_S_MAX, shield=True):
                await http.aclose()

    def show_heard(self, ignored: int) -> None:
        """Something came over the socket."""
        self.show(heard_us=self._world.clock.now_us(), ignored=self._view.ignored + ignored)

    def show(self, **changes: object) -> None:
        """How it stands, for whoever looks."""
        changes |= {"told": dict(self._heed.told), "repeated": self._heed.repeated, "mode": self._mode()}
        self._view = msgspec.structs.replace(self._view, **changes)
        self._world.switchboard.listener_views[self.lane] = self._view

    def _mode(self) -> ListenerMode:
        if self._socket is not None and self._socket.connected:
            return "socket"
        return "calls" if self._listening.has_door or self._view.watches else "asks"

    # ── its life ─────────────────────────────────────────────────────────────────────────────────────

    async def started(self) -> None:
        self.spawn(self._go_on)
        if self._socket is not None:
            self.spawn(self._socket.run)

    async def receive(self, message: ListenerMessage) -> None:
        match message:
            case Hear():
                self.spawn(self._hear, message)
            case Survey(place=place):
                self._surveyor.soon(place)
                self.stir()
            case Reconnected():
                self.changed()
                self._surveyor.anew()
                self._go_at_once()
            case SecretsChanged():
                self._surveyor.again()
                self._go_at_once()

    def _go_at_once(self) -> None:
        """Whatever waits because it failed does not."""
        self._subscriber.anew()
        if self._socket is not None:
            self._socket.anew()
        self.stir()

    async def stopping(self) -> None:
        """A target that is not configured any more leaves no subscription behind, as far as its grace allows."""
        if self.lane in self._world.switchboard.leaving:
            await self._subscriber.leave()

    async def _go_on(self) -> None:
        """Whatever is to be done beside hearing, one thing at a time."""
        while True:
            self._wake = trio.Event()
            try:
                rest_s = await self._once()
            except StoreUnavailable as error:
                self._world.witness.trouble("listener.store_unavailable", error, lane=self.lane)
                rest_s = STORE_RETRY_S
            self.show()
            with trio.move_on_after(min(rest_s, REST_S_MAX)):
                await self._wake.wait()

    async def _once(self) -> float:
        """How long nothing is to be done, in seconds. Raises StoreUnavailable."""
        if await self._heed.settle():
            return 0.0
        self._tell_refused()
        return min(await self._surveyor.step(), await self._subscriber.step())

    # ── calls ────────────────────────────────────────────────────────────────────────────────────────

    async def _hear(self, message: Hear) -> None:
        if self._room is None:  # most are never called
            self._room = trio.CapacityLimiter(AT_ONCE)
        async with self._room:
            answer = await self._answered(message)
        self.show()
        message.reply(answer)
        if answer.status < 300:
            self.stir()

    async def _answered(self, message: Hear) -> HookAnswer:
        try:
            return await self._heard(message)
        except StoreUnavailable as error:
            answer = HookAnswer(503, "it cannot be stored now", error.retry_after_s)
        except SecretUnavailable as error:
            self._world.witness.trouble("listener.fault", error, lane=self.lane)
            answer = HookAnswer(503, "it cannot be checked now", SECRET_AGAIN_S)
        except Exception as error:  # noqa: BLE001  # a connector's bug must not end what hears beside it
            self._world.witness.trouble("listener.fault", error, lane=self.lane)
            answer = HookAnswer(500, "this could not be handled; it has been logged")
        self.show(failed=self._view.failed + 1)
        return answer

    async def _heard(self, message: Hear) -> HookAnswer:
        world, now_us = self._world, self._world.clock.now_us()
        async with self.line() as (http, journey):
            hearing = self._listening.hear(message.inbound, now_us, await self.ourselves())
            said = await converse(hearing, http, before=journey.before, after=journey.after)
        match said:
            case Challenged(text=text):
                world.witness.event("listener.challenged", lane=self.lane, correlation_id=message.correlation_id)
                return HookAnswer(200, text=text)
            case Told(notes=notes, ignored=ignored, status=status):
                await self._heed.take(notes, "call", message.correlation_id)
                self.changed()
                self.show(heard_us=now_us, ignored=self._view.ignored + ignored)
                return HookAnswer(status)
            case Untold(status=status, reason=reason, detail=detail, again=again):
                self.refuse(reason, detail, message.correlation_id)
                return HookAnswer(status, "it is not taken", again=again)

    def refuse(self, reason: str, detail: str, correlation_id: str = "") -> None:
        """Somebody who is not heard: counted, told now and then, and in the audit."""
        self.show(refused=self._view.refused + 1)
        self._refused[reason] = self._refused.get(reason, 0) + 1
        deed = Deed(who="unknown", what="events.refused", on=self.lane, correlation_id=correlation_id)
        self._world.audit.refused(self._tenant, deed, f"{reason}: {detail}" if detail else reason)
        self._tell_refused()

    def _tell_refused(self) -> None:
        """Anybody may knock: what is told of it is bounded."""
        if not self._refused or trio.current_time() - self._refused_at_s < NOTED_EVERY_S:
            return
        self._refused_at_s = trio.current_time()
        for reason, count in self._refused.items():
            self._world.witness.trouble("listener.refused", None, lane=self.lane, reason=reason, count=count)
        self._refused = {}


def _of(ourselves: Ourselves) -> dict[str, object]:
    """What a view shows of it."""
    made = [watch for watch in ourselves.watches if watch.id]
    return {"watches": len(made), "ends_us": min((watch.ends_us for watch in made), default=None)}
