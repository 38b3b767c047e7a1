"""``dlq`` with ``--unrouted``: what no enabled route took is kept, listed, planned and posted once a route takes it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from control_office import Desk, Office, ask
from dlq_desk import DONE, GRADES, LANE, LINE, desk, planned, refusal
from world import completed, graded, open_campus, tenant

from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.verbs import unrouted
from daemon.control.views import UnroutedRow
from daemon.store import asking

__all__ = ["desk"]


async def test_what_no_route_took_is_listed(desk: Desk) -> None:
    ids = await desk.tell(graded("ada", 80), completed("ada"), graded("ben", 70))
    await desk.route()
    rows, done = await ask(desk.office, p.DlqList(unrouted="acme"))
    assert all(isinstance(row, UnroutedRow) for row in rows)
    assert [row.statement_id for row in rows] == [ids[2], ids[0]], "newest first"
    assert rows[0].reason.startswith("no_route")
    assert rows[0].explanation
    assert "ben" in rows[0].about
    assert "2 statements" in done.note
    rows, done = await ask(desk.office, p.DlqList(unrouted="ALL", limit=1))
    assert (len(rows), "there are more" in done.note) == (1, True)
    assert (await ask(desk.office, p.DlqList(unrouted="acme", since_s=0.0)))[1].exit_code == Exit.NOTHING
    assert (await refusal(desk, p.DlqList(unrouted="beta"))).code == Exit.NOTHING


async def test_one_tenants_are_found_among_many(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asking.UNTAKEN_LOOKED > 10
    monkeypatch.setattr(unrouted, "READS_MAX", 1)
    desk.office.tenants["beta"] = msgspec.structs.replace(tenant(DONE), name="beta")
    await desk.tell(graded("ada", 80), tenant="beta")
    await desk.tell(*(graded(f"l{number}", 80) for number in range(5)))
    await desk.route()
    await desk.route("beta")
    rows, _ = await ask(desk.office, p.DlqList(unrouted="beta"))
    assert [row.tenant for row in rows] == ["beta"]


async def test_they_are_replayed_by_name_by_all_and_by_plan(desk: Desk) -> None:
    ids = await desk.tell(*(graded(who, 80) for who in ("ada", "ben", "eve")))
    await desk.route()
    rows, plan = await planned(desk, everything=True, unrouted="acme")
    assert [(row.does, row.goes) for row in rows] == [("nowhere", False)] * 3
    assert plan.goes == 0
    desk.office.tenants["acme"] = tenant(GRADES)
    assert (await refusal(desk, p.DlqReplay(plan=plan.hash))).code == Exit.STALE

    rows, named = await planned(desk, deliveries=(ids[0][:8],), unrouted="acme")
    assert [(row.id, row.lane, row.destination, row.does) for row in rows] == [(ids[0], LANE, LINE, "send")]
    assert (named.goes, named.calls) == (1, 1)
    [row], _ = await ask(desk.office, p.DlqReplay(plan=named.hash))
    assert (row.what, row.after, row.done) == (ids[0], "waiting", True)

    [row], _ = await ask(desk.office, p.DlqReplay(unrouted="acme", deliveries=(ids[1],)))
    assert row.done
    rows, done = await ask(desk.office, p.DlqReplay(unrouted="acme", everything=True))
    assert [row.what for row in rows] == [ids[2]]
    assert done.note == "1 of 1 replayed"
    assert await desk.states() == {"waiting": 3}
    assert (await ask(desk.office, p.DlqReplay(unrouted="acme", everything=True)))[1].exit_code == Exit.NOTHING


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"deliveries": ("zz",)}, Exit.USAGE),
        ({"deliveries": ("ffffffff",)}, Exit.NOTHING),
        ({}, Exit.USAGE),
        ({"everything": True, "lane": LANE}, Exit.USAGE),
        ({"everything": True, "cause": "poison"}, Exit.USAGE),
    ],
)
async def test_what_is_no_statement_of_the_tenant_is_refused(desk: Desk, asked: dict[str, Any], code: Exit) -> None:
    assert (await refusal(desk, p.DlqReplay(unrouted="acme", **asked))).code == code


async def test_one_that_we_still_fail_on_is_said_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.tell(graded("ada", 80))
    await desk.route()

    def broken(*_: object, **__: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("actors.roles.router.recognise", broken)
    [row], plan = await planned(desk, everything=True, unrouted="acme")
    assert (row.does, plan.goes) == ("nowhere", 0)
    assert row.note == "fault: KeyError: 'x'"


async def test_a_disabled_route_loses_nothing(tmp_path: Path, autojump_clock: object) -> None:
    """What was told while it was disabled is posted, once, when somebody asks for it."""
    off = msgspec.structs.replace(DONE, enabled=False)
    async with open_campus(tmp_path, tenant(off), limited=False) as campus:
        office = Office(campus.store, campus.tenants, campus=campus)
        await campus.tell(completed("ada"), completed("ben"))
        await campus.quiet()
        assert campus.journal("slack") == []
        rows, _ = await ask(office, p.DlqList(unrouted="acme"))
        assert {row.reason for row in rows} == {"route_disabled: done"}
        office.tenants["acme"] = campus.tenants["acme"] = tenant(DONE)
        await campus.root.apply(campus.tenants)
        for _ in range(3):
            await ask(office, p.DlqReplay(unrouted="acme", everything=True))
            await campus.quiet()
        assert len(campus.journal("slack")) == 2


async def test_why_tells_that_it_is_kept(desk: Desk) -> None:
    desk.office.tenants["acme"] = tenant(msgspec.structs.replace(GRADES, enabled=False), DONE)
    [statement] = await desk.tell(graded("ada", 80))
    await desk.route()
    [story], _ = await ask(desk.office, p.Why(what=statement))
    assert (story.unrouted, story.reason) == (True, "route_disabled: grades")
    assert "dlq plan --unrouted" in story.explanation
