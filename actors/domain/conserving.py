"""The conservation of what was accepted: every statement of a day and source is in exactly one state, and the states
add up to what was accepted (pure).

A row is chained to the one before it by its hash, so that none can be changed, taken away or put between without
showing; the head of the chain stands in the audit.
"""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import Literal, get_args

import msgspec

MAGIC = "lmsyncd-conservation-1"
DAY_US = 86_400_000_000

Fate = Literal[
    "waiting",
    "parked",
    "dead",
    "delivered",
    "superseded",
    "shadowed",
    "cancelled",
    "not_routed",
    "retired",
    "departed",
    "lost",
]
"""What became of a statement. Of one with several deliveries the least settled counts: *waiting* (for the router too,
and what is held or of unknown outcome), *parked*, *dead*, *delivered*, *superseded*, *shadowed*, *cancelled*.
*not_routed*: nobody was to be told, ``why`` says why not. *retired*: told, and its deliveries have left by retention;
*departed*: it left the log itself, by retention or with a person. *lost*: there is no trace of it: that must not be."""
FATES: tuple[Fate, ...] = get_args(Fate)
OPEN: frozenset[Fate] = frozenset({"waiting", "parked", "dead"})
"""What may move on yet: such a day is looked at again."""


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """Of a source and a day (days since the epoch, UTC)."""

    tenant: str
    day: int
    source: str
    accepted: int
    counts: Mapping[Fate, int]

    @property
    def fits(self) -> bool:
        return not self.counts.get("lost") and sum(self.counts.values()) == self.accepted

    @property
    def is_open(self) -> bool:
        return any(self.counts.get(fate) for fate in OPEN)


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the chain, made at ``made_us``. ``prev`` is empty in the first."""

    no: int
    balance: Balance
    made_us: int
    prev: bytes


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: ``links`` new ones; ``head``: the number and the hash of the newest of all."""

    links: int
    no: int
    head: bytes


def date_of(day: int) -> str:
    """A day as people write it."""
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def encoded(link: Link) -> bytes:
    """The canonical bytes: a JSON array without spaces, text in ASCII with escapes, counts in the order of FATES."""
    told = link.balance
    parts: list[object] = [
        MAGIC,
        link.no,
        told.tenant,
        told.day,
        told.source,
        told.accepted,
        [told.counts.get(fate, 0) for fate in FATES],
        link.made_us,
        link.prev.hex(),
    ]
    return json.dumps(parts, separators=(",", ":")).encode()


def digest(link: Link) -> bytes:
    return sha256(encoded(link)).digest()
