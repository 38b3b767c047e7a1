"""What Graph shows, understood as what was looked for: a post of ours, a person, the reason why neither was seen."""

from datetime import UTC, datetime

from actors.domain.cards import card_mark
from actors.domain.likeness import SAID, print_of
from actors.domain.verdicts import (
    Cause,
    Confirmation,
    Delivered,
    Faulted,
    Match,
    Matched,
    Refused,
    Revoked,
    Throttled,
    Unavailable,
    Unmatched,
    Unprobeable,
    unlooked,
)
from actors.targets.teams.wire import Answered, Harmless


def posted(fields: dict[str, object], address: str, request_ids: dict[str, str]) -> Delivered | None:
    """The receipt of a message as Graph shows it."""
    message_id, web_url = fields.get("id"), fields.get("webUrl")
    if not isinstance(message_id, str) or not message_id:
        return None
    team, _, channel = address.partition("/")
    receipt = {"team": team, "channel": channel, "message_id": message_id}
    receipt |= {SAID: said} if (said := print_of(fields)) else {}
    return Delivered(receipt | ({"web_url": web_url} if isinstance(web_url, str) and web_url else {}) | request_ids)


def is_ours(fields: dict[str, object], mark: str) -> bool:
    """Whether a message carries the mark: as an attachment's id, or inside the card."""
    attachments = fields.get("attachments")
    for each in attachments if isinstance(attachments, list) else []:
        if isinstance(each, dict):
            named, content = each.get("id"), each.get("content")
            if isinstance(named, str) and named.casefold() == mark:
                return True
            if isinstance(content, str) and card_mark(mark) in content:
                return True
    return False


def matched(found: Answered, email: str) -> Match:
    users = found.objects()
    if users is None:
        return Faulted("Graph: a list without users")
    ids = {user["id"] for user in users if isinstance(user.get("id"), str) and user["id"]}
    match sorted(map(str, ids)):
        case []:
            return Unmatched(f"nobody in the directory has the address {email}")
        case [only]:
            return Matched(only, only)
        case _:
            return Unmatched(f"several people in the directory have the address {email}")


def unmatched(failure: Harmless) -> Match:
    if isinstance(failure, Refused) and failure.cause in (Cause.UNMATCHED_LEARNER, Cause.PAYLOAD_REFUSED):
        return Unmatched(failure.detail)
    return failure


def unseen(failure: Harmless) -> Confirmation:
    match failure:
        case Throttled() | Unavailable() | Revoked():
            return failure
        case Refused():
            return unlooked(failure)
        case Faulted(detail=detail):
            return Unprobeable(detail)


def rfc3339(us: int) -> str:
    """A time as OData writes it, to the millisecond."""
    return datetime.fromtimestamp(us // 1000 / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
