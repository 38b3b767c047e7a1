"""An inbox and a spool on a disk, a clock that is moved by hand, and a net that answers what it is told."""

from pathlib import Path

from oneroster_desk import bundle

from actors.domain.flow import Outcome, Request, Response
from actors.domain.harvest import BundleInfo
from actors.sources.oneroster.fake import zipped
from daemon.depot import FileDepot
from daemon.depot.inbox import SETTLE_BROKEN_US

ZIP = zipped(bundle())


class Hands:
    """A clock that stands still until it is moved; the file system's own is far behind, so that only ours counts."""

    def __init__(self) -> None:
        self.at_us = 0

    def now_us(self) -> int:
        return self.at_us


class Net:
    """A client that answers what it is told."""

    def __init__(self) -> None:
        self.answer: Outcome = Response(status=200, headers={"etag": '"1"'})
        self.body = ZIP
        self.asked: list[Request] = []
        self.closed = 0

    async def save(self, request: Request, into: object) -> Outcome:
        self.asked.append(request)
        for start in range(0, len(self.body), 1000):
            into(self.body[start : start + 1000])  # type: ignore[operator]
        return self.answer

    async def aclose(self) -> None:
        self.closed += 1


class Place:
    def __init__(self, root: Path) -> None:
        self.inbox = root / "inbox"
        self.inbox.mkdir()
        self.spool = root / "spool"
        self.clock = Hands()
        self.net = Net()
        self.depot = self.again()

    def again(self) -> FileDepot:
        """As after a restart."""
        return FileDepot(self.spool, self.clock, lambda: self.net, inline=True, wall_ns=lambda: 0)

    async def look(self) -> dict[str, BundleInfo]:
        return {info.name: info for info in await self.depot.bundles(str(self.inbox))}

    async def settled(self) -> dict[str, BundleInfo]:
        await self.look()
        self.clock.at_us += SETTLE_BROKEN_US
        return await self.look()
