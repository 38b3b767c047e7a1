"""Drives a connector's conversation over HTTP: the one place where a flow meets the network."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import trio

from actors.domain.flow import Flow, Outcome, Request
from actors.ports import Http

T = TypeVar("T")

REQUESTS_MAX = 60
"""Enough for a probe of a busy channel, page by page; a flow that wants more does not end by itself."""


class ConversationTooLong(Exception):
    """A flow wanted more requests than one conversation may have. The one too many was not sent."""

    def __init__(self, operation: str, requests_max: int) -> None:
        super().__init__(f"more than {requests_max} requests in one conversation; the next was to be {operation}")
        self.operation = operation
        self.requests_max = requests_max


async def converse(
    flow: Flow[T],
    http: Http,
    *,
    before: Callable[[Request], Awaitable[object]] | None = None,
    after: Callable[[Request, Outcome, float], object] | None = None,
    requests_max: int = REQUESTS_MAX,
) -> T:
    """Send what the flow yields, send it the outcomes, return what it concludes.

    ``before`` is awaited ahead of each request (it may wait for a rate limit, or raise to give up); ``after`` hears of
    each outcome and the seconds it took. The flow is closed in every case, cancellation included.
    """
    sent = 0
    step: Callable[[], Request] = partial(next, flow)
    try:
        while True:
            try:
                request = step()
            except StopIteration as conclusion:
                result: T = conclusion.value
                return result
            if sent == requests_max:
                raise ConversationTooLong(request.operation, requests_max)
            if before is not None:
                await before(request)
            sent += 1
            began_s = trio.current_time()
            outcome = await http.send(request)
            if after is not None:
                after(request, outcome, trio.current_time() - began_s)
            step = partial(flow.send, outcome)
    finally:
        flow.close()
