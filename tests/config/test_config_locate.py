"""Line numbers: every path of any TOML document is found, on the line where it is written."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from config.locate import Path, line_of, locate

DOCUMENT = '''\
# a comment with [brackets] and = signs
top = "a # no comment" # a comment
"quoted key".'and.other' = 1
[a.b]
c.d = { e = [1, { f = """x
"quotes" # not a comment""""" } ] , g = '}' }
date = 1979-05-27 07:32:00 # a blank in a value
[[list]]
x = [
  [ 1, 2 ], # with ] in a comment
  "three\\"]",
]
[[list.inner]]
y = \'\'\'
[not.a.table]\'\'\'
[list.inner.deep]
z = 1
[[list.inner]]
[[list]]
[a]
later = ""
'''


def test_document() -> None:
    lines = locate(DOCUMENT)
    assert {path: lines[path] for path in paths(tomllib.loads(DOCUMENT))} == {
        ("top",): 2,
        ("quoted key",): 3,
        ("quoted key", "and.other"): 3,
        ("a",): 20,
        ("a", "b"): 4,
        ("a", "b", "c"): 5,
        ("a", "b", "c", "d"): 5,
        ("a", "b", "c", "d", "e"): 5,
        ("a", "b", "c", "d", "e", 0): 5,
        ("a", "b", "c", "d", "e", 1): 5,
        ("a", "b", "c", "d", "e", 1, "f"): 5,
        ("a", "b", "c", "d", "g"): 6,
        ("a", "b", "date"): 7,
        ("list",): 8,
        ("list", 0): 8,
        ("list", 0, "x"): 9,
        ("list", 0, "x", 0): 10,
        ("list", 0, "x", 0, 0): 10,
        ("list", 0, "x", 0, 1): 10,
        ("list", 0, "x", 1): 11,
        ("list", 0, "inner"): 13,
        ("list", 0, "inner", 0): 13,
        ("list", 0, "inner", 0, "y"): 14,
        ("list", 0, "inner", 0, "deep"): 16,
        ("list", 0, "inner", 0, "deep", "z"): 17,
        ("list", 0, "inner", 1): 18,
        ("list", 1): 19,
        ("a", "later"): 21,
    }


def test_the_nearest_table_stands_in_for_a_key_that_is_not_there() -> None:
    lines = locate(DOCUMENT)
    assert line_of(lines, ("list", 1, "missing", 0)) == 19
    assert line_of(lines, ("nowhere",)) == 1


def test_windows_line_ends() -> None:
    assert locate("a = 1\r\nb = '''x\r\ny'''\r\nc = 2\r\n") == {("a",): 1, ("b",): 2, ("c",): 4}


# ── any document ─────────────────────────────────────────────────────────────────────────────────────

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    ["", "]", "}", "#", "'", '"', '\\"', "[[x]]", "a = 1", '"""', "'''"]
)
scalars = texts | st.integers(-9, 9) | st.booleans()
trees = st.dictionaries(
    texts,
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
    ),
    max_size=5,
)


class Writer:
    """Writes a tree as TOML in one of the many ways, and notes on which line it wrote each leaf and element."""

    def __init__(self, draw: Any) -> None:
        self.draw, self.text, self.lines = draw, "", {}

    def choose(self, *ways: str) -> str:
        return str(self.draw(st.sampled_from(ways)))

    def quoted(self, value: str, multiline: bool) -> str:
        basic = '"' + "".join(f"\\U{ord(char):08x}" if char in '"\\' else char for char in value) + '"'
        ways = [basic]
        if "'" not in value:
            ways.append(f"'{value}'")
        if multiline:
            ways += [f'""{basic}""', f'"""\\\n  \n{basic[1:-1]}"""']
            if "'''" not in value and not value.endswith("'"):
                ways.append(f"'''\n{value}'''")
        return self.choose(*ways)

    def mark(self, path: Path) -> None:
        self.lines[path] = self.text.count("\n") + 1

    def value(self, path: Path, value: Any, inline: bool) -> None:
        gap = self.choose("", " ", "") if inline else self.choose("", " ", "\n", " # ]}\n")
        match value:
            case bool():
                self.text += str(value).lower()
            case str():
                self.text += self.quoted(value, multiline=not inline)
            case int():
                self.text += str(value)
            case list():
                self.text += "["
                for index, item in enumerate(value):
                    self.text += gap
                    self.mark((*path, index))
                    self.value((*path, index), item, inline)
                    self.text += gap + ("," if index < len(value) - 1 or not inline else "")
                self.text += gap + "]"
            case dict():
                self.text += "{ "
                for place, (key, item) in enumerate(value.items()):
                    self.text += ", " if place else ""
                    self.pair((*path, key), item, inline=True)
                self.text += " }"

    def pair(self, path: Path, value: Any, inline: bool) -> None:
        self.mark(path)
        self.text += self.quoted(str(path[-1]), multiline=False) + self.choose("=", " = ")
        self.value(path, value, inline)

    def table(self, path: Path, header: str, table: dict[str, Any]) -> None:
        """Scalars first, then what can be tables of their own."""
        later = []
        for key, value in table.items():
            is_tables = isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
            if (is_tables or isinstance(value, dict)) and self.draw(st.booleans()):
                later.append((key, value))
            else:
                self.pair((*path, key), value, inline=False)
                self.text += self.choose("\n", " # x = [\n", "\n\n")
        for key, value in later:
            name = header + ("." if header else "") + self.quoted(key, multiline=False)
            for index, item in enumerate([value] if isinstance(value, dict) else value):
                inner = (*path, key) if isinstance(value, dict) else (*path, key, index)
                self.mark(inner)
                self.text += f"[{name}]\n" if isinstance(value, dict) else f"[[{name}]] # ]\n"
                self.table(inner, name, item)


@given(trees, st.data())
def test_every_path_is_found_where_it_is_written(tree: dict[str, Any], data: st.DataObject) -> None:
    writer = Writer(data.draw)
    writer.table((), "", tree)
    assert tomllib.loads(writer.text) == tree
    lines = locate(writer.text)
    assert set(paths(tree)) == set(lines)
    assert {path: lines[path] for path in writer.lines} == writer.lines


def paths(node: object, above: Path = ()) -> list[Path]:
    """Every path of a parsed tree but the root's."""
    pairs: Any = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path for key, value in pairs for path in [(*above, key), *paths(value, (*above, key))]]
