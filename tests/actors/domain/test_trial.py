"""A pilot's figures and its verdict: green with evidence, amber while it lacks some, red when too much went wrong."""

import pytest

from actors.domain.outbox import Attempt
from actors.domain.trial import Measured, Seen, judged, measured
from config.piloting import PilotWords

WORDS = PilotWords(events_min=100, people_min=5, error_percent_max=2.0, late_percent_max=1.0)
GOOD = Measured(people=9, sent=1_000, delivered=1_000, promised=1_000)


def attempt(kind: str = "send", verdict: str = "delivered", **calls: int) -> Attempt:
    return Attempt(number=1, kind=kind, started_us=0, ended_us=1, verdict=verdict, detail="", calls=calls)


def seen(state: str = "delivered", *history: Attempt, **more: object) -> Seen:
    given = {
        "id": "d1", "state": state, "kind": "graded", "in_digest": False, "cause": None, "detail": "",
        "lane": "acme/slack", "destination": "C1", "route": "r",
        "accepted_us": 1_000, "from_us": 0, "done_us": 3_000, "sla_us": 1_500,
        "history": history, "row_bytes": 600, "learner": "a",
    }  # fmt: skip
    return Seen(**(given | more))


def test_what_is_counted() -> None:
    found = measured(
        [
            seen("delivered", attempt(post=1, find=2)),
            seen("delivered", attempt(verdict="doubtful", post=1), attempt(post=1), learner="b", done_us=2_000),
            seen("delivered", attempt(verdict="doubtful", post=1), attempt("probe", "absent", look=1), attempt(post=1)),
            seen("dead", attempt(verdict="refused", post=1), cause="destination_gone"),
            seen("parked", cause="unknown_outcome"),
            seen("waiting"),
            seen("superseded"),
            seen("shadowed", learner="c", detail="pilot x: not in the cohort"),
            seen("shadowed", learner="d", detail="pilot x: not in; it could not have been sent: bad_template"),
            seen("delivered", attempt(post=1), kind="digest"),
            seen("delivered", attempt(post=9), in_digest=True),
        ]
    )
    assert (found.people, found.outsiders, found.sent, found.waiting) == (2, 2, 6, 1)
    assert (found.wrong, found.mismatched, found.doubles) == (2, 1, 1)
    assert (found.rehearsed, found.unsayable) == (2, 1)
    assert (found.promised, found.late, found.delivered, found.calls) == (4, 3, 4, 10)
    assert found.calls_each == 2.5
    assert found.bytes_each == 1_400
    assert (found.quantile_us(0.5), found.quantile_us(0.99)) == (2_000, 2_000)
    assert Measured().quantile_us(0.5) is None
    assert Measured().calls_each == Measured().bytes_each == 0.0


@pytest.mark.parametrize(
    ("more", "colour"),
    [
        ({}, "green"),
        ({"wrong": 10}, "green"),
        ({"wrong": 11}, "amber"),
        ({"wrong": 21}, "red"),
        ({"late": 11}, "red"),
        ({"mismatched": 4, "doubles": 7}, "red"),
        ({"rehearsed": 1_000, "unsayable": 11}, "red"),
        ({"compared": 1_000, "astray": 5}, "green"),
        ({"compared": 1_000, "astray": 11}, "red"),
        ({"people": 4}, "amber"),
        ({"promised": 0}, "amber"),
        ({"sent": 50}, "amber"),
        ({"sent": 3, "wrong": 3}, "red"),
        ({"sent": 3, "wrong": 2}, "amber"),
    ],
)
def test_its_colour(more: dict[str, int], colour: str) -> None:
    found = Measured(**{name: getattr(GOOD, name) for name in GOOD.__struct_fields__} | more)
    assert judged(found, WORDS).colour == colour


def test_a_limit_that_everybody_would_break_is_red() -> None:
    assert judged(GOOD, WORDS, ("acme/slack workspace", 79.0)).colour == "green"
    assert judged(GOOD, WORDS, ("acme/slack workspace", 81.0)).colour == "amber"
    verdict = judged(GOOD, WORDS, ("acme/slack workspace", 101.0))
    assert verdict.colour == "red"
    assert verdict.against == verdict.reasons[-1:]
    assert (
        verdict.reasons[-1]
        == "for everybody, the busiest hour would need 101 % of the vendor's limit acme/slack workspace"
    )


def test_nobody_is_told_to_promise_what_was_promised() -> None:
    """Where nothing was delivered, no ``sla`` shows."""
    assert judged(Measured(people=9, sent=200, wrong=200), WORDS).lacking == ()


def test_what_would_be_said_otherwise_today_is_no_evidence() -> None:
    assert judged(GOOD, WORDS, restated=(2, 200)).colour == "green"
    verdict = judged(GOOD, WORDS, restated=(3, 200))
    assert verdict.colour == "amber"
    assert verdict.lacking[0].startswith("rehearsals that would say something else today: 3 of the newest 200")


def test_what_speaks_against_it_is_named() -> None:
    found = measured(
        [
            seen("delivered", attempt(), id="a", astray="words: other ones"),
            seen("delivered", attempt(), id="b", astray=""),
            seen("shadowed", id="c", astray="", also="old"),
            seen("shadowed", id="d", closed=True),
            seen("shadowed", id="e", destination="C9"),
            seen("dead", attempt(verdict="refused"), id="f", destination="C9", cause="destination_gone"),
            seen("delivered", attempt(), id="g", destination="C8"),
            seen("dead", attempt(verdict="refused"), id="h", destination="C8", cause="destination_gone"),
            seen("shadowed", id="i", destination="C8", detail="it could not have been sent: bad_template"),
        ]
    )
    assert (found.compared, found.astray, found.unsayable, found.also_told, found.others) == (3, 1, 3, 1, ("old",))
    assert [(each.id, each.what) for each in found.examples] == [
        ("a", "words: other ones"),
        ("d", "it could not have been sent: another delivery there met nobody, or no place"),
        ("e", "it could not have been sent: another delivery there met nobody, or no place"),
        ("f", "dead: destination_gone"),
        ("h", "dead: destination_gone"),
        ("i", "it could not have been sent: bad_template"),
    ]
