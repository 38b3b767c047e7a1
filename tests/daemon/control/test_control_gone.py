"""Whoever asks goes away: what they wanted to know is looked for no longer, what they had changed is changed."""

from pathlib import Path

import pytest
import trio
from control_socket import served, wire

from daemon.control import protocol as p
from daemon.control import server
from daemon.control.office import Asking


class Long:
    """Verbs that do not end by themselves, and that a peer may give a word to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(server, "LOOK_S", 0.01)
        monkeypatch.setattr(server.verbs, "answer", self.answer)
        self.begun, self.ended = trio.Event(), trio.Event()
        self.go = trio.Event()

    async def answer(self, request: p.AnyAsk, asking: Asking) -> p.Done:
        self.begun.set()
        try:
            await self.go.wait()
        finally:
            self.ended.set()
        return p.Done(exit_code=0, note="whole")


async def test_what_nobody_waits_for_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = Long(monkeypatch)
    async with served(tmp_path):
        async with wire(tmp_path) as talk:
            await talk.send(p.AskStatus())
            await long.begun.wait()
        await long.ended.wait()


async def test_whoever_only_ended_their_own_side_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = Long(monkeypatch)
    looked = trio.Event()
    until_gone = server._until_gone

    async def looking(stream: trio.SocketStream) -> None:
        with trio.move_on_after(10 * server.LOOK_S):
            await until_gone(stream)
        looked.set()

    monkeypatch.setattr(server, "_until_gone", looking)
    async with served(tmp_path), wire(tmp_path) as talk:
        await talk.send(p.AskStatus())
        await talk.stream.send_eof()
        await looked.wait()
        long.go.set()
        assert (await talk.line() or {})["note"] == "whole"


async def test_what_is_changed_goes_on_without_its_asker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = Long(monkeypatch)
    async with served(tmp_path) as office:
        concluded = trio.Event()
        event = office.witness.event

        def heard(name: str, /, **fields: object) -> None:
            event(name, **fields)
            if fields.get("result") == "whole":
                concluded.set()

        monkeypatch.setattr(office.witness, "event", heard)
        async with wire(tmp_path) as talk:
            await talk.send(p.Pause(lane="acme/slack"))
            await long.begun.wait()
        long.go.set()
        await concluded.wait()
