"""``session``: who is signed in, and the end of that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from control_office import Office, ask
from openid_double import signing_on
from world import VirtualClock

from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.store.database import open_store
from daemon.store.sessions import StoredSession

HOUR_US = 3_600_000_000


@asynccontextmanager
async def office(folder: Path) -> AsyncIterator[Office]:
    clock = VirtualClock()
    async with open_store(folder / "c.db", clock, inline=True) as store:
        yield Office(store, {"acme": signing_on(), "globex": signing_on("globex")}, clock=clock)


async def refused(office: Office, request: p.AnyAsk) -> p.Refusal:
    with pytest.raises(p.Refusal) as refusal:
        await ask(office, request)
    return refusal.value


async def sign_in(office: Office, n: int, tenant: str = "acme", ago_us: int = 0) -> StoredSession:
    began_us = office.clock.now_us() - ago_us
    session = StoredSession(
        id=n.to_bytes(32, "little"),
        tenant=tenant,
        via="oidc",
        issuer="https://idp.example.edu",
        subject=f"ada{n}",
        email="ada@example.edu",
        name="Ada",
        person="",
        roles=("lms-admins",),
        role=4,
        place="192.0.2.7",
        began_us=began_us,
        seen_us=began_us,
        until_us=began_us + 8 * HOUR_US,
        sealed=b"",
    )
    await office.store.sessions.begin(session, None)
    return session


async def test_who_is_signed_in_is_shown_and_who_is_over_is_not(tmp_path: Path, autojump_clock: object) -> None:
    async with office(tmp_path) as here:
        ada = await sign_in(here, 1)
        await sign_in(here, 2, ago_us=HOUR_US)  # idle for too long
        await sign_in(here, 3, "globex")
        await sign_in(here, 4, "gone")
        rows, done = await ask(here, p.SessionList(tenant="acme"))
        assert [(row.id, row.subject, row.role, row.place) for row in rows] == [
            (ada.handle, "ada1", "admin", "192.0.2.7")
        ]
        assert done.exit_code == Exit.OK
        rows, _ = await ask(here, p.SessionList())
        assert [row.tenant for row in rows] == ["acme", "globex"]
        refusal = await refused(here, p.SessionList(tenant="nobody"))
        assert refusal.code == Exit.NOTHING


async def test_whoever_is_revoked_is_not_signed_in_any_more(tmp_path: Path, autojump_clock: object) -> None:
    async with office(tmp_path) as here:
        ada, ben, cid = await sign_in(here, 1), await sign_in(here, 2), await sign_in(here, 3, "globex")
        wish = p.SessionRevoke(names=(f"acme/{ada.handle}",))
        [row], _ = await ask(here, msgspec.structs.replace(wish, dry_run=True))
        assert not row.done
        assert await here.store.sessions.get(ada.id) == ada
        [row], _ = await ask(here, wish)
        assert (row.what, row.done, row.note) == (f"session acme/{ada.handle}", True, "ada@example.edu")
        assert await here.store.sessions.get(ada.id) is None
        assert (await refused(here, wish)).code == Exit.NOTHING
        rows, _ = await ask(here, p.SessionRevoke(names=("acme/ALL",)))
        assert len(rows) == 1
        assert await here.store.sessions.get(ben.id) is None
        assert await here.store.sessions.get(cid.id) == cid
        _, done = await ask(here, p.SessionRevoke(names=("acme/ALL",)))
        assert done.exit_code == Exit.NOTHING


async def test_a_name_that_means_nobody_revokes_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with office(tmp_path) as here:
        ada = await sign_in(here, 1)
        for name, code in (
            ("acme", Exit.USAGE),
            ("acme/", Exit.USAGE),
            ("acme/0000000000000000", Exit.NOTHING),
            (f"globex/{ada.handle}", Exit.NOTHING),
            ("nobody/ALL", Exit.NOTHING),
        ):
            refusal = await refused(here, p.SessionRevoke(names=(f"acme/{ada.handle}", name)))
            assert refusal.code == code, name
        assert await here.store.sessions.get(ada.id) == ada
