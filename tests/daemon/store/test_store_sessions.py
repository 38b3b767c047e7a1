"""Sessions and errands as the store keeps them: bounds, ends, and that an errand is good once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from gateway_world import ManualClock

from daemon.store.database import open_store
from daemon.store.sessions import ERRANDS_MAX, OF_PERSON_MAX, OF_TENANT_MAX, Errand, SqlSessions, StoredSession

NOW_US = 1_800_000_000_000_000
ADA = StoredSession(
    id=b"a" * 32,
    tenant="acme",
    via="oidc",
    issuer="https://idp.example.edu",
    subject="ada",
    email="ada@example.edu",
    name="Ada",
    person="",
    roles=("admins",),
    role=4,
    place="192.0.2.7",
    began_us=NOW_US,
    seen_us=NOW_US,
    until_us=NOW_US + 1_000,
    sealed=b"sealed",
)
ERRAND = Errand(id=b"e" * 32, session=ADA.id, tenant="acme", name="slack", until_us=NOW_US + 500, sealed=b"sealed")


@asynccontextmanager
async def sessions(folder: Path) -> AsyncIterator[SqlSessions]:
    async with open_store(folder / "s.db", ManualClock(), inline=True) as store:
        yield store.sessions


def another(n: int, **changes: object) -> StoredSession:
    return msgspec.structs.replace(ADA, id=n.to_bytes(32, "big"), seen_us=NOW_US + n, **changes)


async def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    async with sessions(tmp_path) as kept:
        assert await kept.begin(ADA, None) == []
        assert await kept.get(ADA.id) == ADA
        assert await kept.get(b"x" * 32) is None
        await kept.seen(ADA.id, NOW_US + 7)
        await kept.seen(ADA.id, NOW_US + 3)
        found = await kept.get(ADA.id)
        assert found is not None
        assert found.seen_us == NOW_US + 7
        assert await kept.all("globex") == []
        assert await kept.end([ADA.id, b"x" * 32]) == [found]
        assert await kept.all() == []


async def test_who_signs_in_ends_what_it_replaces_other_roles_and_the_oldest(tmp_path: Path) -> None:
    async with sessions(tmp_path) as kept:
        for n in range(OF_PERSON_MAX):
            assert await kept.begin(another(n), None) == []
        [ended] = await kept.begin(another(100), None)
        assert ended.id == another(0).id
        [ended] = await kept.begin(another(101), another(3).id)
        assert ended.id == another(3).id
        for others in ({"subject": "ben"}, {"issuer": "https://other.example"}, {"tenant": "globex"}):
            assert await kept.begin(another(200 + len(str(others)), **others), None) == []
        ended_all = await kept.begin(another(300, roles=("viewers",)), None)
        assert len(ended_all) == OF_PERSON_MAX
        assert {each.roles for each in ended_all} == {("admins",)}


async def test_a_tenant_has_so_many_and_no_other_tenant_pays_for_it(tmp_path: Path) -> None:
    async with sessions(tmp_path) as kept:
        await kept.begin(another(9_999, tenant="globex"), None)
        for n in range(OF_TENANT_MAX):
            await kept.begin(another(n, subject=str(n)), None)
        [ended] = await kept.begin(another(5_000, subject="new"), None)
        assert ended.subject == "0"
        assert len(await kept.all("acme")) == OF_TENANT_MAX
        assert len(await kept.all("globex")) == 1


async def test_an_errand_is_its_sessions_and_good_once(tmp_path: Path) -> None:
    async with sessions(tmp_path) as kept:
        assert not await kept.set_out(ERRAND, NOW_US)  # nobody is signed in
        await kept.begin(ADA, None)
        assert await kept.set_out(ERRAND, NOW_US)
        assert await kept.come_back(ERRAND.id, b"b" * 32) is None
        assert await kept.come_back(ERRAND.id, ADA.id) == ERRAND
        assert await kept.come_back(ERRAND.id, ADA.id) is None
        await kept.set_out(ERRAND, NOW_US)
        await kept.end([ADA.id])
        await kept.begin(ADA, None)
        assert await kept.come_back(ERRAND.id, ADA.id) is None


async def test_a_session_has_so_many_errands(tmp_path: Path) -> None:
    async with sessions(tmp_path) as kept:
        await kept.begin(ADA, None)
        made = [
            msgspec.structs.replace(ERRAND, id=n.to_bytes(32, "big"), until_us=NOW_US + 500 + n)
            for n in range(ERRANDS_MAX + 3)
        ]
        for each in made:
            await kept.set_out(each, NOW_US)
        left = [each for each in made if await kept.come_back(each.id, ADA.id) is not None]
        assert left == made[3:]


async def test_what_is_over_is_swept(tmp_path: Path) -> None:
    async with sessions(tmp_path) as kept:
        await kept.begin(ADA, None)
        await kept.set_out(ERRAND, NOW_US)
        await kept.sweep(NOW_US + 500)
        assert await kept.get(ADA.id) == ADA
        assert await kept.come_back(ERRAND.id, ADA.id) is None
        await kept.sweep(NOW_US + 1_000)
        assert await kept.all() == []
