"""Signatures, judged by others: the library of Standard Webhooks, its published example, and arithmetic of our own."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError
from webhook_stage import NOW_S, OTHER, build, parcel

from actors.domain.flow import Request
from actors.domain.verdicts import Revoked
from actors.targets.webhook.fake import SECRET
from actors.targets.webhook.signing import signed, signer


@pytest.fixture
def their_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library judges by the wall clock; here that is the made-up one."""

    class Frozen(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.fromtimestamp(NOW_S, UTC)

    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", Frozen)


def request(**settings: object) -> Request:
    return next(build(**settings).deliver(parcel()))


def test_the_published_example() -> None:
    body = b'{"test": 2432232314}'
    headers = signed(
        [signer("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(st.binary(min_size=24, max_size=64), st.text(st.characters(codec="utf-8")), st.integers(0, 4_000_000_000))
def test_by_hand_it_is_the_same(key: bytes, text: str, at_s: int) -> None:
    body = text.encode()
    headers = signed([signer("whsec_" + base64.b64encode(key).decode())], "d-1", at_s, body)
    made = hmac.new(key, f"d-1.{at_s}.".encode() + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(made).decode()


@pytest.mark.usefixtures("their_clock")
def test_a_receiver_verifies_by_the_library() -> None:
    sent = request()
    told = Webhook(SECRET).verify(sent.body, dict(sent.headers))
    assert told["data"]["delivery_id"] == sent.headers["webhook-id"] == "d-1"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(sent.body.replace(b"80", b"81"), dict(sent.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(sent.body, dict(sent.headers))


@pytest.mark.usefixtures("their_clock")
def test_while_it_is_changed_both_secrets_verify() -> None:
    sent = request(secret={"env": "OTHER"}, secret_former={"env": "S"})
    signatures = sent.headers["webhook-signature"].split(" ")
    assert len(signatures) == 2
    for secret in (SECRET, OTHER):
        assert Webhook(secret).verify(sent.body, dict(sent.headers))["type"] == "lmsyncd.graded"
    new = request(secret={"env": "OTHER"}).headers["webhook-signature"]
    assert signatures[0] == new, "the new one first"


def test_a_repeat_has_the_same_id_and_body_and_a_fresh_timestamp() -> None:
    target = build()
    first = next(target.deliver(parcel()))
    again = next(target.deliver(parcel(attempt=2, now_us=int((NOW_S + 3600) * 1e6))))
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert first.body == again.body
    assert int(again.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 3600
    assert first.headers["webhook-signature"] != again.headers["webhook-signature"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("c2FuZGJveC1zYW5kYm94LXNhbmRib3gt", "it begins with whsec_"),
        ("whsec_", "it holds 24 to 64 bytes, not 0"),
        ("whsec_c2FuZGJveA==", "it holds 24 to 64 bytes, not 7"),
        ("whsec_" + base64.b64encode(bytes(65)).decode(), "it holds 24 to 64 bytes, not 65"),
        ("whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3g!", "behind whsec_ stands base64"),
        ("whsec_c2FuZGJveC1 YW5kYm94LXNhbmRib3gt", "behind whsec_ stands base64"),
        ("whsec_\u00fc2FuZGJveC1zYW5kYm94LXNhbmRib3gt", "behind whsec_ stands base64"),
    ],
)
def test_a_secret_that_is_none_suspends_and_is_not_told(text: str, why: str) -> None:
    for name in ("secret", "secret_former"):
        words: dict[str, object] = {"secret": {"env": "S"}, name: {"env": "BAD"}}
        flow = build({"BAD": text}, **words).deliver(parcel())
        with pytest.raises(StopIteration) as end:
            next(flow)
        assert end.value.value == Revoked(f"{name}: {why}")


def test_padding_may_be_left_out() -> None:
    padded = "whsec_" + base64.b64encode(bytes(25)).decode()
    plain = padded.rstrip("=")
    assert signed([signer(padded)], "d", 1, b"{}") == signed([signer(plain)], "d", 1, b"{}")
