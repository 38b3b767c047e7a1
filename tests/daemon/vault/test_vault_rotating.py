"""Rotation of both levels: whatever dies at whichever commit, everything stays readable and the rest is made up for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from vault_place import Place, opened

from config.model import Secret
from config.vaulting import VaultWords
from daemon.store.engine import Job
from daemon.store.vault import RESEALED_MAX, StoredSecret
from daemon.vault.keks import FILE_KEYS_MAX
from daemon.vault.rotating import REST_US

TENANTS = ("acme", "globex", "")
VALUES = {(tenant, f"name-{n}"): f"value {n} of {tenant}, secret" for tenant in TENANTS for n in range(3)}


async def fill(place: Place) -> None:
    for (tenant, name), value in VALUES.items():
        await place.room.put(tenant, name, value, "ada")


def readable(place: Place) -> None:
    stored = place.secrets.stored()
    assert {who: place.secrets.open(each).decode() for who, each in stored.items()} == VALUES


async def test_data_keys_are_replaced_and_everything_is_sealed_anew(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        await fill(place)
        before = {who: each.sealed for who, each in place.secrets.stored().items()}
        assert await place.room.rotation.renew("acme") == (3, 0)
        after = {who: each.sealed for who, each in place.secrets.stored().items()}
        assert {who[0] for who in before if before[who] != after[who]} == {"acme"}
        assert all(place.vault.current("acme", each) for who, each in after.items() if who[0] == "acme")
        readable(place)
        held = before["acme", "name-1"]
        assert place.vault.open("acme", "secret", "name-1", held, 1) == VALUES["acme", "name-1"].encode(), "on its way"


async def test_a_retired_key_goes_when_it_has_rested_and_nothing_needs_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        await fill(place)
        late = place.vault.seal("acme", "secret", "late", b"late one", 1)
        await place.room.rotation.renew("acme")
        await place.room.rotation.tend(beginning=False)
        assert len(await place.store.vault.keys()) == 4, "it rests"
        stored = StoredSecret(tenant="acme", name="late", version=1, sealed=late, set_us=0, set_by="ada")
        assert await place.store.vault.put(stored)
        place.clock.ahead_us = REST_US + 1
        await place.room.rotation.tend(beginning=False)
        assert len(await place.store.vault.keys()) == 3
        assert place.secrets.open(place.secrets.stored()["acme", "late"]) == b"late one", "sealed anew before it went"


async def test_more_than_one_transaction_takes(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        for n in range(2 * RESEALED_MAX + 1):
            await place.room.put("acme", f"n{n}", f"value {n}", "ada")
        assert await place.room.rotation.renew("acme") == (2 * RESEALED_MAX + 1, 0)
        assert {place.secrets.open(each) for each in place.secrets.stored().values()} == {
            f"value {n}".encode() for n in range(2 * RESEALED_MAX + 1)
        }


async def test_what_does_not_open_is_left_as_it_is_and_counted(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        await fill(place)
        edit = "UPDATE vault_secrets SET version = 9 WHERE tenant = 'acme' AND name = 'name-1'"
        await place.store.writer.submit(lambda raw: raw.execute(edit).rowcount)
        assert await place.room.rotation.renew("acme") == (2, 1)


class Dies(Exception):
    """The process, at this commit."""


def dying(place: Place, after: int, *, done: bool) -> None:
    """The vault's ``after``-th commit from now is the last: with it, or just before it."""
    store: Any = place.store.vault
    write, left = store._write, after

    async def until_then(job: Job[Any]) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Dies
        if left == 0 and not done:
            raise Dies
        result = await write(job)
        if left == 0:
            raise Dies
        return result

    store._write = until_then


async def rewrap(place: Place) -> None:
    await place.room.rotation.rewrap()


async def renew(place: Place) -> None:
    for tenant in TENANTS:
        await place.room.rotation.renew(tenant)


@pytest.mark.parametrize("what", [rewrap, renew])
@pytest.mark.parametrize("done", [True, False], ids=["after the commit", "before it"])
@pytest.mark.parametrize("after", range(1, 13))
async def test_death_at_any_commit_leaves_everything_readable(
    tmp_path: Path, what: Callable[[Place], Any], after: int, done: bool
) -> None:
    async with opened(tmp_path) as place:
        await fill(place)
    async with opened(tmp_path) as place:
        dying(place, after, done=done)
        try:
            await what(place)
        except Dies:
            pass  # what the test is about; late numbers are beyond the end, and nothing dies
    async with opened(tmp_path) as place:
        assert place.room.trouble() == ""
        readable(place)
        state = await place.room.state()
        assert sum(key.values for key in state.keys if key.retired_us is not None) == 0, "made up for at the start"
        await what(place)
        readable(place)


async def test_death_between_file_and_database_leaves_everything_readable(tmp_path: Path) -> None:
    """A new key stands in the file, and no data key is wrapped with it yet."""
    async with opened(tmp_path) as place:
        await fill(place)
        file = place.room.keks.beside
        file.renew()
        assert len(file.load()) == 2
    async with opened(tmp_path) as place:
        readable(place)
        assert (await place.room.state()).former == 3
        assert await place.room.rotation.rewrap() == (3, 0)
        assert len(place.room.keks.beside.load()) == 1
        readable(place)


async def test_from_one_configured_key_to_the_next_while_it_runs(tmp_path: Path) -> None:
    keys = {name: Secret(file=tmp_path / name) for name in ("old", "new")}
    (tmp_path / "old").write_text("ab" * 32)
    (tmp_path / "new").write_text("cd" * 32)
    async with opened(tmp_path, VaultWords(key=keys["old"])) as place:
        await fill(place)
        await place.room.configure(VaultWords(key=keys["new"], former_keys=(keys["old"],)))
        assert await place.room.rotation.rewrap() == (3, 0)
        readable(place)
    (tmp_path / "old").unlink()
    async with opened(tmp_path, VaultWords(key=keys["new"])) as place:
        readable(place)


async def test_a_former_key_that_is_lost_can_be_left_while_it_is_open(tmp_path: Path) -> None:
    """The daemon still has the data keys: rotate before the next restart."""
    (tmp_path / "old").write_text("ab" * 32)
    (tmp_path / "new").write_text("cd" * 32)
    async with opened(tmp_path, VaultWords(key=Secret(file=tmp_path / "old"))) as place:
        await fill(place)
        (tmp_path / "old").unlink()
        await place.room.configure(VaultWords(key=Secret(file=tmp_path / "new")))
        assert await place.room.rotation.rewrap() == (3, 0)
    async with opened(tmp_path, VaultWords(key=Secret(file=tmp_path / "new"))) as place:
        readable(place)


async def test_a_key_that_is_made_meanwhile_is_not_wrapped_with_one_that_is_given_up(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        await fill(place)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rewrap, place)
            for n in range(20):
                nursery.start_soon(place.vault.ready_for, f"newcomer-{n}")
            nursery.start_soon(rewrap, place)
    async with opened(tmp_path) as place:
        assert place.room.trouble() == ""
        assert (await place.room.state()).former == 0
        assert len(place.room.keks.beside.load()) == 1


async def test_keys_in_the_file_that_nothing_needs_make_room_for_new_ones(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        await fill(place)
        for _ in range(FILE_KEYS_MAX - 1):
            place.room.keks.beside.renew()
        assert await place.room.rotation.rewrap() == (3, 0)
        assert len(place.room.keks.beside.load()) == 1
        readable(place)
