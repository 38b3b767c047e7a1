"""JSON bytes to a value, safely. The decoder is fast but lets some things pass and reports others by odd exceptions.

On the good path the body is decoded once in C and walked once: the walk counts keys and bounds the depth. Equal
counts prove that no key was given twice, because the count over the bytes is never too low: every key is a quotation
mark, white space and a colon. Only when something is wrong does a slow, exact parser run, to find and name it.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from actors.domain.xapi.faults import Fault, Refusal

DEPTH_MAX = 64
"""Containers within containers, the outermost counted. A sub-statement's deepest extension is at about 12."""

_WHITE = b" \t\r\n"
_EXACT_INT_MAX = 2**53
_SURROGATE = re.compile("[\ud800-\udfff]")


def _number(text: str) -> float | int:
    """Equal numbers become equal values (1.0 is 1), and those that no double can hold are refused."""
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is out of range")
    return int(value) if value.is_integer() and abs(value) <= _EXACT_INT_MAX else value


_decode = msgspec.json.Decoder(float_hook=_number).decode
_slices = msgspec.json.Decoder(list[msgspec.Raw]).decode


def parse(body: bytes, depth_max: int = DEPTH_MAX) -> object:
    """The value that ``body`` stands for. Raises Refusal (without an index), never anything else."""
    try:
        value = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal((_diagnose(body, depth_max, str(error)),)) from None
    if value.__class__ is not dict and value.__class__ is not list:
        return value
    keys = _keys(value, depth_max)
    if keys < 0:
        raise Refusal((_too_deep(depth_max),))
    if body.translate(None, _WHITE).count(b'":') != keys and (fault := _repeated_key(body)):
        raise Refusal((fault,))
    if b"\\u0000" in body and (fault := _nul_key(value)):
        raise Refusal((fault,))
    return value


def slices(body: bytes) -> list[bytes]:
    """The bytes of each element of an array that ``parse`` has accepted."""
    return [bytes(raw) for raw in _slices(body)]


def _keys(value: Any, depth_left: int) -> int:
    """How many keys all objects in this object or array have; below zero if it is nested too deeply."""
    if depth_left == 0:
        return -1
    if value.__class__ is dict:
        count = len(value)
        value = value.values()
    else:
        count = 0
    for inner in value:
        if inner.__class__ is dict or inner.__class__ is list:
            below = _keys(inner, depth_left - 1)
            if below < 0:
                return -1
            count += below
    return count


def _too_deep(depth_max: int) -> Fault:
    return Fault("", f"JSON may be nested at most {depth_max} deep")


class _Repeated(ValueError):
    pass


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    seen: dict[str, object] = {}
    for key, value in pairs:
        if key in seen:
            raise _Repeated(key)
        seen[key] = value
    return seen


def _constant(text: str) -> object:
    raise ValueError(f"{text} is not a JSON number")


_precise = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant)


def _repeated_key(body: bytes) -> Fault | None:
    try:
        _precise.decode(body.decode())
    except _Repeated as error:
        return Fault(shown(error.args[0]), "this key is given more than once in one object")
    return None


def _diagnose(body: bytes, depth_max: int, complaint: str) -> Fault:
    """Why the fast decoder refused ``body``, with the byte's offset where there is one."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return Fault("", f"not UTF-8 (byte {error.start})")
    if not text.strip(" \t\r\n"):
        return Fault("", "the body is empty where JSON is expected")
    try:
        value = _precise.decode(text)
    except _Repeated as error:
        return Fault(shown(error.args[0]), "this key is given more than once in one object")
    except json.JSONDecodeError as error:
        offset = len(text[: error.pos].encode())
        return Fault("", f"malformed JSON: {error.msg} (byte {offset})")
    except RecursionError:
        return _too_deep(depth_max)
    except ValueError as error:
        return Fault("", f"malformed JSON: {error}")
    for path, item in _scalars(value):
        if isinstance(item, str) and _SURROGATE.search(item):
            return Fault(path, "a lone surrogate is not a character")
        if isinstance(item, float) and math.isinf(item):
            return Fault(path, "a number is out of range")
    return Fault("", f"malformed JSON: {complaint}")


def _scalars(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every key and every scalar with its path, without recursion (the value may be nested deeply)."""
    waiting = [(path, value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                yield path, key
                waiting.append((f"{path}.{shown(key)}" if path else shown(key), inner))
        elif isinstance(value, list):
            waiting += [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
        else:
            yield path, value


def _nul_key(value: object) -> Fault | None:
    waiting = [("", value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                if "\0" in key:
                    return Fault(path, "a key may not contain NUL")
                waiting.append((f"{path}.{shown(key)}" if path else shown(key), inner))
        elif isinstance(value, list):
            waiting += [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
    return None


def shown(key: str) -> str:
    """A key as it may stand in a path: short and printable, whatever the sender made it."""
    printable = "".join(char if char.isprintable() else "?" for char in key[:80])
    return printable + "…" if len(key) > len(printable) else printable
