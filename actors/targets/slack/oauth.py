"""How Slack is asked for tokens: one speaker, the bot.

Two ways. A bot token that somebody copied from the app's page is used as it is. Or the app's client id and secret are
configured: then somebody installs the app by signing in, or a token that is configured beside them is exchanged once
for a pair that rotates. Access tokens of a pair live twelve hours; a refresh token serves once, and for a short while
after; no more than two access tokens are alive, so that a third asking ends the first. Slack says everything with HTTP
200 and ``ok``, calls its tokens ``bot``, and gives what was granted in ``scope``, between commas.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from actors.domain import oauth
from actors.domain.flow import Flow, Lost, NotSent, Outcome, Request, Response, Veiled, decode_object
from actors.domain.scopes import Feature, Need, Wanting, features_of
from actors.domain.tokens import Failure, Granted, Tokens
from actors.domain.verdicts import Cause, Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable
from actors.ports import Reveal
from actors.ports.speaking import Stale, revealed
from actors.targets.slack import scopes
from actors.targets.slack.settings import SlackSettings
from actors.targets.slack.wire import told
from config.model import Route, Secret

BOT = scopes.BOT
STALE = frozenset({"token_expired", "invalid_auth", "token_revoked", "account_inactive"})
"""What Slack says to a token that it does not take any more: the next one may do."""

DIED: Mapping[str, str] = {
    "invalid_refresh_token": "the refresh token was used already or withdrawn: install the app again",
    "invalid_code": "the code was used already or is too old: begin again",
    "code_already_used": "the code was used already: begin again",
    "invalid_code_verifier": "the browser did not come back from where it was sent: begin again",
    "bad_redirect_uri": "the redirect URL is not registered with the app, or is not the one asked with",
    "oauth_authorization_url_mismatch": "the page of consent was another one's: begin again",
    "token_revoked": "the token was revoked: install the app again",
    "invalid_token": "the configured token cannot be exchanged: install the app again",
    "authorization_not_found": "the app is not installed any more: install it again",
    "account_inactive": "the app was removed, or its workspace deleted: install it again",
    "user_email_unverified": "who installs the app must have confirmed an e-mail address",
    "no_scopes": "the app asks for no scopes",
    "cannot_install_an_org_installed_app": "the app is installed for the whole organisation: use its token",
    "team_access_not_granted": "the token has no access to this workspace",
}
REFUSED: Mapping[str, str] = {
    "bad_client_secret": "client_secret is not that of the app",
    "invalid_client_id": "client_id is not that of an app",
    "pkce_not_allowed": "the app has no PKCE: set pkce = false",
    "invalid_grant_type": "the app may not do this",
    "preview_feature_not_available": "the app may not do this",
    "unknown_method": "api_url is not Slack's Web API",
}


class SlackDialect:
    """One workspace's, for one app."""

    single_use = True

    def __init__(self, settings: SlackSettings, reveal: Reveal) -> None:
        self._settings = settings
        self._reveal = reveal
        self.speakers: tuple[str, ...] = (BOT,)
        self.connects = BOT if settings.client_id else ""

    # ── what is configured ───────────────────────────────────────────────────────────────────────────

    def static(self, speaker: str) -> Secret | None:
        return None if self._settings.client_id else self._settings.token

    def seed(self, speaker: str) -> str:
        token = self._settings.token
        return self._reveal(token) if token is not None else ""

    def features(
        self, routes: Sequence[Route], target: str, *, hears: bool, rosters: Sequence[Wanting] = ()
    ) -> frozenset[Feature]:
        return features_of(routes, target, hears=hears, rosters=rosters)

    def needed(self, speaker: str, features: Collection[Feature]) -> tuple[Need, ...]:
        return scopes.needed(features, speaker)

    def always(self, speaker: str, features: Collection[Feature]) -> frozenset[str]:
        return scopes.tolerated(features, speaker)

    # ── connecting ───────────────────────────────────────────────────────────────────────────────────

    def authorize(self, redirect_uri: str, state: str, challenge: str, scopes: Sequence[str]) -> str:
        """Without PKCE, unless it is asked for: Slack takes an app that uses it for one that can keep no secret."""
        settings = self._settings
        more = {"team": settings.team_id} if settings.team_id else {}
        return oauth.authorization_url(
            settings.authorize_url,
            settings.client_id,
            redirect_uri,
            scopes,
            state,
            challenge=challenge if settings.pkce else "",
            separator=",",
            **more,
        )

    def exchange(self, code: str, redirect_uri: str, verifier: str, scopes: Sequence[str]) -> Flow[Granted | Failure]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if self._settings.pkce:
            form["code_verifier"] = verifier
        granted = yield from self._ask("oauth.v2.access", form, public=self._settings.pkce)
        wanted = self._settings.team_id
        if isinstance(granted, Granted) and wanted and not granted.subject.startswith(f"{wanted}/"):
            return Refused(Cause.BAD_CONFIGURATION, f"Slack: this is another workspace than team_id says ({wanted})")
        return granted

    # ── renewing, giving back ────────────────────────────────────────────────────────────────────────

    def renew(self, speaker: str, held: Tokens, claims: str = "", now_us: int | None = None) -> Flow[Granted | Failure]:
        """By the refresh token; else a configured token is exchanged for a pair."""
        if held.refresh:
            form = {"grant_type": "refresh_token", "refresh_token": held.refresh}
            return (yield from self._ask("oauth.v2.access", form))
        if self._settings.token is None:
            return Revoked("Slack: nobody has installed the app: sign in on the page for connecting")
        token = revealed(self._reveal, self._settings.token)
        if not isinstance(token, str):
            return token
        granted = yield from self._ask("oauth.v2.exchange", {"token": token})
        return _unexchanged(granted, token)

    def revoke(self, speaker: str, held: Tokens) -> Flow[Failure | None]:
        """A token that does not rotate takes its authorization with it. Of a pair only the access token ends there; the
        installation itself ends in Slack, where the app is removed."""
        if not held.access:
            return None
        headers = {"authorization": Veiled(f"Bearer {held.access}")}
        url = f"{self._settings.base_url}auth.revoke"
        outcome = yield Request(method="GET", url=url, operation="auth.revoke", headers=headers)
        if not isinstance(outcome, Response):
            return Unavailable(f"Slack: {outcome.detail}")
        fields = decode_object(outcome.body)
        if fields is not None and (fields.get("ok") is True or fields.get("error") in STALE):
            return None
        return Faulted(f"Slack: auth.revoke: {told(outcome) or f'HTTP {outcome.status}'}")

    # ── at the desk ──────────────────────────────────────────────────────────────────────────────────

    def _ask(self, method: str, form: dict[str, str], *, public: bool = False) -> Flow[Granted | Failure]:
        settings = self._settings
        secret: str | Unavailable = ""
        if settings.client_secret is not None and not public:
            secret = revealed(self._reveal, settings.client_secret)
        if not isinstance(secret, str):
            return secret
        client = oauth.Client(id=settings.client_id, method="none" if public else "client_secret_basic", secret=secret)
        request = oauth.token_request(settings.base_url + method, client, form, operation=method)
        return _given((yield request))


def _given(outcome: Outcome) -> Granted | Failure:
    match outcome:
        case NotSent(detail):
            return Unavailable(f"Slack: {detail}")
        case Lost(detail):
            return Doubtful(f"Slack: {detail}")
        case Response():
            pass
    fields = decode_object(outcome.body)
    retry_after = outcome.headers.get("retry-after", "").strip() or None
    if outcome.status == 429:
        return Throttled(retry_after, detail="Slack: too many requests for tokens")
    if outcome.status == 503:
        return Unavailable("Slack: HTTP 503 instead of a token", retry_after)
    error = told(outcome)
    if fields is None or outcome.status >= 500 or (fields.get("ok") is not True and not error):
        return Doubtful(f"Slack: HTTP {outcome.status} instead of a token, perhaps after giving it")
    if error:
        return _failure(error, retry_after)
    granted = oauth.granted_of(fields, separator=",")
    if granted is None:
        return Doubtful("Slack: ok without a token")
    team = _text(fields, "team", "id")
    return msgspec.structs.replace(
        granted, account=_text(fields, "team", "name") or team, subject=f"{team}/{_text(fields, 'bot_user_id')}"
    )


def _failure(error: str, retry_after: str | None) -> Failure:
    if error in ("ratelimited", "rate_limited"):
        return Throttled(retry_after, detail="Slack: too many requests for tokens")
    if error in ("internal_error", "fatal_error"):
        return Doubtful(f"Slack: {error}: perhaps after giving a token")
    if error == "service_unavailable":
        return Unavailable("Slack: it is down", retry_after)
    if advice := DIED.get(error):
        return Revoked(f"Slack: {error}: {advice}")
    if advice := REFUSED.get(error):
        return Refused(Cause.BAD_CONFIGURATION, f"Slack: {error}: {advice}")
    return Faulted(f"Slack: {error[:100]}")


def _unexchanged(granted: Granted | Failure, token: str) -> Granted | Failure:
    """A token that cannot be exchanged serves on: where the app does not rotate, and where the pair that was given for
    it was lost on its way (the token ends only when that pair is renewed, which nobody can)."""
    detail = "" if isinstance(granted, Granted) else granted.detail
    if "token_rotation_not_enabled" in detail:
        return Granted(access=token, note="the app has no token rotation: this token does not end")
    if "token_already_exchanged" in detail:
        return Granted(access=token, note="it was exchanged before: install the app again, and its tokens rotate")
    return granted


def _text(fields: dict[str, object], name: str, within: str = "") -> str:
    value = fields.get(name)
    if within:
        value = value.get(within) if isinstance(value, dict) else None
    return value[:200] if isinstance(value, str) else ""


def stale(outcome: Outcome) -> Stale | None:
    """Whether the token was not taken."""
    error = told(outcome)
    return Stale(f"Slack: {error}") if error in STALE else None


def dialect(settings: SlackSettings, reveal: Reveal, fresh: str) -> SlackDialect:
    """The connector's ``dialect``."""
    return SlackDialect(settings, reveal)
