"""Pilots as operators handle them: made, grown, ended and looked at. What is measured stands in deliveries' rows."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import trio

from actors.domain.piloting import Cohort, PilotState
from actors.domain.trial import Seen
from actors.ports import Clock, StoreUnavailable
from daemon.store import calling_off, piloting, rows, trying
from daemon.store.engine import Engine
from daemon.store.trying import Rehearsal
from daemon.store.writer import Writer

FINISH_S = 30.0
_FIELDS = "no, tenant, name, state, salt, cohort, created_us, changed_us, changed_by, reason"
_cohort = msgspec.json.Decoder(Cohort).decode
_EVENTS = "SELECT count(*) FROM statements INDEXED BY statements_tenant WHERE tenant = ? AND seq >= ?"
_BODY = (
    "SELECT ifnull(avg(length(body)), 0) FROM (SELECT body FROM statements INDEXED BY statements_tenant "
    "WHERE tenant = ? ORDER BY seq DESC LIMIT 200)"
)


class Pilot(msgspec.Struct, frozen=True, kw_only=True):
    """Times are microseconds since the epoch; ``reason``: why it ended as it did."""

    no: int
    tenant: str
    name: str
    state: PilotState
    salt: str
    cohort: Cohort
    created_us: int
    changed_us: int
    changed_by: str
    reason: str


class Lately(msgspec.Struct, frozen=True, kw_only=True):
    """``events``: statements in the time that ``rows`` are of; ``body_bytes``: of one, on average."""

    rows: tuple[Seen, ...]
    events: int
    body_bytes: int


class SqlPilots:
    """All raise StoreUnavailable."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def all(self, tenant: str) -> list[Pilot]:
        return await self._read(lambda raw: _all(raw, tenant))

    async def one(self, tenant: str, name: str) -> Pilot | None:
        return next((pilot for pilot in await self.all(tenant) if pilot.name == name), None)

    async def unlisted(self, pilot: Pilot | None, people: Sequence[tuple[str, ...]]) -> int:
        """How many of these people it does not know by name yet."""
        no, salt = (0, "") if pilot is None else (pilot.no, pilot.salt)
        return await self._read(lambda raw: len(piloting.unlisted(raw, no, salt, people)))

    async def put(
        self,
        tenant: str,
        name: str,
        cohort: Cohort,
        people: Sequence[tuple[str, ...]],
        *,
        salt: str,
        by: str,
        now_us: int,
    ) -> None:
        """Make it, or let it grow (its salt and its members stay). ``people`` are in by name: each with all the learner
        keys that mean them; how many that are, is counted here."""
        await self._write(lambda raw: _put(raw, tenant, name, cohort, people, salt, by, now_us))

    async def end(self, pilot: Pilot, state: PilotState, *, by: str, reason: str, now_us: int) -> int:
        """From now on everybody or nobody. Towards nobody, what waits is called off too. How many."""
        called_off = n = await self._write(lambda raw: _end(raw, pilot, state, by, reason, now_us))
        while n:
            n = await self._write(lambda raw: calling_off.go_on(raw, now_us, pilot.no))
            called_off += n
        return called_off

    async def run(self, clock: Clock) -> None:
        """Finish what somebody began who died, or went away, while a pilot was stopped."""
        while True:
            with suppress(StoreUnavailable):  # the store has said so; it is tried again
                going_on = await self._read(_is_pending)
                while going_on:
                    going_on = bool(await self._write(lambda raw: calling_off.go_on(raw, clock.now_us())))
            await trio.sleep(FINISH_S)

    async def seen(self, no: int) -> list[Seen]:
        """The newest of its deliveries, newest first."""
        return await self._read(lambda raw: trying.seen(raw, no))

    async def rehearsals(self, no: int, limit: int) -> list[Rehearsal]:
        """The newest that it only rehearsed."""
        return await self._read(lambda raw: trying.rehearsals(raw, no, limit))

    async def lately(self, tenant: str) -> Lately:
        """What the newest deliveries of the store tell of a tenant."""
        return await self._read(lambda raw: _lately(raw, tenant))


def _lately(raw: sqlite3.Connection, tenant: str) -> Lately:
    found = trying.lately(raw, tenant)
    since_us = min((row.accepted_us for row in found), default=0)
    [events] = raw.execute(_EVENTS, (tenant, since_us)).fetchone() if found else [0]
    [body_bytes] = raw.execute(_BODY, (tenant,)).fetchone()
    return Lately(rows=tuple(found), events=events, body_bytes=round(body_bytes))


def _all(raw: sqlite3.Connection, tenant: str) -> list[Pilot]:
    found = raw.execute(f"SELECT {_FIELDS} FROM pilots WHERE tenant = ? ORDER BY name", (tenant,))  # noqa: S608
    return [
        Pilot(**{**dict(zip(Pilot.__struct_fields__, row, strict=True)), "cohort": _cohort(row[5])}) for row in found
    ]


def _put(
    raw: sqlite3.Connection,
    tenant: str,
    name: str,
    cohort: Cohort,
    people: Sequence[tuple[str, ...]],
    salt: str,
    by: str,
    now_us: int,
) -> None:
    raw.execute(
        "INSERT INTO pilots (tenant, name, state, salt, cohort, created_us, changed_us, changed_by) "
        "VALUES (?, ?, 'running', ?, ?, ?, ?, ?) ON CONFLICT (tenant, name) DO UPDATE SET state = 'running', "
        "cohort = excluded.cohort, changed_us = excluded.changed_us, changed_by = excluded.changed_by, reason = ''",
        (tenant, name, salt, rows.pack(cohort), now_us, now_us, by),
    )
    no, kept = raw.execute("SELECT no, salt FROM pilots WHERE tenant = ? AND name = ?", (tenant, name)).fetchone()
    piloting.enlist(raw, no, kept, people)


def _end(raw: sqlite3.Connection, pilot: Pilot, state: PilotState, by: str, reason: str, now_us: int) -> int:
    raw.execute(
        "UPDATE pilots SET state = ?, changed_us = ?, changed_by = ?, reason = ? WHERE no = ?",
        (state, now_us, by, reason, pilot.no),
    )
    if state == "nobody":
        calling_off.begin(raw, pilot.no)
    return calling_off.go_on(raw, now_us, pilot.no)


def _is_pending(raw: sqlite3.Connection) -> bool:
    return raw.execute("SELECT 1 FROM pilots WHERE off_seq > 0 LIMIT 1").fetchone() is not None
