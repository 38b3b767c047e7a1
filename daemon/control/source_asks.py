"""What operators ask about sources that are read. ``asks`` re-exports them. A source is TENANT/SOURCE."""

from typing import Annotated

from msgspec import Meta

from daemon.control.ask import Ask, Change, Word

Moment = Annotated[str, Meta(max_length=40)]


class SourceList(Ask, frozen=True, kw_only=True, tag="source.list"):
    """``tenant`` empty: all of them."""

    tenant: Word = ""


class SourcePause(Change, frozen=True, kw_only=True, tag="source.pause"):
    """It is not read any more, until somebody resumes; what it posts is still taken in."""

    source: Word


class SourceResume(Change, frozen=True, kw_only=True, tag="source.resume"):
    """It is read again; a time that it named is forgotten."""

    source: Word


class SourceSync(Change, frozen=True, kw_only=True, tag="source.sync"):
    """Read it now: what is new, or with ``full`` everything. ``accept_removals``: however much is gone. ``wait``: until
    it has ended, telling how far it is."""

    source: Word
    full: bool = False
    accept_removals: bool = False
    wait: bool = False


class SourceBackfill(Change, frozen=True, kw_only=True, tag="source.backfill"):
    """Read what happened between two moments (RFC 3339; ``until`` empty: now). Nobody is told of it unless
    ``announce``."""

    source: Word
    since: Moment
    until: Moment = ""
    announce: bool = False
    wait: bool = False
