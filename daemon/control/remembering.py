"""What is remembered, as rows. ``asks`` and ``views`` re-export them."""

from daemon.control.ask import Ask
from daemon.control.view import View


class CacheList(Ask, frozen=True, kw_only=True, tag="cache.list"):
    pass


class CacheRow(View, frozen=True, kw_only=True, tag="cache"):
    """A cache; ``of``: whose, where it is told apart (a lane, a connection). What is counted is since the start.
    ``bound`` 0: no number but time keeps it small. ``rate``: percent that was there, None: nobody asked. ``oldest_us``:
    since when the oldest of it is known. ``saved``: calls to a vendor that were not made, None: it saves none."""

    cache: str
    of: str = ""
    text: str
    entries: int
    bound: int = 0
    hits: int = 0
    misses: int = 0
    stale: int = 0
    evicted: int = 0
    rate: float | None = None
    oldest_us: int | None = None
    saved: int | None = None
