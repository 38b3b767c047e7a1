import json
import logging
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.telemetry.journald import JournalSocket, message_id
from daemon.telemetry.logs import LINES_MAX, Bridge, JournalSink, Log, Outlet, StreamSink
from daemon.telemetry.redaction import Redactor

NOW_US = 1_800_000_000_123_456
SECRET = "xoxb-canary-0123456789"


class Written:
    """A log that writes to a file, read when it is closed."""

    def __init__(self, path: Path, *secrets: str) -> None:
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        self.outlet = Outlet(StreamSink(self._fd))
        known = frozenset(secrets)
        self.log = Log(self.outlet, Redactor(lambda: known), lambda: NOW_US)

    def lines(self) -> list[dict[str, Any]]:
        self.outlet.close(10.0)
        os.close(self._fd)
        return [json.loads(line) for line in self._path.read_text().splitlines()]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path / "log", SECRET)


def test_a_line_is_json_with_time_level_and_event_first(written: Written) -> None:
    written.log.logger.info("lane.suspended", lane="acme/slack", n=3)
    (line,) = written.lines()
    assert list(line.items()) == [
        ("time", "2027-01-15T08:00:00.123Z"),
        ("level", "info"),
        ("event", "lane.suspended"),
        ("lane", "acme/slack"),
        ("n", 3),
    ]


def test_a_canary_never_gets_out(written: Written) -> None:
    written.log.write(
        "warning",
        f"odd.{SECRET}",
        {"url": f"https://x/?token={SECRET}", "deep": {SECRET: [SECRET]}, "object": ValueError(SECRET)},
    )
    (line,) = written.lines()
    assert SECRET not in json.dumps(line)
    assert line["url"] == "https://x/?token=***"


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), b"\xff", 2**80, {("a", 1): 2}, "\ud800", [[]] * 3])
def test_no_value_is_too_odd(written: Written, value: object) -> None:
    written.log.write("info", "odd.value", {"value": value})
    (line,) = written.lines()
    assert line["event"] == "odd.value"


def test_names_that_are_ours_are_not_taken(written: Written) -> None:
    written.log.write("info", "real", {"event": "fake", "level": "fake", "time": "fake"})
    (line,) = written.lines()
    assert (line["event"], line["level"], line["event_"]) == ("real", "info", "fake")


def test_the_level_can_be_changed(written: Written) -> None:
    written.log.write("debug", "unheard", {})
    written.log.set_level("debug")
    written.log.write("debug", "heard", {})
    written.log.set_level("error")
    written.log.write("warning", "unheard", {})
    assert [line["event"] for line in written.lines()] == ["heard"]


def test_a_reader_that_stalls_costs_lines_not_time() -> None:
    stalled = threading.Event()

    class Stuck:
        def write(self, lines: list[bytes]) -> None:
            stalled.wait(30)

        def close(self) -> None:
            """Nothing is open."""

    outlet = Outlet(Stuck())
    for _ in range(LINES_MAX + 2000):
        outlet.put(b"line\n", urgent=False)
    assert outlet.dropped >= 1000
    outlet.close(0.05)
    stalled.set()


def test_a_reader_that_is_gone_is_counted() -> None:
    receiving, sending = os.pipe()
    os.close(receiving)
    outlet = Outlet(StreamSink(sending))
    outlet.put(b"line\n", urgent=True)
    outlet.close(10.0)
    os.close(sending)
    assert outlet.dropped == 1


def test_more_than_a_pipe_holds_arrives_whole() -> None:
    receiving, sending = os.pipe()
    outlet = Outlet(StreamSink(sending))
    for number in range(5000):
        outlet.put(b"%06d %s\n" % (number, b"x" * 100), urgent=False)
    with os.fdopen(receiving, "rb") as reader:
        numbers = [int(reader.readline().split()[0]) for _ in range(5000)]
    outlet.close(10.0)
    os.close(sending)
    assert numbers == list(range(5000))


def test_warnings_of_libraries_become_lines_and_their_chatter_does_not(written: Written) -> None:
    library = logging.getLogger("test.library")
    library.propagate = False
    library.addHandler(Bridge(written.log))
    library.setLevel(logging.DEBUG)
    library.debug("headers: %s", SECRET)
    library.warning("refused %s", SECRET)
    try:
        int(SECRET)
    except ValueError:
        library.exception("failed")
    warned, failed = written.lines()
    assert (warned["event"], warned["logger"], warned["message"]) == ("library.logged", "test.library", "refused ***")
    assert failed["level"] == "error"
    assert "literal for int() with base 10: '***'" in failed["traceback"]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "journal"))
        server.settimeout(10)
        yield server


def test_in_the_journal_every_field_has_its_own_name(journal: socket.socket) -> None:
    outlet = Outlet(JournalSink(JournalSocket(journal.getsockname())))
    log = Log(outlet, Redactor(lambda: frozenset({SECRET})), lambda: NOW_US, journal=True)
    log.logger.warning(
        "delivery.attempted",
        trace_id="t1",
        correlation_id="c1",
        statement_id="s1",
        destination="C1",
        state="dead",
        detail=f"no {SECRET}",
        attempt=2,
    )
    entry = journal.recv(65536).decode()
    outlet.close(10.0)
    fields = dict(line.partition("=")[::2] for line in entry.splitlines())
    assert fields == {
        "MESSAGE": "delivery.attempted destination=C1 state=dead detail=no ***",
        "MESSAGE_ID": message_id("delivery.attempted"),
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "lmsyncd",
        "LMSYNCD_EVENT": "delivery.attempted",
        "TRACE_ID": "t1",
        "CORRELATION_ID": "c1",
        "STATEMENT_ID": "s1",
        "EVENT_ID": "s1",
        "DESTINATION": "C1",
        "STATE": "dead",
        "DETAIL": "no ***",
        "ATTEMPT": "2",
    }
