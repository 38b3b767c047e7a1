"""Which tables a source has, and what a reload says of those that are in force and were changed."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import msgspec
import pytest

from actors.domain.canonical import User
from actors.domain.harvest import Record
from actors.ports import SourceName
from actors.ports.readings import Sources
from actors.ports.records import SourceState
from actors.sources import discover
from config.model import Configuration, Connection, Daemon, MappingFile, Tenant
from daemon.meanings import KindMeanings, rewritten_in_force

FILE = Path("/etc/lmsyncd/mappings/canvas/v100.toml")


def own(field: str, version: int = 100) -> dict[int, MappingFile]:
    text = f'version = {version}\nnote = "Ours."\nextends = 1\n[user.rest]\n{field} = {{ path = "cohort" }}\n'
    return {version: MappingFile(file=FILE.with_name(f"v{version}.toml"), tree=tomllib.loads(text))}


def acme(mappings: dict[int, MappingFile]) -> Tenant:
    settings = msgspec.convert({"base_url": "https://x.example", "token": {"env": "T"}}, discover()["canvas"].settings)
    connection = Connection(name="lms", kind="canvas", settings=settings)
    return Tenant(
        name="acme",
        timezone="Europe/Berlin",
        locale="de-DE",
        sources={"lms": connection},
        mappings={"lms": mappings} if mappings else {},
    )


def configured(tenant: Tenant) -> Configuration:
    return Configuration(root=Path("/etc/lmsyncd"), daemon=Daemon(), tenants={"acme": tenant}, state=Path("/var"))


class FixedClock:
    """It is always the same time."""

    def now_us(self) -> int:
        return 1_800_000_000_000_000


class Standing:
    """Knows one source, with this version in force."""

    def __init__(self, version: int) -> None:
        self.version = version

    async def known(self, sources: Sequence[SourceName]) -> Mapping[SourceName, SourceState]:
        return {each: SourceState(no=1, mapping=self.version) for each in sources}


def test_tables_by_version() -> None:
    meanings = KindMeanings(FixedClock())
    tenant = acme(own("org_unit"))
    assert sorted(meanings.versions(tenant, "lms")) == [1, 100]
    assert meanings.newest(tenant, "lms") == 100
    assert meanings.newest(acme({}), "lms") == 1
    meaning = meanings.meaning(tenant, "lms", "https://x.example", 100)
    told = Record(entity="user", id="1", form="rest", body={"name": "Ada", "cohort": "C"})
    assert meaning(told, None) == User(id="1", display_name="Ada", org_unit="C")
    with pytest.raises(LookupError, match="there is no version 7"):
        meanings.meaning(tenant, "lms", "https://x.example", 7)
    with pytest.raises(LookupError, match="no source"):
        meanings.versions(tenant, "other")


def test_own_tables_are_compiled_once() -> None:
    meanings = KindMeanings(FixedClock())
    one, other = acme(own("org_unit")), acme(own("org_unit"))
    assert meanings.versions(one, "lms") is meanings.versions(other, "lms")
    assert meanings.versions(acme(own("given_name")), "lms") is not meanings.versions(one, "lms")


@pytest.mark.parametrize(
    ("after", "in_force", "said"),
    [
        (own("given_name"), 100, "version 100 is in force at acme/lms and says something else now"),
        ({}, 100, "version 100 is in force at acme/lms and is not there any more"),
        (own("given_name"), 1, ""),
        (own("org_unit") | own("given_name", 101), 100, ""),
    ],
)
async def test_a_table_in_force_that_was_changed(after: dict[int, MappingFile], in_force: int, said: str) -> None:
    sources = cast("Sources", Standing(in_force))
    before = configured(acme(own("org_unit")))
    problems = await rewritten_in_force(before, configured(acme(after)), sources)
    assert [(each.message.partition(":")[0], each.severity, each.file) for each in problems] == (
        [(said, "warning", FILE)] if said else []
    )


async def test_another_note_changes_nothing() -> None:
    noted = own("org_unit")
    tree = {**noted[100].tree, "note": "Said better."}
    after = {100: MappingFile(file=noted[100].file, tree=tree)}
    sources = cast("Sources", Standing(100))
    assert await rewritten_in_force(configured(acme(own("org_unit"))), configured(acme(after)), sources) == []
