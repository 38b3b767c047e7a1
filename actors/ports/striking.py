"""A fake vendor with one thing to be asked, behind the faults that every fake has: what each of them does.

status                   HTTP ``value`` with an HTML page, nothing done
html                     HTTP 500 with an HTML page, nothing done
rate_limited             HTTP 429; ``value`` is the Retry-After header as it is, empty for none
revoked                  HTTP 401
reset_before_commit      connection reset, nothing done
reset_after_commit       done, then a connection reset
truncated_after_commit   done, half of the answer (a reset, where the answer has no body)
status_after_commit      done, then HTTP ``value`` with an HTML page
late_commit              connection reset; done ``value`` seconds later
slow                     done, answered after ``value`` seconds
hangup                   served as usual, then the connection is closed without a word
"""

import math
from collections.abc import Callable
from email.utils import formatdate

import msgspec

from actors.domain.flow import Request, Response
from actors.ports.faults import Faults
from actors.ports.vendors import Answer, Fault

NUMBERED = frozenset({"status", "status_after_commit", "slow", "late_commit"})
STRIKES = NUMBERED | {
    "html",
    "rate_limited",
    "revoked",
    "reset_before_commit",
    "reset_after_commit",
    "truncated_after_commit",
    "hangup",
}
PENDING_MAX = 10_000

Regular = Callable[[Request, float], Response]
Name = Callable[[Request], str]


class Striking:
    """``regular(request, now_s)`` is the vendor without faults; ``name(request)`` what the request is called, and
    ``posting`` what those are called that have an effect; ``refusal`` the answer to whoever has no credentials;
    ``switches`` further kinds, which the vendor itself looks at. With ``error`` there is a kind of that name: its
    answer to a ``value``, nothing done."""

    def __init__(
        self,
        regular: Regular,
        name: Name,
        posting: frozenset[str],
        refusal: Response,
        switches: frozenset[str] = frozenset(),
        error: Callable[[str], Response] | None = None,
    ) -> None:
        self._regular = regular
        self._name = name
        self._posting = posting
        self._refusal = refusal
        self._error = error
        self._faults = Faults(STRIKES if error is None else STRIKES | {"error"}, switches)
        self._late: list[tuple[float, Request]] = []

    def fault(self, fault: Fault) -> None:
        """Raises ValueError for an unknown kind or a value that is not what the kind needs."""
        if fault.kind in NUMBERED:
            _check_number(fault)
        self._faults.add(fault)

    def clear(self) -> None:
        self._faults.clear()

    def switched(self, kind: str) -> Fault | None:
        return self._faults.switched(kind)

    def settle(self, now_s: float) -> None:
        """What was to land late by now has landed."""
        due = sorted((late for late in self._late if late[0] <= now_s), key=lambda late: late[0])
        self._late = [late for late in self._late if late[0] > now_s]
        for due_s, request in due:
            self._regular(request, due_s)

    def handle(self, request: Request, now_s: float) -> Answer:
        """As ``answer``, with the time."""
        answer = self.answer(request, now_s)
        headers = {"date": formatdate(now_s, usegmt=True), **answer.response.headers}
        return msgspec.structs.replace(answer, response=msgspec.structs.replace(answer.response, headers=headers))

    def answer(self, request: Request, now_s: float) -> Answer:
        self.settle(now_s)
        name = self._name(request)
        path = request.url.partition("?")[0]
        fault = self._faults.strike(name, path, lambda each: each.kind != "late_commit" or name in self._posting)
        if fault is None:
            return Answer(response=self._regular(request, now_s))
        return self._instead(fault, request, now_s) or _afterwards(fault, self._regular(request, now_s))

    def _instead(self, fault: Fault, request: Request, now_s: float) -> Answer | None:
        """What strikes instead of the request."""
        match fault.kind:
            case "reset_before_commit":
                return _reset()
            case "late_commit":
                if len(self._late) < PENDING_MAX:
                    self._late.append((now_s + float(fault.value), request))
                return _reset()
            case "status":
                return Answer(response=page(int(float(fault.value))))
            case "html":
                return Answer(response=page(500))
            case "rate_limited":
                headers = {"retry-after": fault.value} if fault.value else {}
                return Answer(response=Response(status=429, headers=headers))
            case "revoked":
                return Answer(response=self._refusal)
            case "error" if self._error is not None:
                return Answer(response=self._error(fault.value))
            case _:
                return None


class Struck:
    """Base of fakes that are struck and do nothing else about it."""

    _striking: Striking

    def fault(self, fault: Fault) -> None:
        """Raises ValueError for an unknown kind or a value that is not what the kind needs."""
        self._striking.fault(fault)

    def clear_faults(self) -> None:
        self._striking.clear()

    def settle(self, now_s: float) -> None:
        """What was to land late by now has landed."""
        self._striking.settle(now_s)

    def handle(self, request: Request, now_s: float) -> Answer:
        return self._striking.handle(request, now_s)


def _afterwards(fault: Fault, response: Response) -> Answer:
    """What strikes after the request was served as usual."""
    match fault.kind:
        case "reset_after_commit":
            return _reset()
        case "truncated_after_commit":
            if not response.body:
                return _reset()
            return Answer(response=msgspec.structs.replace(response, body=response.body[: len(response.body) // 2]))
        case "status_after_commit":
            return Answer(response=page(int(float(fault.value))))
        case "slow":
            return Answer(response=response, delay_s=float(fault.value))
        case "hangup":
            return Answer(response=response, hangup=True)
        case _:
            raise AssertionError(fault.kind)


def _reset() -> Answer:
    return Answer(response=Response(status=0), reset=True)


def page(status: int) -> Response:
    """What stands before a vendor answers when the vendor does not."""
    body = f"<!DOCTYPE html><html><body><h1>{status}</h1></body></html>"
    return Response(status=status, headers={"content-type": "text/html; charset=utf-8"}, body=body.encode())


def _check_number(fault: Fault) -> None:
    """Raises ValueError."""
    try:
        number = float(fault.value)
    except ValueError:
        number = math.nan
    low, high = (200, 599) if fault.kind.startswith("status") else (0, 86_400)
    if not low <= number <= high:
        raise ValueError(f"{fault.kind} needs a number between {low} and {high} as its value, not {fault.value!r}")
