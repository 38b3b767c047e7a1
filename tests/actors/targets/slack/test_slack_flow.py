"""The conversations with Slack, driven by hand; what every target promises is in tests/conformance."""

import msgspec
import pytest
from slack_stage import COMPOSED, NOW_S, Talk, Wording, build, change, parcel, replies

from actors.domain.changes import Course
from actors.domain.flow import Lost, Response
from actors.domain.outbox import Place
from actors.domain.verdicts import (
    Absent,
    Cause,
    Delivered,
    Doubtful,
    Faulted,
    Matched,
    Refused,
    Throttled,
    Unavailable,
    Unmatched,
    Unprobeable,
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
    assert set(verdict.receipt) == {"channel", "ts", "request_id"}
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


# ── looking for an earlier post ──────────────────────────────────────────────────────────────────────


def test_history_is_read_to_its_last_page() -> None:
    talk = Talk(step_s=0.0)
    talk.fake.limited = False
    sent = talk.run(build().deliver(parcel()))
    for number in range(450):
        talk.call("chat.postMessage", channel="C0123456789", text=f"noise {number}")
    talk.requests.clear()
    found = talk.run(build().confirm(parcel()))
    assert isinstance(sent, Delivered)
    assert isinstance(found, Delivered)
    assert found.receipt["ts"] == sent.receipt["ts"]
    assert len(talk.requests) == 3
    assert isinstance(talk.run(build().confirm(parcel(delivery_id="d-2"))), Absent)


def test_history_begins_a_little_before_the_attempt() -> None:
    request = next(build().confirm(parcel()))
    assert f"oldest={int(NOW_S) - 60}.000000" in request.url
    assert "include_all_metadata=true" in request.url
    assert request.draws == ("method:conversations.history",)


def test_an_endless_history_ends_unprobeable() -> None:
    page = {"ok": True, "messages": [], "has_more": True, "response_metadata": {"next_cursor": "x="}}
    assert isinstance(replies(*[page] * 25)(build().confirm(parcel())), Unprobeable)


def test_a_cut_history_proves_nothing() -> None:
    page = {"ok": True, "messages": [], "has_more": True}
    assert isinstance(replies(page)(build().confirm(parcel())), Unprobeable)


def test_a_rationed_history_is_not_asked_for_ever() -> None:
    talk = Talk()
    for _ in range(20):
        talk.call("chat.postMessage", channel="C0123456789", text="noise")
        talk.now_s += 1.0
    talk.now_s = NOW_S + 60.0 - NOW_S % 60.0
    talk.fault("history_limited")
    verdict = talk.run(build().confirm(parcel()))
    assert isinstance(verdict, Unprobeable)
    assert "rations" in verdict.detail
    assert isinstance(talk.run(build().confirm(parcel())), Throttled)


@pytest.mark.parametrize("error", ["missing_scope", "not_in_channel", "channel_not_found", "brand_new_error"])
def test_a_history_we_may_not_read_leaves_it_to_the_policy(error: str) -> None:
    verdict = replies({"ok": False, "error": error})(build().confirm(parcel()))
    assert isinstance(verdict, Unprobeable)
    assert error in verdict.detail


def test_a_probe_that_fails_is_made_again() -> None:
    assert isinstance(replies(Lost("reset"))(build().confirm(parcel())), Unavailable)
    assert isinstance(replies(Response(status=500))(build().confirm(parcel())), Unavailable)


def test_nothing_to_look_for_before_the_first_attempt() -> None:
    assert isinstance(replies()(build().confirm(parcel(sent_us=None))), Absent)


def test_a_late_landing_is_absent_and_then_there() -> None:
    talk = Talk()
    talk.fault("late_commit", value="10")
    assert isinstance(talk.run(build().deliver(parcel())), Doubtful)
    assert isinstance(talk.run(build().confirm(parcel())), Absent)
    talk.now_s += 10.0
    assert isinstance(talk.run(build().confirm(parcel())), Delivered)


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
