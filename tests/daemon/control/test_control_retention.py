"""``retention``: what is kept and has left, as it is told; and a run out of turn."""

from pathlib import Path
from typing import Any

import pytest
import trio
from control_office import Desk, Office, ask, opened
from control_socket import run_ctl, served
from world import completed, route, tenant

from actors.domain.outbox import State
from actors.domain.retention import DAY_US, Mark, Step
from config.model import Retention
from daemon.control import protocol as p
from daemon.control import views as v
from daemon.control.exits import Exit
from daemon.control.verbs import retention

SHORT = Retention(statements="10d", deliveries="5d", dead_letters="20d", effect_horizon="400d")
ACME = tenant(route("done", "completed"), retention=SHORT)


def kept(rows: list[Any], tenant: str = "acme") -> dict[str, v.KeptRow]:
    return {row.what: row for row in rows if isinstance(row, v.KeptRow) and row.tenant == tenant}


async def year_old(office: Office) -> None:
    """20 delivered, 1 dead and 1 waiting delivery, and then a year passes."""
    desk = Desk(office)
    await desk.tell(*(completed(f"l{number}") for number in range(22)))
    await desk.route()
    for _ in range(20):
        await desk.carry(State.DELIVERED)
    await desk.carry(State.DEAD)


async def test_what_is_kept_is_shown_and_what_was_removed(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await campus.stop()
        await year_old(office)
        rows, end = await ask(office, p.RetentionShow(tenant="acme"))
        before = kept(rows)
        assert (before["statements"].kept, before["deliveries"].kept, before["dead_letters"].kept) == (22, 20, 1)
        assert (before["open"].kept, before["statements"].period, before["open"].period) == (1, "10d", "")
        assert before["statements"].bytes > 22 * 100
        assert kept(rows, "")["effects"].kept == 22
        assert end.exit_code == Exit.OK
        await trio.sleep(365 * 86_400)
        [done], end = await ask(office, p.RetentionRun(tenant="acme"))
        removed = {"statements": 21, "deliveries": 20, "dead_letters": 1, "propagation": 1, "figures": 5}
        assert done == v.SweptRow(tenant="acme", removed=removed, ended=True)
        rows, _ = await ask(office, p.RetentionShow())
        after = kept(rows)
        assert (after["statements"].kept, after["statements"].removed) == (1, 21)
        assert after["deliveries"].removed_us == office.clock.now_us() // DAY_US * DAY_US
        assert after["deliveries"].oldest_us is None
        [space] = [row for row in rows if isinstance(row, v.SpaceRow)]
        assert space.returns
        assert space.database_bytes > space.free_bytes
        assert campus.notes.named("retention.swept")[0]["removed"] == removed
        [nothing], end = await ask(office, p.RetentionRun(tenant="acme"))
        assert (nothing.removed, end.note) == ({}, "nothing has had its time")


async def test_a_rehearsal_removes_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await campus.stop()
        await year_old(office)
        await trio.sleep(365 * 86_400)
        [told], end = await ask(office, p.RetentionRun(tenant="acme", dry_run=True))
        assert told.dry_run
        assert told.removed == {"deliveries": 20, "dead_letters": 1, "statements": 20, "propagation": 1, "figures": 5}
        assert "not counted" in end.note
        assert await campus.states() == {"delivered": 20, "dead": 1, "waiting": 1}
        assert not campus.notes.named("retention.swept")


async def test_the_next_run_is_told_while_a_janitor_is_at_work(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        rows, end = await ask(office, p.RetentionShow())
        assert end.note.startswith("next runs: acme 20")
        next_us = kept(rows)["statements"].next_us
        assert next_us is not None
        assert 0 < next_us - office.clock.now_us() <= 180e6
        await trio.sleep(600)
        rows, _ = await ask(office, p.RetentionShow())
        later_us = kept(rows)["statements"].next_us
        assert later_us is not None
        assert later_us - next_us == pytest.approx(3600e6, abs=60e6)
        await campus.stop()
        _, end = await ask(office, p.RetentionShow())
        assert end.note == "no janitor is at work"


async def test_a_tenant_that_is_gone_goes_by_the_default_periods(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await campus.stop()
        await year_old(office)
        office.tenants.clear()
        await trio.sleep(100 * 86_400)
        [told], _ = await ask(office, p.RetentionRun(tenant="acme"))
        assert told.removed == {"deliveries": 20, "propagation": 1, "figures": 5}
        with pytest.raises(p.Refusal, match="no tenant"):
            await ask(office, p.RetentionRun(tenant="nobody"))
        with pytest.raises(p.Refusal, match="no tenant"):
            await ask(office, p.RetentionShow(tenant="nobody"))


class Slow:
    """Housekeeping that takes a second a step, and comes to an end after so many."""

    def __init__(self, steps: float) -> None:
        self.steps = steps

    async def step(self, *_: object, **__: object) -> Step:
        await trio.sleep(1)
        self.steps -= 1
        return Step(removed={"statements": 100}, next=Mark(chore="statements") if self.steps > 0 else None)


async def test_progress_is_told_and_a_long_run_is_cut(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await campus.stop()
        campus.store.housekeeping = Slow(3)  # type: ignore[assignment]  # as far as a run needs it
        rows, end = await ask(office, p.RetentionRun(tenant="acme"))
        assert [row.removed["statements"] for row in rows] == [200, 300, 300]
        assert [row.ended for row in rows] == [False, False, True]
        campus.store.housekeeping = Slow(float("inf"))  # type: ignore[assignment]  # as far as a run needs it
        rows, end = await ask(office, p.RetentionRun(tenant="acme"))
        assert end.exit_code == Exit.AGAIN
        assert not rows[-1].ended
        assert len(rows) < retention.RUN_S_MAX


async def test_the_command_takes_a_tenant_with_or_without_show(tmp_path: Path) -> None:
    async with served(tmp_path):
        for words in (
            ("retention",),
            ("retention", "acme"),
            ("retention", "show", "acme"),
            ("retention", "acme", "--json"),
        ):
            ended = await run_ctl(tmp_path, *words)
            assert (ended.returncode, ended.stderr) == (0, b"")
            assert b"statements" in ended.stdout
        ended = await run_ctl(tmp_path, "retention", "run", "acme")
        assert ended.stdout.decode().splitlines() == ["acme: removed nothing", "nothing has had its time"]
        ended = await run_ctl(tmp_path, "retention", "nobody")
        assert ended.returncode == Exit.NOTHING
        ended = await run_ctl(tmp_path, "retention", "run")
        assert ended.returncode == Exit.USAGE
