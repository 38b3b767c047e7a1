"""Decoding a parsed TOML tree into structs, collecting every problem on the way instead of stopping at the first.

``Walk.table`` goes down the tree and the types together. What is wrong becomes a ``Finding`` (the caller adds file and
line) and the value ``BAD``; a struct with a bad part is bad itself, without a further word. Secrets and files met on
the way are listed for the caller to look at: the walk touches nothing outside the tree.
"""

import enum
import operator
import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, inspect

from config.model import Secret
from config.numbers import number_of
from config.problems import Severity, Topic, advice, did_you_mean, is_token, shown
from config.shapes import described, hint, is_marked, struct_type, written, written_alike
from config.texts import CHECKS, MARK, ONE_OF, one_of

Steps = tuple[str | int, ...]
HOW_TO_REFER = 'refer to it: { credential = "NAME" }, { file = "PATH" } or, for development, { env = "NAME" }'
_INT_MAX = 2**63 - 1


class Finding(NamedTuple):
    """A problem without its file and line."""

    path: Steps
    message: str
    suggestion: str = ""
    severity: Severity = "error"
    topic: Topic = "words"


class _Bad(enum.Enum):
    BAD = enum.auto()


BAD = _Bad.BAD
"""What a value is that could not be decoded. Why, is among the findings."""


class Walk:
    """One walk over one file. ``words``: the vocabularies that ``one_of`` marks name; relative paths become absolute
    below ``base``."""

    def __init__(self, base: Path, words: Mapping[str, frozenset[str]]) -> None:
        self.findings: list[Finding] = []
        self.secrets: list[tuple[Steps, Secret]] = []
        self.files: list[tuple[Steps, Path]] = []
        self._base = base
        self._words = words

    def found(self, path: Steps, message: str, suggestion: str = "", topic: Topic = "words") -> _Bad:
        self.findings.append(Finding(path, message, suggestion, topic=topic))
        return BAD

    def warned(self, path: Steps, message: str, suggestion: str = "", topic: Topic = "words") -> None:
        self.findings.append(Finding(path, message, suggestion, "warning", topic))

    def table(self, cls: type[Struct], node: Mapping[str, object], path: Steps = ()) -> object:
        """A ``cls``, or BAD. Keys that the struct has no field for, and fields without a key, are findings."""
        kind = struct_type(cls)
        fields = {field.encode_name: field for field in kind.fields}
        known = fields.keys() | ({kind.tag_field} if kind.tag_field else set())
        bad = False
        meant: set[str] = set()
        for key in node.keys() - known:
            bad = True
            suggestion = did_you_mean(key, known - node.keys()) or did_you_mean(key, known)
            meant.update(name for name in known if suggestion == did_you_mean(name, (name,)))
            self.found((*path, key), "there is no such key here", suggestion or advice(key, known, "key"))
        values: dict[str, object] = {}
        for name, field in fields.items():
            if name in node:
                value = self._field(field, node[name], (*path, name))
                bad = bad or value is BAD
                values[field.name] = value
            elif field.required:
                bad = True
                if name not in meant:
                    self.found((*path, name), f"this key is needed: {described(field.type)}")
        return BAD if bad else self._built(cls, values, path)

    def _built(self, cls: type[Struct], values: dict[str, object], path: Steps) -> object:
        try:
            return cls(**values)
        except (ValueError, TypeError) as error:
            return self.found(path, str(error))

    def _field(self, field: inspect.Field, node: object, path: Steps) -> object:
        value = self.value(field.type, node, path)
        if isinstance(value, str) and field.encode_name.endswith("_url") and not is_marked(field.type):
            return self._checked("url", value, path)
        return value

    def value(self, kind: inspect.Type, node: object, path: Steps) -> object:
        """What the node is as that type, or BAD."""
        match kind:
            case inspect.Metadata():
                value = self.value(kind.type, node, path)
                return value if value is BAD else self._marked(kind.extra or {}, value, path)
            case inspect.UnionType():
                return self._union(kind, node, path)
            case inspect.StructType():
                return self._struct(kind.cls, node, path)
            case inspect.DictType() if isinstance(node, dict):
                return self._dict(kind, node, path)
            case inspect.TupleType() if isinstance(node, list):
                return self._tuple(kind, node, path)
            case inspect.VarTupleType() | inspect.ListType() | inspect.SetType() | inspect.FrozenSetType():
                return self._list(kind, node, path)
            case _:
                return self._scalar(kind, node, path)

    # ── what holds other values ──

    def _struct(self, cls: type[Struct], node: object, path: Steps) -> object:
        if cls is Secret and not isinstance(node, dict):
            return self.found(path, "a secret is never written in the configuration", HOW_TO_REFER, "secret")
        if not isinstance(node, dict):
            return self._wrong(struct_type(cls), node, path)
        value = self.table(cls, node, path)
        if isinstance(value, Secret):
            if is_token(value.credential or "") or is_token(value.env or ""):
                return self.found(path, "this is the secret itself, not the name of one", HOW_TO_REFER, "secret")
            self.secrets.append((path, value))
        return value

    def _dict(self, kind: inspect.DictType, node: dict[str, object], path: Steps) -> object:
        if not self._fits(kind, len(node), "entries", path):
            return BAD
        items = {key: self.value(kind.value_type, node[key], (*path, key)) for key in node}
        return BAD if any(item is BAD for item in items.values()) else items

    def _tuple(self, kind: inspect.TupleType, node: list[object], path: Steps) -> object:
        if len(node) != len(kind.item_types):
            return self.found(path, f"this list has {number_of(len(kind.item_types), 'elements')}, not {len(node)}")
        items = [
            self.value(item_type, item, (*path, index))
            for index, (item_type, item) in enumerate(zip(kind.item_types, node, strict=True))
        ]
        return BAD if any(item is BAD for item in items) else tuple(items)

    def _list(
        self,
        kind: inspect.VarTupleType | inspect.ListType | inspect.SetType | inspect.FrozenSetType,
        node: object,
        path: Steps,
    ) -> object:
        if not isinstance(node, list):
            return self._wrong(kind, node, path)
        if not self._fits(kind, len(node), "elements", path):
            return BAD
        items = [self.value(kind.item_type, item, (*path, index)) for index, item in enumerate(node)]
        if any(item is BAD for item in items):
            return BAD
        build: Callable[[Iterable[object]], object] = tuple
        match kind:
            case inspect.ListType():
                build = list
            case inspect.SetType():
                build = set
            case inspect.FrozenSetType():
                build = frozenset
            case inspect.VarTupleType():
                pass
        return build(items)

    def _union(self, kind: inspect.UnionType, node: object, path: Steps) -> object:
        """The member that is written this way. Where several are, a tag decides, else the first without problems."""
        members = [member for member in kind.types if not isinstance(member, inspect.NoneType)]
        fitting = [member for member in members if written_alike(member, node)]
        if isinstance(node, dict) and len(fitting) > 1:
            tagged = [m for m in fitting if isinstance(m, inspect.StructType) and m.tag_field in node]
            fitting = [m for m in tagged if node[m.tag_field or ""] == m.tag] or fitting
        if not fitting:
            return self.value(members[0], node, path) if len(members) == 1 else self._wrong(kind, node, path)
        for member in fitting[:-1]:
            trial = Walk(self._base, self._words)
            if trial.value(member, node, path) is not BAD:
                return self.value(member, node, path)
        return self.value(fitting[-1], node, path)

    # ── what holds none ──

    def _scalar(self, kind: inspect.Type, node: object, path: Steps) -> object:
        match kind:
            case inspect.AnyType():
                return node
            case inspect.CustomType() if kind.cls is object:
                return node
            case inspect.CustomType() if kind.cls is Path:
                return self._path(node, path) if isinstance(node, str) else self._wrong(kind, node, path)
            case inspect.BoolType() if isinstance(node, bool):
                return node
            case inspect.IntType() if isinstance(node, int) and not isinstance(node, bool):
                return self._number(kind, node, path)
            case inspect.FloatType() if isinstance(node, int | float) and not isinstance(node, bool):
                return self._number(kind, node, path)
            case inspect.StrType() if isinstance(node, str):
                return self._text(kind, node, path)
            case inspect.LiteralType():
                return self._choice({value: value for value in kind.values}, node, path)
            case inspect.EnumType():
                return self._choice({member.value: member for member in kind.cls}, node, path)
            case inspect.DateTimeType() if isinstance(node, datetime):
                return node
            case inspect.DateType() if isinstance(node, date) and not isinstance(node, datetime):
                return node
            case inspect.TimeType() if isinstance(node, time):
                return node
            case _:
                return self._wrong(kind, node, path)

    def _path(self, node: str, path: Steps) -> object:
        if not node or "\0" in node or len(node) > 4_096:
            return self.found(path, "this is no usable path")
        return Path(os.path.normpath(self._base / node))

    def _number(self, kind: inspect.IntType | inspect.FloatType, node: float, path: Steps) -> object:
        if abs(node) > _INT_MAX or node != node:
            return self.found(path, "this number is too large, or none at all")
        limits = (
            ("at least", kind.ge, operator.ge),
            ("more than", kind.gt, operator.gt),
            ("at most", kind.le, operator.le),
            ("less than", kind.lt, operator.lt),
            ("a multiple of", kind.multiple_of, lambda number, step: number % step == 0),
        )
        for words, limit, holds in limits:
            if limit is not None and not holds(node, limit):
                return self.found(path, f"this is {words} {limit:,}, not {node:,}")
        return float(node) if isinstance(kind, inspect.FloatType) else node

    def _text(self, kind: inspect.StrType, node: str, path: Steps) -> object:
        if not self._fits(kind, len(node), "characters", path):
            return BAD
        if kind.pattern is not None and re.search(kind.pattern, node) is None:
            return self.found(path, f"{shown(node)} does not have the form {kind.pattern}")
        return node

    def _choice(self, choices: Mapping[object, object], node: object, path: Steps) -> object:
        # 1 == True == 1.0, as keys too: the type must be the same
        for value, meaning in choices.items():
            if type(node) is type(value) and node == value:
                return meaning
        words = [str(choice) for choice in choices]
        if isinstance(node, str):
            return self.found(path, f"{shown(node)} is not one of: {', '.join(words)}", did_you_mean(node, words))
        return self.found(path, f"this is one of: {', '.join(words)}; not {written(node)}")

    # ── checks ──

    def _marked(self, extra: Mapping[str, object], value: object, path: Steps) -> object:
        if isinstance(value, Path):
            self.files.append((path, value))
        elif isinstance(value, str) and MARK in extra:
            return self._checked(str(extra[MARK]), value, path)
        elif isinstance(value, str) and ONE_OF in extra:
            what = str(extra[ONE_OF])
            return self._said(path, value, lambda text: one_of(text, self._words[what], what))
        return value

    def _checked(self, mark: str, value: str, path: Steps) -> object:
        return self._said(path, value, CHECKS[mark])

    def _said(self, path: Steps, value: str, check: Callable[[str], object]) -> object:
        try:
            check(value)
        except ValueError as error:
            message, suggestion = (*map(str, error.args), "", "")[:2]
            return self.found(path, message, suggestion)
        return value

    def _fits(
        self,
        kind: inspect.StrType
        | inspect.DictType
        | inspect.VarTupleType
        | inspect.ListType
        | inspect.SetType
        | inspect.FrozenSetType,
        count: int,
        of: str,
        path: Steps,
    ) -> bool:
        if kind.min_length is not None and count < kind.min_length:
            self.found(path, f"too few {of}: at least {kind.min_length:,}, not {count:,}")
            return False
        if kind.max_length is not None and count > kind.max_length:
            self.found(path, f"too many {of}: at most {kind.max_length:,}, not {count:,}")
            return False
        return True

    def _wrong(self, kind: inspect.Type, node: object, path: Steps) -> _Bad:
        name = next((step for step in reversed(path) if isinstance(step, str)), "")
        return self.found(path, f"{described(kind)} is needed here, not {written(node)}", hint(kind, node, name))
