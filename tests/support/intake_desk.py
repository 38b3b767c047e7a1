"""A store and an intake over it. Bodies are entities' own fields; ``bad`` makes a flaw; a partial one is laid over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from world import VirtualClock

from actors.domain.canonical import ENTITIES, AnyEntity, Flaw
from actors.domain.changes import AnyChange
from actors.domain.harvest import Page, Record
from actors.domain.people import Directory
from actors.domain.publishing import Publisher
from actors.domain.recognise import NotRouted, recognise
from actors.domain.stating import Stater
from actors.ports import LoggedStatement, Origin, Provenance
from actors.roles.intake import Intake
from actors.roles.parts import Parts
from config.polling import Removals
from daemon.store.database import Store, open_store

HOME = "https://lms.example.edu"
SOURCE = 1
WHERE = Provenance(tenant="acme", source="sis", correlation_id="c", traceparent="t", version="1.0.3", defines=True)
PUBLISHER = Publisher(Stater(tenant="acme", source="sis", home_page=HOME, language="en"))


def meaning(record: Record, known: AnyEntity | None) -> AnyEntity | tuple[Flaw, ...]:
    if "bad" in record.body:
        return (Flaw(rule="range", path="bad", value="1", suggestion="make it good"),)
    body = dict(record.body)
    if known is not None and record.partial:
        body = {**msgspec.to_builtins(known), **body}
    body |= {"id": record.id, "entity": record.entity}
    return msgspec.convert(body, ENTITIES[record.entity])


def record(entity: str, record_id: str, /, **given: Any) -> Record:
    special = {
        key: given.pop(key) for key in ("scope", "gone", "partial", "form", "flaws", "via", "made_us") if key in given
    }
    return Record(entity=entity, id=record_id, body=given, **({"form": "row"} | special))  # type: ignore[arg-type]  # a test's


def user(name: str, /, **given: Any) -> Record:
    return record("user", name, **({"display_name": name.title()} | given))


def course(name: str, /, **given: Any) -> Record:
    return record("course", name, **({"iri": f"{HOME}/course/{name}", "name": name.upper()} | given))


def enrolment(name: str, who: str = "ada", where: str = "c1", **given: Any) -> Record:
    return record("enrolment", name, user=who, course=where, **given)


class Desk:
    """``intake`` begins a new reading."""

    def __init__(self, store: Store, clock: VirtualClock) -> None:
        self.store = store
        self.clock = clock
        self._told = 0
        self.intake = self.begin()

    def begin(
        self,
        *,
        removals: Removals | None = None,
        cursor: dict[str, str] | None = None,
        quiet: bool = False,
        parts: Parts | None = None,
        origin: Origin | None = None,
    ) -> Intake:
        self.intake = Intake(
            source=SOURCE,
            cursor=cursor or {},
            records=self.store.records,
            meaning=meaning,
            mapping=1,
            publisher=PUBLISHER,
            provenance=msgspec.structs.replace(WHERE, quiet=quiet, origin=origin),
            removals=removals,
            clock=self.clock,
            parts=parts,
        )
        return self.intake

    async def loud(self) -> list[str]:
        """What was said since this was asked last and is told to people, in short."""
        found = await self.statements()
        self._told += len(found)
        return [_short(change_of(each.body)) for each in found if not each.quiet]

    async def tell(self, *records: Record, cursor: dict[str, str] | None = None) -> list[str]:
        """The words of the changes that came of it."""
        await self.intake.page(Page(records=records, cursor=cursor))
        return await self.said()

    async def said(self) -> list[str]:
        """What was said since this was asked last, in short."""
        return [_short(each) for each in await self.changes()]

    async def changes(self) -> list[AnyChange | NotRouted]:
        found = await self.statements()
        self._told += len(found)
        return [change_of(each.body) for each in found]

    async def statements(self) -> list[LoggedStatement]:
        """Those that nobody has asked for yet."""
        return (await self.store.statements.after("acme", 0, 100_000))[self._told :]

    async def writes(self) -> int:
        """A number that grows with every row that is written."""
        return await self.store.writer.submit(lambda raw: raw.total_changes)

    async def states(self) -> dict[str, str]:
        return dict(await self.store.writer.submit(lambda raw: raw.execute("SELECT id, state FROM records").fetchall()))

    async def flaws(self) -> list[tuple[str, str, str]]:
        return await self.store.writer.submit(
            lambda raw: raw.execute(
                "SELECT r.id, f.rule, f.value FROM flaws f JOIN records r ON r.no = f.record ORDER BY 1, f.n"
            ).fetchall()
        )


def change_of(body: bytes) -> AnyChange | NotRouted:
    return recognise(body, at="", languages=("en",), directory=Directory())


def _short(change: AnyChange | NotRouted) -> str:
    if isinstance(change, NotRouted):
        return change.reason
    who = change.learner.key.rpartition("|")[2]
    about = change.subject.removeprefix(f"{HOME}/course/")
    role = getattr(change, "role", "")
    return " ".join(part for part in (change.kind, who, about, role) if part)


@asynccontextmanager
async def a_desk(path: Path) -> AsyncIterator[Desk]:
    """At the same path again: after a restart."""
    clock = VirtualClock()
    async with open_store(path / "d.db", clock, inline=True) as store:
        await store.writer.submit(
            lambda raw: raw.execute(
                "INSERT OR IGNORE INTO sources (no, tenant, name, kind) VALUES (?, 'acme', 'sis', 'toy')", (SOURCE,)
            )
        )
        yield Desk(store, clock)
