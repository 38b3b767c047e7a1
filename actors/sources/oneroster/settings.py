"""What an operator writes of a OneRoster source: CSV bundles in an inbox or by HTTPS, or a REST service."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from actors.domain.limits import check_limits
from actors.domain.outbox import Rate
from config.durations import seconds
from config.model import Secret
from config.polling import Polling
from config.texts import NonEmpty, Timeout, Url
from config.transport import PROOFS, ClientAuth, ClientCertificate, OAuthClient, check_proof

LIMITS_PER_S = {"requests_per_s": 5.0}
"""What ``limits = { … }`` may override, with the defaults: OneRoster names none."""
RHYTHM = {"inbox": ("10s", "30s"), "url": ("1h", "6h"), "base_url": ("5m", "30m")}
"""``every`` and ``every_max`` where they are absent. To look into an inbox costs next to nothing."""
ROOTS = ("/rostering/v1p2", "/gradebook/v1p2", "/resources/v1p2", "/v1p1")
SCOPES = {
    ("1.1", False): ("https://purl.imsglobal.org/spec/or/v1p1/scope/roster-core.readonly",),
    ("1.1", True): (
        "https://purl.imsglobal.org/spec/or/v1p1/scope/roster-core.readonly",
        "https://purl.imsglobal.org/spec/or/v1p1/scope/gradebook.readonly",
    ),
    ("1.2", False): ("https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly",),
    ("1.2", True): (
        "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly",
        "https://purl.imsglobal.org/spec/or/v1p2/scope/gradebook.readonly",
    ),
}


class OneRosterSettings(Polling, frozen=True, kw_only=True):
    """A student information system. Exactly one of ``inbox``, ``url`` and ``base_url`` says how it is read."""

    inbox: Path | None = None
    """A folder into which CSV bundles are dropped: zips, or folders of CSV files. What was read is moved to ``done`` or
    ``failed`` in it."""
    url: Url | None = None
    """The address of a zip with CSV files."""
    base_url: Url | None = None
    """The REST service, up to ``ims/oneroster``: ``https://sis.example.edu/ims/oneroster``."""
    every: Timeout = ""
    """How often it is looked at. Absent: an inbox every 10s, a zip at ``url`` every 1h, a REST service every 5m."""
    every_max: Timeout = ""
    """The most seldom, while nothing is new. Absent: 30s, 6h, 30m."""
    version: Literal["1.1", "1.2"] = "1.2"
    """Which OneRoster the REST service speaks. A bundle says it itself."""
    token_url: Url | None = None
    """Where the REST service's access tokens come from (OAuth 2, client credentials)."""
    client_id: NonEmpty | None = None
    """Our name there."""
    client_secret: Secret | None = None
    """And its secret."""
    client_auth: ClientAuth = "client_secret_basic"
    """How we prove who we are at token_url: by the secret (in the header, or in the form), by an assertion that
    client_key signs, or by client_certificate in TLS."""
    client_key: Secret | None = None
    """For ``private_key_jwt``: PEM, an RSA key whose public half the service knows."""
    client_key_id: NonEmpty | None = None
    """What the service calls that key (``kid``), where it has several."""
    client_certificate: ClientCertificate | None = None
    """For ``tls_client_auth``: who we are in TLS at token_url."""
    scopes: Annotated[tuple[NonEmpty, ...], Meta(max_length=16)] = ()
    """What is asked for with the token. Absent: reading the core roster, and the grade book if ``grades``."""
    grades: bool = False
    """Whether the REST service's line items and results are read. (A bundle's are, where it has them.)"""
    page: Annotated[int, Meta(ge=10, le=10_000)] = 500
    """So many are asked for in one request. The service may give fewer."""
    username: NonEmpty | None = None
    """For ``url``: the user name of HTTP Basic."""
    password: Secret | None = None
    """For ``url``: the password of HTTP Basic."""
    authorization: Secret | None = None
    """For ``url``, instead of user name and password: the whole Authorization header (``Bearer …``)."""
    bytes_max: Annotated[int, Meta(ge=1024, le=8 * 1024**3)] = 1024**3
    """For ``url``: a longer zip is not downloaded."""
    home_page: NonEmpty | None = None
    """The home page of its people's accounts in statements, an IRI. Absent: the address of the service, or for an inbox
    ``urn:lmsyncd:TENANT:SOURCE``. To change it makes everybody somebody else."""
    limits: dict[str, float] = msgspec.field(default_factory=dict)
    """Requests a second: requests_per_s."""

    def __post_init__(self) -> None:
        ways = [name for name in RHYTHM if getattr(self, name) is not None]
        if len(ways) != 1:
            raise ValueError("oneroster needs exactly one of inbox, url and base_url")
        self._fill(*RHYTHM[ways[0]])
        super().__post_init__()
        self._check_client(ways == ["base_url"])
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password are given together")
        if self.authorization is not None and self.username is not None:
            raise ValueError("authorization stands instead of username and password")
        if ways != ["url"] and (self.username is not None or self.authorization is not None):
            raise ValueError("username, password and authorization belong to url")
        for url in (self.base_url, self.token_url):
            if url is not None and ("?" in url or "#" in url):
                raise ValueError("base_url and token_url have neither a query nor a fragment")
        check_limits(self.limits, LIMITS_PER_S)

    def _check_client(self, by_rest: bool) -> None:
        proofs = {
            "client_secret": self.client_secret,
            "client_key": self.client_key,
            "client_certificate": self.client_certificate,
        }
        wanted = PROOFS[self.client_auth]
        if by_rest and None in (self.token_url, self.client_id, proofs[wanted]):
            raise ValueError(f"base_url needs token_url, client_id and {wanted}")
        if not by_rest and any(given is not None for given in (self.token_url, self.client_id, *proofs.values())):
            raise ValueError("token_url, client_id and client_secret belong to base_url")
        check_proof(self.client_auth, proofs)

    def _fill(self, every: str, every_max: str) -> None:
        """What is absent depends on the way it is read."""
        if not self.every:
            msgspec.structs.force_setattr(self, "every", every)
        if not self.every_max:
            longer = max(every_max, self.every, key=seconds)
            msgspec.structs.force_setattr(self, "every_max", longer)

    @property
    def root(self) -> str:
        """``base_url`` without what a version adds to it, and without a slash at its end."""
        root = (self.base_url or "").rstrip("/")
        for end in ROOTS:
            root = root.removesuffix(end)
        return root

    def home(self, tenant: str, source: str) -> str:
        """The home page of people's accounts."""
        address = self.base_url or self.url
        if self.home_page is not None:
            return self.home_page
        if address is None:
            return f"urn:lmsyncd:{tenant}:{source}"
        parts = urlsplit(address)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def asked_scopes(self) -> tuple[str, ...]:
        return self.scopes or SCOPES[self.version, self.grades]

    @property
    def client(self) -> OAuthClient | None:
        """Who we are at ``token_url``; None: nothing is asked for there."""
        if self.token_url is None or self.client_id is None:
            return None
        return OAuthClient(
            token_url=self.token_url,
            client_id=self.client_id,
            client_auth=self.client_auth,
            client_secret=self.client_secret,
            client_key=self.client_key,
            client_key_id=self.client_key_id,
            client_certificate=self.client_certificate,
            scopes=self.asked_scopes,
        )

    @property
    def rate(self) -> Rate:
        """The terms of the one bucket there is."""
        per_s = self.limits.get("requests_per_s", LIMITS_PER_S["requests_per_s"])
        return Rate(per_s=per_s, burst=max(1.0, 2 * per_s))
