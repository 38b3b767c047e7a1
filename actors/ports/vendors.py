"""A vendor: what a connector promises the actors, and what a fake of it promises the tests."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from actors.domain.capacity import Quota
from actors.domain.changes import AnyChange
from actors.domain.flow import Flow, Outcome, Request, Response
from actors.domain.outbox import Composed, Parcel, Place, Rate
from actors.domain.verdicts import Confirmation, Match, Refused, Verdict
from actors.ports.listening import Listening
from actors.ports.rostering import Rostering
from actors.ports.tokens import Dialect
from config.model import Audience, Secret
from config.taking import Taking


class Wording(Protocol):
    """Templates, compiled. Raises domain.wording.TemplateFault naming template and line."""

    def compose(self, parcel: Parcel, platform: str, escape: Callable[[str], str]) -> Composed: ...


class Bundler(Protocol):
    """Several requests of one lane as one request (Graph's ``$batch``). Each inner request keeps its own outcome."""

    size_max: int
    singly_s: float
    """After a bundle was not taken, requests go one by one for so long: the vendor takes none. 0: it refused that one
    bundle, for one request in it; only those that were in it go one by one."""

    def fits(self, request: Request) -> bool: ...

    def lingers_s(self, request: Request) -> float:
        """How long it may wait for company; 0 where somebody waits for it."""

    def pack(self, requests: Sequence[Request]) -> Request:
        """All of them (at least two, at most ``size_max``, which all fit and speak with one authorization) in one."""

    def unpack(self, requests: Sequence[Request], outcome: Outcome) -> list[Outcome] | None:
        """Each one's own outcome, in the order packed. None: the vendor took no bundle and surely did nothing, so
        they may be sent one by one."""


class Target(Protocol):
    """One tenant's account at one vendor, as conversations. No I/O, no clock; settings are the operator's."""

    kind: str
    settle_s: float
    """After a doubtful outcome, wait this long before the first probe."""
    late_landing_s: float
    """How long after it a slow original may still land; absence counts only then."""
    attachment_bytes_max: int
    """With ``wants_statement``: how many bytes of attachments, together, it takes along; 0: it wants none."""
    looks_by_time: bool
    """Whether ``confirm`` looks among posts by their time: then nothing is sent before the vendor's clock is known."""
    wants_statement: bool
    """Whether ``deliver`` needs the statement itself (``parcel.statement``)."""
    bundler: Bundler | None
    """How to send several requests in one call, where the vendor can."""
    listening: Listening | None
    """Its ears; None: it never tells us anything."""
    rostering: Rostering | None
    """How memberships are kept in step there; None: it has none."""

    def place(self, audience: Audience, change: AnyChange) -> Place | Refused:
        """Where this change goes for this audience, or why nowhere."""

    def rate(self, bucket: str) -> Rate:
        """The terms of a bucket that a request draws from."""

    def costs(self, destination: str, *, to_learner: bool, known: bool) -> tuple[tuple[str, ...], ...]:
        """The requests that one delivery there makes, each as the token buckets it draws from. ``known``: whether the
        learner's address is remembered. For forecasts."""

    def quota(self, bucket: str) -> Quota:
        """What the vendor publishes of it, for people."""

    def prepare(self, *, to_learner: bool, now_us: int) -> Flow[Verdict | None] | None:
        """What must be fetched before such a delivery can be talked about (a token), or None if nothing must. One
        caller at a time runs it for all who wait; it concludes with None, or with why nothing can be sent."""

    def find(self, email: str) -> Flow[Match]:
        """The vendor's user for an e-mail address (already casefolded)."""

    def deliver(self, parcel: Parcel) -> Flow[Verdict]: ...

    def confirm(self, parcel: Parcel) -> Flow[Confirmation]:
        """Look for the effect of an earlier attempt (made at or after ``parcel.sent_us``)."""

    def hello(self) -> Flow[Verdict]:
        """Prove the credentials without any effect; the receipt says who we are to the vendor."""

    def preview(self, parcel: Parcel) -> dict[str, object]:
        """The body ``deliver`` would send. Raises TemplateFault."""


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What a fake vendor asks of somebody else before it answers; ``then`` is told what came of it, and when."""

    request: Request
    then: "Callable[[Outcome, float], Answer]"
    patience_s: float = 10.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A fake vendor's answer: a response after ``delay_s``, or with ``reset`` a connection reset instead. Its body
    takes ``body_s``; with ``hangup`` the connection is closed behind it, unannounced. With an ``errand`` the answer is
    what comes of that; ``response`` is for those who run none."""

    response: Response
    delay_s: float = 0.0
    reset: bool = False
    body_s: float = 0.0
    hangup: bool = False
    errand: Errand | None = None


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the sandbox journal: an effect the fake vendor accepted. ``time`` is seconds since the epoch."""

    vendor: str
    operation: str
    destination: str
    delivery_id: str
    correlation_id: str
    time: float
    id: str = ""


class Fake(Protocol):
    """A believable vendor, sans-IO: tests call it in memory, the sandbox serves it over HTTP."""

    mounts: tuple[str, ...]
    """Path prefixes it answers below (``/slack/api/``)."""
    limited: bool
    """Whether published rate limits are enforced."""
    journal: list[Effect]

    def handle(self, request: Request, now_s: float) -> Answer:
        """``request.url`` is the path with its query, from the mount on. ``operation`` is not to be relied upon."""

    def fault(self, fault: "Fault") -> None: ...

    def clear_faults(self) -> None: ...


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that goes wrong. ``kind`` says what (each fake documents its kinds); it strikes ``times`` matching
    requests (0: until cleared), each with ``chance``, where ``operation`` and ``destination`` match (empty: any)."""

    kind: str
    vendor: str = ""
    operation: str = ""
    destination: str = ""
    times: int = 1
    chance: float = 1.0
    skip: int = 0
    """Let this many matching requests pass first."""
    value: str = ""
    """What the kind needs to know: an error name, an HTTP status, a Retry-After, seconds of delay."""


Reveal = Callable[[Secret], str]


class Connector(msgspec.Struct, frozen=True, kw_only=True):
    """What a target folder exports as ``CONNECTOR``; the folder's name is its kind."""

    settings: type[msgspec.Struct]
    build: Callable[[msgspec.Struct, Reveal, Wording], Target]
    fake: Callable[[], Fake]
    taking: Taking = Taking()
    """What routes to it may ask for."""
    dialect: Callable[[Any, Reveal, str], Dialect] | None = None
    """How it is asked for tokens, where it is: of ``settings``, ``reveal`` and something that is new each time."""
