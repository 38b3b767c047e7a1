"""One seed with rosters: a school changes in rounds, people change what they like at Slack and Teams, operators decide,
everything goes wrong meanwhile; after each round all is mended, told and decided, and the roll is called. In the end
days pass in which nothing happens, and nothing must.

``timetable`` says what seeds there are.
"""

import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import cast
from unittest import mock

import trio
import world
from slack_events import SIGNING
from toy_source import FakeToy

from actors.domain.school import School, sample
from actors.ports import Fake
from actors.targets import discover
from actors.targets.slack.fake import FakeSlack
from actors.targets.teams.fake import FakeTeams
from tests.simulation.adversity import Adversity
from tests.simulation.besides import Besides
from tests.simulation.bustle import Bustle
from tests.simulation.campus import EPOCH_US, SimulatedCampus
from tests.simulation.determinism import run
from tests.simulation.fate import Blow
from tests.simulation.hall import Hall
from tests.simulation.headmaster import Headmaster
from tests.simulation.meddling import Meddling
from tests.simulation.play import RAM, Outcome
from tests.simulation.record import Record
from tests.simulation.registrar import Registrar
from tests.simulation.rights import Rights
from tests.simulation.rollcall import Rollcall
from tests.simulation.systems import SYSTEMS, secrets
from tests.simulation.telegraph import Telegraph
from tests.simulation.timetable import Plan, faults_of_roster, plan_of, second_of, tenant_of

READ_S_MAX = 2 * 86_400.0
STILL_S_MAX = 86_400.0
LOOK_S = 20.0
FIRST_S = 900.0
"""So long all is made for the first time before what goes wrong with it is mended."""
LOOPS_MAX = 14
"""So often all is read, compared and decided after a round, until nothing is left."""
DAY_S = 86_400.0
FORESEEN = frozenset({"ActorCrash", "StoreUnavailable", "GraceExceeded"})
BUSY = (
    "SELECT 1 FROM roster_due LIMIT 1",
    "SELECT 1 FROM roster_rule_due LIMIT 1",
    "SELECT 1 FROM roster_places WHERE due > 0 AND stuck = '' LIMIT 1",
)

REFUSED = (
    "SELECT 1 FROM roster_kept WHERE refused <> '' LIMIT 1",
    "SELECT 1 FROM roster_standings WHERE standing IN ('refused', 'unmatched') LIMIT 1",
)


def play(seed: str, *, keep_lines: bool = False) -> Outcome:
    """Run it from beginning to end."""
    plan, record, began_s = plan_of(seed), Record(), time.process_time()
    school = sample(EPOCH_US / 1e6 - 86_400)
    source = SYSTEMS[plan.system].kind
    made = world.kinds()[source].fake
    assert made is not None
    fakes: dict[tuple[str, str], Fake] = {(plan.system, f"source {source}"): made(school)}
    if second := second_of(plan):
        kind = SYSTEMS[second].kind
        another = world.kinds()[kind].fake
        assert another is not None
        fakes[plan.system, f"source {kind}"] = another(school)
    fakes |= {(plan.system, kind): discover()[kind].fake() for kind in ("slack", "teams")}
    with (
        tempfile.TemporaryDirectory(prefix="assembly-", dir=RAM if RAM.is_dir() else None) as folder,
        mock.patch.dict(world.SECRETS, secrets() | {"signing": SIGNING}),
    ):
        campus = SimulatedCampus(
            Path(folder),
            {plan.system: tenant_of(plan)},
            window=8,
            seed=plan.chance,
            record=record,
            fakes=fakes,
        )
        assembly = Assembly(campus, plan, school)
        try:
            with assembly.hall.watched():
                faults = run(plan.chance, assembly.lived)
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
        effects=len(assembly.hall.steps),
        states=states,
        virtual_s=assembly.lived_s,
        cpu_s=time.process_time() - began_s,
        lines=list(record.lines) if keep_lines or faults else [],
    )


class Assembly:
    """Makes a plan happen to a campus."""

    def __init__(self, campus: SimulatedCampus, plan: Plan, school: School) -> None:
        name = plan.system
        fakes = campus.vendors.fakes
        self.lived_s = 0.0
        self.hall = Hall(cast(FakeSlack, fakes[name, "slack"]), cast(FakeTeams, fakes[name, "teams"]), campus.true_s)
        self._campus = campus
        self._plan = plan
        self._name = name
        self._dice = Random(f"assembly of {plan.chance}")
        self.hall.slack.terms.members_late_s = plan.late_s
        self.hall.teams.terms.members_late_s = plan.late_s
        for pupil in school.people.values():
            self.hall.enter(pupil)
        toy = fakes[name, "source toy"] if plan.system == "toy" else None
        self._besides = Besides(toy.besides if plan.dated and isinstance(toy, FakeToy) else {}, school)
        self._rights = Rights(school, campus.tenants[name].rosters, EPOCH_US / 1e6, self._besides)
        lacks = SYSTEMS[name].lacks
        if second := second_of(plan):
            lacks |= SYSTEMS[second].lacks
        what = ("end", "end", "part", "part") if plan.dated else ()
        what += ("close",) if plan.closes else ()
        self._bustle = Bustle(school, self._rights, self.hall, self._dice, lacks, self._besides, what)
        self._meddling = Meddling(self.hall, self._dice, grave=plan.grave)
        self._registrar = Registrar(campus)
        self._adversity = Adversity(campus, plan, self._dice, self._registrar)
        self._telegraph = Telegraph(campus, name, self.hall, self._registrar, Random(f"telegraph of {plan.chance}"))
        presses = self._telegraph.press if plan.cards else None
        self._head = Headmaster(campus, name, self._meddling, self._dice, presses=presses, accepts=plan.accepts)
        self._rollcall = Rollcall(
            campus, name, self.hall, self._rights, self._head, calm=not (plan.doings or plan.struck or plan.doomed)
        )
        self._faults: list[str] = []

    async def lived(self) -> list[str]:
        """Broken invariants, in words."""
        campus = self._campus
        async with trio.open_nursery() as outside:
            async with trio.open_nursery() as daemon:
                self._arm()
                await daemon.start(campus.run, outside)
                if self._plan.told:
                    self._telegraph.begin(outside)
                await trio.sleep(FIRST_S)
                await self._settled("at first")
                for number in range(1, self._plan.rounds + 1):
                    if self._faults:
                        break
                    await self._round(number)
                if not self._faults:
                    await self._rested()
                self._faults += [
                    f"trouble: {name}: {text}" for name, text in campus.troubles if not self._is_foreseen(name, text)
                ]
                self.lived_s = campus.virtual_s()
                campus.end()
            outside.cancel_scope.cancel()
        return self._faults

    def _is_foreseen(self, name: str, text: str) -> bool:
        if name == "source.silent" or any(kind in text for kind in FORESEEN):
            return True
        if self._plan.jumps and name == "listener.refused":
            return True  # what is signed now is of another time by our clock
        wrong = self._plan.doings or self._plan.struck or self._plan.doomed
        return bool(wrong) and name.startswith(("source.", "reconciler.hindered", "listener.asking_failed"))

    # ── a round ──────────────────────────────────────────────────────────────────────────────────────

    async def _round(self, number: int) -> None:
        plan, dice = self._plan, self._dice
        self._rollcall.begin()
        self._arm()
        async with trio.open_nursery() as acting:
            for count, act in (
                (plan.changes, self._change),
                (plan.meddlings, self._meddle),
                (plan.decisions, self._decide),
                (plan.doings, self._adversity.happens),
            ):
                for _ in range(count):
                    acting.start_soon(self._later, dice.uniform(0.0, plan.lasts_s), act)
            acting.start_soon(trio.sleep, plan.lasts_s)
        await self._settled(f"round {number}")

    async def _later(self, after_s: float, act: Callable[[], Awaitable[str]]) -> None:
        await trio.sleep(after_s)
        what = await act()
        self._campus.record.note("happens", what or "nothing", count=f"happens {what or 'nothing'}")

    async def _change(self) -> str:
        what = self._bustle.happens(round(self._campus.true_s()))
        await self._besides.until_ended(self._campus.true_s, self._rights.reckon)
        return what

    async def _meddle(self) -> str:
        places = [(at.kind, at.place) for at in self._rollcall.places() if at.place]
        return self._meddling.meddles(places, self._campus.true_s())

    async def _decide(self) -> str:
        match self._dice.choice(("decide", "decide", "run", "plan")):
            case "decide":
                return await self._head.decide_some()
            case "run":
                return "run" if await self._head.run() else "no run"
            case _:
                return await self._head.plan_and_apply(self._dice.choice((0.0, 60.0, 900.0)))

    def _arm(self) -> None:
        """What a directed plan has in store for this round."""
        plan, campus = self._plan, self._campus
        if plan.doomed:
            campus.blows.append(Blow(plan.doomed))
        if plan.struck:
            vendor, _, kind = plan.struck.partition(" ")
            for fault in faults_of_roster(vendor, self._dice, kind):
                campus.vendors.fakes[self._name, vendor].fault(fault)

    # ── and then ─────────────────────────────────────────────────────────────────────────────────────

    async def _settled(self, when: str) -> None:
        """Mended, read whole, compared, decided, until nothing is left to do; then the roll is called."""
        campus = self._campus
        self._mend()
        waited = False
        for number in range(LOOPS_MAX):
            before = self._ordered()
            if not (await self._read() and await self._compared()):
                self._faults.append(f"{when}: not read or not compared within days, with everything mended")
                return
            decided = await self._head.decide_all()
            reopened = self._reopen()
            campus.record.note("settling", when, number, self._ordered() - before, decided, reopened)
            if decided or reopened or self._ordered() != before:
                continue
            if waited or not any(campus.look(sql) for sql in REFUSED):
                break
            await trio.sleep(DAY_S + 3600)  # whom a vendor refused, or nobody knew, is tried again after a day
            waited = True
        else:
            self._faults.append(f"{when}: it does not come to rest")
        self._faults += [f"{when}: {fault}" for fault in (*self._rollcall.steps(), *self._rollcall.standing())]

    def _mend(self) -> None:
        campus = self._campus
        campus.record.note("mended")
        for fake in campus.vendors.fakes.values():
            fake.clear_faults()
        campus.vendors.out.clear()
        campus.blows.clear()
        campus.ground.tremors.clear()
        campus.hands.off_us = 0
        self._meddling.everybody_restored(campus.true_s())

    def _reopen(self) -> int:
        """Places that somebody closed, and nobody was asked about."""
        now_s = self._campus.true_s()
        return sum(
            self._meddling.reopen(at.kind, at.place, now_s)
            for at in self._rollcall.places()
            if at.place and not self._head.is_without(at.rule.name, at.key)
        )

    async def _read(self) -> bool:
        newest = self._registrar.newest(self._name)
        with trio.move_on_after(READ_S_MAX):
            while not self._registrar.whole_after(self._name, newest):
                await self._registrar.resume(self._name)
                await self._registrar.sync(self._name)
                await trio.sleep(LOOK_S)
            return True
        return False

    async def _compared(self) -> bool:
        with trio.move_on_after(STILL_S_MAX):
            while not await self._head.run():
                await trio.sleep(LOOK_S)
            while not self._still():
                await trio.sleep(LOOK_S)
            return True
        return False

    def _still(self) -> bool:
        campus = self._campus
        return campus.life is not None and campus.still() and not any(campus.look(sql) for sql in BUSY)

    def _ordered(self) -> int:
        [(count,)] = self._campus.look("SELECT count(*) FROM deliveries WHERE kind = 'roster'")
        return int(count)

    async def _rested(self) -> None:
        """Nothing happens for a while: nights come, and nothing is done."""
        orders, steps = self._ordered(), len(self.hall.steps)
        self._rollcall.begin()
        await trio.sleep(self._plan.rest_s)
        while not self._still():
            await trio.sleep(LOOK_S)
        if self._ordered() != orders:
            rows = self._campus.look(
                "SELECT destination, change FROM deliveries WHERE kind = 'roster' ORDER BY seq DESC LIMIT 3"
            )
            self._faults.append(f"at rest: {self._ordered() - orders} orders for nothing, like {rows[0]}")
        if len(self.hall.steps) != steps:
            self._faults.append(f"at rest: {self.hall.steps[steps:][:3]}")
        if asked := await self._head.open():
            self._faults.append(f"at rest: asked anew about {asked[0].conflict.kind}: {asked[0].conflict.about}")
        self._faults += [f"at rest: {fault}" for fault in self._rollcall.standing()]
