"""How Entra is asked for tokens, and what it answers.

Two speakers: the *app* (client credentials, by a secret or by a certificate) notifies and looks up; a *person*
(delegated) posts to channels: by a refresh token that is configured, or by signing in (authorization code with PKCE).
Entra gives a newer refresh token each time and lets the former one live. Asking it has no effect in Teams. Its answers
are told apart by ``error``, never by AADSTS numbers. Every token is asked for as one that may be challenged (``cp1``);
what a challenge wants is merged into that.
"""

import uuid
from collections.abc import Collection, Generator, Sequence
from email.utils import parsedate_to_datetime

import msgspec

from actors.domain import oauth
from actors.domain.flow import Flow, NotSent, Outcome, Request, Response, decode_object
from actors.domain.scopes import Feature, Need, Wanting, features_of
from actors.domain.tokens import Failure, Granted, Tokens
from actors.domain.verdicts import Cause, Faulted, Refused, Revoked, Throttled, Unavailable
from actors.ports import Reveal
from actors.ports.speaking import revealed
from actors.targets.teams import scopes
from actors.targets.teams.settings import ClientCertificate, TeamsSettings
from config.model import Route, Secret

LIFE_S_MAX = 28 * 3600.0
"""Tokens that may be challenged live up to a day and more."""
CAPABLE = {"access_token": {"xms_cc": {"values": ["cp1"]}}}
"""Tells Entra that we understand claims challenges."""
REQUEST_IDS = uuid.UUID("0e5e7a3c-5f0b-5d8e-8a3f-6d1c2f4b9e70")
"""Our namespace of UUIDv5 for ``client-request-id``."""
IDENTITY = ("openid", "profile")
"""Asked for along with what is needed: who it was that connected. Granted without consent."""
LASTING = "offline_access"

DIED = {
    "invalid_grant": "the person's sign-in has ended: connect the account again",
    "interaction_required": "the person must sign in again",
    "consent_required": "an administrator must consent to the app's permissions",
    "login_required": "the person must sign in again",
    "access_denied": "the directory does not let the app sign in",
}
REFUSED = {
    "invalid_client": "the secret or certificate is wrong or has expired",
    "unauthorized_client": "the app registration is unknown, disabled or may not do this",
    "invalid_request": "Entra does not accept directory, client_id or credential as they are",
    "invalid_resource": "graph_url and login_url are not of one cloud",
    "invalid_scope": "the app registration has no permissions on Microsoft Graph",
    "unsupported_grant_type": "this directory does not let the app sign in",
}
REVOKED = DIED | REFUSED
"""Documented values of ``error``: nothing can be sent until a person mends it."""

Proving = Generator[Request, Outcome, oauth.Client | Failure]


class EntraDialect:
    """One directory's, for one app registration."""

    single_use = False

    def __init__(self, settings: TeamsSettings, reveal: Reveal, nonce: str = "") -> None:
        """``nonce``: new for each life of the process, so that no id and no ``jti`` comes twice."""
        self._settings = settings
        self._reveal = reveal
        self._nonce = nonce
        self._count = 0
        self.connects = "person" if settings.connect else ""
        self.speakers = tuple(
            name for name, there in (("app", settings.has_app), ("person", settings.has_person)) if there
        )

    # ── what is configured ───────────────────────────────────────────────────────────────────────────

    def static(self, speaker: str) -> Secret | None:
        return self._settings.delegated_token if speaker == "person" else None

    def seed(self, speaker: str) -> str:
        settings = self._settings
        if speaker == "app":
            return f"{settings.directory}|{settings.client_id}"
        refresh = settings.delegated_refresh_token
        return self._reveal(refresh) if refresh is not None else ""

    def features(
        self, routes: Sequence[Route], target: str, *, hears: bool, rosters: Sequence[Wanting] = ()
    ) -> frozenset[Feature]:
        installs = bool(self._settings.catalog_app_id)
        return features_of(routes, target, hears=hears, installs=installs, rosters=rosters)

    def needed(self, speaker: str, features: Collection[Feature]) -> tuple[Need, ...]:
        return scopes.needed(features, speaker)

    def always(self, speaker: str, features: Collection[Feature]) -> frozenset[str]:
        return scopes.tolerated(features, speaker)

    # ── connecting ───────────────────────────────────────────────────────────────────────────────────

    def authorize(self, redirect_uri: str, state: str, challenge: str, scopes: Sequence[str]) -> str:
        return oauth.authorization_url(
            f"{self._settings.authority}/oauth2/v2.0/authorize",
            self._settings.client_id,
            redirect_uri,
            self._named(scopes),
            state,
            challenge=challenge,
            response_mode="query",
            claims=merged(""),
        )

    def exchange(self, code: str, redirect_uri: str, verifier: str, scopes: Sequence[str]) -> Flow[Granted | Failure]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "scope": " ".join(self._named(scopes)),
        }
        granted = yield from self._ask(form, "")
        if isinstance(granted, Granted) and not granted.refresh:
            return Refused(Cause.MISSING_PERMISSION, "Entra: no refresh token was given: consent to offline_access")
        return granted

    def _named(self, scopes: Sequence[str]) -> list[str]:
        """Graph's by the full name of this cloud's; and always what makes it last and says who it was."""
        graph = [f"{self._settings.resource}/{name}" for name in scopes if name != LASTING and name not in IDENTITY]
        return [*graph, LASTING, *IDENTITY]

    # ── renewing, giving back ────────────────────────────────────────────────────────────────────────

    def renew(self, speaker: str, held: Tokens, claims: str = "", now_us: int | None = None) -> Flow[Granted | Failure]:
        if speaker == "app":
            form = {"grant_type": "client_credentials", "scope": f"{self._settings.resource}/.default"}
            return (yield from self._ask(form, claims))
        first = self._settings.delegated_refresh_token
        refresh: str | Unavailable = held.refresh
        if not refresh:
            if first is None:
                return Revoked("Entra: nobody has connected an account: sign in on the page for connecting")
            refresh = revealed(self._reveal, first)
        if isinstance(refresh, Unavailable):
            return refresh
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh,
            "scope": f"{self._settings.resource}/.default offline_access",
        }
        return (yield from self._ask(form, claims))

    def revoke(self, speaker: str, held: Tokens) -> Flow[Failure | None]:
        """Entra takes no single token back; what a person's sign-ins gave ends by their own or an administrator's hand
        (revokeSignInSessions), so ours are only forgotten."""
        return None
        yield  # a conversation without a word

    # ── at the desk ──────────────────────────────────────────────────────────────────────────────────

    def _ask(self, form: dict[str, str], claims: str) -> Flow[Granted | Failure]:
        client = yield from self._client()
        if not isinstance(client, oauth.Client):
            return client
        headers = {"client-request-id": self._fresh_id()}
        full = form | {"claims": merged(claims)}
        try:
            request = oauth.token_request(self.token_url, client, full, draws=("token",), headers=headers)
        except oauth.Unprovable:
            return Refused(
                Cause.BAD_CONFIGURATION,
                "client_certificate: certificate and key must be a PEM pair, RSA, without a passphrase",
            )
        return _given((yield request))

    @property
    def token_url(self) -> str:
        return f"{self._settings.authority}/oauth2/v2.0/token"

    def _client(self) -> Proving:
        settings = self._settings
        if settings.client_certificate is not None:
            return (yield from self._certified(settings.client_certificate))
        if settings.client_secret is None:
            return oauth.Client(id=settings.client_id, method="none")
        secret = revealed(self._reveal, settings.client_secret)
        if not isinstance(secret, str):
            return secret
        return oauth.Client(id=settings.client_id, method="client_secret_post", secret=secret)

    def _certified(self, given: ClientCertificate) -> Proving:
        """An assertion is dated by Entra's own time, so our clock need not be right."""
        outcome = yield time_request(self._settings, self._fresh_id())
        if not isinstance(outcome, Response):
            return Unavailable(outcome.detail)
        now_s = date_s(outcome)
        if now_s is None:
            return Unavailable(f"Entra: HTTP {outcome.status} without a date")
        certificate, key = revealed(self._reveal, given.certificate), revealed(self._reveal, given.key)
        if not isinstance(certificate, str):
            return certificate
        if not isinstance(key, str):
            return key
        assertion = oauth.Assertion(key=key, certificate=certificate, jti=self._fresh_id(), now_s=now_s)
        return oauth.Client(id=self._settings.client_id, method="private_key_jwt", assertion=assertion)

    def _fresh_id(self) -> str:
        """A GUID this object has not used yet, nor any other of another ``nonce``."""
        self._count += 1
        name = f"{self._settings.directory}|{self._settings.client_id}|{self._nonce}|{self._count}"
        return str(uuid.uuid5(REQUEST_IDS, name))


def time_request(settings: TeamsSettings, request_id: str = "") -> Request:
    """Something that anybody may ask Entra: its answer is dated."""
    headers = {"accept": "application/json"} | ({"client-request-id": request_id} if request_id else {})
    return Request(
        method="GET",
        url=f"{settings.authority}/v2.0/.well-known/openid-configuration",
        operation="openid-configuration",
        headers=headers,
        draws=("token",),
    )


def _given(outcome: Outcome) -> Granted | Failure:
    if not isinstance(outcome, Response):
        return Unavailable(outcome.detail if isinstance(outcome, NotSent) else f"Entra: {outcome.detail}")
    fields = decode_object(outcome.body) or {}
    if outcome.status == 200 and (granted := oauth.granted_of(fields)) is not None:
        return _shown(granted, fields, outcome)
    if outcome.status == 200:
        return Unavailable("Entra: HTTP 200 instead of a token")
    failure = oauth.failure_of(outcome, fields, "Entra", DIED, REFUSED)
    if isinstance(failure, Throttled | Unavailable | Refused | Revoked):
        return failure
    return Unavailable(failure.detail) if isinstance(failure, Faulted) else Unavailable(f"{failure.detail}")


def _shown(granted: Granted, fields: dict[str, object], response: Response) -> Granted:
    """With what its tokens say of themselves: to be shown, nowhere to be trusted."""
    told = oauth.claims_in(str(fields.get("id_token", ""))) or oauth.claims_in(granted.access)
    roles = oauth.claims_in(granted.access).get("roles")
    scopes = granted.scopes
    if isinstance(roles, list):
        scopes = tuple(each for each in roles if isinstance(each, str))
    elif scopes is not None:
        short = tuple(each.rpartition("/")[2] for each in scopes)
        scopes = (*short, LASTING) if granted.refresh and LASTING not in short else short
    life_s = granted.lives_s
    at_s = date_s(response)
    return msgspec.structs.replace(
        granted,
        lives_s=None if life_s is None else min(life_s, LIFE_S_MAX),
        scopes=scopes,
        account=_text(told, "preferred_username") or _text(told, "upn") or _text(told, "app_displayname"),
        subject=_text(told, "oid"),
        at_us=None if at_s is None else at_s * 1_000_000,
    )


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    return value[:200] if isinstance(value, str) else ""


def date_s(response: Response) -> int | None:
    """What time it is at Entra."""
    try:
        return int(parsedate_to_datetime(response.headers.get("date", "")[:64]).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None


def merged(claims: str) -> str:
    """What is asked of a token: what Graph's challenge wants, and that we can be challenged."""
    asked = decode_object(claims.encode()) if claims else None
    access = (asked or {}).get("access_token")
    both = (access if isinstance(access, dict) else {}) | CAPABLE["access_token"]
    return msgspec.json.encode((asked or {}) | {"access_token": both}).decode()


def dialect(settings: TeamsSettings, reveal: Reveal, fresh: str) -> EntraDialect:
    """The connector's ``dialect``."""
    return EntraDialect(settings, reveal, fresh)
