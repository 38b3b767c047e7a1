"""The conversations with another LRS: put a statement there, see what is there already, say hello.

A statement's id makes sending it again harmless: the LRS knows it, and so nothing ever needs to be looked for. Where it
says that it has another statement with this id, the two are compared.

Order is kept for each learner: a learner's statements stand in one of some lines, so that many are on their way at
a time. A statement that voids another may stand in another line than that one: before it goes, the LRS is asked whether
it has the other one, and it waits a little if not. (It goes in the end: the other one may be none of those that the
route lets through.)
"""

import base64
from urllib.parse import urlencode

import msgspec

from actors.domain.capacity import Quota
from actors.domain.changes import AnyChange, StatementStored
from actors.domain.flow import Flow, Identity, Request, Response, Veiled, decode_object
from actors.domain.lines import line_of
from actors.domain.outbox import Parcel, Place, Rate
from actors.domain.verdicts import (
    Cause,
    Confirmation,
    Delivered,
    Doubtful,
    Faulted,
    Match,
    Refused,
    Repeatable,
    Revoked,
    Throttled,
    Unavailable,
    Unmatched,
    Verdict,
)
from actors.domain.xapi.identity import digest
from actors.ports import Bundler, Reveal, Wording
from actors.ports.listening import Listening
from actors.ports.presenting import identity_of
from actors.ports.rostering import Rostering
from actors.targets.lrs.batch import FITTING, LrsBundler
from actors.targets.lrs.settings import LrsSettings
from actors.targets.lrs.wire import (
    VERSION_HEADER,
    Conflict,
    Failure,
    Missing,
    Taken,
    elsewhere,
    enclosing,
    host_of,
    outgoing,
    understand,
)
from config.model import Audience
from config.taking import Taking

TAKING = Taking(audience="none", statements=True, changes=False, wording=False)
PATIENCE = 3
"""So many attempts of a statement that voids another wait for that one."""
BUCKET = "statements"
JSON = "application/json"
FORBIDDEN = 403


class LrsTarget:
    """One LRS, as conversations."""

    kind = "lrs"
    looks_by_time = False
    wants_statement = True

    def __init__(self, settings: LrsSettings, reveal: Reveal, wording: Wording) -> None:
        self.settle_s = self.late_landing_s = settings.settle_s
        self.attachment_bytes_max = settings.attachment_bytes_max
        self._settings = settings
        self._reveal = reveal
        self._statements = f"{settings.base_url}statements"
        self.listening: Listening | None = None
        self.rostering: Rostering | None = None
        self.bundler: Bundler | None = (
            LrsBundler(self._statements, settings.batch_max) if settings.batch_max > 1 else None
        )

    # ── where ────────────────────────────────────────────────────────────────────────────────────

    def place(self, audience: Audience, change: AnyChange) -> Place | Refused:
        """One of some lines, by the learner."""
        if not audience.is_target:
            return Refused(Cause.BAD_CONFIGURATION, "an LRS has no channels and no readers: leave audience out")
        return line_of(change)

    def rate(self, bucket: str) -> Rate:
        return self._settings.rate

    def costs(self, destination: str, *, to_learner: bool, known: bool) -> tuple[tuple[str, ...], ...]:
        return ((BUCKET,),)

    def quota(self, bucket: str) -> Quota:
        return Quota("what this LRS is asked at most (limits)", (FITTING,))

    # ── statements ───────────────────────────────────────────────────────────────────────────────

    def preview(self, parcel: Parcel) -> dict[str, object]:
        """The statement that would be sent."""
        return decode_object(outgoing(parcel.statement, self._settings.version)) or {} if parcel.statement else {}

    def deliver(self, parcel: Parcel) -> Flow[Verdict]:
        if not parcel.statement:
            return Refused(Cause.BAD_CONFIGURATION, "an LRS takes statements, and here is none")
        voids = parcel.change.voids if isinstance(parcel.change, StatementStored) else ""
        if voids and parcel.attempt <= PATIENCE:
            early = yield from self._missing(voids)
            if early is not None:
                return early
        request = self._put(parcel, voiding=bool(voids))
        answer = understand((yield request))
        match answer:
            case Taken():
                return self._delivered(request)
            case Conflict(detail=detail):
                return (yield from self._compare(parcel, request, detail))
            case Missing(detail=detail) if voids:
                return Refused(Cause.PAYLOAD_REFUSED, f"{detail}: it has no statement {voids}, which this one voids")
            case Missing(detail=detail):
                return elsewhere(detail)
            case _:
                return answer

    def confirm(self, parcel: Parcel) -> Flow[Confirmation]:
        yield from ()
        return Repeatable("the other LRS knows a statement by its id")

    def _put(self, parcel: Parcel, *, voiding: bool) -> Request:
        body = outgoing(parcel.statement, self._settings.version)
        kind = JSON
        if parcel.attachments:
            kind, body = enclosing(body, parcel.attachments)
        return Request(
            method="PUT",
            url=f"{self._statements}?{urlencode({'statementId': _id_of(parcel.statement)})}",
            operation="statements.void" if voiding else FITTING,
            headers=self._headers()
            | {
                "content-type": kind,
                "x-delivery-id": parcel.delivery_id,
                "x-correlation-id": parcel.correlation_id,
            },
            body=body,
            draws=(BUCKET,),
            identity=self._identity(),
        )

    def _compare(self, parcel: Parcel, request: Request, detail: str) -> Flow[Verdict]:
        """It says that it has another statement with this id: is it another one?"""
        statement_id = _id_of(parcel.statement)
        found = yield from self._read(statement_id)
        if isinstance(found, bytes):
            theirs = decode_object(found)
            ours = decode_object(outgoing(parcel.statement, self._settings.version))
            if theirs is not None and ours is not None and _alike(theirs, ours):
                return self._delivered(request)  # it does not like to be told twice
            return Refused(Cause.PAYLOAD_REFUSED, f"{detail}: another statement with the id {statement_id} is there")
        if found is None:
            return Faulted(f"{detail}, but it shows no statement {statement_id}")
        if isinstance(found, Revoked):
            return Refused(Cause.PAYLOAD_REFUSED, f"{detail}: what is there cannot be compared, this key may not read")
        return _harmless(found)

    def _missing(self, voids: str) -> Flow[Verdict | None]:
        """Why a statement that voids this one cannot go yet; None: it can, as far as can be known."""
        found = yield from self._read(voids)
        match found:
            case None:
                return Faulted(f"statement {voids}, which this one voids, is not there yet")
            case Throttled() | Unavailable():
                return found
            case _:
                return None  # it is there; or whether it is, this key may not know

    def _read(self, statement_id: str) -> Flow[bytes | Failure | None]:
        """The statement as the LRS shows it, voided or not; None: it has none."""
        for name in ("statementId", "voidedStatementId"):
            query = urlencode({name: statement_id})
            outcome = yield Request(
                method="GET",
                url=f"{self._statements}?{query}",
                operation="statements.get",
                headers=self._headers(),
                draws=(BUCKET,),
                identity=self._identity(),
            )
            answer = understand(outcome)
            match answer:
                case Taken(response=response):
                    return response.body
                case Missing():
                    continue
                case Conflict(detail=detail):
                    return Faulted(detail)
                case _:
                    return answer
        return None

    def _delivered(self, request: Request) -> Delivered:
        statement_id = request.url.rpartition("=")[2]
        return Delivered({"lrs": host_of(self._settings.endpoint), "statement_id": statement_id})

    # ── people, credentials ──────────────────────────────────────────────────────────────────────

    def find(self, email: str) -> Flow[Match]:
        yield from ()
        return Unmatched("an LRS has nobody who could be written to")

    def hello(self) -> Flow[Verdict]:
        """Ask for a statement: whoever may only write is told that they may not read, which proves the key too."""
        outcome = yield Request(
            method="GET",
            url=f"{self._statements}?limit=1",
            operation="statements.get",
            headers=self._headers(),
            draws=(BUCKET,),
            identity=self._identity(),
        )
        answer = understand(outcome)
        receipt = {"lrs": host_of(self._settings.endpoint), "key": self._settings.key}
        match answer:
            case Taken(response=response):
                told = response.headers.get(VERSION_HEADER, "")
                return Delivered(receipt | {"reads": "yes"} | ({"version": told} if told else {}))
            case Revoked() if isinstance(outcome, Response) and outcome.status == FORBIDDEN:
                return Delivered(receipt | {"reads": "no"})
            case Missing(detail=detail):
                return elsewhere(detail)
            case Conflict(detail=detail):
                return Faulted(detail)
            case _:
                return _harmless(answer)

    def prepare(self, *, to_learner: bool, now_us: int) -> None:
        """The key and the secret are simply there."""

    def _identity(self) -> Identity | None:
        return identity_of(self._settings.client_certificate, self._reveal)

    def _headers(self) -> dict[str, str]:
        pair = f"{self._settings.key}:{self._reveal(self._settings.secret)}"
        return {
            "authorization": Veiled("Basic " + base64.b64encode(pair.encode()).decode()),
            VERSION_HEADER: self._settings.version,
            "accept": JSON,
        }


class _Named(msgspec.Struct):
    id: str


_named = msgspec.json.Decoder(_Named).decode


def _id_of(statement: bytes) -> str:
    return _named(statement).id


def _alike(theirs: dict[str, object], ours: dict[str, object]) -> bool:
    """Whether two statements are the same, but for what an LRS sets."""
    try:
        return digest(theirs) == digest(ours)
    except (KeyError, TypeError, AttributeError, ValueError):
        return False  # what they show is no statement


def _harmless(failure: Failure) -> Verdict:
    """The failure of a request that has no effect: there is nothing to doubt."""
    return Unavailable(failure.detail) if isinstance(failure, Doubtful) else failure


def build(settings: msgspec.Struct, reveal: Reveal, wording: Wording) -> LrsTarget:
    """The connector's ``build``."""
    assert isinstance(settings, LrsSettings)  # noqa: S101 - the registry pairs settings with their own build
    return LrsTarget(settings, reveal, wording)
