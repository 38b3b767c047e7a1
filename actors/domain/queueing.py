"""Whoever has to be looked up waits for their turn outside of the lane.

A vendor lets people be looked up far more slowly than it takes posts. Were each of a hundred new people to wait for
that in the lane, everybody else's news would go no faster than new people are met. So whoever would have to wait for
longer than a moment is given a turn, and comes again then; turns are as far apart as the limits want.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from actors.domain.outbox import Rate

PATIENCE_S = 2.0
"""Nobody is sent away for less."""
TURNS_MAX = 100_000
"""Turns that are remembered: whoever's is forgotten gets another one."""


class Turns:
    """One lane's."""

    def __init__(self, requests: Iterable[tuple[str, ...]], rate: Callable[[str], Rate]) -> None:
        """``requests``: what looking one person up takes, by the buckets they draw from."""
        took: dict[str, int] = {}
        for draws in requests:
            for bucket in draws:
                took[bucket] = took.get(bucket, 0) + 1
        self._every_s = max((n / rate(bucket).per_s for bucket, n in took.items()), default=0.0)
        self._next_s = 0.0
        self._turns: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, who: str, now_s: float) -> float:
        """How long until it is their turn; 0: now, or so soon that they may as well wait."""
        turn_s = self._turns.pop(who, None)
        if turn_s is None:
            turn_s = max(now_s, self._next_s)
            self._next_s = turn_s + self._every_s
        if turn_s - now_s < PATIENCE_S:
            return 0.0
        self._turns[who] = turn_s
        if len(self._turns) > TURNS_MAX:
            self._turns.popitem(last=False)
        return turn_s - now_s
