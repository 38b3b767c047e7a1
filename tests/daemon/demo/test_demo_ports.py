"""Ports that are found now and opened later are nobody else's meanwhile."""

import subprocess
import sys

import pytest

from daemon.demo import stage

TAKE = "from daemon.demo.stage import free_port; print(free_port(), flush=True); input()"


def test_what_another_process_was_given_is_not_given_here(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        left = [stage._claimed(port), stage._is_free(port)]
        other.communicate("\n")
    assert left == [False, True], "nobody listens there yet, and it is the other's"
    monkeypatch.setattr(stage, "_PORTS", [port])
    assert stage.free_port() == port, "it ended with whoever had it"


def test_none_is_given_twice() -> None:
    ports = [stage.free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert all(port < 32_768 for port in ports)
