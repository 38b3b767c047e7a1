"""Records that failed validation: shown, corrected, let in again, left as they are."""

import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing
import world
from control_office import PEER, Office, ask, opened
from toy_mapping import MAPPING
from world import Campus, source, tenant

from actors.domain.mapping import compile_tables
from actors.ports import Fault
from actors.roles.remapping import finish
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.protocol import Refusal
from daemon.control.views import ActivationRow, ChangedRow, FieldDiffRow, MapDiffRow, QuarantinedRow, RecordRow
from daemon.control.wellness import quarantine_checks
from daemon.store import remapping

SECOND = """
version = 2
extends = 1
note = "A wizard assists; names are in capitals; grades are percents."
[words.role]
wizard = "assistant"
[user.row]
display_name = { path = "name", as = ["name", "upper"], required = true }
"""
THIRD = """
version = 3
extends = 2
note = "Nobody has a name."
[user.row]
display_name = { path = "nickname", required = true }
"""


@pytest.fixture(autouse=True)
def versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy has three tables."""
    mapped, wrong = compile_tables({n: tomllib.loads(text) for n, text in ((1, MAPPING), (2, SECOND), (3, THIRD))})
    assert not wrong, wrong
    monkeypatch.setattr(world, "toy_tables", lambda: mapped)


@asynccontextmanager
async def read(path: Path) -> AsyncIterator[tuple[Office, Campus]]:
    """A toy that was read once, with the first table; a wizard is among its memberships."""
    acme = tenant(sources=source("toy", every="1h", every_max="1h", first_sync="announce", mapping=1))
    async with opened(path, acme) as (office, campus):
        membership = next(iter(campus.school.memberships.values()))
        membership.role = "wizard"
        await campus.until_read()
        await campus.quiet()
        office.wizard = f"enrolment/{membership.id}"  # type: ignore[attr-defined]
        yield office, campus


async def told(campus: Campus) -> int:
    [(n,)] = await campus.rows("SELECT count(*) FROM statements")
    return int(n)


async def dump(campus: Campus) -> list[Any]:
    return [
        *await campus.rows("SELECT * FROM records ORDER BY no"),
        *await campus.rows("SELECT * FROM flaws ORDER BY record, n"),
        *await campus.rows("SELECT mapping FROM sources"),
    ]


async def test_what_is_wrong_is_listed_and_shown(tmp_path: Path, autojump_clock: object) -> None:
    async with read(tmp_path) as (office, campus):
        rows, done = await ask(office, p.QuarantineList())
        [row] = rows
        assert isinstance(row, QuarantinedRow)
        assert (f"{row.entity}/{row.id}", row.source, row.rule, row.path, row.value) == (
            office.wizard, "acme/campus", "word:role", "role", '"wizard"',
        )  # fmt: skip
        assert done.exit_code == Exit.OK
        assert (await ask(office, p.QuarantineList(rule="email")))[1].exit_code == Exit.NOTHING
        [shown], _ = await ask(office, p.QuarantineShow(records=(office.wizard,)))
        assert isinstance(shown, RecordRow)
        assert msgspec.json.decode(shown.raw)["role"] == "wizard"
        assert (shown.state, shown.canonical, shown.mapping) == ("quarantined", "", 1)
        assert [name for name, _ in campus.notes.troubles] == ["quarantine.grew"]
        await campus.sync("full")
        assert [name for name, _ in campus.notes.troubles] == ["quarantine.grew"]  # it stands there already


async def test_the_deep_look_says_what_waits(tmp_path: Path, autojump_clock: object) -> None:
    async with read(tmp_path) as (office, campus):
        [check] = await quarantine_checks(campus.tenants.values(), campus.store)
        assert (check.name, check.ok, check.detail) == (
            "quarantine acme/campus", False, "1 waits for a person (word:role 1)",
        )  # fmt: skip
        [row], _ = await ask(office, p.SourceList())
        assert row.quarantined == 1
        await ask(office, p.QuarantineDismiss(everything=True))
        [check] = await quarantine_checks(campus.tenants.values(), campus.store)
        assert (check.ok, check.detail) == (True, "nothing waits; 1 was dismissed")
        [row], _ = await ask(office, p.SourceList())
        assert row.quarantined == 0


async def test_a_correction_is_rehearsed_made_applied_and_taken_away(tmp_path: Path, autojump_clock: object) -> None:
    async with read(tmp_path) as (office, campus):
        request = p.QuarantineEdit(source="acme/campus", record=office.wizard, put=('role="teacher"',))
        [row], _ = await ask(office, msgspec.structs.replace(request, dry_run=True))
        assert (row.before, row.after, row.done) == ('"wizard"', '"teacher"', False)
        [shown], _ = await ask(office, p.QuarantineShow(records=(office.wizard,)))
        assert shown.corrections == ()
        await ask(office, request)
        rehearsed, _ = await ask(office, p.QuarantineRetry(records=(office.wizard,), dry_run=True))
        assert [(row.after, row.done) for row in rehearsed] == [("active", False)]
        before = await told(campus)
        [row], done = await ask(office, p.QuarantineRetry(records=(office.wizard,)))
        assert isinstance(row, ChangedRow)
        assert (row.before, row.after, row.done, done.exit_code) == ("quarantined", "active", True, Exit.OK)
        await campus.quiet()
        assert await told(campus) == before + 1
        [shown], _ = await ask(office, p.QuarantineShow(records=(office.wizard,)))
        assert [(one.path, one.was, one.value, one.holds) for one in shown.corrections] == [
            ("role", '"wizard"', '"teacher"', True)
        ]
        assert msgspec.json.decode(shown.canonical)["role"] == "instructor"
        await ask(office, p.QuarantineEdit(source="acme/campus", record=office.wizard, removed=("role",)))
        [row], done = await ask(office, p.QuarantineRetry(records=(office.wizard,)))
        assert (row.after, done.exit_code) == ("quarantined", Exit.DEGRADED)


async def test_who_is_left_as_he_is_comes_back_when_the_source_speaks(tmp_path: Path, autojump_clock: object) -> None:
    async with read(tmp_path) as (office, campus):
        await ask(office, p.QuarantineDismiss(everything=True, dry_run=True))
        assert (await ask(office, p.QuarantineList()))[1].exit_code == Exit.OK
        [row], _ = await ask(office, p.QuarantineDismiss(everything=True, source="acme/campus"))
        assert (row.before, row.after, row.done) == ("quarantined", "dismissed", True)
        assert (await ask(office, p.QuarantineList()))[1].exit_code == Exit.NOTHING
        [row], _ = await ask(office, p.QuarantineList(dismissed=True))
        assert row.dismissed
        with pytest.raises(Refusal) as refused:
            await ask(office, p.QuarantineRetry(everything=True))
        assert refused.value.code == Exit.NOTHING
        next(iter(campus.school.memberships.values())).role = "witch"
        await campus.sync("full")
        [row], _ = await ask(office, p.QuarantineList())
        assert row.value == '"witch"'


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (p.QuarantineShow(records=("user/nobody",)), Exit.NOTHING),
        (p.QuarantineShow(records=("nobody",)), Exit.USAGE),
        (p.QuarantineShow(records=("wizard/1",)), Exit.USAGE),
        (p.QuarantineRetry(), Exit.USAGE),
        (p.QuarantineRetry(everything=True, rule="email"), Exit.NOTHING),
        (p.QuarantineRetry(everything=True, source="acme/nowhere"), Exit.NOTHING),
        (p.QuarantineEdit(source="acme/campus", record="user/1"), Exit.USAGE),
        (p.QuarantineEdit(source="acme/campus", record="user/1", put=("name=Ada",)), Exit.USAGE),
        (p.QuarantineEdit(source="acme/campus", record="user/1", put=("name[7]=1",)), Exit.USAGE),
        (p.QuarantineEdit(source="acme/campus", record="user/1", removed=("name",)), Exit.NOTHING),
        (p.QuarantineEdit(source="campus", record="user/1", put=("name=1",)), Exit.USAGE),
        (p.MapDiff(source="acme/campus", before=1, after=9), Exit.NOTHING),
        (p.MapActivate(source="acme/campus", version=1), Exit.NOTHING),
        (p.MapActivate(source="acme/campus", version=2, plan="0" * 16), Exit.STALE),
        (p.MapRollback(source="acme/campus"), Exit.NOTHING),
    ],
)
async def test_what_cannot_be_done_changes_nothing(
    tmp_path: Path, autojump_clock: object, request_: p.AnyAsk, code: Exit
) -> None:
    async with read(tmp_path) as (office, campus):
        if getattr(request_, "record", "") == "user/1":
            [[name]] = await campus.rows("SELECT id FROM records WHERE entity = 'user' ORDER BY no LIMIT 1")
            request_ = msgspec.structs.replace(request_, record=f"user/{name}")
        before = await dump(campus)
        with pytest.raises(Refusal) as refused:
            await ask(office, request_)
        assert refused.value.code == code
        assert await dump(campus) == before


async def test_versions_are_compared_activated_and_taken_back_and_nobody_is_told(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with read(tmp_path) as (office, campus):
        people = len(campus.school.people)
        before, said = await dump(campus), await told(campus)
        rows, done = await ask(office, p.MapDiff(source="acme/campus", before=1, after=2))
        [difference, summary] = rows
        assert isinstance(difference, FieldDiffRow)
        assert (difference.field, difference.records, len(difference.samples)) == ("display_name", people, 3)
        assert isinstance(summary, MapDiffRow)
        assert (summary.changed, summary.healed, summary.flawed, summary.people) == (people, 1, {}, people)
        assert summary.plan in done.note
        activate = p.MapActivate(source="acme/campus", version=2, plan=summary.plan)
        [rehearsed], _ = await ask(office, msgspec.structs.replace(activate, dry_run=True))
        assert rehearsed.plan == summary.plan
        assert await dump(campus) == before
        [row], done = await ask(office, activate)
        assert isinstance(row, ActivationRow)
        assert (row.what, row.state, row.changed, row.healed, row.by) == ("activate", "done", people, 1, PEER.name)
        assert "quarantine retry ALL" in done.note
        await campus.sync("full")
        await campus.quiet()
        assert await told(campus) == said
        with pytest.raises(Refusal) as refused:
            await ask(office, activate)
        assert refused.value.code == Exit.NOTHING
        [], done = await ask(office, p.MapRollback(source="acme/campus", dry_run=True))
        assert "version 1" in done.note
        [row], _ = await ask(office, p.MapRollback(source="acme/campus"))
        assert (row.what, row.version) == ("rollback", 1)
        listed, _ = await ask(office, p.MapList(source="acme/campus"))
        assert [(row.what, row.state) for row in listed if isinstance(row, ActivationRow)] == [
            ("rollback", "done"),
            ("activate", "undone"),
        ]
        assert await dump(campus) == before
        assert await told(campus) == said


async def test_what_fits_again_is_let_in_and_told_once(tmp_path: Path, autojump_clock: object) -> None:
    async with read(tmp_path) as (office, campus):
        said = await told(campus)
        await ask(office, p.MapActivate(source="acme/campus", version=2))
        [row], _ = await ask(office, p.QuarantineRetry(everything=True, source="acme/campus", rule="healed"))
        assert (row.before, row.after) == ("quarantined", "active")
        await campus.quiet()
        assert await told(campus) == said + 1


async def test_lately_changed_records_alone_make_no_plan(tmp_path: Path, autojump_clock: object) -> None:
    async with read(tmp_path) as (office, _):
        await trio.sleep(120)
        [summary], done = await ask(office, p.MapDiff(source="acme/campus", before=1, after=1, since_s=60.0))
        assert (summary.records, summary.plan, done.exit_code) == (0, "", Exit.NOTHING)


async def test_a_plan_that_would_lose_everybody_says_so(tmp_path: Path, autojump_clock: object) -> None:
    async with read(tmp_path) as (office, campus):
        rows, _ = await ask(office, p.MapDiff(source="acme/campus", before=2, after=3))
        assert rows[-1].flawed == {"required": len(campus.school.people)}


async def test_a_statement_is_corrected_and_let_in(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(world.SECRETS, "archive", "sandbox")
    archive = {"endpoint": "http://sandbox.test/school-lrs/xapi/", "key": "sandbox", "secret": {"env": "archive"}}
    acme = tenant(sources=source("lrs", every="1h", every_max="1h", first_sync="announce", page=1000, **archive))
    async with opened(tmp_path, acme) as (office, campus):
        campus.sources["lrs"].fault(Fault(kind="poison", times=0))
        await campus.until_read()
        await campus.quiet()
        before = await told(campus)
        [row], _ = await ask(office, p.QuarantineList())
        record = f"statement/{row.id}"
        for dry in (True, False):
            [changed], done = await ask(office, p.QuarantineRetry(records=(record,), dry_run=dry))
            assert (changed.after, done.exit_code) == ("quarantined", Exit.DEGRADED)
        verb = 'verb.id="http://adlnet.gov/expapi/verbs/completed"'
        await ask(office, p.QuarantineEdit(source="acme/campus", record=record, put=(verb,)))
        [changed], _ = await ask(office, p.QuarantineRetry(everything=True, dry_run=True))
        assert (changed.after, changed.done) == ("stored", False)
        [changed], done = await ask(office, p.QuarantineRetry(everything=True))
        assert (changed.after, changed.done, done.exit_code) == ("stored", True, Exit.OK)
        assert await told(campus) == before + 1
        await campus.sync("full")
        assert (await ask(office, p.QuarantineList()))[1].exit_code == Exit.NOTHING
        assert await told(campus) == before + 1


@pytest.mark.parametrize("told", [b"[1]", b'{"a":"\xff"}', b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}"])
async def test_what_is_no_object_is_shown_and_has_nothing_to_correct(
    tmp_path: Path, autojump_clock: object, told: bytes
) -> None:
    async with read(tmp_path) as (office, campus):
        await campus.store.writer.submit(lambda raw: raw.execute("UPDATE records SET raw = ? WHERE no = 1", (told,)))
        [(entity, name)] = await campus.rows("SELECT entity, id FROM records WHERE no = 1")
        record = f"{entity}/{name}"
        [shown], _ = await ask(office, p.QuarantineShow(records=(record,)))
        assert shown.raw.startswith(msgspec.json.encode({"unreadable": told.decode(errors="replace")}).decode()[:1_000])
        with pytest.raises(Refusal, match="nothing to correct"):
            await ask(office, p.QuarantineEdit(source="acme/campus", record=record, put=("a=1",)))
        [changed], done = await ask(office, p.QuarantineRetry(records=(record,), dry_run=True))
        assert (changed.after, done.exit_code) == ("quarantined", Exit.DEGRADED)


async def test_an_activation_that_was_gone_on_with_meanwhile_counts_each_record_once(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remapping, "PAGE", 5)
    async with read(tmp_path) as (office, campus):
        [(records,)] = await campus.rows("SELECT count(*) FROM records")
        await campus.store.remappings.begin(1, 2, "kim", 5)
        rows: list[Any] = []

        async def go_on() -> None:
            rows.extend((await ask(office, p.MapActivate(source="acme/campus", version=2)))[0])

        async with trio.open_nursery() as nursery, campus.switchboard.alone("acme/campus"):
            nursery.start_soon(go_on)
            await trio.testing.wait_all_tasks_blocked(0.1)
            meanings = office.meanings
            words = office.tenants["acme"]

            def meaning(version: int) -> Any:
                return meanings.meaning(words, "campus", office.sources("acme")["campus"].home_page, version)

            store = campus.store
            await finish(1, meaning, store.remappings, store.records, office.clock.now_us)
        [row] = [each for each in rows if isinstance(each, ActivationRow)]
        assert (row.state, row.records) == ("done", records)
