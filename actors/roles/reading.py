"""What belongs to one reading of a source: its intake and relay, its counts, its beginning and its end on record."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec
import trio

from actors.domain.canonical import AnyEntity, Flaw
from actors.domain.harvest import Ended, Finished, Halted, Mode, Page, Record, Statements, Whole
from actors.domain.publishing import Publisher
from actors.domain.removals import Missing, in_words, named
from actors.domain.stating import Stater
from actors.domain.xapi.patterns import Version
from actors.messages import Backfill, Sync
from actors.ports import How, Provenance, Reading, ReadingView, Source
from actors.ports.records import SourceState
from actors.roles.intake import Counts, Intake
from actors.roles.performing import Abandoned
from actors.roles.relaying import Relay
from actors.roles.remapping import finish, told_of
from actors.roles.taking import Meaning
from actors.roles.world import World
from config.model import Tenant
from config.polling import Polling, Removals

XAPI_VERSION: Version = "1.0.3"
BROKEN_OFF = "it was broken off, and begins again where it was"


class Taken:
    """One reading's way into the store. ``lacking``: why it cannot begin at all, empty: it can."""

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
        *,
        quiet: bool,
    ) -> None:
        self._source_no = source_no
        self._mapping = mapping
        self._world = world
        self._tenant = tenant
        self._source = source
        self._began = began
        self._intake = intake
        self._relay = relay
        self._relayed = Counts()
        self._turn = 0
        self._wholes: list[Whole] = []
        """What was told whole, and of which nobody is taken for gone yet."""
        self.lacking = ""
        self.quiet = quiet
        self.requests = 0

    @property
    def mode(self) -> Mode:
        return self._began.mode

    @property
    def braked(self) -> tuple[Missing, ...]:
        return self._intake.counts.braked

    @property
    def judged(self) -> frozenset[str]:
        """Entities of which it was told whole who there is."""
        return self._intake.judged

    @property
    def grown(self) -> Mapping[str, int]:
        """What this reading sent to quarantine that did not stand there before, by rule."""
        relayed = self._relayed.quarantined
        return {**self._intake.grown, **({"statement": relayed} if relayed else {})}

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


class Undertaking:
    """What all readings of one source have in common."""

    def __init__(self, tenant: Tenant, name: str, source: Source, polling: Polling | None, world: World) -> None:
        self._tenant = tenant
        self._name = name
        self._source = source
        self._polling = polling
        self._world = world
        self._publisher = Publisher(
            Stater(tenant=tenant.name, source=name, home_page=source.home_page, language=tenant.locale)
        )

    async def begin(self, state: SourceState, mode: Mode, asked: Sync | Backfill | None, view: ReadingView) -> Taken:
        """Raises StoreUnavailable."""
        world = self._world
        async with world.switchboard.alone(f"{self._tenant.name}/{self._name}"):
            await self._make_whole(state)
        mapping, meaning = await self._mapping(state)
        no = await world.sources.begin(state.no, mode, world.clock.now_us())
        began = Reading(no=no, mode=mode, began_us=world.clock.now_us())
        quiet = self._is_quiet(state, asked)
        provenance = self._provenance(world.dice.token(), view.traceparent, quiet=quiet)
        removals = (self._polling or Polling()).removals
        accepted = isinstance(asked, Sync) and asked.accept_removals
        intake = self._intake(state, mapping, meaning, provenance, None if accepted else removals)
        relay = Relay(
            self._tenant.name,
            self._name,
            state.no,
            relays=world.relays,
            records=world.records,
            fallback=XAPI_VERSION,
            quiet=provenance.quiet,
            correlation_id=provenance.correlation_id,
            traceparent=provenance.traceparent,
        )
        taken = Taken(
            world,
            self._tenant.name,
            f"{self._tenant.name}/{self._name}",
            state.no,
            mapping,
            began,
            intake,
            relay,
            quiet=provenance.quiet,
        )
        if isinstance(meaning, str):
            taken.lacking = meaning
        return taken

    async def hear(
        self, state: SourceState, records: Sequence[Record], correlation_id: str, traceparent: str
    ) -> Counts:
        """What a webhook told, on disk. The caller holds the source's lock. Raises StoreUnavailable, LookupError."""
        intake = await self._beside(state, correlation_id, traceparent)
        await intake.page(Page(records=tuple(records)))
        return self._counted(intake)

    async def again(self, state: SourceState, nos: Sequence[int], correlation_id: str, *, well: bool = False) -> Counts:
        """What stands in quarantine at these places (``well``: or not) is taken in as if it were told now. The caller
        holds the source's lock. Raises StoreUnavailable, LookupError."""
        intake = await self._beside(state, correlation_id, "")
        await intake.again(nos, well=well)
        return self._counted(intake)

    async def _beside(self, state: SourceState, correlation_id: str, traceparent: str) -> Intake:
        """For what is taken in beside readings. Raises StoreUnavailable, LookupError."""
        await self._make_whole(state)
        mapping, meaning = await self._mapping(state)
        if callable(meaning):
            provenance = self._provenance(correlation_id, traceparent, quiet=False)
            return self._intake(state, mapping, meaning, provenance, Removals())
        raise LookupError(meaning)

    def _counted(self, intake: Intake) -> Counts:
        if intake.counts.statements:
            self._world.switchboard.arrived(self._tenant.name)
        if intake.counts.new or intake.counts.changed:
            self._world.switchboard.reported(self._tenant.name)
        return intake.counts

    def _provenance(self, correlation_id: str, traceparent: str, *, quiet: bool) -> Provenance:
        return Provenance(
            tenant=self._tenant.name,
            source=self._name,
            correlation_id=correlation_id,
            traceparent=traceparent,
            version=XAPI_VERSION,
            defines=True,
            quiet=quiet,
        )

    async def _make_whole(self, state: SourceState) -> None:
        """The caller holds the source's lock. Raises StoreUnavailable."""
        world = self._world
        ended = await finish(state.no, self._meaning, world.remappings, world.records, world.clock.now_us)
        if ended is not None:
            world.witness.event("mapping.finished", source=f"{self._tenant.name}/{self._name}", **told_of(ended))

    def _meaning(self, version: int) -> Meaning:
        return self._world.meanings.meaning(self._tenant, self._name, self._source.home_page, version)

    async def _mapping(self, state: SourceState) -> tuple[int, Meaning | str]:
        """The version in force, and what it makes of records; or why there is none. Raises StoreUnavailable."""
        world, version = self._world, state.mapping
        if self._source.home_page:
            await world.sources.at_home(state.no, self._source.home_page)
        try:
            if not version:
                wished = None if self._polling is None else self._polling.mapping
                version = wished or world.meanings.newest(self._tenant, self._name)
                meaning = world.meanings.meaning(self._tenant, self._name, self._source.home_page, version)
                await world.sources.first_mapping(state.no, version)
            else:
                meaning = world.meanings.meaning(self._tenant, self._name, self._source.home_page, version)
        except LookupError as error:
            return version, str(error)
        return version, meaning

    def _intake(
        self,
        state: SourceState,
        mapping: int,
        meaning: Meaning | str,
        provenance: Provenance,
        removals: Removals | None,
    ) -> Intake:
        return Intake(
            source=state.no,
            cursor=state.cursor,
            records=self._world.records,
            meaning=_nothing if isinstance(meaning, str) else meaning,
            mapping=mapping,
            publisher=self._publisher,
            provenance=provenance,
            removals=removals,
            clock=self._world.clock,
        )

    def _is_quiet(self, state: SourceState, asked: Sync | Backfill | None) -> bool:
        """What is history is told to nobody: whatever comes before the first whole reading has ended, and what is
        fetched from the past, unless it is to be announced."""
        if isinstance(asked, Backfill):
            return not asked.announce
        return state.first_us is None and (self._polling or Polling()).first_sync == "quiet"

    async def end(self, state: SourceState, taken: Taken, ended: Ended | Abandoned | None) -> Reading:
        """Its end on record. None: it was broken off. Raises StoreUnavailable."""
        braked: str | None = None
        whole = True
        how: How
        match ended:
            case None:
                how, detail = "stopped", BROKEN_OFF
            case Abandoned():
                how, detail = "abandoned", str(ended)
            case Halted(why=why, detail=detail):
                how = why
            case Finished(note=detail, whole=whole):
                how = "finished"
                if taken.braked:
                    how, detail = "braked", in_words(taken.braked)
                    braked = detail
                elif named(state.braked) <= taken.judged:
                    braked = ""
        reading = taken.reading(how, detail)
        await self._world.sources.end(state.no, reading, braked, whole=whole)
        if taken.grown:
            self._world.witness.trouble(
                "quarantine.grew", None, source=f"{self._tenant.name}/{self._name}", rules=taken.grown
            )
        return reading


def _nothing(record: Record, known: AnyEntity | None) -> AnyEntity | tuple[Flaw, ...]:
    raise LookupError(f"there is no mapping for {record.entity}")
