"""An office whose tenants have an embedded LRS, and a look at who would be let in there."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from control_office import Office, ask
from world import VirtualClock, tenant

from actors.sources.xapi.settings import Credential, XapiSettings
from config.model import Connection, Secret
from daemon.control import protocol as p
from daemon.control import views as v
from daemon.control.exits import Exit
from daemon.gateway.credentials import Account, admit
from daemon.store.database import open_store

FILED = XapiSettings(credentials=(Credential(key="moodle", secret=Secret(env="new"), secret_former=Secret(env="old")),))
SOURCES = {"campus": Connection(name="campus", kind="xapi", settings=FILED)}
ACME, GLOBEX = tenant(sources=SOURCES), tenant(name="globex", sources=SOURCES)
CREATE = p.CredentialCreate(source="acme/campus", name="bi")


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Office]:
    clock = VirtualClock()
    async with open_store(folder / "c.db", clock, inline=True) as store:
        yield Office(store, {"acme": ACME, "globex": GLOBEX}, clock=clock)


def let_in(office: Office, name: str, secret: str, tenant_name: str = "acme") -> str:
    """``current``, ``former`` or nothing; the use is counted."""
    keyring = office.keyring
    found = admit(
        keyring.doors().get(tenant_name),
        tenant_name,
        "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode(),
        reveal=lambda secret: secret.env or "",
        seal=keyring.seal(),
        now_us=office.clock.now_us(),
    )
    if found is None:
        return ""
    keyring.used(found.account, found.by_former)
    return "former" if found.by_former else "current"


def account(office: Office, name: str, tenant_name: str = "acme") -> Account:
    return office.keyring.doors()[tenant_name].accounts[name]


async def secret_of(office: Office, request: p.AnyAsk) -> str:
    rows, done = await ask(office, request)
    assert done.exit_code == Exit.OK
    [shown] = [row for row in rows if isinstance(row, v.SecretRow)]
    return str(shown.secret)


async def listed(office: Office, tenant_name: str = "") -> dict[str, v.CredentialRow]:
    rows, _ = await ask(office, p.CredentialList(tenant=tenant_name))
    return {f"{row.tenant}/{row.name}": row for row in rows}
