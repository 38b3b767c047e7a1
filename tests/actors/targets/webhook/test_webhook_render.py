"""What messages say, plainly and as CloudEvents; the latter judged by the CloudEvents SDK."""

import json

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st
from webhook_stage import STATEMENT, build, graded, parcel, stored

from actors.domain.changes import Activity as Thing
from actors.domain.changes import AnyChange, CourseCompleted, GradePosted, Score, UserCreated
from actors.domain.people import Learner

TEXT = st.text(max_size=30)


def event_of(change: AnyChange, **more: object) -> BaseCloudEvent:
    request = next(build(format="cloudevents").deliver(parcel(change, **more)))
    message = HTTPMessage(headers=dict(request.headers), body=request.body)
    return from_structured_event(message, JSONFormat())


def test_a_change_is_told_in_full_with_its_statement() -> None:
    body = json.loads(next(build().deliver(parcel())).body)
    assert list(body) == ["type", "timestamp", "data"]
    assert (body["type"], body["timestamp"]) == ("lmsyncd.graded", "2026-11-23T10:00:00Z")
    data = body["data"]
    assert data["kind"] == "graded"
    assert data["learner"] == {"key": "mbox:ada@example.edu", "name": "Ada", "email": "ada@example.edu"}
    assert data["course"]["code"] == "AE"
    assert data["activity"]["name"] == "Essay"
    assert data["score"] == {"raw": 80.0, "max": 100.0, "percent": 80.0}
    assert data["statement"] == json.loads(STATEMENT)
    assert (data["delivery_id"], data["correlation_id"], data["tenant"]) == ("d-1", "c-d-1", "acme")


def test_a_statement_goes_byte_for_byte_and_alone() -> None:
    request = next(build().deliver(parcel(stored())))
    assert STATEMENT in request.body, "1.50 stays 1.50"
    data = json.loads(request.body)["data"]
    assert sorted(data) == ["correlation_id", "delivery_id", "kind", "statement", "tenant"]


def test_the_preview_is_what_is_sent() -> None:
    for form in ("plain", "cloudevents"):
        target = build(format=form)
        assert target.preview(parcel()) == json.loads(next(target.deliver(parcel())).body)


def test_a_cloud_event_by_the_sdk() -> None:
    event = event_of(graded())
    assert event.get_id() == "d-1"
    assert event.get_source() == "urn:lmsyncd:acme"
    assert event.get_type() == "lmsyncd.graded"
    assert event.get_specversion() == "1.0"
    assert event.get_subject() == "https://lms.example.edu/mod/essay"
    assert event.get_datacontenttype() == "application/json"
    assert event.get_time().isoformat() == "2026-11-23T10:00:00+00:00"
    assert event.get_extension("correlationid") == "c-d-1"
    assert event.get_extension("traceparent") == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert event.get_data()["statement"] == json.loads(STATEMENT)


def test_the_subject_is_never_the_learner() -> None:
    assert event_of(stored()).get_subject() == "s1"
    made = UserCreated(learner=Learner(key="mbox:ada@example.edu", email="ada@example.edu"), at="2026-11-23T10:00:00Z")
    assert event_of(made).get_subject() is None
    request = next(build(format="cloudevents").deliver(parcel(made)))
    attributes = {name: value for name, value in json.loads(request.body).items() if name != "data"}
    assert "ada" not in json.dumps(attributes)


@pytest.mark.parametrize("at", ["", "yesterday", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_not_told_as_one(at: str) -> None:
    change = CourseCompleted(learner=Learner(key="k"), at=at)
    assert event_of(change).get_type() == "lmsyncd.course_completed"
    assert "time" not in json.loads(next(build(format="cloudevents").deliver(parcel(change))).body)
    assert json.loads(next(build().deliver(parcel(change))).body)["timestamp"] == at


@given(TEXT, TEXT, TEXT, st.sampled_from(["plain", "cloudevents"]))
def test_whatever_an_lms_says_is_json_and_comes_back(name: str, activity: str, at: str, form: str) -> None:
    change = GradePosted(
        learner=Learner(key="k", name=name), at=at, activity=Thing(id=activity, name=name), score=Score(raw=1.0)
    )
    data = json.loads(next(build(format=form).deliver(parcel(change))).body)["data"]
    assert data["learner"].get("name", "") == name
    assert data["activity"]["id"] == activity
