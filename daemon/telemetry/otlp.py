"""OTLP to a collector by OpenTelemetry's own exporters, http/protobuf or gRPC. Runs in the span thread: it may block.

Spans are kept as light structs until here (``spans`` says why) and become the SDK's ``ReadableSpan`` only when they
leave. The exporters retry within their timeout; the pipe above decides what is dropped, and says so once.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi
import msgspec
import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from requests.adapters import HTTPAdapter

from config.model import Network
from daemon.no_proxy import Bypass
from daemon.presenting import trusting
from daemon.telemetry.redaction import Redactor
from daemon.telemetry.spans import SEND_S_MAX, Kind, Sender, Span
from daemon.telemetry.trace_context import TraceContext

TRACES_PATH = "/v1/traces"
SCOPE = InstrumentationScope("lmsyncd")
_KINDS = {Kind.INTERNAL: SpanKind.INTERNAL, Kind.SERVER: SpanKind.SERVER, Kind.CLIENT: SpanKind.CLIENT}
_encode = msgspec.json.Encoder().encode


class OtlpSender:
    """Hands batches to an exporter, without secrets."""

    def __init__(self, exporter: SpanExporter, resource: Mapping[str, str], redactor: Redactor) -> None:
        self._exporter = exporter
        self._resource = Resource(dict(resource))
        self._redactor = redactor

    def send(self, batch: Sequence[Span], timeout_s: float) -> str:
        """``timeout_s`` is the pipe's patience; the exporter has its own, SEND_S_MAX, which is no longer."""
        if self._redactor.suspects(_encode(batch)):
            batch = [self._redacted(span) for span in batch]
        result = self._exporter.export([self.readable(span) for span in batch])
        return "" if result is SpanExportResult.SUCCESS else "the collector did not take them"

    def close(self) -> None:
        self._exporter.shutdown()

    def readable(self, span: Span) -> ReadableSpan:
        """The SDK's word for it."""
        context = _context(span.context)
        parent = int(span.parent_id, 16) if span.parent_id else 0
        return ReadableSpan(
            name=span.name,
            context=context,
            parent=SpanContext(context.trace_id, parent, is_remote=False) if parent else None,
            resource=self._resource,
            attributes=span.attributes,
            links=[Link(_context(link)) for link in span.links],
            kind=_KINDS[span.kind],
            status=Status(StatusCode(int(span.status)), span.message or None),
            start_time=span.start_us * 1000,
            end_time=span.end_us * 1000,
            instrumentation_scope=SCOPE,
        )

    def _redacted(self, span: Span) -> Span:
        clean = self._redactor.text
        attributes = {key: clean(value) if isinstance(value, str) else value for key, value in span.attributes.items()}
        return msgspec.structs.replace(span, name=clean(span.name), message=clean(span.message), attributes=attributes)


def _context(context: TraceContext) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if context.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(context.trace_id, 16), int(context.span_id, 16), is_remote=False, trace_flags=flags)


def open_sender(
    protocol: str,
    endpoint: str,
    headers: Mapping[str, str],
    network: Network,
    resource: Mapping[str, str],
    redactor: Redactor,
) -> Sender:
    """``endpoint`` is the collector's base address; for http ``/v1/traces`` is added where it is missing. Proxy and
    private CA are the daemon's own. Raises OSError or ValueError where they cannot be used."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # the pipe complains, once, in our words
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"otlp_endpoint {endpoint!r} is no http(s) address")
    straight = Bypass(network.no_proxy).matches(parts.hostname, parts.port or 0)
    proxy = None if straight else network.proxy
    make = _grpc if protocol == "grpc" else _http
    return OtlpSender(make(endpoint, headers, proxy, network.ca_file), resource, redactor)


def _http(endpoint: str, headers: Mapping[str, str], proxy: str | None, ca_file: Path | None) -> SpanExporter:
    path = urlsplit(endpoint).path
    url = endpoint if path.endswith(TRACES_PATH) else endpoint.rstrip("/") + TRACES_PATH
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _Trusting(ca_file))
    if proxy is not None:
        session.proxies = {"http": proxy, "https": proxy}
    return HttpExporter(endpoint=url, headers=dict(headers), timeout=SEND_S_MAX, session=session)


class _Trusting(HTTPAdapter):
    """TLS by the same trust as every other connection of the daemon."""

    def __init__(self, ca_file: Path | None) -> None:
        self._context = trusting(ca_file)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)


def _grpc(endpoint: str, headers: Mapping[str, str], proxy: str | None, ca_file: Path | None) -> SpanExporter:
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its C core writes to stderr on its own
    # Imported here: 20 MiB that only this exporter needs.
    import grpc  # type: ignore[import-untyped]  # ships no types
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter

    insecure = urlsplit(endpoint).scheme == "http"
    options = (("grpc.http_proxy", proxy),) if proxy else (("grpc.enable_http_proxy", "0"),)
    return GrpcExporter(
        endpoint=urlsplit(endpoint).netloc,
        insecure=insecure,
        credentials=None if insecure else grpc.ssl_channel_credentials(_roots(ca_file)),
        headers={name.lower(): value for name, value in headers.items()},
        timeout=SEND_S_MAX,
        channel_options=options,
    )


def _roots(ca_file: Path | None) -> bytes | None:
    """The public CAs and the private one; None lets gRPC use its own."""
    return None if ca_file is None else Path(certifi.where()).read_bytes() + b"\n" + ca_file.read_bytes()
