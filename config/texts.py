"""Kinds of text: strings that mean something (a duration, a URL, a time zone) and paths that must lead somewhere.

Each is an ordinary ``str`` or ``Path`` to the program, with a mark in its annotation; the walk looks the mark up in
``CHECKS`` and calls the function, which raises ValueError saying what the text should be. Connector settings use the
same marks: ``settle: Duration = "2s"``.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from re import ASCII, compile
from typing import Annotated, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from babel import Locale as BabelLocale
from babel import UnknownLocaleError
from cronsim import CronSim, CronSimError
from msgspec import Meta

from config.durations import seconds
from config.problems import advice, did_you_mean, shown

MARK: Final = "text"
ONE_OF: Final = "one_of"
URL_CHARS_MAX = 2_000
SCHEDULE_CHARS_MAX = 200
LONGEST_S = 3_650 * 86_400.0
SHORTEST_PERIOD_S = 86_400.0

Duration = Annotated[str, Meta(extra={MARK: "duration"})]
Timeout = Annotated[str, Meta(extra={MARK: "timeout"})]
Period = Annotated[str, Meta(extra={MARK: "period"})]
Url = Annotated[str, Meta(extra={MARK: "url"})]
Moment = Annotated[str, Meta(extra={MARK: "moment"})]
ListenAddress = Annotated[str, Meta(extra={MARK: "listen address"})]
Cron = Annotated[str, Meta(extra={MARK: "schedule"})]
QuietHours = Annotated[str, Meta(extra={MARK: "quiet hours"})]
TimeZone = Annotated[str, Meta(extra={MARK: "time zone"})]
Locale = Annotated[str, Meta(extra={MARK: "locale"})]
Origin = Annotated[str, Meta(extra={MARK: "web origin"})]
UserName = Annotated[str, Meta(extra={MARK: "user name"})]
NonEmpty = Annotated[str, Meta(extra={MARK: "text"})]
ReadableFile = Annotated[Path, Meta(extra={MARK: "file"})]
"""A path whose file must exist and be readable; a plain ``Path`` may lead nowhere yet."""

# Words that only the caller or the rest of the file knows: names of targets and sources, kinds of change.
ChangeWord = Annotated[str, Meta(extra={ONE_OF: "change"})]
TargetName = Annotated[str, Meta(extra={ONE_OF: "target"})]
SourceName = Annotated[str, Meta(extra={ONE_OF: "source"})]

_QUIET_HOURS = compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", ASCII)
_LISTEN = compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})", ASCII)
_ORIGIN = compile(r"(https?)://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?", ASCII)
_WITHOUT_SAYING = {"http": "80", "https": "443"}
_LOOPBACK = compile(r"127\.\d+\.\d+\.\d+|::1|localhost", ASCII)


def duration(text: str) -> float:
    """Seconds of a duration, ten years at most. (Unlike that of ``seconds``, the error does not repeat the text.)"""
    try:
        duration_s = seconds(text)
    except ValueError:
        raise ValueError('a duration is a number with a unit (ms, s, m, h or d): "30s", "5m", "2h", "1d"') from None
    if duration_s > LONGEST_S:
        raise ValueError("a duration is at most 3650d")
    return duration_s


def timeout(text: str) -> None:
    """A duration longer than nothing."""
    if duration(text) <= 0:
        raise ValueError("a timeout is longer than nothing")


def period(text: str) -> None:
    """A duration of a day or more."""
    if duration(text) < SHORTEST_PERIOD_S:
        raise ValueError("a period is at least 1d")


def moment(text: str) -> datetime:
    """A point in time with its zone, as in RFC 3339."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min
    if found.tzinfo is None:
        raise ValueError('a moment is a date, a time and a zone: "2026-08-01T00:00:00Z"')
    return found


def url(text: str) -> None:
    """http or https, with a host and without a user name or password."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("this is no URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("a URL begins with https:// or http:// and names a host")
    if "@" in parts.netloc:
        raise ValueError("a URL holds no user name or password: credentials are secrets of their own")
    if len(text) > URL_CHARS_MAX or not all(char.isprintable() and not char.isspace() for char in text):
        raise ValueError(f"a URL has no spaces or control characters and at most {URL_CHARS_MAX} characters")


def listen_address(text: str) -> tuple[str, int]:
    """Host and port of ``127.0.0.1:8480`` or ``[::1]:8480``."""
    match = _LISTEN.fullmatch(text)
    if match is None or int(match[3]) > 65_535:
        raise ValueError('an address to listen on is HOST:PORT or [IPV6]:PORT: "127.0.0.1:8480"')
    return match[1] or match[2], int(match[3])


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that host."""
    return _LOOPBACK.fullmatch(host.casefold()) is not None


def schedule(text: str) -> None:
    """Five cron fields; names and ranges as cron has them."""
    if len(text.split()) == 5 and len(text) <= SCHEDULE_CHARS_MAX:
        try:
            next(CronSim(text, datetime(2024, 1, 1, tzinfo=UTC)))
        except (CronSimError, StopIteration):
            pass
        else:
            return
    raise ValueError(
        'a schedule is five cron fields (minute, hour, day, month, weekday) that name a time to come: "0 8 * * 1-5"'
    )


def quiet_hours(text: str) -> tuple[int, int]:
    """First and last minute of the day of ``20:00-07:00``: (1200, 420)."""
    match = _QUIET_HOURS.fullmatch(text)
    if match is None:
        raise ValueError('quiet hours are HH:MM-HH:MM: "20:00-07:00"')
    start_min, end_min = (int(match[i]) * 60 + int(match[i + 1]) for i in (1, 3))
    if start_min == end_min:
        raise ValueError("quiet hours begin and end at different times")
    return start_min, end_min


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def time_zone(text: str) -> None:
    """A name of the IANA database."""
    if text not in _time_zones():
        raise ValueError(f"there is no time zone {shown(text)}", did_you_mean(text, _time_zones()) or "Europe/Berlin")


@lru_cache(maxsize=1024)
def _is_locale(text: str) -> bool:
    try:
        BabelLocale.parse(text.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return False
    return True


def locale(text: str) -> None:
    """A language with or without a region, as in ``de`` or ``de-DE``."""
    if not (2 <= len(text) <= 40 and _is_locale(text)):
        raise ValueError(f"there is no locale {shown(text)}", 'a language, or a language and a region: "de", "de-DE"')


def origin(text: str) -> None:
    """Where a web page comes from, as browsers write it; or ``*``, anywhere."""
    match = _ORIGIN.fullmatch(text)
    if text != "*" and (match is None or len(text) > URL_CHARS_MAX or match[2] == _WITHOUT_SAYING[match[1]]):
        raise ValueError(
            "an origin is what browsers say: https:// or http://, the host in lower case, the port unless it is the "
            'usual one, no path: "https://player.example.edu"; or "*"'
        )


def user_name(text: str) -> None:
    """A user name of HTTP Basic authentication."""
    if not text or ":" in text or not text.isprintable():
        raise ValueError("a user name is not empty and has neither a colon nor control characters")


def non_empty(text: str) -> None:
    if not text.strip():
        raise ValueError("this may not be empty")


def one_of(text: str, words: frozenset[str], what: str) -> None:
    """One of a set of words that is only known when the file is read."""
    if text not in words:
        raise ValueError(f"there is no {what} {shown(text)}", advice(text, words, what))


CHECKS: dict[str, Callable[[str], object]] = {
    "duration": duration,
    "timeout": timeout,
    "period": period,
    "moment": moment,
    "url": url,
    "listen address": listen_address,
    "schedule": schedule,
    "quiet hours": quiet_hours,
    "time zone": time_zone,
    "locale": locale,
    "web origin": origin,
    "user name": user_name,
    "text": non_empty,
}
"""ValueError's first argument is what is wrong, the second (if any) a suggestion."""
