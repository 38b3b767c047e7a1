"""The keyring behind ``credential``: its key, what it counts, and the commands as people and roles meet them."""

from pathlib import Path

import msgspec
import pytest
import trio
from control_office import ask
from control_socket import ask as asked
from control_socket import run_ctl, served
from credential_desk import ACME, CREATE, desk, let_in, listed, secret_of

from daemon.control import protocol as p
from daemon.control import roles, server
from daemon.control.exits import Exit
from daemon.gateway.keyring import FLUSH_S, Keyring
from daemon.gateway.seal import PREFIX, SealFile, seal_path


async def test_a_lost_key_is_seen_and_rotating_mends_it(tmp_path: Path, autojump_clock: object) -> None:
    async with desk(tmp_path) as office:
        secret = await secret_of(office, CREATE)
        path = seal_path(office.store.path)
    kept = path.read_bytes()
    path.unlink()
    async with desk(tmp_path) as office:
        await office.keyring.refresh()
        assert let_in(office, "bi", secret) == ""
        assert (await listed(office))["acme/bi"].state == "sealed"
        assert let_in(office, "moodle", "new") == "current"
        fresh = await secret_of(office, p.CredentialRotate(names=("acme/bi",)))
        assert [let_in(office, "bi", each) for each in (secret, fresh)] == ["", "current"]
        row = (await listed(office))["acme/bi"]
        assert (row.state, row.overlap) == ("active", False)
        path.write_bytes(kept)
        office.keyring.configure([ACME])
        assert (await listed(office))["acme/bi"].state == "sealed"


async def test_a_key_that_is_none_is_said_and_left_alone(tmp_path: Path, autojump_clock: object) -> None:
    (tmp_path / "c.db.key").write_text("nonsense")
    async with desk(tmp_path) as office:
        assert [name for name, _ in office.witness.troubles] == ["credentials.key_unusable"]
        with pytest.raises(p.Refusal, match="cannot be used"):
            await ask(office, CREATE)
        _, done = await ask(office, p.CredentialList())
        assert (done.exit_code, "no key of ours" in done.note) == (Exit.DEGRADED, True)
        assert let_in(office, "moodle", "new") == "current"
    assert (tmp_path / "c.db.key").read_text() == "nonsense"


async def test_uses_are_shown_at_once_and_written_once_a_minute(tmp_path: Path, autojump_clock: object) -> None:
    async with desk(tmp_path) as office:
        before = office.store.writer.jobs
        async with trio.open_nursery() as nursery:
            nursery.start_soon(office.keyring.run)
            for _ in range(500):
                assert let_in(office, "moodle", "new")
            let_in(office, "moodle", "old")
            row = (await listed(office))["acme/moodle"]
            assert (row.used, row.used_us, row.former_used_us) == (501, office.clock.now_us(), office.clock.now_us())
            assert (row.origin, row.overlap) == ("file", True)
            assert office.store.writer.jobs == before
            await trio.sleep(FLUSH_S + 1)
            assert office.store.writer.jobs == before + 1
            assert (await listed(office))["acme/moodle"].used == 501
            await trio.sleep(10 * FLUSH_S)
            assert office.store.writer.jobs == before + 1
            let_in(office, "moodle", "new")
            nursery.cancel_scope.cancel()
        fresh = Keyring(office.store.credentials, SealFile(tmp_path / "k"), office.clock, office.witness.trouble)
        use = (await fresh.uses())["acme", "moodle"]
        assert (use.n, use.used_us) == (502, office.clock.now_us())
        assert use.former_used_us is not None
        assert use.former_used_us < use.used_us


async def test_uses_that_the_store_does_not_take_now_are_written_later(tmp_path: Path, autojump_clock: object) -> None:
    async with desk(tmp_path) as office:
        let_in(office, "moodle", "new")
        office.store.writer.refuse("the disk is full")
        await office.keyring.flush()
        let_in(office, "moodle", "new")
        office.store.writer.refuse("")
        await office.keyring.flush()
        assert (await office.store.credentials.uses())["acme", "moodle"].n == 2


# ── the command ──────────────────────────────────────────────────────────────────────────────────────


async def test_the_commands(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        office.tenants["acme"] = ACME
        office.keyring.configure([ACME])
        options = ("--name", "bi", "--scope", "all/read", "--rate", "2.5", "--expires", "90d", "--json")
        made = await run_ctl(tmp_path, "credential", "create", "acme/campus", *options)
        assert (made.returncode, made.stderr) == (0, b"")
        lines = [msgspec.json.decode(line) for line in made.stdout.splitlines()]
        assert [line["kind"] for line in lines] == ["changed", "secret", "done"]
        assert let_in(office, "bi", lines[1]["secret"]) == "current"
        turned = await run_ctl(tmp_path, "credential", "rotate", "acme/bi", "--overlap", "7d")
        assert turned.returncode == 0
        assert turned.stdout.count(PREFIX.encode()) == 1
        shown = await run_ctl(tmp_path, "credential", "list", "acme")
        assert PREFIX.encode() not in shown.stdout
        assert b"acme/bi" in shown.stdout
        assert b"former secret works until" in shown.stdout
        ended = await run_ctl(tmp_path, "credential", "revoke", "acme/bi")
        assert ended.returncode == 0
        assert let_in(office, "bi", lines[1]["secret"]) == ""
        for words in (
            "--quiet credential rotate acme/bi",
            "credential create acme/campus --burst 3",
            "credential rotate acme/bi --overlap 400d",
            "credential create acme/campus --expires 4000d",
            "credential create acme/campus --rate 0",
            "credential revoke",
        ):
            assert (await run_ctl(tmp_path, *words.split())).returncode == Exit.USAGE, words
        assert (await run_ctl(tmp_path, "credential", "revoke", "acme/nobody")).returncode == Exit.NOTHING


async def test_only_admins_change_and_viewers_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peers = {"viewers": ("watchers",), "operators": ("operators",), "admins": ("bosses",)}
    monkeypatch.setattr(roles, "group_id", {"watchers": 701, "operators": 702, "bosses": 703}.get)
    async with served(tmp_path, **peers) as office:
        office.tenants["acme"] = ACME
        office.keyring.configure([ACME])
        for gid, may in ((701, False), (702, False), (703, True)):
            peer = roles.Peer(pid=9, uid=1234, gids=frozenset({gid}), login="eve")
            monkeypatch.setattr(server, "peer_of", lambda connection, peer=peer: peer)
            await asked(tmp_path, p.CredentialList())
            for request in (
                msgspec.structs.replace(CREATE, name=f"n{gid}"),
                p.CredentialRotate(names=(f"acme/n{gid}",)),
                p.CredentialRevoke(names=(f"acme/n{gid}",)),
            ):
                if may:
                    [(_, done)] = await asked(tmp_path, request)
                    assert done.exit_code == Exit.OK
                else:
                    with pytest.raises(p.Refusal) as refused:
                        await asked(tmp_path, request)
                    assert refused.value.code == Exit.FORBIDDEN
        assert [name for _, name in office.keyring.stored()] == ["n703"]
