"""Where a target's vendor posts what happened: ``/t/{tenant}/events/{target}``.

The request goes to the target's listener as it came, and is answered once what it tells is on disk, within the three
seconds that vendors give us: 2xx means that nobody needs to send it again. Whether it is genuine is the connector's to
say; whoever is refused learns no more than a status. An address without a target and one of a target that hears
nothing look alike.
"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from actors.kernel import Address
from actors.messages import ListenerMessage
from daemon.gateway.heard import headers_of, heard
from daemon.gateway.problems import Problem

ANSWER_S_MAX = 2.5
NOT_NOW_S = 10
BODY_BYTES_MAX = 1024 * 1024
"""Vendors stay far below: what one person clicked or a handful of notifications."""
NO_RETRY = "x-slack-no-retry"
Listeners = Callable[[str, str], "Address[ListenerMessage] | None"]
"""By tenant and target."""


class EventResource:
    """``/t/{tenant}/events/{target}``."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners

    async def post(self, request: Request) -> Response:
        tenant, target = request.path_params["tenant"], request.path_params["target"]
        answer = await heard(
            request,
            self._listeners(tenant, target),
            body_bytes_max=BODY_BYTES_MAX,
            answer_s_max=ANSWER_S_MAX,
            not_now_s=NOT_NOW_S,
            tenant=tenant,
            target=target,
        )
        if answer.status < 300:
            return PlainTextResponse(answer.text, status_code=answer.status, headers=_SAFE)
        headers = headers_of(answer)
        if not answer.again:
            headers[NO_RETRY] = "1"
        raise Problem(answer.status, answer.detail, reason="events", headers=headers, noted=True)


_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
}
"""A challenge is answered with what it said: no browser is to make anything of it."""
