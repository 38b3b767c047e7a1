"""What is known of activities, in SQL: written in the transaction that stores the statements that tell it.

So a definition is on disk when its statement is, and is seen by whoever asks after the 2xx; a consumer that followed
the log would be behind, and would find nothing of what retention had taken. That costs a read and perhaps a write only
where something new is said: ``Known`` remembers which definitions are part of what is stored, and the usual statement,
whose activity was defined the same way a moment ago, is passed by.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Sequence
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
    """A word on one activity. ``mark`` tells definitions apart, for this process: 64 bits, keyed afresh each time."""

    activity: str
    mark: int
    definition: bytes


class _Entry:
    __slots__ = ("marks", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.marks: tuple[int, ...] = ()  # a set takes 216 bytes more


class Known:
    """Which definitions are part of what is on disk. A definition counts only after its transaction's commit, and
    only if nothing has been written about the activity since: when in doubt it is not known, and read again.

    Jobs ask on the writer's thread, commits are told from trio's: hence the lock."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self._numbers = count()
        self._lock = Lock()

    def news(self, tenant: str, words: Iterable[Told]) -> set[str]:
        """The activities on which one of these words may say something new."""
        entries = self._entries
        with self._lock:
            return {
                word.activity
                for word in words
                if (entry := entries.get((tenant, word.activity))) is None or word.mark not in entry.marks
            }

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

    def confirm(self, tenant: str, word: Told, number: int) -> None:
        """The job's transaction is on disk."""
        with self._lock:
            entry = self._entries.get((tenant, word.activity))
            if entry is not None and entry.number == number and word.mark not in entry.marks:
                entry.marks = (*entry.marks[1 - SPELLINGS_MAX :], word.mark)


class Lesson:
    """What one batch tells of activities: ``learn`` in the transaction that stores it, ``confirm`` after its commit."""

    def __init__(self, known: Known, tenant: str, batch: Sequence[NewStatement]) -> None:
        self._known = known
        self._tenant = tenant
        self._told = [defined(statement.body) for statement in batch]
        self._learned: dict[Told, int] = {}

    def learn(self, raw: sqlite3.Connection, fresh: Sequence[bool]) -> None:
        """From those of its statements that are ``fresh``, in their order."""
        words = self._words(fresh)
        news = self._known.news(self._tenant, words) if words else ()
        stored = {activity: _stored(raw, self._tenant, activity) for activity in news}
        for word in words:
            if word.activity in stored:
                before = stored[word.activity]
                after = merged(before, word.definition)
                changed = after is not None and after != before
                if changed:
                    _write(raw, self._tenant, word.activity, after)
                    stored[word.activity] = after
                self._learned[word] = self._known.seen(self._tenant, word.activity, changed=changed)

    def confirm(self) -> None:
        for word, number in self._learned.items():
            self._known.confirm(self._tenant, word, number)

    def _words(self, fresh: Sequence[bool]) -> list[Told]:
        """Each once, in the order in which they were said last."""
        last: dict[tuple[str, bytes], None] = {}
        for said, new in zip(self._told, fresh, strict=False):
            if new:
                for one in said:
                    last.pop(one, None)
                    last[one] = None
        return [Told(activity, hash(definition), definition) for activity, definition in last]


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
