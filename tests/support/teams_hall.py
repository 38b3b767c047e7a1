"""What tests look at of rosters in Teams: the directory, a course's team, and who is in it."""

from typing import Any, cast

import msgspec
from roster_hall import rule
from world import Campus

from actors.ports.adjusting import read
from actors.targets.teams.fake import FakeTeams
from actors.targets.teams.fake.roster_happenings import RosterDo, happen
from actors.targets.teams.fake.teams import Team
from config.rosters import Roster


def teams_rule(**more: Any) -> Roster:
    return rule(**{"to": "teams", "into": {"team": "{course.code}"}, **more})


def directory(campus: Campus) -> FakeTeams:
    return cast(FakeTeams, campus.fakes["teams"])


def team(campus: Campus, name: str) -> Team:
    """The one that is called so."""
    (found,) = directory(campus).teams.named(name, campus.clock.now_us() / 1e6)
    return found


def inside(campus: Campus, name: str, *, owners: bool = False) -> set[str]:
    """The addresses of its members, or of those who own it."""
    people = directory(campus).people
    found = [each for each in team(campus, name).members.values() if each.owner or not owners]
    return {somebody.mail for each in found if (somebody := people.known(each.user)) is not None}


def let(campus: Campus, do: str, **words: Any) -> object:
    """Have it happen, as an operator of the sandbox would."""
    fake = directory(campus)
    [what] = read(msgspec.json.encode({"do": do, **words}), RosterDo)
    return happen(what, fake.people, fake.teams, campus.clock.now_us() / 1e6)
