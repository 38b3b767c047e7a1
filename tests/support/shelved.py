"""Documents over HTTP: where they are, what names one, and who may have them."""

import json

import httpx
import pytest
from gateway_world import World

STATE, AGENT, ACTIVITY = (
    "/t/acme/xapi/" + name for name in ("activities/state", "agents/profile", "activities/profile")
)
ANA = json.dumps({"mbox": "mailto:ana@example.edu"})
COURSE = "https://campus.example.edu/course/1"
OTHER = "22222222-2222-4222-8222-222222222222"
ABOUT = {
    STATE: {"activityId": COURSE, "agent": ANA, "stateId": "bookmark"},
    AGENT: {"agent": ANA, "profileId": "bookmark"},
    ACTIVITY: {"activityId": COURSE, "profileId": "bookmark"},
}
JSON = {"Content-Type": "application/json"}
NEW = {"If-None-Match": "*"}

resources = pytest.mark.parametrize("path", list(ABOUT), ids=lambda path: path.removeprefix("/t/acme/xapi/"))
versions = pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])


def boss(world: World, version: str = "1.0.3") -> httpx.AsyncClient:
    return world.client("boss", **{"X-Experience-API-Version": version})


def shelf(path: str, **more: str) -> dict[str, str]:
    """The parameters without the document's own id."""
    return {name: value for name, value in ABOUT[path].items() if name not in ("stateId", "profileId")} | more
