"""A table as TOML again: the whole of a version, after what it extends, as an operator would write it.

Only what tables hold is known here: texts, numbers, booleans, lists and tables of these.
"""

import re
from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def to_toml(tree: Mapping[str, object]) -> str:
    """What ``tomllib`` reads as the same tree: ``Mapped.tree``, or one that is built like it."""
    lines = [f"{_key(key)} = {_value(each)}" for key, each in tree.items() if not isinstance(each, Mapping)]
    for key, each in tree.items():
        if isinstance(each, Mapping):
            for name, table in each.items():
                lines += ["", f"[{_key(key)}.{_key(name)}]"]
                if isinstance(table, Mapping):
                    lines += [f"{_key(field)} = {_value(rule)}" for field, rule in table.items()]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)  # inf and nan are so written in TOML, too
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(each) for each in value)}]"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(key))} = {_value(each)}" for key, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return _text(str(value))


def _text(text: str) -> str:
    return f'"{"".join(_ESCAPES.get(char) or _plain(char) for char in text)}"'


def _plain(char: str) -> str:
    return f"\\u{ord(char):04X}" if ord(char) < 0x20 or ord(char) == 0x7F else char
