"""Reads one source, again and again, and takes in what it calls about: one harvester a source.

When it reads next is decided purely (``domain.cadence``); how a reading is done stands in ``performing``, what becomes
of what is told in ``intake``. The store carries the truth: cursor, switches and past readings are there, so whoever
dies at any instruction is followed by one that goes on at the cursor.

Whoever writes a source's records holds its lock (``Switchboard.alone``): the harvester while it takes in a page, a hook
while it takes in what was heard, an operator's verb while it mends. A reading gives way between two pages.

Paused by a person, suspended because the credentials died, throttled because the source named a time, braked because
more is gone than may be: four things, never mixed.
"""

import msgspec
import trio

from actors.domain.cadence import SOON_US, Due, due, failed_us, looked
from actors.domain.harvest import Ended, Finished, Halted, Mode, Order, Progress
from actors.domain.throttle import Limiter, retry_after_s
from actors.kernel import Actor
from actors.messages import (
    Backfill,
    HarvesterMessage,
    Hear,
    Look,
    Renewed,
    SourceMode,
    SourceView,
    Switched,
    Sync,
)
from actors.ports import How, Http, Reading, ReadingView, Source, SourceName, StoreUnavailable
from actors.ports.records import Past, SourceState
from actors.roles.agenda import GOOD, order_of, pace_of, past_us, standing_of
from actors.roles.asking import READING_ASKED, keep_past
from actors.roles.greeting import lives_again
from actors.roles.hearing import Ear
from actors.roles.performing import Abandoned, Performance, masked
from actors.roles.reading import Taken
from actors.roles.resting import Idle, after, for_cadence, looked_again, may_be_idle, shown_as
from actors.roles.silence import Silence
from actors.roles.undertaking import Undertaking
from actors.roles.world import World
from config.model import Tenant
from config.polling import Polling
from config.secrets import SecretUnavailable

STORE_RETRY_S = 1.0
LOOK_S_MAX = 60.0
"""Nobody sleeps longer by a wall clock that somebody may set."""
HELLO_FIRST_S = 30.0
HELLO_LAST_S = 900.0
CLOSE_S_MAX = 5.0
HISTORY = 20
"""Readings looked back at: failures in a row are counted so far."""


class Harvester(Actor[HarvesterMessage]):
    """Reads one source."""

    def __init__(self, tenant: Tenant, name: str, source: Source, world: World) -> None:
        super().__init__()
        self.name = f"{tenant.name}/{name}"
        connection = tenant.sources[name]
        settings = connection.settings
        self._polling = settings if isinstance(settings, Polling) else None
        self._pace = pace_of(self._polling, tenant.timezone, world.dice.random())
        self._known_as = SourceName(tenant=tenant.name, name=name, kind=connection.kind)
        self._source = source
        self._world = world
        self._undertaking = Undertaking(tenant, name, source, self._polling, world)
        self._limiter = Limiter(source.rate, trio.current_time())
        self._ear = Ear(self._known_as, source, self._undertaking, world)
        self._wake = trio.Event()
        self._asked: Sync | None = None
        self._look_us: int | None = None
        self._mended = False
        self._running: trio.CancelScope | None = None
        self._hello_s = 0.0
        self._ailing = ""
        self._cast = ((-1, 0), 0.0)
        self._idle: Idle | None = None
        self._born_us = self._since_us = world.clock.now_us()
        silence = getattr(settings, "silence", None)
        self._silence = None if silence is None else Silence(self.name, silence, self._born_us, world.witness)
        self._view = SourceView(source=self.name, kind=connection.kind, state="starting")
        self._show()

    async def started(self) -> None:
        self.spawn(self._go_on)

    async def receive(self, message: HarvesterMessage) -> None:
        match message:
            case Sync(reply=reply):
                reply(self._ask_for(message))
            case Backfill(reply=reply):
                reply(await self._ask_for_past(message))
            case Switched():
                self._hello_s = 0.0
                self._break_off()
            case Renewed():
                self._break_off()
            case Look(mended=mended):
                self._mended = self._mended or mended
                self._look_us = self._look_us or self._world.clock.now_us() + SOON_US
                self._wake.set()
            case Hear():
                self.spawn(self._hear, message)

    async def stopping(self) -> None:
        self._break_off()
        await trio.lowlevel.checkpoint()

    def _ask_for(self, message: Sync) -> str:
        if why := self._unasked() or (READING_ASKED if self._asked is not None else ""):
            return why
        self._asked = message
        self._wake.set()
        return ""

    async def _ask_for_past(self, message: Backfill) -> str:
        why = self._unasked() or await keep_past(self._world.sources, self._known_as, message, self._now_us())
        self._wake.set()
        return why

    def _unasked(self) -> str:
        """Why nothing can be asked for, empty: it can."""
        if self._view.state in ("paused", "suspended"):
            return f"it is {self._view.state}: {self._view.detail}"
        return "" if self._source.polls else "it is never read: it calls"

    def _break_off(self) -> None:
        if self._running is not None:
            self._running.cancel()
        self._wake.set()

    # ── when ─────────────────────────────────────────────────────────────────────────────────────────

    async def _go_on(self) -> None:
        while True:
            self._wake = trio.Event()
            try:
                await self._once()
            except StoreUnavailable as error:
                self._world.witness.trouble("source.store_unavailable", error, source=self.name)
                await trio.sleep(STORE_RETRY_S)

    async def _once(self) -> None:
        """Read, if it is time; else sleep until it may be, or something changes. Raises StoreUnavailable."""
        sources, now_us = self._world.sources, self._world.clock.now_us()
        state = await sources.state(self._known_as)
        readings = await sources.readings(state.no, HISTORY)
        self._look_back(state, readings)
        if self._silence is not None:
            self._show(silent_since_us=self._silence.since_us(state, now_us), heard_us=state.heard_us)
        if state.paused_by:
            self._asked = None
            self._show("paused", f"by {state.paused_by}")
            await self._rest(LOOK_S_MAX)
        elif state.suspended:
            self._show("suspended", state.suspended)
            await self._try_hello(state)
        elif not self._source.polls:
            self._show("pushed")
            await self._rest(LOOK_S_MAX)
        elif self._asked is not None:
            asked, self._asked, self._look_us = self._asked, None, None
            await self._read(state, asked.mode, asked)
        else:
            standing = after(standing_of(state, for_cadence(readings), self._since_us, self._born_us), self._idle)
            dice = self._dice(readings)
            next_one = looked(due(self._pace, standing, now_us, dice), standing, self._look_us, mended=self._mended)
            past_at_us = past_us(state, standing, readings, dice)
            if state.past is not None and past_at_us is not None and past_at_us <= now_us:
                await self._read_past(state, state.past)
            elif next_one.at_us <= now_us:
                self._look_us, self._mended = None, False
                await self._read(state, next_one.mode, None, lightly=may_be_idle(state, readings, next_one.mode))
            else:
                self._show_resting(state, readings, next_one)
                await self._rest((min(next_one.at_us, past_at_us or next_one.at_us) - now_us) / 1e6)

    def _now_us(self) -> int:
        return self._world.clock.now_us()

    def _dice(self, readings: list[Reading]) -> float:
        """The same until the next reading: who wakes early must not cast anew."""
        key = (readings[0].no if readings else 0, self._idle.count if self._idle else 0)
        if key != self._cast[0]:
            self._cast = (key, self._world.dice.random())
        return self._cast[1]

    async def _rest(self, wait_s: float) -> None:
        with trio.move_on_after(min(max(0.0, wait_s), LOOK_S_MAX)):
            await self._wake.wait()

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────

    async def _read_past(self, state: SourceState, past: Past) -> None:
        """What is new is read before the past: whatever a backfill finds is told to nobody. Raises StoreUnavailable."""
        if not past.announce and state.first_us is not None:
            if await self._read(state, "delta", None) not in GOOD:
                return
            state = await self._world.sources.state(self._known_as)
        if state.past == past:
            await self._read(state, "backfill", past)

    async def _read(self, state: SourceState, mode: Mode, asked: Sync | Past | None, *, lightly: bool = False) -> How:
        """One reading, on record whatever happens (``lightly``: if it does more than look). Raises StoreUnavailable."""
        with self._world.witness.reading(self.name, mode) as view:
            taken = await self._undertaking.begin(state, mode, asked, view, lightly=lightly)
            self._show("running", reading=taken.reading())
            http = self._world.http()
            ended: Ended | Abandoned | None = None
            try:
                with trio.CancelScope() as self._running:
                    order = order_of(state, mode, asked, self._now_us(), taken.shut)
                    ended = await self._perform(taken, http, view, order)
            finally:
                self._running = None
                self._since_us = self._now_us()
                with trio.move_on_after(CLOSE_S_MAX, shield=True):
                    await http.aclose()
                view.ended(reading := await self._conclude(state, taken, ended))
        self._show("resting")
        if reading.changed or reading.gone or reading.mode == "full":  # rosters wait for the end of it
            self._world.switchboard.reconcile(self._known_as.tenant)
        return reading.how

    async def _perform(self, taken: Taken, http: Http, view: ReadingView, order: Order) -> Ended | Abandoned:
        witness = self._world.witness
        if taken.lacking:
            return Halted(why="refused", detail=taken.lacking)

        def told(progress: Progress) -> None:
            taken.requests = performance.requests
            self._show("running", what=progress.what, done=progress.done, total=progress.total, reading=taken.reading())

        performance = Performance(self._source, http, self._limiter, self._world.depot, taken, view, told)
        try:
            ended = masked(await performance.perform(self._source.harvest(order)), self._world.mask)
            if isinstance(ended, Finished):
                await taken.finish()
        except Abandoned as error:
            witness.trouble("source.abandoned", None, source=self.name, detail=str(error))
            return Abandoned(self._world.mask(str(error)))
        except StoreUnavailable as error:
            witness.trouble("source.store_unavailable", error, source=self.name)
            return Halted(why="unavailable", detail=f"our store: {error}")
        except SecretUnavailable as error:
            return Halted(why="revoked", detail=f"our credentials cannot be read: {error}")
        except Exception as error:  # noqa: BLE001  # a connector's bug ends its reading, and nobody else's
            witness.trouble("source.fault", error, source=self.name)
            detail = self._world.mask(f"a mistake of ours: {type(error).__name__}: {error}")
            return Halted(why="faulted", detail=detail)
        finally:
            taken.requests = performance.requests
        return ended

    async def _conclude(self, state: SourceState, taken: Taken, ended: Ended | Abandoned | None) -> Reading:
        """Put the end on record, as soon as the store takes it. Whoever is stopped meanwhile leaves a reading without
        an end, which is begun again."""
        while True:
            with trio.move_on_after(CLOSE_S_MAX, shield=True):
                try:
                    reading = await self._undertaking.end(state, taken, ended)
                    await self._switch(state, ended)
                except StoreUnavailable as error:
                    self._world.witness.trouble("source.store_unavailable", error, source=self.name)
                else:
                    self._tell(state, taken, ended, reading)
                    self._idle = looked_again(self._idle, reading)
                    return reading
            await trio.sleep(STORE_RETRY_S)

    async def _switch(self, state: SourceState, ended: Ended | Abandoned | None) -> None:
        """What the source said of itself holds from now on. Raises StoreUnavailable."""
        now_us = self._now_us()
        match ended:
            case Halted(why="revoked", detail=detail):
                await self._world.sources.suspend(state.no, detail, now_us)
                self._hello_s = HELLO_FIRST_S
            case Halted(why="throttled", retry_after=header):
                wait_s = retry_after_s(header, now_us)
                wait_us = failed_us(1, mend=False, dice=1.0) if wait_s is None else round(wait_s * 1e6)
                await self._world.sources.throttle(state.no, now_us + wait_us)
            case _:
                pass

    def _tell(self, state: SourceState, taken: Taken, ended: Ended | Abandoned | None, reading: Reading) -> None:
        """What an operator should know of it. A failure is told once, until it is over."""
        witness = self._world.witness
        match ended:
            case Halted(why="revoked", detail=detail):
                witness.trouble("source.suspended", None, source=self.name, detail=detail)
            case Halted(why="spoilt", detail=detail):  # each is another one
                witness.trouble("source.failed", None, source=self.name, why="spoilt", detail=detail)
            case Halted(why=why, detail=detail):
                if self._ailing != why:
                    witness.trouble("source.failed", None, source=self.name, why=why, detail=detail)
                self._ailing = why
            case Finished(whole=whole):
                if self._ailing:
                    witness.event("source.recovered", source=self.name)
                self._ailing = ""
                if taken.braked:
                    witness.trouble("source.braked", None, source=self.name, detail=reading.detail)
                if state.first_us is None and reading.mode == "full" and whole:
                    witness.event("source.first_read", source=self.name, records=reading.told, quiet=taken.quiet)
            case Abandoned() | None:
                pass

    # ── hearing ──────────────────────────────────────────────────────────────────────────────────────

    async def _hear(self, message: Hear) -> None:
        answer, look = await self._ear.hear(message)
        self._show(heard=self._ear.count)
        if look:
            self._look_us = self._look_us or self._now_us() + SOON_US
        message.reply(answer)
        self._wake.set()  # it may have been silent until now

    async def _try_hello(self, state: SourceState) -> None:
        """From time to time it is asked whether its credentials live again: at once after a start or a reload."""
        with trio.move_on_after(self._hello_s):
            await self._wake.wait()
        self._hello_s = min(HELLO_LAST_S, max(HELLO_FIRST_S, self._hello_s * 2))
        if await lives_again(self.name, state, self._source, self._world, self._limiter):
            self._hello_s = 0.0

    # ── how it looks ─────────────────────────────────────────────────────────────────────────────────

    def _look_back(self, state: SourceState, readings: list[Reading]) -> None:
        ended = next((each for each in readings if each.ended_us is not None), None)
        good = next((each for each in readings if each.how in GOOD), None)
        known_us = good.ended_us if good is not None else self._view.good_us or state.full_us
        good_us = self._idle.ended_us if self._idle else known_us
        self._show(mapping=state.mapping, last=ended, good_us=good_us, reading=None, what="", done=0, total=None)

    def _show_resting(self, state: SourceState, readings: list[Reading], next_one: Due) -> None:
        shown = shown_as(state, readings, self._idle, self._now_us())
        self._show(*shown, next_us=next_one.at_us, next_mode=next_one.mode)

    def _show(self, state: SourceMode | None = None, detail: str | None = None, **changes: object) -> None:
        if state is not None:
            changes |= {"state": state, "detail": detail or ""}
            changes = {"next_us": None, "next_mode": None, **changes}
        self._view = msgspec.structs.replace(self._view, **changes)
        self._world.switchboard.source_views[self.name] = self._view
