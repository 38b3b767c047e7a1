"""The daemon is killed between the intention and the deed: the deed is not done, and stands there as unfinished."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import trio
from checkout import TOP
from control_socket import ask, served

from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.views import decode_view

KILLED = """
    import os, signal, sys, trio
    sys.path[:0] = ["tests/support", "."]
    from pathlib import Path
    from control_socket import ask, served
    from daemon.control import protocol as p

    async def killed(*args, **more):
        os.kill(os.getpid(), signal.SIGKILL)

    async def main():
        folder = Path(sys.argv[1])
        async with served(folder) as office:
            await ask(folder, p.Pause(lane="acme/slack"))
            office.store.queries.resume = killed
            await ask(folder, p.Resume(lane="acme/slack"))

    trio.run(main)
"""


async def test_it_is_listed_as_unfinished_and_was_not_done(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)]
    ended = await trio.run_process(command, check=False, cwd=TOP, stderr=subprocess.DEVNULL)
    assert ended.returncode == -signal.SIGKILL
    async with served(tmp_path) as office:
        [(rows, _), (proof, whole)] = await ask(tmp_path, p.AuditList(), p.AuditVerify())
        assert [(row.what, row.result) for row in map(decode_view, rows)] == [  # type: ignore[union-attr]
            ("resume", "unfinished"),
            ("pause", "done"),
        ]
        proven = decode_view(proof[-1])
        assert (whole.exit_code, proven.unfinished, proven.misfits) == (Exit.OK, 1, 0)  # type: ignore[union-attr]
        assert list(await office.store.queries.holds()) == ["acme/slack"], "it was not done"
