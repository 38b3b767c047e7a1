"""Moodle's plugin names people by username or by address, its web services by id: each is one person all the same, and
everything is announced once, whoever tells first."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from recorded_moodle import WWWROOT, RecordedMoodle, plugin_statements
from world import Campus, open_campus, route, source, tenant

from actors import sources
from actors.sources.moodle import CONNECTOR

PEOPLE = "https://people.example.edu"
WORDS = ("enrolled", "unenrolled", "completed", "graded", "suspended", "resumed")


class Actor(msgspec.Struct):
    account: dict[str, str]


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> RecordedMoodle:
    moodle = RecordedMoodle()
    monkeypatch.setitem(sources.discover(), "moodle", msgspec.structs.replace(CONNECTOR, fake=lambda school: moodle))
    return moodle


def as_username(user: dict[str, str]) -> dict[str, object]:
    return {"name": user["fullname"], "account": {"homePage": PEOPLE, "name": user["username"]}}


def as_address(user: dict[str, str]) -> dict[str, object]:
    return {"name": user["fullname"], "mbox": f"mailto:{user['email'].upper()}"}


async def announced(campus: Campus) -> Counter[tuple[str, str, str]]:
    """(kind, learner's name, about what)."""
    found: Counter[tuple[str, str, str]] = Counter()
    for kind, change in await campus.rows("SELECT kind, change FROM deliveries"):
        told = json.loads(change)
        found[kind, told["learner"]["name"], (told.get("activity") or told["course"])["id"]] += 1
    return found


@pytest.mark.parametrize("first", ["plugin", "web services"])
@pytest.mark.parametrize(
    ("plugin", "name"),
    [({"actor": "username", "account_homepage": PEOPLE}, as_username), ({"actor": "email"}, as_address)],
    ids=["username", "email"],
)
async def test_nobody_is_two(
    tmp_path: Path,
    autojump_clock: object,
    recorded: RecordedMoodle,
    plugin: dict[str, str],
    name: Callable[[dict[str, str]], dict[str, object]],
    first: str,
) -> None:
    told = plugin_statements()
    listed = msgspec.convert(recorded.replies["core_user_get_users"], dict[str, list[dict[str, Any]]])
    users = {str(each["id"]): each for each in listed["users"]}
    renamed = [each | {"actor": name(users[msgspec.convert(each["actor"], Actor).account["name"]])} for each in told]
    seldom = {"every": "1d", "every_max": "2d"}
    moodle = source("moodle", "campus", wwwroot=WWWROOT, first_sync="announce", plugin=plugin, **seldom)
    async with open_campus(tmp_path, tenant(route("all", *WORDS), sources=moodle), limited=False) as campus:
        if first == "plugin":
            await campus.tell(*renamed)
            await campus.quiet(20_000)
            await campus.until_read()
        else:
            await campus.until_read()
            await campus.quiet(20_000)
            await campus.tell(*renamed)
        await campus.quiet(20_000)
        found = await announced(campus)
        assert len(found) > 100
        assert set(found.values()) == {1}
