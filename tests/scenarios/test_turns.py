"""Whoever waits for their turn to be looked up is throttled by nobody: it counts for nothing, and blames no vendor."""

from pathlib import Path

import trio
from control_office import ask, opened
from world import completed, route, tenant

from config.model import Audience
from config.routes import Retry
from daemon.control import protocol as p
from daemon.control.views import DeliveryStory

NEW = [f"new{n:02}" for n in range(30)]
WAITING = "SELECT count(*) FROM deliveries WHERE state = 'waiting' AND detail LIKE 'waits for its turn%'"


async def test_new_people_get_theirs_once_over_a_stop_and_no_vendor_is_blamed(
    tmp_path: Path, autojump_clock: object
) -> None:
    mine = route("mine", "completed", audience=Audience(learner=True))
    async with opened(tmp_path, tenant(mine)) as (office, campus):
        ids = await campus.tell(*(completed(who) for who in NEW))
        with trio.fail_after(60):
            while await campus.rows(WAITING) == [(0,)]:
                await trio.sleep(0.1)
        rows, _ = await ask(office, p.Why(what=ids[-1]))
        [story] = [row for row in rows if isinstance(row, DeliveryStory)]
        assert story.delivery.attempts == 0
        assert [line.verdict for line in story.attempts] == ["not_sent"]
        assert story.attempts[0].detail.startswith("waits for its turn to be looked up")
        await campus.stop()
        await campus.again()
        await campus.quiet()
        assert await campus.states() == {"delivered": len(NEW)}
        assert len(campus.journal("slack")) == len(NEW)
        assert await campus.rows("SELECT DISTINCT attempts FROM deliveries") == [(1,)]
        assert await campus.rows("SELECT * FROM lane_faults") == []
        rows, _ = await ask(office, p.Stats())
        assert {row.attempts for row in rows if row.attempts} == {len(NEW)}
        assert not any(row.errors for row in rows)


async def test_whose_turn_comes_too_late_has_waited_with_us(tmp_path: Path, autojump_clock: object) -> None:
    mine = route("mine", "completed", audience=Audience(learner=True), retry=Retry(age_max="30s"))
    async with opened(tmp_path, tenant(mine)) as (_, campus):
        await campus.tell(*(completed(who) for who in NEW))
        await campus.quiet()
        ends = await campus.rows("SELECT DISTINCT state, cause, attempts FROM deliveries ORDER BY state")
        assert ends == [("dead", "expired", 0), ("delivered", None, 1)]
