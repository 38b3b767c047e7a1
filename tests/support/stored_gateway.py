"""A gateway with a real store behind it, over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import trio
import trio_asyncio
from gateway_world import NOW_US, VERSION, World, basic

from daemon.gateway.server import serve
from daemon.store.database import open_store


class Ticking:
    def __init__(self) -> None:
        self.at_us = NOW_US

    def now_us(self) -> int:
        self.at_us += 1
        return self.at_us


@asynccontextmanager
async def stored(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway with a store. The deadline only keeps a failure short."""
    world = World(body_bytes_max=8_000_000)
    with trio.fail_after(60):
        async with trio_asyncio.open_loop(), open_store(folder / "s.db", Ticking()) as store:
            world.ports = msgspec.structs.replace(
                world.ports,
                statements=store.statements,
                reads=store.finding,
                attachments=store.attachments,
                activities=store.activities,
                feed=store.feed,
            )
            async with trio.open_nursery() as nursery:
                (address,) = await nursery.start(serve, world.app(), world.gateway)
                async with httpx.AsyncClient(
                    base_url=f"http://{address}", headers={**VERSION, **basic("boss")}, timeout=30
                ) as client:
                    yield client
                nursery.cancel_scope.cancel()
