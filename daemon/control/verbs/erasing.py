"""``erase``: a person leaves a tenant's data. First what it would come to, then doing it, then what is on record.

Everything is looked through, page by page; what was found is dealt with in short transactions, with a rest after each,
so that the daemon goes on serving. Killed at any instruction, an erasure that is run again does what is left.
"""

from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
import trio

from actors.domain.erasing import Eraser, Fate
from actors.domain.persons import Person
from actors.ports.audit import HOST, Deed
from config.model import Tenant
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.owning import ErasePlanRow, ErasingRow, ErasureRow
from daemon.control.persons import one_person, tenant_of
from daemon.control.protocol import Done, EraseList, ErasePlan, EraseRun, Refusal
from daemon.store.erasing import STATEMENTS, TAKEN_MAX, Counts, Room, Rows
from daemon.store.erasing_traces import LEARNT, ROOMS
from daemon.store.erasures import summed

PROGRESS_S = 2.0
REST_S = 0.02
REST_SHARE = 1.0
ROUTER_S_MAX = 30.0
"""How long the router is waited for: what it has in hand would be written after it was erased."""


async def plan(request: ErasePlan, asking: Asking) -> Done:
    """Changes nothing."""
    tenant = await tenant_of(request.tenant, asking)
    eraser = await _eraser(request.persons, tenant, asking)
    counts = await _Walk(tenant.name, eraser, asking).count()
    digest = _hash(tenant.name, eraser.person, counts)
    who = asking.office.keyring.seal().hash(tenant.name, "erasure", _spelt(eraser.person))
    await asking.emit(
        ErasePlanRow(
            tenant=tenant.name,
            persons=tuple(eraser.person.shown()),
            names=tuple(sorted(eraser.names)),
            counts=counts,
            hash=digest,
            before_us=await asking.office.store.erasures.before(tenant.name, who),
        )
    )
    if not any(counts.values()):
        return done("nothing of theirs is kept", Exit.NOTHING)
    return done(f"lmsyncctl erase with --plan {digest} does that, or nothing if it has come to something else")


async def run(request: EraseRun, asking: Asking) -> Done:
    """Counts again before anything is done."""
    tenant = await tenant_of(request.tenant, asking)
    if not (request.plan or request.sure or request.dry_run):
        raise Refusal(Exit.USAGE, "this cannot be undone", advice="give the hash of a plan, or --yes")
    eraser = await _eraser(request.persons, tenant, asking)
    walk = _Walk(tenant.name, eraser, asking)
    counts = await walk.count()
    if request.plan and request.plan != _hash(tenant.name, eraser.person, counts):
        raise Refusal(Exit.STALE, "it has come to something else since that plan; nothing was done", advice="plan anew")
    if request.dry_run:
        await asking.emit(ErasingRow(tenant=tenant.name, counts=counts, ended=True, dry_run=True))
        return done("nothing was done")
    seal = await asking.office.keyring.keep_key()
    who = seal.hash(tenant.name, "erasure", _spelt(eraser.person))
    erasures = asking.office.store.erasures
    no, eraser.pseudonym = await erasures.begin(tenant.name, who, eraser.pseudonym, asking.peer.name, asking.now_us)
    await _on_record("erasure.begun", tenant.name, no, asking)
    asking.office.witness.event("erasure.begun", tenant=tenant.name, no=no, login=asking.peer.login)
    await walk.erase(no)
    counts = await erasures.end(no, asking.now_us)
    clear = await erasures.clear_log()
    await _on_record("erasure.ended", tenant.name, no, asking, **counts)
    asking.office.witness.event("erasure.ended", tenant=tenant.name, no=no, counts=counts, log_cleared=clear)
    await asking.emit(ErasingRow(tenant=tenant.name, no=no, counts=counts, ended=True))
    if not clear:
        return done("the write-ahead log could not be cut off just now: run it again", Exit.AGAIN)
    return done(f"erased, on record as number {no}" if any(counts.values()) else "nothing of theirs was kept")


async def _on_record(what: str, tenant: str, no: int, asking: Asking, **counts: int) -> None:
    """In the audit of the host too, which stays when a tenant's has gone: never who was erased."""
    deed = Deed(
        who=asking.peer.name,
        where=f"control socket, pid {asking.peer.pid}",
        what=what,
        on=tenant,
        arguments={"no": no, **counts},
        correlation_id=asking.correlation_id,
    )
    await asking.office.store.audit.note(HOST, deed)


async def listing(request: EraseList, asking: Asking) -> Done:
    found = await asking.office.store.erasures.recorded(request.tenant, request.limit)
    for one in found:
        await asking.emit(
            ErasureRow(
                no=one.no,
                tenant=one.tenant,
                begun_us=one.begun_us,
                begun_by=one.begun_by,
                ended_us=one.ended_us,
                counts=one.counts,
            )
        )
    return done() if found else done("nobody was erased", Exit.NOTHING)


# ── who ──────────────────────────────────────────────────────────────────────────────────────────────


async def _eraser(persons: Sequence[str], tenant: Tenant, asking: Asking) -> Eraser:
    """Raises Refusal."""
    if not persons:
        raise Refusal(Exit.USAGE, "nobody is named", where="--learner")
    return Eraser(await one_person(persons, tenant, asking), f"erased-{asking.office.dice.token()[:16]}")


def _spelt(person: Person) -> bytes:
    return "\n".join(person.shown()).encode()


def _hash(tenant: str, person: Person, counts: Counts) -> str:
    told = msgspec.json.encode([tenant, person.shown(), sorted(counts.items())])
    return blake2b(told, digest_size=8).hexdigest()


# ── all of it ────────────────────────────────────────────────────────────────────────────────────────


async def _learn(room: Room, judged: Sequence[tuple[Any, Fate]]) -> Counts:
    """Their accounts at sources and at vendors are known from what is kept of them, before anything is counted."""
    return {}


class _Walk:
    """Through every room in which a person may have left something."""

    def __init__(self, tenant: str, eraser: Eraser, asking: Asking) -> None:
        self._tenant = tenant
        self._eraser = eraser
        self._asking = asking
        self._store = asking.office.store.erasures
        self._looked = 0
        self._counts: dict[str, int] = {}
        self._told_s = trio.current_time()

    async def count(self) -> dict[str, int]:
        """What an erasure would come to, now."""
        self._counts = {}

        async def reckon(room: Room, judged: Sequence[tuple[Any, Fate]]) -> Counts:
            return await self._store.counted(room, self._tenant, judged)

        for room in LEARNT:
            await self._through(room, _learn)
        for room in (STATEMENTS, *ROOMS):
            await self._through(room, reckon)
        return {what: n for what, n in sorted(self._counts.items()) if n}

    async def erase(self, no: int) -> None:
        await self._await_router()
        self._counts, self._looked = {}, 0

        async def apply(room: Room, judged: Sequence[tuple[Any, Fate]]) -> Counts:
            began_s = trio.current_time()
            rows = [row for row, _ in judged]
            counts = await self._store.apply(no, room, self._tenant, self._eraser, rows, self._asking.now_us)
            await trio.sleep(max(REST_S, REST_SHARE * (trio.current_time() - began_s)))
            return counts

        for room in (STATEMENTS, *ROOMS):
            await self._through(room, apply)

    async def _through(self, room: Room, deal: Callable[[Room, Sequence[tuple[Any, Fate]]], Awaitable[Counts]]) -> None:
        after = -1
        while rows := await self._store.page(room, self._tenant, after):
            after = rows[-1][0]
            judged = await trio.to_thread.run_sync(self._judged, room, rows)
            for start in range(0, len(judged), TAKEN_MAX):
                self._counts = summed(self._counts, await deal(room, judged[start : start + TAKEN_MAX]))
            self._looked += len(rows)
            await self._tell()

    def _judged(self, room: Room, rows: Rows) -> list[tuple[Any, Fate]]:
        """Those that do not stay."""
        judged = [(row, room.fate(self._eraser, row)) for row in rows]
        return [(row, fate) for row, fate in judged if fate is not Fate.STAYS]

    async def _tell(self) -> None:
        if trio.current_time() - self._told_s >= PROGRESS_S:
            self._told_s = trio.current_time()
            counts = {what: n for what, n in self._counts.items() if n}
            await self._asking.emit(ErasingRow(tenant=self._tenant, looked=self._looked, counts=counts))

    async def _await_router(self) -> None:
        office = self._asking.office
        newest = await office.store.exports.newest(self._tenant)
        with trio.move_on_after(ROUTER_S_MAX):
            while await office.store.outbox.cursor(self._tenant) < newest:
                office.switchboard.arrived(self._tenant)
                await trio.sleep(0.1)
