"""Two sources of one tenant that tell of the same people in the same course, as their records are taken in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from log_world import provenance
from world import VirtualClock

from actors.domain.canonical import AnyEntity, Course, Enrolment, User
from actors.ports.records import Kept, Taking
from daemon.store.database import Store, open_store

CAMPUS, SIS = 1, 2
WHERE = provenance()


@asynccontextmanager
async def two_sources(folder: Path) -> AsyncIterator[Store]:
    """``campus`` and ``sis`` are compared, and rosters are kept from ``campus``."""
    async with open_store(folder / "two.db", VirtualClock(), inline=True) as store:
        await store.writer.submit(
            lambda raw: raw.executemany(
                "INSERT INTO sources (no, tenant, name, kind, home_page, first_us, rostered) "
                "VALUES (?, 'acme', ?, 'toy', ?, 1, ?)",
                [(CAMPUS, "campus", "https://campus", 1), (SIS, "sis", "https://sis", 0)],
            )
        )
        await store.conflicts.compare("acme", ("campus", "sis"), ())
        await told(store, CAMPUS, Course(id="42", iri="https://campus/42", code="CS101", external_id="c-1"))
        await told(store, SIS, Course(id="c-1", iri="https://sis/c-1", code="CS 101"))
        yield store


async def told(store: Store, source: int, *entities: AnyEntity) -> None:
    """These are what it says of them from now on."""
    keys = [(each.entity, each.id) for each in entities]
    known = await store.records.known(source, keys)
    records = []
    for each in entities:
        before = known.get((each.entity, each.id))
        records.append(
            Kept(
                no=None if before is None else before.no,
                entity=each.entity,
                id=each.id,
                form="rest",
                scope="",
                raw=b"{}",
                digest=bytes(16),
                mapping=1,
                canonical=msgspec.json.encode(each),
                state="active",
                rev=1,
                user=each.user if isinstance(each, Enrolment) else "",
                course=each.course if isinstance(each, Enrolment) else "",
            )
        )
    await store.records.take(Taking(source=source, records=tuple(records), provenance=WHERE))


def ada(source: int, **more: object) -> User:
    """As either source has her; they are one person by their SIS ids."""
    words: dict[str, object] = {
        "id": "7" if source == CAMPUS else "u7",
        "email": "ada@example.edu",
        "display_name": "Ada Byron",
        "identifiers": {"sis": "S7"},
        **more,
    }
    return msgspec.convert(words, User)


def seat(source: int, **more: object) -> Enrolment:
    here = source == CAMPUS
    words: dict[str, object] = {
        "id": "e1" if here else "x1",
        "user": "7" if here else "u7",
        "course": "42" if here else "c-1",
        **more,
    }
    return msgspec.convert(words, Enrolment)
