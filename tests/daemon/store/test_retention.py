"""What may leave by retention and what may not, rule by rule; each run counted, in small transactions."""

import pytest
from housekeeping import BOOT, LANE, House, at, days, grade

from actors.domain.outbox import HeldFor, State
from actors.domain.retention import DAY_US
from actors.domain.verdicts import Cause
from actors.ports import Planned, Routed
from config.model import Audience
from daemon.store import outbox, retiring
from daemon.store.figures import UNCOUNTED_MAX
from daemon.store.soundness import unsound

MANY = retiring.LOOK_MAX * 2 + 7


@pytest.fixture
def house() -> House:
    return House()


def retired(house: House) -> dict[tuple[str, str], int]:
    found = house.raw.execute("SELECT tenant, what, sum(n) FROM retired GROUP BY tenant, what")
    return {(row[0], row[1]): row[2] for row in found}


# ── the log ──────────────────────────────────────────────────────────────────────────────────────────


def test_old_statements_leave_with_their_outcomes_and_requests(house: House) -> None:
    house.tell(0, *range(MANY))
    house.tell(9, 9_001)
    house.route(9)
    removed = house.sweep(10.5, days(statements=5))
    assert (removed["statements"], removed["requests"]) == (MANY, 1)
    assert list(house.seqs()) == [9_001]
    assert (house.count("outcomes"), house.count("arrivals"), house.count("forgotten")) == (1, 1, MANY)
    assert retired(house) == {("acme", "statements"): MANY, ("acme", "requests"): 1}
    assert house.keeping.removed == {("acme", "statements"): MANY, ("acme", "requests"): 1}
    assert unsound(house.raw, whole=True) == ""


def test_a_request_stays_as_long_as_one_of_its_statements(house: House) -> None:
    house.tell(0, *range(retiring.LOOK_MAX + 1))
    house.tell(0, 8_000)
    house.route(0, *(grade(f"l{number}", 1) for number in range(retiring.LOOK_MAX + 2)))
    house.carry(1)
    house.sweep(10, days(statements=5))
    kept = {row[0] for row in house.raw.execute("SELECT DISTINCT arrival FROM statements")}
    assert kept == {row[0] for row in house.raw.execute("SELECT no FROM arrivals")}
    assert len(house.seqs()) == retiring.LOOK_MAX + 1


def test_what_the_router_has_not_seen_stays_however_old(house: House) -> None:
    house.tell(0, 1, 2)
    house.route(0)
    house.tell(1, 3)
    assert house.sweep(1_000, days())["statements"] == 2
    assert list(house.seqs()) == [3]
    assert house.sweep(1_000, days("other"))["statements"] == 0


@pytest.mark.parametrize("state", [State.WAITING, State.DEAD, State.PARKED, State.UNKNOWN, State.CLAIMED])
def test_a_statement_stays_while_its_delivery_is_somebodys_concern(house: House, state: State) -> None:
    house.tell(0, 1)
    house.route(0, grade("ada", 80))
    if state is State.CLAIMED:
        house.claim(1)
    elif state is not State.WAITING:
        cause = Cause.EXHAUSTED if state in {State.DEAD, State.PARKED} else None
        house.carry(1, state, cause=cause, due_us=at(999))
    assert not house.sweep(50, days(statements=5))
    assert (len(house.seqs()), house.count("outcomes")) == (1, 1)


def test_a_statement_that_left_is_still_known_until_the_horizon(house: House) -> None:
    house.tell(0, 1, 2)
    house.route(0)
    kept = days(statements=5, horizon=30)
    assert house.sweep(10, kept)["statements"] == 2
    assert house.tell(11, 1, 2, 3) == 1
    assert list(house.seqs()) == [3]
    assert house.tell(11, 1, tenant="other") == 1
    house.route(11)
    house.sweep(31, kept)
    assert house.tell(31, 1) == 0
    house.sweep(40, kept)
    assert house.count("forgotten") == 1, "number 3 left later"
    assert house.tell(41, 1) == 1


def test_ids_are_not_kept_where_a_repeat_is_refused_for_its_age_anyway(house: House) -> None:
    house.tell(0, 1)
    house.route(0)
    assert house.sweep(401, days())["statements"] == 1
    assert house.count("forgotten") == 0


def test_requests_that_brought_nothing_new_leave_by_their_age(house: House) -> None:
    house.tell(0, 1)
    house.route(0)
    for day in (1, 2, 20):
        assert house.tell(day, 1) == 0
    assert house.sweep(10, days(statements=7, horizon=400))["requests"] == 3
    assert house.raw.execute("SELECT at_us FROM arrivals").fetchall() == [(at(20),)]


def test_who_voids_whom_is_known_as_long_as_the_voided_one_may_come(house: House) -> None:
    house.tell(0, 2, voids=1)
    house.route(0)
    kept = days(statements=5, horizon=30)
    house.sweep(20, kept)
    assert (house.count("statements"), house.count("voids")) == (0, 1)
    house.tell(21, 1)
    assert house.raw.execute("SELECT voided FROM statements").fetchall() == [(1,)]
    house.sweep(33, days("other", horizon=30))
    assert house.count("voids") == 1
    assert house.sweep(33, kept)["voids"] == 1


# ── deliveries ───────────────────────────────────────────────────────────────────────────────────────


def test_settled_deliveries_leave_by_when_they_ended(house: House) -> None:
    house.tell(0, *range(MANY + 2))
    house.route(0, *(grade(f"l{number}", 1) for number in range(MANY + 2)))
    for _ in range(MANY):
        house.carry(1)
    late = house.carry(50)
    assert house.sweep(91.5, days())["deliveries"] == MANY
    assert late in house.ids()
    assert house.count("deliveries") == 2
    depths = dict(house.raw.execute("SELECT state, n FROM depths WHERE n > 0"))
    assert depths == {"delivered": 1, "waiting": 1}
    assert retired(house)["acme", "deliveries"] == MANY


def test_nothing_open_or_held_ever_leaves(house: House) -> None:
    house.tell(0, *range(6))
    house.route(0, *(grade(f"l{number}", 1) for number in range(6)))
    house.carry(0.1, State.HELD)
    house.carry(0.2, State.UNKNOWN, due_us=at(10_000))
    assert not house.sweep(5_000, days(dead=1, deliveries=1))["deliveries"]
    assert house.count("deliveries") == 6


def test_dead_letters_have_a_time_of_their_own(house: House) -> None:
    house.tell(0, 1, 2, 3)
    house.route(0, grade("a", 1), grade("b", 1), grade("c", 1))
    house.carry(1, State.DEAD, cause=Cause.EXHAUSTED)
    house.carry(1, State.PARKED, cause=Cause.UNKNOWN_OUTCOME)
    assert set(house.sweep(300, days(dead=400))) == {"figures"}
    assert house.sweep(402, days(dead=400))["dead_letters"] == 2
    assert house.sweep(402, days(dead=400))["statements"] == 0, "the third is still to be sent"


def test_the_newest_delivery_keeps_its_number(house: House) -> None:
    house.tell(0, 1)
    house.route(0, grade("ada", 80))
    house.carry(0)
    house.sweep(500, days())
    assert house.count("deliveries") == 1
    house.tell(500, 2)
    house.route(500, grade("ben", 80, 500))
    assert house.sweep(500, days())["deliveries"] == 1
    assert house.raw.execute("SELECT seq FROM deliveries").fetchall() == [(2,)]


def held_for_a_digest(house: House, n: int) -> None:
    """So many changes for one destination, whose digest is due on day 1."""
    house.tell(0, *range(n))
    for number, seq in house.seqs().items():
        planned = Planned(
            target="slack",
            route="daily",
            destination="C1",
            audience=Audience(channel="C1"),
            held_for=HeldFor.DIGEST,
            held_until_us=at(1),
            held_next_us=at(2),
        )
        item = Routed(
            seq=seq,
            statement_id=f"{seq:032x}",
            correlation_id="c",
            traceparent="",
            accepted_us=seq,
            change=grade(f"l{number}", 1),
            planned=(planned,),
        )
        outbox.route(house.raw, "acme", [item], seq)


def test_what_stood_in_a_digest_goes_with_it(house: House) -> None:
    held_for_a_digest(house, MANY)
    assert not house.sweep(0.9, days(deliveries=0.1))["deliveries"]
    house.carry(1)
    house.tell(2, 9_000)
    house.route(2, grade("later", 1))
    removed = house.sweep(100, days())
    assert removed["deliveries"] == MANY + 1
    assert house.count("deliveries") == 1


def test_a_dead_digest_takes_its_changes_along_in_small_steps(house: House) -> None:
    held_for_a_digest(house, MANY)
    digest = house.carry(1, State.DEAD, cause=Cause.EXHAUSTED)
    house.tell(2, 9_000)
    house.route(2, grade("later", 1))
    kept = days(deliveries=5, dead=10)
    assert not house.sweep(9, kept)
    runs = 0
    while digest in house.ids():
        house.sweep(20, kept)
        runs += 1
    assert runs == MANY // retiring.LOOK_MAX + 1
    assert house.count("deliveries") == 1
    assert max(house.direct.rows) <= 10 * retiring.LOOK_MAX


# ── figures, addresses, counts ───────────────────────────────────────────────────────────────────────


def test_figures_are_kept_as_long_as_deliveries_and_thirty_days_at_least(house: House) -> None:
    raw = house.raw
    for day in (1, 50):
        for route in ("a", "b"):
            raw.execute("INSERT INTO propagation VALUES ('acme', ?, ?, 3, 1, 0)", (route, at(day) // 3_600_000_000))
            raw.execute(
                "INSERT INTO late VALUES (NULL, zeroblob(16), 'acme', ?, ?, 1, 1, 'vendor', '{}')", (route, at(day))
            )
        raw.execute(
            "INSERT INTO holds (lane, from_us, until_us, why) VALUES (?, ?, ?, 'paused')", (LANE, at(day) - 5, at(day))
        )
    raw.execute("INSERT INTO holds (lane, from_us, until_us, why) VALUES ('acmeville/slack', 1, 2, 'paused')")
    figures = ("propagation", "late", "holds")
    assert not house.sweep(30, days(deliveries=1))
    removed = house.sweep(40, days(deliveries=1))
    assert {name: removed[name] for name in figures} == {"propagation": 2, "late": 2, "holds": 1}
    assert not house.sweep(80, days(deliveries=60))
    assert house.count("holds") == 2


def test_addresses_that_nobody_refreshed_leave(house: House) -> None:
    for number in range(MANY):
        row = "INSERT INTO addresses (lane, email, address, found_us) VALUES (?, ?, 'U1', ?)"
        house.raw.execute(row, (LANE, f"{number:06}@x", at(number % 2 * 10)))
    assert house.sweep(405, days())["addresses"] == MANY // 2 + 1
    assert house.count("addresses") == MANY // 2


def test_days_long_past_are_added_up(house: House) -> None:
    for day in range(3):
        house.raw.execute("INSERT INTO retired VALUES ('acme', 'statements', ?, 5)", (at(day) // DAY_US,))
    house.tell(0, 1)
    house.route(0)
    house.sweep(402, days(horizon=500))
    found = house.raw.execute("SELECT day, n FROM retired WHERE what = 'statements' ORDER BY day").fetchall()
    assert found == [(0, 10), (at(2) // DAY_US, 5), (at(402) // DAY_US, 1)]


def test_a_rehearsal_counts_and_changes_nothing(house: House) -> None:
    house.tell(0, *range(MANY))
    house.route(0, *(grade(f"l{number}", 1) for number in range(20)))
    for _ in range(19):
        house.carry(1)
    before = house.raw.total_changes
    kept = days(statements=5)
    rehearsed = house.sweep(100, kept, dry_run=True)
    assert house.raw.total_changes == before
    assert house.direct.rows == []
    real = house.sweep(100, kept)
    assert {what: real[what] for what in rehearsed} == rehearsed
    assert rehearsed == {"statements": MANY - 1, "deliveries": 19, "propagation": 1, "figures": 3}


def test_no_transaction_takes_more_than_a_few_rows(house: House) -> None:
    house.tell(0, *range(1_000))
    house.route(0, *(grade(f"l{number}", 1) for number in range(1_000)))
    for _ in range(999):
        house.carry(1)
    house.sweep(100, days(statements=5))
    house.sweep(700, days(horizon=30))
    # Rows of a statement: itself, its outcome, its id that stays known, its request; of a delivery: itself, its depth.
    assert max(house.direct.rows) <= 4 * retiring.LOOK_MAX + 2 * UNCOUNTED_MAX
    assert house.count("statements") == 1
    assert house.count("effects") == 1


def test_lanes_of_a_tenant_are_not_those_of_its_namesake(house: House) -> None:
    for tenant in ("acme", "acme-2", "acme0"):
        house.tell(0, 1, tenant=tenant)
        house.route(0, grade("ada", 1), tenant=tenant)
        house.carry(1, tenant=tenant)
    assert retiring.lanes(house.raw, "acme") == [LANE]
    assert house.sweep(100, days())["deliveries"] == 1
    assert house.count("deliveries") == 2


def test_a_claim_outlives_a_run(house: House) -> None:
    house.tell(0, 1)
    house.route(0, grade("ada", 1))
    claimed = house.claim(1)
    house.sweep(2_000, days(statements=1, deliveries=1, dead=1, horizon=1))
    assert house.raw.execute("SELECT claimed_by FROM deliveries").fetchall() == [(BOOT,)]
    assert claimed.id in house.ids()
