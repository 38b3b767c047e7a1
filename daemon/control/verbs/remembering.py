"""``cache list``: what is remembered, how often that helped, and which calls it saved."""

from collections.abc import Iterable

from actors.ports import Target
from config.recall import CACHES
from daemon.caches import Cache, asked, caches
from daemon.control.office import Asking, Office, done
from daemon.control.protocol import Done
from daemon.control.remembering import CacheRow
from daemon.control.verbs.draining import LEARNER

ASKS_A_VENDOR = frozenset({"accounts", "tokens", "keys", "providers"})
"""Each that was there is one call that was not made."""


async def listing(asking: Asking) -> Done:
    office = asking.office
    lying = await office.store.remembering.lain()
    saved = 0
    for each in caches(office.switchboard, office.desk.custody, lying):
        row = _row(each, office)
        saved += row.saved or 0
        await asking.emit(row)
    return done(f"{saved:,} calls saved since the start")


def _row(each: Cache, office: Office) -> CacheRow:
    counts = each.counts
    return CacheRow(
        cache=each.name,
        of=each.of,
        text=CACHES[each.name],
        entries=each.entries,
        bound=each.bound,
        hits=counts.hits,
        misses=counts.misses,
        stale=counts.stale,
        evicted=counts.evicted,
        rate=None if counts.rate is None else round(100.0 * counts.rate, 1),
        oldest_us=each.oldest_us,
        saved=_saved(each, office),
    )


def _saved(each: Cache, office: Office) -> int | None:
    if each.name == "addresses":
        return each.counts.hits * calls_to_meet(_target(office, each.of))
    return each.counts.hits if each.name in ASKS_A_VENDOR else None


def _target(office: Office, lane: str) -> Target | None:
    """None: it is not configured any more."""
    tenant, _, name = lane.partition("/")
    return office.targets(tenant).get(name) if tenant in office.configuration().tenants else None


def calls_to_meet(target: Target | None) -> int:
    """What a learner costs who is not known yet, before anything is told them."""
    if target is None:
        return 0
    place = f"{LEARNER}1"
    return len(target.costs(place, to_learner=True, known=False)) - len(
        target.costs(place, to_learner=True, known=True)
    )


def in_short(office: Office, tenants: Iterable[str]) -> str:
    """Of these tenants' learners, in words; empty where nobody was asked for."""
    hits = whole = saved = 0
    for tenant in tenants:
        for name, target in office.targets(tenant).items():
            counts = asked(office.switchboard, f"{tenant}/{name}")
            hits, whole = hits + counts.hits, whole + counts.asked
            saved += counts.hits * calls_to_meet(target)
    if not whole:
        return ""
    return f"addresses remembered since the start: {hits:,} of {whole:,} ({hits / whole:.1%}), {saved:,} calls saved"
