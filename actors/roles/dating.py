"""When things happen by the vendor's clock: posts carry its time, and that is where a probe looks for them."""

import trio

from actors.domain.flow import Response
from actors.domain.outbox import Delivery
from actors.domain.their_clock import TheirClock
from actors.domain.verdicts import Delivered, Unavailable, Verdict
from actors.kernel import converse
from actors.ports import Clock, Http, Target
from actors.roles.pacing import Journey

AHEAD_US = 20_000_000
"""A stamp may be so much ahead of the vendor's clock: probes look a minute further back."""


class Dating:
    """One lane's sense of its vendor's time."""

    def __init__(self, target: Target, clock: Clock) -> None:
        self._target = target
        self._clock = clock
        self._theirs = TheirClock()
        self._asking = trio.Lock()

    def hear(self, answer: Response) -> None:
        if self._target.looks_by_time:
            self._theirs.hear(answer, self._clock.now_us(), _steady_us())

    def now_us(self) -> int | None:
        """What the vendor's clock shows now; None while it has not answered yet."""
        return self._theirs.now_us(_steady_us())

    def of(self, our_us: int | None) -> int | None:
        """What the vendor's clock showed when ours showed that, not long ago."""
        return self._theirs.of(our_us, self._clock.now_us(), _steady_us())

    async def learn(self, http: Http, journey: Journey) -> Verdict | None:
        """Nothing is sent, or looked for, before the vendor's time is known: any answer tells it, and a life that has
        not had one yet says hello. None, or what that led to if nobody answered."""
        if self._theirs.known() or not self._target.looks_by_time:
            return None
        async with self._asking:
            if self._theirs.known():
                return None
            verdict = await converse(self._target.hello(), http, before=journey.before, after=journey.after)
            if self._theirs.known():
                return None
            if isinstance(verdict, Delivered):  # of the greeting, not of what waits to be sent
                return Unavailable("the vendor does not say what time it is")
            return verdict

    def misdated(self, delivery: Delivery) -> bool:
        """Whether the stamp of this attempt lies ahead of the vendor's clock: a probe would look past its post."""
        theirs_us = self.now_us()
        return delivery.sent_us is not None and theirs_us is not None and delivery.sent_us > theirs_us + AHEAD_US


def _steady_us() -> int:
    return round(trio.current_time() * 1e6)
