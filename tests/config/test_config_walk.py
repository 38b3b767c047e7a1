"""The walk, type by type: right values become what msgspec would make of them, wrong ones findings."""

import datetime
import enum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import Meta

from config.walk import BAD, Walk


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Inner(msgspec.Struct, frozen=True, kw_only=True):
    number: Annotated[int, Meta(ge=0, multiple_of=5)] = 0


class Circle(msgspec.Struct, frozen=True, kw_only=True, tag="circle", tag_field="shape"):
    radius: float


class Square(msgspec.Struct, frozen=True, kw_only=True, tag="square", tag_field="shape"):
    side: float


class All(msgspec.Struct, frozen=True, kw_only=True):
    text: str = ""
    flag: bool = False
    share: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    colour: Colour = Colour.RED
    choice: Literal["a", 1] = "a"
    pair: tuple[int, str] = (0, "")
    words: list[str] = []
    once: frozenset[str] = frozenset()
    several: set[int] = msgspec.field(default_factory=set)
    inner: Inner = Inner()
    inners: tuple[Inner, ...] = ()
    mapping: dict[str, Inner] = {}
    where: Path = Path("/")
    maybe: int | None = None
    either: str | tuple[str, ...] = ""
    form: Circle | Square | None = None
    code: Annotated[str, Meta(pattern="^[A-Z]+$", max_length=3)] = "A"
    at: datetime.datetime | None = None
    day: datetime.date | None = None
    time: datetime.time | None = None
    anything: object = None
    renamed: int = msgspec.field(default=0, name="other-name")


def walked(node: dict[str, Any]) -> tuple[object, list[tuple[Any, str]]]:
    walk = Walk(Path("/base"), {})
    value = walk.table(All, node)
    return value, [(finding.path, finding.message) for finding in walk.findings]


MOMENT = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
RIGHT: list[tuple[str, object, object]] = [
    ("share", 0.25, 0.25),
    ("colour", "blue", Colour.BLUE),
    ("choice", 1, 1),
    ("pair", [1, "x"], (1, "x")),
    ("words", ["x"], ["x"]),
    ("once", ["x", "x"], frozenset({"x"})),
    ("several", [1, 2], {1, 2}),
    ("inner", {"number": 5}, Inner(number=5)),
    ("inners", [{}, {"number": 10}], (Inner(), Inner(number=10))),
    ("mapping", {"x": {}}, {"x": Inner()}),
    ("where", "a/../b", Path("/base/b")),
    ("where", "/abs", Path("/abs")),
    ("maybe", 3, 3),
    ("either", "x", "x"),
    ("either", ["x"], ("x",)),
    ("form", {"shape": "square", "side": 2}, Square(side=2.0)),
    ("form", {"shape": "circle", "radius": 2.5}, Circle(radius=2.5)),
    ("at", MOMENT, MOMENT),
    ("day", MOMENT.date(), MOMENT.date()),
    ("time", MOMENT.time(), MOMENT.time()),
    ("anything", {"x": [1]}, {"x": [1]}),
]


@pytest.mark.parametrize(("name", "node", "value"), RIGHT)
def test_right(name: str, node: object, value: object) -> None:
    assert walked({name: node}) == (All(**{name: value}), [])


WRONG: list[tuple[str, object, list[tuple[Any, str]]]] = [
    ("text", 1, [(("text",), "a string is needed here, not an integer")]),
    ("flag", 0, [(("flag",), "true or false is needed here, not an integer")]),
    ("share", 1.0, [(("share",), "this is less than 1, not 1.0")]),
    ("share", 0, [(("share",), "this is more than 0, not 0")]),
    ("share", float("inf"), [(("share",), "this number is too large, or none at all")]),
    ("share", True, [(("share",), "a number is needed here, not a boolean")]),
    ("colour", "reed", [(("colour",), "'reed' is not one of: red, blue")]),
    ("choice", True, [(("choice",), "this is one of: 1, a; not a boolean")]),
    ("choice", 1.0, [(("choice",), "this is one of: 1, a; not a number")]),
    ("pair", [1], [(("pair",), "this list has 2 elements, not 1")]),
    ("pair", [1, 2], [(("pair", 1), "a string is needed here, not an integer")]),
    ("pair", "x", [(("pair",), "a list is needed here, not a string")]),
    ("words", ["x", 1, {}], [(("words", 1), "a string is needed here, not an integer"), (("words", 2), "a string is needed here, not a table")]),  # noqa: E501  # one case, one row
    ("inner", {"number": 3}, [(("inner", "number"), "this is a multiple of 5, not 3")]),
    ("inners", [{"number": -5}, {"x": 1}], [(("inners", 0, "number"), "this is at least 0, not -5"), (("inners", 1, "x"), "there is no such key here")]),  # noqa: E501
    ("mapping", {"x": 1}, [(("mapping", "x"), "a table is needed here, not an integer")]),
    ("mapping", 1, [(("mapping",), "a table is needed here, not an integer")]),
    ("where", "a\0b", [(("where",), "this is no usable path")]),
    ("maybe", "x", [(("maybe",), "an integer is needed here, not a string")]),
    ("either", 1, [(("either",), "a string or a list of strings is needed here, not an integer")]),
    ("form", {"shape": "square"}, [(("form", "side"), "this key is needed: a number")]),
    ("code", "abc", [(("code",), "'abc' does not have the form ^[A-Z]+$")]),
    ("code", "ABCD", [(("code",), "too many characters: at most 3, not 4")]),
    ("at", MOMENT.date(), [(("at",), "a date and time is needed here, not a date or time")]),
    ("day", MOMENT, [(("day",), "a date is needed here, not a date or time")]),
    ("renamed", 1, [(("renamed",), "there is no such key here")]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "node", "findings"), WRONG)
def test_wrong(name: str, node: object, findings: list[tuple[Any, str]]) -> None:
    assert walked({name: node}) == (BAD, findings)


MOMENTS = (datetime.datetime, datetime.date, datetime.time)


def decoded(kind: type, raw: Any) -> object:
    return Path("/base") / raw if kind is Path else raw


leaves = st.none() | st.text(max_size=5) | st.integers() | st.floats() | st.booleans() | st.datetimes()
nodes = st.recursive(
    leaves.filter(lambda leaf: leaf is not None),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["number", "shape", "side", "x"]), inner)
    ),
    max_leaves=6,
)
NAMES = [field.encode_name for field in msgspec.structs.fields(All)]


@given(st.dictionaries(st.sampled_from(NAMES), nodes, max_size=4))
def test_the_walk_accepts_what_msgspec_accepts_and_nothing_else(node: dict[str, Any]) -> None:
    value, findings = walked(node)
    assert (value is BAD) == bool(findings)
    stricter = ("too large", "path", "key")  # finite numbers of 64 bits, usable paths, no unknown keys
    assume(not any(word in message for _, message in findings for word in stricter))
    try:
        expected = msgspec.convert(node, All, dec_hook=decoded, builtin_types=MOMENTS)
    except (msgspec.ValidationError, TypeError):
        assert value is BAD
    else:
        assert value == expected or "where" in node
