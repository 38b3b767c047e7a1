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
        rest = (self.token_url, self.client_id, self.client_secret)
        if ways == ["base_url"] and None in rest:
            raise ValueError("base_url needs token_url, client_id and client_secret")
        if ways != ["base_url"] and any(given is not None for given in rest):
            raise ValueError("token_url, client_id and client_secret belong to base_url")
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
    def rate(self) -> Rate:
        """The terms of the one bucket there is."""
        per_s = self.limits.get("requests_per_s", LIMITS_PER_S["requests_per_s"])
        return Rate(per_s=per_s, burst=max(1.0, 2 * per_s))
