"""The access token: as an operator gave it, or fetched with a refresh token and kept for its hour.

Canvas's reply to a refresh holds no new refresh token: the old one stays good. It is configured, or comes by somebody's
signing in; a custodian keeps it then.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from actors.domain import oauth
from actors.domain.answers import said
from actors.domain.flow import Flow, Outcome, Request, Response, Veiled, decode_object
from actors.domain.scopes import Feature, Need, Wanting
from actors.domain.tokens import Failure, Granted
from actors.domain.tokens import Tokens as Held
from actors.domain.verdicts import Cause, Faulted, Refused, Revoked, Throttled, Unavailable
from actors.ports import Reveal
from actors.ports.speaking import keys_of, revealed
from actors.sources.answers import throttles
from actors.sources.canvas.scopes import needed
from actors.sources.canvas.settings import CanvasSettings
from actors.sources.canvas.wire import BUCKET
from actors.sources.tokens import Tokens
from config.model import Route, Secret

PERSON = "person"
AGAIN = "the developer key or its refresh token is not accepted: authorise it again"
DIED: Mapping[str, str] = {
    "invalid_grant": AGAIN,
    "invalid_request": AGAIN,  # so Canvas calls a refresh token that it does not know
    "invalid_token": AGAIN,
    "access_denied": AGAIN,
}
REFUSED: Mapping[str, str] = {
    "invalid_client": AGAIN,
    "unauthorized_client": AGAIN,
    "invalid_scope": "the developer key may not give this: look at its scopes, then authorise it again",
    "unsupported_grant_type": "there is no Canvas at base_url",
}


class CanvasDialect:
    """One Canvas's, for one developer key."""

    single_use = False

    def __init__(self, settings: CanvasSettings, reveal: Reveal) -> None:
        self._settings = settings
        self._reveal = reveal
        self.speakers: tuple[str, ...] = (PERSON,)
        self.connects = PERSON if settings.connect else ""

    @property
    def _token_url(self) -> str:
        return f"{self._settings.home}/login/oauth2/token"

    def static(self, speaker: str) -> Secret | None:
        return self._settings.token

    def seed(self, speaker: str) -> str:
        refresh = self._settings.refresh_token
        return self._reveal(refresh) if refresh is not None else ""

    def features(
        self, routes: Sequence[Route], target: str, *, hears: bool, rosters: Sequence[Wanting] = ()
    ) -> frozenset[Feature]:
        return frozenset()

    def needed(self, speaker: str, features: Collection[Feature]) -> tuple[Need, ...]:
        """What is read says what is needed."""
        return needed(self._settings, speaker)

    def always(self, speaker: str, features: Collection[Feature]) -> frozenset[str]:
        return frozenset()

    def authorize(self, redirect_uri: str, state: str, challenge: str, scopes: Sequence[str]) -> str:
        """Scopes are asked for where the developer key enforces them; a key that does not refuses to be asked."""
        settings = self._settings
        return oauth.authorization_url(
            f"{settings.home}/login/oauth2/auth",
            settings.client_id or "",
            redirect_uri,
            scopes if settings.scoped else (),
            state,
            challenge=challenge,
        )

    def exchange(self, code: str, redirect_uri: str, verifier: str, scopes: Sequence[str]) -> Flow[Granted | Failure]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        granted = yield from self._ask(form)
        if isinstance(granted, Granted) and not granted.refresh:
            return Refused(Cause.MISSING_PERMISSION, "Canvas: no refresh token was given")
        if isinstance(granted, Granted) and granted.scopes is None and self._settings.scoped:
            return msgspec.structs.replace(granted, scopes=tuple(scopes))
        return granted

    def renew(self, speaker: str, held: Held, claims: str = "", now_us: int | None = None) -> Flow[Granted | Failure]:
        refresh: str | Unavailable = held.refresh
        if not refresh:
            if self._settings.refresh_token is None:
                return Revoked("Canvas: nobody has authorised the developer key: sign in on the page for connecting")
            refresh = revealed(self._reveal, self._settings.refresh_token)
        if not isinstance(refresh, str):
            return refresh
        return (yield from self._ask({"grant_type": "refresh_token", "refresh_token": refresh}))

    def revoke(self, speaker: str, held: Held) -> Flow[Failure | None]:
        """Deleting an access token takes the authorisation, and with it the refresh token, along."""
        if not held.access:
            return None
        headers = {"authorization": Veiled(f"Bearer {held.access}"), "accept": "application/json"}
        request = Request(method="DELETE", url=self._token_url, operation="token", headers=headers, draws=(BUCKET,))
        outcome = yield request
        if isinstance(outcome, Response) and (outcome.status < 300 or outcome.status == 401):
            return None
        failure = _given(outcome)
        return failure if not isinstance(failure, Granted) else None

    def _ask(self, form: dict[str, str]) -> Flow[Granted | Failure]:
        settings = self._settings
        secret: str | Unavailable = ""
        if settings.client_secret is not None:
            secret = revealed(self._reveal, settings.client_secret)
        if not isinstance(secret, str):
            return secret
        client = oauth.Client(id=settings.client_id or "", method="client_secret_post", secret=secret)
        return _given((yield oauth.token_request(self._token_url, client, form, draws=(BUCKET,))))


def _given(outcome: Outcome) -> Granted | Failure:
    found = oauth.outcome_of(outcome, "Canvas: token", DIED, REFUSED)
    if not isinstance(outcome, Response):
        return found
    if isinstance(found, Granted):
        user = (decode_object(outcome.body) or {}).get("user")
        fields = user if isinstance(user, dict) else {}
        return msgspec.structs.replace(
            found,
            lives_s=found.lives_s or 3600.0,
            account=str(fields.get("name") or "")[:200],
            subject=str(fields.get("id") or "")[:200],
        )
    if outcome.status == 403 and throttles(outcome):
        return Throttled(outcome.headers.get("retry-after") or None, detail="Canvas: token: too many requests")
    if isinstance(found, Faulted) or (isinstance(found, Unavailable) and outcome.status in (400, 401)):
        return Revoked(f"Canvas: token: HTTP {outcome.status} {said(outcome)}".rstrip() + f": {AGAIN}")
    return found


def tokens(settings: CanvasSettings, reveal: Reveal) -> Tokens:
    """One source's, as its readings ask for them."""
    return Tokens(keys_of(reveal, CanvasDialect(settings, reveal)), PERSON)


def dialect(settings: CanvasSettings, reveal: Reveal, fresh: str) -> CanvasDialect:
    """The connector's ``dialect``."""
    return CanvasDialect(settings, reveal)
