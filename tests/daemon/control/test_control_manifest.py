"""``manifest``: which target is meant, what is asked for, what is missing; and the command that writes it."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from control_office import PEER, Office, ask
from world import open_campus, route, tenant

from config.model import Audience, Daemon, Gateway, Tenant
from daemon.cli import registering
from daemon.cli.lmsyncctl import cli
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.manifested import ManifestRow
from daemon.control.protocol import Refusal
from daemon.control.roles import Peer

URL = "https://lms-sync.example.edu"
APP = {
    "client_id": "9a0c1de2-0000-4000-8000-0000000000aa",
    "teams_app_id": "5b1d0000-0000-4000-8000-0000000000bb",
    "app_home": "https://moodle.example.edu/my/",
}
CHANNEL = route("completions", "completed")
LEARNER = route("grades", "graded", audience=Audience(learner=True))
TEAMS = route("notes", "graded", to="teams", audience=Audience(learner=True))


async def made(path: Path, acme: Tenant, request: p.Manifest, public_url: str = URL) -> ManifestRow:
    """The one row that is answered."""
    async with open_campus(path, acme) as campus:
        office = Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)
        office._daemon = Daemon(gateway=Gateway(public_url=public_url))
        rows, _ = await ask(office, request)
    (row,) = rows
    assert isinstance(row, ManifestRow)
    assert msgspec.json.decode(msgspec.json.encode(row), type=ManifestRow) == row
    return row


async def refused(path: Path, acme: Tenant, request: p.Manifest) -> Refusal:
    """Why there is none."""
    async with open_campus(path, acme) as campus:
        with pytest.raises(Refusal) as caught:
            await ask(Office(campus.store, campus.tenants, campus=campus, clock=campus.clock), request)
    return caught.value


def slack(row: ManifestRow) -> Any:
    assert row.media_type == "application/json"
    return json.loads(row.content)


def teams(row: ManifestRow) -> Any:
    assert row.media_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(row.content)) as package:
        assert package.testzip() is None
        return json.loads(package.read("manifest.json"))


# ── Slack ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_reachable_host_is_told_by_address(tmp_path: Path, autojump_clock: object) -> None:
    row = await made(tmp_path, tenant(CHANNEL), p.Manifest(platform="slack", tenant="acme"))
    told = slack(row)
    assert told["oauth_config"]["redirect_urls"] == [f"{URL}/t/acme/connect/slack/callback"]
    assert told["settings"]["event_subscriptions"]["request_url"] == f"{URL}/t/acme/events/slack"
    assert told["settings"]["interactivity"] == {"is_enabled": True, "request_url": f"{URL}/t/acme/events/slack"}
    assert told["settings"]["socket_mode_enabled"] is False
    assert told["settings"]["token_rotation_enabled"] is True
    asked = told["oauth_config"]["scopes"]["bot"]
    assert asked == [each.name for each in row.permissions if each.speaker == "bot"]
    assert "im:write" not in asked
    assert {"chat:write", "channels:history", "channels:read"} <= set(asked)


async def test_a_hidden_host_listens_over_a_socket(tmp_path: Path, autojump_clock: object) -> None:
    row = await made(tmp_path, tenant(LEARNER), p.Manifest(platform="slack", tenant="acme"), public_url="")
    told = slack(row)
    assert told["settings"]["socket_mode_enabled"] is True
    assert "request_url" not in told["settings"]["event_subscriptions"]
    assert "redirect_urls" not in told["oauth_config"]
    assert told["settings"]["token_rotation_enabled"] is False
    assert "connections:write" in [each.name for each in row.permissions if each.speaker == "level"]
    assert "connections:write" not in told["oauth_config"]["scopes"]["bot"]
    assert any("app_token" in note for note in row.notes)


async def test_an_app_comes_before_its_target(tmp_path: Path, autojump_clock: object) -> None:
    acme = tenant()
    bare = msgspec.structs.replace(acme, targets={"teams": acme.targets["teams"]})
    row = await made(tmp_path, bare, p.Manifest(platform="slack", tenant="acme", target="chat"))
    assert slack(row)["oauth_config"]["redirect_urls"] == [f"{URL}/t/acme/connect/chat/callback"]
    assert "im:write" in slack(row)["oauth_config"]["scopes"]["bot"]


async def test_it_is_the_same_to_the_byte(tmp_path: Path, autojump_clock: object) -> None:
    one = await made(tmp_path, tenant(CHANNEL, LEARNER), p.Manifest(platform="slack", tenant="acme"))
    (tmp_path / "again").mkdir()
    two = await made(tmp_path / "again", tenant(CHANNEL, LEARNER), p.Manifest(platform="slack", tenant="acme"))
    assert one == two


# ── Teams ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_teams_app_is_a_package(tmp_path: Path, autojump_clock: object) -> None:
    acme = tenant(TEAMS, settings={"teams": APP})
    row = await made(tmp_path, acme, p.Manifest(platform="teams", tenant="acme", name="School news"))
    told = teams(row)
    assert told["id"] == APP["teams_app_id"]
    assert told["webApplicationInfo"]["id"] == APP["client_id"]
    assert told["name"]["short"] == "School news"
    assert told["validDomains"] == ["moodle.example.edu"]
    assert told["authorization"]["permissions"]["resourceSpecific"] == [
        {"name": "TeamsActivity.Send.User", "type": "Application"}
    ]
    (tmp_path / "again").mkdir()
    again = await made(tmp_path / "again", acme, p.Manifest(platform="teams", tenant="acme", name="School news"))
    assert again.content == row.content


async def test_where_we_install_it_the_manifest_asks_for_nothing(tmp_path: Path, autojump_clock: object) -> None:
    acme = tenant(TEAMS, settings={"teams": {**APP, "catalog_app_id": "7c1d0000-0000-4000-8000-0000000000cc"}})
    row = await made(tmp_path, acme, p.Manifest(platform="teams", tenant="acme"))
    assert "authorization" not in teams(row)
    assert "TeamsAppInstallation.ReadWriteSelfForUser.All" in [each.name for each in row.permissions]


async def test_what_is_missing_is_named_all_at_once(tmp_path: Path, autojump_clock: object) -> None:
    acme = tenant(TEAMS, settings={"teams": {"client_id": "sandbox", "teams_app_id": ""}})
    refusal = await refused(tmp_path, acme, p.Manifest(platform="teams", tenant="acme"))
    assert refusal.code == Exit.BAD_CONFIGURATION
    for name in ("client_id", "teams_app_id", "app_home"):
        assert name in refusal.advice


# ── which one ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (p.Manifest(platform="slack", tenant="nobody"), Exit.NOTHING),
        (p.Manifest(platform="slack", tenant="acme", target="teams"), Exit.NOTHING),
        (p.Manifest(platform="teams", tenant="acme", target="chat"), Exit.NOTHING),
    ],
)
async def test_what_is_not_there(tmp_path: Path, autojump_clock: object, request_: p.Manifest, code: Exit) -> None:
    assert (await refused(tmp_path, tenant(CHANNEL), request_)).code == code


async def test_several_of_a_kind_need_a_name(tmp_path: Path, autojump_clock: object) -> None:
    acme = tenant(CHANNEL)
    second = msgspec.structs.replace(acme.targets["slack"], name="other")
    both = msgspec.structs.replace(acme, targets={**acme.targets, "other": second})
    assert (await refused(tmp_path, both, p.Manifest(platform="slack", tenant="acme"))).code == Exit.USAGE


def test_whoever_looks_may_ask() -> None:
    assert p.Manifest.role is p.Role.VIEWER
    assert not p.Manifest.mutates
    assert Peer is type(PEER)


# ── the command ──────────────────────────────────────────────────────────────────────────────────────

ROW = ManifestRow(
    tenant="acme",
    target="slack",
    file="slack-acme-slack.json",
    media_type="application/json",
    content=b'{"a": 1}\n',
    permissions=(),
    notes=("paste it",),
)


class Answering:
    """A client that is given the row."""

    asked: list[p.Ask]

    def ask(self, request: p.Ask) -> Any:
        self.asked = [request]
        yield msgspec.Raw(msgspec.json.encode(ROW))
        yield p.Done(exit_code=0, note="done")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Answering:
    answering = Answering()

    def settled(work: Any, *, aside: bool) -> int:
        assert aside
        note, code = work(answering, lambda text: None, None)
        assert note == "done"
        return int(code)

    monkeypatch.setattr(registering, "settled", settled)
    return answering


def test_slack_s_goes_to_the_output_or_a_file(client: Answering, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["manifest", "slack", "acme", "--target", "chat", "--name", "News"])
    assert result.exit_code == 0, result.output
    assert result.stdout == '{"a": 1}\n'
    assert client.asked == [p.Manifest(platform="slack", tenant="acme", target="chat", name="News")]
    result = CliRunner().invoke(cli, ["manifest", "slack", "acme", "--out", str(tmp_path / "x.json")])
    assert result.exit_code == 0
    assert (tmp_path / "x.json").read_bytes() == ROW.content


def test_a_package_needs_a_file(client: Answering, tmp_path: Path) -> None:
    assert CliRunner().invoke(cli, ["manifest", "teams", "acme"]).exit_code == Exit.USAGE
    assert CliRunner().invoke(cli, ["manifest", "teams", "acme", "--out", str(tmp_path / "x.zip")]).exit_code == 0
