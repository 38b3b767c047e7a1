"""Entra's token endpoint, as far as a confidential client needs it, and what becomes of tokens.

The client is ``sandbox``, its secret ``sandbox``; ``assertions`` says which assertions are taken instead. The first
refresh token is ``sandbox-refresh``. A refresh token is replaced with each use, and the old one goes on serving.
"""

from urllib.parse import parse_qsl

import msgspec

from actors.domain.flow import Request, decode_object
from actors.ports.consenting import proves
from actors.targets.teams.fake.assertions import CLIENT, Proofs
from actors.targets.teams.fake.grants import PERSON_TOKEN, Code, Grants, Token, Wanted, bare
from actors.targets.teams.fake.replies import EntraRefusal, Fields
from actors.targets.teams.fake.signing import sign
from actors.targets.teams.fake.terms import Terms

MULTI = frozenset({"common", "organizations", "consumers"})


class Entra:
    """One directory's tokens."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.grants = Grants(terms)
        self._proofs = Proofs()

    def known(self, text: str, now_s: float) -> Token | None:
        """The token, if it was given and has not ended."""
        token = self.grants.tokens.get(text)
        return token if token is not None and now_s < token.ends_s else None

    def forget(self, text: str) -> None:
        if text != PERSON_TOKEN:
            self.grants.tokens.pop(text, None)

    def configuration(self, directory: str, origin: str) -> Fields:
        """The part of the OpenID metadata that clients read."""
        base = f"{origin}/entra/{directory}"
        return {
            "issuer": f"{base}/v2.0",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["pairwise"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def token(self, directory: str, request: Request, now_s: float) -> Fields:
        now_s += self.terms.clock_skew_s
        form = _form(request)
        if directory in MULTI and form.get("grant_type") == "client_credentials":
            raise EntraRefusal("invalid_request", "The grant is not supported on this endpoint.", code=9001023)
        wanted = _claims(form)
        match form.get("grant_type", ""):
            case "client_credentials":
                self._identify(form, directory, now_s)
                if not form.get("scope", "").endswith("/.default"):
                    raise EntraRefusal("invalid_scope", "The scope of a client credentials request ends in /.default.")
                return self.grants.for_app(directory, wanted, now_s)
            case "authorization_code":
                return self._redeemed(form, directory, request, wanted, now_s)
            case "refresh_token":
                if "client_secret" in form or "client_assertion" in form:
                    self._identify(form, directory, now_s)
                elif form.get("client_id") != CLIENT:
                    raise EntraRefusal("unauthorized_client", "The application was not found in the directory.")
                return self.grants.renewed(form.get("refresh_token", ""), directory, wanted, now_s)
            case "":
                raise EntraRefusal("invalid_request", "The request body must contain the parameter: 'grant_type'.")
            case _:
                raise EntraRefusal("unsupported_grant_type", "The app requested an unsupported grant type.")

    def _identify(self, form: dict[str, str], directory: str, now_s: float) -> None:
        self._proofs.identify(form, directory, now_s, self.terms)
        if directory in self.grants.disabled:
            raise EntraRefusal("unauthorized_client", "The application is disabled in the directory.", code=7000112)

    def _redeemed(self, form: dict[str, str], directory: str, request: Request, wanted: Wanted, now_s: float) -> Fields:
        if "client_secret" not in form and "client_assertion" not in form:
            raise EntraRefusal(
                "invalid_client", "The request must contain client_assertion or client_secret.", 401, 7000218
            )
        self._identify(form, directory, now_s)
        code = self.grants.code(form.get("code", ""), now_s)
        if directory not in (code.directory, *MULTI):
            raise EntraRefusal("invalid_grant", "The code was issued for another directory.", code=700005)
        if form.get("redirect_uri", "") != code.redirect_uri:
            raise EntraRefusal("invalid_grant", "The reply address does not match the request's.", code=500112)
        verifier = form.get("code_verifier", "")
        if (code.challenge or verifier) and not proves(code.challenge, verifier):
            raise EntraRefusal("invalid_grant", "The Code_Verifier does not match the code_challenge.", code=501481)
        given = self.grants.redeemed(form["code"], code, wanted, now_s)
        return given | self._identity(code, form, request, now_s)

    def _identity(self, code: Code, form: dict[str, str], request: Request, now_s: float) -> Fields:
        """An id token for whoever asked for one, and client_info as Microsoft's own client wants it."""
        answer: Fields = {}
        if "openid" in code.scopes:
            origin = f"https://{request.headers.get('host', 'login.microsoftonline.com')}"
            claims: Fields = {
                "iss": f"{origin}/entra/{code.directory}/v2.0",
                "aud": CLIENT,
                "sub": code.person["id"],
                "oid": code.person["id"],
                "tid": code.directory,
                "name": code.person["displayName"],
                "preferred_username": code.person["userPrincipalName"],
                "iat": int(now_s),
                "nbf": int(now_s),
                "exp": int(now_s + self.terms.token_life_s),
                "ver": "2.0",
            }
            if "email" in code.scopes:
                claims["email"] = code.person["mail"]
            if code.nonce:
                claims["nonce"] = code.nonce
            answer["id_token"] = sign(claims, self.terms.signing_key)
        if form.get("client_info") == "1":
            told = msgspec.json.encode({"uid": code.person["id"], "utid": code.directory})
            answer["client_info"] = bare(told)
        return answer


def _form(request: Request) -> dict[str, str]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise EntraRefusal("invalid_request", "The request body must be a form.")
    try:
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise EntraRefusal("invalid_request", "The request body cannot be read.") from None


def _claims(form: dict[str, str]) -> Wanted:
    """What the token is asked to prove, and what its client can do."""
    if "claims" not in form:
        return Wanted()
    claims = decode_object(form["claims"].encode())
    if claims is None:
        raise EntraRefusal("invalid_request", "The claims parameter is not valid JSON.")
    access = claims.get("access_token")
    if not isinstance(access, dict):
        return Wanted()
    able, since = access.get("xms_cc"), access.get("nbf")
    values = able.get("values") if isinstance(able, dict) else None
    cae = isinstance(values, list) and "cp1" in values
    if since is None and "nbf" not in access:
        return Wanted(cae=cae)
    text = str(since.get("value", "")) if isinstance(since, dict) else ""
    return Wanted(cae=cae, proves_s=float(text) if text.isascii() and text.isdecimal() else 0.0)
