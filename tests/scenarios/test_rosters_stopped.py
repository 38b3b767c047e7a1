"""Rosters and a stop: what waits for the vendor's pause is given back, and goes on in the next life."""

from pathlib import Path

import trio
from roster_hall import enrolled, inside, kept, settled
from world import Campus, open_campus

from actors.kernel import GraceExceeded


async def until_it_waits(campus: Campus) -> None:
    """The vendor has named a pause, and orders that are claimed wait for it."""
    with trio.fail_after(600):
        while not any(told["verdict"] == "throttled" for told in campus.notes.named("attempt")):
            await trio.sleep(0.1)
        while not (await campus.states()).get("claimed"):
            await trio.sleep(0.1)
        await trio.sleep(5)
        assert (await campus.states()).get("claimed"), "they wait"


async def test_a_pause_of_the_vendors_holds_up_no_stop(tmp_path: Path, autojump_clock: object) -> None:
    def before(campus: Campus) -> None:
        campus.fault("slack", "rate_limited", value="300", times=1, operation="conversations.invite")

    async with open_campus(tmp_path, kept(), before=before) as campus:
        await until_it_waits(campus)
        await campus.stop()
        assert not [error for _, error in campus.notes.troubles if isinstance(error, GraceExceeded)]
        states = await campus.states()
        assert not states.keys() & {"claimed", "unknown"}, states
        assert states["waiting"] > 1, states
        assert {attempts for (attempts,) in await campus.rows("SELECT attempts FROM deliveries")} <= {0, 1}
        await campus.again()
        await settled(campus)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101")
