"""What goes into the cells of tables: times, spans and text from outside, made harmless for a terminal."""

import re
from collections.abc import Mapping

from rich.text import Text

from daemon.control.times import dated, span

DIGITS_SHOWN = 12
"""Of a delivery's id: far more than is needed to tell a million apart."""

_HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

STYLES: dict[str, str] = {
    "delivered": "green",
    "running": "green",
    "waiting": "",
    "claimed": "cyan",
    "unknown": "yellow",
    "held": "yellow",
    "parked": "magenta",
    "dead": "red",
    "failed": "red",
    "backing_off": "red",
    "error": "red",
    "warning": "yellow",
    "throttled": "yellow",
    "unavailable": "yellow",
    "doubtful": "yellow",
    "refused": "red",
    "revoked": "red",
    "faulted": "red",
    "spoilt": "red",
}


def clean(text: str) -> str:
    """Without escape sequences and characters that turn the direction of writing: statements may hold anything."""
    return _HARMFUL.sub("\ufffd", text)


def plain(text: object, style: str = "") -> Text:
    """Text as it is: nothing in it is markup."""
    return Text(clean(str(text)), style=style)


def state(name: str) -> Text:
    return Text(clean(name.replace("_", " ")), style=STYLES.get(name, ""))


def number(n: int) -> str:
    return f"{n:,}" if n else "-"


def at(moment_us: int | None) -> str:
    """Local time, to the millisecond."""
    if moment_us is None:
        return ""
    local = dated(moment_us).astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03}"


def age(moment_us: int | None, now_us: int) -> str:
    return "-" if moment_us is None else span((now_us - moment_us) / 1e6)


def took(start_us: int | None, end_us: int | None) -> str:
    """``12 ms``, ``1.50 s``, …"""
    if start_us is None or end_us is None:
        return ""
    elapsed_s = (end_us - start_us) / 1e6
    if elapsed_s < 1:
        return f"{elapsed_s * 1e3:.0f} ms"
    return f"{elapsed_s:.2f} s" if elapsed_s < 60 else span(elapsed_s)


def short(identifier: str) -> str:
    return identifier[:DIGITS_SHOWN]


def pairs(values: Mapping[str, object]) -> str:
    return "  ".join(f"{name}={value}" for name, value in values.items())
