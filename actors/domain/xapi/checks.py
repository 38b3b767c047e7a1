"""The grammar in which the rules are written: checks made of smaller checks, each yielding what it finds."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from actors.domain.xapi.faults import Fault
from actors.domain.xapi.guard import shown
from actors.domain.xapi.patterns import Version

Check = Callable[[Any, str, Version], Iterable[Fault]]
"""A value, its path, the version spoken."""


def kind_of(value: Any) -> str:
    match value:
        case None:
            return "null, which is never allowed here"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def text(pattern: str | None = None, rule: str = "") -> Check:
    compiled = re.compile(pattern) if pattern is not None else None

    def check(value: Any, path: str, version: Version) -> Iterator[Fault]:
        if not isinstance(value, str):
            yield Fault(path, f"must be a string, is {kind_of(value)}")
        elif compiled is not None and not compiled.search(value):
            yield Fault(path, rule)

    return check


def one_of(*words: str) -> Check:
    def check(value: Any, path: str, version: Version) -> Iterator[Fault]:
        if not isinstance(value, str) or value not in words:
            yield Fault(path, "must be exactly " + " or ".join(f'"{word}"' for word in words))

    return check


def boolean(value: Any, path: str, version: Version) -> Iterator[Fault]:
    if not isinstance(value, bool):
        yield Fault(path, f"must be true or false, is {kind_of(value)}")


def number(value: Any, path: str, version: Version) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield Fault(path, f"must be a number, is {kind_of(value)}")
    elif abs(value) > DOUBLE_MAX:
        yield Fault(path, "must fit a double-precision number")


DOUBLE_MAX = 1.7976931348623157e308


def count(value: Any, path: str, version: Version) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield Fault(path, f"must be a whole number, is {kind_of(value)}")
    elif value < 0:
        yield Fault(path, "must not be negative")


def array(item: Check, *, filled: bool = False) -> Check:
    def check(value: Any, path: str, version: Version) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield Fault(path, f"must be an array, is {kind_of(value)}")
            return
        if filled and not value:
            yield Fault(path, "must not be empty")
        for index, inner in enumerate(value):
            yield from item(inner, f"{path}[{index}]", version)

    return check


def mapping(key_pattern: str, key_rule: str, inner: Check | None) -> Check:
    compiled = re.compile(key_pattern)

    def check(value: Any, path: str, version: Version) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield Fault(path, f"must be an object, is {kind_of(value)}")
            return
        for key, item in value.items():
            if not compiled.search(key):
                yield Fault(path, f"{key_rule}: {shown(key)!r}")
            if inner is not None:
                yield from inner(item, f"{path}.{shown(key)}", version)

    return check


def struct(required: dict[str, Check], optional: dict[str, Check], *also: Check) -> Check:
    """Those properties and no others; ``also`` are rules over the whole, asked only if it is an object."""
    known = {**required, **optional}

    def check(value: Any, path: str, version: Version) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield Fault(path, f"must be an object, is {kind_of(value)}")
            return
        for name in required:
            if name not in value:
                yield Fault(join(path, name), "is required")
        for name, inner in value.items():
            if name in known:
                yield from known[name](inner, join(path, name), version)
            else:
                yield Fault(join(path, shown(name)), "is not a property that xAPI knows here")
        for rule in also:
            yield from rule(value, path, version)

    return check


def join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def by_type(default: str, kinds: dict[str, Check]) -> Check:
    """One of several kinds of object, told by ``objectType``."""
    names = " or ".join(f'"{name}"' for name in kinds)

    def check(value: Any, path: str, version: Version) -> Iterator[Fault]:
        kind = value.get("objectType", default) if isinstance(value, dict) else default
        if isinstance(kind, str) and kind in kinds:
            yield from kinds[kind](value, path, version)
        else:
            yield Fault(join(path, "objectType"), f"must be exactly {names}")

    return check
