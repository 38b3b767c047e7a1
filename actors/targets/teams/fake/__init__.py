"""A believable Microsoft Graph with its Entra, in memory: documented limits, errors, 28 KB, eventual consistency.

App credentials are the client ``sandbox`` with the secret ``sandbox`` or any well-formed assertion; the person's token
is ``sandbox-user``, or what the refresh token ``sandbox-refresh`` brings. Every address at example.edu or example.org
is a person but ``nobody@…``; teams and channels of well-formed ids exist unless the id contains 404. ``entra`` gives
tokens, ``door`` has its pages, ``graph`` does the work, ``watching`` keeps subscriptions and sends notifications,
``space`` is the memory, ``happenings`` what operators let happen, ``replies`` the shapes of errors.

Faults. ``operation`` is channelMessages.post, channelMessages.delta, channelMessages.list, sendActivityNotification,
users.get, users.list, users.delta, me.get, teams.get, channels.get, channels.list, installedApps.post (list, delete,
chat), subscriptions.post (list, get, patch, delete, reauthorize), teams.post, members.list (get, add, post, patch,
delete, remove), groups.list (get, delta), $batch, or Entra's token, authorize, adminconsent, keys,
openid-configuration; ``destination`` is TEAM/CHANNEL, TEAM, or the user. A request in a bundle is struck like one by
itself, but a connection is never reset inside: that is a 504 there.

    status                   HTTP ``value`` with an HTML page, nothing done
    html                     HTTP 500 with an HTML page, nothing done
    rate_limited             HTTP 429; ``value`` is the Retry-After header as it is, empty for none
    rate_limited_date        HTTP 429; Retry-After is the date in ``value`` seconds
    rate_limited_rearm       HTTP 429 for ``value`` seconds from now; who asks too early starts the wait anew
    error                    the error ``value`` with the status that belongs to it (of Entra: for operation token)
    revoked                  401 InvalidAuthenticationToken; of Entra invalid_client
    token_expired            401 once, and the token used is no longer good
    claims_challenge         401 with claims; a token that was asked for with them passes
    forbidden_read           403 to whoever reads messages
    not_installed            403 to a notification: the learner has not the app
    delta_forgotten          410 (or 400, ``value``) syncStateNotFound to users.delta or groups.delta
    one_refused              members.add: the first of them fails with the code ``value``, the others go on (207)
    keepalive_closed         503 on a connection that is then closed; ``value`` is its Retry-After, empty for none
    reset_before_commit      connection reset, nothing done
    reset_after_commit       done, then a connection reset
    truncated_after_commit   done, half of the JSON answer (a reset where the answer has no body)
    status_after_commit      done, then HTTP ``value`` with an HTML page
    error_after_commit       done, then the error ``value``, one of those that leave it open whether it was done
    late_commit              connection reset; done ``value`` seconds later
    slow                     done, answered after ``value`` seconds
    batch_unsupported        404: what answers knows no $batch
    batch_outer_failed       424 with all the inner answers, as when some of them were throttled
    batch_inner_throttled    one request of a bundle: 429; ``value`` is its Retry-After as it is, empty for none
    batch_lost_inner         one request of a bundle: done, its answer left out
    batch_failed_dependency  one request of a bundle: 424, nothing done

To what Graph sends by itself (``notifications.send``; destination is the subscription's resource):

    lost                     never sent
    duplicate                sent twice
    out_of_order             sent ``value`` seconds later (default 5), behind what happens meanwhile
    bad_client_state         with a clientState that nobody gave
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from math import ceil
from random import Random

from actors.domain.flow import Request, Response
from actors.ports import Answer, Effect, Fault
from actors.ports.adjusting import Unclear, assign, merged, told
from actors.ports.faults import Faults
from actors.targets.teams.fake.apps import NEEDS_APP
from actors.targets.teams.fake.assertions import load
from actors.targets.teams.fake.batch import Part, envelope, parts_of
from actors.targets.teams.fake.calls import Call, call_of
from actors.targets.teams.fake.door import Doors
from actors.targets.teams.fake.entra import Entra
from actors.targets.teams.fake.grants import Token
from actors.targets.teams.fake.graph import Graph
from actors.targets.teams.fake.happenings import Stage, happenings
from actors.targets.teams.fake.kinds import (
    BATCH,
    FORGETTING,
    INSIDE,
    RESET,
    SENDING,
    SIGNING_IN,
    STRIKES,
    after,
    check,
    concerns,
    status_of,
)
from actors.targets.teams.fake.limits import Limits
from actors.targets.teams.fake.refusals import TOLD, Refusals
from actors.targets.teams.fake.replies import EntraRefusal, Letterhead, Refusal, page
from actors.targets.teams.fake.signing_in import ENTRA_MOUNT, Desk, asked_of
from actors.targets.teams.fake.space import Space
from actors.targets.teams.fake.terms import Terms
from actors.targets.teams.fake.watching import Watching

GRAPH_MOUNT = "/graph/v1.0/"
PENDING_MAX = 10_000


class FakeTeams:
    """One directory with one app registration and one person who posts."""

    mounts: tuple[str, ...] = (GRAPH_MOUNT, ENTRA_MOUNT)

    def __init__(self) -> None:
        self.limited = True
        self.terms = Terms()
        self.entra = Entra(self.terms)
        self._space = Space()
        self._graph = Graph(self._space, self.terms, self.entra.grants)
        self.people, self.teams = self._space.people, self._graph.teams
        self._limits = Limits()
        self._faults = Faults(STRIKES | SENDING | FORGETTING)
        self._letters = Letterhead()
        self._refusals = Refusals(self._letters)
        self._desk = Desk(self.entra, Doors(self.entra.grants, self._space), self._letters)
        self._watching = Watching(self.terms, self._faults, self._letters)
        self.tray = self._watching.tray
        self._stage = Stage(self.entra.grants, self._space, self._watching, self.teams)
        self._dice = Random(0)  # noqa: S311 - the order of answers, not a secret
        self._late: list[tuple[float, Callable[[float], object]]] = []

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
        check(fault)
        self._faults.add(fault)

    def clear_faults(self) -> None:
        self._faults.clear()
        self._refusals.clear()

    def settle(self, now_s: float) -> None:
        """What was to land late by now has landed: also what a late bundle holds that lands later still."""
        while due := sorted((late for late in self._late if late[0] <= now_s), key=lambda late: late[0]):
            self._late = [late for late in self._late if late[0] > now_s]
            for due_s, land in due:
                land(due_s)

    def handle(self, request: Request, now_s: float) -> Answer:
        if self._late:
            self.settle(now_s)
        if request.url.startswith(ENTRA_MOUNT):
            return self._sign_in(request, now_s)
        token = self.entra.known(_bearer(request), now_s)
        return self._serve(request, token, now_s)

    def terms_told(self) -> object:
        return self.terms

    def adjust(self, body: bytes, now_s: float) -> Answer:
        """Raises Unclear."""
        terms = merged(self.terms, body)
        try:
            for pem in terms.certificates:
                load(pem)
        except ValueError as error:
            raise Unclear(f"certificates: {error}") from None
        assign(self.terms, terms)
        self._space.people.hired_only = not self.terms.open_directory
        return Answer(response=told(self.terms))

    def happen(self, body: bytes, now_s: float) -> object:
        """Raises Unclear."""
        return [self._stage.happen(what, now_s) for what in happenings(body)]

    # ── the regular way ──────────────────────────────────────────────────────────────────────────

    def _serve(self, request: Request, token: Token | None, now_s: float, *, inside: bool = False) -> Answer:
        """One request to Graph, by itself or ``inside`` a bundle."""
        call = call_of(request, GRAPH_MOUNT)
        if call is None:
            return self._letters.graph_error(request, now_s, 404, "ResourceNotFound", "Resource not found.")
        if closed := self._refusals.still_closed(call, request, now_s):
            return closed
        fault = self._strike(call.operation, call.destination, token)
        answer = self._before(fault, call, request, token, now_s) if fault is not None else None
        if answer is None:
            answer = self._regular(call, request, token, now_s)
            answer = answer if fault is None else self._after(fault, answer, request, now_s)
        if answer.reset and inside:
            return self._letters.graph_error(request, now_s, 504, "GatewayTimeout", "The backend did not answer.")
        return answer

    def _regular(self, call: Call, request: Request, token: Token | None, now_s: float) -> Answer:
        if token is None:
            return self._refusals.unauthorised(request, now_s)
        if since := self.entra.grants.challenges(token):
            return self._refusals.unauthorised(request, now_s, challenge=since)
        if self.limited:
            waits_s = [self._limits.wait_s(limit, key, call.destination, now_s) for limit, key in call.limits]
            if any(waits_s):
                return self._refusals.throttled(call, request, now_s, str(max(waits_s)))
        return self._perform(call, request, token, now_s)

    def _perform(self, call: Call, request: Request, token: Token, now_s: float) -> Answer:
        """The answer of an operation; its effect has happened when this returns."""
        try:
            if call.operation == BATCH:
                return self._bundle(request, token, now_s)
            if call.operation.startswith("subscriptions."):
                return self._watching.perform(call, request, token, now_s)
            status, fields, more = self._graph.perform(call, request, token, now_s)
        except Refusal as refusal:
            return self._letters.graph_error(
                request, now_s, refusal.status, refusal.code, str(refusal), **refusal.headers
            )
        if fields is None:
            return Answer(response=Response(status=status, headers=self._letters.headers(request, now_s, **more)))
        return Answer(response=self._letters.json(request, now_s, status, fields, **more))

    def _bundle(self, request: Request, token: Token, now_s: float) -> Answer:
        """Each request of a bundle as if it had come alone. Raises Refusal for what is no bundle."""
        answers: dict[str, Answer | None] = {}
        for part in parts_of(request, GRAPH_MOUNT):
            answers[part.id] = self._part(part, answers, token, now_s)
        fields, delay_s = envelope(answers, self._dice)
        return Answer(response=self._letters.json(request, now_s, 200, fields), delay_s=delay_s)

    def _part(self, part: Part, earlier: dict[str, Answer | None], token: Token, now_s: float) -> Answer | None:
        """The answer of one request of a bundle; None: it was done, and nobody hears of it."""
        if part.wrong:
            return self._letters.graph_error(part.request, now_s, 400, "BadRequest", part.wrong)
        failed = (earlier[name] for name in part.depends)
        if any(answer is None or answer.response.status >= 400 for answer in failed):
            return self._failed_dependency(part, now_s)
        call = call_of(part.request, GRAPH_MOUNT) or Call("")
        fault = self._strike(call.operation, call.destination, token, INSIDE)
        fault = fault or self._strike(BATCH, call.destination, token, INSIDE)
        match fault.kind if fault is not None else "":
            case "batch_failed_dependency":
                return self._failed_dependency(part, now_s)
            case "batch_inner_throttled" if fault is not None:
                return self._refusals.throttled(call, part.request, now_s, fault.value)
        answer = self._serve(part.request, token, now_s, inside=True)
        return answer if fault is None else None

    def _failed_dependency(self, part: Part, now_s: float) -> Answer:
        message = "The request was not tried, because another one failed."
        return self._letters.graph_error(part.request, now_s, 424, "FailedDependency", message)

    def _sign_in(self, request: Request, now_s: float) -> Answer:
        """Entra's side."""
        operation, directory = asked_of(request)
        if not operation:
            return page(404)
        call = Call(operation, directory)
        if closed := self._refusals.still_closed(call, request, now_s):
            return closed
        fault = self._strike(operation, directory, None)
        before = self._before(fault, call, request, None, now_s) if fault is not None else None
        if before is not None:
            return before
        try:
            answer = Answer(response=self._desk.answer(operation, directory, request, now_s))
        except EntraRefusal as refusal:
            return self._letters.entra_error(request, now_s, refusal)
        return answer if fault is None else after(fault, answer)

    # ── faults ───────────────────────────────────────────────────────────────────────────────────

    def _strike(
        self,
        operation: str,
        destination: str,
        token: Token | None,
        only: frozenset[str] = STRIKES - INSIDE | FORGETTING,
    ) -> Fault | None:
        def strikes(fault: Fault) -> bool:
            proved = fault.kind == "claims_challenge" and token is not None and token.proved
            return fault.kind in only and concerns(fault.kind, operation) and not proved

        return self._faults.strike(operation, destination, strikes)

    def _before(self, fault: Fault, call: Call, request: Request, token: Token | None, now_s: float) -> Answer | None:
        """What strikes instead of the request; None for what strikes after it."""
        match fault.kind:
            case "reset_before_commit":
                return RESET
            case "late_commit":
                if token is not None and len(self._late) < PENDING_MAX:
                    self._late.append((now_s + float(fault.value), partial(self._perform, call, request, token)))
                return RESET
            case "status":
                return page(int(float(fault.value)))
            case "html":
                return page(500)
            case "batch_unsupported":
                return page(404)
            case "rate_limited":
                return self._refusals.throttled(call, request, now_s, fault.value)
            case "rate_limited_date":
                until = datetime.fromtimestamp(ceil(now_s + float(fault.value)), UTC)
                return self._refusals.throttled(call, request, now_s, format_datetime(until, usegmt=True))
            case "rate_limited_rearm":
                return self._refusals.close(call, request, now_s, float(fault.value))
            case "one_refused":
                self._graph.roster.spoilt = fault.value or "InternalServerError"
                return None
            case "keepalive_closed":
                more = {"connection": "close"} | ({"retry-after": fault.value} if fault.value else {})
                return self._letters.graph_error(request, now_s, 503, "ServiceUnavailable", "Use a new one.", **more)
            case "error":
                return self._refusals.error(fault.value, call, request, now_s)
            case "revoked":
                if call.operation in SIGNING_IN:
                    return self._refusals.error("invalid_client", call, request, now_s)
                return self._refusals.unauthorised(request, now_s)
            case "token_expired":
                self.entra.forget(_bearer(request))
                return self._refusals.unauthorised(request, now_s)
            case "claims_challenge":
                return self._refusals.unauthorised(request, now_s, challenge=int(now_s))
            case "forbidden_read":
                return self._letters.graph_error(request, now_s, 403, "Forbidden", "Missing scope permissions.")
            case "not_installed":
                return self._letters.graph_error(request, now_s, 403, "Forbidden", NEEDS_APP)
            case "delta_forgotten":
                status = int(fault.value or 410)
                return self._letters.graph_error(request, now_s, status, "syncStateNotFound", TOLD)
            case _:
                return None

    def _after(self, fault: Fault, answer: Answer, request: Request, now_s: float) -> Answer:
        """What strikes after the request was served as usual."""
        if fault.kind == "error_after_commit":
            return self._letters.graph_error(request, now_s, status_of(fault.value), fault.value, TOLD)
        return after(fault, answer)


def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ").strip()
