"""Times as sources write them, as the canonical model has them: moments are RFC 3339 in UTC, days are ISO dates.

Pure but for what the zone database says. Texts are remembered (a bounded number): a source says the same moments often.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from actors.domain.mapping.flaws import Unfit
from config.recall import remembered

YEAR_MIN, YEAR_MAX = 1900, 2200
_UNIX_S_MAX = 7_258_118_400
"""The year 2200."""
_MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)"
    r"(?:[T ]\s*(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|UTC|GMT|[+\-]\d\d(?::?\d\d)?)?)?",
    re.ASCII | re.IGNORECASE,
)
_CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z", re.ASCII)
_HOW = 'a moment is written 2026-08-15T06:00:00Z, with any offset; other spellings: as = "moment:%d.%m.%Y %H:%M"'
_HOW_DATE = 'a date is written 2026-08-15; other spellings: as = "date:%m/%d/%Y"'


def moment(value: object, zone: str) -> str | None:
    """A text as a moment. A day alone is its beginning; without an offset it is the time in ``zone``."""
    if not isinstance(value, str):
        raise Unfit('this is no text; seconds since 1970: as = "unix"')
    return _moment(value, zone)


def moment_as(value: object, zone: str, pattern: str) -> str | None:
    """As ``moment``, written after a pattern of strptime."""
    if not isinstance(value, str):
        raise Unfit("this is no text")
    return spelt(_parsed(value, pattern), zone)


def unix(value: object, per_second: int = 1) -> str | None:
    """Seconds (or thousandths) since 1970; 0 is how Moodle says *none*."""
    if isinstance(value, str):
        try:
            value = float(value) if len(value) <= 40 else None
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise Unfit("seconds since 1970 are a number")
    if value == 0:
        return None
    if not 0 < value / per_second <= _UNIX_S_MAX:
        hint = ': thousandths of seconds? as = "unix:ms"' if 0 < value / 1000 <= _UNIX_S_MAX else ""
        raise Unfit(f"that is not a time between 1970 and {YEAR_MAX}{hint}")
    whole, rest = divmod(round(value * (1_000_000 // per_second)), 1_000_000)
    return canonical(datetime.fromtimestamp(whole, UTC).replace(microsecond=rest))


def day(value: object, zone: str) -> str | None:
    """A date; of a moment, the day it is in ``zone``."""
    if not isinstance(value, str):
        raise Unfit(_HOW_DATE)
    return _day(value, zone)


def day_as(value: object, pattern: str) -> str | None:
    """As ``day``, written after a pattern of strptime."""
    if not isinstance(value, str):
        raise Unfit("this is no text")
    return _in_range(_parsed(value, pattern)).date().isoformat()


def days_end(value: object, zone: str) -> str | None:
    """The last second of a day in ``zone``; what is a moment already stays one."""
    if not isinstance(value, str):
        raise Unfit(_HOW_DATE)
    return _days_end(value, zone)


def is_moment(text: str) -> bool:
    """Whether it is spelt as the canonical model has it and exists."""
    if _CANONICAL.fullmatch(text) is None:
        return False
    return _exists(text)


def is_date(text: str) -> bool:
    """``2026-08-15``, a day that exists."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return False
    return _exists(text)


@remembered("mapping_values", 8192)
def _exists(text: str) -> bool:
    try:
        return YEAR_MIN <= datetime.fromisoformat(text).year <= YEAR_MAX
    except ValueError:
        return False


def spelt(when: datetime, zone: str) -> str:
    """In UTC; a naive one is the time in ``zone``."""
    if when.tzinfo is None:
        when = when.replace(tzinfo=zone_of(zone))
    try:
        return canonical(_in_range(when.astimezone(UTC)))
    except OverflowError:
        raise Unfit(_HOW) from None


def canonical(when: datetime) -> str:
    """``2026-08-15T06:00:00Z``, with a fraction where there is one."""
    text = when.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


@remembered("mapping_values", 256)
def zone_of(name: str) -> ZoneInfo:
    """Raises Unfit for a zone that is not there (the frame's have been checked)."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Unfit("there is no such time zone") from None


@remembered("mapping_values", 16384)
def _moment(text: str, zone: str) -> str | None:
    text = text.strip()
    if not text:
        return None
    return spelt(_read(text), zone)


@remembered("mapping_values", 8192)
def _day(text: str, zone: str) -> str | None:
    text = text.strip()
    if not text:
        return None
    try:
        when = _read(text)
    except Unfit:
        raise Unfit(_HOW_DATE) from None
    if when.tzinfo is not None:
        when = when.astimezone(zone_of(zone))
    return _in_range(when).date().isoformat()


@remembered("mapping_values", 8192)
def _days_end(text: str, zone: str) -> str | None:
    text = text.strip()
    if not text:
        return None
    when = _read(text)
    if len(text) > 10:
        return spelt(when, zone)
    return spelt(datetime.combine(when.date(), datetime.max.time()).replace(microsecond=0), zone)


def _read(text: str) -> datetime:
    """Raises Unfit. Finer than microseconds is dropped."""
    parts = _MOMENT.fullmatch(text) if len(text) <= 50 else None
    if parts is None:
        raise Unfit(_HOW)
    year, month, number, hour, minute, second, fraction, offset = parts.groups()
    leap = second == "60"
    micros = int((fraction or "")[:6].ljust(6, "0"))
    try:
        when = datetime(
            int(year),
            int(month),
            int(number),
            int(hour or 0),
            int(minute or 0),
            59 if leap else int(second or 0),
            micros,
        )
        if leap:
            when += timedelta(seconds=1)
        if offset:
            when = when.replace(tzinfo=_offset(offset))
        return _in_range(when)
    except (ValueError, OverflowError):
        raise Unfit(f"there is no such day or time between {YEAR_MIN} and {YEAR_MAX}") from None


def _offset(text: str) -> timezone:
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if int(digits[2:]) > 59 or minutes > 16 * 60:
        raise ValueError
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))


def _parsed(text: str, pattern: str) -> datetime:
    try:
        return datetime.strptime(text.strip()[:100], pattern)
    except (ValueError, re.error, OverflowError):
        raise Unfit(f"this is not written {pattern}") from None


def _in_range(when: datetime) -> datetime:
    if not YEAR_MIN <= when.year <= YEAR_MAX:
        raise Unfit(f"a time is between the years {YEAR_MIN} and {YEAR_MAX}")
    return when


def before(one: str, other: str) -> bool:
    """Whether ``one`` lies before ``other``, each a moment or a date; a date is as long as its day."""
    if len(one) == 10 or len(other) == 10:
        return one[:10] < other[:10]
    # The fraction is optional, and "Z" sorts after ".": compared as seconds and then as a fraction.
    return (one[:19], one[19:-1]) < (other[:19], other[19:-1])


def now_text(now_us: int) -> str:
    """The canonical spelling of a moment in microseconds since 1970."""
    return canonical(datetime(1970, 1, 1) + timedelta(microseconds=now_us))


def tomorrow(text: str) -> str:
    """The moment a day later: how far a clock may be ahead before what it says counts as the future."""
    return canonical(datetime.fromisoformat(text[:-1]) + timedelta(days=1))
