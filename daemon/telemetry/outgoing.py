"""Every request to a vendor is measured here, whoever makes it: a delivery, a reading, a survey, a token's renewal.

Which trace it belongs to is known where it is made for a delivery or a reading (``current``); all others have none.
"""

import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import assert_never
from urllib.parse import urlsplit

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from actors.ports import Http
from daemon.telemetry.labels import METHOD
from daemon.telemetry.registry import Histogram
from daemon.telemetry.trace_context import TraceContext

current: ContextVar[TraceContext | None] = ContextVar("current", default=None)
"""The recorded span that the running task works for."""
REFUSED = re.compile(rb'\s*\{\s*"ok"\s*:\s*false\b')
"""How an answer of status 200 begins that is a refusal: Slack's way, however it is spaced."""
_STATUSES = {code: str(code) for code in range(100, 600)}
_METHODS = frozenset(METHOD.values)


class MeasuredHttp:
    """An Http client that hands on, and measures."""

    def __init__(self, http: Http, duration: Histogram) -> None:
        self._http = http
        self._duration = duration

    async def send(self, request: Request) -> Outcome:
        began_s = time.perf_counter()
        outcome = await self._http.send(request)
        status, error = described(outcome)
        self._duration.observe(
            time.perf_counter() - began_s,
            _host("/".join(request.url.split("/", 3)[:3])),
            request.operation,
            method(request.method),
            status,
            error,
            trace=current.get(),
        )
        return outcome

    async def aclose(self) -> None:
        await self._http.aclose()


def measured(make: Callable[[], Http], duration: Histogram) -> Callable[[], Http]:
    """Makes clients that are measured."""
    return lambda: MeasuredHttp(make(), duration)


def described(outcome: Outcome) -> tuple[str, str]:
    """(``http.response.status_code``, ``error.type``); empty where there is none."""
    match outcome:
        case Response(status=code, body=body):
            status = _STATUSES.get(code, "")
            if code >= 400:
                return status, status
            return status, "refused" if code == 200 and REFUSED.match(body) else ""
        case NotSent():
            return "", "not_sent"
        case Lost():
            return "", "lost"
        case _ as never:
            assert_never(never)


def method(name: str) -> str:
    """What is no method of HTTP is ``_OTHER``, as the convention says."""
    return name if name in _METHODS else "_OTHER"


@lru_cache(maxsize=1024)
def _host(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""
