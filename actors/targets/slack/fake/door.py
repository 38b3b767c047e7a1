"""The page on which somebody lets the app into a workspace, the codes it gives, and the methods that take them.

``/slack/oauth/v2/authorize`` shows it. Whoever presses Allow is ``user`` in ``team``; both can be typed there. Codes
serve once.
"""

import base64
import re
from collections import OrderedDict

import msgspec

from actors.domain.flow import Request, Response
from actors.ports.consenting import CHALLENGE, Asking, asked, form_of, may_return, proves, query_of, said, sent_back
from actors.targets.slack.fake.arguments import Arguments, Refusal, bearer
from actors.targets.slack.fake.tokens import CLIENT, SECRET, Holder, Pair, Tokens, bot_of
from actors.targets.slack.fake.workspace import TEAM, Workspace

AUTHORIZE = "/slack/oauth/v2/authorize"
ADMIN = "admin@example.edu"
CODES_MAX = 10_000
Fields = dict[str, object]
_TEAM = re.compile(r"T[A-Z0-9]{8,20}", re.ASCII)
_SCOPE = re.compile(r"[a-z][a-z._-]*(?::[a-z][a-z._]*)*", re.ASCII)


class Code(msgspec.Struct, frozen=True):
    """What a code stands for."""

    team: str
    user: str
    scopes: tuple[str, ...]
    user_scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str
    ends_s: float


class Door:
    """Lets apps in."""

    def __init__(self, tokens: Tokens, space: Workspace) -> None:
        self._tokens = tokens
        self._space = space
        self._codes: OrderedDict[str, Code] = OrderedDict()
        self._count = 0

    # ── the page ─────────────────────────────────────────────────────────────────────────────────

    def page(self, request: Request, now_s: float) -> Response:
        """GET shows it; POST, with the same parameters and a decision, goes back to where the request came from."""
        given = form_of(request) if request.method == "POST" else query_of(request)
        wrong = self._wrong(given)
        if wrong:
            return said(400, "Something is wrong with this request", wrong)
        if request.method != "POST":
            return self._shown(given)
        address = given.get("redirect_uri") or self._tokens.terms.redirect_urls[0]
        state = given.get("state", "")
        if given.get("decision") != "allow":
            return sent_back(address, error="access_denied", state=state)
        try:
            code = self._code(given, now_s)
        except Refusal as refusal:
            return said(400, "Something is wrong with this request", refusal.error)
        return sent_back(address, code=code, state=state)

    def _wrong(self, given: dict[str, str]) -> str:
        """What makes the request one that nobody is sent back from; empty if nothing does."""
        if given.get("client_id") != CLIENT:
            return "invalid_client_id"
        registered, address = self._tokens.terms.redirect_urls, given.get("redirect_uri", "")
        if not may_return(address, registered, below=True) and (address or not registered):
            return "bad_redirect_uri: it did not match any configured URIs"
        scopes = [*_listed(given, "scope"), *_listed(given, "user_scope")]
        if not scopes:
            return "no_scopes"
        if bad := [each for each in scopes if not _SCOPE.fullmatch(each)]:
            return f"invalid_scope: {', '.join(bad)[:200]}"
        challenge = given.get("code_challenge", "")
        if challenge and not self._tokens.terms.pkce:
            return "pkce_not_allowed"
        if challenge and not (CHALLENGE.fullmatch(challenge) and given.get("code_challenge_method") == "S256"):
            return "invalid_code_challenge: the method is S256"
        return ""

    def _shown(self, given: dict[str, str]) -> Response:
        wants = [*_listed(given, "scope"), *(f"{each} (on your behalf)" for each in _listed(given, "user_scope"))]
        typed = {
            "team": ("Workspace", given.get("team") or TEAM),
            "user": ("Signed in as", given.get("user") or ADMIN),
        }
        hidden = {name: text for name, text in given.items() if name not in ("team", "user", "decision")}
        return asked(
            Asking(
                title="lmsyncd is requesting permission to access the Sandbox workspace",
                wants=wants,
                action=AUTHORIZE,
                hidden=hidden,
                typed=typed,
            )
        )

    def _code(self, given: dict[str, str], now_s: float) -> str:
        """Raises Refusal where nobody of this name is in a workspace of this id."""
        team = given.get("team") or TEAM
        if not _TEAM.fullmatch(team) or "404" in team:
            raise Refusal("team_not_found")
        self._count += 1
        code = f"sandbox-code-{self._count:08x}{round(now_s * 1e6):016x}"
        self._codes[code] = Code(
            team=team,
            user=self._space.person(given.get("user") or ADMIN),
            scopes=_listed(given, "scope"),
            user_scopes=_listed(given, "user_scope"),
            redirect_uri=given.get("redirect_uri", ""),
            challenge=given.get("code_challenge", ""),
            ends_s=now_s + self._tokens.terms.code_life_s,
        )
        if len(self._codes) > CODES_MAX:
            self._codes.popitem(last=False)
        return code

    # ── the methods ──────────────────────────────────────────────────────────────────────────────

    def access(self, given: Arguments, request: Request, now_s: float) -> Fields:
        """``oauth.v2.access``: a code, or a refresh token, for tokens."""
        kind = given.text("grant_type") or ("refresh_token" if given.text("refresh_token") else "authorization_code")
        match kind:
            case "authorization_code":
                return self._redeem(given, request, now_s)
            case "refresh_token":
                identify(given, request)
                holder, pair = self._tokens.refresh(given.text("refresh_token"), now_s)
                return _given(holder, pair)
            case _:
                raise Refusal("invalid_grant_type")

    def exchange(self, given: Arguments, request: Request, now_s: float) -> Fields:
        """``oauth.v2.exchange``: a token without end for a pair that rotates."""
        identify(given, request)
        holder, pair = self._tokens.exchange(bearer(given, request), now_s)
        return _given(holder, pair)

    def _redeem(self, given: Arguments, request: Request, now_s: float) -> Fields:
        code = self._codes.get(given.text("code"))
        verifier = given.text("code_verifier")
        if not (code is not None and code.challenge and not _secret(given, request)):
            identify(given, request)  # a public client proves itself by what only it can know
        elif given.text("client_id") != CLIENT:
            raise Refusal("invalid_client_id")
        if code is None or now_s >= code.ends_s:
            raise Refusal("invalid_code")
        if given.text("redirect_uri") != code.redirect_uri:
            raise Refusal("bad_redirect_uri")
        if verifier and not self._tokens.terms.pkce:
            raise Refusal("pkce_not_allowed")
        if (code.challenge or verifier) and not proves(code.challenge, verifier):
            raise Refusal("invalid_code_verifier")
        del self._codes[given.text("code")]
        return self._installed(code, now_s)

    def _installed(self, code: Code, now_s: float) -> Fields:
        answer: Fields = {}
        person: Fields = {"id": code.user}
        if code.scopes:
            pair = self._tokens.install(code.team, "", code.scopes, now_s)
            answer = _given(self._tokens.holder(code.team, ""), pair)
        if code.user_scopes:
            pair = self._tokens.install(code.team, code.user, code.user_scopes, now_s)
            holder = self._tokens.holder(code.team, code.user)
            person |= _secret_of(holder, pair, "user")
            answer = answer or bot_of(holder)
        return answer | {"authed_user": person}


def identify(given: Arguments, request: Request) -> None:
    """Raises Refusal unless the request proves to come from the app."""
    client, secret = given.text("client_id"), _secret(given, request)
    basic = _basic(request)
    if basic is not None:
        client = basic[0]
    if client != CLIENT:
        raise Refusal("invalid_client_id")
    if secret != SECRET:
        raise Refusal("bad_client_secret")


def _secret(given: Arguments, request: Request) -> str:
    basic = _basic(request)
    return basic[1] if basic is not None else given.text("client_secret")


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.casefold() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise Refusal("invalid_client_id") from None
    return client, secret


def _given(holder: Holder, pair: Pair) -> Fields:
    if holder.user:  # a person's token by itself comes as the bot's does, with another type
        return _secret_of(holder, pair, "user") | {"user_id": holder.user} | bot_of(holder)
    return _secret_of(holder, pair, "bot") | bot_of(holder)


def _secret_of(holder: Holder, pair: Pair, kind: str) -> Fields:
    fields: Fields = {"access_token": pair.access, "token_type": kind, "scope": ",".join(holder.scopes)}
    if pair.refresh:
        fields |= {"refresh_token": pair.refresh, "expires_in": round(pair.life_s)}
    return fields


def _listed(given: dict[str, str], name: str) -> tuple[str, ...]:
    """Scopes come with commas; with blanks they are taken, too."""
    return tuple(dict.fromkeys(each for each in re.split(r"[,\s]+", given.get(name, "")) if each))
