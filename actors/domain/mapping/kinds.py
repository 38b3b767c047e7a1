"""What each field of the canonical model takes, and what makes an entity whole. Found from the structs themselves.

A value that fits passes at once; what does not is said with a way out. Whatever a table does, nothing that is not
valid becomes an entity.
"""

import math
import types
import typing
from collections.abc import Callable, Mapping

import msgspec

from actors.domain.canonical import ENTITIES, AnyEntity
from actors.domain.changes import Score
from actors.domain.mapping import moments, places
from actors.domain.mapping.flaws import Unfit
from actors.domain.mapping.values import is_email, is_iri, text_of

Fit = Callable[[object], object]
"""value → the value as the field has it; raises Unfit."""

ID_CHARS_MAX = 512
TEXT_CHARS_MAX = 8_192
"""Where Canvas cuts texts, too."""
IRI_CHARS_MAX = 2_000
PARTS_MAX = 64
DUE_FOR_MAX = 10_000

NOT_MAPPED = frozenset({"id"})
"""The record's own: whoever reads the source decides what identifies an entity."""
_IDS = frozenset({"user", "course", "assignment", "external_id"})
_MOMENTS = frozenset({"updated", "at"})
_MOMENTS_OR_DAYS = frozenset({"start", "end", "due"})
_IRIS = frozenset({"iri", "type", "activity", "activity_type"})


class FieldKind(msgspec.Struct, frozen=True, kw_only=True):
    """``parts``: what may stand behind a dot: names, None for any, () for nothing. ``said``: what it is, for people."""

    name: str
    fit: Fit
    said: str
    required: bool = False
    iri: bool = False
    parts: tuple[str, ...] | None = ()
    part: Fit | None = None


def fields_of(entity: str) -> Mapping[str, FieldKind]:
    """What a table may map, in order."""
    return _FIELDS[entity]


# ── values ───────────────────────────────────────────────────────────────────────────────────────────


def _text(value: object) -> str:
    if type(value) is str:
        text = value
    elif isinstance(value, bool) or not isinstance(value, int):
        raise Unfit('a text is needed here: as = "text", or first or join: of a list')
    else:
        text = text_of(value)
    if len(text) > TEXT_CHARS_MAX:
        raise Unfit(f"a text has at most {TEXT_CHARS_MAX:,} characters")
    return _writable(text)


def _writable(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Unfit("this text has characters that are none (lone surrogates)") from None
    return text


def fit_id(value: object) -> str:
    """An id: a short text without spaces around it or control characters."""
    text = _text(value)
    if len(text) > ID_CHARS_MAX or not text.isprintable() or text != text.strip() or not text:
        raise Unfit(f"an id has 1 to {ID_CHARS_MAX} printable characters and no spaces around it")
    return text


def _iri(value: object) -> str:
    text = _text(value)
    if len(text) > IRI_CHARS_MAX or not is_iri(text):
        raise Unfit("an IRI is needed here: https://… or urn:…, without spaces")
    return text


def _email(value: object) -> str:
    text = _text(value)
    if not is_email(text):
        raise Unfit('an e-mail address in lower case is needed here: as = "email"')
    return text


def _moment(value: object) -> str:
    if not isinstance(value, str) or not moments.is_moment(value):
        raise Unfit('a moment in UTC is needed here: as = "moment", or "unix"')
    return value


def _moment_or_day(value: object) -> str:
    if not isinstance(value, str) or not (moments.is_moment(value) or moments.is_date(value)):
        raise Unfit('a moment in UTC or a day is needed here: as = "moment", "unix" or "date"')
    return value


def _locale(value: object) -> str:
    text = _text(value)
    if not places.is_locale(text):
        raise Unfit('a locale such as de-DE is needed here: as = "locale"')
    return text


def _timezone(value: object) -> str:
    text = _text(value)
    if not places.is_timezone(text):
        raise Unfit('a time zone such as Europe/Berlin is needed here: as = "timezone"')
    return text


def _bool(value: object) -> bool:
    if value is True or value is False:
        return value
    raise Unfit('true or false is needed here: as = "boolean", or "word:VOCABULARY"')


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit('a number is needed here: as = "number"')
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unfit("a finite number is needed here")
    return number


def _whole(value: object) -> int:
    number = _float(value)
    if not number.is_integer() or not 0 <= number < 2**31:
        raise Unfit("a whole number that is not negative is needed here")
    return int(number)


def _one_of(words: tuple[str, ...]) -> Fit:
    known = frozenset(words)

    def fit(value: object) -> object:
        if isinstance(value, str) and value in known:
            return value
        raise Unfit(f'one of {", ".join(words)} is needed here: as = "word:VOCABULARY"')

    return fit


def _table(part: Fit, parts_max: int) -> Fit:
    def fit(value: object) -> object:
        if not isinstance(value, Mapping):
            raise Unfit("a table is needed here; one entry of it is mapped with a dotted key")
        if len(value) > parts_max:
            raise Unfit(f"there are at most {parts_max:,} entries here")
        return {fit_id(key): part(each) for key, each in value.items() if each is not None and each != ""}

    return fit


def _score(value: object) -> Score:
    if isinstance(value, Score):
        return value
    if not isinstance(value, Mapping):
        raise Unfit("map score.raw, score.min and score.max")
    given = {key: value.get(key) for key in ("raw", "min", "max")}
    return Score(**{key: _float(each) for key, each in given.items() if each is not None})


# ── the model ────────────────────────────────────────────────────────────────────────────────────────


def _kind(name: str, hint: object, *, required: bool) -> FieldKind:
    """Closed over the types that the model has; a new one is told at import."""
    plain = _without_none(hint)
    if typing.get_origin(plain) is typing.Literal:
        words = typing.get_args(plain)
        return FieldKind(name=name, fit=_one_of(words), said=", ".join(words), required=required)
    if plain is bool:
        return FieldKind(name=name, fit=_bool, said="true or false", required=required)
    if plain is float:
        return FieldKind(name=name, fit=_float, said="a number", required=required)
    if plain is int:
        return FieldKind(name=name, fit=_whole, said="a whole number", required=required)
    if plain is Score:
        said = "points: map score.raw, score.min, score.max"
        return FieldKind(name=name, fit=_score, said=said, parts=("raw", "min", "max"), part=_float)
    if typing.get_origin(plain) is dict:
        part, parts_max = (_moment_or_day, DUE_FOR_MAX) if name == "due_for" else (_text, PARTS_MAX)
        return FieldKind(name=name, fit=_table(part, parts_max), said="texts by name", parts=None, part=part)
    if plain is str:
        fit, said = _text_kind(name)
        return FieldKind(name=name, fit=fit, said=said, required=required, iri=name in _IRIS)
    raise TypeError(f"{name}: a mapping does not know what {hint} takes")


def _text_kind(name: str) -> tuple[Fit, str]:
    if name in _IDS:
        return fit_id, "an id"
    if name in _MOMENTS:
        return _moment, "a moment"
    if name in _MOMENTS_OR_DAYS:
        return _moment_or_day, "a moment or a day"
    if name in _IRIS:
        return _iri, "an IRI"
    named: dict[str, tuple[Fit, str]] = {
        "email": (_email, "an address"),
        "locale": (_locale, "a locale"),
        "timezone": (_timezone, "a time zone"),
    }
    return named.get(name, (_text, "a text"))


def _without_none(hint: object) -> object:
    if isinstance(hint, types.UnionType):
        rest = [each for each in typing.get_args(hint) if each is not type(None)]
        return rest[0] if len(rest) == 1 else hint
    return hint


def _fields(struct: type[AnyEntity]) -> dict[str, FieldKind]:
    hints = typing.get_type_hints(struct)
    needed = {field.name for field in msgspec.structs.fields(struct) if field.required}
    return {
        name: _kind(name, hints[name], required=name in needed)
        for name in struct.__struct_fields__
        if name not in NOT_MAPPED
    }


_FIELDS: dict[str, dict[str, FieldKind]] = {name: _fields(struct) for name, struct in ENTITIES.items()}
