"""The audit beside the daemon's other work: its head is told to others now and then, and old rows leave.

What somebody who can write our database could do to a chain, they cannot do to a line that stands elsewhere: in the
journal (``audit.anchored``) and in the file that ``[audit] anchor`` names.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

import msgspec
import trio

from actors.ports import Clock, Deed, StoreUnavailable, Witness
from actors.ports.audit import HOST, Result
from config.auditing import AuditWords
from config.durations import seconds
from daemon.store.audit_anchor import append
from daemon.store.audit_rows import Head
from daemon.store.database import Store

FIRST_CUT_S = 60.0
CUT_EVERY_S = 86_400.0
LAST_ANCHOR_S = 5.0
FILES_MAX = 10_000
SUFFIXES = frozenset({".toml", ".j2", ".csv"})
TOLD_MAX = 40
"""So many changed files are named; more are counted."""


class Anchored(msgspec.Struct, frozen=True, kw_only=True):
    """The head, where it was told, and where it could not be."""

    head: Head
    where: tuple[str, ...] = ()
    trouble: str = ""


async def anchor(store: Store, witness: Witness, clock: Clock, words: AuditWords) -> Anchored:
    """Tell everybody now. Raises StoreUnavailable."""
    head = await store.audit.head()
    store_id = await store.audit.store_id()
    witness.event("audit.anchored", rows=head.seq, hash=head.hash.hex(), store=store_id)
    if words.anchor is None:
        return Anchored(head=head, where=("journal",))
    try:
        told = partial(append, words.anchor, store_id, head, clock.now_us())
        await trio.to_thread.run_sync(told, abandon_on_cancel=True)  # a share that hangs must not keep us from ending
    except OSError as error:
        witness.trouble("audit.anchor_failed", error, file=str(words.anchor))
        return Anchored(head=head, where=("journal",), trouble=f"{words.anchor}: {error.strerror or error}")
    return Anchored(head=head, where=("journal", str(words.anchor)))


class Auditor:
    """``run`` beside everything else, until cancelled; then ``end``."""

    def __init__(self, store: Store, witness: Witness, clock: Clock, words: AuditWords) -> None:
        self._store = store
        self._witness = witness
        self._clock = clock
        self._words = words
        self._told = Head()

    async def run(self) -> None:
        every_s = seconds(self._words.anchor_every)
        cut_s = trio.current_time() + FIRST_CUT_S
        while True:
            await self._anchor()
            await trio.sleep_until(min(trio.current_time() + every_s, cut_s))
            if trio.current_time() >= cut_s:
                await self.cut()
                cut_s = trio.current_time() + CUT_EVERY_S

    async def end(self) -> None:
        """The last that is done before the store is closed: the head is told once more."""
        with trio.move_on_after(LAST_ANCHOR_S, shield=True):
            await self._anchor()

    async def cut(self) -> None:
        """What has had its time leaves. A disk that does not take that is said, and it is tried again tomorrow."""
        if self._words.keep is None:
            return
        try:
            gone = await self._store.audit.cut(self._clock.now_us() - round(seconds(self._words.keep) * 1e6))
        except StoreUnavailable as error:
            self._witness.trouble("audit.unwritten", error)
            return
        if gone:
            self._witness.event("audit.cut", rows=gone)

    async def _anchor(self) -> None:
        """If there is anything new."""
        try:
            if await self._store.audit.head() != self._told:
                done = await anchor(self._store, self._witness, self._clock, self._words)
                self._told = Head() if done.trouble else done.head
        except StoreUnavailable as error:
            self._witness.trouble("audit.unwritten", error)


# ── the files of the configuration ───────────────────────────────────────────────────────────────────


def fingerprints(root: Path) -> dict[str, str]:
    """Of every file of a configuration directory that may say something (a secret's is none): its name there, and the
    beginning of its SHA-256. Blocks."""
    found = [root / "lmsyncd.toml"]
    for folder in ("tenants.d", "templates", "mappings"):
        found += [path for path in sorted((root / folder).rglob("*")) if path.suffix in SUFFIXES][:FILES_MAX]
    prints: dict[str, str] = {}
    for path in found:
        try:
            with path.open("rb") as file:
                prints[str(path.relative_to(root))] = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        except OSError:
            continue  # what cannot be read is in force for nobody
    return prints


def changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, object]:
    """What differs, for the audit: each file with its hash before and now; nothing where nothing does."""
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    told: dict[str, object] = {
        name: f"{before.get(name) or 'not there'} → {after.get(name) or 'not there'}" for name in names[:TOLD_MAX]
    }
    return {**told, "more": len(names) - TOLD_MAX} if len(names) > TOLD_MAX else told


class Logbook:
    """What the host as a whole does, put on record: starts, stops, and configurations that come into force."""

    def __init__(self, store: Store, witness: Witness, root: Path) -> None:
        self._audit = store.audit
        self._witness = witness
        self._root = root
        self._prints: dict[str, str] | None = None

    async def told(self, what: str, **arguments: object) -> None:
        """On record; where it cannot be, that is said."""
        try:
            await self._audit.note(HOST, Deed(who="lmsyncd", what=what, arguments=arguments))
        except StoreUnavailable as error:
            self._witness.trouble("audit.unwritten", error, what=what)

    async def undertaken(self, what: str, where: str, deed: Callable[[], Awaitable[bool]]) -> None:
        """Do something that a signal asked for, as any verb is done: not at all where it cannot be on record first.
        ``deed`` says whether it went well."""
        try:
            no = await self._audit.intend(HOST, Deed(who="unknown", where=f"signal {where}", what=what))
        except StoreUnavailable as error:
            self._witness.trouble("audit.unwritten", error, what=what)
            return
        result: Result = "done" if await deed() else "failed"
        try:
            await self._audit.conclude(HOST, no, result)
        except StoreUnavailable as error:
            self._witness.trouble("audit.unfinished", error, tenant=HOST, number=no, verb=what)

    async def configured(self) -> None:
        """A configuration is in force: which of its files differ from those that were known last, also by an earlier
        life of the daemon."""
        prints = await trio.to_thread.run_sync(fingerprints, self._root)
        try:
            before = self._prints if self._prints is not None else await self._audit.known_files()
            if before != prints:
                told = changed_files(before, prints)
                deed = Deed(who="lmsyncd", what="config.changed", on=str(self._root), arguments=told)
                await self._audit.note_files(HOST, deed, prints)
            self._prints = prints
        except StoreUnavailable as error:
            self._witness.trouble("audit.unwritten", error, what="config.changed")
