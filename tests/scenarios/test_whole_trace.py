"""One trace from the LMS's request to the vendor's answer, as a collector sees it."""

import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
import trio
from otlp_receiver import attributes, grpc_collector, http_collector
from rehearsal import lmsyncctl, picked, post, rehearsal, replace

from daemon.demo.stage import POLL_S

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
TRACED = {"traceparent": f"00-{TRACE}-{CALLER}-01", "X-Correlation-ID": "req-2026-0815"}
TO_BOTH = ("completed", "enrolled", "scored")
"""A Slack channel, a Teams channel, a Teams learner."""
STOP_S_MAX = 30.0
"""Far below systemd's patience, far above what it takes."""
REQUEST, ATTEMPT = "POST /t/{tenant}/xapi/statements", "delivery.attempt"


def named(spans: list[Any], name: str) -> list[Any]:
    return [span for span in spans if span.name == name]


def below(spans: list[Any], parent: Any) -> list[str]:
    """Names of its children, which must be of its trace."""
    children = [span for span in spans if span.parent_span_id == parent.span_id]
    assert {span.trace_id for span in children} <= {parent.trace_id}
    return [span.name for span in children]


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_one_trace_from_the_request_to_every_vendor(tmp_path: Path, protocol: str) -> None:
    def speak(root: Path) -> None:
        replace(root / "lmsyncd.toml", "[telemetry]", f'[telemetry]\notlp_protocol = "{protocol}"')

    with {"http": http_collector, "grpc": grpc_collector}[protocol]() as collector:
        async with rehearsal(tmp_path, otlp_endpoint=collector.endpoint, change=speak) as stage:
            answer = await post(stage.scene, picked(*TO_BOTH), headers=TRACED)
            assert answer.status_code == 200
            await stage.until_effects(3)
            journal = await stage.journal()
            assert await stage.daemon.end() == 0
        spans = collector.every_span()
    assert [effect.correlation_id for effect in journal] == ["req-2026-0815"] * 3
    assert {effect.vendor for effect in journal} == {"slack", "teams"}
    (request,) = named(spans, REQUEST)
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, CALLER)
    assert answer.headers["traceparent"] == f"00-{TRACE}-{request.span_id.hex()}-01"
    attempts = named(spans, ATTEMPT)
    assert below(spans, request) == [ATTEMPT] * 3
    calls = {name for attempt in attempts for name in below(spans, attempt)}
    assert {"chat.postMessage", "channelMessages.post", "sendActivityNotification"} <= calls
    assert {attributes(attempt)["lmsyncd.delivery_id"] for attempt in attempts} == {
        effect.delivery_id for effect in journal
    }
    assert {attributes(attempt)["lmsyncd.correlation_id"] for attempt in attempts} == {"req-2026-0815"}
    (routed,) = named(spans, "statements.routed")
    assert {link.span_id for link in routed.links} == {request.span_id}


async def test_every_event_of_a_large_request_is_in_its_trace(tmp_path: Path) -> None:
    with http_collector() as collector:
        async with rehearsal(tmp_path, otlp_endpoint=collector.endpoint) as stage:
            many = picked(*["completed", "scored"] * 20)
            assert (await post(stage.scene, many, headers=TRACED)).status_code == 200
            await stage.until_effects(40)
            assert len(await stage.journal()) == 40
            await stage.daemon.end()
        spans = collector.every_span()
    (request,) = named(spans, REQUEST)
    assert below(spans, request).count(ATTEMPT) == 40
    assert attributes(request)["lmsyncd.statements"] == 40
    assert all(
        "chat.postMessage" in below(spans, each) or "sendActivityNotification" in below(spans, each)
        for each in named(spans, ATTEMPT)
    )


async def test_the_trace_goes_on_after_sigkill(tmp_path: Path) -> None:
    with http_collector() as collector:
        async with rehearsal(tmp_path, otlp_endpoint=collector.endpoint) as stage:
            assert (await lmsyncctl(stage.scene, "pause", "campus/slack")).returncode == 0
            answer = await post(stage.scene, picked("completed"), headers=TRACED)
            assert answer.status_code == 200
            await stage.kill_and_restart()
            await stage.ready()
            assert await stage.journal() == []
            assert (await lmsyncctl(stage.scene, "resume", "campus/slack")).returncode == 0
            await stage.until_effects(1)
            await stage.daemon.end()
            [effect] = await stage.journal()
        spans = collector.every_span()
    (attempt,) = named(spans, ATTEMPT)
    assert attempt.trace_id.hex() == TRACE
    assert attempt.parent_span_id.hex() == answer.headers["traceparent"].split("-")[2]
    assert "chat.postMessage" in below(spans, attempt)
    assert effect.correlation_id == "req-2026-0815"


async def test_an_interrupted_attempt_is_continued_in_the_same_trace(tmp_path: Path) -> None:
    """Killed while the vendor has the post but has not answered: the next life's probe finds it."""
    with http_collector() as collector:
        async with rehearsal(tmp_path, otlp_endpoint=collector.endpoint) as stage:
            await stage.faults([{"kind": "slow", "vendor": "slack", "operation": "chat.postMessage", "value": "30"}])
            await post(stage.scene, picked("completed"), headers=TRACED)
            await stage.until_effects(1)
            await stage.kill_and_restart()
            await stage.ready()
            with trio.fail_after(60):
                while b"delivered" not in (await lmsyncctl(stage.scene, "why", "req-2026-0815")).stdout:
                    pass
            await stage.daemon.end()
            assert len(await stage.journal()) == 1
        spans = collector.every_span()
    (probe,) = named(spans, "delivery.probe")
    assert probe.trace_id.hex() == TRACE
    assert "conversations.history" in below(spans, probe)


async def test_a_dead_collector_costs_nothing(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and never listening: every connection is refused
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        async with rehearsal(tmp_path, otlp_endpoint=endpoint) as stage:
            assert (await post(stage.scene, picked(*TO_BOTH), headers=TRACED)).status_code == 200
            await stage.until_effects(3)
            assert len(await stage.journal()) == 3
            os.kill(stage.daemon.pid, signal.SIGTERM)
            with trio.fail_after(STOP_S_MAX):
                while stage.daemon.alive:
                    await trio.sleep(POLL_S)
            assert await stage.daemon.end() == 0
