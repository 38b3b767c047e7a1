"""The configuration reference, generated from the structs: their docstrings, and those of their fields.

``python -m config.reference PACKAGE …`` prints it as Markdown; each package (named, not imported here: this room knows
no connectors) has a ``discover()`` that gives its kinds. ``--man`` prints the middle of a manual page instead.
"""

import ast
import inspect as python_inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import msgspec
from msgspec import NODEFAULT, Struct, inspect

from config.model import Daemon, Secret, TenantWords
from config.shapes import default_of, described, fields_of

INTRODUCTION = """\
A configuration is a directory (default `/etc/lmsyncd`) with `lmsyncd.toml` for the process, one file \
`tenants.d/NAME.toml` for each tenant and, if you want your own wording, `templates/NAME.j2` or \
`templates/PLATFORM/NAME.j2`; `tenants.d/NAME/templates/` holds what one tenant says differently. `lmsyncd init DIR` \
writes a commented start, `lmsyncd check --config DIR` lists every mistake at once, and `lmsyncctl reload` takes over \
what has changed.

Durations are a number with a unit (`ms`, `s`, `m`, `h`, `d`). A relative path is relative to the file that names it. \
A key that is not listed here is an error. This page is generated from the program."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a table. ``default`` is TOML, empty if the key must be given or has no value unless it is."""

    key: str
    type: str
    needed: bool
    default: str
    meaning: str


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One table. ``level`` 2 opens a file or a kind, 3 is a table in it."""

    level: int
    title: str
    text: str
    rows: tuple[Row, ...] = ()


def sections(source_kinds: Mapping[str, type[Struct]], target_kinds: Mapping[str, type[Struct]]) -> tuple[Section, ...]:
    """The whole reference, in the order in which it is read."""
    found = [*_tables(Daemon, "lmsyncd.toml", 2), *_tables(TenantWords, "tenants.d/NAME.toml", 2)]
    for side, kinds in (("sources", source_kinds), ("targets", target_kinds)):
        for kind, settings in sorted(kinds.items()):
            found += _tables(settings, f'[{side}.NAME] kind = "{kind}"', 2)
    found += _tables(Secret, "A secret", 2)
    return tuple(found)


def markdown(parts: tuple[Section, ...]) -> str:
    """The reference as a page."""
    lines = ["# Configuration", "", INTRODUCTION, ""]
    for part in parts:
        title = part.title if " " in part.title and "[" not in part.title else f"`{part.title}`"
        lines += [f"{'#' * part.level} {title}", "", _inline(part.text), ""]
        if part.rows:
            lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
            lines += [
                f"| `{row.key}` | {_cell(row.type)} | {_default(row)} | {_cell(_inline(row.meaning))} |"
                for row in part.rows
            ]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def troff(parts: tuple[Section, ...]) -> str:
    """The reference as sections of a manual page (man macros), without its header."""
    lines = [".SH CONFIGURATION", _roff(INTRODUCTION)]
    for part in parts:
        lines += [f'.{"SH" if part.level == 2 else "SS"} "{_roff(part.title).replace(chr(34), chr(92) + "(dq")}"']
        lines.append(_roff(part.text))
        for row in part.rows:
            default = "needed" if row.needed else f"default {row.default}" if row.default else "optional"
            lines += [".TP", f"\\fB{_roff(row.key)}\\fR ({_roff(row.type)}; {_roff(default)})", _roff(row.meaning)]
    return "\n".join(lines) + "\n"


# ── structs to sections ──────────────────────────────────────────────────────────────────────────────


def _tables(cls: type[Struct], title: str, level: int) -> Iterator[Section]:
    """The struct's section, then those of the tables in it."""
    documented = field_docs(cls)
    rows = tuple(_row(field, documented.get(field.name, "")) for field in fields_of(cls))
    yield Section(level=level, title=title, text=_flat(cls.__doc__ or ""), rows=rows)
    for field in fields_of(cls):
        inner = _struct_in(field.type)
        if inner is not None and inner is not Secret:
            is_list = described(field.type).startswith("a list")
            above = re.sub(r" kind = .*|.*\.toml\Z", "", title).strip("[]")
            path = f"{above}.{field.encode_name}" if above else field.encode_name
            if isinstance(field.type, inspect.DictType):
                path += ".KEY"
            yield from _tables(inner, f"[[{path}]]" if is_list else f"[{path}]", 3)


def _struct_in(kind: inspect.Type) -> type[Struct] | None:
    """The struct a field holds, by itself or in a list."""
    match kind:
        case inspect.Metadata():
            return _struct_in(kind.type)
        case inspect.UnionType():
            return next((inner for member in kind.types if (inner := _struct_in(member)) is not None), None)
        case inspect.VarTupleType() | inspect.ListType():
            return _struct_in(kind.item_type)
        case inspect.DictType():
            return _struct_in(kind.value_type)
        case inspect.StructType(cls=cls):
            return cls
        case _:
            return None


def _row(field: inspect.Field, meaning: str) -> Row:
    value = default_of(field)
    inner = _struct_in(field.type)
    if not meaning and inner is not None:
        meaning = _flat(inner.__doc__ or "")
    return Row(
        key=field.encode_name,
        type=described(field.type) + _limits(field.type),
        needed=value is NODEFAULT,
        default="" if value is NODEFAULT or isinstance(value, Struct) else _toml(value),
        meaning=meaning,
    )


def _limits(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata():
            return _limits(kind.type)
        case inspect.IntType() | inspect.FloatType():
            limits = (("from", kind.ge), ("above", kind.gt), ("to", kind.le), ("below", kind.lt))
            return "".join(f" {word} {limit:,}" for word, limit in limits if limit is not None)
        case _:
            return ""


def _toml(value: object) -> str:
    """A default as it would be written; empty for None and empty containers and texts."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str() | Path():
            return f'"{value}"' if str(value) else ""
        case tuple() | list() | frozenset() | set():
            return f"[{', '.join(_toml(item) for item in value)}]" if value else ""
        case _:
            return ""


@cache
def field_docs(cls: type[Struct]) -> dict[str, str]:
    """What stands in quotes below each field, base structs included."""
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if not issubclass(base, Struct) or base is Struct:
            continue
        tree = ast.parse(textwrap.dedent(python_inspect.getsource(base))).body[0]
        body = tree.body if isinstance(tree, ast.ClassDef) else []
        for field, below in pairwise(body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    docs[name] = _flat(text)
                case _:
                    pass
    return docs


def _flat(text: str) -> str:
    return " ".join(text.split())


# ── marks of the two formats ─────────────────────────────────────────────────────────────────────────


def _inline(text: str) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", text)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(row: Row) -> str:
    if row.needed:
        return "needed"
    return f"`{_cell(row.default)}`" if row.default else ""


def _roff(text: str) -> str:
    plain = text.replace("``", "").replace("`", "").replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in plain.split("\n"))


def main(arguments: list[str]) -> str:
    """What the command prints: sources' package first, then targets'."""
    packages = [argument for argument in arguments if argument != "--man"]
    source_kinds, target_kinds = (
        {kind: connector.settings for kind, connector in import_module(package).discover().items()}
        for package in packages
    )
    parts = sections(source_kinds, target_kinds)
    return troff(parts) if "--man" in arguments else markdown(parts)


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]))
