"""What is in the vault counts for its tenant or for all, and never for what is needed before the vault is open."""

from pathlib import Path

import pytest
from config_world import VOCABULARY

from config.load import examine

CHAT = '[targets.chat]\nkind = "chat"\ntoken = { credential = "bot" }\n'
OTLP = '[telemetry]\notlp_headers = { x = { credential = "bot" } }\n'
KEY = '[vault]\nkey = { credential = "bot" }\n'
PIN = f'[vault.pkcs11]\nmodule = "{__file__}"\ntoken = "t"\nkey = "k"\npin = {{ credential = "bot" }}\n'


def found(root: Path, daemon: str, put: frozenset[tuple[str, str]]) -> list[str]:
    """The keys of what cannot be had."""
    (root / "tenants.d").mkdir()
    (root / "lmsyncd.toml").write_text(f'[store]\npath = "other.db"\n{daemon}')
    (root / "tenants.d" / "acme.toml").write_text(CHAT)
    asked: list[Path] = []

    def look(store: Path) -> frozenset[tuple[str, str]]:
        asked.append(store)
        return put

    _, problems = examine(root, VOCABULARY, {}, put=look)
    assert asked == [root / "state" / "other.db"]
    return [problem.key for problem in problems if problem.topic == "secret"]


@pytest.mark.parametrize(
    ("put", "lacking"),
    [
        (frozenset(), ["targets.chat.token"]),
        (frozenset({("acme", "bot")}), []),
        (frozenset({("", "bot")}), []),
        (frozenset({("globex", "bot"), ("acme", "other")}), ["targets.chat.token"]),
    ],
)
def test_a_tenants_own_and_everybodys_count(
    tmp_path: Path, put: frozenset[tuple[str, str]], lacking: list[str]
) -> None:
    assert found(tmp_path, "", put) == lacking


@pytest.mark.parametrize(
    ("daemon", "key"),
    [(OTLP, "telemetry.otlp_headers.x"), (KEY, "vault.key"), (PIN, "vault.pkcs11.pin")],
)
def test_what_opens_the_vault_is_not_looked_for_in_it(tmp_path: Path, daemon: str, key: str) -> None:
    assert found(tmp_path, daemon, frozenset({("", "bot")})) == [key]
