import array
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.telemetry.journald import JournalSocket, encode, field_name, is_journal, message_id


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "journal"))
        server.settimeout(10)
        yield server


def test_fields_are_encoded_as_the_protocol_wants() -> None:
    assert encode({"MESSAGE": "hello", "trace-id": "ab"}) == b"MESSAGE=hello\nTRACE_ID=ab\n"
    assert encode({"MESSAGE": "a\nb"}) == b"MESSAGE\n\x03\x00\x00\x00\x00\x00\x00\x00a\nb\n"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("lane", b"LANE"),
        ("_secret", b"SECRET"),
        ("9lives", b"LIVES"),
        ("ä.b", b"B"),
        ("", b"FIELD"),
        ("x" * 99, b"X" * 64),
    ],
)
def test_field_names(name: str, field: bytes) -> None:
    assert field_name(name) == field


def test_an_entry_is_one_datagram(journal: socket.socket) -> None:
    writer = JournalSocket(journal.getsockname())
    writer.write(b"MESSAGE=hello\n")
    assert journal.recv(100) == b"MESSAGE=hello\n"
    writer.close()


def test_a_large_entry_goes_through_a_sealed_memory_file(journal: socket.socket) -> None:
    writer = JournalSocket(journal.getsockname())
    entry = b"MESSAGE=" + b"x" * 4_000_000 + b"\n"
    writer.write(entry)
    data, ancillary, _, _ = journal.recvmsg(100, socket.CMSG_SPACE(4))
    assert data == b""
    ((_, kind, rights),) = ancillary
    assert kind == socket.SCM_RIGHTS
    (fd,) = array.array("i", rights)
    try:
        assert os.pread(fd, len(entry) + 1, 0) == entry
        with pytest.raises(PermissionError):
            os.write(fd, b"tampered")
    finally:
        os.close(fd)
        writer.close()


def test_a_journal_that_is_away_is_an_oserror(tmp_path: Path) -> None:
    writer = JournalSocket(str(tmp_path / "nobody"))
    with pytest.raises(OSError, match="No such file"):
        writer.write(b"MESSAGE=hello\n")
    writer.close()


def test_stderr_is_the_journal_only_if_systemd_says_so(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        status = os.fstat(file.fileno())
        assert is_journal(file.fileno(), f"{status.st_dev}:{status.st_ino}")
        assert not is_journal(file.fileno(), f"{status.st_dev}:{status.st_ino + 1}")
        assert not is_journal(file.fileno(), None)
        assert not is_journal(file.fileno(), "nonsense")


def test_a_message_id_is_stable_and_differs_by_event() -> None:
    assert message_id("delivery.attempted") == "67bf6e493efa507aaacc3462646a63ea"
    assert message_id("lane.suspended") != message_id("delivery.attempted")
