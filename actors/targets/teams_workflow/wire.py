"""What Power Automate's answers mean. No I/O.

202 is the usual success: the request was queued, no more. Errors come as ``{"error": {"code": …, "message": …}}``;
codes that begin with ``Workflow`` speak of the flow, whatever their status.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from actors.domain.answers import one_line, understood
from actors.domain.answers import retry_after as retry_after_of
from actors.domain.flow import Outcome, Response, decode_object
from actors.domain.veiling import veiled
from actors.domain.verdicts import Cause, Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable

Failure = Throttled | Unavailable | Faulted | Refused | Revoked | Doubtful

QUEUED = 202
ID_CHARS_MAX = 100
RUN = "x-ms-workflow-run-id"
OFF = "the flow is switched off or gone, as it is when its owner left"


class Taken(msgspec.Struct, frozen=True):
    """2xx. ``run``: the id of the run, by which it is found in the flow's history."""

    status: int
    run: str


def understand(outcome: Outcome, hidden: Sequence[str] = ()) -> Taken | Failure:
    """What came of one request, whatever it was. ``hidden``: what must not be repeated, should the answer say it."""
    return understood(outcome, lambda response: _understand(response, hidden))


def _understand(response: Response, hidden: Sequence[str]) -> Taken | Failure:
    status, code, detail = response.status, _error(response)[0], _detail(response, hidden)
    retry_after = retry_after_of(response)
    match status:
        case 401 | 403:
            return Revoked(f"{detail}: the flow does not let this url in: copy it anew from the flow's trigger")
        case 429:
            return Throttled(retry_after, detail=f"{detail}: Power Automate asks us to slow down")
        case 503:
            return Unavailable(detail, retry_after)
        case 408:
            return Doubtful(detail)
        case 404 | 405 | 410 | 407 | 501:
            return Unavailable(f"{detail}: {OFF}")
        case 400 | 409 if code.startswith("Workflow"):
            return Unavailable(f"{detail}: {OFF}")
        case 413 | 414 | 431:
            return Refused(Cause.PAYLOAD_REFUSED, f"{detail}: the card is too large")
        case 400 | 415 | 422:
            return Refused(Cause.PAYLOAD_REFUSED, f"{detail}: the flow does not take this card")
        case _ if 200 <= status < 300:
            if response.headers.get("content-type", "").startswith("text/html"):
                return Doubtful(f"{detail} with a page: that is not Power Automate's answer")
            return Taken(status, _run(response))
        case _ if 300 <= status < 400:
            return Unavailable(f"{detail}: redirects are not followed; url leads {_origin(response)}")
        case _ if 400 <= status < 500:
            return Faulted(detail)
        case _:
            return Doubtful(detail)


def _run(response: Response) -> str:
    run = response.headers.get(RUN, "")
    return run[:ID_CHARS_MAX] if run.isprintable() else ""


def _origin(response: Response) -> str:
    """Where a redirect leads, without the path: it may be a secret."""
    try:
        parts = urlsplit(response.headers.get("location", ""))
    except ValueError:
        return "elsewhere"
    return f"to {parts.scheme}://{parts.hostname[:100]}" if parts.scheme and parts.hostname else "elsewhere"


def _error(response: Response) -> tuple[str, str]:
    """Code and message, empty where there are none."""
    error = (decode_object(response.body) or {}).get("error") if response.status >= 400 else None
    if not isinstance(error, dict):
        return "", ""
    code, message = error.get("code"), error.get("message")
    return code if isinstance(code, str) else "", message if isinstance(message, str) else ""


def _detail(response: Response, hidden: Sequence[str]) -> str:
    """The status and what is said to it, on one line and bounded."""
    said = " ".join(part for part in _error(response) if part)
    said = one_line(veiled(said, hidden))
    return f"Power Automate: HTTP {response.status}" + (f", {said}" if said else "")
