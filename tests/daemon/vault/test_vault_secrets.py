"""Secrets that were put in: whose they are, what comes first, and that an older one never takes a newer one's place."""

import sqlite3
from pathlib import Path

import pytest
from vault_place import opened

from config.model import Secret
from config.secrets import SecretUnavailable
from daemon.store.vault import put_into
from daemon.vault.envelope import VaultUnusable
from daemon.vault.secrets import SECRETS_MAX, SecretRefused

TOKEN = Secret(credential="slack-bot")


async def test_a_tenants_own_goes_before_everybodys_and_both_before_the_directory(tmp_path: Path) -> None:
    creds = tmp_path / "creds"
    creds.mkdir()
    (creds / "slack-bot").write_text("from-systemd\n")
    async with opened(tmp_path, environ={"CREDENTIALS_DIRECTORY": str(creds)}) as place:
        assert place.reader.of("acme")(TOKEN) == "from-systemd"
        await place.room.put("", "slack-bot", "everybody's", "ada")
        await place.room.put("acme", "slack-bot", "acme's own", "ada")
        assert place.reader.of("acme")(TOKEN) == "acme's own"
        assert place.reader.of("globex")(TOKEN) == "everybody's"
        assert place.reader.reveal(TOKEN) == "everybody's"
        assert place.reader.outside(TOKEN) == "from-systemd"
        assert await place.secrets.remove([("", "slack-bot"), ("acme", "slack-bot")]) == 2
        assert place.reader.of("acme")(TOKEN) == "from-systemd"
        assert {"everybody's", "acme's own", "from-systemd"} <= place.reader.known_values(), "all are scrubbed"


async def test_one_that_does_not_open_is_not_looked_for_elsewhere(tmp_path: Path) -> None:
    creds = tmp_path / "creds"
    creds.mkdir()
    (creds / "slack-bot").write_text("from-systemd\n")
    async with opened(tmp_path) as place:
        await place.room.put("acme", "slack-bot", "in the vault", "ada")
    (tmp_path / "v.db.vault").unlink()
    async with opened(tmp_path, environ={"CREDENTIALS_DIRECTORY": str(creds)}) as place:
        with pytest.raises(SecretUnavailable, match="put into the vault: the vault's key"):
            place.reader.of("acme")(TOKEN)


async def test_the_next_request_has_the_new_value(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        for n in range(1, 4):
            stored = await place.room.put("acme", "slack-bot", f"value {n}", "ada")
            assert (stored.version, place.reader.of("acme")(TOKEN)) == (n, f"value {n}")
    async with opened(tmp_path) as place:
        assert place.reader.of("acme")(TOKEN) == "value 3"


async def test_an_older_value_in_a_newer_ones_place_does_not_open(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        old = await place.room.put("acme", "slack-bot", "old", "ada")
        await place.room.put("acme", "slack-bot", "new", "ada")
        await place.room.put("acme", "entra", "other", "ada")
        await place.store.writer.submit(
            lambda raw: (
                raw.execute("UPDATE vault_secrets SET sealed = ? WHERE name = 'slack-bot'", (old.sealed,)).rowcount
            )
        )
        await place.secrets.refresh()
        with pytest.raises(SecretUnavailable, match="changed, or belongs to another place"):
            place.reader.of("acme")(TOKEN)


@pytest.mark.parametrize("change", ["tenant = 'globex'", "name = 'entra'", "version = 2", "tenant = ''"])
async def test_a_moved_row_opens_nothing(tmp_path: Path, change: str) -> None:
    async with opened(tmp_path) as place:
        await place.room.put("acme", "slack-bot", "acme's own", "ada")
        await place.vault.ready_for("globex")
    raw = sqlite3.connect(tmp_path / "v.db")
    raw.execute(f"UPDATE vault_secrets SET {change}")
    raw.commit()
    raw.close()
    async with opened(tmp_path) as place:
        [(who, stored)] = place.secrets.stored().items()
        assert who == (stored.tenant, stored.name)
        with pytest.raises(VaultUnusable):
            place.secrets.open(stored)


async def test_who_shreds_a_tenant_leaves_the_others_alone(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        for tenant in ("acme", "globex"):
            await place.room.put(tenant, "slack-bot", f"of {tenant}", "ada")
        token = place.vault.seal("acme", "connection", "slack/bot", b"token", 1)
        assert await place.room.shred("acme") == {"keys": 1, "secrets": 1}
        with pytest.raises(VaultUnusable, match="which is not there"):
            place.vault.open("acme", "connection", "slack/bot", token, 1)
        assert place.reader.of("globex")(TOKEN) == "of globex"
        await place.room.put("acme", "slack-bot", "begun anew", "ada")
        assert place.reader.of("acme")(TOKEN) == "begun anew"
    assert b"of acme" not in (tmp_path / "v.db").read_bytes()


async def test_there_is_a_bound(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        stored = await place.room.put("acme", "n", "v", "ada")
        full = {("acme", f"n{n}"): stored for n in range(SECRETS_MAX)}
        place.secrets._stored = full
        with pytest.raises(SecretRefused, match="1,000 secrets already"):
            await place.room.put("acme", "one more", "v", "ada")


async def test_names_can_be_read_without_opening_anything(tmp_path: Path) -> None:
    assert put_into(tmp_path / "v.db") == frozenset()
    async with opened(tmp_path) as place:
        await place.room.put("acme", "slack-bot", "acme's own", "ada")
        await place.room.put("", "entra", "everybody's", "ada")
    assert put_into(tmp_path / "v.db") == {("acme", "slack-bot"), ("", "entra")}
    (tmp_path / "none.db").write_text("this is no database, whatever it says")
    assert put_into(tmp_path / "none.db") == frozenset()
