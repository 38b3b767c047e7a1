"""Rows about people who signed in, each with what people have to read of it."""

from daemon.control import views as v

AT = 1_800_000_000_000_000

SESSIONS = (
    (
        v.SessionRow(
            tenant="acme", id="5f0c2a9e417bd386", via="oidc", subject="4711", issuer="https://idp.example.edu",
            name="Ada Lovelace", email="ada@example.edu", person="", role="admin", roles=("lms-admins",),
            place="192.0.2.7", began_us=AT, seen_us=AT, until_us=AT + 3_600_000_000,
        ),
        ("acme/5f0c2a9e417bd386", "Ada Lovelace", "oidc:4711", "admin", "192.0.2.7", "2027-01-15"),
    ),
)  # fmt: skip
