"""What a seed stands for: tenants with their routes, a stream of requests, and what goes wrong when. Only data comes
out of here; the same seed always draws the same."""

from datetime import UTC, datetime
from random import Random

import msgspec
from world import EPOCH_US, SETTINGS

from actors.ports import NewStatement
from actors.targets import discover
from config.model import Audience, Connection, Digest, Route, Tenant
from config.routes import Retry
from tests.simulation import facts, mishaps, trials
from tests.simulation.facts import Fact
from tests.simulation.incidents import Incident

TEAM = "11111111-0000-4000-8000-00000000000{}"
CHANNEL = "19:channel{}@thread.tacv2"
SLACK_CHANNELS = ("C0GENERAL1", "C0GRADES01", "C0LEARNING1")
LAKE = Route(name="lake", when=("statement",), to="lrs")
"""Every statement goes to another LRS too."""
HOUR_S = 3600.0


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A request of a sender, repeated until it is accepted."""

    at_s: float
    tenant: str
    correlation_id: str
    batch: tuple[NewStatement, ...]


class Event(msgspec.Struct, frozen=True):
    """Something goes wrong (or an operator does something); at a negative time, before the process starts."""

    at_s: float
    incident: Incident


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """``seed`` names it; ``chance`` decides what is left to chance while it is played (scenarios that only differ in
    what goes wrong have it in common); ``told`` finds the fact behind a statement by its id."""

    seed: object
    chance: object
    tenants: dict[str, Tenant]
    window: int
    latency_s: float
    offers: tuple[Offer, ...]
    events: tuple[Event, ...]
    told: dict[str, Fact]
    ends_s: float


def draw(seed: object) -> Scenario:
    """A random one."""
    dice = Random(f"scenario of {seed}")
    tenants = {name: draw_tenant(name, dice) for name in ("acme", "birch")[: 1 + (dice.random() < 0.25)]}
    ends_s = dice.choice((60.0, 600.0, HOUR_S, HOUR_S, 6 * HOUR_S))
    stream = Stream(dice, ends_s)
    for name in tenants:
        stream.write(name, dice.choice((3, 8, 15, 30, 60)))
    events = [
        Event(round(dice.uniform(0, ends_s), 3), mishaps.draw_incident(tenants, dice, ends_s))
        for _ in range(dice.choice((0, 3, 6, 12, 20)))
    ]
    tenants, more = draw_lakes(tenants, Random(f"lakes of {seed}"), ends_s)
    events += more
    tenants, more = draw_pilots(tenants, Random(f"pilots of {seed}"), ends_s)
    events += more
    return Scenario(
        seed=seed,
        chance=seed,
        tenants=tenants,
        window=dice.choice((1, 2, 8, 32)),
        latency_s=dice.choice((0.001, 0.02, 0.1)),
        offers=tuple(sorted(stream.offers, key=lambda offer: offer.at_s)),
        events=tuple(sorted(events, key=lambda event: event.at_s)),
        told=stream.told,
        ends_s=ends_s,
    )


# ── who is told, and where ───────────────────────────────────────────────────────────────────────────


def draw_tenant(name: str, dice: Random) -> Tenant:
    words = sorted({word for kind in facts.WORDS.values() for word in kind})
    routes = []
    for number in range(dice.randint(2, 6)):
        to = dice.choice(("slack", "teams"))
        routes.append(
            Route(
                name=f"route{number}",
                when=tuple(dice.sample(words, dice.randint(1, 4))),
                to=to,
                audience=draw_audience(to, dice),
                doubtful=dice.choice(("park", "park", "resend")),
                attempts_max=dice.choice((2, 3, 8)),
                **draw_manner(dice),
            )
        )
    return make_tenant(name, *routes)


def draw_lakes(tenants: dict[str, Tenant], dice: Random, ends_s: float) -> tuple[dict[str, Tenant], list[Event]]:
    """Half of the tenants forward to another LRS, where things go wrong too."""
    drawn: dict[str, Tenant] = {}
    events = []
    for name, tenant in tenants.items():
        lake = dice.random() < 0.5
        drawn[name] = msgspec.structs.replace(tenant, routes=(*tenant.routes, LAKE)) if lake else tenant
        for _ in range(dice.choice((0, 1, 3, 6)) if lake else 0):
            incident = mishaps.draw_incident_of_lrs(name, dice, ends_s)
            events.append(Event(round(dice.uniform(0, ends_s), 3), incident))
    return drawn, events


def draw_pilots(tenants: dict[str, Tenant], dice: Random, ends_s: float) -> tuple[dict[str, Tenant], list[Event]]:
    """Some of the tenants try some of their routes on some people first."""
    drawn = dict(tenants)
    events = []
    for name, tenant in tenants.items():
        if dice.random() < trials.SHARE:
            drawn[name] = trials.tried(tenant, dice)
            events += [Event(round(at_s, 3), act) for at_s, act in trials.acts(name, dice, ends_s)]
    return drawn, events


def draw_manner(dice: Random) -> dict[str, object]:
    """How a route sends what it sends: mostly at once."""
    manner: dict[str, object] = {"changed": dice.choice(("post", "post", "update"))}
    match dice.choice(("at once",) * 6 + ("digest", "quiet", "impatient", "sla")):
        case "digest":
            manner["mode"] = Digest(digest=dice.choice(("*/10 * * * *", "0 * * * *", "0 8 * * *")))
        case "quiet":
            manner["quiet_hours"] = dice.choice(("20:00-07:00", "08:00-10:00"))
        case "impatient":
            manner["retry"] = Retry(age_max=dice.choice(("30s", "10m", "2h")))
        case "sla":
            manner["sla"] = dice.choice(("1s", "30s", "1h"))
    return manner


def draw_audience(to: str, dice: Random) -> Audience:
    match dice.choice(("channel", "channel", "learner", "course")):
        case "learner":
            return Audience(learner=True)
        case "course":
            return Audience(course_channel=True)
        case _ if to == "slack":
            return Audience(channel=dice.choice(SLACK_CHANNELS))
        case _:
            number = dice.randint(1, 2)
            return Audience(team=TEAM.format(number), channel=CHANNEL.format(number))


def make_tenant(name: str, *routes: Route, **more: object) -> Tenant:
    """A tenant whose vendors are its own (by the host's name), with channels for two of the three courses."""
    slack = {
        **SETTINGS["slack"],
        "api_url": f"http://{name}.test/slack/api/",
        "course_channels": {code: f"C0{code}AAA" for code in facts.COURSES[:2]},
    }
    teams = {
        **SETTINGS["teams"],
        "graph_url": f"http://{name}.test/graph/v1.0/",
        "login_url": f"http://{name}.test/entra/",
        "course_channels": {
            code: {"team": TEAM.format(index + 5), "channel": CHANNEL.format(code)}
            for index, code in enumerate(facts.COURSES[:2])
        },
    }
    lrs = {**SETTINGS["lrs"], "endpoint": f"http://{name}.test/lrs/xapi/"}
    targets = {
        kind: Connection(name=kind, kind=kind, settings=msgspec.convert(given, discover()[kind].settings))
        for kind, given in (("slack", slack), ("teams", teams), ("lrs", lrs))
    }
    return Tenant(name=name, timezone="Europe/Berlin", locale="en-GB", targets=targets, routes=tuple(routes), **more)


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────


class Stream:
    """Facts in the order they happen, told in batches: some twice, some in other words, some in another order."""

    def __init__(self, dice: Random, ends_s: float) -> None:
        self.offers: list[Offer] = []
        self.told: dict[str, Fact] = {}
        self.made: dict[str, NewStatement] = {}
        self._dice = dice
        self._ends_s = ends_s
        self._ids = 0
        self._requests = 0

    def write(self, tenant: str, count: int) -> None:
        dice = self._dice
        statements = []
        for at_s in sorted(dice.uniform(0, self._ends_s) for _ in range(count)):
            fact = self.happens(at_s)
            statements.append(self.tell(fact))
            if dice.random() < 0.15:
                statements.append(self.tell(fact))  # the same in other words
        self.request(tenant, statements)

    def request(self, tenant: str, statements: list[NewStatement]) -> None:
        """In batches, at random times after the last thing in them happened; neighbours may change places."""
        dice = self._dice
        while statements:
            size = dice.choice((1, 1, 1, 2, 5, 20))
            batch, statements = statements[:size], statements[size:]
            late_s = dice.choice((0.0, 0.0, 0.0, 1.0, 60.0))
            at_s = max(self.told[each.id].at_s for each in batch) + late_s
            if dice.random() < 0.1:
                dice.shuffle(batch)
            self.offer(tenant, at_s, batch)
            if dice.random() < 0.25:
                self.regret(tenant, at_s, dice.choice(batch))
            if dice.random() < 0.1:  # the sender did not hear us, or thinks so
                self.offer(tenant, at_s + dice.choice((0.0, 5.0, 600.0)), batch)

    def regret(self, tenant: str, at_s: float, wrong: NewStatement) -> None:
        """It is voided: before it comes, at once, while it may be on its way, or later; in one request with what is
        told in its place, or before that; by two; and the voiding one may be voided, to no avail."""
        dice = self._dice
        after_s = dice.choice((-0.5, 0.0, 0.01, 0.05, 0.2, 1.0, 2.0, 10.0, 60.0, 600.0, 3600.0))
        at_s = max(0.0, at_s + after_s)
        fact = self.told[wrong.id]
        batch = [self.void(wrong, at_s)]
        match dice.choice(("only", "only", "only", "anew", "anew", "same", "two", "voided", "all")):
            case "anew":  # the same moment, told right
                value = str(dice.choice((58, 70, 90))) if fact.kind == "graded" else fact.value
                batch.append(self.tell(msgspec.structs.replace(fact, value=value)))
            case "same":
                self.offer(tenant, at_s + dice.choice((0.0, 0.05, 60.0)), [self.tell(fact)])
            case "two":
                self.offer(tenant, at_s + dice.choice((0.0, 60.0)), [self.void(wrong, at_s)])
            case "voided":
                self.offer(tenant, at_s + dice.choice((0.0, 60.0)), [self.void(batch[0], at_s)])
            case "all":  # and all that told the same
                others = [each for each, same in self.told.items() if same == fact and each != wrong.id]
                batch += [self.void(self.made[each], at_s) for each in others]
        self.offer(tenant, at_s, batch)

    def void(self, wrong: NewStatement, at_s: float) -> NewStatement:
        """A statement that voids it."""
        dice = self._dice
        learner = dice.choice(("registrar", self.told[wrong.id].learner, *facts.NAMELESS))
        return self.tell(
            Fact(
                kind="voiding",
                learner=learner,
                course="",
                what="",
                value=wrong.id,
                at=moment(int(at_s)),
                at_s=int(at_s),
            )
        )

    def offer(self, tenant: str, at_s: float, batch: list[NewStatement]) -> None:
        self._requests += 1
        corr = f"{tenant}-{self._requests}"
        self.offers.append(Offer(at_s=round(at_s, 3), tenant=tenant, correlation_id=corr, batch=tuple(batch)))

    def happens(self, at_s: float) -> Fact:
        dice = self._dice
        kinds = ("activity_completed", "completion_undone", "graded", "graded", *facts.WORDS, "unknown_verb", "group")
        kind = dice.choice(kinds)
        learner = dice.choice((*facts.LEARNERS[:3], *facts.LEARNERS, *facts.STRANGERS, facts.NAMELESS[0]))
        value = {
            "graded": str(dice.choice((70, 80, 85, 85.5))),
            "completion_undone": "incomplete",
            "activity_completed": "complete",
            "course_completed": "complete",
            "role_changed": dice.choice(("teacher", "student")),
        }.get(kind, kind)
        at = moment(int(at_s))
        if kind == "submitted":
            value = at
        what, course = dice.choice(("quiz", "essay")), dice.choice((*facts.COURSES[:2], *facts.COURSES))
        return Fact(kind=kind, learner=learner, course=course, what=what, value=value, at=at, at_s=int(at_s))

    def tell(self, fact: Fact) -> NewStatement:
        self._ids += 1
        made = f"00000000-0000-4000-8000-{self._ids:012d}"
        self.told[made] = fact
        body = msgspec.json.encode({"id": made, **facts.told(fact, self._dice)})
        new = NewStatement(id=made, body=body, digest=b"", timestamp=fact.at, given_id=True, voids=fact.voids)
        self.made[made] = new
        return new


def moment(at_s: int) -> str:
    """When that was, as statements write it."""
    return datetime.fromtimestamp(EPOCH_US // 1_000_000 + at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
