"""A believable Slack workspace, in memory: documented limits, errors, block checks, history and metadata.

The token is ``xoxb-sandbox``; the app's client id and secret are ``sandbox``, and tokens got with them may do what
their scopes say. Every address at example.edu or example.org is a person but ``nobody@…``; any well-formed channel id
exists unless it contains 404, and the app is in it. ``methods`` holds the Web API, ``workspace`` what it remembers,
``door`` the page of consent, ``tokens`` who may speak, ``scopes`` what each method demands, ``happenings`` what
operators let happen, ``feed`` and ``lines`` what Slack tells by itself: posted and signed with
``sandbox-signing-secret``, or over sockets that ``xapp-sandbox`` opens. Who is in which channel and user group is in
``rooms``; ``inviting`` and ``grouping`` are the methods about it.

Faults (``Fault.operation`` is the method's name; ``Fault.destination`` the channel, the user group, the address looked
up, or the name of what is made):

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

To what Slack sends by itself (``events.send``, ``interactivity.send``; destination is the event's type):

    lost                     never sent
    duplicate                sent twice, with one event_id
    out_of_order             sent ``value`` seconds later (default 5), behind what happens meanwhile
    bad_signature, stale     signed with another secret, or 400 s ago; sent once

Switches (while set, whatever ``times`` says):

    duplicate_client_msg_id  a repeated client_msg_id brings the first post again instead of a second one
    history_limited          conversations.history and .replies: 15 rows, once a minute

What Slack may do and this does not: to show nothing of a burst that it has accepted. It answers ok, with a channel and
a ts, and no client could tell; what keeps us from it is to post no faster than published.
"""

from urllib.parse import parse_qsl

import msgspec

from actors.domain.flow import Request, Response
from actors.ports import Answer, Effect, Fault
from actors.ports.adjusting import assign, merged, refused, told
from actors.ports.faults import Faults
from actors.ports.sendings import Line
from actors.targets.slack.fake.arguments import Arguments, Refusal, arguments_of, bearer, method_of
from actors.targets.slack.fake.door import AUTHORIZE, Door, identify
from actors.targets.slack.fake.feed import Feed
from actors.targets.slack.fake.happenings import Stage, happenings
from actors.targets.slack.fake.kinds import ENDING, READING, SENDING, SIGNING_IN, check, concerns
from actors.targets.slack.fake.kinds import STRIKES as STRIKES
from actors.targets.slack.fake.kinds import SWITCHES as SWITCHES
from actors.targets.slack.fake.limits import Limits
from actors.targets.slack.fake.lines import LINK
from actors.targets.slack.fake.looking import ADDRESSES, SHOWING, without_addresses
from actors.targets.slack.fake.methods import METHODS, Fields
from actors.targets.slack.fake.replies import Letterhead, page
from actors.targets.slack.fake.scopes import demanded
from actors.targets.slack.fake.strikes import Strikes
from actors.targets.slack.fake.terms import Terms, addressed
from actors.targets.slack.fake.tokens import APP_TOKEN, Access, Tokens, shown_team
from actors.targets.slack.fake.workspace import Workspace, ts_text

MOUNT = "/slack/api/"
PAGES = "/slack/oauth/"
LEAVING = frozenset({"auth.revoke", "apps.uninstall"})
DIAL = "apps.connections.open"
SCARCE_ROWS = 15
NAMING = ("channel", "usergroup", "email", "users", "name")
"""What a fault's destination is compared with: the first that is given."""


class FakeSlack:
    """One workspace with one app installed; the app may be installed anew, also into other workspaces."""

    mounts: tuple[str, ...] = (MOUNT, PAGES, LINK)

    def __init__(self) -> None:
        self.limited = True
        self.terms = Terms()
        self.space = self._space = Workspace(self.terms)
        self._tokens = Tokens(self.terms)
        self._door = Door(self._tokens, self._space)
        self._limits = Limits()
        self._letters = Letterhead()
        self._strikes = Strikes(self._letters, self._tokens)
        self._faults = Faults(STRIKES | ENDING | SENDING, SWITCHES)
        self._feed = Feed(self.terms, self._faults)
        self._stage = Stage(self._tokens, self._space, self._feed)
        self.tray = self._feed.tray

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
        self._strikes.clear()

    def settle(self, now_s: float) -> None:
        """What was to land late by now has landed."""
        due = sorted((late for late in self._strikes.late if late[0] <= now_s), key=lambda late: late[0])
        self._strikes.late = [late for late in self._strikes.late if late[0] > now_s]
        for due_s, method, given in due:
            self._perform(method, given, due_s)

    def terms_told(self) -> object:
        return self.terms

    def adjust(self, body: bytes, now_s: float) -> Answer:
        """Every new address for events has to answer a challenge. Raises Unclear."""
        terms = merged(self.terms, body)
        new = [each for each in addressed(terms) if each[0] not in dict(addressed(self.terms))]
        return self._asked(terms, new, now_s)

    def _asked(self, terms: Terms, new: list[tuple[str, str]], now_s: float) -> Answer:
        """The terms, once all of these have answered, one after the other: (address, the secret it knows)."""
        if not new:
            return self._adjusted(terms)

        def then(wrong: str, at_s: float) -> Answer:
            return Answer(response=refused("events_url", wrong)) if wrong else self._asked(terms, new[1:], at_s)

        silent = refused("events_url", "nobody asked it")
        return Answer(response=silent, errand=self._feed.handshake(*new[0], now_s, then))

    def _adjusted(self, terms: Terms) -> Answer:
        assign(self.terms, terms)
        return Answer(response=told(self.terms))

    def happen(self, body: bytes, now_s: float) -> object:
        """Raises Unclear."""
        return [self._stage.happen(what, now_s) for what in happenings(body)]

    def connect(self, url: str, now_s: float) -> Line | None:
        """A WebSocket of the app's, at the address that ``apps.connections.open`` gave."""
        address, _, query = url.partition("?")
        return self._feed.lines.connect(dict(parse_qsl(query)).get("ticket", ""), now_s) if address == LINK else None

    def handle(self, request: Request, now_s: float) -> Answer:
        if self._strikes.late:
            self.settle(now_s)
        if not request.url.startswith(MOUNT):
            return Answer(response=self._page(request, now_s))
        try:
            given = arguments_of(request)
        except Refusal as refusal:
            return self._letters.answer(_refused(refusal))
        return self._handle(method_of(request.url, MOUNT), given, request, now_s)

    def _handle(self, method: str, given: Arguments, request: Request, now_s: float) -> Answer:
        where = next((value for name in NAMING if (value := given.text(name))), "")
        still = self._strikes.still_closed(method, now_s)
        if still is not None:
            return still
        fault = self._faults.strike(method, where, lambda each: concerns(each.kind, method))
        if fault is None:
            return self._regular(method, given, request, now_s)
        before = self._strikes.before(fault, given, method, request, now_s)
        if before is not None:
            return before
        return self._strikes.after(fault, self._regular(method, given, request, now_s))

    # ── the regular way ──────────────────────────────────────────────────────────────────────────

    def _page(self, request: Request, now_s: float) -> Response:
        if request.url.partition("?")[0] == AUTHORIZE and request.method in ("GET", "POST"):
            return self._door.page(request, now_s)
        return page(404)

    def _regular(self, method: str, given: Arguments, request: Request, now_s: float) -> Answer:
        try:
            return self._served(method, given, request, now_s)
        except Refusal as refusal:
            return self._letters.answer(_refused(refusal))

    def _served(self, method: str, given: Arguments, request: Request, now_s: float) -> Answer:
        """Raises Refusal for who may not speak."""
        if method in SIGNING_IN:
            throttled = self._limit(method, given, now_s, None) if self.limited else None
            give = self._door.access if method == "oauth.v2.access" else self._door.exchange
            return throttled or self._letters.answer({"ok": True, **give(given, request, now_s)})
        if method not in METHODS and method not in LEAVING and method != DIAL:
            return self._letters.answer({"ok": False, "error": "unknown_method", "req_method": method})
        token = bearer(given, request)
        if (method == DIAL) != (token == APP_TOKEN) and token:
            raise Refusal("not_allowed_token_type" if token.startswith("xox") or token == APP_TOKEN else "invalid_auth")
        if method == DIAL and token:
            return self._dialled(request, now_s)
        access = self._tokens.speaker(token, now_s)
        scopes = ",".join(access.holder.scopes)
        needed = demanded(method, given)
        if needed and not any(each in access.holder.scopes for each in needed):
            return self._letters.answer(
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
            return self._letters.answer(
                {"ok": True, **self._leave(method, token, given, request, now_s)}, scopes=scopes
            )
        fields = self._perform(method, given, now_s)
        if method in SHOWING and ADDRESSES not in access.holder.scopes:
            fields = without_addresses(fields)
        return self._letters.answer(fields | _who(access) if method == "auth.test" else fields, scopes=scopes)

    def _dialled(self, request: Request, now_s: float) -> Answer:
        wait_s = self._limits.of_method(DIAL, now_s) if self.limited else 0
        if wait_s:
            return self._letters.throttled("ratelimited", str(wait_s))
        secure = request.headers.get("x-forwarded-proto") == "https"
        url = self._feed.lines.dial(request.headers.get("host", "sandbox.test"), secure, now_s)
        return self._letters.answer({"ok": True, "url": url}, scopes="connections:write")

    def _leave(self, method: str, token: str, given: Arguments, request: Request, now_s: float) -> Fields:
        if method == "auth.revoke":
            if given.flag("test"):
                return {"revoked": False}
            holder = self._tokens.revoke(token)
            if holder.gone:
                self._stage.ended(holder, now_s)
            return {"revoked": True}
        identify(given, request)
        self._stage.uninstalled(self._tokens.uninstall(self._tokens.known(token).holder.team), now_s)
        return {}

    def _limit(self, method: str, given: Arguments, now_s: float, per_minute: int | None) -> Answer | None:
        if method == "chat.postMessage":
            wait_s = self._limits.of_channel(given.text("channel"), now_s)
            if wait_s:
                return self._letters.throttled("rate_limited", str(wait_s))
        wait_s = self._limits.of_method(method, now_s, per_minute)
        return self._letters.throttled("ratelimited", str(wait_s)) if wait_s else None

    def _perform(self, method: str, given: Arguments, now_s: float) -> Fields:
        """The answer of a method; its effect has happened when this returns."""
        try:
            if method == "chat.postMessage" and self._faults.switched("duplicate_client_msg_id"):
                again = self._duplicate(given)
                if again is not None:
                    return again
            done = {"ok": True, **METHODS[method](self._space, given, now_s)}
        except Refusal as refusal:
            return _refused(refusal)
        self._stage.told(now_s)
        return done

    def _duplicate(self, given: Arguments) -> Fields | None:
        name, channel = self._space.channel(given.text("channel"))
        stamp_us = channel.client_ids.get(given.text("client_msg_id"))
        if stamp_us is None:
            return None
        if stamp_us not in channel.posts:
            return {"ok": False, "error": "duplicate_message_not_found"}
        message = msgspec.Raw(channel.posts[stamp_us].body)
        return {"ok": True, "channel": name, "ts": ts_text(stamp_us), "is_duplicate": True, "message": message}


def _who(access: Access) -> Fields:
    """What ``auth.test`` says of who asks."""
    holder = access.holder
    person: Fields = {"user_id": holder.user, "user": "person", "bot_id": None} if holder.user else {}
    return {"team_id": shown_team(holder), **person}


def _refused(refusal: Refusal) -> Fields:
    return {"ok": False, "error": refusal.error, **refusal.fields}
