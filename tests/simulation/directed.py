"""Scenarios that are written, not drawn: each makes sure of something that chance would seldom bring about.

tour                 passes every place where a process can die
death POINT          the tour, dying there
regrets              statements that are voided, each in another situation
small                a few statements, for the sweep of database errors
WHERE KIND NTH       the small one, with that error of the database (``commit full 3``)
"""

from collections.abc import Sequence
from random import Random

import msgspec

from actors.ports import Fault, NewStatement
from config.model import Audience, Digest, Route, Tenant
from config.routes import Retry
from tests.simulation import incidents, mishaps
from tests.simulation.facts import COURSES, LEARNERS, Fact
from tests.simulation.fate import Blow
from tests.simulation.scenario import CHANNEL, LAKE, TEAM, Event, Scenario, Stream, draw, make_tenant, moment
from tests.simulation.shaky import WHERE, Tremor

BEFORE_S = -1.0
"""Before the process starts."""


def scenario_of(seed: int | str) -> Scenario:
    """The scenario that a seed, or a name, stands for. Raises ValueError for a name that nobody knows."""
    if isinstance(seed, int):
        return draw(seed)
    match seed.split():
        case ["tour"]:
            return tour()
        case ["death", point]:
            return tour(seed, Event(BEFORE_S, incidents.Doom(Blow(point))))
        case ["fault", vendor, kind]:
            return tour(seed, *faulty(vendor, kind))
        case ["flood"]:
            return flood()
        case ["outage", flavour]:
            return long_outage(flavour)
        case ["letters"]:
            return letters()
        case ["regrets"]:
            return regrets()
        case ["small"]:
            return small()
        case [where, kind, nth] if where in WHERE:
            return small(seed, Event(BEFORE_S, incidents.Shake(Tremor(where, kind, int(nth)))))
        case _:
            raise ValueError(f"unknown scenario {seed!r}")


class Script(Stream):
    """A stream that is told what happens."""

    def __init__(self, name: str) -> None:
        super().__init__(Random(f"script of {name}"), 0.0)
        self._name = name

    def at(self, at_s: float, *facts: Fact) -> list[NewStatement]:
        made = [self.tell(fact) for fact in facts]
        self.offer("acme", at_s, made)
        return made

    def voided_at(self, at_s: float, *wrong: NewStatement) -> None:
        self.offer("acme", at_s, [self.void(each, at_s) for each in wrong])

    def scenario(self, name: str, tenant: Tenant, events: Sequence[Event], *, window: int) -> Scenario:
        return Scenario(
            seed=name,
            chance=self._name,
            tenants={"acme": tenant},
            window=window,
            latency_s=0.02,
            offers=tuple(self.offers),
            events=tuple(events),
            told=self.told,
            ends_s=max(offer.at_s for offer in self.offers),
        )


def fact(kind: str, learner: str, at_s: int, value: str = "", *, what: str = "quiz", course: str = "CS101") -> Fact:
    standard = {"activity_completed": "complete", "course_completed": "complete", "completion_undone": "incomplete"}
    return Fact(
        kind=kind,
        learner=learner,
        course=course,
        what=what,
        value=value or standard.get(kind, kind),
        at=moment(at_s),
        at_s=at_s,
    )


def tour(name: str = "tour", *more: Event) -> Scenario:
    """Everything that has a name, at least once: look-ups, probes, rewriting, bundles, a suspended lane, a named
    throttle, an outage, deliveries that become too old, a clock that is set, statements that are voided."""
    slack, learner = Audience(channel="C0GENERAL1"), Audience(learner=True)
    teams = [Audience(team=TEAM.format(number), channel=CHANNEL.format(number)) for number in (1, 2, 3)]
    tenant = make_tenant(
        "acme",
        Route(name="rewritten", when=("completed", "completion_undone"), to="slack", audience=slack, changed="update"),
        Route(name="dm", when=("graded",), to="slack", audience=learner),
        Route(name="brief", when=("passed",), to="slack", audience=slack, retry=Retry(age_max="5m")),
        Route(name="daily", when=("failed",), to="slack", audience=slack, mode=Digest(digest="*/10 * * * *")),
        *(
            Route(name=f"team{number}", when=("completed",), to="teams", audience=audience)
            for number, audience in enumerate(teams)
        ),
        Route(name="notified", when=("graded",), to="teams", audience=learner),
        LAKE,
    )
    script = Script(name)
    script.at(
        1, fact("activity_completed", "ada", 1), fact("graded", "ada", 1, "70"), fact("graded", "nobody", 1, "70")
    )
    script.at(30, fact("completion_undone", "ada", 30), fact("graded", "ben", 30, "80"))
    script.at(60, fact("activity_completed", "ben", 60), fact("graded", "ada", 60, "85"))
    script.at(120, fact("activity_completed", "cleo", 120))
    script.at(300, fact("activity_completed", "dan", 300), fact("failed", "dan", 300))
    script.at(600, fact("activity_completed", "eve", 600), fact("passed", "eve", 600), fact("graded", "eve", 600, "70"))
    script.at(1800, fact("activity_completed", "fay", 1800), fact("graded", "fay", 1800, "80"))
    wrong = script.at(1840, fact("activity_completed", "ada", 1840, what="essay"), fact("graded", "ben", 1840, "85"))
    script.voided_at(1850, *wrong)
    pondered = [fact("unknown_verb", who, 1900) for who in LEARNERS]  # so many that some go together
    script.at(1900, fact("graded", "dan", 1900, "80"), fact("activity_completed", "eve", 1900, what="essay"), *pondered)
    faults = (
        (50.0, "slack", "reset_after_commit", "chat.postMessage", "", 1),
        (50.0, "teams", "reset_after_commit", "channelMessages.post", "", 1),
        (50.0, "teams", "status_after_commit", "sendActivityNotification", "502", 1),
        (110.0, "slack", "rate_limited", "chat.postMessage", "20", 1),
        (290.0, "slack", "revoked", "", "token_revoked", 2),
        (1790.0, "slack", "error", "chat.postMessage", "restricted_action", 2),
    )
    events = [
        Event(at_s, incidents.SetFault("acme", Fault(kind=kind, vendor=vendor, operation=on, value=value, times=times)))
        for at_s, vendor, kind, on, value, times in faults
    ]
    events += [
        Event(590.0, incidents.Outage("acme", "slack", "refused", 900.0)),
        Event(620.0, incidents.Warp(3600.0, 1330.0)),
        Event(605.0, incidents.CatchUp("acme/slack", "latest")),
        Event(610.0, incidents.CatchUp("acme/slack", "digest")),
        Event(1895.0, incidents.Pause("acme/lrs", 20.0)),  # what waits meanwhile goes together
        Event(1950.0, incidents.RestartActor("root/acme/courier:slack")),
        Event(1960.0, incidents.Pause("acme/slack", 10.0)),
        Event(2000.0, incidents.Replay("acme/slack")),
        Event(2010.0, incidents.Discard("acme/slack")),
    ]
    return script.scenario(name, tenant, (*more, *events), window=8)


def small(name: str = "small", *more: Event) -> Scenario:
    """A post and a notification, a look-up, a doubtful outcome, a refusal."""
    tenant = make_tenant(
        "acme",
        Route(name="posts", when=("completed",), to="slack", audience=Audience(channel="C0GENERAL1")),
        Route(name="dm", when=("graded",), to="slack", audience=Audience(learner=True)),
        Route(name="notified", when=("graded",), to="teams", audience=Audience(learner=True)),
    )
    script = Script("small")
    script.at(1, fact("activity_completed", "ada", 1), fact("graded", "ben", 1, "70"))
    script.at(2, fact("activity_completed", "ben", 2), fact("graded", "nobody", 2, "70"))
    lost = Fault(kind="reset_after_commit", vendor="slack", operation="chat.postMessage")
    events = (Event(0.0, incidents.SetFault("acme", lost)), Event(60.0, incidents.ClearFaults("acme", "slack")))
    return script.scenario(name, tenant, (*more, *events), window=4)


def faulty(vendor: str, kind: str) -> list[Event]:
    """The fault at several times, with what it needs to know."""
    dice = Random(kind)
    draw_one = {"slack": mishaps.slack_fault, "teams": mishaps.teams_fault, "lrs": mishaps.lrs_fault}[vendor]
    return [
        Event(at_s, incidents.SetFault("acme", msgspec.structs.replace(draw_one(kind, at_s, dice), skip=0)))
        for at_s in (0.0, 25.0, 1750.0)
    ]


AMBIGUOUS = (
    ("reset_before_commit", ""),
    ("reset_after_commit", ""),
    ("truncated_after_commit", ""),
    ("status_after_commit", "504"),
    ("late_commit", "12"),
    ("slow", "31"),
)
POSTS = 700
"""At each of three places; most are doubtful at least once."""


def flood() -> Scenario:
    """Every kind of doubtful outcome, at random, over channels of both vendors and notifications. A notification is
    sent again after each, and may be in doubt eight times in a row: what is looked at is not how often we try."""
    tenant = make_tenant(
        "acme",
        Route(name="posts", when=("completed",), to="slack", audience=Audience(course_channel=True)),
        Route(name="teams", when=("completed",), to="teams", audience=Audience(course_channel=True)),
        Route(name="notified", when=("graded",), to="teams", audience=Audience(learner=True), attempts_max=100),
    )
    script = Script("flood")
    for number in range(POSTS):
        who, course = LEARNERS[number % len(LEARNERS)], COURSES[number % 2]
        at_s, what = 1 + number // 2, f"item{number}"
        script.at(
            at_s,
            fact("activity_completed", who, at_s, what=what, course=course),
            fact("graded", who, at_s, "70", what=what, course=course),
        )
    places = (("slack", "chat.postMessage"), ("teams", "channelMessages.post"), ("teams", "sendActivityNotification"))
    events = [
        Event(
            0.0,
            incidents.SetFault(
                "acme", Fault(kind=kind, vendor=vendor, operation=on, value=value, times=0, chance=0.08)
            ),
        )
        for vendor, on in places
        for kind, value in AMBIGUOUS
    ]
    ends_s = 20_000.0
    return script.scenario("flood", tenant, (*events, Event(ends_s, incidents.ClearFaults("acme", "slack"))), window=32)


OUTAGE_S = 72 * 3600.0
WAITING = 200
OUTAGE_BEGINS_S = 10.0


def long_outage(flavour: str) -> Scenario:
    """Three days without Slack, and so many posts to one channel when it comes back."""
    audience = Audience(channel="C0GENERAL1")
    tenant = make_tenant("acme", Route(name="posts", when=("completed",), to="slack", audience=audience))
    name = f"outage {flavour}"
    script = Script(name)
    for number in range(WAITING):
        at_s = 20 + number
        script.at(at_s, fact("activity_completed", LEARNERS[number % len(LEARNERS)], at_s, what=f"item{number}"))
    return script.scenario(
        name, tenant, (Event(OUTAGE_BEGINS_S, incidents.Outage("acme", "slack", flavour, OUTAGE_S)),), window=32
    )


def letters() -> Scenario:
    """A channel refuses us for a while. What died is replayed three times in a row, with a death in between, and once
    more when all is delivered."""
    audience = Audience(channel="C0GENERAL1")
    tenant = make_tenant("acme", Route(name="posts", when=("completed",), to="slack", audience=audience))
    script = Script("letters")
    for number in range(20):
        at_s = 1 + number
        script.at(at_s, fact("activity_completed", LEARNERS[number % len(LEARNERS)], at_s, what=f"item{number}"))
    kicked = Fault(kind="kicked", vendor="slack", times=0)
    lost = Fault(kind="reset_after_commit", vendor="slack", operation="chat.postMessage", times=3, skip=2)
    again = incidents.Replay("acme/slack")
    events = (
        Event(0.0, incidents.SetFault("acme", kicked)),
        Event(100.0, incidents.ClearFaults("acme", "slack")),
        Event(101.0, incidents.SetFault("acme", lost)),
        Event(110.0, again),
        Event(110.5, again),
        Event(113.0, incidents.Kill()),
        Event(1200.0, again),
        Event(2000.0, again),
    )
    return script.scenario("letters", tenant, events, window=8)


def regrets() -> Scenario:
    """What is voided was delivered, waits, was told by two, replaced something that waited, was told before something
    older, comes in one request with what voids it, or is on its way; and some is told anew."""
    tenant = make_tenant(
        "acme",
        Route(
            name="posts", when=("completed", "completion_undone"), to="slack", audience=Audience(channel="C0GENERAL1")
        ),
        Route(name="grades", when=("graded", "role_changed"), to="slack", audience=Audience(channel="C0GRADES01")),
        LAKE,
    )
    script = Script("regrets")
    done = script.at(1, *(fact("activity_completed", who, 1) for who in LEARNERS[:3]))
    twice = script.at(2, fact("activity_completed", "ben", 2))
    script.voided_at(20, done[0], done[1])  # the second was told by two
    script.voided_at(25, *twice)
    old = script.at(101, fact("graded", "ada", 101, "70"), fact("activity_completed", "dan", 101))
    new = script.at(102, fact("graded", "ada", 102, "85"), fact("role_changed", "dan", 102, "teacher"))
    script.at(103, fact("role_changed", "dan", 90, "student"))
    script.voided_at(105, old[1], *new)
    both = [script.tell(fact("activity_completed", "fay", 106))]
    script.offer("acme", 106, [*both, script.void(both[0], 106)])
    script.at(201, fact("graded", "ada", 102, "58"), fact("activity_completed", "ada", 1))
    late = script.at(301, fact("activity_completed", "eve", 301))
    script.voided_at(301.5, *late)
    events = (
        Event(100.0, incidents.Pause("acme/slack", 60.0)),
        Event(
            300.0,
            incidents.SetFault("acme", Fault(kind="slow", vendor="slack", operation="chat.postMessage", value="5")),
        ),
    )
    return script.scenario("regrets", tenant, events, window=8)
