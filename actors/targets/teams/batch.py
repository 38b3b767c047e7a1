"""Graph's ``$batch``: up to twenty requests as one call, each with an answer of its own. No I/O.

All are asked side by side (no ``dependsOn``), and answers come in any order, so they are told apart by id alone. An
inner answer is handed on as if it had come by itself: ``wire`` need not know how it travelled. What is left without an
answer is lost, like any other request whose answer never came; but where Graph surely did nothing with the whole, each
request hears exactly that.

Pages of messages and large posts travel alone: what makes the common answer too large to be read would put everybody
in it in doubt. Whoever knows that answers are larger says so on the request (``answer_bytes_max``).
"""

import uuid
from collections.abc import Sequence
from typing import assert_never

import msgspec

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from actors.targets.teams.oauth import REQUEST_IDS
from actors.targets.teams.wire import THE_APPS_LIMIT

SIZE_MAX = 20
INNER_BYTES_MAX = 16 * 1024
"""An answer repeats what was posted; twenty of these and their answers stay far below what we read."""
FITTING = frozenset(
    {"channelMessages.post", "sendActivityNotification", "users.get", "users.list", "members.delete", "members.patch"}
)
"""Operations whose answers are small."""
TOLD = frozenset({"members.add", "teams.post"})
"""Operations whose answers are as long as the request says, and whose bodies may be longer."""
TOLD_BYTES_MAX = 48 * 1024
"""Twenty of these stay below the four megabytes that Graph takes."""
OTHERS_BYTES_MAX = 1024 * 1024
"""All answers together of those that say nothing of it."""
LINGERING = TOLD | {"members.delete", "members.patch"}
"""Operations that nobody sits and waits for."""
LINGERS_S = 0.05
"""Short beside the way to Graph and back, and long beside what keeps those apart that are ready together."""
SINGLY_S = 3600.0
"""Where Graph takes no bundle, it takes none for a while."""
NOT_WITHIN = frozenset({"authorization", "content-type", "host", "content-length"})
SHARED = ("request-id", "client-request-id", "date")
"""Headers of the common answer that each inner one inherits: what the vendor would ask for to find the call."""
NOT_ABOUT_BUNDLES = frozenset({401, 407, 408})
"""What these say concerns each request as if it had been sent alone."""


class _Answers(msgspec.Struct, frozen=True):
    responses: list[msgspec.Raw]


class _Answer(msgspec.Struct, frozen=True):
    id: str | int
    status: int
    headers: dict[str, object] | None = None
    body: msgspec.Raw = msgspec.Raw(b"")


class GraphBundler:
    """Implements ``ports.Bundler`` for one Graph; ``graph`` is its address, with a slash at the end."""

    def __init__(self, graph: str) -> None:
        self.size_max = SIZE_MAX
        self.singly_s = SINGLY_S
        self._graph = graph

    def fits(self, request: Request) -> bool:
        told = request.operation in TOLD and request.answer_bytes_max is not None
        return (
            (told or request.operation in FITTING)
            and request.url.startswith(self._graph)
            and "authorization" in request.headers
            and len(request.body) <= (TOLD_BYTES_MAX if told else INNER_BYTES_MAX)
            and (not request.body or request.headers.get("content-type", "").startswith("application/json"))
        )

    def lingers_s(self, request: Request) -> float:
        return LINGERS_S if request.operation in LINGERING else 0.0

    def pack(self, requests: Sequence[Request]) -> Request:
        """Raises ValueError for what is no bundle: too few or too many of them, or of several speakers."""
        if not 2 <= len(requests) <= SIZE_MAX:
            raise ValueError(f"a bundle has 2 to {SIZE_MAX} requests, not {len(requests)}")
        authorization = requests[0].headers["authorization"]
        if any(request.headers["authorization"] != authorization for request in requests):
            raise ValueError("a bundle speaks with one authorization")
        ids = "|".join(request.headers.get("client-request-id", "") for request in requests)
        headers = {
            "accept": "application/json",
            "content-type": "application/json",
            "client-request-id": str(uuid.uuid5(REQUEST_IDS, f"$batch|{ids}")),
            "authorization": authorization,
        }
        inner = [self._inner(number, request) for number, request in enumerate(requests, 1)]
        body = msgspec.json.encode({"requests": inner})
        told = [each.answer_bytes_max for each in requests if each.answer_bytes_max is not None]
        patience = [each.patience_s for each in requests if each.patience_s is not None]
        return Request(
            method="POST",
            url=f"{self._graph}$batch",
            operation="$batch",
            headers=headers,
            body=body,
            answer_bytes_max=sum(told) + OTHERS_BYTES_MAX if told else None,
            patience_s=max(patience, default=None),
        )

    def unpack(self, requests: Sequence[Request], outcome: Outcome) -> list[Outcome] | None:
        match outcome:
            case NotSent() | Lost():
                return [outcome] * len(requests)
            case Response():
                answers = _answers(outcome) if outcome.status < 500 or outcome.status == 503 else None
                if answers is None:
                    whole = _whole(outcome)
                    return None if whole is None else [whole] * len(requests)
                missing = Lost(f"$batch: HTTP {outcome.status} without an answer to this request")
                return [answers.get(str(number), missing) for number in range(1, len(requests) + 1)]
            case _:
                assert_never(outcome)

    def _inner(self, number: int, request: Request) -> dict[str, object]:
        headers = {name: value for name, value in request.headers.items() if name not in NOT_WITHIN}
        url = "/" + request.url.removeprefix(self._graph)
        inner: dict[str, object] = {"id": str(number), "method": request.method, "url": url}
        if request.body:
            headers["Content-Type"] = "application/json"
            inner["body"] = msgspec.Raw(request.body)
        return inner | {"headers": headers}


def _answers(outcome: Response) -> dict[str, Outcome] | None:
    """What was answered, by id; None where it is not the answer to a bundle. Two answers to one request prove
    nothing."""
    try:
        each = msgspec.json.decode(outcome.body, type=_Answers).responses
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    shared = {name: value for name in SHARED if (value := outcome.headers.get(name))}
    found: dict[str, Outcome] = {}
    for raw in each:
        try:
            answer = msgspec.json.decode(raw, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue  # nobody's: whoever waits for it has lost it
        name = str(answer.id)
        twice = Lost("$batch: two answers to this request")
        found[name] = twice if name in found else _alone(answer, shared)
    return found


def _alone(answer: _Answer, shared: dict[str, str]) -> Outcome:
    """An inner answer as if it had come by itself."""
    if not 100 <= answer.status <= 599:
        return Lost(f"$batch: an answer with the status {answer.status}")
    own = {name.lower(): str(value) for name, value in (answer.headers or {}).items()}
    return Response(status=answer.status, headers=shared | own, body=_body(bytes(answer.body)))


def _body(raw: bytes) -> bytes:
    """Objects as they are; a text (a page that stood before Graph) as its characters."""
    if raw == b"null":
        return b""
    if not raw.startswith(b'"'):
        return raw
    try:
        return msgspec.json.decode(raw, type=str).encode()
    except (msgspec.DecodeError, UnicodeError):
        return raw


def _whole(outcome: Response) -> Outcome | None:
    """What an answer without inner answers means for each request; None: no bundle was taken, nothing was done."""
    status = outcome.status
    if 200 <= status < 300 or status == 424:
        return Lost(f"$batch: HTTP {status} without answers ({len(outcome.body)} bytes)")
    if status == 429:
        body = msgspec.json.encode({"error": {"code": THE_APPS_LIMIT}})
        return msgspec.structs.replace(outcome, body=body)
    if status == 501 or (400 <= status < 500 and status not in NOT_ABOUT_BUNDLES):
        return None
    return outcome
