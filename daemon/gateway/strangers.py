"""What those may cause of whom nobody knows yet who they are: all who sign on.

Each crowd of callers (``callers``) may come so often at each tenant. What takes longer (an exchange with the identity
provider, a signature) takes one of a few places, and these are given out in turn: to the tenant whose turn was longest
ago, and there to the crowd whose turn was longest ago. So whoever comes in numbers waits behind themselves, and
somebody who comes alone waits for a turn or two. Where too many wait, those go of whom the most do.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio

from actors.domain.outbox import Rate
from daemon.gateway.callers import NOBODY
from daemon.gateway.turnstile import Turnstile

EACH = Rate(per_s=2.0, burst=60.0)
"""Requests of one crowd at one tenant's sign-on. Somebody who signs on makes three."""
CROWDS_MAX = 20_000
"""So many are remembered; whoever was longest not seen is forgotten, and may come as a newcomer."""
WAITING_MAX = 64
"""Of one tenant, for a place."""
PATIENCE_S = 15.0


class TooMany(Exception):
    """One crowd came too often, and may come again in ``wait_s``."""

    def __init__(self, wait_s: float) -> None:
        super().__init__("too many requests from one address")
        self.wait_s = wait_s


class Crowded(Exception):
    """There is no place for this one. The text is for operators."""


class Strangers:
    """How often each crowd comes. Those of nobody known are not held back: behind a proxy they may be everybody."""

    def __init__(self, rate: Rate = EACH) -> None:
        self._rate = rate
        self._turnstile = Turnstile(CROWDS_MAX)

    def admit(self, tenant: str, crowd: str) -> None:
        """Raises TooMany."""
        if crowd == NOBODY:
            return
        wait_s = self._turnstile.wait_s(tenant, crowd, self._rate, trio.current_time())
        if wait_s > 0:
            raise TooMany(wait_s)


class _Waiting:
    """One who waits. Compared by identity."""

    def __init__(self, tenant: str, crowd: str) -> None:
        self.tenant = tenant
        self.crowd = (tenant, crowd)
        self.known = crowd != NOBODY
        self.called = trio.Event()
        self.sent_away = False


class Places:
    """``n`` is asked when a place is wanted. With two or more, no tenant has them all (unless ``one_tenant``), and no
    known crowd: for somebody else there is always one."""

    def __init__(self, n: Callable[[], int], *, one_tenant: bool = False, patience_s: float = PATIENCE_S) -> None:
        self._n = n
        self._one_tenant = one_tenant
        self._patience_s = patience_s
        self._held: Counter[str | tuple[str, str]] = Counter()
        self._taken = 0
        self._turn = 0
        self._turns: dict[str | tuple[str, str], int] = {}
        self._waiting: list[_Waiting] = []

    @asynccontextmanager
    async def place(self, tenant: str, crowd: str) -> AsyncIterator[None]:
        """Hold one meanwhile. Raises Crowded."""
        mine = _Waiting(tenant, crowd)
        await self._enter(mine)
        try:
            yield
        finally:
            self._leave(mine)

    async def _enter(self, mine: _Waiting) -> None:
        if self._may(mine):
            self._seat(mine)
            return
        self._waiting.append(mine)
        self._thin_out(mine.tenant)
        try:
            with trio.move_on_after(self._patience_s):
                await mine.called.wait()
        except BaseException:
            if mine.called.is_set() and not mine.sent_away:
                self._leave(mine)  # it was given a place just as its caller went away
            raise
        finally:
            if mine in self._waiting:
                self._waiting.remove(mine)
                self._forget(mine)
        if mine.sent_away or not mine.called.is_set():
            raise Crowded("too many sign on at the same time")

    def _thin_out(self, tenant: str) -> None:
        """The latest of the crowd of which the most wait has to go; crowds that nobody knows count as one."""
        theirs = [each for each in self._waiting if each.tenant == tenant]
        if len(theirs) <= WAITING_MAX:
            return
        numbers = Counter(each.crowd for each in theirs)
        most = max(numbers.values())
        gone = next(each for each in reversed(theirs) if numbers[each.crowd] == most)
        self._waiting.remove(gone)
        gone.sent_away = True
        gone.called.set()
        self._forget(gone)

    def _may(self, each: _Waiting) -> bool:
        n = max(1, self._n())
        share = max(1, n - 1)
        return (
            self._taken < n
            and (self._one_tenant or self._held[each.tenant] < share)
            and (not each.known or self._held[each.crowd] < share)
        )

    def _seat(self, each: _Waiting) -> None:
        self._turn += 1
        self._taken += 1
        for key in (each.tenant, each.crowd):
            self._held[key] += 1
            self._turns[key] = self._turn

    def _leave(self, each: _Waiting) -> None:
        self._taken -= 1
        for key in (each.tenant, each.crowd):
            self._held[key] -= 1
        while able := [waiting for waiting in self._waiting if self._may(waiting)]:
            following = min(able, key=lambda w: (self._turns.get(w.tenant, 0), self._turns.get(w.crowd, 0)))
            self._waiting.remove(following)
            self._seat(following)
            following.called.set()
        self._forget(each)

    def _forget(self, each: _Waiting) -> None:
        """Whoever has no place and waits for none is a newcomer again."""
        for key in (each.tenant, each.crowd):
            if not self._held[key] and not any(key in (other.tenant, other.crowd) for other in self._waiting):
                del self._held[key]
                self._turns.pop(key, None)
