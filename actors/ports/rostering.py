"""What a connector must be able to do for rosters to be kept in step at its vendor: conversations, no I/O.

Everything that changes something is a ``RosterOrder``: the outbox keeps it, a courier carries it by ``perform``, and
looks by ``seen`` whether one of unknown outcome was carried out. The rest only looks.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from actors.domain.flow import Flow
from actors.domain.rosters.model import Actual, Member, PlaceKind
from actors.domain.rosters.order import RosterOrder
from actors.domain.verdicts import (
    Confirmation,
    Doubtful,
    Faulted,
    Refused,
    Revoked,
    Throttled,
    Unavailable,
    Verdict,
)

Failure = Throttled | Unavailable | Faulted | Doubtful | Refused | Revoked
"""Why nothing could be learnt. ``Refused`` says what to grant or to mend."""


class Account(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody at the vendor. ``emails`` are casefolded, every address they are known by. ``active`` False: not any
    more; ``limited``: a guest whom the vendor lets into few places; ``bot``: no person."""

    id: str
    emails: tuple[str, ...] = ()
    name: str = ""
    active: bool = True
    limited: bool = False
    bot: bool = False


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the vendor's people; ``after`` empty: there are no more. ``everybody``: how many there are, where the
    vendor says so (0: it does not), so that whoever wants but a few need not read on."""

    accounts: tuple[Account, ...]
    after: str = ""
    everybody: int = 0


class LookedUp(msgspec.Struct, frozen=True, kw_only=True):
    """Of the addresses asked for: ``found`` by address, ``absent`` nobody has. Whoever is in neither was not got to:
    they are asked for again (at least one is in either)."""

    found: dict[str, Account]
    absent: tuple[str, ...] = ()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Places by that name, or the one with that id. ``closed``: archived, disabled or on its way out."""

    place: str
    name: str = ""
    closed: str = ""


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """There is no such place (any more), or it can take nobody: why. ``archived``: it could come back as it was."""

    why: str
    archived: bool = False


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of one place. ``now``: who is in it, as far as known; ``then``: all who are to be in it after
    it (vendors that take the whole list need both). ``place`` empty: it is to be created first."""

    kind: PlaceKind
    place: str
    name: str = ""
    topic: str = ""
    private: bool = True
    add: tuple[str, ...] = ()
    add_owners: tuple[str, ...] = ()
    promote: tuple[Member, ...] = ()
    demote: tuple[Member, ...] = ()
    remove: tuple[Member, ...] = ()
    now: tuple[str, ...] = ()
    then: tuple[str, ...] = ()


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with an order: ids for the vendor's log, and which attempt it is. Times as of ``Parcel``."""

    delivery_id: str
    correlation_id: str
    tenant: str
    traceparent: str
    attempt: int
    now_us: int
    sent_us: int | None
    doubt_us: int | None = None


class Rostering(Protocol):
    """A vendor's side of rosters. Every flow's requests draw from the lane's buckets (``draws``)."""

    kinds: frozenset[PlaceKind]
    visible_s: float
    """How long a member that was added may not show up yet, or one that was removed still does."""
    born_s: float
    """How long a place that was created may be unknown to the vendor."""
    members_max: int
    """How many a place takes."""
    names_members: bool
    """Whether ``members`` tells names and addresses, and bots apart. Where not, ``who`` is asked about members whom
    nobody knows, before anything is decided about them: they may be bots, we ourselves among them."""

    hides_closing: frozenset[PlaceKind]
    """Kinds whose places are archived without ``members`` telling of it: ``closing`` does."""

    def name(self, kind: PlaceKind, text: str) -> str:
        """The text as the vendor takes it for a name (lower case, length, letters)."""

    def is_id(self, kind: PlaceKind, text: str) -> bool:
        """Whether this is the vendor's id of such a place, and not a name."""

    def lists_all(self, unknown: int, everybody: int) -> bool:
        """Whether it costs fewer calls to read everybody (as many as that there were last time, 0: not known) than to
        look up so many addresses one after another."""

    def people(self, after: str) -> Flow[Page | Failure]:
        """A page of everybody at the vendor; ``after`` empty: the first."""

    def look_up(self, emails: Sequence[str]) -> Flow[LookedUp | Failure]:
        """Whoever has these addresses (casefolded), in as few calls as there are; at most ``lookups_max``."""

    lookups_max: int

    def who(self, ids: Sequence[str]) -> Flow[dict[str, Account] | Failure]:
        """Whose ids these are (at most ``lookups_max``). An id that is missing in the answer was not got to, as long
        as another one is there; one of nobody (any more) is an account that is not ``active``."""

    def find(self, kind: PlaceKind, texts: Sequence[str]) -> Flow[dict[str, tuple[Found, ...]] | Failure]:
        """For each of these (at most ``finds_max``): places of that name (more than one is a conflict), or the one of
        that id; none: an empty tuple. Many at once: some vendors show all there are, and nothing less. A text that is
        missing in the answer was not got to, as long as another one is there."""

    finds_max: int

    def members(self, kind: PlaceKind, places: Sequence[str]) -> Flow[dict[str, Actual | Gone] | Failure]:
        """Everybody in these places (at most ``places_max``), each read to its end (``whole``) or not. A place that is
        missing in the answer was not got to, as long as another one is there. ``read_us`` is whoever's who asks."""

    def places_max(self, kind: PlaceKind) -> int:
        """How many places ``members`` is asked about at once: as many as make the fewest calls."""

    def closing(self, kind: PlaceKind, places: Sequence[str], calls_max: int) -> Flow[dict[str, bool] | Failure]:
        """Which of these are archived, as far as that is learnt in so many calls: those that are missing were not got
        to. Only for kinds that hide it."""

    def orders(
        self, wanted: Wanted, *, plan: str, first_n: int, roster: str, unit: str, at: str
    ) -> tuple[RosterOrder, ...]:
        """The vendor's fewest calls, in order: create, add members, promote, demote, remove; numbered from
        ``first_n``. Of a place that is to be created: only its creation. Who is to be in it is ordered once it has an
        id."""

    def perform(self, order: RosterOrder, slip: Slip) -> Flow[Verdict]:
        """Make it so. ``Delivered`` also where it was so already; whom alone the vendor refused stands in the receipt
        (``order.REFUSED``), and of a created place its id (``order.PLACE``)."""

    def seen(self, order: RosterOrder, slip: Slip) -> Flow[Confirmation]:
        """Whether an order of unknown outcome was carried out; ``Repeatable`` where repeating it does no harm."""
