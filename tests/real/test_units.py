"""The units before systemd's own judges: no warning from verify, and a low exposure. Debian 12's systemd is enough."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from checkout import TOP
from machine import need

pytestmark = pytest.mark.real

EXPOSURE_MAX = 1.7
UNITS = (
    "lmsyncd.service", "lmsyncd-control.socket", "lmsyncd-gateway.socket", "lmsyncd-alert@.service",
    "lmsyncd-backup.service", "lmsyncd-backup.timer", "lmsyncd-verify.service", "lmsyncd-verify.timer",
    "lmsyncd-roster@.service", "lmsyncd-roster@.timer",
)  # fmt: skip
SAMPLES = sorted((TOP / "systemd/lmsyncd.service.d").glob("*.sample"), key=str)
FOR_LATER_SYSTEMDS = "notify-reload"


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units in a folder, with programs that exist."""
    need("systemd-analyze")
    for name in UNITS:
        text = (TOP / "systemd" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(re.sub(r"/opt/lmsyncd/venv/bin/\w+", "/bin/true", text), encoding="utf-8")
    return tmp_path


def verify(units: Path) -> str:
    """What ``systemd-analyze verify`` has to say; manual pages need not be installed here."""
    instances = [str(units / name.replace("@.", "@lmsyncd.")) for name in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *instances], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def exposure(unit: Path) -> float:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    [score] = re.findall(r"Overall exposure level for \S+: ([\d.]+)", said)
    return float(score)


def drop_in(units: Path, sample: Path) -> None:
    folder = units / "lmsyncd.service.d"
    folder.mkdir(exist_ok=True)
    shutil.copy(sample, folder / sample.name.removesuffix(".sample"))


def test_the_units_are_understood_without_a_warning(units: Path) -> None:
    assert verify(units) == ""


def test_the_judge_would_have_said_something(units: Path) -> None:
    """Otherwise silence proves nothing."""
    unit = units / "lmsyncd.service"
    unit.write_text(unit.read_text(encoding="utf-8").replace("WatchdogSec=", "WachdogSec="), encoding="utf-8")
    assert "WachdogSec" in verify(units)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_samples_are_understood(units: Path, sample: Path) -> None:
    drop_in(units, sample)
    said = verify(units)
    assert said == "" or FOR_LATER_SYSTEMDS in sample.name


def test_the_exposure_is_low(units: Path) -> None:
    score = exposure(units / "lmsyncd.service")
    print(f"systemd-analyze security: {score}")
    assert score <= EXPOSURE_MAX
