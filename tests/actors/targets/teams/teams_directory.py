"""A fake Entra, and a browser before its pages."""

import base64
import hashlib
from urllib.parse import parse_qs, urlencode

import msgspec
import pytest
from joserfc.jwk import KeySet
from teams_stage import DIRECTORY, Talk, fields

from actors.domain.flow import Request, Response

BACK = "https://lms.example.edu/t/acme/connect/teams/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
GRAPH = "https://graph.microsoft.com/"
ASKED = {
    "client_id": "sandbox",
    "response_type": "code",
    "redirect_uri": BACK,
    "scope": "openid offline_access ChannelMessage.Send User.Read",
    "state": "s",
    "nonce": "n",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
PAIR = {"client_id": "sandbox", "client_secret": "sandbox"}
CP1 = {"access_token": {"xms_cc": {"values": ["cp1"]}}}


class Directory(Talk):
    """A fake, and a browser before its pages."""

    def page(self, method: str = "POST", what: str = "oauth2/v2.0/authorize", **given: str) -> Response:
        text = urlencode({name: value for name, value in (ASKED | given).items() if value})
        url = f"/entra/{DIRECTORY}/{what}"
        if method == "GET":
            return self.fake.handle(Request(method="GET", url=f"{url}?{text}", operation=""), self.now_s).response
        headers = {"content-type": "application/x-www-form-urlencoded"}
        request = Request(method="POST", url=url, operation="", headers=headers, body=text.encode())
        return self.fake.handle(request, self.now_s).response

    def back(self, **given: str) -> dict[str, str]:
        """What the browser brings back."""
        page = self.page(**({"decision": "allow"} | given))
        assert page.status == 302, page.body
        address, _, query = page.headers["location"].partition("?")
        assert address == BACK
        return {name: values[0] for name, values in parse_qs(query).items()}

    def redeem(self, text: str, **given: str) -> Response:
        form = {"grant_type": "authorization_code", "code": text, "redirect_uri": BACK, "code_verifier": VERIFIER}
        return self.sign_in(**{name: value for name, value in (PAIR | form | given).items() if value})

    def connected(self, claims: object = None, **given: str) -> dict[str, object]:
        asked = {} if claims is None else {"claims": msgspec.json.encode(claims).decode()}
        return fields(self.redeem(self.back(**given)["code"], **asked))

    def refresh(self, told: dict[str, object], **given: str) -> Response:
        return self.sign_in(grant_type="refresh_token", refresh_token=str(told["refresh_token"]), **(PAIR | given))

    def adjust(self, **terms: object) -> None:
        self.fake.adjust(msgspec.json.encode(terms), self.now_s)

    def happen(self, **what: object) -> None:
        self.fake.happen(msgspec.json.encode(what), self.now_s)

    def me(self, told: dict[str, object]) -> Response:
        return self.call("GET", "me", str(told["access_token"]))

    def keys(self) -> KeySet:
        url = f"/entra/{DIRECTORY}/discovery/v2.0/keys"
        response = self.fake.handle(Request(method="GET", url=url, operation=""), self.now_s).response
        return KeySet.import_key_set(msgspec.json.decode(response.body))


@pytest.fixture
def desk() -> Directory:
    return Directory()


def number(response: Response) -> object:
    [only] = fields(response)["error_codes"]  # type: ignore[misc]
    return only
