"""A reading of Moodle, by hand: what is asked, what it costs, what is told, and what is left out visibly."""

import msgspec
import pytest
from moodle_stage import HOME, NOW_S, Meddle, MoodleStage, a_course, says

from actors.domain.flow import Outcome, Response
from actors.domain.harvest import Finished, Halted, Inbound, Order, Unheard
from actors.domain.school import School

Form = dict[str, str]


def denying(function: str, code: str, **asked: str) -> Meddle:
    def meddle(called: str, form: Form, outcome: Outcome) -> Outcome:
        if called == function and all(form.get(name) == value for name, value in asked.items()):
            return says({"exception": "moodle_exception", "errorcode": code, "message": "no"})
        return outcome

    return meddle


# ── before anything is read ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "function",
    ["core_enrol_get_enrolled_users", "gradereport_user_get_grade_items", "mod_assign_get_submissions",
     "core_completion_get_course_completion_status", "core_course_get_contents"],
)  # fmt: skip
def test_a_function_that_the_service_lacks_is_named_first(function: str) -> None:
    stage, _ = a_course()
    stage.fake.functions.remove(function)
    reading = stage.read()
    assert reading.operations == ["core_webservice_get_site_info"]
    assert reading.halted.why == "refused"
    assert function in reading.halted.detail


def test_what_is_not_read_needs_no_function() -> None:
    stage, _ = a_course()
    stage.settings = msgspec.structs.replace(stage.settings, read=("grades",))
    stage.fake.functions -= {"mod_assign_get_submissions", "mod_assign_get_assignments", "core_course_get_contents"}
    reading = stage.run(stage.build().harvest(_full(stage)))
    assert isinstance(reading.ended, Finished)
    assert {record.form for record in reading.of("assignment").values()} == {"item"}


def _full(stage: MoodleStage) -> Order:
    return Order(mode="full", cursor={}, now_us=round(stage.now_s * 1e6))


def test_a_site_that_calls_itself_something_else_is_refused() -> None:
    """Else what its plugin tells and what is read here would be of different people."""
    stage, _ = a_course()
    stage.fake.wwwroot = "https://moodle.example.edu"
    for reading in (stage.read(), stage.run(stage.source.hello())):
        assert reading.halted.why == "refused"
        assert 'wwwroot = "https://moodle.example.edu"' in reading.halted.detail
    named = MoodleStage(stage.school, wwwroot="https://moodle.example.edu/")
    named.fake.wwwroot = "https://moodle.example.edu"
    (work,) = named.read().of("assignment").values()
    assert str(work.body["iri"]).startswith("https://moodle.example.edu/mod/assign/view.php?id=")


def test_hello_says_who_we_are_there() -> None:
    stage, _ = a_course()
    reading = stage.run(stage.source.hello())
    assert reading.note == "lmsyncd at Sandbox Moodle, Moodle 4.3 (Build: 20231009)"
    stage.fault("revoked")
    assert stage.run(stage.source.hello()).halted.why == "revoked"


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────


def test_a_full_reading_tells_all_there_is() -> None:
    stage, _ = a_course()
    reading = stage.read()
    assert {name for name, _ in reading.wholes} == {"user", "course", "enrolment", "assignment"}
    assert len(reading.of("enrolment")) == 3
    assert len(reading.of("user")) == 3
    assert len(reading.of("completion")) == 4  # two learners, the course and an activity of each; no teacher
    (course,) = reading.of("course").values()
    assert course.body["fullname"] == "Größe &amp; Messung"
    assert "summary" not in course.body
    assert not any("lastaccess" in record.body or "lastcourseaccess" in record.body for record in reading.records)


def test_the_front_page_and_the_guest_are_nobody() -> None:
    stage, _ = a_course()
    guest = {"id": 1, "username": "guest", "fullname": "Guest user", "email": "root@localhost"}

    def meddle(function: str, form: Form, outcome: Outcome) -> Outcome:
        assert isinstance(outcome, Response)
        if function == "core_user_get_users":
            said = msgspec.json.decode(outcome.body)
            return says(said | {"users": [guest, *said["users"]]})
        return outcome

    reading = stage.read(meddle=meddle)
    assert "1" not in reading.of("user")
    assert "1" not in reading.of("course")


def test_hidden_grades_are_told_hidden_and_so_is_the_total_that_contains_them() -> None:
    _, school = a_course()
    stage = MoodleStage(school, course_grades=True)
    work, ada = next(iter(school.works.values())), list(school.people.values())[1]
    school.grade(work, ada, 87.5, NOW_S - 100, posted=False)
    grades = {record.body["itemtype"]: record.body for record in stage.read().of("grade").values() if not record.gone}
    assert grades["mod"]["gradeishidden"] is True
    assert grades["course"]["gradeishidden"] is False
    assert grades["course"]["containshidden"] is True
    school.grade(work, ada, 87.5, NOW_S - 90, posted=True)
    grades = {record.body["itemtype"]: record.body for record in stage.read().of("grade").values() if not record.gone}
    assert "containshidden" not in grades["course"]


def test_the_running_total_is_a_grade_only_where_that_is_wanted() -> None:
    stage, school = a_course()
    work, ada = next(iter(school.works.values())), list(school.people.values())[1]
    school.grade(work, ada, 87.5, NOW_S - 100)
    assert {record.body["itemtype"] for record in stage.read().of("grade").values()} == {"mod"}


def test_no_score_is_no_grade() -> None:
    stage, _ = a_course()
    grades = stage.read().of("grade")
    assert grades
    assert all(record.gone for record in grades.values())


def test_of_whom_no_completion_is_kept_nothing_is_told() -> None:
    stage, school = a_course()
    member, other = (each for each in school.memberships.values() if each.role == "student")
    member.state = "inactive"
    reading = stage.read()
    assert reading.ended == Finished()
    assert {record.body["userid"] for record in reading.of("completion").values()} == {other.user}
    meddle = denying("core_completion_get_course_completion_status", "usernotenroled")
    assert stage.read(meddle=meddle).ended == Finished()


def test_a_course_without_criteria_is_asked_for_its_activities_alone() -> None:
    stage, _ = a_course()
    meddle = denying("core_completion_get_course_completion_status", "nocriteriaset")
    reading = stage.read(meddle=meddle)
    assert reading.operations.count("core_completion_get_course_completion_status") == 1
    assert {record.form for record in reading.of("completion").values()} == {"activity"}
    assert reading.ended == Finished()


def test_completions_that_may_not_be_seen_are_noted() -> None:
    stage, _ = a_course()
    meddle = denying("core_completion_get_course_completion_status", "cannotviewreport")
    reading = stage.read(meddle=meddle)
    assert "completions are left out" in reading.note
    assert reading.of("grade")


def test_a_course_that_may_not_be_seen_is_left_out_and_noted() -> None:
    stage = MoodleStage()
    first = str(min(stage.school.courses))
    meddle = denying("core_enrol_get_enrolled_users", "errorcoursecontextnotvalid", courseid=first)
    reading = stage.read(meddle=meddle)
    assert f"course {first} is left out" in reading.note
    assert ("enrolment", first) not in reading.wholes
    assert ("enrolment", None) not in reading.wholes
    assert ("user", None) not in reading.wholes
    assert {record.scope for record in reading.of("enrolment").values()} == {
        str(each) for each in stage.school.courses if str(each) != first
    }


def test_assignments_that_may_not_be_seen_are_noted_and_their_grades_stand_alone() -> None:
    stage, school = a_course()
    course = next(iter(school.courses))
    warning = {"item": "course", "itemid": course, "warningcode": "1", "message": "No access rights"}

    def meddle(function: str, form: Form, outcome: Outcome) -> Outcome:
        return says({"courses": [], "warnings": [warning]}) if function == "mod_assign_get_assignments" else outcome

    reading = stage.read(meddle=meddle)
    assert f"course {course}: its assignments are not shown" in reading.note
    assert ("assignment", str(course)) not in reading.wholes
    assert [record.form for record in reading.of("assignment").values()] == ["item"]


def test_where_all_people_may_not_be_listed_those_of_the_courses_are_looked_at() -> None:
    stage, _ = a_course()
    stage.fake.functions.remove("core_user_get_users")
    reading = stage.read()
    assert {record.form for record in reading.of("user").values()} == {"user"}
    assert len(reading.of("user")) == 3
    assert ("user", None) not in reading.wholes
    stage = MoodleStage(stage.school)
    meddle = denying("core_user_get_users", "nopermissions")
    reading = stage.read(meddle=meddle)
    assert len(reading.of("user")) == 3
    assert "nopermissions" in reading.note


def test_a_listing_of_people_that_lacks_some_takes_nobody_away() -> None:
    """Moodle shows only those in it whose address it shows."""
    stage, school = a_course()
    ada = list(school.people.values())[1]

    def meddle(function: str, form: Form, outcome: Outcome) -> Outcome:
        assert isinstance(outcome, Response)
        if function == "core_user_get_users":
            said = msgspec.json.decode(outcome.body)
            return says({"users": [each for each in said["users"] if each["id"] != ada.id], "warnings": []})
        return outcome

    reading = stage.read(meddle=meddle)
    assert str(ada.id) in reading.of("user")
    assert ("user", None) not in reading.wholes
    assert "not in the listing of all people" in reading.note


def test_whom_only_a_course_shows_is_told_of_in_part() -> None:
    stage, _ = a_course()
    stage.fake.functions.remove("core_user_get_users")

    def meddle(function: str, form: Form, outcome: Outcome) -> Outcome:
        return says([]) if function == "core_user_get_users_by_field" else outcome

    reading = stage.read(meddle=meddle)
    assert {(record.form, record.partial) for record in reading.of("user").values()} == {("member", True)}
    assert len(reading.of("enrolment")) == 3
    assert reading.note


def test_courses_that_are_chosen_and_not_there_are_noted() -> None:
    school = School()
    course = school.add_course("One", "C1", NOW_S)
    school.add_course("Two", "C2", NOW_S)
    stage = MoodleStage(school, courses=[course.id, 999])
    reading = stage.read()
    assert list(reading.of("course")) == [str(course.id)]
    assert "course 999 is not there" in reading.note
    assert ("enrolment", None) not in reading.wholes
    stage.fake.functions.remove("core_course_get_courses")
    stage.source = stage.build()
    reading = stage.read()
    assert list(reading.of("course")) == [str(course.id)]
    assert ("course", None) not in reading.wholes, "that function tells what may be seen only"


# ── what ends it ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "why"),
    [("invalidtoken", "revoked"), ("accessexception", "refused"), ("sitemaintenance", "unavailable"),
     ("maintenance", "unavailable"), ("xml", "faulted"), ("cut", "faulted"), ("null", "faulted"),
     ("invalidparameter", "faulted")],
)  # fmt: skip
def test_every_error_at_every_call_ends_it_without_calling_anything_whole(value: str, why: str) -> None:
    stage, _ = a_course()
    clean = stage.read()
    for number in range(len(clean.operations)):
        stage.fault("error", value, skip=number)
        reading = stage.read()
        stage.fake.clear_faults()
        assert isinstance(reading.ended, Halted), clean.operations[number]
        assert reading.ended.why == why
        assert clean.operations[number] in reading.ended.detail
        assert not any(scope is None for _, scope in reading.wholes)
        assert not reading.cursor


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("mode", ["full", "delta"])
def test_courses_that_cannot_be_listed_at_all_are_no_quiet_day(mode: str, both: bool) -> None:
    stage, _ = a_course()
    if not both:
        stage.fake.functions.remove("core_course_get_courses_by_field")
        stage.source = stage.build()
    cursor = stage.read().cursor
    stage.fault("error", "invalidresponse", function="core_course_get_courses")
    stage.fault("error", "invalidresponse", function="core_course_get_courses_by_field")
    reading = stage.read(mode, cursor)
    assert isinstance(reading.ended, Halted)
    assert (reading.ended.why, reading.cursor) == ("faulted", {})
    assert "invalidresponse" in reading.ended.detail


def test_a_webhook_is_for_another_kind_of_source() -> None:

    stage, _ = a_course()
    with pytest.raises(StopIteration) as ended:
        next(stage.source.hear(Inbound(headers={}, query="", body=b"{}"), 0))
    answer = ended.value.value
    assert isinstance(answer, Unheard)
    assert answer.status == 404
    assert "xapi" in answer.detail
    assert stage.source.home_page == HOME


def test_what_nobody_has_a_grade_in_is_not_gone() -> None:
    """Quizzes are known by the grade items of learners: a course that shows none tells nothing of its quizzes."""
    stage = MoodleStage()
    first = stage.read()
    courses = {scope for entity, scope in first.wholes if entity == "assignment"}
    assert courses

    def empty(function: str, form: dict[str, str], outcome: Outcome) -> Outcome:
        return says({"usergrades": [], "warnings": []}) if function == "gradereport_user_get_grade_items" else outcome

    assert not [scope for entity, scope in stage.read(meddle=empty).wholes if entity == "assignment"]
