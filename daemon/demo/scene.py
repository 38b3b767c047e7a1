"""The scene: one tenant, its embedded LRS as the source, Slack and Teams (both sandboxes) as targets."""

import shutil
from collections.abc import Iterable
from importlib.resources import as_file, files
from pathlib import Path

import msgspec

from actors.targets.slack.settings import LIMITS_PER_S as slack_limits
from actors.targets.teams.settings import LIMITS_PER_S as teams_limits

SLACK_CHANNELS = {f"CS10{n}": f"C0COURSE10{n}" for n in range(1, 7)}
TEAM = "5f0e1c5a-0000-4000-8000-00000000c0de"
TEAMS_CHANNELS = {f"CS10{n}": f"{TEAM}/19:cs10{n}@thread.tacv2" for n in range(1, 7)}
HALL = "C0WELCOME01"
KEY, SECRET = "moodle", "demo-lrs-secret"  # the demo's own, on a loopback address
SECRETS = {
    "lrs": SECRET,
    "slack": "xoxb-sandbox",
    "entra": "sandbox",
    "teams-user": "sandbox-user",
}


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything is. ``fast``: no limits of ours, short settling (for tests against a sandbox without any)."""

    root: Path
    gateway_port: int
    sandbox_port: int
    fast: bool = False
    otlp_endpoint: str = ""
    otlp_signals: tuple[str, ...] = ()
    """Which of them, if not all."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}/t/campus/xapi"

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def socket(self) -> Path:
        return self.root / "control.sock"


def write(scene: Scene) -> None:
    """The configuration directory, with its secrets as files of mode 0600."""
    secrets = scene.root / "secrets"
    secrets.mkdir(parents=True, mode=0o700)
    (scene.root / "tenants.d").mkdir()
    for name, value in SECRETS.items():
        path = secrets / name
        path.touch(mode=0o600)
        path.write_text(value + "\n", encoding="utf-8")
    with as_file(files("daemon.demo").joinpath("people.csv")) as people:
        shutil.copy(people, scene.root / "people.csv")
    (scene.root / "lmsyncd.toml").write_text(_daemon(scene), encoding="utf-8")
    (scene.root / "tenants.d" / "campus.toml").write_text(_tenant(scene), encoding="utf-8")


def _daemon(scene: Scene) -> str:
    telemetry = f'[telemetry]\notlp_endpoint = "{scene.otlp_endpoint}"\n' if scene.otlp_endpoint else ""
    if scene.otlp_signals:
        signals = ", ".join(f'"{signal}"' for signal in scene.otlp_signals)
        telemetry += f"otlp_signals = [{signals}]\n"
    return f"""\
[gateway]
listen = ["127.0.0.1:{scene.gateway_port}"]
[control]
socket = "{scene.socket}"
{telemetry}[network]
private_targets = ["127.0.0.0/8"]
"""


def _lifted(limits: Iterable[str]) -> str:
    """Each of a target's limits, so high that it is none."""
    return ", ".join(f"{name} = 100000" for name in limits)


def _tenant(scene: Scene) -> str:
    slack = "\n".join(f'{code} = "{channel}"' for code, channel in SLACK_CHANNELS.items())
    teams = "\n".join(
        f'{code} = {{ team = "{team}", channel = "{channel}" }}'
        for code, (team, _, channel) in ((code, place.partition("/")) for code, place in TEAMS_CHANNELS.items())
    )
    fast = 'settle = "200ms"\nlate_landing = "2s"'
    slack_pace = f"{fast}\nlimits = {{ {_lifted(slack_limits)} }}"
    teams_pace = f"{fast}\nlimits = {{ {_lifted(teams_limits)} }}"
    return f"""\
timezone = "Europe/Berlin"
locale = "en-GB"

[people]
file = "../people.csv"

[sources.campus]
kind = "xapi"
credentials = [{{ key = "{KEY}", secret = {{ file = "../secrets/lrs" }}, scopes = ["statements/write"] }}]

[targets.slack]
kind = "slack"
api_url = "{scene.sandbox}/slack/api/"
token = {{ file = "../secrets/slack" }}
{slack_pace if scene.fast else 'late_landing = "5s"'}
[targets.slack.course_channels]
{slack}

[targets.teams]
kind = "teams"
graph_url = "{scene.sandbox}/graph/v1.0/"
login_url = "{scene.sandbox}/entra/"
directory = "72f988bf-0000-4000-8000-0000000000aa"
client_id = "sandbox"
client_secret = {{ file = "../secrets/entra" }}
delegated_token = {{ file = "../secrets/teams-user" }}
teams_app_id = "5b1d0000-0000-4000-8000-0000000000bb"
{teams_pace if scene.fast else 'late_landing = "5s"'}
[targets.teams.course_channels]
{teams}

[[routes]]
name = "completions"
when = ["completed"]
to = "slack"
audience = {{ course_channel = true }}
sla = "30s"

[[routes]]
name = "congratulations"
when = ["course_completed"]
to = "slack"
audience = {{ learner = true }}
sla = "30s"

[[routes]]
name = "welcome"
when = ["user_created"]
to = "slack"
audience = {{ channel = "{HALL}" }}

[[routes]]
name = "grades"
when = ["graded"]
to = "teams"
audience = {{ learner = true }}
sla = "30s"

[[routes]]
name = "classroom"
when = ["enrolled", "unenrolled", "suspended", "resumed", "assignment_posted"]
to = "teams"
audience = {{ course_channel = true }}
"""
