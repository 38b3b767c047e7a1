"""What a reload has to restart: no more than what changed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from config_world import ENVIRON, GOOD_TENANT, look, write

from config.diff import Changes, changes, reloaded, taken
from config.model import Configuration

PEOPLE = 'people = { file = "people.csv" }\n'
FILES = {
    "lmsyncd.toml": '[telemetry]\nlog_level = "info"\n',
    "tenants.d/acme.toml": GOOD_TENANT,
    "tenants.d/zeta.toml": PEOPLE + GOOD_TENANT,
    "tenants.d/people.csv": "home_page,account,email\nhttps://m,ada,a@b.org\n",
    "templates/chat/graded.j2": "x",
}


def configuration(root: Path, files: dict[str, str], environ: dict[str, str] = ENVIRON) -> Configuration:
    found, problems = look(write(root, files), environ)
    assert found is not None, problems
    return found


EDITS: list[tuple[str, Callable[[Path], object], Changes]] = [
    ("nothing", lambda root: None, Changes()),
    ("a comment", lambda root: write(root, {"tenants.d/acme.toml": "# x\n" + GOOD_TENANT}), Changes()),
    (
        "a route",
        lambda root: write(root, {"tenants.d/acme.toml": GOOD_TENANT.replace("C1", "C2")}),
        Changes(tenants_changed=("acme",)),
    ),
    (
        "a setting",
        lambda root: write(
            root, {"tenants.d/acme.toml": GOOD_TENANT.replace('"chat"\ntok', '"chat"\nsettle="9s"\ntok')}
        ),
        Changes(tenants_changed=("acme",)),
    ),
    (
        "people",
        lambda root: write(root, {"tenants.d/people.csv": "home_page,account,email\n"}),
        Changes(tenants_changed=("zeta",)),
    ),
    (
        "one tenant's template",
        lambda root: write(root, {"tenants.d/zeta/templates/graded.j2": "y"}),
        Changes(tenants_changed=("zeta",)),
    ),
    (
        "everybody's template",
        lambda root: write(root, {"templates/chat/graded.j2": "y"}),
        Changes(tenants_changed=("acme", "zeta")),
    ),
    (
        "tenants come and go",
        lambda root: (write(root, {"tenants.d/new.toml": ""}), (root / "tenants.d/acme.toml").unlink()),
        Changes(tenants_added=("new",), tenants_removed=("acme",)),
    ),
    (
        "the process",
        lambda root: write(
            root,
            {"lmsyncd.toml": '[gateway]\nlisten = ["[::1]:1"]\n[store]\npath = "x"\n[control]\nadmins = ["a"]\n'},
        ),
        Changes(daemon_changed=("control.admins", "gateway.listen", "store.path")),
    ),
]


@pytest.mark.parametrize(("edit", "expected"), [case[1:] for case in EDITS], ids=[case[0] for case in EDITS])
def test_changes(tmp_path: Path, edit: Callable[[Path], object], expected: Changes) -> None:
    old = configuration(tmp_path, FILES)
    edit(tmp_path)
    found = changes(old, configuration(tmp_path, {}))
    assert found == expected
    assert bool(found) == (expected != Changes())


def test_a_rotated_secret_is_no_change(tmp_path: Path) -> None:
    old = configuration(tmp_path, FILES)
    assert changes(old, configuration(tmp_path, {}, {"LRS": "another", "TOKEN": "another"})) == Changes()


def test_a_reload_takes_what_it_can_and_leaves_the_rest_to_a_restart(tmp_path: Path) -> None:
    old = configuration(tmp_path, FILES)
    network = '[network]\nprivate_targets = ["10.0.0.0/8"]\nproxy = "http://proxy.example.edu:3128"\n'
    vault = '[vault]\nkey = { env = "TOKEN" }\n'
    new = configuration(tmp_path, {"lmsyncd.toml": FILES["lmsyncd.toml"] + network + vault})
    assert changes(old, new).daemon_changed == ("network.proxy",)
    assert taken(old.daemon, new.daemon) == ("vault", "network.private_targets")
    assert taken(new.daemon, new.daemon) == ()
    daemon = reloaded(old.daemon, new.daemon)
    assert daemon.network.private_targets == ("10.0.0.0/8",)
    assert daemon.vault == new.daemon.vault
    assert daemon.network.proxy is None
    assert daemon.telemetry == old.daemon.telemetry


def test_another_state_directory(tmp_path: Path) -> None:
    old = configuration(tmp_path, FILES)
    new = configuration(tmp_path, {}, ENVIRON | {"STATE_DIRECTORY": "/var/lib/lmsyncd"})
    assert changes(old, new).daemon_changed == ("state", "store.path")
