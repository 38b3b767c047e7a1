"""Signed messages that have a source read soon: made by the library of Standard Webhooks, and by whoever likes to."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from actors.domain.harvest import Heard, Inbound, Unheard
from actors.domain.standard import verified
from actors.sources.calls import called
from config.model import Secret
from config.polling import Polling

NEW, OLD, OTHER = (f"whsec_{letter * 32}" for letter in "abc")
SECRETS = {"new": NEW, "old": OLD, "bad": "whsec_!"}
NOW_S = 1_800_000_000


def message(secret: str = NEW, at_s: int = NOW_S, body: str = '{"type":"course.updated"}') -> Inbound:
    at = datetime.fromtimestamp(at_s, UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at_s),
        "webhook-signature": Webhook(secret).sign("msg_1", at, body),
    }
    return Inbound(headers=headers, query="", body=body.encode())


def hear(inbound: Inbound, **settings: object) -> Heard | Unheard:
    given = {"hook_secret": {"env": "new"}, **settings}

    def reveal(secret: Secret) -> str:
        return SECRETS[str(secret.env)]

    flow = called(msgspec.convert(given, Polling), reveal, inbound, NOW_S * 1_000_000, "campus")
    try:
        next(flow)
    except StopIteration as end:
        said: Heard | Unheard = end.value
        return said
    raise AssertionError("it asked somebody")


def refused(said: Heard | Unheard) -> int:
    assert isinstance(said, Unheard)
    return said.status


def test_a_genuine_message_has_it_read() -> None:
    assert hear(message()) == Heard(look=True)
    assert hear(message(OLD), hook_secret_former={"env": "old"}) == Heard(look=True)
    both = message()
    two = msgspec.structs.replace(
        both, headers={**both.headers, "webhook-signature": f"v1,AAAA {both.headers['webhook-signature']}"}
    )
    assert hear(two) == Heard(look=True)
    svix = msgspec.structs.replace(both, headers={k.replace("webhook", "svix"): v for k, v in both.headers.items()})
    assert hear(svix) == Heard(look=True)


def test_what_is_not_is_refused() -> None:
    good = message()
    assert refused(hear(message(OTHER))) == 401
    assert refused(hear(message(OLD))) == 401
    assert refused(hear(msgspec.structs.replace(good, body=good.body + b" "))) == 401
    assert refused(hear(msgspec.structs.replace(good, headers={**good.headers, "webhook-id": "msg_2"}))) == 401
    assert refused(hear(msgspec.structs.replace(good, headers={}))) == 401
    assert refused(hear(good, hook_secret=None)) == 404
    assert refused(hear(good, hook_secret={"env": "bad"})) == 503


@pytest.mark.parametrize(("off_s", "good"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_the_window_is_five_minutes(off_s: int, good: bool) -> None:
    assert isinstance(hear(message(at_s=NOW_S + off_s)), Heard) is good


def test_a_former_secret_alone_is_a_mistake() -> None:
    with pytest.raises(msgspec.ValidationError, match="stands beside"):
        msgspec.convert({"hook_secret_former": {"env": "old"}}, Polling)


@given(
    headers=st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "svix-id"]), st.text(max_size=60)
    ),
    body=st.binary(max_size=100),
)
def test_whatever_a_stranger_sends_is_not_good(headers: dict[str, str], body: bytes) -> None:
    assert verified([Webhook(NEW)], headers, body, NOW_S) != "good"
