"""The configuration as the process reads it: with the connectors and the templates that there are."""

from pathlib import Path

from backed_store import key_pair

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


def test_what_is_no_key_of_the_vault_is_found_before_anything_needs_it(tmp_path: Path) -> None:
    write_starter(tmp_path / "conf")
    file = tmp_path / "conf" / "lmsyncd.toml"
    keys = 'key = { file = "one" }\nformer_keys = [{ file = "two" }, { env = "THREE" }]'
    file.write_text(f"{file.read_text('utf-8')}\n[vault]\n{keys}\n", "utf-8")
    (tmp_path / "conf" / "one").write_text("not-a-key-but-secret")
    (tmp_path / "conf" / "two").write_text("ab" * 32)
    for name in ("one", "two"):
        (tmp_path / "conf" / name).chmod(0o600)
    configuration, problems = settings.read(tmp_path / "conf", {"THREE": "xyz"})
    assert configuration is None
    assert {problem.key: "hexadecimal or base64" in problem.message for problem in problems} == {
        "vault.key": True,
        "vault.former_keys[1]": True,
    }
    assert "not-a-key-but-secret" not in str(problems)
    (tmp_path / "conf" / "one").write_text("cd" * 32)
    configuration, problems = settings.read(tmp_path / "conf", {"THREE": "ef" * 32})
    assert configuration is not None
    assert problems == []


def test_what_no_backup_can_be_encrypted_to_is_found_by_check(tmp_path: Path) -> None:
    private, public = key_pair(tmp_path)
    write_starter(tmp_path / "conf")
    file = tmp_path / "conf" / "lmsyncd.toml"
    file.write_text(f'{file.read_text("utf-8")}\n[backup]\nrecipients = ["{public}", "{private}"]\n', "utf-8")
    configuration, problems = settings.read(tmp_path / "conf", {})
    assert configuration is None
    assert [problem.key for problem in problems] == ["backup.recipients[1]"]
    assert "name the public one" in problems[0].message
