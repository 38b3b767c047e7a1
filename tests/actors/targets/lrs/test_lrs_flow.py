"""The conversations with another LRS, by hand."""

import base64
import json
from collections.abc import Callable
from typing import TypeVar

import msgspec
import pytest
from talking import ended

from actors.domain.changes import StatementStored
from actors.domain.flow import Flow, Outcome, Request, Response
from actors.domain.outbox import Parcel, Place
from actors.domain.people import Learner
from actors.domain.verdicts import Cause, Delivered, Faulted, Refused, Repeatable, Revoked, Throttled, Unavailable
from actors.domain.wording import Catalogue
from actors.domain.xapi.accepted import Enclosed
from actors.ports import Fault
from actors.targets.lrs.fake import FakeLrs
from actors.targets.lrs.flow import LrsTarget, build
from actors.targets.lrs.settings import LrsSettings
from config.model import Audience, Secret

T = TypeVar("T")
ID = "0198c0de-0000-4000-8000-000000000001"
OTHER = "0198c0de-0000-4000-8000-000000000002"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


def statement(statement_id: str = ID, **more: object) -> bytes:
    told = {
        "id": statement_id,
        "actor": {"mbox": "mailto:ada@example.edu"},
        "verb": {"id": "urn:x:did"},
        "object": {"id": "urn:x:it"},
        "stored": "2026-11-23T10:00:00.000Z",
        "version": "1.0.0",
    }
    return json.dumps(told | more).encode()


def voider(statement_id: str = OTHER, voids: str = ID) -> bytes:
    return statement(statement_id, verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": voids})


class Line:
    """A target before its fake."""

    def __init__(self, **more: object) -> None:
        settings = {"endpoint": "http://lrs.test/lrs/xapi", "key": "sandbox", "secret": {"env": "S"}} | more
        self.fake = FakeLrs()
        self.target: LrsTarget = build(msgspec.convert(settings, LrsSettings), self.reveal, Catalogue({}, {}))
        self.requests: list[Request] = []
        self.secret = "sandbox"

    def reveal(self, secret: Secret) -> str:
        assert secret.env == "S"
        return self.secret

    def ask(self, request: Request) -> Outcome:
        self.requests.append(request)
        path = msgspec.structs.replace(request, url=request.url.removeprefix("http://lrs.test"))
        return self.fake.handle(path, 1.0).response

    def run(self, flow: Flow[T], answer: Callable[[Request], Outcome] | None = None) -> T:
        return ended(flow, answer or self.ask)

    def parcel(self, body: bytes, *, voids: str = "", attempt: int = 1, **more: object) -> Parcel:
        told = StatementStored(
            learner=Learner(key="mbox:ada@example.edu"),
            at="2026-11-23T10:00:00Z",
            statement_id=str(json.loads(body)["id"]) if body else "",
            verb="urn:x:did",
            voids=voids,
        )
        plain = Parcel(
            delivery_id="d1",
            correlation_id="c1",
            destination="learners-01",
            address="learners-01",
            to_learner=False,
            change=told,
            template=None,
            locale="en",
            timezone="UTC",
            attempt=attempt,
            now_us=0,
            sent_us=None,
            statement=body,
        )
        return msgspec.structs.replace(plain, **more)

    def deliver(self, body: bytes, **more: object) -> object:
        return self.run(self.target.deliver(self.parcel(body, **more)))  # type: ignore[arg-type]


def test_a_statement_is_put_under_its_own_id() -> None:
    line = Line()
    assert line.deliver(statement()) == Delivered({"lrs": "lrs.test", "statement_id": ID})
    [request] = line.requests
    assert (request.method, request.url) == ("PUT", f"http://lrs.test/lrs/xapi/statements?statementId={ID}")
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"sandbox:sandbox").decode()
    assert request.headers["x-experience-api-version"] == "1.0.3"
    assert "stored" not in json.loads(request.body)
    assert base64.b64encode(b"sandbox:sandbox").decode() not in repr(request)
    kept = line.fake.memory.statement(ID)
    assert kept is not None
    assert kept["actor"] == {"mbox": "mailto:ada@example.edu"}


def test_attachments_go_in_the_same_request() -> None:
    line = Line()
    sha2 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    declared = {"usageType": "urn:x:u", "display": {"en": "x"}, "contentType": "text/plain", "length": 5, "sha2": sha2}
    enclosed = (Enclosed(sha2=sha2, content_type="text/plain", content=b"hello"),)
    assert isinstance(line.deliver(statement(attachments=[declared]), attachments=enclosed), Delivered)
    assert line.requests[0].headers["content-type"].startswith("multipart/mixed; boundary=")
    assert isinstance(line.deliver(statement(OTHER, attachments=[declared])), Refused), "the other one wants them"


def test_nothing_needs_to_be_looked_for() -> None:
    line = Line()
    assert isinstance(line.run(line.target.confirm(line.parcel(statement()))), Repeatable)
    assert line.requests == []


def test_a_conflict_is_looked_into() -> None:
    line = Line()
    line.deliver(statement())
    assert isinstance(line.deliver(statement()), Delivered), "the same once more"
    assert len(line.requests) == 2
    verdict = line.deliver(statement(verb={"id": "urn:x:else"}))
    assert verdict == Refused(
        Cause.PAYLOAD_REFUSED,
        f"LRS: HTTP 409, another statement has the id {ID}: another statement with the id {ID} is there",
    )
    line.fake.fault(Fault(kind="no_repeats"))
    assert isinstance(line.deliver(statement()), Delivered), "a conflict that is none"
    line.deliver(voider(), voids=ID)
    assert isinstance(line.deliver(statement()), Delivered), "nor is it one with the same, voided meanwhile"


@pytest.mark.parametrize(
    ("kind", "value", "verdict"),
    [
        ("status", "403", Refused),
        ("status", "404", Faulted),
        ("status", "503", Unavailable),
        ("html", "", Unavailable),
        ("rate_limited", "3", Throttled),
    ],
)
def test_a_conflict_that_cannot_be_looked_into(kind: str, value: str, verdict: type) -> None:
    line = Line()
    line.deliver(statement())
    line.fake.fault(Fault(kind=kind, value=value, operation="statements.get", times=0))
    assert isinstance(line.deliver(statement(verb={"id": "urn:x:else"})), verdict)


def test_voiding_waits_a_little_for_what_it_voids() -> None:
    line = Line()
    for attempt in (1, 2, 3):
        early = line.deliver(voider(), voids=ID, attempt=attempt)
        assert early == Faulted(f"statement {ID}, which this one voids, is not there yet")
    assert isinstance(line.deliver(voider(), voids=ID, attempt=4), Delivered), "it may never come"
    assert [request.operation for request in line.requests[-1:]] == ["statements.void"]
    line.deliver(statement())
    assert isinstance(line.deliver(voider("0198c0de-0000-4000-8000-000000000003"), voids=ID), Delivered)


def test_voiding_asks_nothing_of_who_may_not_read() -> None:
    line = Line()
    line.fake.fault(Fault(kind="status", value="403", operation="statements.get", times=0))
    assert isinstance(line.deliver(voider(), voids=ID), Delivered)


def test_voiding_what_the_other_does_not_have_may_be_refused() -> None:
    line = Line()
    line.fake.fault(Fault(kind="strict_voids"))
    verdict = line.deliver(voider(), voids=ID, attempt=4)
    assert isinstance(verdict, Refused)
    assert verdict.detail.endswith(f"it has no statement {ID}, which this one voids")


def test_an_endpoint_that_is_none_loses_nothing() -> None:
    line = Line()
    line.fake.fault(Fault(kind="status", value="404"))
    assert isinstance(line.deliver(statement()), Unavailable)


def test_hello_proves_the_key_whether_it_may_read_or_not() -> None:
    line = Line()
    assert line.run(line.target.hello()) == Delivered(
        {"lrs": "lrs.test", "key": "sandbox", "reads": "yes", "version": "1.0.3"}
    )
    line.fake.fault(Fault(kind="status", value="403"))
    assert line.run(line.target.hello()) == Delivered({"lrs": "lrs.test", "key": "sandbox", "reads": "no"})
    line.secret = "wrong"
    assert isinstance(line.run(line.target.hello()), Revoked)
    line.fake.fault(Fault(kind="status", value="404"))
    assert isinstance(line.run(line.target.hello()), Unavailable)
    assert isinstance(line.run(line.target.hello(), lambda _: Response(status=409)), Faulted)


def test_a_learner_has_one_line_and_all_lines_are_used() -> None:
    target = Line().target

    def place(who: str) -> str:
        told = StatementStored(learner=Learner(key=who), at="", statement_id=ID, verb="v")
        placed = target.place(Audience(), told)
        assert isinstance(placed, Place)
        return placed.destination

    assert place("mbox:ada@example.edu") == place("mbox:ada@example.edu")
    lines = {place(f"mbox:{number}@example.edu") for number in range(2000)}
    assert 32 <= len(lines) <= 200
    assert place("") in lines, "an anonymous group stands in one of them too"


def test_what_is_no_statement_is_not_sent() -> None:
    line = Line()
    verdict = line.deliver(b"")
    assert isinstance(verdict, Refused)
    assert verdict.cause is Cause.BAD_CONFIGURATION
    assert line.target.preview(line.parcel(b"")) == {}
    assert line.requests == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"endpoint": "http://lrs.test/xapi?x=1"}, "without query"),
        ({"key": "a:b"}, "no colon"),
        ({"limits": {"posts_per_s": 1.0}}, "one of statements_per_s"),
        ({"limits": {"statements_per_s": 0.0}}, "above 0"),
        ({"batch_max": 51}, "<= 50"),
        ({"version": "0.95"}, "Invalid enum value"),
    ],
)
def test_settings_that_cannot_be(more: dict[str, object], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        Line(**more)


def test_limits_and_batches_are_the_operators() -> None:
    target = Line(limits={"statements_per_s": 0.5}, batch_max=1).target
    assert target.bundler is None
    assert target.rate("statements").per_s == 0.5
    assert target.rate("statements").burst == 1.0
    assert Line().target.bundler is not None
