"""The control socket itself: files and modes, who is let in, what is logged, and that nobody can hurt the daemon."""

import os
import socket
from pathlib import Path

import msgspec
import pytest
import trio
from control_office import Desk
from control_socket import ask, refusal, served, wire
from world import completed

from actors.ports import StoreUnavailable
from config.model import Control, Secret
from config.secrets import SecretUnavailable
from daemon.control import protocol as p
from daemon.control import roles, server
from daemon.control.client import Client
from daemon.control.exits import Exit
from daemon.control.lines import LINE_BYTES_MAX
from daemon.control.server import serve_control
from daemon.control.views import decode_view


async def test_a_socket_that_systemd_opened_is_served_and_left(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with served(tmp_path) as office:
        given = tmp_path / "activated.sock"
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(given))
            bound.listen(5)
            async with trio.open_nursery() as nursery:
                address = await nursery.start(serve_control, office, Control(socket=path), [bound])
                assert address == str(given)

                def version() -> list[object]:
                    with Client(given) as client:
                        return list(client.ask(p.AskVersion()))

                assert len(await trio.to_thread.run_sync(version)) == 2
                nursery.cancel_scope.cancel()
        assert given.exists()
    assert not path.exists()


# ── talking ──────────────────────────────────────────────────────────────────────────────────────────


async def test_several_requests_on_one_connection(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        [(rows, done), (_, health)] = await ask(tmp_path, p.AskVersion(), p.AskHealth(level="live"))
        assert decode_view(rows[0]).version == office.version
        assert (done.exit_code, health.exit_code) == (0, 0)


async def test_requests_sent_at_once_are_answered_in_order(tmp_path: Path) -> None:
    async with served(tmp_path), wire(tmp_path) as talk:
        both = p.encode(p.AskVersion(id="a")) + p.encode(p.AskHealth(id="b"))
        await talk.send(both[:20])
        await talk.send(both[20:])
        said = [await talk.line() for _ in range(4)]
        assert [(line["id"], line["reply"]) for line in said if line] == [
            ("a", "row"),
            ("a", "done"),
            ("b", "row"),
            ("b", "done"),
        ]


async def test_garbage_is_answered_and_ends_the_connection(tmp_path: Path) -> None:
    async with served(tmp_path):
        async with wire(tmp_path) as talk:
            await talk.send(b"GET / HTTP/1.1\r\n\r\n")
            line = await talk.line()
            assert line is not None
            assert (line["reply"], line["exit_code"]) == ("error", Exit.USAGE)
            assert await talk.line() is None
        await ask(tmp_path, p.AskVersion())


async def test_an_unknown_verb_is_answered_and_the_connection_goes_on(tmp_path: Path) -> None:
    async with served(tmp_path), wire(tmp_path) as talk:
        await talk.send(b'{"v": 1, "id": "x", "verb": "reboot"}\n{"v": 3, "id": "y", "verb": "status"}\n')
        first, second = await talk.line(), await talk.line()
        assert first is not None
        assert second is not None
        assert (first["id"], first["reply"]) == ("x", "error")
        assert "version 3" in str(second["what"])
        await talk.send(p.AskVersion(id="z"))
        assert (await talk.line() or {})["id"] == "z"


async def test_an_endless_line_is_cut_off(tmp_path: Path) -> None:
    async with served(tmp_path):
        async with wire(tmp_path) as talk:
            with pytest.raises(trio.BrokenResourceError):
                await talk.send(b"x" * LINE_BYTES_MAX * 9)
        await ask(tmp_path, p.AskVersion())


async def test_a_peer_that_ends_in_the_middle_of_a_line_hurts_nobody(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        async with wire(tmp_path) as talk:
            await talk.send(b'{"v": 1, "verb": "sta')
        await ask(tmp_path, p.AskVersion())
        assert office.witness.troubles == []


async def test_a_silent_peer_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_S", 0.01)
    async with served(tmp_path), wire(tmp_path) as talk:
        assert await talk.line() is None


async def test_a_peer_that_does_not_read_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WRITE_S", 0.01)
    async with served(tmp_path) as office:
        desk = Desk(office)
        await desk.tell(*(completed(f"learner{number}") for number in range(1000)))
        await desk.route()
        await office.store.writer.submit(
            lambda raw: raw.execute("UPDATE deliveries SET state = 'dead', head = 0, cause = 'poison', done_us = 1")
        )
        let_go = trio.Event()
        event = office.witness.event

        def heard(name: str, /, **fields: object) -> None:
            event(name, **fields)
            if "went away" in str(fields.get("result")):
                let_go.set()

        monkeypatch.setattr(office.witness, "event", heard)
        async with wire(tmp_path) as talk:
            for _ in range(3):  # together far more than the kernel keeps for us
                await talk.send(p.DlqReplay(everything=True, dry_run=True))
            await let_go.wait()
        await ask(tmp_path, p.AskVersion())
        assert office.witness.troubles == []


async def test_too_many_at_once_are_told_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 1)
    async with served(tmp_path):
        async with wire(tmp_path) as first:
            await first.send(p.AskVersion())
            assert await first.line()
            async with wire(tmp_path) as second:
                assert (await second.line() or {})["exit_code"] == Exit.AGAIN
            await first.stream.send_eof()
            while await first.line():
                pass  # until the daemon has seen it go
        await ask(tmp_path, p.AskVersion())


async def test_the_answer_to_drain_arrives_though_the_daemon_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ending").mkdir()
    async with served(tmp_path) as office, trio.open_nursery() as nursery:

        async def drain() -> None:
            nursery.cancel_scope.cancel()

        monkeypatch.setattr(office, "drain", drain)
        await nursery.start(serve_control, office, Control(socket=tmp_path / "ending/control.sock"))
        with trio.CancelScope(shield=True):
            [(rows, done)] = await ask(tmp_path / "ending", p.Drain())
    assert (len(rows), done.note) == (1, "draining")


# ── who ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_our_own_user_may_do_everything(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        await ask(tmp_path, p.Drain())
        assert office.drained == 1
        [asked] = office.witness.named("control.requested")
        assert (asked["uid"], asked["pid"]) == (os.getuid(), os.getpid())


def stranger(monkeypatch: pytest.MonkeyPatch, *gids: int) -> None:
    peer = roles.Peer(pid=9, uid=1234, gids=frozenset(gids), login="eve")
    monkeypatch.setattr(server, "peer_of", lambda connection: peer)
    monkeypatch.setattr(roles, "group_id", {"watchers": 701, "operators": 702}.get)


@pytest.mark.parametrize(
    ("gids", "allowed"),
    [((), set()), ((701,), {"version"}), ((702,), {"version", "pause"}), ((703,), set())],
    ids=["nobody", "viewer", "operator", "another group"],
)
async def test_each_role_has_its_verbs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gids: tuple[int, ...], allowed: set[str]
) -> None:
    stranger(monkeypatch, *gids)
    async with served(tmp_path, viewers=("watchers",), operators=("operators",)) as office:
        for request in (
            p.AskVersion(),
            p.Pause(lane="acme/slack"),
            p.Pause(lane="acme/slack", dry_run=True),
            p.Drain(),
        ):
            if request.verb in allowed:
                await ask(tmp_path, request)
                continue
            refused = await refusal(tmp_path, request)
            assert refused.code == Exit.FORBIDDEN
            assert "eve (uid 1234)" in refused.what
            assert "root" in refused.advice
        assert office.drained == 0
        assert (await office.store.queries.holds() != {}) == ("pause" in allowed)
        said = office.witness.named("control.refused")
        assert {fields["verb"] for fields in said} == {"version", "pause", "drain"} - allowed


async def test_a_lost_membership_counts_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger(monkeypatch, 702)
    async with served(tmp_path, operators=("operators",)) as office, wire(tmp_path) as talk:
        await talk.send(p.AskVersion())
        assert [(await talk.line() or {})["reply"] for _ in range(2)] == ["row", "done"]
        office._daemon = msgspec.structs.replace(office._daemon, control=Control(operators=()))
        await talk.send(p.AskVersion())
        assert (await talk.line() or {})["exit_code"] == Exit.FORBIDDEN


async def test_a_change_is_logged_before_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger(monkeypatch, 702)
    async with served(tmp_path, operators=("operators",)) as office:
        seen: list[list[str]] = []
        pause = office.store.queries.pause

        async def watched(*args: object, **more: object) -> str:
            seen.append([name for name, _ in office.witness.events])
            return await pause(*args, **more)  # type: ignore[arg-type]  # handed through

        monkeypatch.setattr(office.store.queries, "pause", watched)
        await ask(tmp_path, p.Pause(lane="acme/slack"))
        await ask(tmp_path, p.AskVersion())
        assert seen == [["control.requested"]]
        [asked], [answered] = office.witness.named("control.requested"), office.witness.named("control.answered")
        assert asked == {
            "uid": 1234,
            "login": "eve",
            "pid": 9,
            "verb": "pause",
            "arguments": {"dry_run": False, "lane": "acme/slack"},
            "correlation_id": asked["correlation_id"],
        }
        assert (answered["exit_code"], answered["uid"], answered["verb"]) == (0, 1234, "pause")


# ── trouble inside ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (StoreUnavailable("the disk is full"), Exit.AGAIN, "the disk is full"),
        (SecretUnavailable("credential x", "not there"), Exit.BAD_CONFIGURATION, "credential x: not there"),
        (KeyError("s3cr3t"), Exit.FAILURE, "fault in lmsyncd: KeyError"),
        (trio.TooSlowError(), Exit.AGAIN, "no end after"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_a_fault_ends_one_request_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: Exit, said: str
) -> None:
    async with served(tmp_path) as office, wire(tmp_path) as talk:

        async def fail(level: str) -> None:
            raise error

        monkeypatch.setattr(office, "health", fail)
        await talk.send(p.AskHealth())
        line = await talk.line()
        assert line is not None
        assert (line["reply"], line["exit_code"]) == ("error", code)
        assert said in str(line["what"])
        assert "s3cr3t" not in str(line)
        await talk.send(p.AskVersion())
        assert (await talk.line() or {})["reply"] == "row"


async def test_a_store_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        await office.store.writer.submit(lambda raw: raw.execute("DROP TABLE lanes"))
        refused = await refusal(tmp_path, p.AskStatus())
        assert refused.code == Exit.FAILURE
        assert len(office.witness.troubles) == 1


def test_secrets_are_no_part_of_the_log() -> None:
    assert "value" not in Secret.__struct_fields__
    said = server._logged(
        roles.Peer(pid=1, uid=0, gids=frozenset(), login="root"), p.RouteTest(tenant="acme", statement="s3cr3t")
    )
    assert "s3cr3t" not in str(said)
