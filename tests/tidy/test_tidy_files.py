"""Rooms one can walk through: short files, packages that introduce themselves, nothing left lying about."""

import ast
import re
from pathlib import Path

from checkout import DATA, PACKAGES, TOP, files, told, written

LINES_MAX = 350
LONGER: dict[str, str] = {}
"""Files that may be longer, each with the reason."""

LEFT_OVER = r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b"
MACHINES = r"(?<![\w.{}])/(?:work|root|home/[a-z]+|opt/pypi)/"
REGISTRIES = r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|deb\.debian\.org"


def offences(pattern: str) -> list[str]:
    """Lines of the project in which the pattern is found; this file has to name what it looks for."""
    found = re.compile(pattern)
    return [
        f"{told(path)}:{number}: {line.strip()}"
        for path in files()
        if path.suffix not in DATA and path != Path(__file__)
        for number, line in enumerate(written(path).splitlines(), 1)
        if found.search(line)
    ]


def test_no_file_is_too_long() -> None:
    lengths = {told(path): len(written(path).splitlines()) for path in files(suffix=".py")}
    assert {name: lines for name, lines in lengths.items() if lines > LINES_MAX and name not in LONGER} == {}
    assert [name for name in LONGER if lengths.get(name, 0) <= LINES_MAX] == []


def test_every_package_and_module_says_what_it_is() -> None:
    silent = [
        told(path)
        for path in files(*PACKAGES, suffix=".py")
        if not ast.get_docstring(ast.parse(written(path), filename=str(path)))
    ]
    assert silent == []


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for path in files(*PACKAGES, suffix=".py")}
    assert [told(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_nothing_is_left_for_later() -> None:
    assert offences(LEFT_OVER) == []


def test_no_machine_and_no_registry_is_named() -> None:
    assert offences(f"{MACHINES}|{REGISTRIES}") == []
    locks = [path for path in TOP.glob("*.lock") if re.search(r"://|/opt/|/tmp/", written(path))]
    assert locks == []


def test_ignored_findings_have_a_reason() -> None:
    """Beside the marker, or shortly above. S608 needs none: the store's SQL is made of its own constants."""
    bare = re.compile(r"#\s*(?:type:\s*ignore(?:\[[\w, -]+\])?|noqa(?:: (?!S608)[A-Z]+\d+(?:, [A-Z]+\d+)*)?)\s*$")
    found = []
    for path in files(*PACKAGES, suffix=".py"):
        lines = written(path).splitlines()
        for number, line in enumerate(lines):
            if bare.search(line) and not any(
                above.strip().startswith("#") for above in lines[max(0, number - 2) : number]
            ):
                found.append(f"{told(path)}: {line.strip()}")
    assert found == []


def test_test_modules_have_names_of_their_own() -> None:
    names = [path.name for path in files("tests", suffix=".py") if path.name.startswith("test_")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
