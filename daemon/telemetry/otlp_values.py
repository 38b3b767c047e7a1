"""Attributes as OTLP has them. Filled in place: to make each message anew takes three times as long."""

from collections.abc import Mapping
from typing import Any

from daemon.release import installed_version

DEPTH_MAX = 5


def describe(resource: Any, attributes: Mapping[str, str]) -> None:
    """Who tells it."""
    for key, value in attributes.items():
        put(resource.attributes.add(), key, value)


def scope(made: Any) -> None:
    """What of it tells it."""
    made.name = "lmsyncd"
    made.version = installed_version()


def put(pair: Any, key: str, value: object) -> None:
    """A new pair of key and value. The usual ones first: this is asked for some thirty times a delivery."""
    pair.key = key
    if type(value) is str and value.isascii():
        pair.value.string_value = value
    elif type(value) is int and 0 <= value < 2**63:
        pair.value.int_value = value
    elif type(value) is float:
        pair.value.double_value = value
    else:
        pair.value.SetInParent()
        fill(pair.value, value)


def fill(made: Any, value: object, depth: int = 0) -> None:
    """Anything that JSON knows; what lies deeper than five levels is told as text."""
    match value:
        case str():
            made.string_value = clean(value)
        case bool():
            made.bool_value = value
        case int() if -(2**63) <= value < 2**63:
            made.int_value = value
        case float():
            made.double_value = value
        case None:
            pass  # a value that says nothing, as OTLP has it: that there is one, its caller has said
        case Mapping() if depth < DEPTH_MAX:
            made.kvlist_value.SetInParent()
            for key, inner in value.items():
                pair = made.kvlist_value.values.add()
                pair.key = clean(str(key))
                pair.value.SetInParent()
                fill(pair.value, inner, depth + 1)
        case list() | tuple() if depth < DEPTH_MAX:
            made.array_value.SetInParent()
            for inner in value:
                fill(made.array_value.values.add(), inner, depth + 1)
        case _:
            made.string_value = clean(str(value))


def clean(text: str) -> str:
    """As UTF-8 can be written: a lone surrogate cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
