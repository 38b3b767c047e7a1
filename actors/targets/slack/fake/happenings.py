"""What operators let happen in the workspace, told as JSON (``do`` says what): tokens end, the app goes and comes."""

from typing import assert_never

import msgspec

from actors.ports.adjusting import read
from actors.targets.slack.fake.tokens import Tokens


class _Do(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """What every happening is."""


class ExpireTokens(_Do, frozen=True, kw_only=True, tag="expire_tokens"):
    """All access tokens that end have ended."""


class Uninstall(_Do, frozen=True, kw_only=True, tag="uninstall"):
    """The app leaves a team, or with "" everywhere, ``xoxb-sandbox`` included."""

    team: str = ""


class Restore(_Do, frozen=True, kw_only=True, tag="restore"):
    """``xoxb-sandbox`` serves again, whatever became of it."""


AnyDo = ExpireTokens | Uninstall | Restore


def happenings(body: bytes) -> list[AnyDo]:
    """Raises Unclear."""
    return read(body, AnyDo)


def happen(what: AnyDo, tokens: Tokens, now_s: float) -> object:
    """What became of it."""
    match what:
        case ExpireTokens():
            return {"ended": tokens.expire(now_s)}
        case Uninstall(team=team):
            return {"ended": len(tokens.uninstall(team))}
        case Restore():
            tokens.restore()
            return {"restored": True}
        case _ as never:
            assert_never(never)
