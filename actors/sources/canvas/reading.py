"""One GET after another: the token, waiting when Canvas asks for it, asking again what was answered oddly, paging.

Never more than one request is out: with parallel ones Canvas charges up front, and with one at a time hardly ever
throttles. How much it still grants is told with each answer; before that is used up, we slow down by ourselves.
"""

from collections.abc import Generator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import msgspec

from actors.domain.flow import Request, Veiled
from actors.domain.harvest import Answer, Halted, Rest, Step, ask
from actors.sources.canvas.settings import CanvasSettings
from actors.sources.canvas.wire import (
    BUCKET,
    Down,
    Forbidden,
    Good,
    Missing,
    Odd,
    Throttled,
    Unauthorised,
    Unreadable,
    understand,
    wait_of,
)
from actors.sources.tokens import Tokens

ANSWER_BYTES_MAX = 32 * 1024 * 1024
PATIENCE_S = 120.0
PAGES_MAX = 20_000
"""Of one listing: two million entries."""
SCANT = 150.0
"""Below so much left, we rest before the next request; Canvas refills about ten a second."""
REFILL_PER_S = 10.0
THROTTLED_S = (10.0, 20.0, 40.0, 60.0, 60.0)
"""How long we rest after being throttled, once more each time; then the run ends and the harvester decides."""
DOWN_S = (2.0, 10.0, 30.0)
"""The same after what does not look like Canvas."""
LONG_S = 120.0
"""Who is to wait so long or longer does not wait in the middle of a run: it ends, and begins again then."""
RENEW = "the token is not accepted: make a new one and put it where token refers to, or authorise the key again"

Query = Sequence[tuple[str, str]]


class Closed(msgspec.Struct, frozen=True):
    """This cannot be read, the rest of the run is not concerned. ``why``: ``forbidden``, ``missing``, or ``none``
    (Canvas has no such thing here)."""

    why: str
    detail: str


class Sheet(msgspec.Struct, frozen=True):
    """One page: its entries that are objects, and where the next one is."""

    entries: list[dict[str, object]]
    next: str
    stable: bool


class Reader:
    """One run's requests. ``calls`` counts them; ``now_us`` follows Canvas's own clock once it has told it."""

    def __init__(self, settings: CanvasSettings, tokens: Tokens, now_us: int) -> None:
        self._settings = settings
        self._tokens = tokens
        self.now_us = now_us
        self.first_us: int | None = None
        """What Canvas's clock showed at the first answer."""
        self.calls = 0

    def url(self, path: str, query: Query = ()) -> str:
        return f"{self._settings.home}/api/v1/{path}" + (f"?{urlencode(query)}" if query else "")

    def sheet(self, operation: str, url: str) -> Generator[Step, Answer, Sheet | Closed | Halted]:
        """One page of a listing."""
        said = yield from self.get(operation, url)
        if not isinstance(said, Good):
            return said
        body = said.body
        if not isinstance(body, list):
            return Halted(why="faulted", detail=f"Canvas: {operation}: no list but {type(body).__name__}")
        entries = [each for each in body if isinstance(each, dict)]
        return Sheet(entries, said.next, said.stable)

    def get(self, operation: str, url: str) -> Generator[Step, Answer, Good | Closed | Halted]:
        throttled = down = 0
        renewed = False
        while True:
            token = yield from self._tokens.token(self.now_us)
            if isinstance(token, Halted):
                return token
            self.calls += 1
            said = understand((yield from ask(self._request(operation, url, token))), operation, self._settings.home)
            match said:
                case Good():
                    self._told_time(said.date)
                    if said.left is not None and said.left < SCANT:
                        yield Rest(wait_s=round((SCANT - max(said.left, 0.0)) / REFILL_PER_S, 1))
                    return said
                case Throttled(detail, retry_after):
                    wait_s = wait_of(retry_after, THROTTLED_S[throttled] if throttled < len(THROTTLED_S) else LONG_S)
                    if throttled == len(THROTTLED_S) or wait_s >= LONG_S:
                        return Halted(why="throttled", detail=detail, retry_after=retry_after)
                    yield Rest(wait_s=wait_s)
                    throttled += 1
                case Down(detail, retry_after):
                    wait_s = wait_of(retry_after, DOWN_S[down] if down < len(DOWN_S) else LONG_S)
                    if down == len(DOWN_S) or wait_s >= LONG_S:
                        return Halted(why="unavailable", detail=detail, retry_after=retry_after)
                    yield Rest(wait_s=wait_s)
                    down += 1
                case Unauthorised(detail):
                    if renewed or not self._tokens.drop(token):
                        return Halted(why="revoked", detail=f"{detail}: {RENEW}")
                    renewed = True
                case Forbidden(detail):
                    return Closed("forbidden", detail)
                case Missing(detail):
                    return Closed("missing", detail)
                case Unreadable(detail):
                    return Closed("none", detail)
                case Odd(detail):
                    return Halted(why="faulted", detail=detail)

    def _request(self, operation: str, url: str, token: str) -> Request:
        return Request(
            method="GET",
            url=url,
            operation=operation,
            headers={"authorization": Veiled(f"Bearer {token}"), "accept": "application/json"},
            draws=(BUCKET,),
            answer_bytes_max=ANSWER_BYTES_MAX,
            patience_s=PATIENCE_S,
        )

    def _told_time(self, date: str) -> None:
        if not date:
            return
        try:
            told_us = int(parsedate_to_datetime(date).timestamp() * 1e6)
        except (ValueError, TypeError, OverflowError):
            return
        self.first_us = told_us if self.first_us is None else self.first_us
        self.now_us = max(self.now_us, told_us)


def too_long(operation: str) -> Halted:
    return Halted(why="faulted", detail=f"Canvas: {operation}: more than {PAGES_MAX} pages, or pages in a circle")


def closed(what: Closed) -> Halted:
    """Where it is needed by all: a person must mend it."""
    return Halted(why="refused", detail=what.detail)


def text_of(entry: Mapping[str, object], name: str) -> str:
    """A field as text; an id may be a number or a string."""
    value = entry.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
