"""A store of records and toy versions of a mapping: what brings them into force and takes them back, killed or not."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from log_world import provenance
from world import VirtualClock

from actors.domain.canonical import AnyEntity, Enrolment, Flaw, User
from actors.domain.harvest import Record
from actors.ports.records import Kept, Taking
from actors.ports.remapping import Activation
from actors.roles import remapping as role
from actors.roles.taking import Meaning, written
from daemon.store.database import Store, open_store

SOURCE = 1
BAD_BELOW = {1: 3, 2: 0, 3: 6}
"""In version N, a person of a lower number does not fit."""


def version(n: int) -> Meaning:
    def normalise(record: Record, known: AnyEntity | None = None) -> AnyEntity | tuple[Flaw, ...]:
        number = int(str(record.body["n"]))
        if record.entity == "enrolment":
            user = f"u{number % 4}" if n == 1 else f"u{number % 6}"
            return Enrolment(id=record.id, user=user, course="c", role="learner" if n != 3 else "observer")
        if number < BAD_BELOW[n]:
            return (Flaw(rule="range", path="n", value=str(number), suggestion=f"version {n} wants more"),)
        return User(id=record.id, display_name=f"person {number % 5 if n != 2 else number}")

    return normalise


def kept(no: int | None, entity: str, name: str, n: int, mapping: int, *, rev: int = 0, gone: bool = False) -> Kept:
    """As the intake would write it, in small."""
    record, body, digest = written(Record(entity=entity, id=name, form="rest", body={"n": n}))  # type: ignore[arg-type]
    meant = version(mapping)(record)
    flawed = isinstance(meant, tuple)
    member = meant if isinstance(meant, Enrolment) else None
    return Kept(
        no=no,
        entity=entity,  # type: ignore[arg-type]  # one of them
        id=name,
        form="rest",
        scope="",
        raw=body,
        digest=digest,
        mapping=mapping,
        canonical=b"" if flawed else msgspec.json.encode(meant),
        state="quarantined" if flawed else "gone" if gone else "active",
        rev=rev + 1,
        user=member.user if member else "",
        course=member.course if member else "",
        flaws=meant if isinstance(meant, tuple) else (),
    )


@asynccontextmanager
async def a_store(path: Path) -> AsyncIterator[Store]:
    async with open_store(path / "q.db", VirtualClock(), inline=True) as store:
        await store.writer.submit(
            lambda raw: raw.execute(
                "INSERT OR IGNORE INTO sources (no, tenant, name, kind, mapping) VALUES (1, 'acme', 'toy', 'toy', 1)"
            )
        )
        yield store


async def take(store: Store, *records: Kept) -> None:
    await store.records.take(Taking(source=SOURCE, records=records, provenance=provenance()))


async def dump(store: Store) -> list[tuple[object, ...]]:
    """Every byte of every record, and of what is wrong with it."""

    def job(raw: sqlite3.Connection) -> list[tuple[object, ...]]:
        return [
            *raw.execute("SELECT * FROM records ORDER BY no"),
            *raw.execute("SELECT * FROM flaws ORDER BY record, n"),
            *raw.execute("SELECT mapping FROM sources"),
        ]

    return await store.writer.submit(job)


async def run(store: Store, activation: Activation, remappings: Any = None) -> Activation:
    one, other = version(activation.version_before), version(activation.version)
    return await role.carry_on(activation, one, other, remappings or store.remappings, store.records, lambda: 77)


async def activate(store: Store, n: int) -> Activation:
    return await run(store, await store.remappings.begin(SOURCE, n, "kim", 5))


async def roll_back(store: Store) -> Activation:
    last = await store.remappings.last(SOURCE)
    assert last is not None
    begun = await store.remappings.begin(SOURCE, last.version_before, "kim", 6, undoes=last.no)
    return await run(store, begun)


class Killed(Exception):
    pass


class Mortal:
    """The store's remappings, until so many steps are done."""

    def __init__(self, store: Store, steps: int) -> None:
        self._real, self._left = store.remappings, steps

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    async def step(self, *given: object) -> Activation:
        if not self._left:
            raise Killed
        self._left -= 1
        return await self._real.step(*given)  # type: ignore[arg-type]  # as given


async def killed_after(store: Store, activation: Activation, steps: int) -> None:
    with pytest.raises(Killed):
        await run(store, activation, Mortal(store, steps))
