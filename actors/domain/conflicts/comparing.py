"""Whether two sources say the same of a field, however each spells it (pure)."""

import unicodedata
from datetime import UTC, date, timedelta
from typing import assert_never

from actors.domain.conflicts.fixes import Field
from actors.domain.speech import moment_of

TO = " – "
"""Between the days of two dates; either may be missing."""


def differ(field: Field, one: str, other: str) -> bool:
    """Whether these values of one field contradict."""
    match field:
        case "name":
            return sorted(_letters(one)) != sorted(_letters(other))
        case "email" | "role" | "status":
            return one.casefold() != other.casefold()
        case "dates":
            (a, _, b), (c, _, d) = one.partition(TO), other.partition(TO)
            return _other_day(a, c, end=False) or _other_day(b, d, end=True)
        case _ as never:
            assert_never(never)


def _letters(name: str) -> list[str]:
    """``Doe, Jane`` and ``Jane Doe`` are one name."""
    return unicodedata.normalize("NFKC", name).casefold().replace(",", " ").split()


def _other_day(one: str, other: str, *, end: bool) -> bool:
    """What is not told contradicts nothing; a moment is the day that is nearest to it."""
    return bool(one and other) and _day(one, end=end) != _day(other, end=end)


def _day(text: str, *, end: bool) -> str:
    try:
        if len(text) == len("2026-01-01"):
            return (date.fromisoformat(text) + timedelta(days=int(end))).isoformat()
    except ValueError:
        return text
    moment = moment_of(text)
    return text if moment is None else (moment.astimezone(UTC) + timedelta(hours=12)).date().isoformat()
