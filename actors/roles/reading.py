"""One reading's way into the store: its intake and relay, what was told whole, what could not be read, its counts."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec
import trio

from actors.domain.harvest import (
    Mode,
    Opened,
    Page,
    Part,
    Shut,
    Statements,
    Whole,
)
from actors.domain.removals import Missing
from actors.ports import How, Reading
from actors.roles.intake import Counts, Intake
from actors.roles.parts import Parts
from actors.roles.relaying import Relay
from actors.roles.world import World


class Taken:
    """One reading. ``lacking``: why it cannot begin at all, empty: it can. ``asked``: by a person."""

    def __init__(
        self,
        world: World,
        tenant: str,
        source: str,
        source_no: int,
        mapping: int,
        began: Reading,
        intake: Intake,
        relay: Relay,
        parts: Parts | None,
        *,
        quiet: bool,
        asked: bool,
    ) -> None:
        self._source_no = source_no
        self._mapping = mapping
        self._world = world
        self._tenant = tenant
        self._source = source
        self._began = began
        self._intake = intake
        self._relay = relay
        self._parts = parts
        self._relayed = Counts()
        self._turn = 0
        self._wholes: list[Whole] = []
        """What was told whole, and of which nobody is taken for gone yet."""
        self.lacking = ""
        self.quiet = quiet
        self.asked = asked
        self.requests = 0

    @property
    def mode(self) -> Mode:
        return self._began.mode

    @property
    def braked(self) -> tuple[Missing, ...]:
        return self._intake.counts.braked

    @property
    def judged(self) -> frozenset[Whole]:
        """Of what it was told whole who there is."""
        return self._intake.judged

    @property
    def grown(self) -> Mapping[str, int]:
        """What this reading sent to quarantine that did not stand there before, by rule."""
        relayed = self._relayed.quarantined
        return {**self._intake.grown, **({"statement": relayed} if relayed else {})}

    async def begin(self) -> None:
        """On record from now on. Raises StoreUnavailable."""
        if not self._began.no:
            no = await self._world.sources.begin(self._source_no, self._began.mode, self._began.began_us)
            self._began = msgspec.structs.replace(self._began, no=no)

    @property
    def was_idle(self) -> bool:
        """It has looked, there was nothing, and so it has left no trace."""
        seen = self.reading()
        return not (seen.no or seen.told or seen.changed or seen.gone or seen.quarantined or seen.statements)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """With the source's lock. Where another mapping has come into force since the reading began, nothing more of it
        is taken in: it waits to be broken off, and begins again at its cursor."""
        switchboard = self._world.switchboard
        async with switchboard.alone(self._source) as turn:
            if turn != self._turn + 1:
                self._intake.forget()
            self._turn = turn
            if await self._world.remappings.in_force(self._source_no) == (self._mapping, False):
                yield
                return
        switchboard.renewed(self._source)
        await trio.sleep_forever()

    async def page(self, page: Page) -> None:
        async with self._alone():
            before = self._intake.counts.statements
            if page.cursor is not None and self._wholes:
                await self._intake.page(Page(records=page.records))
                await self._settle()
                page = Page(records=(), cursor=page.cursor)
            await self._intake.page(page)
            self._hint(self._intake.counts.statements - before)

    async def _settle(self) -> None:
        """Whoever is missing is gone: before the cursor passes it, and all together, since a landslide that comes a
        course at a time is one all the same."""
        wholes, self._wholes = self._wholes, []
        await self._intake.whole(*wholes)

    async def statements(self, page: Statements) -> None:
        async with self._world.switchboard.alone(self._source):
            relayed, quarantined = await self._relay.take(page)
        counts = self._relayed
        counts.told += len(page.statements)
        counts.new += relayed.fresh
        counts.statements += relayed.fresh
        counts.quarantined += quarantined
        self._hint(relayed.fresh)

    async def whole(self, whole: Whole) -> None:
        self._wholes.append(whole)
        await trio.lowlevel.checkpoint()

    @property
    def shut(self) -> frozenset[Part]:
        """What was never read whole."""
        return frozenset() if self._parts is None else self._parts.shut

    async def shut_up(self, shut: Shut) -> None:
        if self._parts is not None:
            await self._parts.close(shut.parts)

    async def opened(self, opened: Opened) -> None:
        if self._parts is not None:
            await self._parts.open(opened.parts)

    async def finish(self) -> None:
        """What waited for something else is tried once more."""
        async with self._alone():
            before = self._intake.counts.statements
            await self._settle()
            await self._intake.finish()
            self._hint(self._intake.counts.statements - before)
        if self._intake.counts.new or self._intake.counts.changed:
            self._world.switchboard.reported(self._tenant)

    def _hint(self, statements: int) -> None:
        if statements:
            self._world.switchboard.arrived(self._tenant)

    def reading(self, how: How = "", detail: str = "") -> Reading:
        """What it has counted so far, or in the end."""
        one, other = self._intake.counts, self._relayed
        return msgspec.structs.replace(
            self._began,
            ended_us=self._world.clock.now_us() if how else None,
            how=how,
            detail=detail,
            requests=self.requests,
            told=one.told + other.told,
            changed=one.new + one.changed + other.new,
            gone=one.gone,
            quarantined=one.quarantined + other.quarantined,
            statements=one.statements + other.statements,
        )
