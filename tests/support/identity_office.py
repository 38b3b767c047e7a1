"""An office whose tenant has two sources, each with a user whom the identity ledger knows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from control_office import Office
from world import VirtualClock, route, tenant

from actors.domain.canonical import User
from actors.sources.xapi.settings import XapiSettings
from config.identity import Identity
from config.model import Audience, Connection
from daemon.store.database import open_store
from daemon.store.identity import Told, learn

SOURCES = {name: Connection(name=name, kind="xapi", settings=XapiSettings()) for name in ("moodle", "canvas")}
ACME = tenant(route("d", "completed", audience=Audience(learner=True)), sources=SOURCES)


@asynccontextmanager
async def office_of(folder: Path, *, tenants: int = 1) -> AsyncIterator[Office]:
    clock = VirtualClock()
    async with open_store(folder / "c.db", clock, inline=True) as store:
        office = Office(
            store, {"acme": ACME, "globex": tenant(name="globex")} if tenants > 1 else {"acme": ACME}, clock=clock
        )
        await taught(office, "moodle", User(id="5", email="ada@example.edu", display_name="Ada Lovelace"))
        await taught(office, "canvas", User(id="9", email="lovelace@example.org", display_name="Ada King"))
        yield office


async def taught(office: Office, source: str, *users: User) -> None:
    told = [Told(user=user) for user in users]
    now_us = office.clock.now_us()
    await office.store.writer.submit(
        lambda raw: learn(raw, "acme", source, f"https://{source}", told, Identity(), now_us)
    )
