"""Where a source's LMS posts what happened: ``/t/{tenant}/hooks/{source}``.

The request goes to the source's harvester as it came, and is answered once what it tells is on disk: 2xx means that
nobody needs to send it again. Whether it is genuine is the connector's to say. What comes twice is known by its
content. Nothing is told about who is configured here: an address without a source and one of a source that hears
nothing look alike.
"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from actors.kernel import Address
from actors.messages import HarvesterMessage
from daemon.gateway.heard import headers_of, heard
from daemon.gateway.problems import Problem

ANSWER_S_MAX = 20.0
NOT_NOW_S = 30
BODY_BYTES_MAX = 4 * 1024 * 1024
"""No delivery of an LMS is longer (Canvas's Live Events, in bulk, are the longest)."""
DOUBTED = "it is not known to be genuine"
"""What a stranger is told, whatever the reason: the audit has that."""
Harvesters = Callable[[str, str], "Address[HarvesterMessage] | None"]
"""By tenant and source."""


class HookResource:
    """``/t/{tenant}/hooks/{source}``."""

    def __init__(self, harvesters: Harvesters) -> None:
        self._harvesters = harvesters

    async def post(self, request: Request) -> Response:
        tenant, source = request.path_params["tenant"], request.path_params["source"]
        answer = await heard(
            request,
            self._harvesters(tenant, source),
            body_bytes_max=BODY_BYTES_MAX,
            answer_s_max=ANSWER_S_MAX,
            not_now_s=NOT_NOW_S,
            tenant=tenant,
            source=source,
        )
        if answer.status < 300:
            return Response(status_code=answer.status)
        told = DOUBTED if answer.status in (401, 403) else answer.detail
        raise Problem(answer.status, told, reason=f"hook: {answer.detail}", headers=headers_of(answer))
