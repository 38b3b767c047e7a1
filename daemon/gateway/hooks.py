"""Where a source's LMS posts what happened: ``/t/{tenant}/hooks/{source}``.

The request goes to the source's harvester as it came, and is answered once what it tells is on disk: 2xx means that
nobody needs to send it again. Whether it is genuine is the connector's to say. What comes twice is known by its
content. Nothing is told about who is configured here: an address without a source and one of a source that hears
nothing look alike.
"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from actors.domain.harvest import Inbound
from actors.kernel import ActorDied, Address, DeadlineExceeded
from actors.messages import HarvesterMessage, Hear, HookAnswer
from daemon.gateway.bodies import bounded_body
from daemon.gateway.limits import facts
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
        harvester = self._harvesters(tenant, source)
        if harvester is None:
            raise Problem(404, "there is nothing at this address")
        known = facts(request.scope)
        known.span.set(tenant=tenant, source=source)
        inbound = Inbound(
            headers={name.lower(): value for name, value in request.headers.items()},
            query=request.url.query,
            body=await bounded_body(request, BODY_BYTES_MAX),
        )

        def question(reply: Callable[[HookAnswer], None]) -> HarvesterMessage:
            return Hear(inbound, known.correlation_id, known.span.traceparent, reply)

        try:
            answer: HookAnswer = await harvester.ask(question, deadline_s=ANSWER_S_MAX)
        except (ActorDied, DeadlineExceeded):
            answer = HookAnswer(503, "it could not be taken in time; send it again", NOT_NOW_S)
        if answer.status < 300:
            return Response(status_code=answer.status)
        headers = {} if answer.retry_after_s is None else {"Retry-After": str(answer.retry_after_s)}
        told = DOUBTED if answer.status in (401, 403) else answer.detail
        raise Problem(answer.status, told, reason=f"hook: {answer.detail}", headers=headers)
