"""Rows about people who signed in. ``views`` re-exports them."""

from daemon.control.view import View


class SessionRow(View, frozen=True, kw_only=True, tag="session"):
    """Somebody who is signed in to a tenant's pages. ``id`` names the session; nobody can come in with it. ``person``:
    whom the LMS's sources mean, empty: nobody. ``until_us``: it ends then at the latest."""

    tenant: str
    id: str
    via: str
    subject: str
    issuer: str
    name: str
    email: str
    person: str
    role: str
    roles: tuple[str, ...]
    place: str
    began_us: int
    seen_us: int
    until_us: int
