"""Days that come: who is enrolled from a day on, or until one, comes and goes by the rule, without another reading."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import trio
from control_office import Office, ask
from oneroster_desk import bundle
from roster_hall import inside, kept, rule, settled, workspace
from world import EPOCH_US, Campus, open_campus, source

from actors.sources.oneroster.fake import zipped
from config.model import Connection, Tenant
from daemon.control import protocol as p

BUNDLE = bundle(
    enrollments=[
        "e1,,,c2,o1,u1,student,,2027-01-17,",
        "e2,,,c2,o1,u4,student,,,2027-01-17",
        "e3,,,c2,o1,u3,teacher,true,,",
    ],
    users=[
        "u1,,,true,o1,student,ada,Ada,Lovelace,ada@example.edu,",
        "u3,,,true,o1,teacher,emmy,Emmy,Noether,emmy@example.edu,",
        "u4,,,true,o1,student,alan,Alan,Turing,alan@example.edu,",
    ],
)


def fed(tmp_path: Path, **more: object) -> Tenant:
    """From an inbox."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    made = source("oneroster", url="http://sandbox.test/x.zip")["campus"]
    settings = type(made.settings)(inbox=inbox, every="1h", full=None, **more)  # a Path, which only the walk makes
    sources = {"campus": Connection(name="campus", kind="oneroster", settings=settings)}
    return msgspec.structs.replace(kept(rule(early="1d", late="1d")), sources=sources)


def before(campus: Campus) -> None:
    for name in ("ada", "emmy", "alan"):
        workspace(campus).person(f"{name}@example.edu")


async def until(day: int) -> None:
    """The sixth hour of that day of January, in UTC."""
    at_s = datetime(2027, 1, day, 6, tzinfo=UTC).timestamp() - EPOCH_US / 1e6
    await trio.sleep(at_s - trio.current_time())


async def test_who_begins_and_ends_on_a_day_comes_and_goes_by_the_rule(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, fed(tmp_path), before=before) as campus:
        (tmp_path / "inbox" / "a.zip").write_bytes(zipped(BUNDLE))
        await campus.until_read()
        await settled(campus)
        assert inside(campus, "c-rh-2") == {"emmy@example.edu", "alan@example.edu"}
        read = await campus.rows("SELECT count(*) FROM readings")
        await until(16)
        await settled(campus)
        assert "ada@example.edu" in inside(campus, "c-rh-2"), "a day early"
        await until(17)
        assert "alan@example.edu" in inside(campus, "c-rh-2"), "a day late"
        await until(18)
        await settled(campus)
        assert inside(campus, "c-rh-2") == {"emmy@example.edu", "ada@example.edu"}
        assert await campus.rows("SELECT count(*) FROM readings") == read, "nobody told anything"


async def test_what_was_read_by_the_first_table_goes_on_as_it_was_until_the_second_is_in_force(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, fed(tmp_path, mapping=1), before=before) as campus:
        (tmp_path / "inbox" / "a.zip").write_bytes(zipped(BUNDLE))
        await campus.until_read()
        await settled(campus)
        await until(16)
        assert inside(campus, "c-rh-2") == {"emmy@example.edu", "alan@example.edu"}
        office = Office(campus.store, campus.tenants, campus=campus)
        await ask(office, p.MapActivate(source="acme/campus", version=2))
        await trio.sleep(60)
        await settled(campus)
        assert inside(campus, "c-rh-2") == {"emmy@example.edu", "alan@example.edu", "ada@example.edu"}
        assert not campus.journal("teams")
