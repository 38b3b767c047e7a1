"""What a lane's conversations send at the same moment goes out as one call, where the vendor takes bundles.

What somebody waits for does not wait for company: whoever comes first steps back once, so that others who are ready
right now can join, and goes on as soon as nobody new has come. What nobody waits for may linger a moment, so that
bundles are fuller. A request that stays alone is sent as it is, by its own client. A bundle is carried by a task and a
client of its own: a conversation that is cancelled takes nobody with it.

Each conversation hears its own outcome, and what went wrong with the whole as if it had happened to it alone. A vendor
that takes no bundles, or keeps losing them, gets single requests for a while; where one refuses a bundle for a single
request in it, those that were in it go one by one.
"""

import math
from collections.abc import Awaitable, Callable

import trio

from actors.domain.flow import Lost, Outcome, Request, Response
from actors.ports import Bundler, Http

LOST_MAX = 3
"""So many bundles in a row without any answer, and the next ones are not risked."""
SINGLY_S = 3600.0
"""How long requests go one by one after that."""


class BundleFault(Exception):
    """A fault of ours while a bundle was made or taken apart; the cause says which."""


class _Member:
    """One request in a bundle. ``heard`` is its outcome; None: send it by yourself. Until more is known, a bundle that
    broke off is lost."""

    __slots__ = ("done", "gone", "heard", "hurry", "refused", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.done = trio.Event()
        self.hurry = trio.Event()
        """Of the first one: nobody else is waited for."""
        self.gone = False
        self.refused = False
        self.heard: Outcome | BundleFault | None = Lost("the bundle was broken off")


Carrier = Callable[[list[_Member]], Awaitable[None]]


async def _at_once(request: Request) -> None:
    """Nobody counts."""


class Bundling:
    """One lane's bundles. ``client`` makes an Http client for one bundle at a time (they are kept and used again);
    ``spawn`` begins a task that lives as long as the lane; ``anew`` waits until a request that was not taken may go
    out once more."""

    def __init__(
        self,
        bundler: Bundler | None,
        client: Callable[[], Http],
        spawn: Callable[[Carrier, list[_Member]], object],
        anew: Callable[[Request], Awaitable[object]] = _at_once,
    ) -> None:
        self._bundler = bundler
        self._size_max = 1 if bundler is None else bundler.size_max
        self._client = client
        self._spawn = spawn
        self._anew = anew
        self._clients: list[Http] = []
        self._open: dict[str, list[_Member]] = {}
        self._singly_until_s = -math.inf
        self._lost = 0

    def over(self, http: Http) -> Http:
        """The client of one conversation, made to join bundles."""
        return http if self._bundler is None else _Joining(self, http)

    async def aclose(self) -> None:
        """Close the clients that are not in use."""
        while self._clients:
            await self._clients.pop().aclose()

    # ── gathering ────────────────────────────────────────────────────────────────────────────────

    def takes(self, request: Request) -> bool:
        """Whether it may travel with others, for the time being."""
        if self._bundler is None or trio.current_time() < self._singly_until_s:
            return False
        return self._bundler.fits(request)

    async def join(self, request: Request) -> Outcome | None:
        """The request's outcome after it travelled in a bundle; None: it did not, and surely was not sent.

        Raises BundleFault for a fault of ours.
        """
        speaker, member = request.headers.get("authorization", ""), _Member(request)
        bundle = self._open.get(speaker)
        if bundle is None:
            bundle = self._open[speaker] = [member]
            if not await self._gathered(speaker, bundle):
                return None
        else:
            bundle.append(member)
            if len(bundle) >= self._size_max:
                del self._open[speaker]
            if len(bundle) >= self._size_max or not self._lingers_s(request):
                bundle[0].hurry.set()
        try:
            await member.done.wait()
        except trio.Cancelled:
            member.gone = True
            raise
        if isinstance(member.heard, BundleFault):
            raise BundleFault(str(member.heard)) from member.heard.__cause__
        if member.refused:  # it has been on its way: what the limits allowed then is not what they allow now
            await self._anew(request)
        return member.heard

    async def _gathered(self, speaker: str, bundle: list[_Member]) -> bool:
        """Wait until nobody new joins; whether there is a bundle then. It goes, also if its first member is cancelled
        meanwhile: the others count on it."""
        size = 0
        try:
            while size < len(bundle) < self._size_max:
                size = len(bundle)
                await trio.lowlevel.checkpoint()
            if len(bundle) < self._size_max and (lingers_s := self._lingers_s(bundle[0].request)):
                with trio.move_on_after(lingers_s):
                    await bundle[0].hurry.wait()
        except trio.Cancelled:
            bundle[0].gone = True
            raise
        finally:
            if self._open.get(speaker) is bundle:
                del self._open[speaker]
            company = any(not member.gone for member in bundle[1:])
            if company:
                self._spawn(self._carry, bundle)
        return company

    def _lingers_s(self, request: Request) -> float:
        return 0.0 if self._bundler is None else self._bundler.lingers_s(request)

    # ── carrying ─────────────────────────────────────────────────────────────────────────────────

    async def _carry(self, bundle: list[_Member]) -> None:
        """Send a bundle and tell its members; whoever left before goes nowhere."""
        members = [member for member in bundle if not member.gone]
        try:
            if len(members) > 1:
                await self._exchange(members)
            else:
                for member in members:
                    member.heard = None
        except Exception as error:  # noqa: BLE001  # not swallowed: every member raises it
            fault = BundleFault(f"{type(error).__name__} with a bundle of {len(members)} requests")
            fault.__cause__ = error
            for member in members:
                member.heard = fault
        finally:
            for member in members:
                member.done.set()

    async def _exchange(self, members: list[_Member]) -> None:
        assert self._bundler is not None  # noqa: S101 - without one, nothing is ever joined
        requests = [member.request for member in members]
        packed = self._bundler.pack(requests)
        http = self._clients.pop() if self._clients else self._client()
        try:
            outcome = await http.send(packed)
        finally:
            self._clients.append(http)
        heard = self._bundler.unpack(requests, outcome)
        self._lost = self._lost + 1 if heard is not None and all(map(_unanswered, heard)) else 0
        if heard is None or self._lost >= LOST_MAX:
            singly_s = self._bundler.singly_s if heard is None else SINGLY_S
            self._lost, self._singly_until_s = 0, trio.current_time() + singly_s
        for member in members:
            member.refused = heard is None
        singly: list[Outcome | None] = [None] * len(members)
        for member, own in zip(members, singly if heard is None else heard, strict=True):
            member.heard = own


def _unanswered(outcome: Outcome) -> bool:
    return isinstance(outcome, Lost) or (isinstance(outcome, Response) and outcome.status in (500, 502, 504))


class _Joining:
    """Implements ``ports.Http`` for one conversation."""

    def __init__(self, bundling: Bundling, http: Http) -> None:
        self._bundling = bundling
        self._http = http

    async def send(self, request: Request) -> Outcome:
        if self._bundling.takes(request):
            heard = await self._bundling.join(request)
            if heard is not None:
                return heard
        return await self._http.send(request)

    async def aclose(self) -> None:
        await self._http.aclose()
