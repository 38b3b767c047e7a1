"""Loading: what a good configuration becomes, and what exactly is said about a broken one."""

import os
from pathlib import Path

import pytest
from broken_files import CHAT, DAEMONS, NAMES, ROUTE, TENANTS
from config_world import ENVIRON, GOOD_TENANT, ROUTE_WORDS, VOCABULARY, ChatSettings, PushSettings, look, told, write

from config.load import _state, examine, load
from config.model import Audience, Backoff, Digest, Retention, Retry, Secret
from config.problems import BadConfiguration


def test_good_configuration(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "lmsyncd.toml": '[gateway]\nbody_timeout = "1m"\n[store]\npath = "db/x.db"\n[telemetry]\nsample = 1\n',
            "tenants.d/acme.toml": 'people = { file = "../people.csv" }\n' + GOOD_TENANT,
            "tenants.d/zeta.toml": "",
            "tenants.d/off.toml.disabled": "not = toml = at all",
            "tenants.d/zeta/templates/graded.j2": "zeta's own",
            "templates/graded.j2": "{{ learner }}",
            "templates/chat/graded.j2": "chat: {{ learner }}",
            "people.csv": "\ufeffhome_page,account,email\nhttps://m/,ada,Ada@Example.EDU\n",
        },
    )
    configuration = load(
        root,
        source_kinds=VOCABULARY.sources,
        target_kinds=VOCABULARY.targets,
        environ=ENVIRON,
        route_words=ROUTE_WORDS,
    )
    acme, zeta = configuration.tenants["acme"], configuration.tenants["zeta"]
    assert list(configuration.tenants) == ["acme", "zeta"]
    assert configuration.state == root / "state"
    assert configuration.daemon.store.path == root / "state/db/x.db"
    assert configuration.daemon.gateway.body_timeout == "1m"
    assert acme.people[0].email == "ada@example.edu"
    assert isinstance(acme.sources["campus"].settings, PushSettings)
    assert acme.targets["chat"].settings == ChatSettings(token=Secret(env="TOKEN"))
    assert acme.routes[0].audience == Audience(channel="C1")
    assert acme.templates == {"graded": "{{ learner }}", "chat/graded": "chat: {{ learner }}"}
    assert zeta.templates == {"graded": "zeta's own", "chat/graded": "chat: {{ learner }}"}
    assert (zeta.timezone, zeta.locale, zeta.routes) == ("UTC", "en", ())


def test_delivery_words(tmp_path: Path) -> None:
    plain = GOOD_TENANT.replace("[[routes]]", '[retention]\ndeliveries = "30d"\n[[routes]]')
    told_how = """\
enabled = false
mode = { digest = "0 8 * * 1-5" }
quiet_hours = "20:00-07:00"
changed = "update"
sla_goal = 95
[routes.retry]
age_max = "2d"
unavailable = { longest = "1h" }
"""
    words = GOOD_TENANT + told_how
    root = write(tmp_path, {"tenants.d/plain.toml": plain, "tenants.d/words.toml": words})
    configuration, problems = look(root)
    assert problems == []
    assert configuration is not None
    assert configuration.tenants["plain"].retention == Retention(deliveries="30d")
    assert configuration.tenants["words"].retention == Retention()
    by_default, route = (configuration.tenants[name].routes[0] for name in ("plain", "words"))
    assert (by_default.enabled, by_default.mode, by_default.changed, by_default.sla_goal) == (
        True,
        "realtime",
        "post",
        99.0,
    )
    assert by_default.retry == Retry(age_max="30d", faulted=Backoff(first="1s", longest="5m"))
    assert (route.enabled, route.mode, route.changed, route.sla_goal) == (
        False,
        Digest(digest="0 8 * * 1-5"),
        "update",
        95.0,
    )
    assert route.quiet_hours == "20:00-07:00"
    assert route.retry == Retry(age_max="2d", unavailable=Backoff(longest="1h"))


def test_paths_are_relative_to_their_file_and_come_out_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"c/tenants.d/acme.toml": '[targets.chat]\nkind = "chat"\ntoken = { file = "../s/token" }\n'})
    write(tmp_path, {"c/s/token": "x", "c/tls/ca.pem": "x", "c/lmsyncd.toml": '[network]\nca_file = "tls/ca.pem"\n'})
    (tmp_path / "c/s/token").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    configuration, problems = look(Path("c"), {"STATE_DIRECTORY": "/var/lib/lmsyncd:/var/lib/other"})
    assert problems == []
    assert configuration is not None
    settings = configuration.tenants["acme"].targets["chat"].settings
    assert isinstance(settings, ChatSettings)
    assert settings.token.file == tmp_path / "c/s/token"
    assert configuration.daemon.network.ca_file == tmp_path / "c/tls/ca.pem"
    assert configuration.root == tmp_path / "c"
    assert configuration.daemon.store.path == Path("/var/lib/lmsyncd/lmsyncd.db")


@pytest.mark.parametrize("case", TENANTS, ids=str)
def test_broken_tenant(tmp_path: Path, case: str) -> None:
    content, expected = TENANTS[case]
    root = write(tmp_path, {"tenants.d/acme.toml": content})
    configuration, problems = look(root)
    assert told(problems, root) == [("tenants.d/acme.toml", *problem) for problem in expected]
    assert (configuration is None) == any(len(problem) == 4 for problem in expected)


@pytest.mark.parametrize("case", DAEMONS, ids=str)
def test_broken_daemon(tmp_path: Path, case: str) -> None:
    content, expected = DAEMONS[case]
    root = write(tmp_path, {"lmsyncd.toml": content, "tenants.d/acme.toml": GOOD_TENANT})
    _, problems = look(root)
    assert told(problems, root) == [("lmsyncd.toml", *problem) for problem in expected]


def test_everything_at_once_in_several_files(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "lmsyncd.toml": "[gateway]\nlissen = []\n[control]\nsocket = 1\n",
            "tenants.d/acme.toml": GOOD_TENANT.replace("completed", "complete").replace("Berlin", "Berln"),
            "tenants.d/Bad Name.toml": "",
            "tenants.d/zeta.toml": "x",
            "templates/graded.j2": "fine\n{% if %}",
            "templates/chet/graded.j2": "",
            "people.csv": "home_page,account,email\n,ada,ada\n",
            "tenants.d/people.toml": 'people = { file = "../people.csv" }',
        },
    )
    with pytest.raises(BadConfiguration) as caught:
        load(
            root,
            source_kinds=VOCABULARY.sources,
            target_kinds=VOCABULARY.targets,
            environ=ENVIRON,
            route_words=ROUTE_WORDS,
        )
    assert told(caught.value.problems, root) == [
        ("lmsyncd.toml", 2, "gateway.lissen", "there is no such key here", "did you mean 'listen'?"),
        ("lmsyncd.toml", 4, "control.socket", "a path is needed here, not an integer", ""),
        ("people.csv", 2, "email", "this is no e-mail address", ""),
        ("people.csv", 2, "home_page", "an account is one on a system: its home_page is needed", ""),
        ("templates/chet/graded.j2", 0, "", "'chet' is no kind of target", "did you mean 'chat'?"),
        ("templates/graded.j2", 2, "", "this is no template: Expected an expression, got 'end of statement block'", ""),
        ("tenants.d/Bad Name.toml", 1, "", "the name of the file is the name of the tenant", NAMES),
        ("tenants.d/acme.toml", 1, "timezone", "there is no time zone 'Europe/Berln'", "did you mean 'Europe/Berlin'?"),
        ("tenants.d/acme.toml", 14, "routes[0].when[0]", "there is no change 'complete'", "did you mean 'completed'?"),
        ("tenants.d/zeta.toml", 1, "", "this is not TOML (at the end of the file): expected '=' after a key in a key/value pair", ""),  # noqa: E501
    ]  # fmt: skip
    assert str(caught.value) == "the configuration has 10 errors"


# ── files that are not what they should be ───────────────────────────────────────────────────────────


def test_root_must_be_a_directory(tmp_path: Path) -> None:
    _, problems = look(tmp_path / "nowhere")
    assert [problem.message for problem in problems] == ["there is no such directory"]


def test_no_tenants_is_a_warning(tmp_path: Path) -> None:
    configuration, problems = look(tmp_path)
    assert configuration is not None
    assert [(problem.message, problem.severity) for problem in problems] == [("there is no tenant", "warning")]


def test_fifo_directory_and_large_file_are_refused_without_hanging(tmp_path: Path) -> None:
    root = write(tmp_path, {"tenants.d/large.toml": "#" * (1024 * 1024 + 1), "tenants.d/latin.toml": b"\n# \xe4"})
    os.mkfifo(root / "tenants.d/pipe.toml")
    (root / "tenants.d/folder.toml").mkdir()
    (root / "lmsyncd.toml").symlink_to("nowhere")
    _, problems = look(root)
    assert [(problem.file.name, problem.message) for problem in problems] == [
        ("lmsyncd.toml", "no such file or directory"),
        ("folder.toml", "this is not a regular file"),
        ("large.toml", "the file is longer than 1,048,576 bytes"),
        ("latin.toml", "the file is not UTF-8 (line 2)"),
        ("pipe.toml", "this is not a regular file"),
    ]


def test_secret_files_others_can_read_are_a_warning(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {"tenants.d/acme.toml": CHAT.replace('{ env = "TOKEN" }', '{ file = "token" }'), "tenants.d/token": "x"},
    )
    (root / "tenants.d/token").chmod(0o644)
    configuration, problems = look(root)
    assert configuration is not None
    assert told(problems, root) == [
        ("tenants.d/acme.toml", 3, "targets.chat.token", "tenants.d/token: everybody on this machine may read it (chmod o-rwx)", "", "warning")  # noqa: E501
    ]  # fmt: skip


def test_credentials_are_looked_up_in_their_directory(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {"tenants.d/acme.toml": CHAT.replace('{ env = "TOKEN" }', '{ credential = "bot" }'), "creds/other": "x"},
    )
    configuration, problems = look(root, {"CREDENTIALS_DIRECTORY": str(root / "creds")})
    assert configuration is not None, "it takes the daemon to put it in"
    message = "the secret cannot be had from credential 'bot': creds/bot: no such file or directory"
    advice = "what needs it waits until it is put in: lmsyncctl secret set bot"
    assert told(problems, root) == [("tenants.d/acme.toml", 3, "targets.chat.token", message, advice, "warning")]
    assert problems[0].topic == "secret"
    write(root, {"creds/bot": "value"})
    assert look(root, {"CREDENTIALS_DIRECTORY": str(root / "creds")})[1] == []


def test_secrets_can_be_left_out_of_a_check(tmp_path: Path) -> None:
    root = write(tmp_path, {"tenants.d/acme.toml": GOOD_TENANT})
    configuration, problems = examine(root, VOCABULARY, {}, secrets=False)
    assert configuration is not None
    assert problems == []


def test_route_templates_are_known_where_the_built_in_ones_are(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "templates/chat/praise.de.j2": "x",
            "tenants.d/acme.toml": CHAT
            + ROUTE.replace('"a"', '"a"\ntemplate = "prase"')
            + ROUTE.replace('"a"', '"b"\ntemplate = "praise"')
            + ROUTE.replace('"a"', '"c"\ntemplate = "graded"'),
        },
    )
    _, problems = look(root, vocabulary=VOCABULARY._replace(templates=frozenset({"graded"})))
    assert told(problems, root) == [
        ("tenants.d/acme.toml", 6, "routes[0].template", "there is no template 'prase'", "did you mean 'praise'?")
    ]
    assert look(root)[1] == []


def test_a_command_beside_the_installed_daemon_means_its_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, state = tmp_path / "etc", tmp_path / "var"
    monkeypatch.setattr("config.load.INSTALLED_ROOT", root)
    monkeypatch.setattr("config.load.INSTALLED_STATE", state)
    assert _state(root, {}) == (root / "state", [])
    state.mkdir()
    assert _state(root, {}) == (state, [])
    assert _state(root, {"STATE_DIRECTORY": "/srv/x"}) == (Path("/srv/x"), [])
    assert _state(tmp_path / "other", {}) == (tmp_path / "other/state", [])
