"""One seed: the campus lives through its scenario, everything is mended, time runs on until nothing is open, and the
oracle is asked."""

import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, assert_never
from unittest import mock

import msgspec
import trio

from actors.domain.piloting import Cohort
from actors.kernel import NoSuchActor, NotSupervising
from actors.ports import Provenance, StoreUnavailable
from daemon.store import calling_off
from daemon.store.judging import Replay
from tests.simulation import incidents
from tests.simulation.campus import SimulatedCampus
from tests.simulation.determinism import run
from tests.simulation.incidents import Incident
from tests.simulation.oracle import Findings, judge
from tests.simulation.record import Record
from tests.simulation.scenario import Event, Offer, Scenario
from tests.simulation.trials import SALT, Act, Trials

RAM = Path("/dev/shm")  # an fsync costs nothing there, and kills are simulated
LEFT = (
    "SELECT seq FROM deliveries WHERE pilot = ? AND state IN ('waiting', 'held') AND sent_us IS NULL "
    "AND digest IS NULL AND history = ''"
)
"""What surely was never tried."""
RETRY_S = (1.0, 5.0, 30.0)
EVENTS_MAX = 300_000
"""More than that in one run is a loop that comes to nothing; three days without a vendor are half of it."""
STILL_S_MAX = 12 * 86_400.0
"""How much virtual time everything may take to come to rest: a named throttle takes six hours at most, but a digest
that was planned while the clock was days ahead waits until that time has come."""


class Outcome(msgspec.Struct, kw_only=True):
    """What became of one seed."""

    seed: object
    digest: str
    faults: list[str]
    """Broken invariants, in words."""
    counts: dict[str, int]
    passed: dict[str, int]
    statements: int = 0
    effects: int = 0
    reached: dict[str, int] = {}
    """Jobs, commits and reads of the store, before everything was mended."""
    states: dict[str, int] = {}
    first_effect_s: float = 0.0
    """When the first effect was had, in virtual time."""
    last_effect_s: float = 0.0
    """When the last one was."""
    virtual_s: float = 0.0
    cpu_s: float = 0.0
    lines: list[str] = []


def play(scenario: Scenario, *, keep_lines: bool = False) -> Outcome:
    """Run it from beginning to end."""
    record = Record()
    began_s = time.process_time()
    with tempfile.TemporaryDirectory(prefix="simulated-", dir=RAM if RAM.is_dir() else None) as folder:
        campus = SimulatedCampus(
            Path(folder), scenario.tenants, window=scenario.window, seed=scenario.chance, record=record
        )
        campus.vendors.latency_s = scenario.latency_s
        try:
            director = Director(campus, scenario)
            with mock.patch.object(calling_off, "AT_ONCE", 3):
                findings = run(scenario.chance, director.direct)
        finally:
            campus.close()
    return outcome(scenario, campus, director, findings, began_s, keep_lines=keep_lines)


def outcome(
    scenario: Scenario,
    campus: SimulatedCampus,
    director: "Director",
    findings: Findings,
    began_s: float,
    *,
    keep_lines: bool,
) -> Outcome:
    """What became of it. ``began_s``: of the process's time."""
    record = campus.record
    return Outcome(
        seed=scenario.seed,
        digest=record.digest,
        faults=findings.faults,
        counts=dict(record.counts),
        passed=dict(campus.passed),
        statements=findings.statements,
        effects=findings.effects,
        reached=director.reached,
        states=findings.states,
        first_effect_s=findings.first_effect_s,
        last_effect_s=findings.last_effect_s,
        virtual_s=findings.virtual_s,
        cpu_s=time.process_time() - began_s,
        lines=list(record.lines) if keep_lines or findings.faults else [],
    )


class Director:
    """Makes the scenario happen to the campus."""

    def __init__(self, campus: SimulatedCampus, scenario: Scenario) -> None:
        self._campus = campus
        self._scenario = scenario
        self.acknowledged: set[str] = set()
        self.reached: dict[str, int] = {}
        self.trials = Trials()
        self._trying = trio.Lock()

    async def direct(self) -> Findings:
        campus, scenario = self._campus, self._scenario
        async with trio.open_nursery() as world:
            async with trio.open_nursery() as daemon:
                for event in scenario.events:
                    if event.at_s < 0:
                        await self._happens(event.incident)
                await daemon.start(campus.run, world)
                async with trio.open_nursery() as acting:
                    for offer in scenario.offers:
                        acting.start_soon(self._send, offer)
                    for event in scenario.events:
                        if event.at_s >= 0:
                            acting.start_soon(self._later, event)
                    self._more(acting)
                self._mend()
                still = await self._until_still()
                findings = judge(campus, scenario, self.acknowledged, self.trials)
                self._also(findings)
                if not still:
                    spent = f"{campus.virtual_s() / 3600:.0f} h and {campus.record.events:,} events"
                    findings.faults.insert(0, f"still open after {spent}, with everything mended")
                campus.end()
            world.cancel_scope.cancel()
        return findings

    def _more(self, acting: trio.Nursery) -> None:
        """What else happens meanwhile."""

    def _also(self, findings: Findings) -> None:
        """What else must hold."""

    # ── what the school does ─────────────────────────────────────────────────────────────────────

    async def _send(self, offer: Offer) -> None:
        """A sender that repeats its request until it is accepted."""
        await trio.sleep_until(offer.at_s)
        provenance = Provenance(
            tenant=offer.tenant, source="campus", correlation_id=offer.correlation_id, traceparent="", version="1.0.3"
        )
        tries = 0
        while not await self._campus.offer(offer.batch, provenance):
            await trio.sleep(RETRY_S[min(tries, len(RETRY_S) - 1)])
            tries += 1
        self.acknowledged.update(statement.id for statement in offer.batch)

    # ── what goes wrong ──────────────────────────────────────────────────────────────────────────

    async def _later(self, event: Event) -> None:
        await trio.sleep_until(event.at_s)
        await self._happens(event.incident)

    async def _happens(self, incident: Incident) -> None:
        campus = self._campus
        campus.record.note("incident", incident, count=f"incident {type(incident).__name__}")
        match incident:
            case incidents.SetFault(tenant, fault):
                campus.vendors.fakes[tenant, fault.vendor].fault(fault)
            case incidents.ClearFaults(tenant, vendor):
                campus.vendors.fakes[tenant, vendor].clear_faults()
            case incidents.Outage(tenant, vendor, flavour, lasts_s):
                campus.vendors.out[tenant, vendor] = flavour
                await trio.sleep(lasts_s)
                campus.vendors.out.pop((tenant, vendor), None)
            case incidents.Shake(tremor):
                campus.ground.tremors.append(tremor)
            case incidents.Doom(blow):
                campus.blows.append(blow)
            case incidents.Kill():
                campus.kill()
            case incidents.Stop():
                campus.stop_gently()
            case incidents.RestartActor(path):
                await self._restart(path)
            case incidents.Pause(lane, lasts_s):
                await self._pause(lane, lasts_s)
            case incidents.Replay(lane, accept_double):
                await self._replay(lane, accept_double)
            case incidents.Discard(lane):
                await self._discard(lane)
            case incidents.CatchUp(lane, how):
                await self._catch_up(lane, how)
            case incidents.Warp(by_s, lasts_s):
                campus.hands.off_us += int(by_s * 1e6)
                if lasts_s:
                    await trio.sleep(lasts_s)
                    campus.hands.off_us -= int(by_s * 1e6)
            case incidents.PutPilot() | incidents.EndPilot():
                await self._trial(incident)
            case _ as never:
                assert_never(never)

    async def _restart(self, path: str) -> None:
        if self._campus.life is None:
            return
        with trio.move_on_after(60):
            try:
                await self._campus.kernel.registry.restart(path)
            except (NoSuchActor, NotSupervising) as error:
                self._campus.record.note("not restarted", type(error).__name__)

    async def _operate(self, job: Callable[[Any, int], Awaitable[object]], lane: str, port: str = "queries") -> bool:
        """An operator; the daemon must be there to listen, and live until it has answered."""
        campus = self._campus
        life, done = campus.life, False
        if life is None:
            return False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(life.hang_up, nursery.cancel_scope)
            try:
                await job(life.ports[port], campus.clock.now_us())
                done = True
                campus.switchboard.ready(lane)
            except (StoreUnavailable, sqlite3.Error) as error:
                campus.record.note("not operated", type(error).__name__)
            nursery.cancel_scope.cancel()
        return done

    async def _pause(self, lane: str, lasts_s: float) -> None:
        """Resumed also where nobody was told that it was paused: death may come between the commit and its answer."""
        await self._operate(lambda ask, now_us: ask.pause(lane, by="an operator", now_us=now_us), lane)
        await trio.sleep(lasts_s)
        while not await self._operate(lambda ask, now_us: ask.resume(lane, now_us=now_us), lane):
            await trio.sleep(5)

    async def _replay(self, lane: str, accept_double: bool) -> None:
        """Everything that is stuck, as ``dlq replay`` does with ALL."""

        async def job(ask: Any, now_us: int) -> None:
            wanted = [Replay(id=kept.delivery.id, named=False) for kept in await ask.stuck(lane, 100)]
            done = await ask.replay(wanted, by="an operator", now_us=now_us, accept_double=accept_double)
            self._campus.record.note("replayed", lane, [(each.id[:12], each.after) for each in done if each.done])

        await self._operate(job, lane)

    async def _discard(self, lane: str) -> None:
        async def job(ask: Any, now_us: int) -> None:
            stuck = await ask.stuck(lane, 2)
            await ask.discard([kept.delivery.id for kept in stuck], by="an operator", now_us=now_us)

        await self._operate(job, lane)

    async def _trial(self, act: incidents.PutPilot | incidents.EndPilot) -> None:
        """Said again until it is on disk; what of a stop is left then is the daemon's to finish."""
        lane, after = f"{act.tenant}/slack", self._newest()
        async with self._trying:
            while not await self._operate(lambda ask, now_us: self._try(act, ask, now_us), lane, "pilots"):
                if self._campus.look("SELECT 1 FROM pilots WHERE changed_by = ?", self._by(act)):
                    break
                await trio.sleep(1)
            found = self._campus.look("SELECT state, cohort FROM pilots WHERE tenant = ?", act.tenant)
        for state, packed in found:
            people = frozenset(f"mbox:{who}@example.edu" for who in getattr(act, "people", ()))
            before = self.trials.acts[act.tenant]
            self.trials.acts[act.tenant].append(
                Act(
                    tenant=act.tenant,
                    after=after,
                    until=self._newest(),
                    state=state,
                    cohort=msgspec.json.decode(packed, type=Cohort),
                    people=people | (before[-1].people if before else frozenset()),
                )
            )

    async def _try(self, act: incidents.PutPilot | incidents.EndPilot, ask: Any, now_us: int) -> None:
        if isinstance(act, incidents.PutPilot):
            cohort = Cohort(percent=act.percent, courses=act.courses)
            people = [(f"mbox:{who}@example.edu",) for who in act.people]
            await ask.put(act.tenant, act.name, cohort, people, salt=SALT, by=self._by(act), now_us=now_us)
            return
        pilot = await ask.one(act.tenant, act.name)
        if pilot is None:
            return
        await ask.end(pilot, act.to, by=self._by(act), reason="", now_us=now_us)
        left = self._campus.look(LEFT, pilot.no) if act.to == "nobody" else []
        self.trials.faults += [f"left waiting by a stop: {row}" for row in left]

    def _by(self, act: object) -> str:
        """By which an act is known again: each is one of its own."""
        return f"operator {self._scenario.events.index(next(e for e in self._scenario.events if e.incident is act))}"

    def _newest(self) -> int:
        return int(self._campus.look("SELECT ifnull(max(seq), 0) FROM deliveries")[0][0])

    async def _catch_up(self, lane: str, how: str) -> None:
        """As ``queue catchup`` does it, chunk by chunk."""

        async def latest(ask: Any, now_us: int) -> None:
            newest, after = await ask.newest_seq(), 0
            while after is not None:
                replaced, after = await ask.latest(
                    lane, after_seq=after, up_to_seq=newest, before_us=2**62, by="an operator", now_us=now_us
                )
                self._campus.record.note("only the newest", lane, len(replaced))

        async def digest(ask: Any, now_us: int) -> None:
            for pile in await ask.piles(lane, ""):
                folded = await ask.fold(lane, pile.destination, before_us=2**62, due_us=now_us, by="an operator")
                self._campus.record.note("folded", lane, pile.destination, folded)

        await self._operate(latest if how == "latest" else digest, lane)

    # ── and then ─────────────────────────────────────────────────────────────────────────────────

    def _mend(self) -> None:
        campus = self._campus
        campus.record.note("mended")
        self.reached = dict(campus.ground.reached)
        for fake in campus.vendors.fakes.values():
            fake.clear_faults()
        campus.vendors.out.clear()
        campus.blows.clear()
        campus.ground.tremors.clear()
        campus.hands.off_us = 0

    async def _until_still(self) -> bool:
        """Look ever more rarely, so that waiting for hours costs nothing."""
        wait_s, ends_s = 1.0, trio.current_time() + STILL_S_MAX
        while trio.current_time() < ends_s and self._campus.record.events < EVENTS_MAX:
            await trio.sleep(wait_s)
            if self._campus.life is not None and self._campus.still():
                return True
            wait_s = min(600.0, wait_s * 1.5)
        return False
