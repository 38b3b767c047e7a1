"""Rows about who is who. ``views`` re-exports them."""

import msgspec

from daemon.control.view import View


class IdentifierView(msgspec.Struct, frozen=True, kw_only=True):
    """``until_us``: since when it is not told any more."""

    namespace: str
    value: str
    from_us: int
    until_us: int | None = None


class PersonaView(msgspec.Struct, frozen=True, kw_only=True):
    """A user of a source, or (source empty) what an operator linked. ``how``: by what it belongs to the person:
    ``person`` (somebody said so), ``source`` (it is the first), ``unique`` or ``email`` (an identifier: ``why``)."""

    source: str
    user: str
    name: str
    state: str
    known_us: int
    how: str
    why: str
    identifiers: tuple[IdentifierView, ...]


class PersonRow(View, frozen=True, kw_only=True, tag="person"):
    """A person of the ledger. ``anchor``: by what their changes are counted. ``withheld``: why they are not written to
    at the address that is told. ``contacts``: what targets call them, as operators said."""

    tenant: str
    person: int
    anchor: str
    name: str
    email: str
    withheld: str
    locale: str
    timezone: str
    org_unit: str
    known_us: int
    personas: tuple[PersonaView, ...]
    contacts: dict[str, str]


class MatchRow(View, frozen=True, kw_only=True, tag="match"):
    """Two who may be one person: what they have in common, and what is against it."""

    tenant: str
    a: int
    a_user: str
    a_name: str
    b: int
    b_user: str
    b_name: str
    common: str
    against: str
    since_us: int
