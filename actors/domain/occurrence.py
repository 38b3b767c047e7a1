"""Counting how often an entity's canonical value changed, whatever order it is told in. (First cut: being replaced.)"""

from typing import Literal

import msgspec

EARLIER_MAX = 32


class Earlier(msgspec.Struct, frozen=True, array_like=True):
    """A value that was in force from ``at_us`` on."""

    at_us: int
    value: str
    occurrence: int


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An entity's state: its value, that value's number and time, the highest number given, what it was before."""

    value: str
    occurrence: int
    at_us: int
    top: int
    earlier: tuple[Earlier, ...] = ()


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What a change counts as, and the state after it."""

    occurrence: int
    known: Known
    news: Literal["new", "repeated", "overtaken"]


def count(known: Known | None, value: str, at_us: int) -> Counted:
    if known is None:
        fresh = Known(value=value, occurrence=1, at_us=at_us, top=1)
        return Counted(occurrence=1, known=fresh, news="new")
    if value == known.value:
        return Counted(occurrence=known.occurrence, known=known, news="repeated")
    if at_us >= known.at_us:
        top = known.top + 1
        earlier = (*known.earlier, Earlier(known.at_us, known.value, known.occurrence))[-EARLIER_MAX:]
        fresh = Known(value=value, occurrence=top, at_us=at_us, top=top, earlier=earlier)
        return Counted(occurrence=top, known=fresh, news="new")
    before = [each for each in known.earlier if each.at_us <= at_us]
    after = [each for each in known.earlier if each.at_us > at_us]
    for each in (*before[-1:], *after[:1]):
        if each.value == value:
            return Counted(occurrence=each.occurrence, known=known, news="repeated")
    top = known.top + 1
    earlier = (*before, Earlier(at_us, value, top), *after)[-EARLIER_MAX:]
    return Counted(occurrence=top, known=msgspec.structs.replace(known, top=top, earlier=earlier), news="overtaken")
