"""One conflict of each class, as whoever finds them makes it: seeded, so that each can be decided in tests."""

from collections.abc import Mapping
from typing import get_args

from actors.domain.conflicts import brakes, drift, people, places
from actors.domain.conflicts.drift import Where, Whom
from actors.domain.conflicts.fields import Matter, Telling, judged
from actors.domain.conflicts.fixes import Field
from actors.domain.conflicts.model import Conflict, ConflictKind

NOW_US = 1_800_000_000_000_000
WHERE = Where(
    rule="classes",
    unit="course:1",
    lane="acme/slack",
    source="sis",
    place="C1",
    label="CS101",
    plan="run-1",
    at_us=NOW_US,
)
ADA = Whom(id="U1", person=1, name="Ada Byron", email="ada@example.edu")
BEN = Whom(id="U2", person=2, name="Ben Okri", email="ben@example.edu")
SAYS: Mapping[Field, tuple[str, str]] = {
    "email": ("ada@example.edu", "a.byron@example.edu"),
    "name": ("Ada Byron", "Augusta King"),
    "role": ("learner", "instructor"),
    "status": ("active", "ended"),
    "dates": ("2026-09-01 – 2027-01-31", "2026-09-01 – 2027-03-31"),
}


def of_field(field: Field) -> Conflict:
    """What two sources say differently of Ada (in CS101)."""
    course = "" if field in ("email", "name") else "campus/1"
    tellings = tuple(
        Telling(source=source, user=f"{source}-1", value=value, record=f"user/{source}-1", since_us=NOW_US + n)
        for n, (source, value) in enumerate(zip(("campus", "sis"), SAYS[field], strict=True))
    )
    conflict = judged(
        Matter(person=1, field=field, about="Ada Byron", tellings=tellings, course=course), (), {}
    ).conflict
    assert conflict is not None
    return conflict


def seeded() -> dict[ConflictKind, Conflict]:
    """By class, all that there are."""
    found = [
        *(of_field(field) for field in SAYS),
        drift.stranger(WHERE, Whom(id="U9", name="Guest", email="guest@example.org")),
        drift.missing(WHERE, ADA, NOW_US - 1),
        drift.refused(WHERE, ADA, "user_is_restricted", NOW_US - 1),
        drift.owner_added(WHERE, ADA),
        drift.last_owner(WHERE, ADA, "no enrolment any more", (BEN,)),
        places.linked_twice(WHERE, "course:2", "CS102"),
        places.name_ambiguous(WHERE, "c-cs101", [("C1", "public"), ("C2", "private")]),
        places.name_taken(WHERE, "c-cs101", "name_taken"),
        places.place_gone(WHERE, "channel_not_found", 30),
        places.place_archived(WHERE, "c-cs101", 30),
        places.place_full(WHERE, 1200, 1000),
        people.near_miss(WHERE, ADA, [Whom(id="U7", name="Byron, Ada", email="ada.byron@example.edu")]),
        people.account_shared(WHERE, Whom(id="U1", name="Ada Byron"), ADA, BEN),
        people.identity_clash((1, 1, "campus/1 Ada"), (2, 2, "sis/9 Ada"), "email:ada@x.org", "two SIS ids", NOW_US),
        brakes.brake(WHERE, "p1", "40 of 50 would be taken out", leaving=40, inside=50, samples=("Ada", "Ben")),
        brakes.emptied(WHERE, "p2", "nobody would be left of 50", leaving=50, inside=50, samples=("Ada", "Ben")),
        brakes.brake_total(WHERE, "p3", "600 of 900", leaving=600, inside=900, places=12, samples=("Ada",)),
    ]
    by_kind = {each.kind: each for each in found}
    assert set(by_kind) == set(get_args(ConflictKind))
    return by_kind
