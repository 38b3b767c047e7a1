"""Canvas's developer key: the page on which somebody authorises it, the codes that gives, the tokens they bring.

A token that was asked for with scopes may do what they name. A refresh brings no newer refresh token: the first one
stays. Whoever deletes a token deletes its authorisation with it.
"""

from collections import OrderedDict
from typing import Annotated, assert_never

import msgspec

from actors.domain.flow import Request, Response
from actors.ports.adjusting import read
from actors.ports.consenting import CHALLENGE, Asking, asked, form_of, may_return, proves, query_of, said, sent_back

PAGE = "/canvas/login/oauth2/auth"
CLIENT = SECRET = "sandbox"  # noqa: S105 - the sandbox's public credential
REFRESH_TOKEN = "refresh-sandbox"  # noqa: S105 - the sandbox's public credential
KEPT_MAX = 10_000
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
_URL = "url:GET|/api/v1/"
SCOPES = {
    "self": "users/:id",
    "users": "accounts/:account_id/users",
    "courses": "accounts/:account_id/courses",
    "course": "courses/:id",
    "course_users": "courses/:course_id/users",
    "enrolments": "courses/:course_id/enrollments",
    "assignments": "courses/:course_id/assignments",
    "overrides": "courses/:course_id/assignments/:assignment_id/overrides",
    "groups": "courses/:course_id/groups",
    "group_users": "groups/:group_id/users",
    "submissions": "courses/:course_id/students/submissions",
    "completions": "courses/:course_id/bulk_user_progress",
}


class Terms(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How the key is set up. Times are seconds."""

    token_life_s: Seconds = 3_600.0
    code_life_s: Seconds = 600.0
    redirect_urls: list[str] = []
    """Where browsers may be sent back to, exactly; none: anywhere."""


class _Do(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """What every happening is."""


class ExpireTokens(_Do, frozen=True, kw_only=True, tag="expire_tokens"):
    """All issued access tokens end."""


class RevokeTokens(_Do, frozen=True, kw_only=True, tag="revoke_tokens"):
    """Somebody takes all authorisations away; ``canvas-sandbox`` and ``refresh-sandbox`` serve on."""


AnyDo = ExpireTokens | RevokeTokens


class Authorisation(msgspec.Struct):
    """``scopes`` empty: everything."""

    scopes: tuple[str, ...] = ()
    gone: bool = False


class Issued(msgspec.Struct, frozen=True):
    """An access token."""

    ends_s: float
    authorisation: Authorisation


class Code(msgspec.Struct, frozen=True):
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str
    ends_s: float


class DeveloperKey:
    """One key's authorisations."""

    def __init__(self) -> None:
        self.terms = Terms()
        self._issued: OrderedDict[str, Issued] = OrderedDict()
        self._refreshes: OrderedDict[str, Authorisation] = OrderedDict({REFRESH_TOKEN: Authorisation()})
        self._codes: OrderedDict[str, Code] = OrderedDict()
        self._count = 0

    def knows(self, token: str, now_s: float) -> bool:
        issued = self._issued.get(token)
        return issued is not None and now_s < issued.ends_s and not issued.authorisation.gone

    def may(self, token: str, operation: str) -> bool:
        """Whether a token's scopes name what is asked."""
        issued = self._issued.get(token)
        if issued is None or not issued.authorisation.scopes:
            return True
        return f"{_URL}{SCOPES.get(operation, '')}" in issued.authorisation.scopes

    def expire(self) -> None:
        """All issued tokens end now."""
        self._issued.clear()

    def happen(self, body: bytes) -> list[object]:
        """Raises Unclear."""
        became: list[object] = []
        happenings: list[AnyDo] = read(body, AnyDo)
        for what in happenings:
            match what:
                case ExpireTokens():
                    became.append({"ended": len(self._issued)})
                    self.expire()
                case RevokeTokens():
                    gone = [name for name in self._refreshes if name != REFRESH_TOKEN]
                    for name in gone:
                        self._refreshes.pop(name).gone = True
                    became.append({"ended": len(gone)})
                case _ as never:
                    assert_never(never)
        return became

    # ── the page ─────────────────────────────────────────────────────────────────────────────────

    def page(self, request: Request, now_s: float) -> Response:
        """GET shows it; POST, with the same parameters and a decision, goes back to where the request came from."""
        given = form_of(request) if request.method == "POST" else query_of(request)
        if given.get("client_id") != CLIENT:
            return said(401, "Invalid client", "unknown client")
        back = given.get("redirect_uri", "")
        if not may_return(back, self.terms.redirect_urls, below=False):
            return said(400, "Invalid request", "redirect_uri does not match client settings")
        state, challenge = given.get("state", ""), given.get("code_challenge", "")
        if given.get("response_type") != "code":
            return sent_back(back, error="unsupported_response_type", state=state)
        if challenge and not (CHALLENGE.fullmatch(challenge) and given.get("code_challenge_method") == "S256"):
            return sent_back(back, error="invalid_request", error_description="code_challenge_method", state=state)
        scopes = tuple(given.get("scope", "").split())
        if unknown := [each for each in scopes if not each.startswith("url:")]:
            detail = f"A requested scope is invalid, unknown, malformed: {unknown[0][:100]}"
            return sent_back(back, error="invalid_scope", error_description=detail, state=state)
        if request.method != "POST":
            hidden = {name: text for name, text in given.items() if name != "decision"}
            wants = scopes or ("everything that you may do",)
            return asked(Asking(title="lmsyncd is requesting access", wants=wants, action=PAGE, hidden=hidden))
        if given.get("decision") != "allow":
            return sent_back(back, error="access_denied", state=state)
        self._count += 1
        code = f"canvas-code-{self._count:08x}{round(now_s * 1e6):016x}"
        self._codes[code] = Code(scopes, back, challenge, now_s + self.terms.code_life_s)
        _bound(self._codes)
        return sent_back(back, code=code, state=state)

    # ── tokens ───────────────────────────────────────────────────────────────────────────────────

    def token(self, request: Request, now_s: float) -> Response:
        """POST brings one, DELETE takes it and its authorisation away."""
        if request.method == "DELETE":
            return self._taken_away(request, now_s)
        form = form_of(request)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return _refused("invalid_client", "unknown client", 401)
        match form.get("grant_type"):
            case "authorization_code":
                return self._redeemed(form, now_s)
            case "refresh_token":
                authorisation = self._refreshes.get(form.get("refresh_token", ""))
                if authorisation is None:
                    return _refused("invalid_grant", "refresh_token not found")
                return _json(self._given(authorisation, now_s))
            case _:
                return _refused("unsupported_grant_type", "The grant_type you requested is not currently supported")

    def _redeemed(self, form: dict[str, str], now_s: float) -> Response:
        code = self._codes.get(form.get("code", ""))
        if code is None or now_s >= code.ends_s:
            return _refused("invalid_grant", "authorization_code not found")
        if form.get("redirect_uri", "") != code.redirect_uri:
            return _refused("invalid_grant", "incorrect redirect_uri")
        verifier = form.get("code_verifier", "")
        if code.challenge and not proves(code.challenge, verifier):
            return _refused("invalid_grant", "incorrect code_verifier")
        del self._codes[form["code"]]
        authorisation = Authorisation(code.scopes)
        given = self._given(authorisation, now_s)
        refresh = given["refresh_token"] = f"canvas-refresh-{self._count:08x}{round(now_s * 1e6):016x}"
        self._refreshes[refresh] = authorisation
        if len(self._refreshes) > KEPT_MAX:
            del self._refreshes[list(self._refreshes)[1]]
        return _json(given)

    def _given(self, authorisation: Authorisation, now_s: float) -> dict[str, object]:
        self._count += 1
        token = f"canvas-access-{self._count:08x}{round(now_s * 1e6):016x}"
        self._issued[token] = Issued(now_s + self.terms.token_life_s, authorisation)
        _bound(self._issued)
        life_s = round(self.terms.token_life_s)
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": life_s,
            "user": {"id": 1, "name": "Sync", "global_id": "70000000000001", "effective_locale": "en"},
        }

    def _taken_away(self, request: Request, now_s: float) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not self.knows(token, now_s):
            return _refused("invalid_token", "Invalid access token.", 401)
        gone = self._issued[token].authorisation
        if gone is not self._refreshes[REFRESH_TOKEN]:
            gone.gone = True
            kept = {name: each for name, each in self._refreshes.items() if each is not gone}
            self._refreshes = OrderedDict(kept)
        self._issued.pop(token)
        return _json({})


def _bound(kept: OrderedDict[str, Issued] | OrderedDict[str, Code]) -> None:
    if len(kept) > KEPT_MAX:
        kept.popitem(last=False)


def _refused(error: str, detail: str, status: int = 400) -> Response:
    return _json({"error": error, "error_description": detail}, status)


def _json(body: object, status: int = 200) -> Response:
    headers = {"content-type": "application/json; charset=utf-8"}
    return Response(status=status, headers=headers, body=msgspec.json.encode(body))
