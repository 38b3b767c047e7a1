"""Alarms: what somebody should be told of without asking. When one begins, is told again, and is over (pure).

An alarm is looked for again and again, and is a fact only while it is found. It begins when it was found for as long
as its kind has to last (a vendor's hiccup is nobody's business), and is over when it was not found for a quarter of an
hour, so that what comes and goes is one alarm and not twenty. It is told when it begins, when it has become ten times
as much, each day while it lasts, and when it is over.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from actors.domain.changes import Change
from actors.domain.people import Learner
from config.alerts import AlarmKind

CLEAR_US = 15 * 60_000_000
GROWN = 10
KEPT_MAX = 1_000
"""Alarms at once; what is beyond them is found again when there is room."""
WORDS_CHARS_MAX = 1_000
NOBODY = Learner(key="")

Severity = Literal["warning", "critical"]
Turn = Literal["begun", "again", "over"]


class Trait(msgspec.Struct, frozen=True):
    """Of a kind: its title, how bad it is, and how long it has to last before anybody is told."""

    title: str
    severity: Severity
    after_s: float


TRAITS: Mapping[AlarmKind, Trait] = {
    "late": Trait("A route does not keep its promise", "critical", 0.0),
    "dead_letters": Trait("Deliveries wait for a person", "warning", 0.0),
    "suspended": Trait("A vendor takes our credentials no longer", "critical", 0.0),
    "outage": Trait("A vendor is out", "warning", 600.0),
    "backlog": Trait("A backlog is growing", "warning", 600.0),
    "errors": Trait("More goes wrong than usual", "warning", 0.0),
    "token": Trait("An account or a secret needs somebody", "critical", 0.0),
    "source": Trait("A source cannot be read", "warning", 900.0),
    "silent": Trait("A source is silent", "warning", 0.0),
    "brake": Trait("The brake is engaged", "critical", 0.0),
    "loss": Trait("Something that was accepted is unaccounted for", "critical", 0.0),
    "disk": Trait("The disk is filling up", "critical", 0.0),
    "store": Trait("The store does not write", "critical", 30.0),
    "actor": Trait("A part of the daemon is down", "critical", 60.0),
}


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Found now. ``subject``: the lane, route, source or place; ``tenant`` empty: the daemon itself. ``weight``: how
    much of it there is. ``command``: what helps, to be typed. ``title``: instead of what its kind is called."""

    kind: AlarmKind
    subject: str
    words: str
    command: str
    tenant: str = ""
    weight: int = 1
    title: str = ""

    @property
    def key(self) -> str:
        return f"{self.kind}|{self.subject}"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm over time. ``no``: its number since it was told first, 0 while it was not; ``times``: how often it was
    told; ``told_weight`` as it was then. Times in microseconds since the epoch."""

    alarm: Alarm
    first_us: int
    seen_us: int
    no: int = 0
    times: int = 0
    told_us: int = 0
    told_weight: int = 0


class News(msgspec.Struct, frozen=True):
    """To be told: what turn an alarm has taken."""

    turn: Turn
    standing: Standing


class Judged(msgspec.Struct, frozen=True):
    """``standings``: all that go on, by key."""

    standings: Mapping[str, Standing]
    news: Sequence[News]


def judge(
    before: Mapping[str, Standing],
    found: Iterable[Alarm],
    now_us: int,
    repeat_us: Callable[[Alarm], int],
    last_no: int,
) -> Judged:
    """What becomes of those that stood ``before`` with what is ``found`` now. ``repeat_us``: how often one that lasts
    is told again; ``last_no``: the highest number there was."""
    standings: dict[str, Standing] = {}
    news: list[News] = []
    seen = {alarm.key: alarm for alarm in found}
    for key, alarm in seen.items():
        if key not in before and len(standings) >= KEPT_MAX:
            continue
        former = before.get(key, Standing(alarm=alarm, first_us=now_us, seen_us=now_us))
        standing = msgspec.structs.replace(
            former,
            alarm=alarm,
            seen_us=now_us,
            first_us=min(former.first_us, now_us),
            told_us=min(former.told_us, now_us),  # by a clock that was ahead then it would not be told for years
        )
        turn = _turn(standing, now_us, repeat_us(alarm))
        if turn is not None:
            last_no += turn == "begun"
            standing = msgspec.structs.replace(
                standing,
                no=standing.no or last_no,
                times=standing.times + 1,
                told_us=now_us,
                told_weight=alarm.weight,
            )
            news.append(News(turn, standing))
        standings[key] = standing
    for key, standing in before.items():
        if key in seen:
            continue
        seen_us = min(standing.seen_us, now_us)
        if now_us - seen_us < CLEAR_US and standing.no:
            standings[key] = msgspec.structs.replace(standing, seen_us=seen_us)
        elif standing.no:
            news.append(News("over", standing))
    return Judged(standings, news)


def _turn(standing: Standing, now_us: int, repeat_us: int) -> Turn | None:
    if not standing.no:
        return "begun" if now_us - standing.first_us >= TRAITS[standing.alarm.kind].after_s * 1e6 else None
    grown = standing.alarm.weight >= GROWN * max(1, standing.told_weight)
    return "again" if grown or now_us - standing.told_us >= repeat_us else None


class AlarmCard(Change, frozen=True, kw_only=True, omit_defaults=True, tag="alarm"):
    """An alarm as it is posted. What is told again is a new post; that it is over is written into the last one."""

    no: int
    times: int
    about: AlarmKind
    alarm: str
    """What it is about: a lane, a route, a source, a place."""
    severity: Severity
    turn: Turn
    title: str
    text: str
    command: str
    since: str
    aspect = "alarm"
    standing = True

    @property
    def entity(self) -> str:
        """Since when is part of it: a store that was put back, or begun anew, counts again from an earlier number, and
        whoever knows deliveries by their id would take another alarm of that number for one that was told."""
        return f"{self.aspect}|{self.no}|{self.times}|{self.since}"

    @property
    def value(self) -> str:
        return self.turn


def card(news: News, at: str, since: str) -> AlarmCard:
    """``at`` and ``since``: now, and when it was found first, RFC 3339."""
    standing, alarm = news.standing, news.standing.alarm
    trait = TRAITS[alarm.kind]
    title = alarm.title or trait.title
    said = {"begun": title, "again": f"Still: {title}", "over": f"Over: {title}"}[news.turn]
    return AlarmCard(
        learner=NOBODY,
        at=at,
        no=standing.no,
        times=standing.times,
        about=alarm.kind,
        alarm=alarm.subject,
        severity=trait.severity,
        turn=news.turn,
        title=f"{said}: {alarm.subject}" if alarm.subject else said,
        text=alarm.words[:WORDS_CHARS_MAX],
        command="" if news.turn == "over" else alarm.command,
        since=since,
    )
