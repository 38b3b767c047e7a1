"""How often an entity's canonical value changed, so that a change that is told again is known again.

80, 85, 80 are three changes, whoever tells them, how often and in which order: told once more they are still the
first, the second and the third. What decides is the event's own time. The value in force is always that of the latest
event told; an older one that was not known yet did happen and gets a number of its own, but it is overtaken.

A second source's clock may differ by a little: its time still lies between the neighbours of the change it tells, so
that the value in force at that time, or the one that follows, is the one meant.

What was told may be taken back (``retract``): then it never was in force, but its number is not given again.
"""

from bisect import bisect_right
from typing import Literal

import msgspec

EARLIER_MAX = 32
NEVER_US = -(2**62)
"""Before everything."""

News = Literal["new", "repeated", "overtaken"]


class Earlier(msgspec.Struct, frozen=True, array_like=True):
    """A value that was in force at that time (microseconds since the epoch, UTC)."""

    at_us: int
    value: str
    occurrence: int


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an entity. ``at_us``: the latest event that told this value (when it came into force, if that
    was earlier, stands last in ``earlier``); ``top``: the highest number ever given; ``earlier``: by time, newest last,
    ``EARLIER_MAX`` at most."""

    value: str
    occurrence: int
    at_us: int
    top: int
    earlier: tuple[Earlier, ...] = ()


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The number of the change that was told, what is known now, and whether the change was known already
    (``repeated``) or is older than what is known (``overtaken``)."""

    occurrence: int
    known: Known
    news: News


def count(known: Known | None, value: str, at_us: int) -> Counted:
    """What it means that ``value`` is told to have come into force at ``at_us``. Of events with the same time, the
    one told later is the later one. (A time after that of acceptance is for the caller to correct.)"""
    if known is None or known.occurrence == 0:
        number = 1 if known is None else known.top + 1
        now = Known(value=value, occurrence=number, at_us=at_us, top=number)
        return Counted(occurrence=number, known=now, news="new")
    if at_us < known.at_us:
        return _late(known, value, at_us)
    if value == known.value:
        return Counted(occurrence=known.occurrence, known=_confirmed(known, at_us), news="repeated")
    number = known.top + 1
    earlier = _latest((*known.earlier, _current(known)))
    now = Known(value=value, occurrence=number, at_us=at_us, top=number, earlier=earlier)
    return Counted(occurrence=number, known=now, news="new")


def retract(known: Known, occurrence: int) -> Known | None:
    """What is known without the change of this number; None where that is what is known now. With nothing left, the
    value is empty and has the number 0: whatever is told next is news."""
    line = [*known.earlier, _current(known)]
    kept = tuple(entry for entry in line if entry.occurrence != occurrence)
    if len(kept) == len(line):
        return None
    if not kept:
        return Known(value="", occurrence=0, at_us=NEVER_US, top=known.top)
    last = kept[-1]
    return Known(value=last.value, occurrence=last.occurrence, at_us=last.at_us, top=known.top, earlier=kept[:-1])


def correct(known: Known, occurrence: int, value: str) -> Counted | None:
    """The value in force, of this number, is taken back, and ``value`` is told in its place: a change of its own, as of
    the time of the one that it corrects. So what is told anew of that time is later. None where that number is not in
    force: something newer is known, and nothing needs to be told."""
    if known.occurrence != occurrence:
        return None
    began_us = next((entry.at_us for entry in known.earlier if entry.occurrence == occurrence), known.at_us)
    kept = tuple(entry for entry in known.earlier if entry.occurrence != occurrence)
    number = known.top + 1
    now = Known(value=value, occurrence=number, at_us=began_us, top=number, earlier=kept)
    return Counted(occurrence=number, known=now, news="new")


def _late(known: Known, value: str, at_us: int) -> Counted:
    """Told when something later was known already."""
    line = (*known.earlier, _current(known))
    place = bisect_right(line, at_us, key=lambda entry: entry.at_us)
    same_time = (entry for entry in line if entry.at_us == at_us)
    for entry in (*same_time, *line[max(place - 1, 0) : place + 1]):
        if entry.value == value:
            return Counted(occurrence=entry.occurrence, known=known, news="repeated")
    number = known.top + 1
    earlier = (*known.earlier[:place], Earlier(at_us, value, number), *known.earlier[place:])
    now = msgspec.structs.replace(known, top=number, earlier=_latest(earlier))
    return Counted(occurrence=number, known=now, news="overtaken")


def _confirmed(known: Known, at_us: int) -> Known:
    """Still the same value: what is told late from the time in between cannot be in force any more."""
    if at_us == known.at_us:
        return known
    began = bool(known.earlier) and known.earlier[-1].occurrence == known.occurrence
    earlier = known.earlier if began else _latest((*known.earlier, _current(known)))
    return msgspec.structs.replace(known, at_us=at_us, earlier=earlier)


def _current(known: Known) -> Earlier:
    return Earlier(known.at_us, known.value, known.occurrence)


def _latest(entries: tuple[Earlier, ...]) -> tuple[Earlier, ...]:
    return entries[-EARLIER_MAX:]
