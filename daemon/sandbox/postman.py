"""What the imitated vendors send by themselves goes out from here: errands before an answer, and what waits in trays.

One vendor's sendings go one after the other, in their order. Redirects are not followed; TLS is verified against the
system's authorities (``SSL_CERT_FILE``). Addresses are the operator's own choice, so none is refused.
"""

import ssl
from collections.abc import Callable

import httpx
import msgspec
import trio

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from actors.ports import Answer
from actors.ports.sendings import Line, Sender, Tray
from daemon.sandbox.switchboard import Switchboard

ERRANDS_MAX = 8
"""Before one answer."""
BODY_BYTES_MAX = 1024 * 1024


class Postman:
    """``clock`` is the switchboard's: wall time in seconds."""

    def __init__(self, switchboard: Switchboard, clock: Callable[[], float]) -> None:
        self._board = switchboard
        self._clock = clock
        self._client: httpx.AsyncClient | None = None
        self._news = trio.Event()
        self._trays = [fake.tray for fake in switchboard.fakes.values() if isinstance(fake, Sender)]
        for tray in self._trays:
            tray.stir = self.wake

    @property
    def news(self) -> trio.Event:
        """Set when there may be something to send."""
        return self._news

    def now_s(self) -> float:
        return self._clock()

    def wake(self) -> None:
        news, self._news = self._news, trio.Event()
        news.set()

    def connect(self, url: str) -> Line | None:
        """A connection that somebody wants to hold open; None: there is none at this address."""
        return self._board.connect(url)

    async def answered(self, answer: Answer) -> Answer:
        """What becomes of an answer when its errands are run."""
        for _ in range(ERRANDS_MAX):
            if answer.errand is None:
                return answer
            outcome = await self._post(answer.errand.request, answer.errand.patience_s)
            answer = answer.errand.then(outcome, self._clock())
        return msgspec.structs.replace(answer, errand=None)

    async def run(self) -> None:
        """Empty the trays, for ever."""
        try:
            async with trio.open_nursery() as nursery:
                for tray in self._trays:
                    nursery.start_soon(self._empty, tray)
                await trio.sleep_forever()
        finally:
            if self._client is not None:
                with trio.CancelScope(shield=True):
                    await self._client.aclose()

    async def _empty(self, tray: Tray) -> None:
        while True:
            news = self._news
            for sending in tray.take(self._clock()):
                request = sending.make(self._clock())
                if request is not None:
                    outcome = await self._post(request, sending.patience_s)
                    tray.note(sending, request, outcome, self._clock())
                    sending.then(outcome, self._clock())
            next_s = tray.next_s()
            with trio.move_on_after(float("inf") if next_s is None else max(0.0, next_s - self._clock())):
                await news.wait()

    async def _post(self, request: Request, patience_s: float) -> Outcome:
        if self._client is None:
            verified = ssl.create_default_context()
            self._client = httpx.AsyncClient(verify=verified, trust_env=False, follow_redirects=False)
        headers = dict(request.headers)
        try:
            with trio.fail_after(patience_s):
                async with self._client.stream(
                    request.method, request.url, headers=headers, content=request.body, timeout=None
                ) as response:
                    body = b""
                    async for part in response.aiter_bytes():
                        body = (body + part)[:BODY_BYTES_MAX]
                    told = {name.lower(): value for name, value in response.headers.items()}
                    return Response(status=response.status_code, headers=told, body=body)
        except (httpx.ConnectError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            return NotSent(str(error) or type(error).__name__)
        except (httpx.HTTPError, trio.TooSlowError) as error:
            return Lost(str(error) or type(error).__name__)
