"""One seed with another LRS: what is told at the school is told there (some of it here as well), and read from there.

relay N               drawn by chance
relayed               a fixed stream
relayed fault KIND    with that fault, from the beginning and later
relayed death POINT   dying there, twice

The oracle is the one of statements that are sent; beyond that every statement that stands in the other LRS stands in
our log, what is wrong with one is said once, and the cursor never passes what was called consistent.
"""

import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import trio
import world
from world import EPOCH_US

from actors.domain.xapi.history import read_told
from actors.domain.xapi.moments import instant_us
from actors.ports import Fake, Fault, NewStatement
from actors.ports.striking import NUMBERED
from actors.targets import discover
from config.model import Tenant
from tests.simulation import incidents
from tests.simulation.archive import KINDS, MOUNT, SWITCHES, Archive, Manner, attached
from tests.simulation.campus import SimulatedCampus
from tests.simulation.determinism import run
from tests.simulation.fate import Blow, source_points
from tests.simulation.oracle import Findings
from tests.simulation.play import RAM, Director, Outcome, outcome
from tests.simulation.record import Record
from tests.simulation.registrar import NAME, Registrar
from tests.simulation.scenario import Event, Offer, Scenario, Stream, draw, draw_tenant
from tests.simulation.systems import VALUES
from tests.simulation.wire import FLAVOURS

VENDOR = "source lrs"
BEFORE_S, LATER_S = -1.0, 400.0
READ_S_MAX, LOOK_S = 20_000.0, 20.0
FORESEEN = frozenset({"source.failed", "source.suspended", "source.store_unavailable", "quarantine.grew"})
"""Troubles that are told and over: the simulation made them."""
POINTS = tuple(
    point
    for point in source_points()
    if point.startswith(("relays.relay", "records.known", "records.present", "sources.begin", "sources.end"))
) + tuple(f"http.statements.get:{moment}" for moment in ("before", "committed", "answered"))


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """``doings``: what operators do to sources, by the time."""

    scenario: Scenario
    manners: dict[str, Manner]
    doings: tuple[tuple[float, str, str], ...]


def plan_of(seed: str) -> Plan:
    """Raises ValueError for a name that nobody knows."""
    match seed.split():
        case ["relay", number]:
            return _drawn(seed, draw(f"relay {number}"))
        case ["relayed"]:
            return _fixed(seed)
        case ["relayed", "fault", kind] if kind in KINDS:
            times = 0 if kind in SWITCHES else 2
            fault = Fault(kind=kind, vendor=VENDOR, operation="", value=VALUES.get(kind, ""), times=times)
            struck = [Event(at_s, incidents.SetFault("acme", fault)) for at_s in (BEFORE_S, LATER_S)]
            return _fixed(seed, *struck, Event(LATER_S / 2, incidents.ClearFaults("acme", VENDOR)))
        case ["relayed", "death", point] if point in POINTS:
            doom = incidents.Doom(Blow(point))
            return _fixed(seed, Event(BEFORE_S, doom), Event(LATER_S, doom))
        case _:
            raise ValueError(f"unknown scenario {seed!r}")


def _manner(dice: Random) -> Manner:
    return Manner(
        silent=dice.random() < 0.25,
        rounded=dice.random() < 0.3,
        link_s=dice.choice((5.0, 60.0, 3600.0)),
        page=dice.choice((1, 2, 5, 100)),
        empty=dice.choice((0.0, 0.0, 0.2)),
    )


def _fixed(seed: str, *events: Event) -> Plan:
    dice = Random("the stream that is relayed")
    stream = Stream(dice, 900.0)
    stream.write("acme", 50)
    scenario = Scenario(
        seed=seed,
        chance="relayed",
        tenants={"acme": draw_tenant("acme", dice)},
        window=8,
        latency_s=0.02,
        offers=tuple(sorted(stream.offers, key=lambda offer: offer.at_s)),
        events=tuple(sorted(events, key=lambda event: event.at_s)),
        told=stream.told,
        ends_s=900.0,
    )
    manner = Manner(silent=False, rounded=True, link_s=3600.0, page=2, empty=0.1)
    return _with_sources(Plan(scenario=scenario, manners={"acme": manner}, doings=()))


def _drawn(seed: str, scenario: Scenario) -> Plan:
    dice = Random(f"plan of {seed}")
    manners = {name: _manner(dice) for name in scenario.tenants}
    events = list(scenario.events)
    if any(manner.silent for manner in manners.values()):  # then our own clock is what is believed
        events = [event for event in events if not isinstance(event.incident, incidents.Warp)]
    doings = []
    for name in scenario.tenants:
        for _ in range(dice.choice((0, 3, 8))):
            at_s = round(dice.uniform(0, scenario.ends_s), 3)
            what = dice.choice(("fault", "fault", "fault", "outage", "death", "death", "pause", "sync", "restart"))
            match what:
                case "fault":
                    events.append(Event(at_s, incidents.SetFault(name, _fault(dice))))
                case "outage":
                    lasts_s = dice.choice((5.0, 60.0, 600.0))
                    events.append(Event(at_s, incidents.Outage(name, VENDOR, dice.choice(FLAVOURS), lasts_s)))
                case "death":
                    events.append(Event(at_s, incidents.Doom(Blow(dice.choice(POINTS), dice.choice((1, 1, 3))))))
                case _:
                    doings.append((at_s, what, name))
    told = msgspec.structs.replace(scenario, seed=seed, events=tuple(sorted(events, key=lambda event: event.at_s)))
    return _with_sources(Plan(scenario=told, manners=manners, doings=tuple(doings)))


def _fault(dice: Random) -> Fault:
    kind = dice.choice(KINDS)
    value = VALUES.get(kind, "")
    assert value or kind not in NUMBERED
    return Fault(kind=kind, vendor=VENDOR, operation="", value=value, times=dice.choice((1, 1, 2, 5)))


def _with_sources(plan: Plan) -> Plan:
    scenario = plan.scenario
    tenants = {name: _reading(name, tenant) for name, tenant in scenario.tenants.items()}
    offers = tuple(_as_sent(offer) for offer in scenario.offers)
    return msgspec.structs.replace(plan, scenario=msgspec.structs.replace(scenario, tenants=tenants, offers=offers))


def _reading(name: str, tenant: Tenant) -> Tenant:
    settings = {
        "endpoint": f"http://{name}.test{MOUNT}",
        "key": "sandbox",
        "secret": {"env": "archive"},
        "first_sync": "announce",
        "every": "1m",
        "every_max": "2m",
        "page": 3,
    }
    return msgspec.structs.replace(tenant, sources=world.source("lrs", **settings))


def _as_sent(offer: Offer) -> Offer:
    """As the gateway makes it of what is posted."""

    def read(new: NewStatement) -> NewStatement:
        return read_told(new.body, tenant=offer.tenant, source="campus", fallback="1.0.3").new

    return msgspec.structs.replace(offer, batch=tuple(map(read, offer.batch)))


def play(seed: str, *, keep_lines: bool = False) -> Outcome:
    """Run it from beginning to end."""
    plan, record, began_s = plan_of(seed), Record(), time.process_time()
    scenario = plan.scenario
    archives: dict[str, Archive] = {}
    fakes: dict[tuple[str, str], Fake] = {}
    for name, manner in plan.manners.items():
        archives[name] = Archive(manner, lambda: EPOCH_US + round(trio.current_time() * 1e6), Random(f"{name} {seed}"))
        fakes[name, VENDOR] = archives[name]
        fakes |= {(name, kind): connector.fake() for kind, connector in sorted(discover().items())}
    with tempfile.TemporaryDirectory(prefix="relayed-", dir=RAM if RAM.is_dir() else None) as folder:
        campus = SimulatedCampus(
            Path(folder),
            scenario.tenants,
            window=scenario.window,
            seed=scenario.chance,
            record=record,
            fakes=fakes,
        )
        campus.vendors.latency_s = scenario.latency_s
        world.SECRETS["archive"] = "sandbox"
        try:
            director = Relaying(campus, plan, archives)
            findings = run(scenario.chance, director.direct)
        finally:
            del world.SECRETS["archive"]
            campus.close()
    return outcome(scenario, campus, director, findings, began_s, keep_lines=keep_lines)


class Relaying(Director):
    """What is told at the school is told to the other LRS."""

    def __init__(self, campus: SimulatedCampus, plan: Plan, archives: dict[str, Archive]) -> None:
        super().__init__(campus, plan.scenario)
        self._plan = plan
        self._archives = archives
        self._registrar = Registrar(campus)
        self._dice = Random(f"relaying {plan.scenario.seed}")
        self._twisted: set[str] = set()
        self._found: list[str] = []
        self._wrong = 0
        campus.ears.append(self._heard)

    # ── what the school does ─────────────────────────────────────────────────────────────────────────

    async def _send(self, offer: Offer) -> None:
        """To the other LRS, to us, or to both, where the other may have something else by that name."""
        dice = self._dice
        way = dice.choice(("there", "there", "there", "there", "here", "both"))
        takes_s, wrong, twisted = dice.choice((0.0, 0.0, 0.01, 2.0, 20.0)), dice.random() < 0.1, dice.random() < 0.3
        attached_to = dice.random() < 0.3
        await trio.sleep_until(offer.at_s)
        if way != "there":
            await super()._send(offer)
        if way == "here":
            return
        archive = self._archives[offer.tenant]
        bodies = {each.id: msgspec.json.decode(each.body, type=dict[str, object]) for each in offer.batch}
        contents: dict[str, dict[str, bytes]] = {}
        fresh = [each for each in offer.batch if each.id not in archive.entries and each.voids is None]
        if attached_to and way == "there":
            for each in fresh:
                said, contents[each.id] = attached(f"the paper of {each.id}".encode())
                bodies[each.id]["attachments"] = [said]
        if twisted and way == "both" and fresh:
            bodies[fresh[0].id]["actor"] = {"mbox": "mailto:somebody.else@example.edu"}
            self._twisted.add(fresh[0].id)
        invalid: frozenset[str] = frozenset()
        if wrong:
            self._wrong += 1
            name = f"99999999-0000-4000-8000-{self._wrong:012d}"
            bodies[name] = {"id": name, "actor": {"mbox": "mailto:a@b.c"}, "verb": {"id": "no IRI"}, "object": {}}
            invalid = frozenset({name})
        voids = {each.id: each.voids for each in offer.batch if each.voids is not None}
        takes_us = round(takes_s * 1e6)
        archive.write(bodies, takes_us=takes_us, voids=voids, wrong=invalid, contents=contents)
        self._campus.record.counts[f"archive {way}"] += 1

    def _more(self, acting: trio.Nursery) -> None:
        for at_s, what, name in self._plan.doings:
            acting.start_soon(self._do, at_s, what, name)

    async def _do(self, at_s: float, what: str, name: str) -> None:
        await trio.sleep_until(at_s)
        self._campus.record.note("doing", what, name, count=f"incident {what}")
        match what:
            case "pause":
                await self._registrar.pause(name, self._dice.choice((10.0, 400.0)))
            case "sync":
                await self._registrar.sync(name, self._dice.choice(("full", "delta")))
            case _:
                await self._restart(f"root/{name}/harvester:{NAME}")

    def _heard(self, point: str, _answer: Any, args: tuple[Any, ...]) -> None:
        """The cursor is never beyond what was called consistent."""
        if point != "relays.relay" or args[4] is None:
            return
        archive = self._archives[args[1]]
        through_us = self._campus.clock.now_us() if archive.manner.silent else archive.through_us
        stands_us = instant_us(args[4]["stored"]) or 0
        if stands_us > through_us:
            self._found.append(f"the cursor stands at {args[4]}, consistent through {through_us}")

    # ── and then ─────────────────────────────────────────────────────────────────────────────────────

    async def _until_still(self) -> bool:
        await trio.sleep(30)  # whoever was writing there has ended
        for name in self._scenario.tenants:
            if not await self._read(name):
                self._found.append(f"{name} was not read whole within days, with everything mended")
        still = await super()._until_still()
        before = self._standing()
        for name in self._scenario.tenants:
            await self._read(name)
        if self._standing() != before:
            self._found.append("one more reading of all that is known wrote something")
        campus = self._campus
        campus.troubles[:] = [each for each in campus.troubles if each[0] not in FORESEEN]
        for archive in self._archives.values():
            self.acknowledged.update(each.id for each in archive.shown() if not each.wrong)
        return still

    async def _read(self, name: str) -> bool:
        before = self._readings(name)
        with trio.move_on_after(READ_S_MAX):
            while self._readings(name) == before:
                await self._registrar.resume(name)
                await self._registrar.sync(name)
                await trio.sleep(LOOK_S)
        return self._readings(name) > before

    def _readings(self, name: str) -> int:
        """The last whole one. (Clocks are set: their times tell nothing.)"""
        sql = "SELECT coalesce(max(no), 0) FROM readings WHERE source = ? AND mode = 'full' AND how = 'finished'"
        return int(self._campus.look(sql, self._registrar.no(name))[0][0])

    def _standing(self) -> list[Any]:
        look = self._campus.look
        return [
            look("SELECT count(*), max(seq) FROM statements"),
            look("SELECT no, id, state, digest, changed_us FROM records ORDER BY no"),
            look("SELECT count(*) FROM deliveries"),
        ]

    def _also(self, findings: Findings) -> None:
        """What is wrong with a statement is said once; everything else is there."""
        findings.faults += self._found
        for name, archive in self._archives.items():
            states = dict(
                self._campus.look(
                    "SELECT r.id, r.state FROM records r JOIN sources s ON s.no = r.source "
                    "WHERE s.tenant = ? AND entity = 'statement'",
                    name,
                )
            )
            flawed = {each for each, state in states.items() if state == "quarantined"}
            may = {each.id for each in archive.entries.values() if each.wrong or each.id in self._twisted}
            must = {each.id for each in archive.shown() if each.id in may}
            if strange := flawed - may:
                findings.faults.append(f"{name}: in quarantine for nothing: {sorted(strange)[:3]}")
            if silent := must - flawed:
                findings.faults.append(f"{name}: wrong, and nobody says so: {sorted(silent)[:3]}")
