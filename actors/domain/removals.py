"""The brake: whether more is missing than may be taken away without asking a person (pure).

A reading is judged as a whole. Where one kind of thing would lose too much, nothing at all is taken away: what depends
on it would else be gone while it stands, or it would stand without what it depends on, and who lacks much of one kind
is not to be believed of the others.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from actors.domain.canonical import ENTITIES
from actors.domain.harvest import Whole
from config.polling import Removals


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """``gone`` of ``of`` would be."""

    entity: str
    gone: int
    of: int


def once(wholes: Iterable[Whole]) -> list[Whole]:
    """Each part of what was told whole, once: whoever was told of any scope was told of each."""
    given = list(dict.fromkeys(wholes))
    everywhere = {whole.entity for whole in given if whole.scope is None}
    return [whole for whole in given if whole.scope is None or whole.entity not in everywhere]


def held(removals: Removals, missing: Mapping[str, tuple[int, int]]) -> tuple[Missing, ...]:
    """All that would be gone where that is too much, else nothing. ``missing``: by entity, how many of how many."""
    if not any(_is_landslide(removals, gone, of) for gone, of in missing.values()):
        return ()
    counts = ((name, *missing[name]) for name in ENTITIES if name in missing)
    return tuple(Missing(entity=name, gone=gone, of=of) for name, gone, of in counts if gone)


def _is_landslide(removals: Removals, gone: int, of: int) -> bool:
    """All of one entity in this reading, whatever scopes it comes in."""
    return gone > removals.count_max and gone * 100 > removals.percent_max * of


def in_words(missing: Sequence[Missing]) -> str:
    """``40 of 60 enrolments would be gone``; empty: nothing would."""
    told = ", ".join(f"{one.gone} of {one.of} {one.entity}s" for one in missing)
    return f"{told} would be gone" if told else ""


def named(words: str) -> frozenset[str]:
    """The entities of which these words (of ``in_words``) tell."""
    said = set(re.findall(r"\w+", words))
    return frozenset(name for name in ENTITIES if f"{name}s" in said)
