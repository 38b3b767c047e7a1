"""The way to a collector: OTLP as bytes, over HTTP (protobuf) or gRPC. Blocking; used from telemetry's own threads.

What is sent is encoded beside (``otlp_spans``, ``otlp_logs``, ``otlp_metrics``) into OpenTelemetry's own messages. The
SDK's exporters took four times as long for that, under the interpreter's lock that the event loop needs too.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

import certifi
import requests
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from requests.adapters import HTTPAdapter

from config.model import Network
from daemon.no_proxy import Bypass
from daemon.presenting import trusting
from daemon.telemetry.pipe import SEND_S_MAX, Sent

Signal = Literal["traces", "metrics", "logs"]
PATHS: Mapping[Signal, str] = {"traces": "/v1/traces", "metrics": "/v1/metrics", "logs": "/v1/logs"}
_SERVICES: Mapping[Signal, str] = {
    "traces": "trace.v1.TraceService",
    "metrics": "metrics.v1.MetricsService",
    "logs": "logs.v1.LogsService",
}
_ANSWER_BYTES_MAX = 64 * 1024
_TEXT_CHARS_MAX = 200
_PASSING = frozenset({429, 502, 503, 504})
"""Statuses after which the same may be sent again, as OTLP says."""
_PASSING_GRPC = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
)


class Way(Protocol):
    """Carries one signal's requests. Never raises."""

    def post(self, body: bytes, timeout_s: float) -> Sent: ...

    def close(self) -> None: ...


def open_way(protocol: str, endpoint: str, headers: Mapping[str, str], network: Network) -> Callable[[Signal], Way]:
    """``endpoint`` is the collector's base address; for http each signal's path is added (and one that is there already
    is taken off). Proxy and private CA are the daemon's own. Raises OSError or ValueError where they cannot be used."""
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"otlp_endpoint {endpoint!r} is no http(s) address")
    straight = Bypass(network.no_proxy).matches(parts.hostname, parts.port or 0)
    proxy = None if straight else network.proxy
    if protocol == "grpc":
        return lambda signal: GrpcWay(_channel(endpoint, proxy, network.ca_file), signal, headers)
    base = endpoint.rstrip("/")
    for path in PATHS.values():
        base = base.removesuffix(path)
    tls = _Trusting(network.ca_file)
    return lambda signal: HttpWay(base + PATHS[signal], signal, headers, proxy, tls)


def taken(signal: Signal, answer: bytes) -> Sent:
    """What a collector says that took a request: perhaps not all of it."""
    try:
        match signal:
            case "traces":
                traces = ExportTraceServiceResponse.FromString(answer).partial_success
                return Sent(rejected=traces.rejected_spans)
            case "metrics":
                metrics = ExportMetricsServiceResponse.FromString(answer).partial_success
                return Sent(rejected=metrics.rejected_data_points)
            case "logs":
                logs = ExportLogsServiceResponse.FromString(answer).partial_success
                return Sent(rejected=logs.rejected_log_records)
    except DecodeError:
        return Sent()  # it said yes; what else it said is of no use to us


class HttpWay:
    def __init__(
        self, url: str, signal: Signal, headers: Mapping[str, str], proxy: str | None, tls: "_Trusting"
    ) -> None:
        self._url = url
        self._signal: Signal = signal
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("https://", tls)
        self._session.headers.update({**headers, "Content-Type": "application/x-protobuf", "User-Agent": "lmsyncd"})
        if proxy is not None:
            self._session.proxies = {"http": proxy, "https": proxy}

    def post(self, body: bytes, timeout_s: float) -> Sent:
        try:
            with self._session.post(self._url, body, timeout=timeout_s, allow_redirects=False, stream=True) as answer:
                said = answer.raw.read(_ANSWER_BYTES_MAX, decode_content=True)
        except (requests.RequestException, OSError, ValueError) as error:
            return Sent(type(error).__name__)
        except Exception as error:  # noqa: BLE001  # urllib3's own, while reading: a thread of telemetry must not die
            return Sent(type(error).__name__)
        if answer.ok and answer.status_code < 300:
            return taken(self._signal, said)
        return Sent(f"HTTP {answer.status_code}", final=answer.status_code not in _PASSING)

    def close(self) -> None:
        self._session.close()


class _Trusting(HTTPAdapter):
    """TLS by the same trust as every other connection of the daemon."""

    def __init__(self, ca_file: Path | None) -> None:
        self._context = trusting(ca_file)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)


class GrpcWay:
    def __init__(self, channel: Any, signal: Signal, headers: Mapping[str, str]) -> None:
        self._channel = channel
        self._signal: Signal = signal
        self._call = channel.unary_unary(f"/opentelemetry.proto.collector.{_SERVICES[signal]}/Export")
        self._headers = [(name.lower(), value) for name, value in headers.items()]

    def post(self, body: bytes, timeout_s: float) -> Sent:
        import grpc  # type: ignore[import-untyped]  # ships no types; loaded already

        try:
            answer = self._call(body, timeout=timeout_s, metadata=self._headers)
        except grpc.RpcError as error:
            code = error.code().name if hasattr(error, "code") else type(error).__name__
            return Sent(f"gRPC {code}", final=code not in _PASSING_GRPC)
        except ValueError as error:  # the channel was closed while somebody waited for an answer no more
            return Sent(str(error)[:_TEXT_CHARS_MAX], final=True)
        return taken(self._signal, answer)

    def close(self) -> None:
        self._channel.close()


def _channel(endpoint: str, proxy: str | None, ca_file: Path | None) -> Any:
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its C core writes to stderr on its own
    import grpc  # imported here: 20 MiB that only this way needs

    options: list[tuple[str, str | int]] = [("grpc.http_proxy", proxy)] if proxy else [("grpc.enable_http_proxy", 0)]
    options.append(("grpc.max_reconnect_backoff_ms", int(SEND_S_MAX * 1000)))
    where = urlsplit(endpoint)
    if where.scheme == "http":
        return grpc.insecure_channel(where.netloc, options)
    return grpc.secure_channel(where.netloc, grpc.ssl_channel_credentials(_roots(ca_file)), options)


def _roots(ca_file: Path | None) -> bytes | None:
    """The public CAs and the private one; None lets gRPC use its own."""
    return None if ca_file is None else Path(certifi.where()).read_bytes() + b"\n" + ca_file.read_bytes()
