"""``reconcile``: plans, doing just what they say, and that everybody is accounted for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from control_office import PEER, Office, ask
from roster_hall import channel, enrolled, inside, kept, rule, settled, workspace
from world import Campus, open_campus

from actors.targets.slack.fake.workspace import BOT_USER
from daemon.control import protocol as p
from daemon.control import verbs
from daemon.control import views as v
from daemon.control.exits import Exit
from daemon.control.office import Asking


@asynccontextmanager
async def campus_with(folder: Path, **words: object) -> AsyncIterator[tuple[Campus, Office]]:
    """Its rosters are in step, and what members see is what is so."""
    tenant = kept(rule(**words))
    async with open_campus(folder, tenant) as campus:
        await campus.until_read()
        await settled(campus)
        await trio.sleep(120)
        yield campus, Office(campus.store, {"acme": tenant}, campus=campus)


def take_out(campus: Campus, count: int = 1) -> None:
    """Somebody at the platform takes some out of the channel."""
    space, room = workspace(campus), channel(campus, "c-cs101")
    gone = sorted(space.rooms.inside(room) - {BOT_USER})[:count]
    space.rooms.take(room, gone, campus.clock.now_us() / 1e6 - 100)


async def refused(office: Office, request: p.AnyAsk) -> p.Refusal:
    with pytest.raises(p.Refusal) as refusal:
        await ask(office, request)
    return refusal.value


async def test_everybody_who_is_enrolled_is_accounted_for(tmp_path: Path, autojump_clock: object) -> None:
    async with campus_with(tmp_path, exclude=["person1@example.edu"]) as (_, office):
        rows, done = await ask(office, p.ReconcileReport(tenant="acme", drift_days=1))
        assert done.exit_code == Exit.OK
        assert done.note == "27 of 27 people enrolled are accounted for"
        places = [row for row in rows if isinstance(row, v.RosterRow)]
        assert [(row.label, row.people, row.in_step, row.excluded) for row in places] == [
            ("CS101", 9, 8, 1),
            ("PH110", 9, 8, 1),
            ("RH200", 9, 8, 1),
        ]
        people = [row for row in rows if isinstance(row, v.StandingRow)]
        assert len(people) == 27
        assert all("exclude" in row.detail for row in people if row.standing == "excluded")
        assert [row.people for row in rows if isinstance(row, v.DriftRow)] == [27]
        rows, _ = await ask(office, p.ReconcileReport(tenant="acme", course="CS101", summary=True))
        assert [type(row) for row in rows] == [v.RosterRow]


async def test_a_plan_is_shown_and_applied_by_its_hash(tmp_path: Path, autojump_clock: object) -> None:
    async with campus_with(tmp_path) as (campus, office):
        _, done = await ask(office, p.ReconcilePlan(tenant="acme"))
        assert done.note == "nothing would change"
        take_out(campus, 2)
        rows, done = await ask(office, p.ReconcilePlan(tenant="acme", course="CS101"))
        change, first, second, plan = rows
        assert isinstance(change, v.RosterChangeRow)
        assert (change.label, change.adds, change.removes) == ("CS101", 2, 0)
        assert isinstance(first, v.RosterMoveRow)
        assert isinstance(second, v.RosterMoveRow)
        assert {first.does, second.does} == {"add"}
        assert first.why == "was taken out at the platform"
        assert isinstance(plan, v.RosterPlanRow)
        assert plan.hash in done.note
        _, done = await ask(office, p.ReconcileApply(hash=plan.hash[:8], dry_run=True))
        assert done.exit_code == Exit.OK
        _, done = await ask(office, p.ReconcileApply(hash=plan.hash[:8]))
        assert done.note.startswith("ordered, in 1 order")
        await settled(campus)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101")
        again = await refused(office, p.ReconcileApply(hash=plan.hash))
        assert (again.code, again.what) == (Exit.STALE, f"the plan {plan.hash} is applied")


async def test_a_plan_that_is_stale_is_not_done(tmp_path: Path, autojump_clock: object) -> None:
    async with campus_with(tmp_path) as (campus, office):
        take_out(campus, 1)
        rows, _ = await ask(office, p.ReconcilePlan(tenant="acme", course="CS101"))
        plan = rows[-1]
        assert isinstance(plan, v.RosterPlanRow)
        take_out(campus, 1)
        await ask(office, p.ReconcileRun(tenant="acme", course="CS101"))
        stale = await refused(office, p.ReconcileApply(hash=plan.hash))
        assert stale.code == Exit.STALE


async def test_what_the_brake_holds_is_let_go_by_an_approver(tmp_path: Path, autojump_clock: object) -> None:
    async with campus_with(tmp_path, brake={"count_max": 3}) as (campus, office):
        school, now_s = campus.school, campus.clock.now_us() / 1e6
        [course] = [each for each in school.courses.values() if each.code == "CS101"]
        for each in [each for each in school.memberships.values() if each.course == course.id][:6]:
            school.change_membership(each, now_s, state="deleted")
        await campus.sync()
        await settled(campus)
        rows, done = await ask(office, p.ReconcileStatus())
        assert done.exit_code == Exit.DEGRADED
        rule_row, plan = rows
        assert isinstance(rule_row, v.RuleRow)
        assert (rule_row.roster, rule_row.places) == ("classes", 3)
        assert isinstance(plan, v.RosterPlanRow)
        assert (plan.state, plan.removes) == ("parked", 6)
        rows, _ = await ask(office, p.ReconcileShow(hash=plan.hash))
        assert sum(isinstance(row, v.RosterMoveRow) and row.does == "remove" for row in rows) == 6
        held = await refused(office, p.ReconcileApply(hash=plan.hash))
        assert held.code == Exit.STALE
        _, done = await ask(office, p.ReconcileAccept(hash=plan.hash, dry_run=True))
        assert done.note == "6 people would be taken out"
        await ask(office, p.ReconcileAccept(hash=plan.hash))
        await trio.sleep(10)
        await settled(campus)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101")
        _, done = await ask(office, p.ReconcileStatus(tenant="acme"))
        assert done.exit_code == Exit.OK


async def test_running_a_course_does_what_follows(tmp_path: Path, autojump_clock: object) -> None:
    async with campus_with(tmp_path) as (campus, office):
        take_out(campus, 1)
        rows, _ = await ask(office, p.ReconcileRun(tenant="acme", course="CS101", dry_run=True))
        assert isinstance(rows[-1], v.RosterPlanRow)
        assert rows[-1].adds == 1
        _, done = await ask(office, p.ReconcileRun(tenant="acme", course="CS101"))
        assert done.note == "ordered, in 1 order"
        await settled(campus)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101")


async def test_whoever_asks_of_nothing_is_told_so(tmp_path: Path, autojump_clock: object) -> None:
    async with campus_with(tmp_path) as (_, office):
        assert (await refused(office, p.ReconcilePlan(tenant="nobody"))).code == Exit.NOTHING
        assert (await refused(office, p.ReconcilePlan(tenant="acme", course="XX"))).code == Exit.NOTHING
        assert (await refused(office, p.ReconcileShow(hash="ffff"))).code == Exit.NOTHING
        assert (await refused(office, p.ReconcileRun(tenant="acme", course="XX"))).code == Exit.NOTHING


# ── how far it is ────────────────────────────────────────────────────────────────────────────────────


def slowly(campus: Campus) -> None:
    """The vendor lets itself be asked again only after a while who is in the third channel."""
    campus.fault("slack", "rate_limited", operation="conversations.members", value="20", times=1)


async def asked_and_left(office: Office, request: p.AnyAsk) -> p.Done:
    """Whoever asks goes away when they are told how far it is."""

    async def gone(row: object) -> None:
        raise trio.BrokenResourceError("the peer has gone")

    return await verbs.answer(request, Asking(office, PEER, gone, {}))


async def doing(office: Office) -> list[v.RuleRow]:
    rows, _ = await ask(office, p.ReconcileStatus(tenant="acme"))
    return [row for row in rows if isinstance(row, v.RuleRow)]


async def test_whoever_waits_for_a_plan_is_told_how_far_it_is(tmp_path: Path, autojump_clock: object) -> None:
    async with campus_with(tmp_path) as (campus, office):
        slowly(campus)
        rows: list[object] = []
        async with trio.open_nursery() as nursery:

            async def plan() -> None:
                told, done = await ask(office, p.ReconcilePlan(tenant="acme"))
                rows.extend(told)
                assert done.note == "nothing would change"

            nursery.start_soon(plan)
            await trio.sleep(5)
            [rule_row] = await doing(office)
        assert rows
        assert set(rows[:-1]) == {
            v.ProgressRow(doing="classes: reading who is in", done=0, of=3, unit="places"),
        }
        assert isinstance(rows[-1], v.RosterPlanRow)
        assert (rule_row.state, rule_row.doing, rule_row.done, rule_row.of) == ("planning", "reading who is in", 0, 3)
        [rule_row] = await doing(office)
        assert (rule_row.state, rule_row.doing, rule_row.of) == ("idle", "", 0)


async def test_a_plan_that_nobody_waits_for_is_given_up(tmp_path: Path, autojump_clock: object) -> None:
    async with campus_with(tmp_path) as (campus, office):
        slowly(campus)
        take_out(campus, 1)
        with pytest.raises(trio.BrokenResourceError):
            await asked_and_left(office, p.ReconcilePlan(tenant="acme"))
        await trio.sleep(1)
        assert [row.state for row in await doing(office)] == ["idle"]
        plans = await campus.rows("SELECT state FROM roster_plans WHERE cause = 'asked'")
        assert plans == [], "nobody would know its hash"
        rows, _ = await ask(office, p.ReconcilePlan(tenant="acme"))
        assert isinstance(rows[-1], v.RosterPlanRow), "whoever asks next is not kept waiting"


async def test_nothing_is_applied_of_what_is_compared_for_nobody(tmp_path: Path, autojump_clock: object) -> None:
    async with campus_with(tmp_path) as (campus, office):
        take_out(campus, 1)
        rows, _ = await ask(office, p.ReconcilePlan(tenant="acme", course="CS101"))
        slowly(campus)
        with pytest.raises(trio.BrokenResourceError):
            await asked_and_left(office, p.ReconcileApply(hash=rows[-1].hash))
        rows, _ = await ask(office, p.ReconcileShow(hash=rows[-1].hash))
        assert rows[-1].state == "shown"


async def test_a_run_goes_on_to_its_end_without_its_asker(tmp_path: Path, autojump_clock: object) -> None:
    async with campus_with(tmp_path) as (campus, office):
        slowly(campus)
        take_out(campus, 1)
        done = await asked_and_left(office, p.ReconcileRun(tenant="acme"))
        assert done.note == "ordered, in 1 order", "as it stands in the audit"
        await settled(campus)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101")
