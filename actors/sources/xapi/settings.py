"""``[sources.NAME] kind = "xapi"``."""

from typing import Annotated, Literal

from msgspec import Meta

from config.model import Secret, Words
from config.texts import Origin

Scope = Literal[
    "all",
    "all/read",
    "statements/write",
    "statements/read",
    "statements/read/mine",
    "state",
    "profile",
    "define",
]
SCOPES_BY_DEFAULT: tuple[Scope, ...] = ("statements/write", "statements/read/mine")
RATE_MAX, BURST_MAX = 100_000, 100_000


class Credential(Words, frozen=True, kw_only=True):
    """One client of the LRS: Basic user name ``key`` and its secret, and what it may do (xAPI's scope names)."""

    key: str
    """User name, unique in the tenant."""
    secret: Secret
    """Password."""
    secret_former: Secret | None = None
    """The password before the last change, which opens too: leave it here until every client has the new one."""
    scopes: tuple[Scope, ...] = SCOPES_BY_DEFAULT
    """What this client may do, in xAPI's words."""
    rate_per_s: Annotated[float, Meta(gt=0, le=RATE_MAX)] | None = None
    """Requests a second in the long run; beyond it they are answered 429. Absent: no limit."""
    burst: Annotated[int, Meta(ge=1, le=BURST_MAX)] | None = None
    """Requests at once, after a pause; absent: those of one second, but at least one."""

    def __post_init__(self) -> None:
        if self.burst is not None and self.rate_per_s is None:
            raise ValueError("burst says how many may come at once within rate_per_s: give both")


class XapiSettings(Words, frozen=True, kw_only=True):
    """Who may send statements here. ``dedupe``: a statement without id but with a timestamp gets its id from its
    content, so that a batch sent twice is one; false: always a fresh id."""

    dedupe: bool = True
    """Whether a statement without id but with a timestamp gets its id from its content."""
    cors_origins: tuple[Origin, ...] = ("*",)
    """Which web pages' scripts may use this LRS, by the origin the browser names: `https://player.example.edu`. `*`:
    any (no cookies are used, a script needs a credential all the same); none: no page may."""
    credentials: tuple[Credential, ...] = ()
    """Who may send, beside those that ``lmsyncctl credential create`` makes."""
