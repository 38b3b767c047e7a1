"""``map list``, ``show`` and ``test``: the mapping tables of sources, and what one makes of a record. All of it only
looks: nothing is stored and nobody is told.
"""

import json
from collections.abc import Mapping

import msgspec

from actors.domain.canonical import ENTITIES, AnyEntity
from actors.domain.harvest import Record
from actors.domain.mapping import Mapped
from actors.domain.mapping.flaws import shown
from actors.domain.mapping.writing import to_toml
from actors.domain.rehearsing import rehearsed
from actors.domain.stating import Stater
from actors.ports import Source, SourceName
from actors.ports.records import SourceState
from actors.roles.taking import as_read
from config.model import Tenant
from daemon.control.exits import Exit
from daemon.control.mapped import FaultView, FieldView, MappedRow, MappingRow, TableRow
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, MapList, MapShow, MapTest, Refusal
from daemon.control.verbs.remapping import history

RAW_CHARS_MAX = 20_000
ID_WORDS = ("id", "sourcedId", "sourced_id", "userId", "user_id")
"""Where a body usually has its own id, in the order in which they are looked for."""


class Chosen(msgspec.Struct, frozen=True):
    """A source with its tables and how it stands (None: it was not read yet)."""

    tenant: Tenant
    name: str
    made: Source
    versions: Mapping[int, Mapped]
    state: SourceState | None

    @property
    def label(self) -> str:
        return f"{self.tenant.name}/{self.name}"

    @property
    def in_force(self) -> int:
        """0: none yet."""
        return self.state.mapping if self.state is not None else 0

    @property
    def next(self) -> int:
        """What it begins with."""
        wished = getattr(self.tenant.sources[self.name].settings, "mapping", None)
        return wished if isinstance(wished, int) else max(self.versions, default=0)

    def origin(self, version: int) -> str:
        own = self.tenant.mappings.get(self.name, {}).get(version)
        return "shipped" if own is None else str(own.file)

    def table(self, version: int) -> Mapped:
        """0 is the one in force, or that it begins with. Raises Refusal."""
        wanted = version or self.in_force or self.next
        found = self.versions.get(wanted)
        if found is None:
            there = ", ".join(f"v{each}" for each in sorted(self.versions)) or "none"
            raise Refusal(Exit.NOTHING, f"{self.label} has no mapping v{wanted}", advice=f"there is: {there}")
        return found


async def listing(request: MapList, asking: Asking) -> Done:
    """By source and version, the newest first; of one source also who brought what into force."""
    count = 0
    for source in await _chosen(request.source, asking):
        since_us = await _since(source, asking)
        for version in sorted(source.versions, reverse=True):
            table = source.versions[version]
            now = version == source.in_force
            await asking.emit(
                MappingRow(
                    source=source.label,
                    version=version,
                    origin=source.origin(version),
                    note=table.note,
                    forms=len(table.forms),
                    in_force=now,
                    since_us=since_us if now else None,
                    next=not source.in_force and version == source.next,
                )
            )
            count += 1
        if "/" in request.source and source.state is not None:
            for row in await history(source.label, source.state.no, asking):
                await asking.emit(row)
        if source.in_force and source.in_force not in source.versions:
            lost = f"v{source.in_force} is in force at {source.label}, and its table is not there any more"
            return done(f"{lost}: put it back, or lmsyncctl map activate {source.label} vN", Exit.DEGRADED)
    return done() if count else done("there are no mapping tables", Exit.NOTHING)


async def show(request: MapShow, asking: Asking) -> Done:
    source = await _one(request.source, asking)
    table = source.table(request.version)
    await asking.emit(
        TableRow(
            source=source.label,
            version=table.version,
            origin=source.origin(table.version),
            toml=to_toml(table.tree),
            table=table.tree,
        )
    )
    return done()


async def test(request: MapTest, asking: Asking) -> Done:
    """Exit code 1 where the record does not fit."""
    source = await _one(request.source, asking)
    table = source.table(request.version)
    record = await _stored(request.record, source, asking) if request.record else _given(request, table)
    home_page = source.made.home_page
    meaning = asking.office.meanings.meaning(source.tenant, source.name, home_page, table.version)
    means = meaning(record, None)
    row = MappedRow(
        source=source.label,
        version=table.version,
        record=f"{record.entity}/{record.id}",
        form=record.form,
        raw=_readable(record.body),
    )
    if isinstance(means, tuple):
        faults = tuple(
            FaultView(rule=each.rule, path=each.path, value=each.value, suggestion=each.suggestion) for each in means
        )
        await asking.emit(msgspec.structs.replace(row, faults=faults))
        return done("this record would stand in quarantine; nothing was changed", Exit.FAILURE)
    stater = Stater(tenant=source.tenant.name, source=source.name, home_page=home_page, language=source.tenant.locale)
    said = rehearsed(means, stater, asking.now_us)
    await asking.emit(
        msgspec.structs.replace(
            row,
            fields=_fields(means, table, record.form),
            canonical=msgspec.to_builtins(means),
            statements=tuple(json.loads(each.body) for each in said.statements),
            note=said.note,
        )
    )
    return done("nothing was stored, and nobody is told")


# ── what was meant ───────────────────────────────────────────────────────────────────────────────────


async def _chosen(where: str, asking: Asking) -> list[Chosen]:
    """Those that have mappings. Raises Refusal."""
    tenant_name, slash, source_name = where.partition("/")
    if slash and not (tenant_name and source_name):
        raise Refusal(Exit.USAGE, f"{where!r} is not a source", advice="a source is written TENANT/SOURCE")
    tenants = [asking.tenant(tenant_name)] if where else list(asking.office.configuration().tenants.values())
    found: list[Chosen] = []
    for tenant in tenants:
        made = asking.office.sources(tenant.name)
        if source_name and source_name not in made:
            there = ", ".join(sorted(made)) or "none"
            what = "has no mapping" if source_name in tenant.sources else "is no source of this tenant"
            raise Refusal(Exit.NOTHING, f"{where} {what}", advice=f"its sources that have one: {there}")
        names = {
            name: SourceName(tenant=tenant.name, name=name, kind=tenant.sources[name].kind)
            for name in sorted(made)
            if source_name in ("", name)
        }
        states = await asking.office.store.sources.known(list(names.values()))
        for name, known_as in names.items():
            versions = asking.office.meanings.versions(tenant, name)
            if versions or source_name:
                found.append(Chosen(tenant, name, made[name], versions, states.get(known_as)))
    return found


async def _one(where: str, asking: Asking) -> Chosen:
    if "/" not in where:
        raise Refusal(Exit.USAGE, f"{where!r} is not a source", advice="a source is written TENANT/SOURCE")
    return (await _chosen(where, asking))[0]


async def _since(source: Chosen, asking: Asking) -> int | None:
    """When the version in force was brought into force; None: it is the first."""
    if source.state is None:
        return None
    history = await asking.office.store.remappings.history(source.state.no, 1)
    return history[0].ended_us or history[0].begun_us if history else None


async def _stored(what: str, source: Chosen, asking: Asking) -> Record:
    entity, slash, name = what.partition("/")
    if not slash or entity not in ENTITIES or not name:
        advice = f"ENTITY is one of {', '.join(ENTITIES)}"
        raise Refusal(Exit.USAGE, f"{what!r} is not a record", advice=f"a record is written ENTITY/ID; {advice}")
    if source.state is not None:
        store = asking.office.store.records
        known = await store.known(source.state.no, [(entity, name)])
        for one in known.values():
            bodies = await store.bodies(source.state.no, [one.no])
            if one.no in bodies:
                return as_read(one, bodies[one.no])
    raise Refusal(Exit.NOTHING, f"{source.label} keeps no {entity} {name!r}", advice="--file FILE tries any JSON")


def _given(request: MapTest, table: Mapped) -> Record:
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Refusal(Exit.USAGE, "this is no JSON", where="the record") from None
    if not isinstance(body, dict):
        raise Refusal(Exit.USAGE, "a record is a JSON object: { … }", where="the record")
    entity, form = _form(request, table)
    name = request.name or next((str(body[word]) for word in ID_WORDS if body.get(word) not in (None, "")), "test")
    return Record(entity=entity, id=name, form=form, body=body)  # type: ignore[arg-type]  # one of ENTITIES


def _form(request: MapTest, table: Mapped) -> tuple[str, str]:
    """What was not said is clear where there is only one. Raises Refusal."""
    fitting = sorted(each for each in table.forms if request.entity in ("", each[0]) and request.form in ("", each[1]))
    if len(fitting) == 1:
        return fitting[0]
    there = ", ".join(f"{entity}.{form}" for entity, form in fitting or sorted(table.forms))
    what = "there is no such form" if not fitting else "it is not clear what the record is"
    raise Refusal(Exit.USAGE, what, where="--entity, --form", advice=f"one of: {there}")


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────


def _readable(body: Mapping[str, object]) -> str:
    """Secrets masked, value by value; cut where it is long."""
    told = {key: json.loads(each) if _whole(each := shown(key, value)) else each for key, value in body.items()}
    text = json.dumps(told, ensure_ascii=False, indent=2)
    return text if len(text) <= RAW_CHARS_MAX else text[:RAW_CHARS_MAX] + "…"


def _whole(text: str) -> bool:
    """Whether it was not cut: then it is JSON still."""
    return not text.endswith("…")


def _fields(means: AnyEntity, table: Mapped, form: str) -> tuple[FieldView, ...]:
    """Those that say something, with where they come from."""
    places: dict[str, list[str]] = {}
    for rule in table.rules(means.entity, form):
        places.setdefault(rule.top, []).append(rule.place)
    return tuple(
        FieldView(field=name, value=json.dumps(value, ensure_ascii=False), place=", ".join(places.get(name, ())))
        for name, value in msgspec.to_builtins(means).items()
        if name != "entity"
    )
