"""Who is one person: users of several sources, put together by what equals, kept apart by what contradicts. Pure.

The answer is a function of what each source ever told and of what people decided. Nothing of an earlier answer goes
into it, so sources may be read in any order. Where evidence contradicts, all that hangs together by it is left apart,
and what looked alike becomes a match for people: no choice is made for them.

A *persona* is a user of one source, or (source empty) what an operator linked. Levels are tried from the surest to the
least sure; what one level has put together stays together for the next.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from fnmatch import fnmatchcase
from itertools import combinations
from typing import Generic, TypeVar

import msgspec

from config.identity import Identity

EMAIL = "email"
ACCOUNT = "account"
ONE_EACH = frozenset({"sis", "master"})
"""A person has one of these: different ones contradict."""
HOLDERS_MAX = 20
"""A value that more personas hold identifies nobody."""
PAIRS_MAX = 10
"""Matches that one value makes, at most: those of the persons who had it first."""

T = TypeVar("T", int, str)
Pair = tuple[int, int]


class Confidence(IntEnum):
    """How sure it is, from a guess to what a person said."""

    GUESS = 1
    EMAIL = 2
    UNIQUE = 3
    SOURCE = 4
    PERSON = 5


class Held(msgspec.Struct, frozen=True, array_like=True):
    """An identifier, from when until when it was told (None: it is in force). Microseconds since the epoch."""

    namespace: str
    value: str
    from_us: int = 0
    until_us: int | None = None


class Persona(msgspec.Struct, frozen=True, kw_only=True):
    """``inactive_us``: since when it is no active user of its source, None: it is."""

    no: int
    source: str
    held: tuple[Held, ...] = ()
    inactive_us: int | None = None

    @property
    def active(self) -> bool:
        return self.inactive_us is None


class Match(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Two personas (``a`` < ``b``) that have a value in common, and why they are not taken for one person."""

    a: int
    b: int
    namespace: str
    value: str
    against: str


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a persona belongs to its group: how sure, and by what (``sis:S1``)."""

    how: Confidence
    why: str


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """``groups`` are persons, each by the numbers of its personas, in order. ``reasons`` of those that have company."""

    groups: tuple[tuple[int, ...], ...]
    matches: tuple[Match, ...]
    reasons: Mapping[int, Reason]


class _Edge(msgspec.Struct, frozen=True, kw_only=True):
    """These personas are one person, if this value says so and nothing is ``against`` it."""

    namespace: str
    value: str
    holders: tuple[int, ...]
    against: str = ""


class _Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A value that put nobody together, and why."""

    edge: _Edge
    against: str


def settle(personas: Sequence[Persona], same: Iterable[Pair], apart: Iterable[Pair], rules: Identity) -> Settled:
    """Who is one person. Everybody that any of them may be must be among ``personas``."""
    return _Settling(personas, set(same), set(apart), rules).settled()


def telling(namespace: str, value: str, rules: Identity) -> bool:
    """Whether a value of this kind may link at all."""
    return bool(value) and namespace in rules.link and not _is_nobodys(namespace, value, rules)


def _is_nobodys(namespace: str, value: str, rules: Identity) -> bool:
    if not rules.never:
        return False
    text = f"{namespace}:{value}".casefold()
    return any(fnmatchcase(text, pattern.casefold()) for pattern in rules.never)


class _Settling:
    def __init__(self, personas: Sequence[Persona], same: set[Pair], apart: set[Pair], rules: Identity) -> None:
        self._personas = {each.no: each for each in sorted(personas, key=lambda each: each.no)}
        self._rules = rules
        by_value: dict[tuple[str, str], list[tuple[Persona, Held]]] = defaultdict(list)
        for persona in self._personas.values():
            for held in persona.held:
                by_value[held.namespace, held.value].append((persona, held))
        self._several = {key: found for key, found in by_value.items() if 1 < len(found) <= HOLDERS_MAX}
        self._apart: dict[int, set[int]] = defaultdict(set)
        for a, b in apart:
            self._apart[a].add(b)
            self._apart[b].add(a)
        self._groups = _Union(self._personas)
        self._reasons: dict[int, Reason] = {}
        self._doubts: dict[tuple[str, str], list[_Doubt]] = defaultdict(list)
        for a, b in sorted(same):
            if a in self._personas and b in self._personas:
                self._join((a, b), Reason(how=Confidence.PERSON, why="a person said so"))

    def settled(self) -> Settled:
        for kind in dict.fromkeys(self._rules.link):
            if kind == EMAIL:
                self._level(list(self._by_address()), Confidence.EMAIL)
            else:
                self._level(self._by_value(kind), Confidence.UNIQUE)
        by_root = self._groups.by_root()
        groups = [tuple(sorted(members)) for members in by_root.values()]
        together = {no for members in groups for no in members if len(members) > 1}
        return Settled(
            groups=tuple(sorted(groups)),
            matches=tuple(sorted(each for found in self._doubts.values() for each in self._questions(found, by_root))),
            reasons={no: reason for no, reason in self._reasons.items() if no in together},
        )

    # ── what equals ──────────────────────────────────────────────────────────────────────────────────

    def _holders(self, kind: str) -> list[tuple[str, list[tuple[Persona, Held]]]]:
        """By value, in order: whoever has it or had it."""
        return [
            (value, holders)
            for (namespace, value), holders in sorted(self._several.items(), key=lambda item: item[0])
            if namespace == kind and not _is_nobodys(kind, value, self._rules)
        ]

    def _by_value(self, kind: str) -> list[_Edge]:
        """Where a source has given a value to somebody else, whoever had it before is no holder any more."""
        edges = []
        for value, holders in self._holders(kind):
            now = {persona.source for persona, held in holders if held.until_us is None}
            kept = [p.no for p, held in holders if held.until_us is None or p.source not in now]
            if len(kept) > 1:
                edges.append(_Edge(namespace=kind, value=value, holders=tuple(kept)))
        return edges

    def _by_address(self) -> Iterator[_Edge]:
        """An address links those who had it at one time, unless a source ever gave it to several people."""
        kind = EMAIL
        for value, holders in self._holders(kind):
            by_source: dict[str, set[int]] = defaultdict(set)
            for persona, _ in holders:
                by_source[persona.source].add(self._groups.root(persona.no))
            several = sorted(source for source, roots in by_source.items() if len(roots) > 1)
            current = tuple(p.no for p, held in holders if held.until_us is None)
            if several:
                told = f"it was that of several people in {several[0] or 'what people linked'}"
                yield _Edge(namespace=kind, value=value, holders=current, against=told)
                continue
            for (one, held), (other, also) in combinations(holders, 2):
                pair = (one.no, other.no)
                if overlap(_span(one, held), _span(other, also)):
                    yield _Edge(namespace=kind, value=value, holders=pair)
                elif held.until_us is None and also.until_us is None and (one.active or other.active):
                    told = "one of them was no active user any more when the other was first seen with it"
                    yield _Edge(namespace=kind, value=value, holders=pair, against=told)
                elif held.until_us is None or also.until_us is None:
                    told = "one of them had it only before the other"
                    yield _Edge(namespace=kind, value=value, holders=pair, against=told)

    # ── what contradicts ─────────────────────────────────────────────────────────────────────────────

    def _level(self, edges: Sequence[_Edge], how: Confidence) -> None:
        """All that hangs together by these edges becomes one person, or nothing of it does."""
        if not edges:
            return
        union = _Union[int](())
        usable = [edge for edge in edges if not edge.against]
        for edge in usable:
            roots = [self._groups.root(no) for no in edge.holders]
            for root in roots[1:]:
                union.join(roots[0], root)
        by_component: dict[int, list[_Edge]] = defaultdict(list)
        for edge in usable:
            by_component[union.root(self._groups.root(edge.holders[0]))].append(edge)
        members = self._groups.by_root()
        parts = union.by_root()
        decided: list[tuple[list[_Edge], str]] = []
        for component, found in sorted(by_component.items()):
            parted = [members[root] for root in parts[component]]
            decided.append((found, self._against(parted) if len(parted) > 1 else ""))
        for found, against in decided:
            for edge in found:
                if against:
                    self._doubts[edge.namespace, edge.value].append(_Doubt(edge=edge, against=against))
                else:
                    self._join(edge.holders, Reason(how=how, why=f"{edge.namespace}:{edge.value}"))
        for edge in edges:
            if edge.against:
                self._doubts[edge.namespace, edge.value].append(_Doubt(edge=edge, against=edge.against))

    def _against(self, groups: Sequence[Sequence[int]]) -> str:
        """Why these groups cannot all be one person; empty: nothing is against it."""
        active: dict[str, int] = {}
        where = {no: place for place, members in enumerate(groups) for no in members}
        for no, place in where.items():
            persona = self._personas[no]
            if persona.source and persona.active and active.setdefault(persona.source, place) != place:
                return f"both are active in {persona.source}"
        for no, place in where.items():
            if any(where.get(other, place) != place for other in self._apart.get(no, ())):
                return "a person said that they are two"
        for kind in sorted(ONE_EACH & set(self._rules.link)):
            if self._classes(where, kind) > 1:
                return f"they have different identifiers of the kind {kind}"
        return ""

    def _classes(self, where: Mapping[int, int], kind: str) -> int:
        """Into how many these fall by their values of a kind of which a person has one; those without count not."""
        union = _Union[str](())
        for no, place in where.items():
            for held in self._personas[no].held:
                if held.namespace == kind and not _is_nobodys(kind, held.value, self._rules):
                    union.join(f"of group {place}", held.value)
        return len(union.roots())

    # ── what is asked ────────────────────────────────────────────────────────────────────────────────

    def _questions(self, doubts: Sequence[_Doubt], members: Mapping[int, list[int]]) -> Iterator[Match]:
        """One for each two persons who have this value, as they are in the end: what a less sure level put together is
        no question, nor is it two. Numbers follow the order in which sources were read, so of many it is not the least
        numbers that count but who had the value first, source by source; whoever comes later takes no place of theirs.
        """
        namespace, value = key = (doubts[0].edge.namespace, doubts[0].edge.value)
        rank = {persona.no: (held.from_us, persona.source, persona.no) for persona, held in self._several[key]}
        asked: dict[Pair, tuple[int, int, _Doubt]] = {}
        for doubt in doubts:
            groups: dict[int, int] = {}
            for no in sorted(doubt.edge.holders, key=lambda no: rank[no]):
                groups.setdefault(self._groups.root(no), no)
            for (one, a), (other, b) in combinations(groups.items(), 2):
                two, new = (min(one, other), max(one, other)), (a, b, doubt)
                if self._is_question(doubt.edge, members[one], members[other]):
                    asked[two] = min(asked.get(two, new), new, key=lambda each: (rank[each[1]], rank[each[0]]))
        first = sorted(asked.items(), key=lambda item: (rank[item[1][1]], rank[item[1][0]]))
        for (one, other), (a, b, doubt) in first[:PAIRS_MAX]:
            against = doubt.edge.against or self._against([members[one], members[other]])
            against = against or f"with others that hang together by it: {doubt.against}"
            yield Match(a=min(a, b), b=max(a, b), namespace=namespace, value=value, against=against)

    def _is_question(self, edge: _Edge, one: Sequence[int], other: Sequence[int]) -> bool:
        """Not where people answered it, where all are gone, or where one source itself tells them apart: active users
        of it to whom it gives one address share that."""
        if self._parted(one, other):
            return False
        if not any(self._personas[no].active for no in (*one, *other)):
            return False
        if edge.namespace != EMAIL:
            return True
        here, there = (self._active_in(set(edge.holders) & set(members)) for members in (one, other))
        return not here & there

    def _active_in(self, members: Iterable[int]) -> set[str]:
        """The sources whose active users are among these."""
        return {self._personas[no].source for no in members if self._personas[no].active} - {""}

    def _parted(self, one: Sequence[int], other: Sequence[int]) -> bool:
        return any(no in self._apart.get(each, ()) for each in one for no in other)

    def _join(self, holders: Sequence[int], reason: Reason) -> None:
        for no in holders:
            self._reasons.setdefault(no, reason)
            self._groups.join(holders[0], no)


def _span(persona: Persona, held: Held) -> tuple[int, float]:
    """While the value was that of an active user."""
    ends = [end for end in (held.until_us, persona.inactive_us) if end is not None]
    return held.from_us, min(ends, default=float("inf"))


def overlap(one: tuple[int, float], other: tuple[int, float]) -> bool:
    """Whether two times (from, until) have a moment in common."""
    return max(one[0], other[0]) < min(one[1], other[1])


class _Union(Generic[T]):
    """Disjoint sets; the least member names its set."""

    def __init__(self, members: Iterable[T]) -> None:
        self._up: dict[T, T] = {each: each for each in members}

    def root(self, member: T) -> T:
        top = self._up.setdefault(member, member)
        while top != self._up[top]:
            self._up[top] = self._up[self._up[top]]
            top = self._up[top]
        self._up[member] = top
        return top

    def join(self, one: T, other: T) -> None:
        a, b = self.root(one), self.root(other)
        if a != b:
            self._up[max(a, b)] = min(a, b)

    def roots(self) -> list[T]:
        return [each for each in self._up if self.root(each) == each]

    def by_root(self) -> dict[T, list[T]]:
        found: dict[T, list[T]] = defaultdict(list)
        for each in self._up:
            found[self.root(each)].append(each)
        return found
