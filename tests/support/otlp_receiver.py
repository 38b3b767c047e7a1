"""Real OTLP receivers on loopback: what arrives is decoded with OpenTelemetry's own messages."""

import gzip
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs_service
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_service
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as trace_grpc

PATIENCE_S = 20.0
REQUESTS = {
    "/v1/traces": trace_service.ExportTraceServiceRequest,
    "/v1/metrics": metrics_service.ExportMetricsServiceRequest,
    "/v1/logs": logs_service.ExportLogsServiceRequest,
}


class Collector:
    """``endpoint`` for the configuration. ``status`` other than 200 makes the HTTP one refuse what comes to a path of
    ``refused`` (all of them), ``answer`` is what it says to what it takes."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.status = 200
        self.refused = frozenset(REQUESTS)
        self.answer = b""
        self.headers: dict[str, str] = {}
        self.everything = bytearray()
        """All bytes that came, one after the other."""
        self._came: dict[str, queue.Queue[Any]] = {path: queue.Queue() for path in REQUESTS}

    def took(self, path: str, request: Any, headers: dict[str, str], body: bytes) -> None:
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.everything += body
        self._came[path].put(request)

    def batch(self, signal: str = "traces") -> Any:
        """The next request of a signal; fails the test if none comes."""
        return self._came[f"/v1/{signal}"].get(timeout=PATIENCE_S)

    def spans(self) -> dict[str, Any]:
        """By name, all that have come so far (at least one batch)."""
        return {span.name: span for span in self.every_span()}

    def every_span(self) -> list[Any]:
        """All that have come so far (at least one batch), in the order they came."""
        return [
            span
            for one in self._batches("traces")
            for of_us in one.resource_spans
            for scope in of_us.scope_spans
            for span in scope.spans
        ]

    def metrics(self) -> dict[str, Any]:
        """By name, as they came last."""
        return {
            metric.name: metric
            for one in self._batches("metrics")
            for of_us in one.resource_metrics
            for scope in of_us.scope_metrics
            for metric in scope.metrics
        }

    def log_records(self) -> list[Any]:
        """All that have come so far (at least one batch), in the order they came."""
        return [
            record
            for one in self._batches("logs")
            for of_us in one.resource_logs
            for scope in of_us.scope_logs
            for record in scope.log_records
        ]

    def waiting(self, signal: str) -> list[Any]:
        """Those requests that have come and were not looked at: perhaps none."""
        came = self._came[f"/v1/{signal}"]
        return [came.get() for _ in range(came.qsize())]

    def _batches(self, signal: str) -> list[Any]:
        batches = [self.batch(signal)]
        while not self._came[f"/v1/{signal}"].empty():
            batches.append(self._came[f"/v1/{signal}"].get())
        return batches


def attributes(told: Any) -> dict[str, object]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in told.attributes}


@contextmanager
def http_collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.headers["content-type"] == "application/x-protobuf"
            if self.headers["content-encoding"] == "gzip":
                body = gzip.decompress(body)
            status = 404 if self.path not in REQUESTS else collector.status if self.path in collector.refused else 200
            if status == 200:
                collector.took(self.path, REQUESTS[self.path].FromString(body), dict(self.headers), body)
            answer = collector.answer if status == 200 else b""
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def grpc_collector() -> Iterator[Collector]:
    def taking(base: Any, path: str, answer: Any) -> Any:
        class Servicer(base):  # type: ignore[misc]  # generated without types
            def Export(self, request: Any, context: Any) -> Any:
                headers = {key: str(value) for key, value in context.invocation_metadata()}
                collector.took(path, request, headers, request.SerializeToString())
                return answer.FromString(collector.answer)

        return Servicer()

    server = grpc.server(ThreadPoolExecutor(max_workers=3))
    trace_grpc.add_TraceServiceServicer_to_server(
        taking(trace_grpc.TraceServiceServicer, "/v1/traces", trace_service.ExportTraceServiceResponse), server
    )
    metrics_grpc.add_MetricsServiceServicer_to_server(
        taking(metrics_grpc.MetricsServiceServicer, "/v1/metrics", metrics_service.ExportMetricsServiceResponse), server
    )
    logs_grpc.add_LogsServiceServicer_to_server(
        taking(logs_grpc.LogsServiceServicer, "/v1/logs", logs_service.ExportLogsServiceResponse), server
    )
    collector = Collector(f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    try:
        yield collector
    finally:
        server.stop(grace=None).wait()
