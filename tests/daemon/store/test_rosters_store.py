"""Rosters in the store: what is marked, what is written together, and what orders came to."""

import sqlite3
from typing import Any

import msgspec
import pytest
from housekeeping import opened

from actors.domain.outbox import Attempt, Decision, State
from actors.domain.rosters.accounts import Account
from actors.domain.rosters.model import Kept, Place, Unit
from actors.domain.rosters.order import REFUSED, RosterOrder, order
from actors.domain.verdicts import Cause
from actors.ports import Origin, Provenance
from actors.ports.records import Kept as Record
from actors.ports.rosters import PlanRow, Reckoned, Thread
from daemon.store import ordering, outbox, reckoning, rostered, rostering, threads

LANE = "acme/slack"
UNIT = Unit(rule="classes", key="course:1", course="1", label="CS101")
AT = "2026-11-29T10:00:00Z"


@pytest.fixture
def raw() -> sqlite3.Connection:
    raw = opened()
    raw.execute("INSERT INTO sources (no, tenant, name, kind, rostered) VALUES (1, 'acme', 'sis', 'toy', 1)")
    raw.execute(
        "INSERT INTO roster_places (no, tenant, lane, rule, unit, kind, place, made_us, born_us) "
        "VALUES (1, 'acme', ?, 'classes', 'course:1', 'channel', 'C1', 0, 60000000)",
        (LANE,),
    )
    return raw


def ordered(n: int, deed: Any = "add", members: tuple[str, ...] = ("U1",)) -> RosterOrder:
    return order(
        plan="p", n=n, roster="classes", unit="course:1", at=AT, place_kind="channel", deed=deed, place="C1",
        members=members,
    )  # fmt: skip


def reckoned(raw: sqlite3.Connection, **more: Any) -> Reckoned:
    marks = raw.execute("SELECT marks FROM roster_places").fetchone()[0]
    return Reckoned(place=Place(no=1, unit=UNIT, lane=LANE, kind="channel", id="C1"), marks=marks, **more)


def commit(raw: sqlite3.Connection, one: Reckoned, now_us: int = 1) -> tuple[int, tuple[int, ...]]:
    done = reckoning.commit(raw, "acme", LANE, [one], None, "roster-1", "", now_us)
    return done.ordered, done.busy


def carry(raw: sqlite3.Connection, state: State, now_us: int = 5, **more: Any) -> None:
    """The head is claimed, and this comes of it."""
    [delivery] = outbox.claim(raw, LANE, "boot", now_us, 1).deliveries
    attempt = Attempt(number=1, kind="send", started_us=now_us, ended_us=now_us, verdict="x", detail="")
    assert outbox.record(raw, delivery, "boot", Decision(state=state, **more), attempt, now_us)


def kept(raw: sqlite3.Connection) -> dict[str, tuple[Any, ...]]:
    found = raw.execute("SELECT id, inside, ours, tries, refused FROM roster_kept ORDER BY id").fetchall()
    return {row[0]: row[1:] for row in found}


def place(raw: sqlite3.Connection, *columns: str) -> tuple[Any, ...]:
    found: tuple[Any, ...] = raw.execute(f"SELECT {', '.join(columns)} FROM roster_places").fetchone()
    return found


# ── orders ───────────────────────────────────────────────────────────────────────────────────────────


def test_an_order_is_given_once_and_one_at_a_time(raw: sqlite3.Connection) -> None:
    orders = [ordered(0), ordered(1, "remove")]
    assert ordering.order(raw, LANE, orders, "roster-1", "", 1) == 2
    assert ordering.order(raw, LANE, orders, "roster-1", "", 1) == 0
    claimed = outbox.claim(raw, LANE, "boot", 1, 10).deliveries
    assert [each.change for each in claimed] == [orders[0]]


def test_what_was_done_is_remembered_with_the_record_of_it(raw: sqlite3.Connection) -> None:
    commit(raw, reckoned(raw, orders=(ordered(0, members=("U1", "U2")), ordered(1, "remove", ("U3",)))))
    raw.execute("INSERT INTO roster_kept (place, id, inside, ours) VALUES (1, 'U3', 1, 1)")
    receipt = {REFUSED: msgspec.json.encode({"U2": "cant_invite"}).decode()}
    carry(raw, State.DELIVERED, receipt=receipt)
    assert kept(raw) == {"U1": (1, 1, 1, ""), "U2": (0, 0, 0, "cant_invite"), "U3": (1, 1, 0, "")}
    assert place(raw, "due") == (0,), "an order is still to come"
    carry(raw, State.DELIVERED, receipt={})
    assert kept(raw)["U3"] == (0, 0, 0, "")
    assert place(raw, "due") == (1,)


def test_replacing_takes_out_whoever_is_not_named(raw: sqlite3.Connection) -> None:
    raw.execute("INSERT INTO roster_kept (place, id, inside, ours) VALUES (1, 'U3', 1, 1)")
    commit(raw, reckoned(raw, orders=(ordered(0, "replace", ("U1",)),)))
    carry(raw, State.DELIVERED, receipt={})
    assert {id_: row[0] for id_, row in kept(raw).items()} == {"U1": 1, "U3": 0}


def test_what_was_made_is_known_by_its_id(raw: sqlite3.Connection) -> None:
    commit(raw, reckoned(raw, orders=(ordered(0, "create", ()),)))
    carry(raw, State.DELIVERED, now_us=7, receipt={"place": "C9"})
    assert place(raw, "place", "made", "made_us") == ("C9", 1, 7)


def test_an_order_that_failed_stops_its_place(raw: sqlite3.Connection) -> None:
    commit(raw, reckoned(raw, orders=(ordered(0),)))
    carry(raw, State.DEAD, cause=Cause.MISSING_PERMISSION, detail="missing_scope")
    assert place(raw, "stuck", "due") == ("add: missing_scope", 2)
    rostered.due(raw, "acme", "classes", "", 2)
    assert place(raw, "stuck", "due") == ("", 2)


def test_a_place_that_is_not_there_yet_is_tried_again(raw: sqlite3.Connection) -> None:
    commit(raw, reckoned(raw, born_us=60_000_000, orders=(ordered(0),)))
    carry(raw, State.DEAD, now_us=10, cause=Cause.DESTINATION_GONE, detail="404")
    assert place(raw, "stuck", "due", "due_us") == ("", 1, 10 + rostering.BORN_AGAIN_US)


# ── what is written together ─────────────────────────────────────────────────────────────────────────


def test_a_newer_plan_replaces_what_was_not_sent(raw: sqlite3.Connection) -> None:
    commit(raw, reckoned(raw, orders=(ordered(0),)))
    assert commit(raw, reckoned(raw, orders=(ordered(7),))) == (1, ())
    assert raw.execute("SELECT state FROM deliveries ORDER BY seq").fetchall() == [("superseded",), ("waiting",)]


def test_nothing_is_written_while_an_order_is_under_way(raw: sqlite3.Connection) -> None:
    commit(raw, reckoned(raw, orders=(ordered(0),)))
    outbox.claim(raw, LANE, "boot", 1, 1)
    assert commit(raw, reckoned(raw, orders=(ordered(7),), kept=(Kept(id="U5"),))) == (0, (1,))
    assert commit(raw, reckoned(raw, kept=(Kept(id="U5"),))) == (0, (1,))
    assert kept(raw) == {}


def test_nothing_is_written_over_what_came_meanwhile(raw: sqlite3.Connection) -> None:
    old = reckoned(raw, kept=(Kept(id="U5"),))
    rostered.due(raw, "acme", "classes", "course:1", 1)
    assert commit(raw, old) == (0, (1,))
    assert commit(raw, reckoned(raw, kept=(Kept(id="U5", inside=True),))) == (0, ())
    assert place(raw, "due") == (0,)
    assert kept(raw)["U5"][0] == 1


def test_standings_that_stay_the_same_keep_since_when(raw: sqlite3.Connection) -> None:
    ada, bob = Account(standing="in_step", person=1, name="Ada"), Account(standing="pending", person=2)
    commit(raw, reckoned(raw, standings=(ada, bob)), now_us=1)
    commit(raw, reckoned(raw, standings=(ada, msgspec.structs.replace(bob, standing="in_step"))), now_us=9)
    assert raw.execute("SELECT who, since_us FROM roster_standings ORDER BY who").fetchall() == [("1", 1), ("2", 9)]
    commit(raw, reckoned(raw, standings=(ada,)), now_us=9)
    assert rostered.counts(raw, "acme") == {1: {"in_step": 1}}
    commit(raw, reckoned(raw), now_us=9)
    assert [each.name for each in rostered.standings(raw, 1, "", 10)] == ["Ada"]


def test_a_plan_lapses_when_another_takes_its_place(raw: sqlite3.Connection) -> None:
    def parked(hash_: str) -> PlanRow:
        return PlanRow(
            tenant="acme", hash=hash_, scope="classes|course:1", cause="change", state="parked", by="", made_us=1
        )

    reckoning.keep_plan(raw, parked("aaaa"))
    reckoning.keep_plan(raw, parked("abbb"))
    assert {each.hash: each.state for each in rostered.plans(raw, "acme", 9)} == {"aaaa": "lapsed", "abbb": "parked"}
    assert rostered.plan(raw, "acme", "a") is None, "two begin so"
    found = rostered.plan(raw, "acme", "ab")
    assert found is not None
    assert rostered.judge_plan(raw, "acme", "abbb", "accepted", "ann", 5)
    assert not rostered.judge_plan(raw, "acme", "abbb", "accepted", "ann", 5)
    reckoning.keep_plan(raw, parked("abbb"))
    accepted = rostered.plan(raw, "acme", "abbb")
    assert accepted is not None
    assert accepted.state == "accepted"


def test_what_waits_for_a_person_goes_on_waiting_whoever_runs_it(raw: sqlite3.Connection) -> None:
    """A run that somebody asked for makes the same plan, and may not take it away from whoever approves."""
    plan = PlanRow(tenant="acme", hash="aaaa", scope="", cause="change", state="parked", by="", made_us=1)
    reckoning.keep_plan(raw, plan)
    reckoning.keep_plan(raw, msgspec.structs.replace(plan, state="applied", cause="asked", by="ben", done_us=2))
    kept = rostered.plan(raw, "acme", "aaaa")
    assert kept is not None
    assert (kept.state, kept.done_us) == ("parked", None)
    assert rostered.judge_plan(raw, "acme", "aaaa", "accepted", "ann", 5)
    reckoning.keep_plan(raw, msgspec.structs.replace(plan, state="applied", done_us=6))
    kept = rostered.plan(raw, "acme", "aaaa")
    assert kept is not None
    assert (kept.state, kept.done_us) == ("applied", 6)


# ── what changes at sources ──────────────────────────────────────────────────────────────────────────


def record(entity: Any, id_: str, course: str = "") -> Record:
    return Record(
        no=None, entity=entity, id=id_, form="", scope="", raw=b"", digest=bytes(16), mapping=1, canonical=b"",
        state="active", rev=1, course=course,
    )  # fmt: skip


FROM = Provenance(
    tenant="acme", source="sis", correlation_id="c 1", traceparent="00-1", version="1.0.3", origin=Origin(by="call")
)


def marked(raw: sqlite3.Connection) -> list[str]:
    return [row[0] for row in raw.execute("SELECT course FROM roster_due ORDER BY course")]


def test_what_a_record_concerns_is_marked(raw: sqlite3.Connection) -> None:
    rostering.mark(raw, 1, [record("enrolment", "e1", "1"), record("course", "2"), record("grade", "g1")], FROM, 1)
    assert marked(raw) == ["1", "2"]


def test_what_a_mark_came_with_stays_with_it_until_something_newer_brings_it(raw: sqlite3.Connection) -> None:
    def thread() -> Thread | None:
        return threads.unpacked(raw.execute("SELECT thread FROM roster_due WHERE course = '1'").fetchone()[0])

    rostering.mark(raw, 1, [record("enrolment", "e1", "1")], FROM, 1)
    assert thread() == Thread(correlation_id="c 1", traceparent="00-1", why="a call of sis")
    raw.execute("UPDATE roster_due SET course = ''")
    rostering.mark_tenant(raw, "acme", 2)
    raw.execute("UPDATE roster_due SET course = '1'")
    assert thread() == Thread(correlation_id="c 1", traceparent="00-1", why="a call of sis"), "nobody brought that"
    rostering.mark(raw, 1, [record("enrolment", "e1", "1")], msgspec.structs.replace(FROM, correlation_id="c2"), 3)
    newer = thread()
    assert newer is not None
    assert newer.correlation_id == "c2"


def test_nothing_is_marked_where_no_roster_is_kept(raw: sqlite3.Connection) -> None:
    raw.execute("UPDATE sources SET rostered = 0")
    rostering.mark(raw, 1, [record("enrolment", "e1", "1")], FROM, 1)
    rostering.mark_tenant(raw, "acme", 1)
    assert marked(raw) == []


def test_somebody_who_changed_concerns_the_courses_they_are_in(raw: sqlite3.Connection) -> None:
    raw.execute(
        "INSERT INTO records (source, entity, id, form, scope, state, digest, mapping, rev, user, course, first_us, "
        "changed_us, canonical, raw) VALUES (1, 'enrolment', 'e1', '', '', 'active', ?, 1, 1, 'u1', '5', 0, 0, '', '')",
        (bytes(16),),
    )
    rostering.mark(raw, 1, [record("user", "u1")], FROM, 1)
    assert marked(raw) == ["5"]
    rostering.mark_source(raw, 1, 1)
    assert marked(raw) == ["", "5"]
