"""What a reading of Moodle costs, and whom it asks for: everybody at night, else only who may have done something."""

from moodle_stage import NOW_S, MoodleStage, a_course

from actors.domain.harvest import Finished


def test_an_unchanged_poll_costs_two_calls_a_course_and_three_more() -> None:
    stage = MoodleStage()
    cursor = stage.read().cursor
    stage.later()
    reading = stage.read("delta", cursor)
    courses = len(stage.school.courses)
    assert len(reading.operations) == 3 + 2 * courses
    assert "core_completion_get_activities_completion_status" not in reading.operations
    assert not reading.of("enrolment")
    assert not reading.of("grade")
    assert int(reading.cursor["since"]) == stage.now_s


def test_after_a_restart_it_costs_what_it_must_and_tells_nothing_else() -> None:
    stage = MoodleStage()
    first = stage.read()
    stage.later()
    stage.source = stage.build()
    reading = stage.read("delta", first.cursor)
    assert isinstance(reading.ended, Finished)
    assert "core_completion_get_activities_completion_status" not in reading.operations
    known = {(each.entity, each.id): each.body for each in first.records}
    assert all(known[each.entity, each.id] == each.body for each in reading.records)


def test_only_who_did_something_is_asked_for_completions() -> None:
    stage = MoodleStage()
    cursor = stage.read().cursor
    now_s = stage.later()
    work, person = next(iter(stage.school.works.values())), list(stage.school.people.values())[3]
    stage.school.complete(work, person, now_s - 60)
    stage.later()
    reading = stage.read("delta", cursor)
    asked = [
        form["userid"] for call, form in zip(reading.operations, reading.forms, strict=True) if "completion" in call
    ]
    assert asked == [str(person.id), str(person.id)]
    (done,) = (each for each in reading.of("completion").values() if each.body["complete"])
    assert done.body["timecompleted"] == now_s - 60
    stage.school.mark_of(work, person).complete_s = None
    undone = stage.read().of("completion")[done.id]
    assert undone.body["complete"] is False, "what is undone is told as not complete"


def test_a_course_that_ended_is_read_with_everything_only() -> None:
    stage, school = a_course()
    cursor = stage.read().cursor
    next(iter(school.courses.values())).end_s = NOW_S - 30 * 86_400
    stage.later()
    assert "core_enrol_get_enrolled_users" not in stage.read("delta", cursor).operations
    assert "core_enrol_get_enrolled_users" in stage.read("full").operations


def test_who_changed_their_address_is_looked_at_again() -> None:
    stage, school = a_course()
    cursor = stage.read().cursor
    ada = list(school.people.values())[1]
    school.change_person(ada, stage.later(), email="countess@example.edu")
    reading = stage.read("delta", cursor)
    assert reading.operations.count("core_user_get_users_by_field") == 1
    assert {each.body["email"] for each in reading.of("user").values()} == {"countess@example.edu"}


def test_a_backfill_tells_results_of_that_time_and_spoils_nothing() -> None:
    stage, school = a_course()
    work, ada, grace = next(iter(school.works.values())), *list(school.people.values())[1:3]
    school.grade(work, ada, 50, NOW_S - 50 * 86_400)
    school.grade(work, grace, 60, NOW_S - 5 * 86_400)
    reading = stage.read("backfill", since="2026-09-10T00:00:00+00:00", until="2026-09-21T00:00:00+00:00")
    graded = {each.body["userid"] for each in reading.of("grade").values() if each.body["itemtype"] == "mod"}
    assert graded == {grace.id}
    assert not reading.wholes
    assert not reading.cursor
    later = stage.read("delta", {"since": "1"})
    assert {each.body["userid"] for each in later.of("grade").values() if each.body["itemtype"] == "mod"} >= {ada.id}
