"""``map list``, ``show`` and ``test``: which tables there are, what they say, what they make of a record."""

import json
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import world
from control_office import Office, ask, opened
from toy_mapping import MAPPING
from world import Campus, source, tenant

from actors.domain.mapping import compile_tables
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.protocol import Refusal
from daemon.control.views import MappedRow, MappingRow, TableRow

SECOND = """
version = 2
extends = 1
note = "Names in capitals."
[user.row]
display_name = { path = "name", as = ["name", "upper"], required = true }
"""


@pytest.fixture(autouse=True)
def versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy has two tables."""
    mapped, wrong = compile_tables({n: tomllib.loads(text) for n, text in ((1, MAPPING), (2, SECOND))})
    assert not wrong, wrong
    monkeypatch.setattr(world, "toy_tables", lambda: mapped)


@asynccontextmanager
async def read(path: Path) -> AsyncIterator[tuple[Office, Campus]]:
    acme = tenant(sources=source("toy", every="1h", every_max="1h", mapping=1))
    async with opened(path, acme) as (office, campus):
        await campus.until_read()
        await campus.quiet()
        yield office, campus


def toy(office: Office) -> str:
    (name,) = office.tenants["acme"].sources
    return f"acme/{name}"


async def test_which_tables_there_are(tmp_path: Path, autojump_clock: object) -> None:
    async with read(tmp_path) as (office, _):
        rows, done = await ask(office, p.MapList())
        assert [(row.version, row.in_force, row.origin, row.note) for row in rows if isinstance(row, MappingRow)] == [
            (2, False, "shipped", "Names in capitals."),
            (1, True, "shipped", tomllib.loads(MAPPING)["note"]),
        ]
        assert done.exit_code == Exit.OK
        again, _ = await ask(office, p.MapList(source=toy(office)))
        assert again == rows


async def test_a_table_in_full(tmp_path: Path, autojump_clock: object) -> None:
    async with read(tmp_path) as (office, _):
        (row,), _ = await ask(office, p.MapShow(source=toy(office), version=2))
        assert isinstance(row, TableRow)
        tree = tomllib.loads(row.toml)
        assert tree == row.table
        assert tree["user"]["row"]["display_name"]["as"] == ["name", "upper"]
        assert set(tomllib.loads(MAPPING)["enrolment"]["row"]) == set(tree["enrolment"]["row"])
        (first,), _ = await ask(office, p.MapShow(source=toy(office)))
        assert isinstance(first, TableRow)
        assert first.version == 1
        with pytest.raises(Refusal) as refused:
            await ask(office, p.MapShow(source=toy(office), version=9))
        assert (refused.value.code, refused.value.advice) == (Exit.NOTHING, "there is: v1, v2")


async def test_what_a_stored_record_means(tmp_path: Path, autojump_clock: object) -> None:
    async with read(tmp_path) as (office, campus):
        person = next(iter(campus.school.people.values()))
        before = await campus.rows("SELECT count(*) FROM statements")
        asked = p.MapTest(source=toy(office), version=2, record=f"user/{person.id}")
        (row,), done = await ask(office, asked)
        assert isinstance(row, MappedRow)
        assert row.canonical["display_name"] == person.name.upper()
        assert json.loads(row.raw)["name"] == person.name
        assert [each["actor"]["name"] for each in row.statements] == [person.name.upper()]  # type: ignore[index]
        assert "nothing was stored" in done.note
        assert await campus.rows("SELECT count(*) FROM statements") == before


async def test_what_any_json_means(tmp_path: Path, autojump_clock: object) -> None:
    async with read(tmp_path) as (office, _):
        asked = p.MapTest(source=toy(office), entity="user", body='{"id": 5, "token": "s3cret", "email": "no address"}')
        (row,), done = await ask(office, asked)
        assert isinstance(row, MappedRow)
        assert done.exit_code == Exit.FAILURE
        assert {fault.rule for fault in row.faults} >= {"email", "required"}
        assert row.record == "user/5"
        assert "s3cret" not in str(msgspec.to_builtins(row))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (p.MapTest(source="acme/{}", body="{"), Exit.USAGE),
        (p.MapTest(source="acme/{}", body="[]"), Exit.USAGE),
        (p.MapTest(source="acme/{}", body="{}"), Exit.USAGE),
        (p.MapTest(source="acme/{}", body="{}", entity="nobody"), Exit.USAGE),
        (p.MapTest(source="acme/{}", record="user"), Exit.USAGE),
        (p.MapTest(source="acme/{}", record="user/none"), Exit.NOTHING),
        (p.MapTest(source="acme", record="user/1"), Exit.USAGE),
        (p.MapShow(source="acme/nothing"), Exit.NOTHING),
        (p.MapList(source="nobody"), Exit.NOTHING),
        (p.MapList(source="/x"), Exit.USAGE),
    ],
)
async def test_what_cannot_be_meant(
    asked: p.MapTest | p.MapShow | p.MapList, code: Exit, tmp_path: Path, autojump_clock: object
) -> None:
    async with read(tmp_path) as (office, _):
        meant = msgspec.structs.replace(asked, source=asked.source.replace("acme/{}", toy(office)))
        with pytest.raises(Refusal) as refused:
            await ask(office, meant)
        assert refused.value.code == code
