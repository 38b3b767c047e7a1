"""The JSON Schema of the configuration: valid itself, takes what the program takes, and refuses what it can see."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from msgspec.structs import fields

from actors import sources, targets
from config.model import Daemon, TenantWords
from config.schema import document
from config.starter import write_starter
from daemon.cli.lmsyncd import cli

EXAMPLES = Path(__file__).parents[2] / "config/examples"
KINDS = [{kind: one.settings for kind, one in room.discover().items()} for room in (sources, targets)]
DAEMON = Draft202012Validator(document("lmsyncd", *KINDS))
TENANT = Draft202012Validator(document("tenant", *KINDS))


def wrong(validator: Draft202012Validator, text: str) -> list[str]:
    """Where the schema finds fault, as a dotted path."""
    tree = json.loads(json.dumps(tomllib.loads(text), default=str))
    return sorted({".".join(map(str, error.absolute_path)) for error in validator.iter_errors(tree)})


def whole(root: Path) -> dict[str, list[str]]:
    """Every file of a configuration, with what is wrong in it."""
    found = {file.name: wrong(TENANT, file.read_text(encoding="utf-8")) for file in root.glob("tenants.d/*.toml")}
    daemon = root / "lmsyncd.toml"
    return found | ({daemon.name: wrong(DAEMON, daemon.read_text(encoding="utf-8"))} if daemon.exists() else {})


@pytest.mark.parametrize("validator", [DAEMON, TENANT], ids=["lmsyncd", "tenant"])
def test_it_is_a_schema(validator: Draft202012Validator) -> None:
    Draft202012Validator.check_schema(validator.schema)


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.iterdir()))
def test_the_examples_are_good(example: str) -> None:
    found = whole(EXAMPLES / example)
    assert found
    assert {name: at for name, at in found.items() if at} == {}


def test_what_init_writes_is_good(tmp_path: Path) -> None:
    write_starter(tmp_path)
    assert set(whole(tmp_path)) == {"lmsyncd.toml", "demo.toml"}
    assert [at for found in whole(tmp_path).values() for at in found] == []


@pytest.mark.parametrize(
    ("validator", "text", "at"),
    [
        (DAEMON, "[gatway]", ""),
        (DAEMON, "[gateway]\nlisten = '127.0.0.1:8480'", "gateway.listen"),
        (DAEMON, "[gateway]\nbody_bytes_max = 1", "gateway.body_bytes_max"),
        (DAEMON, "[telemetry]\notlp_protocol = 'thrift'", "telemetry.otlp_protocol"),
        (DAEMON, "[vault]\nkey = 'the secret itself'", "vault.key"),
        (DAEMON, "[vault]\nkey = { file = 'a', credential = 'b' }", "vault.key"),
        (TENANT, "[targets.slack]\nkind = 'slak'", "targets.slack.kind"),
        (TENANT, "[targets.slack]\ntoken = { credential = 'x' }", "targets.slack"),
        (TENANT, "[targets.slack]\nkind = 'slack'\nuser = 'x'", "targets.slack"),
        (TENANT, "[sources.'not a name']\nkind = 'xapi'", "sources"),
        (TENANT, "[[routes]]\nname = 'x'", "routes.0"),
    ],
)
def test_what_is_wrong_is_found(validator: Draft202012Validator, text: str, at: str) -> None:
    assert wrong(validator, text) == [at]


def test_every_kind_has_its_keys_and_everything_is_explained() -> None:
    made = TENANT.schema["$defs"]
    for side, kinds in zip(("sources", "targets"), KINDS, strict=True):
        for kind, settings in kinds.items():
            keys = {field.encode_name for field in fields(settings)}
            assert made[f"{side}.{kind}"]["properties"].keys() == {"kind", *keys}
    for validator, cls in ((DAEMON, Daemon), (TENANT, TenantWords)):
        assert validator.schema["description"] == " ".join((cls.__doc__ or "").replace("``", "`").split())
    gateway = DAEMON.schema["$defs"]["Gateway"]["properties"]
    assert gateway["body_bytes_max"]["description"] == "The longest body that is read; longer ones are refused (413)."
    assert (gateway["body_bytes_max"]["default"], gateway["listen"]["default"]) == (16_777_216, ["127.0.0.1:8480"])


@pytest.mark.parametrize(("which", "validator"), [("lmsyncd", DAEMON), ("tenant", TENANT)])
def test_the_command_prints_it(which: str, validator: Draft202012Validator) -> None:
    printed = CliRunner().invoke(cli, ["schema", which])
    assert json.loads(printed.output) == validator.schema
