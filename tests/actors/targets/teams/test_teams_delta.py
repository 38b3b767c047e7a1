"""Subscriptions at Graph, and what asking it shows."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sizes import examples
from teams_ears import CHANNEL, GRAPH, NOW_S, PLACE, STATE, SUBSCRIPTION, TEAM, WATCH, drive, ears, reply, wrong

from actors.domain.flow import Response
from actors.domain.tidings import (
    Asking,
    ChannelArchived,
    ChannelBack,
    ChannelDeleted,
    ChannelRenamed,
    ChannelSeen,
    PeopleMissed,
    PersonChanged,
    PersonGone,
    Place,
    Subscribed,
    Subscribing,
    Surveyed,
    Tiding,
    Unwatched,
)
from actors.domain.verdicts import Refused, Unavailable

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


@settings(max_examples=examples(40))
@given(items=st.lists(JSON | st.fixed_dictionaries({"id": JSON, "mail": JSON, "userPrincipalName": JSON}), max_size=4))
def test_whatever_a_delta_holds_never_raises(items: list[object]) -> None:
    said, _ = drive(ears().survey(asking("c")), reply({"value": items, "@odata.deltaLink": f"{GRAPH}users/delta?x"}))
    assert isinstance(said, Surveyed)
