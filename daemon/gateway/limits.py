"""The frame around every request: nothing larger, slower or stranger than we want gets in, and everything that gets
in is answered, with the ids by which it can be found again.

Slow heads of requests are cut by the server (``server``), slow and endless bodies here: Hypercorn has no deadline for
them. An answer that comes before the body has been read would be lost in a reset, so the rest is read and thrown away
for a moment before the connection is closed.
"""

import math
import re
from collections.abc import Awaitable, Callable, Mapping

import trio
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actors.ports import Dice
from daemon.gateway.ports import RequestSpan, SpanFactory, Trouble
from daemon.gateway.problems import Problem

LINGER_S_MAX = 2.0
"""How long an early answer waits for the sender to notice it."""
_SANE = re.compile(r"[A-Za-z0-9._:@/+=\-]{1,128}")


class Facts:
    """What the frame knows about a request; handlers find it with ``facts`` and add to it. ``fallback`` are headers
    for the answer unless the handler has set them: asked for at the last moment, whatever the answer is. ``who`` it is,
    in the words of the audit, once somebody knows."""

    def __init__(self, correlation_id: str, span: RequestSpan) -> None:
        self.correlation_id = correlation_id
        self.span = span
        self.who = ""
        self.fallback: Callable[[], Awaitable[Mapping[str, str]]] | None = None


def facts(scope: Scope) -> Facts:
    known = scope["lmsyncd"]
    assert isinstance(known, Facts)  # noqa: S101  # set by the frame, the only way in
    return known


class Frame:
    """ASGI middleware. ``prepare`` sees each request's scope first, ``template`` names its path for tracing, ``noted``
    hears of each refusal."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_bytes_max: int,
        body_timeout_s: float,
        dice: Dice,
        span: SpanFactory,
        trouble: Trouble,
        template: Callable[[str], str],
        prepare: Callable[[Scope], None],
        noted: Callable[[Scope, Problem], None],
    ) -> None:
        self._app = app
        self._body_bytes_max = body_bytes_max
        self._body_timeout_s = body_timeout_s
        self._dice = dice
        self._span = span
        self._trouble = trouble
        self._template = template
        self._prepare = prepare
        self._noted = noted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000})
            return
        headers = Headers(scope=scope)
        given = headers.get("x-correlation-id", "")
        correlation_id = given if _SANE.fullmatch(given) else self._dice.token()
        with self._span(scope["method"], self._template(scope["path"]), headers) as span:
            scope["lmsyncd"] = known = Facts(correlation_id, span)
            self._prepare(scope)
            body = _Body(receive, self._body_bytes_max, self._body_timeout_s, headers)
            answer = _Answer(send, body, known, old=scope["http_version"].startswith("1"))
            try:
                _unambiguous(headers)
                await self._app(scope, body.receive, answer.send)
            except ClientDisconnect:
                return
            except Problem as problem:
                self._noted(scope, problem)
                await answer.give(problem, scope)
            except Exception as error:  # noqa: BLE001  # the one place that must answer whatever happened
                self._trouble("gateway.failed", error, path=scope["path"], correlation_id=correlation_id)
                await answer.give(Problem(500, "this request could not be handled; it has been logged"), scope)


def _unambiguous(headers: Headers) -> None:
    """Whoever stands before us might believe the length where we believe the chunks, and take for the next request what
    an attacker wrote into this one. So nothing is done, and nothing more is read from this connection (RFC 9112, 6.1).
    """
    if "transfer-encoding" in headers and "content-length" in headers:
        closing = {"Connection": "close"}
        raise Problem(400, "a body has a length or comes in chunks, not both", reason="malformed", headers=closing)


class _Body:
    """The request's body as it comes in: counted and timed."""

    def __init__(self, receive: Receive, bytes_max: int, timeout_s: float, headers: Headers) -> None:
        self._receive = receive
        self._bytes_max = bytes_max
        self._timeout_s = timeout_s
        self._announced = headers.get("content-length", "")
        self._coding = headers.get("content-encoding", "").strip().lower()
        self._count = 0
        self._deadline = math.inf
        self.complete = self._announced in ("", "0") and "transfer-encoding" not in headers

    def _begin(self) -> None:
        self._deadline = trio.current_time() + self._timeout_s
        if self._announced.isascii() and self._announced.isdigit() and len(self._announced) <= 18:
            self._check(int(self._announced))
        elif self._announced:
            raise Problem(400, "Content-Length is not a number", reason="malformed")
        if self._coding not in ("", "identity"):  # kept as it is, it would be taken for something else later
            accepted = {"Accept-Encoding": "identity"}
            raise Problem(415, "a body must not be compressed (Content-Encoding)", reason="coding", headers=accepted)

    def _check(self, size: int) -> None:
        if size > self._bytes_max:
            raise Problem(413, f"a body may have at most {self._bytes_max} bytes", reason="too_large")

    async def receive(self) -> Message:
        if self._deadline == math.inf:
            self._begin()
        if self.complete:
            return self._seen(await self._receive())
        with trio.CancelScope(deadline=self._deadline):
            return self._seen(await self._receive())
        raise Problem(408, f"the body did not arrive within {self._timeout_s:g} seconds", reason="too_slow")

    def _seen(self, message: Message) -> Message:
        if message["type"] == "http.disconnect":
            self.complete = True
        elif message["type"] == "http.request":
            self._count += len(message.get("body", b""))
            self.complete = self.complete or not message.get("more_body", False)
            self._check(self._count)
        return message

    async def linger(self) -> None:
        """Read on for a moment, so that the sender can read the answer instead of a reset."""
        with trio.move_on_after(LINGER_S_MAX):
            while not self.complete:
                message = await self._receive()
                self.complete = message["type"] != "http.request" or not message.get("more_body", False)


class _Answer:
    """The response as it goes out: it gets its ids, and an early one is followed by a moment's patience."""

    def __init__(self, send: Send, body: _Body, known: Facts, *, old: bool) -> None:
        self._send = send
        self._body = body
        self._facts = known
        self._old = old
        self._started = False

    async def give(self, problem: Problem, scope: Scope) -> None:
        """Unless another answer is under way already: then the connection just ends."""
        if not self._started:
            await problem.response()(scope, self._body.receive, self.send)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            self._facts.span.status = message["status"]
            await self._finish(MutableHeaders(scope=message))
        elif message["type"] == "http.response.body" and not message.get("more_body") and not self._body.complete:
            await self._send({**message, "more_body": True})
            await self._body.linger()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def _finish(self, headers: MutableHeaders) -> None:
        if self._facts.fallback is not None:
            for name, value in (await self._facts.fallback()).items():
                if name == "Vary":
                    headers.add_vary_header(value)
                else:
                    headers.setdefault(name, value)
        headers["x-correlation-id"] = self._facts.correlation_id
        headers["traceparent"] = self._facts.span.traceparent
        if self._old and not self._body.complete:
            headers["connection"] = "close"
