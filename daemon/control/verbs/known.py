"""What else an id may belong to than a statement or a delivery, and which command tells more of it. No verb of its own.

Whoever may only look is told that it is there and of which kind, and not what the command would tell whom it lets in:
each command has a role of its own.
"""

from collections.abc import AsyncIterator, Iterator, Sequence

from msgspec.structs import replace

from actors.domain.alarms import TRAITS
from actors.domain.canonical import ENTITIES
from actors.kernel import NoSuchActor
from config.model import Tenant
from daemon.control.office import Asking
from daemon.control.times import moment
from daemon.control.verbs import finding
from daemon.control.views import KnownRow
from daemon.store.naming import Kind, Sighting, beyond

NUMBER_DIGITS_MAX = 15
NAME_CHARS_MIN = 3
"""Shorter beginnings of names are too many people's."""


_PERSONAL = frozenset({"standing", "account", "address"})
"""Whose row names an address, or says where somebody is enrolled."""


async def known(text: str, asking: Asking, *, may_find: bool) -> AsyncIterator[tuple[KnownRow, Sighting | None]]:
    """Each with the row behind it, where there is one. ``may_find``: whoever asks may look for persons."""
    tenants = asking.office.configuration().tenants
    for row in _configured(text, asking):
        yield row, None
    async for row in _numbered(text, asking):
        yield row, None
    for seen in await _sightings(text, tenants, asking):
        row = _row(seen)
        if seen.kind in _PERSONAL and not may_find:
            row = replace(row, name=text, words="whose, and where, is shown to operators")
        yield row, seen


# ── by its shape ─────────────────────────────────────────────────────────────────────────────────────


def _configured(text: str, asking: Asking) -> Iterator[KnownRow]:
    """Names that the configuration has, and actors."""
    tenants = asking.office.configuration().tenants
    if text in tenants:
        commands = ("lmsyncctl tenants", f"lmsyncctl report {text}", f"lmsyncctl events {text}")
        yield KnownRow(what="a tenant", name=text, commands=commands)
    whose, slash, rest = text.partition("/")
    for tenant in tenants.values():
        if slash and tenant.name != whose:
            continue
        yield from _named(tenant, rest if slash else text)
    for tenant in tenants.values():
        yield from _posted_to(tenant, text)
    if text.partition("/")[0] == "root":
        try:
            entry = asking.office.registry.entry(text)
        except NoSuchActor:
            return
        yield KnownRow(what="an actor", name=text, words=str(entry.state), commands=(f"lmsyncctl actor tree {text}",))


def _posted_to(tenant: Tenant, place: str) -> Iterator[KnownRow]:
    """A channel or a team that routes or alerts name."""
    routes = [each.name for each in tenant.routes if place and place in (each.audience.channel, each.audience.team)]
    if any(place and place in (each.channel, each.team) for each in tenant.alerts):
        routes.append("alerts")
    if routes:
        commands = (f"lmsyncctl stats {tenant.name} --by route", f"lmsyncctl watch {tenant.name}")
        words = f"by {', '.join(routes)}"
        yield KnownRow(what="a place that is posted to", name=place, whose=tenant.name, words=words, commands=commands)


def _named(tenant: Tenant, name: str) -> Iterator[KnownRow]:
    full = f"{tenant.name}/{name}"
    commands: tuple[str, ...]
    if name in tenant.targets:
        commands = (f"lmsyncctl queue list --lane {full}", f"lmsyncctl queue forecast {full}", "lmsyncctl target list")
        yield KnownRow(what="a target: a lane of deliveries", name=full, whose=tenant.name, commands=commands)
    if name in tenant.sources:
        commands = ("lmsyncctl source list", f"lmsyncctl quarantine list --source {full}")
        yield KnownRow(what="a source", name=full, whose=tenant.name, commands=commands)
    if any(each.name == name for each in tenant.routes):
        commands = (f"lmsyncctl sla {full}", f"lmsyncctl watch {full}", f"lmsyncctl stats {tenant.name} --by route")
        yield KnownRow(what="a route", name=full, whose=tenant.name, commands=commands)
    if any(each.name == name for each in tenant.rosters):
        commands = (f"lmsyncctl reconcile status {tenant.name}", f"lmsyncctl reconcile report {tenant.name}")
        yield KnownRow(what="a roster rule", name=full, whose=tenant.name, commands=commands)


async def _numbered(text: str, asking: Asking) -> AsyncIterator[KnownRow]:
    """``17`` and ``TENANT/17``: many things are counted."""
    whose, slash, digits = text.rpartition("/")
    store = asking.office.store
    if not (digits.isascii() and digits.isdigit()) or len(digits) > NUMBER_DIGITS_MAX:
        return
    no = int(digits)
    if not slash:
        async for row in _counted(no, asking):
            yield row
        return
    if whose not in asking.office.configuration().tenants:
        return
    if (case := await store.conflicts.one(whose, no)) is not None:
        yield KnownRow(
            what="a question to people (conflict)",
            name=text,
            whose=whose,
            at_us=case.raised_us,
            words=f"{case.conflict.kind}, {case.state}",
            commands=(f"lmsyncctl conflict show {text}",),
        )
    if (person := await store.dossiers.dossier(whose, no)) is not None:
        words = f"{len(person.parts)} of the sources' users are this person"
        yield _person(whose, no, person.known_us, words)
    for kind in ("audit row", "erasure"):
        for seen in await store.naming.look(kind, whose, no):
            yield _row(seen)


async def _counted(no: int, asking: Asking) -> AsyncIterator[KnownRow]:
    """What is counted over all tenants."""
    store = asking.office.store
    standings, _ = await store.chronicle.standings()
    for each in standings.values():
        if each.no == no and no:
            alarm = each.alarm
            yield KnownRow(
                what=f"an alarm that stands ({TRAITS[alarm.kind].severity})",
                name=str(no),
                whose=alarm.tenant,
                at_us=each.first_us,
                words=f"{alarm.subject}: {alarm.words}",
                commands=tuple(each for each in (alarm.command, "lmsyncctl alert list") if each),
            )
    for seen in [*await store.naming.look("event", no), *await store.naming.audited(no)]:
        yield _row(seen)


async def _sightings(text: str, tenants: dict[str, Tenant], asking: Asking) -> list[Sighting]:
    naming = asking.office.store.naming
    digits = finding.digits(text)
    found: list[Sighting] = await naming.look("audit correlation", text)
    if digits:
        found += await naming.look("replay plan", digits, beyond(digits))
        found += await naming.look("session", *_bounds(digits))
        if len(digits) == 32:
            found += await naming.gone([*tenants], digits)
    whose, slash, rest = text.partition("/")
    for tenant in tenants.values():
        mine = not slash or whose == tenant.name
        name = rest if slash and mine else text
        if digits:
            found += await naming.look("roster plan", tenant.name, digits, beyond(digits))
        if slash and mine and (handle := finding.digits(rest)):
            found += [each for each in await naming.look("session", *_bounds(handle)) if each.whose == tenant.name]
        if mine:
            found += await naming.look("pilot", tenant.name, name)
        found += await _records(tenant, name, asking)
        found += await _people(tenant, name, asking)
        for target in tenant.targets:
            lane = f"{tenant.name}/{target}"
            for kind in _PLACED:
                found += await naming.look(kind, lane, text)
    found += await naming.look("account", text)
    return found


_PLACED: tuple[Kind, ...] = ("place", "channel", "address")


def _bounds(digits: str) -> tuple[bytes, bytes]:
    return bytes.fromhex(digits.ljust(64, "0")), bytes.fromhex(digits.ljust(64, "f"))


async def _records(tenant: Tenant, text: str, asking: Asking) -> list[Sighting]:
    """``ID``, ``ENTITY/ID`` or ``SOURCE/ENTITY/ID``, of each entity that there is."""
    naming = asking.office.store.naming
    entity, slash, id_ = text.partition("/")
    if slash and entity in ENTITIES:
        return await naming.records(tenant.name, "", (entity,), id_)
    source = entity
    entity, slash, id_ = id_.partition("/")
    if slash and source in tenant.sources and entity in ENTITIES:
        return await naming.records(tenant.name, source, (entity,), id_)
    return await naming.records(tenant.name, "", ENTITIES, text)


async def _people(tenant: Tenant, text: str, asking: Asking) -> list[Sighting]:
    """By an identifier, a user as ``SOURCE/ID``, or the beginning of a name."""
    store = asking.office.store
    persons = await store.dossiers.exactly(tenant.name, text, [*tenant.sources])
    found = [Sighting("person", tenant.name, str(person), 0, "") for person in persons]
    if not found and len(text) >= NAME_CHARS_MIN:
        found = await store.naming.look("person", tenant.name, text, beyond(text))
    return found


# ── in words ─────────────────────────────────────────────────────────────────────────────────────────


def _person(tenant: str, person: int, at_us: int, words: str) -> KnownRow:
    name = f"{tenant}/{person}"
    return KnownRow(
        what="a person",
        name=name,
        whose=tenant,
        at_us=at_us or None,
        words=words,
        commands=(f"lmsyncctl identity find {name}", f"lmsyncctl reconcile report {tenant}"),
    )


def _row(seen: Sighting) -> KnownRow:  # a table, read at once
    whose, name, words = seen.whose, seen.name, seen.words
    commands: tuple[str, ...]
    match seen.kind:
        case "effect":
            what, commands = "a delivery that has left by retention", ("lmsyncctl retention show",)
            words = "it was made, and is not made again; what became of it is not known any more"
        case "statement":
            what, commands = "a statement that has left the log", ("lmsyncctl retention show",)
            words = "a repeat of it is no news"
        case "replay plan":
            what, words = "a plan of what a replay would do", f"made by {words}"
            commands = (f"lmsyncctl dlq replay --plan {name}",)
        case "roster plan":
            what, commands = "a plan of rosters", (f"lmsyncctl reconcile show {name}",)
        case "person":
            return _person(whose, int(name), seen.at_us, words)
        case "standing" | "account":
            what, commands = "an account of somebody in a roster", (f"lmsyncctl reconcile report {whose}",)
            words = f"in {name}: {words}"
        case "address":
            what, words = "an account at the vendor", "a learner was looked up, and this is who was found"
            commands = (f"lmsyncctl reconcile report {whose.partition('/')[0]}", "lmsyncctl identity find EMAIL")
        case "record":
            what, commands = "a record of a source", (f"lmsyncctl quarantine show {name} --source {whose}",)
        case "place":
            tenant = whose
            what, words = "a place of a roster", f"of {name}: {words}"
            commands = (f"lmsyncctl reconcile report {tenant}", f"lmsyncctl reconcile status {tenant}")
        case "channel":
            what, commands = "a place that the vendor told of", ("lmsyncctl target list",)
            words = words or "open"
        case "event":
            what, commands = "a row of the time line", ("lmsyncctl events",)
        case "audit row" | "audit correlation":
            what, commands = "a row of the audit", (_audit(seen),)
        case "session":
            what, name = "somebody signed in to the pages", f"{whose}/{name[:16]}"
            commands = (f"lmsyncctl session list {whose}",)
        case "erasure":
            what, commands = "an erasure of a person", ("lmsyncctl erase --list",)
        case "pilot":
            what, commands = "a pilot", (f"lmsyncctl pilot status {whose} {name}",)
    return KnownRow(what=what, name=name, whose=whose, at_us=seen.at_us or None, words=words, commands=commands)


def _audit(seen: Sighting) -> str:
    since_us = seen.at_us // 1_000_000 * 1_000_000
    since, until = (moment(us).removesuffix(" UTC").replace(" ", "T") + "Z" for us in (since_us, since_us + 1_000_000))
    whose = seen.whose or "--host"
    return f"lmsyncctl audit list {whose} --since {since} --until {until}"


def kinds(rows: Sequence[KnownRow]) -> str:
    """What these are, once each."""
    return ", ".join(dict.fromkeys(row.what for row in rows))
