"""What an operator writes of a Canvas."""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.domain.limits import check_limits
from actors.domain.outbox import Rate
from config.model import Secret
from config.polling import Polling
from config.texts import Duration, NonEmpty, Url
from config.words import Words

_ACCOUNT = re.compile(r"self|\d{1,25}|sis_account_id:[\w.~-]{1,200}", re.ASCII)
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"]
"""Signatures by a key pair only: with a shared secret, whoever knows the public key could sign."""
CourseState = Literal["created", "claimed", "available", "completed"]
Part = Literal["assignments", "submissions", "completions"]
LIMITS_PER_S = {"requests_per_s": 10.0}
"""What ``limits = { … }`` may override, with the defaults: Canvas publishes no number, only how much is left."""


class LiveEvents(Words, frozen=True, kw_only=True):
    """Live Events by HTTPS. Their address is ``/t/TENANT/hooks/SOURCE`` of the gateway; every delivery is a signed
    JWT."""

    jwks_url: Url | None = None
    """Where Instructure publishes the public keys (a JWKS)."""
    keys: Secret | None = None
    """Instead of ``jwks_url``: a JWKS that is kept here, in a file or a credential."""
    algorithms: Annotated[tuple[Algorithm, ...], Meta(min_length=1, max_length=8)] = ("RS256",)
    """Signatures that are accepted."""
    issuer: NonEmpty | None = None
    """The ``iss`` that every delivery must carry; absent: not looked at."""
    silence: Duration = "24h"
    """After so long without any delivery, ``source list`` and an event in the log say so: Canvas ends a subscription
    whose deliveries fail."""

    def __post_init__(self) -> None:
        if (self.jwks_url is None) == (self.keys is None):
            raise ValueError("live_events needs either jwks_url or keys")


class CanvasCourses(Words, frozen=True, kw_only=True):
    """Which courses are read."""

    states: Annotated[tuple[CourseState, ...], Meta(min_length=1, max_length=4)] = ("available", "completed")
    """In these states. Of courses that are not available only name and dates are read: their people and their work
    stay as they were."""
    ids: Annotated[tuple[NonEmpty, ...], Meta(max_length=1_000)] = ()
    """Only these, by their numbers in Canvas. People are then read by course, which a teacher's token may."""
    terms: Annotated[tuple[NonEmpty, ...], Meta(max_length=100)] = ()
    """Only those of these enrolment terms, by their numbers in Canvas."""


class CanvasSettings(Polling, frozen=True, kw_only=True):
    """A Canvas, read by its REST API and, where ``live_events`` is there, hearing its Live Events."""

    base_url: Url
    """The address of the Canvas itself: ``https://school.instructure.com``."""
    account: NonEmpty = "self"
    """The account whose people and courses are read, by its number or as ``sis_account_id:ID``; ``self``: the root
    account."""
    token: Secret | None = None
    """An access token that somebody made by hand. Either this, or client_id, client_secret and refresh_token."""
    client_id: NonEmpty | None = None
    """The number of a developer key."""
    client_secret: Secret | None = None
    """Its secret."""
    refresh_token: Secret | None = None
    """What the developer key was given when somebody authorised it. Canvas gives no newer one: it stays."""
    connect: bool = False
    """Somebody authorises the developer key by signing in (``/t/TENANT/connect/SOURCE``), instead of refresh_token."""
    scoped: bool = True
    """Whether the developer key enforces scopes, and is then asked for no more than is read."""
    courses: CanvasCourses = CanvasCourses()
    """Which courses are read."""
    read: tuple[Part, ...] = ("assignments", "submissions", "completions")
    """What is read of each course beside its people. ``completions`` are those of its modules' requirements."""
    course_grades: bool = False
    """Whether the running total of a course is a grade too. It changes with every piece of work that is graded."""
    page_size: Annotated[int, Meta(ge=1, le=100)] = 100
    """How many are asked for at a time; Canvas may give fewer."""
    live_events: LiveEvents | None = None
    """Live Events by HTTPS; absent: none are accepted."""
    limits: dict[str, float] = msgspec.field(default_factory=dict)
    """Requests a second: requests_per_s."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if "?" in self.base_url or "#" in self.base_url or "/api/" in self.base_url:
            raise ValueError("base_url is the address of the Canvas itself, like https://school.instructure.com")
        if _ACCOUNT.fullmatch(self.account) is None:
            raise ValueError("account is the number of an account, sis_account_id:ID, or self")
        key = [self.client_id, self.client_secret]
        key += [] if self.connect else [self.refresh_token]
        if (self.token is None) == (None in key) or (self.token is not None and any(each is not None for each in key)):
            raise ValueError(
                "canvas needs either token, or client_id, client_secret and refresh_token (or connect = true)"
            )
        if self.connect and not (self.token is None and self.refresh_token is None):
            raise ValueError("with connect = true somebody signs in: leave out token and refresh_token")
        if "submissions" in self.read and "assignments" not in self.read:
            raise ValueError("read: submissions are nothing without their assignments")
        for number in (*self.courses.ids, *self.courses.terms):
            if not (number.isascii() and number.isdecimal()):
                raise ValueError(f"courses: {number!r} is not the number of a course or of a term")
        check_limits(self.limits, LIMITS_PER_S)

    @property
    def home(self) -> str:
        """``base_url`` without a slash at its end: the home page of its people's accounts."""
        return self.base_url.rstrip("/")

    @property
    def silence(self) -> str | None:
        """How long nobody need call; None: nobody is expected to."""
        return self.live_events.silence if self.live_events is not None else None

    @property
    def rate(self) -> Rate:
        """The terms of the one bucket there is."""
        return Rate(per_s=self.limits.get("requests_per_s", LIMITS_PER_S["requests_per_s"]), burst=10.0)
