"""What stands in the review channel at Slack, and pressing its buttons as Slack tells it."""

from typing import Any

import msgspec
import trio
from roster_hall import workspace
from slack_events import form
from world import EPOCH_US, Campus

from actors.messages import Hear, HookAnswer

CHANNEL = "C0REVIEWS1"
ANN = "ann@example.edu"
"""Who may decide."""


def posts(campus: Campus) -> list[dict[str, Any]]:
    """What stands in the review channel now, oldest first."""
    _, channel = workspace(campus).channel(CHANNEL)
    return [msgspec.json.decode(channel.posts[at].body) for at in channel.times]


def buttons(post: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for block in post["blocks"] if block["type"] == "actions" for each in block["elements"]]


async def press(campus: Campus, value: str, person: str, at: str = "1") -> HookAnswer:
    """As Slack tells that somebody pressed it."""
    payload = {
        "type": "block_actions",
        "team": {"id": "T0SANDBOX1"},
        "api_app_id": "A0SANDBOX1",
        "user": {"id": person},
        "trigger_id": at,
        "actions": [{"type": "button", "action_id": value, "value": value}],
    }
    now_s = int(EPOCH_US / 1e6 + trio.current_time())
    inbound = form({"payload": msgspec.json.encode(payload).decode()}, now_s)
    listener = campus.switchboard.listeners["acme/slack"]
    answer: HookAnswer = await listener.ask(lambda reply: Hear(inbound, "corr", "", reply))
    return answer
