"""How a refusal looks: problem details (RFC 9457), in the xAPI paths too."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from actors.domain.xapi.faults import Refusal
from actors.ports import StoreUnavailable

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """Raised where a request cannot be answered otherwise; the frame turns it into the answer. ``reason`` is one
    word for the counters, and for the audit where it is a 401 or 403; ``noted``: it stands there already."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        reason: str = "",
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
        noted: bool = False,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.reason = reason
        self.headers = dict(headers or {})
        self.members = dict(members or {})
        self.noted = noted

    def response(self) -> Response:
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }
        return Response(
            msgspec.json.encode(body), status_code=self.status, headers=self.headers, media_type=CONTENT_TYPE
        )


def refused(refusal: Refusal) -> Problem:
    """The sender's batch as a whole, with the statement's index and every broken rule that was found."""
    errors: Sequence[dict[str, object]] = [
        {
            **({} if refusal.index is None else {"index": refusal.index}),
            "property": fault.path,
            "rule": fault.rule,
        }
        for fault in refusal.faults
    ]
    return Problem(400, str(refusal), reason="invalid", members={"errors": errors})


def unavailable(error: StoreUnavailable) -> Problem:
    """The store's trouble, and when to come again."""
    retry = {"Retry-After": str(error.retry_after_s)}
    return Problem(503, "the store cannot take this now; nothing was written", reason="unavailable", headers=retry)
