"""Rows of what came and of what was done: requests, steps of a trace, changes, what an id is. ``views`` re-exports
them.
"""

import msgspec

from daemon.control.view import View


class ArrivalRow(View, frozen=True, kw_only=True, tag="arrival"):
    """An accepted request. ``collapsed`` of its statements had been stored before."""

    tenant: str
    source: str
    credential: str
    correlation_id: str
    trace_id: str
    at_us: int
    fresh: int
    collapsed: int
    shown: int


class SpanRow(View, frozen=True, kw_only=True, tag="span"):
    """A step of a trace, as far as the rows tell. ``at_us`` is None where the time was not kept."""

    trace_id: str
    name: str
    subject: str
    at_us: int | None = None
    until_us: int | None = None
    detail: str = ""
    request_ids: dict[str, str] = msgspec.field(default_factory=dict)


class KnownRow(View, frozen=True, kw_only=True, tag="known"):
    """What an id belongs to that is no statement and no delivery. ``what``: of which kind it is; ``name``: its id in
    full; ``whose``: a tenant, a lane or a source. ``commands`` tell more."""

    what: str
    name: str
    whose: str = ""
    at_us: int | None = None
    words: str = ""
    commands: tuple[str, ...] = ()


class ChangedRow(View, frozen=True, kw_only=True, tag="changed"):
    """What became of one thing that was to be changed. ``made``: the id of what took its place."""

    what: str
    lane: str = ""
    before: str
    after: str
    done: bool
    dry_run: bool
    note: str = ""
    made: str = ""
