"""A draft becomes orders: with what is remembered, how everybody stands and what people are asked, place by place.

One transaction a handful of places: whoever is killed between two of them has ordered some, and the others are due.
"""

from collections.abc import Sequence

import msgspec

from actors.domain.conflicts.fixes import unit_scope
from actors.domain.conflicts.model import Conflict
from actors.domain.progress import Progress
from actors.domain.rosters.accounts import Account as Standing
from actors.domain.rosters.accounts import accounts
from actors.domain.rosters.difference import Difference
from actors.domain.rosters.holding import Settled
from actors.domain.rosters.memory import NEW
from actors.domain.rosters.model import Desired, Kept, Member
from actors.domain.rosters.order import RosterOrder
from actors.domain.xapi.moments import spelt
from actors.ports.rostering import Rostering, Wanted
from actors.ports.rosters import COMPARE, Asked, Committed, Ending, PlanRow, Reckoned, Thread
from actors.roles.contesting import Contest, contested, contested_together
from actors.roles.drafts import Draft, Part, Scope
from actors.roles.planrows import parked_rows
from actors.roles.world import World
from config.rosters import Roster

ROWS_MAX = 4_000
"""Of what is remembered, in one transaction."""
SPARED_AGAIN_US = 300_000_000
"""Where somebody would leave if what is known were all there is, that is asked again after so long."""
FORGET_US = 30 * 86_400_000_000
OPEN = 1_000
WRITING = "writing orders"


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a draft: how many orders are new, and the keys of units of which something changed meanwhile: the
    draft is not so any more there. ``left``: in so many of those it would have done something."""

    ordered: int = 0
    busy: frozenset[str] = frozenset()
    left: int = 0


class Orders:
    """One rule's."""

    def __init__(self, tenant: str, rule: Roster, lane: str, rostering: Rostering, world: World) -> None:
        self._tenant = tenant
        self._rule = rule
        self._lane = lane
        self._rostering = rostering
        self._world = world
        self._asking: set[str] | None = None
        """Scopes in which people are asked something; None: nobody has looked yet."""

    async def give(self, draft: Draft, plan: PlanRow | None, traceparent: str, progress: Progress) -> Given:
        """Everything that the draft says, but for places that changed meanwhile. ``traceparent`` is the run's. Raises
        StoreUnavailable."""
        world, ordered, told = self._world, 0, 0
        busy: set[int] = set()
        token = world.dice.token()[:16]
        correlation_id = f"roster-{token}"
        run = Thread(correlation_id=correlation_id, traceparent=traceparent, why=why(self._rule.name, draft.scope))
        if self._asking is None:
            self._asking = await self._scopes_asked()
        lot: list[Reckoned] = []
        rows, n = 0, 0
        for at, settled in enumerate(draft.judged.places):
            progress.step(WRITING, at, len(draft.judged.places), "places")
            part = draft.parts[settled.whole.place.unit.key]
            one = self._reckoned(draft, part, settled, token, n, run)
            n += len(one.orders or ())
            lot.append(one)
            rows += len(one.kept) + len(one.standings or ()) + (len(one.asked.found) if one.asked else 0) + 10
            if rows >= ROWS_MAX:
                done = await self._commit(lot, None, correlation_id, draft.now_us)
                ordered, told = ordered + done.ordered, told + done.asked
                busy.update(done.busy)
                lot, rows = [], 0
        ending = Ending(
            plan=plan,
            ordered=ordered,
            busy=frozenset(busy),
            parked=parked_rows(self._tenant, self._rule.name, draft),
            asked=self._asked_together(draft, correlation_id),
            places=frozenset(each.whole.place.no for each in draft.judged.places if not each.whole.problem),
        )
        done = await self._commit(lot, ending, correlation_id, draft.now_us)
        ordered, told = ordered + done.ordered, told + done.asked
        busy.update(done.busy)
        outdated = [each for each in draft.judged.places if each.whole.place.no in busy]
        if told:
            world.switchboard.weigh(self._tenant)
        if ordered:
            world.switchboard.ready(self._lane)
        left = sum(not each.whole.problem and (each.now.does or each.whole.create) for each in outdated)
        return Given(ordered=ordered, busy=frozenset(each.whole.place.unit.key for each in outdated), left=left)

    async def _commit(
        self, lot: Sequence[Reckoned], ending: Ending | None, correlation_id: str, now_us: int
    ) -> Committed:
        if not lot and (ending is None or not (ending.plan or ending.parked or ending.asked)):
            return Committed()
        done = await self._world.rosters.commit(self._tenant, self._lane, lot, ending, correlation_id, "", now_us)
        asked = [each.asked for each in lot if each.place.no not in done.busy]
        for each in (*asked, None if ending is None or done.busy or ending.busy else ending.asked):
            if each is not None and self._asking is not None:
                (self._asking.add if each.found else self._asking.discard)(each.scope)
        return done

    # ── one place ────────────────────────────────────────────────────────────────────────────────────

    def _reckoned(self, draft: Draft, part: Part, settled: Settled, token: str, first_n: int, run: Thread) -> Reckoned:
        told, plan = settled.now, settled.whole
        thread = part.state.thread or run
        orders: tuple[RosterOrder, ...] = ()
        problem = plan.problem
        if not problem and (told.does or plan.create):
            made = self._orders(part, told, token, first_n, spelt(draft.now_us))
            orders = tuple(msgspec.structs.replace(each, cause=thread.why) for each in made)
            if plan.create and not orders:
                problem = f"the {part.place.kind} cannot be made: nobody who could own it is known there"
        return Reckoned(
            place=part.place,
            marks=part.state.marks,
            born_us=round(self._rostering.born_s * 1e6),
            partly=part.state.partly,
            kept=tuple(self._kept(part, told)),
            forgotten=tuple(self._forgotten(part, draft.now_us)),
            standings=tuple(standings(part, settled, problem)),
            orders=orders,
            parked=settled.parked,
            let=settled.let,
            again=COMPARE,
            again_us=self._again_us(part, plan.difference, draft.now_us),
            asked=self._asked(draft, part, settled, run.correlation_id),
            thread=thread,
        )

    def _again_us(self, part: Part, told: Difference, now_us: int) -> int | None:
        """When it is looked at again, if nothing happens: who was erased is forgotten as soon as may be."""
        visible_us = round(self._rostering.visible_s * 1e6)
        out = [each for each in part.before.values() if each.erased and not each.inside]
        times = [max(each.put_us, each.left_us) + visible_us + 1 for each in out]
        times += [now_us + SPARED_AGAIN_US] if told.spared else []
        return min([us for us in times if us > now_us], default=None)

    def _kept(self, part: Part, told: Difference) -> list[Kept]:
        """What is new of it; whose the accounts are of those who are put in."""
        after = {each.id: each for each in told.kept}
        for join in told.joins:
            before = after.get(join.id, NEW)
            if before.person != join.seat.person or not before.id or before.erased:
                after[join.id] = msgspec.structs.replace(before, id=join.id, person=join.seat.person, erased=False)
        return [each for id_, each in after.items() if part.before.get(id_) != each]

    def _forgotten(self, part: Part, now_us: int) -> list[str]:
        """Of whom nothing is worth remembering any more: who was erased, as soon as the vendor does not show them."""
        visible_us = round(self._rostering.visible_s * 1e6)
        wanted = {id_ for id_ in part.accounts.values() if isinstance(id_, str)}
        return [
            each.id
            for each in part.before.values()
            if not (each.inside or each.id in wanted or ((each.refused or each.accepted) and not each.erased))
            and now_us - max(each.put_us, each.left_us) > (visible_us if each.erased else FORGET_US)
        ]

    def _orders(self, part: Part, told: Difference, token: str, first_n: int, at: str) -> tuple[RosterOrder, ...]:
        place, has_owners = part.place, part.place.kind == "team"
        known = {each.id: each for each in told.kept}
        inside = [id_ for id_, each in known.items() if each.inside]
        out = {each.member.id for each in told.leaves}
        joining = [each.id for each in told.joins]
        wanted = Wanted(
            kind=place.kind,
            place=place.id,
            name=self._rostering.name(place.kind, part.made_as or place.unit.name),
            topic=place.unit.topic,
            private=self._rule.private,
            add=tuple(each.id for each in told.joins if not (has_owners and each.seat.owner)),
            add_owners=tuple(each.id for each in told.joins if has_owners and each.seat.owner),
            promote=tuple(_member(known[each.id]) for each in told.promotes),
            demote=told.demotes,
            remove=tuple(each.member for each in told.leaves),
            now=tuple(inside),
            then=(*(id_ for id_ in inside if id_ not in out), *joining),
        )
        return self._rostering.orders(
            wanted, plan=token, first_n=first_n, roster=self._rule.name, unit=place.unit.key, at=at
        )

    # ── people ───────────────────────────────────────────────────────────────────────────────────────

    def _asked(self, draft: Draft, part: Part, settled: Settled, correlation_id: str) -> Asked | None:
        """What a person has to decide about a place; what was in question and is not so any more is settled."""
        full = self._rostering.members_max
        contest = Contest(
            place=part.place,
            settled=settled,
            sought=part.sought,
            stuck=part.state.stuck,
            full=full,
            over=part.desired.over,
        )
        found = contested(self._rule, contest, correlation_id, draft.now_us)
        return self._where(unit_scope(self._rule.name, part.place.unit.key), found)

    def _asked_together(self, draft: Draft, correlation_id: str) -> Asked | None:
        found = contested_together(self._rule, self._lane, draft.judged, correlation_id, draft.now_us)
        return self._where(unit_scope(self._rule.name, ""), found)

    def _where(self, scope: str, found: Sequence[Conflict]) -> Asked | None:
        """Nothing is looked for where nothing is asked, as most often."""
        is_asked = self._asking is not None and scope in self._asking
        return Asked(scope=scope, found=tuple(found)) if found or is_asked else None

    async def _scopes_asked(self) -> set[str]:
        """Where people are asked something already."""
        found: set[str] = set()
        after_no = 0
        while cases := await self._world.conflicts.cases(self._tenant, {"open"}, after_no=after_no, limit=OPEN):
            found |= {case.conflict.scope for case in cases}
            after_no = cases[-1].no
        return found


def standings(part: Part, settled: Settled, problem: str) -> list[Standing]:
    """How everybody of a unit stands, as of this run. Nobody is in step in a place that is gone."""
    closed = part.place.closed
    gone = closed if closed and not closed.startswith("archived") and not part.desired.over else ""
    found = []
    for each in accounts(part.desired, settled.whole.difference, part.accounts, problem):
        if settled.held and each.standing == "pending" and each.detail.endswith("is taken out"):
            each = msgspec.structs.replace(each, detail=f"{each.detail}: it waits for a person, {settled.held}")
        if gone and each.standing == "in_step":
            each = msgspec.structs.replace(each, standing="pending", detail=gone)
        found.append(each)
    return found


def why(rule: str, scope: Scope) -> str:
    """What orders follow from where nobody told anything new."""
    asked = scope.is_asked and not scope.thrifty
    return f"the roster {rule}: {'somebody asked' if asked else 'all was compared' if scope.whole else 'a date came'}"


def unplaced(desired: Desired) -> tuple[Standing, ...]:
    """Those for whom there is no place."""
    return tuple(accounts(desired, Difference(), {}))


def _member(kept: Kept) -> Member:
    return Member(id=kept.id, owner=kept.owner, membership=kept.membership)
