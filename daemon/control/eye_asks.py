"""What is asked by whoever watches: ``top``, ``watch``, ``stats``, ``report``. ``asks`` re-exports them."""

from typing import Annotated, Literal

from msgspec import Meta

from daemon.control.ask import Ask, Limit, StateName, Word

YEARS_S = 4e8
WAIT_S_MAX = 20.0
MONTH_S = 2_592_000.0


class Top(Ask, frozen=True, kw_only=True, tag="top"):
    """A frame. ``brief``: without what changes slowly (promises, how vendors have answered, tokens)."""

    tenant: Word = ""
    brief: bool = False


class Watch(Ask, frozen=True, kw_only=True, tag="watch"):
    """What has happened behind ``after`` (None: from now on); waits up to ``wait_s`` for the first of it. ``what``: a
    tenant, TENANT/TARGET or TENANT/ROUTE, or the id of a delivery or statement; empty: everything. ``events_after``:
    the time line's number, None: from now on; ``events`` False: without the time line."""

    what: Word = ""
    states: tuple[StateName, ...] = ()
    after: Annotated[int, Meta(ge=0)] | None = None
    events: bool = True
    events_after: Annotated[int, Meta(ge=0)] | None = None
    wait_s: Annotated[float, Meta(ge=0, le=WAIT_S_MAX)] = 10.0
    limit: Limit = 1_000


class Stats(Ask, frozen=True, kw_only=True, tag="stats"):
    """What became of deliveries, by group and in all. ``tenant`` empty: of every tenant."""

    tenant: Word = ""
    since_s: Annotated[float, Meta(gt=0, le=YEARS_S)] = 86_400.0
    by: Literal["hour", "day", "route", "target", "method"] = "route"


class Report(Ask, frozen=True, kw_only=True, tag="report"):
    """All that a tenant's report tells, as one row. Nobody's name is in it."""

    tenant: Word
    since_s: Annotated[float, Meta(gt=0, le=YEARS_S)] = MONTH_S
