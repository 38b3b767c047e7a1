"""Whatever id the product shows, ``why`` says what it is, from an index; and what nobody knows is told so."""

import re
import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
import pytest
from control_office import PEER, Desk, Office, ask
from world import VirtualClock, completed, route, source, tenant

from actors.domain.outbox import State
from actors.domain.rosters.order import order
from config.rosters import Roster, RosterInto
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.roles import Peer
from daemon.control.views import ArrivalRow, DeliveryStory, KnownRow, SpanRow, StatementStory
from daemon.store import ordering
from daemon.store.database import open_store

AT = 1_800_000_000_000_000
LANE = "acme/slack"
ROOT = Peer(pid=1, uid=0, gids=frozenset({0}), login="root")
ROSTER = Roster(name="classes", source="toy", to="slack", into=RosterInto(channel="c-{course.code}"))
ACME = tenant(route("done", "completed"), sources=source("toy", "toy"), rosters=(ROSTER,))
TRACE = f"{77:032x}"
MANY = re.compile(
    r"SCAN (?:deliveries|statements|arrivals|outcomes|effects|forgotten|records|personas|persons|identifiers|roster_\w+"
    r"|audit\w*|addresses|accounts|sessions|happenings|finder|places|plans|conflicts|erasures|[a-z])\b"
)
ROWS = f"""
    INSERT INTO sources (no, tenant, name, kind, home_page) VALUES (1, 'acme', 'toy', 'toy', 'https://toy.test');
    INSERT INTO records (no, source, entity, id, form, scope, state, digest, mapping, rev, user, course, first_us,
        changed_us, canonical, raw) VALUES (5, 1, 'enrolment', 'e33', 'f', '', 'active', zeroblob(16), 1, 1, 'u1', 'c1',
        0, {AT}, x'7b7d', x'7b7d');
    UPDATE statements SET record = 5 WHERE seq = (SELECT min(seq) FROM statements);
    INSERT INTO persons (no, tenant, anchor, known_us) VALUES (12, 'acme', 'user:toy/u1', {AT});
    INSERT INTO personas (no, tenant, source, user, person, name, known_us)
        VALUES (3, 'acme', 'toy', 'u1', 12, 'Ada Lovelace', {AT});
    INSERT INTO identifiers VALUES ('acme', 'email', 'ada@example.edu', 3, {AT}, NULL, 4);
    INSERT INTO addresses (lane, email, address, found_us, person)
        VALUES ('{LANE}', 'ada@example.edu', 'D1', {AT}, 'U0ADA');
    INSERT INTO roster_places (no, tenant, lane, rule, unit, kind, course, place)
        VALUES (9, 'acme', '{LANE}', 'classes', 'course:c1', 'channel', 'c1', 'C0MATH');
    INSERT INTO roster_standings VALUES (9, '12', 12, 'u1', 'U0BEN', 'Ben', 'ben@example.edu', 'in_step', 0, '', {AT});
    INSERT INTO places (lane, place, closed, since_us) VALUES ('{LANE}', 'C0GONE', 'archived', {AT});
    INSERT INTO roster_plans (tenant, hash, scope, cause, state, by_who, made_us, adds, removes, why, body)
        VALUES ('acme', '5f1c2d3e4a5b6c7d', '', 'asked', 'shown', 'ada', {AT}, 1, 0, '', x'7b7d');
    INSERT INTO plans VALUES ('9c41e0d2a7b35f18', {AT}, 'ada (uid 7)', '{{}}');
    INSERT INTO happenings (no, at_us, kind, tenant, subject, words)
        VALUES (41, {AT}, 'outage', 'acme', '{LANE}', 'the vendor is out');
    INSERT INTO erasures (no, tenant, who, pseudonym, begun_us, begun_by, counts)
        VALUES (43, 'acme', zeroblob(32), 'P', {AT}, 'ada', '{{}}');
    INSERT INTO sessions VALUES (x'{"5f0c2a9e417bd386" + 48 * "0"}', 'acme', 'oidc', 'i', 's', 'e', 'n', '', '', 1, '',
        {AT}, {AT}, {AT}, x'');
    INSERT INTO pilots (tenant, name, state, salt, cohort, created_us, changed_us, changed_by)
        VALUES ('acme', 'news', 'running', 's', x'', {AT}, {AT}, 'ada');
    INSERT INTO effects VALUES (x'{"ee" * 16}', 20000);
"""
OTHERS = {
    "enrolment/e33": "record of a source",
    "e33": "record of a source",
    "toy/enrolment/e33": "record of a source",
    "acme/toy/enrolment/e33": "record of a source",
    "acme/12": "a person",
    "Ada@Example.edu": "a person",
    "toy/u1": "a person",
    "ada love": "a person",
    "U0ADA": "account at the vendor",
    "U0BEN": "account of somebody in a roster",
    "C0MATH": "place of a roster",
    "C0GONE": "the vendor told of",
    "5f1c2d3e": "plan of rosters",
    "9c41e0d2a7b35f18": "plan of what a replay would do",
    "41": "row of the time line",
    "acme/43": "an erasure",
    "1": "row of the audit",
    "acme/1": "row of the audit",
    "asked-1": "row of the audit",
    "acme/5f0c2a9e417bd386": "signed in",
    "news": "a pilot",
    "ee" * 16: "left by retention",
    "acme": "a tenant",
    "acme/slack": "a lane of deliveries",
    "toy": "a source",
    "done": "a route",
    "acme/classes": "a roster rule",
}


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as store:
        desk = Desk(Office(store, {"acme": ACME}))
        await desk.tell(completed("ada"), correlation="call-1")
        await desk.route()
        one = order(
            plan="p", n=1, roster="classes", unit="course:c1", at="2027-01-15T08:00:00Z", place_kind="channel",
            deed="add", place="C0MATH", members=("U0BEN",),
        )  # fmt: skip
        caused, trace = [msgspec.structs.replace(one, cause="a call of toy")], f"00-{TRACE}-{1:016x}-01"
        await store.writer.submit(lambda raw: ordering.order(raw, LANE, caused, "call-1", trace, AT))
        await store.writer.submit(lambda raw: [raw.execute(sql) for sql in ROWS.split(";\n") if sql.strip()])
        await store.writer.submit(audited)
        yield desk


def audited(raw: sqlite3.Connection) -> None:
    raw.execute(
        "INSERT INTO audit VALUES (1, 1, 'acme', 1, ?, 'noted', 0, 'token.rotate', 'done', 1, x'', x'', x'', x'')",
        (AT,),
    )
    raw.execute("INSERT INTO audit_told VALUES (1, 'ada', '', '', '{}', 'asked-1', '', x'')")


async def why(desk: Desk, what: str) -> list[Any]:
    rows, done = await ask(desk.office, p.Why(what=what), ROOT)
    assert done.exit_code == 0
    return rows


@pytest.mark.parametrize("what", OTHERS)
async def test_every_kind_of_id_is_named_with_a_command(desk: Desk, what: str) -> None:
    known = [row for row in await why(desk, what) if isinstance(row, KnownRow)]
    assert any(OTHERS[what] in row.what for row in known), known
    assert all(command.startswith("lmsyncctl ") for row in known for command in row.commands)
    assert all(row.commands for row in known)


async def test_orders_of_a_call_are_told_with_it(desk: Desk) -> None:
    rows = await why(desk, "call-1")
    assert [type(row) for row in rows] == [ArrivalRow, StatementStory, DeliveryStory, DeliveryStory]
    assert "because of a call of toy" in rows[-1].delivery.about
    spans, _ = await ask(desk.office, p.Trace(what="call-1"))
    assert [row.name for row in spans if isinstance(row, SpanRow)] == [
        "accepted", "routed", "waiting", "ordered", "waiting"
    ]  # fmt: skip


@pytest.mark.parametrize("what", [TRACE, TRACE.upper(), f"00-{TRACE}-{1:016x}-01"])
async def test_a_trace_is_found_by_its_id(desk: Desk, what: str) -> None:
    [order] = await why(desk, what)
    assert order.delivery.route == "classes"
    rows = await why(desk, f"{1:032x}")
    assert [type(row) for row in rows] == [ArrivalRow, StatementStory, DeliveryStory]


async def test_a_post_and_a_request_are_found_by_what_the_vendor_calls_them(desk: Desk) -> None:
    delivery = await desk.carry(State.DELIVERED)
    for what in ("1.2", "req-1-of-theirs"):
        if what != "1.2":
            await desk.store.writer.submit(
                lambda raw: raw.execute("UPDATE deliveries SET history = replace(history, 'req-1', 'req-1-of-theirs')")
            )
        assert [row.delivery.id for row in await why(desk, what) if isinstance(row, DeliveryStory)] == [delivery]


async def test_what_a_record_and_a_person_did_is_told(desk: Desk) -> None:
    for what in ("enrolment/e33", "ada@example.edu", "https://lms.example.edu/mod/quiz"):
        rows = await why(desk, what)
        [story] = [row for row in rows if isinstance(row, StatementStory)] or [rows]
        assert isinstance(story, StatementStory), what
        assert story.change == "activity_completed"


@pytest.mark.parametrize("what", ["Eve@example.edu", "mailto:Eve@example.edu"])
async def test_whom_no_source_knows_is_found_by_what_statements_call_them(desk: Desk, what: str) -> None:
    await desk.tell({**completed("eve"), "actor": {"mbox": "mailto:Eve@example.edu"}})
    await desk.route()
    story, *_ = await why(desk, what)
    assert (type(story), story.change) == (StatementStory, "activity_completed")
    with pytest.raises(p.Refusal, match="nothing is known by"):
        await ask(desk.office, p.Why(what=what), PEER)


async def test_a_place_that_is_posted_to_is_known_before_anything_was(desk: Desk) -> None:
    assert ACME.routes[0].audience.channel
    [row] = await why(desk, ACME.routes[0].audience.channel)
    assert (row.what, row.words) == ("a place that is posted to", "by done")


async def test_whoever_may_only_look_is_not_told_what_a_person_did(desk: Desk) -> None:
    for what in ("ada@example.edu", "enrolment/e33"):
        rows, done = await ask(desk.office, p.Why(what=what), PEER)
        assert [type(row) for row in rows] == [KnownRow]
        assert "Lovelace" not in repr(rows)
        assert "operators" in done.note


@pytest.mark.parametrize("what", ["U0ADA", "U0BEN"])
async def test_whoever_may_only_look_is_not_told_whose_an_account_is(desk: Desk, what: str) -> None:
    [row], _ = await ask(desk.office, p.Why(what=what), PEER)
    assert (row.name, row.words) == (what, "whose, and where, is shown to operators")
    [row] = await why(desk, what)
    assert "ada@example.edu" in row.name or "course:c1" in row.words


async def test_what_has_no_trace_says_what_it_is(desk: Desk) -> None:
    rows, done = await ask(desk.office, p.Trace(what="5f1c2d3e"))
    assert (rows, done.exit_code) == ([], Exit.NOTHING)
    assert "a plan of rosters" in done.note


async def test_nothing_that_is_asked_walks_a_table(desk: Desk) -> None:
    """Of all that is asked for any kind of id, and for one that nobody knows."""
    asked: set[str] = set()
    delivery = await desk.carry(State.DELIVERED)
    readers = (desk.store.queries._read, desk.store.lrs_reader.run)
    for read in readers:
        await read(lambda raw: raw.set_trace_callback(asked.add))
    for what in [*OTHERS, "call-1", TRACE, "1.2", delivery, "https://lms.example.edu/mod/quiz"]:
        await why(desk, what)
    with pytest.raises(p.Refusal, match="nothing is known by"):
        await why(desk, "unheard-of")
    for read in readers:
        await read(lambda raw: raw.set_trace_callback(None))
    walks = [
        (step, sql)
        for sql in asked
        if sql.startswith("SELECT")
        for step in await desk.store.lrs_reader.run(partial(explained, sql=sql))
        if MANY.search(step)
    ]
    assert len(asked) > 100
    assert walks == []


def explained(raw: sqlite3.Connection, sql: str) -> list[str]:
    return [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}")]
