"""The control socket's file: its mode and group, and that no other daemon's is ever taken."""

import os
import socket
import stat
from pathlib import Path

import pytest

from daemon.control import listener
from daemon.control.listener import ControlRefused, listening


def test_the_socket_is_open_to_its_group_and_goes_with_us(tmp_path: Path) -> None:
    path = tmp_path / "run" / "control.sock"
    with listening(path, ["no-such-group-here"]) as bound:
        found = path.lstat()
        assert stat.S_ISSOCK(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o660
        assert found.st_gid == os.getegid()
        assert bound.getsockname() == str(path)
    assert not path.exists()


def test_it_belongs_to_the_first_group_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(listener, "group_id", {"b": 702, "c": 703}.get)
    monkeypatch.setattr(os, "chown", lambda path, uid, gid: given.append((uid, gid)))
    with listening(tmp_path / "s", ["a", "b", "c"]):
        assert given == [(-1, 702)]

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "chown", refuse)
    with listening(tmp_path / "s", ["b"]):
        assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o660


def test_what_a_dead_process_left_is_cleared_away(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with listening(path, []):
        assert path.exists()


def test_a_daemon_that_answers_is_not_robbed(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with listening(path, []):
        with pytest.raises(ControlRefused, match="another process answers"), listening(path, []):
            pass
        assert path.exists()


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(ControlRefused, match="is no socket"), listening(path, []):
        pass
    assert path.read_text() == "precious"


@pytest.mark.parametrize("path", ["x" * 200, "file/control.sock"])
def test_a_path_that_cannot_be_is_refused_in_words(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ControlRefused, match=r"bytes|cannot be opened"), listening(tmp_path / path, []):
        pass


def test_somebody_elses_new_socket_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with listening(path, []):
        path.unlink()
        path.write_text("theirs")
    assert path.read_text() == "theirs"
