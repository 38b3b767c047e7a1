"""The configuration in force, fit to be shown: a secret is where it comes from, a person is only counted."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from config.model import Secret, Tenant

_LOGIN_IN_URL = re.compile(r"(?i)([a-z][a-z0-9+.-]*://)[^/@\s]+@")
_TELLING = re.compile(r"(?i)(^|_)(token|secret|password|passphrase|api_key|private_key)$")
HIDDEN = "***"
DEPTH_MAX = 20


def shown(words: msgspec.Struct) -> dict[str, object]:
    """As plain data. A connector's settings may hold anything: text under a telling name, and logins inside
    addresses, are hidden even where they are not declared as secrets."""
    return {name: _named(name, value, DEPTH_MAX) for name, value in _fields(words)}


def _fields(words: msgspec.Struct) -> list[tuple[str, object]]:
    fields = [(name, getattr(words, name)) for name in words.__struct_fields__]
    if isinstance(words, Tenant):
        counted: dict[str, object] = {
            "people": f"{len(words.people)} people",
            "templates": sorted(words.templates),
            "mappings": {source: sorted(tables) for source, tables in words.mappings.items()},
        }
        return [(name, counted.get(name, value)) for name, value in fields]
    return fields


def _named(name: str, value: object, depth: int) -> object:
    if isinstance(value, str) and value and _TELLING.search(name):
        return HIDDEN
    return _plain(value, depth)


def _plain(value: object, depth: int) -> object:
    if depth == 0:
        return "…"
    match value:
        case Secret():
            return f"{HIDDEN} ({value.where})"
        case msgspec.Struct():
            return {name: _named(name, inner, depth - 1) for name, inner in _fields(value)}
        case Mapping():
            return {str(name): _named(str(name), inner, depth - 1) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(inner, depth - 1) for inner in value]
        case bool() | int() | float() | None:
            return value
        case Path():
            return str(value)
        case _:
            return _LOGIN_IN_URL.sub(rf"\1{HIDDEN}@", str(value))
