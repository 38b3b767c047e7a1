"""One reading: the steps that a connector yields are done, one after the other, until it says how it ended.

Requests keep below the source's published limits. A page is on disk before the connector goes on. Whoever makes no
progress for ten minutes (no answer that is one, no page, no row) is given up, and so is whoever has no end.
"""

from collections.abc import Callable
from typing import Protocol, assert_never

import msgspec
import trio

from actors.domain.flow import Outcome, Request, Response
from actors.domain.harvest import (
    Answer,
    Bundles,
    Download,
    Ended,
    Finished,
    Halted,
    Harvest,
    Opened,
    Page,
    Progress,
    Put,
    Rest,
    Rows,
    Shut,
    Statements,
    Step,
    Whole,
)
from actors.domain.throttle import Limiter
from actors.ports import Depot, Http, ReadingView, Source

IDLE_S_MAX = 600.0
REST_S_MAX = 600.0
STEPS_MAX = 10_000_000


class Abandoned(Exception):
    """A reading made no progress, or had no end."""


def masked(ended: Ended, mask: Callable[[str], str]) -> Ended:
    """The same without the secrets that a source repeated in what it says: this is kept, and shown."""
    match ended:
        case Halted(detail=detail):
            return msgspec.structs.replace(ended, detail=mask(detail))
        case Finished(note=note, spoilt=spoilt):
            return msgspec.structs.replace(ended, note=mask(note), spoilt=spoilt and mask(spoilt))
        case _ as never:
            assert_never(never)


class Taker(Protocol):
    """Where what is read goes. All raise StoreUnavailable."""

    async def begin(self) -> None:
        """It does more than look whether there is something to read. Called before each step of that kind."""

    async def page(self, page: Page) -> None:
        """On disk, with its cursor, when it returns."""

    async def statements(self, page: Statements) -> None: ...

    async def whole(self, whole: Whole) -> None:
        """What was not told is gone, unless that is more than the brake allows."""

    async def shut_up(self, shut: Shut) -> None:
        """What is found there first is not news."""

    async def opened(self, opened: Opened) -> None: ...


class Performance:
    """One reading of one source. ``told`` hears how far it is."""

    def __init__(
        self,
        source: Source,
        http: Http,
        limiter: Limiter,
        depot: Depot,
        taker: Taker,
        view: ReadingView,
        told: Callable[[Progress], None],
    ) -> None:
        self._http = http
        self._limiter = limiter
        self._depot = depot
        self._taker = taker
        self._view = view
        self._told = told
        self._patience = trio.CancelScope()
        self.requests = 0
        self.doing = ""
        """What is being done, for whoever asks why it takes so long."""

    async def perform(self, harvest: Harvest) -> Ended:
        """To its end. Raises Abandoned, StoreUnavailable, and whatever the connector raises."""
        try:
            with trio.CancelScope() as self._patience:
                self._moved()
                return await self._drive(harvest)
        finally:
            harvest.close()
        raise Abandoned(f"no progress for {IDLE_S_MAX / 60:g} minutes: {self.doing}")

    async def _drive(self, harvest: Harvest) -> Ended:
        answer: Answer = None
        for _ in range(STEPS_MAX):
            try:
                step = harvest.send(answer)
            except StopIteration as end:
                ended: Ended = end.value
                return ended
            answer = await self._do(step)
        raise Abandoned(f"no end after {STEPS_MAX} steps")

    async def _do(self, step: Step) -> Answer:
        if not isinstance(step, Bundles):
            await self._taker.begin()
        match step:
            case Request():
                return await self._ask(step)
            case Page():
                self.doing = "taking in a page"
                await self._taker.page(step)
            case Statements():
                self.doing = "taking in statements"
                await self._taker.statements(step)
            case Whole(entity=entity):
                self.doing = f"looking for what is gone of {entity}"
                await self._taker.whole(step)
            case Shut():
                await self._taker.shut_up(step)
            case Opened():
                await self._taker.opened(step)
            case Progress():
                self._told(step)
            case Rest(wait_s=wait_s):
                self.doing = "resting, as the source asked"
                await trio.sleep(min(max(wait_s, 0.0), REST_S_MAX / 2))
                return None  # whoever only rests makes no progress
            case Bundles(inbox=inbox):
                self.doing = f"looking into {inbox}"
                return self._moved(await self._depot.bundles(inbox))
            case Download(request=request, bytes_max=bytes_max):
                self.doing = f"downloading {request.operation}"
                await self._pace(request)
                self.requests += 1
                try:
                    return self._moved(await self._depot.download(request, bytes_max))
                finally:
                    self._limiter.settle(request.draws, trio.current_time())
            case Rows(bundle=bundle, name=name, count=count):
                self.doing = f"reading {name}"
                return self._moved(await self._depot.rows(bundle, name, count))
            case Put(bundle=bundle, where=where, note=note):
                self.doing = f"putting {bundle} away"
                return self._moved(await self._depot.put(bundle, where, note))
            case _ as never:
                assert_never(never)
        self._moved()
        return None

    async def _ask(self, request: Request) -> Outcome:
        self.doing = request.operation
        await self._pace(request)
        self.requests += 1
        began_s = trio.current_time()
        try:
            outcome = await self._http.send(request)
        finally:
            self._limiter.settle(request.draws, trio.current_time())
        self._view.exchanged(request.operation, outcome, trio.current_time() - began_s)
        if isinstance(outcome, Response) and outcome.status < 400:
            self._moved()
        return outcome

    async def _pace(self, request: Request) -> None:
        """Wait until the source's published limits allow this request."""
        while self._limiter.wait_s(request.draws, trio.current_time()):  # noqa: ASYNC110  # it is time
            await trio.sleep(self._limiter.wait_s(request.draws, trio.current_time()))
        self._limiter.take(request.draws, trio.current_time())

    def _moved(self, answer: Answer = None) -> Answer:
        self._patience.deadline = trio.current_time() + IDLE_S_MAX
        return answer
