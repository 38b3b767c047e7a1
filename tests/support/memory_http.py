"""The Http port without a network: requests go straight to fake vendors, found by the path they are mounted at."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

import msgspec
import trio

from actors.domain.flow import Lost, NotSent, Outcome, Request
from actors.ports import Fake


class InMemoryHttp:
    """Implements ``ports.Http``, for any number of requests at a time; hand the same one to every courier slot.

    The host in a URL does not matter, its path chooses the fake: ``http://sandbox.test/slack/api/auth.test`` goes to
    the fake mounted at ``/slack/api/``. Delays pass in trio's time, so a MockClock makes them free. There are no
    connections here, so none is ever found closed. While ``unreachable`` is set nothing is sent at all.
    """

    def __init__(
        self, fakes: Iterable[Fake], *, now_s: Callable[[], float] = trio.current_time, total_s: float = 30.0
    ) -> None:
        self._mounts = sorted(((mount, fake) for fake in fakes for mount in fake.mounts), key=lambda at: -len(at[0]))
        self._now_s = now_s
        self._total_s = total_s
        self.unreachable = ""
        self.calls = 0
        self.operations: Counter[str] = Counter()
        self.errands: Callable[[Request], Awaitable[Outcome]] = _nobody
        """Who is asked by a fake before it answers (it looks whether an address of ours is one)."""

    async def send(self, request: Request) -> Outcome:
        await trio.lowlevel.checkpoint()
        parts = urlsplit(request.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self.calls += 1
        self.operations[request.operation] += 1
        fake = next((fake for mount, fake in self._mounts if path.startswith(mount)), None)
        if self.unreachable:
            return NotSent(self.unreachable)
        if fake is None:
            return NotSent(f"{parts.netloc}: nobody is there")
        headers = {"host": parts.netloc, **request.headers}
        answer = fake.handle(msgspec.structs.replace(request, url=path, headers=headers), self._now_s())
        while answer.errand is not None:
            outcome = await self.errands(answer.errand.request)
            answer = answer.errand.then(outcome, self._now_s())
        delay_s = answer.delay_s + (0.0 if answer.reset else answer.body_s)
        total_s = request.patience_s or self._total_s
        if delay_s >= total_s:
            await trio.sleep(total_s)
            return Lost(f"{parts.netloc}: no whole answer within {total_s:g} s")
        await trio.sleep(delay_s)
        if answer.reset:
            return Lost(f"{parts.netloc}: connection reset by peer")
        if request.answer_bytes_max is not None and len(answer.response.body) > request.answer_bytes_max:
            return Lost(f"{parts.netloc}: the answer is larger than {request.answer_bytes_max} bytes")
        lowered = {name.lower(): value for name, value in answer.response.headers.items()}
        return msgspec.structs.replace(answer.response, headers=lowered)

    async def aclose(self) -> None:
        """Nothing is open."""


async def _nobody(request: Request) -> Outcome:
    return NotSent("nobody runs errands here")
