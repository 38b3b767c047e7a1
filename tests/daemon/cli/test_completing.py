"""A shell completes the names of what there is, asked of the daemon; where nobody answers it completes nothing."""

from pathlib import Path

import pytest
import trio
from click.shell_completion import ShellComplete
from control_socket import served

from daemon.cli.lmsyncctl import cli

ASKED = [
    (["target", "test"], "acme/s", ["acme/slack"]),
    (["target", "test"], "acme/teams", ["acme/teams", "acme/teams_workflow"]),
    (["queue", "list", "--lane"], "acme/s", ["acme/slack"]),
    (["sla"], "", ["acme"]),
    (["alert", "test"], "b", []),
    (["pilot", "status"], "", ["acme"]),
]


def completed(socket: Path, words: list[str], typed: str) -> list[str]:
    asking = ShellComplete(cli, {}, "lmsyncctl", "_LMSYNCCTL_COMPLETE")
    return [item.value for item in asking.get_completions(["--socket", str(socket), *words], typed)]


async def test_names_are_completed(tmp_path: Path) -> None:
    async with served(tmp_path):
        for words, typed, found in ASKED:
            assert await trio.to_thread.run_sync(completed, tmp_path / "control.sock", words, typed) == found, words


@pytest.mark.parametrize("words", [["target", "test"], ["sla"]])
def test_without_a_daemon_there_is_nothing_to_complete(tmp_path: Path, words: list[str]) -> None:
    assert completed(tmp_path / "none.sock", words, "") == []
