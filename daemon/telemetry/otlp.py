"""OTLP to a collector, over http/protobuf or gRPC. Runs in the span thread, so it may block for its timeout."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from config.model import Network
from daemon.http import trusting
from daemon.no_proxy import Bypass
from daemon.telemetry.redaction import Redactor
from daemon.telemetry.spans import Attribute, Sender, Span

TRACES_PATH = "/v1/traces"
GRPC_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
SCOPE = "lmsyncd"


class Encoder:
    """Spans to the bytes of an ExportTraceServiceRequest, without secrets."""

    def __init__(self, resource: Mapping[str, str], redactor: Redactor) -> None:
        self._resource = resource
        self._redactor = redactor

    def encode(self, batch: Sequence[Span]) -> bytes:
        encoded = self._encode(batch)
        if self._redactor.suspects(encoded):
            encoded = self._encode([self._redacted(span) for span in batch])
        return encoded

    def _encode(self, batch: Sequence[Span]) -> bytes:
        request = ExportTraceServiceRequest()
        of_us = request.resource_spans.add()
        for key, value in self._resource.items():
            of_us.resource.attributes.add(key=key).value.string_value = value
        scope = of_us.scope_spans.add()
        scope.scope.name = SCOPE
        for span in batch:
            one = scope.spans.add(
                trace_id=bytes.fromhex(span.context.trace_id),
                span_id=bytes.fromhex(span.context.span_id),
                parent_span_id=bytes.fromhex(span.parent_id),
                name=span.name,
                kind=int(span.kind),
                start_time_unix_nano=span.start_us * 1000,
                end_time_unix_nano=span.end_us * 1000,
            )
            for name, attribute in span.attributes.items():
                _set(one.attributes.add(key=name).value, attribute)
            for link in span.links:
                one.links.add(trace_id=bytes.fromhex(link.trace_id), span_id=bytes.fromhex(link.span_id))
            if span.status:
                one.status.code = int(span.status)
                one.status.message = span.message
        encoded: bytes = request.SerializeToString()
        return encoded

    def _redacted(self, span: Span) -> Span:
        clean = self._redactor.text
        return Span(
            name=clean(span.name),
            context=span.context,
            parent_id=span.parent_id,
            kind=span.kind,
            start_us=span.start_us,
            end_us=span.end_us,
            attributes={
                key: clean(value) if isinstance(value, str) else value for key, value in span.attributes.items()
            },
            status=span.status,
            message=clean(span.message),
            links=span.links,
        )


class HttpSender:
    """``endpoint`` is the collector's base address; ``/v1/traces`` is added where it is missing."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], network: Network, encoder: Encoder) -> None:
        self._encoder = encoder
        parts = urlsplit(endpoint)
        self._url = endpoint if parts.path.endswith(TRACES_PATH) else endpoint.rstrip("/") + TRACES_PATH
        straight = Bypass(network.no_proxy).matches(parts.hostname or "", parts.port or 0)
        self._client = httpx.Client(
            headers={**headers, "content-type": "application/x-protobuf"},
            verify=trusting(network.ca_file),
            proxy=None if straight else network.proxy,
            trust_env=False,
        )

    def send(self, batch: Sequence[Span], timeout_s: float) -> str:
        try:
            answer = self._client.post(self._url, content=self._encoder.encode(batch), timeout=timeout_s)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return type(error).__name__
        return "" if answer.is_success else f"HTTP {answer.status_code}"

    def close(self) -> None:
        self._client.close()


class GrpcSender:
    """``endpoint`` is ``http://host:port`` (plain) or ``https://host:port``."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], network: Network, encoder: Encoder) -> None:
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its C core writes to stderr on its own
        import grpc  # type: ignore[import-untyped]  # ships no types; imported here: 20 MiB only this sender needs

        self._encoder = encoder
        self._headers = tuple((name.lower(), value) for name, value in headers.items())
        self._failure: type[Exception] = grpc.RpcError
        parts = urlsplit(endpoint)
        where = parts.netloc
        options: list[tuple[str, object]] = [("grpc.enable_http_proxy", 0)]
        if network.proxy and not Bypass(network.no_proxy).matches(parts.hostname or "", parts.port or 0):
            options = [("grpc.http_proxy", network.proxy)]
        if parts.scheme == "https":
            self._channel = grpc.secure_channel(where, grpc.ssl_channel_credentials(_roots(network.ca_file)), options)
        else:
            self._channel = grpc.insecure_channel(where, options)
        self._export = self._channel.unary_unary(GRPC_METHOD)

    def send(self, batch: Sequence[Span], timeout_s: float) -> str:
        try:
            self._export(self._encoder.encode(batch), timeout=timeout_s, metadata=self._headers)
        except self._failure as error:
            code = getattr(error, "code", None)
            return f"gRPC {code().name}" if callable(code) else type(error).__name__
        except ValueError:  # a channel that was closed meanwhile
            return "closed"
        return ""

    def close(self) -> None:
        self._channel.close()


def open_sender(protocol: str, endpoint: str, headers: Mapping[str, str], network: Network, encoder: Encoder) -> Sender:
    if protocol == "grpc":
        return GrpcSender(endpoint, headers, network, encoder)
    return HttpSender(endpoint, headers, network, encoder)


def _set(slot: AnyValue, value: Attribute) -> None:
    match value:
        case str():
            slot.string_value = value
        case bool():
            slot.bool_value = value
        case int():
            slot.int_value = value
        case float():
            slot.double_value = value


def _roots(ca_file: Path | None) -> bytes | None:
    """The public CAs and the private one; None lets gRPC use its own."""
    return None if ca_file is None else Path(certifi.where()).read_bytes() + b"\n" + ca_file.read_bytes()
