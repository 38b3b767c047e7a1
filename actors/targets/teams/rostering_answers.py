"""What Graph says of people who were to be let in, taken out or made owners: done, refused for themselves, or to be
tried again. By ``error.code`` and the status, never by a message.
"""

import re
from collections.abc import Iterable
from typing import assert_never

import msgspec

from actors.domain.rosters.order import REFUSED
from actors.domain.verdicts import Cause, Delivered, Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable
from actors.targets.teams.wire import Answered, Failure

Waits = Throttled | Unavailable | Faulted | Doubtful | Revoked
"""Why an order as a whole is not done yet."""

PASSING = frozenset(
    {
        "toomanyrequests",
        "serviceunavailable",
        "internalservererror",
        "badgateway",
        "gatewaytimeout",
        "timeout",
        "generalexception",
        "unknownerror",
        "unknown",
    }
)
"""Codes about one person that another try may be rid of."""
ALREADY = frozenset({"conflict", "alreadyexists", "memberalreadyexists", "useralreadyexists"})
GONE = frozenset({"notfound", "request_resourcenotfound", "resourcenotfound", "usernotfound"})
DENIED = frozenset({"forbidden", "authorization_requestdenied", "accessdenied"})
CODE_CHARS_MAX = 100
NOBODY = "the directory has no such person (any more)"
NOT_LET_IN = (
    "Teams does not let them in: a guest where guests are not allowed, somebody without a Teams licence or behind an "
    "information barrier, or an owner beyond the hundredth"
)
LAST_OWNER = "a team keeps at least one owner: somebody else has to become one first"
NO_MEMBER = "they are no member (any more)"
NO_RIGHT = "the app registration may not change owners: it lacks TeamMember.ReadWrite.All"
_TEAM = re.compile(r"teams(?:/|\(')([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})", re.ASCII)


class Told:
    """What is known of the people of one order."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        self.refused: dict[str, str] = {}
        self.denied: set[str] = set()
        """Those of ``refused`` whom a missing permission may be the reason for."""
        self.waits: Waits | None = None
        self.request_ids: dict[str, str] = {}

    def wait(self, why: Waits) -> None:
        """The worst of several counts: what is revoked before what is in doubt, before what was only put off."""
        if self.waits is None or _WORST[type(why)] > _WORST[type(self.waits)]:
            self.waits = why

    def receipt(self, team: str) -> Delivered:
        told = {"team": team, "done": str(len(self.done))} | self.request_ids
        return Delivered(told | ({REFUSED: msgspec.json.encode(self.refused).decode()} if self.refused else {}))


_WORST: dict[type[Waits], int] = {Faulted: 1, Unavailable: 2, Throttled: 3, Doubtful: 4, Revoked: 5}


def added(told: Told, answer: Answered, asked: Iterable[str]) -> None:
    """The answer to ``members/add``: of each person by their id, in any order. Of whoever is missing in a 200 nothing
    went wrong; where some went wrong, nobody knows."""
    told.request_ids = answer.request_ids
    waiting = dict.fromkeys(asked)
    for each in answer.objects() or []:
        person = each.get("userId")
        if not isinstance(person, str) or person.lower() not in waiting:
            continue
        del waiting[person.lower()]
        _added_one(told, person.lower(), each.get("error"))
    if answer.status == 207 and waiting:
        told.wait(Faulted(f"Microsoft Graph told nothing of {len(waiting)} of those to be added"))
    else:
        told.done |= waiting.keys()


def _added_one(told: Told, person: str, error: object) -> None:
    if not isinstance(error, dict):
        told.done.add(person)
        return
    given = error.get("code")
    code = given[:CODE_CHARS_MAX] if isinstance(given, str) else ""
    known = code.casefold()
    if known in ALREADY:
        told.done.add(person)
    elif known in PASSING or not known:
        told.wait(Faulted(f"Microsoft Graph: {code or 'an error without a code'} for somebody to be added"))
    elif known in GONE:
        told.refused[person] = f"{code}: {NOBODY}"
    elif known in DENIED:
        told.refused[person] = f"{code}: {NOT_LET_IN}"
        told.denied.add(person)
    else:
        told.refused[person] = f"{code}: Microsoft Graph does not take them as they are"


def added_alone(told: Told, person: str, answer: Answered | Failure) -> None:
    """The answer to one person's being added by a request of their own, to a team that is there."""
    match answer:
        case Answered():
            told.done.add(person)
        case Refused(cause=cause, detail=detail):
            denied = cause is Cause.MISSING_PERMISSION
            why = NOT_LET_IN if denied else NOBODY if cause is Cause.DESTINATION_GONE else "not taken"
            told.refused[person] = f"{detail}: {why}"
            told.denied |= {person} if denied else set()
        case Throttled() | Unavailable() | Faulted() | Doubtful() | Revoked():
            told.wait(answer)
        case _ as never:
            assert_never(never)


def changed(told: Told, person: str, answer: Answered | Failure, *, stays: bool) -> None:
    """The answer to a change of one membership. ``stays``: they are to be in it afterwards, so that being gone is no
    success."""
    match answer:
        case Answered():
            told.done.add(person)
        case Refused(cause=Cause.DESTINATION_GONE, detail=detail):
            if stays:
                told.refused[person] = f"{detail}: {NO_MEMBER}"
            else:
                told.done.add(person)
        case Refused(cause=Cause.MISSING_PERMISSION, detail=detail):
            told.refused[person] = f"{detail}: {NO_RIGHT}"
            told.denied.add(person)
        case Refused(detail=detail):
            told.refused[person] = detail if stays else f"{detail}: {LAST_OWNER}"
        case Throttled() | Unavailable() | Faulted() | Doubtful() | Revoked():
            told.wait(answer)
        case _ as never:
            assert_never(never)


def created_id(answer: Answered) -> str:
    """The id of the team that is being created; empty where it is not told."""
    found = _TEAM.search(answer.location)
    return found[1].lower() if found else ""
