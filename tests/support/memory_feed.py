"""``Feed`` in memory: entries that a test puts there. ``broken`` makes it unavailable."""

from collections.abc import Collection

from actors.ports import StoreUnavailable
from daemon.gateway.ports_feed import FeedEntry, FeedGone, FeedPage, Place


class MemoryFeed:
    """``gone``: how far changes have left by retention."""

    def __init__(self) -> None:
        self.entries: dict[str, list[FeedEntry]] = {}
        self.gone: Place = (-1, 0)
        self.broken = False

    async def changes(self, tenant: str, after: Place | None, kinds: Collection[str], limit: int) -> FeedPage:
        if self.broken:
            raise StoreUnavailable("the disk is full", retry_after_s=7)
        if after is not None and after < self.gone:
            raise FeedGone(self.gone)
        start = after or (-1, 0)
        behind = [one for one in self.entries.get(tenant, ()) if one.place > start]
        wanted = [one for one in behind if not kinds or one.kind in kinds]
        if len(wanted) > limit:
            return FeedPage(entries=wanted[:limit], end=wanted[limit - 1].place, more=True)
        return FeedPage(entries=wanted, end=behind[-1].place if behind else start, more=False)
