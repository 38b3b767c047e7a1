"""A believable Power Automate flow, in memory: it lets in who has the url, queues what its trigger takes, and posts it.

Any path is a flow unless it contains ``404``; its key is ``?sig=sandbox``. Cards are taken as the Teams trigger wants
them. What is too large for Teams is queued (202) and never posted, as it is in life. With ``limited``, a fifth post
within a second is throttled. ``cards`` holds what stands in the channels, newest last.

Faults are those of ``actors.ports.striking``, and a switch, ``swallowed``: while it is set, posts are queued and
never made. ``Fault.operation`` is ``flow.post`` or ``flow.options``, ``Fault.destination`` the path.
"""

from collections import deque
from urllib.parse import parse_qs

import msgspec

from actors.domain.cards import CARD_TYPE
from actors.domain.flow import Request, Response, decode_object
from actors.ports import Effect
from actors.ports.striking import Striking, Struck

MOUNT = "/workflow/"
KEY = "sandbox"
POST = "flow.post"
SWITCHES = frozenset({"swallowed"})
MESSAGE_BYTES_MAX = 28_672
PER_S = 4
CARDS_MAX = 1_000


class FakeWorkflow(Struck):
    """Flows of one person."""

    mounts: tuple[str, ...] = (MOUNT,)

    def __init__(self) -> None:
        self.limited = True
        self.journal: list[Effect] = []
        self.cards: deque[dict[str, object]] = deque(maxlen=CARDS_MAX)
        self.queued = 0
        self._lately: deque[float] = deque(maxlen=PER_S)
        self._striking = Striking(self._regular, _name, frozenset({POST}), _unauthorised(), SWITCHES)

    def _regular(self, request: Request, now_s: float) -> Response:
        path, _, query = request.url.partition("?")
        if "404" in path:
            return _refusal(404, "WorkflowNotFound", "the workflow could not be found")
        if parse_qs(query).get("sig") != [KEY]:
            return _unauthorised()
        if request.method == "OPTIONS":
            return Response(status=200, headers={"allow": "OPTIONS, POST"})
        if request.method != "POST":
            return _refusal(404, "WorkflowTriggerNotFound", "the trigger takes POST alone")
        card = _card(request.body)
        if card is None:
            return _refusal(400, "TriggerInputSchemaMismatch", "the request is not what the trigger takes")
        if self.limited and len(self._lately) == PER_S and now_s - self._lately[0] < 1.0:
            return _refusal(429, "WorkflowTriggerRequestsThrottled", "too many requests", {"retry-after": "1"})
        self._lately.append(now_s)
        self.queued += 1
        run = f"0858{self.queued:012d}"
        too_large = len(request.body.decode("utf-8", "replace").encode("utf-16-le")) > MESSAGE_BYTES_MAX
        if not (too_large or self._striking.switched("swallowed")):
            self._post(path, run, card, request, now_s)
        return Response(status=202, headers={"x-ms-workflow-run-id": run})

    def _post(self, path: str, run: str, card: dict[str, object], request: Request, now_s: float) -> None:
        self.cards.append(card)
        self.journal.append(
            Effect(
                vendor="teams_workflow",
                operation="post",
                destination=path,
                delivery_id=request.headers.get("x-ms-client-tracking-id", ""),
                correlation_id=request.headers.get("x-correlation-id", ""),
                time=now_s,
                id=run,
            )
        )


def _card(body: bytes) -> dict[str, object] | None:
    """The first card of a message; None for what the trigger does not take."""
    message = decode_object(body) or {}
    attachments = message.get("attachments")
    first = attachments[0] if isinstance(attachments, list) and attachments else None
    if message.get("type") != "message" or not isinstance(first, dict) or first.get("contentType") != CARD_TYPE:
        return None
    card = first.get("content")
    return card if isinstance(card, dict) and card.get("type") == "AdaptiveCard" else None


def _name(request: Request) -> str:
    return {"POST": POST, "OPTIONS": "flow.options"}.get(request.method, "other")


def _unauthorised() -> Response:
    return _refusal(401, "DirectApiAuthorizationRequired", "the request must be authenticated by its signature")


def _refusal(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    body = msgspec.json.encode({"error": {"code": code, "message": message}})
    return Response(status=status, headers={"content-type": "application/json"} | (headers or {}), body=body)
