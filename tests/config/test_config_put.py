"""What is in the vault counts for its tenant or for all, and never for what is needed before the vault is open."""

from pathlib import Path

import pytest
from config_world import VOCABULARY

from config.load import examine

CHAT = '[targets.chat]\nkind = "chat"\ntoken = { credential = "bot" }\n'
OTLP = '[telemetry]\notlp_headers = { x = { credential = "bot" } }\n'
KEY = '[vault]\nkey = { credential = "bot" }\n'
PIN = f'[vault.pkcs11]\nmodule = "{__file__}"\ntoken = "t"\nkey = "k"\npin = {{ credential = "bot" }}\n'


def found(root: Path, daemon: str, put: frozenset[tuple[str, str]]) -> dict[str, str]:
    """The keys of what cannot be had, and how bad that is."""
    (root / "tenants.d").mkdir()
    (root / "lmsyncd.toml").write_text(f'[store]\npath = "other.db"\n{daemon}')
    (root / "tenants.d" / "acme.toml").write_text(CHAT)
    asked: list[Path] = []

    def look(store: Path) -> frozenset[tuple[str, str]]:
        asked.append(store)
        return put

    configuration, problems = examine(root, VOCABULARY, {}, put=look)
    assert asked == [root / "state" / "other.db"]
    lacking = {problem.key: problem.severity for problem in problems if problem.topic == "secret"}
    assert (configuration is None) == ("error" in lacking.values())
    return lacking


@pytest.mark.parametrize(
    ("put", "lacking"),
    [
        (frozenset(), {"targets.chat.token": "warning"}),
        (frozenset({("acme", "bot")}), {}),
        (frozenset({("", "bot")}), {}),
        (frozenset({("globex", "bot"), ("acme", "other")}), {"targets.chat.token": "warning"}),
    ],
)
def test_a_tenants_own_and_everybodys_count(
    tmp_path: Path, put: frozenset[tuple[str, str]], lacking: dict[str, str]
) -> None:
    assert found(tmp_path, "", put) == lacking


@pytest.mark.parametrize(
    ("daemon", "key"),
    [(OTLP, "telemetry.otlp_headers.x"), (KEY, "vault.key"), (PIN, "vault.pkcs11.pin")],
)
def test_what_opens_the_vault_is_not_looked_for_in_it(tmp_path: Path, daemon: str, key: str) -> None:
    assert found(tmp_path, daemon, frozenset({("", "bot")})) == {key: "error"}


def test_a_name_that_was_only_mistyped_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "tenants.d").mkdir()
    (tmp_path / "creds").mkdir()
    (tmp_path / "creds" / "slack-bit").write_text("x")
    (tmp_path / "tenants.d" / "acme.toml").write_text(CHAT.replace("bot", "slack-bat"))
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "creds")}
    waits = "what needs it waits until it is put in: lmsyncctl secret set slack-bat"
    for put, near in (
        (frozenset[tuple[str, str]](), "did you mean 'slack-bit'? Else "),
        (frozenset({("acme", "slack-bats")}), "did you mean 'slack-bats'? Else "),
        (frozenset({("globex", "slack-bats")}), "did you mean 'slack-bit'? Else "),
    ):
        _, problems = examine(tmp_path, VOCABULARY, environ, put=lambda _store, put=put: put)
        assert [problem.suggestion for problem in problems if problem.topic == "secret"] == [near + waits]


@pytest.mark.parametrize("name", ["", "..", "with space", "a/b"])
def test_what_is_no_name_cannot_be_waited_for(tmp_path: Path, name: str) -> None:
    (tmp_path / "tenants.d").mkdir()
    (tmp_path / "tenants.d" / "acme.toml").write_text(CHAT.replace("bot", name))
    configuration, problems = examine(tmp_path, VOCABULARY, {})
    assert configuration is None
    assert [(problem.severity, problem.suggestion) for problem in problems if problem.topic == "secret"] == [
        ("error", "")
    ]
