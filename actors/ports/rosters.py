"""Rosters in the store: who is enrolled, which places there are, who is in them, and what was ordered about it.

What was reckoned about a place and the orders that follow from it are one transaction, so that a process which is
killed in between has either done both or nothing; and what became of an order is remembered in the transaction that
records it (``Outbox.record``). Marks count: whoever has dealt with a change does not take away what came meanwhile.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from actors.domain.canonical import Course
from actors.domain.conflicts.model import Conflict
from actors.domain.rosters.accounts import Account as Standing
from actors.domain.rosters.desired import Enrolled
from actors.domain.rosters.model import Kept, Place, PlaceKind, Unit
from actors.domain.rosters.order import RosterOrder
from actors.ports.rostering import Account

Cause = Literal["asked", "schedule", "change", "start"]
"""Why a run was made."""
PlanState = Literal["shown", "parked", "accepted", "applied", "rejected", "lapsed"]
COMPARE, READ = 1, 2
"""How a place is due: to be compared with what is remembered, or to be read anew before."""


class Thread(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What brought a change, and goes with all that follows from it; ``why`` in words."""

    correlation_id: str
    traceparent: str = ""
    why: str = ""


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """Something changed in a course of a rule's source (``course`` empty: anywhere in it). ``thread``: by what, the
    last time."""

    course: str
    marks: int
    thread: Thread | None = None


class PlaceState(msgspec.Struct, frozen=True, kw_only=True):
    """A place and what is to be done about it. ``due``: 0, ``COMPARE`` or ``READ``, not before ``due_us``. ``waiting``:
    orders that were not sent yet, ``flying``: orders that were, or may have been. ``stuck``: why one failed: it rests
    until the next whole run or until somebody asks. ``parked``: the hash of the plan that waits for a person."""

    place: Place
    due: int = 0
    due_us: int = 0
    marks: int = 0
    waiting: int = 0
    flying: int = 0
    stuck: str = ""
    stuck_us: int = 0
    parked: str = ""
    partly: str = ""
    """Why it could not be read to its end; empty: it was."""
    thread: Thread | None = None
    """What brought it that it is due, where something did."""


class RuleState(msgspec.Struct, frozen=True, kw_only=True):
    """How a rule was worked last. ``digest``: by which words; ``whole_us``: when all of its places were read last;
    ``turns_us``: when what is desired changes by itself; ``everybody``: how many people the vendor had."""

    digest: bytes = b""
    whole_us: int = 0
    turns_us: int | None = None
    everybody: int = 0


class AccountFound(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor said. ``named``: an address (casefolded), or ``id:`` and its id of a member whom nobody knows.
    ``account`` None: nobody is named so."""

    named: str
    account: Account | None
    found_us: int


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """In this scope people are asked these, and nothing else any more (``Conflicts.stand``)."""

    scope: str
    found: tuple[Conflict, ...] = ()


class Reckoned(msgspec.Struct, frozen=True, kw_only=True):
    """What one run made of one place. ``place``: as it is known now; ``marks``: of the state that was reckoned with.
    ``kept``: what is remembered from now on, as far as it is new (``anew``: it is another place than before, of which
    nothing else is remembered); ``standings``: everybody's, None: as they were. ``again_us``: when it is looked at
    again (``again``: how); None: when something changes. ``orders`` replace those that were not sent yet; None: they
    stay."""

    place: Place
    marks: int
    born_us: int = 0
    partly: str = ""
    anew: bool = False
    kept: tuple[Kept, ...] = ()
    forgotten: tuple[str, ...] = ()
    standings: tuple[Standing, ...] | None = None
    orders: tuple[RosterOrder, ...] | None = None
    parked: str = ""
    let: str = ""
    """The hash by which a person let it go: their word is spent when this is written."""
    again: int = COMPARE
    again_us: int | None = None
    asked: Asked | None = None
    """None: nothing is asked, nor settled."""
    thread: Thread | None = None
    """What brought its orders; None: the run did."""


class PlanRow(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as kept. ``body`` is JSON, for whoever shows it."""

    tenant: str
    hash: str
    scope: str
    cause: Cause
    state: PlanState
    by: str
    made_us: int
    done_us: int | None = None
    adds: int = 0
    removes: int = 0
    why: str = ""
    body: bytes = b"{}"


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that waits for a person, and of which places (by number): where any of them is busy it is not kept."""

    plan: PlanRow
    places: tuple[int, ...]


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What is written with the last places of a run. ``plan``: the run itself; one that is ``applied`` only where
    anything was ordered (also before: ``ordered``) or nothing was to be. ``busy``: of the run, found before;
    ``asked``: of all of its places together (``places``, by number), unless one of them is busy."""

    plan: PlanRow | None = None
    ordered: int = 0
    busy: frozenset[int] = frozenset()
    parked: tuple[Parked, ...] = ()
    asked: Asked | None = None
    places: frozenset[int] = frozenset()


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """``ordered``: how many orders are new; ``busy``: places (by number) of which something has changed meanwhile, or
    to which something was under way: nothing was written about them, and they stay due. ``asked``: so many questions
    are new, or settled."""

    ordered: int = 0
    busy: tuple[int, ...] = ()
    asked: int = 0


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """How a rule stood at a time: people by standing; ``strangers`` are none of ``people``."""

    rule: str
    at_us: int
    people: int = 0
    in_step: int = 0
    pending: int = 0
    unmatched: int = 0
    refused: int = 0
    excluded: int = 0
    asked: int = 0
    strangers: int = 0


class Rosters(Protocol):
    """All raise StoreUnavailable."""

    # ── what sources say ─────────────────────────────────────────────────────────────────────────────

    async def watch(self, tenant: str, sources: Sequence[str]) -> None:
        """From now on changes of these sources are marked, of the tenant's others not; one that was not watched before
        is marked as a whole."""

    async def share(self, tenant: str, rules: Mapping[str, Sequence[str]]) -> frozenset[str]:
        """What was marked since becomes the matter of the rules that are kept from those sources (``rules`` by source).
        Those that have anything."""

    async def marked(self, tenant: str, rule: str) -> list[Marked]: ...

    async def enrolled(
        self, tenant: str, source: str, courses: Sequence[str] | None, after: tuple[str, str, int], limit: int
    ) -> tuple[list[Enrolled], tuple[str, str, int] | None]:
        """Those who are enrolled in these courses (at most 200; None: all), by course and user; ``after`` ("", "", 0):
        from the beginning. With where to go on, None at the end. A user whom the source has no more is not active; nor
        is a course."""

    async def courses(self, tenant: str, source: str) -> list[Course]:
        """Every course that the source told of and somebody may be enrolled in."""

    async def doubts(self, tenant: str, source: str) -> Mapping[str, str]:
        """Why what the source told may not be all, by course; of the key "": anywhere."""

    # ── what is remembered ───────────────────────────────────────────────────────────────────────────

    async def rule(self, tenant: str, rule: str) -> RuleState: ...

    async def worked(self, tenant: str, rule: str, state: RuleState) -> None: ...

    async def places(
        self, tenant: str, rule: str, lane: str, kind: PlaceKind, units: Sequence[str] | None = None
    ) -> dict[str, PlaceState]:
        """By the unit's key, however they stand; ``units``: only those of these."""

    async def at_hand(
        self, tenant: str, rule: str, lane: str, kind: PlaceKind, courses: Sequence[str], now_us: int
    ) -> dict[str, PlaceState]:
        """Those that are due by now, those that wait for a person, and those of these courses; by the unit's key. Of
        the course "" are places that are nobody course's alone."""

    async def next_due_us(self, tenant: str, rule: str, lane: str, kind: PlaceKind) -> int | None:
        """When the first of those is due that can be gone on with; None: none is."""

    async def inside(self, tenant: str, rule: str) -> dict[int, int]:
        """How many people are in each place, as far as is remembered, by its number."""

    async def spread(
        self,
        tenant: str,
        rule: str,
        lane: str,
        kind: PlaceKind,
        units: Sequence[Unit],
        marked: Sequence[Marked] = (),
        due: int = COMPARE,
    ) -> None:
        """These units' places are due (0: only remembered), those that are new are remembered, and these marks are
        dealt with (unless there are more by now), in one transaction."""

    async def taken(self, tenant: str, lane: str) -> dict[str, tuple[str, str]]:
        """What the tenant's rules have there: (rule, unit) by the vendor's id of the place."""

    async def touch(self, lane: str, place: str, due: int) -> int:
        """The vendor told of a place, by its id there: how many of ours are due for it."""

    async def due(self, tenant: str, rule: str, unit: str, due: int) -> int:
        """A unit's place is due, whatever stopped it before (``unit`` empty: all of the rule). How many."""

    async def kept(self, places: Sequence[int]) -> dict[int, list[Kept]]:
        """By the place's number; at most 500 places."""

    async def accounts(self, lane: str, named: Sequence[str]) -> dict[str, AccountFound]:
        """What is known of these addresses and ids, as ``AccountFound`` names them."""

    async def learn(self, lane: str, found: Sequence[AccountFound]) -> None: ...

    async def contacts(self, persons: Sequence[int], target: str) -> dict[int, str]:
        """What operators said that a target calls these persons, by person."""

    async def withheld(self, tenant: str, addresses: Sequence[str]) -> dict[tuple[int, str], str]:
        """Those of these addresses (casefolded; with their person) that several have, so that nobody knows who is
        meant: why they are not used."""

    async def addresses(self, tenant: str, persons: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """All addresses in force of each, whichever source told them."""

    async def called(self, persons: Sequence[int]) -> dict[int, str]:
        """What they are called, as far as any source tells."""

    # ── what is done ─────────────────────────────────────────────────────────────────────────────────

    async def commit(
        self,
        tenant: str,
        lane: str,
        reckoned: Sequence[Reckoned],
        ending: Ending | None,
        correlation_id: str,
        traceparent: str,
        now_us: int,
    ) -> Committed:
        """What was reckoned, the orders, what people are asked and the plans, in one transaction."""

    async def keep_plan(self, plan: PlanRow) -> None:
        """A plan of this hash that is there is written over; others of its tenant and scope that were parked lapse, if
        this one is parked."""

    async def plan(self, tenant: str, hash_: str) -> PlanRow | None:
        """By its hash, or a beginning of it that is nobody else's."""

    async def plans(self, tenant: str, limit: int) -> list[PlanRow]:
        """The newest first, without their bodies."""

    async def accepted(self, tenant: str) -> frozenset[str]:
        """Hashes of plans that an operator let go and nobody has carried out yet."""

    async def judge_plan(self, tenant: str, hash_: str, state: PlanState, by: str, now_us: int) -> bool:
        """A person's word on a parked plan. False: it is not parked (any more)."""

    # ── telling ──────────────────────────────────────────────────────────────────────────────────────

    async def standings(self, place: int, after: str, limit: int) -> list[Standing]: ...

    async def counts(self, tenant: str) -> dict[int, dict[str, int]]:
        """People by standing, by place."""

    async def drift(self, tenant: str, rule: str, since_us: int) -> list[Drift]:
        """Oldest first."""

    async def note_drift(self, tenant: str, drift: Drift) -> None: ...
