"""The operators' page names every root cause and whose it is, every word of a plan, every stage, every exit code."""

import re
from pathlib import Path

from actors.domain.sla import Stage
from actors.domain.verdicts import Cause
from daemon.control.exits import Exit
from daemon.store.judging import Does

PAGE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")


def table(heading: str) -> list[tuple[str, str]]:
    """The first two cells of each row below this heading."""
    rows = PAGE.partition(heading)[2].partition("\n\n")[0].splitlines()[1:]
    return [(row.split("|")[1], row.split("|")[2].strip()) for row in rows]


def quoted(cell: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", cell))


def test_every_cause_is_there_with_whose_it_is() -> None:
    told = {name: whose for names, whose in table("| cause | whose | what helps |") for name in quoted(names)}
    assert told == {cause.value: cause.whose.value for cause in Cause}


def test_every_word_of_a_plan_is_there() -> None:
    told = {name for names, _ in table("| a replay would | because |") for name in quoted(names)}
    assert told == {does.value for does in Does} - {Does.NOTHING.value}


def test_every_stage_is_there() -> None:
    told = {name for names, _ in table("| stage | it was late because |") for name in quoted(names)}
    assert told == {stage.value for stage in Stage}


def test_every_exit_code_is_there() -> None:
    told = {int(code) for code in re.findall(r"\b(\d+) [a-z]", PAGE.partition("Exit codes:")[2].partition(".")[0])}
    assert told == {int(code) for code in Exit}
