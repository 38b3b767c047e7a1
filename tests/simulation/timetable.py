"""What a seed with rosters stands for.

roster N                      drawn by chance
roll KIND                     undisturbed rounds with one rule for that kind of place
roll KIND week                the same, and a week at rest afterwards
roll KIND lively              the same, and Slack tells of members, cards are pressed, plans let go, courses closed
roll channel PART             the same, with a place for each section or cohort, and enrolments that end on their day
roll KIND fault FAULT         that fault of its vendor, wherever it strikes
roll KIND death POINT         dying there, in every round
"""

import json
from email.utils import formatdate
from random import Random
from typing import Any, cast

import msgspec
import world
from world import EPOCH_US, SETTINGS

from actors.domain.rosters.model import PlaceKind
from actors.ports import Fault
from actors.targets import discover
from actors.targets.slack.fake import kinds as slack_kinds
from actors.targets.teams.fake import kinds as teams_kinds
from config.model import Connection, Tenant
from config.rosters import ConflictRule, Review, Roster, RosterInto
from tests.simulation.fate import roster_points
from tests.simulation.systems import SYSTEMS
from tests.simulation.telegraph import CHANNEL, WHO

DAY_S = 86_400.0
KINDS: tuple[PlaceKind, ...] = ("channel", "usergroup", "team")
SYSTEMS_READ = ("canvas", "oneroster", "toy")
PARTS = {"section": "s-{section}", "cohort": "k-{user.cohort}"}
"""What channels are called of what is no course."""
POINTS = tuple(roster_points())
BY_OTHERS = (
    "rosters.touch", "rosters.addresses", "rosters.elsewhere", "rosters.plan:", "rosters.judge_plan",
    "rosters.standings", "rosters.drift", "conflicts.raise_", "conflicts.clear", "conflicts.retain",
    "conflicts.compare", "conflicts.look", "conflicts.clashes", "conflicts.one:", "http.usergroups.disable",
    "rosters.plans:", "rosters.courses:",
)  # fmt: skip
"""What is passed when vendors tell, where sources disagree, when operators look, or seldom: by no directed roll."""
DEADLY = tuple(point for point in POINTS if not point.startswith(BY_OTHERS) and not point.endswith(":before"))
"""Where each directed roll has one die: dying before something was asked is dying after what was asked last."""
VALUES = {
    "status": ("500", "502", "503", "504"),
    "status_after_commit": ("500", "502", "504"),
    "slow": ("0.5", "5", "29", "45"),
    "trickle": ("0.5", "5"),
    "rate_limited": ("0", "1", "7", "40", "600", "", "soon"),
    "rate_limited_date": ("2", "30", "600"),
    "rate_limited_rearm": ("2", "30", "600"),
    "late_commit": ("1", "5", "15"),
    "keepalive_closed": ("", "3"),
    "delta_forgotten": ("410",),
}
SLACK_OPERATIONS = (
    "", "conversations.invite", "conversations.kick", "conversations.create", "conversations.list",
    "conversations.members", "users.list", "users.lookupByEmail", "users.info", "usergroups.list",
    "usergroups.users.update", "usergroups.create", "usergroups.disable",
)  # fmt: skip
TEAMS_OPERATIONS = (
    "", "members.add", "members.delete", "members.patch", "members.list", "teams.post", "groups.list", "users.list",
    "users.get", "token",
)  # fmt: skip
ERRORS = {
    "slack": ("internal_error", "fatal_error", "service_unavailable", "request_timeout", "missing_scope"),
    "teams": ("ServiceUnavailable", "Forbidden", "Conflict", "SomethingNew"),
}
NOT_OF_ROSTERS = frozenset(
    {"not_installed", "claims_challenge", "forbidden_read", "history_limited", "duplicate_client_msg_id"}
)
"""Faults that strike nothing here."""
FAULTS: dict[str, tuple[str, ...]] = {
    "slack": tuple(sorted(slack_kinds.STRIKES - NOT_OF_ROSTERS)),
    "teams": tuple(sorted(teams_kinds.STRIKES - NOT_OF_ROSTERS)),
}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a seed stands for. In each round so many changes at the school, meddlings at the platforms, decisions of
    operators and things that go wrong. ``grave``: also meddlings that somebody has to put right; ``late_s``: how long
    vendors do not show what was changed; ``rest_s``: how long nothing happens in the end; ``struck``: the vendor and a
    fault that is set in every round; ``doomed``: where the process dies in every round. ``chance``: what all dice are
    seeded with; directed ones have the same luck. ``told``: Slack tells of members by itself; ``cards``: reviewers
    press buttons; ``accepts``: plans are let go at once; ``jumps``: our clock is set wrong; ``dated``: enrolments end
    on their day; ``closes``: courses are closed and opened again; ``seconded``: a second source tells of the school."""

    seed: str
    chance: str
    system: str
    rules: tuple[Roster, ...]
    rounds: int
    changes: int
    meddlings: int
    decisions: int
    doings: int
    lasts_s: float
    grave: bool = False
    late_s: float = 0.0
    rest_s: float = DAY_S
    struck: str = ""
    doomed: str = ""
    told: bool = False
    cards: bool = False
    accepts: bool = False
    jumps: bool = False
    dated: bool = False
    closes: bool = False
    seconded: bool = False


def plan_of(seed: str) -> Plan:
    """Raises ValueError for a name that nobody knows."""
    match seed.split():
        case ["roster", number]:
            return _drawn(seed, Random(f"timetable of {number}"))
        case ["roll", kind] if kind in KINDS:
            return _plain(seed, kind)
        case ["roll", kind, "week"] if kind in KINDS:
            return msgspec.structs.replace(_plain(seed, kind), rest_s=7 * DAY_S)
        case ["roll", kind, "lively"] if kind in KINDS:
            plain = _plain(seed, kind)
            return msgspec.structs.replace(
                plain, told=True, cards=True, accepts=True, closes=True, meddlings=6, decisions=6
            )
        case ["roll", "channel", part] if part in PARTS:
            rules = (rule_of("channel", into={"channel": PARTS[part]}, topic=""),)
            return msgspec.structs.replace(_plain(seed, "channel"), rules=rules, dated=True, told=True)
        case ["roll", kind, "fault", fault] if kind in KINDS and fault in FAULTS[_vendor(kind)]:
            return msgspec.structs.replace(_brief(seed, kind), struck=f"{_vendor(kind)} {fault}")
        case ["roll", kind, "death", point] if kind in KINDS and point in POINTS:
            more = 24 if point.startswith("conflicts.") else 0
            brief = _brief(seed, kind)
            return msgspec.structs.replace(
                brief, doomed=point, meddlings=brief.meddlings + more, decisions=brief.decisions + more
            )
        case _:
            raise ValueError(f"unknown scenario {seed!r}")


def kind_of(point: str) -> PlaceKind:
    """With which kind of place it is passed."""
    operation = point.partition(":")[0].removeprefix("http.")
    if operation.startswith(("members.", "teams.", "groups.")):
        return "team"
    return "usergroup" if operation.startswith("usergroups.") else "channel"


def _vendor(kind: str) -> str:
    return "teams" if kind == "team" else "slack"


def _plain(seed: str, kind: str) -> Plan:
    return Plan(
        seed=seed,
        chance=f"roll {kind}",
        system="toy",
        rules=(rule_of(cast(PlaceKind, kind)),),
        rounds=3,
        changes=8,
        meddlings=3,
        decisions=2,
        doings=0,
        lasts_s=7_200.0,
    )


def _brief(seed: str, kind: str) -> Plan:
    """One round in which much happens, and an hour at rest."""
    return msgspec.structs.replace(_plain(seed, kind), rounds=1, changes=10, meddlings=6, decisions=10, rest_s=3_600.0)


def _drawn(seed: str, dice: Random) -> Plan:
    kinds = sorted(dice.sample(KINDS, dice.choice((1, 1, 2, 3))))
    return _possible(_drawn_of(seed, kinds, dice))


def _possible(plan: Plan) -> Plan:
    """Without what its system cannot tell, and what nobody would see."""
    toy = plan.system == "toy"
    rules = plan.rules
    if toy and plan.dated and any(rule.into.kind == "channel" for rule in rules):
        dice = Random(f"parts of {plan.chance}")
        name = dice.choice(("c-{course.code}", *PARTS.values()))
        topic = "{course.name}" if "course" in name else ""
        rules = tuple(
            msgspec.structs.replace(each, into=RosterInto(channel=name), topic=topic)
            if each.into.kind == "channel"
            else each
            for each in rules
        )
    whole = all("{course.code}" in rule.into.name for rule in rules)
    return msgspec.structs.replace(
        plan,
        rules=rules,
        dated=plan.dated and toy,
        closes=plan.closes and toy and whole,
        jumps=plan.jumps and plan.doings > 0,
        seconded=plan.seconded and not plan.jumps,
    )


def _drawn_of(seed: str, kinds: list[PlaceKind], dice: Random) -> Plan:
    return Plan(
        seed=seed,
        chance=seed,
        system=dice.choice(SYSTEMS_READ),
        rules=tuple(_rule(kind, dice) for kind in kinds),
        rounds=dice.choice((2, 3, 4)),
        changes=dice.choice((3, 8, 20)),
        meddlings=dice.choice((0, 2, 6)),
        decisions=dice.choice((0, 2, 6)),
        doings=dice.choice((0, 4, 10, 20)),
        lasts_s=dice.choice((1_800.0, 7_200.0, 36_000.0)),
        grave=dice.random() < 0.4,
        late_s=dice.choice((0.0, 0.0, 5.0, 20.0)),
        rest_s=dice.choice((1, 1, 1, 1, 7)) * DAY_S,
        told=dice.random() < 0.5,
        cards=dice.random() < 0.3,
        accepts=dice.random() < 0.3,
        jumps=dice.random() < 0.25,
        dated=dice.random() < 0.4,
        closes=dice.random() < 0.4,
        seconded=dice.random() < 0.25,
    )


def _rule(kind: PlaceKind, dice: Random) -> Roster:
    more: dict[str, Any] = {
        "suspended": dice.choice(("remove", "remove", "keep")),
        "completed": dice.choice(("remove", "keep")),
        "invited": dice.choice(("wait", "add")),
        "strangers": dice.choice(("review", "review", "keep", "remove")),
        "missing": dice.choice(("restore", "restore", "review")),
    }
    if dice.random() < 0.3:
        more["exclude"] = [f"person{dice.randint(2, 9)}@*"]
    if dice.random() < 0.3:
        more["brake"] = dice.choice(({"count_max": 1}, {"percent_max": 100, "count_max": 100}))
    if kind == "usergroup" and dice.random() < 0.4:
        more |= {"into": {"usergroup": "staff"}, "members": ["instructor", "assistant"]}
    return rule_of(kind, **more)


def rule_of(kind: PlaceKind, **more: Any) -> Roster:
    """As an operator would write it."""
    named = {"channel": "c-{course.code}", "usergroup": "g-{course.code}", "team": "Team {course.code}"}
    given = {
        "name": f"{kind}s",
        "from": "campus",
        "to": _vendor(kind),
        "into": {kind: named[kind]},
        "create": True,
        "topic": "{course.name}",
        "schedule": "0 2 * * *",
        **more,
    }
    return msgspec.convert(given, Roster)


def tenant_of(plan: Plan) -> Tenant:
    """Of one system, whose rosters are kept at vendors of its own."""
    name = plan.system
    slack = {**SETTINGS["slack"], "api_url": f"http://{name}.test/slack/api/", "signing_secret": {"env": "signing"}}
    teams = {
        **SETTINGS["teams"],
        "graph_url": f"http://{name}.test/graph/v1.0/",
        "login_url": f"http://{name}.test/entra/",
    }
    targets = {
        kind: Connection(name=kind, kind=kind, settings=msgspec.convert(given, discover()[kind].settings))
        for kind, given in (("slack", slack), ("teams", teams))
    }
    return Tenant(
        name=name,
        timezone="Europe/Berlin",
        locale="en-GB",
        targets=targets,
        routes=(),
        sources=_sources(plan),
        rosters=plan.rules,
        review=Review(to="slack", channel=CHANNEL, reviewers=(WHO,)) if plan.cards else None,
        conflicts=tuple(
            ConflictRule(field=each, policy="source", source="campus")
            for each in ("email", "name", "role", "dates", "status")
        ),
    )


def second_of(plan: Plan) -> str:
    """The system that tells of the same school besides; empty: none does."""
    return ("canvas" if plan.system == "oneroster" else "oneroster") if plan.seconded else ""


def _sources(plan: Plan) -> dict[str, Connection]:
    found = {}
    for name, each in (("campus", plan.system), ("besides", second_of(plan))):
        if each:
            system = SYSTEMS[each]
            said = json.dumps({"every": "10m", "every_max": "1h", **system.settings}).replace(
                f"http://{each}.test/", f"http://{plan.system}.test/"
            )
            [connection] = world.source(system.kind, **json.loads(said)).values()
            found[name] = msgspec.structs.replace(connection, name=name)
    return found


def fault_of_roster(vendor: str, dice: Random, at_s: float, kind: str = "") -> Fault:
    """One of this kind (or of any), with what it needs to know."""
    kind = kind or dice.choice(FAULTS[vendor])
    operations = SLACK_OPERATIONS if vendor == "slack" else TEAMS_OPERATIONS
    operation, value = dice.choice(operations), dice.choice(VALUES.get(kind, ("",)))
    if kind == "error":
        value = dice.choice(ERRORS[vendor])
        operation = dice.choice([each for each in operations if each not in ("", "token")])
    elif kind == "error_after_commit":
        value = "internal_error" if vendor == "slack" else "InternalServerError"
    elif kind == "rate_limited" and not value:
        value = formatdate(EPOCH_US / 1e6 + at_s + dice.randint(1, 60), usegmt=True)
    elif kind == "kicked":  # of a kick it would be a lie: that nobody is in it who is
        operation = "conversations.invite"
    elif kind in ("revoked", "archived", "deleted", "token_expired") or kind.startswith("batch_"):
        operation = ""
    return Fault(
        kind=kind,
        vendor=vendor,
        operation=operation,
        value=value,
        times=dice.randint(1, 3),
        skip=dice.choice((0, 0, 1, 3)),
    )


def faults_of_roster(vendor: str, dice: Random, kind: str) -> list[Fault]:
    """This kind at each operation, so that it strikes whatever is asked."""
    fault = fault_of_roster(vendor, dice, 0.0, kind)
    if kind == "kicked":
        return [fault]
    operations = SLACK_OPERATIONS if vendor == "slack" else TEAMS_OPERATIONS
    wanted = [each for each in operations if each not in ("", "token")]
    return [msgspec.structs.replace(fault, operation=each, times=1, skip=0) for each in ("", *wanted)]
