"""What the actors and the store do is there in the figures, and within their bounds."""

import sqlite3
from pathlib import Path

import pytest
import trio
from world import Campus, completed, open_campus, route, tenant

from actors.domain.tokens import Holding
from actors.ports.tokens import Kept
from config.model import Configuration, Daemon
from daemon.gauges import EVERY_S, PROMISES_EVERY_S, Gauges
from daemon.telemetry.metrics import Metrics


def watching(campus: Campus, root: Path) -> tuple[Metrics, Gauges]:
    metrics = Metrics()
    configuration = Configuration(root=root, daemon=Daemon(), tenants=campus.tenants, state=root)
    world = campus.world("watcher", campus.store.statements, campus.store.outbox, campus.store.ledger, campus.http)
    return metrics, Gauges(metrics, campus.store, campus.kernel.registry, world, lambda: configuration)


async def test_a_campus_is_shown(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(route("done", "completed", sla="1h"))) as campus:
        metrics, gauges = watching(campus, tmp_path)
        campus.fault("slack", "revoked", times=0)
        await campus.tell(completed("ada"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gauges.run)
            await trio.sleep(EVERY_S * 3)
            assert dict(metrics.lane_held.points()) == {("acme/slack", "suspended"): 1.0}
            assert metrics.outbox_depth.value("acme/slack", "waiting") == 1
            assert (metrics.outbox_oldest_age.value("acme/slack") or 0) >= EVERY_S
            campus.fakes["slack"].clear_faults()
            await campus.quiet(3600)
            await trio.sleep(PROMISES_EVERY_S + EVERY_S)
            nursery.cancel_scope.cancel()
        assert metrics.lane_held.points() == []
        assert metrics.outbox_depth.value("acme/slack", "delivered") == 1
        assert metrics.sla_promise.value("acme/done") == 3600
        assert metrics.sla_budget.value("acme/done") == 1.0
        assert (metrics.tenant_size.value("acme", "statements") or 0) > 100
        assert (metrics.store_size.value("used") or 0) > 100_000
        assert (metrics.store_disk_free.value() or 0) > 0
        assert (metrics.loop_tasks.value() or 0) > 5
        assert metrics.commit_jobs.count() == metrics.commit_duration.count() > 0


async def test_limits_and_tokens_are_shown(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(route("done", "completed"))) as campus:
        metrics, gauges = watching(campus, tmp_path)
        campus.fault("slack", "rate_limited", value="300", operation="chat.postMessage")
        await campus.tell(completed("ada"))
        wallet = campus.custody.wallet("acme", "oauth", campus.custody.dialects(campus.tenants["acme"])["slack"])
        now_us = campus.clock.now_us()
        wallet.kept = {
            "bot": Kept(Holding(state="live", expires_us=now_us + 3_600_000_000)),
            "app": Kept(Holding(state="lost", why="refused")),
        }
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gauges.run)
            await trio.sleep(EVERY_S * 2.5)
            nursery.cancel_scope.cancel()
        left = dict(metrics.rate_headroom.points())
        assert "acme/slack" in {lane for lane, _ in left}
        assert all(":" not in bucket and share <= 1 for (_, bucket), share in left.items())
        assert metrics.token_expires.value("acme/oauth", "bot") == pytest.approx(3600, abs=EVERY_S * 3)
        assert dict(metrics.token_lost.points()) == {("acme/oauth", "app"): 1.0}


async def test_actors_are_shown_where_there_is_something_to_say(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(route("done", "completed"))) as campus:
        metrics, gauges = watching(campus, tmp_path)
        registry = campus.kernel.registry
        [courier] = [node.path for node in registry.nodes() if node.path.endswith("courier:slack")]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gauges.run)
            await trio.sleep(1)
            assert metrics.actor_restarts.points() == metrics.mailbox_depth.points() == []
            await registry.restart(courier)
            await trio.sleep(EVERY_S)
            nursery.cancel_scope.cancel()
        assert dict(metrics.actor_restarts.points()) == {(courier,): 1.0}


async def test_a_store_that_cannot_be_read_leaves_the_figures_as_they_are(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_campus(tmp_path, tenant(route("done", "completed"))) as campus:
        metrics, gauges = watching(campus, tmp_path)

        async def unreadable() -> list[tuple[str, str, int]]:
            raise sqlite3.OperationalError("disk I/O error")

        metrics.outbox_depth.set(7.0, "acme/slack", "waiting")
        monkeypatch.setattr(campus.store.queries, "depths", unreadable)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gauges.run)
            await trio.sleep(EVERY_S * 2)
            assert metrics.outbox_depth.value("acme/slack", "waiting") == 7.0
            assert ("gauges.stale", sqlite3.OperationalError) in [
                (name, type(error)) for name, error in campus.notes.troubles
            ]
            nursery.cancel_scope.cancel()
