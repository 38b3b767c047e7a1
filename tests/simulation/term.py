"""One seed with sources: a school changes in rounds while several systems tell of it, everything goes wrong meanwhile,
and after each round everything is mended, all is read once more, and what was told is compared with the chronicle.

``syllabus`` says what seeds there are.
"""

import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from unittest import mock

import trio
import world

from actors.domain.harvest import Inbound
from actors.domain.school import School, sample
from tests.simulation import chronicle
from tests.simulation.campus import EPOCH_US, SimulatedCampus
from tests.simulation.chronicle import Chronicle, Fact
from tests.simulation.determinism import run
from tests.simulation.fate import Blow, source_points
from tests.simulation.lessons import Lessons
from tests.simulation.mailroom import Mailroom
from tests.simulation.play import RAM, Outcome
from tests.simulation.record import Record
from tests.simulation.registrar import Registrar
from tests.simulation.shaky import KINDS, WHERE, Tremor
from tests.simulation.shelf import DISK
from tests.simulation.syllabus import Plan, plan_of
from tests.simulation.systems import SYSTEMS, fakes, fault_of, secrets, tenant_of
from tests.simulation.tables import tables
from tests.simulation.telling import Telling, posts
from tests.simulation.wire import FLAVOURS

READ_S_MAX = 4 * 86_400.0
STILL_S_MAX = 86_400.0
LOOK_S = 20.0
CALL_RETRY_S = 30.0
AHEAD_S = 7200.0
"""So long after a round learners are reminded of its work: in the middle of the next one, mostly. Until then it is
known who has handed it in, whatever happened."""
OPENED_MAX = 5
"""So often everything is read once more, where parts of it are refused one after the other."""
POINTS = tuple(source_points())
OF_BUNDLES = tuple(point for point in POINTS if point.startswith("depot."))


def play(seed: str, *, keep_lines: bool = False) -> Outcome:
    """Run it from beginning to end."""
    plan, record, began_s = plan_of(seed), Record(), time.process_time()
    school = sample(EPOCH_US / 1e6 - 86_400)
    with (
        tempfile.TemporaryDirectory(prefix="term-", dir=RAM if RAM.is_dir() else None) as folder,
        mock.patch.dict(world.SECRETS, secrets()),
        mock.patch.object(world, "toy_tables", tables),
    ):
        campus = SimulatedCampus(
            Path(folder),
            {name: tenant_of(name, Path(folder)) for name in plan.systems},
            window=8,
            seed=seed,
            record=record,
            fakes=fakes(plan.systems, school),
        )
        term = Term(campus, plan, school)
        try:
            faults = run(seed, term.lived)
            states = dict(campus.look("SELECT state, count(*) FROM deliveries GROUP BY state"))
            [(statements,)] = campus.look("SELECT count(*) FROM statements")
        finally:
            campus.close()
    return Outcome(
        seed=seed,
        digest=record.digest,
        faults=faults,
        counts=dict(record.counts),
        passed=dict(campus.passed),
        statements=statements,
        effects=sum(len(fake.journal) for fake in campus.vendors.fakes.values()),
        states=states,
        virtual_s=term.lived_s,
        cpu_s=time.process_time() - began_s,
        lines=list(record.lines) if keep_lines or faults else [],
    )


class Term:
    """Makes a plan happen to a campus."""

    def __init__(self, campus: SimulatedCampus, plan: Plan, school: School) -> None:
        self._campus = campus
        self._plan = plan
        self._school = school
        self._dice = Random(f"term of {plan.seed}")
        lacks = frozenset[str]().union(*(SYSTEMS[name].lacks for name in plan.systems))
        self._lessons = Lessons(school, self._dice, lacks)
        self._registrar = Registrar(campus)
        self._telling = Telling(campus)
        self._chronicle = Chronicle(school)
        self._mailroom = Mailroom(campus, plan, school, self._registrar)
        self._remind_s = 0.0
        self._reminded_s = EPOCH_US / 1e6
        self._due: dict[str, Counter[Fact]] = {name: Counter() for name in plan.systems}
        self._faults: list[str] = []
        self.lived_s = 0.0

    async def lived(self) -> list[str]:
        """Broken invariants, in words."""
        campus = self._campus
        async with trio.open_nursery() as outside:
            async with trio.open_nursery() as daemon:
                self._arm(0)
                await daemon.start(campus.run, outside)
                await self._settled("the first reading")
                await self._opened()
                for number in range(1, self._plan.rounds + 1):
                    await self._round(number)
                    if self._faults:
                        break
                if not self._faults:
                    await trio.sleep(max(0.0, self._remind_s - campus.true_s()))
                    await self._settled("the last reminders")
                    self._judge("the last reminders")
                    await self._unchanged()
                    self._faults += self._telling.differences(self._school, self._plan.systems)
                self.lived_s = campus.virtual_s()
                campus.end()
            outside.cancel_scope.cancel()
        return self._faults

    async def _opened(self) -> None:
        """Until what was refused at first has been read, nothing of it is news."""
        for _ in range(OPENED_MAX):
            if self._campus.look("SELECT 1 FROM shut LIMIT 1"):
                await self._settled("what was refused at first")

    # ── a round ──────────────────────────────────────────────────────────────────────────────────────

    async def _round(self, number: int) -> None:
        campus, plan, dice = self._campus, self._plan, self._dice
        self._lessons.begin()
        self._arm(number)
        due_s, self._remind_s = self._remind_s, campus.true_s() + AHEAD_S + dice.uniform(1.0, 2.0) * plan.lasts_s
        self._lessons.deadline(round(self._remind_s + chronicle.LEAD_S), round(campus.true_s()))
        async with trio.open_nursery() as acting:
            for _ in range(plan.changes):
                acting.start_soon(self._change, dice.uniform(0.0, plan.lasts_s))
            if plan.doomed:
                acting.start_soon(self._attend, plan.systems[0])
            for _ in range(plan.doings):
                acting.start_soon(self._do, dice.uniform(0.0, plan.lasts_s), dice.choice(plan.systems))
            acting.start_soon(self._mailroom.round, number)
            acting.start_soon(trio.sleep, max(plan.lasts_s, due_s - campus.true_s()))
        await self._settled(f"round {number}")
        self._judge(f"round {number}")

    async def _change(self, after_s: float) -> None:
        await trio.sleep(after_s)
        campus = self._campus
        what = self._lessons.happens(round(campus.true_s()))
        campus.record.note("happens", what or "nothing", count=f"happens {what or 'nothing'}")
        for tenant in self._plan.systems:
            for inbound in self._telling.calls(tenant, self._school):
                if self._dice.random() < 0.8:  # else it is lost
                    await self._call(tenant, inbound)

    async def _call(self, tenant: str, inbound: Inbound) -> None:
        """Late, twice, and again until somebody answers."""
        times, late_s = self._dice.choice((1, 1, 2)), self._dice.choice((0.0, 0.0, 1.0, 60.0, 600.0))
        await trio.sleep(late_s)
        for _ in range(times):
            for _ in range(5):
                status = await self._registrar.hear(tenant, inbound)
                self._campus.record.note("called", tenant, status, count=f"call answered {status}")
                if status == 202:
                    break
                await trio.sleep(CALL_RETRY_S)

    async def _do(self, after_s: float, tenant: str) -> None:
        """Something goes wrong, or an operator does something."""
        await trio.sleep(after_s)
        campus, dice, registrar, system = self._campus, self._dice, self._registrar, SYSTEMS[tenant]
        what = dice.choice(
            ("fault", "fault", "fault", "outage", "death", "death", "kill", "stop", "restart", "database", "pause",
             "sync", "remap", "retry", "disk", "backfill")
        )  # fmt: skip
        campus.record.note("doing", what, tenant, count=f"incident {what}")
        vendor = f"source {system.kind}"
        match what:
            case "fault" if system.ways:
                campus.blows.append(Blow(dice.choice(OF_BUNDLES), dice.choice((1, 1, 2, 5))))
            case "fault":
                operation = dice.choice(("", *system.operations))
                fault = fault_of(tenant, dice.choice(system.faults), operation, dice, dice.choice((1, 1, 2, 5)))
                campus.vendors.fakes[tenant, vendor].fault(fault)
            case "outage":
                whose = dice.choice((vendor, vendor, "webhook"))
                campus.vendors.out[tenant, whose] = dice.choice(FLAVOURS)
                await trio.sleep(dice.choice((5.0, 300.0, 1500.0)))
                campus.vendors.out.pop((tenant, whose), None)
            case "death":
                campus.blows.append(Blow(dice.choice(POINTS), dice.choice((1, 1, 2, 5))))
            case "kill":
                campus.kill()
            case "stop":
                campus.stop_gently()
            case "restart":
                if campus.life is not None:
                    with trio.move_on_after(60):
                        await campus.kernel.registry.restart(f"root/{tenant}/harvester:campus")
            case "database":
                kind, where = dice.choice(sorted(KINDS)), dice.choice(WHERE)
                campus.ground.tremors.append(Tremor(where, kind, dice.randint(1, 40), dice.choice((1, 1, 3))))
            case "disk":
                where = dice.choice(DISK)
                campus.disk.full.add(where)
                await trio.sleep(dice.choice((5.0, 300.0)))
                campus.disk.full.discard(where)
            case "pause":
                await registrar.pause(tenant, dice.choice((10.0, 400.0)))
            case "sync":
                await registrar.sync(tenant, dice.choice(("full", "delta")))
            case "backfill":
                await registrar.backfill(tenant)
            case "remap":
                if system.kind == "toy":
                    await registrar.remap(tenant)
            case _:
                await registrar.retry(tenant)

    async def _attend(self, tenant: str) -> None:
        """Everything that operators do, and what suspends and throttles a source, one after the other."""
        registrar, source = self._registrar, self._campus.vendors.fakes[tenant, f"source {SYSTEMS[tenant].kind}"]
        system = SYSTEMS[tenant]
        if "nameless" not in system.lacks:
            self._lessons.nobody_knows(round(self._campus.true_s()))
        await trio.sleep(60)
        await registrar.sync(tenant)
        await trio.sleep(60)
        await registrar.retry(tenant)
        await registrar.backfill(tenant)
        await trio.sleep(60)
        for _ in range(2 if system.kind == "toy" else 0):  # there, and back
            await registrar.remap(tenant)
        self._campus.disk.full.update(DISK)
        await registrar.sync(tenant)
        await trio.sleep(60)
        self._campus.disk.full.clear()
        await registrar.pause(tenant, 10.0)
        for kind in ("revoked", "rate_limited") if system.operations else ():
            source.fault(fault_of(tenant, kind, "", self._dice))
            await registrar.sync(tenant)
            await trio.sleep(120)

    def _arm(self, number: int) -> None:
        """What a directed plan has in store for this round."""
        plan, campus = self._plan, self._campus
        if plan.doomed:
            campus.blows.append(Blow(plan.doomed))
        if plan.struck and number < 2:
            for name in plan.systems:
                system = SYSTEMS[name]
                for operation in system.operations:
                    fault = fault_of(name, plan.struck, operation, self._dice)
                    campus.vendors.fakes[name, f"source {system.kind}"].fault(fault)

    # ── and then ─────────────────────────────────────────────────────────────────────────────────────

    async def _settled(self, when: str) -> None:
        """Mended, read whole, told: whatever was due has arrived."""
        campus = self._campus
        if self._plan.doings:
            self._mend()
        self._faults += [f"{when}: {fault}" for fault in await self._mailroom.cleared()]
        since_us = campus.hands.wall_us()
        for name in self._plan.systems:
            if not await self._read(name, since_us):
                self._faults.append(f"{when}: {name} was not read whole within days, with everything mended")
        with trio.move_on_after(STILL_S_MAX):
            await trio.sleep(120)  # a reminder looks once a minute
            while campus.life is None or not campus.still():
                await trio.sleep(LOOK_S)
            return
        self._faults.append(f"{when}: still open after a day, with everything mended")

    async def _read(self, name: str, since_us: int) -> bool:
        with trio.move_on_after(READ_S_MAX):
            while not self._registrar.whole_since(name, since_us):
                await self._registrar.resume(name)
                await self._registrar.sync(name)
                await trio.sleep(LOOK_S)
                if self._campus.virtual_s() > READ_S_MAX:
                    break
            return self._registrar.whole_since(name, since_us)
        return False

    def _mend(self) -> None:
        campus = self._campus
        campus.record.note("mended")
        for fake in campus.vendors.fakes.values():
            fake.clear_faults()
        campus.vendors.out.clear()
        campus.blows.clear()
        campus.ground.tremors.clear()
        campus.disk.full.clear()

    def _expect(self) -> None:
        now_s = self._campus.true_s()
        facts, reminders = (
            self._chronicle.due(),
            chronicle.reminded(chronicle.look(self._school), self._reminded_s, now_s),
        )
        self._reminded_s = now_s
        for name in self._plan.systems:
            system = SYSTEMS[name]
            self._due[name].update({fact: n for fact, n in facts.items() if fact[0] in system.tells})
            if system.reminds:
                self._due[name].update(reminders)

    def _judge(self, when: str) -> None:
        self._expect()
        for name in self._plan.systems:
            arrived, wanted = posts(self._campus.vendors.fakes[name, "webhook"]), self._due[name]
            told = Counter({fact: n for fact, n in arrived.items() if fact[0] not in SYSTEMS[name].vague})
            for fact, count in sorted((wanted - told).items()):
                self._faults.append(f"lost: {when}: {name} has not told {count} of {fact}")
            for fact, count in sorted((told - wanted).items()):
                how = "doubled" if wanted[fact] else "told for nothing"
                self._faults.append(f"{how}: {when}: {name} told {count} too many of {fact}")

    async def _unchanged(self) -> None:
        """One more reading of all that has not changed: nothing is written, and nothing told."""
        campus = self._campus
        before = {name: self._registrar.records(name) for name in self._plan.systems}
        logged = campus.look("SELECT count(*), max(seq) FROM statements")
        await trio.sleep(5)
        await self._settled("once more")
        for name in self._plan.systems:
            after = self._registrar.records(name)
            if after != before[name]:
                changed = [one for one, other in zip(after, before[name], strict=False) if one != other]
                self._faults.append(f"{name}: an unchanged reading wrote {changed[:2] or after[-1]}")
        if campus.look("SELECT count(*), max(seq) FROM statements") != logged:
            self._faults.append("an unchanged reading told something")
        self._judge("once more")
