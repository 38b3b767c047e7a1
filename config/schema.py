"""JSON Schema (2020-12) of the configuration, generated from the structs, for editors that complete and check TOML.

``document("lmsyncd")`` describes ``lmsyncd.toml``, ``document("tenant")`` a ``tenants.d/NAME.toml``. A schema knows
shapes: which keys there are, what they take, what is needed. What hangs together (a route's target, a time zone that
exists) is for ``lmsyncd check``: what that accepts the schema accepts as well, not the other way round.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from msgspec import NODEFAULT, Struct, inspect

from config.model import Daemon, TenantWords
from config.reference import field_docs
from config.shapes import default_of, described, struct_type
from config.texts import MARK

DIALECT = "https://json-schema.org/draft/2020-12/schema"
CONNECTION_NAME = "^[a-z0-9][a-z0-9_-]{0,62}$"
FILES = {"lmsyncd": "lmsyncd.toml", "tenant": "tenants.d/NAME.toml"}
"""What there is a schema of, by the name that ``document`` takes."""

Node = dict[str, object]
Kinds = Mapping[str, type[Struct]]


def document(which: Literal["lmsyncd", "tenant"], source_kinds: Kinds, target_kinds: Kinds) -> Node:
    """One file's schema. ``source_kinds`` and ``target_kinds``: settings by kind; only a tenant has any."""
    made = _Definitions()
    if which == "lmsyncd":
        top = made.table(Daemon)
    else:
        sides = (("sources", source_kinds), ("targets", target_kinds))
        top = made.table(TenantWords, {side: made.connections(side, kinds) for side, kinds in sides})
    return {"$schema": DIALECT, "title": f"lmsyncd: {FILES[which]}", **top, "$defs": dict(sorted(made.found.items()))}


class _Definitions:
    """Structs on their way to ``$defs``: each once, by its name."""

    def __init__(self) -> None:
        self.found: dict[str, Node] = {}
        self._names: dict[type[Struct], str] = {}

    def table(self, cls: type[Struct], beside: Node | None = None) -> Node:
        """A struct as an object that takes no other keys than its own and those ``beside`` (which win)."""
        documented = field_docs(cls)
        info = struct_type(cls)
        tag: Node = {info.tag_field: {"const": info.tag}} if info.tag_field else {}
        own = {field.encode_name: self._property(field, documented.get(field.name, "")) for field in info.fields}
        properties = tag | own | (beside or {})
        needed = [*tag, *(field.encode_name for field in info.fields if field.required)]
        told = " ".join((cls.__doc__ or "").replace("``", "`").split())
        return {
            **({"description": told} if told else {}),
            "type": "object",
            "properties": properties,
            **({"required": needed} if needed else {}),
            "additionalProperties": False,
        }

    def connections(self, side: str, kinds: Kinds) -> Node:
        """``[sources.NAME]``: which keys it has hangs on its kind."""
        choices: list[Node] = []
        for kind, settings in sorted(kinds.items()):
            name = f"{side}.{kind}"
            self.found[name] = self.table(settings, {"kind": {"const": kind}})
            choices.append(_when_kind(kind, name))
        return {
            "description": f"The tenant's {side}, by name.",
            "type": "object",
            "propertyNames": {"pattern": CONNECTION_NAME},
            "additionalProperties": {
                "type": "object",
                "properties": {"kind": {"enum": sorted(kinds)}},
                "required": ["kind"],
                "allOf": choices,
            },
        }

    def _property(self, field: inspect.Field, meaning: str) -> Node:
        node = self.value(field.type)
        if meaning:
            node["description"] = meaning.replace("``", "`")
        default = default_of(field)
        if default is not NODEFAULT and (plain := _plain(default)) is not None:
            node["default"] = plain
        return node

    def value(self, kind: inspect.Type) -> Node:
        """What a value of that type looks like as parsed TOML."""
        match kind:
            case inspect.Metadata():
                return self._marked(kind)
            case inspect.UnionType():
                members = [self.value(member) for member in kind.types if not isinstance(member, inspect.NoneType)]
                return members[0] if len(members) == 1 else {"anyOf": members}
            case inspect.StructType(cls=cls):
                return {"$ref": f"#/$defs/{self._defined(cls)}"}
            case inspect.DictType():
                return {"type": "object", "additionalProperties": self.value(kind.value_type)} | _sizes(
                    kind, "minProperties", "maxProperties"
                )
            case inspect.VarTupleType() | inspect.ListType() | inspect.SetType() | inspect.FrozenSetType():
                return {"type": "array", "items": self.value(kind.item_type)} | _sizes(kind, "minItems", "maxItems")
            case inspect.TupleType():
                shapes = [self.value(item) for item in kind.item_types]
                return {"type": "array", "prefixItems": shapes, "minItems": len(shapes), "maxItems": len(shapes)}
            case _:
                return _scalar(kind)

    def _marked(self, kind: inspect.Metadata) -> Node:
        node = self.value(kind.type)
        mark = str((kind.extra or {}).get(MARK, ""))
        if mark in ("text", ""):
            return node
        return node | {"title": "a file that is there" if mark == "file" else described(kind)}

    def _defined(self, cls: type[Struct]) -> str:
        """The name of the struct's definition, which is made at the first call."""
        if cls not in self._names:
            name = cls.__name__
            if name in self.found:  # two rooms may have a struct of one name
                name = f"{cls.__module__}.{name}"
            self._names[cls] = name
            self.found[name] = {}
            self.found[name] = self.table(cls) | _secret_only(cls)
        return self._names[cls]


def _when_kind(kind: str, name: str) -> Node:
    return {
        "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
        "then": {"$ref": f"#/$defs/{name}"},
    }


def _secret_only(cls: type[Struct]) -> Node:
    """A secret is exactly one of its keys."""
    return {"minProperties": 1, "maxProperties": 1} if cls.__name__ == "Secret" else {}


def _scalar(kind: inspect.Type) -> Node:
    match kind:
        case inspect.AnyType():
            return {}
        case inspect.CustomType(cls=cls):
            return {"type": "string", "minLength": 1, "title": "a path"} if cls is Path else {}
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.IntType():
            return {"type": "integer"} | _bounds(kind)
        case inspect.FloatType():
            return {"type": "number"} | _bounds(kind)
        case inspect.StrType():
            pattern = {} if kind.pattern is None else {"pattern": kind.pattern}
            return {"type": "string"} | pattern | _sizes(kind, "minLength", "maxLength")
        case inspect.LiteralType(values=values):
            return {"enum": list(values)}
        case inspect.EnumType(cls=cls):
            return {"enum": [member.value for member in cls]}
        case inspect.DateTimeType() | inspect.DateType() | inspect.TimeType():
            return {}  # TOML has types of its own for these: how an editor presents them differs
        case _:
            raise TypeError(f"no JSON Schema for {kind!r}: give it one here")


def _sizes(
    kind: inspect.StrType
    | inspect.DictType
    | inspect.VarTupleType
    | inspect.ListType
    | inspect.SetType
    | inspect.FrozenSetType,
    least: str,
    most: str,
) -> Node:
    limits = ((least, kind.min_length), (most, kind.max_length))
    return {word: limit for word, limit in limits if limit is not None}


def _bounds(kind: inspect.IntType | inspect.FloatType) -> Node:
    limits = (
        ("minimum", kind.ge),
        ("exclusiveMinimum", kind.gt),
        ("maximum", kind.le),
        ("exclusiveMaximum", kind.lt),
        ("multipleOf", kind.multiple_of),
    )
    return {word: limit for word, limit in limits if limit is not None}


def _plain(default: object) -> object:
    """A default as JSON, or None where there is none to show."""
    match default:
        case bool() | int() | float():
            return default
        case str() | Path():
            return str(default) or None
        case tuple() | list():
            items = [_plain(item) for item in default]
            return items if items and None not in items else None
        case _:
            return None
