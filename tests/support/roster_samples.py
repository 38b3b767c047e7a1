"""Rows of ``control.reconciled``, each with words that people must find in it when it is shown."""

from daemon.control import views as v

COUNTS = {"people": 1_229, "in_step": 1_180, "pending": 4, "unmatched": 30, "refused": 5, "excluded": 9, "asked": 1}
ROSTERS: list[tuple[v.View, tuple[str, ...]]] = [
    (
        v.RosterPlanRow(
            tenant="acme",
            hash="5f1c2d3e4a5b6c7d",
            state="parked",
            scope="classes|course:42",
            made_us=1_800_000_000_000_000,
            removes=31,
            why="31 of 60 would be taken out",
        ),
        ("5f1c2d3e4a5b6c7d", "acme", "parked", "classes|course:42", "31 of 60"),
    ),
    (
        v.RosterChangeRow(
            roster="classes",
            lane="acme/slack",
            unit="course:42",
            label="MATH-101",
            name="c-math-101",
            create=True,
            adds=31,
            promotes=2,
            unmatched=1,
            note="2 people would leave",
        ),
        ("classes", "MATH-101", "c-math-101 (new)", "31", "+2 -0", "2 people would leave"),
    ),
    (
        v.RosterMoveRow(
            roster="classes",
            label="MATH-101",
            does="remove",
            name="Ada Lovelace",
            email="ada@example.edu",
            account="U7",
            why="no enrolment any more",
        ),
        ("MATH-101", "remove", "Ada Lovelace", "ada@example.edu", "U7", "no enrolment any more"),
    ),
    (
        v.RosterRow(
            tenant="acme",
            roster="classes",
            unit="course:42",
            label="MATH-101",
            lane="acme/slack",
            place_kind="channel",
            place="C42",
            strangers=2,
            read_us=1_800_000_000_000_000,
            note="archived",
            **COUNTS,
        ),
        ("classes", "MATH-101", "C42", "1,229", "1,180", "30", "archived"),
    ),
    (
        v.StandingRow(
            tenant="acme",
            roster="classes",
            label="MATH-101",
            name="Grace Hopper",
            email="grace@example.edu",
            person=7,
            standing="unmatched",
            detail="nobody there has grace@example.edu",
        ),
        ("Grace Hopper", "unmatched", "nobody there has"),
    ),
    (
        v.DriftRow(tenant="acme", roster="classes", at_us=1_800_000_000_000_000, **COUNTS),
        ("classes", "2027-01-15", "1,229", "30"),
    ),
    (
        v.RuleRow(tenant="acme", roster="classes", lane="acme/slack", state="hindered", detail="HTTP 503", places=3),
        ("acme/classes", "hindered", "HTTP 503", "never", "when something changes"),
    ),
]
