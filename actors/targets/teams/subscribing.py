"""Subscriptions at Graph: made with an address that only Graph learns, renewed by a later end, taken away.

Graph calls that address with a token before it answers the request that makes a subscription (``hearing``). One of a
team's channels needs an address for news of its own life as well: it is the same.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from actors.domain.flow import Flow
from actors.domain.tidings import Failure, Subscribed, Subscribing, Unwatched, Watch
from actors.domain.verdicts import Cause, Faulted, Refused
from actors.targets.teams.settings import TEAM_ID
from actors.targets.teams.wire import Answered, harmless
from actors.targets.teams.wire import Failure as Failed

USERS = "users"
TEAMS_MAX = 20
"""Teams whose channels are subscribed to; the others' are asked about."""
ID_CHARS_MAX = 100

Call = Callable[[str, str, bytes], Flow[Answered | Failed]]
"""(method, path below graph_url, body) -> what came of it."""


def resources_of(places: tuple[str, ...]) -> tuple[str, ...]:
    """People, and the channels of the teams that are posted to."""
    teams = dict.fromkeys(place.partition("/")[0] for place in places)
    return (USERS, *(f"teams/{team}/channels" for team in list(teams)[:TEAMS_MAX] if TEAM_ID.fullmatch(team)))


def subscribe(call: Call, wanted: Subscribing) -> Flow[Subscribed | Failure]:
    changes = "updated,deleted" if wanted.resource == USERS else "created,updated,deleted"
    body = {
        "changeType": changes,
        "notificationUrl": wanted.url,
        "lifecycleNotificationUrl": wanted.url,
        "resource": wanted.resource,
        "expirationDateTime": stamp(wanted.ends_us),
        "clientState": wanted.secret,
    }
    answer = yield from call("POST", "subscriptions", msgspec.json.encode(body))
    return _subscribed(answer) if isinstance(answer, Answered) else harmless(answer)


def renew(call: Call, watch: Watch, ends_us: int) -> Flow[Subscribed | Unwatched | Failure]:
    body = msgspec.json.encode({"expirationDateTime": stamp(ends_us)})
    answer = yield from call("PATCH", f"subscriptions/{watch.id}", body)
    if isinstance(answer, Answered):
        return _subscribed(answer)
    return Unwatched() if _gone(failure := harmless(answer)) else failure


def unsubscribe(call: Call, watch: Watch) -> Flow[Unwatched | Failure]:
    answer = yield from call("DELETE", f"subscriptions/{watch.id}", b"")
    if isinstance(answer, Answered):
        return Unwatched()
    return Unwatched() if _gone(failure := harmless(answer)) else failure


def stamp(us: int) -> str:
    return datetime.fromtimestamp(us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _gone(failure: Failure) -> bool:
    return isinstance(failure, Refused) and failure.cause is Cause.DESTINATION_GONE


def _subscribed(answer: Answered) -> Subscribed | Faulted:
    given = answer.text("id")
    if not TEAM_ID.fullmatch(given):  # a GUID, as all of Graph's
        return Faulted("Microsoft Graph: a subscription without an id")
    try:
        ends = datetime.fromisoformat(answer.text("expirationDateTime")[:40])
    except ValueError:
        return Faulted("Microsoft Graph: a subscription without an end")
    ends = ends if ends.tzinfo is not None else ends.replace(tzinfo=UTC)
    return Subscribed(id=given, ends_us=round(ends.timestamp() * 1e6))
