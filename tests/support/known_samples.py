"""Rows about what an id belongs to, each with what people have to read of it."""

from daemon.control import views as v

AT = 1_800_000_000_000_000

KNOWN = (
    (
        v.KnownRow(
            what="a question to people (conflict)", name="acme/17", whose="acme", at_us=AT, words="two_accounts, open",
            commands=("lmsyncctl conflict show acme/17",),
        ),
        ("acme/17", "a question to people", "2027-01-15", "two_accounts, open", "lmsyncctl conflict show acme/17"),
    ),
    (
        v.KnownRow(what="a record of a source", name="enrolment/e33", whose="acme/sis", commands=()),
        ("enrolment/e33", "a record of a source of acme/sis"),
    ),
)  # fmt: skip
