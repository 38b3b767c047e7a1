"""Everything that is remembered, on disk and in memory, with how often that helped."""

from collections.abc import Iterator, Mapping

import msgspec

from actors.roles.custody import Custody
from actors.roles.world import Switchboard
from config.recall import Counts, standings
from daemon.store.remembering import Lain

Lying = Mapping[tuple[str, str], Lain]
"""What lies on disk, by (name, lane)."""


class Cache(msgspec.Struct, frozen=True, kw_only=True):
    """``of``: whose, where it is told apart. ``bound`` 0: time keeps it small."""

    name: str
    of: str = ""
    counts: Counts
    entries: int
    bound: int = 0
    oldest_us: int | None = None


def caches(board: Switchboard, custody: Custody | None, lying: Lying) -> Iterator[Cache]:
    """Those that save a vendor's calls first."""
    lanes = {lane for lane, _ in board.lookups} | {lane for name, lane in lying if name == "addresses"}
    for lane in sorted(lanes):
        lain = lying.get(("addresses", lane))
        yield Cache(
            name="addresses",
            of=lane,
            counts=asked(board, lane),
            entries=lain.entries if lain else 0,
            oldest_us=lain.oldest_us if lain else None,
        )
    for on, served, held in custody.served() if custody is not None else ():
        yield Cache(name="tokens", of=on, counts=served, entries=held)
    for each in standings():
        accounts = [lain for (name, _), lain in lying.items() if name == each.name]
        yield Cache(
            name=each.name,
            counts=each.counts,
            entries=each.entries + sum(lain.entries for lain in accounts),
            bound=each.bound,
            oldest_us=min((lain.oldest_us for lain in accounts), default=None),
        )


def asked(board: Switchboard, lane: str) -> Counts:
    """How often learners' addresses were asked for at a lane."""
    looked_up, outdated = board.lookups[lane, "looked_up"], board.lookups[lane, "outdated"]
    return Counts(hits=board.lookups[lane, "remembered"], misses=looked_up - outdated, stale=outdated)


def together(found: Iterator[Cache]) -> dict[str, tuple[Counts, int]]:
    """By name: counts, and how many there are."""
    whole: dict[str, tuple[Counts, int]] = {}
    for each in found:
        own, entries = whole.get(each.name, (Counts(), 0))
        sums = Counts(**{name: getattr(own, name) + getattr(each.counts, name) for name in Counts.__struct_fields__})
        whole[each.name] = (sums, entries + each.entries)
    return whole
