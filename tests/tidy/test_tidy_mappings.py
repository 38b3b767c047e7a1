"""Mapping tables that ship are right and have every form that is told; the page on them tells all there is."""

import ast
import json
import re
import textwrap
import tomllib
from collections.abc import Iterator

import msgspec
import pytest
from checkout import TOP, written

from actors import sources
from actors.domain.canonical import ENTITIES
from actors.domain.harvest import Record
from actors.domain.mapping import Frame, compile_tables
from actors.domain.mapping.checks import CHECKS
from actors.domain.mapping.kinds import fields_of
from actors.domain.mapping.transforms import TRANSFORMS
from actors.sources.tables import examine, shipped, tables
from config.problems import dotted

FOLDER = TOP / "actors" / "sources"
MAPPED = sorted(path.parent.parent.name for path in FOLDER.glob("*/mappings/v1.toml"))


def told(kind: str) -> Iterator[tuple[str | None, str]]:
    """(entity, form) of every record that a connector makes, where it writes them out; entity None: any."""
    for path in sorted((FOLDER / kind).rglob("*.py")):
        if "fake" in path.relative_to(FOLDER).as_posix():
            continue
        for node in ast.walk(ast.parse(written(path))):
            if isinstance(node, ast.Call):
                given = {
                    each.arg: each.value.value
                    for each in node.keywords
                    if isinstance(each.value, ast.Constant) and isinstance(each.value.value, str)
                }
                if "form" in given:
                    yield given.get("entity"), given["form"]


def test_there_are_some() -> None:
    assert {"canvas", "moodle", "oneroster"} <= set(MAPPED)
    assert not [kind for kind in MAPPED if kind not in sources.discover()]


@pytest.mark.parametrize("kind", MAPPED)
def test_tables_that_ship_are_right(kind: str) -> None:
    trees = shipped(kind)
    mapped, wrong = compile_tables(trees)
    said = [f"v{version} {dotted(each.path)}: {each.message}" for version, found in wrong.items() for each in found]
    assert not said
    assert set(mapped) == set(trees)
    assert all(each.note.strip().endswith(".") for each in mapped.values())
    assert tables(kind, {}).newest == max(trees)
    assert examine(kind, {}).versions == frozenset(trees)


@pytest.mark.parametrize("kind", MAPPED)
def test_every_form_that_is_told_has_a_table(kind: str) -> None:
    forms = tables(kind, {}).get(1).forms
    missing = [
        (entity, form)
        for entity, form in told(kind)
        if not any(form == known and entity in (None, of) for of, known in forms)
    ]
    assert not missing


def test_files_are_named_after_versions_and_nothing_else_lies_there() -> None:
    strays = [
        path.name
        for path in FOLDER.glob("*/mappings/*")
        if path.name != f"v{path.stem[1:]}.toml" or not path.stem[1:].isdigit()
    ]
    assert not strays


PAGE = written(TOP / "docs" / "mapping.md")


def table_under(heading: str) -> list[list[str]]:
    """The rows of the first table after a heading."""
    text = PAGE.partition(f"\n### {heading}\n")[2]
    found = [line for line in text.partition("\n#")[0].splitlines() if line.startswith("| ")]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in found[1:]]


def as_written(name: str, argument: str) -> str:
    if argument.startswith("["):
        return f"`{name}[:{argument[1:]}`"
    return f"`{name}:{argument}`" if argument else f"`{name}`"


def test_the_page_has_every_transform_and_check() -> None:
    transforms = [[as_written(each.name, each.argument), each.does] for each in TRANSFORMS.values()]
    checks = [[as_written(each.name, each.argument), each.does] for each in CHECKS.values()]
    assert table_under("Transforms") == transforms
    assert table_under("Checks") == checks


def test_the_page_has_every_field() -> None:
    told = {row[0].strip("`"): re.findall(r"`([^`]+)`", row[1]) for row in table_under("Fields")}
    known = {
        entity: [
            spelt
            for kind in fields_of(entity).values()
            for spelt in (
                [f"{kind.name}.NAME"]
                if kind.parts is None
                else [f"{kind.name}.{part}" for part in kind.parts] or [kind.name]
            )
        ]
        for entity in ENTITIES
    }
    assert told == known


def test_tables_on_the_page_are_right() -> None:
    blocks = [tomllib.loads(textwrap.dedent(block)) for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)]
    assert [each["version"] for each in blocks] == [100, 2, 101]
    mapped, wrong = compile_tables({**shipped("canvas"), **{each["version"]: each for each in blocks}})
    assert not wrong
    frame = Frame(
        home_page="https://x", tenant="acme", source="canvas", timezone="Europe/Berlin", locale="de", now_us=0
    )
    body = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
    means = mapped[101].normalise(Record(entity="enrolment", id=body["id"], form="portal", body=body), frame)
    shown = {name: json.loads(value) for name, value in re.findall(r"^\| `(\w+)` \| `(\"[^`]+\")` \|$", PAGE, re.M)}
    assert shown == {name: value for name, value in msgspec.to_builtins(means).items() if name != "entity"}
    odd = {**body, "roles": "Hausmeister"}
    flaws = mapped[101].normalise(Record(entity="enrolment", id="s", form="portal", body=odd), frame)
    assert isinstance(flaws, tuple)
    assert [(each.rule, each.path, each.value) for each in flaws] == [("word:our_roles", "roles", '"Hausmeister"')]
