"""The vendor's published limits around every request of a conversation, and what a conversation left behind."""

from collections import Counter
from collections.abc import Callable

import trio

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from actors.domain.throttle import Limiter
from actors.ports import AttemptView, Target

HANDFULS_MAX = 64
"""Remembered; more are looked through for those that are over."""
SHARED = ("channel:", "team:", "roster:")
"""Buckets of a place, or of one kind of order: a vendor that throttles one of them means the next ones too."""


class GivenBack(Exception):
    """The lane stops: whoever waits for the vendor's limits does not go on."""


def _nobody(*_: object) -> None:
    """Hears nothing."""


class Pacer:
    """The lane's token buckets around every request of a conversation."""

    def __init__(self, target: Target, now_s: Callable[[], float], relieved: Callable[[], None] = _nobody) -> None:
        """``relieved`` hears whenever somebody no longer waits."""
        self._now_s = now_s
        self._limiter = Limiter(target.rate, now_s())
        self._relieved = relieved
        self._bundler = target.bundler
        self._closing = trio.Event()
        self._handfuls: dict[str, float] = {}
        """Until when somebody waits for a handful of a bucket."""
        self.waiting = 0

    def close(self) -> None:
        """Nobody who would give a delivery back waits here from now on."""
        self._closing.set()

    async def before(self, request: Request, *, probing: bool = False, gives_back: bool = False) -> None:
        """Wait until the vendor's published limits allow this request. A probe's waiting is not counted: looking is
        limited more narrowly than posting and must not hold it up. ``gives_back``: once the lane stops, it raises
        GivenBack in place of waiting."""
        if self._has_to_wait(request):
            self.waiting += not probing
            try:
                while self._has_to_wait(request):
                    if gives_back and self._closing.is_set():
                        raise GivenBack(f"given back: we stop, and {request.operation} may not go out yet")
                    ends = self._closing if gives_back else trio.Event()
                    with trio.move_on_at(self._until_s(request)):  # the very time: what is left of it may round to none
                        await ends.wait()
            finally:
                self.waiting -= not probing
                self._relieved()
        self._limiter.take(request.draws, self._now_s())

    async def anew(self, request: Request) -> None:
        """It went out, was not taken, and is to go out again."""
        self.settle(request)
        await self.before(request, gives_back=True)

    def _has_to_wait(self, request: Request) -> bool:
        now_s = self._now_s()
        return self._limiter.wait_s(request.draws, now_s) > 0 or self._with_others_s(request) > now_s

    def _until_s(self, request: Request) -> float:
        """What may go with others in one call is let go by the handful."""
        now_s = self._now_s()
        if not self._by_handful(request):
            return self._limiter.ready_at(request.draws, now_s)
        self._handfuls |= self._limiter.handfuls(request.draws, now_s)
        if len(self._handfuls) > HANDFULS_MAX:
            self._handfuls = {name: at_s for name, at_s in self._handfuls.items() if at_s > now_s}
        return max(self._limiter.handful_at(request.draws, now_s), self._with_others_s(request))

    def _with_others_s(self, request: Request) -> float:
        """Until when others wait for a handful of what this one draws from too: it goes with them."""
        if not self._handfuls or not self._by_handful(request):
            return 0.0
        return max((self._handfuls.get(name, 0.0) for name in request.draws), default=0.0)

    def _by_handful(self, request: Request) -> bool:
        return self._bundler is not None and self._bundler.fits(request)

    def after(self, request: Request, outcome: Outcome, elapsed_s: float) -> None:
        self.settle(request)

    def settle(self, request: Request) -> None:
        """The answer came, or will not be waited for."""
        self._limiter.settle(request.draws, self._now_s())

    def hold(self, request: Request, wait_s: float) -> None:
        """The vendor throttled this request alone: what it shares with few others (its channel, its team) waits."""
        shared = [name for name in request.draws if name.startswith(SHARED)]
        self._limiter.hold(shared, self._now_s() + wait_s)

    def release(self) -> None:
        """An operator wants it to go on: times that the vendor named are forgotten."""
        self._handfuls.clear()
        self._limiter.release(self._now_s())

    def headrooms(self) -> dict[str, float]:
        """What each of the vendor's limits still allows, by kind of bucket (``Limiter.headrooms``)."""
        return self._limiter.headrooms(self._now_s())

    def rest_s(self, request: Request) -> float:
        """How long until the same buckets allow the next one."""
        now_s = self._now_s()
        return max(0.0, self._limiter.ready_at(request.draws, now_s) - now_s)


class Journey:
    """What happened on one attempt: the requests that were made, as far as the vendor may have seen them."""

    def __init__(
        self,
        pacer: Pacer,
        view: AttemptView | None,
        *,
        probing: bool,
        gives_back: bool = False,
        answered: Callable[[Response], None] = _nobody,
    ) -> None:
        """``answered`` hears of every answer of the vendor; ``view`` is None where no attempt is made; ``gives_back``:
        as of ``Pacer.before``."""
        self._pacer = pacer
        self._answered = answered
        self._probing = probing
        self._gives_back = gives_back
        self._view = view
        self.last: Request | None = None
        self._out: Request | None = None
        self.sent = False
        self.request_ids: dict[str, str] = {}
        self.calls: Counter[str] = Counter()
        self._asked_s: float | None = None

    async def before(self, request: Request) -> None:
        await self._pacer.before(request, probing=self._probing, gives_back=self._gives_back)
        self.last = self._out = request
        self.sent = True
        self._asked_s = trio.current_time() if self._asked_s is None else self._asked_s

    def look(self) -> None:
        """What is asked from now on is what counts: where something is."""
        self._asked_s = None

    @property
    def asked_ago_s(self) -> float:
        """How long ago the first question left: an answer tells how things stood then, not now."""
        return 0.0 if self._asked_s is None else trio.current_time() - self._asked_s

    def abandon(self) -> None:
        """The conversation broke off: a request that is still out holds its buckets no longer."""
        if self._out is not None:
            self._pacer.settle(self._out)
            self._out = None

    def after(self, request: Request, outcome: Outcome, elapsed_s: float) -> None:
        self._out = None
        self.calls[request.operation] += 1
        self._pacer.after(request, outcome, elapsed_s)
        if self._view is not None:
            self._view.exchanged(request.operation, outcome, elapsed_s)
        match outcome:
            case NotSent():
                self.sent = False
            case Lost():
                pass
            case Response():
                self._answered(outcome)
                for name in ("x-slack-req-id", "request-id", "client-request-id"):
                    if value := outcome.headers.get(name):
                        self.request_ids[name] = value

    def hold(self, wait_s: float) -> None:
        if self.last is not None:
            self._pacer.hold(self.last, wait_s)

    @property
    def rest_s(self) -> float:
        return self._pacer.rest_s(self.last) if self.last else 0.0
