"""The reference says what the structs say, and the page in docs is what the program would print today."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from config_world import ChatSettings, PushSettings

from actors import sources, targets
from actors.domain.changes import ROUTE_WORDS
from config.model import Daemon, Gateway, Route, Secret, TenantWords
from config.reference import Row, Section, field_docs, markdown, sections, troff

PAGE = Path(__file__).parents[2] / "docs/configuration.md"
COMMAND = ("-m", "config.reference", "actors.sources", "actors.targets")


def toy() -> dict[str, Section]:
    return {part.title: part for part in sections({"push": PushSettings}, {"chat": ChatSettings})}


def test_every_table_is_there() -> None:
    assert list(toy()) == [
        "lmsyncd.toml",
        "[gateway]",
        "[gateway.tls]",
        "[network]",
        "[store]",
        "[control]",
        "[audit]",
        "[vault]",
        "[vault.pkcs11]",
        "[vault.former_pkcs11]",
        "[backup]",
        "[telemetry]",
        "[sso]",
        "tenants.d/NAME.toml",
        "[people]",
        "[[routes]]",
        "[routes.audience]",
        "[routes.filter]",
        "[routes.mode]",
        "[routes.retry]",
        "[routes.retry.faulted]",
        "[routes.retry.unavailable]",
        "[routes.retry.throttled]",
        "[[rosters]]",
        "[rosters.into]",
        "[rosters.match]",
        "[rosters.brake]",
        "[[alerts]]",
        "[review]",
        "[[conflicts]]",
        "[retention]",
        "[identity]",
        "[due_soon]",
        "[pilot]",
        "[sso.roles]",
        "[sso.saml]",
        "[[sso.saml.keys]]",
        "[sso.oidc]",
        "[sso.sessions]",
        '[sources.NAME] kind = "push"',
        "[[sources.NAME.credentials]]",
        '[targets.NAME] kind = "chat"',
        "A secret",
    ]


def test_rows() -> None:
    rows = {row.key: row for row in toy()["[gateway]"].rows}
    assert rows["body_bytes_max"] == Row(
        key="body_bytes_max",
        type="an integer from 1,024 to 1,073,741,824",
        needed=False,
        default="16777216",
        meaning="The longest body that is read; longer ones are refused (413).",
    )
    assert rows["listen"].default == '["127.0.0.1:8480"]'
    assert rows["header_timeout"].type == "a timeout"
    assert {row.key: row for row in toy()["[[routes]]"].rows}["sla_goal"].type == "a number above 0.0 below 100.0"
    roster = {row.key: row for row in toy()["[[rosters]]"].rows}
    assert (roster["from"].needed, roster["from"].type) == (True, "a string")


def test_every_word_of_a_route_is_told() -> None:
    told = field_docs(Route)["when"]
    assert [word for word in sorted(ROUTE_WORDS) if f"``{word}``" not in told] == []


@pytest.mark.parametrize("struct", [Daemon, TenantWords, Gateway, Route, Secret])
def test_every_key_is_explained(struct: type[msgspec.Struct]) -> None:
    for part in toy().values():
        assert part.text, part.title
    explained = {row.key for part in toy().values() for row in part.rows if row.meaning}
    assert {field.encode_name for field in msgspec.structs.fields(struct)} <= explained


def test_every_key_of_every_connector_is_explained() -> None:
    for connector in [*sources.discover().values(), *targets.discover().values()]:
        documented = field_docs(connector.settings)
        unexplained = set(connector.settings.__struct_fields__) - documented.keys()
        assert not unexplained, f"{connector.settings.__name__}: no docstring below {', '.join(sorted(unexplained))}"


def test_markdown_keeps_tables_whole() -> None:
    part = Section(
        level=2,
        title="[x]",
        text="``a`` or b",
        rows=(Row(key="k", type="a|b", needed=True, default="", meaning="c|d"),),
    )
    lines = markdown((part,)).splitlines()[-6:]
    assert (
        lines
        == [
            "## `[x]`",
            "",
            "`a` or b",
            "",
            "| key | value | default | meaning |",
            "|---|---|---|---|",
            "| `k` | a\\|b | needed | c\\|d |",
        ][1:]
    )


def test_manual_page_has_no_stray_requests() -> None:
    part = Section(level=3, title='kind = "x"', text=".not a request\n'nor this", rows=())
    lines = troff((part,)).splitlines()
    assert lines[-3:] == ['.SS "kind = \\(dqx\\(dq"', "\\&.not a request", "\\&'nor this"]
    assert all(line.split()[0] in (".SH", ".SS", ".TP") for line in lines if line.startswith("."))


def test_the_page_in_docs_is_up_to_date() -> None:
    kinds = [
        {kind: connector.settings for kind, connector in found.items()}
        for found in (sources.discover(), targets.discover())
    ]
    assert PAGE.read_text(encoding="utf-8") == markdown(sections(*kinds)), (
        f"run: python {' '.join(COMMAND)} > docs/configuration.md"
    )


def test_the_command_prints_the_page() -> None:
    printed = subprocess.run([sys.executable, *COMMAND], capture_output=True, text=True, check=True, timeout=60)
    assert printed.stdout.startswith("# Configuration\n")
