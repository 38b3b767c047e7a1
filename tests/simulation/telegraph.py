"""What Slack tells of by itself, signed: who came into a channel and who left it, and what reviewers press on cards.
Late, twice, or not at all; whoever hears it may die over it.
"""

import json
from random import Random
from typing import Any

import msgspec
import trio
from slack_events import TEAM, event, form, signed

from actors.domain.harvest import Inbound
from tests.simulation.campus import SimulatedCampus
from tests.simulation.hall import Hall, Step
from tests.simulation.registrar import Registrar

CHANNEL = "C0REVIEWS1"
WHO = "head@example.edu"
"""Whose word counts on a card."""
LOST, DELAYS_S = 0.15, (0.0, 0.0, 1.0, 40.0, 600.0)
AGAIN_S, TRIES = 30.0, 3
KINDS = {"in": "member_joined_channel", "out": "member_left_channel"}


class Telegraph:
    """Of one tenant. ``begin`` it in a nursery that outlives whatever is told."""

    def __init__(self, campus: SimulatedCampus, tenant: str, hall: Hall, registrar: Registrar, dice: Random) -> None:
        self._campus = campus
        self._lane = f"{tenant}/slack"
        self._hall = hall
        self._registrar = registrar
        self._dice = dice
        self._told = 0
        self._nursery: trio.Nursery | None = None
        self._who = hall.slack.space.person(WHO)

    def begin(self, nursery: trio.Nursery) -> None:
        """From now on every step in a channel is told."""
        self._nursery = nursery
        judge = self._hall.on_step

        def heard(step: Step) -> None:
            judge(step)
            self._tell(step)

        self._hall.on_step = heard

    def _tell(self, step: Step) -> None:
        kind = KINDS.get(step.what, "")
        if self._nursery is None or not kind or not step.place.startswith("C") or self._dice.random() < LOST:
            return
        self._told += 1
        body = event(kind, f"Ev{self._told}", user=step.who, channel=step.place, channel_type="C", team=TEAM)
        for _ in range(self._dice.choice((1, 1, 1, 2))):
            self._nursery.start_soon(self._later, self._dice.choice(DELAYS_S), body)

    async def _later(self, after_s: float, body: dict[str, Any]) -> None:
        await trio.sleep(after_s)
        for _ in range(TRIES):
            if await self._post(signed(body, self._now_s())) == 200:
                self._campus.record.counts["told by slack"] += 1
                return
            await trio.sleep(AGAIN_S)

    async def press(self, no: int, choice: str) -> bool:
        """The button of that choice (``reject``, ``undo``, a number) on the card of that conflict, if there is one."""
        values = [value for value in self._buttons() if value.startswith(f"conflict:{no}:{choice}:")]
        if not values:
            return False
        self._told += 1
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "api_app_id": "A0SANDBOX1",
            "user": {"id": self._who},
            "trigger_id": f"press{self._told}",
            "actions": [{"type": "button", "action_id": values[-1], "value": values[-1]}],
        }
        for _ in range(self._dice.choice((1, 1, 2))):
            await self._post(form({"payload": json.dumps(payload)}, self._now_s()))
        self._campus.record.note("pressed", no, choice, count="pressed")
        await trio.sleep(self._dice.choice((0.0, 5.0, 120.0)))
        return True

    def _buttons(self) -> list[str]:
        """Everything that can be pressed, as it stands there now."""
        _, channel = self._hall.slack.space.channel(CHANNEL)
        posts = [msgspec.json.decode(channel.posts[at].body) for at in channel.times]
        blocks = [block for post in posts for block in post.get("blocks", ()) if block["type"] == "actions"]
        return [each["value"] for block in blocks for each in block["elements"] if "value" in each]

    def _now_s(self) -> int:
        return int(self._campus.true_s())

    async def _post(self, inbound: Inbound) -> int:
        return await self._registrar.listen(self._lane, inbound)
