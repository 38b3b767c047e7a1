"""A collector of others' making takes traces, logs and metrics from a whole daemon and tells them on: what comes out of
it is what happened, as one tree.

What it tells on it has decoded and written anew, by a library that shares nothing with ours.
"""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from collecting import Collecting, collecting, installed
from otlp_receiver import Collector, attributes, http_collector
from rehearsal import picked, post, rehearsal, replace

from daemon.telemetry.spans import Kind, Status

PATIENCE_S = 60.0
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
ONCE_AWAY = b'[{"kind":"status","vendor":"slack","value":"503","times":1}]'

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("collector"))


class Came:
    """What has come out of the collector so far, all signals."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self.spans: list[Any] = []
        self.logs: list[Any] = []
        self.metrics: dict[str, Any] = {}

    def look(self) -> None:
        for request in self._collector.waiting("traces"):
            self.spans += [s for of_us in request.resource_spans for scope in of_us.scope_spans for s in scope.spans]
        for request in self._collector.waiting("logs"):
            self.logs += [r for of_us in request.resource_logs for sc in of_us.scope_logs for r in sc.log_records]
        for request in self._collector.waiting("metrics"):
            told = [m for of_us in request.resource_metrics for scope in of_us.scope_metrics for m in scope.metrics]
            self.metrics.update((metric.name, metric) for metric in told)

    def named(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name and span.trace_id.hex() == TRACE]


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_a_statement_is_one_tree_behind_a_collector(tmp_path: Path, program: Path, protocol: str) -> None:
    (tmp_path / "collector").mkdir()
    with http_collector() as behind, collecting(program, tmp_path / "collector", behind.endpoint) as collector:
        came = Came(behind)

        def by_protocol(root: Path) -> None:
            words = f'[telemetry]\notlp_protocol = "{protocol}"\notlp_metrics_every = "1s"'
            replace(root / "lmsyncd.toml", "[telemetry]", words)

        began_ns = time.time_ns()
        async with rehearsal(tmp_path, otlp_endpoint=_of(collector, protocol), change=by_protocol) as stage:
            async with httpx.AsyncClient(trust_env=False) as client:
                sandbox = f"http://127.0.0.1:{stage.scene.sandbox_port}"
                assert (await client.put(f"{sandbox}/sandbox/faults", content=ONCE_AWAY)).status_code == 200
            headers = {"traceparent": f"00-{TRACE}-{CALLER}-01", "X-Correlation-ID": "walk-7"}
            answer = await post(stage.scene, picked("completed"), headers=headers)
            assert answer.status_code == 200
            refused = await post(stage.scene, picked("completed"), secret="wrong", headers=headers)
            assert refused.status_code == 401
            await stage.until_effects(1)
            with trio.fail_after(PATIENCE_S):
                while not (
                    len(came.named("delivery.attempt")) >= 2 and came.logs and "lmsyncd.deliveries" in came.metrics
                ):
                    await trio.sleep(0.2)
                    came.look()
        came.look()

    requests = came.named("POST /t/{tenant}/xapi/statements")
    [request] = [span for span in requests if attributes(span)["http.response.status_code"] == 200]
    assert (request.kind, request.parent_span_id.hex(), request.flags & 0x200) == (Kind.SERVER, CALLER, 0x200)
    attempts = came.named("delivery.attempt")
    calls = [span for span in came.spans if span.kind == Kind.CLIENT and span.trace_id.hex() == TRACE]
    assert attempts
    assert calls
    assert {span.parent_span_id for span in attempts} == {request.span_id}
    assert {span.parent_span_id for span in calls} <= {span.span_id for span in attempts}
    for span in (request, *attempts, *calls):
        assert began_ns <= span.start_time_unix_nano <= span.end_time_unix_nano <= time.time_ns()
        failed = int(attributes(span).get("http.response.status_code", 0)) >= 400  # type: ignore[call-overload]  # an int
        assert (span.status.code == Status.ERROR) == failed == ("error.type" in attributes(span))
    assert "503" in {attributes(span).get("error.type") for span in calls}, "the vendor was away once"
    attempts.sort(key=lambda span: int(span.end_time_unix_nano))
    told = attributes(attempts[-1])
    assert (told["lmsyncd.correlation_id"], told["lmsyncd.verdict"]) == ("walk-7", "delivered")
    assert attempts[-1].status.code == Status.OK

    lines = {record.event_name: record for record in came.logs}
    attempted = lines["delivery.attempted"]
    assert attempted.span_id in {span.span_id for span in attempts}
    assert attributes(attempted)["lmsyncd.correlation_id"] == "walk-7"
    assert came.metrics["lmsyncd.deliveries"].sum.is_monotonic
    assert came.metrics["http.server.request.duration"].histogram.data_points


def _of(collector: Collecting, protocol: str) -> str:
    return collector.grpc if protocol == "grpc" else collector.http
