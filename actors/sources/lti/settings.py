"""What an operator writes of a platform that is read by LTI Advantage."""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from actors.domain.limits import check_limits, terms
from actors.domain.outbox import Rate
from config.model import Secret
from config.polling import Polling
from config.texts import NonEmpty, Timeout, Url
from config.words import Words

LIMITS_PER_S = {"requests_per_s": 4.0}
"""What ``limits = { … }`` may override, with the defaults: LTI names none."""


class Context(Words, frozen=True, kw_only=True):
    """One course of the platform, as a launch of our tool in it told its services."""

    course: NonEmpty
    """Its id, as it shall be known here: the launch's ``context.id``."""
    memberships_url: Url
    """``context_memberships_url`` of the claim ``https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice``."""
    lineitems_url: Url | None = None
    """``lineitems`` of the claim ``https://purl.imsglobal.org/spec/lti-ags/claim/endpoint``. Then results are read."""


class LtiSettings(Polling, frozen=True, kw_only=True):
    """A platform in which lmsyncd is registered as an LTI 1.3 tool. Members of courses are read by Names and Role
    Provisioning Services, results by Assignment and Grade Services."""

    SELDOM: ClassVar[str] = "2h"

    issuer: Url
    """The platform's issuer, as it signs launches: ``https://lms.example.edu``. People's accounts are on it."""
    client_id: NonEmpty
    """Our tool's client id at the platform."""
    token_url: Url
    """Where access tokens come from."""
    audience: NonEmpty | None = None
    """Whom assertions are for, where the platform wants something else than ``token_url``."""
    private_key: Secret
    """PEM: the RSA key whose public half the platform knows."""
    key_id: NonEmpty
    """The ``kid`` under which the platform knows it."""
    contexts: Annotated[tuple[Context, ...], Meta(min_length=1, max_length=5000)]
    """The courses that are read."""
    every: Timeout = "15m"
    """How often it is asked what is new. While nothing is, it is asked more and more seldom."""
    every_max: Timeout = ""
    """The most seldom. Absent: 2h, or `every` where that is longer."""
    page: Annotated[int, Meta(ge=1, le=1000)] = 50
    """So many are asked for in one request. Canvas gives 50 at most."""
    limits: dict[str, float] = msgspec.field(default_factory=dict)
    """Requests a second: requests_per_s."""

    def __post_init__(self) -> None:
        super().__post_init__()
        courses = [one.course for one in self.contexts]
        if doubled := sorted({course for course in courses if courses.count(course) > 1}):
            raise ValueError(f"contexts: {doubled[0]!r} is there twice")
        check_limits(self.limits, LIMITS_PER_S)

    @property
    def reads_results(self) -> bool:
        return any(one.lineitems_url is not None for one in self.contexts)

    @property
    def home_page(self) -> str:
        return self.issuer.rstrip("/")

    @property
    def rate(self) -> Rate:
        """The terms of the one bucket there is."""
        return terms(self.limits, LIMITS_PER_S, "requests_per_s")
