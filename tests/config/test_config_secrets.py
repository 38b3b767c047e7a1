"""Secrets: read when needed, again when rotated, and never shown."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from config_world import GOOD_TENANT, look, write

from config.model import Secret
from config.problems import json_lines, render
from config.secrets import SecretReader, SecretUnavailable

CANARY = "canary-3f9a1c77"
VALUES = [
    (b"value-one\n", "value-one"),
    (b"value-two\n\n", "value-two\n"),
    (b"value-six\r\n", "value-six"),
    ("gr\u00fc\u00df-dich".encode(), "gr\u00fc\u00df-dich"),
]


@pytest.mark.parametrize(("content", "value"), VALUES)
def test_one_newline_at_the_end_is_not_part_of_it(tmp_path: Path, content: bytes, value: str) -> None:
    (tmp_path / "s").write_bytes(content)
    reader = SecretReader({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert reader.reveal(Secret(file=tmp_path / "s")) == value
    assert reader.reveal(Secret(credential="s")) == value
    assert reader.known_values() == {value}


def test_environment_is_read_when_asked() -> None:
    environ = {"A": CANARY}
    reader = SecretReader(environ)
    assert reader.reveal(Secret(env="A")) == CANARY
    environ["A"] = "another-value"
    assert reader.reveal(Secret(env="A")) == "another-value"
    assert reader.known_values() == {CANARY, "another-value"}


def replaced(path: Path, value: str) -> None:
    path.with_suffix(".new").write_text(value)
    path.with_suffix(".new").replace(path)


def rewritten(path: Path, value: str) -> None:
    path.write_text(value)
    os.utime(path, ns=(1, 1))  # a moment of its own, however fast the test is


@pytest.mark.parametrize("rotate", [replaced, rewritten])
def test_a_rotated_file_is_picked_up(tmp_path: Path, rotate: Callable[[Path, str], None]) -> None:
    path = tmp_path / "token"
    path.write_text("value-one")
    reader = SecretReader({})
    assert reader.reveal(Secret(file=path)) == "value-one"
    rotate(path, "value-two")
    assert reader.reveal(Secret(file=path)) == "value-two"
    assert reader.known_values() == {"value-one", "value-two"}


def test_an_unchanged_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "token"
    path.write_text(CANARY)
    reader = SecretReader({})
    reader.reveal(Secret(file=path))
    monkeypatch.setattr("config.secrets.read_bytes", lambda *_: pytest.fail("it was read again"))
    assert reader.reveal(Secret(file=path)) == CANARY


def test_a_file_that_went_away_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(CANARY)
    reader = SecretReader({})
    reader.reveal(Secret(file=path))
    path.unlink()
    with pytest.raises(SecretUnavailable, match="no such file"):
        reader.reveal(Secret(file=path))


@pytest.mark.parametrize(
    ("secret", "content", "why"),
    [
        (Secret(env="NO"), None, "not set, or empty"),
        (Secret(credential="s"), b"", "the file is empty"),
        (Secret(credential="s"), b"\n", "the file is empty"),
        (Secret(credential="s"), CANARY.encode() + b"\xff", "not UTF-8"),
        (Secret(credential="s"), CANARY.encode() * 10_000, "longer than 65,536 bytes"),
        (Secret(credential="s"), None, "no such file"),
        (Secret(credential="../s"), b"x", "no name of a credential"),
        (Secret(credential=".."), b"x", "no name of a credential"),
        (Secret(credential=""), b"x", "no name of a credential"),
    ],
)
def test_unavailable(tmp_path: Path, secret: Secret, content: bytes | None, why: str) -> None:
    if content is not None:
        (tmp_path / "s").write_bytes(content)
    reader = SecretReader({"CREDENTIALS_DIRECTORY": str(tmp_path), "EMPTY": ""})
    with pytest.raises(SecretUnavailable, match=why) as caught:
        reader.reveal(secret)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert reader.known_values() == frozenset()


def test_a_credential_needs_its_directory() -> None:
    with pytest.raises(SecretUnavailable, match="CREDENTIALS_DIRECTORY is not set"):
        SecretReader({}).reveal(Secret(credential="bot"))


def test_short_values_are_not_scrubbed_from_logs() -> None:
    reader = SecretReader({"A": "short"})
    reader.reveal(Secret(env="A"))
    assert reader.known_values() == frozenset()


def test_nothing_shows_a_value(tmp_path: Path) -> None:
    (tmp_path / "tenants.d").mkdir()
    (tmp_path / "tenants.d/token").write_text(CANARY)
    tenant = GOOD_TENANT.replace('{ env = "TOKEN" }', '{ file = "token" }')
    configuration, problems = look(write(tmp_path, {"tenants.d/acme.toml": tenant}), {"LRS": CANARY})
    reader = SecretReader({"LRS": CANARY})
    reader.reveal(Secret(env="LRS"))
    assert configuration is not None
    shown = repr(configuration) + str(configuration) + render(problems) + json_lines(problems) + repr(reader)
    assert CANARY not in shown
    assert "***" in repr(configuration)


MISPLACED = [
    f'token = "{CANARY}"',
    f'token = ["{CANARY}"]',
    f'token = {{ value = "{CANARY}" }}',
    f'token = {{ credential = "{CANARY}", value = 1 }}',
    f'tokn = "{CANARY}"',
    f'api_url = "https://{CANARY}@chat.example.org/"',
    f'api_url = "{CANARY}"',
    f'settle = "{CANARY}"',
    f'limits = "{CANARY}"',
    f'kind = "xoxb-{CANARY}"',
    f'token = "{CANARY}',
    'token = { credential = "xoxb-' + CANARY + '" }',
    'token = { env = "xoxb-' + CANARY + '" }',
    'token = { credential = "' + "3f9a1c77" * 5 + '" }',
]


@pytest.mark.parametrize("line", MISPLACED)
def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path, line: str) -> None:
    lines = [f"[targets.chat]\n{line}\n{'' if 'kind' in line else 'kind = ' + chr(34) + 'chat' + chr(34)}\n"]
    _, problems = look(write(tmp_path, {"tenants.d/acme.toml": "".join(lines)}))
    assert problems
    said = render(problems) + json_lines(problems) + repr(problems)
    assert CANARY not in said
    assert "3f9a1c77" not in said
