"""``forecast``: what a volume of events needs of the vendors' limits, by the routes and the newest deliveries."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import expm1

import msgspec

from actors.domain.capacity import Loads, needs, scaled, together
from actors.domain.changes import Course, Enrolled
from actors.domain.forecast import forecast as least
from actors.domain.people import Learner
from actors.domain.schedule import next_tick
from actors.domain.trial import BYTES_OF_A_ROW, Seen
from actors.domain.verdicts import Refused
from actors.ports import Target
from actors.roles.addressing import VALID_US
from config.model import Digest, Route, Tenant
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.piloted import NeedRow, NeedView, OutlookRow
from daemon.control.protocol import Done, Forecast, Refusal
from daemon.control.times import span
from daemon.control.verbs.draining import LEARNER
from daemon.control.verbs.projecting import DAY_US, HOUR_US, ranked, views_of

BUSIEST_SHARE = 0.2
"""Of a day, where not a whole one was seen."""
PEOPLE = 100
"""Where nobody says and nobody was told anything yet."""
WEEK_DAYS = 7
HOURS = 24
ANYBODY = Enrolled(
    learner=Learner(key="account:https://lms.example.edu|1"),
    at="",
    course=Course(id="https://lms.example.edu/course/1"),
)
PLACES_MAX = 2_000


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A route: changes a day, to which destinations (by how many of them), and posts a day that become of them."""

    route: Route
    changes: float
    places: dict[str, float]
    posts: float


async def forecast(request: Forecast, asking: Asking) -> Done:
    """Exit code 2 if a limit breaks."""
    tenant = asking.tenant(request.tenant or _only(asking))
    lately = await asking.office.store.pilots.lately(tenant.name)
    assumed: list[str] = []
    people = request.people or len({row.learner for row in lately.rows} - {""})
    if not people:
        people = PEOPLE
        assumed.append(f"{PEOPLE} people (--people says otherwise)")
    busiest = 1.0 / HOURS if request.evenly else _busiest(lately.rows, assumed)
    targets = asking.office.targets(tenant.name)
    each = request.events_per_day / lately.events if lately.events else 0.0
    shares: list[Share] = []
    for route in tenant.routes:
        if route.enabled:
            share = _share(route, tenant, targets[route.to], lately.rows, each, request, people, assumed)
            shares += [share] if share is not None else []
    found: list[NeedView] = []
    calls: dict[str, dict[str, float]] = {}
    takes_s: dict[str, float] = {}
    for name, target in sorted(targets.items()):
        lane = f"{tenant.name}/{name}"
        own = [share for share in shares if share.route.to == name]
        known = await asking.office.store.remembering.addresses_since(lane, asking.now_us - VALID_US)
        posts, met = together([_loads(share, target) for share in own]), _met_loads(own, target, people, known)
        day = together([posts, met])
        limits = views_of(lane, needs(day, scaled(day, busiest), target.rate), target)
        found += limits
        if day:
            calls[lane] = _by_method(day, target)
            takes_s[lane] = round(_takes_s(posts, day, target), 1)
    shown = ranked([need for need in found if need.per_day > 0])
    for need in shown:
        await asking.emit(NeedRow(need=need))
    changes = sum(share.changes for share in shares)
    rows = [row.row_bytes for row in lately.rows]
    row_bytes = sum(rows) / len(rows) if rows else 1_000.0
    await asking.emit(
        OutlookRow(
            tenant=tenant.name,
            events_per_day=request.events_per_day,
            posts_per_day=round(sum(share.posts for share in shares), 1),
            calls_per_day=round(sum(sum(some.values()) for some in calls.values()), 1),
            calls=calls,
            takes_s=takes_s,
            busiest_share=round(busiest, 3),
            bytes_per_day=round(
                request.events_per_day * (lately.body_bytes + BYTES_OF_A_ROW) + changes * (row_bytes + BYTES_OF_A_ROW)
            ),
            first=f"{shown[0].lane} {shown[0].bucket}" if shown else "",
            first_at=round(request.events_per_day * 100.0 / shown[0].percent, 1) if shown else 0.0,
            helps=(*_helps(shown, shares, people, tenant), *_met(shares, targets, people)),
            assumed=tuple(assumed),
        )
    )
    broken = [f"{need.lane} {need.bucket}" for need in shown if need.percent > 100 or need.never]
    if broken:
        return done(f"more than the limit allows in the busiest hour: {', '.join(broken)}", Exit.DEGRADED)
    return done("every limit holds" if shown else "no route posts anything")


def _only(asking: Asking) -> str:
    names = sorted(asking.office.configuration().tenants)
    if len(names) != 1:
        raise Refusal(Exit.USAGE, "which tenant?", advice=f"one of: {', '.join(names) or 'there is none'}")
    return names[0]


def _busiest(rows: Sequence[Seen], assumed: list[str]) -> float:
    """The share of a day's posts in its busiest hour."""
    hours = Counter(row.accepted_us // HOUR_US for row in rows)
    times = [row.accepted_us for row in rows]
    window_us = max(times, default=0) - min(times, default=0)
    if window_us < DAY_US:
        assumed.append(f"{BUSIEST_SHARE:.0%} of a day comes in its busiest hour: not a whole day was seen yet")
        return BUSIEST_SHARE
    return min(1.0, max(hours.values()) / len(rows) * window_us / DAY_US)


def _share(
    route: Route,
    tenant: Tenant,
    target: Target,
    rows: Sequence[Seen],
    each: float,
    request: Forecast,
    people: int,
    assumed: list[str],
) -> Share | None:
    """By what it did lately; of one that did nothing yet, as if every event were for it."""
    places = Counter(row.destination for row in rows if row.route == route.name and row.kind != "digest")
    if places:
        changes = each * places.total()
        found = {place: n / places.total() for place, n in places.most_common(PLACES_MAX)}
    else:
        likely = _likely(route, target, people)
        if not likely:
            assumed.append(f"route {route.name} is left out: it posted nothing yet, and its places are not known")
            return None
        changes, found = request.events_per_day, dict.fromkeys(likely, 1.0 / len(likely))
        assumed.append(f"every event is for the route {route.name}, which posted nothing yet")
    posts = changes
    if isinstance(route.mode, Digest):
        readers = people if route.audience.learner else len(found)
        posts = min(changes, readers * _digests_per_day(route.mode, tenant.timezone))
    return Share(route=route, changes=changes, places=found, posts=posts)


def _likely(route: Route, target: Target, people: int) -> tuple[str, ...]:
    """Where a route will post that posted nothing yet: to all courses alike, to all people alike."""
    if route.audience.learner:
        return tuple(f"{LEARNER}{n}" for n in range(min(people, PLACES_MAX)))
    if route.audience.course_channel and target.listening is not None:
        return target.listening.routed((route.audience,))[:PLACES_MAX]
    placed = target.place(route.audience, ANYBODY)
    return () if isinstance(placed, Refused) else (placed.destination,)


def _digests_per_day(mode: Digest, zone: str) -> float:
    at_us, n = 0, 0
    while (at_us := next_tick(mode.digest, zone, at_us)) <= WEEK_DAYS * DAY_US:
        n += 1
    return n / WEEK_DAYS


def _loads(share: Share, target: Target) -> Loads:
    """As if everybody were known already."""
    found: Counter[tuple[str, ...]] = Counter()
    for place, part in share.places.items():
        for draws in target.costs(place, to_learner=share.route.audience.learner, known=True):
            found[draws] += part * share.posts  # type: ignore[assignment]  # a Counter counts fractions as well
    return found


def _met_loads(shares: Sequence[Share], target: Target, people: int, known: int) -> Loads:
    """What looking people up costs in that day: whoever is told something for the first time, and whoever was looked up
    so long ago that it does not count any more. ``known``: so many addresses are remembered."""
    posts = sum(share.posts for share in shares if share.route.audience.learner)
    if not posts:
        return {}
    told = -expm1(-posts / people)  # the share of people who are told anything in that day
    familiar = min(1.0, known / people)
    anew = people * (told * (1.0 - familiar) + familiar / (VALID_US / DAY_US + 1.0 / told))
    return {draws: n * anew for draws, n in _first(target).items()}


def _takes_s(posts: Loads, day: Loads, target: Target) -> float:
    """How long all of it takes, sent at once. A lane goes by order: while posts wait for the scarcest limit those
    behind them wait too, and what does not draw from it is left at the end. Looking people up holds nobody up."""
    slowest = least(day, target.rate)
    others = {draws: n for draws, n in posts.items() if slowest.bound_by not in draws}
    shares = len(others) < len(posts)
    return slowest.least_s + (least(others, target.rate).least_s if shares else 0.0)


def _first(target: Target) -> Counter[tuple[str, ...]]:
    """What a learner's first post costs more than their next ones."""
    place = f"{LEARNER}1"
    first = Counter(target.costs(place, to_learner=True, known=False))
    first.subtract(Counter(target.costs(place, to_learner=True, known=True)))
    return +first


def _by_method(day: Loads, target: Target) -> dict[str, float]:
    """Calls by the methods that share a limit."""
    found: Counter[str] = Counter()
    for draws, n in day.items():
        if draws:
            found[", ".join(target.quota(draws[-1]).methods)] += n  # type: ignore[assignment]  # as above
    return {methods: round(n, 1) for methods, n in sorted(found.items(), key=lambda each: (-each[1], each[0]))}


def _helps(shown: Sequence[NeedView], shares: Sequence[Share], people: int, tenant: Tenant) -> list[str]:
    helps: list[str] = []
    if shown and (shown[0].percent > 50 or shown[0].never):
        lane, bucket = shown[0].lane, shown[0].bucket
        loud = sorted(
            (share for share in shares if f"{tenant.name}/{share.route.to}" == lane and share.route.mode == "realtime"),
            key=lambda share: -share.posts,
        )
        if loud:
            route = loud[0].route
            places = people if route.audience.learner else len(loud[0].places)
            helps.append(
                f'mode = {{ digest = "0 8 * * 1-5" }} for the route {route.name}: at most {places:,} posts a morning '
                f"in place of {loud[0].posts:,.0f} a day"
            )
        if bucket.startswith(("channel:", "team:")):
            helps.append("spread it over more channels: the limit is one channel's")
        elif tenant.targets[lane.partition("/")[2]].kind == "teams":
            helps.append("requests travel in batches of up to 20, but each of them counts against the limit")
        if shown[0].wait_s:
            helps.append(f"whoever comes last in the busiest hour waits {span(shown[0].wait_s)}")
    return helps


def _met(shares: Sequence[Share], targets: Mapping[str, Target], people: int) -> Iterator[str]:
    """Everybody is looked up once: what that takes when all of them are new."""
    for name in sorted({share.route.to for share in shares if share.route.audience.learner}):
        target = targets[name]
        took = least({draws: n * people for draws, n in _first(target).items()}, target.rate)
        yield (
            f"to {name}, {people:,} people are looked up once and then remembered: {took.requests:,} calls, "
            f"{span(took.least_s)} at least"
        )
