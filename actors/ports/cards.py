"""What reviewers are shown in a channel, and what they press there."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from actors.domain.conflicts.cards import ReviewCard
from actors.domain.conflicts.model import Case, Event
from config.model import Audience


class Click(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody did with a post of ours; ``person`` is the vendor's id of who, ``body`` is sealed for
    ``ID`` of the lane, as it was kept."""

    seq: int
    id: str
    form: str
    person: str
    body: bytes
    at_us: int


class Untold(msgspec.Struct, frozen=True, kw_only=True):
    """A conflict that stands otherwise than its card says; ``told`` empty: it has none (yet)."""

    case: Case
    told: str


class Cards(Protocol):
    """All raise StoreUnavailable."""

    async def untold(self, tenant: str, limit: int) -> tuple[list[Untold], int, int]:
        """Those whose card is to be rewritten first, then those that have none, oldest first; how many cards show an
        open conflict, and how many are open in all."""

    async def post(
        self,
        lane: str,
        destination: str,
        audience: Audience,
        cards: Sequence[tuple[Case, ReviewCard | None]],
        now_us: int,
    ) -> int:
        """A delivery for each card of a conflict as it stood, and that it was told, in one transaction; without a card
        it only counts as told. Where it stands otherwise meanwhile, it is to be told again. How many deliveries are
        new."""

    async def not_done(self, tenant: str, no: int, event: Event) -> None:
        """What somebody pressed was not done: that stands in the conflict's history, and its card is to say so."""

    async def clicks(self, lane: str, limit: int) -> list[Click]:
        """Those that nobody acted on yet, oldest first."""

    async def heeded(self, lane: str, seq: int) -> None:
        """All up to this one were acted on."""

    async def known_as(self, lane: str, person: str) -> tuple[str, ...]:
        """The addresses by which the vendor's person is remembered."""
