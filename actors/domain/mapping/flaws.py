"""What does not fit, as it is said to people: the rule, the place, the value (bounded, never a secret), what to do.

Transforms and checks raise ``Unfit``; whoever applies them knows the place and makes a ``Flaw`` of it.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec

from actors.domain.canonical import Flaw
from config.problems import is_token

VALUE_CHARS_MAX = 200
LISTED_CHARS_MAX = 200
MASKED = "***"
_ITEMS_MAX = 12
_DEPTH_MAX = 4

_SECRET_NAME = re.compile(
    r"(?i)passw|passphrase|secret|token|authorization|cookie|sesskey|session_?id|credential|bearer|private"
    r"|(?:api|access|auth|ws|consumer|shared)[-_]?key"
)
_SECRET_IN_URL = re.compile(
    r"(?i)((?:access_token|wstoken|token|sesskey|key|secret|password|sig|signature)=)[^&\s\"']+"
)
_encode = msgspec.json.Encoder(order="deterministic").encode


class Unfit(Exception):
    """A value that a rule does not take; ``suggestion`` is what a person may do about it."""

    def __init__(self, suggestion: str, rule: str = "", value: object = None) -> None:
        super().__init__(suggestion)
        self.suggestion = suggestion
        self.rule = rule
        """Empty: that of whoever was asked."""
        self.value = value
        """None: that which was handed in."""


def flaw(rule: str, path: str, value: object, suggestion: str) -> Flaw:
    """With the value fit to be shown: JSON, at most ``VALUE_CHARS_MAX`` characters."""
    return Flaw(rule=rule, path=path[:VALUE_CHARS_MAX], value=shown(path, value), suggestion=suggestion)


def enumerated(words: Iterable[str]) -> str:
    """In order, as many as fit."""
    text = ""
    for word in sorted(words):
        longer = f"{text}, {word}" if text else word
        if len(longer) > LISTED_CHARS_MAX:
            return f"{text}, …" if text else "…"
        text = longer
    return text


def shown(path: str, value: object) -> str:
    """As JSON, cut; masked where the path's last name, or a key inside, is that of a secret."""
    if value is not None and _SECRET_NAME.search(path):
        return _encode(MASKED).decode()
    text = _encode(_plain(value, 0)).decode(errors="replace")
    return text if len(text) <= VALUE_CHARS_MAX else text[: VALUE_CHARS_MAX - 1] + "…"


def _plain(value: object, depth: int) -> object:
    """What of a value is worth showing: no secrets, no more than fits."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool | float) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else f"{value:.6e}" if abs(value) < 10**300 else "(a huge number)"
    if depth >= _DEPTH_MAX:
        return "…"
    if isinstance(value, Mapping):
        some = list(value.items())[:_ITEMS_MAX]
        return {
            _text(str(key)): MASKED if _SECRET_NAME.search(str(key)) else _plain(each, depth + 1) for key, each in some
        }
    if isinstance(value, list | tuple):
        return [_plain(each, depth + 1) for each in value[:_ITEMS_MAX]]
    return f"({type(value).__name__})"


def _text(text: str) -> str:
    cut = text[: VALUE_CHARS_MAX + 1]
    if is_token(cut) and not _UUID.fullmatch(cut):
        return MASKED
    readable = _SECRET_IN_URL.sub(rf"\1{MASKED}", cut)
    return readable.encode("utf-8", "replace").decode()  # a lone surrogate is no text that could be written


_UUID = re.compile(r"(?i)[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
"""Ids of records; with or without hyphens, they are no tokens."""
