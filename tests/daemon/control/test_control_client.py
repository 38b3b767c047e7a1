"""The client's end: whatever the daemon does, or is not, becomes an exit code and advice."""

import grp
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from daemon.control import client as clients
from daemon.control.client import Client
from daemon.control.exits import Exit
from daemon.control.protocol import AskVersion, Done, Error, Refusal, RouteTest, encode, encode_row
from daemon.control.views import VersionRow

Script = Callable[[socket.socket], None]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[[Script], Path]]:
    """A daemon that does what a test tells it, once."""
    path = tmp_path / "d.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(1)
    threads = []

    def play(script: Script) -> Path:
        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                script(connection)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return path

    yield play
    for thread in threads:
        thread.join(10)
    listener.close()


def refusal(path: Path, timeout_s: float = 10.0) -> Refusal:
    with pytest.raises(Refusal) as caught, Client(path, timeout_s) as client:
        list(client.ask(AskVersion()))
    assert caught.value.where
    return caught.value


def test_rows_then_the_end(daemon: Callable[[Script], Path]) -> None:
    row = VersionRow(version="9", protocol=1)

    def script(connection: socket.socket) -> None:
        said = encode_row("1", row) + encode(Done(id="1", exit_code=2, note="so"))
        connection.sendall(said[:30])
        connection.sendall(said[30:])

    with Client(daemon(script)) as client:
        raw, done = client.ask(AskVersion())
    assert isinstance(raw, msgspec.Raw)
    assert msgspec.json.decode(raw) == {"kind": "version", "version": "9", "protocol": 1}
    assert (done.exit_code, done.note) == (2, "so")


def test_whoever_waits_is_told_how_long(daemon: Callable[[Script], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "WAITING_EVERY_S", 0.01)
    heard: list[float] = []
    enough = threading.Event()

    def waiting(silent_s: float) -> None:
        heard.append(silent_s)
        if len(heard) == 3:
            enough.set()

    def script(connection: socket.socket) -> None:
        enough.wait(10)
        connection.sendall(encode(Done(id="1", note="so")))

    with Client(daemon(script), 10.0, waiting) as client:
        [done] = client.ask(AskVersion())
    assert isinstance(done, Done)
    assert heard[:3] == pytest.approx([0.01, 0.02, 0.03])


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (encode(Error(id="1", exit_code=77, what="no", where="x")), Exit.FORBIDDEN),
        (encode(Error(exit_code=75, what="full", where="x")), Exit.AGAIN),
        (encode(Error(id="1", exit_code=99, what="?", where="x")), Exit.FAILURE),
        (encode(Done(id="7")), Exit.FAILURE),
        (b"what?\n", Exit.FAILURE),
        (b'{"reply": "song"}\n', Exit.FAILURE),
        (b"", Exit.UNREACHABLE),
        (b'{"reply": "do', Exit.UNREACHABLE),
    ],
)
def test_what_is_no_answer_is_refused(daemon: Callable[[Script], Path], said: bytes, code: Exit) -> None:
    assert refusal(daemon(lambda connection: connection.sendall(said))).code == code


def test_an_endless_answer_is_cut_off(daemon: Callable[[Script], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "LINE_BYTES_MAX", 1000)

    def script(connection: socket.socket) -> None:
        try:
            connection.sendall(b"x" * 200_000)
        except OSError:
            pass  # it stopped reading, as it should

    assert refusal(daemon(script)).code == Exit.FAILURE


def test_a_silent_daemon_is_not_waited_for(daemon: Callable[[Script], Path]) -> None:
    over = threading.Event()
    silent = refusal(daemon(lambda connection: over.wait(10) and None), timeout_s=0.05)
    over.set()
    assert silent.code == Exit.AGAIN
    assert "--timeout" in silent.advice


def test_no_socket_and_nobody_behind_it(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none").code == Exit.UNREACHABLE
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "left"))
    assert refusal(tmp_path / "left").code == Exit.UNREACHABLE


def test_a_socket_that_is_not_for_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(socket.socket):
        def connect(self, address: object) -> None:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "socket", Closed)
    forbidden = refusal(tmp_path / "s")
    assert forbidden.code == Exit.FORBIDDEN
    assert "use sudo" in forbidden.advice
    assert "lms-operators" not in forbidden.advice  # which this machine may not have


def test_a_socket_that_is_a_group_s_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that the file has, if this machine knows it by a name."""
    door = tmp_path / "s"
    door.touch(mode=0o660)
    known = next(each for each in grp.getgrall() if each.gr_gid)
    gid = known.gr_gid

    class Door:
        st_mode = stat.S_IFSOCK | 0o660

        @property
        def st_gid(self) -> int:
            return gid

    monkeypatch.setattr(Path, "stat", lambda _path, **_how: Door())
    error = PermissionError(13, "Permission denied")
    assert known.gr_name in clients._unreachable(door, error).advice
    Door.st_mode = stat.S_IFSOCK | 0o600
    assert known.gr_name not in clients._unreachable(door, error).advice.split()
    Door.st_mode, gid = stat.S_IFSOCK | 0o660, 4_000_000_000  # nobody's
    assert "use sudo" in clients._unreachable(door, error).advice


def test_a_daemon_with_a_full_backlog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy(socket.socket):
        def connect(self, address: object) -> None:
            raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(socket, "socket", Busy)
    assert refusal(tmp_path / "s").code == Exit.AGAIN


def test_a_request_too_long_is_not_sent(daemon: Callable[[Script], Path]) -> None:
    with Client(daemon(lambda connection: None)) as client, pytest.raises(Refusal) as caught:
        list(client.ask(RouteTest(tenant="acme", statement="x" * (1 << 20))))
    assert caught.value.code == Exit.USAGE
