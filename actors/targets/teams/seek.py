"""Looking for a post of ours among a channel's recent messages.

What changed since the attempt is what ``delta`` with a filter tells. Where a Graph does not know it (a proxy, an older
cloud), the plain list is read from its newest message back to the attempt.
"""

from collections.abc import Callable
from urllib.parse import quote, urlencode, urlsplit

from actors.domain.flow import Flow
from actors.domain.outbox import Parcel
from actors.domain.speech import moment_of
from actors.domain.verdicts import Absent, Cause, Confirmation, Delivered, Faulted, Refused, Unavailable, Unprobeable
from actors.targets.teams.found import is_ours, posted, rfc3339, unseen
from actors.targets.teams.marks import mark_of, messages_path
from actors.targets.teams.wire import NOT_GRAPH, Answered, Failure, harmless

PAGE_ROWS = 50
PAGES_MAX = 40
_NO_DELTA = frozenset({Cause.PAYLOAD_REFUSED, Cause.DESTINATION_GONE, Cause.BAD_CONFIGURATION})

Read = Callable[[str, str], Flow[Answered | Failure]]
"""One request: ``read(path, operation)``."""


def seek(parcel: Parcel, since_us: int, read: Read) -> Flow[Confirmation]:
    """Whether the channel has the parcel's post, made at or after ``since_us`` by Graph's clock."""
    path = messages_path(parcel.address)
    changed = f"lastModifiedDateTime gt {rfc3339(since_us)}"
    query = urlencode({"$top": str(PAGE_ROWS), "$filter": changed}, quote_via=quote)
    first = yield from read(f"{path}/delta?{query}", "channelMessages.delta")
    if _unknown(first):
        first = yield from read(f"{path}?$top={PAGE_ROWS}", "channelMessages.list")
        return (yield from _leaf(parcel, path, "channelMessages.list", first, since_us, read))
    return (yield from _leaf(parcel, f"{path}/delta", "channelMessages.delta", first, None, read))


def _unknown(answer: Answered | Failure) -> bool:
    """Whether it was the question that was not understood: then another one may be."""
    match answer:
        case Faulted():
            return True
        case Refused(cause=cause):
            return cause in _NO_DELTA
        case Unavailable(detail=detail):
            return detail.endswith(NOT_GRAPH)
        case _:
            return False


def _leaf(
    parcel: Parcel, path: str, operation: str, page: Answered | Failure, since_us: int | None, read: Read
) -> Flow[Confirmation]:
    """Page by page; a list that runs from new to old (``since_us`` given) ends where the attempt was made."""
    mark = mark_of(parcel.delivery_id)
    for number in range(1, PAGES_MAX + 1):
        if not isinstance(page, Answered):
            return unseen(harmless(page))
        messages = page.objects()
        if messages is None:
            return Unprobeable("Graph: a page without messages")
        if found := _ours(messages, parcel.address, mark, page.request_ids):
            return found
        query = urlsplit(page.text("@odata.nextLink")).query  # never its host: our token goes nowhere else
        if not query or (since_us is not None and _reaches(messages, since_us)):
            return Absent()
        if number < PAGES_MAX:
            page = yield from read(f"{path}?{query}", operation)
    return Unprobeable(f"not among the {PAGES_MAX} pages of posts since the attempt, and there are more")


def _ours(messages: list[dict[str, object]], address: str, mark: str, request_ids: dict[str, str]) -> Delivered | None:
    for each in messages:
        if is_ours(each, mark) and (found := posted(each, address, request_ids)) is not None:
            return found
    return None


def _reaches(messages: list[dict[str, object]], since_us: int) -> bool:
    """Whether a page of the list goes back beyond that time."""
    times = [moment_of(each.get("lastModifiedDateTime") or each.get("createdDateTime")) for each in messages]
    return any(at is not None and at.timestamp() * 1e6 < since_us for at in times)
