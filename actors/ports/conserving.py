"""What became of all that was accepted, day by day: the port to the chain of balances."""

from collections.abc import Sequence
from typing import Protocol

from actors.domain.conserving import Balance, Closed


class Conserving(Protocol):
    """Days are counted since the epoch, in UTC. All raise StoreUnavailable."""

    async def due(self, tenant: str, now_us: int) -> Sequence[int]:
        """Days that are over and not written, or were written before today with something that may have moved on; the
        oldest first, a bounded number of them."""

    async def count(self, tenant: str, day: int) -> tuple[Balance, ...]:
        """A day as it is now, by source."""

    async def close(self, tenant: str, day: int, balances: Sequence[Balance], now_us: int) -> Closed:
        """Write those of a day that are new or other than they were."""

    async def days(self, tenant: str, since_day: int) -> tuple[Balance, ...]:
        """As written last, the newest day first."""
