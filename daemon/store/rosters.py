"""Rosters in SQL, as their reconciler asks and writes them. What is written in one go is in ``reckoning``, who is
enrolled in ``enrolled``, what people ask and say in ``rostered``.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from actors.domain.canonical import Course
from actors.domain.identity import EMAIL
from actors.domain.rosters.accounts import Account as Standing
from actors.domain.rosters.desired import Enrolled
from actors.domain.rosters.model import Kept, PlaceKind, Unit
from actors.ports.rostering import Account
from actors.ports.rosters import (
    AccountFound,
    Committed,
    Drift,
    Ending,
    Marked,
    PlaceState,
    PlanRow,
    PlanState,
    Reckoned,
    RuleState,
)
from daemon.store import enrolled, placed, reckoning, rostered, threads
from daemon.store.engine import Engine
from daemon.store.persons import some_of
from daemon.store.rostering import mark_source
from daemon.store.writer import Writer

_KEPT = (
    "place, id, person, owner, membership, inside, put_us, tries, ours, accepted, granted, left_us, "
    "refused, refused_us, erased"
)
_SPREAD = """
    INSERT INTO roster_places (tenant, rule, unit, lane, kind, course, name, topic, label, due, thread, marks)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (tenant, rule, unit, lane, kind) DO UPDATE SET
    course = excluded.course, name = excluded.name, topic = excluded.topic, label = excluded.label,
    due = max(due, excluded.due), due_us = CASE WHEN excluded.due > 0 THEN 0 ELSE due_us END,
    thread = CASE WHEN excluded.thread = '' THEN thread ELSE excluded.thread END,
    marks = marks + (excluded.due > 0), stuck = CASE WHEN excluded.due > 1 THEN '' ELSE stuck END
"""


class SqlRosters:
    """Implements ``ports.rosters.Rosters``."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    # ── what sources say ─────────────────────────────────────────────────────────────────────────────

    async def watch(self, tenant: str, sources: Sequence[str]) -> None:
        sql = "SELECT name, rostered FROM sources WHERE tenant = ?"
        now = dict(await self._read(lambda raw: raw.execute(sql, (tenant,)).fetchall()))
        if any(bool(now[name]) != (name in sources) for name in now):
            await self._write(lambda raw: _watch(raw, tenant, sources))

    async def share(self, tenant: str, rules: Mapping[str, Sequence[str]]) -> frozenset[str]:
        sql = "SELECT 1 FROM roster_due d JOIN sources s ON s.no = d.source WHERE s.tenant = ? LIMIT 1"
        if await self._read(lambda raw: raw.execute(sql, (tenant,)).fetchone()) is not None:
            await self._write(lambda raw: _share(raw, tenant, rules))
        sql_rules = "SELECT DISTINCT rule FROM roster_rule_due WHERE tenant = ?"
        found = await self._read(lambda raw: raw.execute(sql_rules, (tenant,)).fetchall())
        return frozenset(row[0] for row in found)

    async def marked(self, tenant: str, rule: str) -> list[Marked]:
        sql = "SELECT course, marks, thread FROM roster_rule_due WHERE tenant = ? AND rule = ? ORDER BY course"
        found = await self._read(lambda raw: raw.execute(sql, (tenant, rule)).fetchall())
        return [Marked(course=course, marks=marks, thread=threads.unpacked(thread)) for course, marks, thread in found]

    async def enrolled(
        self, tenant: str, source: str, courses: Sequence[str] | None, after: tuple[str, str, int], limit: int
    ) -> tuple[list[Enrolled], tuple[str, str, int] | None]:
        return await self._read(lambda raw: enrolled.some(raw, tenant, source, courses, after, limit))

    async def courses(self, tenant: str, source: str) -> list[Course]:
        return await self._read(lambda raw: enrolled.courses(raw, tenant, source))

    async def doubts(self, tenant: str, source: str) -> Mapping[str, str]:
        return await self._read(lambda raw: enrolled.doubts(raw, tenant, source))

    # ── what is remembered ───────────────────────────────────────────────────────────────────────────

    async def rule(self, tenant: str, rule: str) -> RuleState:
        sql = "SELECT digest, whole_us, turns_us, everybody FROM roster_rules WHERE tenant = ? AND rule = ?"
        row = await self._read(lambda raw: raw.execute(sql, (tenant, rule)).fetchone())
        return RuleState(digest=row[0], whole_us=row[1], turns_us=row[2], everybody=row[3]) if row else RuleState()

    async def worked(self, tenant: str, rule: str, state: RuleState) -> None:
        sql = "INSERT OR REPLACE INTO roster_rules VALUES (?, ?, ?, ?, ?, ?)"
        values = (tenant, rule, state.digest, state.whole_us, state.turns_us, state.everybody)
        await self._write(lambda raw: raw.execute(sql, values))

    async def places(
        self, tenant: str, rule: str, lane: str, kind: PlaceKind, units: Sequence[str] | None = None
    ) -> dict[str, PlaceState]:
        return await self._read(lambda raw: placed.places(raw, tenant, rule, lane, kind, units))

    async def at_hand(
        self, tenant: str, rule: str, lane: str, kind: PlaceKind, courses: Sequence[str], now_us: int
    ) -> dict[str, PlaceState]:
        return await self._read(lambda raw: placed.at_hand(raw, tenant, rule, lane, kind, courses, now_us))

    async def next_due_us(self, tenant: str, rule: str, lane: str, kind: PlaceKind) -> int | None:
        return await self._read(lambda raw: placed.next_due_us(raw, tenant, rule, lane, kind))

    async def inside(self, tenant: str, rule: str) -> dict[int, int]:
        return await self._read(lambda raw: placed.inside(raw, tenant, rule))

    async def spread(
        self,
        tenant: str,
        rule: str,
        lane: str,
        kind: PlaceKind,
        units: Sequence[Unit],
        marked: Sequence[Marked] = (),
        due: int = 1,
    ) -> None:
        by = {each.course: threads.packed(each.thread) for each in marked}
        any_ = by.get("") or next((thread for thread in by.values() if thread), "")

        def job(raw: sqlite3.Connection) -> None:
            rows = []
            for unit in units:
                thread = by.get(unit.course, by.get("", "")) if unit.course else any_
                named = (unit.course, unit.name, unit.topic, unit.label)
                rows.append((tenant, rule, unit.key, lane, kind, *named, due, thread if due else ""))
            raw.executemany(_SPREAD, rows)
            raw.executemany(
                "DELETE FROM roster_rule_due WHERE tenant = ? AND rule = ? AND course = ? AND marks = ?",
                [(tenant, rule, each.course, each.marks) for each in marked],
            )

        await self._write(job)

    async def taken(self, tenant: str, lane: str) -> dict[str, tuple[str, str]]:
        return await self._read(lambda raw: placed.taken(raw, tenant, lane))

    async def touch(self, lane: str, place: str, due: int) -> int:
        sql = "SELECT count(*) FROM roster_places WHERE lane = ? AND place = ? AND place <> ''"
        if not (await self._read(lambda raw: raw.execute(sql, (lane, place)).fetchone()))[0]:
            return 0
        return await self._write(lambda raw: rostered.touch(raw, lane, place, due))

    async def due(self, tenant: str, rule: str, unit: str, due: int) -> int:
        return await self._write(lambda raw: rostered.due(raw, tenant, rule, unit, due))

    async def kept(self, places: Sequence[int]) -> dict[int, list[Kept]]:
        marks = ",".join("?" * len(places))
        sql = f"SELECT {_KEPT} FROM roster_kept WHERE place IN ({marks})"  # noqa: S608  # marks only
        found: dict[int, list[Kept]] = {no: [] for no in places}

        def job(raw: sqlite3.Connection) -> None:
            for row in raw.execute(sql, tuple(places)):
                found[row[0]].append(_kept(row))

        await self._read(job)
        return found

    async def accounts(self, lane: str, named: Sequence[str]) -> dict[str, AccountFound]:
        def job(raw: sqlite3.Connection) -> dict[str, AccountFound]:
            found: dict[str, AccountFound] = {}
            for some in some_of(named):
                marks = ",".join("?" * len(some))
                for row in raw.execute(
                    "SELECT named, id, name, email, active, limited, bot, found_us FROM roster_accounts "  # noqa: S608
                    f"WHERE lane = ? AND named IN ({marks})",
                    (lane, *some),
                ):
                    found[row[0]] = _account(row)
            return found

        return await self._read(job)

    async def learn(self, lane: str, found: Sequence[AccountFound]) -> None:
        rows = []
        for each in found:
            who = each.account or Account(id="")
            email = who.emails[0] if who.emails else ""
            known = (who.name, email, int(who.active), int(who.limited), int(who.bot))
            rows.append((lane, each.named, who.id, *known, each.found_us))
        sql = "INSERT OR REPLACE INTO roster_accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        await self._write(lambda raw: raw.executemany(sql, rows))

    async def contacts(self, persons: Sequence[int], target: str) -> dict[int, str]:
        return await self._read(lambda raw: enrolled.contacts(raw, persons, target))

    async def withheld(self, tenant: str, addresses: Sequence[str]) -> dict[tuple[int, str], str]:
        return await self._read(lambda raw: enrolled.withheld_addresses(raw, tenant, addresses))

    async def addresses(self, tenant: str, persons: Sequence[int]) -> dict[int, tuple[str, ...]]:
        def job(raw: sqlite3.Connection) -> dict[int, tuple[str, ...]]:
            found: dict[int, tuple[str, ...]] = {}
            for some in some_of(persons):
                marks = ",".join("?" * len(some))
                for person, value in raw.execute(
                    "SELECT p.person, i.value FROM personas p JOIN identifiers i ON i.persona = p.no "  # noqa: S608
                    f"WHERE p.person IN ({marks}) AND i.namespace = '{EMAIL}' AND i.until_us IS NULL "
                    "AND +p.tenant = ? ORDER BY p.inactive_us IS NOT NULL, p.source <> '', p.no, i.value",
                    (*some, tenant),
                ):
                    if value not in found.get(person, ()):
                        found[person] = (*found.get(person, ()), value)
            return found

        return await self._read(job)

    async def called(self, persons: Sequence[int]) -> dict[int, str]:
        return await self._read(lambda raw: enrolled.called(raw, persons))

    # ── what is done ─────────────────────────────────────────────────────────────────────────────────

    async def commit(
        self,
        tenant: str,
        lane: str,
        reckoned: Sequence[Reckoned],
        ending: Ending | None,
        correlation_id: str,
        traceparent: str,
        now_us: int,
    ) -> Committed:
        return await self._write(
            lambda raw: reckoning.commit(raw, tenant, lane, reckoned, ending, correlation_id, traceparent, now_us)
        )

    async def keep_plan(self, plan: PlanRow) -> None:
        await self._write(lambda raw: reckoning.keep_plan(raw, plan))

    async def plan(self, tenant: str, hash_: str) -> PlanRow | None:
        return await self._read(lambda raw: rostered.plan(raw, tenant, hash_))

    async def plans(self, tenant: str, limit: int) -> list[PlanRow]:
        return await self._read(lambda raw: rostered.plans(raw, tenant, limit))

    async def accepted(self, tenant: str) -> frozenset[str]:
        return await self._read(lambda raw: rostered.accepted(raw, tenant))

    async def judge_plan(self, tenant: str, hash_: str, state: PlanState, by: str, now_us: int) -> bool:
        return await self._write(lambda raw: rostered.judge_plan(raw, tenant, hash_, state, by, now_us))

    # ── telling ──────────────────────────────────────────────────────────────────────────────────────

    async def standings(self, place: int, after: str, limit: int) -> list[Standing]:
        return await self._read(lambda raw: rostered.standings(raw, place, after, limit))

    async def counts(self, tenant: str) -> dict[int, dict[str, int]]:
        return await self._read(lambda raw: rostered.counts(raw, tenant))

    async def drift(self, tenant: str, rule: str, since_us: int) -> list[Drift]:
        return await self._read(lambda raw: rostered.drift(raw, tenant, rule, since_us))

    async def note_drift(self, tenant: str, drift: Drift) -> None:
        await self._write(lambda raw: rostered.note_drift(raw, tenant, drift))


def _watch(raw: sqlite3.Connection, tenant: str, sources: Sequence[str]) -> None:
    for no, name, watched in raw.execute(
        "SELECT no, name, rostered FROM sources WHERE tenant = ?", (tenant,)
    ).fetchall():
        wanted = name in sources
        raw.execute("UPDATE sources SET rostered = ? WHERE no = ?", (int(wanted), no))
        if wanted and not watched:
            mark_source(raw, no, 0)
        elif not wanted:
            raw.execute("DELETE FROM roster_due WHERE source = ?", (no,))


def _share(raw: sqlite3.Connection, tenant: str, rules: Mapping[str, Sequence[str]]) -> None:
    """Taken from the sources' list and put on the rules' own."""
    sql = (
        "SELECT d.source, s.name, d.course, d.thread FROM roster_due d JOIN sources s ON s.no = d.source "
        "WHERE s.tenant = ?"
    )
    for source, name, course, thread in raw.execute(sql, (tenant,)).fetchall():
        raw.executemany(
            "INSERT INTO roster_rule_due (tenant, rule, course, marks, thread) VALUES (?, ?, ?, 1, ?) "
            "ON CONFLICT (tenant, rule, course) DO UPDATE SET marks = marks + 1, "
            "thread = CASE WHEN excluded.thread = '' THEN thread ELSE excluded.thread END",
            [(tenant, rule, course, thread) for rule in rules.get(name, ())],
        )
        raw.execute("DELETE FROM roster_due WHERE source = ? AND course = ?", (source, course))


def _account(row: Sequence[Any]) -> AccountFound:
    named, id_, name, email, active, limited, bot, found_us = row
    emails = (email,) if email else ()
    whole = Account(id=id_, emails=emails, name=name, active=bool(active), limited=bool(limited), bot=bool(bot))
    return AccountFound(named=named, account=whole if id_ else None, found_us=found_us)


def _kept(row: Sequence[Any]) -> Kept:
    """From the columns ``_KEPT``."""
    _, id_, person, owner, membership, inside, put_us, tries, ours, accepted, granted, left_us, *rest = row
    refused, refused_us, erased = rest
    return Kept(
        id=id_,
        person=person,
        owner=bool(owner),
        membership=membership,
        inside=bool(inside),
        put_us=put_us,
        tries=tries,
        ours=bool(ours),
        accepted=bool(accepted),
        granted=bool(granted),
        left_us=left_us,
        refused=refused,
        refused_us=refused_us,
        erased=bool(erased),
    )
