"""The audit, written: the port's implementation over the one writer.

Intentions, conclusions and notes return when they are on disk. Refusals are handed over without waiting and written
by ``run``, as few as ``audit_floods`` makes of them; what the disk does not take is counted until it does.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec
import trio

from actors.ports import Clock, StoreUnavailable
from actors.ports.audit import Deed, Result
from daemon.store.audit_chain import Told, fit, fit_arguments
from daemon.store.audit_cutting import cut, cut_to, let_go, tenants
from daemon.store.audit_floods import Floods, Refused
from daemon.store.audit_rows import Appended, Entry, Head, append, head
from daemon.store.engine import Engine
from daemon.store.writer import Writer

LOOK_S = 5.0
"""How often it is looked whether a flood's minute is over."""
LAST_FLUSH_S = 5.0
WRITTEN_MAX = 500
"""Refusals of one transaction."""
WHAT_CHARS_MAX = 80
PLACE_CHARS_MAX = 200
CORRELATION_CHARS_MAX = 200


FILES = "config_files"
_INTENDED = (
    "SELECT what FROM audit a WHERE tenant = ? AND no = ? AND kind = 'intended' AND NOT EXISTS "
    "(SELECT 1 FROM audit c WHERE c.kind = 'concluded' AND c.tenant = a.tenant AND c.of = a.no)"
)
_files = msgspec.json.Decoder(dict[str, str])


def _fact(raw: sqlite3.Connection, name: str) -> str:
    found = raw.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return str(found[0]) if found else ""


class SqlAudit:
    """Implements ``ports.Audit``. ``floor``: rows are numbered behind it; it is more than there are where rows are
    missing that the store's mark has seen."""

    def __init__(self, writer: Writer, reader: Engine, clock: Clock) -> None:
        self._submit = writer.submit
        self._firmly = writer.firmly
        self.read = reader.run
        self._clock = clock
        self.floor = 0
        self.mask: Callable[[str], str] = str
        """The same text without our secrets."""
        self.running: set[tuple[str, int]] = set()
        """(tenant, number) of what this process intends and has not concluded: it is being done."""
        self._floods = Floods()
        self._fresh: deque[Refused] = deque()
        self._wake = trio.Event()
        self.unwritten = 0
        """How often refusals could not be written when they were due."""

    # ── the port ─────────────────────────────────────────────────────────────────────────────────────

    async def intend(self, tenant: str, deed: Deed) -> int:
        told = self._told(deed)
        entry = Entry(tenant=tenant, kind="intended", what=fit(deed.what, WHAT_CHARS_MAX), told=told)
        no = (await self._submit(lambda raw: self._append(raw, entry))).no
        self.running.add((tenant, no))
        return no

    async def conclude(self, tenant: str, no: int, result: Result, detail: str = "") -> None:
        self.running.discard((tenant, no))
        told = Told(detail=self._fit(detail, 500))

        def job(raw: sqlite3.Connection) -> Appended | None:
            intended = raw.execute(_INTENDED, (tenant, no)).fetchone()
            if intended is None and no <= cut_to(raw, tenant):
                return None  # it took longer than rows are kept: nobody can ask any more how it ended
            if intended is None:
                raise ValueError(f"nothing was intended under number {no} of {tenant or 'the host'}, or it has ended")
            entry = Entry(tenant=tenant, kind="concluded", what=intended[0], told=told, of=no, result=result)
            return self._append(raw, entry)

        await self._firmly(job)

    def abandon(self, tenant: str, no: int) -> None:
        self.running.discard((tenant, no))

    async def note(self, tenant: str, deed: Deed, result: Result = "done", detail: str = "") -> None:
        entry = self._noted(tenant, deed, result, detail)
        await self._submit(lambda raw: self._append(raw, entry))

    def refused(self, tenant: str, deed: Deed, reason: str) -> None:
        at_once = self._floods.met(tenant, deed, fit(reason), trio.current_time())
        if at_once is not None:
            self._fresh.append(at_once)
            self._wake.set()

    # ── what was refused, written ────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Until cancelled; then what was counted is written too, if the disk takes it soon."""
        try:
            while True:
                with trio.move_on_after(LOOK_S):
                    await self._wake.wait()
                self._wake = trio.Event()
                await self.flush()
        finally:
            with trio.move_on_after(LAST_FLUSH_S, shield=True):
                await self.flush(all_of_them=True)

    async def flush(self, *, all_of_them: bool = False) -> None:
        """Write what is due; ``all_of_them``: also what is being counted still."""
        now_s = trio.current_time()
        due = [*self._fresh, *self._floods.due(now_s, all_of_them=all_of_them)]
        self._fresh.clear()
        for start in range(0, len(due), WRITTEN_MAX):
            some = due[start : start + WRITTEN_MAX]
            entries = [self._refusal(each) for each in some]
            try:
                await self._submit(partial(self._append_all, entries=entries))
            except StoreUnavailable:
                self.unwritten += 1
                for each in some:
                    self._floods.again(each, now_s)

    # ── how far it has come ──────────────────────────────────────────────────────────────────────────

    async def head(self) -> Head:
        """As a reader sees it: what is on disk. Raises StoreUnavailable."""
        return await self.read(head)

    async def store_id(self) -> str:
        """Which store this is. Raises StoreUnavailable."""
        return await self.read(partial(_fact, name="store_id"))

    # ── the files of the configuration ───────────────────────────────────────────────────────────────

    async def known_files(self) -> dict[str, str]:
        """As they were told last, with their hashes; nothing before the first time. Raises StoreUnavailable."""
        said = await self.read(partial(_fact, name=FILES))
        return _files.decode(said) if said else {}

    async def note_files(self, tenant: str, deed: Deed, files: Mapping[str, str]) -> None:
        """``note``, and keep in mind what they are now."""
        entry = self._noted(tenant, deed, "done", "")

        def job(raw: sqlite3.Connection) -> None:
            self._append(raw, entry)
            raw.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (FILES, msgspec.json.encode(files).decode()))

        await self._submit(job)

    async def cut(self, before_us: int) -> int:
        """Rows older than this leave, as whole beginnings of the tenants' chains; how many. Raises StoreUnavailable."""
        gone = 0
        for tenant in await self.read(tenants):
            now_us = self._clock.now_us()
            await self._submit(partial(cut, tenant=tenant, before_us=before_us, now_us=now_us, floor=self.floor))
            while some := await self._submit(partial(let_go, tenant=tenant)):
                gone += some
        return gone

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────

    def _append(self, raw: sqlite3.Connection, entry: Entry) -> Appended:
        return append(raw, entry, self._clock.now_us(), self.floor)

    def _append_all(self, raw: sqlite3.Connection, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._append(raw, entry)

    def _fit(self, text: str, chars_max: int) -> str:
        return fit(self.mask(text), chars_max)

    def _told(self, deed: Deed, detail: str = "") -> Told:
        return Told(
            who=self._fit(deed.who, 300),
            place=self._fit(deed.where, PLACE_CHARS_MAX),
            object=self._fit(deed.on, 300),
            arguments=self.mask(fit_arguments(deed.arguments)),
            correlation_id=self._fit(deed.correlation_id, CORRELATION_CHARS_MAX),
            detail=self._fit(detail, 500),
        )

    def _noted(self, tenant: str, deed: Deed, result: Result, detail: str) -> Entry:
        told = self._told(deed, detail)
        return Entry(tenant=tenant, kind="noted", what=fit(deed.what, WHAT_CHARS_MAX), told=told, result=result)

    def _refusal(self, refused: Refused) -> Entry:
        return Entry(
            tenant=refused.tenant,
            kind="refused",
            what=fit(refused.deed.what, WHAT_CHARS_MAX),
            told=self._told(refused.deed, refused.reason),
            result="refused",
            times=refused.times,
        )
