"""One rule's run, up to what is to be done: who belongs where, where that is, who is in it, and what differs.

Whatever is learnt on the way is remembered, and nothing else is changed: a draft that is thrown away leaves the places
as they were. Only what is due is looked at, and the vendor is asked only what is not known.
"""

from collections.abc import Collection, Mapping, Sequence

from actors.domain.conflicts.fixes import MakeAnew, NoPlace, UsePlace, unit_scope
from actors.domain.conflicts.ruled import NOTHING, Ruled, heeded, ruled
from actors.domain.rosters.desired import Desiring
from actors.domain.rosters.diff import difference
from actors.domain.rosters.difference import Difference
from actors.domain.rosters.holding import Judged, judge
from actors.domain.rosters.model import Actual, Desired, Kept, PlaceKind, Unit
from actors.domain.rosters.plan import PlacePlan
from actors.domain.rosters.units import needed
from actors.ports.rosters import COMPARE, READ, Marked, PlaceState, Reckoned
from actors.roles.drafts import Draft, Part, Scope, bound, courses_of, named_before, touched
from actors.roles.inquiring import Inquiry
from actors.roles.matching import Matched, Matching
from actors.roles.naming import named
from actors.roles.placing import NO_PLACE, Placing, Sought, is_open
from actors.roles.world import World
from config.rosters import Roster

SCOPES_MAX = 500
COURSES_MAX = 200
ROWS = 1_000
FRESH_US = 5_000_000
"""So long a place that was read counts as read just now."""
ENROLLED = "reading who is enrolled"
COMPARING = "comparing"
UNDER_WAY = "orders are under way to it: it is planned when they are done"


class Drafting:
    """One rule's."""

    def __init__(self, tenant: str, zone: str, rule: Roster, inquiry: Inquiry, world: World) -> None:
        self._tenant = tenant
        self._zone = zone
        self._rule = rule
        self._kind = rule.into.kind
        self._inquiry = inquiry
        self._world = world
        self.matching = Matching(tenant, rule.to, inquiry, world)
        self._placing = Placing(tenant, rule, inquiry, self.matching, world)
        self._rulings: dict[str, Ruled] = {}

    async def draft(self, scope: Scope) -> Draft:
        """Raises Hindered, StoreUnavailable."""
        rosters, now_us = self._world.rosters, self._world.clock.now_us()
        marked = [] if scope.dry else await rosters.marked(self._tenant, self._rule.name)
        states = await self._at_hand(scope, marked, now_us)
        desiring = await self._desiring(await self._courses(scope, states, marked, now_us), now_us)
        units = {unit.key: unit for unit in desiring.units()}
        states |= await self._states([key for key in units if key not in states])
        due = [] if scope.dry else touched(scope, units, states, marked)
        fresh = [unit for key, unit in units.items() if key not in states]
        if fresh or due or marked:
            if fresh:
                await self._spread(fresh, (), 0)
            await self._spread(due, marked, READ if scope.read else COMPARE)
            states = await self._states({**states, **units})
        chosen = [each for each in states.values() if self._is_chosen(each, scope, units, now_us)]
        if chosen and not scope.is_asked:  # what waits for a person counts with all that is taken out
            here = {each.place.no for each in chosen}
            more = [each for each in states.values() if each.parked and not each.flying]
            chosen += [each for each in more if each.place.no not in here]
        if not chosen and not scope.is_asked:
            return Draft(scope=scope, now_us=now_us, parts={}, judged=Judged(), turns_us=desiring.next_us())
        doubts = await rosters.doubts(self._tenant, self._rule.source)
        wanted = {each.place.unit.key: self._wanted(desiring, each, units, doubts) for each in chosen}
        parts = await self._parts(chosen, wanted, scope, now_us)
        elsewhere = 0
        if any(part.plan.difference.leaves for part in parts.values()):
            inside = await rosters.inside(self._tenant, self._rule.name)
            here = {part.place.no for part in parts.values()}
            elsewhere = sum(n for no, n in inside.items() if no not in here)
        decided = await self._ruled({"": ""})
        go = frozenset(hash_ for told in (*self._rulings.values(), *decided.values()) for hash_ in told.go)
        go |= await rosters.accepted(self._tenant)
        judged = judge(
            self._tenant,
            self._rule,
            [part.plan for part in parts.values()],
            elsewhere=elsewhere,
            go=go,
            all_go=scope.accept,
        )
        unplaced = None
        if scope.whole and (left := desiring.unplaced()):
            unit = Unit(rule=self._rule.name, key="", label="no place")
            unplaced = Desired(unit=unit, excluded=left)
        return Draft(
            scope=scope,
            now_us=now_us,
            parts=parts,
            judged=judged,
            turns_us=desiring.next_us(),
            unplaced=unplaced,
        )

    # ── who belongs where ────────────────────────────────────────────────────────────────────────────

    async def _at_hand(self, scope: Scope, marked: Sequence[Marked], now_us: int) -> dict[str, PlaceState]:
        """Those that may have to be looked at: a rule has thousands of places, and few of them change at a time."""
        courses = {each.course for each in marked}
        if scope.is_asked or "" in courses:
            return _placed(await self._world.rosters.places(*self._mine))
        if courses:
            courses.add("")  # where people of several courses are
        return _placed(await self._world.rosters.at_hand(*self._mine, sorted(courses), now_us))

    async def _states(self, keys: Collection[str]) -> dict[str, PlaceState]:
        """Of these units, as far as they are remembered."""
        return _placed(await self._world.rosters.places(*self._mine, list(keys))) if keys else {}

    @property
    def _mine(self) -> tuple[str, str, str, PlaceKind]:
        """What places are remembered by."""
        return self._tenant, self._rule.name, self._inquiry.lane, self._kind

    async def _spread(self, units: Sequence[Unit], marked: Sequence[Marked], due: int) -> None:
        await self._world.rosters.spread(*self._mine, units, marked, due)

    async def _courses(
        self, scope: Scope, states: Mapping[str, PlaceState], marked: Sequence[Marked], now_us: int
    ) -> Sequence[str] | None:
        """Whose enrolments are needed: where those of all are, those that the rule is for, if it names any."""
        courses, match = courses_of(scope, states, marked, now_us), self._rule.match
        narrow = bool(scope.course) or (match is not None and bool(match.course or match.org_unit))
        if courses is not None or not narrow:
            return courses
        there = await self._world.rosters.courses(self._tenant, self._rule.source)
        return sorted({*needed(self._rule, there, scope.course), *named_before(scope.course, states)})

    async def _desiring(self, courses: Sequence[str] | None, now_us: int) -> Desiring:
        desiring, n = Desiring(self._rule, self._zone, now_us), 0
        lots: list[Sequence[str] | None] = [None]
        if courses is not None:
            lots = [courses[at : at + COURSES_MAX] for at in range(0, len(courses), COURSES_MAX)]
        for some in lots:
            after: tuple[str, str, int] | None = ("", "", 0)
            while after is not None:
                self._inquiry.progress.step(ENROLLED, n, unit="enrolments")
                enrolled, after = await self._world.rosters.enrolled(self._tenant, self._rule.source, some, after, ROWS)
                desiring.take(enrolled)
                n += len(enrolled)
        return desiring

    def _is_chosen(self, state: PlaceState, scope: Scope, units: Mapping[str, Unit], now_us: int) -> bool:
        unit = units.get(state.place.unit.key, state.place.unit)
        if scope.course:
            return scope.course in (unit.course, unit.label, unit.name, unit.key)
        if scope.whole and scope.dry:
            return True
        if state.flying or state.stuck:
            return False
        return state.due > 0 and state.due_us <= now_us

    def _wanted(
        self, desiring: Desiring, state: PlaceState, units: Mapping[str, Unit], doubts: Mapping[str, str]
    ) -> Desired:
        unit = state.place.unit
        why = doubts.get("", "") or doubts.get(unit.course, "")
        if not why and not unit.course:
            why = next(iter(doubts.values()), "")
        view = self._world.switchboard.source_views.get(f"{self._tenant}/{self._rule.source}")
        if not why and view is not None and view.state == "running":
            why = f"{self._rule.source} is being read just now"
        if unit.key in units:
            return desiring.desired(unit.key, why)
        return Desired(unit=unit, sure=not why, why=why)

    # ── where it is, and who is in it ────────────────────────────────────────────────────────────────

    async def _parts(
        self, chosen: Sequence[PlaceState], wanted: Mapping[str, Desired], scope: Scope, now_us: int
    ) -> dict[str, Part]:
        self._rulings = await self._ruled({each.place.unit.key: each.place.id for each in chosen})
        free = [each for each in chosen if not each.flying]
        sought, placed = await self._seek(free, wanted)
        seats = (seat for each in placed for seat in wanted[each.place.unit.key].seats)
        matched = await self.matching.match(seats, anew=scope.read)
        unread = [
            each
            for each in placed
            if each.place.id and (scope.read or each.due == READ or not each.place.read_us) and not each.flying
        ]
        if unread:
            await self._placing.read(unread, matched, due=not scope.dry)
            await self._placing.look_closed(unread, anew=scope.read, thrifty=scope.thrifty, due=not scope.dry)
        parts = await self._compared(chosen, wanted, matched, sought, now_us)
        if stale := [part.state for part in parts.values() if self._is_stale(part, now_us)]:
            await self._placing.read(stale, matched, due=not scope.dry)
            parts = await self._compared(chosen, wanted, matched, sought, now_us)
        return await named(parts, self.matching, self._world.rosters)

    def _is_stale(self, part: Part, now_us: int) -> bool:
        """What is replaced as a whole is looked at before: who was let in by hand since must not be lost with it."""
        if self._kind != "usergroup" or not is_open(part.place) or part.state.flying:
            return False
        return part.plan.difference.does and now_us - part.place.read_us > FRESH_US

    async def _compared(
        self,
        chosen: Sequence[PlaceState],
        wanted: Mapping[str, Desired],
        matched: Matched,
        sought: Mapping[str, Sought],
        now_us: int,
    ) -> dict[str, Part]:
        """By what is remembered."""
        self._inquiry.progress.step(COMPARING, 0, len(chosen), "places")
        states = await self._states([each.place.unit.key for each in chosen])
        kept = await self._kept([each.place.no for each in chosen])
        parts = {}
        for each in chosen:
            key = each.place.unit.key
            state = states[key]
            part = self._part(state, wanted[key], kept[state.place.no], matched, sought.get(key), now_us)
            if part.place.id or part.desired.seats or part.before or part.desired.excluded:
                parts[key] = part
        return parts

    async def _seek(
        self, chosen: Sequence[PlaceState], wanted: Mapping[str, Desired]
    ) -> tuple[dict[str, Sought], list[PlaceState]]:
        """What was found of those without a place, and all of them as they are then."""
        sought: dict[str, Sought] = {}
        seeking, named = [], {}
        moved: list[Reckoned] = []
        for each in chosen:
            unit, place = each.place.unit, each.place
            told = self._rulings.get(unit.key, NOTHING)
            match told.place:
                case NoPlace():
                    sought[unit.key] = Sought(id=place.id, problem=NO_PLACE)
                case UsePlace(place=id_):
                    if place.id != id_:
                        moved.append(bound(each, id_))
                case MakeAnew(made_as=name):
                    if place.made_us < told.place_us:
                        named[unit.key] = name
                        seeking.append(each)
                    elif not place.id:
                        seeking.append(each)
                case None:
                    if not place.id and (wanted[unit.key].seats and not wanted[unit.key].over):
                        seeking.append(each)
        if seeking:
            there = await self._world.rosters.taken(self._tenant, self._inquiry.lane)
            taken = {id_: key for id_, (rule, key) in there.items() if rule == self._rule.name}
            elsewhere = {id_: told for id_, told in there.items() if told[0] != self._rule.name}
            found = await self._placing.find(seeking, named, taken, elsewhere)
            by_key = {each.place.unit.key: each for each in seeking}
            for key, one in found.items():
                if one.id and not one.problem:
                    moved.append(bound(by_key[key], one.id))
                else:
                    sought[key] = one
                    if named.get(key) is not None and by_key[key].place.id and one.create:
                        moved.append(bound(by_key[key], ""))
        if moved:
            now_us = self._world.clock.now_us()
            await self._world.rosters.commit(self._tenant, self._inquiry.lane, moved, None, "", "", now_us)
        states = await self._states([each.place.unit.key for each in chosen])
        return sought, [states[each.place.unit.key] for each in chosen]

    async def _kept(self, nos: Sequence[int]) -> dict[int, list[Kept]]:
        found: dict[int, list[Kept]] = {}
        for at in range(0, len(nos), SCOPES_MAX):
            found.update(await self._world.rosters.kept(nos[at : at + SCOPES_MAX]))
        return found

    async def _ruled(self, placed: Mapping[str, str]) -> dict[str, Ruled]:
        """What people decided, by unit; those of whom nothing is decided are left out. ``placed``: the vendor's ids of
        their places, by unit."""
        scopes = {unit_scope(self._rule.name, key): key for key in placed}
        names, found = list(scopes), {}
        for at in range(0, len(names), SCOPES_MAX):
            some = await self._world.conflicts.rulings(self._tenant, names[at : at + SCOPES_MAX])
            for scope, rulings in some.items():
                key = scopes[scope]
                found[key] = ruled(rulings, placed[key])
        return found

    # ── what differs ─────────────────────────────────────────────────────────────────────────────────

    def _part(
        self,
        state: PlaceState,
        desired: Desired,
        kept: Sequence[Kept],
        matched: Matched,
        sought: Sought | None,
        now_us: int,
    ) -> Part:
        place, rostering = state.place, self._inquiry.rostering
        told = self._rulings.get(place.unit.key, NOTHING)
        heard, remembered, accounts = heeded(desired, kept, matched.accounts, told)
        actual = Actual(place=place.id, whole=False) if state.partly else None
        found = difference(
            self._rule,
            heard,
            remembered,
            actual,
            accounts,
            now_us=now_us,
            visible_us=round(rostering.visible_s * 1e6),
            has_owners=self._kind == "team",
        )
        create = sought is not None and sought.create and bool(found.joins)
        problem = self._problem(state, sought, found)
        plan = PlacePlan(place=place, difference=found, create=create, problem=problem)
        return Part(
            state=state,
            place=place,
            desired=heard,
            accounts=accounts,
            before={each.id: each for each in kept},
            plan=plan,
            sought=sought,
            made_as=sought.name if sought is not None else "",
        )

    def _problem(self, state: PlaceState, sought: Sought | None, found: Difference) -> str:
        seats_max, place = self._inquiry.rostering.members_max, state.place
        if state.flying:
            return UNDER_WAY
        if sought is not None and sought.problem:
            return sought.problem
        if place.closed:
            return place.closed
        if found.in_step + len(found.joins) > seats_max:
            return f"{found.in_step + len(found.joins)} belong in it, and it takes {seats_max}"
        if not is_open(place) and not (sought is not None and sought.create):
            return "" if not found.does else "its place is not known yet"
        return ""


def _placed(states: dict[str, PlaceState]) -> dict[str, PlaceState]:
    """Without whoever has no place."""
    states.pop("", None)
    return states
