"""The conversations with Slack, driven by hand; what every target promises is in tests/conformance."""

import msgspec
import pytest
from slack_stage import COMPOSED, Talk, Wording, build, change, parcel, replies

from actors.domain.changes import Course
from actors.domain.flow import Response
from actors.domain.outbox import Place
from actors.domain.verdicts import (
    Cause,
    Delivered,
    Doubtful,
    Faulted,
    Matched,
    Refused,
    Throttled,
    Unmatched,
)
from actors.domain.wording import TemplateFault
from config.model import Audience

COURSE = Course(id="https://lms/c?id=7", name="Analytical Engines", code="AE-101", external_id="SIS-7")


# ── where ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", ["AE-101", "SIS-7", "https://lms/c?id=7"])
def test_a_course_is_found_by_any_of_its_names(key: str) -> None:
    target = build(course_channels={key: "C0COURSE7777"})
    assert target.place(Audience(course_channel=True), change(COURSE)) == Place(destination="C0COURSE7777")


def test_an_unmapped_course_says_what_to_add_where() -> None:
    refused = build().place(Audience(course_channel=True), change(COURSE))
    assert isinstance(refused, Refused)
    assert refused.cause is Cause.BAD_CONFIGURATION
    assert "add 'AE-101' to course_channels" in refused.detail


@pytest.mark.parametrize(
    ("audience", "told"),
    [
        (Audience(channel="#general"), "no Slack channel id"),
        (Audience(channel="c0123456789"), "no Slack channel id"),
        (Audience(team="T1", channel="C0123456789"), "no team"),
        (Audience(course_channel=True), "names no course"),
    ],
)
def test_audiences_slack_cannot_serve(audience: Audience, told: str) -> None:
    refused = build().place(audience, change())
    assert isinstance(refused, Refused)
    assert refused.cause is Cause.BAD_CONFIGURATION
    assert told in refused.detail


def test_learners_stand_in_line_by_address_or_key() -> None:
    learner = Audience(learner=True)
    assert build().place(learner, change()) == Place(destination="learner:ada@example.edu")
    assert build().place(learner, change(email="")) == Place(destination="learner:account:x|1")


# ── posting ──────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_post_carries() -> None:
    request = next(build().deliver(parcel()))
    body = msgspec.json.decode(request.body)
    assert (request.method, request.url, request.operation) == (
        "POST",
        "http://s/slack/api/chat.postMessage",
        "chat.postMessage",
    )
    assert request.draws == ("channel:C0123456789", "workspace")
    assert body["metadata"] == {
        "event_type": "lmsyncd_delivery",
        "event_payload": {"delivery_id": "d-1", "correlation_id": "c-d-1"},
    }
    assert (body["unfurl_links"], body["unfurl_media"], body["link_names"]) == (False, False, False)
    assert body["channel"] == "C0123456789"
    assert body == msgspec.json.decode(msgspec.json.encode(build().preview(parcel())))


def test_the_client_msg_id_belongs_to_the_delivery() -> None:
    ids = [build().preview(parcel(delivery_id=name))["client_msg_id"] for name in ("d-1", "d-1", "d-2")]
    assert ids[0] == ids[1] != ids[2]


def test_the_receipt_is_slacks_proof() -> None:
    verdict = Talk().run(build().deliver(parcel()))
    assert isinstance(verdict, Delivered)
    assert set(verdict.receipt) == {"channel", "ts", "said", "request_id"}
    assert verdict.receipt["channel"] == "C0123456789"


def test_a_template_that_fails_is_named() -> None:
    target = build(Wording(error=_fault()))
    verdict = replies()(target.deliver(parcel()))
    assert isinstance(verdict, Refused)
    assert verdict.cause is Cause.BAD_TEMPLATE
    assert "grade.j2" in verdict.detail


def _fault() -> TemplateFault:
    return TemplateFault("grade.j2", 3, "unknown word")


def test_ok_without_proof_is_doubtful() -> None:
    assert isinstance(replies({"ok": True})(build().deliver(parcel())), Doubtful)


# ── people and credentials ───────────────────────────────────────────────────────────────────────────


def test_a_person_is_a_direct_message() -> None:
    talk = Talk()
    found = talk.run(build().find("ada@example.edu"))
    assert isinstance(found, Matched)
    assert found.address.startswith("D")
    assert [request.operation for request in talk.requests] == ["users.lookupByEmail", "conversations.open"]
    sent = talk.run(build().deliver(parcel(address=found.address)))
    assert isinstance(sent, Delivered)
    assert sent.receipt["channel"] == found.address
    assert isinstance(talk.run(build().confirm(parcel(address=found.address))), Delivered)


def test_a_deactivated_person_is_unmatched() -> None:
    user = {"ok": True, "user": {"id": "U0123456789"}}
    verdict = replies(user, {"ok": False, "error": "user_disabled"})(build().find("ada@example.edu"))
    assert isinstance(verdict, Unmatched)
    assert "deactivated" in verdict.detail


def test_looking_up_holds_nobody_else() -> None:
    verdict = replies(Response(status=429, headers={"retry-after": "30"}))(build().find("ada@example.edu"))
    assert verdict == Throttled("30", whole_lane=False, detail=verdict.detail)


def test_odd_answers_about_people_are_faults() -> None:
    assert isinstance(replies({"ok": True, "user": []})(build().find("a@example.edu")), Faulted)
    assert isinstance(replies({"ok": True, "user": {"id": "U1"}}, {"ok": True})(build().find("a@example.edu")), Faulted)


@pytest.mark.parametrize("scope", ["chat:write", "channels:manage", "groups:write", "usergroups:write"])
def test_a_token_that_posts_or_keeps_rosters_will_do(scope: str) -> None:
    answer = Response(status=200, headers={"x-oauth-scopes": f"users:read, {scope}"}, body=b'{"ok":true,"team":"T"}')
    assert isinstance(replies(answer)(build().hello()), Delivered)


def test_hello_tells_the_workspace_and_what_is_missing() -> None:
    verdict = Talk().run(build().hello())
    assert isinstance(verdict, Delivered)
    assert verdict.receipt["team"] == "Sandbox"
    assert "chat:write" in verdict.receipt["scopes"]
    poor = Response(status=200, headers={"x-oauth-scopes": "users:read"}, body=b'{"ok":true,"team":"T"}')
    refused = replies(poor)(build().hello())
    assert isinstance(refused, Refused)
    assert refused.cause is Cause.MISSING_PERMISSION


def test_the_words_reach_slack() -> None:
    talk = Talk()
    talk.run(build().deliver(parcel()))
    history = talk.call("conversations.history", channel="C0123456789")
    (message,) = history["messages"]
    assert message["text"] == f"{COMPOSED.title}\n{COMPOSED.text}"
    assert message["metadata"] == {"event_type": "lmsyncd_delivery"}, "the payload only for those who ask for it"
