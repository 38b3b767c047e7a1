"""OAuth without the network: what is asked, how we prove who asks, and what answers mean; each trap of the library."""

import base64
import hashlib
import json
from functools import cache
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.oauth2.auth import TokenAuth
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from actors.domain import oauth
from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from actors.domain.tokens import Granted
from actors.domain.verdicts import Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable

URL = "https://login.example.edu/token"
FORM = {"grant_type": "client_credentials", "scope": "a b"}


@cache
def key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def form_of(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}


def signed(jti: str = "j-1", **more: object) -> Request:
    assertion = oauth.Assertion(key=key(), jti=jti, now_s=1_800_000_000, **more)  # type: ignore[arg-type]
    return oauth.token_request(URL, oauth.Client(id="app", method="private_key_jwt", assertion=assertion), FORM)


def parts(request: Request) -> tuple[dict[str, object], dict[str, object]]:
    head, body, _ = form_of(request)["client_assertion"].split(".")
    return json.loads(_decoded(head)), json.loads(_decoded(body))


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ── the traps ────────────────────────────────────────────────────────────────────────────────────────


def test_trap_a_token_type_that_the_library_does_not_know() -> None:
    answer = {"access_token": "xoxb-1", "token_type": "bot", "scope": "chat:write,im:write"}
    with pytest.raises(KeyError, match="bot"):
        TokenAuth(answer).prepare(URL, {}, "")
    granted = oauth.granted_of(answer, separator=",")
    assert granted is not None
    assert granted.access == "xoxb-1"
    assert granted.scopes == ("chat:write", "im:write")


def test_trap_the_client_id_stands_beside_the_assertion() -> None:
    form = form_of(signed())
    assert form["client_id"] == "app"
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def test_trap_an_assertion_lives_ten_minutes_from_the_vendors_time_on() -> None:
    _, claims = parts(signed())
    assert (claims["iat"], claims["nbf"], claims["exp"]) == (1_800_000_000, 1_800_000_000, 1_800_000_600)
    _, claims = parts(signed(lives_s=300))
    assert claims["exp"] == 1_800_000_300


def test_trap_every_assertion_has_its_own_jti() -> None:
    assert parts(signed("one"))[1]["jti"] == "one"
    assert parts(signed("two"))[1]["jti"] == "two"


def test_trap_basic_speaks_utf_8() -> None:
    request = oauth.token_request(URL, oauth.Client(id="app", secret="schlüssel-€"), FORM)
    pair = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
    assert pair == "app:schlüssel-€"
    assert "schl" not in repr(request)


# ── proving who asks ─────────────────────────────────────────────────────────────────────────────────


def test_a_signature_that_others_can_check_and_a_certificate_that_they_find() -> None:
    private = serialization.load_pem_private_key(key().encode(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    request = signed()
    head, body, signature = form_of(request)["client_assertion"].split(".")
    private.public_key().verify(
        _decoded(signature),
        f"{head}.{body}".encode(),
        padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH),
        hashes.SHA256(),
    )
    header, claims = parts(request)
    assert header == {"alg": "PS256", "typ": "JWT"}
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("app", "app", URL)


def test_a_key_is_named_where_the_other_side_asks_for_that() -> None:
    header, _ = parts(signed(alg="RS256", kid="k-1"))
    assert header == {"alg": "RS256", "typ": "JWT", "kid": "k-1"}


@pytest.mark.parametrize("bad", ["", "no PEM", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
def test_a_key_that_is_none_proves_nothing_and_is_not_shown(bad: str) -> None:
    client = oauth.Client(id="app", method="private_key_jwt", assertion=oauth.Assertion(key=bad, jti="j", now_s=1))
    with pytest.raises(oauth.Unprovable) as raised:
        oauth.token_request(URL, client, FORM)
    assert "AAAA" not in str(raised.value)
    assert "AAAA" not in repr(client)


def test_a_public_key_signs_nothing() -> None:
    private = serialization.load_pem_private_key(key().encode(), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    client = oauth.Client(
        id="app", method="private_key_jwt", assertion=oauth.Assertion(key=public.decode(), jti="j", now_s=1)
    )
    with pytest.raises(oauth.Unprovable):
        oauth.token_request(URL, client, FORM)


@pytest.mark.parametrize(
    ("method", "has", "has_not"),
    [
        ("client_secret_post", {"client_id": "app", "client_secret": "s3cret"}, ()),
        ("none", {"client_id": "app"}, ("client_secret",)),
        ("tls_client_auth", {"client_id": "app"}, ("client_secret",)),
        ("client_secret_basic", {}, ("client_id", "client_secret")),
    ],
)
def test_each_method_says_what_it_must(method: oauth.Method, has: dict[str, str], has_not: tuple[str, ...]) -> None:
    request = oauth.token_request(URL, oauth.Client(id="app", method=method, secret="s3cret"), FORM)
    form = form_of(request)
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == "a b"
    assert {name: form.get(name) for name in has} == has
    assert not form.keys() & set(has_not)
    assert "s3cret" not in repr(request)
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


# ── sending a browser ────────────────────────────────────────────────────────────────────────────────


def test_a_browser_is_sent_with_a_challenge_and_comes_back_to_the_same_address() -> None:
    verifier = "v" * 64
    challenge = oauth.challenge_of(verifier)
    assert challenge == base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    url = oauth.authorization_url(
        "https://x.test/authorize", "app", "https://y.test/cb", ["a", "b"], "st&te", challenge=challenge, team="T1"
    )
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked == {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": "https://y.test/cb",
        "scope": "a b",
        "state": "st&te",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "team": "T1",
    }


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (NotSent("down"), Unavailable),
        (Lost("reset"), Doubtful),
        (Response(status=200, body=b"<html>"), Doubtful),
        (Response(status=200, body=b'{"access_token":"a b"}'), Doubtful),
        (Response(status=200, body=b'{"access_token":7}'), Doubtful),
        (Response(status=200, body=b'{"access_token":"' + b"a" * 20_000 + b'"}'), Doubtful),
        (Response(status=500, body=b"oops"), Doubtful),
        (Response(status=503, body=b"oops"), Unavailable),
        (Response(status=429, headers={"retry-after": "7"}, body=b"{}"), Throttled),
        (Response(status=400, body=b'{"error":"invalid_grant"}'), Revoked),
        (Response(status=400, body=b'{"error":"interaction_required"}'), Revoked),
        (Response(status=401, body=b'{"error":"invalid_client"}'), Refused),
        (Response(status=400, body=b'{"error":"temporarily_unavailable"}'), Unavailable),
        (Response(status=400, body=b'{"error":"something_new"}'), Faulted),
        (Response(status=400, body=b'{"error":{"no":"text"}}'), Unavailable),
        (Response(status=404, body=b""), Unavailable),
    ],
)
def test_an_answer_without_a_token_says_whose_turn_it_is(outcome: Outcome, kind: type) -> None:
    assert isinstance(oauth.outcome_of(outcome, "X"), kind)


@pytest.mark.parametrize(
    ("life", "lives_s"),
    [("3600", 3600.0), ('"3600"', 3600.0), ("true", None), ("null", None), ('"x"', None), ('"nan"', None)],
)
def test_how_long_it_lives(life: str, lives_s: float | None) -> None:
    body = b'{"access_token":"t","refresh_token":"r","expires_in":%s}' % life.encode()
    granted = oauth.outcome_of(Response(status=200, body=body), "X")
    assert isinstance(granted, Granted)
    assert granted.lives_s == lives_s
    assert granted.refresh == "r"
    assert repr(granted) != "r"
    assert "'t'" not in repr(granted)


@pytest.mark.parametrize("life", ["0", "-1", '"0"'])
def test_one_that_lives_no_time_is_used_a_while_and_says_so(life: str) -> None:
    granted = oauth.outcome_of(Response(status=200, body=b'{"access_token":"t","expires_in":%s}' % life.encode()), "X")
    assert isinstance(granted, Granted)
    assert (granted.lives_s, granted.note) == (oauth.NO_LIFE_S, oauth.NO_LIFE)


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.!!.c", "e30.W10.x", "x" * 50_000])
def test_what_is_no_jwt_says_nothing(token: str) -> None:
    assert oauth.claims_in(token) == {}
