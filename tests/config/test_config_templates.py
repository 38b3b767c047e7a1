"""An operator's templates: names, bounds, and mistakes with their lines."""

from pathlib import Path

import pytest
from config_world import write

from config import templates
from config.templates import read_templates


def read(root: Path) -> tuple[dict[str, str], list[tuple[str, int, str]]]:
    found, problems = read_templates(root, ["chat"])
    return found, [(str(problem.file.relative_to(root)), problem.line, problem.message) for problem in problems]


def test_names(tmp_path: Path) -> None:
    files = {"graded.j2": "a", "graded.de.j2": "b", "chat/graded.j2": "c", ".hidden.j2": "{%", "notes.txt": "{%"}
    found, problems = read(write(tmp_path, files))
    assert (found, problems) == ({"graded": "a", "graded.de": "b", "chat/graded": "c"}, [])


def test_no_directory_no_templates(tmp_path: Path) -> None:
    assert read(tmp_path / "none") == ({}, [])


def test_mistakes(tmp_path: Path) -> None:
    files = {
        "a b.j2": "",
        "chet/x.j2": "",
        "latin.j2": b"\xe4",
        "large.j2": "x" * 65_537,
        "loop.j2": "one\ntwo {% for x %}",
        "deep.j2": "{{ " + "(" * 3_000 + ")" * 3_000 + " }}",
    }
    found, problems = read(write(tmp_path, files))
    assert found == {}
    assert problems == [
        ("a b.j2", 0, "the name of a template has letters, digits, dots, hyphens and underscores"),
        ("chet/x.j2", 0, "'chet' is no kind of target"),
        ("deep.j2", 0, "this is nested too deeply"),
        ("large.j2", 0, "the file is longer than 65,536 bytes"),
        ("latin.j2", 0, "the file is not UTF-8 (line 1)"),
        ("loop.j2", 2, "this is no template: expected token 'in', got 'end of statement block'"),
    ]


def test_their_number_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "TEMPLATES_MAX", 2)
    found, problems = read(write(tmp_path, {f"{n}.j2": "" for n in range(3)}))
    assert (len(found), problems) == (2, [(".", 0, "there are more than 2 templates")])
