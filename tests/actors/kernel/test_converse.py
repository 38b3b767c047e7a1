"""Driving a conversation: what is sent, what is heard, and that the generator is always closed."""

from collections.abc import Sequence
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actors.domain.flow import Flow, NotSent, Outcome, Request, Response
from actors.kernel import ConversationTooLong, converse


def request(operation: str) -> Request:
    return Request(method="GET", url="https://example.org/", operation=operation)


class Scripted:
    """An Http port with its answers ready, each a second late."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[str] = []

    async def send(self, request: Request) -> Outcome:
        self.sent.append(request.operation)
        await trio.sleep(1)
        return self.outcomes.pop(0)

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


class Closing:
    """A flow that notes that it was closed."""

    def __init__(self) -> None:
        self.closed = False
        self.flows: list[Flow[list[Outcome]]] = []

    def flow(self, steps: int) -> Flow[list[Outcome]]:
        """Kept here, so that it is not closed merely because nobody knows it any more."""
        self.flows.append(self._flow(steps))
        return self.flows[-1]

    def _flow(self, steps: int) -> Flow[list[Outcome]]:
        heard: list[Outcome] = []
        try:
            for step in range(steps):
                heard.append((yield request(f"step{step}")))
            return heard
        finally:
            self.closed = True


async def test_it_sends_what_is_yielded_and_returns_what_is_concluded(autojump_clock: Any) -> None:
    outcomes = [Response(status=200), NotSent("no route")]
    http = Scripted(outcomes)
    told: list[tuple[str, str, float]] = []

    async def before(request: Request) -> None:
        told.append(("before", request.operation, 0))

    def after(request: Request, outcome: Outcome, elapsed_s: float) -> None:
        told.append((type(outcome).__name__, request.operation, elapsed_s))

    assert await converse(Closing().flow(2), http, before=before, after=after) == outcomes
    assert told == [
        ("before", "step0", 0),
        ("Response", "step0", pytest.approx(1)),
        ("before", "step1", 0),
        ("NotSent", "step1", pytest.approx(1)),
    ]


async def test_a_flow_may_conclude_without_a_request() -> None:
    assert await converse(Closing().flow(0), Scripted([])) == []


async def test_a_conversation_is_bounded_and_the_request_too_many_is_not_sent(autojump_clock: Any) -> None:
    http = Scripted([Response(status=200)] * 10)
    closing = Closing()
    with pytest.raises(ConversationTooLong, match="step3"):
        await converse(closing.flow(10), http, requests_max=3)
    assert http.sent == ["step0", "step1", "step2"]
    assert closing.closed


async def test_as_many_requests_as_allowed_are_fine(autojump_clock: Any) -> None:
    assert len(await converse(Closing().flow(3), Scripted([Response(status=200)] * 3), requests_max=3)) == 3


async def test_cancellation_closes_the_flow() -> None:
    closing = Closing()

    class Silent(Scripted):
        async def send(self, request: Request) -> Outcome:
            await trio.sleep_forever()
            raise AssertionError

    async with trio.open_nursery() as nursery:
        nursery.start_soon(converse, closing.flow(1), Silent([]))
        await wait_all_tasks_blocked()
        assert not closing.closed
        nursery.cancel_scope.cancel()
    assert closing.closed


async def test_giving_up_before_a_request_closes_the_flow() -> None:
    closing = Closing()

    async def refuse(request: Request) -> None:
        raise PermissionError(request.operation)

    with pytest.raises(PermissionError):
        await converse(closing.flow(1), Scripted([]), before=refuse)
    assert closing.closed


async def test_a_fault_of_the_flow_is_raised(autojump_clock: Any) -> None:
    def broken() -> Flow[None]:
        yield request("one")
        raise LookupError("no such field")

    with pytest.raises(LookupError):
        await converse(broken(), Scripted([Response(status=200)]))
