"""Deliveries that were seen, as calls by the vendors' limits: a day's and the busiest hour's. No verb of its own."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from actors.domain.capacity import Loads, Need, needs, scaled
from actors.domain.trial import Seen
from actors.ports import Target
from config.model import Digest, Tenant
from daemon.control.piloted import NeedView
from daemon.control.verbs.draining import LEARNER

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
NEEDS_MAX = 8


class Projected(msgspec.Struct, frozen=True, kw_only=True):
    """``posts``: messages a day, digests folded; ``needs``: the limits, nearest to breaking first."""

    posts: float
    calls: float
    needs: tuple[NeedView, ...]


def projected(seen: Sequence[Seen], tenant: Tenant, targets: Mapping[str, Target], *, window_us: int) -> Projected:
    """Everybody who was seen, rehearsals included. ``window_us``: the time in which all of it came."""
    weights = _posts_each(seen, tenant)
    by_lane: dict[str, list[Seen]] = defaultdict(list)
    for row in seen:
        if not row.in_digest:
            by_lane[row.lane].append(row)
    per_day = DAY_US / max(window_us, HOUR_US)
    found: list[NeedView] = []
    posts = calls = 0.0
    for lane, rows in sorted(by_lane.items()):
        target = targets.get(lane.partition("/")[2])
        if target is None:
            continue
        hours = Counter(row.accepted_us // HOUR_US for row in rows)
        busiest = max(hours, key=lambda hour: (hours[hour], hour))
        day = scaled(_loads(rows, target, weights), per_day)
        hour = _loads([row for row in rows if row.accepted_us // HOUR_US == busiest], target, weights)
        posts += per_day * sum(weights.get(row.route, 1.0) if row.state == "shadowed" else 1.0 for row in rows)
        calls += sum(day.values())
        found += views_of(lane, needs(day, hour, target.rate), target)
    return Projected(posts=posts, calls=calls, needs=nearest(found))


def views_of(lane: str, found: Sequence[Need], target: Target) -> list[NeedView]:
    views = []
    for need in found:
        quota = target.quota(need.bucket)
        own = {name: getattr(need, name) for name in need.__struct_fields__}
        views.append(NeedView(lane=lane, tier=quota.tier, methods=quota.methods, **own))
    return views


def nearest(found: Sequence[NeedView]) -> tuple[NeedView, ...]:
    """Those that are nearest to breaking."""
    return tuple(ranked(found)[:NEEDS_MAX])


def ranked(found: Sequence[NeedView]) -> list[NeedView]:
    """All, nearest to breaking first."""
    return sorted(found, key=lambda need: (-need.percent, need.lane, need.bucket))


def _posts_each(seen: Sequence[Seen], tenant: Tenant) -> dict[str, float]:
    """By route that sends digests: how many posts became of a change, as far as any was folded."""
    digests = {route.name for route in tenant.routes if isinstance(route.mode, Digest)}
    folded = Counter(row.route for row in seen if row.in_digest)
    made = Counter(row.route for row in seen if row.kind == "digest")
    return {name: made[name] / folded[name] for name in digests if folded[name]}


def _loads(rows: Sequence[Seen], target: Target, weights: Mapping[str, float]) -> Loads:
    """A learner is looked up at their first post."""
    found: dict[tuple[str, ...], float] = defaultdict(float)
    known: set[str] = set()
    for row in rows:
        to_learner = row.destination.startswith(LEARNER)
        weight = weights.get(row.route, 1.0) if row.state == "shadowed" else 1.0
        for draws in target.costs(row.destination, to_learner=to_learner, known=row.destination in known):
            found[draws] += weight
        known.add(row.destination)
    return found
