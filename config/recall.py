"""What is remembered so that it need not be asked or worked out again, and how often that helped.

One room for all of it. Whoever remembers does so under one of the names in ``CACHES``, is bounded, and is counted for
as long as the process lives: what was there (``hits``), what was not (``misses``), what was there and too old
(``stale``), and what had to make room (``evicted``). What is remembered on disk, or has rules of its own for how long
it may be believed, borrows its counts here only. ``lmsyncctl cache list`` and the metrics show them.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterator
from functools import _lru_cache_wrapper, lru_cache, wraps
from typing import Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary, WeakSet

import msgspec

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

CACHES = {
    "addresses": "what a vendor calls a learner; asked anew after 30 days, when it is refused, or when it is told of",
    "accounts": "whom rosters found at a vendor; asked anew after 30 days, whoever was not there after 20 hours",
    "tokens": "access tokens, until shortly before they end",
    "keys": "keys that others sign with (JWKS); fetched anew after a day, or for a key that is not known",
    "providers": "what OpenID providers tell of themselves; read anew after an hour",
    "secrets": "secrets, as long as their files stay the same",
    "references": "courses and people that records refer to, by source",
    "xapi_parts": "parts of statements that came before: actors, verbs, objects, contexts",
    "xapi_words": "identifiers, languages and times in statements",
    "statement_parts": "parts of statements that are made of records",
    "feed_words": "times in the feed of changes, and links",
    "mapping_values": "times, zones, languages and words, as mappings read them",
    "mapping_tables": "compiled tables of mappings",
    "templates": "compiled frames of templates",
    "schedules": "cron lines, read",
    "roster_words": "placeholders in the names of channels, groups and teams",
    "signing_keys": "keys that we sign with towards a vendor, read",
    "store_words": "statements of SQL, and authorities in the log",
}
"""By name, what is remembered there."""


class Counts(msgspec.Struct):
    """Since the process began."""

    hits: int = 0
    misses: int = 0
    stale: int = 0
    evicted: int = 0

    @property
    def asked(self) -> int:
        return self.hits + self.misses + self.stale

    @property
    def rate(self) -> float | None:
        """The share that was there; None: nobody asked."""
        return self.hits / self.asked if self.asked else None


class Shelf(Protocol):
    """Somewhere in memory that things of a name lie. ``bound``: at most so many."""

    bound: int

    def __len__(self) -> int: ...


_counts: dict[str, Counts] = {}
_shelves: defaultdict[str, "WeakSet[Shelf]"] = defaultdict(WeakSet)
_functions: "defaultdict[str, WeakKeyDictionary[_lru_cache_wrapper[object], Counts]]" = defaultdict(WeakKeyDictionary)
"""With what they were asked for in vain: an error is not remembered."""


def counts(name: str) -> Counts:
    """The ones of this name, to count in. Raises KeyError for a name that is not in ``CACHES``."""
    if name not in CACHES:
        raise KeyError(name)
    return _counts.setdefault(name, Counts())


def shelve(name: str, shelf: Shelf) -> None:
    """It is counted with the others of its name, as long as somebody holds it."""
    counts(name)
    _shelves[name].add(shelf)


def remembered(name: str, bound: int) -> Callable[[Callable[..., V]], "_lru_cache_wrapper[V]"]:
    """``lru_cache`` under a name."""
    counts(name)

    def wrap(function: Callable[..., V]) -> "_lru_cache_wrapper[V]":
        vain = Counts()

        @wraps(function)
        def asked(*args: object, **named: object) -> V:
            try:
                return function(*args, **named)
            except BaseException:
                vain.misses += 1  # it takes no room, so that nothing makes room for it
                raise

        wrapped = lru_cache(maxsize=bound)(asked)
        _functions[name][wrapped] = vain
        return wrapped

    return wrap


class Recall(Generic[K, V]):
    """The last ``bound`` that were used."""

    def __init__(self, name: str, bound: int) -> None:
        self.bound = bound
        self._counts = counts(name)
        self._known: OrderedDict[K, V] = OrderedDict()
        shelve(name, self)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, key: K) -> bool:
        return key in self._known

    def get(self, key: K) -> V | None:
        found = self._known.get(key)
        if found is None:
            self._counts.misses += 1
            return None
        self._counts.hits += 1
        self._known.move_to_end(key)
        return found

    def put(self, key: K, value: V) -> None:
        self._known[key] = value
        self._known.move_to_end(key)
        if len(self._known) > self.bound:
            self._known.popitem(last=False)
            self._counts.evicted += 1

    def replace(self, key: K, value: V) -> None:
        """If it is remembered; it does not become newer by that."""
        if key in self._known:
            self._known[key] = value

    def clear(self) -> None:
        self._known.clear()


class Standing(msgspec.Struct, frozen=True):
    """All of one name that is in memory. ``bound`` 0: it has none of its own."""

    name: str
    counts: Counts
    entries: int
    bound: int


def standings() -> Iterator[Standing]:
    """Each name of ``CACHES`` that anything of this process remembers under."""
    for name in CACHES:
        if name not in _counts:
            continue
        shelves = list(_shelves[name])
        told = [(each.cache_info(), vain.misses) for each, vain in _functions[name].items()]
        infos = [info for info, _ in told]
        own = _counts[name]
        yield Standing(
            name,
            Counts(
                hits=own.hits + sum(each.hits for each in infos),
                misses=own.misses + sum(each.misses for each in infos),
                stale=own.stale,
                evicted=own.evicted + sum(max(0, info.misses - vain - info.currsize) for info, vain in told),
            ),
            entries=sum(len(each) for each in shelves) + sum(each.currsize for each in infos),
            bound=sum(each.bound for each in shelves) + sum(each.maxsize or 0 for each in infos),
        )
