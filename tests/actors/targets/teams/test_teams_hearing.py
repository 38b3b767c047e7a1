"""What Graph posts, and what is posted in its name; subscriptions and deltas, driven by hand."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from actors.domain.flow import Flow, Outcome, Request, Response
from actors.domain.harvest import Inbound
from actors.domain.tidings import (
    Asking,
    Challenged,
    ChannelArchived,
    ChannelBack,
    ChannelDeleted,
    ChannelRenamed,
    ChannelSeen,
    Hearkened,
    Missed,
    Note,
    Ourselves,
    PeopleMissed,
    PersonChanged,
    PersonGone,
    Place,
    Subscribed,
    Subscribing,
    Surveyed,
    Tiding,
    Told,
    Untold,
    Unwatched,
    Watch,
    WatchGone,
    WatchLapsing,
)
from actors.domain.verdicts import Refused, Unavailable
from actors.ports.listening import Listening
from actors.targets.teams.flow import TeamsTarget
from actors.targets.teams.settings import TeamsSettings

DIRECTORY = "72f988bf-0000-4000-8000-0000000000aa"
SUBSCRIPTION = "7f105c7d-2dc5-4530-97cd-4e7ae6534c07"
TEAM = "0d1e2f3a-0000-4000-8000-0000000000cc"
CHANNEL = "19:abc@thread.tacv2"
PLACE = f"{TEAM}/{CHANNEL}"
KEY, STATE = "0123456789abcdef0123456789abcdef", "a-state-that-nobody-knows"
NOW_S = 1_800_000_000
WATCH = Watch(
    key=KEY, resource="users", url="https://x.example", proof=sha256(STATE.encode()).hexdigest(), id=SUBSCRIPTION
)
KNOWN = Ourselves(watches=(WATCH,))
GRAPH = "https://graph.microsoft.com/v1.0/"


def ears(**more: object) -> Listening:
    given = {
        "directory": DIRECTORY,
        "client_id": "our-app",
        "client_secret": {"env": "secret"},
        "delegated_token": {"env": "token"},
        **more,
    }
    target = TeamsTarget(msgspec.convert(given, TeamsSettings), lambda secret: str(secret.env), None)  # type: ignore[arg-type]
    assert target.listening is not None
    return target.listening


T = TypeVar("T")


def drive(flow: Flow[T], *answers: Outcome) -> tuple[T, list[Request]]:
    """What it concludes, and what it asked; tokens are simply given."""
    asked: list[Request] = []
    waiting = list(answers)
    try:
        request = next(flow)
        while True:
            if request.operation == "token":
                request = flow.send(reply({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}))
                continue
            asked.append(request)
            request = flow.send(waiting.pop(0))
    except StopIteration as end:
        assert not waiting
        return end.value, asked


def reply(fields: object, status: int = 200, **headers: str) -> Response:
    return Response(status=status, headers=headers, body=msgspec.json.encode(fields))


def wrong(status: int, code: str) -> Response:
    return reply({"error": {"code": code, "message": "m"}}, status)


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


# ── subscriptions ────────────────────────────────────────────────────────────────────────────────────

WANTED = Subscribing(
    resource="users", url="https://x.example/t/a/events/t?watch=k", secret=STATE, ends_us=NOW_S * 10**6
)


def test_a_subscription_is_made_renewed_and_taken_away() -> None:
    answer = {"id": SUBSCRIPTION, "expirationDateTime": "2027-01-17T08:00:00.0000000Z"}
    said, asked = drive(ears().subscribe(WANTED), reply(answer, 201))
    assert said == Subscribed(id=SUBSCRIPTION, ends_us=1_800_172_800_000_000)
    body = msgspec.json.decode(asked[0].body)
    assert body["notificationUrl"] == body["lifecycleNotificationUrl"] == WANTED.url
    assert (body["clientState"], body["expirationDateTime"]) == (STATE, "2027-01-15T08:00:00Z")
    renewed, asked = drive(ears().renew(WATCH, NOW_S * 10**6), reply(answer))
    assert isinstance(renewed, Subscribed)
    assert (asked[0].method, asked[0].url) == ("PATCH", f"{GRAPH}subscriptions/{SUBSCRIPTION}")
    gone, _ = drive(ears().renew(WATCH, NOW_S * 10**6), wrong(404, "ResourceNotFound"))
    assert isinstance(gone, Unwatched)
    for answer_ in (Response(status=204), wrong(404, "ResourceNotFound")):
        assert isinstance(drive(ears().unsubscribe(WATCH), answer_)[0], Unwatched)
    assert isinstance(drive(ears().unsubscribe(WATCH), wrong(503, "x"))[0], Unavailable)


def test_a_subscription_that_is_refused() -> None:
    said, _ = drive(ears().subscribe(WANTED), wrong(403, "Authorization_RequestDenied"))
    assert isinstance(said, Refused)
    assert "User.Read.All" in said.detail
    assert STATE not in repr(WANTED)


def test_what_is_subscribed_to() -> None:
    assert ears().resources((PLACE, f"{TEAM}/19:other@thread.tacv2")) == ("users", f"teams/{TEAM}/channels")
    assert ears(subscribe=False).resources((PLACE,)) == ()


# ── asking ───────────────────────────────────────────────────────────────────────────────────────────


def people(*items: object, link: str = "", more: str = "") -> Response:
    links = {"@odata.deltaLink": f"{GRAPH}users/delta?$deltatoken={link}"} if link else {}
    links |= {"@odata.nextLink": f"{GRAPH}users/delta?$skiptoken={more}"} if more else {}
    return reply({"value": list(items), **links})


def asking(cursor: str = "", *places: Place) -> Asking:
    return Asking(now_us=NOW_S * 10**6, cursor=cursor, places=places)


def test_a_delta_begins_at_now_and_goes_on_at_its_link() -> None:
    said, asked = drive(ears().survey(asking()), people(link="one"))
    assert said == Surveyed(cursor="users/delta?$deltatoken=one")
    assert asked[0].url.endswith("$deltatoken=latest")
    assert isinstance(said, Surveyed)
    changed = {"id": "u1", "mail": "A@Example.edu", "userPrincipalName": "a@example.edu", "accountEnabled": True}
    pages = (
        people(changed, {"id": "u2", "accountEnabled": False}, more="two"),
        people({"id": "u3", "@removed": {"reason": "deleted"}}, {"id": "u4", "mail": "d@example.edu"}, link="three"),
    )
    said, asked = drive(ears().survey(asking(said.cursor)), *pages)
    assert said == Surveyed(
        tidings=(
            PersonChanged("u1", ("a@example.edu",)),
            PersonGone("u2"),
            PersonGone("u3"),
            PersonChanged("u4", ()),
        ),
        cursor="users/delta?$deltatoken=three",
    )


@pytest.mark.parametrize(
    "answer",
    [wrong(410, "resyncRequired"), wrong(400, "SyncStateNotFound"), wrong(404, "syncStateNotFound"), wrong(410, "")],
)
def test_a_token_whose_time_is_over_makes_everybody_be_looked_up_anew(answer: Response) -> None:
    said, _ = drive(ears().survey(asking("users/delta?$deltatoken=old")), answer)
    assert isinstance(said, Surveyed)
    assert [type(each) for each in said.tidings] == [PeopleMissed]
    assert (said.cursor, said.more) == ("", True)


def test_a_link_that_leads_elsewhere_is_not_followed() -> None:
    """Our token would go with it."""
    for link in ("https://evil.example/v1.0/users/delta?x", "https://graph.microsoft.com.evil.example/v1.0/", ""):
        said, asked = drive(ears().survey(asking()), reply({"value": [], "@odata.nextLink": link}))
        assert not isinstance(said, Surveyed)
        assert len(asked) == 1


def test_without_permission_it_says_so_and_goes_on_with_channels() -> None:
    told = reply({"id": CHANNEL, "displayName": "General"})
    said, _ = drive(ears().survey(asking("", Place(place=PLACE))), wrong(403, "Authorization_RequestDenied"), told)
    assert isinstance(said, Surveyed)
    assert said.tidings == (ChannelSeen(PLACE, "General"),)
    assert "User.Read.All" in said.lacking


@pytest.mark.parametrize(
    ("known", "answer", "tidings"),
    [
        (Place(place=PLACE, name="a"), reply({"displayName": "a"}), ()),
        (Place(place=PLACE, name="a"), reply({"displayName": "b"}), (ChannelRenamed(PLACE, "b"),)),
        (Place(place=PLACE, name="a"), reply({"displayName": "a", "isArchived": True}), (ChannelArchived(PLACE),)),
        (Place(place=PLACE, name="a", closed="archived"), reply({"displayName": "a", "isArchived": True}), ()),
        (Place(place=PLACE, name="a", closed="archived"), reply({"displayName": "a"}), (ChannelBack(PLACE, "a"),)),
        (Place(place=PLACE, name="a"), wrong(404, "NotFound"), (ChannelDeleted(PLACE),)),
        (Place(place=PLACE, name="a", closed="deleted"), wrong(404, "NotFound"), ()),
    ],
)
def test_how_a_channel_stands(known: Place, answer: Response, tidings: tuple[Tiding, ...]) -> None:
    order = msgspec.structs.replace(asking("c", known), broadly=False)
    said, _ = drive(ears().survey(order), answer)
    assert isinstance(said, Surveyed)
    assert said.tidings == tidings


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)
SHAPED = st.fixed_dictionaries(
    {"clientState": st.just(STATE), "tenantId": st.just(DIRECTORY), "subscriptionId": st.just(SUBSCRIPTION)},
    optional={"resource": JSON, "resourceData": JSON, "changeType": JSON, "lifecycleEvent": JSON, "id": JSON},
)


@settings(max_examples=300)
@given(items=st.lists(SHAPED | JSON, max_size=4))
def test_whatever_is_told_never_raises(items: list[object]) -> None:
    said = hear(*items)
    assert isinstance(said, Told | Untold)


@settings(max_examples=300)
@given(query=st.text(max_size=80), body=st.binary(max_size=200))
def test_whatever_a_stranger_sends_is_refused(query: str, body: bytes) -> None:
    said, asked = drive(ears().hear(Inbound(headers={}, query=query, body=body), NOW_S * 10**6, KNOWN))
    assert isinstance(said, Untold)
    assert not asked


@settings(max_examples=200)
@given(items=st.lists(JSON | st.fixed_dictionaries({"id": JSON, "mail": JSON, "userPrincipalName": JSON}), max_size=4))
def test_whatever_a_delta_holds_never_raises(items: list[object]) -> None:
    said, _ = drive(ears().survey(asking("c")), reply({"value": items, "@odata.deltaLink": f"{GRAPH}users/delta?x"}))
    assert isinstance(said, Surveyed)
