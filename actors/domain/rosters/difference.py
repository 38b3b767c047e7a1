"""What a difference between seats and members consists of (pure)."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from actors.domain.rosters.model import Excluded, Kept, Member, Seat


class Unmatched(msgspec.Struct, frozen=True):
    """Nobody at the vendor is known to be this person, and why. ``near``: who looks alike (id, address)."""

    why: str
    near: tuple[tuple[str, str], ...] = ()


Accounts = Mapping[int | str, str | Unmatched]
"""By person (by ``user:ID`` of the source where the ledger has no person): the vendor's id, or why there is none.
Whoever is missing here has not been looked for yet."""


def who(seat: Seat | Excluded) -> int | str:
    """The key of ``Accounts``."""
    return seat.person or f"user:{seat.user}"


class Joining(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    seat: Seat
    again: bool = False
    """They were in it before, and were taken out by somebody."""


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """``erased``: they were erased, so that nobody is asked whether they go."""

    member: Member
    person: int
    why: str
    erased: bool = False


Odd = Literal["stranger", "missing", "owner_by_hand", "last_owner", "clash"]
"""What somebody did at the platform, or what cannot be done without a person's word. ``clash``: two persons who belong
in are one account there."""


class Oddity(msgspec.Struct, frozen=True, kw_only=True):
    """Something for a person to decide. ``also``: the other person of a clash; ``seated``: of a last owner, whether
    they stay a member."""

    odd: Odd
    id: str
    person: int = 0
    name: str = ""
    email: str = ""
    detail: str = ""
    also: int = 0
    seated: bool = False


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    seat: Seat
    why: str
    id: str = ""
    near: tuple[tuple[str, str], ...] = ()


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done about a place, in this order: ``joins``, ``promotes``, ``demotes``, ``leaves``.

    ``kept`` is what is remembered from now on, without what the orders will bring about. ``refused``: whom the vendor
    does not let in, or does not make what they are to be, ``held_in``: whom it does not let go; ``waived``: a person
    said that they need not be in it. ``sought``: who has not been looked for yet. ``late``: put in, and not seen yet.
    ``spared``: so many would leave, if what is known were all there is (``why`` it may not be). ``inside``: how many
    are in it."""

    joins: tuple[Joining, ...] = ()
    promotes: tuple[Joining, ...] = ()
    demotes: tuple[Member, ...] = ()
    leaves: tuple[Leaving, ...] = ()
    unmatched: tuple[Refusal, ...] = ()
    refused: tuple[Refusal, ...] = ()
    held_in: tuple[Refusal, ...] = ()
    waived: tuple[Refusal, ...] = ()
    sought: tuple[Seat, ...] = ()
    odd: tuple[Oddity, ...] = ()
    strangers: tuple[Member, ...] = ()
    late: frozenset[str] = frozenset()
    spared: int = 0
    why: str = ""
    inside: int = 0
    in_step: int = 0
    kept: tuple[Kept, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Nothing to do, and nothing to ask."""
        return not (self.joins or self.promotes or self.demotes or self.leaves or self.odd or self.spared)

    @property
    def counted(self) -> tuple[Leaving, ...]:
        """Of those who are to leave, whom the brake counts and holds."""
        return tuple(each for each in self.leaves if not each.erased)

    @property
    def does(self) -> bool:
        """Whether there is anything to order."""
        return bool(self.joins or self.promotes or self.demotes or self.leaves)
