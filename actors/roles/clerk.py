"""Keeps one roster rule in step: looks when something changed, when a date comes, by schedule and when it is asked.

It does one thing at a time. What keeps it from going on (the vendor throttles, is out, or refuses) ends the run where
it stands; it is tried again later, ever more seldom, and nothing is concluded from what was not learnt.
"""

from collections import Counter
from hashlib import blake2b

import msgspec
import trio

from actors.domain.progress import Progress
from actors.domain.schedule import next_tick
from actors.domain.throttle import retry_after_s
from actors.domain.verdicts import Faulted, Revoked, Throttled, Unavailable
from actors.messages import RuleView
from actors.ports import StoreUnavailable, Target
from actors.ports.rostering import Rostering
from actors.ports.rosters import COMPARE, Cause, Drift, PlanRow, PlanState, Reckoned, RuleState
from actors.roles.drafting import Drafting
from actors.roles.drafts import Draft, Scope
from actors.roles.inquiring import Hindered, Inquiry
from actors.roles.ordering import Given, Orders, unplaced
from actors.roles.planrows import plan_row
from actors.roles.world import World
from config.model import Tenant
from config.rosters import Roster

REST_S = 1.0
"""Between two runs, at least: what changes together is looked at together."""
LOOK_S_MAX = 300.0
"""Nobody sleeps longer than this by a wall clock that somebody may set."""
READING_S = 15.0
"""While its source is being read a rule waits, and looks so often whether it still is."""
READING_S_MAX = 3_600.0
FIRST_S = 15.0
LONGEST_S = 900.0
"""Between tries of what was hindered."""


class Clerk:
    """One rule's."""

    def __init__(self, tenant: Tenant, rule: Roster, target: Target, rostering: Rostering, world: World) -> None:
        self.rule = rule
        self.lane = f"{tenant.name}/{rule.to}"
        self.lock = trio.Lock()
        self._tenant = tenant
        self._world = world
        self._inquiry = Inquiry(self.lane, target, rostering, world)
        self._drafting = Drafting(tenant.name, tenant.timezone, rule, self._inquiry, world)
        self._orders = Orders(tenant.name, rule, self.lane, rostering, world)
        self._state: RuleState | None = None
        self._wake = trio.Event()
        self._failures = 0
        self._not_before_s = 0.0
        self._waiting_since_s: float | None = None
        self._doing = "idle"
        self._detail = ""
        self._began_us = world.clock.now_us()

    def stir(self) -> None:
        """Something has changed."""
        self._wake.set()

    async def view(self) -> RuleView:
        """How it stands."""
        state = self._state or RuleState()
        is_planning = self._doing == "planning"
        far = self._inquiry.progress if is_planning else Progress()
        return RuleView(
            rule=self.rule.name,
            lane=self.lane,
            state="planning" if is_planning else "hindered" if self._detail else "idle",
            detail=self._detail,
            doing=far.doing if is_planning else "",
            done=far.done,
            of=far.of,
            unit=far.unit,
            last_us=state.whole_us or None,
            next_us=self._next_us(state),
            asked=self._inquiry.asked,
        )

    async def run(self) -> None:
        """For good."""
        while True:
            self._wake = trio.Event()
            wait_s = LOOK_S_MAX
            try:
                async with self.lock:
                    wait_s = await self._step()
                    self._failures, self._detail = 0, ""
            except Hindered as error:
                wait_s = await self._hindered(error)
            except StoreUnavailable as error:
                self._world.witness.trouble("reconciler.store_unavailable", error, lane=self.lane, rule=self.rule.name)
                wait_s = FIRST_S
            except Exception as error:  # noqa: BLE001  # a mistake of ours, or of a connector, keeps one rule back only
                self._world.witness.trouble("reconciler.fault", error, lane=self.lane, rule=self.rule.name)
                wait_s = await self._hindered(Hindered(Faulted(f"a mistake of ours: {type(error).__name__}")))
            await self._inquiry.aclose()
            await self._sleep(wait_s)

    async def _sleep(self, wait_s: float) -> None:
        await trio.sleep(REST_S)
        self._not_before_s = trio.current_time() + wait_s if self._failures else 0.0
        with trio.move_on_after(max(0.0, wait_s - REST_S)):
            await self._wake.wait()
        left_s = self._not_before_s - trio.current_time()
        if left_s > 0:  # hints do not shorten what the vendor named
            await trio.sleep(left_s)

    # ── what is due ──────────────────────────────────────────────────────────────────────────────────

    async def _step(self) -> float:
        """Do what is due. How long nothing is, in seconds. Raises Hindered, StoreUnavailable."""
        if (wait_s := self._still_reading()) is not None:
            return wait_s
        state = await self._stood()
        now_us = self._world.clock.now_us()
        digest = _digest(self.rule)
        due_us = self._next_us(state)
        is_due = due_us is not None and due_us <= now_us
        if is_due or (not state.whole_us and await self._may_begin()):
            await self._whole(state, digest)
            return REST_S
        turned = state.turns_us is not None and state.turns_us <= now_us
        if state.digest != digest or turned:
            await self._world.rosters.due(self._tenant.name, self.rule.name, "", COMPARE)
            await self._keep(msgspec.structs.replace(state, digest=digest, turns_us=None))
        worked = await self._some()
        return REST_S if worked else await self._rest_s()

    async def _may_begin(self) -> bool:
        """The first time all of it is looked at once its source was read to its end; where that never is, when the
        schedule says so."""
        return "" not in await self._world.rosters.doubts(self._tenant.name, self.rule.source)

    def _still_reading(self) -> float | None:
        """While its source is being read, who belongs where changes page by page: that is waited out, for a while."""
        view = self._world.switchboard.source_views.get(f"{self._tenant.name}/{self.rule.source}")
        if view is None or view.state != "running":
            self._waiting_since_s = None
            return None
        now_s = trio.current_time()
        if self._waiting_since_s is None:
            self._waiting_since_s = now_s
        return READING_S if now_s - self._waiting_since_s < READING_S_MAX else None

    async def _stood(self) -> RuleState:
        if self._state is None:
            self._state = await self._world.rosters.rule(self._tenant.name, self.rule.name)
            self._drafting.matching.everybody = self._state.everybody
        return self._state

    async def _keep(self, state: RuleState) -> None:
        state = msgspec.structs.replace(state, everybody=self._drafting.matching.everybody)
        if state != self._state:
            await self._world.rosters.worked(self._tenant.name, self.rule.name, state)
        self._state = state

    def _next_us(self, state: RuleState) -> int | None:
        """When all of it is compared next by schedule; None: it has none."""
        if self.rule.schedule is None:
            return None
        return next_tick(self.rule.schedule, self._tenant.timezone, state.whole_us or self._began_us)

    async def _rest_s(self) -> float:
        state, now_us = await self._stood(), self._world.clock.now_us()
        due_us = await self._world.rosters.next_due_us(
            self._tenant.name, self.rule.name, self.lane, self.rule.into.kind
        )
        next_us = self._next_us(state) if state.whole_us else None  # the first one waits for its source, not for a time
        times = [us for us in (due_us, next_us, state.turns_us) if us is not None]
        return min([LOOK_S_MAX, *(max(0.0, (us - now_us) / 1e6) for us in times)])

    # ── runs ─────────────────────────────────────────────────────────────────────────────────────────

    async def _whole(self, state: RuleState, digest: bytes) -> None:
        """All of it, against what the vendor has now."""
        draft = await self.draft(Scope(whole=True, read=True, thrifty=True))
        cause: Cause = "schedule" if state.whole_us else "start"
        await self.give(draft, self._row(draft, cause, "", "applied"))
        await self.note(draft)
        turned = msgspec.structs.replace(state, digest=digest, whole_us=draft.now_us, turns_us=draft.turns_us)
        await self._keep(turned)

    async def _some(self) -> bool:
        """What is due. Whether anything was."""
        draft = await self.draft(Scope())
        state = await self._stood()
        turns = [us for us in (state.turns_us, draft.turns_us) if us is not None]
        if not draft.parts:
            return False
        await self.give(draft, self._row(draft, "change", "", "applied"))
        await self._keep(msgspec.structs.replace(state, turns_us=min(turns, default=None)))
        return True

    async def draft(self, scope: Scope, progress: Progress | None = None) -> Draft:
        """``progress`` is told how far it is, and how far ``give`` is then. Raises Hindered, StoreUnavailable."""
        self._inquiry.progress = progress = progress or Progress()
        progress.within = self.rule.name
        self._doing = "planning"
        try:
            return await self._drafting.draft(scope)
        finally:
            self._doing = "idle"

    async def give(self, draft: Draft, plan: PlanRow | None = None) -> Given:
        """Carry it out. Raises StoreUnavailable."""
        world, progress = self._world, self._inquiry.progress
        progress.within = self.rule.name
        with world.witness.roster(self.lane, self.rule.name, draft.now_us) as view:
            given = await self._orders.give(draft, plan, view.traceparent, progress)
            view.ordered(len(draft.parts), given.ordered)
        if given.ordered or draft.judged.is_held:
            world.witness.event(
                "roster.ordered",
                lane=self.lane,
                rule=self.rule.name,
                places=len(draft.parts),
                orders=given.ordered,
                held=sum(bool(each.held) for each in draft.judged.places),
            )
        return given

    async def ran(self, draft: Draft) -> None:
        """All of it was compared, because somebody asked. What is due the first time still is. Raises
        StoreUnavailable."""
        await self.note(draft)
        state = await self._stood()
        if state.whole_us or await self._may_begin():
            await self._keep(msgspec.structs.replace(state, whole_us=draft.now_us, turns_us=draft.turns_us))

    async def note(self, draft: Draft) -> None:
        """Who has no place at all, and how the rule stands, for the chart. Raises StoreUnavailable."""
        rosters, tenant = self._world.rosters, self._tenant.name
        if draft.unplaced is not None:
            await rosters.spread(tenant, self.rule.name, self.lane, self.rule.into.kind, [draft.unplaced.unit], (), 0)
        places = await rosters.places(tenant, self.rule.name, self.lane, self.rule.into.kind)
        if "" in places:
            left = () if draft.unplaced is None else unplaced(draft.unplaced)
            state = places[""]
            one = Reckoned(place=state.place, marks=state.marks, standings=left)
            await rosters.commit(tenant, self.lane, [one], None, "", "", draft.now_us)
        counts = await rosters.counts(tenant)
        total: Counter[str] = Counter()
        for each in places.values():
            total.update(counts.get(each.place.no, {}))
        people = sum(n for standing, n in total.items() if standing != "stranger")
        await rosters.note_drift(
            tenant,
            Drift(
                rule=self.rule.name,
                at_us=draft.now_us,
                people=people,
                in_step=total["in_step"],
                pending=total["pending"],
                unmatched=total["unmatched"],
                refused=total["refused"],
                excluded=total["excluded"],
                asked=total["asked"],
                strangers=total["stranger"],
            ),
        )

    def _row(self, draft: Draft, cause: Cause, by: str, state: PlanState) -> PlanRow | None:
        """A run that does something, as it is kept."""
        if not draft.judged.hash:
            return None
        return plan_row(self._tenant.name, [draft], draft.scope.course, cause, by, state)

    async def _hindered(self, error: Hindered) -> float:
        """Later. Credentials that died suspend the lane."""
        world, failure = self._world, error.failure
        self._failures += 1
        wait_s = min(LONGEST_S, FIRST_S * 2.0 ** min(self._failures - 1, 10))
        now_us = world.clock.now_us()
        if isinstance(failure, Throttled | Unavailable):
            wait_s = max(wait_s, retry_after_s(failure.retry_after, now_us) or 0.0)
        if self._detail != failure.detail:
            world.witness.trouble("reconciler.hindered", None, lane=self.lane, rule=self.rule.name, detail=str(error))
        self._detail = failure.detail or type(failure).__name__
        if isinstance(failure, Revoked):
            try:
                await world.outbox.suspend(self.lane, failure.detail, now_us)
            except StoreUnavailable as trouble:  # the next try will find the same
                world.witness.trouble("reconciler.store_unavailable", trouble, lane=self.lane)
            world.switchboard.ready(self.lane)
        return wait_s


def _digest(rule: Roster) -> bytes:
    """Another one means that all of it is compared anew."""
    return blake2b(msgspec.json.encode(rule), digest_size=16).digest()
