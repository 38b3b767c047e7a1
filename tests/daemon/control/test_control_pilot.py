"""``pilot`` and ``forecast``: made, judged, ended, refused on red; and what a volume of events needs."""

from collections.abc import AsyncIterator
from hashlib import sha1
from pathlib import Path

import msgspec
import pytest
from control_office import Desk, Office, ask, opened
from world import VirtualClock, completed, graded, route, tenant

from actors.domain.outbox import State
from actors.domain.verdicts import Cause
from config.model import Audience, Digest, PilotWords
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.views import ChangedRow, NeedRow, OutlookRow, PilotRow
from daemon.store.database import open_store

MINE = Audience(learner=True)
ROUTES = (route("done", "completed", pilot="news", sla="1m"), route("grades", "graded", audience=MINE))
EASY = PilotWords(events_min=2, people_min=1, error_percent_max=40.0, mismatch_percent_max=40.0)
CREATE = p.PilotCreate(tenant="acme", name="news", persons=("mailto:Ada@example.edu", "mailto:ben@example.edu"))
PROMOTE = p.PilotPromote(tenant="acme", name="news")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": tenant(*ROUTES, pilot=EASY)}))


async def pilot(desk: Desk) -> PilotRow:
    [row], _ = await ask(desk.office, p.PilotStatus(tenant="acme", name="news"))
    assert isinstance(row, PilotRow)
    return row


async def refused(desk: Desk, request: p.AnyAsk) -> p.Refusal:
    with pytest.raises(p.Refusal) as caught:
        await ask(desk.office, request)
    return caught.value


async def tell(desk: Desk, *ends: State, who: str = "ada") -> None:
    for n, end in enumerate(ends):
        await desk.tell(completed(who, f"quiz{n}"))
        await desk.route()
        await desk.carry(end, cause=Cause.DESTINATION_GONE)


async def test_it_is_made_grows_and_loses_nobody(desk: Desk) -> None:
    [missing], _ = await ask(desk.office, p.PilotStatus(tenant="acme"))
    assert (missing.state, missing.reason) == ("nobody", "not created yet: its routes tell nobody")
    [row], done = await ask(desk.office, msgspec.structs.replace(CREATE, dry_run=True))
    assert (row.after, row.done, done.note) == ("running: 2 by name", False, "")
    assert await desk.store.pilots.all("acme") == []
    await ask(desk.office, CREATE)
    [row], _ = await ask(desk.office, p.PilotCreate(tenant="acme", name="news", percent=20.0, org_units=("north",)))
    assert isinstance(row, ChangedRow)
    assert (row.before, row.after) == ("running: 2 by name", "running: 20 % of people, org unit north, 2 by name")
    again = p.PilotCreate(
        tenant="acme",
        name="news",
        percent=20.0,
        org_units=("north",),
        persons=(*CREATE.persons, "mailto:ADA@example.edu", "sha1:" + sha1(b"mailto:ben@example.edu").hexdigest()),
    )
    for _ in range(2):  # the same people again, in other words
        [row], _ = await ask(desk.office, again)
        assert row.after == row.before == "running: 20 % of people, org unit north, 2 by name"
    smaller = await refused(desk, p.PilotCreate(tenant="acme", name="news", percent=5.0))
    assert smaller.code == Exit.USAGE
    assert "20 % would become 5 %, org unit north" in str(smaller)
    assert (await refused(desk, p.PilotCreate(tenant="acme", name="other"))).code == Exit.USAGE
    assert (await refused(desk, p.PilotCreate(tenant="acme", name="x", persons=("ada",)))).where == "--person"
    _, done = await ask(desk.office, p.PilotCreate(tenant="acme", name="other", percent=1.0))
    assert "no route names it" in done.note
    assert (await ask(desk.office, p.PilotStatus(tenant="acme", name="third")))[1].exit_code == Exit.NOTHING


async def test_green_needs_evidence_and_is_promoted(desk: Desk) -> None:
    await ask(desk.office, CREATE)
    await tell(desk, State.DELIVERED)
    row = await pilot(desk)
    assert row.verdict == "amber"
    assert row.lacking == ("not enough evidence yet: 1 deliveries settled, 2 are needed",)
    [eve] = await desk.tell(completed("eve"))
    await desk.route()
    _, story = (await ask(desk.office, p.Why(what=eve)))[0]
    assert story.next[0].startswith(
        "It was only rehearsed, nothing was sent: pilot news: not in the cohort (2 by name)"
    )
    assert story.next[1].startswith('It would have been: {"channel":"C0GENERAL1","text":"')
    await tell(desk, State.DELIVERED, who="ben")
    row = await pilot(desk)
    assert (row.verdict, row.lacking) == ("green", ())
    assert (row.people, row.sent, row.wrong, row.rehearsed, row.outsiders, row.kept) == (2, 2, 0, 1, 1, 100.0)
    assert row.full_events_per_day == 72.0
    assert {need.bucket for need in row.needs} == {"channel:C0GENERAL1", "workspace"}
    [changed], done = await ask(desk.office, PROMOTE)
    assert changed.after == "everyone: promoted, green"
    assert "not sent afterwards" in done.note
    await desk.tell(completed("eve", "essay"))
    await desk.route()
    assert await desk.states() == {"delivered": 2, "shadowed": 1, "waiting": 1}
    assert (await pilot(desk)).verdict == ""
    assert (await refused(desk, PROMOTE)).code == Exit.USAGE
    assert (await refused(desk, CREATE)).code == Exit.USAGE


async def test_red_is_refused_unless_somebody_says_why(desk: Desk) -> None:
    await ask(desk.office, CREATE)
    await tell(desk, State.DELIVERED, State.DEAD)
    row = await pilot(desk)
    assert (row.verdict, row.wrong, row.mismatched) == ("red", 1, 1)
    assert row.reasons[0] == "dead or parked: 1 of 2 (50 %, at most 40 %)"
    assert row.against[0] == row.reasons[0]
    assert "later than promised" not in str(row.against)
    _, done = await ask(desk.office, p.PilotStatus())
    assert (done.exit_code, done.note) == (Exit.DEGRADED, "red: acme/news")
    refusal = await refused(desk, PROMOTE)
    assert (refusal.code, refusal.what) == (Exit.STALE, f"the verdict is red: {'; '.join(row.against)}")
    [row], _ = await ask(desk.office, msgspec.structs.replace(PROMOTE, accept_red="a test account"))
    assert row.after == "everyone: promoted although red: a test account"


async def test_it_is_stopped_to_one_of_the_two(desk: Desk) -> None:
    await ask(desk.office, CREATE)
    await desk.tell(completed("ada"))
    await desk.route()
    [row], done = await ask(desk.office, p.PilotStop(tenant="acme", name="news", to="nobody", why="wrong channel"))
    assert row.after == "nobody: stopped: wrong channel"
    assert "1 delivery was called off" in done.note
    assert await desk.states() == {"shadowed": 1}
    await ask(desk.office, CREATE)
    await ask(desk.office, p.PilotStop(tenant="acme", name="news", to="everyone"))
    assert (await pilot(desk)).state == "everyone"
    assert (await refused(desk, p.PilotStop(tenant="acme", name="x", to="nobody"))).code == Exit.NOTHING


async def test_a_forecast_says_what_breaks_first_and_what_helps(desk: Desk) -> None:
    rows, done = await ask(desk.office, p.Forecast(events_per_day=100_000.0, people=5_000))
    *needs, outlook = rows
    assert isinstance(outlook, OutlookRow)
    assert all(isinstance(row, NeedRow) for row in needs)
    assert (outlook.first, done.exit_code) == ("acme/slack channel:C0GENERAL1", Exit.DEGRADED)
    assert outlook.first_at == pytest.approx(18_000.0)
    assert needs[0].need.wait_s > 16_000
    assert any(helps.startswith("mode = { digest") and "route done" in helps for helps in outlook.helps)
    assert any("5,000 people are looked up once" in helps and "10,000 calls" in helps for helps in outlook.helps)
    assert len(outlook.assumed) == 3
    rows, done = await ask(desk.office, p.Forecast(tenant="acme", events_per_day=100.0))
    assert (rows[-1].posts_per_day, done.exit_code) == (200.0, Exit.OK)


async def test_a_forecast_goes_by_what_was_posted_lately(tmp_path: Path, autojump_clock: object) -> None:
    mine = route("mine", "completed", audience=MINE, mode=Digest(digest="0 8 * * *"))
    places = route("grades", "graded", to="teams", audience=Audience(team="t" * 8, channel="19:abc@thread.tacv2"))
    async with opened(tmp_path, tenant(mine, places)) as (office, campus):
        await campus.tell(*(completed(who) for who in ("ada", "ben")), graded("ada", 80), graded("ben", 90))
        await campus.quiet()
        rows, _ = await ask(office, p.Forecast(tenant="acme", events_per_day=4_000.0, people=300))
        outlook = rows[-1]
        assert outlook.posts_per_day == 2_000.0 + 300.0
        assert outlook.bytes_per_day > 4_000 * 400
