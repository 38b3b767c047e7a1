"""A district whose rosters are kept in a whole daemon in virtual time: its bundle lies in the inbox, everybody in it is
somebody at the vendors, and who is in which place there can be compared with it.
"""

import csv
import os
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import trio
from roster_hall import busy
from world import Campus, open_campus, source, tenant

from actors.domain.flow import Outcome, Request
from actors.targets.slack.fake import FakeSlack
from actors.targets.teams.fake import FakeTeams
from config.rosters import Roster

KEEPER = "keeper@example.edu"
INTO = {
    "channel": ("slack", "c-{course.id}"),
    "usergroup": ("slack", "g-{course.id}"),
    "team": ("teams", "Class {course.id}"),
}
SETTINGS: Mapping[str, Mapping[str, object]] = {"slack": {"course_channels": {}}, "teams": {"team_owner": KEEPER}}
LOOK_S = 10.0


def rule(kind: str, **more: Any) -> Roster:
    """A place of that kind for each class."""
    to, name = INTO[kind]
    words = {"name": kind, "from": "campus", "to": to, "into": {kind: name}, "create": True, "schedule": "0 2 * * *"}
    return msgspec.convert({**words, **more}, Roster)


@asynccontextmanager
async def open_district(root: Path, bundle: Path, *rules: Roster, **more: Any) -> AsyncIterator[Campus]:
    """``bundle`` is moved into the inbox. The source is read once a day, so that what costs calls is the rosters."""
    lies = deliver(root, bundle)
    people = [each["email"] for each in rows(lies, "users") if each["email"]]

    def before(campus: Campus) -> None:
        slack, teams = vendors(campus)
        teams.terms.open_directory, teams.people.hired_only = False, True  # nobody else is there
        for each in (*people, KEEPER):
            teams.people.hire(each)
        for each in people:
            slack.space.person(each)

    read = source("oneroster", inbox=root / "inbox", every="24h", full=None)
    kept = tenant(rosters=rules, settings=SETTINGS, sources=read)
    async with open_campus(root, kept, before=before, **more) as campus:
        yield campus


async def read(campus: Campus) -> None:
    """Its bundle is read: the first look only finds that it is there."""
    await campus.until_read()
    while not (await campus.sync("full")).told:
        await trio.sleep(LOOK_S)


def deliver(root: Path, bundle: Path) -> Path:
    """Where it lies in the inbox then, settled long ago."""
    inbox = root / "inbox"
    inbox.mkdir(exist_ok=True)
    lies = bundle.rename(inbox / bundle.name)
    for path in (*lies.iterdir(), lies):
        os.utime(path, (1e9, 1e9))
    return lies


def vendors(campus: Campus) -> tuple[FakeSlack, FakeTeams]:
    return cast(FakeSlack, campus.fakes["slack"]), cast(FakeTeams, campus.fakes["teams"])


async def settled(campus: Campus, limit_s: float = 7 * 86_400.0) -> None:
    """As ``roster_hall.settled``, at a pace for thousands of places."""
    with trio.fail_after(limit_s):
        while await busy(campus):
            await trio.sleep(LOOK_S)


# ── what the school says, and what the vendors have ──────────────────────────────────────────────────


def rows(bundle: Path, name: str) -> list[dict[str, str]]:
    with (bundle / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def enrolled(bundle: Path) -> dict[str, set[str]]:
    """The addresses of those in each class."""
    addresses = {each["sourcedId"]: each["email"].casefold() for each in rows(bundle, "users")}
    found = defaultdict(set)
    for each in rows(bundle, "enrollments"):
        found[each["classSourcedId"]].add(addresses[each["userSourcedId"]])
    return dict(found)


def inside(campus: Campus, kind: str) -> dict[str, set[str]]:
    """The addresses of those in each class's place, as they truly are."""
    slack, teams = vendors(campus)
    space, prefix = slack.space, len("c-")
    match kind:
        case "channel":
            found = {place.name[prefix:]: space.rooms.inside(id_) for id_, place in space.places() if place.name}
            people = {each: space.somebody(each) for users in found.values() for each in users}
            return {
                name: {people[each].email for each in users if not people[each].bot} for name, users in found.items()
            }
        case "usergroup":
            groups = [each for each in space.rooms.groups.values() if not each.disabled_s]
            return {each.handle[prefix:]: {space.somebody(user).email for user in each.users} for each in groups}
        case _:
            return {
                each.name.removeprefix("Class "): {_mail(teams, user) for user in each.members} - {KEEPER}
                for each in teams.teams.all()
            }


def _mail(teams: FakeTeams, user: str) -> str:
    somebody = teams.people.known(user)
    assert somebody is not None, user
    return somebody.mail


class Tally:
    """What is asked of vendors about rosters from now on. ``calls`` counts requests as they are sent; ``requests`` each
    part of a bundle for itself, as the vendor's limits do."""

    def __init__(self, campus: Campus) -> None:
        self.calls: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self._send = campus.http.send
        campus.http.send = self._counted  # type: ignore[method-assign]  # every port of it looks it up anew

    async def _counted(self, request: Request) -> Outcome:
        if "/slack/" in request.url or "/graph/" in request.url:
            self.calls[request.operation] += 1
            parts = [request.operation]
            if request.operation == "$batch":
                told = msgspec.json.decode(request.body)["requests"]
                parts = [f"{each['method']} {_shape(each['url'])}" for each in told]
            self.requests.update(parts)
        return await self._send(request)


def _shape(url: str) -> str:
    """``/teams/ID/members/add?…`` without the id and the query."""
    parts = urlsplit(url).path.strip("/").split("/")
    return "/".join("*" if len(each) > 20 else each for each in parts)
