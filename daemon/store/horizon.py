"""How far the log is complete: the time that ``X-Experience-API-Consistent-Through`` names.

A promise of T says that nothing will ever be stored at or before T that a read from now on does not show. It holds
for all tenants, because ``seq`` is one line, and it survives whatever the clock does: an append begins after the
latest promise, and a promise stays before whatever a running transaction may be storing. It holds beyond a restart
too: what is promised is covered by a lease on disk, of which a new one is taken at most once in ``LEASE_US``, and the
next life of the store begins where the lease ends.
"""

import sqlite3
import threading

from actors.ports import Clock, StoreUnavailable
from daemon.store.writer import Writer

LEASE_US = 1_000_000
"""How far a lease reaches beyond the promise that needed it. After a restart within this time the first statements
are stored so much in the future at most."""


class Horizon:
    """``floor_us`` and ``reached`` are for appends, on the writer's thread; ``through_us`` for readers, on trio's."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._lock = threading.Lock()  # held for a few instructions, never while waiting
        self._promised_us = 0
        self._leased_us = 0
        self._flying = (0, 0)
        self._last = 0

    def begin(self, leased_us: int) -> None:
        """What an earlier life may have promised (``leased``)."""
        self._promised_us = self._leased_us = leased_us

    def floor_us(self) -> int:
        """No append that asks may store anything before this."""
        with self._lock:
            floor = max(self._clock.now_us(), self._promised_us + 1)
            if self._flying[0] != self._writer.begun:
                self._flying = (self._writer.begun, floor)
            return floor

    def reached(self, seq: int) -> None:
        """So far it went; not committed yet."""
        with self._lock:
            self._last = max(self._last, seq)

    async def through_us(self) -> int:
        """A promise, as late as can be. While the store takes nothing it stays where the lease ends."""
        promised = self._promise()
        if promised <= self._leased_us:
            return promised
        until = promised + LEASE_US
        try:
            await self._writer.submit(lambda raw: _lease(raw, until))
        except StoreUnavailable:
            return min(promised, self._leased_us)
        self._leased_us = max(self._leased_us, until)
        return promised

    def _promise(self) -> int:
        with self._lock:
            transaction, floor = self._flying
            if self._writer.transacting and transaction == self._writer.begun:
                upto = floor - 1  # what it stores is later than this, and what comes after it later still
            elif self._writer.transacting:
                upto = self._clock.now_us()  # whatever it may come to store will be behind this
            else:
                upto = max(self._clock.now_us(), self._last)
            self._promised_us = max(self._promised_us, upto)
            return self._promised_us


def _lease(raw: sqlite3.Connection, until_us: int) -> None:
    raw.execute("INSERT OR REPLACE INTO facts VALUES ('promised_us', ?)", (str(until_us),))


def leased(raw: sqlite3.Connection) -> int:
    """Up to where an earlier life may have promised."""
    row = raw.execute("SELECT value FROM facts WHERE name = 'promised_us'").fetchone()
    return int(row[0]) if row else 0
