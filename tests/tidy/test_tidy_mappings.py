"""Mapping tables that ship: each is right, says what it is, ships with its folder, and has every form that is told."""

import ast
from collections.abc import Iterator

import pytest
from checkout import TOP, written

from actors import sources
from actors.domain.mapping import compile_tables
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
