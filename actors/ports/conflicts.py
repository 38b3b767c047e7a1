"""Where systems disagree: raised by whoever finds it, decided by people, read by whoever plans."""

from collections.abc import Collection, Sequence
from typing import Literal, Protocol

import msgspec

from actors.domain.conflicts.model import Case, Conflict, ConflictState, Outdated, Ruling
from config.rosters import ConflictRule

ByWay = Literal["control", "page", "card"]


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what was raised: ``fresh`` are new questions (or old ones with other answers), ``known`` stand
    already, ``answered`` were decided and are not asked again; ``settled`` of the scope are not so any more."""

    fresh: tuple[int, ...] = ()
    known: int = 0
    answered: int = 0
    settled: int = 0


class Decider(msgspec.Struct, frozen=True, kw_only=True):
    """Who decides, and how it came. Whether they may was found out before."""

    who: str
    by_way: ByWay
    correlation_id: str = ""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """``done`` False: nothing was changed, ``note`` says why. ``again``: it had been decided just so before.
    ``outdated``: what was shown to whoever decided is not so any more. ``scope``: whose work goes on by it."""

    case: Case | None
    done: bool
    note: str = ""
    again: bool = False
    outdated: Outdated | None = None
    scope: str = ""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """So many people were compared; ``fresh`` questions are new, ``settled`` are none any more. ``more``: there are
    others to be compared."""

    people: int = 0
    fresh: int = 0
    settled: int = 0
    more: bool = False


class Conflicts(Protocol):
    """All raise StoreUnavailable."""

    async def raise_(self, tenant: str, found: Sequence[Conflict], now_us: int) -> Raised:
        """Ask people about these, each once: what is open already is seen again, what was decided is not asked again
        while the sides say the same."""

    async def clear(self, tenant: str, scope: str, now_us: int, *, but: Collection[str] = ()) -> int:
        """What is open in this scope, but for these subjects, is not so any more. How many."""

    async def retain(self, tenant: str, rules: Collection[str], now_us: int) -> int:
        """Only these roster rules are configured: what is asked about others is not so any more. How many."""

    async def rulings(self, tenant: str, scopes: Sequence[str]) -> dict[str, tuple[Ruling, ...]]:
        """The decisions in force, by scope, oldest first; scopes without any are left out. At most 500 scopes."""

    async def compare(self, tenant: str, sources: Sequence[str], rules: Sequence[ConflictRule]) -> bool:
        """From now on users of these sources are compared with one another (where there are several), by these rules;
        everybody anew where either is another than before. Whether it is."""

    async def look(self, tenant: str, rules: Sequence[ConflictRule], now_us: int) -> Looked:
        """Compare a few of those of whom their sources told something; what is not decided by rule is raised."""

    async def clashes(self, tenant: str, now_us: int) -> Looked:
        """What the identity ledger asks is asked here, too."""

    async def one(self, tenant: str, no: int) -> Case | None: ...

    async def cases(
        self, tenant: str, states: Collection[ConflictState], *, after_no: int = 0, limit: int = 100
    ) -> list[Case]:
        """In the order in which they were raised."""

    async def approve(self, tenant: str, no: int, choice: int, by: Decider, now_us: int, *, mark: str = "") -> Decided:
        """The fix at this place is in force from now on; safe to repeat. ``mark``: what whoever decides was shown
        (``Case.shown``, or its mark alone); where the sides say something else by now, or somebody decided otherwise
        since, nothing is done."""

    async def reject(self, tenant: str, no: int, why: str, by: Decider, now_us: int, *, mark: str = "") -> Decided:
        """It stays as it is, and nobody is asked again while the sides say the same; safe to repeat."""

    async def undo(self, tenant: str, no: int, by: Decider, now_us: int, *, mark: str = "") -> Decided:
        """What was approved is taken back, what was rejected is asked again; safe to repeat. ``mark``: as above."""
