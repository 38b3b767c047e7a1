"""One row of the table of attacks."""

from collections.abc import Callable

import msgspec
from besieged import Answer, Besieged

Pieces = bytes | tuple[bytes, ...]


class Attack(msgspec.Struct, frozen=True, kw_only=True):
    """``make`` gives what is sent, in the pieces in which it is. ``status``: what it may end with; 0 among them: the
    connection may be closed without a word. ``audited``: the reason that stands in the audit of ``tenant`` (empty: the
    host's); None: it is no refusal of a person, but of something that is no request. ``also``: what more must hold."""

    name: str
    make: Callable[[Besieged], Pieces]
    status: frozenset[int]
    audited: str | None = None
    tenant: str = ""
    also: Callable[[Besieged, Answer], bool] | None = None


def attack(
    name: str,
    make: Callable[[Besieged], Pieces],
    *status: int,
    audited: str | None = None,
    tenant: str = "acme",
    also: Callable[[Besieged, Answer], bool] | None = None,
) -> Attack:
    return Attack(name=name, make=make, status=frozenset(status), audited=audited, tenant=tenant, also=also)


def one_answer(_besieged: Besieged, answer: Answer) -> bool:
    """A second request that was hidden in the first was not heard."""
    return answer.answers <= 1


def unseen(*texts: str) -> Callable[[Besieged, Answer], bool]:
    """None of this comes back, in whatever case."""
    return lambda _besieged, answer: not any(text.encode().lower() in answer.raw.lower() for text in texts)
