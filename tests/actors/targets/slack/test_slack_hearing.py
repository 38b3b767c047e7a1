"""What Slack posts: signed by Slack's own SDK, and by whoever would like to be Slack."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sizes import examples
from slack_events import BOT, FORMER, SIGNING, TEAM, event, form, person, signed

from actors.domain.flow import Request
from actors.domain.harvest import Inbound
from actors.domain.tidings import (
    AppGone,
    Challenged,
    ChannelArchived,
    ChannelBack,
    ChannelDeleted,
    ChannelRenamed,
    Clicked,
    Hearkened,
    MembersChanged,
    Missed,
    Ourselves,
    PersonCame,
    PersonChanged,
    PersonGone,
    Tiding,
    TokensRevoked,
    Told,
    Untold,
)
from actors.targets.slack.flow import SlackTarget
from actors.targets.slack.hearing import verified
from actors.targets.slack.settings import SlackSettings
from config.model import Secret

NOW_S = 1_800_000_000
KNOWN = Ourselves(names={"team_id": TEAM, "user_id": BOT})
SECRETS = {"signing": SIGNING, "former": FORMER, "slack": "xoxb-1"}


def target(**more: object) -> SlackTarget:
    given = {"token": {"env": "slack"}, "signing_secret": {"env": "signing"}, **more}
    decoded = msgspec.convert(given, SlackSettings)

    def reveal(secret: Secret) -> str:
        return SECRETS[str(secret.env)]

    return SlackTarget(decoded, reveal, None)  # type: ignore[arg-type]  # nothing is worded here


def hear(inbound: Inbound, ourselves: Ourselves = KNOWN, now_s: int = NOW_S, **more: object) -> Hearkened:
    listening = target(**more).listening
    assert listening is not None
    flow = listening.hear(inbound, now_s * 1_000_000, ourselves)
    try:
        asked: Request = next(flow)
    except StopIteration as end:
        said: Hearkened = end.value
        return said
    raise AssertionError(f"it asked somebody: {asked.operation}")


def tidings(said: Hearkened) -> Sequence[Tiding]:
    assert isinstance(said, Told), said
    return [note.tiding for note in said.notes]


def reason(said: Hearkened) -> str:
    assert isinstance(said, Untold), said
    return said.reason


def test_the_vendors_own_vector() -> None:
    """From Slack's page on verifying requests."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name="
        b"foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F"
        b"hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015."
        b"47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    given = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert verified("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body, given)
    assert not verified("8f742231b10e8888abcd99yyyzzz85a6", "1531420618", body, given)
    assert not verified("8f742231b10e8888abcd99yyyzzz85a5", "1531420619", body, given)


@pytest.mark.parametrize(
    ("told", "tiding"),
    [
        (event("channel_archive", channel="C012345678", user="U1"), ChannelArchived("C012345678")),
        (event("group_archive", channel="G012345678", user="U1"), ChannelArchived("G012345678")),
        (event("channel_unarchive", channel="C012345678", user="U1"), ChannelBack("C012345678")),
        (event("channel_deleted", channel="C012345678"), ChannelDeleted("C012345678")),
        (event("channel_rename", channel={"id": "C012345678", "name": "new"}), ChannelRenamed("C012345678", "new")),
        (event("team_join", user=person("U5", "New@Example.edu")), PersonCame("U5", "new@example.edu")),
        (event("user_change", user=person("U5", "a@example.edu")), PersonChanged("U5", ("a@example.edu",))),
        (event("user_change", user=person("U5", "a@example.edu", deleted=True)), PersonGone("U5")),
        (event("member_left_channel", user=BOT, channel="C012345678"), Missed("we were removed from C012345678")),
        (event("member_left_channel", user="U9", channel="C012345678"), MembersChanged("C012345678", left=("U9",))),
        (event("member_joined_channel", user="U9", channel="C012345678"), MembersChanged("C012345678", ("U9",))),
        (
            event("member_joined_channel", user="U9", channel="C012345678", inviter="U8"),
            MembersChanged("C012345678", ("U9",)),
        ),
        (
            event("subteam_members_changed", subteam_id="S012345678", added_users=["U1", "U2"], removed_users=["U3"]),
            MembersChanged("S012345678", ("U1", "U2"), ("U3",)),
        ),
        (
            event("subteam_members_changed", subteam_id="S012345678", added_users=["U1"] * 2_000),
            MembersChanged("S012345678"),
        ),
        (event("subteam_updated", subteam={"id": "S012345678", "date_delete": 9}), MembersChanged("S012345678")),
    ],
)
def test_events_become_tidings(told: dict[str, object], tiding: Tiding) -> None:
    assert tidings(hear(signed(told, NOW_S))) == [tiding]


def test_an_app_that_is_gone_and_tokens_that_are() -> None:
    (gone,) = tidings(hear(signed(event("app_uninstalled"), NOW_S)))
    assert isinstance(gone, AppGone)
    (ours,) = tidings(hear(signed(event("tokens_revoked", tokens={"oauth": ["U1"], "bot": ["U2"]}), NOW_S)))
    assert isinstance(ours, TokensRevoked)
    assert ours.ours
    (theirs,) = tidings(hear(signed(event("tokens_revoked", tokens={"oauth": ["U1"]}), NOW_S)))
    assert isinstance(theirs, TokensRevoked)
    assert (theirs.ours, theirs.people) == (False, ("U1",))


@pytest.mark.parametrize(
    "told",
    [
        event("message", channel="C012345678", text="hello"),
        event("user_change", user=person("U5", "")),
        event("user_change", user=person("B5", "bot@example.edu", is_bot=True)),
        event("tokens_revoked", tokens={}),
        event("tokens_revoked", tokens=[]),
        event("channel_archive", channel="not a channel"),
        event("member_joined_channel", user="U9", channel="C012345678", inviter=BOT),
        event("member_joined_channel", user={"id": "U9"}, channel="C012345678"),
        event("subteam_members_changed", subteam_id=["S012345678"]),
        event("subteam_updated", subteam="S012345678"),
        event("", channel="C012345678"),
    ],
)
def test_what_is_nothing_to_us_is_taken_and_ignored(told: dict[str, object]) -> None:
    said = hear(signed(told, NOW_S))
    assert isinstance(said, Told)
    assert (said.notes, said.ignored) == ((), 1)


def test_the_challenge_is_answered_to_whoever_signs() -> None:
    asked = {
        "type": "url_verification",
        "token": "x",
        "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",
    }
    assert hear(signed(asked, NOW_S), Ourselves()) == Challenged(text=asked["challenge"])
    assert reason(hear(signed(asked, NOW_S, "another secret"), Ourselves())) == "forged"
    for bad in ("", "x" * 600, "<script>\n", "ü"):
        assert reason(hear(signed(asked | {"challenge": bad}, NOW_S))) == "malformed"


def test_two_secrets_while_one_is_changed() -> None:
    told = event("app_uninstalled")
    assert reason(hear(signed(told, NOW_S, FORMER))) == "forged"
    assert tidings(hear(signed(told, NOW_S, FORMER), signing_secret_former={"env": "former"}))
    assert tidings(hear(signed(told, NOW_S), signing_secret_former={"env": "former"}))


@pytest.mark.parametrize("off_s", [-301, 301, -86_400, 86_400])
def test_what_was_signed_long_ago_is_stale(off_s: int) -> None:
    assert reason(hear(signed(event("app_uninstalled"), NOW_S + off_s))) == "stale"


@pytest.mark.parametrize("off_s", [-300, 0, 300])
def test_within_five_minutes_it_is_fresh(off_s: int) -> None:
    assert tidings(hear(signed(event("app_uninstalled"), NOW_S + off_s)))


def test_nothing_is_taken_without_a_secret() -> None:
    said = hear(signed(event("app_uninstalled"), NOW_S), signing_secret=None)
    assert isinstance(said, Untold)
    assert (said.status, said.reason) == (404, "closed")


@pytest.mark.parametrize("name", ["x-slack-signature", "x-slack-request-timestamp"])
@pytest.mark.parametrize("value", ["", "v0=", "v0=" + "0" * 64, "v1=" + "a" * 64, "9" * 30, "-1", "١٨", "é" * 64])
def test_odd_headers_are_forged(name: str, value: str) -> None:
    good = signed(event("app_uninstalled"), NOW_S)
    said = hear(msgspec.structs.replace(good, headers={**good.headers, name: value}))
    assert isinstance(said, Untold)
    assert said.status == 401
    without = msgspec.structs.replace(good, headers={key: each for key, each in good.headers.items() if key != name})
    assert reason(hear(without)) == "forged"


def test_another_body_or_another_time_is_forged() -> None:
    good = signed(event("app_uninstalled"), NOW_S)
    assert reason(hear(msgspec.structs.replace(good, body=good.body + b" "))) == "forged"
    moved = {**good.headers, "x-slack-request-timestamp": str(NOW_S + 1)}
    assert reason(hear(msgspec.structs.replace(good, headers=moved))) == "forged"


def test_another_workspace_or_app_is_foreign_for_good() -> None:
    for said in (
        hear(signed(event("app_uninstalled", team="T0OTHERS99"), NOW_S)),
        hear(signed(event("app_uninstalled"), NOW_S), app_id="A0ANOTHER1"),
        hear(signed(event("app_uninstalled"), NOW_S), team_id="T0ANOTHER1"),
    ):
        assert isinstance(said, Untold)
        assert (said.status, said.reason, said.again) == (403, "foreign", False)


def test_in_a_shared_channel_the_event_is_ours_by_its_authorizations() -> None:
    told = event("channel_archive", channel="C012345678") | {"team_id": "T0OTHERS99"}
    assert tidings(hear(signed(told, NOW_S))) == [ChannelArchived("C012345678")]


def test_until_we_know_who_we_are_it_is_sent_again() -> None:
    said = hear(signed(event("app_uninstalled"), NOW_S), Ourselves())
    assert isinstance(said, Untold)
    assert (said.status, said.again) == (503, True)
    assert tidings(hear(signed(event("app_uninstalled"), NOW_S), Ourselves(), team_id=TEAM))


def test_clicks_and_commands_are_kept_without_the_token_of_old() -> None:
    payload = {"type": "block_actions", "token": "old", "team": {"id": TEAM}, "user": {"id": "U7"}, "trigger_id": "1"}
    (told,) = tidings(hear(form({"payload": msgspec.json.encode(payload).decode()}, NOW_S)))
    assert isinstance(told, Clicked)
    assert (told.form, told.person) == ("block_actions", "U7")
    assert b"old" not in told.body
    assert "trigger_id" not in repr(told)
    (slash,) = tidings(hear(form({"command": "/x", "team_id": TEAM, "user_id": "U7", "text": "a b"}, NOW_S)))
    assert isinstance(slash, Clicked)
    assert slash.form == "slash_command"


@pytest.mark.parametrize("fields", [{}, {"payload": "no json"}, {"payload": "[]"}, {"a": "b"}, {"payload": ""}])
def test_a_form_without_anything_is_malformed(fields: dict[str, str]) -> None:
    assert reason(hear(form(fields, NOW_S))) == "malformed"


def test_the_same_is_known_by_its_id() -> None:
    first, second = (hear(signed(event("channel_archive", "Ev7", channel="C012345678"), NOW_S + n)) for n in (0, 60))
    assert isinstance(first, Told)
    assert first == second
    assert first.notes[0].id == "Ev7"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
SHAPED = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["event_callback", "url_verification", "app_rate_limited", "block_actions", ""]) | JSON,
        "team_id": st.just(TEAM) | JSON,
        "team": JSON,
        "authorizations": JSON,
        "api_app_id": JSON,
        "event_id": JSON,
        "challenge": JSON,
        "event": st.fixed_dictionaries(
            {"type": st.sampled_from(["user_change", "tokens_revoked", "channel_rename", "team_join", "group_left"])},
            optional={"user": JSON, "channel": JSON | st.just("C012345678"), "tokens": JSON},
        )
        | JSON,
    },
)


@settings(max_examples=examples(60))
@given(payload=SHAPED | JSON, as_form=st.booleans())
def test_whatever_is_genuine_never_raises(payload: object, as_form: bool) -> None:
    raw = msgspec.json.encode(payload)
    inbound = form({"payload": raw.decode()}, NOW_S) if as_form else signed(raw, NOW_S)
    said = hear(inbound)
    if isinstance(said, Told):
        assert len(said.notes) <= 1


@settings(max_examples=examples(60))
@given(
    headers=st.dictionaries(
        st.sampled_from(["x-slack-signature", "x-slack-request-timestamp", "content-type", "x"]), st.text(max_size=80)
    ),
    query=st.text(max_size=50),
    body=st.binary(max_size=200),
)
def test_whatever_a_stranger_sends_is_refused(headers: dict[str, str], query: str, body: bytes) -> None:
    said = hear(Inbound(headers=headers, query=query, body=body))
    assert isinstance(said, Untold)
    assert said.status in (401, 403, 404)


@settings(max_examples=examples(60))
@given(
    kind=st.sampled_from(["hello", "disconnect", "events_api", "interactive", "slash_commands", "other", ""]),
    envelope=JSON | st.text(max_size=10),
    payload=SHAPED | JSON,
)
def test_whatever_a_socket_says_never_raises(kind: str, envelope: object, payload: object) -> None:
    listening = target(app_token={"env": "slack"}).listening
    assert listening is not None
    message = msgspec.json.encode({"type": kind, "envelope_id": envelope, "payload": payload}).decode()
    said = listening.listen(message, KNOWN)
    assert len(said.notes) <= 1
    assert listening.listen(message[:-3], KNOWN).notes == ()
