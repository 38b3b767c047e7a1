"""``secret`` and ``vault`` as operators ask: what is refused and why, what is told, and what never is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from control_office import PEER, Office, ask
from world import VirtualClock

from actors.targets.slack.settings import SlackSettings
from config.model import Connection, Secret, Tenant
from config.vaulting import VaultWords
from daemon.control import protocol as p
from daemon.control import views as v
from daemon.control.deeds import deed_of, told
from daemon.control.exits import Exit
from daemon.store.database import open_store

VALUE = "xoxb-1234567890-not-to-be-seen"


def school(name: str) -> Tenant:
    settings = SlackSettings(token=Secret(credential="slack-bot"))
    targets = {"slack": Connection(name="slack", kind="slack", settings=settings)}
    return Tenant(name=name, timezone="Europe/Berlin", locale="en-GB", targets=targets)


TENANTS = {name: school(name) for name in ("acme", "globex")}


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Office]:
    clock = VirtualClock()
    async with open_store(folder / "c.db", clock, inline=True) as store:
        office = Office(store, TENANTS, clock=clock)
        await office.strongroom.begin(VaultWords())
        yield office


async def put(office: Office, name: str, value: str = VALUE) -> v.ChangedRow:
    [row], done = await ask(office, p.SecretSet(name=name, value=value))
    assert done.exit_code == Exit.OK
    assert isinstance(row, v.ChangedRow)
    return row


async def test_set_list_and_remove(tmp_path: Path) -> None:
    async with desk(tmp_path) as office:
        row = await put(office, "slack-bot")
        assert (row.before, row.after, row.note) == ("absent", "version 1", "used by acme/slack, globex/slack")
        row = await put(office, "acme/slack-bot")
        assert (row.what, row.note) == ("acme/slack-bot", "used by acme/slack")
        assert (await put(office, "slack-bot")).after == "version 2"
        assert (await put(office, "newcomer/slack-bot")).note == "nobody refers to it yet"
        assert office.tried == ["", "acme", "", "newcomer"]
        rows, _ = await ask(office, p.SecretList())
        assert [(row.tenant, row.name, row.version, row.used_by) for row in rows] == [
            ("", "slack-bot", 2, ("globex/slack",)),
            ("acme", "slack-bot", 1, ("acme/slack",)),
            ("newcomer", "slack-bot", 1, ()),
        ]
        assert VALUE not in str(rows)
        rows, _ = await ask(office, p.SecretList(tenant="acme"))
        assert [row.tenant for row in rows] == ["acme"]
        rows, _ = await ask(office, p.SecretRemove(names=("slack-bot", "acme/slack-bot")))
        assert [row.note for row in rows] == ["globex/slack still refers to it", "acme/slack still refers to it"]
        assert list(office.strongroom.secrets.stored()) == [("newcomer", "slack-bot")]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("x", "", "the secret is empty"),
        ("x", "a\0b", "NUL characters"),
        ("x", "ü" * 40_000, "longer than 65,536 bytes"),
        ("", VALUE, "'' is no name of a secret"),
        ("..", VALUE, "'..' is no name"),
        ("a b", VALUE, "'a b' is no name"),
        ("ü", VALUE, "'ü' is no name"),
        ("x" * 256, VALUE, "is no name of a secret"),
        ("acme/", VALUE, "'' is no name"),
        ("/x", VALUE, "'' is no name of a tenant"),
        ("Acme/x", VALUE, "'Acme' is no name of a tenant"),
        ("a/b/x", VALUE, "'a/b' is no name of a tenant"),
    ],
)
async def test_bad_input_changes_nothing_and_is_not_repeated(tmp_path: Path, name: str, value: str, said: str) -> None:
    async with desk(tmp_path) as office:
        with pytest.raises(p.Refusal, match=said) as refused:
            await ask(office, p.SecretSet(name=name, value=value))
        assert refused.value.code == Exit.USAGE
        assert not value or value not in refused.value.what + refused.value.advice
        assert office.strongroom.secrets.stored() == {}


async def test_a_rehearsal_changes_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as office:
        await put(office, "acme/slack-bot")
        before = await office.store.vault.keys(), await office.store.vault.secrets()
        for request in (
            p.SecretSet(name="acme/slack-bot", value="other", dry_run=True),
            p.SecretRemove(names=("acme/slack-bot",), dry_run=True),
            p.VaultRotate(dry_run=True),
            p.VaultRotate(everything=True, dry_run=True),
            p.VaultUnlock(dry_run=True),
        ):
            [row], _ = await ask(office, request)
            assert (row.done, row.dry_run) == (False, True)
        assert (await office.store.vault.keys(), await office.store.vault.secrets()) == before


async def test_the_value_is_in_no_log_no_audit_and_no_repr(tmp_path: Path) -> None:
    request = p.SecretSet(name="acme/slack-bot", value=VALUE)
    assert VALUE not in repr(request)
    assert VALUE not in str(told(request))
    deed = deed_of(PEER, request)
    assert (VALUE in str(msgspec.to_builtins(deed)), deed.on) == (False, "acme/slack-bot")
    async with desk(tmp_path) as office:
        await put(office, "acme/slack-bot")
        assert VALUE in office.reader.known_values(), "it is scrubbed wherever else it turns up"


async def test_status_says_what_protects_and_what_is_to_be_done(tmp_path: Path) -> None:
    async with desk(tmp_path) as office:
        await put(office, "acme/slack-bot")
        [vault, key], done = await ask(office, p.VaultStatus())
        assert done.exit_code == Exit.OK
        assert (vault.sealing, vault.keys, vault.closed) == ("plain", 1, 0)
        assert "docs/secrets.md" in vault.remarks[0]
        assert (key.tenant, key.state, key.values) == ("acme", "in use", 1)
        (tmp_path / "c.db.vault").chmod(0o640)
        [vault, _], _ = await ask(office, p.VaultStatus())
        assert "chmod 600" in vault.remarks[1]
        [overall, *_], _ = await ask(office, p.AskStatus())
        assert (overall.vault, [line for line in overall.degraded if "vault" in line]) == ("plain", [])


async def test_rotation_of_data_keys(tmp_path: Path) -> None:
    async with desk(tmp_path) as office:
        await put(office, "acme/slack-bot")
        await put(office, "slack-bot")
        rows, _ = await ask(office, p.VaultRotate(tenants=(".", "acme")))
        assert [row.what for row in rows] == ["data key of the host", "data key of acme"]
        assert all("1 value sealed anew" in row.note for row in rows)
        rows, _ = await ask(office, p.VaultStatus())
        assert [row.state for row in rows[1:]].count("retired") == 2
        with pytest.raises(p.Refusal, match="globex has no data key") as refused:
            await ask(office, p.VaultRotate(tenants=("acme", "globex")))
        assert refused.value.code == Exit.NOTHING
        [row], done = await ask(office, p.VaultRotate())
        assert (row.note, done.exit_code) == ("4 data keys wrapped anew", Exit.OK)


async def test_a_key_that_is_gone_is_said_everywhere(tmp_path: Path) -> None:
    async with desk(tmp_path) as office:
        await put(office, "acme/slack-bot")
    (tmp_path / "c.db.vault").unlink()
    async with desk(tmp_path) as office:
        rows, done = await ask(office, p.SecretList())
        assert ("is not here" in rows[0].trouble, done.exit_code) == (True, Exit.DEGRADED)
        rows, done = await ask(office, p.VaultStatus())
        assert (rows[1].state, done.exit_code) == ("closed", Exit.DEGRADED)
        [overall, *_], done = await ask(office, p.AskStatus())
        assert ("1 data key cannot be used" in overall.degraded[0], done.exit_code) == (True, Exit.DEGRADED)
        [row], done = await ask(office, p.VaultUnlock())
        assert (row.after, done.exit_code) == ("1 closed", Exit.DEGRADED)
        with pytest.raises(p.Refusal, match="the vault cannot be used"):
            await ask(office, p.SecretSet(name="acme/other", value=VALUE))
        with pytest.raises(p.Refusal, match="acme is configured"):
            await ask(office, p.VaultShred(tenant="acme"))
        del office.tenants["acme"]
        [row], _ = await ask(office, p.VaultShred(tenant="acme"))
        assert (row.before, row.after) == ("1", "none")
        await put(office, "acme/slack-bot")
        with pytest.raises(p.Refusal, match="nothing of 'nobody' is in the vault"):
            await ask(office, p.VaultShred(tenant="nobody"))
