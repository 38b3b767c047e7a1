"""Rows about the conservation of what was accepted."""

from daemon.control.view import View


class BalanceRow(View, frozen=True, kw_only=True, tag="balance"):
    """Of a source and a day (UTC): ``accepted`` is the sum of all others. ``written``: as it stands in the chain; else
    the day is not over, and this is how it stands now."""

    tenant: str
    source: str
    day: str
    accepted: int
    delivered: int
    waiting: int
    parked: int
    dead: int
    superseded: int
    not_routed: int
    shadowed: int
    cancelled: int
    retired: int
    departed: int
    lost: int
    written: bool


class ContradictionRow(View, frozen=True, kw_only=True, tag="contradiction"):
    """Something that does not fit: ``what`` is chain, unreadable, accepted, request, statement, delivery, effect or
    count; ``row`` is its number."""

    what: str
    row: int
    tenant: str = ""
    detail: str


class CountedRow(View, frozen=True, kw_only=True, tag="counted"):
    """What was looked at; ``hash`` is that of the newest of the chain's ``links``. ``contradictions`` do not fit."""

    links: int
    days: int
    requests: int
    statements: int
    deliveries: int
    hash: str
    contradictions: int
