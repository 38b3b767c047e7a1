"""One language of several: what ``Accept-Language`` asks for, applied to each language map by itself.

A tag has the quality of the longest range that it falls under (RFC 2616 14.4: ``en`` is the range of ``en-GB``), else
that of ``*``. Where nothing that was asked for is there, kinship decides (asked for ``de-AT``, there is ``de`` or
``de-DE``), and last the order of the map itself: an entry is always chosen, because one must be returned.
"""

import re

import msgspec

from config.recall import remembered

RANGES_MAX = 50
"""So many are heeded; no browser sends more than a dozen."""
_RANGE = re.compile(
    r"[ \t]*(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)[ \t]*"
    r"(?:;[ \t]*[qQ][ \t]*=[ \t]*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?"
)


class Range(msgspec.Struct, frozen=True):
    """Languages asked for, in lower case, and how much they are wanted: 1 most, 0 not at all."""

    subtags: tuple[str, ...]
    quality: float

    @property
    def any(self) -> bool:
        return self.subtags == ("*",)


def read_ranges(header: str) -> tuple[Range, ...]:
    """Of an ``Accept-Language`` header, in its order. What is not well formed asks for nothing."""
    found = []
    for text in header.split(",", RANGES_MAX)[:RANGES_MAX]:
        if form := _RANGE.fullmatch(text):
            found.append(Range(tuple(form[1].lower().split("-")), float(form[2] or "1")))
    return tuple(found)


@remembered("xapi_words", 4096)
def chosen(tags: tuple[str, ...], ranges: tuple[Range, ...]) -> str:
    """The one of ``tags`` (at least one) that is wanted most; among equals the first."""
    ranked = [(_rank(tag, ranges), -place, tag) for place, tag in enumerate(tags)]
    return max(ranked)[2]


Rank = tuple[float, int, bool, float, int]


def _rank(tag: str, ranges: tuple[Range, ...]) -> Rank:
    """Comparable: the greater the better. What nobody asked for comes before what was refused."""
    subtags = tuple(tag.lower().split("-"))
    best, place = None, -1
    for at, one in enumerate(ranges):
        covers = one.any or subtags[: len(one.subtags)] == one.subtags
        if covers and (best is None or _closer(one, best)):
            best, place = one, at
    kin = max((_kinship(subtags, one) for one in ranges), default=(0.0, 0))
    if best is None:
        return (0.0, 0, False, *kin)
    if best.quality == 0:
        return (-1.0, 0, False, *kin)
    return (best.quality, -place, best.subtags == subtags, *kin)


def _closer(one: Range, other: Range) -> bool:
    return other.any if one.any != other.any else len(one.subtags) > len(other.subtags)


def _kinship(subtags: tuple[str, ...], one: Range) -> tuple[float, int]:
    """How much a language of the same family is wanted, and how many subtags are shared from the beginning."""
    shared = 0
    for mine, theirs in zip(subtags, one.subtags, strict=False):
        if mine != theirs:
            break
        shared += 1
    return (one.quality, shared) if shared else (0.0, 0)
