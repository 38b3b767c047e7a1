"""Who decides where the daemon asks, by chance, as an operator does it with ``lmsyncctl``: approves, rejects and undoes
conflicts, plans and applies, and has all of it compared anew. What is in force of that is kept here as well, so that
the oracle does not take the daemon's word for it."""

import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random

import trio

from actors.domain.conflicts.fixes import (
    Admit,
    AnyFix,
    HoldBack,
    LetOwn,
    LetStay,
    LookAgain,
    MakeAnew,
    NoOwner,
    NoPlace,
    StayOut,
    TakeOut,
)
from actors.domain.conflicts.model import Case, Conflict
from actors.domain.rosters.model import PlaceKind
from actors.kernel import ActorDied, DeadlineExceeded
from actors.messages import RosterApply, RosterPlan, RosterPlanned, RosterRun
from actors.ports import StoreUnavailable
from actors.ports.conflicts import Decided, Decider
from tests.simulation.campus import Life, SimulatedCampus
from tests.simulation.fate import ActorCrash
from tests.simulation.meddling import Meddling

ANSWER_S_MAX = 1_800.0
AGAIN_S, TRIES = 30.0, 60
WHO = "head@example.edu"
PLACES = frozenset({"place_archived", "place_gone"})


class Headmaster:
    """Of one tenant."""

    def __init__(
        self,
        campus: SimulatedCampus,
        tenant: str,
        meddling: Meddling,
        dice: Random,
        *,
        presses: Callable[[int, str], Awaitable[bool]] | None = None,
        accepts: bool = False,
    ) -> None:
        self.fixes: dict[str, AnyFix] = {}
        """In force, by topic."""
        self.rejected: dict[int, Conflict] = {}
        self.decided: Counter[str] = Counter()
        """Decisions in this round, by their work's scope."""
        self.approved: dict[int, AnyFix] = {}
        self._campus = campus
        self._tenant = tenant
        self._meddling = meddling
        self._dice = dice
        self._presses = presses
        self._accepts = accepts

    def begin(self) -> None:
        """A round."""
        self.decided.clear()

    # ── what is in force ─────────────────────────────────────────────────────────────────────────────

    def stays(self, place: str, account: str) -> bool:
        """Whether somebody said that this one may stay."""
        return any(
            isinstance(each, LetStay | Admit) and (each.place, each.member) == (place, account)
            for each in self.fixes.values()
        )

    def goes(self, place: str, account: str) -> bool:
        return any(
            isinstance(each, TakeOut) and (each.place, each.member) == (place, account) for each in self.fixes.values()
        )

    def admitted(self, place: str, account: str) -> bool:
        return any(
            isinstance(each, Admit) and (each.place, each.member) == (place, account) for each in self.fixes.values()
        )

    def left_as_it_is(self, kind: str, place: str, account: str) -> bool:
        """Whether somebody who was asked said: nothing is done about it."""
        return any(
            each.kind == kind and (each.place, each.sides[0].record) == (place, account)
            for each in self.rejected.values()
        )

    def out(self, rule: str, unit: str) -> set[int]:
        """Persons of the ledger who are to stay out."""
        return {
            each.person
            for each in self.fixes.values()
            if isinstance(each, StayOut) and (each.rule, each.unit) == (rule, unit)
        }

    def owns(self, place: str, account: str) -> bool | None:
        """None: by role."""
        for each in self.fixes.values():
            if isinstance(each, LetOwn | NoOwner) and (each.place, each.member) == (place, account):
                return isinstance(each, LetOwn)
        return None

    def is_without(self, rule: str, unit: str) -> bool:
        """Whether it is kept in step no more."""
        return any(isinstance(each, NoPlace) and (each.rule, each.unit) == (rule, unit) for each in self.fixes.values())

    def holds(self, rule: str, unit: str) -> bool:
        """Whether a plan about it was held back, or left to wait."""
        return any(
            isinstance(each, HoldBack) and each.rule == rule and each.unit in ("", unit) for each in self.fixes.values()
        ) or any(
            each.kind in ("brake", "brake_total", "emptied") and each.rule == rule and each.unit in ("", unit)
            for each in self.rejected.values()
        )

    # ── deciding ─────────────────────────────────────────────────────────────────────────────────────

    async def open(self) -> list[Case]:
        """What is asked at present."""
        found: list[Case] = []

        async def job(life: Life) -> None:
            found.extend(await life.ports["conflicts"].cases(self._tenant, {"open"}))

        await self._while_it_lives(job)
        return found

    async def decide_some(self) -> str:
        """One, at random; or one that was decided is undone. What."""
        cases = await self.open()
        if cases and self._dice.random() < 0.7:
            return await self._decide(self._dice.choice(cases), self._dice.random() < 0.35)
        known = [*self.approved, *self.rejected]
        return await self._undo(self._dice.choice(sorted(known))) if known else ""

    async def decide_all(self) -> int:
        """Everything that is asked: how many were decided."""
        count = 0
        for case in await self.open():
            count += bool(await self._decide(case, self._dice.random() < 0.2))
        return count

    async def _decide(self, case: Case, reject: bool) -> str:
        told = case.conflict
        if told.kind == "near_miss":
            reject = True
        if told.kind in PLACES:
            reject = False
            self._meddling.reopen(_kind_of(told), told.place, self._campus.true_s())
        if told.kind == "refused":
            self._meddling.restore(_kind_of(told), told.sides[0].record, self._campus.true_s())
        if reject:
            return await self._reject(case)
        wanted = [n for n, each in enumerate(told.fixes) if self._may(told, each.fix)]
        return await self._approve(case, self._dice.choice(wanted or [0]))

    def _may(self, told: Conflict, fix: AnyFix) -> bool:
        """Whether it is a good choice: what nobody has put right is not looked at again, and places are kept."""
        match fix:
            case NoPlace():
                return told.kind == "linked_twice" and fix.unit == told.unit
            case LookAgain():
                return not self._meddling.is_closed(_kind_of(told), told.place) or told.kind in (
                    "name_taken",
                    "place_full",
                )
            case MakeAnew():
                return bool(fix.made_as) or told.kind == "place_gone"
            case _:
                return True

    async def _press(self, no: int, choice: str) -> None:
        """On a card, now and then: whoever presses looks whether it was done."""
        if self._presses is not None and self._dice.random() < 0.5:
            await self._presses(no, choice)

    async def _approve(self, case: Case, choice: int) -> str:
        await self._press(case.no, str(choice))
        done = await self._decision(lambda port, by, now_us: port.approve(self._tenant, case.no, choice, by, now_us))
        if done is None or not (done.done or done.again):
            return ""
        fix = case.conflict.fixes[choice].fix
        self.fixes[fix.topic] = fix
        self.approved[case.no] = fix
        self._note("approved", case, fix.name)
        return f"approved {fix.name}"

    async def _reject(self, case: Case) -> str:
        await self._press(case.no, "reject")
        done = await self._decision(lambda port, by, now_us: port.reject(self._tenant, case.no, "so", by, now_us))
        if done is None or not (done.done or done.again):
            return ""
        self.rejected[case.no] = case.conflict
        self._note("rejected", case, case.conflict.kind)
        return f"rejected {case.conflict.kind}"

    async def _undo(self, no: int) -> str:
        await self._press(no, "undo")
        done = await self._decision(lambda port, by, now_us: port.undo(self._tenant, no, by, now_us))
        if done is None or done.case is None or done.case.state not in ("open", "undone"):
            return ""  # also heard so where it was undone, and nobody told us
        told = done.case.conflict
        if no in self.rejected:
            del self.rejected[no]
        else:
            fix = self.approved.pop(no)
            if self.fixes.get(fix.topic) == fix:
                del self.fixes[fix.topic]
                undo = next(each.undo for each in told.fixes if each.fix == fix)
                if undo is not None:
                    self.fixes[undo.topic] = undo
        self._note("undone", done.case, told.kind)
        return f"undone {told.kind}"

    def _note(self, verb: str, case: Case, what: str) -> None:
        self.decided[case.conflict.scope] += 1
        told = case.conflict
        self._campus.record.note(verb, case.no, told.kind, what, told.about, count=f"{verb} {what}")
        self._campus.record.counts[f"conflict {told.kind}"] += 1

    async def _decision(self, ask: Callable[..., Awaitable[Decided]]) -> Decided | None:
        heard: list[Decided] = []

        async def job(life: Life) -> None:
            by = Decider(who=WHO, by_way="control")
            heard.append(await ask(life.ports["conflicts"], by, self._campus.clock.now_us()))
            self._campus.switchboard.decided(self._tenant)

        for _ in range(TRIES):  # whoever hears nothing does it again
            if await self._while_it_lives(job):
                return heard[-1]
            await trio.sleep(AGAIN_S)
        return None

    # ── plans ────────────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> bool:
        """Have all of it compared. Whether it was done."""
        told = await self._ask(lambda reply: RosterRun(course="", by=WHO, reply=reply))
        return told is not None and told.done

    async def plan_and_apply(self, wait_s: float) -> str:
        """Look, think for a while, and do just that. What came of it."""
        told = await self._ask(lambda reply: RosterPlan(course="", reply=reply))
        if told is None or told.plan is None or not told.plan.hash:
            return "nothing planned"
        hash_ = told.plan.hash
        await trio.sleep(wait_s)
        accept = self._accepts and self._dice.random() < 0.5
        done = await self._ask(
            lambda reply: RosterApply(course="", hash=hash_, accept=accept, by=WHO, reply=reply),
        )
        return "not heard" if done is None else "applied" if done.done else "refused"

    async def _ask(self, make: Callable[[Callable[[RosterPlanned], None]], object]) -> RosterPlanned | None:
        heard: list[RosterPlanned] = []

        async def job(life: Life) -> None:
            del life
            while (address := self._campus.switchboard.reconcilers.get(self._tenant)) is None:
                await trio.sleep(1)
            heard.append(await address.ask(make, deadline_s=ANSWER_S_MAX))  # type: ignore[arg-type]  # one of them

        await self._while_it_lives(job)
        return heard[-1] if heard else None

    async def _while_it_lives(self, job: Callable[[Life], Awaitable[object]]) -> bool:
        """Whether it was done, as far as anybody heard."""
        campus = self._campus
        life, done = campus.life, False
        if life is None:
            return False
        with trio.move_on_after(ANSWER_S_MAX):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(life.hang_up, nursery.cancel_scope)
                try:
                    await job(life)
                    done = True
                except (StoreUnavailable, ActorDied, ActorCrash, DeadlineExceeded, sqlite3.Error) as error:
                    campus.record.note("not operated", type(error).__name__)
                nursery.cancel_scope.cancel()
        return done


def _kind_of(told: Conflict) -> PlaceKind:
    if told.lane.endswith("/teams"):
        return "team"
    return "usergroup" if told.place.startswith("S") else "channel"
