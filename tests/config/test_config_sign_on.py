"""The words of ``[sso]``, and what sign-on needs beyond a tenant's own file."""

from pathlib import Path

import pytest
from config_world import GOOD_TENANT, look, write

from config.model import Configuration
from config.problems import Problem

SAML = """
[sso.saml]
metadata_url = "https://idp.example.edu/metadata"
keys = [{ certificate = "sp.pem", key = { env = "TOKEN" } }]
"""
PUBLIC = '[gateway]\nproxies = ["127.0.0.1"]\npublic_url = "https://sync.example.edu"\n'
HERE = f'{PUBLIC}[sso]\nxmlsec1 = "/bin/sh"\n'


def read(root: Path, sso: str = SAML, daemon: str = HERE, **more: str) -> tuple[Configuration | None, list[Problem]]:
    files = {
        "lmsyncd.toml": daemon,
        "tenants.d/acme.toml": GOOD_TENANT + sso,
        "tenants.d/sp.pem": "x",
        **{name.replace("_", "/", 1): text for name, text in more.items()},
    }
    return look(write(root, files))


def test_sign_on_by_saml_is_read(tmp_path: Path) -> None:
    configuration, problems = read(tmp_path)
    assert problems == []
    assert configuration is not None
    sso = configuration.tenants["acme"].sso
    assert sso is not None
    assert sso.order() == ("saml",)
    assert sso.saml is not None
    assert sso.saml.keys[0].certificate == tmp_path / "tenants.d" / "sp.pem"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("metadata_url", "metadata_file"), "tenants.d/https:/idp.example.edu/metadata: no such file or directory"),
        (("metadata_url =", "metadata_file = 'sp.pem'\nmetadata_url ="), "one of metadata_file and metadata_url"),
        (('metadata_url = "https://idp.example.edu/metadata"', ""), "one of metadata_file and metadata_url"),
        (("https://idp", "http://idp"), "metadata_url: https is needed here, or metadata_certificate"),
        (("keys =", 'skew = "6m"\nkeys ='), "skew is at most 5m"),
        (("keys =", 'login_timeout = "2h"\nkeys ='), "login_timeout is at most 1h"),
        (("[{", "[]\nother = [{"), "too few elements: at least 1, not 0"),
        (("[sso.saml]", "[sso]\nmethods = ['oidc']\n[sso.saml]"), "methods: there is no [sso.oidc]"),
        (("[sso.saml]", "[sso]\nmethods = ['saml', 'saml']\n[sso.saml]"), "methods: each is named once"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, changed: tuple[str, str], message: str) -> None:
    assert changed[0] in SAML
    configuration, problems = read(tmp_path, SAML.replace(*changed))
    assert configuration is None
    assert any(message in problem.message.replace(f"{tmp_path}/", "") for problem in problems), problems


def test_metadata_over_http_are_believed_where_they_are_signed_or_from_this_machine(tmp_path: Path) -> None:
    for text in (
        SAML.replace("https://idp.example.edu", "http://127.0.0.1:8000"),
        SAML.replace("https://idp", "http://idp").replace("keys =", 'metadata_certificate = "sp.pem"\nkeys ='),
    ):
        configuration, problems = read(tmp_path, text)
        assert problems == []
        assert configuration is not None


@pytest.mark.parametrize(
    ("gateway", "why"),
    [
        ("", "gateway.public_url is not set"),
        ('[gateway]\npublic_url = "http://sync.example.edu"\n', "gateway.public_url is not https"),
    ],
)
def test_people_must_be_able_to_come_back(tmp_path: Path, gateway: str, why: str) -> None:
    configuration, problems = read(tmp_path, daemon=HERE.replace(PUBLIC, gateway))
    assert configuration is None
    assert [(each.file.name, each.key) for each in problems] == [("acme.toml", "sso")]
    assert why in problems[0].message
    assert read(tmp_path, sso="", daemon=HERE.replace(PUBLIC, gateway))[1] == []


def test_a_program_that_is_not_there_is_a_warning_on_its_machine(tmp_path: Path) -> None:
    configuration, problems = read(tmp_path, daemon=HERE.replace("/bin/sh", "/usr/bin/no-such-xmlsec1"))
    assert configuration is not None
    [problem] = problems
    assert (problem.key, problem.severity, problem.topic) == ("sso.xmlsec1", "warning", "file")
    assert problem.message == "/usr/bin/no-such-xmlsec1: no such file or directory; nobody can sign on by SAML (acme)"
    (tmp_path / "data").write_text("x")
    _, problems = read(tmp_path, daemon=HERE.replace("/bin/sh", str(tmp_path / "data")))
    assert "it is no program" in problems[0].message
    assert read(tmp_path, sso="", daemon=HERE.replace("/bin/sh", "/usr/bin/no-such-xmlsec1"))[1] == []


def test_tables_for_claims_lie_where_those_for_sources_do(tmp_path: Path) -> None:
    table = 'version = {}\nnote = "Ours."\n[user.saml]\nemail = {{ path = "x" }}\n'
    files = {
        "mappings_sso/v100.toml": table.format(100),
        "mappings_acme/sso/v101.toml": table.format(101),
    }
    configuration, problems = read(tmp_path, "[sso]\nmapping = 101\n" + SAML, **files)
    assert problems == []
    assert configuration is not None
    acme = configuration.tenants["acme"]
    assert sorted(acme.sso_tables) == [100, 101]
    assert acme.mappings == {}


def test_where_nobody_knows_who_calls_it_is_said(tmp_path: Path) -> None:
    proxies = 'proxies = ["127.0.0.1"]\n'
    assert proxies in HERE
    for name, daemon, said in (
        ("without", HERE.replace(proxies, ""), ["gateway.public_url"]),
        ("with", HERE, []),
        ("here", HERE.replace(proxies, "").replace("https://sync.example.edu", "http://localhost:8480"), []),
    ):
        configuration, problems = read(tmp_path / name, daemon=daemon)
        assert configuration is not None
        assert [problem.key for problem in problems if "nothing says who calls" in problem.message] == said
    configuration, problems = read(tmp_path / "odd", daemon=HERE.replace("127.0.0.1", "proxy.example.edu"))
    assert configuration is None
    assert any("'proxy.example.edu' is neither an address nor a network" in problem.message for problem in problems)
