"""Microsoft's own client library signs in at the fake Entra and finds it as it expects: a second opinion.

msal wants https, so the fake is served here over TLS on loopback, with a throw-away certificate authority.
"""

import datetime
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from teams_stage import DIRECTORY
from throwaway_ca import make_ca

from actors.domain.flow import Request
from actors.ports import Fault
from actors.targets.teams.fake import FakeTeams

SCOPES = ["https://graph.microsoft.com/.default"]


class Served:
    """A fake on loopback. ``forms`` are the bodies that were posted."""

    def __init__(self, origin: str, ca_file: Path, fake: FakeTeams, forms: list[str]) -> None:
        self.origin = origin
        self.ca_file = ca_file
        self.fake = fake
        self.forms = forms


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    fake, forms = FakeTeams(), list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            if body:
                forms.append(body.decode())
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(method=self.command, url=self.path, operation="", headers=headers, body=body)
            response = fake.handle(request, time.time()).response
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    ca_file, context = make_ca(tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield Served(f"https://127.0.0.1:{server.server_port}", ca_file, fake, forms)
        server.shutdown()
        thread.join()


@contextmanager
def client(served: Served, credential: object, **more: object) -> Iterator[msal.ConfidentialClientApplication]:
    with requests.Session() as session:
        session.verify = str(served.ca_file)
        session.trust_env = False
        yield msal.ConfidentialClientApplication(
            "sandbox",
            client_credential=credential,
            oidc_authority=f"{served.origin}/entra/{DIRECTORY}/v2.0",
            http_client=session,
            instance_discovery=False,
            **more,
        )


def certificate() -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lmsyncd")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day).sign(key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "private_key": pem.decode(),
        "public_certificate": made.public_bytes(serialization.Encoding.PEM).decode(),
    }


def test_msal_gets_a_token_by_secret_that_graph_takes(served: Served) -> None:
    with client(served, "sandbox", client_capabilities=["cp1"]) as app:
        token = app.acquire_token_for_client(SCOPES)
        assert token["token_type"] == "Bearer"
        assert app.acquire_token_for_client(SCOPES)["token_source"] == "cache"
        bearer = {"authorization": f"Bearer {token['access_token']}"}
        url = f"{served.origin}/graph/v1.0/users/ada@example.edu"
        person = app.http_client.get(url, headers=bearer, timeout=5)
    assert json.loads(person.text)["mail"] == "ada@example.edu"
    assert len(served.forms) == 1


def test_msal_gets_a_token_by_certificate(served: Served) -> None:
    with client(served, certificate()) as app:
        token = app.acquire_token_for_client(SCOPES)
    assert "access_token" in token, token
    assert "client_assertion=" in served.forms[0]


def test_msal_answers_a_challenge(served: Served) -> None:
    with client(served, "sandbox", client_capabilities=["cp1"]) as app:
        served.fake.fault(Fault(kind="claims_challenge", times=0))
        url = f"{served.origin}/graph/v1.0/users/ada@example.edu"
        token = app.acquire_token_for_client(SCOPES)["access_token"]
        refused = app.http_client.get(url, headers={"authorization": f"Bearer {token}"}, timeout=5)
        assert refused.status_code == 401
        assert 'error="insufficient_claims"' in refused.headers["www-authenticate"]
        claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
        proved = app.acquire_token_for_client(SCOPES, claims_challenge=claims)["access_token"]
        taken = app.http_client.get(url, headers={"authorization": f"Bearer {proved}"}, timeout=5)
    assert taken.status_code == 200


@pytest.mark.parametrize("error", ["invalid_client", "interaction_required", "temporarily_unavailable"])
def test_msal_understands_errors(served: Served, error: str) -> None:
    served.fake.fault(Fault(kind="error", operation="token", value=error))
    with client(served, "sandbox") as app:
        told = app.acquire_token_for_client(SCOPES)
    assert told["error"] == error
    assert told["error_codes"]
    assert told["correlation_id"]
