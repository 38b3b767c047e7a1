"""A believable receiver of webhooks, in memory: it verifies signatures, by its own arithmetic, and collapses repeats.

The secret is ``whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3gt``; any path is an endpoint unless it contains ``404``. A
timestamp may be five minutes off. Plain messages and CloudEvents are taken, whatever their type; ``lmsyncd.hello`` is
answered and leaves no trace. ``messages`` holds the newest, by id. It publishes no limits, so ``limited`` changes
nothing.

Faults are those of ``actors.ports.striking``; ``Fault.operation`` is ``message.post`` or ``endpoint.options``,
``Fault.destination`` the path.
"""

import base64
import hashlib
import hmac
import re
from collections import OrderedDict

import msgspec

from actors.domain.flow import Request, Response, decode_object
from actors.ports import Effect
from actors.ports.striking import Striking, Struck

MOUNT = "/webhook/"
SECRET = "whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3gt"  # noqa: S105 - the sandbox's public credential
KEY = b"sandbox-sandbox-sandbox-"
TOLERANCE_S = 300
KEPT_MAX = 100_000
POST = "message.post"
HELLO = "lmsyncd.hello"
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


class FakeWebhook(Struck):
    """One receiver."""

    mounts: tuple[str, ...] = (MOUNT,)

    def __init__(self) -> None:
        self.limited = True
        self.journal: list[Effect] = []
        self.messages: OrderedDict[str, dict[str, object]] = OrderedDict()
        self.repeats = 0
        refusal = _answer(401, {"message": "no matching signature found"})
        self._striking = Striking(self._regular, _name, frozenset({POST}), refusal)

    def _regular(self, request: Request, now_s: float) -> Response:
        path = request.url.partition("?")[0]
        if "404" in path:
            return _answer(404, {"message": "nobody is here"})
        if request.method == "OPTIONS":
            return Response(status=204, headers={"allow": "OPTIONS, POST"})
        if request.method != "POST":
            return _answer(405, {"message": f"{request.method} is not for messages"})
        wrong = _unverified(request, now_s)
        if wrong:
            return _answer(401, {"message": wrong})
        message = decode_object(request.body)
        kind = message.get("type") if message is not None else None
        if message is None or not isinstance(kind, str):
            return _answer(400, {"message": "a message is JSON with a type"})
        if kind != HELLO:
            self._take(path, kind, request, message, now_s)
        return Response(status=204)

    def _take(self, path: str, kind: str, request: Request, message: dict[str, object], now_s: float) -> None:
        message_id = request.headers["webhook-id"]
        if message_id in self.messages:
            self.repeats += 1
            return
        self.messages[message_id] = message
        if len(self.messages) > KEPT_MAX:
            self.messages.popitem(last=False)
        self.journal.append(
            Effect(
                vendor="webhook",
                operation=kind,
                destination=path,
                delivery_id=message_id,
                correlation_id=request.headers.get("x-correlation-id", ""),
                time=now_s,
                id=message_id,
            )
        )


def _unverified(request: Request, now_s: float) -> str:
    """Why the message is not believed; empty: it is."""
    message_id, at = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
    if not message_id or not _TIMESTAMP.fullmatch(at):
        return "webhook-id and webhook-timestamp are needed"
    if abs(int(at) - now_s) > TOLERANCE_S:
        return "it was signed too long ago, or is not yet signed"
    made = hmac.new(KEY, b".".join([message_id.encode(), at.encode(), request.body]), hashlib.sha256).digest()
    ours = "v1," + base64.b64encode(made).decode()
    given = request.headers.get("webhook-signature", "").split(" ")
    matching = [hmac.compare_digest(one.encode(), ours.encode()) for one in given]
    return "" if any(matching) else "no matching signature found"


def _name(request: Request) -> str:
    return {"POST": POST, "OPTIONS": "endpoint.options"}.get(request.method, "other")


def _answer(status: int, fields: dict[str, object]) -> Response:
    return Response(status=status, headers={"content-type": "application/json"}, body=msgspec.json.encode(fields))
