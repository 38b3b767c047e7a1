"""The port ``Depot``: inboxes and the spool, with what is being read of them kept open between two questions.

Everything that touches the disk runs in a worker thread. What a bundle is depends on whoever wrote it, so nothing here
raises for that: troubles are in the answers.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
import trio

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from actors.domain.harvest import BundleInfo, RowsRead
from actors.ports import Clock
from daemon.depot import inbox as inboxes
from daemon.depot.inbox import Item
from daemon.depot.opening import Bundle, Torn, Unusable, ZipBundle
from daemon.depot.tables import Table

OPEN_MAX = 64
TELLING = ("etag", "last-modified")
FUTURE_US = 86_400_000_000
T = TypeVar("T")


class Fetching(Protocol):
    """What a download needs of ``daemon.http.HttpClient``."""

    async def save(self, request: Request, into: Callable[[bytes], object]) -> Outcome: ...

    async def aclose(self) -> None: ...


class _Seen(msgspec.Struct):
    """Since when something looks as it does, and what it is, once that was found out."""

    item: Item
    since_us: int
    info: BundleInfo | None = None


class _Reading(msgspec.Struct):
    """A bundle that is being read. ``tables`` by name."""

    bundle: Bundle
    tables: dict[str, Table] = {}

    def close(self) -> None:
        for table in self.tables.values():
            table.close()
        self.bundle.close()


class FileDepot:
    """Implements ``ports.Depot``. ``spool``: a folder of its own for downloads, which is emptied first. ``inline`` runs
    everything on the calling thread (tests in virtual time)."""

    def __init__(
        self,
        spool: Path,
        clock: Clock,
        client: Callable[[], Fetching],
        *,
        inline: bool = False,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._spool = spool
        self._clock = clock
        self._client = client
        self._inline = inline
        self._wall_ns = wall_ns
        self._seen: dict[str, _Seen] = {}
        self._spent: dict[str, Item] = {}
        self._spooled: dict[str, Path] = {}
        self._readings: dict[str, _Reading] = {}
        self._count = 0

    async def _work(self, job: Callable[[], T]) -> T:
        if self._inline:
            await trio.lowlevel.checkpoint()
            return job()
        return await trio.to_thread.run_sync(job)

    def close(self) -> None:
        """Whatever is being read is let go of."""
        while self._readings:
            self._readings.popitem()[1].close()

    # ── inboxes ──────────────────────────────────────────────────────────────────────────────────

    async def bundles(self, inbox: str) -> tuple[BundleInfo, ...]:
        return await self._work(lambda: self._bundles(Path(inbox)))

    def _bundles(self, inbox: Path) -> tuple[BundleInfo, ...]:
        for key in [key for key in self._readings if Path(key).parent == inbox]:
            self._readings.pop(key).close()
        try:
            items = inboxes.look(inbox)
        except OSError as error:
            trouble = f"the inbox cannot be read: {error.strerror or error}"
            return (BundleInfo(key=str(inbox), name="", settled=False, trouble=trouble),)
        present = {item.key for item in items}
        for known in (self._seen, self._spent):
            for key in [key for key in known if Path(key).parent == inbox and key not in present]:
                del known[key]
        infos = []
        for item in items:
            spent = self._spent.get(item.key)
            if spent is None or spent.signature != item.signature:
                infos.append((self._about(item), item))
        infos.sort(key=lambda each: (each[0].made_us or each[1].written_ns // 1000, each[1].written_ns, each[1].name))
        return tuple(info for info, _ in infos)

    def _about(self, item: Item) -> BundleInfo:
        now_us = self._clock.now_us()
        seen = self._seen.get(item.key)
        if seen is None or seen.item.signature != item.signature:
            seen = self._seen[item.key] = _Seen(item, now_us)
        calm_us = max(now_us - seen.since_us, (self._wall_ns() - item.changed_ns) // 1000)
        name = item.name if item.name != inboxes.LOOSE else "tables in the inbox"
        if calm_us < item.settle_us:
            return BundleInfo(key=item.key, name=name, settled=False)
        if seen.info is None:
            try:
                bundle = inboxes.open_item(item)
            except (Unusable, OSError) as error:
                trouble = str(error) if isinstance(error, Unusable) else f"it cannot be read: {error.strerror or error}"
                whole = not item.folder and isinstance(error, Unusable) and not isinstance(error, Torn)
                if not item.trouble and not whole and calm_us < inboxes.SETTLE_BROKEN_US:
                    left_s = (inboxes.SETTLE_BROKEN_US - calm_us) / 1e6
                    return BundleInfo(key=item.key, name=name, settled=False, trouble=trouble, patience_s=left_s)
                seen.info = BundleInfo(key=item.key, name=name, trouble=trouble)
            else:
                seen.info = _told(item.key, name, bundle, item.written_ns // 1000)
                bundle.close()
        return seen.info

    async def put(self, bundle: str, where: str, note: str) -> str:
        return await self._work(lambda: self._put(bundle, where, note))

    def _put(self, key: str, where: str, note: str) -> str:
        if (reading := self._readings.pop(key, None)) is not None:
            reading.close()
        if (path := self._spooled.pop(key, None)) is not None:
            path.unlink(missing_ok=True)
            return ""
        if (seen := self._seen.pop(key, None)) is None:
            return "it is not there any more"
        try:
            if not inboxes.is_as_it_was(seen.item):
                return "somebody has written to it since: it stays there, and is read anew"
            inboxes.put(seen.item, where, note)
        except FileNotFoundError:
            return "it is not there any more"
        except OSError as error:
            self._spent[key] = seen.item
            return (
                f"it cannot be moved to {where} ({error.strerror or error}): it stays where it is, and is not read "
                "again until it changes"
            )
        return ""

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────

    async def rows(self, bundle: str, name: str, count: int) -> RowsRead:
        return await self._work(lambda: self._rows(bundle, name, count))

    def _rows(self, key: str, name: str, count: int) -> RowsRead:
        try:
            table = self._table(key, name)
        except (Unusable, OSError, KeyError, ValueError, RuntimeError) as error:
            trouble = f"{name} cannot be opened: {error}"
            return RowsRead(columns=(), rows=[], line=1, last=True, trouble=trouble)
        read = table.read(count)
        if read.last:
            self._close(key, name)
        return read

    def _close(self, key: str, name: str) -> None:
        """The table, and with the last open one the bundle."""
        reading = self._readings[key]
        reading.tables.pop(name).close()
        if not reading.tables:
            self._readings.pop(key).close()

    def _table(self, key: str, name: str) -> Table:
        reading = self._readings.get(key)
        if reading is None:
            if len(self._readings) >= OPEN_MAX:
                raise Unusable("too many bundles are being read")
            reading = self._readings[key] = _Reading(self._open(key))
        table = reading.tables.get(name)
        if table is None:
            table = reading.tables[name] = Table(reading.bundle.open(name))
        return table

    def _open(self, key: str) -> Bundle:
        """As it was listed: a bundle that was written to meanwhile is not read."""
        if (path := self._spooled.get(key)) is not None:
            return ZipBundle(path.open("rb"))
        seen = self._seen.get(key)
        if seen is None or seen.info is None:
            raise Unusable("it is not there any more")
        bundle = inboxes.open_item(seen.item)
        if bundle.digest != seen.info.digest:
            bundle.close()
            raise Unusable("somebody writes to it")
        return bundle

    # ── downloads ────────────────────────────────────────────────────────────────────────────────

    async def download(self, request: Request, bytes_max: int) -> BundleInfo | Outcome:
        try:
            path, fd = await self._work(self._make)
        except OSError as error:
            return NotSent(f"nothing can be written to the spool: {error.strerror or error}")
        key, answered, kept = str(path), None, False
        try:
            with _Spooling(fd) as spooling:
                client = self._client()
                try:
                    wanted = msgspec.structs.replace(request, answer_bytes_max=bytes_max)
                    outcome = await client.save(wanted, spooling.take)
                finally:
                    with trio.CancelScope(shield=True):
                        await client.aclose()
            if spooling.trouble:
                return Lost(f"the spool cannot be written to: {spooling.trouble}")
            if not isinstance(outcome, Response) or outcome.status != 200:
                return outcome
            answered = await self._work(lambda: self._downloaded(key, path, outcome))
            kept = True
            return answered
        finally:
            if not kept:
                path.unlink(missing_ok=True)

    def _make(self) -> tuple[Path, int]:
        self._spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._count:
            for left in self._spool.glob("download-*.zip"):  # of a process that was killed
                left.unlink(missing_ok=True)
        self._count += 1
        path = self._spool / f"download-{self._count}.zip"
        return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def _downloaded(self, key: str, path: Path, answer: Response) -> BundleInfo:
        self._spooled[key] = path
        headers = {name: answer.headers[name] for name in TELLING if name in answer.headers}
        try:
            bundle = ZipBundle(path.open("rb"))
        except (Unusable, OSError) as error:
            return BundleInfo(key=key, name=path.name, headers=headers, trouble=str(error))
        info = _told(key, path.name, bundle, self._wall_ns() // 1000)
        bundle.close()
        return msgspec.structs.replace(info, headers=headers)


class _Spooling:
    """A file that is written to, and what kept us from it."""

    def __init__(self, fd: int) -> None:
        self._file = os.fdopen(fd, "wb")
        self.trouble = ""

    def take(self, chunk: bytes) -> bool:
        """Whether more is wanted."""
        try:
            self._file.write(chunk)
        except OSError as error:
            self.trouble = self.trouble or error.strerror or str(error)
        return not self.trouble

    def __enter__(self) -> "_Spooling":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._file.close()
        except OSError as error:
            self.trouble = self.trouble or error.strerror or str(error)


def _told(key: str, name: str, bundle: Bundle, written_us: int) -> BundleInfo:
    """A time that lies in the future, by the file's own, is a clock that goes wrong."""
    made_us = bundle.made_us if 0 < bundle.made_us <= written_us + FUTURE_US else written_us
    return BundleInfo(key=key, name=name, names=bundle.names, digest=bundle.digest, made_us=made_us)
