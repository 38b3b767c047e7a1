"""What a reconciler asks of a vendor: one conversation at a time, within the limits of the lane's courier.

Whatever keeps an answer from coming is one exception, ``Hindered``, so that a run ends where it stands: what was learnt
before it is kept, and nothing is concluded from what was not.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec
import trio

from actors.domain.flow import Flow, Outcome, Request
from actors.domain.progress import Progress
from actors.domain.rosters.model import Actual, PlaceKind
from actors.domain.throttle import retry_after_s
from actors.domain.verdicts import Delivered, Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable
from actors.kernel import converse
from actors.kernel.converse import ConversationTooLong
from actors.ports import Http, Target
from actors.ports.rostering import Account, Failure, Found, Gone, LookedUp, Page, Rostering
from actors.roles.pacing import Journey, Pacer
from actors.roles.world import World
from config.secrets import SecretUnavailable

T = TypeVar("T")
REQUESTS_MAX = 2_000
"""Of one conversation: a place of a hundred thousand, page by page, is read to its end."""
CLOSE_S_MAX = 2.0
TRIES = 4
"""So often a question is asked before the run ends for want of its answer."""
AGAIN_S, AGAIN_S_MAX = 1.0, 30.0


class Hindered(Exception):
    """The vendor did not answer what was asked; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{type(failure).__name__}: {failure.detail}")
        self.failure = failure


class Inquiry:
    """One lane's. ``asked`` counts conversations; ``progress`` is told by whoever asks for much how far that is."""

    def __init__(self, lane: str, target: Target, rostering: Rostering, world: World) -> None:
        self.lane = lane
        self.rostering = rostering
        self.asked = 0
        self.progress = Progress()
        self._counted = 0, 0
        """From where the answers of this conversation count for it, and so many at most."""
        self._target = target
        self._world = world
        self._pacer = Pacer(target, trio.current_time)
        self._http: Http | None = None

    async def aclose(self) -> None:
        """Let go of the connection; the next question opens another one."""
        http, self._http = self._http, None
        if http is not None:
            with trio.move_on_after(CLOSE_S_MAX, shield=True):
                await http.aclose()

    async def people(self, after: str) -> Page:
        return await self._ask(lambda: self.rostering.people(after), Page)

    async def look_up(self, emails: list[str]) -> LookedUp:
        """How far it is moves on with each answer, where one is asked for after the other: that may be a minute's."""
        self._counted = self.progress.done, len(emails)
        try:
            return await self._ask(lambda: self.rostering.look_up(emails), LookedUp)
        finally:
            self._counted = 0, 0

    async def who(self, ids: list[str]) -> dict[str, Account]:
        return await self._ask(lambda: self.rostering.who(ids), dict)

    async def find(self, kind: PlaceKind, texts: list[str]) -> dict[str, tuple[Found, ...]]:
        return await self._ask(lambda: self.rostering.find(kind, texts), dict)

    async def members(self, kind: PlaceKind, places: list[str]) -> dict[str, Actual | Gone]:
        return await self._ask(lambda: self.rostering.members(kind, places), dict)

    async def closing(self, kind: PlaceKind, places: list[str], calls_max: int) -> dict[str, bool]:
        return await self._ask(lambda: self.rostering.closing(kind, places, calls_max), dict)

    async def _ask(self, flow: Callable[[], Flow[T | Failure]], wanted: type[T]) -> T:
        """Raises Hindered."""
        self.asked += 1
        for n in range(TRIES):
            answer = await self._once(flow)
            if isinstance(answer, wanted):
                return answer
            wait_s = self._wait_s(answer, n)  # type: ignore[arg-type]  # it is no answer, so it is a failure
            if wait_s is None:
                break
            await trio.sleep(wait_s)
        raise Hindered(answer)  # type: ignore[arg-type]  # likewise

    def _wait_s(self, failure: Failure, n: int) -> float | None:
        """How long until it is asked again at once: it only looks, and a reading of thousands of places is not begun
        anew for one answer that got lost. None: that is for later."""
        match failure:
            case Throttled() | Unavailable():
                named_s = retry_after_s(failure.retry_after, self._world.clock.now_us()) or 0.0
            case Doubtful() | Faulted():
                named_s = 0.0
            case Refused() | Revoked():
                return None
        wait_s = max(named_s, AGAIN_S * 2.0**n)
        return wait_s if n + 1 < TRIES and wait_s <= AGAIN_S_MAX else None

    async def _once(self, flow: Callable[[], Flow[T | Failure]]) -> T | Failure:
        self._http = self._http or self._world.http()
        pacer = self._world.switchboard.pacers.get(self.lane, self._pacer)
        journey = Journey(pacer, None, probing=True)
        try:
            return await self._answer(flow, journey, self._http)
        except SecretUnavailable as error:
            raise Hindered(Unavailable(f"our credentials cannot be read: {error}")) from None
        except ConversationTooLong as error:
            raise Hindered(Faulted(str(error))) from None
        except BaseException:
            journey.abandon()
            raise

    async def _answer(self, flow: Callable[[], Flow[T | Failure]], journey: Journey, http: Http) -> T | Failure:
        preparing = self._target.prepare(to_learner=False, now_us=self._world.clock.now_us())
        if preparing is not None:
            verdict = await converse(preparing, http, before=journey.before, after=journey.after)
            match verdict:
                case None | Delivered():
                    pass
                case Throttled() | Unavailable() | Faulted() | Doubtful() | Refused() | Revoked():
                    return verdict
        first, most = self._counted
        n = 0

        def after(request: Request, outcome: Outcome, elapsed_s: float) -> None:
            nonlocal n
            journey.after(request, outcome, elapsed_s)
            if most:
                n = min(n + 1, most - 1)
                self.progress.done = first + n

        return await converse(flow(), http, before=journey.before, after=after, requests_max=REQUESTS_MAX)


def dated(actual: Actual, now_us: int) -> Actual:
    """Read at this time."""
    return msgspec.structs.replace(actual, read_us=now_us)
