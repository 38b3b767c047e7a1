"""What a reading of a Canvas tells, and how little a second one asks for."""

from canvas_stage import HOME, HOST, NOW_S, CanvasStage

from actors.domain.flow import Outcome, Request, Response
from actors.domain.harvest import Finished
from actors.domain.school import School


def small(**more: object) -> tuple[School, CanvasStage]:
    """One course, one learner, one essay."""
    school = School()
    ada = school.add_person("Ada", "Lovelace", NOW_S - 900, email="Ada@Example.edu")
    course = school.add_course("Computing", "CS101", NOW_S - 900)
    school.enrol(ada, course, NOW_S - 900)
    school.assign(course, "Essay", NOW_S - 900, due_s=NOW_S + 86_400, points=20)
    return school, CanvasStage(school, **more)


# ── everything ───────────────────────────────────────────────────────────────────────────────────────


def test_everything_and_what_is_whole() -> None:
    school, stage = small()
    [work], [ada], [course] = school.works.values(), school.people.values(), school.courses.values()
    school.submit(work, ada, NOW_S - 600)
    school.grade(work, ada, 17.5, NOW_S - 300)
    reading = stage.read()
    assert isinstance(reading.ended, Finished)
    assert reading.of("user")[str(ada.id)].body["email"] == "Ada@Example.edu"
    assert reading.of("course")[str(course.id)].body["term"] == {
        "id": 1, "name": "Default Term", "start_at": None, "end_at": None,
    }  # fmt: skip
    [member] = reading.of("enrolment").values()
    assert (member.scope, member.body["type"], member.gone) == (str(course.id), "StudentEnrollment", False)
    assert reading.of("grade")[f"{work.id}/{ada.id}"].body["points_possible"] == 20
    assert f"{work.id}/{ada.id}" in reading.of("submission")
    scope = str(course.id)
    assert reading.wholes == [("course", None), ("enrolment", scope), ("assignment", scope), ("user", None)]


def test_what_concerns_nobody_and_what_changes_with_every_look_is_not_kept() -> None:
    school, stage = small()
    [work], [ada] = school.works.values(), school.people.values()
    school.submit(work, ada, NOW_S - 600)
    kept = {name for record in stage.read().records for name in record.body}
    assert not kept & {"body", "preview_url", "description", "avatar_url", "last_activity_at", "total_activity_time"}
    assert "user" not in kept


def test_enrolments_are_asked_for_in_every_state_so_that_leavers_are_seen() -> None:
    school, stage = small()
    [member] = school.memberships.values()
    stage.read()
    for state, gone in (("inactive", False), ("completed", False), ("invited", False), ("deleted", True)):
        school.change_membership(member, stage.now_s, state=state)
        told = stage.read("delta").of("enrolment")[str(member.id)]
        assert (told.body["enrollment_state"], told.gone) == (state, gone)


def test_somebody_in_two_sections_is_two_enrolments_of_one_course() -> None:
    school, stage = small()
    [ada], [course] = school.people.values(), school.courses.values()
    second = school.enrol(ada, course, NOW_S, section=77)
    told = stage.read().of("enrolment")
    assert len(told) == 2
    assert {record.body["user_id"] for record in told.values()} == {ada.id}
    assert told[str(second.id)].body["course_section_id"] == 77


def test_hidden_excused_and_taken_back() -> None:
    school, stage = small()
    [work], [ada] = school.works.values(), school.people.values()
    key = f"{work.id}/{ada.id}"
    assert key not in stage.read().of("grade"), "nothing was ever graded"
    school.grade(work, ada, 12, NOW_S, posted=False)
    assert stage.read().of("grade")[key].body["posted_at"] is None
    school.grade(work, ada, None, NOW_S + 5)
    assert stage.read().of("grade")[key].body["score"] is None


def test_the_test_student_is_nobody() -> None:
    _, stage = small()
    stage.meddle = lambda request, outcome: (
        Response(status=200, body=outcome.body.replace(b"StudentEnrollment", b"StudentViewEnrollment"))
        if request.operation == "enrolments" and isinstance(outcome, Response)
        else outcome
    )
    assert not stage.read().of("enrolment")


def test_courses_that_are_over_keep_their_people_as_they_were() -> None:
    school, stage = small()
    [course] = school.courses.values()
    stage.fake.concluded.add(course.id)
    reading = stage.read()
    assert reading.of("course")[str(course.id)].body["workflow_state"] == "completed"
    assert "enrolments" not in reading.operations
    assert ("enrolment", str(course.id)) not in reading.wholes


def test_completions_come_from_the_modules_of_courses_that_have_any() -> None:
    school, stage = small()
    [ada], [course] = school.people.values(), school.courses.values()
    reading = stage.read()
    assert not reading.of("completion")
    assert "left out" not in reading.finished.note
    school.finish(course, ada, NOW_S)
    told = stage.read().of("completion")[f"{course.id}/{ada.id}"]
    assert told.body["completed_at"]
    school.finish(course, ada, NOW_S + 60, complete=False)
    assert stage.read().of("completion")[told.id].body["completed_at"] is None


def test_totals_only_where_they_are_wanted() -> None:
    school, _ = small()
    assert not CanvasStage(school).read().of("grade")
    totals = CanvasStage(school, course_grades=True).read().of("grade")
    [course], [ada] = school.courses.values(), school.people.values()
    assert totals[f"course-{course.id}/{ada.id}"].form == "course_total"


def test_only_what_is_wanted_is_read() -> None:
    _, stage = small()
    bare = CanvasStage(stage.school, read=[])
    assert set(bare.read().operations) == {"courses", "users", "enrolments"}
    other = CanvasStage(stage.school, courses={"terms": ["2", "3"]})
    assert not other.read().of("course")
    one = CanvasStage(stage.school, courses={"terms": ["1"]})
    assert len(one.read().of("course")) == 1
    assert one.read().asked("courses")[0]["enrollment_term_id"] == ["1"]


def test_courses_by_their_ids_without_any_permission_on_the_account() -> None:
    school, _ = small()
    [course] = school.courses.values()
    school.add_person("Not", "There", NOW_S)
    pilot = CanvasStage(school, courses={"ids": [str(course.id), "999"]})
    reading = pilot.read()
    assert "left out: course 999: Canvas: course: HTTP 404" in reading.finished.note
    assert not [request for request in reading.requests if "/accounts/" in request.url]
    assert len(reading.of("user")) == 1
    assert ("user", None) not in reading.wholes, "one of the courses could not be read"
    alone = CanvasStage(school, courses={"ids": [str(course.id)]})
    assert ("user", None) in alone.read().wholes


def test_somebody_who_is_not_of_the_account_comes_with_their_enrolment() -> None:
    school, stage = small()
    [ada] = school.people.values()
    stage.meddle = lambda request, outcome: (
        Response(status=200, body=b"[]") if request.operation == "users" else outcome
    )
    reading = stage.read()
    assert reading.of("user")[str(ada.id)].form == "enrolled_user"
    assert list(reading.of("user")) == [str(ada.id)]
    assert reading.wholes[-1] == ("user", None)


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────


def test_all_pages_are_read_however_they_are_linked() -> None:
    for switch in ("", "counted", "terse_links"):
        stage = CanvasStage()
        stage.fake.page_max = 5
        if switch:
            stage.fault(switch, times=0)
        reading = stage.read()
        assert isinstance(reading.ended, Finished)
        assert len(reading.of("user")) == 12, switch
        assert len(reading.of("enrolment")) == 27, switch


def test_the_next_page_is_asked_for_exactly_as_it_was_told() -> None:
    stage = CanvasStage()
    stage.fake.page_max = 5
    pages = [each.url for each in stage.read().requests if each.operation == "users"]
    assert pages[0] == f"{HOME}/api/v1/accounts/self/users?include%5B%5D=email&sort=id&order=asc&per_page=100"
    assert "page=bookmark%3A" in pages[1]
    assert pages[1].endswith("per_page=5"), "what it was cut to"


def test_counted_pages_are_read_twice_before_anything_is_called_whole() -> None:
    """Somebody leaves while the list is read: whoever stood at the edge of the next page would be missed."""
    stage = CanvasStage()
    stage.fake.page_max = 5
    stage.fault("counted", times=0)
    first = next(iter(stage.school.people.values()))
    pages = 0

    def meddle(request: Request, outcome: Outcome) -> Outcome:
        nonlocal pages
        pages += request.operation == "users"
        if pages == 1 and request.operation == "users":
            first.deleted = True
        return outcome

    stage.meddle = meddle
    reading = stage.read()
    assert pages == 6
    assert set(reading.of("user")) == {str(number) for number in stage.school.people}
    assert len([record for record in reading.records if record.entity == "user"]) == 12
    assert ("user", None) in reading.wholes


def test_a_page_elsewhere_is_not_followed() -> None:
    stage = CanvasStage()
    stage.fake.page_max = 5
    stage.fault("elsewhere", times=0)
    reading = stage.read()
    assert reading.halted.why == "faulted"
    assert "the next page is at https://elsewhere.example.net/" in reading.halted.detail
    assert reading.halted.detail.endswith(": write base_url as Canvas writes its own address")
    assert all(request.url.startswith(HOST) for request in reading.requests)


def test_pages_in_a_circle_end() -> None:
    stage = CanvasStage()
    stage.meddle = lambda request, outcome: (
        Response(status=200, headers={"link": f'<{request.url}>; rel="next"'}, body=b"[]")
        if request.operation == "users"
        else outcome
    )
    reading = stage.read()
    assert reading.halted.why == "faulted"
    assert "circle" in reading.halted.detail
    assert reading.operations.count("users") == 1


# ── what is new ──────────────────────────────────────────────────────────────────────────────────────


def test_a_delta_asks_for_little() -> None:
    stage = CanvasStage()
    full = stage.read()
    stage.now_s += 600
    delta = stage.read("delta", full.cursor)
    assert delta.operations == ["courses", "users"] + ["enrolments", "assignments", "submissions", "submissions"] * 3
    assert delta.asked("users")[0]["order"] == ["desc"]
    assert not delta.wholes
    since = {query[name][0] for query in delta.asked("submissions") for name in query if name.endswith("_since")}
    assert since == {"2026-09-21T14:08:20Z"}, "five minutes before the last reading began, by Canvas's clock"
    assert not delta.of("grade")


def test_new_people_are_found_from_the_newest_backwards() -> None:
    stage = CanvasStage()
    stage.fake.page_max = 4
    full = stage.read()
    assert full.operations.count("users") == 3
    newest = stage.school.add_person("Alan", "Turing", stage.now_s)
    delta = stage.read("delta", full.cursor)
    assert delta.operations.count("users") == 1
    assert str(newest.id) in delta.of("user")
    assert delta.cursor["user"] == str(newest.id)


def test_where_people_are_not_in_order_all_of_them_are_read() -> None:
    stage = CanvasStage()
    stage.fake.page_max = 4
    full = stage.read()

    def unordered(request: Request, outcome: Outcome) -> Outcome:
        if request.operation == "users" and "order=desc" in request.url:
            return stage.ask(
                Request(
                    method="GET", url=request.url.replace("desc", "asc"), operation="users", headers=request.headers
                )
            )
        return outcome

    stage.meddle = unordered
    assert stage.read("delta", full.cursor).operations.count("users") == 3


def test_a_grade_that_is_posted_later_is_found_without_a_request_more() -> None:
    school, stage = small()
    [work], [ada], [course] = school.works.values(), school.people.values(), school.courses.values()
    school.grade(work, ada, 12, NOW_S - 7_200, posted=False)
    full = stage.read()
    assert full.cursor["hidden"] == str(course.id)
    stage.now_s += 3_600
    mark = school.mark_of(work, ada)
    mark.posted = True  # graded long ago, shown only now
    delta = stage.read("delta", full.cursor)
    assert delta.operations.count("submissions") == 2
    assert delta.asked("submissions")[1]["workflow_state"] == ["graded"]
    assert delta.of("grade")[f"{work.id}/{ada.id}"].body["posted_at"]
    assert delta.cursor["hidden"] == ""


def test_a_backfill_tells_what_was_then_and_keeps_the_cursor() -> None:
    school, stage = small()
    [work], [ada] = school.works.values(), school.people.values()
    other = school.assign(next(iter(school.courses.values())), "Exam", NOW_S - 900)
    school.submit(work, ada, NOW_S - 800)
    school.submit(other, ada, NOW_S - 100)
    past = stage.read("backfill", since="2026-09-21T13:30:00Z", until="2026-09-21T14:05:00Z")
    assert list(past.of("submission")) == [f"{work.id}/{ada.id}"]
    assert not past.cursor
    assert not past.wholes


def test_what_is_left_out_is_shut_and_only_a_course_that_could_have_been_seen_is_old() -> None:
    school, stage = small(read=["assignments"])
    [course] = school.courses.values()
    reading = stage.read()
    assert set(reading.shut) == {("submission", ""), ("grade", ""), ("completion", "")}
    assert reading.of("course")[str(course.id)].made_us is None, "one that is published later is new"
    stage.fake.concluded.add(course.id)
    assert ("enrolment", str(course.id)) in stage.read().shut
    for more in ({"states": ["created", "claimed", "available", "completed"]}, {"ids": [str(course.id)]}):
        school, stage = small(courses=more)
        [shown] = stage.read().of("course").values()
        assert shown.made_us == (NOW_S - 900) * 1_000_000
