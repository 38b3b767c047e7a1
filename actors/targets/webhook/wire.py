"""What a receiver's answers mean. No I/O.

A receiver says all it has to say with the status. Any 2xx is success, whatever stands in the body; and because it knows
a message by its ``webhook-id``, what is in doubt may simply be sent again.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from actors.domain.answers import retry_after as retry_after_of
from actors.domain.answers import said, understood
from actors.domain.flow import Outcome, Response
from actors.domain.verdicts import Cause, Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable

Failure = Throttled | Unavailable | Faulted | Refused | Revoked | Doubtful

ID_CHARS_MAX = 100
REQUEST_IDS = ("x-request-id", "request-id", "x-amzn-requestid", "cf-ray")
"""Headers by which receivers call the request, the first one counts."""


class Taken(msgspec.Struct, frozen=True):
    """2xx."""

    response: Response


def understand(outcome: Outcome, hidden: Sequence[str] = ()) -> Taken | Failure:
    """What came of one request, whatever it was. ``hidden``: what must not be repeated, should the receiver say it."""
    return understood(outcome, lambda response: _understand(response, hidden))


def _understand(response: Response, hidden: Sequence[str]) -> Taken | Failure:
    status, detail = response.status, _detail(response, hidden)
    retry_after = retry_after_of(response)
    match status:
        case 400:
            advice = "it does not take this message, or cannot verify its signature (is the secret the same there?)"
            return Refused(Cause.PAYLOAD_REFUSED, f"{detail}: {advice}")
        case 413 | 414 | 431:
            return Refused(Cause.PAYLOAD_REFUSED, f"{detail}: the message is too large for it")
        case 406 | 411 | 415 | 422:
            return Refused(Cause.PAYLOAD_REFUSED, f"{detail}: it does not take this message")
        case 401 | 403:
            return Revoked(f"{detail}: it does not accept our signature, or the headers it asks for")
        case 410:
            return Revoked(f"{detail}: the receiver wants no more messages (Gone)")
        case 404 | 405 | 407 | 501:
            return Unavailable(f"{detail}: nobody takes messages at this url")
        case 429:
            return Throttled(retry_after, detail=f"{detail}: it asks us to slow down")
        case 425 | 503:
            return Unavailable(detail, retry_after)
        case 408:
            return Doubtful(detail)
        case _ if 200 <= status < 300:
            return Taken(response)
        case _ if 300 <= status < 400:
            where = _origin(response.headers.get("location", ""))
            return Unavailable(f"{detail}: redirects are not followed; url leads {where}")
        case _ if 400 <= status < 500:
            return Faulted(detail)
        case _:
            return Doubtful(detail)


def request_id(response: Response) -> str:
    """How the receiver calls the request; empty where it does not say."""
    found = next((response.headers[name] for name in REQUEST_IDS if response.headers.get(name)), "")
    return found[:ID_CHARS_MAX] if found.isprintable() else ""


def _origin(location: str) -> str:
    """Where a redirect leads, without the path: it may be a secret."""
    try:
        parts = urlsplit(location)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    return f"to {parts.scheme}://{host[:100]}" if host and parts.scheme else "elsewhere"


def _detail(response: Response, hidden: Sequence[str]) -> str:
    """The status and what the receiver says to it."""
    words = said(response, hidden) if response.status >= 400 else ""
    return f"webhook: HTTP {response.status}" + (f", {words}" if words else "")
