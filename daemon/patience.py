"""Whoever waits for what takes long is told of it, again and again: systemd, which would end a start or a stop that it
hears nothing of, and somebody at a terminal.

In a thread of its own: while a store is looked through or migrated nothing else gets its turn. A start is waited for as
long as it takes, for to kill it is to begin it again; a stop is not, for what is cut off there is taken up again.
"""

import math
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from actors.ports import Witness
from daemon.store.opening import Opening
from daemon.systemd import beg

EVERY_S = 20.0
"""So often it is told."""
STOP_S_MAX = 600.0
"""A stop that takes longer is not waited for."""
EXTENDED_S = 120.0
"""So long systemd is asked to wait from each time on that it is told."""

Tell = Callable[[str, float], None]
"""Takes what is being done, and for how long by now."""


def _nothing() -> None:
    """Nothing is left to be tidied."""


class Patience(Opening):
    """``tell`` hears of each step as it begins, and every so often while it lasts; ``rested``, that nobody waits any
    more; ``witness``, of migrations. ``over``: what passes the time between two rounds; set, there is none."""

    def __init__(
        self,
        tell: Tell,
        *,
        rested: Callable[[], None] = _nothing,
        witness: Witness | None = None,
        over: threading.Event | None = None,
    ) -> None:
        self._tell = tell
        self._rested = rested
        self._witness = witness
        self._over = over or threading.Event()
        self._thread = threading.Thread(target=self._run, name="lmsyncd-patience", daemon=True)
        self._telling = threading.Lock()
        self._doing: tuple[str, float, float] | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def step(self, what: str, most_s: float = math.inf) -> None:
        """``most_s``: it is not told for longer than that."""
        with self._telling:
            self._doing = what, time.monotonic(), most_s
            self._tell(what, 0.0)

    def rest(self) -> None:
        """Nobody waits for anything: what comes after this is not followed by a late word."""
        with self._telling:
            self._doing = None
            self._rested()

    def stop(self, what: str) -> None:
        self.step(what, STOP_S_MAX)

    def migrating(self, migration: str, at: int, last: int) -> None:
        self.step(f"migrating the store, {at:04} of {last:04}")
        if self._witness is not None:
            self._witness.event("store.migrating", migration=migration, last=last)

    def migrated(self, migration: str, took_s: float) -> None:
        if self._witness is not None:
            self._witness.event("store.migrated", migration=migration, elapsed_s=round(took_s, 3))

    def _run(self) -> None:
        while not self._over.wait(EVERY_S):
            with self._telling:
                if self._doing is not None:
                    what, since_s, most_s = self._doing
                    if (for_s := time.monotonic() - since_s) < most_s:
                        self._tell(what, for_s)


def patient(address: str | None, witness: Witness, over: threading.Event | None = None) -> Patience:
    """Has systemd wait, where it is there."""

    def tell(what: str, for_s: float) -> None:
        if address is not None:
            beg(address, f"{what}, for {for_s:.0f} s" if for_s else what, EXTENDED_S, witness.trouble)

    return Patience(tell, witness=witness, over=over)
