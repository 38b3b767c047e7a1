"""A target before its own fake, in memory: no network, no clock, no sleep.

A new kind needs one row in ``SETUPS``. Its fake must know these faults: ``reset_before_commit``,
``reset_after_commit``, ``truncated_after_commit``, ``status`` and ``status_after_commit`` (value: the status),
``html`` (a 500 with an HTML page), ``rate_limited`` (value: Retry-After) and ``revoked``.
"""

import uuid
from collections.abc import Callable
from typing import TypeVar

import msgspec

from actors.domain.changes import AnyChange, Course, CourseCompleted
from actors.domain.flow import Flow, Lost, Outcome, Request
from actors.domain.outbox import Parcel, Place
from actors.domain.people import Learner
from actors.domain.verdicts import (
    Absent,
    Delivered,
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
CONFIRMATIONS = (Delivered, Absent, Repeatable, Unprobeable, Throttled, Unavailable, Revoked)
MATCHES = (Matched, Unmatched, Throttled, Unavailable, Faulted, Refused, Revoked)


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """How to try one kind. ``operation`` is what the fake calls the request that posts to the channel, so that a
    fault strikes that one and not, say, the fetching of a token."""

    settings: dict[str, object]
    secrets: dict[str, str]
    channel: Audience
    missing_channel: Audience | None = None
    """None: the target is one reader, without channels and people of its own."""
    operation: str
    any_success: bool = False
    """Success is told by the status alone, whatever the answer's body says."""
    unprobeable: bool = False
    """Nothing can be read back: what is in doubt stays so."""
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
    "teams": Setup(
        settings={
            "graph_url": f"{ORIGIN}/graph/v1.0",
            "login_url": f"{ORIGIN}/entra",
            "directory": "72f988bf-0000-4000-8000-0000000000aa",
            "client_id": "sandbox",
            "client_secret": {"env": "ENTRA_SECRET"},
            "delegated_token": {"env": "TEAMS_TOKEN"},
            "teams_app_id": "5b1d0000-0000-4000-8000-0000000000bb",
        },
        secrets={"ENTRA_SECRET": "sandbox", "TEAMS_TOKEN": "sandbox-user"},
        channel=Audience(team="5f0e1c5a-0000-4000-8000-00000000c0de", channel="19:general@thread.tacv2"),
        missing_channel=Audience(team="40400000-0000-4000-8000-00000000c0de", channel="19:general@thread.tacv2"),
        operation="channelMessages.post",
    ),
    "lrs": Setup(
        settings={"endpoint": f"{ORIGIN}/lrs/xapi", "key": "sandbox", "secret": {"env": "LRS_SECRET"}},
        secrets={"LRS_SECRET": "sandbox"},
        channel=Audience(),
        operation="statements.put",
    ),
    "webhook": Setup(
        settings={
            "url": f"{ORIGIN}/webhook/school",
            "secret": {"env": "WEBHOOK_SECRET"},
            "headers": {"X-Key": {"env": "WEBHOOK_KEY"}},
            "allow_insecure": True,
        },
        secrets={"WEBHOOK_SECRET": "whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3gt", "WEBHOOK_KEY": "a-key-of-the-receiver"},
        channel=Audience(),
        any_success=True,
        operation="message.post",
    ),
    "teams_workflow": Setup(
        settings={"url": {"env": "WORKFLOW_URL"}, "allow_insecure": True},
        secrets={"WORKFLOW_URL": f"{ORIGIN}/workflow/flows/7?sig=sandbox"},
        channel=Audience(),
        any_success=True,
        unprobeable=True,
        operation="flow.post",
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
        wanted = self.target.wants_statement
        return Parcel(
            statement=statement(delivery_id, self.setup.person) if wanted else b"",
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
        """What a courier does after a doubtful outcome: probe, and repeat where that is harmless; where nothing can be
        read back, what a person does who looks at the place."""
        found = self.run(self.build().confirm(parcel))
        assert isinstance(found, CONFIRMATIONS)
        if self.setup.unprobeable:
            assert isinstance(found, Unprobeable)
            return Delivered({}) if self.effects(parcel.delivery_id) else self.run(self.build().deliver(parcel))
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


def statement(delivery_id: str, email: str) -> bytes:
    """The statement behind a delivery, as our LRS shows it: it tells the same change."""
    course = change(email).course
    assert course is not None
    return msgspec.json.encode(
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, delivery_id)),
            "actor": {"name": "Ada Lovelace", "mbox": f"mailto:{email}"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": course.id, "definition": {"name": {"en": course.name}}},
            "timestamp": "2026-09-21T14:13:20.000Z",
            "stored": "2026-09-21T14:13:21.000Z",
            "authority": {"account": {"homePage": "urn:lmsyncd:acme:campus", "name": "moodle"}},
            "version": "1.0.0",
        }
    )


def proof(receipt: dict[str, str]) -> dict[str, str]:
    """A receipt without the ids of the single request that fetched it."""
    return {name: value for name, value in receipt.items() if "request" not in name}
