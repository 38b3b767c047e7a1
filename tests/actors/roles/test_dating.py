"""A greeting tells what time it is at the vendor, and never more than that."""

from typing import Any

import trio
from memory_http import InMemoryHttp
from world import VirtualClock

from actors.domain.flow import Flow, Request, Response
from actors.domain.verdicts import Delivered, Revoked, Unavailable, Verdict
from actors.roles.dating import Dating
from actors.roles.pacing import Journey


class Greeted:
    """A target that only says hello."""

    looks_by_time = True

    def __init__(self, verdict: Verdict, *, asks: bool) -> None:
        self._verdict = verdict
        self._asks = asks

    def hello(self) -> Flow[Verdict]:
        if self._asks:
            yield Request(method="GET", url="http://x.test/", operation="hello")
        return self._verdict


class _Pacer:
    async def before(self, request: Request, *, probing: bool = False, gives_back: bool = False) -> None:
        await trio.lowlevel.checkpoint()

    def after(self, request: Request, outcome: object, elapsed_s: float) -> None:
        """Nothing is counted."""


async def learnt(target: Any, autojump_clock: object) -> Verdict | None:
    dating = Dating(target, VirtualClock())
    pacer: Any = _Pacer()
    return await dating.learn(InMemoryHttp([]), Journey(pacer, None, probing=False, answered=dating.hear))


async def test_a_greeting_that_asked_nobody_is_no_delivery(autojump_clock: object) -> None:
    verdict = await learnt(Greeted(Delivered({"client_id": "app"}), asks=False), autojump_clock)
    assert isinstance(verdict, Unavailable), "what waits to be sent would be taken for sent"


async def test_a_greeting_that_nobody_answered_is_no_delivery(autojump_clock: object) -> None:
    verdict = await learnt(Greeted(Delivered({}), asks=True), autojump_clock)
    assert isinstance(verdict, Unavailable)


async def test_what_keeps_us_from_greeting_keeps_us_from_sending(autojump_clock: object) -> None:
    assert await learnt(Greeted(Revoked("gone"), asks=False), autojump_clock) == Revoked("gone")


async def test_an_answer_that_is_dated_is_enough(autojump_clock: object) -> None:
    dating = Dating(Greeted(Delivered({}), asks=False), VirtualClock())  # type: ignore[arg-type]
    dating.hear(Response(status=401, headers={"date": "Fri, 15 Jan 2027 08:00:00 GMT"}))
    pacer: Any = _Pacer()
    assert await dating.learn(InMemoryHttp([]), Journey(pacer, None, probing=False)) is None
