"""Tokens: got, kept, renewed, challenged; by secret, by certificate, by a person's refresh token."""

import base64
import datetime
import hashlib
import json
from collections.abc import Callable
from email.utils import formatdate
from functools import cache
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from teams_stage import DIRECTORY, NOW_S, NOW_US, SECRETS, USER, Talk, build, parcel, replies

from actors.domain.flow import Lost, NotSent, Request, Response
from actors.domain.verdicts import Delivered, Doubtful, Revoked, Throttled, Unavailable
from actors.targets.teams.oauth import REVOKED, merged
from config.model import Secret
from config.secrets import SecretUnavailable

DOCUMENTED = """\
invalid_request invalid_grant unauthorized_client invalid_client unsupported_grant_type invalid_resource invalid_scope
interaction_required consent_required login_required"""


def form_of(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(bytes(request.body).decode()).items()}


def tokens(talk: Talk) -> list[dict[str, str]]:
    return [form_of(request) for request in talk.requests if request.operation == "token"]


# ── the app, by secret ───────────────────────────────────────────────────────────────────────────────


def test_the_form_is_as_documented() -> None:
    talk = Talk()
    talk.run(build().deliver(parcel(USER)))
    (form,) = tokens(talk)
    claims = form.pop("claims")
    assert form == {
        "client_id": "sandbox",
        "client_secret": "sandbox",
        "grant_type": "client_credentials",
        "scope": "https://graph.microsoft.com/.default",
    }
    assert json.loads(claims) == {"access_token": {"xms_cc": {"values": ["cp1"]}}}
    assert talk.requests[0].url == f"http://s/entra/{DIRECTORY}/oauth2/v2.0/token"
    assert talk.requests[0].draws == ("token",)


def test_secrets_and_tokens_do_not_show() -> None:
    talk, target = Talk(), build(reveal=lambda secret: "s3cret-of-the-app")
    flow = target.deliver(parcel(USER))
    shown = repr(next(flow))
    assert "s3cret" not in shown
    body = b'{"access_token":"t0ken-of-the-app","expires_in":3599}'
    assert "t0ken" not in repr(flow.send(Response(status=200, body=body)))
    assert "t0ken" not in repr(vars(target))
    assert talk.requests == []


def test_a_token_is_renewed_before_it_ends() -> None:
    talk, target = Talk(step_s=0.0), build()
    talk.run(target.deliver(parcel(USER)))
    talk.run(target.deliver(parcel(USER, now_us=NOW_US + 3_200_000_000)))
    assert len(tokens(talk)) == 1
    talk.run(target.deliver(parcel(USER, now_us=NOW_US + 3_400_000_000)))
    assert len(tokens(talk)) == 2


def test_a_token_got_without_a_clock_is_dated_by_entra() -> None:
    talk, target = Talk(step_s=0.0), build()
    talk.run(target.find("ada@example.edu"))
    talk.run(target.deliver(parcel(USER, now_us=NOW_US + 3_400_000_000)))
    assert len(tokens(talk)) == 2


def test_a_token_that_is_no_longer_taken_is_renewed_once() -> None:
    talk, target = Talk(), build()
    talk.run(target.deliver(parcel(USER)))
    talk.fault("token_expired")
    talk.requests.clear()
    assert isinstance(talk.run(target.deliver(parcel(USER))), Delivered)
    assert talk.operations == ["sendActivityNotification", "token", "sendActivityNotification"]
    talk.fault("revoked", operation="sendActivityNotification", times=0)
    talk.requests.clear()
    assert isinstance(talk.run(target.deliver(parcel(USER))), Revoked)
    assert talk.operations == ["sendActivityNotification", "token", "sendActivityNotification"]


def test_of_two_who_meet_an_ended_token_the_second_uses_the_firsts_new_one() -> None:
    target = build()
    kept = Response(status=200, body=b'{"access_token":"old","expires_in":3599}')
    renewed = Response(status=200, body=b'{"access_token":"new","expires_in":3599}')
    stale = Response(status=401, body=b'{"error":{"code":"InvalidAuthenticationToken"}}')
    replies(kept, Response(status=204))(target.deliver(parcel(USER)))
    first, second = target.deliver(parcel(USER)), target.deliver(parcel(USER, delivery_id="b" * 32))
    assert next(first).headers["authorization"] == next(second).headers["authorization"] == "Bearer old"
    assert first.send(stale).operation == "token"
    assert first.send(renewed).headers["authorization"] == "Bearer new"
    assert second.send(stale).headers["authorization"] == "Bearer new"


# ── challenges ───────────────────────────────────────────────────────────────────────────────────────


def test_a_challenge_is_answered_with_its_claims() -> None:
    talk, target = Talk(), build()
    talk.run(target.deliver(parcel(USER)))
    talk.fault("claims_challenge", times=0)
    talk.requests.clear()
    assert isinstance(talk.run(target.deliver(parcel(USER))), Delivered)
    assert talk.operations == ["sendActivityNotification", "token", "sendActivityNotification"]
    asked = json.loads(tokens(talk)[0]["claims"])["access_token"]
    assert asked["xms_cc"] == {"values": ["cp1"]}
    assert asked["nbf"]["essential"] is True
    talk.requests.clear()
    assert isinstance(talk.run(target.deliver(parcel(USER))), Delivered)
    assert talk.operations == ["sendActivityNotification"], "the proved token is kept"


def test_a_challenge_only_a_person_can_meet_suspends() -> None:
    talk = Talk()
    talk.fault("claims_challenge", operation="sendActivityNotification")
    talk.fault("error", operation="token", value="interaction_required", skip=1)
    verdict = talk.run(build().deliver(parcel(USER)))
    assert isinstance(verdict, Revoked)
    assert "interaction_required" in verdict.detail
    person = Talk()
    person.fault("claims_challenge")
    assert isinstance(person.run(build().deliver(parcel())), Revoked)
    assert len(person.requests) == 1


@pytest.mark.parametrize("claims", ["", '{"access_token": 7}', '{"id_token": {}}', "not json"])
def test_claims_are_merged_with_what_we_can(claims: str) -> None:
    asked = json.loads(merged(claims))
    assert asked["access_token"]["xms_cc"] == {"values": ["cp1"]}


# ── what Entra may answer ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("error", DOCUMENTED.split())
def test_every_documented_error_suspends(error: str) -> None:
    assert error in REVOKED
    talk = Talk()
    talk.fault("error", operation="token", value=error)
    verdict = talk.run(build().deliver(parcel(USER)))
    assert isinstance(verdict, Revoked)
    assert error in verdict.detail
    assert "AADSTS" not in verdict.detail


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (NotSent("down"), Unavailable),
        (Lost("reset"), Unavailable),
        (Response(status=500, body=b"<html>"), Unavailable),
        (Response(status=400, body=b'{"error":"temporarily_unavailable"}'), Unavailable),
        (Response(status=400, body=b'{"error":"something_new"}'), Unavailable),
        (Response(status=200, body=b"<html>Sign in to the Wi-Fi</html>"), Unavailable),
        (Response(status=200, body=b'{"access_token":"a\\nb"}'), Unavailable),
        (Response(status=200, body=b'{"access_token":""}'), Unavailable),
        (Response(status=429, headers={"retry-after": "12"}, body=b"{}"), Throttled),
    ],
)
def test_asking_for_a_token_is_never_doubtful(outcome: object, kind: type) -> None:
    for flow in (build().deliver(parcel(USER)), build().find("ada@example.edu")):
        verdict = replies(outcome)(flow)  # type: ignore[arg-type]
        assert isinstance(verdict, kind)
        assert getattr(verdict, "retry_after", None) == ("12" if kind is Throttled else None)


@pytest.mark.parametrize("life", ["null", '"soon"', "-5", "true", "1e999"])
def test_an_odd_life_does_not_matter(life: str) -> None:
    given = Response(status=200, body=b'{"access_token":"t","expires_in":%s}' % life.encode())
    verdict = replies(given, *([Response(status=204)] if life != "1e999" else []))(build().deliver(parcel(USER)))
    assert isinstance(verdict, Delivered | Unavailable)


def test_a_secret_that_cannot_be_read_now_loses_nothing() -> None:
    def gone(secret: Secret) -> str:
        raise SecretUnavailable(secret.where, "no such file")

    for each in (parcel(), parcel(USER)):
        verdict = replies()(build(reveal=gone).deliver(each))
        assert isinstance(verdict, Unavailable)
        assert "no such file" in verdict.detail


# ── a person ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_that_was_replaced_on_disk_is_tried() -> None:
    given = ["stale", "sandbox-user"]
    talk = Talk()
    target = build(reveal=lambda secret: given.pop(0) if len(given) > 1 else given[0])
    assert isinstance(talk.run(target.deliver(parcel())), Delivered)
    assert len(talk.requests) == 2


@pytest.mark.parametrize("secret", [{"env": "SECRET"}, None])
def test_a_refresh_token_lasts(secret: object) -> None:
    talk = Talk()
    target = build(delegated_token=None, delegated_refresh_token={"env": "REFRESH"}, client_secret=secret)
    assert isinstance(talk.run(target.deliver(parcel())), Delivered)
    assert talk.operations == ["token", "channelMessages.post"]
    first = tokens(talk)[0]
    assert first["refresh_token"] == "sandbox-refresh"
    assert "offline_access" in first["scope"]
    assert ("client_secret" in first) == (secret is not None)
    talk.fault("token_expired")
    assert isinstance(talk.run(target.deliver(parcel(attempt=2))), Delivered)
    assert tokens(talk)[1]["refresh_token"] != "sandbox-refresh", "the newer one is used"


def test_a_newer_refresh_token_that_died_falls_back_to_the_configured_one() -> None:
    talk = Talk()
    target = build(delegated_token=None, delegated_refresh_token={"env": "REFRESH"})
    talk.run(target.deliver(parcel()))
    talk.fault("token_expired")
    talk.fault("error", operation="token", value="invalid_grant")
    assert isinstance(talk.run(target.deliver(parcel())), Revoked)
    assert isinstance(talk.run(target.deliver(parcel())), Delivered)
    assert tokens(talk)[-1]["refresh_token"] == "sandbox-refresh"


# ── a certificate ────────────────────────────────────────────────────────────────────────────────────


@cache
def pair() -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lmsyncd")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
    return certificate.sign(key, hashes.SHA256()), key


def certified(certificate: str = "", key: str = "") -> tuple[dict[str, object], Callable[[Secret], str]]:
    made, private = pair()
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    known = {
        "CERTIFICATE": certificate or made.public_bytes(serialization.Encoding.PEM).decode(),
        "KEY": key or pem.decode(),
    }
    settings = {
        "client_secret": None,
        "client_certificate": {"certificate": {"env": "CERTIFICATE"}, "key": {"env": "KEY"}},
    }
    return settings, lambda secret: (known | SECRETS)[secret.env or ""]


def test_an_assertion_is_signed_dated_and_new_each_time() -> None:
    settings, reveal = certified()
    talk = Talk()
    target = build(reveal=reveal, **settings)
    assert isinstance(talk.run(target.deliver(parcel(USER, now_us=0))), Delivered), "our clock need not be right"
    assert talk.operations == ["openid-configuration", "token", "sendActivityNotification"]
    talk.fault("token_expired")
    assert isinstance(talk.run(target.deliver(parcel(USER, now_us=0))), Delivered)
    seen = []
    for form in tokens(talk):
        assert "client_secret" not in form
        assert form["client_id"] == "sandbox"
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        head, body, signature = form["client_assertion"].split(".")
        pair()[1].public_key().verify(
            _decoded(signature),
            f"{head}.{body}".encode(),
            padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH),
            hashes.SHA256(),
        )
        thumbprint = hashlib.sha256(pair()[0].public_bytes(serialization.Encoding.DER)).digest()
        header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
        assert header == {"alg": "PS256", "typ": "JWT", "x5t#S256": _encoded(thumbprint)}
        assert claims["iss"] == claims["sub"] == "sandbox"
        assert claims["aud"] == f"http://s/entra/{DIRECTORY}/oauth2/v2.0/token"
        assert claims["exp"] - claims["nbf"] == 600
        assert abs(claims["nbf"] - NOW_S) < 60
        seen.append(claims["jti"])
    assert len(set(seen)) == 2


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize("broken", [{"certificate": "no PEM"}, {"key": "no PEM"}, {"key": "-----BEGIN X-----"}])
def test_a_certificate_that_is_none_suspends_and_says_so(broken: dict[str, str]) -> None:
    settings, reveal = certified(**broken)
    verdict = Talk().run(build(reveal=reveal, **settings).deliver(parcel(USER)))
    assert isinstance(verdict, Revoked)
    assert "client_certificate" in verdict.detail
    assert "PEM" not in verdict.detail.removeprefix("client_certificate: certificate and key must be a PEM pair")


@pytest.mark.parametrize(
    "outcome", [NotSent("down"), Lost("reset"), Response(status=200), Response(status=200, headers={"date": "soon"})]
)
def test_without_entras_time_nothing_is_signed(outcome: object) -> None:
    settings, reveal = certified()
    verdict = replies(outcome)(build(reveal=reveal, **settings).deliver(parcel(USER)))  # type: ignore[arg-type]
    assert isinstance(verdict, Unavailable)


def test_the_time_may_come_twice_in_one_header() -> None:
    settings, reveal = certified()
    date = formatdate(NOW_S, usegmt=True)
    flow = build(reveal=reveal, **settings).deliver(parcel(USER))
    next(flow)
    assert flow.send(Response(status=200, headers={"date": date})).operation == "token"


def test_a_lost_answer_stays_doubtful_with_a_fresh_token() -> None:
    talk = Talk()
    talk.fault("token_expired", operation="sendActivityNotification")
    talk.fault("reset_after_commit", operation="sendActivityNotification")
    assert isinstance(talk.run(build().deliver(parcel(USER))), Doubtful)
    assert len(talk.fake.journal) == 1
