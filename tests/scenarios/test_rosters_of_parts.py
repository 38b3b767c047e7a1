"""A source that begins with deltas: those who come are put in, nobody is taken out, and it is said why."""

from pathlib import Path

import msgspec
import trio
from control_office import Office, ask
from oneroster_desk import HEADS, bundle
from roster_hall import inside, kept, rule, settled, workspace
from world import Campus, open_campus, source

from actors.sources.oneroster.fake import zipped
from config.model import Connection, Tenant
from daemon.control import protocol as p
from daemon.control.reconciled import RosterRow, RuleRow

ALL = ("orgs", "academicSessions", "courses", "classes", "users", "enrollments")
SPARED = "nobody is taken out: campus told parts only so far"


def manifest_of(how: str) -> str:
    said = [f"file.{name},{how if name in ALL else 'absent'}" for name in HEADS]
    return "\r\n".join(["propertyName,value", "manifest.version,1.0", "oneroster.version,1.1", *said]) + "\r\n"


def told(how: str, *enrolments: str) -> dict[str, str]:
    whole = bundle(manifest=None, lineItems=None, results=None, enrollments=list(enrolments))
    return whole | {"manifest.csv": manifest_of(how)}


def fed(tmp_path: Path) -> Tenant:
    """From an inbox."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    made = source("oneroster", url="http://sandbox.test/x.zip")["campus"]
    settings = type(made.settings)(inbox=inbox, every="10m", full=None)
    sources = {"campus": Connection(name="campus", kind="oneroster", settings=settings)}
    return msgspec.structs.replace(kept(rule(schedule="0 2 * * *")), sources=sources)


def before(campus: Campus) -> None:
    for name in ("ada", "emmy"):
        workspace(campus).person(f"{name}@example.edu")


async def taken(campus: Campus, tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / "inbox" / name).write_bytes(data)
    with trio.fail_after(3_600):
        while not (tmp_path / "inbox" / "done" / name).exists():
            await trio.sleep(1)
    await trio.sleep(30)
    await settled_of(campus)


async def settled_of(campus: Campus) -> None:
    """As ``settled``, but nothing was compared as a whole yet."""
    with trio.fail_after(3_600):
        while await campus.rows("SELECT 1 FROM deliveries WHERE state IN ('waiting', 'claimed', 'unknown')"):
            await trio.sleep(1)


ADA, EMMY = "e1,,2027-01-02T06:00:00Z,c2,o1,u1,student,,,", "e3,,2027-01-02T06:00:00Z,c2,o1,u3,teacher,true,,"
GONE = "e1,tobedeleted,2027-01-16T06:00:00Z,c2,o1,u1,student,,,"


async def test_who_begins_with_deltas_takes_nobody_out_and_says_so(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, fed(tmp_path), before=before) as campus:
        office = Office(campus.store, campus.tenants, campus=campus)
        both = {"ada@example.edu", "emmy@example.edu"}
        await taken(campus, tmp_path, "a.zip", zipped(told("delta", ADA, EMMY), (2027, 1, 16, 6, 0, 0)))
        assert inside(campus, "c-rh-2") == both
        await taken(campus, tmp_path, "b.zip", zipped(told("delta", GONE), (2027, 1, 16, 7, 0, 0)))
        assert inside(campus, "c-rh-2") == both
        rows, _ = await ask(office, p.ReconcileStatus(tenant="acme"))
        [row] = [each for each in rows if isinstance(each, RuleRow)]
        assert (row.state, row.detail) == ("idle", SPARED)
        rows, _ = await ask(office, p.ReconcileReport(tenant="acme", summary=True))
        assert SPARED in [each.note for each in rows if isinstance(each, RosterRow)]
        await trio.sleep(86_400)
        rows, _ = await ask(office, p.ReconcileStatus(tenant="acme"))
        assert [each.last_us for each in rows if isinstance(each, RuleRow)] != [None], "it is compared each night"
        assert inside(campus, "c-rh-2") == both
        await taken(campus, tmp_path, "c.zip", zipped(told("bulk", EMMY), (2027, 1, 17, 6, 0, 0)))
        await settled(campus)
        await trio.sleep(600)
        await settled(campus)
        assert inside(campus, "c-rh-2") == {"emmy@example.edu"}
        rows, _ = await ask(office, p.ReconcileStatus(tenant="acme"))
        assert [each.detail for each in rows if isinstance(each, RuleRow)] == [""]
