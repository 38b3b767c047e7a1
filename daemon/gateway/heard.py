"""What another system posts, taken to the actor that may know it. Whether it is genuine is the connector's to say."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from actors.domain.harvest import Inbound
from actors.kernel import ActorDied, Address, DeadlineExceeded
from actors.messages import Hear, HookAnswer
from daemon.gateway.bodies import bounded_body
from daemon.gateway.limits import facts
from daemon.gateway.problems import Problem


async def heard(
    request: Request,
    ear: "Address[Any] | None",
    *,
    body_bytes_max: int,
    answer_s_max: float,
    not_now_s: int,
    **of: str,
) -> HookAnswer:
    """What the listener or harvester at ``ear`` makes of it, at the latest after ``answer_s_max``; ``of`` says in the
    trace whose it is. Raises Problem where nobody hears here, and where there is too much of it."""
    if ear is None:
        raise Problem(404, "there is nothing at this address")
    known = facts(request.scope)
    known.span.set(**of)
    inbound = Inbound(
        headers={name.lower(): value for name, value in request.headers.items()},
        query=request.url.query,
        body=await bounded_body(request, body_bytes_max),
    )

    def question(reply: Callable[[HookAnswer], None]) -> Hear:
        return Hear(inbound, known.correlation_id, known.span.traceparent, reply)

    try:
        answer: HookAnswer = await ear.ask(question, deadline_s=answer_s_max)
    except (ActorDied, DeadlineExceeded):
        return HookAnswer(503, "it could not be taken in time; send it again", not_now_s)
    return answer


def headers_of(answer: HookAnswer) -> dict[str, str]:
    """Of a refusal."""
    return {} if answer.retry_after_s is None else {"Retry-After": str(answer.retry_after_s)}
