"""The conversations with a Power Automate flow: post a card, say hello.

There is no way to look: a flow tells nobody what it did. A doubtful outcome is therefore the route's to decide
(``doubtful``: park it, or accept a double), and a delivery that counts as delivered was *queued*. Its receipt says so,
with the id of the run, by which a person finds in the flow's history whether it posted. To take every 202 for doubtful
would park each single post, or, where the route accepts doubles, post each one as often as it has attempts.
"""

from urllib.parse import urlsplit

import msgspec

from actors.domain.capacity import Quota
from actors.domain.cards import escape
from actors.domain.changes import AnyChange
from actors.domain.flow import Flow, Request, Response, Veiled
from actors.domain.outbox import Parcel, Place, Rate
from actors.domain.veiling import parts_of
from actors.domain.verdicts import (
    Cause,
    Confirmation,
    Delivered,
    Match,
    Refused,
    Revoked,
    Throttled,
    Unavailable,
    Unmatched,
    Unprobeable,
    Verdict,
)
from actors.domain.wording import TemplateFault
from actors.ports import Bundler, Reveal, Wording
from actors.ports.listening import Listening
from actors.ports.rostering import Rostering
from actors.targets.teams_workflow.render import message
from actors.targets.teams_workflow.settings import WorkflowSettings
from actors.targets.teams_workflow.wire import QUEUED, Taken, understand
from config.model import Audience
from config.taking import Taking
from config.texts import url as check_url
from config.transport import unprotected

TAKING = Taking(audience="none", statements=False, changes=True, wording=True, outward=True)
BUCKET = "posts"
WORDING = "teams"
"""Whose templates word it: it is Teams where the card is read."""
ONLY_QUEUED = "not known: Power Automate queued it (HTTP 202); the run's history shows whether it was posted"
ANSWERED = "as the flow answered (HTTP {})"
SERVER_FAILED = 500


class WorkflowTarget:
    """One flow, as conversations."""

    kind = "teams_workflow"
    looks_by_time = False
    wants_statement = False
    attachment_bytes_max = 0
    settle_s = 0.0
    late_landing_s = 0.0

    def __init__(self, settings: WorkflowSettings, reveal: Reveal, wording: Wording) -> None:
        self.bundler: Bundler | None = None
        self.listening: Listening | None = None
        self.rostering: Rostering | None = None
        self._settings = settings
        self._reveal = reveal
        self._wording = wording

    # ── where ────────────────────────────────────────────────────────────────────────────────────

    def place(self, audience: Audience, change: AnyChange) -> Place | Refused:
        """There is one place, the flow's own channel."""
        if not audience.is_target:
            return Refused(Cause.BAD_CONFIGURATION, "a flow posts to the one channel it names: leave audience out")
        return Place(destination="flow")

    def rate(self, bucket: str) -> Rate:
        return self._settings.rate

    def costs(self, destination: str, *, to_learner: bool, known: bool) -> tuple[tuple[str, ...], ...]:
        return ((BUCKET,),)

    def quota(self, bucket: str) -> Quota:
        return Quota("what this flow is asked at most (limits)", ("flow.post",))

    # ── posts ────────────────────────────────────────────────────────────────────────────────────

    def preview(self, parcel: Parcel) -> dict[str, object]:
        """The message with its card. Raises TemplateFault."""
        composed = self._wording.compose(parcel, WORDING, escape)
        return message(composed, parcel.delivery_id, parcel.correlation_id)

    def deliver(self, parcel: Parcel) -> Flow[Verdict]:
        """Power Automate keeps the tracking id with the run, so that the delivery is found there too."""
        try:
            body = msgspec.json.encode(self.preview(parcel))
        except TemplateFault as fault:
            return Refused(Cause.BAD_TEMPLATE, str(fault))
        url = self._url()
        if isinstance(url, Revoked):
            return url
        trail = {"x-ms-client-tracking-id": parcel.delivery_id, "x-correlation-id": parcel.correlation_id}
        answer = understand((yield self._request("POST", url, "flow.post", trail, body)), parts_of(url))
        if not isinstance(answer, Taken):
            return answer
        posted = ONLY_QUEUED if answer.status == QUEUED else ANSWERED.format(answer.status)
        return Delivered({"posted": posted} | ({"run": answer.run} if answer.run else {}))

    def confirm(self, parcel: Parcel) -> Flow[Confirmation]:
        yield from ()
        return Unprobeable("Power Automate tells nobody whether a card was posted: look at the channel")

    # ── people, credentials ──────────────────────────────────────────────────────────────────────

    def find(self, email: str) -> Flow[Match]:
        yield from ()
        return Unmatched("a flow has nobody who could be written to")

    def hello(self) -> Flow[Verdict]:
        """OPTIONS runs no flow. Whether the flow takes posts is not told by any request that posts none."""
        url = self._url()
        if isinstance(url, Revoked):
            return url
        outcome = yield self._request("OPTIONS", url, "flow.options", {}, b"")
        if not isinstance(outcome, Response):
            return Unavailable(outcome.detail)
        answer = understand(outcome, parts_of(url))
        if isinstance(answer, Revoked | Throttled):
            return answer
        if outcome.status >= SERVER_FAILED:
            return Unavailable(f"Power Automate: HTTP {outcome.status}", outcome.headers.get("retry-after"))
        answered = f"HTTP {outcome.status} to OPTIONS; whether the flow takes posts shows with the first one"
        return Delivered({"host": urlsplit(url).netloc, "answers": answered})

    def prepare(self, *, to_learner: bool, now_us: int) -> None:
        """The url is simply there."""

    def _url(self) -> Veiled | Revoked:
        """Raises SecretUnavailable."""
        url = Veiled(self._reveal(self._settings.url))
        try:
            check_url(url)
        except ValueError as error:
            return Revoked(f"url: what the secret holds is no address: {error}")
        if not self._settings.allow_insecure and unprotected(url):
            return Revoked("url: https, unless it is on this machine or allow_insecure = true")
        return url

    def _request(self, method: str, url: Veiled, operation: str, trail: dict[str, str], body: bytes) -> Request:
        kind = {"content-type": "application/json; charset=utf-8"} if body else {}
        return Request(
            method=method,
            url=url,
            outward=True,
            operation=operation,
            headers=kind | trail,
            body=body,
            draws=(BUCKET,),
        )


def build(settings: msgspec.Struct, reveal: Reveal, wording: Wording) -> WorkflowTarget:
    """The connector's ``build``."""
    assert isinstance(settings, WorkflowSettings)  # noqa: S101 - the registry pairs settings with their own build
    return WorkflowTarget(settings, reveal, wording)
