"""What Entra has given: codes, access tokens and refresh tokens, and the consents that they rest on.

``sandbox-user`` and ``sandbox-refresh`` rest on nothing that can be taken away: they serve as long as the sandbox.
"""

import base64
from collections import OrderedDict
from typing import TypeVar

import msgspec

from actors.targets.teams.fake.replies import EntraRefusal, Fields
from actors.targets.teams.fake.terms import Terms

REFRESH_TOKEN = "sandbox-refresh"  # noqa: S105 - the sandbox's public credential
PERSON_TOKEN = "sandbox-user"  # noqa: S105 - the sandbox's public credential
GRAPH = "https://graph.microsoft.com/"
PLAIN = frozenset({"openid", "profile", "email", "offline_access"})
USUAL = ("ChannelMessage.Send", "ChannelMessage.Read.All", "User.Read")
"""What ``.default`` stands for, and what ``sandbox-refresh`` says it has."""
NO_CONSENT = ("invalid_grant", 65001)
NEW_PASSWORD = ("invalid_grant", 50173)
FOREVER_S = float("inf")
KEPT_MAX = 10_000
T = TypeVar("T")


class Wanted(msgspec.Struct, frozen=True):
    """What the claims of a request ask of the token. ``cae``: the client answers challenges; ``proves_s``: the
    ``nbf`` that a challenge demanded, None where it demanded none."""

    cae: bool = False
    proves_s: float | None = None


class Consent(msgspec.Struct):
    """What one person lets the app do in one directory. ``gone`` is why it may no longer: the error and its number."""

    directory: str
    person: Fields
    scopes: tuple[str, ...] = ()
    gone: tuple[str, int] | None = None
    signed_s: float = 0.0
    """When the person signed in last; an app never does."""


class Token(msgspec.Struct):
    """An access token. ``app`` speaks for the app, otherwise for the person; ``scopes`` None: may do everything;
    ``proves_s`` as in Wanted."""

    app: bool
    ends_s: float
    scopes: tuple[str, ...] | None = None
    cae: bool = False
    proves_s: float | None = None
    consent: Consent | None = None
    signed_s: float = 0.0

    @property
    def proved(self) -> bool:
        """Whether it was asked for with what a challenge demands."""
        return self.proves_s is not None


class Code(msgspec.Struct, frozen=True):
    """What a code stands for. ``scopes`` are bare names."""

    directory: str
    person: Fields
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str
    nonce: str
    ends_s: float


class Spare(msgspec.Struct):
    """A refresh token, and until when it serves. The first one has neither consent nor end."""

    consent: Consent | None = None
    scopes: tuple[str, ...] = USUAL
    ends_s: float = FOREVER_S


class Grants:
    """All of it, for every directory."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.tokens: OrderedDict[str, Token] = OrderedDict({PERSON_TOKEN: Token(app=False, ends_s=FOREVER_S)})
        self.admitted: set[str] = set()
        """Directories whose administrator has consented."""
        self.disabled: set[str] = set()
        """Directories that have taken the app away."""
        self.challenged_s: float | None = None
        """Since when whoever answers challenges has to have signed in anew."""
        self._spares: OrderedDict[str, Spare] = OrderedDict({REFRESH_TOKEN: Spare()})
        self._codes: OrderedDict[str, Code] = OrderedDict()
        self._redeemed: OrderedDict[str, None] = OrderedDict()
        self._consents: dict[tuple[str, str], Consent] = {}
        self._count = 0

    # ── codes ────────────────────────────────────────────────────────────────────────────────────

    def promise(self, code: Code, now_s: float) -> str:
        """A code for what a person has just allowed."""
        self._count += 1
        text = f"sandbox-code-{self._count:08x}{round(now_s * 1e6):016x}"
        self._codes[text] = code
        _bound(self._codes)
        return text

    def code(self, text: str, now_s: float) -> Code:
        """Raises EntraRefusal."""
        if text in self._redeemed:
            raise EntraRefusal("invalid_grant", "The code has been redeemed already.", code=54005)
        code = self._codes.get(text)
        if code is None or now_s >= code.ends_s:
            raise EntraRefusal("invalid_grant", "The provided code is invalid or has expired.", code=70008)
        return code

    def redeemed(self, text: str, code: Code, wanted: Wanted, now_s: float) -> Fields:
        """Tokens for a code, which serves no more."""
        del self._codes[text]
        self._redeemed[text] = None
        _bound(self._redeemed)
        where = (code.directory, str(code.person["id"]))
        consent = self._consents.get(where)
        if consent is None or consent.gone:
            consent = self._consents[where] = Consent(code.directory, code.person)
        consent.scopes = tuple(dict.fromkeys((*consent.scopes, *code.scopes)))
        consent.signed_s = now_s
        return self._for_person(consent, code.scopes, wanted, now_s)

    # ── tokens ───────────────────────────────────────────────────────────────────────────────────

    def for_app(self, directory: str, wanted: Wanted, now_s: float) -> Fields:
        roles = None if self.terms.app_permissions is None else tuple(self.terms.app_permissions)
        if self.terms.require_consent and directory not in self.admitted:
            roles = ()
        consent = Consent(directory, {})
        return self._given(
            Token(True, now_s + self.terms.token_life_s, roles, wanted.cae, wanted.proves_s, consent), now_s
        )

    def renewed(self, text: str, directory: str, wanted: Wanted, now_s: float) -> Fields:
        """Raises EntraRefusal."""
        spare = self._spares.get(text)
        if spare is None:
            raise EntraRefusal("invalid_grant", "The refresh token has expired due to inactivity.")
        if spare.consent is None:
            return self._for_person(None, spare.scopes, wanted, now_s)
        if now_s >= spare.ends_s:
            raise EntraRefusal("invalid_grant", "The refresh token has expired due to inactivity.")
        if directory not in (spare.consent.directory, "common", "organizations"):
            raise EntraRefusal("invalid_grant", "The refresh token was issued for another directory.", code=700005)
        if spare.consent.gone:
            error, number = spare.consent.gone
            raise EntraRefusal(error, "The grant is no longer good: the person has to sign in again.", code=number)
        return self._for_person(spare.consent, spare.scopes, wanted, now_s)

    def _for_person(self, consent: Consent | None, scopes: tuple[str, ...], wanted: Wanted, now_s: float) -> Fields:
        may = None if consent is None else scopes
        given = self._given(
            Token(False, now_s + self.terms.token_life_s, may, wanted.cae, wanted.proves_s, consent), now_s
        )
        if consent is None or "offline_access" in scopes:
            text = given["refresh_token"] = f"sandbox-refresh-{self._count:08x}{round(now_s * 1e6):016x}"
            ends_s = FOREVER_S if consent is None else now_s + self.terms.refresh_life_s
            self._spares[text] = Spare(consent, scopes, ends_s)
            _bound(self._spares)
        shown = [each if each in PLAIN else f"{GRAPH}{each}" for each in scopes if each != "offline_access"]
        given["scope"] = " ".join(shown)
        return given

    def _given(self, token: Token, now_s: float) -> Fields:
        self._count += 1
        token.signed_s = token.consent.signed_s if token.consent is not None else 0.0
        text = f"sandbox-{'app' if token.app else 'person'}-{self._count:08x}{round(now_s * 1e6):016x}"
        self.tokens[text] = token
        _bound(self.tokens)
        life_s = round(self.terms.token_life_s)
        return {"token_type": "Bearer", "expires_in": life_s, "ext_expires_in": life_s, "access_token": text}

    # ── what is taken away ───────────────────────────────────────────────────────────────────────

    def expire(self, now_s: float) -> int:
        """All access tokens that end have ended; how many."""
        ending = [each for each in self.tokens.values() if now_s < each.ends_s < FOREVER_S]
        for token in ending:
            token.ends_s = now_s
        return len(ending)

    def expire_refreshes(self, now_s: float) -> int:
        """All refresh tokens that end have ended; how many."""
        ending = [each for each in self._spares.values() if now_s < each.ends_s < FOREVER_S]
        for spare in ending:
            spare.ends_s = now_s
        return len(ending)

    def withdraw(self, gone: tuple[str, int], *, directory: str = "", person: str = "") -> int:
        """Consents that match (empty: any) no longer bear tokens; how many did."""
        found = [
            each
            for each in self._consents.values()
            if directory in ("", each.directory) and person in ("", each.person["id"]) and not each.gone
        ]
        for consent in found:
            consent.gone = gone
        return len(found)

    def challenges(self, token: Token) -> int | None:
        """The ``nbf`` that this token has to prove, None where it is good as it is."""
        if self.challenged_s is None or not token.cae or token.consent is None:
            return None
        since = int(self.challenged_s)
        proved = token.proves_s is not None and token.proves_s >= since
        return None if proved or token.signed_s > self.challenged_s else since


def named(scope: str) -> tuple[str, ...]:
    """The bare names of what a request's ``scope`` asks for, of whichever cloud; ``.default`` is what is usual."""
    names: list[str] = []
    for each in scope.split():
        name = each.rpartition("/")[2] if "://" in each else each
        names += USUAL if name == ".default" else (name,)
    return tuple(dict.fromkeys(names))


def bare(given: bytes) -> str:
    """Base64, for URLs, without padding."""
    return base64.urlsafe_b64encode(given).decode().rstrip("=")


def _bound(kept: OrderedDict[str, T]) -> None:
    """Forget the oldest, but never the first: that is the one operators configure."""
    if len(kept) > KEPT_MAX:
        second = list(kept)[1]
        del kept[second]
