"""What a type is called by people, and how a value of it is written in TOML. For messages and for the reference."""

from datetime import date, time
from functools import cache

from msgspec import NODEFAULT, Struct, inspect

from config.model import Secret
from config.texts import MARK


@cache
def struct_type(cls: type[Struct]) -> inspect.StructType:
    """What msgspec knows of a struct."""
    info = inspect.type_info(cls)
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{cls!r} is no struct")
    return info


def described(kind: inspect.Type) -> str:
    """``a list of strings``: what an operator would call the type."""
    match kind:
        case inspect.Metadata():
            mark = str((kind.extra or {}).get(MARK, "text"))
            if mark in ("text", "file"):
                return described(kind.type)
            return f"{'an' if mark[0] in 'aei' else 'a'} {mark}".replace("a url", "a URL").replace("a quiet", "quiet")
        case inspect.UnionType():
            members = [described(member) for member in kind.types if not isinstance(member, inspect.NoneType)]
            return " or ".join(members)
        case inspect.StructType(cls=cls):
            return "a reference to a secret" if cls is Secret else "a table"
        case inspect.VarTupleType() | inspect.ListType() | inspect.SetType() | inspect.FrozenSetType():
            return f"a list of {_plural(kind.item_type)}"
        case inspect.LiteralType(values=values):
            return ("one of " if len(values) > 1 else "") + ", ".join(f'"{value}"' for value in values)
        case inspect.EnumType():
            return "one of " + ", ".join(f'"{member.value}"' for member in kind.cls)
        case _:
            return _NAMES.get(type(kind), "a value of another type")


_NAMES: dict[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.IntType: "an integer",
    inspect.FloatType: "a number",
    inspect.StrType: "a string",
    inspect.CustomType: "a path",
    inspect.DictType: "a table",
    inspect.TupleType: "a list",
    inspect.DateTimeType: "a date and time",
    inspect.DateType: "a date",
    inspect.TimeType: "a time",
}


def _plural(kind: inspect.Type) -> str:
    word = described(kind)
    if word.startswith("one of "):
        return word.removeprefix("one of ")
    return word.removeprefix("an ").removeprefix("a ") + ("es" if word.endswith("ss") else "s")


def written(node: object) -> str:
    """What the operator wrote, by type: never its value."""
    for types, words in (
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a number"),
        (str, "a string"),
        (dict, "a table"),
        (list, "a list"),
    ):
        if isinstance(node, types):
            return words
    return "a date or time"


def hint(kind: inspect.Type, node: object, name: str) -> str:
    """How to write it instead, for the commonest slips."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    match kind:
        case inspect.VarTupleType(item_type=inspect.StructType()) if isinstance(node, dict):
            return f"write [[{name}]], in double brackets, once for each"
        case inspect.VarTupleType() | inspect.ListType() if not isinstance(node, dict):
            return f"write it in brackets: {name} = [ … ]"
        case inspect.StrType() if isinstance(node, int | float):
            return "write it in quotes"
        case inspect.IntType() | inspect.FloatType() | inspect.BoolType() if isinstance(node, str):
            return "write it without quotes"
    return ""


def is_marked(kind: inspect.Type) -> bool:
    """Whether the text has a check of its own."""
    if isinstance(kind, inspect.UnionType):
        return any(is_marked(member) for member in kind.types)
    return isinstance(kind, inspect.Metadata)


def written_alike(kind: inspect.Type, node: object) -> bool:
    """Whether a value of that type is written the way this node is, right or wrong."""
    match kind:
        case inspect.Metadata():
            return written_alike(kind.type, node)
        case inspect.StructType() | inspect.DictType():
            return isinstance(node, dict) or (isinstance(kind, inspect.StructType) and kind.cls is Secret)
        case inspect.LiteralType(values=values):
            return any(type(node) is type(value) for value in values)
        case inspect.EnumType(cls=cls):
            return any(type(node) is type(member.value) for member in cls)
        case inspect.VarTupleType() | inspect.ListType() | inspect.SetType() | inspect.FrozenSetType():
            return isinstance(node, list)
        case inspect.TupleType():
            return isinstance(node, list)
        case inspect.StrType():
            return isinstance(node, str)
        case inspect.CustomType(cls=cls):
            return isinstance(node, str) or cls is object
        case inspect.BoolType():
            return isinstance(node, bool)
        case inspect.IntType():
            return isinstance(node, int) and not isinstance(node, bool)
        case inspect.FloatType():
            return isinstance(node, int | float) and not isinstance(node, bool)
        case _:
            return isinstance(node, date | time)


def fields_of(cls: type[Struct]) -> tuple[inspect.Field, ...]:
    """Fields in the order they were declared."""
    return struct_type(cls).fields


def default_of(field: inspect.Field) -> object:
    """The value of a field that is not written; NODEFAULT if it must be."""
    if field.default is not NODEFAULT:
        return field.default
    return field.default_factory() if field.default_factory is not NODEFAULT else NODEFAULT
