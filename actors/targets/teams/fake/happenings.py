"""What operators let happen in the directory, told as JSON (``do`` says what): tokens end, consents go."""

from typing import assert_never

import msgspec

from actors.ports.adjusting import Unclear, read
from actors.targets.teams.fake.grants import NEW_PASSWORD, NO_CONSENT, Grants
from actors.targets.teams.fake.people import Unknown
from actors.targets.teams.fake.space import Space


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


AnyDo = ExpireTokens | Challenge | WithdrawConsent | RevokeSessions | RemoveApp


def happenings(body: bytes) -> list[AnyDo]:
    """Raises Unclear."""
    return read(body, AnyDo)


def happen(what: AnyDo, grants: Grants, space: Space, now_s: float) -> object:
    """What became of it. Raises Unclear, and then nothing happened."""
    try:
        return _happen(what, grants, space, now_s)
    except Unknown as error:
        raise Unclear(str(error)) from None


def _happen(what: AnyDo, grants: Grants, space: Space, now_s: float) -> object:
    match what:
        case ExpireTokens(refresh=True):
            return {"ended": grants.expire_refreshes(now_s)}
        case ExpireTokens():
            return {"ended": grants.expire(now_s)}
        case Challenge():
            grants.challenged_s = now_s
            return {"since": int(now_s)}
        case WithdrawConsent(directory=directory, person=person):
            return {"ended": grants.withdraw(NO_CONSENT, directory=directory, person=_id(space, person))}
        case RevokeSessions(directory=directory, person=person):
            grants.challenged_s = now_s
            return {"ended": grants.withdraw(NEW_PASSWORD, directory=directory, person=_id(space, person))}
        case RemoveApp(directory=directory):
            grants.disabled.add(directory)
            grants.admitted.discard(directory)
            return {"directory": directory}
        case _ as never:
            assert_never(never)


def _id(space: Space, named: str) -> str:
    """The id of whoever signs in under an address; "" stays "". Raises Unclear."""
    if not named:
        return ""
    person = space.signed_in(named)
    if person is None:
        raise Unclear(f"nobody is named {named!r}")
    return str(person["id"])
