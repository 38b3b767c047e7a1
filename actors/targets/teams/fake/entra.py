"""Entra's token endpoint, as far as a confidential client needs it.

The client is ``sandbox``, its secret ``sandbox``; any well-formed assertion of that client is taken (nobody checks
its signature, since the sandbox has no registered certificate). The first refresh token is ``sandbox-refresh``.
"""

import base64
import re
from collections import OrderedDict
from urllib.parse import parse_qsl

import msgspec

from actors.domain.flow import Request, decode_object
from actors.targets.teams.fake.replies import EntraRefusal, Fields

CLIENT = SECRET = "sandbox"  # noqa: S105 - the sandbox's public credential
REFRESH_TOKEN = "sandbox-refresh"  # noqa: S105 - the sandbox's public credential
PERSON_TOKEN = "sandbox-user"  # noqa: S105 - the sandbox's public credential
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFE_S = 3599
SKEW_S = 300
TOKENS_MAX = 10_000
_PRINT = re.compile(r"[A-Za-z0-9_-]{43}=?")  # msal keeps the padding


class Token(msgspec.Struct):
    """An access token. ``app`` speaks for the app, otherwise for the person; ``proved`` came with ``claims``."""

    app: bool
    ends_s: float
    proved: bool = False


class Entra:
    """One directory's tokens."""

    def __init__(self) -> None:
        self.tokens: OrderedDict[str, Token] = OrderedDict({PERSON_TOKEN: Token(app=False, ends_s=float("inf"))})
        self._refresh_tokens = OrderedDict({REFRESH_TOKEN: None})
        self._count = 0

    def known(self, text: str, now_s: float) -> Token | None:
        """The token, if it was given and has not ended."""
        token = self.tokens.get(text)
        return token if token is not None and now_s < token.ends_s else None

    def forget(self, text: str) -> None:
        if text != PERSON_TOKEN:
            self.tokens.pop(text, None)

    def configuration(self, directory: str, origin: str) -> Fields:
        """The part of the OpenID metadata that clients read."""
        base = f"{origin}/entra/{directory}"
        return {
            "issuer": f"{base}/v2.0",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def token(self, directory: str, request: Request, now_s: float) -> Fields:
        form = _form(request)
        if directory in ("common", "organizations", "consumers") and form.get("grant_type") == "client_credentials":
            raise EntraRefusal("invalid_request", "The grant is not supported on this endpoint.")
        proved = _claims(form)
        match form.get("grant_type", ""):
            case "client_credentials":
                _identify(form, directory, now_s)
                if not form.get("scope", "").endswith("/.default"):
                    raise EntraRefusal("invalid_scope", "The scope of a client credentials request ends in /.default.")
                return self._given(app=True, proved=proved, now_s=now_s)
            case "refresh_token":
                if "client_secret" in form or "client_assertion" in form:
                    _identify(form, directory, now_s)
                elif form.get("client_id") != CLIENT:
                    raise EntraRefusal("unauthorized_client", "The application was not found in the directory.")
                if form.get("refresh_token") not in self._refresh_tokens:
                    raise EntraRefusal("invalid_grant", "The refresh token has expired due to inactivity.")
                return self._given(app=False, proved=proved, now_s=now_s)
            case "":
                raise EntraRefusal("invalid_request", "The request body must contain the parameter: 'grant_type'.")
            case _:
                raise EntraRefusal("unsupported_grant_type", "The app requested an unsupported grant type.")

    def _given(self, *, app: bool, proved: bool, now_s: float) -> Fields:
        self._count += 1
        text = f"sandbox-{'app' if app else 'person'}-{self._count:024x}"
        self.tokens[text] = Token(app=app, ends_s=now_s + LIFE_S, proved=proved)
        _bound(self.tokens)
        given: Fields = {"token_type": "Bearer", "expires_in": LIFE_S, "ext_expires_in": LIFE_S, "access_token": text}
        if not app:
            given["refresh_token"] = refresh_token = f"sandbox-refresh-{self._count:024x}"
            self._refresh_tokens[refresh_token] = None
            _bound(self._refresh_tokens)
            given["scope"] = "https://graph.microsoft.com/ChannelMessage.Send ChannelMessage.Read.All User.Read"
        return given


def _bound(kept: OrderedDict[str, Token] | OrderedDict[str, None]) -> None:
    """Forget the oldest, but never the first: that is the one operators configure."""
    if len(kept) > TOKENS_MAX:
        second = list(kept)[1]
        del kept[second]


def _form(request: Request) -> dict[str, str]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise EntraRefusal("invalid_request", "The request body must be a form.")
    try:
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise EntraRefusal("invalid_request", "The request body cannot be read.") from None


def _claims(form: dict[str, str]) -> bool:
    """Whether the token is asked to prove what a challenge demands (``nbf``), beside what the client can do."""
    if "claims" not in form:
        return False
    claims = decode_object(form["claims"].encode())
    if claims is None:
        raise EntraRefusal("invalid_request", "The claims parameter is not valid JSON.")
    access = claims.get("access_token")
    return isinstance(access, dict) and "nbf" in access


def _identify(form: dict[str, str], directory: str, now_s: float) -> None:
    """Raises unless the form proves to come from the client."""
    if form.get("client_id", CLIENT) != CLIENT:
        raise EntraRefusal("unauthorized_client", "The application was not found in the directory.")
    if "client_secret" in form:
        if form["client_secret"] != SECRET or "client_id" not in form:
            raise EntraRefusal("invalid_client", "Invalid client secret provided.", 401)
        return
    if form.get("client_assertion_type") != ASSERTION or not form.get("client_assertion"):
        raise EntraRefusal("invalid_client", "The request must contain client_assertion or client_secret.", 401)
    if problem := assertion_problem(form["client_assertion"], directory, now_s):
        raise EntraRefusal("invalid_client", f"Client assertion failed validation: {problem}.", 401)


def assertion_problem(text: str, directory: str, now_s: float) -> str:
    """What is wrong with an assertion, signature aside; empty if nothing is."""
    parts = text.split(".")
    header, claims = (_part(parts[0]), _part(parts[1])) if len(parts) == 3 and parts[2] else (None, None)
    if header is None or claims is None:
        return "not a signed JWT"
    if (header.get("alg"), "x5t#S256" in header) not in (("PS256", True), ("RS256", True), ("RS256", False)):
        return "PS256 with x5t#S256, or RS256"
    if "x5t#S256" in header and not _PRINT.fullmatch(str(header["x5t#S256"])):
        return "x5t#S256 is no thumbprint"
    if claims.get("iss") != CLIENT or claims.get("sub") != CLIENT:
        return "iss and sub are the client"
    if not str(claims.get("aud")).endswith(f"/{directory}/oauth2/v2.0/token"):
        return "aud is the token endpoint"
    if not claims.get("jti"):
        return "no jti"
    begins, ends = claims.get("nbf", claims.get("iat", now_s)), claims.get("exp")
    if not isinstance(begins, int | float) or not isinstance(ends, int | float):
        return "nbf and exp are times"
    return "" if begins <= now_s + SKEW_S and now_s - SKEW_S < ends else "not valid at this time"


def _part(text: str) -> dict[str, object] | None:
    try:
        return decode_object(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return None
