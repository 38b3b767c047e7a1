"""``lmsyncd init`` and the examples: what a stranger starts from has to load as it stands."""

import shutil
import stat
import tomllib
from pathlib import Path

import pytest

from actors import sources, targets
from actors.domain.changes import ROUTE_WORDS
from config.load import examine
from config.model import Secret
from config.problems import render
from config.secrets import SecretReader
from config.starter import StarterRefused, write_starter
from config.tenant import Vocabulary

EXAMPLES = Path(__file__).parents[2] / "config/examples"


def vocabulary() -> Vocabulary:
    return Vocabulary(
        {kind: source.settings for kind, source in sources.discover().items()},
        {kind: target.settings for kind, target in targets.discover().items()},
        ROUTE_WORDS,
        taking={kind: target.taking for kind, target in targets.discover().items()},
    )


def test_the_starter_loads_without_a_word(tmp_path: Path) -> None:
    written = write_starter(tmp_path / "new/conf")
    assert [str(path.relative_to(tmp_path / "new/conf")) for path in written] == [
        "lmsyncd.toml",
        "tenants.d/demo.toml",
        "tenants.d/demo.people.csv",
        "secrets/demo-lrs",
        "secrets/demo-slack-bot",
        "secrets/demo-entra",
        "secrets/demo-teams-user",
        "secrets/demo-canvas",
        "secrets/demo-moodle",
        "secrets/demo-archive",
    ]
    configuration, problems = examine(tmp_path / "new/conf", vocabulary(), {})
    assert problems == [], render(problems)
    assert configuration is not None
    assert len(configuration.tenants["demo"].people) == 2


def test_its_secrets_are_for_one_reader_and_its_own_one_is_random(tmp_path: Path) -> None:
    values = set()
    for name in ("a", "b"):
        for path in write_starter(tmp_path / name):
            if path.parent.name == "secrets":
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
                assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        values.add(SecretReader({}).reveal(Secret(file=tmp_path / name / "secrets/demo-lrs")))
    assert len(values) == 2
    assert all(len(value) >= 24 for value in values)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tenants.d").mkdir()
    (tmp_path / "tenants.d/demo.toml").write_text("mine")
    (tmp_path / "lmsyncd.toml").symlink_to("nowhere")
    with pytest.raises(StarterRefused, match=r"lmsyncd\.toml") as caught:
        write_starter(tmp_path)
    assert caught.value.existing == (tmp_path / "lmsyncd.toml", tmp_path / "tenants.d/demo.toml")
    assert (tmp_path / "tenants.d/demo.toml").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["demo.toml", "lmsyncd.toml", "tenants.d"]


def test_a_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StarterRefused, match="not a directory"):
        write_starter(tmp_path / "file")


def test_what_is_commented_out_can_be_put_in(tmp_path: Path) -> None:
    """A key behind a comment sign is right when it is uncommented: each alone, since some exclude one another."""
    write_starter(tmp_path)
    for name in ("lmsyncd.toml", "tenants.d/demo.toml"):
        lines = (tmp_path / name).read_text().splitlines()
        shown = [index for index, line in enumerate(lines) if line.startswith("# ") and _is_toml(line[2:])]
        assert shown, name
        uncommented = [line[2:] if index in shown else line for index, line in enumerate(lines)]
        (tmp_path / name).write_text("\n".join(uncommented))
    for pem in ("fullchain", "key", "clients", "private-ca"):
        (tmp_path / "tls").mkdir(exist_ok=True)
        (tmp_path / f"tls/{pem}.pem").touch(mode=0o600)
    (tmp_path / "otlp").write_text("Bearer x")
    (tmp_path / "vault-key").write_text("ab" * 32)
    configuration, problems = examine(tmp_path, vocabulary(), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert configuration is not None, render(problems)
    assert problems == [], render(problems)


def _is_toml(line: str) -> bool:
    try:
        return bool(tomllib.loads(line))
    except tomllib.TOMLDecodeError:
        return False


@pytest.mark.parametrize("name", ["minimal", "campus"])
def test_examples_lack_nothing_but_what_only_you_have(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    shutil.copytree(EXAMPLES / name, root)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    _, problems = examine(root, vocabulary(), environ)
    assert problems
    for problem in problems:
        place = f"{tmp_path}/credentials/" if problem.topic == "secret" else f"{root}/tls/"
        assert place in problem.message, render(problems)
        assert problem.message.endswith(": no such file or directory")
        missing = Path(place + problem.message.partition(place)[2].removesuffix(": no such file or directory"))
        missing.parent.mkdir(exist_ok=True)
        missing.write_text("x")
        missing.chmod(0o600)
    configuration, problems = examine(root, vocabulary(), environ)
    assert problems == [], render(problems)
    assert configuration is not None
