"""Where a target's vendor posts what happened: ``/t/{tenant}/events/{target}``.

The request goes to the target's listener as it came, and is answered once what it tells is on disk, within the three
seconds that vendors give us: 2xx means that nobody needs to send it again. Whether it is genuine is the connector's to
say; whoever is refused learns no more than a status. An address without a target and one of a target that hears
nothing look alike.
"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from actors.domain.harvest import Inbound
from actors.kernel import ActorDied, Address, DeadlineExceeded
from actors.messages import Hear, HookAnswer, ListenerMessage
from daemon.gateway.bodies import bounded_body
from daemon.gateway.limits import facts
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
        listener = self._listeners(tenant, target)
        if listener is None:
            raise Problem(404, "there is nothing at this address")
        known = facts(request.scope)
        known.span.set(tenant=tenant, target=target)
        body = await bounded_body(request, BODY_BYTES_MAX)
        inbound = Inbound(
            headers={name.lower(): value for name, value in request.headers.items()},
            query=request.url.query,
            body=body,
        )

        def question(reply: Callable[[HookAnswer], None]) -> ListenerMessage:
            return Hear(inbound, known.correlation_id, known.span.traceparent, reply)

        try:
            answer: HookAnswer = await listener.ask(question, deadline_s=ANSWER_S_MAX)
        except (ActorDied, DeadlineExceeded):
            answer = HookAnswer(503, "it could not be taken in time; send it again", NOT_NOW_S)
        if answer.status < 300:
            return PlainTextResponse(answer.text, status_code=answer.status, headers=_SAFE)
        headers = {} if answer.retry_after_s is None else {"Retry-After": str(answer.retry_after_s)}
        if not answer.again:
            headers[NO_RETRY] = "1"
        raise Problem(answer.status, answer.detail, reason="events", headers=headers, noted=True)


_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
}
"""A challenge is answered with what it said: no browser is to make anything of it."""
