"""What ``/metrics`` shows of the store and the actors, refreshed now and then so that a scrape never waits."""

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence

import trio

from actors.kernel import Registry
from actors.kernel.registry import Node
from actors.messages import HeardCount, SourceView
from actors.ports import StoreUnavailable
from actors.ports.listening import ListenerView
from actors.roles.custody import Custody
from actors.roles.world import World
from config.durations import seconds
from config.model import Configuration
from config.recall import Counts
from daemon.caches import Lying, caches, together
from daemon.store.asking import LaneHold
from daemon.store.database import Store
from daemon.store.promises import Goal
from daemon.store.retention import log_bytes
from daemon.store.standing import Standing
from daemon.telemetry.metrics import Metrics
from daemon.telemetry.registry import Points

EVERY_S = 10.0
PROMISES_EVERY_S = 60.0
SIZES_EVERY_S = 600.0
DAY_US = 86_400_000_000
"""Over how long a route's promise is judged, here as by ``lmsyncctl sla``."""
LOOKED_UP = ("remembered", "looked_up")
CALLS = ("taken", "refused", "failed")
HEARD = ("repeated", "ignored", "refused", "failed")
TOLD = ("told", "changed", "quarantined", "ignored")


class Gauges:
    """``run`` runs for ever. While the store cannot be read the last figures stand; when it stops taking writes, and
    takes them again, that is said once."""

    def __init__(
        self,
        metrics: Metrics,
        store: Store,
        registry: Registry,
        world: World,
        configuration: Callable[[], Configuration],
    ) -> None:
        self._metrics = metrics
        self._store = store
        self._registry = registry
        self._world = world
        self._configuration = configuration
        self._standing = Standing(store.lrs_reader)
        self._sick = ""
        self._lying: Lying = {}
        store.writer.timed = self._committed

    async def run(self) -> None:
        promises_s = sizes_s = -SIZES_EVERY_S
        while True:
            self._tell_if_sick()
            now_s = trio.current_time()
            try:
                await self._look()
                if now_s >= promises_s + PROMISES_EVERY_S:
                    await self._judge()
                    promises_s = now_s
                if now_s >= sizes_s + SIZES_EVERY_S:
                    self._lying = await self._store.remembering.lain()
                    sizes = await self._standing.sizes()
                    self._metrics.tenant_size.replace((which, float(n)) for which, n in sorted(sizes.items()))
                    sizes_s = now_s
            except (StoreUnavailable, sqlite3.Error) as error:
                self._world.witness.trouble("gauges.stale", error)  # figures are not worth a daemon
            await trio.sleep(EVERY_S)

    def _committed(self, jobs: int, took_s: float) -> None:
        self._metrics.commit_jobs.observe(float(jobs))
        self._metrics.commit_duration.observe(took_s)

    def _tell_if_sick(self) -> None:
        error = self._store.writer.last_error or ""
        if error and not self._sick:
            self._world.witness.trouble("store.unavailable", None, detail=error)
        elif self._sick and not error:
            self._world.witness.event("store.recovered")
        self._sick = error

    async def _look(self) -> None:
        metrics, store, board = self._metrics, self._store, self._world.switchboard
        depths = await store.queries.depths()
        oldest = await store.queries.oldest_open(sorted({lane for lane, _, _ in depths}))
        holds = await store.queries.holds()
        space = await store.housekeeping.space()
        quarantined = await store.quarantine.counts()
        now_us = self._world.clock.now_us()
        metrics.outbox_depth.replace(((lane, state), float(n)) for lane, state, n in depths)
        metrics.outbox_oldest_age.replace(((lane,), (now_us - at_us) / 1e6) for lane, at_us in oldest.items())
        metrics.lane_held.replace(held(holds.items()))
        show_sources(metrics, board.source_views.values(), now_us)
        show_listeners(metrics, board.listener_views.values(), now_us)
        metrics.rate_headroom.replace(
            ((lane, bucket), share)
            for lane, pacer in board.pacers.items()
            for bucket, share in pacer.headrooms().items()
        )
        metrics.lookups.replace((of, float(n)) for of, n in board.lookups.items() if of[1] in LOOKED_UP)
        show_caches(metrics, together(caches(board, self._world.custody, self._lying)))
        if self._world.custody is not None:
            show_tokens(metrics, self._world.custody, now_us)
        show_actors(metrics, list(self._registry.nodes()))
        metrics.retired.replace((of, float(n)) for of, n in store.housekeeping.removed.items())
        metrics.quarantined.replace((which, float(n)) for which, n in quarantined.items())
        metrics.store_size.set(float((space.pages - space.free) * space.page_bytes), "used")
        metrics.store_size.set(float(space.free * space.page_bytes), "free")
        metrics.store_size.set(float(log_bytes(store.path)), "log")
        metrics.store_disk_free.set(_disk_free_bytes(store))
        metrics.loop_tasks.set(float(trio.lowlevel.current_statistics().tasks_living))

    async def _judge(self) -> None:
        """How each route that promises something keeps it, and how many questions wait for a person."""
        promised = [
            (tenant.name, route)
            for tenant in self._configuration().tenants.values()
            for route in tenant.routes
            if route.sla is not None
        ]
        goals = [Goal(tenant=tenant, route=route.name, percent=route.sla_goal) for tenant, route in promised]
        found = await self._standing.budgets(goals, self._world.clock.now_us() - DAY_US)
        conflicts = await self._standing.conflicts()
        self._metrics.sla_promise.replace(
            ((f"{tenant}/{route.name}",), seconds(route.sla)) for tenant, route in promised if route.sla is not None
        )
        self._metrics.sla_budget.replace(((f"{goal.tenant}/{goal.route}",), promise.left) for goal, promise in found)
        self._metrics.conflicts_open.replace(((tenant,), float(n)) for tenant, n in sorted(conflicts.items()))


def show_caches(metrics: Metrics, found: Mapping[str, tuple[Counts, int]]) -> None:
    """By name: what was asked of them, what they hold, and what had to make room."""
    asked = {"hit": "hits", "miss": "misses", "stale": "stale"}
    metrics.cache_lookups.replace(
        ((name, result), float(getattr(counts, field)))
        for name, (counts, _) in found.items()
        for result, field in asked.items()
    )
    metrics.cache_entries.replace(((name,), float(entries)) for name, (_, entries) in found.items())
    metrics.cache_evictions.replace(((name,), float(counts.evicted)) for name, (counts, _) in found.items())


def held(holds: Iterable[tuple[str, LaneHold]]) -> Points:
    """Every lane that is held back, once for each reason."""
    for lane, hold in holds:
        for reason, is_so in (
            ("paused", hold.paused_us is not None),
            ("suspended", hold.suspended_us is not None),
            ("outage", hold.outage_us is not None),
        ):
            if is_so:
                yield (lane, reason), 1.0


def show_tokens(metrics: Metrics, custody: Custody, now_us: int) -> None:
    """How long each access token lasts, and which are beyond renewing."""
    holdings = custody.holdings()
    metrics.token_expires.replace(
        ((on, speaker), (holding.expires_us - now_us) / 1e6)
        for on, speaker, holding in holdings
        if holding.expires_us is not None and holding.state == "live"
    )
    metrics.token_lost.replace(((on, speaker), 1.0) for on, speaker, holding in holdings if holding.state == "lost")


def show_actors(metrics: Metrics, nodes: Sequence[Node]) -> None:
    """Who has something waiting, and who was started again: supervisors too, they are started again as a whole."""
    metrics.mailbox_depth.replace(
        ((node.path,), float(depth))
        for node in nodes
        if node.mailbox is not None and node.kind == "actor" and (depth := node.mailbox.depth)
    )
    metrics.actor_restarts.replace(((node.path,), float(node.restarts)) for node in nodes if node.restarts)


def show_sources(metrics: Metrics, views: Iterable[SourceView], now_us: int) -> None:
    """How each source stands."""
    seen = list(views)
    metrics.source_state.replace(((view.source, view.state), 1.0) for view in seen)
    metrics.source_age.replace(
        ((view.source,), max(0.0, (now_us - view.good_us) / 1e6)) for view in seen if view.good_us is not None
    )
    metrics.source_silence.replace(
        ((view.source,), max(0.0, (now_us - view.heard_us) / 1e6)) for view in seen if view.heard_us is not None
    )
    calling = [view for view in seen if view.heard != HeardCount()]
    metrics.source_calls.replace(
        ((view.source, what), float(getattr(view.heard, what))) for view in calling for what in CALLS
    )
    metrics.source_heard.replace(
        ((view.source, what), float(getattr(view.heard, what))) for view in calling for what in TOLD
    )


def show_listeners(metrics: Metrics, views: Iterable[ListenerView], now_us: int) -> None:
    """How each target is heard."""
    seen = list(views)
    metrics.target_calls.replace(
        ((view.lane, what), float(getattr(view, what))) for view in seen for what in HEARD if getattr(view, what)
    )
    metrics.target_told.replace(((view.lane, kind), float(n)) for view in seen for kind, n in view.told.items())
    metrics.target_since_asked.replace(
        ((view.lane,), max(0.0, (now_us - view.surveyed_us) / 1e6)) for view in seen if view.surveyed_us is not None
    )
    metrics.target_watched_for.replace(
        ((view.lane,), (view.ends_us - now_us) / 1e6) for view in seen if view.ends_us is not None
    )


def _disk_free_bytes(store: Store) -> float:
    try:
        return float(shutil.disk_usage(store.path.parent).free)
    except OSError:
        return 0.0
