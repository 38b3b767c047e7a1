"""Whatever is raised, settled, decided and undone in whatever order: one question a subject, one ruling a topic, and
each ruling in force is that of a decision that stands."""

import sqlite3
from typing import Any

import msgspec
from housekeeping import opened
from hypothesis import given
from hypothesis import strategies as st
from seeded_conflicts import NOW_US, WHERE, seeded

from actors.domain.conflicts.model import Conflict
from actors.ports.conflicts import Decider
from config.identity import Identity
from daemon.store import deciding, raising

ANN = Decider(who="ann", by_way="control")
RULES = Identity()
KINDS = ("stranger", "missing", "owner_added")
STEP = st.tuples(
    st.sampled_from(("stand", "clear", "approve", "reject", "undo")),
    st.integers(min_value=0, max_value=5),
    st.integers(min_value=0, max_value=1),
)


def saying(n: int, what: int) -> Conflict:
    """One of three questions, whose sides say one of two things."""
    conflict = seeded()[KINDS[n % 3]]  # type: ignore[index]  # a class
    first = msgspec.structs.replace(conflict.sides[0], value=f"value {what}")
    return msgspec.structs.replace(conflict, sides=(first, *conflict.sides[1:]))


@given(st.lists(STEP, max_size=25))
def test_questions_and_rulings_stay_in_order(steps: list[tuple[str, int, int]]) -> None:
    raw = opened()
    for at, (step, n, choice) in enumerate(steps, 1):
        now_us = NOW_US + at * 1_000_000
        nos = [row[0] for row in raw.execute("SELECT no FROM conflicts ORDER BY no")]
        match step:
            case "stand":
                raising.stand(raw, "acme", WHERE.scope, [saying(n, choice)], now_us)
            case "clear":
                raising.clear(raw, "acme", WHERE.scope, now_us)
            case "approve" if nos:
                deciding.approve(raw, "acme", nos[n % len(nos)], choice, ANN, now_us, RULES)
            case "reject" if nos:
                deciding.reject(raw, "acme", nos[n % len(nos)], "", ANN, now_us)
            case "undo" if nos:
                deciding.undo(raw, "acme", nos[n % len(nos)], ANN, now_us, RULES)
            case _:
                pass
        _hold(raw)


def _hold(raw: sqlite3.Connection) -> None:
    cases = {each.no: each for each in map(deciding.case_of, _all(raw))}
    subjects = [each.conflict.subject for each in cases.values() if each.state == "open"]
    assert len(subjects) == len(set(subjects))
    in_force = raising.rulings(raw, "acme", [WHERE.scope]).get(WHERE.scope, ())
    topics = [each.fix.topic for each in in_force]
    assert len(topics) == len(set(topics))
    for each in in_force:
        if each.conflict:
            case = cases[each.conflict]
            assert case.state == "approved"
            assert case.choice is not None
            assert case.conflict.fixes[case.choice].fix == each.fix
    for case in cases.values():
        assert case.history[0].what == "raised"
        if case.state == "approved" and case.choice is not None:
            assert case.conflict.fixes[case.choice].fix.topic in topics  # it, or what took its place


def _all(raw: sqlite3.Connection) -> list[Any]:
    return raw.execute(f"SELECT {deciding.CASE} FROM conflicts").fetchall()
