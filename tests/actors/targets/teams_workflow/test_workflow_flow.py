"""Cards by Power Automate: what each answer means, what a receipt admits, and what is never shown."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import pytest

from actors.domain.changes import AnyChange, Course, CourseCompleted
from actors.domain.flow import Flow, Lost, NotSent, Outcome, Request, Response
from actors.domain.outbox import Parcel, Place
from actors.domain.people import Learner
from actors.domain.verdicts import (
    Cause,
    Delivered,
    Doubtful,
    Faulted,
    Refused,
    Revoked,
    Throttled,
    Unavailable,
    Unmatched,
    Unprobeable,
    Verdict,
)
from actors.domain.wording import TemplateFault
from actors.ports import Composed
from actors.targets.teams_workflow import CONNECTOR
from actors.targets.teams_workflow.fake import FakeWorkflow
from actors.targets.teams_workflow.flow import WorkflowTarget
from actors.targets.teams_workflow.settings import WorkflowSettings
from config.model import Audience, Secret

T = TypeVar("T")

URL = "https://prod-7.flows.test/workflow/7?api-version=1&sig=sandbox"
NOW_S = 1_790_000_000.0
COMPOSED = Composed(title="Well done", text="Ada completed AE-101", url="https://moodle.example.edu/c?id=7")


class Wording:
    def __init__(self, composed: Composed = COMPOSED, error: Exception | None = None) -> None:
        self.composed, self.error, self.platforms = composed, error, set[str]()

    def compose(self, parcel: Parcel, platform: str, escape: Callable[[str], str]) -> Composed:
        self.platforms.add(platform)
        if self.error:
            raise self.error
        return self.composed


def build(wording: Wording | None = None, url: str = URL, **settings: object) -> WorkflowTarget:
    decoded = msgspec.convert({"url": {"env": "URL"}} | settings, type=CONNECTOR.settings)
    target = CONNECTOR.build(decoded, lambda secret: url, wording or Wording())
    assert isinstance(target, WorkflowTarget)
    return target


def change() -> AnyChange:
    return CourseCompleted(
        learner=Learner(key="k", name="Ada"), at="2026-09-21T14:13:20Z", course=Course(id="urn:c", name="Engines")
    )


def parcel(delivery_id: str = "d-1") -> Parcel:
    return Parcel(
        delivery_id=delivery_id,
        correlation_id=f"c-{delivery_id}",
        destination="flow",
        address="flow",
        to_learner=False,
        change=change(),
        template=None,
        locale="en",
        timezone="UTC",
        attempt=1,
        now_us=int(NOW_S * 1e6),
        sent_us=None,
    )


def answered(flow: Flow[T], *outcomes: Outcome) -> T:
    """Drive a flow with these answers, in this order; it must not ask for more, nor for fewer."""
    waiting: list[Any] = [None, *outcomes]
    while True:
        try:
            flow.send(waiting.pop(0))
        except StopIteration as end:
            assert not waiting, "not everything was asked for"
            return end.value  # type: ignore[no-any-return]


def verdict(outcome: Outcome) -> Verdict:
    return answered(build().deliver(parcel()), outcome)


def said(status: int, code: str = "", message: str = "", **headers: str) -> Response:
    body = json.dumps({"error": {"code": code, "message": message}}).encode() if code else b""
    return Response(
        status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=body
    )


def test_a_card_goes_as_an_object_and_is_found_again_by_the_delivery() -> None:
    wording = Wording()
    request = next(build(wording).deliver(parcel()))
    assert wording.platforms == {"teams"}
    body = json.loads(request.body)
    assert body["type"] == "message"
    (attachment,) = body["attachments"]
    assert (attachment["contentType"], attachment["contentUrl"]) == ("application/vnd.microsoft.card.adaptive", None)
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert (card["body"][0]["text"], card["body"][0]["id"]) == ("Well done", "lmsyncd-d-1")
    assert request.headers["x-ms-client-tracking-id"] == "d-1"
    assert request.headers["x-correlation-id"] == "c-d-1"


def test_a_long_card_is_shortened_and_a_digest_says_what_it_leaves_out() -> None:
    for composed in (
        Composed(title="t" * 500, text='"' * 50_000, facts=(("f", "v" * 500),) * 60, url=COMPOSED.url),
        Composed(title="Digest", text="x", lines=tuple(f"line {n} " + '"' * 200 for n in range(400)), left_out=3),
    ):
        request = next(build(Wording(composed)).deliver(parcel()))
        assert len(request.body.decode().encode("utf-16-le")) <= 28_000
        assert "…" in request.body.decode()
    assert "… +" in request.body.decode()


def test_what_was_queued_is_not_called_posted() -> None:
    queued = verdict(said(202, x_ms_workflow_run_id="0858-7"))
    assert isinstance(queued, Delivered)
    assert queued.receipt["run"] == "0858-7"
    assert queued.receipt["posted"].startswith("not known: Power Automate queued it (HTTP 202)")
    assert verdict(said(200)) == Delivered({"posted": "as the flow answered (HTTP 200)"})


def test_nothing_can_be_read_back() -> None:
    assert isinstance(answered(build().confirm(parcel())), Unprobeable)
    assert isinstance(answered(build().find("ada@example.edu")), Unmatched)


@pytest.mark.parametrize(
    ("outcome", "kind", "words"),
    [
        (said(401, "DirectApiAuthorizationRequired", "no"), Revoked, "copy it anew"),
        (said(403), Revoked, "copy it anew"),
        (said(404, "WorkflowNotFound", "gone"), Unavailable, "its owner left"),
        (said(410), Unavailable, "its owner left"),
        (said(400, "WorkflowTriggerIsNotEnabled", "off"), Unavailable, "its owner left"),
        (said(429, retry_after="5"), Throttled, "slow down"),
        (said(503), Unavailable, "HTTP 503"),
        (said(302, location="https://login.test/x?token=1"), Unavailable, "leads to https://login.test"),
        (said(302), Unavailable, "leads elsewhere"),
        (said(409), Faulted, "HTTP 409"),
        (said(408), Doubtful, "HTTP 408"),
        (said(500), Doubtful, "HTTP 500"),
        (said(502), Doubtful, "HTTP 502"),
        (said(200, content_type="text/html"), Doubtful, "a page"),
        (Lost("reset"), Doubtful, "reset"),
        (NotSent("no route"), Unavailable, "no route"),
    ],
)
def test_each_answer_has_a_meaning(outcome: Outcome, kind: type[Verdict], words: str) -> None:
    told = verdict(outcome)
    assert isinstance(told, kind)
    assert words in told.detail  # type: ignore[union-attr]  # Delivered is none of them


@pytest.mark.parametrize("status", [400, 413, 414, 415, 422, 431])
def test_a_card_that_is_not_taken_is_a_dead_letter(status: int) -> None:
    refused = verdict(said(status, "TriggerInputSchemaMismatch", "bad\ncard"))
    assert isinstance(refused, Refused)
    assert refused.cause is Cause.PAYLOAD_REFUSED
    assert f"HTTP {status}, TriggerInputSchemaMismatch bad card" in refused.detail


def test_a_template_that_fails_is_the_templates_fault() -> None:
    refused = answered(build(Wording(error=TemplateFault("completed", 3, "no"))).deliver(parcel()))
    assert isinstance(refused, Refused)
    assert refused.cause is Cause.BAD_TEMPLATE


def test_the_address_is_shown_nowhere() -> None:
    target = build()
    request = next(target.deliver(parcel()))
    assert request.url == URL
    assert "sig=" not in repr(request)
    refused = verdict(said(422, "Bad", f"cannot post to {URL}"))
    assert isinstance(refused, Refused)
    assert "cannot post to ***" in refused.detail


@pytest.mark.parametrize(("url", "why"), [("flows.test/x", "no address"), ("http://flows.test/x?sig=s", "url: https")])
def test_a_secret_that_is_no_address_suspends(url: str, why: str) -> None:
    revoked = answered(build(url=url).deliver(parcel()))
    assert isinstance(revoked, Revoked)
    assert why in revoked.detail
    assert isinstance(answered(build(url=url).hello()), Revoked)


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (said(200), Delivered),
        (said(404), Delivered),
        (said(401), Revoked),
        (said(429), Throttled),
        (said(500), Unavailable),
        (said(503), Unavailable),
        (Lost("reset"), Unavailable),
        (NotSent("no route"), Unavailable),
    ],
)
def test_hello_posts_nothing(outcome: Outcome, kind: type[Verdict]) -> None:
    target = build()
    assert next(target.hello()).method == "OPTIONS"
    assert isinstance(answered(target.hello(), outcome), kind)


def test_there_is_one_place() -> None:
    assert build().place(Audience(), change()) == Place(destination="flow")
    assert isinstance(build().place(Audience(learner=True), change()), Refused)
    assert build(limits={"posts_per_s": 2.5}).rate("posts").per_s == 2.5
    for limits in ({"messages_per_s": 1.0}, {"posts_per_s": 0.0}):
        with pytest.raises(ValueError, match="limits"):
            WorkflowSettings(url=Secret(env="URL"), limits=limits)


# ── the fake ─────────────────────────────────────────────────────────────────────────────────────────


def post(fake: FakeWorkflow, at_s: float = NOW_S, wording: Wording | None = None, **changed: object) -> Response:
    request = next(build(wording).deliver(parcel()))
    path = request.url.removeprefix("https://prod-7.flows.test")
    return fake.handle(msgspec.structs.replace(request, **{"url": path} | changed), at_s).response


def test_the_fake_posts_what_it_queued() -> None:
    fake = FakeWorkflow()
    answer = post(fake)
    assert answer.status == 202
    (effect,) = fake.journal
    assert (effect.delivery_id, effect.correlation_id, effect.id) == (
        "d-1",
        "c-d-1",
        answer.headers["x-ms-workflow-run-id"],
    )
    assert fake.cards[0]["type"] == "AdaptiveCard"


def test_the_fake_throttles_the_fifth_within_a_second() -> None:
    fake = FakeWorkflow()
    assert [post(fake, NOW_S + n / 10).status for n in range(6)] == [202, 202, 202, 202, 429, 429]
    assert post(fake, NOW_S + 1.1).status == 202
    fake.limited = False
    assert {post(fake, NOW_S + 1.1).status for _ in range(9)} == {202}


def test_the_fake_lets_in_who_has_the_key_and_takes_cards_alone() -> None:
    fake = FakeWorkflow()
    assert post(fake, url="/workflow/7?sig=guess").status == 401
    assert post(fake, url="/workflow/404?sig=sandbox").status == 404
    assert post(fake, method="GET").status == 404
    for body in (
        b"{}",
        b"[",
        b'{"type": "message", "attachments": []}',
        b'{"type":"message","attachments":[{"content":1}]}',
    ):
        assert post(fake, body=body).status == 400
    assert fake.journal == []


def test_the_fake_swallows_what_is_too_large_as_life_does() -> None:
    fake = FakeWorkflow()
    card = {"type": "AdaptiveCard", "body": [{"type": "TextBlock", "text": "x" * 15_000}]}
    kind = "application/vnd.microsoft.card.adaptive"
    large = {"type": "message", "attachments": [{"contentType": kind, "content": card}]}
    assert post(fake, body=json.dumps(large).encode()).status == 202
    assert fake.journal == []


def test_requests_that_are_not_posts_have_names_too() -> None:
    asked = Request(method="OPTIONS", url="/workflow/7?sig=sandbox", operation="")
    assert FakeWorkflow().handle(asked, NOW_S).response.status == 200
