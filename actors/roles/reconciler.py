"""Keeps a tenant's rosters in step: a clerk for each rule, and somebody who hears what they are asked.

Hints wake the clerks: sources told something new, an order was carried out, a vendor told of a place, a person decided.
What was marked in the store is shared out among them first. Plans that people ask for are made while all clerks stand
still, and what they are told to do is planned again before it is done: if it is not the very same any more, it is not.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import trio

from actors.domain.progress import Progress
from actors.kernel import Actor
from actors.messages import (
    HowInStep,
    Reconcile,
    ReconcilerMessage,
    RosterApply,
    RosterPlan,
    RosterPlanned,
    RosterRun,
)
from actors.ports import SourceName, StoreUnavailable, Target
from actors.ports.rosters import PlanState
from actors.roles.clerk import Clerk
from actors.roles.drafts import Draft, Scope
from actors.roles.inquiring import Hindered
from actors.roles.ordering import Given
from actors.roles.planrows import joint_hash, plan_row
from actors.roles.world import World
from config.model import Tenant
from config.numbers import number_of

STORE_RETRY_S = 5.0
LOOK_S = 60.0
REST_S = 0.5
STANDING_STILL = "waiting until its rules stand still"
NOTHING = "nothing would change"
STALE = "what would be done is not the same any more: plan again"
UNDER_WAY = "orders are under way to {}, so that what would be done is not the same: plan again when they are done"
LEFT = "{} changed meanwhile and {} left: plan again"
HELD = "it takes out more than the rule allows without a person's word: apply it with --accept, or decide the conflict"


class Reconciler(Actor[ReconcilerMessage]):
    """One tenant's."""

    def __init__(self, tenant: Tenant, targets: Mapping[str, Target], world: World) -> None:
        super().__init__()
        self._tenant = tenant
        self._world = world
        self._wake = trio.Event()
        self.clerks: dict[str, Clerk] = {}
        for rule in tenant.rosters:
            target = targets[rule.to]
            if target.rostering is not None and rule.into.kind in target.rostering.kinds:
                self.clerks[rule.name] = Clerk(tenant, rule, target, target.rostering, world)
            else:
                world.witness.trouble(
                    "reconciler.no_such_place", None, tenant=tenant.name, rule=rule.name, kind=rule.into.kind
                )

    async def started(self) -> None:
        self.spawn(self._share)
        for clerk in self.clerks.values():
            self.spawn(clerk.run)

    async def receive(self, message: ReconcilerMessage) -> None:
        match message:
            case Reconcile():
                self._wake.set()
            case HowInStep(reply=reply):
                reply(tuple([await clerk.view() for clerk in self.clerks.values()]))
            case RosterPlan():
                self.spawn(self._plan, message)
            case RosterApply():
                self.spawn(self._apply, message)
            case RosterRun():
                self.spawn(self._run, message)

    # ── what changed ─────────────────────────────────────────────────────────────────────────────────

    async def _share(self) -> None:
        """What was marked becomes the clerks' matter. Without a hint only those whose it is are woken: the others look
        by themselves, more seldom."""
        watched, hinted = False, True
        rules: dict[str, list[str]] = {}
        for clerk in self.clerks.values():
            rules.setdefault(clerk.rule.source, []).append(clerk.rule.name)
        while True:
            self._wake = trio.Event()
            try:
                if not watched:
                    await self._watch(rules)
                    watched = True
                marked = await self._world.rosters.share(self._tenant.name, rules)
            except StoreUnavailable as error:
                self._world.witness.trouble("reconciler.store_unavailable", error, tenant=self._tenant.name)
                await trio.sleep(STORE_RETRY_S)
                continue
            for name, clerk in self.clerks.items():
                if hinted or name in marked:
                    clerk.stir()
            await trio.sleep(REST_S)
            with trio.move_on_after(LOOK_S) as waiting:
                await self._wake.wait()
            hinted = not waiting.cancelled_caught

    async def _watch(self, rules: Mapping[str, Sequence[str]]) -> None:
        """From now on what changes at these sources is marked."""
        for name in rules:
            source = self._tenant.sources[name]
            await self._world.sources.state(SourceName(tenant=self._tenant.name, name=name, kind=source.kind))
        await self._world.rosters.watch(self._tenant.name, list(rules))

    # ── what is asked ────────────────────────────────────────────────────────────────────────────────

    async def _plan(self, message: RosterPlan) -> None:
        async def work() -> RosterPlanned:
            async with self._standing_still(message.progress):
                scope = Scope(whole=not message.course, course=message.course, read=True, dry=True)
                drafts = await self._drafts(scope, message.progress)
                return await self._planned(drafts, message.course, "", "shown")

        await self._answer(message, work)

    async def _apply(self, message: RosterApply) -> None:
        async def work() -> RosterPlanned:
            async with self._standing_still(message.progress):
                scope = Scope(
                    whole=not message.course, course=message.course, read=True, dry=True, accept=message.accept
                )
                drafts = await self._drafts(scope, message.progress)
                now = joint_hash([draft.judged.hash for draft in drafts.values()])
                if now != message.hash:
                    return RosterPlanned(why=_stale(drafts))
                if not message.accept and any(draft.judged.is_held for draft in drafts.values()):
                    return RosterPlanned(why=HELD)
                message.progress.bind()
                given = [await self.clerks[name].give(draft) for name, draft in drafts.items()]
                return await self._told(drafts, given, message)

        await self._answer(message, work)

    async def _run(self, message: RosterRun) -> None:
        async def work() -> RosterPlanned:
            async with self._standing_still(message.progress):
                message.progress.bind()  # what becomes due by it is done by the rule's clerk, if not by us
                scope = Scope(whole=not message.course, course=message.course, read=True)
                drafts = await self._drafts(scope, message.progress)
                given = []
                for name, draft in drafts.items():
                    clerk = self.clerks[name]
                    given.append(await clerk.give(draft))
                    if draft.scope.whole:
                        await clerk.ran(draft)
                return await self._told(drafts, given, message)

        await self._answer(message, work)

    @asynccontextmanager
    async def _standing_still(self, progress: Progress) -> AsyncIterator[None]:
        """No clerk works meanwhile."""
        progress.step(STANDING_STILL)
        async with AsyncExitStack() as stack:
            for clerk in self.clerks.values():
                await stack.enter_async_context(clerk.lock)
            try:
                yield
            finally:
                for clerk in self.clerks.values():
                    clerk.stir()

    async def _drafts(self, scope: Scope, progress: Progress) -> dict[str, Draft]:
        """Of each rule; of a course, of those rules that it concerns."""
        drafts = {name: await clerk.draft(scope, progress) for name, clerk in self.clerks.items()}
        return {name: draft for name, draft in drafts.items() if draft.parts or scope.whole}

    async def _told(
        self, drafts: Mapping[str, Draft], given: Sequence[Given], message: RosterApply | RosterRun
    ) -> RosterPlanned:
        """What came of it. Where all that was to be done was left, nothing was applied."""
        ordered, left = sum(each.ordered for each in given), sum(each.left for each in given)
        is_done = bool(ordered) or not left
        told = await self._planned(drafts, message.course, message.by, "applied" if is_done else "shown")
        why = LEFT.format(number_of(left, "places"), "was" if left == 1 else "were") if left else ""
        return RosterPlanned(plan=told.plan, done=is_done, ordered=ordered, left=left, why=why)

    async def _planned(self, drafts: Mapping[str, Draft], course: str, by: str, state: PlanState) -> RosterPlanned:
        if not drafts:
            return RosterPlanned(why=f"no roster has a place for {course}" if course else "there is no roster")
        row = plan_row(self._tenant.name, list(drafts.values()), course, "asked", by, state)
        if row.hash:
            await self._world.rosters.keep_plan(row)
        return RosterPlanned(plan=row, why="" if row.hash else NOTHING)

    async def _answer(
        self, message: RosterPlan | RosterApply | RosterRun, work: Callable[[], Awaitable[RosterPlanned]]
    ) -> None:
        """Nothing to whoever gave it up: the rules go on then."""
        with trio.CancelScope() as scope:
            message.progress.ended_by(scope.cancel)
            message.reply(await self._answered(work))

    async def _answered(self, work: Callable[[], Awaitable[RosterPlanned]]) -> RosterPlanned:
        try:
            return await work()
        except Hindered as error:
            return RosterPlanned(why=str(error), again=True)
        except StoreUnavailable as error:
            return RosterPlanned(why=f"our store: {error}", again=True)
        except Exception as error:  # noqa: BLE001  # whoever asked is told, and the rules go on
            self._world.witness.trouble("reconciler.fault", error, lane=self._tenant.name, rule="")
            return RosterPlanned(why=f"a mistake of ours: {type(error).__name__}: {error}")


def _stale(drafts: Mapping[str, Draft]) -> str:
    """Why a plan is not the one that was asked for; by itself that is over only where orders are under way."""
    flying = sum(part.state.flying > 0 for draft in drafts.values() for part in draft.parts.values())
    return UNDER_WAY.format(number_of(flying, "places")) if flying else STALE
