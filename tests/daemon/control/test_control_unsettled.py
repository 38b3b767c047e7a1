"""A deed of which nobody knows how it ended: the asker is told so, and the audit does not say that it failed."""

from pathlib import Path

import pytest
import trio
from control_socket import ask, served

from actors.kernel import ActorDied, DeadlineExceeded
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.office import Unsettled
from daemon.control.protocol import Refusal
from daemon.control.views import AuditRow, decode_view


@pytest.mark.parametrize(
    "error", [Unsettled("look again"), DeadlineExceeded("root", 9.0), ActorDied("root"), trio.TooSlowError()]
)
async def test_it_stands_in_the_audit_without_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async with served(tmp_path) as office:

        async def lost() -> None:
            raise error

        monkeypatch.setattr(office, "drain", lost)
        with pytest.raises(Refusal) as caught:
            await ask(tmp_path, p.Drain())
        assert caught.value.code == Exit.AGAIN
        [(rows, _)] = await ask(tmp_path, p.AuditList())
        [deed] = [row for row in map(decode_view, rows) if isinstance(row, AuditRow)]
        assert (deed.what, deed.result) == ("drain", "unfinished")
