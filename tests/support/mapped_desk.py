"""A desk whose records mean what a mapping table says, in versions that can be brought into force."""

import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from intake_desk import HOME, PUBLISHER, SOURCE, WHERE, Desk, a_desk

from actors.domain.harvest import Record
from actors.domain.mapping import Frame, Mapped, Meaning, compile_tables
from actors.ports.remapping import Activation, Stored
from actors.roles.intake import Intake
from actors.roles.remapping import carry_on

FRAME = Frame(
    home_page=HOME, tenant="acme", source="sis", timezone="Europe/Berlin", locale="de-DE", now_us=1_800_000_000_000_000
)
TABLES = """
version = 1
note = "The first table."
[words.role]
student = "learner"
teacher = "instructor"
[user.row]
email = { path = "mail", as = "email" }
display_name = { path = "name", as = ["html", "name"], required = true }
active = { path = "active", as = "boolean", default = true }
updated = { path = "changed", as = "unix" }
[course.row]
iri = { format = "{home_page}/course/{id}" }
name = { path = "name", as = ["html", "name"], check = ["max:300"] }
[enrolment.row]
user = { path = "user", as = "text", required = true }
course = { path = "course", as = "text", required = true }
role = { path = "role", as = "word:role", required = true }
start = { path = "start", as = "moment" }
[assignment.row]
iri = { format = "{home_page}/paper/{id}" }
course = { path = "course", as = "text", required = true }
name = { path = "name", as = ["html", "name"] }
[grade.row]
user = { path = "user", as = "text", required = true }
course = { path = "course", as = "text", required = true }
assignment = { path = "work", as = "text" }
"score.raw" = { path = "points", as = "number", check = ["min:0"] }
"score.min" = { path = "least", as = "number" }
"score.max" = { path = "most", as = "number" }
"""


def versions(*tables: str) -> dict[int, Mapped]:
    """Compiled, by version; each says what is new in it."""
    trees = {n: tomllib.loads(text) for n, text in enumerate((TABLES, *tables), 1)}
    mapped, wrong = compile_tables(trees)
    assert not wrong, wrong
    return mapped


def row(entity: str, name: str, /, **body: Any) -> Record:
    return Record(entity=entity, id=name, form="row", body=body)  # type: ignore[arg-type]  # a test's


class MappedDesk:
    """``desk`` says what is published; ``mapping`` is in force."""

    def __init__(self, desk: Desk, mapped: Mapping[int, Mapped]) -> None:
        self.desk = desk
        self.store = desk.store
        self._mapped = mapped
        self.mapping = 1
        self.begin()

    def meaning(self, version: int) -> Meaning:
        return self._mapped[version].within(FRAME)

    def begin(self) -> Intake:
        """A new reading."""
        self.desk.intake = Intake(
            source=SOURCE,
            cursor={},
            records=self.store.records,
            meaning=self.meaning(self.mapping),
            mapping=self.mapping,
            publisher=PUBLISHER,
            provenance=WHERE,
            removals=None,
            clock=self.desk.clock,
        )
        return self.desk.intake

    async def tell(self, *records: Record) -> list[str]:
        """In a reading of their own; the changes that came of it."""
        self.begin()
        told = await self.desk.tell(*records)
        await self.desk.intake.finish()
        return told + await self.desk.said()

    async def activate(self, version: int) -> Activation:
        begun = await self.store.remappings.begin(SOURCE, version, "kim", self.desk.clock.now_us())
        return await self._run(begun)

    async def roll_back(self) -> Activation:
        last = await self.store.remappings.last(SOURCE)
        assert last is not None
        now_us = self.desk.clock.now_us()
        begun = await self.store.remappings.begin(SOURCE, last.version_before, "kim", now_us, undoes=last.no)
        return await self._run(begun)

    async def _run(self, begun: Activation) -> Activation:
        before, after = self.meaning(begun.version_before), self.meaning(begun.version)
        now_us = self.desk.clock.now_us
        ended = await carry_on(begun, before, after, self.store.remappings, self.store.records, now_us)
        self.mapping = begun.version
        return ended

    async def one(self, entity: str, name: str) -> Stored:
        [found] = (await self.store.quarantine.find(SOURCE, [(entity, name)])).values()
        return found

    async def means(self, entity: str, name: str) -> Any:
        return msgspec.json.decode((await self.one(entity, name)).known.canonical)

    async def dump(self) -> list[tuple[object, ...]]:
        """Every byte of every record, of what is wrong with it, and of the mapping in force."""
        return await self.store.writer.submit(
            lambda raw: [
                *raw.execute("SELECT * FROM records ORDER BY no"),
                *raw.execute("SELECT * FROM flaws ORDER BY record, n"),
                *raw.execute("SELECT mapping FROM sources"),
            ]
        )


def of_kind(package: ModuleType, *tables: str) -> dict[int, Mapped]:
    """The first table that ships with a kind of source, and versions that say what is new in them."""
    assert package.__file__ is not None
    shipped = (Path(package.__file__).parent / "mappings" / "v1.toml").read_text(encoding="utf-8")
    trees = {n: tomllib.loads(text) for n, text in enumerate((shipped, *tables), 1)}
    mapped, wrong = compile_tables(trees)
    assert not wrong, wrong
    return mapped


async def activated_and_taken_back(path: Path, mapped: Mapping[int, Mapped], records: Sequence[Record]) -> Activation:
    """A corpus is read, its mapping is changed and taken back; every byte is as it was, and nobody was told of it.
    The activation."""
    async with a_desk(path) as desk:
        await desk.store.sources.first_mapping(SOURCE, 1)
        school = MappedDesk(desk, mapped)
        assert await school.tell(*records)
        before = await school.dump()
        ended = await school.activate(2)
        assert await school.dump() != before
        assert await school.tell(*records) == []
        await school.roll_back()
        assert await school.dump() == before
        assert await school.tell(*records) == []
        return ended


@asynccontextmanager
async def a_mapped_desk(path: Path, *tables: str) -> AsyncIterator[MappedDesk]:
    async with a_desk(path) as desk:
        await desk.store.sources.first_mapping(SOURCE, 1)
        yield MappedDesk(desk, versions(*tables))
