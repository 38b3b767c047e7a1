"""Everything that goes wrong, as data: what a seed draws, what a failing seed prints, what ``play`` does to the campus."""

from email.utils import formatdate
from random import Random

import msgspec
from world import EPOCH_US

from actors.ports import Fault
from tests.simulation.fate import Blow
from tests.simulation.shaky import Tremor
from tests.simulation.wire import FLAVOURS

LATE_S_MAX = 15
"""Later than the late-landing window (20 s) nothing is promised."""


class SetFault(msgspec.Struct, frozen=True, tag=True):
    tenant: str
    fault: Fault


class ClearFaults(msgspec.Struct, frozen=True, tag=True):
    tenant: str
    vendor: str


class Outage(msgspec.Struct, frozen=True, tag=True):
    tenant: str
    vendor: str
    flavour: str
    lasts_s: float


class Shake(msgspec.Struct, frozen=True, tag=True):
    tremor: Tremor


class Doom(msgspec.Struct, frozen=True, tag=True):
    blow: Blow


class Kill(msgspec.Struct, frozen=True, tag=True):
    pass


class Stop(msgspec.Struct, frozen=True, tag=True):
    pass


class RestartActor(msgspec.Struct, frozen=True, tag=True):
    path: str


class Pause(msgspec.Struct, frozen=True, tag=True):
    lane: str
    lasts_s: float


class Replay(msgspec.Struct, frozen=True, tag=True):
    """An operator replays what is stuck in a lane."""

    lane: str
    accept_double: bool = False


class Discard(msgspec.Struct, frozen=True, tag=True):
    """An operator gives some of it up."""

    lane: str


class Warp(msgspec.Struct, frozen=True, tag=True):
    """The wall clock is set wrong by so much more; and right again after a while."""

    by_s: float
    lasts_s: float


Incident = SetFault | ClearFaults | Outage | Shake | Doom | Kill | Stop | RestartActor | Pause | Replay | Discard | Warp

SLACK_POST_ERRORS = (
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "message_limit_exceeded",
    "request_timeout",
    "restricted_action",
    "some_new_error",
    "missing_scope",
    "token_expired",
)
TEAMS_POST_ERRORS = ("Forbidden", "NotFound", "ServiceUnavailable", "activityLimitReached", "Conflict", "SomethingNew")
ENTRA_ERRORS = ("temporarily_unavailable", "invalid_client", "interaction_required")


def slack_fault(kind: str, at_s: float, dice: Random) -> Fault:
    """One of this kind, with what it needs to know."""
    operation, value, times = dice.choice(("", "chat.postMessage")), "", dice.randint(1, 3)
    match kind:
        case "status":
            value = dice.choice(("500", "502", "503", "504", "403"))
        case "rate_limited":
            value = _retry_after(at_s, dice)
        case "error":
            operation, value = dice.choice(
                (
                    *(("chat.postMessage", error) for error in SLACK_POST_ERRORS),
                    ("conversations.history", "missing_scope"),
                    ("conversations.history", "internal_error"),
                    ("users.lookupByEmail", "users_not_found"),
                    ("users.lookupByEmail", "internal_error"),
                    ("conversations.open", "user_disabled"),
                )
            )
        case "revoked":
            operation, value = "", dice.choice(("", "token_revoked", "invalid_auth"))
        case "archived" | "kicked" | "deleted":
            operation = ""
        case "error_after_commit":
            value = dice.choice(("internal_error", "fatal_error", ""))
        case "status_after_commit":
            value = dice.choice(("500", "502", "504"))
        case "late_commit":
            operation, value = "chat.postMessage", str(dice.randint(1, LATE_S_MAX))
        case "slow" | "trickle":
            value = dice.choice(("0.5", "5", "29", "31", "45"))
        case "rate_limited_date" | "rate_limited_rearm":
            value = dice.choice(("2", "30", "600"))
        case "keepalive_closed":
            value = dice.choice(("", "3"))
        case "duplicate_client_msg_id" | "history_limited":
            operation, times = "", 0
    return Fault(
        kind=kind, vendor="slack", operation=operation, value=value, times=times, skip=dice.choice((0, 0, 1, 3))
    )


def teams_fault(kind: str, at_s: float, dice: Random) -> Fault:
    writing = ("channelMessages.post", "sendActivityNotification")
    operation, value, times = dice.choice(("", *writing)), "", dice.randint(1, 3)
    match kind:
        case "status":
            value = dice.choice(("500", "502", "503", "504", "403"))
        case "rate_limited":
            operation, value = dice.choice(("", *writing, "token")), _retry_after(at_s, dice)
        case "error":
            operation, value = dice.choice(
                (
                    *((dice.choice(writing), error) for error in TEAMS_POST_ERRORS),
                    *(("token", error) for error in ENTRA_ERRORS),
                    ("channelMessages.delta", "Forbidden"),
                    ("channelMessages.delta", "syncStateNotFound"),
                    ("users.get", "Forbidden"),
                )
            )
        case "status_after_commit":
            value = dice.choice(("500", "502", "504"))
        case "late_commit":
            operation, value = dice.choice(writing), str(dice.randint(1, LATE_S_MAX))
        case "slow":
            value = dice.choice(("0.5", "5", "29", "31", "45"))
        case "rate_limited_date" | "rate_limited_rearm":
            value = dice.choice(("2", "30", "600"))
        case "keepalive_closed" | "batch_inner_throttled":
            operation, value = "", dice.choice(("", "3"))
        case "error_after_commit":
            value = dice.choice(("InternalServerError", "BadGateway", "GatewayTimeout"))
        case _ if kind.startswith("batch_"):
            operation = ""
        case "revoked" | "token_expired" | "claims_challenge" | "forbidden_read" | "not_installed":
            operation = ""
    return Fault(
        kind=kind, vendor="teams", operation=operation, value=value, times=times, skip=dice.choice((0, 0, 1, 3))
    )


def _retry_after(at_s: float, dice: Random) -> str:
    """Seconds, an HTTP date, nothing, or nonsense."""
    date = formatdate(EPOCH_US / 1e6 + at_s + dice.randint(1, 60), usegmt=True)
    return dice.choice(("0", "1", "7", "40", "600", "", "soon", date))


def outage(tenant: str, vendor: str, dice: Random, lasts_s: float) -> Outage:
    return Outage(tenant, vendor, dice.choice(FLAVOURS), lasts_s)
