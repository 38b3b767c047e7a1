"""The OpenID provider in memory, over real HTTP: for whole daemons, whose people sign in without a browser's help."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import trio
from openid_double import OpenIdDouble

from actors.domain.flow import Request, Response

OPERATIONS = {"/.well-known/openid-configuration": "discovery", "/keys": "keys", "/token": "token"}


class WallClock:
    """Real time."""

    def now_us(self) -> int:
        return time.time_ns() // 1_000


class Served:
    """``base`` is the issuer."""

    def __init__(self, double: OpenIdDouble, base: str) -> None:
        self.double = double
        self.base = base
        double.document = {
            "issuer": base,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "jwks_uri": f"{base}/keys",
            "userinfo_endpoint": None,
            "end_session_endpoint": None,
        }
        double.claims = {"iss": base}

    def signs_in(self, url: str) -> str:
        """Somebody signs in where a page of ours led to; the query by which the browser comes back."""
        assert url.startswith(f"{self.base}/authorize?"), url
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.double.nonce, self.double.challenge = asked["nonce"], asked["code_challenge"]
        return f"state={asked['state']}&code=good&iss={self.base}"


@contextmanager
def served() -> Iterator[Served]:
    """On a port of its own."""
    double = OpenIdDouble(WallClock())  # type: ignore[arg-type]  # it only asks for the time

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            length = int(self.headers.get("content-length") or 0)
            operation = OPERATIONS.get(self.path.partition("?")[0], "")
            request = Request(method=method, url=self.path, operation=operation, body=self.rfile.read(length))
            said = trio.run(double.send, request)
            answer = said if isinstance(said, Response) else Response(status=404)
            self.send_response(answer.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # as it is named there
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Served(double, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
