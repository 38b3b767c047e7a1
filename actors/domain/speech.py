"""Dates and numbers as people of one locale and time zone write them.

Babel looks its patterns up anew at every call (30 microseconds a date); here they are looked up once a locale, and
what was written lately is remembered: scores repeat, and so do minutes.
A locale or a time zone nobody has heard of is no reason to say nothing: English and UTC serve instead.
"""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import TypeGuard, TypeVar
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, dates

T = TypeVar("T")

TEXT_CHARS_MAX = 64
SAID_MAX = 1_000


class Speech:
    """One locale and time zone. ``locale`` is a BCP 47 tag or POSIX name (``de-DE``, ``de_DE``)."""

    __slots__ = ("_date", "_joined", "_locale", "_number", "_percent", "_said", "_time", "_zone", "language")

    def __init__(self, locale: str, timezone: str) -> None:
        found = known_locale(locale)
        self.language = found.language
        self._locale = found
        self._said: dict[tuple[str, object], str] = {}
        self._zone = known_zone(timezone)
        self._date = dates.get_date_format("medium", found)
        self._time = dates.get_time_format("short", found)
        self._joined = str(dates.get_datetime_format("medium", found))
        self._number = found.decimal_formats[None]
        self._percent = found.percent_formats[None]

    def date(self, value: object) -> str:
        """``21 Sept 2026``; text that is no time stays as it is."""
        moment = moment_of(value)
        return _as_is(value) if moment is None else self._remember("date", moment, self._write_date)

    def date_time(self, value: object) -> str:
        """Date and time of day, without seconds."""
        moment = moment_of(value)
        if moment is None:
            return _as_is(value)
        return self._remember("date_time", moment.replace(second=0, microsecond=0), self._write_date_time)

    def number(self, value: object) -> str:
        """Grouped, with at most three decimals."""
        return self._remember("number", value, self._write_number) if _is_number(value) else _as_is(value)

    def percent(self, value: object) -> str:
        """Of a number from 0 to 100."""
        return self._remember("percent", value, self._write_percent) if _is_number(value) else _as_is(value)

    def _remember(self, how: str, value: T, write: Callable[[T], str]) -> str:
        key = (how, value)
        said = self._said.get(key)
        if said is None:
            if len(self._said) >= SAID_MAX:
                self._said.clear()
            self._said[key] = said = write(value)
        return said

    def _write_date(self, moment: datetime) -> str:
        return str(self._date.apply(self._local(moment), self._locale))

    def _write_date_time(self, moment: datetime) -> str:
        local = self._local(moment)
        day, time = self._date.apply(local, self._locale), self._time.apply(local, self._locale)
        return self._joined.replace("'", "").replace("{0}", str(time)).replace("{1}", str(day))

    def _write_number(self, value: float) -> str:
        return str(self._number.apply(value, self._locale))

    def _write_percent(self, value: float) -> str:
        return str(self._percent.apply(value / 100.0, self._locale))

    def _local(self, moment: datetime) -> datetime:
        try:
            return moment.astimezone(self._zone)
        except OverflowError:  # the first and the last day there is
            return moment


def known_locale(name: str) -> Locale:
    """The locale, else its language, else English."""
    tag = name[:TEXT_CHARS_MAX].strip().replace("_", "-")
    for candidate in (tag, tag.partition("-")[0]):
        try:
            return Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return Locale("en")


def known_zone(name: str) -> tzinfo:
    """The time zone, else UTC."""
    try:
        return ZoneInfo(name[:TEXT_CHARS_MAX])
    except (KeyError, ValueError, OSError):  # unknown; no relative path; a directory
        return UTC


def moment_of(value: object) -> datetime | None:
    """A time with its zone (UTC where it names none) from a datetime or RFC 3339 text."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value[:TEXT_CHARS_MAX])
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _is_number(value: object) -> TypeGuard[float]:
    """A finite number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0


def _as_is(value: object) -> str:
    return "" if value is None else str(value)
