"""What goes wrong in a seed, drawn by chance: each kind of fault with what it needs to know, and everything else."""

from email.utils import formatdate
from random import Random

from world import EPOCH_US

from actors.ports import Fault
from actors.targets.lrs import fake as lrs_fake
from actors.targets.slack import fake as slack_fake
from actors.targets.teams.fake import kinds as teams_kinds
from config.model import Tenant
from tests.simulation import incidents
from tests.simulation.fate import Blow, crashable, points
from tests.simulation.incidents import Incident
from tests.simulation.shaky import KINDS, WHERE, Tremor
from tests.simulation.wire import FLAVOURS

HOUR_S, DAY_S = 3600.0, 86_400.0
OFTEN = ("outbox.claim", "outbox.record", "outbox.route", "http.chat.postMessage", "http.channelMessages.post")
"""Where a process spends its life: half of the deaths happen here."""
SLACK_KINDS = tuple(sorted(slack_fake.STRIKES | slack_fake.SWITCHES))
TEAMS_KINDS = tuple(sorted(kind for kind in teams_kinds.STRIKES if not teams_kinds.only_rosters(kind)))
LRS_KINDS = tuple(sorted(lrs_fake.STRIKES))
LATE_S_MAX = 15
"""Later than the late-landing window (20 s) nothing is promised."""


def draw_incident(tenants: dict[str, Tenant], dice: Random, ends_s: float) -> Incident:
    """One thing that goes wrong, or that an operator does."""
    name, vendor = dice.choice(sorted(tenants)), dice.choice(("slack", "teams"))
    match dice.choice(("fault",) * 8 + ("outage", "database", "death", "death", "crash", "operator", "clock")):
        case "fault":
            return incidents.SetFault(name, draw_fault(vendor, ends_s / 2, dice))
        case "outage":
            lasts_s = dice.choice((5.0, 60.0, 600.0, 2 * HOUR_S, 72 * HOUR_S if dice.random() < 0.02 else 60.0))
            return incidents.Outage(name, vendor, dice.choice(FLAVOURS), lasts_s)
        case "database":
            kind, where = dice.choice(sorted(KINDS)), dice.choice(WHERE)
            return incidents.Shake(Tremor(where, kind, dice.randint(1, 20), dice.choice((1, 1, 3))))
        case "death":
            return incidents.Kill() if dice.random() < 0.2 else incidents.Doom(draw_death(dice))
        case "crash":
            return incidents.Doom(Blow(dice.choice(crashable()), dice.choice((1, 1, 2)), crash=True))
        case "operator":
            return draw_operator(name, vendor, dice)
        case _:
            by_s = dice.choice((1, 5, 60, HOUR_S, 2 * DAY_S)) * dice.choice((1, -1))
            return incidents.Warp(float(by_s), dice.choice((10.0, 600.0, 2 * HOUR_S)))


def draw_incident_of_lrs(name: str, dice: Random, ends_s: float) -> Incident:
    """The same for a tenant's LRS."""
    match dice.choice(("fault",) * 5 + ("outage", "pause", "courier", "replay", "discard", "clear")):
        case "fault":
            return incidents.SetFault(name, lrs_fault(dice.choice(LRS_KINDS), ends_s / 2, dice))
        case "outage":
            return incidents.Outage(name, "lrs", dice.choice(FLAVOURS), dice.choice((5.0, 60.0, 600.0, 2 * HOUR_S)))
        case "pause":
            return incidents.Pause(f"{name}/lrs", dice.choice((1.0, 60.0, 900.0)))
        case "courier":
            return incidents.RestartActor(f"root/{name}/courier:lrs")
        case "replay":
            return incidents.Replay(f"{name}/lrs")
        case "discard":
            return incidents.Discard(f"{name}/lrs")
        case _:
            return incidents.ClearFaults(name, "lrs")


def draw_death(dice: Random) -> Blow:
    often = dice.random() < 0.5
    return Blow(
        dice.choice([point for point in points() if not often or point.startswith(OFTEN)]), dice.choice((1, 1, 2))
    )


def draw_operator(name: str, vendor: str, dice: Random) -> Incident:
    lane = f"{name}/{vendor}"
    choices: tuple[Incident, ...] = (
        incidents.Pause(lane, dice.choice((1.0, 60.0, 900.0))),
        incidents.RestartActor(f"root/{name}/courier:{vendor}"),
        incidents.RestartActor(f"root/{name}/router"),
        incidents.Stop(),
        incidents.ClearFaults(name, vendor),
        incidents.Replay(lane),
        incidents.Replay(lane),
        incidents.Discard(lane),
        incidents.CatchUp(lane, dice.choice(("latest", "digest"))),
        incidents.CatchUp(lane, dice.choice(("latest", "digest"))),
    )
    return dice.choice(choices)


def draw_fault(vendor: str, at_s: float, dice: Random) -> Fault:
    if vendor == "slack":
        return slack_fault(dice.choice(SLACK_KINDS), at_s, dice)
    return teams_fault(dice.choice(TEAMS_KINDS), at_s, dice)


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


def lrs_fault(kind: str, at_s: float, dice: Random) -> Fault:
    operation, value, times = dice.choice(("", "statements.put", "statements.post")), "", dice.randint(1, 3)
    match kind:
        case "status":
            value = dice.choice(("500", "502", "503", "504", "403"))
        case "rate_limited":
            value = _retry_after(at_s, dice)
        case "error":
            value = "not wanted"
        case "status_after_commit":
            value = dice.choice(("500", "502", "504"))
        case "late_commit":
            operation, value = "", str(dice.randint(1, LATE_S_MAX))
        case "slow":
            value = dice.choice(("0.5", "5", "29", "31", "45"))
        case "revoked":
            operation = ""
    return Fault(kind=kind, vendor="lrs", operation=operation, value=value, times=times, skip=dice.choice((0, 0, 1, 3)))


def _retry_after(at_s: float, dice: Random) -> str:
    """Seconds, an HTTP date, nothing, or nonsense."""
    date = formatdate(EPOCH_US / 1e6 + at_s + dice.randint(1, 60), usegmt=True)
    return dice.choice(("0", "1", "7", "40", "600", "", "soon", date))
