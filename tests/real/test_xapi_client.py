"""@xapi/xapi, the client that web players use, talks to a whole daemon: both versions, both of its ways to send.

``xapi_client.js`` drives it and tells what came of it. Its packages are those of ``package-lock.json``, installed
into a temporary directory.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import trio
from lrs_clients import SCOPES, lrs, secret

pytestmark = pytest.mark.real

HERE = Path(__file__).parent
Facts = dict[str, dict[str, Any]]
FILE = "Ada Lovelace has passed, à la bonne heure."
PASSED = "http://adlnet.gov/expapi/verbs/passed"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script, with its packages beside it."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; as root on Debian, .ci/run installs them")
    folder = tmp_path_factory.mktemp("client")
    for name in ("package.json", "package-lock.json", "xapi_client.js"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "xapi_client.js"


async def told(client: Path, **plan: Any) -> Facts:
    secrets = {name: secret(name) for name in [*SCOPES, "nobody"]}
    environ = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    ran = await trio.run_process(
        ["node", str(client)],
        stdin=json.dumps({"secrets": secrets, **plan}).encode(),
        capture_stdout=True,
        capture_stderr=True,
        check=False,
        env=environ,
    )
    assert ran.returncode == 0, (ran.stdout + ran.stderr).decode()
    return {line.pop("what"): line for line in map(json.loads, ran.stdout.splitlines())}


async def test_the_client_of_web_players_does_all_of_xapi(client: Path, tmp_path: Path) -> None:
    async with lrs(tmp_path) as stage:
        for version in ("1.0.3", "2.0.0"):
            for adapter in ("axios", "fetch"):
                facts = await told(client, endpoint=stage.scene.endpoint, version=version, adapter=adapter)
                assert facts == expected(version, adapter)


def expected(version: str, adapter: str) -> Facts:
    profile = {
        "answers": [204, 412, 204, 412, 412, 204],
        "merged": {"tea": 3, "milk": True},
        "listed": ["likes"],
        "left": [],
        "forbidden": 403,
    }
    facts: Facts = {
        "statements": {
            "sent": [True, True],
            "conflict": 409,
            "together": 5,
            "found": [True, PASSED, "PT1H30M", "writer"],
            "canonical": 1,
            "versions": ["1.0.0" if version == "1.0.3" else version, version],
            "consistent": True,
            "pages": [2, 2, 1],
            "order": True,
            **dict.fromkeys(("by_agent", "by_verb", "by_registration", "by_activity", "by_related"), True),
            "none_since": [],
        },
        "voiding": {"gone": 404, "kept": True, "voider_shown": True, "voided_shown": False},
        "state": {
            "answers": [204, 204, 412],
            "type": "application/json",
            "first": {"page": 3},
            "merged": {"page": 4, "line": 7},
            "listed": ["page"],
            "left": ["page"],
            "cleared": [[], 404],
            "forbidden": 403,
        },
        "Agent profile": profile,
        "Activity profile": profile,
        "knowledge": {"about": True, "activity": {"fr": "Contrôle"}, "person": ["Person", ["Ada"], True]},
        "scopes": {
            "writer_reads": 403,
            "reader_writes": 403,
            "stranger": 401,
            "boss_reads": 200,
            "mine": ["player"],
        },
    }
    if adapter == "fetch":  # the script says why the other one cannot
        facts["attachments"] = {"wrong": 400, "sent": True, "one": [True, FILE], "page": [[True], FILE]}
    return facts
