"""What is ordered of Slack about one place, in the fewest calls; and what its names may be. Pure.

Of a channel people are invited by the hundred and taken out one by one; Slack takes everybody in a user group at once,
and a group that nobody is left in is disabled, because it cannot be empty. Nobody owns a channel or a group there.
"""

import re
from hashlib import sha256
from unicodedata import normalize

from actors.domain.rosters.model import PlaceKind
from actors.domain.rosters.order import Deed, RosterOrder, order
from actors.ports.rostering import Wanted

INVITED_MAX = 100
NAME_CHARS_MAX = 80
_CHANNEL = re.compile(r"[CG][A-Z0-9]{8,}", re.ASCII)
_GROUP = re.compile(r"S[A-Z0-9]{8,}", re.ASCII)
_DASHES = re.compile(r"-{2,}")


def name_of(text: str) -> str:
    """Lower case, letters and digits with dashes between, at most eighty characters. Letters with marks lose them where
    a plain one is left; what is not Latin stays as it is."""
    folded = normalize("NFKC", text).casefold()
    spelt = "".join(_plain(each) for each in folded)
    name = _DASHES.sub("-", spelt)[:NAME_CHARS_MAX].strip("-_")
    return name or f"x{sha256(text.encode()).hexdigest()[:8]}"


def _plain(letter: str) -> str:
    base = normalize("NFKD", letter)[:1]
    if base.isascii() and base.isalnum():
        return base
    return letter if letter.isalnum() or letter == "_" else "-"


def is_id(kind: PlaceKind, text: str) -> bool:
    match kind:
        case "channel":
            return _CHANNEL.fullmatch(text) is not None
        case "usergroup":
            return _GROUP.fullmatch(text) is not None
        case "team":
            return False


def orders_of(wanted: Wanted, *, plan: str, first_n: int, roster: str, unit: str, at: str) -> tuple[RosterOrder, ...]:
    made: list[RosterOrder] = []

    def say(deed: Deed, members: tuple[str, ...] = (), inside: tuple[str, ...] = ()) -> None:
        made.append(
            order(
                plan=plan,
                n=first_n + len(made),
                roster=roster,
                unit=unit,
                at=at,
                place_kind=wanted.kind,
                deed=deed,
                place=wanted.place,
                name=wanted.name,
                topic=wanted.topic,
                private=wanted.private,
                members=members,
                inside=inside,
            )
        )

    joining = tuple(dict.fromkeys((*wanted.add_owners, *wanted.add)))
    if not wanted.place:
        say("create")
    elif wanted.kind == "usergroup":
        if joining or wanted.remove:
            then = tuple(dict.fromkeys(wanted.then))
            say("replace" if then else "disable", then, tuple(dict.fromkeys(wanted.now)))
    else:
        for first in range(0, len(joining), INVITED_MAX):
            say("add", joining[first : first + INVITED_MAX])
        for member in wanted.remove:
            say("remove", (member.id,))
    return tuple(made)
