"""What operators let happen in the directory, told as JSON (``do`` says what): tokens end, consents go, people, teams
and channels change. Whoever has subscribed to it is told."""

from typing import assert_never

import msgspec

from actors.ports.adjusting import Unclear, read
from actors.targets.teams.fake.apps import user_of
from actors.targets.teams.fake.grants import NEW_PASSWORD, NO_CONSENT, Grants
from actors.targets.teams.fake.people import Unknown
from actors.targets.teams.fake.places import there
from actors.targets.teams.fake.replies import Fields, Refusal
from actors.targets.teams.fake.roster_happenings import (
    AddMember,
    ArchiveTeam,
    BarPerson,
    DeleteTeam,
    GiveRule,
    HirePeople,
    RemoveMember,
    RenameTeam,
    RosterDo,
    happen,
)
from actors.targets.teams.fake.space import Space
from actors.targets.teams.fake.teams import Teams
from actors.targets.teams.fake.watching import LIFECYCLE, Watching


class _Do(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """What every happening is."""


class ExpireTokens(_Do, frozen=True, kw_only=True, tag="expire_tokens"):
    """All access tokens end, or with ``refresh`` all refresh tokens."""

    refresh: bool = False


class Challenge(_Do, frozen=True, kw_only=True, tag="challenge"):
    """From now on, tokens of clients that answer challenges (``cp1``) are challenged."""


class WithdrawConsent(_Do, frozen=True, kw_only=True, tag="withdraw_consent"):
    """Nobody (or not this ``person``, in this ``directory``) lets the app act for them any more."""

    directory: str = ""
    person: str = ""


class RevokeSessions(_Do, frozen=True, kw_only=True, tag="revoke_sessions"):
    """A password was changed: refresh tokens end, and tokens are challenged."""

    directory: str = ""
    person: str = ""


class RemoveApp(_Do, frozen=True, kw_only=True, tag="remove_app"):
    """A directory takes the app away, until an administrator consents again."""

    directory: str


class ChangePerson(_Do, frozen=True, kw_only=True, tag="change_person"):
    """Another ``email``, another ``name``; deactivated, or ``deleted`` for good. By address."""

    person: str
    email: str | None = None
    name: str | None = None
    deactivated: bool | None = None
    deleted: bool = False


class _OfChannel(_Do, frozen=True, kw_only=True):
    team: str
    channel: str


class RenameChannel(_OfChannel, frozen=True, kw_only=True, tag="rename_channel"):
    name: str


class ArchiveChannel(_OfChannel, frozen=True, kw_only=True, tag="archive_channel"):
    archived: bool = True


class DeleteChannel(_OfChannel, frozen=True, kw_only=True, tag="delete_channel"):
    """For good."""


class TakeApp(_Do, frozen=True, kw_only=True, tag="take_app"):
    """A person takes the Teams app away (whichever they have)."""

    person: str


class Lifecycle(_Do, frozen=True, kw_only=True, tag="lifecycle"):
    """``reauthorizationRequired``, ``missed``, or ``subscriptionRemoved``: then they are gone."""

    event: str


AnyDo = (
    ExpireTokens
    | Challenge
    | WithdrawConsent
    | RevokeSessions
    | RemoveApp
    | ChangePerson
    | RenameChannel
    | ArchiveChannel
    | DeleteChannel
    | TakeApp
    | Lifecycle
    | RosterDo
)


def happenings(body: bytes) -> list[AnyDo]:
    """Raises Unclear."""
    return read(body, AnyDo)


class Stage:
    """Where things happen."""

    def __init__(self, grants: Grants, space: Space, watching: Watching, teams: Teams) -> None:
        self._grants = grants
        self._teams = teams
        self._space = space
        self._watching = watching

    def happen(self, what: AnyDo, now_s: float) -> object:
        """What became of it. Raises Unclear, and then nothing happened."""
        try:
            return self._happen(what, now_s)
        except (Unknown, Refusal) as error:
            raise Unclear(str(error)) from None

    def _happen(self, what: AnyDo, now_s: float) -> object:
        grants = self._grants
        match what:
            case ExpireTokens(refresh=True):
                return {"ended": grants.expire_refreshes(now_s)}
            case ExpireTokens():
                return {"ended": grants.expire(now_s)}
            case Challenge():
                grants.challenged_s = now_s
                return {"since": int(now_s)}
            case WithdrawConsent(directory=directory, person=person):
                return {"ended": grants.withdraw(NO_CONSENT, directory=directory, person=self._id(person))}
            case RevokeSessions(directory=directory, person=person):
                grants.challenged_s = now_s
                return {"ended": grants.withdraw(NEW_PASSWORD, directory=directory, person=self._id(person))}
            case RemoveApp(directory=directory):
                grants.disabled.add(directory)
                grants.admitted.discard(directory)
                return {"directory": directory}
            case ChangePerson():
                return self._changed(what, now_s)
            case RenameChannel() | ArchiveChannel() | DeleteChannel():
                return self._of_channel(what, now_s)
            case TakeApp(person=person):
                return {"ended": len(self._space.installed.pop(user_of(self._space, person), {}))}
            case Lifecycle(event=event):
                if event not in LIFECYCLE:
                    raise Unclear(f"{event!r} is none: one of {', '.join(sorted(LIFECYCLE))}")
                return {"told": self._watching.lifecycle(event, now_s)}
            case (
                HirePeople()
                | AddMember()
                | RemoveMember()
                | RenameTeam()
                | ArchiveTeam()
                | DeleteTeam()
                | GiveRule()
                | BarPerson()
            ):
                return happen(what, self._space.people, self._teams, now_s)
            case _ as never:
                assert_never(never)

    def _changed(self, what: ChangePerson, now_s: float) -> object:
        enabled = None if what.deactivated is None else not what.deactivated
        somebody = self._space.people.change(
            what.person, now_s, mail=what.email, name=what.name, enabled=enabled, deleted=what.deleted
        )
        data: Fields = {"@odata.type": "#Microsoft.Graph.User", "@odata.id": f"Users/{somebody.id}", "id": somebody.id}
        self._watching.changed(f"Users/{somebody.id}", "deleted" if what.deleted else "updated", data, now_s)
        return somebody

    def _of_channel(self, what: RenameChannel | ArchiveChannel | DeleteChannel, now_s: float) -> object:
        destination = f"{what.team.lower()}/{what.channel}"
        place = msgspec.structs.replace(there(self._space, destination))
        match what:
            case RenameChannel(name=name):
                place.name = name
            case ArchiveChannel(archived=archived):
                place.archived = archived
            case DeleteChannel():
                place.deleted = True
        self._space.places[destination] = place
        path = f"teams('{what.team.lower()}')/channels('{what.channel}')"
        data: Fields = {"@odata.type": "#Microsoft.Graph.channel", "@odata.id": path, "id": what.channel}
        self._watching.changed(path, "deleted" if place.deleted else "updated", data, now_s)
        return place

    def _id(self, named: str) -> str:
        """The id of whoever signs in under an address; "" stays "". Raises Unclear."""
        if not named:
            return ""
        person = self._space.signed_in(named)
        if person is None:
            raise Unclear(f"nobody is named {named!r}")
        return str(person["id"])
