"""The words after ``check``: what a value must be once it has been transformed. ``CHECKS`` is the whole set."""

import re
from collections.abc import Callable

import msgspec

from actors.domain.mapping import moments
from actors.domain.mapping.flaws import Unfit, enumerated
from actors.domain.mapping.values import bounds_of, is_email, text_of

Test = Callable[[object, int], None]
"""(value, now_us) → nothing; raises Unfit."""

MATCHED_CHARS_MAX = 1_000
PATTERN_CHARS_MAX = 300


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """``make`` raises ValueError for an argument it does not take."""

    name: str
    does: str
    make: Callable[[str], Test]
    argument: str = ""


def _email(argument: str) -> Test:
    def check(value: object, now_us: int) -> None:
        if not (isinstance(value, str) and is_email(value)):
            raise Unfit("this is no e-mail address in lower case")

    return check


def _nonempty(argument: str) -> Test:
    def check(value: object, now_us: int) -> None:
        if isinstance(value, str | list | dict) and not (value.strip() if isinstance(value, str) else value):
            raise Unfit("this may not be empty")

    return check


def _size(value: object) -> float:
    """A number's value, else how long it is."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str | list | dict):
        return len(value)
    raise Unfit("this is neither a number nor a text")


def _max(argument: str) -> Test:
    limit = _limit(argument)

    def check(value: object, now_us: int) -> None:
        if _size(value) > limit:
            raise Unfit(f"this is more than {argument}")

    return check


def _min(argument: str) -> Test:
    limit = _limit(argument)

    def check(value: object, now_us: int) -> None:
        if _size(value) < limit:
            raise Unfit(f"this is less than {argument}")

    return check


def _limit(argument: str) -> float:
    try:
        limit = float(argument)
    except ValueError:
        raise ValueError("a number is needed after the colon") from None
    if limit != limit:
        raise ValueError("a number is needed after the colon")
    return limit


def _range(argument: str) -> Test:
    low, high = bounds_of(argument)

    def check(value: object, now_us: int) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise Unfit(f"this is no number from {low:g} to {high:g}")

    return check


def _match(argument: str) -> Test:
    if len(argument) > PATTERN_CHARS_MAX:
        raise ValueError(f"a pattern has at most {PATTERN_CHARS_MAX} characters")
    try:
        pattern = re.compile(argument)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"this is no pattern: {error}") from None

    def check(value: object, now_us: int) -> None:
        text = text_of(value)
        if len(text) > MATCHED_CHARS_MAX or pattern.fullmatch(text) is None:
            raise Unfit(f"this is not of the form {argument}")

    return check


def _oneof(argument: str) -> Test:
    words = frozenset(word.strip() for word in argument.split(","))

    def check(value: object, now_us: int) -> None:
        if text_of(value) not in words:
            raise Unfit(f"this is none of {enumerated(words)}")

    return check


def _past(argument: str) -> Test:
    def check(value: object, now_us: int) -> None:
        if not isinstance(value, str) or not (moments.is_moment(value) or moments.is_date(value)):
            raise Unfit('this is no moment: as = "moment"')
        if moments.before(moments.tomorrow(moments.now_text(now_us)), value):
            raise Unfit("this lies in the future")

    return check


def _moment(argument: str) -> Test:
    def check(value: object, now_us: int) -> None:
        if not isinstance(value, str) or not moments.is_moment(value):
            raise Unfit('this is no moment in UTC: as = "moment"')

    return check


CHECKS: dict[str, Check] = {
    each.name: each
    for each in (
        Check(name="email", does="an address in lower case", make=_email),
        Check(name="nonempty", does="not an empty text, list or table", make=_nonempty),
        Check(name="max", argument="N", does="a number of at most N; a text or list of at most that length", make=_max),
        Check(
            name="min", argument="N", does="a number of at least N; a text or list of at least that length", make=_min
        ),
        Check(name="range", argument="LOWEST:HIGHEST", does="a number from the one to the other", make=_range),
        Check(name="match", argument="PATTERN", does="a text that the regular expression matches whole", make=_match),
        Check(name="oneof", argument="A,B,…", does="one of these words", make=_oneof),
        Check(name="past", does="a moment or day not in the future (a day's grace for clocks)", make=_past),
        Check(name="moment", does="a moment in UTC", make=_moment),
    )
}
