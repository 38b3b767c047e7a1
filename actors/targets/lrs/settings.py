"""What an operator writes of another LRS."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.domain.limits import check_limits, terms
from actors.domain.outbox import Rate
from config.durations import seconds
from config.model import Secret, Words
from config.texts import Duration, NonEmpty, Url
from config.transport import ClientCertificate

LIMITS_PER_S = {"statements_per_s": 1000.0}
"""What ``limits = { … }`` may override, with the defaults: no LRS publishes any."""
BURST = 200.0


class LrsSettings(Words, frozen=True, kw_only=True):
    """Another LRS, which statements are forwarded to as they are, with their ids and attachments. Routes to it say
    ``when = ["statement"]`` and have no audience."""

    endpoint: Url
    """Its xAPI endpoint, above ``statements``: ``https://lrs.example.edu/xapi/``."""
    key: NonEmpty
    """The user name (key) of HTTP Basic."""
    secret: Secret
    """The password (secret) of HTTP Basic."""
    client_certificate: ClientCertificate | None = None
    """Certificate and key, where the other LRS asks for them in TLS (mutual TLS)."""
    version: Literal["1.0.3", "2.0.0"] = "1.0.3"
    """The version of xAPI that is spoken to it. What 1.0.3 has no property for (``contextAgents``, ``contextGroups``)
    goes there as context extensions."""
    batch_max: Annotated[int, Meta(ge=1, le=50)] = 50
    """So many statements go in one request at most; 1: each alone."""
    attachment_bytes_max: Annotated[int, Meta(ge=0, le=256 * 1024 * 1024)] = 16 * 1024 * 1024
    """The most that a statement's attachments have together; a statement with more becomes a dead letter. 0: contents
    of attachments stay here, and statements go without."""
    settle: Duration = "1s"
    """After a doubtful outcome, wait this long before it is sent again: the other LRS knows it by its id."""
    limits: dict[str, float] = msgspec.field(default_factory=dict)
    """Statements a second: statements_per_s."""

    def __post_init__(self) -> None:
        if "?" in self.endpoint or "#" in self.endpoint:
            raise ValueError("endpoint is an http(s) address without query, like https://lrs.example.edu/xapi/")
        if ":" in self.key:
            raise ValueError("key: a user name of HTTP Basic has no colon")
        check_limits(self.limits, LIMITS_PER_S, "statements")

    @property
    def base_url(self) -> str:
        """``endpoint`` with exactly one slash at its end."""
        return self.endpoint.rstrip("/") + "/"

    @property
    def settle_s(self) -> float:
        return seconds(self.settle)

    @property
    def rate(self) -> Rate:
        """The terms of the one bucket there is."""
        return terms(self.limits, LIMITS_PER_S, "statements_per_s", BURST)
