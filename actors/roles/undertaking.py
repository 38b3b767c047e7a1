"""What all readings of one source have in common: what they begin with, and their end on record."""

from collections.abc import Sequence

import msgspec

from actors.domain.canonical import AnyEntity, Flaw
from actors.domain.harvest import Ended, Finished, Halted, Mode, Page, Record
from actors.domain.publishing import Publisher
from actors.domain.removals import Missing, in_words, is_answered
from actors.domain.stating import Stater
from actors.domain.xapi.patterns import Version
from actors.messages import Sync
from actors.ports import How, Origin, Provenance, Reading, ReadingView, Source
from actors.ports.records import Past, SourceState
from actors.roles.intake import Counts, Intake
from actors.roles.parts import Parts
from actors.roles.performing import Abandoned
from actors.roles.reading import Taken
from actors.roles.relaying import Relay
from actors.roles.remapping import finish, told_of
from actors.roles.taking import Meaning
from actors.roles.world import World
from config.model import Tenant
from config.polling import Polling, Removals

XAPI_VERSION: Version = "1.0.3"
BROKEN_OFF = "it was broken off, and begins again where it was"


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

    async def begin(
        self,
        state: SourceState,
        mode: Mode,
        asked: Sync | Past | None,
        view: ReadingView,
        *,
        lightly: bool = False,
    ) -> Taken:
        """``lightly``: it is on record only once it does more than look. Raises StoreUnavailable."""
        world = self._world
        async with world.switchboard.alone(f"{self._tenant.name}/{self._name}"):
            await self._make_whole(state)
        mapping, meaning = await self._mapping(state)
        began = Reading(no=0, mode=mode, began_us=world.clock.now_us())
        quiet = self._is_quiet(state, asked)
        origin = Origin(
            by="reading",
            mode=mode,
            began_us=began.began_us,
            mapping=mapping,
            quiet="" if not quiet else "backfill" if isinstance(asked, Past) else "first",
        )
        provenance = self._provenance(world.dice.token(), view.traceparent, origin)
        removals = (self._polling or Polling()).removals
        accepted = isinstance(asked, Sync) and asked.accept_removals
        parts = await self._parts(state)
        heeded = None if isinstance(asked, Past) and asked.announce else parts
        intake = self._intake(state, mapping, meaning, provenance, None if accepted else removals, heeded)
        relay = self._relay(state, provenance)
        taken = Taken(
            world,
            self._tenant.name,
            f"{self._tenant.name}/{self._name}",
            state.no,
            mapping,
            began,
            intake,
            relay,
            parts,
            quiet=provenance.quiet,
            asked=asked is not None,
        )
        if isinstance(meaning, str):
            taken.lacking = meaning
        if not lightly:
            await taken.begin()
        return taken

    async def hear(
        self, state: SourceState, records: Sequence[Record], correlation_id: str, traceparent: str
    ) -> Counts:
        """What a webhook told, on disk. The caller holds the source's lock. Raises StoreUnavailable, LookupError."""
        intake = await self._beside(state, correlation_id, traceparent, Origin(by="call"))
        await intake.page(Page(records=tuple(records)))
        return self._counted(intake)

    async def again(
        self, state: SourceState, nos: Sequence[int], correlation_id: str, *, well: bool = False, who: str = ""
    ) -> Counts:
        """What stands in quarantine at these places (``well``: or not) is taken in as if it were told now, because
        ``who`` wants it. The caller holds the source's lock. Raises StoreUnavailable, LookupError."""
        origin = Origin(by="hand", who=who)
        intake = await self._beside(state, correlation_id, "", origin)
        await intake.again(nos, well=well)
        relay = self._relay(state, self._provenance(correlation_id, "", origin))
        intake.counts.statements += (await relay.again(nos)).fresh
        return self._counted(intake)

    def _relay(self, state: SourceState, provenance: Provenance) -> Relay:
        return Relay(
            self._tenant.name,
            self._name,
            state.no,
            relays=self._world.relays,
            records=self._world.records,
            fallback=XAPI_VERSION,
            quiet=provenance.quiet,
            correlation_id=provenance.correlation_id,
            traceparent=provenance.traceparent,
            origin=provenance.origin,
        )

    async def _beside(self, state: SourceState, correlation_id: str, traceparent: str, origin: Origin) -> Intake:
        """For what is taken in beside readings. Raises StoreUnavailable, LookupError."""
        await self._make_whole(state)
        mapping, meaning = await self._mapping(state)
        if callable(meaning):
            origin = msgspec.structs.replace(origin, mapping=mapping)
            provenance = self._provenance(correlation_id, traceparent, origin)
            return self._intake(state, mapping, meaning, provenance, Removals())
        raise LookupError(meaning)

    def _counted(self, intake: Intake) -> Counts:
        if intake.counts.statements:
            self._world.switchboard.arrived(self._tenant.name)
        if intake.counts.new or intake.counts.changed:
            self._world.switchboard.reported(self._tenant.name)
        return intake.counts

    def _provenance(self, correlation_id: str, traceparent: str, origin: Origin) -> Provenance:
        return Provenance(
            tenant=self._tenant.name,
            source=self._name,
            correlation_id=correlation_id,
            traceparent=traceparent,
            version=XAPI_VERSION,
            defines=True,
            quiet=bool(origin.quiet),
            origin=origin,
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
        parts: Parts | None = None,
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
            parts=parts,
        )

    async def _parts(self, state: SourceState) -> Parts | None:
        """None: how things stand is news. Raises StoreUnavailable."""
        if (self._polling or Polling()).first_sync != "quiet":
            return None
        sources = self._world.sources
        return Parts(state.no, sources, await sources.shut(state.no), first_us=state.first_us)

    def _is_quiet(self, state: SourceState, asked: Sync | Past | None) -> bool:
        """What is history is told to nobody: whatever comes before the first whole reading has ended, and what is
        fetched from the past, unless it is to be announced."""
        if isinstance(asked, Past):
            return not asked.announce
        return state.first_us is None and (self._polling or Polling()).first_sync == "quiet"

    async def end(self, state: SourceState, taken: Taken, ended: Ended | Abandoned | None) -> Reading:
        """Its end on record, if it did more than look. None: it was broken off. Raises StoreUnavailable."""
        braked: tuple[Missing, ...] | None = None
        spoilt: str | None = None
        whole = True
        how: How
        match ended:
            case None:
                how, detail = "stopped", BROKEN_OFF
            case Abandoned():
                how, detail = "abandoned", str(ended)
            case Halted(why=why, detail=detail):
                how = why
                spoilt = detail if why == "spoilt" else None
            case Finished(note=detail, whole=whole, spoilt=spoilt):
                how = "finished"
                if spoilt is None and taken.asked:
                    spoilt = ""
                if taken.braked:
                    how, detail, braked = "braked", in_words(taken.braked), taken.braked
                elif is_answered(state.braked, taken.judged):
                    braked = ()
        if taken.was_idle and (ended is None or (isinstance(ended, Finished) and not whole)):
            return taken.reading(how, detail)
        await taken.begin()
        reading = taken.reading(how, detail)
        await self._world.sources.end(state.no, reading, braked, whole=whole, spoilt=spoilt)
        if taken.grown:
            self._world.witness.trouble(
                "quarantine.grew", None, source=f"{self._tenant.name}/{self._name}", rules=taken.grown
            )
        return reading


def _nothing(record: Record, known: AnyEntity | None) -> AnyEntity | tuple[Flaw, ...]:
    raise LookupError(f"there is no mapping for {record.entity}")
