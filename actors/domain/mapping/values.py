"""Single values made fit: texts, addresses, numbers, truth, ids of Canvas. What transforms and checks are made of."""

import html as entities
import math
import re
import unicodedata

from actors.domain.mapping.flaws import Unfit

SHARD = 10_000_000_000_000
EMAIL_CHARS_MAX = 254
_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0"})
_NUMBER = re.compile(r"[+\-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:[eE][+\-]?\d{1,3})?", re.ASCII)
_COMMA = re.compile(r"[+\-]?\d{1,18},\d{1,2}", re.ASCII)
_EMAIL = re.compile(r"[^\s@,;<>()\[\]\"\\]{1,64}@[^\s@,;<>()\[\]\"\\.]{1,63}(?:\.[^\s@,;<>()\[\]\"\\.]{1,63})*")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`\x00-\x1f\x7f]+")
_SHARDED = re.compile(r"(\d{1,10})~(\d{1,13})", re.ASCII)
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\x00-\x08\x0e-\x1f\x7f-\x9f]")


def text_of(value: object) -> str:
    """What is no list or table, as a text: 5.0 is ``5``, true is ``true``. Raises Unfit."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) < 10**30:
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    raise Unfit("this is no text" + (": first or join: make one of a list" if isinstance(value, list) else ""))


def trimmed(value: object) -> str:
    """Without spaces and what nobody sees at its ends (and inside: what steers the direction of writing)."""
    return _INVISIBLE.sub("", text_of(value)).strip()


def unescaped(value: object) -> str:
    """HTML's entities as characters, one level of them."""
    text = text_of(value)
    return entities.unescape(text) if "&" in text else text


def name(value: object) -> str:
    """Composed (NFC), one space between words."""
    text = text_of(value)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = _INVISIBLE.sub("", text)
    return " ".join(text.split())


def email(text: str) -> str | None:
    """An address as it is compared, None for an empty one. Raises Unfit."""
    text = text.strip()
    if text[:7].lower() == "mailto:":
        text = text[7:].strip()
    if not text:
        return None
    text = text.casefold() if text.isascii() else unicodedata.normalize("NFC", text.casefold())
    if len(text) > EMAIL_CHARS_MAX or _EMAIL.fullmatch(text) is None:
        raise Unfit("this is no e-mail address; if such people are to be kept without one: map another field")
    return text


def is_email(text: str) -> bool:
    """Whether it is an address as ``email`` writes it."""
    try:
        return email(text) == text
    except Unfit:
        return False


def is_iri(text: str) -> bool:
    """Whether it is absolute and has no character that may not stand in one."""
    return _IRI.fullmatch(text) is not None


def number(value: object) -> int | float:
    """Raises Unfit. ``87,5`` is understood, ``1,234`` is not: nobody knows what it means."""
    if isinstance(value, str):
        text = value.strip()
        if _COMMA.fullmatch(text):
            text = text.replace(",", ".")
        if not _NUMBER.fullmatch(text):
            raise Unfit("this is no number")
        value = float(text)
        return int(value) if value.is_integer() and abs(value) < 2**53 else _finite(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit("this is no number")
    return _finite(value)


def _finite(value: float) -> int | float:
    if isinstance(value, int):
        if abs(value) < 10**18:
            return value
    elif math.isfinite(value):
        return value
    raise Unfit("this number is beyond all bounds")


def percent(value: object) -> int | float:
    """``85 %``, ``85``. Raises Unfit."""
    if isinstance(value, str):
        value = value.strip().removesuffix("%").rstrip()
    share = number(value)
    if share < 0:
        raise Unfit("a percentage is not less than 0")
    return share


def truth(value: object) -> bool:
    """Raises Unfit."""
    if isinstance(value, bool):
        return value
    word = text_of(value).strip().casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Unfit('this is neither true nor false; words of the source\'s own: as = "word:VOCABULARY"')


def bounds_of(argument: str) -> tuple[float, float]:
    """``LOWEST:HIGHEST``. Raises ValueError."""
    low, _, high = argument.partition(":")
    try:
        pair = float(low), float(high)
    except ValueError:
        raise ValueError("two numbers are needed: LOWEST:HIGHEST") from None
    if not (math.isfinite(pair[0]) and math.isfinite(pair[1]) and pair[0] < pair[1]):
        raise ValueError("the first number is less than the second")
    return pair


def local_id(value: object, shard: int | None) -> str:
    """An id of Canvas without its shard: global ids are shard × 10^13 + local, or ``shard~local``. Those of other
    shards than ``shard`` (None: of none) stay global: they name others. Raises Unfit."""
    text = text_of(value).strip()
    if sharded := _SHARDED.fullmatch(text):
        of, own = int(sharded[1]), int(sharded[2])
    elif text.isdecimal() and text.isascii() and len(text) <= 25:
        of, own = divmod(int(text), SHARD)
    else:
        raise Unfit("an id of Canvas is a whole number")
    return str(own if of == 0 or shard is None or of == shard else of * SHARD + own)
