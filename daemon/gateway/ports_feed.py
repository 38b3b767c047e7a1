"""What the feed of changes needs of the store, and what it gets."""

from collections.abc import Collection
from typing import Protocol

import msgspec

from actors.domain.changes import AnyChange

Place = tuple[int, int]
"""Where an entry stands: behind that many places of the log, and beside them. Places are compared as they are."""


class FeedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A change, or the taking back of one: then ``corrects`` names the one taken back, and with ``news`` ``retracted``
    nothing is told in its place: ``id``, ``kind`` and ``change`` are those of what was taken back (kind and change are
    missing if its statement has left the log)."""

    place: Place
    id: str
    news: str
    occurrence: int
    kind: str
    change: AnyChange | None
    corrects: str
    imported: bool
    statement_id: str
    source: str
    stored_us: int
    correlation_id: str
    version: str


class FeedPage(msgspec.Struct, frozen=True, kw_only=True):
    """``end``: where to go on; everything up to there is in this page or was asked not to be. ``more``: there may be
    more already."""

    entries: list[FeedEntry]
    end: Place
    more: bool


class FeedGone(Exception):
    """Changes behind the given place have left the log by retention: whoever stands there has missed some. ``from_``
    is where one can go on."""

    def __init__(self, from_: Place) -> None:
        super().__init__("changes after this place have left the log")
        self.from_ = from_


class Feed(Protocol):
    """Canonical changes in the order of the log, as far as the router has come."""

    async def changes(self, tenant: str, after: Place | None, kinds: Collection[str], limit: int) -> FeedPage:
        """At most ``limit`` of these kinds (none given: of all) behind ``after``; None: from where nothing has left
        yet. Nothing will
        ever come to stand at or before ``end``. A page may be empty and have ``more``: a bounded number of statements
        is looked at. Raises FeedGone, StoreUnavailable."""
