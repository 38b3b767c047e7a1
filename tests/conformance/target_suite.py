"""What every target promises, checked against its own fake, in memory: no network, no clock, no sleep.

A new kind needs one row in ``SETUPS``. Its fake must know these faults: ``reset_before_commit``,
``reset_after_commit``, ``truncated_after_commit``, ``status`` and ``status_after_commit`` (value: the status),
``html`` (a 500 with an HTML page), ``rate_limited`` (value: Retry-After) and ``revoked``.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec
import pytest

from actors.domain.changes import AnyChange, Course, CourseCompleted
from actors.domain.flow import Flow, Lost, NotSent, Outcome, Request, Response
from actors.domain.outbox import Parcel, Place
from actors.domain.people import Learner
from actors.domain.verdicts import (
    Absent,
    Cause,
    Delivered,
    Doubtful,
    Faulted,
    Matched,
    Refused,
    Repeatable,
    Revoked,
    Throttled,
    Unavailable,
    Unmatched,
    Unprobeable,
    Verdict,
)
from actors.ports import Composed, Connector, Effect, Fault, Target
from config.model import Audience, Secret

T = TypeVar("T")

NOW_S = 1_790_000_000.0
REQUESTS_MAX = 60
ORIGIN = "http://vendor.test"
VERDICTS = (Delivered, Throttled, Unavailable, Faulted, Doubtful, Refused, Revoked)
CONFIRMATIONS = (Delivered, Absent, Repeatable, Unprobeable, Throttled, Unavailable, Revoked)
MATCHES = (Matched, Unmatched, Throttled, Unavailable, Faulted, Refused, Revoked)


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """How to try one kind. ``operation`` is what the fake calls the request that posts to the channel, so that a
    fault strikes that one and not, say, the fetching of a token."""

    settings: dict[str, object]
    secrets: dict[str, str]
    channel: Audience
    missing_channel: Audience
    operation: str
    person: str = "ada@example.edu"
    stranger: str = "nobody@example.edu"


SETUPS: dict[str, Setup] = {
    "slack": Setup(
        settings={"api_url": f"{ORIGIN}/slack/api", "token": {"env": "SLACK_TOKEN"}},
        secrets={"SLACK_TOKEN": "xoxb-sandbox"},
        channel=Audience(channel="C0123456789"),
        missing_channel=Audience(channel="C0404040404"),
        operation="chat.postMessage",
    ),
}


class PlainWording:
    """Wording without templates: the course and the learner, as they are."""

    def compose(self, parcel: Parcel, platform: str, escape: Callable[[str], str]) -> Composed:
        course = parcel.change.course
        return Composed(
            title=escape(f"{parcel.change.learner.name} completed {course.name if course else 'something'}"),
            text=escape("Well done & onwards <3"),
            facts=((escape("Course"), escape(course.code if course else "")),),
            url="https://moodle.example.edu/course/view.php?id=7&lang=en",
        )


class Stage:
    """One target of a kind before its own fake, with a clock that only this stage moves."""

    def __init__(self, kind: str, connector: Connector, setup: Setup) -> None:
        self.kind = kind
        self.setup = setup
        self.connector = connector
        self.fake = connector.fake()
        self.fake.limited = True
        self.now_s = NOW_S
        self.requests: list[Request] = []
        self.target = self.build()

    def build(self) -> Target:
        """Another target for the same account, as after a restart."""
        settings = msgspec.convert(self.setup.settings, type=self.connector.settings)
        return self.connector.build(settings, self.reveal, PlainWording())

    def reveal(self, secret: Secret) -> str:
        assert secret.env is not None, "the suite's secrets are environment variables"
        return self.setup.secrets[secret.env]

    def run(self, flow: Flow[T], answer: Callable[[Request], Outcome] | None = None) -> T:
        """Drive a flow to its end, as a courier would; it must end by itself and leave nothing open."""
        outcome: Outcome | None = None
        for _ in range(REQUESTS_MAX):
            try:
                request = flow.send(outcome)  # type: ignore[arg-type]  # None starts a generator
            except StopIteration as end:
                assert flow.gi_frame is None  # type: ignore[attr-defined]
                return end.value  # type: ignore[no-any-return]
            self._check(request)
            self.requests.append(request)
            outcome = answer(request) if answer else self.ask(request)
        flow.close()
        raise AssertionError(f"{self.kind}: no end after {REQUESTS_MAX} requests")

    def ask(self, request: Request) -> Outcome:
        """One request to the fake; two seconds pass, so that nobody is throttled unless a fault says so."""
        self.now_s += 2.0
        path = request.url.removeprefix(ORIGIN)
        assert path != request.url, f"{request.url} does not go to the configured address"
        assert path.startswith(self.fake.mounts), f"{path} is below none of {self.fake.mounts}"
        answer = self.fake.handle(
            Request(method=request.method, url=path, operation="", headers=dict(request.headers), body=request.body),
            self.now_s,
        )
        if answer.reset:
            return Lost("connection reset by peer")
        assert all(name == name.lower() for name in answer.response.headers)
        return answer.response

    def _check(self, request: Request) -> None:
        assert request.operation
        assert request.url.startswith(("http://", "https://"))
        assert all(name == name.lower() for name in request.headers)
        for bucket in request.draws:
            rate = self.target.rate(bucket)
            assert rate.per_s > 0.0
            assert rate.burst >= 1.0
        for secret in self.setup.secrets.values():
            if len(secret) > len("sandbox"):  # the word sandbox itself may stand anywhere
                assert secret not in repr(request), "a secret shows in the repr of a request"

    def parcel(self, delivery_id: str = "0198-a", address: str | None = None, attempt: int = 1) -> Parcel:
        """A parcel for the channel, or with ``address`` for the person found there."""
        audience = self.setup.channel if address is None else Audience(learner=True)
        place = self.target.place(audience, change(self.setup.person))
        assert isinstance(place, Place), place
        return Parcel(
            delivery_id=delivery_id,
            correlation_id=f"correlation-of-{delivery_id}",
            destination=place.destination,
            address=address or place.destination,
            to_learner=address is not None,
            change=change(self.setup.person),
            template=None,
            locale="en",
            timezone="UTC",
            attempt=attempt,
            now_us=int(self.now_s * 1e6),
            sent_us=int(self.now_s * 1e6),
        )

    def fault(self, kind: str, value: str = "", times: int = 1) -> None:
        self.fake.fault(Fault(kind=kind, operation=self.setup.operation, value=value, times=times))

    def effects(self, delivery_id: str = "0198-a") -> list[Effect]:
        """Distinct effects of a delivery: a vendor that replaces keeps the id."""
        found = {effect.id: effect for effect in self.fake.journal if effect.delivery_id == delivery_id}
        return list(found.values())

    def settle_doubt(self, parcel: Parcel) -> Verdict:
        """What a courier does after a doubtful outcome: probe, and repeat where that is harmless."""
        found = self.run(self.build().confirm(parcel))
        assert isinstance(found, CONFIRMATIONS)
        if isinstance(found, Repeatable | Absent):
            return self.run(self.build().deliver(parcel))
        assert isinstance(found, Delivered), found
        return found


def change(email: str) -> AnyChange:
    return CourseCompleted(
        learner=Learner(key=f"mbox:{email}", name="Ada Lovelace", email=email, locale="en"),
        at="2026-09-21T14:13:20Z",
        course=Course(id="https://moodle.example.edu/course/view.php?id=7", name="Analytical Engines", code="AE-101"),
    )


def proof(receipt: dict[str, str]) -> dict[str, str]:
    """A receipt without the ids of the single request that fetched it."""
    return {name: value for name, value in receipt.items() if "request" not in name}


CHECKS: list[Callable[[Stage], None]] = []


def check(function: Callable[[Stage], None]) -> Callable[[Stage], None]:
    CHECKS.append(function)
    return function


# ── the plain way ────────────────────────────────────────────────────────────────────────────────────


@check
def names_its_kind_and_its_patience(stage: Stage) -> None:
    assert stage.target.kind == stage.kind
    assert stage.target.settle_s >= 0.0
    assert stage.target.late_landing_s >= stage.target.settle_s


@check
def hello_says_who_we_are_without_effect(stage: Stage) -> None:
    verdict = stage.run(stage.target.hello())
    assert isinstance(verdict, Delivered)
    assert verdict.receipt
    assert stage.fake.journal == []


@check
def delivers_once_and_the_journal_knows_both_ids(stage: Stage) -> None:
    verdict = stage.run(stage.target.deliver(stage.parcel()))
    assert isinstance(verdict, Delivered)
    assert verdict.receipt
    assert all(isinstance(value, str) for value in verdict.receipt.values())
    (effect,) = stage.fake.journal
    assert effect.vendor
    assert effect.destination
    assert (effect.delivery_id, effect.correlation_id) == ("0198-a", "correlation-of-0198-a")


@check
def delivers_to_a_person_found_by_address(stage: Stage) -> None:
    found = stage.run(stage.target.find(stage.setup.person))
    assert isinstance(found, Matched)
    assert found == stage.run(stage.build().find(stage.setup.person)), "a person's address is stable"
    parcel = stage.parcel(address=found.address)
    assert isinstance(stage.run(stage.target.deliver(parcel)), Delivered)
    (effect,) = stage.fake.journal
    assert effect.delivery_id == "0198-a"


@check
def does_not_know_a_stranger(stage: Stage) -> None:
    verdict = stage.run(stage.target.find(stage.setup.stranger))
    assert isinstance(verdict, Unmatched)
    assert verdict.detail


@check
def does_not_ask_for_a_person_without_address(stage: Stage) -> None:
    assert isinstance(stage.run(stage.target.find("")), Unmatched)


@check
def previews_what_it_would_send(stage: Stage) -> None:
    body = msgspec.json.encode(stage.target.preview(stage.parcel()))
    assert b"Analytical Engines" in body
    assert stage.fake.journal == []


@check
def places_equal_audiences_equally_and_explains_a_refusal(stage: Stage) -> None:
    told = change(stage.setup.person)
    assert stage.target.place(stage.setup.channel, told) == stage.build().place(stage.setup.channel, told)
    learner = stage.target.place(Audience(learner=True), told)
    assert isinstance(learner, Place)
    assert learner != stage.target.place(stage.setup.channel, told)
    refused = stage.target.place(Audience(course_channel=True), told)
    assert isinstance(refused, Refused), "the suite maps no course to a channel"
    assert refused.cause is Cause.BAD_CONFIGURATION
    assert "AE-101" in refused.detail or "Analytical Engines" in refused.detail


@check
def a_missing_channel_is_refused_for_good(stage: Stage) -> None:
    place = stage.target.place(stage.setup.missing_channel, change(stage.setup.person))
    assert isinstance(place, Place)
    parcel = msgspec.structs.replace(stage.parcel(), destination=place.destination, address=place.destination)
    verdict = stage.run(stage.target.deliver(parcel))
    assert isinstance(verdict, Refused)
    assert verdict.cause is Cause.DESTINATION_GONE
    assert stage.fake.journal == []


# ── looking for an earlier attempt ───────────────────────────────────────────────────────────────────


@check
def confirms_what_was_delivered_with_the_same_receipt(stage: Stage) -> None:
    parcel = stage.parcel()
    sent = stage.run(stage.target.deliver(parcel))
    assert isinstance(sent, Delivered)
    stage.run(stage.target.deliver(stage.parcel("0198-b")))
    found = stage.run(stage.build().confirm(parcel))
    if not isinstance(found, Repeatable):
        assert isinstance(found, Delivered), found
        assert proof(found.receipt) == proof(sent.receipt)


@check
def confirms_nothing_where_nothing_was_sent(stage: Stage) -> None:
    stage.run(stage.target.deliver(stage.parcel("0198-b")))
    assert isinstance(stage.run(stage.target.confirm(stage.parcel())), Absent | Repeatable)


# ── when the network or the vendor fails ─────────────────────────────────────────────────────────────


@check
def unreachable_is_unavailable(stage: Stage) -> None:
    def nowhere(_: Request) -> Outcome:
        return NotSent("no route to host")

    assert isinstance(stage.run(stage.target.deliver(stage.parcel()), nowhere), Unavailable)
    assert isinstance(stage.run(stage.build().find(stage.setup.person), nowhere), Unavailable)
    assert isinstance(stage.run(stage.build().hello(), nowhere), Unavailable)
    assert isinstance(stage.run(stage.build().confirm(stage.parcel()), nowhere), Unavailable | Repeatable)


@check
def a_revoked_token_suspends_and_buries_nothing(stage: Stage) -> None:
    stage.fault("revoked", times=0)
    assert isinstance(stage.run(stage.target.deliver(stage.parcel())), Revoked)
    assert stage.effects() == []


@check
def throttled_keeps_the_vendors_time_and_has_no_effect(stage: Stage) -> None:
    stage.fault("rate_limited", "7")
    verdict = stage.run(stage.target.deliver(stage.parcel()))
    assert isinstance(verdict, Throttled)
    assert verdict.retry_after == "7"
    assert stage.effects() == []


@check
def throttled_without_a_time_is_throttled(stage: Stage) -> None:
    stage.fault("rate_limited")
    verdict = stage.run(stage.target.deliver(stage.parcel()))
    assert isinstance(verdict, Throttled)
    assert verdict.retry_after is None


@check
def a_vendor_that_is_down_is_unavailable(stage: Stage) -> None:
    stage.fault("status", "503")
    assert isinstance(stage.run(stage.target.deliver(stage.parcel())), Unavailable)
    assert stage.effects() == []


@check
def a_page_instead_of_an_answer_is_doubtful(stage: Stage) -> None:
    stage.fault("html")
    parcel = stage.parcel()
    assert isinstance(stage.run(stage.target.deliver(parcel)), Doubtful)
    assert isinstance(stage.settle_doubt(parcel), Delivered)
    assert len(stage.effects()) == 1


@check
def half_an_answer_is_doubtful_and_then_found(stage: Stage) -> None:
    _found_after(stage, "truncated_after_commit")


@check
def a_gateway_timeout_is_doubtful_and_then_found(stage: Stage) -> None:
    _found_after(stage, "status_after_commit", "504")


@check
def a_reset_after_the_effect_is_doubtful_and_then_found(stage: Stage) -> None:
    _found_after(stage, "reset_after_commit")


def _found_after(stage: Stage, kind: str, value: str = "") -> None:
    stage.fault(kind, value)
    parcel = stage.parcel()
    assert isinstance(stage.run(stage.target.deliver(parcel)), Doubtful)
    assert len(stage.effects()) == 1
    assert isinstance(stage.settle_doubt(parcel), Delivered)
    assert len(stage.effects()) == 1


@check
def a_reset_before_the_effect_is_doubtful_and_then_absent(stage: Stage) -> None:
    stage.fault("reset_before_commit")
    parcel = stage.parcel()
    assert isinstance(stage.run(stage.target.deliver(parcel)), Doubtful)
    assert stage.effects() == []
    assert isinstance(stage.run(stage.build().confirm(parcel)), Absent | Repeatable)
    assert isinstance(stage.settle_doubt(parcel), Delivered)
    assert len(stage.effects()) == 1


@check
def faults_are_cleared(stage: Stage) -> None:
    stage.fault("status", "503", times=0)
    assert isinstance(stage.run(stage.target.deliver(stage.parcel())), Unavailable)
    stage.fake.clear_faults()
    assert isinstance(stage.run(stage.target.deliver(stage.parcel())), Delivered)


@check
def an_unknown_fault_is_an_error(stage: Stage) -> None:
    with pytest.raises(ValueError, match="an earthquake"):
        stage.fake.fault(Fault(kind="an earthquake"))


# ── any answer whatever ──────────────────────────────────────────────────────────────────────────────


@check
def a_flow_can_be_dropped_at_any_request(stage: Stage) -> None:
    flows: list[Flow[object]] = [
        stage.target.deliver(stage.parcel()),
        stage.target.confirm(stage.parcel()),
        stage.target.find(stage.setup.person),
        stage.target.hello(),
    ]
    for flow in flows:
        try:
            next(flow)
        except StopIteration:
            continue
        flow.close()
        assert flow.gi_frame is None  # type: ignore[attr-defined]


def survives(stage: Stage, response: Response) -> None:
    """Whatever the vendor answers to everything, each flow ends with one of its verdicts; nothing raises, and
    nothing that is not the vendor's own JSON is taken for success."""

    def same(_: Request) -> Outcome:
        return response

    verdict = stage.run(stage.build().deliver(stage.parcel()), same)
    assert isinstance(verdict, VERDICTS)
    if response.status >= 300 or not response.body.lstrip().startswith(b"{"):
        assert not (isinstance(verdict, Delivered) and response.status != 204)
    assert isinstance(stage.run(stage.build().confirm(stage.parcel()), same), CONFIRMATIONS)
    assert isinstance(stage.run(stage.build().find(stage.setup.person), same), MATCHES)
    assert isinstance(stage.run(stage.build().hello(), same), VERDICTS)
