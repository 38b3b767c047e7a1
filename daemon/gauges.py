"""What ``/metrics`` shows of the store and the actors, refreshed now and then so that a scrape never waits."""

import sqlite3
from collections.abc import Iterable

import trio

from actors.kernel import Registry, TreeEntry
from actors.messages import HeardCount, SourceView
from actors.ports import Clock, StoreUnavailable, Witness
from actors.ports.listening import ListenerView
from actors.roles.world import Switchboard
from daemon.store.database import Store
from daemon.store.retention import log_bytes
from daemon.telemetry.metrics import Metrics

EVERY_S = 5.0
CALLS = ("taken", "refused", "failed")
HEARD = ("repeated", "ignored", "refused", "failed")
TOLD = ("told", "changed", "quarantined", "ignored")


async def watch(
    metrics: Metrics, store: Store, registry: Registry, clock: Clock, witness: Witness, board: Switchboard
) -> None:
    """Runs for ever. While the store cannot be read the last figures stand;
    when it stops taking writes, and takes them again, that is said once."""
    sick = ""
    while True:
        error = store.writer.last_error or ""
        if error and not sick:
            witness.trouble("store.unavailable", None, detail=error)
        elif sick and not error:
            witness.event("store.recovered")
        sick = error
        try:
            depths = await store.queries.depths()
            lanes = sorted({lane for lane, _, _ in depths})
            oldest = await store.queries.oldest_open(lanes)
            space = await store.housekeeping.space()
            quarantined = await store.quarantine.counts()
        except (StoreUnavailable, sqlite3.Error) as error:
            witness.trouble("gauges.stale", error)  # figures are not worth a daemon
            await trio.sleep(EVERY_S)
            continue
        now_us = clock.now_us()
        metrics.outbox_depth.replace(((lane, state), float(n)) for lane, state, n in depths)
        metrics.outbox_oldest_age.replace(((lane,), (now_us - at_us) / 1e6) for lane, at_us in oldest.items())
        show_sources(metrics, board.source_views.values(), now_us)
        show_listeners(metrics, board.listener_views.values(), now_us)
        metrics.mailbox_depth.replace(_mailboxes(registry.tree()))
        metrics.retired.replace((of, float(n)) for of, n in store.housekeeping.removed.items())
        metrics.quarantined.replace((which, float(n)) for which, n in quarantined.items())
        metrics.store_size.set(float((space.pages - space.free) * space.page_bytes), "used")
        metrics.store_size.set(float(space.free * space.page_bytes), "free")
        metrics.store_size.set(float(log_bytes(store.path)), "log")
        await trio.sleep(EVERY_S)


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


def _mailboxes(entry: TreeEntry) -> list[tuple[tuple[str, ...], float]]:
    """(path, depth) of every actor below."""
    here = [((entry.path,), float(entry.mailbox.depth))] if entry.mailbox is not None and not entry.children else []
    return here + [each for child in entry.children for each in _mailboxes(child)]
