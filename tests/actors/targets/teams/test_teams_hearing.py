"""What Graph posts, and what is posted in its name."""

from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey
from sizes import examples
from teams_ears import (
    CHANNEL,
    DIRECTORY,
    KEY,
    KNOWN,
    NOW_S,
    PLACE,
    STATE,
    SUBSCRIPTION,
    TEAM,
    WATCH,
    drive,
    ears,
    reply,
)

from actors.domain.harvest import Inbound
from actors.domain.tidings import (
    Challenged,
    ChannelDeleted,
    Hearkened,
    Missed,
    Note,
    Ourselves,
    PersonGone,
    Tiding,
    Told,
    Untold,
    WatchGone,
    WatchLapsing,
)


def note(**more: object) -> dict[str, object]:
    return {
        "subscriptionId": SUBSCRIPTION,
        "clientState": STATE,
        "tenantId": DIRECTORY,
        "changeType": "updated",
        "resource": "Users/5a2d0a00-0000-4000-8000-0000000000a1",
        "resourceData": {"@odata.type": "#Microsoft.Graph.User", "id": "5a2d0a00-0000-4000-8000-0000000000a1"},
        **more,
    }


def hear(*notes: object, key: str = KEY, ourselves: Ourselves = KNOWN, query: str = "", **more: object) -> Hearkened:
    body = msgspec.json.encode({"value": list(notes), **more})
    inbound = Inbound(headers={}, query=query or urlencode({"watch": key}), body=body)
    said, asked = drive(ears().hear(inbound, NOW_S * 1_000_000, ourselves))
    assert not asked
    return said


def tidings(said: Hearkened) -> Sequence[Tiding]:
    assert isinstance(said, Told), said
    assert said.status == 202
    return [each.tiding for each in said.notes]


def reason(said: Hearkened) -> str:
    assert isinstance(said, Untold), said
    return said.reason


@pytest.mark.parametrize(
    ("told", "tiding"),
    [
        (note(), Missed("people changed")),
        (note(changeType="deleted"), PersonGone("5a2d0a00-0000-4000-8000-0000000000a1")),
        (note(lifecycleEvent="reauthorizationRequired"), WatchLapsing(SUBSCRIPTION)),
        (note(lifecycleEvent="subscriptionRemoved"), WatchGone(SUBSCRIPTION)),
        (note(lifecycleEvent="missed"), Missed("Graph could not tell us everything")),
        (note(resource=f"teams('{TEAM}')/channels('{CHANNEL}')"), Missed("a channel changed")),
        (note(resource=f"teams('{TEAM}')/channels('{CHANNEL}')", changeType="deleted"), ChannelDeleted(PLACE)),
        (note(resource=f"/teams/{TEAM.upper()}/channels/{CHANNEL}", changeType="deleted"), ChannelDeleted(PLACE)),
    ],
)
def test_notifications_become_tidings(told: dict[str, object], tiding: Tiding) -> None:
    assert tidings(hear(told)) == [tiding]


def test_a_thousand_changes_are_one_hint() -> None:
    assert tidings(hear(*[note()] * 1_000)) == [Missed("people changed")]
    assert reason(hear(*[note()] * 1_001)) == "malformed"


def test_its_own_id_tells_a_repetition() -> None:
    said = hear(note(id="n1", changeType="deleted"))
    assert isinstance(said, Told)
    assert said.notes == (Note(id="graph:n1", tiding=PersonGone("5a2d0a00-0000-4000-8000-0000000000a1")),)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (note(clientState="another"), "forged"),
        (note(clientState=""), "forged"),
        (note(clientState=None), "forged"),
        (note(clientState=["a"]), "forged"),
        (note(clientState=WATCH.proof), "forged"),
        (note(subscriptionId="11111111-2dc5-4530-97cd-4e7ae6534c07"), "foreign"),
        (note(tenantId="11111111-0000-4000-8000-0000000000aa"), "foreign"),
        (note(tenantId=None), "foreign"),
        ("no object", "malformed"),
    ],
)
def test_what_is_not_ours_is_refused_and_all_that_came_with_it(told: object, why: str) -> None:
    assert reason(hear(told)) == why
    assert reason(hear(note(), told)) == why


def test_without_the_key_nobody_learns_anything() -> None:
    for query in ("", "watch=", "watch=0123", f"watch={KEY}0", "validationToken=abc", "watch=%ff", "watch=é"):
        said = hear(note(), query=query or "x=y")
        assert isinstance(said, Untold)
        assert (said.status, said.reason) == (404, "unexpected")


def test_the_handshake_is_answered_in_plain_text_to_who_knows_the_key() -> None:
    making = Ourselves(watches=(msgspec.structs.replace(WATCH, id=""),))
    token = "Validation: Testing client application reachability for subscription Request-Id: 522a8e7e"
    query = urlencode({"watch": KEY, "validationToken": token})
    assert hear(query=query, ourselves=making) == Challenged(text=token)
    for bad in ("", "x" * 1_025, "a\r\nSet-Cookie: b"):
        assert reason(hear(query=urlencode({"watch": KEY, "validationToken": bad}))) == "malformed"


def test_a_notification_may_come_before_the_subscription_is_answered() -> None:
    making = Ourselves(watches=(msgspec.structs.replace(WATCH, id=""),))
    assert tidings(hear(note(), ourselves=making)) == [Missed("people changed")]


SIGNER = RSAKey.generate_key(2048, parameters={"kid": "k1"})
OTHER = RSAKey.generate_key(2048, parameters={"kid": "k1"})
GOOD = {
    "aud": "our-app",
    "azp": "0bf30f3b-4a52-48df-9a82-234910c4a086",
    "tid": DIRECTORY,
    "nbf": NOW_S - 60,
    "exp": NOW_S + 3_600,
}


def with_token(claims: dict[str, object], key: RSAKey = SIGNER) -> Hearkened:
    token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, key)
    body = msgspec.json.encode({"value": [note()], "validationTokens": [token]})
    inbound = Inbound(headers={}, query=f"watch={KEY}", body=body)
    keys = reply({"keys": [SIGNER.as_dict(private=False)]})
    said, asked = drive(ears().hear(inbound, NOW_S * 1_000_000, KNOWN), keys)
    assert [each.operation for each in asked] == ["jwks"]
    return said


def test_tokens_that_come_along_are_checked() -> None:
    assert tidings(with_token(GOOD))
    for bad in ({"aud": "another"}, {"azp": "another"}, {"tid": TEAM}, {"exp": NOW_S - 3_600}, {"nbf": NOW_S + 3_600}):
        assert reason(with_token(GOOD | bad)) == "forged"
    assert reason(with_token(GOOD, OTHER)) == "forged"
    for bad_tokens in ("text", [None], ["a.b.c"], ["x"] * 11, {}):
        assert reason(hear(note(), validationTokens=bad_tokens)) in {"malformed", "forged"}
    assert tidings(hear(note(), validationTokens=[]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)
SHAPED = st.fixed_dictionaries(
    {"clientState": st.just(STATE), "tenantId": st.just(DIRECTORY), "subscriptionId": st.just(SUBSCRIPTION)},
    optional={"resource": JSON, "resourceData": JSON, "changeType": JSON, "lifecycleEvent": JSON, "id": JSON},
)


@settings(max_examples=examples(60))
@given(items=st.lists(SHAPED | JSON, max_size=4))
def test_whatever_is_told_never_raises(items: list[object]) -> None:
    said = hear(*items)
    assert isinstance(said, Told | Untold)


@settings(max_examples=examples(60))
@given(query=st.text(max_size=80), body=st.binary(max_size=200))
def test_whatever_a_stranger_sends_is_refused(query: str, body: bytes) -> None:
    said, asked = drive(ears().hear(Inbound(headers={}, query=query, body=body), NOW_S * 10**6, KNOWN))
    assert isinstance(said, Untold)
    assert not asked
