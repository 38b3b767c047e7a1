"""What operators see of statements that are forwarded: before, in line, afterwards, and where it went wrong."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from control_office import Office, ask
from world import Campus, completed, open_campus, route, tenant

from config.model import Audience, Connection, Filter, Route, Tenant
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.views import DeliveryStory, ForecastRow, JudgementRow, PreviewRow, StatementStory

SLACK = route("done", "completed")


def lake(**more: Any) -> Route:
    return route("lake", "statement", to="lrs", audience=Audience(), **more)


def attended(who: str) -> dict[str, object]:
    return {
        "actor": {"mbox": f"mailto:{who}@example.edu"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {"id": "https://lms.example.edu/lecture"},
        "timestamp": "2026-11-23T10:00:00Z",
    }


@asynccontextmanager
async def school(path: Path, *routes: Route, **more: Any) -> AsyncIterator[tuple[Office, Campus]]:
    async with open_campus(path, tenant(*routes, **more), limited=False) as campus:
        yield Office(campus.store, campus.tenants, campus=campus), campus


async def route_test(office: Office, told: Mapping[str, object], source: str = "") -> tuple[list[Any], p.Done]:
    text = msgspec.json.encode(told).decode()
    return await ask(office, p.RouteTest(tenant="acme", statement=text, source=source))


async def test_route_test_shows_the_change_and_the_statement(tmp_path: Path, autojump_clock: object) -> None:
    async with school(tmp_path, SLACK, lake()) as (office, campus):
        [judged, post, forward], done = await route_test(office, completed("ada"))
        assert isinstance(judged, JudgementRow)
        assert judged.change == "activity_completed"
        assert isinstance(post, PreviewRow)
        assert isinstance(forward, PreviewRow)
        assert (post.lane, forward.lane) == ("acme/slack", "acme/lrs")
        assert (forward.route, forward.audience) == ("lake", "the target itself")
        assert forward.payload["verb"] == {"id": "http://adlnet.gov/expapi/verbs/completed"}
        assert forward.payload["version"] == "1.0.0"
        assert done.note.startswith("2 posts")
        [judged, forward], done = await route_test(office, attended("ada"))
        assert judged.reason.startswith("unknown_verb")
        assert (forward.route, done.exit_code) == ("lake", 0)
        assert campus.journal("lrs") == []


async def test_route_test_knows_what_was_forwarded_already(tmp_path: Path, autojump_clock: object) -> None:
    async with school(tmp_path, lake()) as (office, campus):
        [told] = await campus.tell(attended("ada"))
        await campus.quiet()
        [_, forward], done = await route_test(office, {"id": told, **attended("ada")})
        assert forward.repeated
        assert done.exit_code == Exit.NOTHING


async def test_route_test_asks_filters_by_source(tmp_path: Path, autojump_clock: object) -> None:
    moodle = Connection(name="moodle", kind="xapi", settings=msgspec.defstruct("Push", [])())
    canvas = msgspec.structs.replace(moodle, name="canvas")
    narrow = lake(filter=Filter(sources=("moodle",)))
    async with school(tmp_path, narrow, sources={"moodle": moodle, "canvas": canvas}) as (office, _):
        assert (await route_test(office, attended("ada"), "moodle"))[1].exit_code == 0
        assert (await route_test(office, attended("ada"), "canvas"))[1].exit_code == Exit.NOTHING
        assert (await route_test(office, attended("ada")))[1].exit_code == Exit.NOTHING
        with pytest.raises(p.Refusal, match="no source 'nowhere'"):
            await route_test(office, attended("ada"), "nowhere")


async def test_target_test_proves_the_key_without_an_effect(tmp_path: Path, autojump_clock: object) -> None:
    async with school(tmp_path, lake()) as (office, campus):
        rows, done = await ask(office, p.TargetTest(lane="acme/lrs"))
        assert (rows[-1].what, rows[-1].verdict, done.exit_code) == ("credentials", "delivered", 0)
        assert rows[-1].receipt == {"lrs": "sandbox.test", "key": "sandbox", "reads": "yes", "version": "1.0.3"}
        campus.fault("lrs", "revoked")
        rows, done = await ask(office, p.TargetTest(lane="acme/lrs"))
        assert (rows[-1].verdict, done.exit_code) == ("revoked", Exit.FAILURE)
        rows, done = await ask(office, p.TargetTest(lane="acme/lrs", channel="C0123456789"))
        assert "no channels" in rows[-1].detail
        assert campus.journal("lrs") == []


async def test_a_backlog_is_forecast_and_not_folded(tmp_path: Path, autojump_clock: object) -> None:
    async with school(tmp_path, lake()) as (office, campus):
        await ask(office, p.Pause(lane="acme/lrs"))
        await campus.tell(*(attended(f"p{n}") for n in range(20)))
        await trio.sleep(1.0)
        [row], _ = await ask(office, p.QueueForecast(lane="acme/lrs"))
        assert isinstance(row, ForecastRow)
        assert (row.n, row.calls) == (20, 20)
        with pytest.raises(p.Refusal, match="no digests"):
            await ask(office, p.QueueCatchup(lane="acme/lrs", how="digest"))
        _, done = await ask(office, p.QueueCatchup(lane="acme/lrs", how="latest"))
        assert done.exit_code == Exit.NOTHING, "no statement makes another one old"


async def test_why_tells_both_ways_of_one_statement(tmp_path: Path, autojump_clock: object) -> None:
    async with school(tmp_path, SLACK, lake()) as (office, campus):
        [told] = await campus.tell(completed("ada"))
        await campus.quiet()
        [story, *deliveries], _ = await ask(office, p.Why(what=told))
        assert isinstance(story, StatementStory)
        assert (story.change, story.deliveries) == ("activity_completed", 2)
        assert all(isinstance(one, DeliveryStory) for one in deliveries)
        assert {(one.delivery.lane, one.delivery.change) for one in deliveries} == {
            ("acme/slack", "activity_completed"),
            ("acme/lrs", "statement"),
        }
        [forward] = [one for one in deliveries if one.delivery.lane == "acme/lrs"]
        assert forward.receipt == {"lrs": "sandbox.test", "statement_id": told}
        assert forward.audience == "the target itself"


async def test_a_refused_statement_is_a_dead_letter_that_can_be_replayed(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with school(tmp_path, lake()) as (office, campus):
        campus.fault("lrs", "error", value="attended is not a verb of ours", times=0)
        [told] = await campus.tell(attended("ada"))
        await campus.quiet()
        [letter], _ = await ask(office, p.DlqList(lane="acme/lrs"))
        [story], _ = await ask(office, p.DlqShow(delivery=letter.id))
        assert (letter.cause, letter.change) == ("payload_refused", "statement")
        assert "attended is not a verb of ours" in letter.detail
        assert story.delivery.statement_id == told
        campus.fakes["lrs"].clear_faults()
        await ask(office, p.DlqReplay(deliveries=(letter.id,)))
        await campus.quiet()
        assert [effect.id for effect in campus.journal("lrs")] == [told]


async def test_what_a_disabled_route_missed_is_forwarded_once_it_is_asked_for(
    tmp_path: Path, autojump_clock: object
) -> None:
    def acme(*, enabled: bool) -> Tenant:
        return tenant(lake(enabled=enabled), SLACK)

    async with open_campus(tmp_path, acme(enabled=False), limited=False) as campus:
        office = Office(campus.store, campus.tenants, campus=campus)
        ids = await campus.tell(attended("ada"), completed("ben"))
        await campus.quiet()
        rows, _ = await ask(office, p.DlqList(unrouted="acme"))
        assert {row.reason.rpartition("; ")[2] for row in rows} == {"route_disabled: lake"}
        office.tenants["acme"] = campus.tenants["acme"] = acme(enabled=True)
        await campus.root.apply(campus.tenants)
        *planned, _ = (await ask(office, p.DlqPlan(unrouted="acme", everything=True)))[0]
        assert [(row.lane, row.change, row.does) for row in planned] == [
            ("acme/lrs", "statement", "send"),
            ("acme/slack", "activity_completed", "has_effect"),
            ("acme/lrs", "statement", "send"),
        ]
        for _ in range(2):
            await ask(office, p.DlqReplay(unrouted="acme", everything=True))
            await campus.quiet()
        assert sorted(effect.id for effect in campus.journal("lrs")) == sorted(ids)
        assert len(campus.journal("slack")) == 1, "what was told before is not told again"
        outcomes = await campus.rows("SELECT deliveries, unrouted FROM outcomes ORDER BY seq")
        assert outcomes == [(1, 0), (2, 0)]
