import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deliveries import NOW_US, a_delivery

from actors.domain.flow import NotSent, Response
from actors.domain.outbox import State
from actors.domain.verdicts import Cause, Refused
from actors.ports import Planned, Routed, RoutedCount
from config.model import Audience
from config.model import Telemetry as Words
from daemon.telemetry import Telemetry, open_telemetry

SECRET = "xoxb-canary-0123456789"


class Seen:
    """Telemetry without a collector; its clock moves a tenth of a second with every look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        self._now_us = NOW_US
        known = frozenset({SECRET})
        self.telemetry: Telemetry = open_telemetry(
            Words(), reveal=lambda _: "", redact=lambda: known, now_us=self._tick, log_fd=self._fd
        )
        self.witness = self.telemetry.witness
        self.metrics = self.telemetry.metrics

    def _tick(self) -> int:
        self._now_us += 100_000
        return self._now_us

    def lines(self) -> list[dict[str, Any]]:
        self.telemetry.close(10.0)
        return [json.loads(line) for line in self._path.read_text().splitlines()]

    def shut(self) -> None:
        self.telemetry.close(10.0)
        os.close(self._fd)


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[Seen]:
    seen = Seen(tmp_path / "log")
    yield seen
    seen.shut()


def test_one_canonical_line_per_attempt(seen: Seen) -> None:
    with seen.witness.attempt(a_delivery(attempts=2), "send") as view:
        view.exchanged("chat.postMessage", Response(status=200), 0.05)
        view.concluded("delivered", "", {"x-slack-req-id": "r1"}, "delivered")
    (line,) = seen.lines()
    assert line.pop("time").startswith("2027-01-15T08:00:00.")
    assert line.pop("elapsed_s") > 0
    assert 50 < line.pop("propagation_s") < 51
    assert line == {
        "level": "info",
        "event": "delivery.attempted",
        "delivery_id": "d" * 32,
        "statement_id": "6d7a1c9e-0d3c-4a39-9f57-3c3b6a2d1f10",
        "correlation_id": "correlation-7",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "lane": "acme/slack",
        "route": "completions",
        "destination": "C0123456789",
        "change": "course_completed",
        "kind": "send",
        "attempt": 2,
        "verdict": "delivered",
        "state": "delivered",
        "detail": "",
        "requests": 1,
        "request_ids": {"x-slack-req-id": "r1"},
    }


def test_an_attempt_is_counted(seen: Seen) -> None:
    with seen.witness.attempt(a_delivery(), "send") as view:
        view.exchanged("chat.postMessage", NotSent("refused"), 0.05)
        view.concluded("unavailable", "refused", {}, "waiting")
    with seen.witness.attempt(a_delivery(attempts=2), "send") as view:
        view.concluded("refused", "is_archived", {}, "dead", "destination_gone")
    with seen.witness.attempt(a_delivery(state=State.UNKNOWN, attempts=3), "probe") as view:
        view.concluded("delivered", "", {}, "delivered")
    metrics = seen.metrics
    assert metrics.deliveries.value("acme/slack", "waiting") == 1
    assert metrics.attempts.value("acme/slack", "unavailable") == 1
    assert metrics.retries.value("acme/slack") == 1
    assert metrics.dead.value("acme/slack", "destination_gone") == 1
    assert metrics.propagation.count("acme/completions") == 1
    assert metrics.vendor_latency.count("acme/slack", "chat.postMessage") == 1
    assert 'lmsyncd_propagation_seconds_bucket{route="acme/completions",le="60"} 1' in metrics.text()


def test_an_attempt_that_breaks_off_says_so_and_lets_the_error_through(seen: Seen) -> None:
    with pytest.raises(ZeroDivisionError), seen.witness.attempt(a_delivery(), "send"):
        raise ZeroDivisionError
    (line,) = seen.lines()
    assert (line["verdict"], line["state"], line["detail"]) == ("interrupted", "claimed", "ZeroDivisionError")


def test_a_garbled_traceparent_begins_a_new_trace(seen: Seen) -> None:
    with seen.witness.attempt(a_delivery(traceparent="garbled"), "send") as view:
        assert len(view.trace_id) == 32


def test_what_was_routed_is_counted_by_kind_and_by_reason(seen: Seen) -> None:
    change = a_delivery().change
    planned = Planned(target="slack", route="r", destination="C1", audience=Audience(channel="C1"))
    born_dead = Planned(
        target="teams",
        route="r",
        destination="?",
        audience=Audience(learner=True),
        refused=Refused(Cause.BAD_CONFIGURATION, "no team"),
    )

    def routed(**more: Any) -> Routed:
        return Routed(seq=1, statement_id="s", correlation_id="c", traceparent="", accepted_us=NOW_US, **more)

    batch = [
        routed(change=change, planned=(planned, born_dead)),
        routed(change=change, reason="no_route: nobody asks for course_completed"),
        routed(reason="unknown_verb: http://example.org/verbs/waved"),
    ]
    seen.witness.routed("acme", batch, RoutedCount(deliveries={"slack": 1, "teams": 1}, repeated=3))
    metrics = seen.metrics
    assert metrics.statements_routed.value("acme", "course_completed") == 1
    assert metrics.statements_not_routed.value("acme", "no_route") == 1
    assert metrics.statements_not_routed.value("acme", "unknown_verb") == 1
    assert metrics.dead.value("acme/teams", "bad_configuration") == 1
    assert metrics.effects_repeated.value("acme") == 3


def test_trouble_shows_where_and_keeps_secrets(seen: Seen) -> None:
    try:
        int(f"https://hooks/{SECRET}")
    except ValueError as error:
        seen.witness.trouble("courier.fault", error, lane="acme/slack")
    seen.witness.event("lane.suspended", lane="acme/slack", reason=f"bad {SECRET}")
    trouble, event = seen.lines()
    assert (trouble["level"], trouble["event"], trouble["lane"]) == ("warning", "courier.fault", "acme/slack")
    assert trouble["error"] == "ValueError: invalid literal for int() with base 10: 'https://hooks/***'"
    assert "test_witness.py" in trouble["traceback"]
    assert event["reason"] == "bad ***"
    assert SECRET not in json.dumps([trouble, event])


def test_a_run_of_a_roster_has_a_trace_that_goes_with_its_orders(seen: Seen) -> None:
    with (
        seen.witness.roster("acme/slack", "classes", NOW_US) as first,
        seen.witness.roster("a/b", "c", NOW_US) as other,
    ):
        first.ordered(3, 7)
    assert first.traceparent.startswith("00-")
    assert first.traceparent != other.traceparent
    assert seen.lines() == [], "what was ordered is told in the reconciler's own line"


def test_what_a_reading_sent_to_quarantine_is_counted_by_rule(seen: Seen) -> None:
    for _ in range(2):
        seen.witness.trouble("quarantine.grew", None, source="acme/moodle", rules={"user.email": 3, "course.name": 1})
    seen.witness.trouble("source.failed", None, source="acme/moodle", rules={"user.email": 9})
    assert dict(seen.metrics.schema_failures.points()) == {
        ("acme/moodle", "user.email"): 6,
        ("acme/moodle", "course.name"): 2,
    }


@pytest.mark.parametrize(("status", "error"), [(200, ""), (404, ""), (503, "503"), (0, "lost")])
def test_a_request_to_the_gateway_is_measured_by_its_route(seen: Seen, status: int, error: str) -> None:
    with seen.telemetry.request_span("POST", "/t/{tenant}/xapi/statements", {}) as span:
        span.status = status
    labels = ("POST", "/t/{tenant}/xapi/statements", str(status) if status else "", error)
    [(told, buckets)] = seen.metrics.server_duration.points()
    assert told == labels
    assert buckets.sum == pytest.approx(0.1)
    assert not any(buckets.exemplars), "without a collector there is no span to point to"
