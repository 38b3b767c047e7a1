"""A backlog is counted within bounds, and made smaller without losing anything or anybody's turn."""

import sqlite3
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migrated import migrate_by_copy
from sizes import examples

from actors.domain.changes import Activity, CourseCompleted, Enrolled, GradePosted, Score
from actors.domain.outbox import Attempt, Decision, State
from actors.domain.people import Learner
from actors.ports import Planned, Routed
from config.model import Audience
from daemon.store import backlog, outbox
from daemon.store.backlog import Pile
from daemon.store.engine import tune

LANE = "acme/slack"
EVER = 1 << 62


@pytest.fixture
def raw() -> Iterator[sqlite3.Connection]:
    opened = _open()
    yield opened
    opened.close()


def _open() -> sqlite3.Connection:
    raw = sqlite3.connect(":memory:")
    tune(raw, read_only=False)
    migrate_by_copy(raw, 0)
    return raw


def grade(raw: sqlite3.Connection, seq: int, who: str, points: int, *places: str, route: str = "r") -> None:
    change = GradePosted(
        learner=Learner(key=who),
        at=f"2026-11-23T10:{seq // 60:02}:{seq % 60:02}Z",
        activity=Activity(id="essay"),
        score=Score(raw=points),
    )
    tell(raw, seq, change, *places, route=route)


def tell(raw: sqlite3.Connection, seq: int, change: object, *places: str, route: str = "r") -> None:
    planned = tuple(
        Planned(target="slack", route=route, destination=place, audience=Audience(channel=place)) for place in places
    )
    item = Routed(
        seq=seq,
        statement_id=f"s{seq}",
        correlation_id="c",
        traceparent="",
        accepted_us=seq,
        routed_us=seq,
        change=change,
        planned=planned,
    )
    outbox.route(raw, "acme", [item], seq)


def rows(raw: sqlite3.Connection) -> list[tuple[int, str, str, int]]:
    return raw.execute("SELECT seq, destination, state, head FROM deliveries ORDER BY seq").fetchall()


def latest(raw: sqlite3.Connection, **more: int) -> list[str]:
    found: list[str] = []
    after: int | None = 0
    while after is not None:
        replaced, after = backlog.latest(
            raw, LANE, after_seq=after, up_to_seq=EVER, before_us=more.get("before_us", EVER), by="ada", now_us=99
        )
        found += [one.destination for one in replaced]
    return found


def fold(raw: sqlite3.Connection, *places: str, before_us: int = EVER) -> int:
    return sum(backlog.fold(raw, LANE, place, before_us=before_us, due_us=99, by="ada") for place in places)


# ── counting ─────────────────────────────────────────────────────────────────────────────────────────


def piles(raw: sqlite3.Connection) -> list[Pile]:
    found: list[Pile] = []
    while chunk := backlog.piles(raw, LANE, found[-1].destination if found else ""):
        found += chunk
    return found


def test_every_destination_is_counted(raw: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "CHUNK_DESTINATIONS", 2)
    for seq in range(1, 7):
        tell(raw, seq, Enrolled(learner=Learner(key=f"l{seq}"), at="2026-11-23T10:00:00Z"), *"ABCDE"[: seq % 5 + 1])
    counted = dict(raw.execute("SELECT destination, count(*) FROM deliveries GROUP BY 1").fetchall())
    assert {pile.destination: pile.n for pile in piles(raw)} == counted
    assert backlog.complete(piles(raw), sum(counted.values()), every=True) == (piles(raw), False)


def test_a_great_pile_is_counted_up_to_a_bound(raw: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "COUNT_MAX", 3)
    for seq in range(1, 8):
        tell(raw, seq, Enrolled(learner=Learner(key=f"l{seq}"), at="2026-11-23T10:00:00Z"), "A", *"B"[: seq < 3])
    found = piles(raw)
    assert found == [Pile(destination="A", n=3, more=True), Pile(destination="B", n=2)]
    whole, guess = backlog.complete(found, 9, every=True)
    assert ([pile.n for pile in whole], guess) == ([7, 2], False), "the lane's own count tells the rest"


def test_what_several_great_piles_share_is_a_guess() -> None:
    great = [Pile(destination=place, n=3, more=True) for place in "AB"]
    whole, guess = backlog.complete([*great, Pile(destination="C", n=1)], 12, every=True)
    assert ([pile.n for pile in whole], guess) == ([6, 5, 1], True)
    whole, guess = backlog.complete([Pile(destination="A", n=2), Pile(destination="B", n=2)], 9, every=False)
    assert ([pile.n for pile in whole], guess) == ([5, 4], True)
    assert backlog.complete([], 5, every=True) == ([], False)


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), max_size=8), st.integers(0, 100), st.booleans())
def test_the_shares_sum_to_the_whole(counts: list[tuple[int, bool]], more: int, every: bool) -> None:
    found = [Pile(destination=str(place), n=n, more=great) for place, (n, great) in enumerate(counts)]
    total = sum(pile.n for pile in found) + more
    whole, guess = backlog.complete(found, total, every=every)
    assert all(pile.n >= before.n for pile, before in zip(whole, found, strict=True))
    shared = any(pile.more for pile in found) or (bool(found) and not every)
    assert sum(pile.n for pile in whole) == (total if shared else total - more)
    assert not guess or shared


# ── only the newest ──────────────────────────────────────────────────────────────────────────────────


def test_only_the_newest_value_stays(raw: sqlite3.Connection) -> None:
    for seq, (who, points) in enumerate([("ada", 80), ("ben", 70), ("ada", 85), ("ada", 90)], 1):
        grade(raw, seq, who, points, "A", *"B"[: who == "ada"])
    assert sorted(latest(raw)) == ["A", "A", "B", "B"]
    assert rows(raw) == [
        (1, "A", "superseded", 0),
        (2, "B", "superseded", 0),
        (3, "A", "waiting", 1),
        (4, "A", "superseded", 0),
        (5, "B", "superseded", 0),
        (6, "A", "waiting", 0),
        (7, "B", "waiting", 1),
    ]
    [newest, told, history] = raw.execute(
        "SELECT (SELECT lower(hex(id)) FROM deliveries WHERE seq = 6), detail, history FROM deliveries WHERE seq = 1"
    ).fetchone()
    assert newest in told
    assert "as ada chose" in told
    assert "caught_up" in history
    assert latest(raw) == []


def test_what_is_no_standing_value_stands(raw: sqlite3.Connection) -> None:
    for seq in (1, 2):
        tell(raw, seq, Enrolled(learner=Learner(key="ada"), at=f"2026-11-2{seq}T10:00:00Z"), "A")
    assert latest(raw) == []


def test_the_young_are_left_alone(raw: sqlite3.Connection) -> None:
    for seq in (1, 2, 3):
        grade(raw, seq, "ada", 80 + seq, "A")
    assert latest(raw, before_us=2) == ["A"]
    assert [state for _, _, state, _ in rows(raw)] == ["superseded", "waiting", "waiting"]


def test_what_is_in_flight_or_in_doubt_is_left_alone(raw: sqlite3.Connection) -> None:
    for seq in (1, 2, 3):
        grade(raw, seq, "ada", 80 + seq, "A")
    outbox.claim(raw, LANE, "b", 50, 1)
    assert latest(raw) == ["A"]
    assert rows(raw) == [(1, "A", "claimed", 1), (2, "A", "superseded", 0), (3, "A", "waiting", 0)]


# ── digests ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_destination_becomes_one_digest(raw: sqlite3.Connection) -> None:
    for seq in range(1, 6):
        grade(raw, seq, f"l{seq}", 80, "A", *"B"[: seq == 2])
    assert fold(raw, "A", "B") == 5
    assert [(place, state) for _, place, state, _ in rows(raw)].count(("A", "held")) == 5
    claimed = outbox.claim(raw, LANE, "b", 99, 9).deliveries
    assert [(one.destination, len(one.items)) for one in claimed] == [("B", 0), ("A", 5)]
    assert [item.change.learner.key for item in claimed[1].items] == [f"l{seq}" for seq in range(1, 6)]
    line = Attempt(number=1, kind="send", started_us=99, ended_us=100, verdict="delivered", detail="")
    decision = Decision(state=State.DELIVERED, receipt={"ts": "1"})
    assert outbox.record(raw, claimed[1], "b", decision, line, 101)
    assert {state for _, place, state, _ in rows(raw) if place == "A"} == {"delivered"}


def test_each_route_has_its_own_digest_and_one_alone_has_none(raw: sqlite3.Connection) -> None:
    for seq, route in enumerate(["x", "x", "y"], 1):
        grade(raw, seq, f"l{seq}", 80, "A", route=route)
    assert fold(raw, "A") == 2
    assert rows(raw) == [(1, "A", "held", 0), (2, "A", "held", 0), (3, "A", "waiting", 1)]


def test_the_young_are_not_folded(raw: sqlite3.Connection) -> None:
    for seq in range(1, 5):
        grade(raw, seq, f"l{seq}", 80, "A")
    assert fold(raw, "A", before_us=3) == 2
    assert [state for _, _, state, _ in rows(raw)] == ["held", "held", "waiting", "waiting"]


def test_a_great_destination_is_folded_in_parts(raw: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "FOLD_MAX", 3)
    for seq in range(1, 8):
        grade(raw, seq, f"l{seq}", 80, "A")
    assert [fold(raw, "A") for _ in range(3)] == [3, 3, 0]


# ── whatever happens ─────────────────────────────────────────────────────────────────────────────────

steps = st.lists(
    st.one_of(
        st.tuples(st.just("grade"), st.sampled_from("ab"), st.sampled_from(["A", "AB"])),
        st.tuples(st.just("grade"), st.just("a"), st.just("A")),
        st.tuples(st.just("claim"), st.integers(1, 3), st.just("")),
        st.tuples(st.just("record"), st.sampled_from([State.DELIVERED, State.UNKNOWN, State.WAITING]), st.just("")),
        st.tuples(st.sampled_from(["latest", "fold"]), st.just(0), st.just("")),
    ),
    min_size=10,
    max_size=40,
)


def lines_are_sound(raw: sqlite3.Connection) -> None:
    for place in "AB":
        line = raw.execute(
            "SELECT head, state, claimed_by FROM deliveries WHERE destination = ? "
            "AND state IN ('waiting', 'claimed', 'unknown')",
            (place,),
        ).fetchall()
        assert sum(head for head, _, _ in line) == (1 if line else 0)
        assert all(head for head, _, claimed_by in line if claimed_by is not None)


@settings(max_examples=examples(30), deadline=None)
@given(steps)
def test_lines_keep_one_head_and_nothing_is_lost(script: Sequence[tuple[str, object, str]]) -> None:
    raw = _open()
    made, now_us, hand = 0, 1_000, []
    for what, which, places in script:
        now_us += 1
        match what:
            case "grade":
                made += 1
                grade(raw, made, str(which), made, *places)
            case "claim":
                hand += outbox.claim(raw, LANE, "b", now_us, int(str(which))).deliveries
            case "record" if hand:
                delivery = hand.pop()
                assert isinstance(which, State)
                decision = Decision(
                    state=which,
                    due_us=now_us,
                    receipt={} if which is State.DELIVERED else None,
                    refund=delivery.state is State.CLAIMED,
                )
                line = Attempt(number=1, kind="send", started_us=0, ended_us=now_us, verdict="x", detail="")
                assert outbox.record(raw, delivery, "b", decision, line, now_us)
            case "latest":
                latest(raw)
            case "fold":
                fold(raw, "A", "B")
        lines_are_sound(raw)
    told = raw.execute("SELECT count(*) FROM deliveries WHERE kind <> 'digest'").fetchone()[0]
    assert told == sum(len(places) for what, _, places in script if what == "grade")
    raw.close()


def test_a_completion_is_told_apart_from_a_grade(raw: sqlite3.Connection) -> None:
    tell(raw, 1, CourseCompleted(learner=Learner(key="ada"), at="2026-11-23T10:00:00Z"), "A")
    grade(raw, 2, "ada", 80, "A")
    assert latest(raw) == []
