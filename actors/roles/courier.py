"""A lane's deliveries become effects: one courier a lane, several deliveries in flight, never two for one destination.

The courier decides *when* (``domain.pulse``: outages and throttles; the outbox: what is due) and keeps the lane's
token buckets; ``carriage`` takes one delivery to the vendor and back. Its life has a name of its own, with which it
claims: whatever an earlier life left claimed is of unknown outcome, and is probed before it is sent again.
"""

import trio

from actors.domain.outbox import Delivery
from actors.domain.pulse import Pulse
from actors.domain.verdicts import Delivered, Revoked
from actors.kernel import Actor, converse
from actors.messages import CourierMessage, Drain, HowGoesIt, LaneView, Ready, Resumed
from actors.ports import Claimed, Http, StoreUnavailable, Target
from actors.roles.bundling import Bundling
from actors.roles.carriage import Carriage
from actors.roles.pacing import GivenBack, Journey, Pacer
from actors.roles.world import World
from config.model import Tenant
from config.secrets import SecretUnavailable

STORE_RETRY_S = 1.0
APPETITE_MIN = 4
REST_S_MAX = 60.0
"""Nobody sleeps longer than this by a wall clock that somebody may set."""
STEP_US = 30_000_000
"""By so much the wall clock may drift from the one that only goes forward before stamps are mended: half of what a
probe looks further back."""
HELLO_FIRST_S = 30.0
HELLO_LAST_S = 900.0
HELLO_SPACE_S = 5.0  # never sooner than this after the last one, however much comes in meanwhile


class Courier(Actor[CourierMessage]):
    """Carries one lane."""

    def __init__(self, tenant: Tenant, target_name: str, target: Target, world: World) -> None:
        super().__init__()
        self.lane = f"{tenant.name}/{target_name}"
        self.life = f"{world.boot}.{world.dice.token()[:8]}"
        self._world = world
        self._target = target
        self._enabled = [route.name for route in tenant.routes if route.enabled and route.to == target_name]
        self._pulse = Pulse(window_max=world.window)
        self._pacer = world.switchboard.pacers[self.lane] = Pacer(target, trio.current_time, self._stir)
        self._carriage = Carriage(self.lane, self.life, tenant, target, world, self._pacer, self._pulse)
        self._wake = trio.Event()
        self._wall_us = self._wall_from_us()
        self._https: list[Http] = []
        self._bundling = Bundling(target.bundler, world.http, self.spawn, self._pacer.anew)
        self._appetite_min = max(APPETITE_MIN, 1 if target.bundler is None else target.bundler.size_max)
        self._appetite = self._appetite_min
        self._in_flight = 0
        self._draining = False
        self._idle = trio.Event()
        self._held = Claimed()
        self._hello_at_s = -HELLO_SPACE_S  # when the last one was, by trio's clock
        self._hello_s = 0.0  # the first is at once: a restart or a reload may have brought the cure

    async def started(self) -> None:
        self.spawn(self._pump)

    async def _recover(self) -> None:
        """Take over what an earlier life left. A store that cannot be written keeps nobody else from starting."""
        world = self._world
        settle_us = int(self._target.settle_s * 1e6)
        left = 0
        while not self._draining:
            try:
                left = await world.outbox.recover(self.lane, self.life, world.clock.now_us(), settle_us)
                if self._enabled:
                    await world.outbox.readmit(self.lane, self._enabled, world.clock.now_us())
                break
            except StoreUnavailable as error:
                world.witness.trouble("courier.store_unavailable", error, lane=self.lane)
                await trio.sleep(STORE_RETRY_S)
        if left:
            world.witness.event("courier.recovered", lane=self.lane, deliveries=left)

    async def receive(self, message: CourierMessage) -> None:
        match message:
            case Ready():
                self._hello_s = HELLO_FIRST_S
                self._wake.set()
            case Resumed():
                self._pulse.throttled_until_us = self._pulse.not_before_us = 0
                self._pacer.release()
                self._wake.set()
            case Drain():
                self._draining = True
                self._wake.set()
            case HowGoesIt(reply=reply):
                reply(self.view())

    async def stopping(self) -> None:
        """Drain: what is in flight is finished and recorded, as far as the grace period allows. What only waits for
        the vendor's limits is given back: a pause that the vendor named holds up no stop."""
        self._draining = True
        self._pacer.close()
        self._wake.set()
        try:
            await self._idle.wait()
            while self._in_flight:
                self._wake = trio.Event()
                await self._wake.wait()
        finally:
            for http in self._https:
                await http.aclose()
            await self._bundling.aclose()

    def view(self) -> LaneView:
        """The lane as this courier sees it now."""
        pulse, now_us = self._pulse, self._world.clock.now_us()
        return LaneView(
            lane=self.lane,
            in_flight=self._in_flight,
            window=pulse.window,
            window_max=pulse.window_max,
            throttled_until_us=pulse.throttled_until_us if pulse.throttled_until_us > now_us else None,
            suspended=self._held.suspended,
            paused_by=self._held.paused_by,
            outage=self._world.mask(pulse.outage),
        )

    async def _pump(self) -> None:
        try:
            await self._recover()
            while not self._draining:
                await self._claim_some()
        finally:
            self._idle.set()

    async def _claim_some(self) -> None:
        """Claim what is due as far as there is room, else sleep until something changes."""
        self._wake = trio.Event()
        try:
            await self._watch_clock()
        except StoreUnavailable as error:
            self._world.witness.trouble("courier.store_unavailable", error, lane=self.lane)
            await trio.sleep(STORE_RETRY_S)
            return
        now_us = self._world.clock.now_us()
        room = self._pulse.room(self._in_flight, now_us)
        if room == 0:
            await self._rest_until(self._pulse.resumes_us() if self._in_flight < self._pulse.window else None)
            return
        room = min(room, self._hunger())
        if room == 0:
            await self._rest_until(None)
            return
        try:
            claimed = await self._world.outbox.claim(
                self.lane, self.life, now_us, room, theirs_us=self._carriage.dating.now_us()
            )
        except StoreUnavailable as error:
            self._world.witness.trouble("courier.store_unavailable", error, lane=self.lane)
            await trio.sleep(STORE_RETRY_S)
            return
        self._held = claimed
        for delivery in claimed.deliveries:
            self._in_flight += 1
            self.spawn(self._carry, delivery)
        if claimed.suspended:
            await self._try_hello()
        elif claimed.throttled_until_us > now_us:
            self._pulse.throttled_until_us = claimed.throttled_until_us
            await self._rest_until(claimed.throttled_until_us)
        elif len(claimed.deliveries) < room:
            await self._rest_until(claimed.next_due_us)

    async def _watch_clock(self) -> None:
        """A wall clock that was set makes liars of the stamps on what is in flight or in doubt."""
        step_us = self._wall_from_us() - self._wall_us
        if abs(step_us) <= STEP_US:
            return
        await self._world.outbox.clock_stepped(self.lane, step_us)
        self._wall_us += step_us
        self._pulse.clock_stepped(step_us)
        self._world.witness.event("courier.clock_stepped", lane=self.lane, seconds=step_us / 1e6)

    def _wall_from_us(self) -> int:
        """What the wall clock showed when trio's began."""
        return self._world.clock.now_us() - round(trio.current_time() * 1e6)

    def _hunger(self) -> int:
        """How many more to claim, as far as the vendor's limits go. What is claimed and only waits for a token bucket
        would be in doubt after a crash, so while somebody waits there we claim little (where the vendor takes bundles,
        what makes one full); else ever more."""
        if self._pacer.waiting:
            self._appetite = self._appetite_min
            return max(0, self._appetite_min - self._pacer.waiting)
        self._appetite = min(self._pulse.window_max, self._appetite * 2)
        return self._appetite

    def _stir(self) -> None:
        self._wake.set()

    async def _rest_until(self, at_us: int | None) -> None:
        """Sleep until woken, or until the given time."""
        if at_us is None:
            await self._wake.wait()
            return
        delay_s = (at_us - self._world.clock.now_us()) / 1e6
        with trio.move_on_after(min(max(0.0, delay_s), REST_S_MAX)):
            await self._wake.wait()

    async def _carry(self, delivery: Delivery) -> None:
        http = self._https.pop() if self._https else self._world.http()
        try:
            await self._carriage.carry(delivery, self._bundling.over(http))
        finally:
            self._https.append(http)
            self._in_flight -= 1
            self._wake.set()

    async def _try_hello(self) -> None:
        """A suspended lane asks from time to time whether its credentials live again (a new secret on disk)."""
        with trio.move_on_after(self._hello_s):
            await self._wake.wait()
        while not self._draining and (left_s := self._hello_at_s + HELLO_SPACE_S - trio.current_time()) > 0:
            self._wake = trio.Event()
            with trio.move_on_after(left_s):
                await self._wake.wait()
        self._hello_at_s = trio.current_time()
        self._hello_s = min(HELLO_LAST_S, max(HELLO_FIRST_S, self._hello_s * 2))
        http = self._https.pop() if self._https else self._world.http()
        journey = Journey(self._pacer, None, probing=False, gives_back=True, answered=self._carriage.dating.hear)
        try:
            verdict = await converse(self._target.hello(), http, before=journey.before, after=journey.after)
        except GivenBack:
            return
        except SecretUnavailable as error:
            verdict = Revoked(f"our credentials cannot be read: {error}")
        except Exception as error:  # noqa: BLE001  # a connector's bug must not end a lane that only waits
            journey.abandon()
            self._world.witness.trouble("courier.fault", error, lane=self.lane)
            return
        finally:
            self._https.append(http)
        match verdict:
            case Delivered():
                try:
                    await self._world.outbox.unsuspend(self.lane, self._world.clock.now_us())
                except StoreUnavailable as error:  # it is asked again
                    self._world.witness.trouble("courier.store_unavailable", error, lane=self.lane)
                    return
                self._hello_s = HELLO_FIRST_S
                self._world.witness.event("lane.unsuspended", lane=self.lane)
                self._world.switchboard.survey(self.lane)  # what was not told meanwhile
            case Revoked(detail=detail):
                self._world.witness.event("lane.still_suspended", lane=self.lane, detail=detail)
            case _:
                self._world.witness.event("lane.hello_failed", lane=self.lane, verdict=type(verdict).__name__)
