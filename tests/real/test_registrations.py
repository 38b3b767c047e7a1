"""Microsoft's own schema judges the Teams package that ``lmsyncctl manifest teams`` makes.

``teams_manifest.js`` asks it. The schema comes with Microsoft's package, installed into a temporary directory.
"""

import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.domain.registering import Site
from actors.domain.scopes import Feature
from actors.targets.teams.manifest import registration
from actors.targets.teams.settings import TeamsSettings
from config.model import Secret

pytestmark = pytest.mark.real

HERE = Path(__file__).parent
SITE = Site(public_url="https://lms-sync.example.edu", tenant="acme", target="teams")
SETTINGS = TeamsSettings(
    directory="72f988bf-0000-4000-8000-0000000000aa",
    client_id="9A0C1DE2-0000-4000-8000-0000000000AA",
    client_secret=Secret(env="X"),
    teams_app_id="5b1d0000-0000-4000-8000-0000000000bb",
    app_home="https://moodle.example.edu/my/?lang=en",
)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script, with its packages beside it."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; as root on Debian, .ci/run installs them")
    folder = tmp_path_factory.mktemp("schema")
    for name in ("package.json", "package-lock.json", "teams_manifest.js"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "teams_manifest.js"


def judged(judge: Path, manifest: bytes) -> Any:
    told = subprocess.run(["node", str(judge)], input=manifest, capture_output=True, check=False)
    assert told.returncode == 0, told.stderr.decode()
    return json.loads(told.stdout)


@pytest.mark.parametrize("activity_type", ["systemDefault", "kind", "news"])
@pytest.mark.parametrize("installs", [True, False])
def test_the_package_is_what_microsoft_wants(judge: Path, activity_type: str, installs: bool) -> None:
    features = {Feature.DIRECT, Feature.LOOKUP} | ({Feature.INSTALLING} if installs else set())
    settings = msgspec.structs.replace(SETTINGS, activity_type=activity_type)
    made = registration(settings, features, SITE, "The news of a school with a rather long name")
    with zipfile.ZipFile(io.BytesIO(made.content)) as package:
        assert sorted(package.namelist()) == ["color.png", "manifest.json", "outline.png"]
        manifest = package.read("manifest.json")
    assert judged(judge, manifest) == {"good": True, "errors": []}


def test_the_schema_would_notice(judge: Path) -> None:
    manifest = json.loads(
        zipfile.ZipFile(io.BytesIO(registration(SETTINGS, {Feature.DIRECT}, SITE, "x").content)).read("manifest.json")
    )
    for broken in (
        {**manifest, "id": "no guid"},
        {**manifest, "surplus": 1},
        {k: manifest[k] for k in manifest if k != "icons"},
    ):
        assert not judged(judge, json.dumps(broken).encode())["good"]
