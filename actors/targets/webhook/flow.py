"""The conversations with a webhook's receiver: post a message, say hello.

Nothing can be read back, and nothing needs to be: a receiver collapses repeats by ``webhook-id``, which is the
delivery's id and so the same for ever. What changes from attempt to attempt is the timestamp, and the signature with
it, because receivers refuse messages that were signed long ago.

A message says what it says in full: no second request is needed to understand it. Contents of attachments are not in
it; the statement names them by ``sha2`` and ``fileUrl``.
"""

from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import msgspec
from standardwebhooks import Webhook

from actors.domain.capacity import Quota
from actors.domain.changes import AnyChange, StatementStored
from actors.domain.flow import Flow, Identity, Lost, Request, Response, Veiled, decode_object
from actors.domain.lines import line_of
from actors.domain.outbox import Parcel, Place, Rate
from actors.domain.veiling import parts_of
from actors.domain.verdicts import (
    Cause,
    Confirmation,
    Delivered,
    Doubtful,
    Match,
    Refused,
    Repeatable,
    Revoked,
    Throttled,
    Unavailable,
    Unmatched,
    Verdict,
)
from actors.ports import Bundler, Reveal, Wording
from actors.ports.listening import Listening
from actors.ports.presenting import identity_of
from actors.ports.rostering import Rostering
from actors.targets.webhook.render import CONTENT_TYPES, body_of, hello_of
from actors.targets.webhook.settings import WebhookSettings, sendable
from actors.targets.webhook.signing import signed, signer
from actors.targets.webhook.wire import Failure, Taken, request_id, understand
from config.model import Audience
from config.taking import Taking
from config.texts import url as check_url
from config.transport import unprotected

TAKING = Taking(audience="none", statements=True, changes=True, wording=False, outward=True)
BUCKET = "messages"
POST = "message.post"


class Desk(msgspec.Struct, frozen=True):
    """What every request needs, read anew for each talk, so that a rotated secret is used at once."""

    url: str
    headers: dict[str, str]
    signers: tuple[Webhook, ...]
    hidden: tuple[str, ...]
    identity: Identity | None

    def __repr__(self) -> str:
        return "Desk(***)"


class WebhookTarget:
    """One endpoint, as conversations."""

    kind = "webhook"
    looks_by_time = False
    wants_statement = True
    attachment_bytes_max = 0

    def __init__(self, settings: WebhookSettings, reveal: Reveal, wording: Wording) -> None:
        self.settle_s = self.late_landing_s = settings.settle_s
        self.bundler: Bundler | None = None
        self.listening: Listening | None = None
        self.rostering: Rostering | None = None
        self._settings = settings
        self._reveal = reveal

    # ── where ────────────────────────────────────────────────────────────────────────────────────

    def place(self, audience: Audience, change: AnyChange) -> Place | Refused:
        """One of some lines, by the learner: their order is kept, and many are on their way at a time."""
        if not audience.is_target:
            return Refused(Cause.BAD_CONFIGURATION, "a webhook has no channels and no readers: leave audience out")
        return line_of(change)

    def rate(self, bucket: str) -> Rate:
        return self._settings.rate

    def costs(self, destination: str, *, to_learner: bool, known: bool) -> tuple[tuple[str, ...], ...]:
        return ((BUCKET,),)

    def quota(self, bucket: str) -> Quota:
        return Quota("what this receiver is asked at most (limits)", (POST,))

    # ── messages ─────────────────────────────────────────────────────────────────────────────────

    def preview(self, parcel: Parcel) -> dict[str, object]:
        """The body that would be posted."""
        return decode_object(msgspec.json.encode(body_of(parcel, self._settings.format))) or {}

    def deliver(self, parcel: Parcel) -> Flow[Verdict]:
        if isinstance(parcel.change, StatementStored) and not parcel.statement:
            return Refused(Cause.BAD_CONFIGURATION, "the statement is the message, and here is none")
        body = msgspec.json.encode(body_of(parcel, self._settings.format))
        if len(body) > self._settings.body_bytes_max:
            bound = f"more than body_bytes_max = {self._settings.body_bytes_max} allows"
            return Refused(Cause.PAYLOAD_REFUSED, f"the message has {len(body)} bytes: {bound}")
        desk = self._desk()
        if isinstance(desk, Revoked):
            return desk
        trail = {"x-correlation-id": parcel.correlation_id, "traceparent": parcel.traceparent}
        request = self._post(desk, body, parcel.delivery_id, parcel.now_us // 1_000_000, trail)
        answer = understand((yield request), desk.hidden)
        return _delivered(desk, answer.response) if isinstance(answer, Taken) else answer

    def confirm(self, parcel: Parcel) -> Flow[Confirmation]:
        yield from ()
        return Repeatable("the receiver knows a message by its webhook-id")

    def _post(self, desk: Desk, body: bytes, message_id: str, at_s: int, trail: dict[str, str]) -> Request:
        return Request(
            method="POST",
            url=desk.url,
            outward=True,
            operation=POST,
            headers={
                **desk.headers,
                "content-type": CONTENT_TYPES[self._settings.format],
                **signed(desk.signers, message_id, at_s, body),
                **{name: value for name, value in trail.items() if value},
            },
            body=body,
            draws=(BUCKET,),
            identity=desk.identity,
        )

    # ── people, credentials ──────────────────────────────────────────────────────────────────────

    def find(self, email: str) -> Flow[Match]:
        yield from ()
        return Unmatched("a webhook has nobody who could be written to")

    def hello(self) -> Flow[Verdict]:
        """Post a signed message that tells nothing (``lmsyncd.hello``), dated by the receiver's own clock: that is
        asked for first, and shows whether anybody answers at all."""
        desk = self._desk()
        if isinstance(desk, Revoked):
            return desk
        asked = yield Request(
            method="OPTIONS",
            url=desk.url,
            outward=True,
            operation="endpoint.options",
            headers=desk.headers,
            draws=(BUCKET,),
            identity=desk.identity,
        )
        if isinstance(asked, Lost):  # something on the way lets no OPTIONS through
            asked = yield self._hello(desk, 0)
        if not isinstance(asked, Response):
            return Unavailable(asked.detail)
        at_s = _date_s(asked)
        if at_s is None:
            told = understand(asked, desk.hidden)
            if isinstance(told, Throttled | Unavailable | Revoked):
                return told
            untried = {"signature": "not tried: its answers have no Date"}
            return Delivered({"endpoint": urlsplit(desk.url).netloc, "status": str(asked.status)} | untried)
        answer = understand((yield self._hello(desk, at_s)), desk.hidden)
        return _delivered(desk, answer.response) if isinstance(answer, Taken) else _harmless(answer)

    def _hello(self, desk: Desk, at_s: int) -> Request:
        message_id = f"hello-{at_s}"
        body = msgspec.json.encode(hello_of(message_id, self._settings.format))
        return self._post(desk, body, message_id, at_s, {})

    def prepare(self, *, to_learner: bool, now_us: int) -> None:
        """The secrets are simply there."""

    def _desk(self) -> Desk | Revoked:
        """Raises SecretUnavailable. Revoked: a secret is there, but is none that could be used."""
        settings, reveal = self._settings, self._reveal
        url = settings.url if isinstance(settings.url, str) else Veiled(reveal(settings.url))
        if url is not settings.url:
            try:
                check_url(url)
            except ValueError as error:
                return Revoked(f"url: what the secret holds is no address: {error}")
            if not settings.allow_insecure and unprotected(url):
                return Revoked("url: https, unless it is on this machine or allow_insecure = true")
        texts = {"secret": reveal(settings.secret)}
        if settings.secret_former is not None:
            texts["secret_former"] = reveal(settings.secret_former)
        signers: list[Webhook] = []
        for name, text in texts.items():
            try:
                signers.append(signer(text))
            except ValueError as error:
                return Revoked(f"{name}: {error}")
        headers: dict[str, str] = {}
        for name, value in settings.headers.items():
            given = value if isinstance(value, str) else Veiled(reveal(value))
            if not sendable(given):
                return Revoked(f"headers: what the secret of {name} holds is no header's value")
            headers[name.lower()] = given
        hidden: list[str] = [text for text in headers.values() if isinstance(text, Veiled)]
        if isinstance(url, Veiled):
            hidden += parts_of(url)
        identity = identity_of(settings.client_certificate, reveal)
        return Desk(url, headers, tuple(signers), (*hidden, *texts.values()), identity)


def _delivered(desk: Desk, response: Response) -> Delivered:
    told = request_id(response)
    receipt = {"endpoint": urlsplit(desk.url).netloc, "status": str(response.status)}
    return Delivered(receipt | ({"request_id": told} if told else {}))


def _harmless(failure: Failure) -> Verdict:
    """The failure of a message that tells nothing: there is nothing to doubt."""
    return Unavailable(failure.detail) if isinstance(failure, Doubtful) else failure


def _date_s(response: Response) -> int | None:
    try:
        return int(parsedate_to_datetime(response.headers.get("date", "")[:64]).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None


def build(settings: msgspec.Struct, reveal: Reveal, wording: Wording) -> WebhookTarget:
    """The connector's ``build``."""
    assert isinstance(settings, WebhookSettings)  # noqa: S101 - the registry pairs settings with their own build
    return WebhookTarget(settings, reveal, wording)
