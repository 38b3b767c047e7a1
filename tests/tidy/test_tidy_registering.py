"""The pages on registering name exactly the permissions of the tables in the code, with what each is for."""

import re
from pathlib import Path

import pytest

from actors.domain.scopes import Need
from actors.sources.canvas.wire import NEEDS as CANVAS
from actors.targets.slack.scopes import NEEDS as SLACK
from actors.targets.teams.scopes import NEEDS as TEAMS

DOCS = Path(__file__).parents[2] / "docs"
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| (.+) \|$", re.MULTILINE)


def told(page: str) -> list[tuple[str, str, str]]:
    """The rows of a page's tables, in order."""
    text = (DOCS / f"register-{page}.md").read_text(encoding="utf-8")
    return [(name.replace("\\|", "|"), middle.strip(), last.strip()) for name, middle, last in ROW.findall(text)]


def rows(table: tuple[Need, ...]) -> list[tuple[str, str, str]]:
    """Speaker by speaker, as they first come."""
    speakers = dict.fromkeys(need.speaker for need in table)
    return [
        (need.scope, ", ".join(sorted(need.features)), need.why)
        for speaker in speakers
        for need in table
        if need.speaker == speaker
    ]


@pytest.mark.parametrize(("page", "table"), [("slack", SLACK), ("entra", TEAMS)])
def test_every_permission_is_there_and_no_other(page: str, table: tuple[Need, ...]) -> None:
    assert told(page) == rows(table)


def test_every_scope_of_canvas_is_there_and_no_other() -> None:
    assert told("canvas") == [(scope, name, permission) for name, (scope, permission) in CANVAS.items()]
