"""Looking for an earlier post: which part of a channel's history is asked for, and what its pages prove.

Slack knows no idempotency key, but shows what a post carries: our delivery id, in its metadata. Where no post of a
window carries it, and nothing can land in that window any more, there is none. So the window is as narrow as is safe:
from a little before the first attempt until nothing can land any more, by Slack's clock, which may differ from ours.

A post that was to be rewritten is looked at first, and then a new one is looked for all the same: where Slack let us
not rewrite it, a new one was posted instead, and either answer may have been lost.
"""

import re
from collections.abc import Callable

import msgspec

from actors.domain.flow import Flow, Request
from actors.domain.likeness import SAID, print_of
from actors.domain.outbox import Parcel
from actors.domain.verdicts import (
    Absent,
    Confirmation,
    Delivered,
    Faulted,
    Refused,
    Revoked,
    Throttled,
    Unavailable,
    Unprobeable,
    unlooked,
)
from actors.targets.slack.wire import Answered, Harmless, harmless, told, understand

EVENT_TYPE = "lmsyncd_delivery"

SKEW_US = 60_000_000
"""How far Slack's clock may be from ours."""
PAGE_ROWS = 200
PAGES_MAX = 25
SCARCE_ROWS = 15
"""Apps that are distributed commercially outside of the Marketplace get this many rows a call, one call a minute."""
SCARCE_PAGES_MAX = 6
"""So many minutes may a look take. A channel that takes more posts than that around an attempt is busier than the one
a second that Slack lets us post."""

Ask = Callable[[str, dict[str, str]], Request]
_TS = re.compile(r"\d{1,12}\.\d{6}", re.ASCII)


class Post(msgspec.Struct, frozen=True):
    """A post as Slack names it: only both together name one."""

    channel: str
    ts: str


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a channel's history. Times are microseconds since the epoch; ``latest_us`` None: up to now."""

    channel: str
    oldest_us: int
    latest_us: int | None
    rows: int = PAGE_ROWS
    pages_max: int = PAGES_MAX


def earlier_post(parcel: Parcel) -> Post | None:
    """The post that should be rewritten. A receipt that names none is no reason to say nothing: a new one is posted."""
    receipt = parcel.revises or {}
    channel, ts = receipt.get("channel", ""), receipt.get("ts", "")
    return Post(channel, ts) if channel and _TS.fullmatch(ts) else None


def window_of(parcel: Parcel, sent_us: int, late_landing_s: float, *, limited: bool) -> Window:
    """Where a post of this delivery must be if it is anywhere."""
    until_us = None if parcel.doubt_us is None else parcel.doubt_us + round(late_landing_s * 1e6) + SKEW_US
    window = Window(channel=parcel.address, oldest_us=sent_us - SKEW_US, latest_us=until_us)
    return msgspec.structs.replace(window, rows=SCARCE_ROWS, pages_max=SCARCE_PAGES_MAX) if limited else window


def search(ask: Ask, window: Window, delivery_id: str) -> Flow[Confirmation]:
    """Read the window to its end, newest first, for a post with our delivery id."""
    question = {
        "channel": window.channel,
        "oldest": ts_of(window.oldest_us),
        "inclusive": "true",
        "include_all_metadata": "true",
        "limit": str(window.rows),
    }
    if window.latest_us is not None:
        question["latest"] = ts_of(window.latest_us)
    scarce = False
    for _ in range(window.pages_max):
        answer = understand((yield ask("conversations.history", question)))
        if not isinstance(answer, Answered):
            return _unseen(harmless(answer), scarce)
        messages = answer.fields.get("messages")
        if not isinstance(messages, list):
            return Unprobeable("Slack: a history without messages")
        for message in messages:
            if isinstance(message, dict) and _is_ours(message, delivery_id):
                return Delivered(receipt_of(Post(window.channel, message["ts"]), answer.request_id, message))
        cursor = answer.text("next_cursor", within="response_metadata")
        if not cursor:
            more = answer.fields.get("has_more") is True
            return Unprobeable("Slack: the history is cut off") if more else Absent()
        scarce = window.rows > SCARCE_ROWS >= len(messages)
        question["cursor"] = cursor
    pages = f"the {window.pages_max} pages of {window.rows} posts"
    return Unprobeable(f"not among {pages} around the attempt, and there are more")


def look_at(ask: Ask, post: Post, delivery_id: str, *, moved: bool) -> Flow[Confirmation | None]:
    """Whether the post says what this delivery says; None: it does not, or is gone. ``moved``: posts go elsewhere by
    now, so that its channel may be gone with it."""
    question = {
        "channel": post.channel,
        "oldest": post.ts,
        "latest": post.ts,
        "inclusive": "true",
        "include_all_metadata": "true",
        "limit": "1",
    }
    outcome = yield ask("conversations.history", question)
    answer = understand(outcome)
    if not isinstance(answer, Answered):
        return None if moved and told(outcome) == "channel_not_found" else _unseen(harmless(answer), scarce=False)
    messages = answer.fields.get("messages")
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict) and message.get("ts") == post.ts and _is_ours(message, delivery_id):
            return Delivered(receipt_of(post, answer.request_id, message, updated=True))
    return None


def receipt_of(post: Post, request_id: str, message: object, *, updated: bool = False) -> dict[str, str]:
    """The proof of a post, ``message`` as Slack shows it. ``updated``: it was there before, and says something else
    now."""
    receipt = {"channel": post.channel, "ts": post.ts} | ({"updated": "1"} if updated else {})
    receipt |= {SAID: said} if (said := print_of(message)) else {}
    return receipt | {"request_id": request_id} if request_id else receipt


def ts_of(us: int) -> str:
    """Slack's notation of a time: seconds and six digits."""
    us = max(us, 0)
    return f"{us // 1_000_000}.{us % 1_000_000:06d}"


def _is_ours(message: dict[str, object], delivery_id: str) -> bool:
    metadata = message.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    if not isinstance(payload, dict) or not isinstance(metadata, dict):
        return False
    named = metadata.get("event_type") == EVENT_TYPE and payload.get("delivery_id") == delivery_id
    return named and isinstance(message.get("ts"), str)


def _unseen(failure: Harmless, scarce: bool) -> Confirmation:
    """A history we could not read (to the end). ``scarce``: the pages are so short that Slack must ration us,
    and starting over when it lets us would bring the same first page."""
    match failure:
        case Throttled() if scarce:
            return Unprobeable('Slack rations this app\'s history to a few posts a minute: set history = "limited"')
        case Throttled() | Unavailable() | Revoked():
            return failure
        case Refused():
            return unlooked(failure)
        case Faulted(detail=detail):
            return Unprobeable(detail)
