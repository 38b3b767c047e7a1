"""The Web API methods of the fake. Each takes the workspace, the arguments and the time; what it returns is the
answer beside ``ok: true``; what it refuses it raises."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable

import msgspec

from actors.targets.slack.fake import grouping, inviting, looking
from actors.targets.slack.fake.arguments import Arguments, Refusal
from actors.targets.slack.fake.blocks import problems
from actors.targets.slack.fake.workspace import APP, BOT, BOT_USER, TEAM, Channel, Post, Workspace, ts_text, ts_us

Fields = dict[str, object]
Method = Callable[[Workspace, Arguments, float], Fields]

TEXT_KEPT_MAX = 40_000
UPDATE_TEXT_MAX = 4_000
MARKDOWN_MAX = 12_000
ATTACHMENTS_MAX = 100
METADATA_BYTES_MAX = 16_384
ROWS_DEFAULT = 100
ROWS_MAX = 999


def auth_test(space: Workspace, given: Arguments, now_s: float) -> Fields:
    return {
        "url": "https://sandbox.slack.example/",
        "team": "Sandbox",
        "user": "lmsyncd",
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT,
        "is_enterprise_install": False,
    }


def chat_post_message(space: Workspace, given: Arguments, now_s: float) -> Fields:
    name, channel = space.channel(given.required("channel"))
    space.check_open(name)
    warning, content = _content(given)
    if not content:
        raise Refusal("no_text")
    metadata = _metadata(given)
    thread_us = _thread(channel, given)
    if not space.has_room():
        raise Refusal("service_unavailable")
    stamp_us = space.next_us(now_s)
    message: Fields = {
        "type": "message",
        "user": BOT_USER,
        "bot_id": BOT,
        "app_id": APP,
        "team": TEAM,
        "ts": ts_text(stamp_us),
        "text": "",
        **content,
    }
    if metadata:
        message["metadata"] = metadata
    if thread_us:
        message["thread_ts"] = ts_text(thread_us)
    post = Post(stamp_us, msgspec.json.encode(message), *_ids(metadata), thread_us, given.text("client_msg_id"))
    space.add(name, post)
    space.record("chat.postMessage", name, post, now_s)
    return {"channel": name, "ts": message["ts"], "message": msgspec.Raw(post.body), **warning}


def chat_update(space: Workspace, given: Arguments, now_s: float) -> Fields:
    name, _, post = _existing(space, given)
    space.check_open(name, "is_inactive")
    if len(given.text("text")) > UPDATE_TEXT_MAX:
        raise Refusal("msg_too_long")
    warning, content = _content(given)
    if not content:
        raise Refusal("no_text")
    message = msgspec.json.decode(post.body) | content | {"edited": {"user": BOT_USER, "ts": ts_text(int(now_s * 1e6))}}
    if given.given.get("metadata") is not None:  # left out it stays, empty it goes
        metadata = _metadata(given)
        message.pop("metadata", None)
        if metadata:
            message["metadata"] = metadata
        post.delivery_id, post.correlation_id = _ids(metadata)
    post.body = msgspec.json.encode(message)
    space.record("chat.update", name, post, now_s)
    shown = message.get("text", "")
    return {"channel": name, "ts": ts_text(post.ts_us), "text": shown, "message": message, **warning}


def chat_delete(space: Workspace, given: Arguments, now_s: float) -> Fields:
    name, channel, post = _existing(space, given)
    space.check_open(name)
    channel.remove(post.ts_us)
    space.record("chat.delete", name, post, now_s)
    return {"channel": name, "ts": ts_text(post.ts_us)}


def conversations_history(space: Workspace, given: Arguments, now_s: float) -> Fields:
    _, channel = space.channel(given.required("channel"), reading=True)
    times = [us for us in _window(channel, given) if channel.posts[us].thread_us in (0, us)]
    return _page(channel, times[::-1], given)


def conversations_replies(space: Workspace, given: Arguments, now_s: float) -> Fields:
    _, channel = space.channel(given.required("channel"), reading=True)
    root_us = ts_us(given.required("ts"), "thread_not_found")
    if root_us not in channel.posts:
        raise Refusal("thread_not_found")
    times = [us for us in _window(channel, given) if us == root_us or channel.posts[us].thread_us == root_us]
    return _page(channel, times, given)


METHODS: dict[str, Method] = {
    "auth.test": auth_test,
    "users.lookupByEmail": looking.users_lookup_by_email,
    "users.info": looking.users_info,
    "users.list": looking.users_list,
    "conversations.open": looking.conversations_open,
    "conversations.info": looking.conversations_info,
    "conversations.list": inviting.conversations_list,
    "conversations.members": inviting.conversations_members,
    "conversations.create": inviting.conversations_create,
    "conversations.setTopic": inviting.conversations_set_topic,
    "conversations.invite": inviting.conversations_invite,
    "conversations.kick": inviting.conversations_kick,
    "usergroups.list": grouping.usergroups_list,
    "usergroups.users.list": grouping.usergroups_users_list,
    "usergroups.create": grouping.usergroups_create,
    "usergroups.users.update": grouping.usergroups_users_update,
    "usergroups.enable": grouping.usergroups_enable,
    "usergroups.disable": grouping.usergroups_disable,
    "conversations.history": conversations_history,
    "conversations.replies": conversations_replies,
    "chat.postMessage": chat_post_message,
    "chat.update": chat_update,
    "chat.delete": chat_delete,
}


def _content(given: Arguments) -> tuple[Fields, Fields]:
    """A warning, if any, and what the post says."""
    text = given.text("text")
    blocks = given.nested("blocks", "invalid_blocks_format")
    attachments = given.nested("attachments", "invalid_arguments")
    markdown = given.text("markdown_text")
    if markdown and (text or blocks):
        raise Refusal("markdown_text_conflict")
    if len(markdown) > MARKDOWN_MAX:
        raise Refusal("msg_too_long")
    if blocks is not None and (wrong := problems(blocks)):
        raise Refusal("invalid_blocks", errors=wrong, response_metadata={"messages": wrong})
    if isinstance(attachments, list) and len(attachments) > ATTACHMENTS_MAX:
        raise Refusal("too_many_attachments")
    said = {"text": (text or markdown)[:TEXT_KEPT_MAX], "blocks": blocks, "attachments": attachments}
    warning: Fields = {"warning": "message_truncated"} if len(text) > TEXT_KEPT_MAX else {}
    return warning, {name: value for name, value in said.items() if value}


def _metadata(given: Arguments) -> Fields:
    metadata = given.nested("metadata", "invalid_metadata_format")
    if not metadata:
        return {}
    if not isinstance(metadata, dict):
        raise Refusal("invalid_metadata_format")
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not kind or not isinstance(payload, dict):
        raise Refusal("invalid_metadata_format")
    if not all(isinstance(value, str | int | float) for value in payload.values()):
        raise Refusal("invalid_metadata_schema")
    if sum(len(name) + len(str(value)) for name, value in payload.items()) > METADATA_BYTES_MAX:
        raise Refusal("metadata_too_large")
    return {"event_type": kind, "event_payload": payload}


def _ids(metadata: Fields) -> tuple[str, str]:
    payload = metadata.get("event_payload")
    if not isinstance(payload, dict):
        return "", ""
    return str(payload.get("delivery_id", "")), str(payload.get("correlation_id", ""))


def _thread(channel: Channel, given: Arguments) -> int:
    thread = given.text("thread_ts")
    if not thread:
        return 0
    thread_us = ts_us(thread, "invalid_arguments")
    if thread_us not in channel.posts:
        raise Refusal("cannot_reply_to_message")
    return channel.posts[thread_us].thread_us or thread_us


def _existing(space: Workspace, given: Arguments) -> tuple[str, Channel, Post]:
    name, channel = space.channel(given.required("channel"), reading=True)
    post = channel.posts.get(ts_us(given.required("ts"), "message_not_found"))
    if post is None:
        raise Refusal("message_not_found")
    return name, channel, post


def _window(channel: Channel, given: Arguments) -> list[int]:
    oldest_us = ts_us(given.text("oldest") or "0", "invalid_ts_oldest")
    latest_us = ts_us(given.text("latest") or "9999999999", "invalid_ts_latest")
    return channel.between(oldest_us, latest_us, given.flag("inclusive"))


def _page(channel: Channel, times: list[int], given: Arguments) -> Fields:
    rows = given.whole("limit", ROWS_DEFAULT, "invalid_limit")
    if not 1 <= rows <= ROWS_MAX:
        raise Refusal("invalid_limit")
    start = 0
    if cursor := given.text("cursor"):
        after_us = _cursor_us(cursor)
        start = next((index for index, us in enumerate(times) if us == after_us), len(times))
    shown = times[start : start + rows]
    more = times[start + rows : start + rows + 1]
    whole = given.flag("include_all_metadata")
    answer: Fields = {
        "messages": [_shown(channel.posts[us], whole) for us in shown],
        "has_more": bool(more),
        "pin_count": 0,
    }
    return answer | {"response_metadata": {"next_cursor": _cursor(more[0]) if more else ""}}


def _shown(post: Post, whole: bool) -> object:
    if whole or b'"event_payload"' not in post.body:
        return msgspec.Raw(post.body)
    message = msgspec.json.decode(post.body)
    message["metadata"] = {"event_type": message["metadata"]["event_type"]}
    return message


def _cursor(us: int) -> str:
    return b64encode(f"next_ts:{us:017d}".encode()).decode()


def _cursor_us(cursor: str) -> int:
    try:
        name, _, us = b64decode(cursor, validate=True).partition(b":")
        if name == b"next_ts":
            return int(us)
    except (Base64Error, ValueError):
        pass
    raise Refusal("invalid_cursor")
