"""A person's corrections of what a source tells: laid over the record as it was read, before it is mapped.

A correction holds as long as the source tells what it corrects: once that value is another one, the source has spoken
anew and the correction rests (it is in force again if the old value comes back). The record itself is never changed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

PATH_CHARS_MAX = 300
STEPS_MAX = 16
VALUE_BYTES_MAX = 8_192
CORRECTIONS_MAX = 50
"""Of one record."""
ABSENT = ""
"""Stands for a value that is not there; JSON is never empty."""

_STEP = re.compile(r'(?:^|\.)(?:([^\s."\[\]]+)|"((?:[^"\\]|\\["\\])+)")|\[(\d{1,6})\]')
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder().decode

Step = str | int


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """``path`` as ``steps`` reads it. ``value`` is JSON: what stands there instead. ``was`` is JSON, or ABSENT: what
    the source told there when it was corrected."""

    path: str
    value: str
    was: str
    by: str
    at_us: int


def steps(path: str) -> tuple[Step, ...]:
    """``grades.score``, ``roles[0].name``, ``"odd key".x``: keys, and places in lists from 0. Raises ValueError."""
    found: list[Step] = []
    at = 0
    while at < len(path):
        matched = _STEP.match(path, at)
        if matched is None or matched.end() == at:
            raise ValueError(f'{path!r} is no path: write grades.score, roles[0] or "odd key"')
        bare, quoted, place = matched.groups()
        found.append(int(place) if place else bare or re.sub(r"\\(.)", r"\1", quoted))
        at = matched.end()
    if not found or isinstance(found[0], int):
        raise ValueError(f"{path!r} is no path: it begins with a key of the record")
    if len(found) > STEPS_MAX or len(path) > PATH_CHARS_MAX:
        raise ValueError(f"a path has at most {STEPS_MAX} steps and {PATH_CHARS_MAX} characters")
    return tuple(found)


def told(body: Mapping[str, object], path: Sequence[Step]) -> str:
    """What stands there, as JSON; ABSENT where nothing does."""
    here: Any = body
    for step in path:
        if not _there(here, step):
            return ABSENT
        here = here[step]
    return _encode(here).decode()


def _there(here: Any, step: Step) -> bool:
    if isinstance(step, str):
        return isinstance(here, Mapping) and step in here
    return isinstance(here, list | tuple) and step < len(here)


def assignment(text: str) -> tuple[str, str]:
    """(path, value as JSON) of ``PATH=JSON``. What is no JSON is refused, a bare word with advice. Raises
    ValueError."""
    path, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not PATH=JSON")
    steps(path)
    try:
        decoded = _decode(value.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise ValueError(f'{value!r} is no JSON; a text stands in quotes: {path}="{value}"') from None
    encoded = _encode(decoded).decode()
    if len(encoded.encode()) > VALUE_BYTES_MAX:
        raise ValueError(f"a value has at most {VALUE_BYTES_MAX} bytes")
    return path, encoded


def holds(body: Mapping[str, object], correction: Correction) -> bool:
    """Whether the source still tells what was corrected."""
    return told(body, steps(correction.path)) == correction.was


def corrected(body: Mapping[str, object], corrections: Iterable[Correction]) -> Mapping[str, object]:
    """The body with those that hold, in the order of their paths; the same object where none does. One whose place
    is not there (its list or object went away) rests too."""
    result: Any = body
    for each in sorted(corrections, key=lambda correction: correction.path):
        path = steps(each.path)
        if told(body, path) == each.was and _reachable(result, path):
            result = _put(result, path, _decode(each.value.encode()))
    return result  # type: ignore[no-any-return]  # a mapping, as it came


def _reachable(here: Any, path: Sequence[Step]) -> bool:
    """Whether the last step's place can be set: a key may be new, a place in a list may not."""
    for step in path[:-1]:
        if isinstance(step, str) and isinstance(here, Mapping):
            here = here.get(step, {})
        elif _there(here, step):
            here = here[step]
        else:
            return False
    last = path[-1]
    return isinstance(here, Mapping) if isinstance(last, str) else _there(here, last)


def _put(here: Any, path: Sequence[Step], value: object) -> Any:
    """A copy along the path; all beside it is shared."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(first, str):
        return {**here, first: _put(here.get(first, {}), rest, value)}
    return [_put(each, rest, value) if place == first else each for place, each in enumerate(here)]


def settable(body: Mapping[str, object], path: str) -> bool:
    """Whether there is such a place in this body."""
    return _reachable(body, steps(path))
