"""systemd/ and the program agree: paths, commands, users, and what the journal's catalog explains."""

import ast
import re

from checkout import PACKAGES, TOP, files, written

from config.model import Control
from daemon.control.exits import Exit
from daemon.telemetry.journald import message_id

UNITS = TOP / "systemd"


def settings(unit: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", written(UNITS / unit), re.MULTILINE)


def events() -> set[str]:
    """The name of every line the program can log: a dotted literal handed to what writes lines."""
    found = set()
    for path in files(*PACKAGES, suffix=".py"):
        for node in ast.walk(ast.parse(written(path))):
            if not isinstance(node, ast.Call):
                continue
            said = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if said in {"event", "trouble", "_trouble", "write", "info", "warning", "error"}:
                found |= {
                    given.value
                    for given in node.args[:2]
                    if isinstance(given, ast.Constant)
                    and isinstance(given.value, str)
                    and re.fullmatch(r"[a-z]+\.[a-z_]+", given.value)
                }
    return found


def test_the_socket_unit_listens_where_the_configuration_says() -> None:
    assert settings("lmsyncd-control.socket", "ListenStream") == [str(Control().socket)]
    assert settings("lmsyncd-control.socket", "SocketGroup") == list(Control().operators)
    assert settings("lmsyncd-control.socket", "FileDescriptorName") == ["control"]
    assert settings("lmsyncd-gateway.socket", "FileDescriptorName") == ["gateway"]


def test_a_bad_configuration_is_not_tried_again() -> None:
    assert settings("lmsyncd.service", "RestartPreventExitStatus") == [str(int(Exit.BAD_CONFIGURATION))]


def test_users_and_groups_of_the_units_are_made() -> None:
    made = set(re.findall(r"^[ug] (\S+)", written(UNITS / "sysusers.d/lmsyncd.conf"), re.MULTILINE))
    used = [settings("lmsyncd.service", key) for key in ("User", "Group", "SupplementaryGroups")]
    assert {name for names in used for name in names} | set(settings("lmsyncd-control.socket", "SocketGroup")) == made


def test_what_newer_systemds_know_stays_out_of_the_unit() -> None:
    """Debian 12 has systemd 252."""
    later = ("RestartSteps", "RestartMaxDelaySec", "RestartMode", "ImportCredential", "OpenFile", "ReloadSignal")
    assert [key for key in later if settings("lmsyncd.service", key)] == []
    assert settings("lmsyncd.service", "Type") == ["notify"]


def test_install_takes_every_unit_and_uninstall_takes_it_away_again() -> None:
    every = "lmsyncd*.{service,socket,timer}"
    assert every in written(UNITS / "install")
    assert every in written(UNITS / "uninstall")
    units = [path.name for path in UNITS.iterdir() if re.search(r"\.(service|socket|timer|path|target)$", path.name)]
    assert [name for name in units if not re.fullmatch(r"lmsyncd[\w@-]*\.(service|socket|timer)", name)] == []
    assert "lmsyncd.catalog" in written(UNITS / "uninstall")


def test_the_catalog_explains_every_line_by_its_id() -> None:
    entries = dict(re.findall(r"^# (\S+)\n-- ([0-9a-f]{32})$", written(UNITS / "lmsyncd.catalog"), re.MULTILINE))
    assert entries == {name: message_id(name) for name in entries}
    assert len(entries) == len(re.findall(r"^-- ", written(UNITS / "lmsyncd.catalog"), re.MULTILINE))
    assert set(entries) == events()
