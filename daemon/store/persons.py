"""The identity ledger's persons: who is who follows from what is told and decided (``domain.identity``), and is kept.

Whenever something of a persona changes, everybody whom it may concern is looked at anew, in the same transaction; only
what came out differently is written. A person's anchor never changes. Of persons who turn out to be one, the oldest
stays, and the texts by which the others' entities were counted become its own. An address that several persons ever had
at one time becomes nobody's text: what was told by it may be of any of them.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TypeVar

import msgspec

from actors.domain.identity import (
    ACCOUNT,
    EMAIL,
    HOLDERS_MAX,
    Confidence,
    Held,
    Pair,
    Persona,
    Settled,
    overlap,
    settle,
    telling,
)
from config.identity import Identity
from daemon.store import comparing, rostering

T = TypeVar("T")
VALUES_MAX = 300  # in one query
AROUND_MAX = 3_000
"""Personas that are looked at together, at most: the rest of a larger tangle is left as it is."""
_PERSONA = "no, source, inactive_us, person, how, why"
_HOLDERS = (
    "SELECT p.person, i.from_us, i.until_us FROM identifiers i CROSS JOIN personas p ON p.no = i.persona "
    "WHERE i.tenant = ? AND i.namespace = ? AND i.value = ? LIMIT ?"
)
_COUNTED = frozenset({EMAIL, ACCOUNT})


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: personas that belong to another person now (new ones apart), and matches that are new."""

    moved: int = 0
    matches: int = 0


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody whom a change may concern: personas with the person each belongs to, and what people decided."""

    personas: dict[int, Persona]
    persons: dict[int, int]
    reasons: dict[int, tuple[int, str]]
    same: set[Pair]
    apart: set[Pair]


def resettle(
    raw: sqlite3.Connection, tenant: str, touched: Sequence[int], rules: Identity, now_us: int, keeps: int | None = None
) -> Learnt:
    """Work out anew who is who among these and all whom they may concern. ``keeps``: the persona with which its person
    stays, whoever is older."""
    if not touched:
        return Learnt()
    around = look_around(raw, tenant, touched, rules)
    settled = settle(list(around.personas.values()), around.same, around.apart, rules)
    moved = _assign(raw, tenant, around, settled, now_us, keeps)
    if moved:
        rostering.mark_tenant(raw, tenant, now_us)
        comparing.mark_personas(raw, list(around.personas))
    return Learnt(moved=moved, matches=_keep_matches(raw, tenant, around, settled, now_us))


def look_around(raw: sqlite3.Connection, tenant: str, touched: Sequence[int], rules: Identity) -> Around:
    """These, who has or had a value in common with them, who belongs to the same persons, of whom people decided
    something, and so on."""
    around = Around(personas={}, persons={}, reasons={}, same=set(), apart=set())
    frontier, asked = list(dict.fromkeys(touched)), set[tuple[str, str]]()
    seen_persons: set[int] = {0}
    while frontier and len(around.personas) < AROUND_MAX:
        _load(raw, frontier, around)
        values = {
            (held.namespace, held.value)
            for no in frontier
            if no in around.personas
            for held in around.personas[no].held
            if telling(held.namespace, held.value, rules)
        } - asked
        asked |= values
        near = set(_sharing(raw, tenant, sorted(values)))
        persons = {around.persons[no] for no in frontier if no in around.persons} - seen_persons
        seen_persons |= persons
        near.update(_belonging(raw, sorted(persons)))
        near.update(_decided(raw, frontier, around))
        frontier = sorted(near - around.personas.keys())[:AROUND_MAX]
    return around


def _load(raw: sqlite3.Connection, nos: Sequence[int], around: Around) -> None:
    held = held_by(raw, nos)
    for some in some_of(nos):
        marks = ",".join("?" * len(some))
        for no, source, inactive_us, person, how, why in raw.execute(
            f"SELECT {_PERSONA} FROM personas WHERE no IN ({marks})",  # noqa: S608  # marks only
            some,
        ):
            around.personas[no] = Persona(no=no, source=source, inactive_us=inactive_us, held=tuple(held[no]))
            around.persons[no] = person
            around.reasons[no] = (how, why)


def _sharing(raw: sqlite3.Connection, tenant: str, values: Sequence[tuple[str, str]]) -> Iterator[int]:
    """Who has or had one of these values; a value that too many had tells nothing."""
    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for some in some_of(values):
        marks = ",".join(["(?, ?)"] * len(some))
        for namespace, value, persona in raw.execute(
            f"WITH wanted (namespace, value) AS (VALUES {marks}) "  # noqa: S608  # marks only
            "SELECT w.namespace, w.value, i.persona FROM wanted w CROSS JOIN identifiers i "
            "ON i.tenant = ? AND i.namespace = w.namespace AND i.value = w.value",
            (*(part for pair in some for part in pair), tenant),
        ):
            holders[namespace, value].append(persona)
    for personas in holders.values():
        if len(personas) <= HOLDERS_MAX:
            yield from personas


def _belonging(raw: sqlite3.Connection, persons: Sequence[int]) -> Iterator[int]:
    for some in some_of(persons):
        marks = ",".join("?" * len(some))
        for row in raw.execute(f"SELECT no FROM personas WHERE person IN ({marks})", some):  # noqa: S608
            yield row[0]


def _decided(raw: sqlite3.Connection, nos: Sequence[int], around: Around) -> Iterator[int]:
    for some in some_of(nos):
        marks = ",".join("?" * len(some))
        for a, b, same in raw.execute(
            f"SELECT a, b, same FROM decisions WHERE a IN ({marks}) UNION "  # noqa: S608  # marks only
            f"SELECT a, b, same FROM decisions WHERE b IN ({marks})",
            (*some, *some),
        ):
            (around.same if same else around.apart).add((a, b))
            yield from (a, b)


# ── persons ──────────────────────────────────────────────────────────────────────────────────────────


def _assign(
    raw: sqlite3.Connection, tenant: str, around: Around, settled: Settled, now_us: int, keeps: int | None
) -> int:
    """Give each group its person. How many personas have another one than before."""
    own: dict[tuple[int, ...], int] = {}
    heirs: dict[int, tuple[int, ...]] = {}
    of = {no: group for group in settled.groups for no in group}
    for no in sorted(around.persons, key=lambda no: (no != keeps, no)):
        if person := around.persons[no]:
            heirs.setdefault(person, of[no])
    for person in sorted(heirs):
        own.setdefault(heirs[person], person)
    after = next_no(raw, "persons")
    born: list[tuple[int, tuple[int, ...]]] = []
    for group in settled.groups:
        if group not in own:
            own[group] = after
            born.append((after, group))
            after += 1
    now = {no: own[group] for no, group in of.items()}
    reasons = {no: settled.reasons.get(no) for no in now}
    updates = []
    for no, person in now.items():
        reason = reasons[no]
        how, why = (int(reason.how), reason.why) if reason else (int(Confidence.SOURCE), "")
        if (person, (how, why)) != (around.persons[no], around.reasons[no]):
            updates.append((person, how, why, no))
    raw.executemany("UPDATE personas SET person = ?, how = ?, why = ? WHERE no = ?", updates)
    merged = {person: own[group] for person, group in heirs.items() if own[group] != person}
    for gone, person in sorted(merged.items()):
        raw.execute("UPDATE identities SET person = ? WHERE person = ?", (person, gone))
        raw.execute("UPDATE OR IGNORE contacts SET person = ? WHERE person = ?", (person, gone))
        raw.execute("DELETE FROM contacts WHERE person = ?", (gone,))
        raw.execute("UPDATE roster_kept SET person = ? WHERE person = ? AND person <> 0", (person, gone))
        raw.execute("DELETE FROM persons WHERE no = ?", (gone,))
    _identify(raw, tenant, around, now, born, now_us)
    return sum(around.persons[no] not in (0, person) for no, person in now.items())


def _identify(
    raw: sqlite3.Connection,
    tenant: str,
    around: Around,
    now: Mapping[int, int],
    born: Sequence[tuple[int, tuple[int, ...]]],
    now_us: int,
) -> None:
    """Whose each text is by which entities are counted; the anchors of new persons."""
    texts: dict[int, list[tuple[str, bool]]] = {}
    holders: dict[str, set[int]] = defaultdict(set)
    for no, persona in around.personas.items():
        ranked = sorted(persona.held, key=lambda held: (held.until_us is not None, held.from_us, held.value))
        texts[no] = [(_identity(held), held.namespace == ACCOUNT) for held in ranked if held.namespace in _COUNTED]
        for text, _ in texts[no]:
            holders[text].add(now[no])
    owners = _owners(raw, tenant, sorted(holders))
    taken: dict[str, int] = {}
    for no in sorted(around.personas):
        for text, _ in texts[no]:
            owner, is_anchor = owners.get(text, (None, False))
            if owner is None or (owner not in holders[text] and not is_anchor):
                taken.setdefault(text, now[no])
    for text in _shared(raw, tenant, taken):
        del taken[text]
    raw.executemany(
        "INSERT INTO identities VALUES (?, ?, ?) ON CONFLICT (tenant, identity) DO UPDATE SET person = excluded.person",
        [(tenant, text, person) for text, person in taken.items()],
    )
    fresh = []
    for person, group in born:
        mine = sorted(
            (account, no, place, text)
            for no in group
            for place, (text, account) in enumerate(texts[no])
            if taken.get(text) == person
        )
        anchor = mine[0][3] if mine else f"person:{person}"
        fresh.append((person, tenant, anchor, now_us))
        if not mine:
            raw.execute("INSERT INTO identities VALUES (?, ?, ?)", (tenant, anchor, person))
    raw.executemany("INSERT INTO persons VALUES (?, ?, ?, ?)", fresh)


def _identity(held: Held) -> str:
    """As ``Learner.identity`` has it of somebody whom the ledger does not know."""
    return f"mbox:{held.value}" if held.namespace == EMAIL else f"account:{held.value}"


def _shared(raw: sqlite3.Connection, tenant: str, texts: Iterable[str]) -> list[str]:
    """Which of these are addresses that persons had beside each other, or that very many had. Read by value, since
    those who have it are not looked at together where addresses link nobody."""
    found = []
    for text in texts:
        kind, _, value = text.partition(":")
        if kind != "mbox":
            continue
        holders = raw.execute(_HOLDERS, (tenant, EMAIL, value, HOLDERS_MAX + 1)).fetchall()
        spans: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for person, from_us, until_us in holders:
            spans[person].append((from_us, float("inf") if until_us is None else until_us))
        pairs = combinations(spans.values(), 2)
        if len(holders) > HOLDERS_MAX or any(overlap(x, y) for one, other in pairs for x in one for y in other):
            found.append(text)
    return found


def _owners(raw: sqlite3.Connection, tenant: str, texts: Sequence[str]) -> dict[str, tuple[int, bool]]:
    """Whose each is, and whether it is their anchor."""
    found: dict[str, tuple[int, bool]] = {}
    for some in some_of(texts):
        marks = ",".join("?" * len(some))
        for text, person, anchor in raw.execute(
            "SELECT i.identity, i.person, p.anchor FROM identities i LEFT JOIN persons p ON p.no = i.person "  # noqa: S608
            f"WHERE i.tenant = ? AND i.identity IN ({marks})",
            (tenant, *some),
        ):
            found[text] = (person, text == anchor)
    return found


# ── matches ──────────────────────────────────────────────────────────────────────────────────────────


def _keep_matches(raw: sqlite3.Connection, tenant: str, around: Around, settled: Settled, now_us: int) -> int:
    """Those among these personas, as they are now. How many are new."""
    before: dict[tuple[int, int, str, str], str] = {}
    for some in some_of(sorted(around.personas)):
        marks = ",".join("?" * len(some))
        for a, b, namespace, value, against in raw.execute(
            f"SELECT a, b, namespace, value, against FROM matches WHERE a IN ({marks}) UNION "  # noqa: S608
            f"SELECT a, b, namespace, value, against FROM matches WHERE b IN ({marks})",
            (*some, *some),
        ):
            before[a, b, namespace, value] = against
    now = {(each.a, each.b, each.namespace, each.value): each.against for each in settled.matches}
    gone = [key for key in before if key not in now]
    raw.executemany("DELETE FROM matches WHERE a = ? AND b = ? AND namespace = ? AND value = ?", gone)
    fresh = [key for key in now if key not in before]
    raw.executemany(
        "INSERT INTO matches (a, b, namespace, value, tenant, against, since_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(*key, tenant, now[key], now_us) for key in fresh],
    )
    raw.executemany(
        "UPDATE matches SET against = ? WHERE a = ? AND b = ? AND namespace = ? AND value = ?",
        [(against, *key) for key, against in now.items() if key in before and before[key] != against],
    )
    return len(fresh)


# ── small ────────────────────────────────────────────────────────────────────────────────────────────


def next_no(raw: sqlite3.Connection, table: str) -> int:
    """A number that no row of this table ever had."""
    row = raw.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return (int(row[0]) if row else 0) + 1


def held_by(raw: sqlite3.Connection, nos: Iterable[int]) -> dict[int, list[Held]]:
    """What each persona has or had."""
    found: dict[int, list[Held]] = defaultdict(list)
    for some in some_of(list(nos)):
        marks = ",".join("?" * len(some))
        for persona, *rest in raw.execute(
            "SELECT persona, namespace, value, from_us, until_us FROM identifiers "  # noqa: S608  # marks only
            f"INDEXED BY identifiers_persona WHERE persona IN ({marks})",
            some,
        ):
            found[persona].append(Held(*rest))
    return found


def some_of(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), VALUES_MAX):
        yield items[start : start + VALUES_MAX]
