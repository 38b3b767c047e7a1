"""What operators let happen with people and teams, told as JSON: somebody is hired, is put into a team or taken out by
hand, is let in nowhere; a team is renamed or deleted."""

from typing import assert_never

import msgspec

from actors.targets.teams.fake.people import People, Unknown
from actors.targets.teams.fake.teams import Team, Teams

PEOPLE_MAX = 100_000


class _Do(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """What every happening is."""


class HirePeople(_Do, frozen=True, kw_only=True, tag="people"):
    """These addresses are people of the directory, and are shown in its lists."""

    people: list[str]


class _OfTeam(_Do, frozen=True, kw_only=True):
    team: str


class AddMember(_OfTeam, frozen=True, kw_only=True, tag="add_member"):
    """Somebody puts a person into a team, or makes them its owner."""

    person: str
    owner: bool = False


class RemoveMember(_OfTeam, frozen=True, kw_only=True, tag="remove_member"):
    """Somebody takes a person out of a team."""

    person: str


class RenameTeam(_OfTeam, frozen=True, kw_only=True, tag="rename_team"):
    name: str


class DeleteTeam(_OfTeam, frozen=True, kw_only=True, tag="delete_team"):
    """For good."""


class ArchiveTeam(_OfTeam, frozen=True, kw_only=True, tag="archive_team"):
    """Into the archive, or back. Who is in it is shown, and may be changed, as before."""

    archived: bool = True


class GiveRule(_OfTeam, frozen=True, kw_only=True, tag="give_rule"):
    """From now on (or no more) a rule of the directory says who is in it."""

    dynamic: bool = True


class BarPerson(_Do, frozen=True, kw_only=True, tag="bar_person"):
    """Teams lets this person in nowhere (any more, or again)."""

    person: str
    barred: bool = True


RosterDo = HirePeople | AddMember | RemoveMember | RenameTeam | ArchiveTeam | DeleteTeam | GiveRule | BarPerson


def happen(what: RosterDo, people: People, teams: Teams, now_s: float) -> object:
    """What became of it. Raises Unknown and Refusal, and then nothing happened."""
    match what:
        case HirePeople(people=addresses):
            if len(addresses) > PEOPLE_MAX:
                raise Unknown(f"no more than {PEOPLE_MAX} at once")
            return {"hired": len([people.hire(address) for address in addresses])}
        case BarPerson(person=person, barred=barred):
            (teams.barred.add if barred else teams.barred.discard)(_id(people, person))
            return {"barred": len(teams.barred)}
        case AddMember(person=person, owner=owner):
            team = teams.there(what.team, now_s)
            made = teams.add(team, _id(people, person), owner=owner, now_s=now_s)
            teams.make_owner(team, made, owner)
            return made
        case RemoveMember(person=person):
            team = teams.there(what.team, now_s)
            there = team.members.get(_id(people, person))
            if there is None:
                raise Unknown(f"{person!r} is no member")
            teams.remove(team, there, now_s)
            return there
        case RenameTeam(name=name):
            team = teams.there(what.team, now_s)
            teams.rename(team, name)
            return _shown(team)
        case ArchiveTeam(archived=archived):
            team = teams.there(what.team, now_s)
            team.archived = archived
            return _shown(team)
        case GiveRule(dynamic=dynamic):
            team = teams.there(what.team, now_s)
            team.dynamic = dynamic
            return _shown(team)
        case DeleteTeam():
            team = teams.there(what.team, now_s)
            team.deleted = True
            return _shown(team)
        case _ as never:
            assert_never(never)


def _shown(team: Team) -> object:
    return {"id": team.id, "name": team.name, "deleted": team.deleted, "archived": team.archived}


def _id(people: People, person: str) -> str:
    """By address, or by id."""
    found = people.find(person) or people.known(person.casefold())
    if found is None:
        raise Unknown(f"nobody is named {person!r}")
    return found.id
