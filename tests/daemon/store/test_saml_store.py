"""Pending sign-ons, used assertions and providers' metadata, on disk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from gateway_world import ManualClock

from daemon.store import saml
from daemon.store.database import Store, open_store
from daemon.store.saml import Kept, Pending, assertion_key, hashed

NOW_US = 1_000_000


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Store]:
    async with open_store(path / "s.db", ManualClock(), inline=True) as store:
        yield store


def pending(number: int, tenant: str = "acme", browser: str = "b", until_us: int = 10 * NOW_US) -> Pending:
    return Pending(
        id=f"_{tenant}{number}",
        tenant=tenant,
        browser=hashed(browser),
        relay=hashed(f"r{number}"),
        way="/t/acme/connect",
        until_us=until_us + number,
    )


async def test_a_sign_on_is_one_browsers_and_one_tenants_until_its_time_is_over(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        first, second = pending(1), pending(2)
        for each in (first, second, pending(3, tenant="other"), pending(4, browser="another")):
            await store.saml.begin(each, NOW_US)
        assert await store.saml.pending("acme", hashed("b"), NOW_US) == [second, first]
        assert await store.saml.pending("acme", hashed("c"), NOW_US) == []
        assert await store.saml.pending("acme", hashed("b"), first.until_us) == [second]


async def test_an_assertion_is_taken_once_and_so_is_a_sign_on_across_a_restart(tmp_path: Path) -> None:
    key, other = assertion_key("idp", "_a"), assertion_key("idp", "_b")
    async with opened(tmp_path) as store:
        await store.saml.begin(pending(1), NOW_US)
        await store.saml.begin(pending(2), NOW_US)
        assert await store.saml.complete("acme", "_acme1", key, 9 * NOW_US, NOW_US) == "first"
    async with opened(tmp_path) as store:
        assert await store.saml.complete("acme", "_acme2", key, 9 * NOW_US, NOW_US) == "again"
        assert await store.saml.complete("acme", None, key, 9 * NOW_US, NOW_US) == "again"
        assert await store.saml.complete("acme", "_acme1", other, 9 * NOW_US, NOW_US) == "again"
        assert await store.saml.complete("acme", "_nothing", other, 9 * NOW_US, NOW_US) == "gone"
        assert await store.saml.complete("other", "_acme2", other, 9 * NOW_US, NOW_US) == "gone"
        assert await store.saml.complete("acme", "_acme2", other, 9 * NOW_US, 11 * NOW_US) == "gone"
        assert await store.saml.complete("other", None, key, 9 * NOW_US, NOW_US) == "first"
        assert await store.saml.complete("acme", "_acme2", other, 9 * NOW_US, NOW_US) == "first"
        [used] = [each for each in await store.saml.pending("acme", hashed("b"), NOW_US) if each.id == "_acme2"]
        assert used == msgspec.structs.replace(pending(2), used_us=NOW_US)


async def test_what_is_over_is_forgotten(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.saml.complete("acme", None, assertion_key("idp", "_a"), 2 * NOW_US, NOW_US)
        await store.saml.begin(pending(1, until_us=2 * NOW_US), NOW_US)
        await store.saml.complete("acme", None, assertion_key("idp", "_b"), 9 * NOW_US, 3 * NOW_US)
        await store.saml.begin(pending(2), 3 * NOW_US)
        left = await store.lrs_reader.run(
            lambda raw: [
                [row[0] for row in raw.execute("SELECT key FROM saml_used")],
                [row[0] for row in raw.execute("SELECT id FROM saml_logins")],
            ]
        )
        assert left == [[assertion_key("idp", "_b")], ["_acme2"]]


async def test_whoever_begins_without_end_only_pushes_out_the_oldest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saml, "PENDING_MAX", 3)
    async with opened(tmp_path) as store:
        await store.saml.begin(pending(9, tenant="other"), NOW_US)
        for number in range(6):
            await store.saml.begin(pending(number), NOW_US)
        assert [each.id for each in await store.saml.pending("acme", hashed("b"), NOW_US)] == [
            "_acme5",
            "_acme4",
            "_acme3",
        ]
        assert await store.saml.pending("other", hashed("b"), NOW_US)


async def test_metadata_are_kept_in_place_of_those_before(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        assert await store.saml.kept("acme") is None
        for text in (b"old", b"new"):
            await store.saml.keep("acme", Kept(url="https://idp", body=text, read_us=NOW_US))
    async with opened(tmp_path) as store:
        assert await store.saml.kept("acme") == Kept(url="https://idp", body=b"new", read_us=NOW_US)
        assert await store.saml.kept("other") is None


def test_issuer_and_id_do_not_run_into_one_another() -> None:
    assert assertion_key("a", "bc") != assertion_key("ab", "c")
