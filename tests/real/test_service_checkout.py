"""The service installed from a checkout, as docs/install.md says: upgraded beside the release before, and removed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import TOP
from machine import BROUGHT, CHECKOUT, Machine, bare_system, booted, need
from walked import walk

pytestmark = pytest.mark.real

ELSEWHERE = f"export PIP_NO_INDEX=1 PIP_FIND_LINKS={BROUGHT}; apt-get() {{ :; }}"
"""The machine has no network: what pip would fetch is brought along, what apt would is there."""
WALKED = ("Install from a checkout", "Configure", "Start")


@pytest.fixture(scope="module")
def brought(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The locked packages, as Debian 12's Python wants them; and the package that does not go with a checkout."""
    need("debootstrap", "systemd-nspawn", "nsenter", "apt-get")
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--dest", str(folder)]
    command += ["--require-hashes", "--only-binary=:all:", "--python-version=3.11"]
    subprocess.run([*command, "--requirement", str(TOP / "requirements-run.lock")], check=True)
    (folder / package.name).hardlink_to(package)
    return folder


@pytest.fixture(scope="module")
def machine(brought: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    root = tmp_path_factory.mktemp("checkout") / "root"
    bare_system(root)
    with booted(root, brought) as fresh:
        walk(fresh, *WALKED, where=CHECKOUT, before=ELSEWHERE)
        yield fresh


def test_an_upgrade_keeps_the_release_before(machine: Machine) -> None:
    pid = machine.show("MainPID")
    machine.run(f"cd {CHECKOUT}; {ELSEWHERE}; make install")
    assert len(machine.run("ls /opt/lmsyncd/releases").split()) == 2
    assert machine.show("MainPID") == pid
    machine.run("systemctl restart lmsyncd; lmsyncctl status")


def test_the_package_does_not_come_beside_it(machine: Machine) -> None:
    said = machine.run(f"dpkg --install {BROUGHT}/lmsyncd_*.deb", code=1)
    assert "installed from a checkout: run `make uninstall` there first" in said
    machine.run("lmsyncctl status")


def test_removed_it_leaves_what_cannot_be_made_again_and_the_package_goes_on_with_it(machine: Machine) -> None:
    machine.run(f"cd {CHECKOUT}; make uninstall")
    assert machine.run("ls -d /etc/lmsyncd/tenants.d /var/lib/lmsyncd/lmsyncd.db")
    assert machine.run("ls /etc/systemd/system").split().count("lmsyncd.service") == 0
    machine.run("systemctl is-system-running")
    machine.run(f"apt-get install --yes {BROUGHT}/lmsyncd_*.deb; systemctl start lmsyncd; lmsyncctl status")
    refused = machine.run(f"cd {CHECKOUT}; make install", code=2)
    assert "the Debian package is installed" in refused
