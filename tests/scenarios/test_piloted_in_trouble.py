"""A pilot through lost answers, deaths, pauses, growth and its end: what was rehearsed is never sent, whoever is in
stays in, and what was sent is there once.
"""

import random
from pathlib import Path

import pytest
import trio
from world import EPOCH_US, Campus, completed, open_campus, route, tenant

from actors.domain.piloting import Cohort, PilotState, point
from config.model import Audience, Digest

ROUTES = (
    route("mine", "completed", audience=Audience(learner=True), pilot="new", doubtful="resend"),
    route("hall", "completed", to="teams", audience=Audience(team="5f0e1c5a-0000-4000-8000-00000000c0de",
          channel="19:cs101@thread.tacv2"), pilot="new"),
    route("daily", "completed", pilot="new", mode=Digest(digest="*/10 * * * *")),
)  # fmt: skip
SALT = "salt"
STEPS = 40
TOLD = "SELECT json_extract(change, '$.learner.name'), state, lower(hex(id)), kind FROM deliveries ORDER BY seq"


async def trouble(campus: Campus, dice: random.Random) -> None:
    match dice.randrange(6):
        case 0:
            campus.fault("slack", "reset_after_commit", operation="chat.postMessage")
        case 1:
            campus.fault("slack", "reset_before_commit", operation="chat.postMessage")
        case 2:
            campus.fault("teams", "reset_after_commit")
        case 3:
            await campus.die()
            await campus.again()
        case 4:
            await campus.store.queries.pause("acme/slack", by="ada", now_us=campus.clock.now_us())
        case _:
            await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
            campus.switchboard.ready("acme/slack")


@pytest.mark.parametrize("ends", ["everyone", "nobody"])
@pytest.mark.parametrize("seed", range(3))
async def test_what_was_rehearsed_is_never_sent(
    tmp_path: Path, autojump_clock: object, seed: int, ends: PilotState
) -> None:
    dice = random.Random(seed)
    async with open_campus(tmp_path, tenant(*ROUTES), limited=False) as campus:
        pilots = campus.store.pilots
        for step in range(STEPS):
            if step in (0, STEPS // 2):  # it grows from 20 to 50 percent
                cohort = Cohort(percent=20.0 if step == 0 else 50.0)
                await pilots.put("acme", "new", cohort, (), salt=SALT, by="ada", now_us=EPOCH_US + step)
            await campus.tell(completed(f"p{dice.randrange(20)}", f"work{step}"))
            if dice.random() < 0.5:
                await trouble(campus, dice)
            await trio.sleep(dice.choice((0.01, 1.0, 30.0)))
        await trio.sleep(30.0)
        rows = await campus.rows(TOLD)
        inside = [name for name, state, _, kind in rows if state != "shadowed" and kind != "digest"]
        last = {name: state for name, state, _, kind in rows if kind != "digest"}
        assert all(point(SALT, f"mbox:{name}@example.edu") < 50.0 for name in inside)
        assert "shadowed" not in {last[name] for name in inside}
        pilot = await pilots.one("acme", "new")
        assert pilot is not None
        await pilots.end(pilot, ends, by="ada", reason="", now_us=EPOCH_US)
        shadowed = {key for _, state, key, _ in await campus.rows(TOLD) if state == "shadowed"}
        await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
        campus.switchboard.ready("acme/slack")
        await campus.tell(*(completed(f"p{n}", "last") for n in range(20)))
        await trio.sleep(1_200)
        await campus.quiet(3_600)
        posted = [effect.delivery_id for vendor in ("slack", "teams") for effect in campus.journal(vendor)]
        rows = await campus.rows(TOLD)
        assert not set(posted) & {key for _, state, key, _ in rows if state == "shadowed"}
        assert shadowed <= {key for _, state, key, _ in rows if state == "shadowed"}
        assert len(posted) == len(set(posted))
        assert {state for _, state, _, _ in rows} == {"delivered", "shadowed"}
        late = await campus.rows(
            "SELECT DISTINCT state FROM deliveries WHERE CAST(change AS TEXT) LIKE '%mod/last%' AND kind <> 'digest'"
        )
        assert late == [("shadowed" if ends == "nobody" else "delivered",)]
