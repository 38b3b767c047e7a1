"""The mapping of Canvas: what its objects and its events mean, and that both mean the same."""

from canvas_stage import HOME, NOW_S, CanvasStage
from meant import Table

from actors.domain.canonical import (
    Assignment,
    Completion,
    Course,
    Enrolment,
    Grade,
    Submission,
    User,
)
from actors.domain.changes import Score
from actors.domain.harvest import Record
from actors.domain.mapping import Frame
from actors.domain.school import School
from actors.sources.canvas.fake.live import everywhere, sign

FRAME = Frame(
    home_page=HOME, tenant="acme", source="campus", timezone="Europe/Berlin", locale="de-DE", now_us=round(NOW_S * 1e6)
)
LIVE: dict[str, object] = {"live_events": {"jwks_url": f"{HOME}/live-events/jwks"}}


TABLE = Table("canvas", FRAME)
means, flaws = TABLE.means, TABLE.flaws


def told(entity: str, form: str, body: dict[str, object], record_id: str = "1", **more: bool) -> Record:
    return Record(entity=entity, id=record_id, form=form, body=body, **more)  # type: ignore[arg-type]  # a test's names


def test_a_school_as_a_reading_tells_it() -> None:
    school = School()
    ada = school.add_person("Ada", "Lovelace", NOW_S, email="Ada@Example.EDU")
    course = school.add_course("Größe & Messung", "PH110", NOW_S)
    member = school.enrol(ada, course, NOW_S, role="ta")
    learner = school.enrol(ada, course, NOW_S)
    work = school.assign(course, "Essay", NOW_S, due_s=NOW_S + 86_400, points=20)
    school.submit(work, ada, NOW_S + 1)
    school.grade(work, ada, 17.5, NOW_S + 2)
    school.finish(course, ada, NOW_S + 3)
    found = {(one.entity, one.id): means(one) for one in CanvasStage(school).read().records}
    iri = f"{HOME}/courses/{course.id}"
    one = f"{work.id}/{ada.id}"
    assert found["user", str(ada.id)] == User(
        id=str(ada.id),
        email="ada@example.edu",
        display_name="Ada Lovelace",
        identifiers={"username": "ada.lovelace", "sis": f"S{ada.id}"},
    )
    assert found["course", str(course.id)] == Course(
        id=str(course.id), iri=iri, name="Größe & Messung", code="PH110", external_id=f"C{course.id}",
        timezone="Europe/Berlin", attributes={"term": "Default Term"},
    )  # fmt: skip
    assert found["enrolment", str(member.id)] == Enrolment(
        id=str(member.id),
        user=str(ada.id),
        course=str(course.id),
        role="assistant",
        updated="2026-09-21T14:13:20Z",
        section=str(course.id + 10_000),
    )
    assert isinstance(found["enrolment", str(learner.id)], Enrolment)
    assert found["assignment", str(work.id)] == Assignment(
        id=str(work.id), course=str(course.id), iri=f"{iri}/assignments/{work.id}", name="Essay", points_max=20,
        type="https://xapi.edlm/profiles/edlm-lms/concepts/activity-types/assignment", due="2026-09-22T14:13:20Z",
        updated="2026-09-21T14:13:20Z",
    )  # fmt: skip
    assert found["submission", one] == Submission(
        id=one, user=str(ada.id), assignment=str(work.id), at="2026-09-21T14:13:21Z", updated="2026-09-21T14:13:21Z"
    )
    assert found["grade", one] == Grade(
        id=one, user=str(ada.id), course=str(course.id), assignment=str(work.id), score=Score(raw=17.5, max=20),
        at="2026-09-21T14:13:22Z", updated="2026-09-21T14:13:22Z",
    )  # fmt: skip
    assert found["completion", f"{course.id}/{ada.id}"] == Completion(
        id=f"{course.id}/{ada.id}", user=str(ada.id), course=str(course.id), at="2026-09-21T14:13:23Z",
        evidence="requirements of all modules",
    )  # fmt: skip


def test_events_mean_what_a_reading_means() -> None:
    """Laid over what a reading told, an event of the same thing changes nothing that anybody would be told of."""
    school = School()
    stage = CanvasStage(school, **LIVE)
    ada = school.add_person("Ada", "Lovelace", NOW_S)
    course = school.add_course("Computing", "CS101", NOW_S)
    school.enrol(ada, course, NOW_S)
    work = school.assign(course, "Essay", NOW_S, due_s=NOW_S + 86_400, points=20)
    school.submit(work, ada, NOW_S + 1)
    school.grade(work, ada, 9, NOW_S + 2)
    school.finish(course, ada, NOW_S + 3)
    read = {(one.entity, one.id): means(one) for one in stage.read().records}
    heard = [one for body in stage.fake.live.deliveries() for one in stage.heard(body).records]
    assert {(one.entity, one.id) for one in heard} == set(read)
    for one in heard:
        known = read[one.entity, one.id]
        laid = means(one, known)
        said = {name: getattr(laid, name) for name in known.__struct_fields__ if name not in ("updated", "at")}
        assert said == {name: getattr(known, name) for name in said}, one.entity
        if one.entity not in ("user", "course"):
            assert means(one), "and it can be understood alone"


STATES = {
    "active": "active", "invited": "invited", "creation_pending": "invited", "inactive": "suspended",
    "completed": "completed", "deleted": "ended", "rejected": "ended",
}  # fmt: skip


def test_roles_and_states() -> None:
    body: dict[str, object] = {"user_id": 1, "course_id": 2, "type": "StudentEnrollment"}
    for theirs, ours in STATES.items():
        rest = means(told("enrolment", "rest", {**body, "enrollment_state": theirs}))
        event = means(told("enrolment", "event", {**body, "workflow_state": theirs}, partial=True))
        assert isinstance(rest, Enrolment)
        assert isinstance(event, Enrolment)
        assert (rest.status, event.status) == (ours, ours)
    [flaw] = flaws(told("enrolment", "rest", {**body, "enrollment_state": "pondering"}))
    assert flaw.rule == "word:enrolment"
    assert "pondering" in flaw.value


def test_what_a_learner_may_not_see_is_hidden() -> None:
    graded: dict[str, object] = {
        "assignment_id": 1, "user_id": 2, "course_id": "3", "score": 5, "points_possible": 8,
        "graded_at": "2026-09-21T14:00:00Z", "posted_at": "2026-09-21T15:00:00Z", "workflow_state": "graded",
    }  # fmt: skip
    for change, hidden in (
        ({}, False),
        ({"posted_at": None}, True),
        ({"workflow_state": "pending_review"}, True),
    ):
        meant = means(told("grade", "rest", graded | change, "1/2"))
        assert isinstance(meant, Grade)
        assert meant.hidden is hidden
    shown = means(told("grade", "rest", graded, "1/2"))
    assert shown.updated == "2026-09-21T15:00:00Z", "that it was posted is newer than that it was graded"
    event = {"assignment_id": 1, "user_id": 2, "course_id": "3", "score": 5, "event_time": "2026-09-21T14:00:00Z"}
    for change, hidden in (
        ({"muted": False}, False),
        ({}, True),
        ({"muted": True}, True),
        ({"muted": None}, True),
        ({"muted": False, "grading_complete": False}, True),
    ):
        meant = means(told("grade", "event", event | change, "1/2", partial=True))
        assert isinstance(meant, Grade)
        assert meant.hidden is hidden


def test_points_of_all_kinds() -> None:
    body: dict[str, object] = {"assignment_id": 1, "user_id": 2, "course_id": "3", "graded_at": "2026-09-21T14:00:00Z"}
    for score, points, meant in (
        (0, 10, Score(raw=0, max=10)),
        (5, 1, Score(raw=5)),  # extra credit
        (5, None, Score(raw=5)),
        (None, 10, None),
    ):
        grade = means(told("grade", "rest", body | {"score": score, "points_possible": points}, "1/2"))
        assert isinstance(grade, Grade)
        assert grade.score == meant


def test_a_grade_that_was_taken_back_is_known_by_its_event() -> None:
    known = Grade(id="1/2", user="2", course="3", assignment="1", score=Score(raw=5, max=8))
    event = {
        "assignment_id": "1",
        "user_id": "2",
        "score": None,
        "points_possible": 8,
        "event_time": "2026-09-21T14:00:00Z",
    }
    meant = means(told("grade", "event", event, "1/2", partial=True), known)
    assert isinstance(meant, Grade)
    assert (meant.score, meant.course) == (None, "3")


def test_due_dates_of_some_survive_an_event_that_does_not_know_them() -> None:
    body: dict[str, object] = {
        "course_id": "3", "name": "Essay", "due_at": "2026-09-25T21:59:59Z", "workflow_state": "published",
        "due_for": {"7": "2026-09-30T23:59:59+02:00"},
    }  # fmt: skip
    known = means(told("assignment", "rest", body))
    assert isinstance(known, Assignment)
    assert known.due_for == {"7": "2026-09-30T21:59:59Z"}
    event = {"title": "Essay", "due_at": None, "workflow_state": "unpublished", "course_id": "3"}
    meant = means(told("assignment", "event", event, partial=True), known)
    assert isinstance(meant, Assignment)
    assert (meant.due, meant.due_for, meant.published) == ("", known.due_for, False)


def test_the_times_of_live_events() -> None:
    stage = CanvasStage(**LIVE)  # type: ignore[arg-type]  # settings by name
    body = {"user_id": everywhere(9), "name": "Ada", "updated_at": "019-11-01T19:11:01.163Z"}
    meta = {"event_name": "user_updated", "root_account_id": everywhere(1)}
    for time, spelt in (
        ("2019-11-05T13:38:00.218Z", "2019-11-05T13:38:00.218Z"),
        ("2019-11-05 07:38:00 -0800", "2019-11-05T15:38:00Z"),
    ):
        [record] = stage.heard(sign({"metadata": meta | {"event_time": time}, "body": body})).records
        assert means(record).updated == spelt
    [record] = stage.heard(sign({"metadata": meta | {"event_time": "019-11-01T19:11:01Z"}, "body": body})).records
    [flaw] = flaws(record)
    assert flaw.rule == "moment"
    assert flaw.path == "event_time"


def test_a_bad_address_is_a_flaw_and_a_missing_one_is_none() -> None:
    [flaw] = flaws(told("user", "rest", {"name": "Ada", "email": "ada at example"}))
    assert (flaw.rule, flaw.path) == ("email", "email")
    meant = means(told("user", "rest", {"name": "Ada"}))
    assert isinstance(meant, User)
    assert meant.email == ""
