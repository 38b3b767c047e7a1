"""The verbs around a running daemon: what they tell, what they change, what they refuse."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from control_office import PEER, Office, ask, opened
from world import completed, route, tenant

from config.problems import Problem
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.office import Check, ReloadOutcome
from daemon.control.protocol import Refusal
from daemon.control.views import LaneRow, Overall

ACME = tenant(route("done", "completed"))


async def refused(office: Office, request: p.AnyAsk) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await ask(office, request)
    return caught.value


# ── status, health, tenants ──────────────────────────────────────────────────────────────────────────


def overview(rows: list[Any]) -> tuple[Overall, dict[str, LaneRow]]:
    return rows[0], {row.lane: row for row in rows[1:]}


async def test_status_of_a_daemon_that_is_well(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await campus.tell(completed("ada"), completed("ben"))
        await campus.quiet()
        rows, done = await ask(office, p.AskStatus())
        overall, lanes = overview(rows)
        assert done.exit_code == 0
        assert overall.degraded == ()
        assert (overall.version, overall.tenants, overall.unrouted, overall.delivered) == ("1.2.3", 1, 0, 2)
        assert overall.actors == 2 + len(ACME.targets) + 3, "router, janitor, couriers, two listeners, one custodian"
        assert lanes["acme/slack"].depths == {"delivered": 2}
        assert lanes["acme/slack"].answering
        assert lanes["acme/slack"].window == 8
        assert set(lanes) == {f"acme/{name}" for name in ACME.targets}


async def test_a_paused_lane_and_dead_letters_are_shown_and_no_harm(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, tenant(route("done", "completed"))) as (office, campus):
        campus.fault("slack", "error", operation="chat.postMessage", value="invalid_blocks")
        await campus.tell(completed("ada"))
        await campus.quiet()
        await ask(office, p.Pause(lane="acme/slack"))
        await campus.tell(completed("ben"))
        await trio.sleep(60)
        rows, done = await ask(office, p.AskStatus())
        _, lanes = overview(rows)
        assert done.exit_code == 0
        lane = lanes["acme/slack"]
        assert lane.depths == {"dead": 1, "waiting": 1}
        assert lane.paused_by == "ada (uid 1000)"
        assert lane.held[0].startswith("paused by ada (uid 1000) since ")
        assert office.clock.now_us() - (lane.oldest_us or 0) >= 59_000_000


async def test_a_suspended_lane_is_degraded(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        campus.fault("slack", "revoked", times=0)
        await campus.tell(completed("ada"))
        await trio.sleep(5)
        rows, done = await ask(office, p.AskStatus())
        overall, lanes = overview(rows)
        assert done.exit_code == Exit.DEGRADED
        assert lanes["acme/slack"].suspended
        assert lanes["acme/slack"].degraded
        assert any("acme/slack is suspended" in reason for reason in overall.degraded)


async def test_a_vendor_that_is_down_is_degraded(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        campus.http.unreachable = "connection refused"
        await campus.tell(*(completed(f"l{number}") for number in range(5)))
        await trio.sleep(120)
        rows, done = await ask(office, p.AskStatus())
        assert done.exit_code == Exit.DEGRADED
        assert "connection refused" in overview(rows)[1]["acme/slack"].outage


@pytest.mark.parametrize(("header", "code"), [("5", 0), ("900", Exit.DEGRADED)])
async def test_a_throttle_counts_when_it_is_long(
    tmp_path: Path, autojump_clock: object, header: str, code: int
) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        campus.fault("slack", "rate_limited", value=header, operation="chat.postMessage")
        await campus.tell(completed("ada"))
        await trio.sleep(2)
        rows, done = await ask(office, p.AskStatus())
        assert overview(rows)[1]["acme/slack"].throttled_until_us is not None
        assert done.exit_code == code


async def test_what_nobody_carries_any_more_is_degraded(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await ask(office, p.Pause(lane="acme/slack"))
        await campus.tell(completed("ada"))
        await trio.sleep(1)
        office.tenants["acme"] = msgspec.structs.replace(ACME, targets={}, routes=())
        rows, done = await ask(office, p.AskStatus())
        overall, lanes = overview(rows)
        assert done.exit_code == Exit.DEGRADED
        assert not lanes["acme/slack"].configured
        assert "not configured any more, with 1 open" in overall.degraded[0]
        assert (await ask(office, p.Resume(lane="acme/slack")))[1].exit_code == 0


async def test_a_store_that_does_not_write_and_an_actor_that_is_down(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await trio.sleep(1)  # couriers have taken over what an earlier life left: nothing is written any more
        office.store.writer.last_error = "StoreUnavailable: the disk is full"
        node = campus.kernel.registry._node("root/acme/router")
        node.trouble(ValueError("no sense"))
        node.move("failed")
        rows, done = await ask(office, p.AskStatus())
        assert done.exit_code == Exit.DEGRADED
        assert rows[0].degraded[0] == "the store does not write: StoreUnavailable: the disk is full"
        assert "root/acme/router is failed: ValueError: no sense" in rows[0].degraded
        assert rows[0].troubled == ("root/acme/router is failed: ValueError: no sense",)


async def test_couriers_that_do_not_answer(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, _):
        del office.switchboard.couriers["acme/slack"]
        rows, done = await ask(office, p.AskStatus())
        assert done.exit_code == Exit.DEGRADED
        assert not overview(rows)[1]["acme/slack"].answering


@pytest.mark.parametrize("level", ["live", "ready", "deep"])
async def test_health(tmp_path: Path, autojump_clock: object, level: p.Level) -> None:
    async with opened(tmp_path, ACME) as (office, _):
        rows, done = await ask(office, p.AskHealth(level=level))
        assert (office.level, [row.ok for row in rows], done.exit_code) == (level, [True], 0)
        office.checks.append(Check(name="slack", ok=False, detail="token_revoked"))
        rows, done = await ask(office, p.AskHealth(level=level))
        assert [row.ok for row in rows] == [True, False]
        assert (done.exit_code, done.note) == (Exit.DEGRADED, "1 of 2 checks failed")


async def test_tenants(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        [row], _ = await ask(office, p.AskTenants())
        assert (row.name, row.state, row.routes, row.unrouted, row.unrouted_more) == ("acme", "running", 1, 0, False)
        assert row.targets == {name: name for name in ACME.targets}
        await campus.kernel.registry.restart("root/acme/router")  # what is below it does not show in its state
        assert (await ask(office, p.AskTenants()))[0] == [row]
        office.tenants.clear()
        assert (await ask(office, p.AskTenants()))[1].exit_code == Exit.NOTHING


# ── actors ───────────────────────────────────────────────────────────────────────────────────────────


async def test_the_tree_comes_parents_first(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, _):
        rows, _ = await ask(office, p.ActorTree())
        assert [row.path for row in rows][:2] == ["root", "root/acme"]
        assert {row.state for row in rows} == {"running"}
        rows, _ = await ask(office, p.ActorTree(path="root/acme/router"))
        assert [(row.path, row.actor, row.depth) for row in rows] == [("root/acme/router", "actor", 0)]
        assert (await refused(office, p.ActorTree(path="root/nobody"))).code == Exit.NOTHING


async def test_an_actor_is_restarted(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        path = "root/acme/courier:slack"
        [row], done = await ask(office, p.ActorRestart(path=path, dry_run=True))
        assert (row.done, row.dry_run, done.exit_code) == (False, True, 0)
        assert campus.kernel.registry.entry(path).restarts == 0
        [row], done = await ask(office, p.ActorRestart(path=path))
        assert (row.done, row.after, done.exit_code) == (True, "running", 0)
        assert campus.kernel.registry.entry(path).restarts == 1
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1
        for nobody in ("root", "root/acme/nobody", "root/acme/nobody/x"):
            assert (await refused(office, p.ActorRestart(path=nobody))).code == Exit.NOTHING


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (p.TargetTest(lane="acme"), Exit.USAGE),
        (p.TargetTest(lane="acme/pigeon"), Exit.NOTHING),
        (p.TargetTest(lane="nobody/slack"), Exit.NOTHING),
        (p.TargetTest(lane="acme/slack", team="T"), Exit.USAGE),
        (p.TargetTest(lane="acme/slack", channel="C1", learner="a@b.c"), Exit.USAGE),
        (p.Pause(lane="acme/pigeon"), Exit.NOTHING),
        (p.Resume(lane="acme/slack"), Exit.NOTHING),
        (p.Resume(lane="acme/pigeon"), Exit.NOTHING),
        (p.RouteTest(tenant="nobody", statement="{}"), Exit.NOTHING),
        (p.QueueList(lane="acme/pigeon"), Exit.NOTHING),
        (p.DlqList(lane="pigeon"), Exit.USAGE),
        (p.DlqList(cause="bad_luck"), Exit.USAGE),
        (p.QueueShow(delivery="abc"), Exit.USAGE),
        (p.QueueShow(delivery="abcdef01"), Exit.NOTHING),
        (p.DlqShow(delivery="abcdef01"), Exit.NOTHING),
        (p.DlqReplay(), Exit.USAGE),
        (p.DlqReplay(deliveries=("abcdef01",), everything=True), Exit.USAGE),
        (p.DlqDiscard(deliveries=("abcdef01",)), Exit.NOTHING),
        (p.ConfigShow(tenant="nobody"), Exit.NOTHING),
    ],
    ids=lambda value: value.verb if isinstance(value, p.Ask) else str(value),
)
async def test_what_cannot_be_is_refused(
    tmp_path: Path, autojump_clock: object, request_: p.AnyAsk, code: Exit
) -> None:
    async with opened(tmp_path, ACME) as (office, _):
        refusal = await refused(office, request_)
        assert refusal.code == code
        assert refusal.what


# ── pause, reload, drain, configuration ──────────────────────────────────────────────────────────────


async def test_pause_and_resume(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        rehearsed, _ = await ask(office, p.Pause(lane="acme/slack", dry_run=True))
        assert not rehearsed[0].done
        [row], _ = await ask(office, p.Pause(lane="acme/slack"))
        assert (row.done, row.after) == (True, "paused by ada (uid 1000)")
        [row], _ = await ask(office, p.Pause(lane="acme/slack"), msgspec.structs.replace(PEER, login="ben"))
        assert not row.done
        assert "already, by ada" in row.note
        await campus.tell(completed("ada"))
        await trio.sleep(3600)
        assert campus.journal("slack") == []
        await ask(office, p.Resume(lane="acme/slack", dry_run=True))
        await trio.sleep(60)
        assert campus.journal("slack") == []
        [row], _ = await ask(office, p.Resume(lane="acme/slack"))
        assert (row.done, row.before) == (True, "paused by ada (uid 1000)")
        await campus.quiet()
        assert len(campus.journal("slack")) == 1


PROBLEM = Problem(file=Path("acme.toml"), line=3, key="routes[0].to", message="no target 'slak'", suggestion="slack?")


async def test_reload(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, _):
        rows, done = await ask(office, p.Reload(dry_run=True))
        assert (rows, done.exit_code, office.reloads) == ([], 0, 0)
        [row], done = await ask(office, p.Reload())
        assert (row.applied, done.exit_code, office.reloads) == (("acme",), 0, 1)
        office.outcome = ReloadOutcome(restart_needed=("gateway.listen",))
        [row], done = await ask(office, p.Reload())
        assert "gateway.listen" in done.note
        office.outcome = ReloadOutcome(taken=("network.private_targets",))
        [row], done = await ask(office, p.Reload())
        assert done.note == "in force now: network.private_targets"
        office.outcome = ReloadOutcome(problems=[PROBLEM])
        [row], done = await ask(office, p.Reload())
        assert (row.key, row.line, done.exit_code) == ("routes[0].to", 3, Exit.BAD_CONFIGURATION)


async def test_config_check(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, _):
        assert (await ask(office, p.ConfigCheck()))[1].exit_code == 0
        office.problems = [msgspec.structs.replace(PROBLEM, severity="warning")]
        rows, done = await ask(office, p.ConfigCheck())
        assert (rows[0].severity, done.exit_code) == ("warning", 0)
        office.problems.append(PROBLEM)
        for request in (p.ConfigCheck(), p.Reload(dry_run=True)):
            rows, done = await ask(office, request)
            assert (len(rows), done.exit_code) == (2, Exit.BAD_CONFIGURATION)
        assert office.reloads == 0


async def test_config_show_hides_secrets(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, _):
        rows, _ = await ask(office, p.ConfigShow())
        assert [row.file for row in rows] == ["/etc/lmsyncd/lmsyncd.toml", "/etc/lmsyncd/tenants.d/acme.toml"]
        said = msgspec.json.encode(rows).decode()
        assert "xoxb-sandbox" not in said
        assert "environment variable" in said
        assert len((await ask(office, p.ConfigShow(tenant="acme")))[0]) == 1


async def test_drain_and_version(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, _):
        await ask(office, p.Drain(dry_run=True))
        assert office.drained == 0
        [row], done = await ask(office, p.Drain())
        assert (office.drained, row.after, done.exit_code) == (1, "draining", 0)
        [row], _ = await ask(office, p.AskVersion())
        assert (row.version, row.protocol) == ("1.2.3", p.VERSION)
