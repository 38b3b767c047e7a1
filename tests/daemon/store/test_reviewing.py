"""Other rules of who is who reach those who are known already, a few at a time, and nothing is done without them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from world import VirtualClock, open_campus, source, tenant

from actors.domain.canonical import User
from actors.ports.persons import Reviewed
from config.identity import Identity
from daemon.store import reviewing
from daemon.store.database import Store, open_store
from daemon.store.identity import Told, learn

BY_ADDRESS = Identity()
BY_NUMBER = Identity(link=("sis",))
COUNT = reviewing.PERSONAS * 2 + 10
"""Users, half of them of each of two sources."""


async def taught(store: Store, rules: Identity) -> None:
    """Each is known to both sources by one address."""
    store.persons.configure({"acme": rules})

    def job(raw: Callable[..., object]) -> None:
        reviewing.note_rules(raw, "acme", rules)  # type: ignore[arg-type]  # a connection
        for name in ("moodle", "canvas"):
            users = [Told(user=User(id=f"{name}{n}", email=f"u{n}@example.edu")) for n in range(COUNT // 2)]
            learn(raw, "acme", name, f"https://{name}", users, rules, 1)  # type: ignore[arg-type]

    await store.writer.submit(job)  # type: ignore[arg-type]


async def persons(store: Store) -> int:
    sql = "SELECT count(DISTINCT person) FROM personas"
    return int(await store.writer.submit(lambda raw: raw.execute(sql).fetchone()[0]))


async def reviewed(store: Store) -> list[Reviewed]:
    steps = [await store.persons.review("acme", 2)]
    while steps[-1].more:
        steps.append(await store.persons.review("acme", 2))
    return steps


@pytest.mark.parametrize(
    ("before", "after", "count", "then"),
    [(BY_NUMBER, BY_ADDRESS, COUNT, COUNT // 2), (BY_ADDRESS, BY_NUMBER, COUNT // 2, COUNT)],
)
async def test_everybody_is_judged_by_other_rules(
    tmp_path: Path, before: Identity, after: Identity, count: int, then: int
) -> None:
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as store:
        await taught(store, before)
        assert await persons(store) == count
        assert await reviewed(store) == [Reviewed()], "the rules are the same"
        store.persons.configure({"acme": after})
        steps = await reviewed(store)
        assert [step.personas for step in steps] == [reviewing.PERSONAS, reviewing.PERSONAS, 10]
        assert sum(step.moved for step in steps) == COUNT // 2
        assert await persons(store) == then
        assert await reviewed(store) == [Reviewed()]


async def test_killed_in_the_middle_it_goes_on_and_other_rules_begin_anew(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as store:
        await taught(store, BY_NUMBER)
        store.persons.configure({"acme": BY_ADDRESS})
        await store.persons.review("acme", 2)
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as store:
        store.persons.configure({"acme": BY_ADDRESS})
        assert [step.personas for step in await reviewed(store)] == [reviewing.PERSONAS, 10]
        assert await persons(store) == COUNT // 2
        store.persons.configure({"acme": BY_NUMBER})
        await store.persons.review("acme", 2)
        store.persons.configure({"acme": BY_ADDRESS})
        assert [step.personas for step in await reviewed(store)] == [reviewing.PERSONAS, reviewing.PERSONAS, 10]
        assert await persons(store) == COUNT // 2


async def test_what_is_judged_in_another_way_is_judged_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as store:
        await taught(store, BY_ADDRESS)
        assert await reviewed(store) == [Reviewed()]
        monkeypatch.setattr(reviewing, "JUDGED_AS", b"another")
        assert sum(step.personas for step in await reviewed(store)) == COUNT
        assert await reviewed(store) == [Reviewed()]


async def test_it_is_done_beside_everything_else_and_said_once(tmp_path: Path, autojump_clock: object) -> None:
    acme = tenant(sources=source("toy"))
    async with open_campus(tmp_path, acme) as campus:
        await campus.until_read()
        await trio.sleep(600)
        assert campus.notes.named("identity.reviewed") == []
        campus.store.persons.configure({"acme": BY_NUMBER})
        await trio.sleep(8_000)
        [told] = campus.notes.named("identity.reviewed")
        assert told["personas"] == len(campus.school.people)
