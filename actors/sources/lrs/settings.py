"""What an operator writes of another LRS that is read."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.domain.limits import check_limits, terms
from actors.domain.outbox import Rate
from config.model import Secret
from config.polling import Polling
from config.texts import Cron, Moment, NonEmpty, Timeout, Url
from config.transport import OAuthClient

LIMITS_PER_S = {"requests_per_s": 10.0}
"""What ``limits = { … }`` may override, with the defaults: no LRS publishes any."""


class LrsSettings(Polling, frozen=True, kw_only=True):
    """Another LRS, which is asked for statements that it has stored since the last time. They come with their ids,
    authorities and attachments, and stand in the log as if they had been sent here."""

    endpoint: Url
    """Its xAPI endpoint, above ``statements``: ``https://lrs.example.edu/xapi/``."""
    key: NonEmpty | None = None
    """The user name (key) of HTTP Basic. It needs to read statements, nothing else."""
    secret: Secret | None = None
    """The password (secret) of HTTP Basic."""
    oauth: OAuthClient | None = None
    """Instead of key and secret: how access tokens are had (OAuth 2, client credentials), for an LRS that takes
    those."""
    version: Literal["1.0.3", "2.0.0"] = "1.0.3"
    """The version of xAPI that is spoken to it."""
    every: Timeout = "1m"
    """How often it is asked what is new. While nothing is, it is asked more and more seldom."""
    full: Cron | None = None
    """When everything is read once more; absent: never. What was stored is not stored later, so there is no need."""
    since: Moment | None = None
    """Only what was stored there after this time (RFC 3339); absent: everything."""
    verb: str = ""
    """Only statements with this verb (an IRI)."""
    activity: str = ""
    """Only statements about this activity (an IRI)."""
    related_activities: bool = False
    """Also statements whose context names the activity."""
    attachments: bool = True
    """Whether contents of attachments are fetched too."""
    page: Annotated[int, Meta(ge=1, le=1000)] = 200
    """So many statements are asked for in one request. The other LRS may give fewer."""
    settle: Timeout = "30s"
    """An LRS that does not say through when it is consistent (``X-Experience-API-Consistent-Through``) is believed to
    be so up to this long ago."""
    limits: dict[str, float] = msgspec.field(default_factory=dict)
    """Requests a second: requests_per_s."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if "?" in self.endpoint or "#" in self.endpoint:
            raise ValueError("endpoint is an http(s) address without query, like https://lrs.example.edu/xapi/")
        if (self.key is None) != (self.secret is None) or (self.key is None) == (self.oauth is None):
            raise ValueError("it needs key and secret, or oauth")
        if ":" in (self.key or ""):
            raise ValueError("key: a user name of HTTP Basic has no colon")
        if self.related_activities and not self.activity:
            raise ValueError("related_activities widens activity: give activity too")
        check_limits(self.limits, LIMITS_PER_S)

    @property
    def base_url(self) -> str:
        """``endpoint`` with exactly one slash at its end."""
        return self.endpoint.rstrip("/") + "/"

    @property
    def name(self) -> str:
        """What we are called there."""
        return self.oauth.client_id if self.oauth is not None else self.key or ""

    @property
    def rate(self) -> Rate:
        """The terms of the one bucket there is."""
        return terms(self.limits, LIMITS_PER_S, "requests_per_s")
