"""``credential``: made, listed, rotated with an overlap and revoked; in force with the answer, shown once."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from control_office import ask
from credential_desk import CREATE, SOURCES, account, desk, let_in, listed, secret_of
from world import tenant

from actors.sources.xapi.settings import Credential, XapiSettings
from config.model import Connection, Secret
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.gateway.seal import PREFIX, seal_path
from daemon.store.credentials import CREDENTIALS_MAX


def written(folder: Path) -> bytes:
    """The database and whatever lies beside it."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


# ── making ───────────────────────────────────────────────────────────────────────────────────────────


async def test_what_is_made_works_at_once_and_its_secret_is_shown_once(tmp_path: Path, autojump_clock: object) -> None:
    async with desk(tmp_path) as office:
        request = msgspec.structs.replace(CREATE, scopes=("all/read", "state"), rate_per_s=5.0, burst=9, expires_s=60.0)
        [changed, shown], done = await ask(office, request)
        assert (changed.what, changed.before, changed.after, changed.done) == ("acme/bi", "absent", "active", True)
        assert shown.secret.startswith(PREFIX)
        assert shown.endpoint == "/t/acme/xapi/"
        assert "once" in done.note
        assert let_in(office, "bi", shown.secret) == "current"
        assert account(office, "bi").scopes == {"all/read", "state"}
        assert account(office, "bi").rate is not None
        row = (await listed(office))["acme/bi"]
        assert (row.origin, row.state, row.scopes) == ("stored", "active", ("all/read", "state"))
        assert (row.rate_per_s, row.burst, row.used) == (5.0, 9, 1)
        assert "ada" in row.made_by
        await trio.sleep(60)
        assert let_in(office, "bi", shown.secret) == ""
        assert (await listed(office))["acme/bi"].state == "expired"
    assert shown.secret.encode() not in written(tmp_path)
    assert shown.secret not in repr(office.witness.events)


async def test_one_without_a_name_gets_one_and_the_usual_scopes(tmp_path: Path, autojump_clock: object) -> None:
    async with desk(tmp_path) as office:
        [_, shown], _ = await ask(office, msgspec.structs.replace(CREATE, name=""))
        assert shown.name.startswith("campus-")
        assert account(office, shown.name).scopes == {"statements/write", "statements/read/mine"}


async def test_a_rehearsal_makes_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with desk(tmp_path) as office:
        [changed], _ = await ask(office, msgspec.structs.replace(CREATE, dry_run=True))
        assert (changed.done, changed.dry_run) == (False, True)
        assert "acme/bi" not in await listed(office)
        assert not seal_path(office.store.path).exists()
        secret = await secret_of(office, CREATE)
        for request in (
            p.CredentialRotate(names=("acme/bi",), dry_run=True),
            p.CredentialRevoke(names=("acme/bi",), dry_run=True),
        ):
            [changed], _ = await ask(office, request)
            assert (changed.done, changed.dry_run) == (False, True)
        assert let_in(office, "bi", secret) == "current"


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"source": "acme"}, Exit.USAGE, "is not a source"),
        ({"source": "nobody/campus"}, Exit.NOTHING, "no tenant"),
        ({"source": "acme/other"}, Exit.NOTHING, "is not a source of this tenant"),
        ({"scopes": ("all", "everything")}, Exit.USAGE, "no scope 'everything'"),
        ({"name": "a:b"}, Exit.USAGE, "colon"),
        ({"name": "x" * 101}, Exit.USAGE, "at most 100"),
        ({"name": "moodle"}, Exit.FAILURE, "the tenant file has"),
    ],
)
async def test_what_cannot_be_made(
    tmp_path: Path, autojump_clock: object, change: dict[str, Any], code: Exit, said: str
) -> None:
    async with desk(tmp_path) as office:
        with pytest.raises(p.Refusal, match=said) as refused:
            await ask(office, msgspec.structs.replace(CREATE, **change))
        assert refused.value.code == code
        assert office.keyring.stored() == {}


async def test_a_name_is_one_credentials_until_that_is_gone(tmp_path: Path, autojump_clock: object) -> None:
    async with desk(tmp_path) as office:
        first = await secret_of(office, CREATE)
        with pytest.raises(p.Refusal, match="already") as refused:
            await ask(office, CREATE)
        assert "credential rotate acme/bi" in refused.value.advice
        authority = account(office, "bi").authority
        await ask(office, p.CredentialRevoke(names=("acme/bi",)))
        [changed, shown], _ = await ask(office, CREATE)
        assert (changed.before, "given before" in changed.note) == ("revoked", True)
        assert (let_in(office, "bi", first), let_in(office, "bi", shown.secret)) == ("", "current")
        assert account(office, "bi").authority == authority
        await ask(office, msgspec.structs.replace(CREATE, name="short", expires_s=1.0))
        await trio.sleep(1)
        [changed, _], _ = await ask(office, msgspec.structs.replace(CREATE, name="short"))
        assert changed.before == "expired"


async def test_a_tenant_has_only_so_many(tmp_path: Path, autojump_clock: object) -> None:
    async with desk(tmp_path) as office:
        await secret_of(office, CREATE)
        [row] = office.keyring.stored().values()
        for number in range(CREDENTIALS_MAX - 1):
            await office.store.credentials.create(msgspec.structs.replace(row, name=str(number)))
        with pytest.raises(p.Refusal, match="as many as it may have"):
            await ask(office, msgspec.structs.replace(CREATE, name="more"))
        await ask(office, msgspec.structs.replace(CREATE, source="globex/campus"))


# ── rotating and revoking ────────────────────────────────────────────────────────────────────────────


async def test_the_former_secret_works_until_the_overlap_ends(tmp_path: Path, autojump_clock: object) -> None:
    async with desk(tmp_path) as office:
        first = await secret_of(office, CREATE)
        authority = account(office, "bi").authority
        second = await secret_of(office, p.CredentialRotate(names=("acme/bi",), overlap_s=3600.0))
        assert account(office, "bi").authority == authority
        assert (let_in(office, "bi", first), let_in(office, "bi", second)) == ("former", "current")
        row = (await listed(office))["acme/bi"]
        assert row.overlap
        assert row.former_until_us == office.clock.now_us() + 3600 * 1_000_000
        assert row.former_used_us == office.clock.now_us()
        await trio.sleep(3600)
        assert (let_in(office, "bi", first), let_in(office, "bi", second)) == ("", "current")
        assert not (await listed(office))["acme/bi"].overlap
        third = await secret_of(office, p.CredentialRotate(names=("acme/bi",), overlap_s=3600.0))
        fourth = await secret_of(office, p.CredentialRotate(names=("acme/bi",), overlap_s=3600.0))
        found = [let_in(office, "bi", each) for each in (first, second, third, fourth)]
        assert found == ["", "", "former", "current"]
        fifth = await secret_of(office, p.CredentialRotate(names=("acme/bi",), overlap_s=0.0))
        assert [let_in(office, "bi", each) for each in (third, fourth, fifth)] == ["", "", "current"]


async def test_a_revoked_one_is_refused_at_the_next_request_its_former_secret_too(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with desk(tmp_path) as office:
        first = await secret_of(office, CREATE)
        second = await secret_of(office, p.CredentialRotate(names=("acme/bi",)))
        [changed], _ = await ask(office, p.CredentialRevoke(names=("acme/bi",)))
        assert (changed.before, changed.after, changed.done) == ("active", "revoked", True)
        assert [let_in(office, "bi", each) for each in (first, second)] == ["", ""]
        row = (await listed(office))["acme/bi"]
        assert (row.state, row.revoked_us, "ada" in row.revoked_by) == ("revoked", office.clock.now_us(), True)
        [hashes] = await office.store.writer.submit(
            lambda raw: raw.execute("SELECT hash, former_hash FROM credentials").fetchall()
        )
        assert hashes == (None, None)
        for request in (p.CredentialRevoke(names=("acme/bi",)), p.CredentialRotate(names=("acme/bi",))):
            with pytest.raises(p.Refusal, match="revoked"):
                await ask(office, request)


@pytest.mark.parametrize("kind", [p.CredentialRotate, p.CredentialRevoke])
async def test_all_or_none(tmp_path: Path, autojump_clock: object, kind: type[p.AnyAsk]) -> None:
    async with desk(tmp_path) as office:
        secret = await secret_of(office, CREATE)
        for bad, said in (("acme/nobody", "no credential"), ("acme/moodle", "tenant file"), ("bi", "TENANT/NAME")):
            with pytest.raises(p.Refusal) as refused:
                await ask(office, kind(names=("acme/bi", bad)))
            assert said in refused.value.what + refused.value.advice
        assert let_in(office, "bi", secret) == "current"
        await office.store.credentials.revoke([("acme", "bi")], "somebody else", 1)
        with pytest.raises(p.Refusal) as refused:
            await ask(office, kind(names=("acme/bi",)))
        assert refused.value.code == Exit.STALE


async def test_the_file_hides_one_and_a_source_that_goes_takes_its_own_along(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with desk(tmp_path) as office:
        secret = await secret_of(office, CREATE)
        taken = Credential(key="bi", secret=Secret(env="theirs"), scopes=("state",))
        source = Connection(name="campus", kind="xapi", settings=XapiSettings(credentials=(taken,)))
        for sources, state, entry in (
            ({"campus": source}, "hidden", ""),
            ({}, "unplaced", ""),
            (SOURCES, "active", "current"),
        ):
            office.keyring.configure([tenant(sources=sources)])
            rows, _ = await ask(office, p.CredentialList())
            assert [row.state for row in rows if row.origin == "stored"] == [state]
            assert let_in(office, "bi", secret) == entry


async def test_the_same_name_in_two_tenants_is_two_credentials(tmp_path: Path, autojump_clock: object) -> None:
    async with desk(tmp_path) as office:
        ours = await secret_of(office, CREATE)
        theirs = await secret_of(office, msgspec.structs.replace(CREATE, source="globex/campus"))
        assert let_in(office, "bi", ours) == let_in(office, "bi", theirs, "globex") == "current"
        assert let_in(office, "bi", theirs) == let_in(office, "bi", ours, "globex") == ""
        assert set(await listed(office, "globex")) == {"globex/moodle", "globex/bi"}
        await ask(office, p.CredentialRevoke(names=("acme/bi",)))
        assert let_in(office, "bi", theirs, "globex") == "current"
        assert (await listed(office))["globex/bi"].used == 2
