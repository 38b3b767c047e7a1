"""Rows about sources and their readings. ``views`` re-exports them."""

from daemon.control.view import View


class ReadingRow(View, frozen=True, kw_only=True, tag="reading"):
    """A reading of a source: under way (``how`` empty; ``what`` is being read, ``done`` of ``total`` of it), or ended.
    ``changed`` counts records whose meaning was new, ``statements`` what was appended to the log."""

    source: str
    mode: str
    began_us: int
    ended_us: int | None = None
    how: str = ""
    detail: str = ""
    what: str = ""
    done: int = 0
    total: int | None = None
    requests: int = 0
    told: int = 0
    changed: int = 0
    gone: int = 0
    quarantined: int = 0
    statements: int = 0


class HeardView(View, frozen=True, kw_only=True, tag="heard"):
    """What was posted to a source's hook since the daemon began. Calls: ``taken`` are on disk, ``refused`` were
    answered 4xx, ``failed`` 5xx. Of what those taken tell: ``told`` counts records, ``changed`` those whose meaning was
    new, ``quarantined`` those that failed validation, ``ignored`` tidings of no kind that is known here."""

    taken: int = 0
    refused: int = 0
    failed: int = 0
    told: int = 0
    changed: int = 0
    quarantined: int = 0
    ignored: int = 0


class SourceRow(View, frozen=True, kw_only=True, tag="source"):
    """A source. ``state``: ``listening`` (statements are pushed to the gateway), ``pushed`` (it posts to its hook and
    is never read), or how its harvester stands. ``next_us`` is when it is read next, ``next_mode`` how; ``last`` the
    reading that ended last; ``mapping`` the version in force, 0: none yet; ``quarantined``: records that wait for a
    person; ``heard``: what it posted, None: nothing yet; ``silent_since_us``: it is expected to post, and has not since
    then; ``past``: what of the past somebody asked to be read, and is still to be; empty: nothing."""

    source: str
    platform: str
    state: str
    detail: str = ""
    mapping: int = 0
    quarantined: int = 0
    next_us: int | None = None
    next_mode: str = ""
    last: ReadingRow | None = None
    good_us: int | None = None
    heard_us: int | None = None
    heard: HeardView | None = None
    silent_since_us: int | None = None
    braked: str = ""
    past: str = ""
