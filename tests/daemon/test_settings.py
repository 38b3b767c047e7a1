"""The configuration as the process reads it: with the connectors and the templates that there are."""

from pathlib import Path

from config.starter import write_starter
from daemon import settings

ROUTE = 'name = "completions"\n'


def problems_with(root: Path, route: str) -> list[str]:
    """Of the starting configuration, with this added to its first route."""
    write_starter(root)
    file = root / "tenants.d" / "demo.toml"
    file.write_text(file.read_text("utf-8").replace(ROUTE, ROUTE + route), "utf-8")
    _, problems = settings.read(root, {})
    return [f"{problem.key}: {problem.message}; {problem.suggestion}" for problem in problems]


def test_a_template_that_ships_may_be_named(tmp_path: Path) -> None:
    assert problems_with(tmp_path / "conf", 'template = "graded"\n') == []


def test_a_template_that_is_nowhere_is_found_before_it_buries_deliveries(tmp_path: Path) -> None:
    assert problems_with(tmp_path / "conf", 'template = "gradet"\n') == [
        "routes[0].template: there is no template 'gradet'; did you mean 'graded'?"
    ]


def test_an_audience_that_its_target_can_never_reach_is_found_by_check(tmp_path: Path) -> None:
    write_starter(tmp_path / "conf")
    file = tmp_path / "conf" / "tenants.d" / "demo.toml"
    text = file.read_text("utf-8")
    route = '\n[[routes]]\nname = "r%d"\nwhen = ["graded"]\nto = "slack"\naudience = { %s }\n'
    wrong = ('team = "x", channel = "C0123456789"', 'channel = "general"')
    file.write_text(text + "".join(route % each for each in enumerate(wrong)), "utf-8")
    configuration, problems = settings.read(tmp_path / "conf", {})
    assert configuration is None
    assert [problem.key.partition("]")[2] for problem in problems] == [".audience", ".audience"]
    assert all(problem.line > text.count("\n") for problem in problems)
    assert "'general' is no Slack channel id" in problems[1].message
