"""The brake: whether more is missing than may be taken away without asking a person (pure).

A reading is judged as a whole. Where one kind of thing would lose too much, nothing at all is taken away: what depends
on it would else be gone while it stands, or it would stand without what it depends on, and who lacks much of one kind
is not to be believed of the others.

A part that tells nobody at all, where several were known, is not believed either, however small it is: whoever lost the
right to look at a course is often shown an empty one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from actors.domain.canonical import ENTITIES, Course
from actors.domain.harvest import Whole
from config.polling import Removals

KNOWN_MIN = 5
"""So many were known where nobody is left: fewer may well have gone together."""
KEPT_MAX = 100
"""Emptied courses that are kept in mind of one reading."""
SHOWN_MAX = 5
"""Of these, those that are named."""
_LISTED = frozenset(("user", "course"))
"""What a source always has some of, as a whole; a gradebook is emptied in the course of things."""


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """``gone`` of ``of`` would be, in this reading or (``scope``) in this course."""

    entity: str
    gone: int
    of: int
    scope: str | None = None


def once(wholes: Iterable[Whole]) -> list[Whole]:
    """Each part of what was told whole, once: whoever was told of any scope was told of each."""
    given = list(dict.fromkeys(wholes))
    everywhere = {whole.entity for whole in given if whole.scope is None}
    return [whole for whole in given if whole.scope is None or whole.entity not in everywhere]


def is_emptied(removals: Removals, whole: Whole, gone: int, of: int) -> bool:
    """Whether nobody is left of all people, or of all courses."""
    return whole.entity in _LISTED and whole.scope is None and is_nobody_left(removals, gone, of)


def is_nobody_left(removals: Removals, gone: int, of: int) -> bool:
    """Where several were known. Never with a brake that is off."""
    return removals.percent_max < 100 and gone == of >= KNOWN_MIN


def is_current(course: Course, today: str) -> bool:
    """Whether it is odd that nobody is in it: it goes on, and is not over (``today``: a date)."""
    return course.active and not (course.end and course.end[:10] < today)


def held(
    removals: Removals, missing: Mapping[str, tuple[int, int]], emptied: Sequence[Missing] = ()
) -> tuple[Missing, ...]:
    """All that would be gone where that is too much or a part is ``emptied``, else nothing. ``missing``: by entity, how
    many of how many."""
    if not emptied and not any(_is_landslide(removals, gone, of) for gone, of in missing.values()):
        return ()
    counts = ((name, *missing[name]) for name in ENTITIES if name in missing)
    found = tuple(Missing(entity=name, gone=gone, of=of) for name, gone, of in counts if gone)
    return found + tuple(one for one in emptied if one.scope is not None)[:KEPT_MAX]


def _is_landslide(removals: Removals, gone: int, of: int) -> bool:
    """All of one entity in this reading, whatever scopes it comes in."""
    return gone > removals.count_max and gone * 100 > removals.percent_max * of


def in_words(missing: Sequence[Missing]) -> str:
    """``40 of 60 enrolments would be gone``; empty: nothing would."""
    told = ", ".join(f"{one.gone} of {one.of} {one.entity}s" for one in missing if one.scope is None)
    emptied = [one for one in missing if one.scope is not None]
    parts = [f"course {one.scope}: nobody of {one.of} {one.entity}s is left" for one in emptied]
    more = [f"and {len(parts) - SHOWN_MAX} more"] if len(parts) > SHOWN_MAX else []
    return "; ".join([f"{told} would be gone", *parts[:SHOWN_MAX], *more]) if told else ""


def is_answered(braked: Iterable[Missing], judged: Collection[Whole]) -> bool:
    """Whether what was told whole since, and believed, speaks of everything that was missing."""
    told = {(whole.entity, whole.scope) for whole in judged}
    kinds = {whole.entity for whole in judged}
    return all(
        one.entity in kinds if one.scope is None else not told.isdisjoint(((one.entity, one.scope), (one.entity, None)))
        for one in braked
    )
