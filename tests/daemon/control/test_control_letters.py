"""``dlq``, ``queue`` and ``route test``: what could not be delivered, what waits, what would be posted."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from control_office import Desk, Office, ask
from world import VirtualClock, completed, graded, open_campus, route, tenant

from actors.domain.outbox import State
from actors.domain.verdicts import Cause
from config.model import Audience
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.verbs import piles
from daemon.control.views import ChangedRow, DeliveryStory, JudgementRow, PreviewRow
from daemon.store.database import open_store

LANE = "acme/slack"
DONE = route("done", "completed")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_store(tmp_path / "l.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": tenant(DONE)}))


async def stuck(desk: Desk, *states: State, **more: Any) -> list[str]:
    await desk.tell(*(completed(f"learner{number}") for number in range(len(states))))
    await desk.route()
    return [await desk.carry(state, **more) for state in states]


# ── dead letters ─────────────────────────────────────────────────────────────────────────────────────


async def test_they_are_listed_with_cause_and_fault(desk: Desk) -> None:
    ids = await stuck(desk, State.DEAD, State.DELIVERED, State.PARKED)
    rows, done = await ask(desk.office, p.DlqList())
    assert [row.id for row in rows] == [ids[0], ids[2]]
    assert [(row.cause, row.whose) for row in rows] == [("exhausted", "theirs"), ("unknown_outcome", "theirs")]
    assert done.note == "2 of 2 dead and parked deliveries shown"
    rows, _ = await ask(desk.office, p.DlqList(cause="unknown_outcome", lane=LANE))
    assert [row.id for row in rows] == [ids[2]]
    rows, _ = await ask(desk.office, p.DlqList(limit=1))
    assert [row.id for row in rows] == [ids[0]]
    assert (await ask(desk.office, p.DlqList(cause="poison")))[1].exit_code == Exit.NOTHING


async def test_one_is_shown_in_full(desk: Desk) -> None:
    [dead, done_one] = await stuck(desk, State.DEAD, State.DELIVERED, cause=Cause.BAD_TEMPLATE)
    [story], _ = await ask(desk.office, p.DlqShow(delivery=dead[:9]))
    assert isinstance(story, DeliveryStory)
    assert "template" in story.next[0]
    with pytest.raises(p.Refusal, match="no dead letter"):
        await ask(desk.office, p.DlqShow(delivery=done_one))
    [story], _ = await ask(desk.office, p.QueueShow(delivery=done_one))
    assert story.delivery.state == "delivered"


async def test_replay_by_id_by_prefix_and_only_once_each(desk: Desk) -> None:
    ids = await stuck(desk, State.DEAD, State.DEAD, State.DEAD)
    request = p.DlqReplay(deliveries=(ids[1][:8], ids[1], ids[0]))
    rows, done = await ask(desk.office, request)
    assert [(row.what, row.after, row.done) for row in rows] == [(ids[0], "waiting", True), (ids[1], "waiting", True)]
    assert done.note == "2 of 2 replayed"
    rows, done = await ask(desk.office, request)
    assert [row.done for row in rows] == [False, False]
    assert done.exit_code == Exit.NOTHING


@pytest.mark.parametrize("everything", [True, False])
async def test_replay_narrowed_to_a_cause_or_a_lane(desk: Desk, everything: bool) -> None:
    [dead, parked] = await stuck(desk, State.DEAD, State.PARKED)
    named = () if everything else (dead, parked)
    narrowed = p.DlqReplay(everything=everything, deliveries=named, cause="exhausted")
    rows, _ = await ask(desk.office, narrowed)
    assert [row.what for row in rows] == [dead]
    with pytest.raises(p.Refusal):
        await ask(desk.office, p.DlqReplay(everything=everything, deliveries=named, lane="other/lane"))
    rows, _ = await ask(desk.office, p.DlqReplay(everything=everything, deliveries=named, lane=LANE))
    assert [(row.what, row.after) for row in rows if row.done] == [(parked, "unknown")]


async def test_all_goes_in_chunks_and_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piles, "CHUNK", 2)
    ids = await stuck(desk, *[State.DEAD] * 5)
    rows, done = await ask(desk.office, p.DlqReplay(everything=True, dry_run=True))
    assert [(row.what, row.done, row.dry_run, row.after) for row in rows] == [
        (one, False, True, "waiting") for one in ids
    ]
    assert done.note == "5 of 5 would be replayed"
    assert await desk.states() == {"dead": 5}
    rows, done = await ask(desk.office, p.DlqReplay(everything=True))
    assert [row.what for row in rows] == ids
    assert await desk.line("C0GENERAL1") == [(ids[0], True), *((one, False) for one in ids[1:])]


async def test_parked_ones_are_probed_unless_a_double_is_accepted(desk: Desk) -> None:
    [one, other] = await stuck(desk, State.PARKED, State.PARKED)
    [row], _ = await ask(desk.office, p.DlqReplay(deliveries=(one,)))
    assert row.after == "unknown"
    [row], _ = await ask(desk.office, p.DlqReplay(deliveries=(other,), accept_double=True))
    assert row.after == "waiting"


async def test_what_nobody_would_carry_is_not_replayed_but_can_be_discarded(desk: Desk) -> None:
    [dead] = await stuck(desk, State.DEAD)
    desk.office.tenants.clear()
    [row], done = await ask(desk.office, p.DlqReplay(deliveries=(dead,)))
    assert not row.done
    assert "not configured any more" in row.note
    assert done.exit_code == Exit.NOTHING
    [row], done = await ask(desk.office, p.DlqDiscard(everything=True))
    assert (row.after, row.done, done.note) == ("cancelled", True, "1 of 1 discarded")
    [story], _ = await ask(desk.office, p.QueueShow(delivery=dead))
    assert "discarded by ada (uid 1000)" in story.next[0]


async def test_one_without_a_place_goes_where_its_route_points_now(tmp_path: Path, autojump_clock: object) -> None:
    lost = route("lost", "completed", audience=Audience(course_channel=True))
    async with open_campus(tmp_path, tenant(lost), limited=False) as campus:
        office = Office(campus.store, campus.tenants, campus=campus)
        await campus.tell(completed("ada", course="MATH"))
        await campus.quiet()
        [letter], _ = await ask(office, p.DlqList())
        assert (letter.destination, letter.cause) == ("?lost", "bad_configuration")
        [row], done = await ask(office, p.DlqReplay(deliveries=(letter.id,)))
        assert (row.done, done.exit_code) == (False, Exit.NOTHING)
        assert "still no destination" in row.note

        office.tenants["acme"] = tenant(route("lost", "completed", audience=Audience(channel="C0MATHS00")))
        [row], done = await ask(office, p.DlqReplay(everything=True))
        assert isinstance(row, ChangedRow)
        assert (row.after, row.done, done.exit_code) == ("superseded", True, 0)
        await campus.quiet()
        [effect] = campus.journal("slack")
        assert (effect.destination, effect.delivery_id) == ("C0MATHS00", row.made)
        [_, old], _ = await ask(office, p.Why(what=letter.id))
        assert row.made in old.next[0]


async def test_a_replayed_letter_is_delivered(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(DONE), limited=False) as campus:
        office = Office(campus.store, campus.tenants, campus=campus)
        campus.fault("slack", "status", value="400", times=0)
        await campus.tell(completed("ada"))
        await campus.quiet(3600)
        assert await campus.states() == {"dead": 1}
        campus.fakes["slack"].clear_faults()
        [row], _ = await ask(office, p.DlqReplay(everything=True))
        assert row.done
        await campus.quiet()
        assert await campus.states() == {"delivered": 1}
        assert len(campus.journal("slack")) == 1


# ── the queue ────────────────────────────────────────────────────────────────────────────────────────


async def test_the_queue_is_what_is_still_to_be_done(desk: Desk) -> None:
    [done_one, unknown] = await stuck(desk, State.DELIVERED, State.UNKNOWN)
    await desk.tell(completed("eve"))
    await desk.route()
    rows, done = await ask(desk.office, p.QueueList())
    assert [row.state for row in rows] == ["unknown", "waiting"]
    assert rows[0].id == unknown
    assert done.note == "2 of 2 shown"
    rows, done = await ask(desk.office, p.QueueList(limit=1, lane=LANE))
    assert (len(rows), done.note) == (1, "1 of 2 shown")
    rows, _ = await ask(desk.office, p.QueueList(state="delivered"))
    assert [row.id for row in rows] == [done_one]
    assert (await ask(desk.office, p.QueueList(state="held")))[1].exit_code == Exit.NOTHING


async def test_delivered_ones_beyond_the_newest_are_said_to_be_missing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stuck(desk, State.DELIVERED)
    await desk.store.writer.submit(lambda raw: raw.execute("UPDATE depths SET n = 9 WHERE state = 'delivered'"))
    _, done = await ask(desk.office, p.QueueList(state="delivered"))
    assert "among the newest 50,000 deliveries" in done.note


# ── what would be posted ─────────────────────────────────────────────────────────────────────────────


async def route_test(desk: Desk, *statements: dict[str, object]) -> tuple[list[Any], p.Done]:
    told = statements[0] if len(statements) == 1 else list(statements)
    return await ask(desk.office, p.RouteTest(tenant="acme", statement=msgspec.json.encode(told).decode()))


async def test_a_post_is_shown_as_the_vendor_would_get_it(desk: Desk) -> None:
    [judged, preview], done = await route_test(desk, completed("ada"))
    assert isinstance(judged, JudgementRow)
    assert (judged.change, judged.occurrence) == ("activity_completed", 1)
    assert isinstance(preview, PreviewRow)
    assert (preview.lane, preview.destination, preview.route) == (LANE, "C0GENERAL1", "done")
    assert preview.payload["channel"] == "C0GENERAL1"
    assert (preview.repeated, done.exit_code, done.note) == (False, 0, "1 post would be made")
    assert await desk.states() == {}
    assert await desk.store.statements.after("acme", 0, 9) == []


async def test_what_was_posted_before_is_said_so_and_by_whom(desk: Desk) -> None:
    [delivered] = await stuck(desk, State.DELIVERED)
    [_, preview], done = await route_test(desk, completed("learner0"))
    assert (preview.repeated, preview.delivery_id) == (True, delivered)
    assert delivered in preview.detail
    assert done.exit_code == Exit.NOTHING


@pytest.mark.parametrize(
    ("statement", "reason"),
    [(graded("ada", 80), "no_route"), ({**completed("ada"), "verb": {"id": "urn:x"}}, "unknown_verb")],
)
async def test_what_would_not_be_posted_has_a_reason(desk: Desk, statement: dict[str, object], reason: str) -> None:
    [judged], done = await route_test(desk, statement)
    assert judged.reason.startswith(reason)
    assert judged.explanation
    assert done.exit_code == Exit.NOTHING


async def test_dead_letters_are_foreseen(desk: Desk) -> None:
    desk.office.tenants["acme"] = tenant(
        route("lost", "completed", audience=Audience(course_channel=True)),
        route("broken", "completed", template="broken"),
        templates={"broken": "{{ nothing.at.all }}"},
    )
    [_, lost, broken], done = await route_test(desk, completed("ada", course="MATH"))
    assert (lost.refused, broken.refused) == ("bad_configuration", "bad_template")
    assert "broken" in broken.detail
    assert done.exit_code == Exit.NOTHING


@pytest.mark.parametrize(
    ("actor", "known", "remark"),
    [
        ({"mbox": "mailto:ada@example.edu"}, "", "would be asked for ada@example.edu"),
        ({"mbox": "mailto:ada@example.edu"}, "D123", ""),
        ({"account": {"homePage": "https://x.test", "name": "7"}}, "", "unmatched_learner"),
    ],
)
async def test_a_learner_is_looked_up_nowhere(desk: Desk, actor: dict[str, object], known: str, remark: str) -> None:
    desk.office.tenants["acme"] = tenant(route("tell", "completed", audience=Audience(learner=True)))
    if known:
        await desk.store.ledger.remember(LANE, "ada@example.edu", known, 1)
    [_, preview], _ = await route_test(desk, {**completed("ada"), "actor": actor})
    assert remark in preview.detail
    assert bool(remark) == bool(preview.detail)
    if known:
        assert preview.payload["channel"] == known


async def test_several_at_once(desk: Desk) -> None:
    rows, done = await route_test(desk, completed("ada"), graded("ada", 3), completed("ben"))
    assert [type(row) for row in rows] == [JudgementRow, PreviewRow, JudgementRow, JudgementRow, PreviewRow]
    assert done.note == "2 posts would be made"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "[3]", '{"verb": 3}', "{}", "[" * 9999, "[" + ",".join(["{}"] * 101) + "]", "[1e400]"]
)
async def test_what_is_no_statement_is_refused(desk: Desk, text: str) -> None:
    with pytest.raises(p.Refusal) as caught:
        await ask(desk.office, p.RouteTest(tenant="acme", statement=text))
    assert caught.value.code == Exit.USAGE
    assert "statement" in caught.value.where
