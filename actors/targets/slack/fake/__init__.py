"""A believable Slack workspace, in memory: documented limits, errors, block checks, history and metadata.

The token is ``xoxb-sandbox``; the app's client id and secret are ``sandbox``, and tokens got with them may do what
their scopes say. Every address at example.edu or example.org is a person but ``nobody@…``; any well-formed channel id
exists unless it contains 404, and the app is in it. ``methods`` holds the Web API, ``workspace`` what it remembers,
``door`` the page of consent, ``tokens`` who may speak, ``scopes`` what each method demands.

Faults (``Fault.operation`` is the method's name; ``Fault.destination`` the channel, or the address looked up):

    status                   HTTP ``value`` with an HTML page, nothing done
    html                     HTTP 500 with an HTML page, nothing done
    rate_limited             HTTP 429; ``value`` is the Retry-After header as it is, empty for none
    rate_limited_date        HTTP 429; Retry-After is the date in ``value`` seconds
    rate_limited_rearm       HTTP 429 to this method for ``value`` seconds; who asks too early starts the wait anew
    keepalive_closed         503 on a connection that is then closed; ``value`` is its Retry-After, empty for none
    error                    ok: false with error ``value``, nothing done
    token_expired            token_expired once, and the token used is no longer good (``xoxb-sandbox`` stays so)
    revoked                  ok: false with error ``value`` (default account_inactive)
    archived, kicked         is_archived (is_inactive to chat.update; conversations.info shows it) or not_in_channel,
                             for the methods that say so
    deleted                  channel_not_found, for the methods that name a channel
    reset_before_commit      connection reset, nothing done
    reset_after_commit       done, then a connection reset
    truncated_after_commit   done, half of the JSON answer
    error_after_commit       done, then ok: false with error ``value`` (default internal_error)
    status_after_commit      done, then HTTP ``value`` with an HTML page
    late_commit              connection reset; done ``value`` seconds later
    slow                     done, answered after ``value`` seconds
    trickle                  done, answered at once, the body in pieces over ``value`` seconds
    hangup                   served as usual, then the connection is closed without a word, and the next one finds out

Switches (while set, whatever ``times`` says):

    duplicate_client_msg_id  a repeated client_msg_id brings the first post again instead of a second one
    history_limited          conversations.history and .replies: 15 rows, once a minute

What Slack may do and this does not: to show nothing of a burst that it has accepted. It answers ok, with a channel and
a ts, and no client could tell; what keeps us from it is to post no faster than published.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

import msgspec

from actors.domain.flow import Request, Response
from actors.ports import Answer, Effect, Fault
from actors.ports.adjusting import assign, merged, told
from actors.ports.faults import Faults
from actors.targets.slack.fake.arguments import Arguments, Refusal, arguments_of, bearer, method_of
from actors.targets.slack.fake.door import AUTHORIZE, Door, identify
from actors.targets.slack.fake.happenings import happen, happenings
from actors.targets.slack.fake.kinds import ENDING, READING, SIGNING_IN, check, concerns
from actors.targets.slack.fake.kinds import STRIKES as STRIKES
from actors.targets.slack.fake.kinds import SWITCHES as SWITCHES
from actors.targets.slack.fake.limits import Limits
from actors.targets.slack.fake.methods import METHODS, Fields
from actors.targets.slack.fake.scopes import BY_HAND, demanded
from actors.targets.slack.fake.terms import Terms
from actors.targets.slack.fake.tokens import Access, Tokens, shown_team
from actors.targets.slack.fake.workspace import Workspace, ts_text

MOUNT = "/slack/api/"
PAGES = "/slack/oauth/"
LEAVING = frozenset({"auth.revoke", "apps.uninstall"})
SCARCE_ROWS = 15
PENDING_MAX = 10_000


class FakeSlack:
    """One workspace with one app installed; the app may be installed anew, also into other workspaces."""

    mounts: tuple[str, ...] = (MOUNT, PAGES)

    def __init__(self) -> None:
        self.limited = True
        self._space = Workspace()
        self.terms = Terms()
        self._tokens = Tokens(self.terms)
        self._door = Door(self._tokens, self._space)
        self._limits = Limits()
        self._closed: dict[str, tuple[float, float]] = {}
        self._faults = Faults(STRIKES | ENDING, SWITCHES)
        self._late: list[tuple[float, str, Arguments]] = []
        self._count = 0

    @property
    def journal(self) -> list[Effect]:
        return self._space.journal

    @journal.setter
    def journal(self, journal: list[Effect]) -> None:
        self._space.journal = journal

    def fault(self, fault: Fault) -> None:
        """Raises ValueError for an unknown kind or a value that is not what the kind needs."""
        check(fault)
        self._faults.add(fault)

    def clear_faults(self) -> None:
        self._faults.clear()
        self._closed.clear()

    def settle(self, now_s: float) -> None:
        """What was to land late by now has landed."""
        due = sorted((late for late in self._late if late[0] <= now_s), key=lambda late: late[0])
        self._late = [late for late in self._late if late[0] > now_s]
        for due_s, method, given in due:
            self._perform(method, given, due_s)

    def terms_told(self) -> object:
        return self.terms

    def adjust(self, body: bytes, now_s: float) -> Answer:
        """Raises Unclear."""
        assign(self.terms, merged(self.terms, body))
        return Answer(response=told(self.terms))

    def happen(self, body: bytes, now_s: float) -> object:
        """Raises Unclear."""
        return [happen(what, self._tokens, now_s) for what in happenings(body)]

    def handle(self, request: Request, now_s: float) -> Answer:
        if self._late:
            self.settle(now_s)
        if request.url.startswith(PAGES):
            return Answer(response=self._page(request, now_s))
        try:
            given = arguments_of(request)
        except Refusal as refusal:
            return self._answer(_refused(refusal))
        return self._handle(method_of(request.url, MOUNT), given, request, now_s)

    def _handle(self, method: str, given: Arguments, request: Request, now_s: float) -> Answer:
        where = given.text("channel") or given.text("email") or given.text("users")
        still = self._still_closed(method, now_s)
        if still is not None:
            return still
        fault = self._faults.strike(method, where, lambda each: concerns(each.kind, method))
        if fault is None:
            return self._regular(method, given, request, now_s)
        before = self._before(fault, given, method, request, now_s)
        if before is not None:
            return before
        return self._after(fault, self._regular(method, given, request, now_s))

    # ── faults ───────────────────────────────────────────────────────────────────────────────────

    def _before(self, fault: Fault, given: Arguments, method: str, request: Request, now_s: float) -> Answer | None:
        """What strikes instead of the request."""
        match fault.kind:
            case "reset_before_commit":
                return Answer(response=Response(status=0), reset=True)
            case "late_commit":
                if len(self._late) < PENDING_MAX:
                    self._late.append((now_s + float(fault.value), method, given))
                return Answer(response=Response(status=0), reset=True)
            case "status":
                return Answer(response=_page(int(float(fault.value))))
            case "html":
                return Answer(response=_page(500))
            case "rate_limited":
                return self._throttled("ratelimited", fault.value)
            case "rate_limited_date":
                until = datetime.fromtimestamp(math.ceil(now_s + float(fault.value)), UTC)
                return self._throttled("ratelimited", format_datetime(until, usegmt=True))
            case "rate_limited_rearm":
                wait_s = max(1.0, float(fault.value))
                self._closed[method] = (now_s + wait_s, wait_s)
                return self._still_closed(method, now_s)
            case "keepalive_closed":
                more = {"connection": "close"} | ({"retry-after": fault.value} if fault.value else {})
                return Answer(response=_page(503, more))
            case "error":
                more = {"needed": "chat:write", "provided": BY_HAND} if fault.value == "missing_scope" else {}
                return self._answer({"ok": False, "error": fault.value, **more})
            case "token_expired":
                self._tokens.expire_one(bearer(given, request), now_s)
                return self._answer({"ok": False, "error": "token_expired"})
            case "revoked":
                return self._answer({"ok": False, "error": fault.value or "account_inactive"})
            case "archived" if method == "conversations.info":
                seen = {"id": given.text("channel"), "name": given.text("channel").lower(), "is_archived": True}
                return self._answer({"ok": True, "channel": seen})
            case "archived":
                error = "is_inactive" if method == "chat.update" else "is_archived"
                return self._answer({"ok": False, "error": error})
            case "deleted":
                return self._answer({"ok": False, "error": "channel_not_found"})
            case "kicked":
                return self._answer({"ok": False, "error": "not_in_channel"})
            case _:
                return None

    def _after(self, fault: Fault, answer: Answer) -> Answer:
        """What strikes after the request was served as usual."""
        response = answer.response
        match fault.kind:
            case "reset_after_commit":
                return Answer(response=Response(status=0), reset=True)
            case "truncated_after_commit":
                half = msgspec.structs.replace(response, body=response.body[: len(response.body) // 2])
                return Answer(response=half)
            case "error_after_commit":
                return self._answer({"ok": False, "error": fault.value or "internal_error"})
            case "status_after_commit":
                return Answer(response=_page(int(float(fault.value))))
            case "slow":
                return msgspec.structs.replace(answer, delay_s=float(fault.value))
            case "trickle":
                return msgspec.structs.replace(answer, body_s=float(fault.value))
            case "hangup":
                return msgspec.structs.replace(answer, hangup=True)
            case _:
                raise AssertionError(fault.kind)

    # ── the regular way ──────────────────────────────────────────────────────────────────────────

    def _page(self, request: Request, now_s: float) -> Response:
        if request.url.partition("?")[0] == AUTHORIZE and request.method in ("GET", "POST"):
            return self._door.page(request, now_s)
        return _page(404)

    def _regular(self, method: str, given: Arguments, request: Request, now_s: float) -> Answer:
        try:
            return self._served(method, given, request, now_s)
        except Refusal as refusal:
            return self._answer(_refused(refusal))

    def _served(self, method: str, given: Arguments, request: Request, now_s: float) -> Answer:
        """Raises Refusal for who may not speak."""
        if method in SIGNING_IN:
            throttled = self._limit(method, given, now_s, None) if self.limited else None
            give = self._door.access if method == "oauth.v2.access" else self._door.exchange
            return throttled or self._answer({"ok": True, **give(given, request, now_s)})
        if method not in METHODS and method not in LEAVING:
            return self._answer({"ok": False, "error": "unknown_method", "req_method": method})
        token = bearer(given, request)
        access = self._tokens.speaker(token, now_s)
        scopes = ",".join(access.holder.scopes)
        needed = demanded(method, given)
        if needed and not any(each in access.holder.scopes for each in needed):
            return self._answer(
                {"ok": False, "error": "missing_scope", "needed": needed[0], "provided": scopes}, scopes=scopes
            )
        scarce = method in READING and self._faults.switched("history_limited") is not None
        if scarce:
            rows = min(given.whole("limit", SCARCE_ROWS, "invalid_limit"), SCARCE_ROWS)
            given = Arguments(given.given | {"limit": rows}, given.form)
        if self.limited:
            throttled = self._limit(method, given, now_s, 1 if scarce else None)
            if throttled is not None:
                return throttled
        if method in LEAVING:
            return self._answer({"ok": True, **self._leave(method, token, given, request)}, scopes=scopes)
        fields = self._perform(method, given, now_s)
        return self._answer(fields | _who(access) if method == "auth.test" else fields, scopes=scopes)

    def _leave(self, method: str, token: str, given: Arguments, request: Request) -> Fields:
        if method == "auth.revoke":
            if not given.flag("test"):
                self._tokens.revoke(token)
            return {"revoked": not given.flag("test")}
        identify(given, request)
        self._tokens.uninstall(self._tokens.known(token).holder.team)
        return {}

    def _limit(self, method: str, given: Arguments, now_s: float, per_minute: int | None) -> Answer | None:
        if method == "chat.postMessage":
            wait_s = self._limits.of_channel(given.text("channel"), now_s)
            if wait_s:
                return self._throttled("rate_limited", str(wait_s))
        wait_s = self._limits.of_method(method, now_s, per_minute)
        return self._throttled("ratelimited", str(wait_s)) if wait_s else None

    def _perform(self, method: str, given: Arguments, now_s: float) -> Fields:
        """The answer of a method; its effect has happened when this returns."""
        try:
            if method == "chat.postMessage" and self._faults.switched("duplicate_client_msg_id"):
                again = self._duplicate(given)
                if again is not None:
                    return again
            return {"ok": True, **METHODS[method](self._space, given, now_s)}
        except Refusal as refusal:
            return _refused(refusal)

    def _duplicate(self, given: Arguments) -> Fields | None:
        name, channel = self._space.channel(given.text("channel"))
        stamp_us = channel.client_ids.get(given.text("client_msg_id"))
        if stamp_us is None:
            return None
        if stamp_us not in channel.posts:
            return {"ok": False, "error": "duplicate_message_not_found"}
        message = msgspec.Raw(channel.posts[stamp_us].body)
        return {"ok": True, "channel": name, "ts": ts_text(stamp_us), "is_duplicate": True, "message": message}

    def _still_closed(self, method: str, now_s: float) -> Answer | None:
        """The refusal of whoever asks too early after ``rate_limited_rearm``."""
        until_s, wait_s = self._closed.get(method, (now_s, 0.0))
        if now_s >= until_s:
            self._closed.pop(method, None)
            return None
        self._closed[method] = (now_s + wait_s, wait_s)
        return self._throttled("ratelimited", str(math.ceil(wait_s)))

    def _throttled(self, error: str, retry_after: str) -> Answer:
        answer = self._answer({"ok": False, "error": error}, status=429)
        if not retry_after:
            return answer
        headers = {**answer.response.headers, "retry-after": retry_after}
        return Answer(response=msgspec.structs.replace(answer.response, headers=headers))

    def _answer(self, fields: Fields, status: int = 200, scopes: str = "") -> Answer:
        self._count += 1
        headers = {"content-type": "application/json; charset=utf-8", "x-slack-req-id": f"{self._count:032x}"}
        if scopes:
            headers["x-oauth-scopes"] = scopes
        return Answer(response=Response(status=status, headers=headers, body=msgspec.json.encode(fields)))


def _who(access: Access) -> Fields:
    """What ``auth.test`` says of who asks."""
    holder = access.holder
    person: Fields = {"user_id": holder.user, "user": "person", "bot_id": None} if holder.user else {}
    return {"team_id": shown_team(holder), **person}


def _refused(refusal: Refusal) -> Fields:
    return {"ok": False, "error": refusal.error, **refusal.fields}


def _page(status: int, more: Mapping[str, str] | None = None) -> Response:
    """What stands before Slack answers when Slack does not."""
    body = f"<!DOCTYPE html><html><body><h1>{status}</h1><p>Something went wrong on our end.</p></body></html>"
    return Response(
        status=status, headers={"content-type": "text/html; charset=utf-8", **(more or {})}, body=body.encode()
    )
