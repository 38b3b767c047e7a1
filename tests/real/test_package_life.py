"""The package's life on a booted Debian 12: installed, upgraded in the midst of work, not downgraded, removed, purged.

The tests are chapters of one story, in their order: each finds the daemon running and, until it is removed, leaves it
so.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import BROUGHT, CHECKOUT, Machine, bare_system, booted
from packages import altered, broken_migrations, further_migration, same_program
from walked import walk

pytestmark = pytest.mark.real

OLD, NOW, NEWER = "0.0.9", "8.0", "9.0"
APT = "apt-get install --yes --allow-downgrades"
SANDBOX = "curl --fail --silent --show-error http://127.0.0.1:8490/sandbox"
OUT = """[{"kind": "status", "vendor": "slack", "value": "503", "times": 0}]"""
ENDED = 100
BACKUP = "lmsyncd-backup.service"
DATABASE = "/var/lib/lmsyncd/lmsyncd.db"
ASK = "SELECT max(version) FROM migrations"
SCHEMA = f"""python3 -c 'import sqlite3; [at] = sqlite3.connect("{DATABASE}").execute("{ASK}").fetchone(); print(at)'"""


@pytest.fixture(scope="module")
def brought(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as an older version, one whose schema is newer, and one that cannot migrate.
    ``LMSYNCD_OLDER_PACKAGE`` names a package of an earlier release to begin with instead."""
    folder = tmp_path_factory.mktemp("brought")
    older = os.environ.get("LMSYNCD_OLDER_PACKAGE")
    if older:
        (folder / "old").mkdir()
        shutil.copy(older, folder / "old")
    else:
        altered(package, folder / "old", OLD, same_program)
    now = altered(package, folder / "now", NOW, further_migration)
    altered(now, folder / "broken", NEWER, broken_migrations)
    return folder


@pytest.fixture(scope="module")
def machine(brought: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The older version, with the LMS's socket held by systemd, as docs/install.md advises."""
    root = tmp_path_factory.mktemp("life") / "root"
    bare_system(root)
    (root / "etc/dpkg/dpkg.cfg.d/in-a-hurry").write_text("force-unsafe-io\n", encoding="utf-8")  # no power cut here
    with booted(root, brought) as fresh:
        said = walk(fresh, "Install", where=f"{BROUGHT}/old")
        assert "nothing is started yet. Next: lmsyncd init /etc/lmsyncd" in said
        assert fresh.run("systemctl is-active lmsyncd.service lmsyncd-control.socket", code=None).split() == [
            "inactive",
            "inactive",
        ]
        assert fresh.run("systemctl is-enabled lmsyncd.service", code=1).strip() == "disabled"
        walk(fresh, "Configure", where="/root")
        fresh.run("systemctl enable --now lmsyncd-gateway.socket")
        walk(fresh, "Start", where="/root")
        yield fresh


SLOW = "/run/systemd/system/lmsyncd-backup.service.d"


def backing_up(machine: Machine) -> None:
    """A backup that is being made, and comes to no end by itself."""
    machine.run(f"mkdir -p {SLOW}; printf '[Service]\\nExecStart=\\nExecStart=/bin/sleep 3600\\n' > {SLOW}/slow.conf")
    machine.run("systemctl daemon-reload; systemctl start --no-block lmsyncd-backup.service")
    machine.until("it is at work", lambda: machine.show("ActiveState", BACKUP) == "activating")


def version(machine: Machine) -> str:
    return machine.run("dpkg-query --show --showformat='${Version} ${db:Status-Status}' lmsyncd").strip()


def knocking(machine: Machine) -> None:
    """Clients come, from now on."""
    machine.run("rm -f /run/knocks.json*")
    command = (
        f"/usr/bin/python3 {CHECKOUT}/tests/real/knocking.py $(cat /etc/lmsyncd/secrets/demo-lrs) /run/knocks.json"
    )
    machine.run(f"systemd-run --quiet --collect --unit=knocking {command}")


def what_came_of_it(machine: Machine) -> dict[str, list[str]]:
    """No more clients; what those met."""
    machine.run("touch /run/knocks.json.stop")
    machine.until("clients are done", lambda: machine.run("ls /run/knocks.json", code=None).startswith("/run"), 240)
    told = json.loads(machine.run("cat /run/knocks.json"))
    print({name: value if isinstance(value, int | float) else len(value) for name, value in told.items()})
    print(sorted(set(told["troubles"])))
    return told


def waiting(machine: Machine) -> int:
    """How many deliveries are still to come."""
    said = machine.run("lmsyncctl --json queue list", code=None)
    return said.count('"statement_id":')


def effects(machine: Machine) -> list[dict[str, str]]:
    return [json.loads(line) for line in machine.run(f"{SANDBOX}/journal").splitlines()]


def delivered(machine: Machine, count: int) -> list[dict[str, str]]:
    """What the vendor has, when it has as many."""
    machine.until(f"{count} posts", lambda: len(effects(machine)) >= count, 240)
    return effects(machine)


def test_an_upgrade_in_the_midst_of_work_loses_nothing_doubles_nothing_and_refuses_nobody(machine: Machine) -> None:
    machine.run(f"{SANDBOX}/journal -X DELETE; {SANDBOX}/faults -X PUT -d '{OUT}'")
    schema, pid = int(machine.run(SCHEMA)), machine.show("MainPID")
    knocking(machine)
    backing_up(machine)
    first = machine.show("ExecMainPID", BACKUP)
    machine.until("a queue", lambda: waiting(machine) >= 3)
    said = machine.run(f"{APT} {BROUGHT}/now/lmsyncd_*.deb")
    assert "applied 00" in said
    assert version(machine).endswith(" installed")
    assert int(machine.run(SCHEMA)) > schema
    assert machine.show("MainPID") != pid
    machine.run(f"{SANDBOX}/faults -X PUT -d '[]'")
    told = what_came_of_it(machine)
    assert told["refused"] == []
    assert len(told["acknowledged"]) >= 5
    posts = delivered(machine, len(told["acknowledged"]))
    machine.until("nothing waits", lambda: waiting(machine) == 0)
    assert len(posts) == len(effects(machine)) == len(told["acknowledged"])
    assert len({post["delivery_id"] for post in posts}) == len(posts)
    assert machine.run("ls /run/lmsyncd-upgrade /run/systemd/system/lmsyncd.service.d", code=2)
    assert machine.show("ActiveState", BACKUP) == "activating", "a backup that was stopped for it begins anew"
    assert machine.show("ExecMainPID", BACKUP) != first
    machine.run(f"systemctl stop {BACKUP}; rm -r {SLOW}; systemctl daemon-reload")
    assert machine.run("journalctl --quiet --no-pager -t lmsyncd-alert") == "", "and nobody is woken for it"


def test_a_restart_refuses_nobody(machine: Machine) -> None:
    knocking(machine)
    for _ in range(2):
        machine.run("systemctl restart lmsyncd")
    assert what_came_of_it(machine)["refused"] == []


def test_a_downgrade_below_the_schema_is_refused_before_anything_is_touched(machine: Machine) -> None:
    pid, before = machine.show("MainPID"), version(machine)
    said = machine.run(f"{APT} {BROUGHT}/old/lmsyncd_*.deb", code=ENDED)
    assert "was used by a newer version: its schema is" in said
    assert "Nothing was changed, and what is installed goes on." in said
    assert version(machine) == before
    assert machine.show("MainPID") == pid
    machine.run("lmsyncctl status")


def test_a_failed_migration_leaves_the_data_as_it_was_and_says_so(machine: Machine) -> None:
    schema = machine.run(SCHEMA)
    said = machine.run(f"{APT} {BROUGHT}/broken/lmsyncd_*.deb", code=ENDED)
    assert "_broken failed: no such table: nowhere; nothing was changed" in said
    assert "can go on with it. The daemon is stopped." in said
    assert machine.run(SCHEMA) == schema
    assert machine.show("ActiveState") == "failed"  # so that somebody is told
    assert version(machine) == f"{NEWER} half-configured"
    machine.run(f"{APT} {BROUGHT}/now/lmsyncd_*.deb")
    machine.run("systemctl is-active lmsyncd.service lmsyncd-control.socket lmsyncd-gateway.socket")
    machine.run("lmsyncctl status")


def test_removed_it_leaves_the_data_and_goes_on_when_it_comes_back(machine: Machine) -> None:
    backing_up(machine)
    machine.run("apt-get remove --yes lmsyncd")
    assert machine.show("ActiveState", BACKUP) == "inactive"
    assert machine.show("ActiveState", "lmsyncd-sandbox.service") == "inactive"
    machine.run(f"rm -r {SLOW}; systemctl daemon-reload")
    assert machine.run("ls /opt/lmsyncd /usr/bin/lmsyncctl", code=2)
    assert machine.run("ls -d /etc/lmsyncd/tenants.d /var/lib/lmsyncd/lmsyncd.db")
    assert machine.show("LoadState") == "not-found"
    assert machine.run("systemctl is-system-running").strip() == "running"
    machine.run(f"{APT} {BROUGHT}/now/lmsyncd_*.deb")
    machine.until("it runs", lambda: machine.show("ActiveState") == "active")
    machine.run("lmsyncctl status")


def test_purged_it_asks_and_where_nobody_answers_keeps(machine: Machine) -> None:
    said = machine.run("DEBIAN_FRONTEND=noninteractive apt-get purge --yes lmsyncd")
    assert "kept: /etc/lmsyncd" in said
    assert "kept: /var/lib/lmsyncd" in said
    assert machine.run("ls -d /etc/lmsyncd/tenants.d /var/lib/lmsyncd/lmsyncd.db")
    assert "lmsyncd" not in machine.run(
        "ls /etc/systemd/system/multi-user.target.wants /etc/systemd/system/sockets.target.wants"
    )


def test_purged_with_a_yes_everything_goes(machine: Machine) -> None:
    machine.run(f"{APT} {BROUGHT}/now/lmsyncd_*.deb")
    assert machine.show("ActiveState") == "inactive"
    machine.run("echo 'lmsyncd lmsyncd/purge-data boolean true' | debconf-set-selections")
    said = machine.run("DEBIAN_FRONTEND=noninteractive apt-get purge --yes lmsyncd")
    assert "configuration, database and credentials are deleted" in said
    assert machine.run("ls -d /etc/lmsyncd /var/lib/lmsyncd /opt/lmsyncd /run/lmsyncd", code=2)
    assert (
        machine.run(
            "find / -xdev -name '*lmsyncd*' -not -path '/srv/*' -not -path '/proc/*' -not -path '/var/log/*'"
        ).split()
        == []
    )
