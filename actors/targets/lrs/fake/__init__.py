"""A believable LRS, in memory: it validates, compares what comes again, voids, and takes arrays whole or not at all.

The key is ``sandbox`` with the secret ``sandbox``; versions 1.0.3 and 2.0.0 are spoken. It publishes no limits, so
``limited`` changes nothing. ``memory`` holds the statements.

Faults (``Fault.operation`` is ``statements.put``, ``statements.post`` or ``statements.get``):

    status                   HTTP ``value`` with an HTML page, nothing done
    html                     HTTP 500 with an HTML page, nothing done
    rate_limited             HTTP 429; ``value`` is the Retry-After header as it is, empty for none
    error                    HTTP 400 with the message ``value``, nothing done
    revoked                  HTTP 401
    reset_before_commit      connection reset, nothing done
    reset_after_commit       done, then a connection reset
    truncated_after_commit   done, half of the answer (a reset, where the answer has no body)
    status_after_commit      done, then HTTP ``value`` with an HTML page
    late_commit              connection reset; done ``value`` seconds later
    slow                     done, answered after ``value`` seconds
    hangup                   served as usual, then the connection is closed without a word

Switches (while set, whatever ``times`` says):

    poison                   statements that hold the text ``value`` are refused
    no_repeats               a statement that is there already is a conflict (409), though it is the same
    strict_voids             a statement that voids one which is not there is refused
"""

import base64
import math
from typing import cast

import msgspec

from actors.domain.flow import Request, Response
from actors.domain.xapi.patterns import Version
from actors.ports import Answer, Effect, Fault
from actors.targets.faults import Faults
from actors.targets.lrs.fake.memory import Memory, Refused, answer

MOUNT = "/lrs/xapi/"
KEY = "sandbox:sandbox"
VERSIONS = ("1.0.3", "2.0.0")
METHODS = {"PUT": "statements.put", "POST": "statements.post", "GET": "statements.get"}
PENDING_MAX = 10_000

NUMBERED = frozenset({"status", "status_after_commit", "slow", "late_commit"})
STRIKES = NUMBERED | {
    "html",
    "rate_limited",
    "error",
    "revoked",
    "reset_before_commit",
    "reset_after_commit",
    "truncated_after_commit",
    "hangup",
}
SWITCHES = frozenset({"poison", "no_repeats", "strict_voids"})
WRITING = frozenset({"statements.put", "statements.post"})


class FakeLrs:
    """One LRS with one key."""

    mounts: tuple[str, ...] = (MOUNT,)

    def __init__(self) -> None:
        self.limited = True
        self.memory = Memory()
        self._faults = Faults(STRIKES, SWITCHES)
        self._late: list[tuple[float, Request]] = []

    @property
    def journal(self) -> list[Effect]:
        return self.memory.journal

    @journal.setter
    def journal(self, journal: list[Effect]) -> None:
        self.memory.journal = journal

    def fault(self, fault: Fault) -> None:
        """Raises ValueError for an unknown kind or a value that is not what the kind needs."""
        if fault.kind in NUMBERED:
            _check_number(fault)
        if fault.kind == "poison" and not fault.value:
            raise ValueError("poison needs a text as its value")
        self._faults.add(fault)
        self._switch()

    def clear_faults(self) -> None:
        self._faults.clear()
        self._switch()

    def _switch(self) -> None:
        poison = self._faults.switched("poison")
        self.memory.poison = poison.value if poison else ""
        self.memory.no_repeats = self._faults.switched("no_repeats") is not None
        self.memory.strict_voids = self._faults.switched("strict_voids") is not None

    def settle(self, now_s: float) -> None:
        """What was to land late by now has landed."""
        due = sorted((late for late in self._late if late[0] <= now_s), key=lambda late: late[0])
        self._late = [late for late in self._late if late[0] > now_s]
        for due_s, request in due:
            self._regular(request, due_s)

    def handle(self, request: Request, now_s: float) -> Answer:
        if self._late:
            self.settle(now_s)
        name = METHODS.get(request.method, "other")
        fault = self._faults.strike(name, "", lambda each: each.kind != "late_commit" or name in WRITING)
        if fault is None:
            return Answer(response=self._regular(request, now_s))
        before = self._before(fault, request, now_s)
        return before or self._after(fault, self._regular(request, now_s))

    # ── faults ───────────────────────────────────────────────────────────────────────────────────

    def _before(self, fault: Fault, request: Request, now_s: float) -> Answer | None:
        """What strikes instead of the request."""
        match fault.kind:
            case "reset_before_commit":
                return _reset()
            case "late_commit":
                if len(self._late) < PENDING_MAX:
                    self._late.append((now_s + float(fault.value), request))
                return _reset()
            case "status":
                return Answer(response=_page(int(float(fault.value))))
            case "html":
                return Answer(response=_page(500))
            case "rate_limited":
                headers = {"retry-after": fault.value} if fault.value else {}
                return Answer(response=Response(status=429, headers=headers))
            case "error":
                return Answer(response=_refusal(400, fault.value or "no reason"))
            case "revoked":
                return Answer(response=_refusal(401, "who is that?"))
            case _:
                return None

    def _after(self, fault: Fault, response: Response) -> Answer:
        """What strikes after the request was served as usual."""
        match fault.kind:
            case "reset_after_commit":
                return _reset()
            case "truncated_after_commit":
                if not response.body:
                    return _reset()
                return Answer(response=msgspec.structs.replace(response, body=response.body[: len(response.body) // 2]))
            case "status_after_commit":
                return Answer(response=_page(int(float(fault.value))))
            case "slow":
                return Answer(response=response, delay_s=float(fault.value))
            case "hangup":
                return Answer(response=response, hangup=True)
            case _:
                raise AssertionError(fault.kind)

    # ── the regular way ──────────────────────────────────────────────────────────────────────────

    def _regular(self, request: Request, now_s: float) -> Response:
        path, _, query = request.url.partition("?")
        if path.removeprefix(MOUNT) == "about":
            return answer(200, msgspec.json.encode({"version": VERSIONS}))
        if path.removeprefix(MOUNT) != "statements":
            return _refusal(404, "the sandbox has statements, no more")
        if request.headers.get("authorization", "") != "Basic " + base64.b64encode(KEY.encode()).decode():
            return _refusal(401, "this key is not known")
        version = request.headers.get("x-experience-api-version", "")
        if version not in VERSIONS:
            return _refusal(400, "X-Experience-API-Version is 1.0.3 or 2.0.0")
        try:
            match request.method:
                case "GET":
                    return self.memory.get(query)
                case "PUT":
                    return self.memory.put(query, request, cast(Version, version), now_s)
                case "POST":
                    return self.memory.post(request, cast(Version, version), now_s)
                case _:
                    return _refusal(405, f"{request.method} is not for statements")
        except Refused as refused:
            return _refusal(refused.status, str(refused))


def _reset() -> Answer:
    return Answer(response=Response(status=0), reset=True)


def _refusal(status: int, message: str) -> Response:
    return answer(status, msgspec.json.encode({"error": True, "message": message}))


def _page(status: int) -> Response:
    """What stands before an LRS answers when the LRS does not."""
    body = f"<!DOCTYPE html><html><body><h1>{status}</h1></body></html>"
    return Response(status=status, headers={"content-type": "text/html; charset=utf-8"}, body=body.encode())


def _check_number(fault: Fault) -> None:
    try:
        number = float(fault.value)
    except ValueError:
        number = math.nan
    low, high = (200, 599) if fault.kind.startswith("status") else (0, 86_400)
    if not low <= number <= high:
        raise ValueError(f"{fault.kind} needs a number between {low} and {high} as its value, not {fault.value!r}")
