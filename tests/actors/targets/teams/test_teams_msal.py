"""Microsoft's own client library signs in at the fake Entra and finds it as it expects: a second opinion.

msal wants https, so the fake is served here over TLS on loopback, with a throw-away certificate authority.
"""

import base64
import datetime
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

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

        do_POST = do_PATCH = do_DELETE = do_GET

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


def test_an_app_with_msals_token_keeps_a_roster_as_microsoft_documents_it(served: Served) -> None:
    """By requests as they stand in the documentation, not as our connector makes them."""
    kind, v1 = "#microsoft.graph.aadUserConversationMember", f"{served.origin}/graph/v1.0"

    def member(person: str, *roles: str) -> dict[str, object]:
        return {"@odata.type": kind, "roles": [*roles], "user@odata.bind": f"{v1}/users('{person}')"}

    with client(served, "sandbox") as app:
        bearer = {"authorization": f"Bearer {app.acquire_token_for_client(SCOPES)['access_token']}"}
    served.fake.terms.teams_late_s = served.fake.terms.groups_late_s = served.fake.terms.members_late_s = 0.0
    served.fake.limited = False
    with requests.Session() as graph:
        graph.verify, graph.trust_env = str(served.ca_file), False
        graph.headers.update(bearer)
        template = f"{v1}/teamsTemplates('standard')"
        body = {
            "template@odata.bind": template,
            "displayName": "Maths",
            "members": [member("ada@example.edu", "owner")],
        }
        made = graph.post(f"{v1}/teams", json=body, timeout=5)
        assert made.status_code == 202
        team = made.headers["content-location"].split("'")[1]
        values = [member("ben@example.edu"), member("nobody@example.edu"), member("cyd@example.edu", "owner")]
        added = graph.post(f"{v1}/teams/{team}/members/add", json={"values": values}, timeout=5)
        assert added.status_code == 207
        assert [each["error"] and each["error"]["code"] for each in added.json()["value"]] == [None, "NotFound", None]
        listed = graph.get(f"{v1}/teams/{team}/members?$top=2", timeout=5).json()
        assert len(listed["value"]) == 2
        listed["value"] += graph.get(listed["@odata.nextLink"].replace("http:", "https:"), timeout=5).json()["value"]
        by_mail = {each["email"]: each for each in listed["value"]}
        assert {mail: each["roles"] for mail, each in by_mail.items()} == {
            "ada@example.edu": ["owner"],
            "ben@example.edu": [],
            "cyd@example.edu": ["owner"],
        }
        ben = f"{v1}/teams/{team}/members/{by_mail['ben@example.edu']['id']}"
        promoted = graph.patch(ben, json={"@odata.type": kind, "roles": ["owner"]}, timeout=5)
        assert promoted.json()["roles"] == ["owner"]
        assert graph.delete(ben, timeout=5).status_code == 204
        assert graph.delete(ben, timeout=5).status_code == 404
        found = graph.get(f"{v1}/groups?$filter=displayName in ('Maths','Art')&$select=id,displayName", timeout=5)
        assert found.json()["value"] == [{"id": team, "displayName": "Maths"}]


@pytest.mark.parametrize("error", ["invalid_client", "interaction_required", "temporarily_unavailable"])
def test_msal_understands_errors(served: Served, error: str) -> None:
    served.fake.fault(Fault(kind="error", operation="token", value=error))
    with client(served, "sandbox") as app:
        told = app.acquire_token_for_client(SCOPES)
    assert told["error"] == error
    assert told["error_codes"]
    assert told["correlation_id"]


# ── a person, by the browser ─────────────────────────────────────────────────────────────────────────

BACK = "https://lms.example.edu/callback"
PERSONAL = ["https://graph.microsoft.com/ChannelMessage.Send", "https://graph.microsoft.com/User.Read"]


def allowed(app: msal.ConfidentialClientApplication, auth_uri: str) -> dict[str, str]:
    """Press Allow on the page, and what the browser posts back."""
    page = app.http_client.get(auth_uri, timeout=5)
    assert page.status_code == 200
    given = fields_of(page.text) | {"decision": "allow"}
    answer = app.http_client.post(auth_uri.partition("?")[0], data=given, allow_redirects=False, timeout=5)
    assert f'action="{BACK}"' in answer.text
    return fields_of(answer.text)


def fields_of(page: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'<input[^>]* name="(\w+)" value="([^"]*)"', page)}


def signed_in(app: msal.ConfidentialClientApplication) -> dict[str, Any]:
    flow = app.initiate_auth_code_flow(
        PERSONAL, redirect_uri=BACK, response_mode="form_post", login_hint="ada@example.edu"
    )
    assert "code_challenge_method=S256" in flow["auth_uri"]
    return app.acquire_token_by_auth_code_flow(flow, allowed(app, flow["auth_uri"]))


def me(served: Served, token: dict[str, Any]) -> requests.Response:
    """Not by msal's own client, which answers from memory."""
    bearer = {"authorization": f"Bearer {token['access_token']}"}
    url = f"{served.origin}/graph/v1.0/me"
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, headers=bearer, timeout=5, verify=str(served.ca_file))


def test_msal_signs_a_person_in_with_pkce_and_refreshes(served: Served) -> None:
    with client(served, "sandbox") as app:
        told = signed_in(app)
        assert told["id_token_claims"]["preferred_username"] == "ada@example.edu"
        assert me(served, told).json()["mail"] == "ada@example.edu"
        [account] = app.get_accounts()
        assert account["username"] == "ada@example.edu"
        anew = app.acquire_token_silent_with_error(PERSONAL, account, force_refresh=True)
        assert anew["token_source"] == "identity_provider"
        assert anew["access_token"] != told["access_token"]
        assert me(served, anew).status_code == 200
        served.fake.happen(b'{"do": "withdraw_consent"}', time.time())
        gone = app.acquire_token_silent_with_error(PERSONAL, account, force_refresh=True)
        assert gone["error"] == "invalid_grant"
        assert gone["error_codes"] == [65001]


def test_msal_sees_a_code_that_was_redeemed(served: Served) -> None:
    with client(served, "sandbox") as app:
        flow = app.initiate_auth_code_flow(PERSONAL, redirect_uri=BACK, response_mode="form_post")
        back = allowed(app, flow["auth_uri"])
        assert "access_token" in app.acquire_token_by_auth_code_flow(flow, back)
        assert app.acquire_token_by_auth_code_flow(flow, back)["error_codes"] == [54005]


def test_msal_proves_itself_with_the_registered_certificate_and_with_no_other(served: Served) -> None:
    registered, other = certificate(), certificate()
    served.fake.adjust(json.dumps({"certificates": [registered["public_certificate"]]}).encode(), time.time())
    with client(served, registered) as app:
        assert "access_token" in app.acquire_token_for_client(SCOPES)
        assert signed_in(app)["token_type"] == "Bearer"
    with client(served, other) as app:
        refused = app.acquire_token_for_client(SCOPES)
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [700027])


def test_msal_merges_what_a_challenge_demands(served: Served) -> None:
    with client(served, "sandbox", client_capabilities=["cp1"]) as app:
        told = signed_in(app)
        assert me(served, told).status_code == 200
        served.fake.happen(b'{"do": "challenge"}', time.time() + 1)
        refused = me(served, told)
        assert refused.status_code == 401
        given = refused.headers["www-authenticate"].partition('claims="')[2].partition('"')[0]
        [account] = app.get_accounts()
        claims = base64.b64decode(given).decode()
        proved = app.acquire_token_silent_with_error(PERSONAL, account, claims_challenge=claims)
        assert me(served, proved).status_code == 200
