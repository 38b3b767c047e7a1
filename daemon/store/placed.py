"""Places of rosters, as rows tell them: all of a rule, or only those that somebody has a reason to look at.

A rule may have thousands of places, and something happens at one of them at a time: what a look needs is found by
indexes, and what is counted is kept by triggers.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from actors.domain.rosters.model import Place, PlaceKind, Unit
from actors.ports.rosters import PlaceState
from daemon.store import ordering, threads

FEW = 200
"""More than so many are not looked up one by one."""

_PLACE = (
    "no, unit, course, name, topic, label, lane, kind, place, made, made_us, read_us, closed, due, due_us, marks, "
    "stuck, stuck_us, parked, partly, thread"
)
_OF_RULE = "tenant = ? AND rule = ? AND lane = ? AND kind = ?"
_AT_HAND = f"""
    SELECT {_PLACE} FROM roster_places WHERE no IN (
    SELECT no FROM roster_places INDEXED BY roster_places_due
    WHERE tenant = ?1 AND rule = ?2 AND due > 0 AND due_us <= ?3 AND stuck = ''
    UNION SELECT no FROM roster_places INDEXED BY roster_places_parked WHERE tenant = ?1 AND parked <> '' AND rule = ?2
    UNION SELECT no FROM roster_places INDEXED BY roster_places_course
    WHERE tenant = ?1 AND rule = ?2 AND course IN (SELECT value FROM json_each(?4))
    ) AND lane = ?5 AND kind = ?6 ORDER BY no
"""  # noqa: S608  # our own words
_DUE = """
    SELECT unit, due_us FROM roster_places INDEXED BY roster_places_due
    WHERE tenant = ? AND rule = ? AND due > 0 AND stuck = '' AND lane = ? AND kind = ? ORDER BY due_us
"""
_TAKEN = "SELECT place, rule, unit FROM roster_places WHERE tenant = ? AND lane = ? AND place <> ''"
_INSIDE = (
    "SELECT p.no, t.n FROM roster_places p JOIN roster_tallies t ON t.place = p.no AND t.what = 'inside' "
    "WHERE p.tenant = ? AND p.rule = ?"
)


def places(
    raw: sqlite3.Connection, tenant: str, rule: str, lane: str, kind: PlaceKind, units: Sequence[str] | None
) -> dict[str, PlaceState]:
    """See ``ports.rosters``."""
    sql, values = f"SELECT {_PLACE} FROM roster_places WHERE {_OF_RULE}", (tenant, rule, lane, kind)  # noqa: S608
    if units is not None and len(units) <= FEW:
        marks = ",".join("?" * len(units))
        rows = raw.execute(f"{sql} AND unit IN ({marks}) ORDER BY no", (*values, *units)).fetchall()
        return _told(rule, rows, _open(raw, lane, rule, rows))
    all_ = raw.execute(f"{sql} ORDER BY no", values)
    wanted = None if units is None else frozenset(units)
    chosen = (row for row in all_ if wanted is None or row[1] in wanted)
    return _told(rule, chosen, ordering.open_orders_each(raw, lane, rule))


def at_hand(
    raw: sqlite3.Connection, tenant: str, rule: str, lane: str, kind: PlaceKind, courses: Sequence[str], now_us: int
) -> dict[str, PlaceState]:
    """See ``ports.rosters``."""
    named = msgspec.json.encode(sorted(courses)).decode()
    rows = raw.execute(_AT_HAND, (tenant, rule, now_us, named, lane, kind)).fetchall()
    return _told(rule, rows, _open(raw, lane, rule, rows))


def next_due_us(raw: sqlite3.Connection, tenant: str, rule: str, lane: str, kind: PlaceKind) -> int | None:
    """See ``ports.rosters``."""
    for unit, due_us in raw.execute(_DUE, (tenant, rule, lane, kind)):
        if not ordering.open_orders(raw, lane, rule, unit)[1]:
            return int(due_us)
    return None


def taken(raw: sqlite3.Connection, tenant: str, lane: str) -> dict[str, tuple[str, str]]:
    """See ``ports.rosters``."""
    return {place: (rule, unit) for place, rule, unit in raw.execute(_TAKEN, (tenant, lane))}


def inside(raw: sqlite3.Connection, tenant: str, rule: str) -> dict[int, int]:
    """See ``ports.rosters``."""
    return {no: n for no, n in raw.execute(_INSIDE, (tenant, rule)) if n}


def _open(raw: sqlite3.Connection, lane: str, rule: str, rows: Iterable[Sequence[Any]]) -> dict[str, tuple[int, int]]:
    """Of these places, by their line: orders that were not sent yet, and that were or may have been."""
    return {ordering.destination(rule, row[1]): ordering.open_orders(raw, lane, rule, row[1]) for row in rows}


def _told(rule: str, rows: Iterable[Sequence[Any]], open_: Mapping[str, tuple[int, int]]) -> dict[str, PlaceState]:
    return {row[1]: _state(rule, row, *open_.get(ordering.destination(rule, row[1]), (0, 0))) for row in rows}


def _state(rule: str, row: Sequence[Any], waiting: int, flying: int) -> PlaceState:
    no, key, course, name, topic, label, lane, kind, id_, made, made_us, read_us, closed, *rest = row
    due, due_us, marks, stuck, stuck_us, parked, partly, thread = rest
    unit = Unit(rule=rule, key=key, course=course, name=name, topic=topic, label=label)
    place = Place(
        no=no,
        unit=unit,
        lane=lane,
        kind=kind,
        id=id_,
        made=bool(made),
        made_us=made_us,
        read_us=read_us,
        closed=closed,
    )
    return PlaceState(
        place=place,
        due=due,
        due_us=due_us,
        marks=marks,
        waiting=waiting,
        flying=flying,
        stuck=stuck,
        stuck_us=stuck_us,
        parked=parked,
        partly=partly,
        thread=threads.unpacked(thread),
    )
