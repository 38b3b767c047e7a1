"""What operators ask about bringing versions of a mapping into force. ``asks`` re-exports them."""

from typing import Annotated

from msgspec import Meta

from daemon.control.ask import Ask, Change, Seconds, Word

Version = Annotated[int, Meta(ge=1, le=1_000_000)]


class MapDiff(Ask, frozen=True, kw_only=True, tag="map.diff"):
    """``source`` is TENANT/SOURCE. ``since_s``: only records that changed in so many seconds; None: all of them."""

    source: Word
    before: Version
    after: Version
    since_s: Seconds | None = None


class MapActivate(Change, frozen=True, kw_only=True, tag="map.activate"):
    """``plan``: the hash of a ``map diff`` over all records; nothing is done if it has come to something else."""

    source: Word
    version: Version
    plan: Word = ""


class MapRollback(Change, frozen=True, kw_only=True, tag="map.rollback"):
    source: Word
