"""The locks hold what pyproject.toml wants, each with hashes, and agree with one another."""

import re
import tomllib

import pytest
from checkout import TOP, written

BUILD = {"setuptools"}
LOCKS = ("requirements.lock", "requirements-run.lock")


def plain(name: str) -> str:
    """A package's name as registries compare them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(*, dev: bool) -> set[str]:
    with (TOP / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    lines = project["dependencies"] + (project["optional-dependencies"]["dev"] if dev else [])
    return {plain(re.split(r"[\[<>=!~; ]", line)[0]) for line in lines} | BUILD


def locked(lock: str) -> dict[str, tuple[str, int]]:
    """Name to version and number of hashes."""
    blocks = re.split(r"^(?=[a-zA-Z0-9])", written(TOP / lock), flags=re.MULTILINE)[1:]
    pins = {}
    for block in blocks:
        name, version = re.match(r"([\w.-]+)(?:\[[^]]*])?==([^\s;]+)", block).groups()
        pins[plain(name)] = (version, block.count("--hash=sha256:"))
    return pins


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    assert [name for name, (_, hashes) in locked(lock).items() if not hashes] == []


def test_all_that_is_wanted_is_locked_by_name() -> None:
    assert wanted(dev=True) - set(locked("requirements.lock")) == set()
    assert wanted(dev=False) - set(locked("requirements-run.lock")) == set()


def test_each_lock_names_as_direct_what_pyproject_names() -> None:
    """A dependency that was dropped from pyproject.toml must go from the locks as well: make lock."""
    blocks = re.split(r"^(?=[a-zA-Z0-9])", written(TOP / "requirements.lock"), flags=re.MULTILINE)[1:]
    direct = {plain(block.partition("==")[0]) for block in blocks if "lmsyncd (pyproject.toml" in block}
    assert direct == wanted(dev=True)


def test_what_is_installed_is_what_was_tested() -> None:
    everything, run = locked("requirements.lock"), locked("requirements-run.lock")
    assert {name: pin[0] for name, pin in run.items()} == {name: everything.get(name, ("",))[0] for name in run}


def test_no_test_tool_is_installed() -> None:
    tools = wanted(dev=True) - wanted(dev=False) - {"opentelemetry-proto"}
    assert set(locked("requirements-run.lock")) & tools == set()
