"""What reviewers read in German is German: every sentence that the classes make, whatever stands in it."""

import re

import pytest
from seeded_conflicts import ADA, BEN, NOW_US, WHERE, seeded

from actors.domain.conflicts import brakes, drift, people, places
from actors.domain.conflicts.model import Case, Conflict, Event
from actors.domain.conflicts.spoken import event_in, facts_in
from actors.domain.rosters.brake import Toll, held, held_together
from config.rosters import Brake

LEDGER = drift.Whom(id="U9", person=7, name="Guest")
BRAKE = Brake(percent_max=20, count_max=50, total_percent_max=10, total_count_max=90)
HELD = [
    held(BRAKE, Toll(unit="", leaving=9, inside=9, seats=0)),
    held(BRAKE, Toll(unit="", leaving=60, inside=900, seats=840)),
    held(BRAKE, Toll(unit="", leaving=9, inside=12, seats=3)),
]
TOGETHER = [
    held_together(BRAKE, [Toll(unit="", leaving=50, inside=900, seats=1)] * 2),
    held_together(BRAKE, [Toll(unit="", leaving=9, inside=30, seats=1)] * 2),
]
MORE = [
    drift.stranger(WHERE, LEDGER, maybe="somebody who belongs in cannot be found, and may be them"),
    drift.refused(WHERE, ADA, "the vendor took them 3 times, and they do not show up", NOW_US),
    drift.refused(WHERE, ADA, "the vendor does not make them an owner: too_many", NOW_US),
    drift.last_owner(WHERE, ADA, "their role makes them no owner any more", (BEN,), seated=True),
    drift.last_owner(WHERE, drift.Whom(id="U3"), "was erased, and the place would have no owner left"),
    places.name_ambiguous(WHERE, "c-cs101", [("C1", ""), ("C2", "private")]),
    *(brakes.brake(WHERE, "p", why, leaving=9, inside=9, samples=("Ada and Co",)) for why in HELD),
    *(brakes.brake_total(WHERE, "p", why, leaving=9, inside=9, places=2, samples=()) for why in TOGETHER),
    people.identity_clash((1, 1, "campus/1 Ada"), (2, 2, "sis/9 Ada"), "email:ada@x.org", "two SIS ids", NOW_US),
]
ENGLISH = re.compile(r"\b(the|they|them|their|it|is|are|were|and|or|of|would|nobody|somebody|who|what|in every)\b")
THEIRS = re.compile(r"Ada and Co|two SIS ids")
"""Names, and what somebody else says."""


def texts(conflict: Conflict) -> list[str]:
    """All that is read of it."""
    found = [conflict.about, conflict.detail]
    for side in conflict.sides:
        found += [side.value, side.detail]
    for each in conflict.fixes:
        found += [each.why, each.undoes, each.blast.note]
    return [each for each in found if each]


@pytest.mark.parametrize("conflict", [*seeded().values(), *MORE], ids=lambda each: each.kind)
def test_no_english_is_left_and_what_is_data_stays(conflict: Conflict) -> None:
    german = facts_in(conflict, "de")
    for before, after in zip(texts(conflict), texts(german), strict=True):
        assert ENGLISH.search(THEIRS.sub("", after)) is None, (before, after)
        for data in re.findall(r"[\w.]+@[\w.]+|c-cs101|\d+|CS10\d", before):
            assert data in after
    assert facts_in(conflict, "en") == conflict
    assert (german.subject, german.claims != (), [each.fix for each in german.fixes]) == (
        conflict.subject, True, [each.fix for each in conflict.fixes]
    )  # fmt: skip


def test_what_a_role_or_a_status_is_called_is_german_and_a_name_is_a_name() -> None:
    assert [each.value for each in facts_in(seeded()["role_differs"], "de").sides] == ["lehrend", "teilnehmend"]
    assert [each.value for each in facts_in(seeded()["status_differs"], "de").sides] == ["beendet", "aktiv"]
    assert facts_in(seeded()["email_differs"], "de").sides == seeded()["email_differs"].sides


def test_a_history_names_what_was_decided_and_leaves_a_persons_words() -> None:
    told = seeded()["stranger"]
    case = Case(no=1, tenant="acme", conflict=told, mark="", state="open", raised_us=0, seen_us=0, times=1)
    for event, said in (
        (Event(at_us=0, what="approved", detail="let_stay"), "Darf bleiben"),
        (Event(at_us=0, what="refused", detail="decided"), "inzwischen anders entschieden"),
        (Event(at_us=0, what="rejected", detail="it is not so any more"), "it is not so any more"),
        (Event(at_us=0, what="settled", detail="it is not so any more"), "es ist nicht mehr so"),
        (Event(at_us=0, what="changed", detail="before: acme/slack: a member"), "vorher: acme/slack: a member"),
    ):
        assert event_in(event, case, "de") == said
