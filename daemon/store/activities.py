"""What is known of activities, in SQL: written in the transaction that stores the statements that tell it.

So a definition is on disk when its statement is, and is seen by whoever asks after the 2xx; a consumer that followed
the log would be behind, and would find nothing of what retention had taken. That costs a read and perhaps a write only
where something new is said: ``Known`` remembers which definitions are part of what is stored, and the usual statement,
whose activity was defined the same way a moment ago, is passed by.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import count
from threading import Lock
from typing import NamedTuple

from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.definitions import defined, merged
from daemon.store.engine import Engine

ACTIVITIES_MAX = 10_000
"""Remembered at a time, of all tenants: a few hundred bytes each."""
SPELLINGS_MAX = 8
"""Definitions remembered of one activity: sources that know it in different languages."""
ID_CHARS_MAX = 512
"""Activities with longer ids are looked up each time, so that nobody fills the memory with them."""
_LOOKUP_MAX = 500
_NOBODY = -1


class Told(NamedTuple):
    """A statement's word on one activity."""

    activity: str
    digest: bytes
    definition: bytes


class _Entry:
    __slots__ = ("digests", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.digests: set[bytes] = set()


class Known:
    """Which definitions are part of what is on disk. A definition counts only after its transaction's commit, and
    only if nothing has been written about the activity since: when in doubt it is not known, and read again.

    Jobs ask on the writer's thread, commits are told from trio's: hence the lock."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self._numbers = count()
        self._lock = Lock()

    def has(self, tenant: str, told: Told) -> bool:
        with self._lock:
            entry = self._entries.get((tenant, told.activity))
            return entry is not None and told.digest in entry.digests

    def seen(self, tenant: str, activity: str, *, changed: bool) -> int:
        """By a job that has read what is stored, or changes it. The number is for ``confirm``."""
        if len(activity) > ID_CHARS_MAX:
            return _NOBODY
        key = (tenant, activity)
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or changed:
                entry = self._entries[key] = _Entry(next(self._numbers))
                while len(self._entries) > ACTIVITIES_MAX:
                    self._entries.popitem(last=False)
            self._entries.move_to_end(key)
            return entry.number

    def confirm(self, tenant: str, told: Told, number: int) -> None:
        """The job's transaction is on disk."""
        with self._lock:
            entry = self._entries.get((tenant, told.activity))
            if entry is not None and entry.number == number:
                if len(entry.digests) == SPELLINGS_MAX:
                    entry.digests.clear()
                entry.digests.add(told.digest)


class Lesson:
    """What one batch tells of activities: ``learn`` in the transaction that stores it, ``confirm`` after its commit."""

    def __init__(self, known: Known, tenant: str, batch: Sequence[NewStatement]) -> None:
        self._known = known
        self._tenant = tenant
        self._told = {statement.id: told for statement in batch if (told := _told(statement))}
        self._learned: list[tuple[Told, int]] = []

    def learn(self, raw: sqlite3.Connection, fresh: Iterable[NewStatement]) -> None:
        """From those of its statements that are new, in their order."""
        if not self._told:
            return
        stored: dict[str, bytes | None] = {}
        learned: dict[Told, int] = {}
        for statement in fresh:
            for told in self._told.get(statement.id, ()):
                if told.activity not in stored:
                    if self._known.has(self._tenant, told):
                        continue
                    stored[told.activity] = _stored(raw, self._tenant, told.activity)
                before = stored[told.activity]
                after = merged(before, told.definition)
                changed = after is not None and after != before
                if changed:
                    _write(raw, self._tenant, told.activity, after)
                    stored[told.activity] = after
                learned[told] = self._known.seen(self._tenant, told.activity, changed=changed)
        self._learned = list(learned.items())

    def confirm(self) -> None:
        for told, number in self._learned:
            self._known.confirm(self._tenant, told, number)


def _told(statement: NewStatement) -> list[Told]:
    return [
        Told(activity, blake2b(definition, digest_size=16).digest(), definition)
        for activity, definition in defined(statement.body)
    ]


def _stored(raw: sqlite3.Connection, tenant: str, activity: str) -> bytes | None:
    row = raw.execute("SELECT definition FROM activities WHERE tenant = ? AND id = ?", (tenant, activity)).fetchone()
    return row[0] if row else None


def _write(raw: sqlite3.Connection, tenant: str, activity: str, definition: bytes | None) -> None:
    raw.execute(
        "INSERT INTO activities VALUES (?, ?, ?) "
        "ON CONFLICT (tenant, id) DO UPDATE SET definition = excluded.definition",
        (tenant, activity, definition),
    )


class SqlActivities:
    """Implements the gateway's ``ActivityReads``."""

    def __init__(self, reader: Engine) -> None:
        self._read = reader.run

    async def definitions(self, tenant: str, ids: Iterable[str]) -> dict[str, bytes]:
        wanted = list(dict.fromkeys(ids))
        found: dict[str, bytes] = {}
        for start in range(0, len(wanted), _LOOKUP_MAX):  # a job for each: others read in between
            some = wanted[start : start + _LOOKUP_MAX]
            found.update(await self._some(tenant, some))
        return found

    async def _some(self, tenant: str, ids: Sequence[str]) -> list[tuple[str, bytes]]:
        marks = ",".join("?" * len(ids))
        return await self._read(
            lambda raw: raw.execute(
                f"SELECT id, definition FROM activities WHERE tenant = ? AND id IN ({marks})",  # noqa: S608  # marks only
                (tenant, *ids),
            ).fetchall()
        )
