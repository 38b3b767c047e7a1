"""Rows about who is who, and what of them must be seen."""

from daemon.control import views as v

AT = 1_800_000_000_000_000
PERSONS: list[tuple[v.View, tuple[str, ...]]] = [
    (
        v.PersonRow(
            tenant="acme",
            person=12,
            anchor="mbox:ada@example.edu",
            name="Ada Lovelace",
            email="",
            withheld="ada@example.edu is now that of another active user in moodle",
            locale="en-GB",
            timezone="Europe/London",
            org_unit="",
            known_us=AT,
            personas=(
                v.PersonaView(
                    source="moodle",
                    user="5",
                    name="Ada L.",
                    state="inactive",
                    known_us=AT,
                    how="unique",
                    why="sis:S1",
                    identifiers=(v.IdentifierView(namespace="email", value="a@x.org", from_us=AT, until_us=AT),),
                ),
            ),
            contacts={"slack": "U123"},
        ),
        ("acme/12  Ada Lovelace", "another active user", "slack:U123", "moodle/5 (inactive)", "sis:S1", "until"),
    ),
    (
        v.MatchRow(
            tenant="acme",
            a=12,
            a_user="moodle/5",
            a_name="Ada",
            b=13,
            b_user="canvas/9",
            b_name="A. King",
            common="email:ada@example.edu",
            against="both are active in moodle",
            since_us=AT,
        ),
        ("acme/12", "canvas/9 A. King", "email:ada@example.edu", "both are active in moodle"),
    ),
]
