"""Used assertions and requests, and providers' metadata, on disk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway_world import ManualClock

from daemon.store.database import Store, open_store
from daemon.store.saml import Kept, assertion_key, request_key

NOW_US = 1_000_000


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Store]:
    async with open_store(path / "s.db", ManualClock(), inline=True) as store:
        yield store


async def test_an_assertion_is_taken_once_and_so_is_a_request_across_a_restart(tmp_path: Path) -> None:
    key, other = assertion_key("idp", "_a"), assertion_key("idp", "_b")
    asked, again = request_key("_1"), request_key("_2")
    until_us = 9 * NOW_US
    async with opened(tmp_path) as store:
        assert await store.saml.use("acme", {key: until_us, asked: until_us}, NOW_US)
    async with opened(tmp_path) as store:
        assert not await store.saml.use("acme", {key: until_us, again: until_us}, NOW_US)
        assert not await store.saml.use("acme", {key: until_us}, NOW_US)
        assert not await store.saml.use("acme", {other: until_us, asked: until_us}, NOW_US)
        assert await store.saml.use("other", {key: until_us, asked: until_us}, NOW_US)
        assert await store.saml.use("acme", {other: until_us, again: until_us}, NOW_US)  # nothing of it was used


async def test_what_is_over_is_forgotten(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.saml.use("acme", {assertion_key("idp", "_a"): 2 * NOW_US, request_key("_1"): 3 * NOW_US}, NOW_US)
        await store.saml.use("acme", {assertion_key("idp", "_b"): 9 * NOW_US}, 3 * NOW_US)
        left = await store.lrs_reader.run(lambda raw: [row[0] for row in raw.execute("SELECT key FROM saml_used")])
        assert left == [assertion_key("idp", "_b")]


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
    assert request_key("7:bc") != assertion_key("request", "bc")
