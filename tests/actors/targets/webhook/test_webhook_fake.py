"""The fake receiver: it believes only what is signed lately, and takes a message once."""

import msgspec
import pytest
from webhook_stage import NOW_S, Talk, build, graded, parcel

from actors.domain.flow import Request
from actors.domain.verdicts import Delivered, Doubtful, Revoked, Unavailable
from actors.ports import Fault
from actors.targets.webhook.fake import FakeWebhook


def posted(**headers: str) -> Request:
    request = next(build().deliver(parcel()))
    path = request.url.removeprefix("https://r.test")
    return msgspec.structs.replace(request, url=path, headers={**request.headers, **headers})


def status(request: Request, at_s: float = NOW_S) -> int:
    return FakeWebhook().handle(request, at_s).response.status


def test_a_repeat_is_taken_once() -> None:
    talk = Talk()
    for attempt in (1, 2, 3):
        given = parcel(attempt=attempt, now_us=int((NOW_S + attempt) * 1e6))
        assert isinstance(talk.run(build().deliver(given)), Delivered)
    assert [effect.id for effect in talk.fake.journal] == ["d-1"]
    assert talk.fake.repeats == 2


def test_an_old_or_early_message_is_not_believed() -> None:
    assert status(posted(), NOW_S + 299) == 204
    assert status(posted(), NOW_S + 302) == 401
    assert status(posted(), NOW_S - 302) == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-id": "another"},
        {"webhook-timestamp": str(int(NOW_S) + 1)},
        {"webhook-timestamp": "now"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1a,AAAA v2"},
        {"webhook-signature": "\u00fc"},
    ],
)
def test_what_was_not_signed_is_not_believed(headers: dict[str, str]) -> None:
    assert status(posted(**headers)) == 401


def test_what_is_no_message_is_refused() -> None:
    assert status(Request(method="GET", url="/webhook/school", operation="")) == 405
    assert status(Request(method="POST", url="/webhook/404", operation="")) == 404
    assert isinstance(Talk().run(build(url="https://r.test/webhook/404").deliver(parcel())), Unavailable)


def test_what_lands_late_lands_once() -> None:
    talk = Talk()
    talk.fault("late_commit", value="30", operation="message.post")
    assert isinstance(talk.run(build().deliver(parcel())), Doubtful)
    assert talk.fake.journal == []
    talk.now_s += 60.0
    again = parcel(attempt=2, now_us=int(talk.now_s * 1e6))
    assert isinstance(talk.run(build().deliver(again)), Delivered)
    assert len(talk.fake.journal) == 1


def test_faults_strike_by_operation_and_path() -> None:
    talk = Talk()
    talk.fault("revoked", destination="/webhook/elsewhere", times=0)
    assert isinstance(talk.run(build().deliver(parcel())), Delivered)
    talk.fault("revoked", destination="/webhook/school", operation="message.post", times=0)
    assert isinstance(talk.run(build().deliver(parcel(graded("mary"), "d-2"))), Revoked)
    for kind, value in (("status", "99"), ("slow", "x"), ("late_commit", "-1"), ("earthquake", "")):
        with pytest.raises(ValueError, match=kind):
            talk.fake.fault(Fault(kind=kind, value=value))
