"""Which source an operator means, what its mappings make of records, and working at it alone. No verb of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from actors.ports import Source, SourceName
from actors.ports.records import SourceState
from actors.roles.taking import Meaning
from actors.roles.undertaking import Undertaking
from config.model import Tenant
from daemon.control.exits import Exit
from daemon.control.office import Asking
from daemon.control.protocol import Refusal


class Known:
    """A source that was read before, or heard. ``name`` is TENANT/SOURCE."""

    def __init__(self, tenant: Tenant, source: str, made: Source, state: SourceState, asking: Asking) -> None:
        self.tenant = tenant.name
        self.source = source
        self.name = f"{tenant.name}/{source}"
        self.no = state.no
        self.state = state
        self._words = tenant
        self._made = made
        self._asking = asking

    def meaning(self, version: int) -> Meaning:
        """What a version makes of records. Raises Refusal where there is no such version."""
        try:
            return self._asking.office.meanings.meaning(self._words, self.source, self._made.home_page, version)
        except LookupError as error:
            raise Refusal(Exit.NOTHING, f"{error}; nothing was changed", advice="lmsyncctl map list") from None

    def meaning_if_known(self, version: int) -> Meaning | None:
        """None where its table is not there any more."""
        try:
            return self.meaning(version)
        except Refusal:
            return None

    def undertaking(self) -> Undertaking:
        return self._asking.office.undertaking(self.tenant, self.source)


async def known_sources(where: str, asking: Asking) -> list[Known]:
    """Those that ``where`` means: TENANT/SOURCE, TENANT, or nothing: all of them. Raises Refusal."""
    tenant_name, slash, source_name = where.partition("/")
    if slash and not (tenant_name and source_name):
        raise Refusal(Exit.USAGE, f"{where!r} is not a source", advice="a source is written TENANT/SOURCE")
    tenants = [asking.tenant(tenant_name)] if where else list(asking.office.configuration().tenants.values())
    wanted: list[tuple[Tenant, str, Source, SourceName]] = []
    for tenant in tenants:
        made = asking.office.sources(tenant.name)
        if source_name and source_name not in made:
            there = ", ".join(sorted(made)) or "none"
            what = "keeps no records" if source_name in tenant.sources else "is no source of this tenant"
            raise Refusal(Exit.NOTHING, f"{where} {what}", advice=f"its sources that keep records: {there}")
        for name, source in made.items():
            if source_name in ("", name):
                known_as = SourceName(tenant=tenant.name, name=name, kind=tenant.sources[name].kind)
                wanted.append((tenant, name, source, known_as))
    states = await asking.office.store.sources.known([each[3] for each in wanted])
    return [
        Known(tenant, name, source, states[known_as], asking)
        for tenant, name, source, known_as in wanted
        if known_as in states
    ]


async def one_source(where: str, asking: Asking) -> Known:
    """Raises Refusal where it was not read yet."""
    if "/" not in where:
        raise Refusal(Exit.USAGE, f"{where!r} is not a source", advice="a source is written TENANT/SOURCE")
    found = await known_sources(where, asking)
    if not found or not found[0].state.mapping:
        advice = "its setting `mapping` says with which version it begins"
        raise Refusal(Exit.NOTHING, f"{where} has not been read yet; nothing was changed", advice=advice)
    return found[0]


class Alone:
    """Whoever holds this is the only one who writes the source's records."""

    def __init__(self, source: Known, asking: Asking) -> None:
        self._source = source
        self._asking = asking

    async def again(self, nos: Sequence[int], *, well: bool) -> None:
        """These are taken in as if they were told now; ``well``: those too that are not in quarantine. Raises
        Refusal."""
        undertaking = self._source.undertaking()
        token, who = self._asking.office.dice.token(), self._asking.peer.name
        try:
            await undertaking.again(self._source.state, nos, token, well=well, who=who)
        except LookupError as error:
            raise Refusal(Exit.FAILURE, f"{error}; nothing was changed", advice="lmsyncctl map list") from None


@asynccontextmanager
async def working_alone(source: Known, asking: Asking, *, renewing: bool = False) -> AsyncIterator[Alone]:
    """A reading waits meanwhile, between two pages, and so does a webhook. ``renewing``: what records mean changes, so
    a reading under way is begun anew at its cursor."""
    switchboard = asking.office.switchboard
    async with switchboard.alone(source.name):
        try:
            yield Alone(source, asking)
        finally:
            if renewing:
                switchboard.renewed(source.name)
