"""Which mapping tables each source has, compiled once a configuration. What actors know of it is ``Meanings``."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from actors.domain.mapping import Frame, Mapped, Meaning
from actors.ports import Clock, SourceName
from actors.ports.readings import Sources
from actors.sources.tables import Tables, tables
from config.diff import changes
from config.model import Configuration, MappingFile, Tenant
from config.problems import Problem
from config.recall import remembered

TABLES_MAX = 256
"""Compiled tables of sources that have own ones; the rest are compiled once for each kind."""


class KindMeanings:
    """Implements ``roles.world.Meanings``. ``more`` are tables of kinds that do not ship."""

    def __init__(self, clock: Clock, more: Mapping[str, Mapping[int, Mapped]] | None = None) -> None:
        self._clock = clock
        self._more = more or {}
        self._compiled = remembered("mapping_tables", TABLES_MAX)(_compiled)

    def tables(self, tenant: Tenant, source: str) -> Tables:
        """All versions of a source's mapping. Raises LookupError where there is no such source."""
        connection = tenant.sources.get(source)
        if connection is None:
            raise LookupError(f"{tenant.name} has no source {source!r}")
        if connection.kind in self._more:
            return Tables(kind=connection.kind, mapped=self._more[connection.kind])
        own = tenant.mappings.get(source)
        return tables(connection.kind, {}) if not own else self._compiled(connection.kind, _Own(own))

    def versions(self, tenant: Tenant, source: str) -> Mapping[int, Mapped]:
        """Raises LookupError where there is no such source."""
        return self.tables(tenant, source).mapped

    def newest(self, tenant: Tenant, source: str) -> int:
        """Raises LookupError where there is none."""
        newest = self.tables(tenant, source).newest
        if not newest:
            raise LookupError(f"{tenant.name}/{source} has no mapping table")
        return newest

    def meaning(self, tenant: Tenant, source: str, home_page: str, version: int) -> Meaning:
        """Raises LookupError, with advice, where there is no such version."""
        mapped = self.tables(tenant, source).get(version)
        return mapped.within(self.frame(tenant, source, home_page))

    def frame(self, tenant: Tenant, source: str, home_page: str) -> Frame:
        """Where records of this source stand now."""
        return Frame(
            home_page=home_page,
            tenant=tenant.name,
            source=source,
            timezone=tenant.timezone,
            locale=tenant.locale,
            now_us=self._clock.now_us(),
        )


class _Own:
    """Tables as a key: those of one reading of the files are one object, and are compared by what they are."""

    def __init__(self, own: Mapping[int, MappingFile]) -> None:
        self.own = own

    def __hash__(self) -> int:
        return hash(tuple(sorted((version, each.file) for version, each in self.own.items())))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Own) and (self.own is other.own or self.own == other.own)


def _compiled(kind: str, own: _Own) -> Tables:
    return tables(kind, own.own)


class Rewritten(NamedTuple):
    """A version of an operator's that does something else now, or is not there any more."""

    tenant: str
    source: SourceName
    version: int
    file: Path
    there: bool


def rewritten(old: Configuration, new: Configuration) -> list[Rewritten]:
    """Whoever has such a version in force should have made a new one: records that were mapped stay as they were."""
    found: list[Rewritten] = []
    for name in changes(old, new).tenants_changed:
        before, after = old.tenants[name], new.tenants[name]
        for source in sorted(before.mappings.keys() & after.sources.keys()):
            kind, own, now = after.sources[source].kind, before.mappings[source], after.mappings.get(source, {})
            if kind != before.sources[source].kind or own == now:
                continue
            known_as = SourceName(tenant=name, name=source, kind=kind)
            one, other = tables(kind, own).mapped, tables(kind, now).mapped
            for version in sorted(one):
                if version not in other or one[version].digest != other[version].digest:
                    file = (now.get(version) or own.get(version) or next(iter(own.values()))).file
                    found.append(Rewritten(name, known_as, version, file, version in other))
    return found


async def rewritten_in_force(old: Configuration, new: Configuration, sources: Sources) -> list[Problem]:
    """Warnings, for whoever reloads. Raises StoreUnavailable."""
    found = rewritten(old, new)
    states = await sources.known(list(dict.fromkeys(each.source for each in found))) if found else {}
    problems = []
    for each in found:
        state = states.get(each.source)
        if state is not None and state.mapping == each.version:
            where = f"{each.tenant}/{each.source.name}"
            what = "says something else now" if each.there else "is not there any more"
            message = (
                f"version {each.version} is in force at {where} and {what}: records that are mapped stay as they were"
            )
            hint = "put it back as it was, and write a version of another number"
            problems.append(Problem(file=each.file, message=message, suggestion=hint, severity="warning"))
    return problems
