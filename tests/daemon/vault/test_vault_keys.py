"""The vault over a store: what opens in the next life, what does not open without its key, or anywhere else."""

import shutil
import sqlite3
from pathlib import Path

import pytest
import trio
from vault_place import opened

from config.model import Secret
from config.vaulting import VaultWords
from daemon.vault.envelope import VaultUnusable
from daemon.vault.opening import InUse

SECRET = b"xoxb-1234567890-not-to-be-seen"


async def sealed_for(folder: Path, *tenants: str) -> dict[str, bytes]:
    async with opened(folder) as place:
        for tenant in tenants:
            await place.vault.ready_for(tenant)
        return {tenant: place.vault.seal(tenant, "token", "slack", SECRET, 3) for tenant in tenants}


async def test_what_was_sealed_opens_in_the_next_life_and_at_its_place_only(tmp_path: Path) -> None:
    sealed = await sealed_for(tmp_path, "acme", "globex", "")
    async with opened(tmp_path) as place:
        vault = place.vault
        for tenant, each in sealed.items():
            assert vault.open(tenant, "token", "slack", each, 3) == SECRET
        for moved in (
            ("globex", "token", "slack", 3), ("", "token", "slack", 3), ("acme", "secret", "slack", 3),
            ("acme", "token", "teams", 3), ("acme", "token", "slack", 2), ("acme", "token", "slack", 4),
        ):  # fmt: skip
            tenant, kind, name, version = moved
            with pytest.raises(VaultUnusable, match="changed, or belongs to another place"):
                vault.open(tenant, kind, name, sealed["acme"], version)


async def test_nothing_is_sealed_for_a_tenant_without_a_key(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        with pytest.raises(VaultUnusable, match="acme has no data key yet"):
            place.vault.seal("acme", "token", "slack", SECRET)
        assert not (tmp_path / "v.db.vault").exists(), "no key is made before there is something to wrap"
        await place.vault.ready_for("acme")
        assert (tmp_path / "v.db.vault").stat().st_mode & 0o777 == 0o600


async def test_many_who_ask_at_once_get_one_key(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(place.vault.ready_for, "acme")
        assert len(await place.store.vault.keys()) == 1


async def test_a_key_that_does_not_answer_is_not_asked_for_each_who_waits(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An HSM that hangs takes seconds to fail: a thousand tenants in a row would keep operators out for hours."""
    asked, refused = 0, 0

    async def hangs() -> InUse:
        nonlocal asked
        asked += 1
        await trio.sleep(15)
        raise VaultUnusable("no answer", passing=True)

    async with opened(tmp_path) as place:

        async def need(tenant: str) -> None:
            nonlocal refused
            with pytest.raises(VaultUnusable, match="no answer"):
                await place.vault.ready_for(tenant)
            refused += 1

        with monkeypatch.context() as away:
            away.setattr(place.vault.keks, "in_use", hangs)
            async with trio.open_nursery() as nursery:
                for number in range(200):
                    nursery.start_soon(need, f"tenant-{number}")
        assert (asked, refused) == (1, 200)
        await place.vault.ready_for("tenant-7")
        assert place.vault.seal("tenant-7", "token", "slack", SECRET)


async def test_a_stolen_database_yields_nothing(tmp_path: Path) -> None:
    """Whoever has the database, the WAL and the mark but not the key: nothing opens, and nothing is found."""
    home, thief = tmp_path / "home", tmp_path / "thief"
    home.mkdir()
    sealed = await sealed_for(home, "acme")
    async with opened(home) as place:
        await place.room.put("acme", "slack-bot", SECRET.decode(), "ada")
        thief.mkdir()
        for path in home.iterdir():
            if path.name != "v.db.vault":
                shutil.copy(path, thief / path.name)
    assert not any(SECRET in path.read_bytes() for path in thief.iterdir())
    async with opened(thief) as place:
        with pytest.raises(VaultUnusable, match=r"the vault's key [0-9a-f]{16} is not here"):
            place.vault.open("acme", "token", "slack", sealed["acme"], 3)
        with pytest.raises(VaultUnusable, match="is not here"):
            place.secrets.open(place.secrets.stored()["acme", "slack-bot"])
        with pytest.raises(VaultUnusable, match="is not here"):
            await place.vault.ready_for("acme")
        assert "vault.closed" in [name for name, _ in place.notes.troubles]
        await place.vault.ready_for("globex")
        assert place.vault.open("globex", "a", "b", place.vault.seal("globex", "a", "b", b"new")) == b"new"


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE vault_keys SET tenant = 'globex' WHERE tenant = 'acme'",
        "UPDATE vault_keys SET wrapped = CAST(substr(wrapped, 1, 20) || x'00' || substr(wrapped, 22) AS BLOB)",
        "UPDATE vault_keys SET hint = zeroblob(32)",
        "UPDATE vault_keys SET hint = x''",
        "UPDATE vault_keys SET wrapped = x''",
        "UPDATE vault_keys SET id = x'0102030405060708'",
        "DELETE FROM vault_keys",
    ],
)
async def test_an_edited_key_opens_nothing(tmp_path: Path, edit: str) -> None:
    sealed = await sealed_for(tmp_path, "acme")
    raw = sqlite3.connect(tmp_path / "v.db")
    raw.execute(edit)
    raw.commit()
    raw.close()
    async with opened(tmp_path) as place:
        for tenant in ("acme", "globex"):
            with pytest.raises(VaultUnusable):
                place.vault.open(tenant, "token", "slack", sealed["acme"], 3)


async def test_a_key_of_another_tenant_in_ones_place_opens_nothing(tmp_path: Path) -> None:
    sealed = await sealed_for(tmp_path, "acme", "globex")
    raw = sqlite3.connect(tmp_path / "v.db")
    raw.execute(
        "UPDATE vault_keys SET (kek, hint, wrapped) = "
        "(SELECT kek, hint, wrapped FROM vault_keys WHERE tenant = 'globex') WHERE tenant = 'acme'"
    )
    raw.commit()
    raw.close()
    async with opened(tmp_path) as place:
        with pytest.raises(VaultUnusable, match="data key does not open"):
            place.vault.open("acme", "token", "slack", sealed["acme"], 3)
        assert place.vault.open("globex", "token", "slack", sealed["globex"], 3) == SECRET


async def test_a_key_that_comes_back_opens_everything_again_and_it_is_said(tmp_path: Path) -> None:
    sealed = await sealed_for(tmp_path, "acme")
    file = tmp_path / "v.db.vault"
    kept = file.read_text()
    file.unlink()
    async with opened(tmp_path) as place:
        assert "1 data key cannot be used" in place.room.trouble()
        file.write_text(kept)
        await place.room.unlock()
        assert place.room.trouble() == ""
        assert place.vault.open("acme", "token", "slack", sealed["acme"], 3) == SECRET
        assert "vault.opened" in [name for name, _ in place.notes.events]


async def test_bytes_that_were_never_sealed_here_are_refused(tmp_path: Path) -> None:
    await sealed_for(tmp_path, "acme")
    async with opened(tmp_path) as place:
        for never in (b"", b"\x01", b"plain text that somebody wrote there", b"\x02" + bytes(60), bytes(100_000)):
            with pytest.raises(VaultUnusable, match="nothing that was sealed here"):
                place.vault.open("acme", "token", "slack", never)
        with pytest.raises(VaultUnusable, match="data key 0000000000000000, which is not there"):
            place.vault.open("acme", "token", "slack", b"\x01" + bytes(60))


async def test_the_key_of_the_configuration_goes_before_the_file(tmp_path: Path) -> None:
    sealed = await sealed_for(tmp_path, "acme")
    (tmp_path / "key").write_text("ab" * 32 + "\n")
    words = VaultWords(key=Secret(file=tmp_path / "key"))
    async with opened(tmp_path, words) as place:
        assert place.vault.open("acme", "token", "slack", sealed["acme"], 3) == SECRET, "the file still unwraps"
        state = await place.room.state()
        assert (state.former, state.closed) == (1, 0)
        assert await place.room.rotation.rewrap() == (1, 0)
        assert (await place.room.state()).former == 0
    (tmp_path / "v.db.vault").unlink()
    async with opened(tmp_path, words) as place:
        assert place.vault.open("acme", "token", "slack", sealed["acme"], 3) == SECRET
