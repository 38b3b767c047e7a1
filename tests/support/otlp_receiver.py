"""Real OTLP receivers on loopback: what arrives is decoded with OpenTelemetry's own messages."""

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

PATIENCE_S = 20.0


class Collector:
    """``endpoint`` for the configuration. ``status`` other than 200 makes the HTTP one refuse."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.status = 200
        self.headers: dict[str, str] = {}
        self._batches: queue.Queue[ExportTraceServiceRequest] = queue.Queue()

    def took(self, request: ExportTraceServiceRequest, headers: dict[str, str]) -> None:
        self.headers = {name.lower(): value for name, value in headers.items()}
        self._batches.put(request)

    def batch(self) -> ExportTraceServiceRequest:
        """The next request; fails the test if none comes."""
        return self._batches.get(timeout=PATIENCE_S)

    def spans(self) -> dict[str, Any]:
        """By name, all that have come so far (at least one batch)."""
        return {span.name: span for span in self.every_span()}

    def every_span(self) -> list[Any]:
        """All that have come so far (at least one batch), in the order they came."""
        batches = [self.batch()]
        while not self._batches.empty():
            batches.append(self._batches.get())
        return [
            span
            for one in batches
            for of_us in one.resource_spans
            for scope in of_us.scope_spans
            for span in scope.spans
        ]


def attributes(span: Any) -> dict[str, object]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}


@contextmanager
def http_collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.headers["content-type"] == "application/x-protobuf"
            if self.path == "/v1/traces" and collector.status == 200:
                collector.took(ExportTraceServiceRequest.FromString(body), dict(self.headers))
            self.send_response(collector.status if self.path == "/v1/traces" else 404)
            self.send_header("content-length", "0")
            self.end_headers()

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
    class Servicer(TraceServiceServicer):  # type: ignore[misc]  # generated without types
        def Export(self, request: ExportTraceServiceRequest, context: Any) -> ExportTraceServiceResponse:
            collector.took(request, {key: str(value) for key, value in context.invocation_metadata()})
            return ExportTraceServiceResponse()

    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    add_TraceServiceServicer_to_server(Servicer(), server)
    collector = Collector(f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    try:
        yield collector
    finally:
        server.stop(grace=None).wait()
