"""What an operator writes of a webhook."""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.domain.limits import check_limits, terms
from actors.domain.outbox import Rate
from config.durations import seconds
from config.model import Secret, Words
from config.texts import Duration, Url
from config.transport import ClientCertificate, unprotected

LIMITS_PER_S = {"messages_per_s": 50.0}
"""What ``limits = { … }`` may override, with the defaults: a receiver publishes none."""
BURST = 10.0
HEADERS_MAX = 20
VALUE_CHARS_MAX = 4_000
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
OURS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "user-agent", "accept-encoding"}
    | {"webhook-id", "webhook-timestamp", "webhook-signature", "x-correlation-id", "traceparent"}
)


class WebhookSettings(Words, frozen=True, kw_only=True):
    """Any HTTP endpoint: it is sent changes, statements or both, as JSON with a signature (Standard Webhooks). Routes
    to it have no audience."""

    url: Secret | Url
    """Where messages are posted to; refer to a secret where the address is one."""
    secret: Secret
    """What messages are signed with: ``whsec_`` and 24 to 64 random bytes in base64."""
    secret_former: Secret | None = None
    """While the secret is being changed: the one before. Messages carry a signature by each."""
    headers: dict[str, Secret | str] = msgspec.field(default_factory=dict)
    """Further headers that the receiver asks for, by name."""
    format: Literal["plain", "cloudevents"] = "plain"
    """What a body looks like: ``type``, ``timestamp`` and ``data``, or a CloudEvent 1.0 in structured mode."""
    client_certificate: ClientCertificate | None = None
    """Certificate and key, where the receiver asks for them in TLS (mutual TLS)."""
    allow_insecure: bool = False
    """Post to http:// addresses beyond this machine too: what is sent can be read, and its signature used again for
    five minutes, by anybody on the way."""
    body_bytes_max: Annotated[int, Meta(ge=1024, le=64 * 1024 * 1024)] = 1024 * 1024
    """The longest body; what would be longer becomes a dead letter."""
    settle: Duration = "1s"
    """After a doubtful outcome, wait this long before it is sent again: the receiver knows it by its ``webhook-id``."""
    limits: dict[str, float] = msgspec.field(default_factory=dict)
    """Messages a second: messages_per_s."""

    def __post_init__(self) -> None:
        if isinstance(self.url, str) and not self.allow_insecure and unprotected(self.url):
            raise ValueError("url: https, unless it is on this machine or allow_insecure = true")
        self._check_headers()
        check_limits(self.limits, LIMITS_PER_S, "messages")

    def _check_headers(self) -> None:
        if len(self.headers) > HEADERS_MAX:
            raise ValueError(f"headers: at most {HEADERS_MAX}")
        lowered = [name.lower() for name in self.headers]
        for name, value in self.headers.items():
            if not _HEADER.fullmatch(name):
                raise ValueError(f"headers: {name!r} is no name of a header")
            if name.lower() in OURS:
                raise ValueError(f"headers: {name} is set by us")
            if lowered.count(name.lower()) > 1:
                raise ValueError(f"headers: {name} is given twice")
            if isinstance(value, str) and not sendable(value):
                raise ValueError(f"headers: {name}: a value is one line of ASCII, at most {VALUE_CHARS_MAX} characters")

    @property
    def settle_s(self) -> float:
        return seconds(self.settle)

    @property
    def rate(self) -> Rate:
        """The terms of the one bucket there is."""
        return terms(self.limits, LIMITS_PER_S, "messages_per_s", BURST)


def sendable(value: str) -> bool:
    """Whether HTTP carries it as a header's value."""
    return value.isascii() and value.isprintable() and len(value) <= VALUE_CHARS_MAX
