"""Requests of one lane within its vendor's limits: who may go, and who goes together."""

from types import SimpleNamespace
from typing import Any, cast

import trio
from bundling_stage import Post, request

from actors.domain.flow import Request
from actors.domain.outbox import Rate
from actors.roles.pacing import Pacer

HANDFUL = 4.0


def order(name: str, *draws: str, operation: str = "post") -> Request:
    made = request(name, operation=operation)
    return Request(
        method=made.method, url=made.url, operation=operation, headers=made.headers, body=made.body, draws=draws
    )


def a_pacer() -> Pacer:
    """A token a second of ``many``, up to four; one every ten of ``one``. Full, as after a rest."""
    rates = {"many": Rate(per_s=1.0, burst=HANDFUL), "one": Rate(per_s=0.1, burst=1.0)}
    target = SimpleNamespace(rate=rates.__getitem__, bundler=Post())
    return Pacer(cast(Any, target), trio.current_time)


async def test_who_comes_while_others_wait_for_a_handful_goes_with_them(autojump_clock: object) -> None:
    pacer = a_pacer()
    await trio.sleep(60)
    went: dict[str, float] = {}

    async def go(one: Request) -> None:
        await pacer.before(one)
        went[one.body.decode()] = trio.current_time()

    began_s = trio.current_time()
    async with trio.open_nursery() as nursery:
        for n in range(5):
            await go(order(f"n{n}", "many")) if n < 4 else nursery.start_soon(go, order(f"n{n}", "many"))
        await trio.sleep(2.5)  # two tokens are there by now
        nursery.start_soon(go, order("later", "many"))
        nursery.start_soon(go, order("page", "many", operation="page"))
        nursery.start_soon(go, order("another", "one"))
        await trio.sleep(0.1)
        assert went["page"] - began_s == 2.5, "what goes alone takes what there is"
        assert went["another"] - began_s == 2.5, "nobody waits for that one"
        assert "later" not in went
        assert pacer.waiting == 2
    assert went["later"] == went["n4"] >= began_s + HANDFUL
    assert pacer.waiting == 0


async def test_an_operator_lets_them_go_as_soon_as_there_is_anything(autojump_clock: object) -> None:
    pacer = a_pacer()
    await trio.sleep(60)
    for n in range(4):
        await pacer.before(order(f"n{n}", "many"))
    with trio.move_on_after(0.5):
        await pacer.before(order("waits", "many"))
    pacer.release()
    began_s = trio.current_time()
    await trio.sleep(1.0)
    await pacer.before(order("next", "many"))
    assert trio.current_time() - began_s == 1.0
