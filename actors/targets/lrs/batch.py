"""Many statements in one POST. No I/O.

An LRS takes an array whole or not at all, so what it refuses is sent one by one, and only the statement that is to
blame is a dead letter. Statements that void others, large ones and those with attachments go alone.
"""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response

INNER_BYTES_MAX = 16 * 1024
"""Fifty of these are less than a megabyte, which is what proxies let through."""
FITTING = "statements.put"
LISTS = ("x-delivery-id", "x-correlation-id")
LIST_CHARS_MAX = 2_000
"""Of a header that tells something of each statement; a longer one is left out."""
NOT_WHOLE = frozenset({400, 405, 409, 411, 413, 414, 415, 422, 431, 501})
"""Answers by which nothing of the array was taken, and which may concern one statement in it, or arrays as such."""
ONE = Response(status=204)


class LrsBundler:
    """Implements ``ports.Bundler`` for one LRS; ``url`` is that of its statements resource."""

    singly_s = 0.0

    def __init__(self, url: str, size_max: int) -> None:
        self.size_max = size_max
        self._url = url

    def fits(self, request: Request) -> bool:
        return (
            request.operation == FITTING
            and request.headers.get("content-type", "") == "application/json"
            and "authorization" in request.headers
            and len(request.body) <= INNER_BYTES_MAX
        )

    def lingers_s(self, request: Request) -> float:
        return 0.0

    def pack(self, requests: Sequence[Request]) -> Request:
        """Raises ValueError for what is no bundle: too few or too many of them, or of several speakers."""
        if not 2 <= len(requests) <= self.size_max:
            raise ValueError(f"a bundle has 2 to {self.size_max} requests, not {len(requests)}")
        first = requests[0]
        if any(request.headers["authorization"] != first.headers["authorization"] for request in requests):
            raise ValueError("a bundle speaks with one authorization")
        if any(request.identity != first.identity for request in requests):
            raise ValueError("a bundle is sent by one identity")
        headers = {name: value for name, value in first.headers.items() if name not in LISTS}
        for name in LISTS:
            told = ",".join(request.headers.get(name, "") for request in requests)
            if len(told) <= LIST_CHARS_MAX:
                headers[name] = told
        body = b"[" + b",".join(request.body for request in requests) + b"]"
        return Request(
            method="POST",
            url=self._url,
            operation="statements.post",
            headers=headers,
            body=body,
            identity=first.identity,
        )

    def unpack(self, requests: Sequence[Request], outcome: Outcome) -> list[Outcome] | None:
        match outcome:
            case NotSent() | Lost():
                return [outcome] * len(requests)
            case Response(status=204):
                return [outcome] * len(requests)
            case Response() if outcome.status in NOT_WHOLE:
                return None
            case Response(status=200):
                each: Outcome = ONE if _as_many(outcome.body, len(requests)) else _NOT_THE_IDS
                return [each] * len(requests)
            case Response():
                return [outcome] * len(requests)
            case _:
                assert_never(outcome)


_NOT_THE_IDS = Lost("HTTP 200 without the ids of the statements")


def _as_many(body: bytes, number: int) -> bool:
    """Whether it is an array of so many ids. (LRSs spell and order them as they like: they are not compared.)"""
    try:
        return len(msgspec.json.decode(body, type=list[str])) == number
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
