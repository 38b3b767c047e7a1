"""A conflict's facts in the language of whoever reads them: on cards and pages (pure). English is how they are kept."""

import re
from functools import cache

import msgspec

from actors.domain.conflicts.german import PHRASES, WORDS
from actors.domain.conflicts.model import Case, Conflict, ConflictKind, Event, Side
from actors.domain.conflicts.words import Language, label, say

DEPTH_MAX = 4
TEXT_CHARS_MAX = 2_000
"""A longer text is no sentence of ours."""
_OF_VALUES: frozenset[ConflictKind] = frozenset({"role_differs", "status_differs"})
_HOLE = "{}"


def spoken(text: str, language: Language) -> str:
    """What of it is ours, in this language; what is somebody's own words stays."""
    return text if language == "en" else _german(text, DEPTH_MAX)


def facts_in(conflict: Conflict, language: Language) -> Conflict:
    """The same conflict, to be read. Its fixes and its subject stay what they are."""
    if language == "en":
        return conflict
    return msgspec.structs.replace(
        conflict,
        about=_about(conflict),
        detail=spoken(conflict.detail, language),
        sides=tuple(_side(conflict.kind, side) for side in conflict.sides),
        fixes=tuple(
            msgspec.structs.replace(
                each,
                why=spoken(each.why, language),
                undoes=spoken(each.undoes, language),
                blast=msgspec.structs.replace(each.blast, note=spoken(each.blast.note, language)),
            )
            for each in conflict.fixes
        ),
    )


def event_in(event: Event, case: Case, language: Language) -> str:
    """What a line of the history says beside what happened."""
    match event.what:
        case "approved":
            fixes = [each.fix for each in case.conflict.fixes if each.fix.name == event.detail]
            return label(fixes[0], language) if len(fixes) == 1 else event.detail
        case "refused" if event.detail in ("sides", "decided"):
            return say(f"not.{event.detail}", language)
        case "rejected":
            return event.detail  # a person's words
        case _:
            return spoken(event.detail, language)


def _side(kind: ConflictKind, side: Side) -> Side:
    value = WORDS.get(side.value, side.value) if kind in _OF_VALUES else _german(side.value, DEPTH_MAX)
    return msgspec.structs.replace(side, value=value, detail=_german(side.detail, DEPTH_MAX))


def _about(conflict: Conflict) -> str:
    about = conflict.about
    if conflict.kind in ("identity_clash", "account_shared"):
        return about.replace(" and ", " und ", 1)
    what, at, where = about.rpartition(" at ")
    return f"{what} bei {where}" if at and where == conflict.lane else _german(about, DEPTH_MAX)


def _german(text: str, depth: int) -> str:
    if not text or depth == 0 or len(text) > TEXT_CHARS_MAX:
        return text
    for pattern, german in _patterns():
        if (found := pattern.fullmatch(text)) is not None:
            return german.format(*(_german(each, depth - 1) for each in found.groups()))
    head, colon, names = text.partition(": ")  # a sentence, and whom it is about
    return f"{_german(head, depth - 1)}: {names}" if colon else text


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """One hole takes as little as it can, so that what follows is found."""
    told = sorted(PHRASES, key=lambda each: -len(each[0].replace(_HOLE, "")))
    return tuple((re.compile("(.+?)".join(map(re.escape, one.split(_HOLE))), re.DOTALL), other) for one, other in told)
