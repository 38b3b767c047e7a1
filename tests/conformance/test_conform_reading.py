"""What is believed of a run of the public suite: only that everything passed which there is."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.conform import Result, read


def log(folder: Path, *, total: int | None, passed: int, state: str = "finished", **entry: Any) -> Result:
    path = folder / "run.log"
    tree = {"title": "root", "tests": [{"title": "part", "tests": [{"title": "it holds", "tests": [], **entry}]}]}
    path.write_bytes(
        msgspec.json.encode({"state": state, "summary": {"total": total, "passed": passed, "failed": 0}, "log": tree})
    )
    return read(path)


def test_all_of_them_is_green(tmp_path: Path) -> None:
    assert log(tmp_path, total=1365, passed=1365, status="passed").green


@pytest.mark.parametrize(
    ("total", "passed", "state"),
    [
        (1365, 1109, "finished"),  # 256 failures: the suite's exit code says 0
        (1365, 1364, "finished"),  # a test that was never run counts nowhere
        (0, 0, "finished"),
        (None, 0, "finished"),
        (1365, 1365, "cancelled"),
    ],
)
def test_anything_less_is_not(tmp_path: Path, total: int | None, passed: int, state: str) -> None:
    assert not log(tmp_path, total=total, passed=passed, state=state).green


def test_a_failure_says_where_by_which_requirement_and_what_was_said(tmp_path: Path) -> None:
    result = log(
        tmp_path,
        total=2,
        passed=2,
        status="failed",
        error="expected 200",
        requirement="XAPI-00111",
        log="GET /x\n\n\n404",
    )
    assert not result.green
    assert result.failures == [
        "root\n  part\n  it holds\n  requirement: XAPI-00111\n  error: expected 200\nGET /x\n404"
    ]
