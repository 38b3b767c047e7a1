"""For all tests: hypothesis judges what comes out, never how long it took (timings are for ``make bench``), and a test
that wants virtual time has it. Stores begin as copies of one that was migrated once."""

import gc
import inspect
import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from migrated import migrate_by_copy
from nest import begin, hatch
from sizes import examples

from daemon.demo import stage
from daemon.store import database

NO_HURRY: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow],
    "max_examples": examples(40),
}

settings.register_profile("search", **NO_HURRY)
settings.register_profile("gate", derandomize=True, **NO_HURRY)  # it judges the change, not the luck of the day
settings.load_profile("gate" if os.environ.get("CI") else "search")


def pytest_itemcollected(item: pytest.Item) -> None:
    """A clock takes effect only where the test itself asks for it: by way of a fixture it would wait in real time."""
    clock = "autojump_clock"
    if isinstance(item, pytest.Function) and clock in item.fixturenames:
        assert clock in inspect.signature(item.function).parameters, f"{item.nodeid} has no parameter {clock}"


def pytest_collection_finish() -> None:
    """Ten thousand tests stay until the end: the collector need not walk over all of them again and again, and whatever
    a test makes need not be looked at while it is made."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything was installed that tests need (``.ci/run``), one that is skipped has failed."""
    report = yield
    if report.skipped and os.environ.get("SKIP_NOTHING"):
        report.outcome = "failed"
    return report


@pytest.fixture(autouse=True, scope="session")
def processes_are_hatched() -> Iterator[None]:
    """Those that tests start, but for tests that look at how a process was started (``executed``)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "begin", hatch)
        yield


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are started by a command line and an environment of their own."""
    monkeypatch.setattr(stage, "begin", begin)


@pytest.fixture(autouse=True, scope="session")
def stores_are_copies() -> Iterator[None]:
    """Not for processes that tests start: those migrate."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "migrate", migrate_by_copy)
        yield
