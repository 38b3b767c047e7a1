"""A believable Microsoft Graph with its Entra, in memory: documented limits, errors, 28 KB, eventual consistency.

App credentials are the client ``sandbox`` with the secret ``sandbox`` or any well-formed assertion; the person's token
is ``sandbox-user``, or what the refresh token ``sandbox-refresh`` brings. Every address at example.edu or example.org
is a person but ``nobody@…``; teams and channels of well-formed ids exist unless the id contains 404. ``entra`` gives
tokens, ``graph`` does the work, ``space`` is the memory, ``replies`` the shapes of errors.

Faults. ``operation`` is channelMessages.post, channelMessages.delta, channelMessages.list, sendActivityNotification,
users.get, users.list, me.get, token or openid-configuration; ``destination`` is TEAM/CHANNEL, or the user.

    status                   HTTP ``value`` with an HTML page, nothing done
    html                     HTTP 500 with an HTML page, nothing done
    rate_limited             HTTP 429; ``value`` is the Retry-After header as it is, empty for none
    error                    the error ``value`` with the status that belongs to it (of Entra: for operation token)
    revoked                  401 InvalidAuthenticationToken; of Entra invalid_client
    token_expired            401 once, and the token used is no longer good
    claims_challenge         401 with claims; a token that was asked for with them passes
    forbidden_read           403 to whoever reads messages
    not_installed            403 to a notification: the learner has not the app
    reset_before_commit      connection reset, nothing done
    reset_after_commit       done, then a connection reset
    truncated_after_commit   done, half of the JSON answer (a reset where the answer has no body)
    status_after_commit      done, then HTTP ``value`` with an HTML page
    late_commit              connection reset; done ``value`` seconds later
    slow                     done, answered after ``value`` seconds
"""

import base64
import math

import msgspec

from actors.domain.flow import Request, Response
from actors.ports import Answer, Effect, Fault
from actors.targets.faults import Faults
from actors.targets.teams.fake.entra import Entra, Token
from actors.targets.teams.fake.graph import Call, Graph, call_of
from actors.targets.teams.fake.limits import Limits
from actors.targets.teams.fake.replies import STATUS_OF, EntraRefusal, Letterhead, Refusal, page
from actors.targets.teams.fake.space import Space

GRAPH_MOUNT = "/graph/v1.0/"
ENTRA_MOUNT = "/entra/"
PENDING_MAX = 10_000
WRITING = frozenset({"channelMessages.post", "sendActivityNotification"})
READING = frozenset({"channelMessages.list", "channelMessages.delta"})
SIGNING_IN = frozenset({"token", "openid-configuration"})

NUMBERED = frozenset({"status", "status_after_commit", "slow", "late_commit"})
AFTERWARDS = frozenset({"reset_after_commit", "truncated_after_commit", "status_after_commit", "slow"})
STRIKES = (
    NUMBERED
    | AFTERWARDS
    | {
        "html",
        "rate_limited",
        "error",
        "revoked",
        "token_expired",
        "claims_challenge",
        "forbidden_read",
        "not_installed",
        "reset_before_commit",
    }
)
ONLY_FOR = {"forbidden_read": READING, "not_installed": frozenset({"sendActivityNotification"}), "late_commit": WRITING}
"""Kinds that concern some operations only."""
NOT_FOR = {"token_expired": SIGNING_IN, "claims_challenge": SIGNING_IN}
_RESET = Answer(response=Response(status=0), reset=True)


class FakeTeams:
    """One directory with one app registration and one person who posts."""

    mounts: tuple[str, ...] = (GRAPH_MOUNT, ENTRA_MOUNT)

    def __init__(self) -> None:
        self.limited = True
        self.entra = Entra()
        self._space = Space()
        self._graph = Graph(self._space)
        self._limits = Limits()
        self._faults = Faults(STRIKES)
        self._letters = Letterhead()
        self._late: list[tuple[float, Call, Request, Token]] = []

    @property
    def journal(self) -> list[Effect]:
        return self._space.journal

    @journal.setter
    def journal(self, journal: list[Effect]) -> None:
        self._space.journal = journal

    @property
    def replaced(self) -> list[Effect]:
        """Notifications that took an earlier one's place."""
        return self._space.replaced

    def fault(self, fault: Fault) -> None:
        """Raises ValueError for an unknown kind or a value that is not what the kind needs."""
        if fault.kind in NUMBERED:
            _check_number(fault)
        if fault.kind == "error" and not fault.value:
            raise ValueError("error needs the error's code as its value")
        self._faults.add(fault)

    def clear_faults(self) -> None:
        self._faults.clear()

    def settle(self, now_s: float) -> None:
        """What was to land late by now has landed."""
        due = sorted((late for late in self._late if late[0] <= now_s), key=lambda late: late[0])
        self._late = [late for late in self._late if late[0] > now_s]
        for due_s, call, request, token in due:
            self._perform(call, request, token, due_s)

    def handle(self, request: Request, now_s: float) -> Answer:
        if self._late:
            self.settle(now_s)
        if request.url.startswith(ENTRA_MOUNT):
            return self._sign_in(request, now_s)
        call = call_of(request, GRAPH_MOUNT)
        if call is None:
            return self._letters.graph_error(request, now_s, 404, "ResourceNotFound", "Resource not found.")
        text = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = self.entra.known(text, now_s)
        fault = self._strike(call.operation, call.destination, token)
        before = self._before(fault, call, request, token, now_s) if fault is not None else None
        if before is not None:
            return before
        answer = self._regular(call, request, token, now_s)
        return answer if fault is None else _after(fault, answer)

    # ── the regular way ──────────────────────────────────────────────────────────────────────────

    def _regular(self, call: Call, request: Request, token: Token | None, now_s: float) -> Answer:
        if token is None:
            return self._unauthorised(request, now_s)
        if self.limited:
            waits_s = [self._limits.wait_s(limit, key, now_s) for limit, key in call.limits]
            if any(waits_s):
                return self._throttled(request, now_s, str(max(waits_s)))
        return self._perform(call, request, token, now_s)

    def _perform(self, call: Call, request: Request, token: Token, now_s: float) -> Answer:
        """The answer of an operation; its effect has happened when this returns."""
        try:
            status, fields = self._graph.perform(call, request, token, now_s)
        except Refusal as refusal:
            return self._letters.graph_error(request, now_s, refusal.status, refusal.code, str(refusal))
        if fields is None:
            return Answer(response=Response(status=status, headers=self._letters.headers(request, now_s)))
        return Answer(response=self._letters.json(request, now_s, status, fields))

    def _sign_in(self, request: Request, now_s: float) -> Answer:
        """Entra's side."""
        directory, _, path = request.url.removeprefix(ENTRA_MOUNT).partition("?")[0].partition("/")
        known = {("POST", "oauth2/v2.0/token"): "token"}
        known |= {("GET", "v2.0/.well-known/openid-configuration"): "openid-configuration"}
        operation = known.get((request.method, path))
        if operation is None:
            return page(404)
        fault = self._strike(operation, directory, None)
        before = self._before(fault, Call(operation), request, None, now_s) if fault is not None else None
        if before is not None:
            return before
        try:
            if operation == "token":
                fields = self.entra.token(directory, request, now_s)
            else:
                origin = f"https://{request.headers.get('host', 'login.microsoftonline.com')}"
                fields = self.entra.configuration(directory, origin)
        except EntraRefusal as refusal:
            return self._letters.entra_error(request, now_s, refusal)
        answer = Answer(response=self._letters.json(request, now_s, 200, fields, **{"cache-control": "no-store"}))
        return answer if fault is None else _after(fault, answer)

    # ── faults ───────────────────────────────────────────────────────────────────────────────────

    def _strike(self, operation: str, destination: str, token: Token | None) -> Fault | None:
        def concerns(fault: Fault) -> bool:
            if operation not in ONLY_FOR.get(fault.kind, {operation}) or operation in NOT_FOR.get(fault.kind, ()):
                return False
            return not (fault.kind == "claims_challenge" and token is not None and token.proved)

        return self._faults.strike(operation, destination, concerns)

    def _before(self, fault: Fault, call: Call, request: Request, token: Token | None, now_s: float) -> Answer | None:
        """What strikes instead of the request; None for what strikes after it."""
        match fault.kind:
            case "reset_before_commit":
                return _RESET
            case "late_commit":
                if token is not None and len(self._late) < PENDING_MAX:
                    self._late.append((now_s + float(fault.value), call, request, token))
                return _RESET
            case "status":
                return page(int(float(fault.value)))
            case "html":
                return page(500)
            case "rate_limited":
                return self._throttled(request, now_s, fault.value)
            case "error":
                return self._error(fault.value, call, request, now_s)
            case "revoked":
                if call.operation in SIGNING_IN:
                    return self._error("invalid_client", call, request, now_s)
                return self._unauthorised(request, now_s)
            case "token_expired":
                self.entra.forget(request.headers.get("authorization", "").removeprefix("Bearer ").strip())
                return self._unauthorised(request, now_s)
            case "claims_challenge":
                return self._unauthorised(request, now_s, challenge=True)
            case "forbidden_read":
                return self._letters.graph_error(request, now_s, 403, "Forbidden", "Missing scope permissions.")
            case "not_installed":
                message = "The Teams app is not installed for the recipient."
                return self._letters.graph_error(request, now_s, 403, "Forbidden", message)
            case _:
                return None

    def _error(self, code: str, call: Call, request: Request, now_s: float) -> Answer:
        if call.operation in SIGNING_IN:
            refusal = EntraRefusal(code, "As the sandbox was told to say.", 401 if code == "invalid_client" else 400)
            return self._letters.entra_error(request, now_s, refusal)
        status = STATUS_OF.get(code.casefold(), 400)
        return self._letters.graph_error(request, now_s, status, code, "As the sandbox was told to say.")

    def _unauthorised(self, request: Request, now_s: float, *, challenge: bool = False) -> Answer:
        says = 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"'
        if challenge:
            demand = msgspec.json.encode({"access_token": {"nbf": {"essential": True, "value": str(int(now_s))}}})
            says += f', error="insufficient_claims", claims="{base64.b64encode(demand).decode()}"'
        message = "Continuous access evaluation: sign in anew." if challenge else "Access token is empty or expired."
        more = {"www-authenticate": says}
        return self._letters.graph_error(request, now_s, 401, "InvalidAuthenticationToken", message, **more)

    def _throttled(self, request: Request, now_s: float, retry_after: str) -> Answer:
        more = {"retry-after": retry_after} if retry_after else {}
        return self._letters.graph_error(request, now_s, 429, "TooManyRequests", "Too many requests.", **more)


def _after(fault: Fault, answer: Answer) -> Answer:
    """What strikes after the request was served as usual."""
    response = answer.response
    match fault.kind:
        case "reset_after_commit":
            return _RESET
        case "truncated_after_commit":
            if not response.body:
                return _RESET
            return Answer(response=msgspec.structs.replace(response, body=response.body[: len(response.body) // 2]))
        case "status_after_commit":
            return page(int(float(fault.value)))
        case "slow":
            return msgspec.structs.replace(answer, delay_s=float(fault.value))
        case _:
            raise AssertionError(fault.kind)


def _check_number(fault: Fault) -> None:
    try:
        number = float(fault.value)
    except ValueError:
        number = math.nan
    low, high = (200, 599) if fault.kind.startswith("status") else (0, 86_400)
    if not low <= number <= high:
        raise ValueError(f"{fault.kind} needs a number between {low} and {high} as its value, not {fault.value!r}")
