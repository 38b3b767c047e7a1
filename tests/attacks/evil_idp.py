"""An OpenID provider in the hands of an attacker: its metadata are in order, and its ID tokens are what a test wants.

One for all tenants, each below a path of its own with a key of its own. A code is whatever somebody has put there.
"""

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Semaphore, Thread
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

HELD_S_MAX = 20.0
Claims = dict[str, Any]
Forge = Callable[["EvilIdp", str, Claims], bytes]
"""Given the tenant and the claims that would be right, the token that is given."""


class EvilIdp:
    """``codes``: what each code is exchanged for. Those that begin with ``held-`` are kept waiting until ``let_go``;
    ``held`` counts them."""

    def __init__(self, tenants: tuple[str, ...]) -> None:
        self.keys = {tenant: RSAKey.generate_key(2048, {"kid": f"{tenant}-idp"}) for tenant in tenants}
        self.codes: dict[str, tuple[str, bytes]] = {}
        self.held = Semaphore(0)
        self.let_go = Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def issuer(self, tenant: str) -> str:
        return f"{self.base}/{tenant}"

    def close(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def claims(self, tenant: str, given: str, /, **more: Any) -> Claims:
        """Those that would be right, for a person who may do everything. ``given`` is the nonce."""
        now_s = int(time.time())
        told = {
            "iss": self.issuer(tenant),
            "aud": f"lmsyncd-{tenant}",
            "sub": "ada",
            "nonce": given,
            "iat": now_s,
            "exp": now_s + 300,
            "email": "ada@example.edu",
            "email_verified": True,
            "groups": ["lms-admins"],
        }
        return {name: value for name, value in (told | more).items() if value is not None}

    def signed(self, tenant: str, claims: Claims, **header: Any) -> bytes:
        key = self.keys[tenant]
        return jwt.encode({"alg": "RS256", "kid": key.kid, **header}, claims, key, algorithms=["RS256"]).encode()

    def put(self, code: str, tenant: str, token: bytes) -> None:
        self.codes[code] = tenant, token

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        idp = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                tenant, _, rest = self.path.lstrip("/").partition("/")
                if tenant not in idp.keys:
                    return self._say(404, {})
                if rest == "jwks":
                    return self._say(200, {"keys": [idp.keys[tenant].as_dict(private=False)]})
                issuer = idp.issuer(tenant)
                told = {
                    "issuer": issuer,
                    "authorization_endpoint": f"{issuer}/authorize",
                    "token_endpoint": f"{issuer}/token",
                    "jwks_uri": f"{issuer}/jwks",
                    "response_types_supported": ["code"],
                }
                return self._say(200, told)

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                form = self.rfile.read(length).decode()
                code = form.partition("code=")[2].partition("&")[0]
                if code.startswith("held-"):
                    idp.held.release()
                    idp.let_go.wait(HELD_S_MAX)
                tenant, token = idp.codes.get(code, ("", b""))
                if not tenant or not self.path.startswith(f"/{tenant}/"):
                    return self._say(400, {"error": "invalid_grant"})
                return self._say(200, {"token_type": "Bearer", "access_token": "at", "id_token": token.decode()})

            def _say(self, status: int, told: dict[str, Any]) -> None:
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the table says what happened."""

        return Handler
