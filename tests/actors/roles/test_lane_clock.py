"""A lane's own clock: nobody sets it under what is in flight."""

from pathlib import Path

import pytest
import trio
from world import Campus, completed, open_campus, route, tenant

from actors.roles.dating import LaneClock

HOUR_US = 3_600_000_000


class Wall:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.set_us = 0

    def now_us(self) -> int:
        return 1_800_000_000_000_000 + round(trio.current_time() * 1e6) + self.set_us


async def test_it_goes_on_whatever_becomes_of_the_wall_clock(autojump_clock: object) -> None:
    wall = Wall()
    clock = LaneClock(wall)
    began_us = clock.now_us()
    assert began_us == wall.now_us()
    wall.set_us += HOUR_US
    await trio.sleep(7)
    assert clock.now_us() == began_us + 7_000_000
    assert clock.behind_us() == HOUR_US
    clock.take(clock.behind_us())
    assert clock.now_us() == wall.now_us()
    assert clock.behind_us() == 0


@pytest.mark.parametrize("step_us", [HOUR_US, -HOUR_US])
async def test_it_is_taken_up_when_nothing_is_in_flight(tmp_path: Path, autojump_clock: object, step_us: int) -> None:
    rules = tenant(route("completions", "completed"), settings={"slack": {"limits": {"channel_per_s": 5.0}}})
    async with open_campus(tmp_path, rules, limited=False) as campus:
        wall = Wall()
        campus.clock = wall  # type: ignore[assignment]  # a clock like the other
        await campus.stop()
        await campus.again()
        campus.fault("slack", "slow", value="10", operation="chat.postMessage")
        await campus.tell(completed("ada"), completed("ben"))
        await trio.sleep(1)
        wall.set_us += step_us
        campus.switchboard.ready("acme/slack")
        await trio.sleep(5)
        assert steps(campus) == [], "ada's post is on its way"
        await campus.quiet()
        assert steps(campus) == [step_us / 1e6]
        assert await campus.states() == {"delivered": 2}


def steps(campus: Campus) -> list[object]:
    """By how much the lane's clock was set."""
    return [
        fields["seconds"] for fields in campus.notes.named("courier.clock_stepped") if fields["lane"] == "acme/slack"
    ]
