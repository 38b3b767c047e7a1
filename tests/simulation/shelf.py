"""A depot that dies and whose disk is full when told to: the real one, over files that stand in virtual time.

    depot.put:linked      the bundle lies in done or failed, and where it lay
    depot.put:moved       a file, a folder, or the next of several loose tables was moved
    depot.put:noted       what was wrong with it is about to be written beside it

A death there is one in the middle of putting a bundle away.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec

from actors.domain.harvest import BundleInfo
from actors.ports import Clock
from daemon.depot import FileDepot, inbox
from daemon.depot.inbox import Item
from tests.simulation.fate import PUTTING, Fate
from tests.simulation.record import Record

DISK = ("inbox", "spool")
"""What can be full."""


class Disk:
    """For all lives of one run: which disk is full."""

    def __init__(self, record: Record) -> None:
        self.full: set[str] = set()
        self._record = record

    def write(self, where: str) -> None:
        """Raises OSError where there is no room."""
        if where in self.full:
            self._record.note("disk full", where, count=f"disk full {where}")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Perished(Exception):
    """Nobody hears of it: the process is dead."""


class ShakyDepot(FileDepot):
    """One life's."""

    def __init__(self, spool: Path, clock: Clock, client: Callable[[], Any], fate: Fate, disk: Disk) -> None:
        super().__init__(spool, clock, client, inline=True, wall_ns=lambda: clock.now_us() * 1000)
        self._fate = fate
        self._disk = disk

    def _about(self, item: Item) -> BundleInfo:
        """Whoever writes here sets the times of what it wrote to virtual ones, and cannot set that of the change."""
        return super()._about(msgspec.structs.replace(item, changed_ns=item.written_ns))

    def _make(self) -> tuple[Path, int]:
        self._disk.write("spool")
        return super()._make()

    def _put(self, key: str, where: str, note: str) -> str:
        link, rename, write = os.link, os.rename, inbox._write

        def linked(*args: Any, **kwargs: Any) -> None:
            self._disk.write("inbox")
            link(*args, **kwargs)
            self._passes("linked")

        def renamed(*args: Any, **kwargs: Any) -> None:
            self._disk.write("inbox")
            rename(*args, **kwargs)
            self._passes("moved")

        def wrote(*args: Any) -> None:
            self._passes("noted")
            write(*args)

        with (
            mock.patch.object(os, "link", linked),
            mock.patch.object(os, "rename", renamed),
            mock.patch.object(inbox, "_write", wrote),
        ):
            return super()._put(key, where, note)

    def _passes(self, moment: str) -> None:
        assert f"depot.put:{moment}" in PUTTING
        if not self._fate.dead:
            self._fate.strike(f"depot.put:{moment}")
        if self._fate.dead:
            raise Perished(moment)
