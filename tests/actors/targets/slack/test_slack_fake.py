"""The fake is as strict as Slack says Slack is."""

from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_stage import NOW_S, Talk, call

from actors.domain.flow import Request
from actors.ports import Fault
from actors.targets.slack.fake import FakeSlack

POST = {"channel": "C0123456789", "text": "hi"}


@pytest.fixture
def talk() -> Talk:
    return Talk()


def form(method: str, token: str = "", **fields: str) -> Request:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = urlencode(fields | ({"token": token} if token else {})).encode()
    return Request(method="POST", url=f"/slack/api/{method}", operation="", headers=headers, body=body)


# ── credentials, methods, bodies ─────────────────────────────────────────────────────────────────────


def test_only_the_sandbox_token_opens(talk: Talk) -> None:
    assert talk.call("auth.test", {"authorization": ""})["error"] == "not_authed"
    assert talk.call("auth.test", {"authorization": "Bearer xoxb-other"})["error"] == "invalid_auth"
    answer = talk.fake.handle(form("auth.test", token="xoxb-sandbox"), NOW_S).response
    assert msgspec.json.decode(answer.body)["ok"] is True
    assert "chat:write" in answer.headers["x-oauth-scopes"]


def test_unknown_methods_and_broken_bodies(talk: Talk) -> None:
    assert talk.call("chat.shout")["error"] == "unknown_method"
    broken = msgspec.structs.replace(call("auth.test"), body=b'{"a":')
    assert b"invalid_json" in talk.fake.handle(broken, NOW_S).response.body
    listed = msgspec.structs.replace(call("auth.test"), body=b"[]")
    assert b"json_not_object" in talk.fake.handle(listed, NOW_S).response.body
    xml = msgspec.structs.replace(call("auth.test"), headers={"content-type": "text/xml"})
    assert b"invalid_post_type" in talk.fake.handle(xml, NOW_S).response.body


def test_forms_carry_json_in_strings(talk: Talk) -> None:
    blocks = '[{"type":"divider"}]'
    posted = talk.fake.handle(form("chat.postMessage", "xoxb-sandbox", channel="C0123456789", blocks=blocks), NOW_S)
    assert msgspec.json.decode(posted.response.body)["message"]["blocks"] == [{"type": "divider"}]
    broken = talk.fake.handle(form("chat.postMessage", "xoxb-sandbox", channel="C1", blocks="[{"), NOW_S + 2)
    assert b"channel_not_found" in broken.response.body
    broken = talk.fake.handle(form("chat.postMessage", "xoxb-sandbox", channel="C0123456789", blocks="[{"), NOW_S + 4)
    assert b"invalid_blocks_format" in broken.response.body


# ── posting ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"channel": ""}, "invalid_arguments"),
        ({"channel": "C0404040404"}, "channel_not_found"),
        ({"channel": "general"}, "channel_not_found"),
        ({"text": ""}, "no_text"),
        ({"markdown_text": "x"}, "markdown_text_conflict"),
        ({"text": "", "markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"attachments": [{}] * 101}, "too_many_attachments"),
        ({"blocks": "x"}, "invalid_blocks_format"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"metadata": "x"}, "invalid_metadata_format"),
        ({"metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"metadata": {"event_type": "x", "event_payload": {"a": {}}}}, "invalid_metadata_schema"),
        ({"metadata": {"event_type": "x", "event_payload": {"a": "x" * 17_000}}}, "metadata_too_large"),
        ({"thread_ts": "1.000000"}, "cannot_reply_to_message"),
    ],
)
def test_refused_posts_have_no_effect(talk: Talk, fields: dict[str, object], error: str) -> None:
    assert talk.call("chat.postMessage", **(POST | fields))["error"] == error
    assert talk.fake.journal == []


@pytest.mark.parametrize(
    ("block", "pointer"),
    [
        ({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}, "/blocks/0/text/text"),
        ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "/blocks/0/text"),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}, "/blocks/0/text/text"),
        ({"type": "section", "text": {"type": "mrkdwn", "text": " "}}, "/blocks/0/text/text"),
        ({"type": "section"}, "/blocks/0"),
        ({"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}, "/blocks/0/fields"),
        ({"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}, "/blocks/0/fields/0/text"),
        ({"type": "context", "elements": []}, "/blocks/0/elements"),
        ({"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}, "/blocks/0/elements"),
        ({"type": "actions", "elements": [{"type": "button"}]}, "/blocks/0/elements/0/text"),
        ({"type": "image", "image_url": "https://x"}, "/blocks/0/alt_text"),
        ({"type": "carousel_of_wonders"}, "/blocks/0/type"),
        ({"type": "divider", "block_id": "x" * 256}, "/blocks/0/block_id"),
    ],
)
def test_block_limits_are_told_with_a_pointer(talk: Talk, block: dict[str, object], pointer: str) -> None:
    refused = talk.call("chat.postMessage", channel="C0123456789", blocks=[block])
    assert refused["error"] == "invalid_blocks"
    assert any(f"[json-pointer:{pointer}]" in message for message in refused["response_metadata"]["messages"])


def test_a_post_to_a_user_goes_to_their_direct_message(talk: Talk) -> None:
    user = talk.call("users.lookupByEmail", email="Ada@Example.EDU")["user"]["id"]
    opened = talk.call("conversations.open", users=user)["channel"]["id"]
    assert talk.call("chat.postMessage", channel=user, text="hi")["channel"] == opened
    assert talk.fake.journal[0].destination == opened


def test_times_are_unique_and_grow(talk: Talk) -> None:
    talk.fake.limited = False
    stamps = [talk.call("chat.postMessage", **POST)["ts"] for _ in range(50)]
    assert len(set(stamps)) == 50
    assert stamps == sorted(stamps)


def test_a_very_long_text_is_cut_with_a_warning(talk: Talk) -> None:
    posted = talk.call("chat.postMessage", channel="C0123456789", text="x" * 40_001)
    assert posted["warning"] == "message_truncated"
    assert len(posted["message"]["text"]) == 40_000


def test_updates_and_deletions(talk: Talk) -> None:
    metadata = {"event_type": "x", "event_payload": {"delivery_id": "d", "correlation_id": "c"}}
    ts = talk.call("chat.postMessage", **POST, metadata=metadata)["ts"]
    where = {"channel": "C0123456789", "ts": ts}
    assert talk.call("chat.update", **where, text="ho")["text"] == "ho"
    history = talk.call("conversations.history", channel="C0123456789", include_all_metadata=True)
    assert history["messages"][0]["metadata"] == metadata, "left out it stays"
    talk.call("chat.update", **where, text="ho", metadata={})
    history = talk.call("conversations.history", channel="C0123456789", include_all_metadata=True)
    assert "metadata" not in history["messages"][0], "empty it goes"
    assert talk.call("chat.delete", **where)["ok"] is True
    assert talk.call("chat.delete", **where)["error"] == "message_not_found"
    assert [effect.operation for effect in talk.fake.journal] == [
        "chat.postMessage",
        "chat.update",
        "chat.update",
        "chat.delete",
    ]


def test_an_update_is_refused_without_a_text_or_with_too_much_of_it(talk: Talk) -> None:
    where = {"channel": "C0123456789", "ts": talk.call("chat.postMessage", **POST)["ts"]}
    assert talk.call("chat.update", **where)["error"] == "no_text"
    assert talk.call("chat.update", **where, text="x" * 4_001)["error"] == "msg_too_long"
    assert talk.call("chat.update", **(where | {"ts": "1.000000"}), text="x")["error"] == "message_not_found"
    assert len(talk.fake.journal) == 1


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────


def test_history_is_newest_first_and_paged(talk: Talk) -> None:
    talk.fake.limited = False
    stamps = [talk.call("chat.postMessage", **POST)["ts"] for _ in range(25)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = talk.call("conversations.history", channel="C0123456789", limit=10, cursor=cursor)
        seen += [message["ts"] for message in page["messages"]]
        cursor = page["response_metadata"]["next_cursor"]
        assert page["has_more"] is bool(cursor)
        if not cursor:
            break
        assert cursor.endswith("=")
    assert seen == stamps[::-1]
    between = {"channel": "C0123456789", "oldest": stamps[3], "latest": stamps[6]}
    assert len(talk.call("conversations.history", **between)["messages"]) == 2
    assert len(talk.call("conversations.history", **between, inclusive=True)["messages"]) == 4


def test_threads_are_read_apart(talk: Talk) -> None:
    root = talk.call("chat.postMessage", **POST)["ts"]
    talk.now_s += 2
    reply = talk.call("chat.postMessage", **POST, thread_ts=root)["ts"]
    history = talk.call("conversations.history", channel="C0123456789")
    replies = talk.call("conversations.replies", channel="C0123456789", ts=root)
    assert [message["ts"] for message in history["messages"]] == [root]
    assert [message["ts"] for message in replies["messages"]] == [root, reply]
    assert talk.call("conversations.replies", channel="C0123456789", ts="1.0")["error"] == "thread_not_found"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"cursor": "bm9uc2Vuc2U="}, "invalid_cursor"),
        ({"limit": 1000}, "invalid_limit"),
        ({"limit": "many"}, "invalid_limit"),
        ({"oldest": "yesterday"}, "invalid_ts_oldest"),
        ({"latest": "now"}, "invalid_ts_latest"),
        ({"channel": "C0404040404"}, "channel_not_found"),
    ],
)
def test_bad_questions_about_history(talk: Talk, fields: dict[str, object], error: str) -> None:
    assert talk.call("conversations.history", **({"channel": "C0123456789"} | fields))["error"] == error


@pytest.mark.parametrize("email", ["nobody@example.edu", "ada@example.com", "ada", ""])
def test_strangers(talk: Talk, email: str) -> None:
    assert talk.call("users.lookupByEmail", email=email)["ok"] is False


# ── anything whatever ────────────────────────────────────────────────────────────────────────────────

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.just("C0123456789"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "fields", "elements", "block_id", "options"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)
NAMES = st.sampled_from(
    [
        "channel",
        "text",
        "blocks",
        "metadata",
        "attachments",
        "ts",
        "thread_ts",
        "users",
        "email",
        "cursor",
        "limit",
        "oldest",
    ]
)
METHOD_NAMES = st.sampled_from(
    ["chat.postMessage", "chat.update", "conversations.history", "conversations.open", "users.lookupByEmail", "x"]
)


@settings(deadline=None)
@given(METHOD_NAMES, st.dictionaries(NAMES, VALUES), st.booleans())
def test_nothing_makes_the_fake_fall(method: str, body: dict[str, object], ticking: bool) -> None:
    fake = FakeSlack()
    fake.limited = ticking
    answer = fake.handle(call(method, **body), NOW_S)
    assert isinstance(msgspec.json.decode(answer.response.body)["ok"], bool)


@settings(deadline=None)
@given(
    st.text(max_size=30),
    st.binary(max_size=60),
    st.sampled_from(["", "application/json", "application/x-www-form-urlencoded"]),
)
def test_no_request_makes_the_fake_fall(path: str, body: bytes, kind: str) -> None:
    fake = FakeSlack()
    headers = {"content-type": kind, "authorization": "Bearer xoxb-sandbox"}
    request = Request(method="POST", url=f"/slack/api/{path}", operation="", headers=headers, body=body)
    assert fake.handle(request, NOW_S).response.status == 200
    fake.fault(Fault(kind="truncated_after_commit"))
    fake.handle(request, NOW_S)
