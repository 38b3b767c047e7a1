"""Connections on disk: sealed for their place, fenced by their version, and who has left."""

from pathlib import Path

import msgspec
import pytest
from people_ledger import ledger, teach
from plain_vault import PlainVault
from world import VirtualClock

from actors.domain import tokens as machine
from actors.domain.canonical import User
from actors.domain.tokens import Granted, Holding, Tokens
from actors.ports.tokens import Kept, TokensUnusable
from daemon.store.connections import departed
from daemon.store.database import open_store
from daemon.vault.connections import SealedConnections

GRANTED = Granted(access="xoxe.xoxb-canary", refresh="xoxe-1-canary", lives_s=60.0, scopes=("chat:write",), account="Ö")


def first() -> tuple[Holding, Tokens]:
    tokens = machine.kept(Tokens(), GRANTED)
    holding = machine.connected(
        machine.taken(Holding(), GRANTED, tokens, 5), "oidc:ada", "ada@example.edu", ("it", "lms"), 5
    )
    return holding, tokens


async def test_it_is_as_it_was(tmp_path: Path, autojump_clock: object) -> None:
    async with open_store(tmp_path / "x.db", VirtualClock(), inline=True) as store:
        heard: list[str] = []
        connections = SealedConnections(store.connections, PlainVault(), heard.append)
        holding, tokens = first()
        assert await connections.put("acme", "slack", "bot", holding, tokens) is not None
        found = await connections.of("acme", "slack")
        assert found["bot"].holding == holding
        assert connections.open("acme", "slack", "bot", found["bot"]) == tokens
        assert await connections.of("acme", "teams") == {}
        assert {"xoxe.xoxb-canary", "xoxe-1-canary"} <= set(heard)
        assert "canary" not in repr(found)
        gone = machine.revoked(holding, "given back")
        assert await connections.put("acme", "slack", "bot", gone, Tokens()) is not None
        found = await connections.of("acme", "slack")
        assert found["bot"].sealed is None
        assert connections.open("acme", "slack", "bot", found["bot"]) == Tokens()


async def test_only_who_has_seen_the_last_one_writes_the_next(tmp_path: Path, autojump_clock: object) -> None:
    async with open_store(tmp_path / "x.db", VirtualClock(), inline=True) as store:
        connections = SealedConnections(store.connections, PlainVault())
        holding, tokens = first()
        assert (
            await connections.put("acme", "slack", "bot", msgspec.structs.replace(holding, version=2), tokens) is None
        )
        assert await connections.put("acme", "slack", "bot", holding, tokens) is not None
        assert await connections.put("acme", "slack", "bot", holding, tokens) is None
        one = machine.asked(holding, 9)
        assert await connections.put("acme", "slack", "bot", one, tokens) is not None
        assert await connections.put("acme", "slack", "bot", machine.lost(holding, "late"), tokens) is None
        assert (await connections.of("acme", "slack"))["bot"].holding == one


async def test_a_row_that_was_moved_or_put_back_opens_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with open_store(tmp_path / "x.db", VirtualClock(), inline=True) as store:
        connections = SealedConnections(store.connections, PlainVault())
        holding, tokens = first()
        kept = await connections.put("acme", "slack", "bot", holding, tokens)
        assert kept is not None
        for place in (("other", "slack", "bot"), ("acme", "teams", "bot"), ("acme", "slack", "person")):
            with pytest.raises(TokensUnusable):
                connections.open(*place, kept)
        newer = Kept(machine.asked(holding, 9), kept.sealed)
        with pytest.raises(TokensUnusable):
            connections.open("acme", "slack", "bot", newer)


async def test_without_the_key_nothing_is_written_and_it_is_said(tmp_path: Path, autojump_clock: object) -> None:
    async with open_store(tmp_path / "x.db", VirtualClock(), inline=True) as store:
        vault = PlainVault()
        connections = SealedConnections(store.connections, vault)
        vault.away = "the HSM is away"
        with pytest.raises(TokensUnusable, match="the HSM is away"):
            await connections.put("acme", "slack", "bot", *first())
        assert await connections.of("acme", "slack") == {}


def test_who_has_left_everywhere_and_who_only_has_another_address() -> None:
    raw = ledger()
    assert not departed(raw, "acme", "ada@example.edu"), "nobody was ever known by it"
    ada = User(id="7", email="ada@example.edu")
    teach(raw, "lms", ada)
    teach(raw, "sis", User(id="s7", email="ada@example.edu"))
    assert not departed(raw, "acme", "Ada@Example.edu")
    teach(raw, "lms", ada, at_us=2_000, gone=("7",))
    assert not departed(raw, "acme", "ada@example.edu"), "the other source still has them"
    teach(raw, "sis", User(id="s7", email="ada.new@example.edu"), at_us=3_000)
    assert not departed(raw, "acme", "ada@example.edu"), "an address that changed is no departure"
    teach(raw, "sis", User(id="s7", email="ada.new@example.edu"), at_us=4_000, gone=("s7",))
    assert departed(raw, "acme", "ada@example.edu")
    assert not departed(raw, "other", "ada@example.edu")
