"""What has had its time leaves: one janitor a tenant, a little at a time, so that deliveries go on beside it.

The rules are the store's (``ports.Housekeeping``); the janitor knows when, and how hard. It works for at most a quarter
of the time, measured by how long its steps wait for the store, and rests between runs. It remembers nothing that
matters: killed at any instruction, its next run does what is left.

It also judges anew who is who, where the rules of that (``[identity]``) have changed, and once a night writes what
became of everything that was accepted.
"""

import math
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from zlib import crc32

import trio

from actors.domain.conserving import Closed, date_of
from actors.domain.retention import Mark, rules
from actors.kernel import Actor
from actors.messages import HowTidy, JanitorMessage, JanitorView
from actors.ports import Clock, Deed, Housekeeping, StoreUnavailable
from actors.roles.world import World
from config.model import Tenant

FIRST_S = 60.0
FIRST_SPREAD_S = 120.0
"""Tenants begin one after the other, not all at once."""
EVERY_S = 3600.0
RETRY_S = 300.0
REST_S = 0.02
"""Between two steps that took something away, at least."""
REST_SHARE = 3.0
"""And so many times as long as the step took: the store is everybody's."""

JUMP_US = 86_400_000_000
SETTLED_S = 86_400.0
"""A wall clock that was set by more than a day is believed once it has gone on so for a day: what is removed by a wrong
one is gone."""

Tell = Callable[[Counter[str]], Awaitable[None]]


class Janitor(Actor[JanitorMessage]):
    """Keeps one tenant's house."""

    def __init__(self, tenant: Tenant, world: World) -> None:
        super().__init__()
        self._tenant = tenant
        self._world = world
        self._view = JanitorView(tenant=tenant.name)
        self._offset_us = self._clock_offset_us()
        self._believed_at_s = -math.inf

    async def started(self) -> None:
        self.spawn(self._keep_house)

    async def receive(self, message: JanitorMessage) -> None:
        match message:
            case HowTidy(reply=reply):
                reply(self._view)

    async def _keep_house(self) -> None:
        world, name = self._world, self._tenant.name
        delay_s = FIRST_S + FIRST_SPREAD_S * crc32(name.encode()) / 2**32
        last_us: int | None = None
        while True:
            next_us = world.clock.now_us() + round(delay_s * 1e6)
            self._view = JanitorView(tenant=name, last_us=last_us, next_us=next_us)
            await trio.sleep(delay_s)
            self._view = JanitorView(tenant=name, last_us=last_us, running=True)
            delay_s = EVERY_S
            if not self._clock_believed():
                continue
            began_s = trio.current_time()
            removed: Counter[str] = Counter()
            try:
                await self._judge_anew()
                await tidy(self._tenant, world.switchboard.horizons_us, world.housekeeping, world.clock, removed)
                await self._balance()
            except StoreUnavailable as error:
                world.witness.trouble("janitor.store_unavailable", error, tenant=name)
                delay_s = RETRY_S
            last_us = world.clock.now_us()
            if removed:
                elapsed_s = round(trio.current_time() - began_s, 3)
                world.witness.event("retention.swept", tenant=name, removed=dict(removed), elapsed_s=elapsed_s)

    async def _judge_anew(self) -> None:
        """Where the rules of who is who are others than they were. Raises StoreUnavailable."""
        world, name = self._world, self._tenant.name
        total: Counter[str] = Counter()
        more = True
        while more:
            began_s = trio.current_time()
            step = await world.persons.review(name, world.clock.now_us())
            total.update(personas=step.personas, moved=step.moved, matches=step.matches)
            more = step.more
            if more:
                await trio.sleep(max(REST_S, REST_SHARE * (trio.current_time() - began_s)))
        if total["personas"]:
            world.witness.event("identity.reviewed", tenant=name, **total)

    async def _balance(self) -> None:
        """Days that are over are accounted for, once a night. Raises StoreUnavailable."""
        world, name = self._world, self._tenant.name
        days = await world.conserving.due(name, world.clock.now_us())
        closed: Closed | None = None
        for day in days:
            began_s = trio.current_time()
            balances = await world.conserving.count(name, day)
            closed = await world.conserving.close(name, day, balances, world.clock.now_us())
            for each in balances:
                if not each.fits:
                    world.witness.trouble(
                        "conservation.broken",
                        None,
                        tenant=name,
                        source=each.source,
                        day=date_of(day),
                        accepted=each.accepted,
                        counts=dict(each.counts),
                    )
            await trio.sleep(max(REST_S, REST_SHARE * (trio.current_time() - began_s)))

        if closed is not None and closed.no:
            arguments = {"through": date_of(max(days)), "rows": closed.no, "hash": closed.head.hex()}
            deed = Deed(who="janitor", what="conservation.closed", on=name, arguments=arguments)
            await world.audit.note(name, deed)

    def _clock_offset_us(self) -> int:
        return self._world.clock.now_us() - round(trio.current_time() * 1e6)

    def _clock_believed(self) -> bool:
        jump_us = self._clock_offset_us() - self._offset_us
        if abs(jump_us) > JUMP_US:
            self._offset_us += jump_us
            self._believed_at_s = trio.current_time() + SETTLED_S
            self._world.witness.trouble(
                "janitor.clock_jumped", None, tenant=self._tenant.name, by_s=round(jump_us / 1e6)
            )
        return trio.current_time() >= self._believed_at_s


async def tidy(
    tenant: Tenant,
    horizons_us: Mapping[str, int],
    housekeeping: Housekeeping,
    clock: Clock,
    removed: Counter[str],
    *,
    dry_run: bool = False,
    tell: Tell | None = None,
) -> None:
    """One run, counted in ``removed`` as it goes; ``tell`` hears of each step that took something away. Raises
    StoreUnavailable; what left before that has left."""
    kept = rules(tenant.name, tenant.retention)
    mark: Mark | None = Mark()
    while mark is not None:
        began_s = trio.current_time()
        step = await housekeeping.step(kept, horizons_us, mark, clock.now_us(), dry_run=dry_run)
        mark = step.next
        if not step.removed:
            continue
        removed.update(step.removed)
        if tell is not None:
            await tell(removed)
        if not dry_run:
            await trio.sleep(max(REST_S, REST_SHARE * (trio.current_time() - began_s)))
