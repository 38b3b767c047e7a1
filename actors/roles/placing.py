"""Where units have their places, and who is in them: places are found or named, and read, in the fewest calls.

What was read is remembered before anything follows from it, so that a run which is broken off goes on where it was.
A place that is not read to its end is remembered as such: nobody is missed in it for that.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from actors.domain.rosters.memory import remembered
from actors.domain.rosters.model import Actual, Kept, Place
from actors.ports.rostering import Account, Found, Gone
from actors.ports.rosters import COMPARE, READ, PlaceState, Reckoned
from actors.roles.inquiring import Inquiry, dated
from actors.roles.matching import Matched, Matching
from actors.roles.world import World
from config.rosters import Roster

NO_PLACE = "a person decided that it is not kept in step"
BORN_AGAIN_US = 30_000_000
ANEW_MAX = 9
"""So many names are tried for what is made anew."""
CALLS_MAX = 200
DAY_US = 86_400_000_000
SPARE = 20
"""Of the calls of a night's reading, one in so many is for what it does not tell."""
FINDING = "looking for places"
READING = "reading who is in"
ARCHIVES = "looking what was archived"
ARCHIVED = "archived: somebody put it into the archive"
PARTLY = "the vendor did not show all of its members"


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's place: its vendor's ``id``, or none. ``problem``: why nothing can be done; ``others``: of several with
    its name (id, name) each. ``create``: it is to be made."""

    id: str = ""
    problem: str = ""
    archived: bool = False
    others: tuple[tuple[str, str], ...] = ()
    create: bool = False
    twin_rule: str = ""
    """The other rule whose unit that is; empty: this one's."""
    twin: str = ""
    """The unit that has the place already."""
    name: str = ""
    """What it is made as, where that is another name than the rule's."""


class Placing:
    """One rule's places."""

    def __init__(self, tenant: str, rule: Roster, inquiry: Inquiry, matching: Matching, world: World) -> None:
        self._tenant = tenant
        self._rule = rule
        self._inquiry = inquiry
        self._matching = matching
        self._world = world

    async def find(
        self,
        states: Sequence[PlaceState],
        named: Mapping[str, str],
        taken: Mapping[str, str],
        elsewhere: Mapping[str, tuple[str, str]],
    ) -> dict[str, Sought]:
        """Of those that have no place yet, by the unit's key. ``named``: those that are to be made anew by a person's
        word, and as what; ``taken``: the units that have places, by place; ``elsewhere``: (rule, unit) that
        has them for other rules. Raises Hindered, StoreUnavailable."""
        kind, rostering = self._rule.into.kind, self._inquiry.rostering
        texts = {}
        for each in states:
            unit = each.place.unit
            text = named.get(unit.key) or unit.name
            texts[unit.key] = text if rostering.is_id(kind, text) else rostering.name(kind, text)
        found = await self._found(texts.values())
        bases = {each.place.unit.key: each.place.unit.name for each in states}
        for n in range(2, ANEW_MAX + 1):  # what is made anew is no place that there is
            again = {key: rostering.name(kind, f"{bases[key]}-{n}") for key in named if found.get(texts[key])}
            if not again:
                break
            texts |= again
            found |= await self._found(again.values())
        sought: dict[str, Sought] = {}
        claimed = dict(taken)
        for key, text in texts.items():
            one = self._judge(text, found.get(text, ()), claimed, elsewhere)
            sought[key] = one = msgspec.structs.replace(one, name=text) if one.create and key in named else one
            if one.create:
                claimed[f"name:{text}"] = key
            elif one.id:
                claimed[one.id] = key
        return sought

    async def _found(self, texts: Iterable[str]) -> dict[str, tuple[Found, ...]]:
        found: dict[str, tuple[Found, ...]] = {}
        left = list(dict.fromkeys(texts))
        finds_max, of = self._inquiry.rostering.finds_max, len(left)
        while left:
            self._inquiry.progress.step(FINDING, of - len(left), of, "places")
            some = left[:finds_max]
            answer = await self._inquiry.find(self._rule.into.kind, some)
            if not any(each in answer for each in some):
                raise LookupError(f"{self._inquiry.lane}: none of {len(some)} names was told of")
            found.update(answer)
            left = [each for each in left if each not in answer]
        return found

    def _judge(
        self,
        text: str,
        found: tuple[Found, ...],
        claimed: Mapping[str, str],
        elsewhere: Mapping[str, tuple[str, str]],
    ) -> Sought:
        if len(found) > 1:
            others = tuple((each.place, each.closed or each.name) for each in found)
            return Sought(problem=f"{len(found)} places there are called {text}", others=others)
        if found:
            [one] = found
            if one.place in elsewhere:
                rule, twin = elsewhere[one.place]
                problem = f"{text} is the place of {twin} of the roster {rule} already"
                return Sought(id=one.place, problem=problem, twin=twin, twin_rule=rule)
            if one.place in claimed:
                twin = claimed[one.place]
                return Sought(id=one.place, problem=f"{text} is the place of {twin} already", twin=twin)
            if one.closed:
                return Sought(id=one.place, problem=f"{text} is {one.closed}", archived=True)
            return Sought(id=one.place)
        if twin := claimed.get(f"name:{text}", ""):
            return Sought(problem=f"{twin} has the same name, {text}", twin=twin)
        if self._inquiry.rostering.is_id(self._rule.into.kind, text):
            return Sought(problem=f"there is no {self._rule.into.kind} {text}, or we may not see it")
        if not self._rule.create:
            return Sought(problem=f"there is no {self._rule.into.kind} {text}, and the rule has create = false")
        return Sought(create=True)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────

    async def read(self, states: Sequence[PlaceState], matched: Matched, *, due: bool) -> None:
        """These places anew, as many as there are, remembered. ``due``: they are to be compared then; else only those
        that were due are. Raises Hindered, StoreUnavailable."""
        kind = self._rule.into.kind
        at_once = max(1, self._inquiry.rostering.places_max(kind))
        left = {each.place.id: each for each in states}
        of = len(left)
        while left:
            self._inquiry.progress.step(READING, of - len(left), of, "places")
            some = list(left)[:at_once]
            answer = await self._inquiry.members(kind, some)
            got = {each: answer[each] for each in some if each in answer}
            if not got:
                raise LookupError(f"{self._inquiry.lane}: none of {len(some)} places was told of")
            await self._remember({left.pop(each): told for each, told in got.items()}, matched, due)

    async def _remember(self, told: Mapping[PlaceState, Actual | Gone], matched: Matched, due: bool) -> None:
        now_us = self._world.clock.now_us()
        kept = await self._world.rosters.kept([state.place.no for state in told])
        whole = {state: actual for state, actual in told.items() if isinstance(actual, Actual)}
        bots = await self._bots(whole, kept, matched)
        reckoned = []
        for state, actual in told.items():
            before = kept[state.place.no]
            if isinstance(actual, Gone):
                one = self._gone(state, actual, now_us)
            else:
                one = self._seen(state, before, _without(actual, bots), now_us)
            reckoned.append(one if due or state.due else msgspec.structs.replace(one, again_us=None))
        await self._world.rosters.commit(self._tenant, self._inquiry.lane, reckoned, None, "", "", now_us)

    async def _bots(
        self, told: Mapping[PlaceState, Actual], kept: Mapping[int, list[Kept]], matched: Matched
    ) -> frozenset[str]:
        """Members that are no persons. Whoever is not known is asked about, where the vendor tells no more than ids."""
        unknown: dict[str, Account] = {}
        for state, actual in told.items():
            known = {each.id for each in kept[state.place.no]} | matched.of.keys()
            for member in actual.members:
                if member.id not in known and not member.bot:
                    emails = (member.email,) if member.email else ()
                    unknown[member.id] = Account(id=member.id, emails=emails, name=member.name)
        if not unknown:
            return frozenset()
        if self._inquiry.rostering.names_members:
            await self._matching.met(list(unknown.values()))
            return frozenset()
        found = await self._matching.strangers(unknown)
        return frozenset(id_ for id_, account in found.items() if account.bot)

    def _gone(self, state: PlaceState, gone: Gone, now_us: int) -> Reckoned:
        """It is not there. One that was made lately may not be there yet."""
        place = state.place
        young = place.made and now_us - place.made_us < round(self._inquiry.rostering.born_s * 1e6)
        if young and not gone.archived:
            return _again(state, place, READ, now_us + BORN_AGAIN_US)
        closed = f"archived: {gone.why}" if gone.archived else gone.why
        place = msgspec.structs.replace(place, closed=closed or "it is gone", read_us=now_us)
        return _again(state, place, COMPARE, now_us)

    def _seen(self, state: PlaceState, before: Sequence[Kept], actual: Actual, now_us: int) -> Reckoned:
        visible_us = round(self._inquiry.rostering.visible_s * 1e6)
        late = {each.id for each in before if _taken_out_lately(each, now_us, visible_us)}
        members = tuple(member for member in actual.members if member.id not in late)
        actual = msgspec.structs.replace(dated(actual, now_us), members=members)
        after = remembered(before, actual, now_us, visible_us)
        was = {each.id: each for each in before}
        return Reckoned(
            place=msgspec.structs.replace(state.place, read_us=now_us, closed=self._stays_closed(state.place)),
            marks=state.marks,
            parked=state.parked,
            partly="" if actual.whole else PARTLY,
            kept=tuple(each for id_, each in after.items() if was.get(id_) != each),
            again=COMPARE,
            again_us=now_us,
        )

    # ── archived ─────────────────────────────────────────────────────────────────────────────────────

    def _stays_closed(self, place: Place) -> str:
        """A reading does not say that it is archived no more, where it does not say that it is."""
        hides = self._rule.into.kind in self._inquiry.rostering.hides_closing
        return place.closed if hides and is_archived(place) else ""

    async def look_closed(self, read: Sequence[PlaceState], *, anew: bool, thrifty: bool, due: bool) -> None:
        """Which of these are archived, where their reading does not tell: of those that were, each time; of the others
        if all are read ``anew``, and (``thrifty``) as often as that is next to nothing beside the reading. Raises
        Hindered, StoreUnavailable."""
        if self._rule.into.kind not in self._inquiry.rostering.hides_closing:
            return
        were = [each for each in read if is_archived(each.place)]
        others = [each for each in read if anew and not is_archived(each.place)]
        night = self._world.clock.now_us() // DAY_US
        calls_max = spare_calls(len(others), night) if thrifty else CALLS_MAX
        for some, calls in ((were, len(were)), (others, calls_max)):
            if some and calls:
                await self._close({each.place.id for each in some}, calls, night, due)

    async def _close(self, ids: Collection[str], calls_max: int, night: int, due: bool) -> None:
        """Where a call tells of one place only, each night it is the turn of others."""
        self._inquiry.progress.step(ARCHIVES)
        turn = (night + 1) * len(ids) // SPARE % len(ids)
        order = sorted(ids)
        told = await self._inquiry.closing(self._rule.into.kind, order[turn:] + order[:turn], calls_max)
        lane, now_us = self._inquiry.lane, self._world.clock.now_us()
        states = await self._world.rosters.places(self._tenant, self._rule.name, lane, self._rule.into.kind)
        reckoned = []
        for state in states.values():
            place = state.place
            if place.id in ids and told.get(place.id, is_archived(place)) != is_archived(place):
                place = msgspec.structs.replace(place, closed="" if place.closed else ARCHIVED)
                one = _again(state, place, COMPARE, now_us)
                reckoned.append(one if due or state.due else msgspec.structs.replace(one, again_us=None))
        if reckoned:
            await self._world.rosters.commit(self._tenant, lane, reckoned, None, "", "", now_us)


def _again(state: PlaceState, place: Place, how: int, again_us: int) -> Reckoned:
    return Reckoned(
        place=place, marks=state.marks, parked=state.parked, partly=state.partly, again=how, again_us=again_us
    )


def _taken_out_lately(kept: Kept, now_us: int, visible_us: int) -> bool:
    """By us: it may still show."""
    return not (kept.inside or kept.ours or kept.tries) and 0 < now_us - kept.put_us < visible_us and kept.put_us > 0


def _without(actual: Actual, bots: frozenset[str]) -> Actual:
    if not bots:
        return actual
    members = tuple(
        msgspec.structs.replace(member, bot=True) if member.id in bots else member for member in actual.members
    )
    return msgspec.structs.replace(actual, members=members)


def is_open(place: Place) -> bool:
    """Something can be done there."""
    return bool(place.id) and not place.closed


def is_archived(place: Place) -> bool:
    """It could come back as it was."""
    return place.closed.startswith("archived")


def spare_calls(places: int, night: int) -> int:
    """How many calls beside the reading of so many places are for this night: few places have one now and then."""
    return (night + 2) * places // SPARE - (night + 1) * places // SPARE
