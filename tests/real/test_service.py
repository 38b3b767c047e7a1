"""The service on a real systemd: installed from its package, configured and started exactly as docs/install.md says.

The machine is booted once; each test finds the daemon running and leaves it so.
"""

import base64
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import TOP
from machine import BROUGHT, CHECKOUT, Machine, bare_system, booted, need
from saml_stage import Keys, metadata
from walked import walk

from daemon.telemetry.journald import message_id

pytestmark = pytest.mark.real

WALKED = ("Install", "Configure", "Seal the secrets", "Seal the key of the vault", "Start", "Deliver a first message")
EXPOSURE_MAX = 1.7
OPERATOR, STRANGER = "olga", "steve"
SAMPLES = "/usr/share/lmsyncd/lmsyncd.service.d"
DEGRADED, NO_RULES, UNREACHABLE, FORBIDDEN = 2, 3, 69, 77
HERE = "http://127.0.0.1:8480"


@pytest.fixture(scope="module")
def machine(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    root = tmp_path_factory.mktemp("machine") / "root"
    bare_system(root)
    with booted(root, package.parent) as fresh:
        last = walk(fresh, *WALKED, where=BROUGHT)
        assert '"operation":"chat.postMessage","destination":"C0123456789"' in last.replace('": ', '":').replace(
            ", ", ","
        )
        fresh.run(f"useradd {OPERATOR}; usermod --append --groups lms-operators {OPERATOR}; useradd {STRANGER}")
        yield fresh


@pytest.fixture
def service(machine: Machine) -> Iterator[Machine]:
    yield machine
    machine.run("systemctl reset-failed 'lmsyncd*'; systemctl start lmsyncd")


def restarts(machine: Machine) -> int:
    return int(machine.show("NRestarts"))


def begun_again(machine: Machine, before: int) -> bool:
    return restarts(machine) > before and machine.show("ActiveState") == "active"


def test_it_is_running_and_says_how_it_is(service: Machine) -> None:
    assert service.run("systemctl is-active lmsyncd").strip() == "active"
    assert service.show("StatusText")
    assert service.show("User") == "lmsyncd"
    assert service.run("systemctl is-system-running").strip() == "running"


def test_state_and_secrets_are_the_daemons_alone(service: Machine) -> None:
    assert service.run("stat -c '%a %U' /var/lib/lmsyncd").split() == ["700", "lmsyncd"]
    service.run("ls /var/lib/lmsyncd", user=OPERATOR, code=2)
    service.run("ls /run/credentials/lmsyncd.service", user=OPERATOR, code=2)
    sealed = set(service.run("ls /etc/credstore.encrypted").split())
    assert sealed | {"lmsyncd-vault"} == set(service.run("ls /run/credentials/lmsyncd.service").split())
    named = service.run("grep -hoE '^[^#]*credential = \"[^\"]+' /etc/lmsyncd/tenants.d/demo.toml").splitlines()
    assert named
    assert {line.rpartition('"')[2] for line in named} <= sealed
    assert service.run("ls /etc/lmsyncd").split() == ["lmsyncd-vault.cred", "lmsyncd.toml", "tenants.d"]


def test_the_key_of_the_vault_comes_sealed_and_what_is_put_in_is_kept_under_it(service: Machine) -> None:
    assert "vault: host key" in service.run("lmsyncctl status")
    service.run("printf 'not-to-be-seen-anywhere' | lmsyncctl secret set demo/new-one")
    assert '"sealing":"host key"' in service.run("lmsyncctl --json vault status")
    assert "lmsyncd.db.vault" not in service.run("ls /var/lib/lmsyncd")
    service.run("grep -rl not-to-be-seen-anywhere /var/lib/lmsyncd /var/log", code=1)
    service.run("systemctl restart lmsyncd")
    assert "new-one" in service.run("lmsyncctl secret list")
    assert "daemon.exposed" not in service.run("journalctl --no-pager --unit=lmsyncd.service")
    service.run("lmsyncctl secret remove demo/new-one")


def test_operators_are_served_and_strangers_are_not(service: Machine) -> None:
    service.run("lmsyncctl status", user=OPERATOR)
    service.run("lmsyncctl status", user=STRANGER, code=FORBIDDEN)
    assert service.run("stat -c '%a %U %G' /run/lmsyncd/control.sock").split() == ["660", "root", "lms-operators"]


def test_the_gateway_answers(service: Machine) -> None:
    asking = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8480/readyz', timeout=10).status)"
    assert service.run(f'python3 -c "{asking}"').strip() == "200"


def test_the_journal_knows_and_explains(service: Machine) -> None:
    lines = service.run("journalctl --no-pager --catalog --unit=lmsyncd.service LMSYNCD_EVENT=daemon.ready")
    assert "lmsyncd is ready" in lines


def test_a_delivery_is_one_line_with_all_that_one_looks_for_it_by(service: Machine) -> None:
    """Whoever has an id of anything (a trace, a request, a statement, a place) finds the line by it."""
    asking = "journalctl --no-pager --output=json --unit=lmsyncd.service LMSYNCD_EVENT=delivery.attempted"
    line = json.loads(service.run(asking).splitlines()[-1])
    assert (line["STATE"], line["DESTINATION"], line["PRIORITY"]) == ("delivered", "C0123456789", "6")
    assert re.fullmatch("[0-9a-f]{32}", line["TRACE_ID"])
    assert line["MESSAGE_ID"] == message_id("delivery.attempted")
    assert line["EVENT_ID"] == line["STATEMENT_ID"]
    assert line["CORRELATION_ID"]
    for name in ("TRACE_ID", "EVENT_ID", "CORRELATION_ID", "MESSAGE_ID"):
        assert line["CORRELATION_ID"] in service.run(f"journalctl --no-pager --output=verbose {name}={line[name]}")
    shown = service.run(f"journalctl --no-pager --unit=lmsyncd.service EVENT_ID={line['EVENT_ID']}")
    assert "delivery.attempted lane=demo/slack destination=C0123456789 verdict=delivered" in shown


def test_who_takes_the_daemon_over_gets_no_further(service: Machine) -> None:
    folder, found = "/run/systemd/system/lmsyncd.service.d", "/var/lib/lmsyncd/probe.json"
    probe = f"ExecStartPost=/usr/bin/python3 {CHECKOUT}/tests/real/probe.py {found}"
    service.run(f"mkdir -p {folder}; printf '[Service]\\n{probe}\\n' > {folder}/probe.conf; systemctl daemon-reload")
    try:
        service.run("systemctl restart lmsyncd")
        told = json.loads(service.run(f"cat {found}"))
    finally:
        service.run(f"rm -r {folder}; rm -f /var/lib/lmsyncd/probe.*; systemctl daemon-reload")
    assert (told["succeeded"], told["prevented"]) == ([], [])
    service.run(f"python3 {CHECKOUT}/tests/real/probe.py /tmp/free.json", user=STRANGER)
    free = set(json.loads(service.run("cat /tmp/free.json"))["succeeded"])
    assert free >= {"a netlink socket", "memory to write and run", "a setuid program"}  # so it would have been seen
    assert told["tried"] > 20
    nothing = "0" * 16
    assert told["status"] == {
        "CapEff": nothing,
        "CapBnd": nothing,
        "CapAmb": nothing,
        "NoNewPrivs": "1",
        "Seccomp": "2",
    }


def test_the_exposure_is_low_as_installed(service: Machine) -> None:
    said = service.run("systemd-analyze security --no-pager lmsyncd.service")
    [score] = re.findall(r"Overall exposure level for \S+: ([\d.]+)", said)
    print(f"systemd-analyze security: {score}")
    assert float(score) <= EXPOSURE_MAX


@pytest.mark.parametrize(("name", "status"), [("backup", 0), ("verify", 0), ("roster@demo", NO_RULES)])
def test_a_timer_fires_and_its_work_is_done(service: Machine, name: str, status: int) -> None:
    folder, unit = f"/run/systemd/system/lmsyncd-{name}.timer.d", f"lmsyncd-{name}"
    soon = "[Timer]\\nOnCalendar=\\nOnActiveSec=1s\\nRandomizedDelaySec=0\\nAccuracySec=1s\\n"
    service.run(f"mkdir -p {folder}; printf '{soon}' > {folder}/soon.conf; systemctl daemon-reload")
    try:
        service.run(f"systemctl start {unit}.timer")
        service.until(f"{name} to end", lambda: bool(service.show("ExecMainExitTimestamp", f"{unit}.service")))
        assert int(service.show("ExecMainStatus", f"{unit}.service")) == status, service.journal()
    finally:
        service.run(f"systemctl stop {unit}.timer; rm -r {folder}; systemctl daemon-reload")
    if name == "backup":
        kept = "/var/lib/lmsyncd-backup"
        assert re.fullmatch(r"lmsyncd-[0-9a-f]{16}-\d{8}T\d{6}Z\.backup", service.run(f"ls {kept}").strip())
        assert service.run(f"stat -c '%a %U' {kept}").split() == ["700", "lmsyncd"]


def test_a_shell_completes_what_the_daemon_knows(service: Machine) -> None:
    asking = "COMP_WORDS='lmsyncctl {}' COMP_CWORD=3 _LMSYNCCTL_COMPLETE=bash_complete lmsyncctl"
    assert service.run(asking.format("target test demo/s"), user=OPERATOR).split() == ["plain,demo/slack"]
    assert service.run(asking.format("source sync d")).split() == ["plain,demo/campus"]
    assert service.run(asking.format("target test d"), user=STRANGER).strip() == ""


def test_a_reload_is_checked_first(service: Machine) -> None:
    pid = service.show("MainPID")
    service.run("systemctl reload lmsyncd")
    tenant = "/etc/lmsyncd/tenants.d/demo.toml"
    service.run(f"cp {tenant} /tmp/kept; echo 'no_such_key = 1' | cat - /tmp/kept > {tenant}")
    try:
        service.run("systemctl reload lmsyncd", code=1)
        assert service.run("systemctl is-active lmsyncd").strip() == "active"
        service.run("lmsyncctl status", user=OPERATOR)
    finally:
        service.run(f"cat /tmp/kept > {tenant}; systemctl reload lmsyncd")
    assert service.show("MainPID") == pid


def test_a_killed_daemon_comes_back(service: Machine) -> None:
    before = restarts(service)
    service.run("systemctl kill --kill-whom=main --signal=SIGKILL lmsyncd")
    service.until("a restart", lambda: begun_again(service, before))
    service.run("lmsyncctl status", user=OPERATOR)


SAML = """\
[targets.slack]
kind = "slack"
token = { credential = "later" }
[sso.saml]
metadata_file = "../idp.xml"
keys = [{ certificate = "../saml.pem", key = { credential = "saml-key" } }]
"""


def test_people_sign_on_by_saml_within_the_sandbox_of_the_unit(service: Machine, tmp_path: Path) -> None:
    """xmlsec1 is run by the daemon as the unit lets it. And the key of ours is put in while the tenant waits for it."""
    need("xmlsec1", "openssl")
    keys = Keys(tmp_path, "sp", "idp", "evil")
    words, tenant = "/etc/lmsyncd/lmsyncd.toml", "/etc/lmsyncd/tenants.d/school.toml"
    service.write("/etc/lmsyncd/idp.xml", metadata(keys, "idp").encode())
    service.write("/etc/lmsyncd/saml.pem", keys.pem("sp").read_bytes())
    service.write(tenant, SAML.encode())
    service.run(f"cp {words} /tmp/kept; sed -i 's|^\\[gateway\\]|&\\npublic_url = \"{HERE}\"|' {words}")
    try:
        service.run("systemctl restart lmsyncd")
        told = service.run("lmsyncctl status", code=DEGRADED)
        assert "school [sso] waits for a secret: lmsyncctl secret set saml-key" in told
        text = base64.b64encode(keys.key("sp").read_bytes()).decode()
        service.run(f"echo {text} | base64 -d | lmsyncctl secret set school/saml-key")
        assert "saml-key" not in service.run("lmsyncctl status", code=DEGRADED)
        ways = ("plain", "sealed", "forged")
        support = f"PYTHONPATH={TOP}:{TOP / 'tests/support'}"
        script = str(TOP / "tests/real/signs_on.py")
        came = service.beside("env", support, sys.executable, script, HERE, "school", str(tmp_path), *ways)
        assert came.splitlines() == ["plain 303 in", "sealed 303 in", "forged 403 out"]
        began = service.run("journalctl --no-pager --output=cat --unit=lmsyncd.service LMSYNCD_EVENT=session.began")
        assert len(began.splitlines()) == 2
    finally:
        service.run(f"cat /tmp/kept > {words}; rm -f {tenant} /etc/lmsyncd/idp.xml /etc/lmsyncd/saml.pem")
        service.run("systemctl restart lmsyncd")


def test_operators_keep_their_socket_while_it_restarts(service: Machine) -> None:
    door = "stat -c %i /run/lmsyncd/control.sock"
    before = service.run(door)
    service.run("systemctl restart lmsyncd")
    assert service.run(door) == before
    service.run("lmsyncctl status", user=OPERATOR)


def test_a_frozen_daemon_is_restarted_by_the_watchdog(service: Machine) -> None:
    folder = "/run/systemd/system/lmsyncd.service.d"
    service.run(f"mkdir -p {folder}; printf '[Service]\\nWatchdogSec=3s\\n' > {folder}/short.conf")
    service.run("systemctl daemon-reload; systemctl restart lmsyncd")
    try:
        before = restarts(service)
        service.run("systemctl kill --kill-whom=main --signal=SIGSTOP lmsyncd")
        service.until("a restart by the watchdog", lambda: begun_again(service, before))
        assert "Watchdog timeout" in service.run("journalctl --no-pager --unit=lmsyncd.service --lines=200")
    finally:
        service.run(f"rm -r {folder}; systemctl daemon-reload; systemctl restart lmsyncd")


def test_a_dynamic_user_will_do(service: Machine) -> None:
    folder, door = "/etc/systemd/system/lmsyncd.service.d", "stat -c '%a %U %G' /run/lmsyncd/control.sock"
    service.run(f"cp {SAMPLES}/40-dynamic-user.conf.sample {folder}/40-dynamic-user.conf")
    service.run("systemctl daemon-reload; systemctl restart lmsyncd")
    try:
        assert service.show("DynamicUser") == "yes"
        assert service.run(f"stat -c %U /proc/{service.show('MainPID')}").strip() not in ("root", "lmsyncd")
        service.run("lmsyncctl status", user=OPERATOR)
        service.run("systemctl reload lmsyncd")
        assert service.run(door).split() == ["660", "root", "lms-operators"]
    finally:
        service.run(f"rm {folder}/40-dynamic-user.conf; systemctl daemon-reload; systemctl restart lmsyncd")
    assert service.run("stat -c %U /var/lib/lmsyncd/lmsyncd.db").strip() == "lmsyncd"
    assert service.run(door).split() == ["660", "root", "lms-operators"]


def test_a_bad_configuration_is_said_once_and_not_tried_again(service: Machine) -> None:
    words = "/etc/lmsyncd/lmsyncd.toml"
    service.run(f"cp {words} /tmp/kept; echo '[gatway]' >> {words}")
    try:
        service.run("systemctl restart lmsyncd", code=1)
        service.until("it has failed", lambda: service.show("ActiveState") == "failed")
        assert service.show("ExecMainStatus") == "78"
        assert restarts(service) == 0
        assert "gatway" in service.run("journalctl --no-pager --unit=lmsyncd.service --lines=50")
        service.until("the alert", lambda: "has failed" in service.run("journalctl --no-pager -t lmsyncd-alert"))
    finally:
        service.run(f"cat /tmp/kept > {words}")


def test_a_stop_is_clean_and_final(service: Machine) -> None:
    service.run("systemctl stop lmsyncd")
    assert (service.show("Result"), service.show("ExecMainStatus")) == ("success", "0")
    service.until("the door is closed", lambda: service.run("ls /run/lmsyncd") == "")
    service.run("lmsyncctl status", user=OPERATOR, code=UNREACHABLE)
    assert service.show("ActiveState") == "inactive"


def test_the_gateway_may_be_held_by_systemd(service: Machine) -> None:
    service.run("systemctl stop lmsyncd; systemctl start lmsyncd-gateway.socket lmsyncd")
    try:
        asking = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8480/healthz', timeout=60).status)"
        service.run("systemctl kill --kill-whom=main --signal=SIGKILL lmsyncd")
        assert service.run(f'python3 -c "{asking}"').strip() == "200"
    finally:
        service.run("systemctl stop lmsyncd-gateway.socket lmsyncd")
