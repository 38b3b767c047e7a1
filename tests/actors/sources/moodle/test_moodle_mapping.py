"""The mapping of Moodle: what a real one's records mean, and under which names its people are known elsewhere."""

import msgspec
from meant import Table
from moodle_stage import NOW_S, MoodleStage
from recorded_moodle import WWWROOT, RecordedMoodle, plugin_statements

from actors.domain.canonical import (
    AnyEntity,
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
from actors.domain.recognise import Agent, learner_of
from actors.domain.school import School
from daemon.store.identity import identifiers_of

FRAME = Frame(
    home_page=WWWROOT, tenant="acme", source="moodle", timezone="Europe/Berlin", locale="de-DE", now_us=1_800_000_000
)


TABLE = Table("moodle", FRAME)
means, flaws = TABLE.means, TABLE.flaws


def told(entity: str, form: str, record_id: str = "1", /, **body: object) -> Record:
    return Record(entity=entity, id=record_id, form=form, body=body)  # type: ignore[arg-type]  # a test's names


def recorded(**settings: object) -> dict[tuple[str, str], AnyEntity]:
    """What the recorded Moodle tells means, by entity and id."""
    stage = MoodleStage(School(), wwwroot=WWWROOT, **settings)
    stage.fake = RecordedMoodle()  # type: ignore[assignment]  # it answers too
    reading = stage.read()
    assert not reading.note
    return {(each.entity, each.id): means(each) for each in reading.records if not each.gone}


def test_what_a_real_moodle_tells() -> None:
    known = recorded(course_grades=True)
    assert known["course", "2"] == Course(
        id="2",
        iri=f"{WWWROOT}/course/view.php?id=2",
        name="Course 1 – Größe & Co",
        code="CS101",
        external_id="SIS-CS101",
        start="2026-10-24T15:29:17Z",
        end="2027-01-22T15:29:17Z",
    )
    assert known["user", "14"] == User(
        id="14",
        email="u011@example.edu",
        display_name="Björn O'Brien",
        given_name="Björn",
        family_name="O'Brien",
        org_unit="History",
        locale="en",
        identifiers={"username": "u011", "sis": "SIS00011"},
    )
    assert known["enrolment", "2:14"] == Enrolment(id="2:14", user="14", course="2", status="suspended")
    teacher = known["enrolment", "2:3"]
    assert isinstance(teacher, Enrolment)
    assert (teacher.role, teacher.status) == ("instructor", "active")
    assert known["assignment", "1"] == Assignment(
        id="1",
        updated="2026-11-23T15:29:17Z",
        course="2",
        iri=f"{WWWROOT}/mod/assign/view.php?id=1",
        name="Assignment 1 of CS101",
        type="https://xapi.edlm/profiles/edlm-lms/concepts/activity-types/assignment",
        due="2026-11-24T15:29:17Z",
        points_max=100.0,
    )
    grade = known["grade", "17:item:2"]
    assert isinstance(grade, Grade)
    assert (grade.assignment, grade.score, grade.at) == ("1", Score(raw=39.8, min=0, max=100), "2026-11-23T15:29:51Z")
    total = known["grade", "17:item:1"]
    assert isinstance(total, Grade)
    assert (total.assignment, total.score) == ("", Score(raw=73.4, min=0, max=200))
    assert known["completion", "15:cm:4"] == Completion(
        id="15:cm:4",
        user="15",
        course="2",
        activity=f"{WWWROOT}/mod/page/view.php?id=4",
        activity_name="Reading 1",
        activity_type="https://w3id.org/xapi/acrossx/activities/page",
        at="2026-11-23T15:29:53Z",
        evidence="complete",
    )
    done = known["completion", "15:course:2"]
    assert isinstance(done, Completion)
    assert (done.activity, done.complete, done.at) == ("", True, "2026-11-23T15:29:53Z")


def test_things_are_called_what_the_plugin_calls_them() -> None:
    theirs: dict[str, tuple[str, str]] = {}
    for each in plugin_statements():
        thing = msgspec.convert(each["object"], dict[str, object])
        definition = msgspec.convert(thing["definition"], dict[str, object])
        (name,) = msgspec.convert(definition["name"], dict[str, str]).values()
        theirs[str(thing["id"])] = (str(definition["type"]), name)
    compared = 0
    for entity in recorded().values():
        match entity:
            case Assignment():
                iri, ours = entity.iri, (entity.type, entity.name)
            case Completion() if entity.activity:
                iri, ours = entity.activity, (entity.activity_type, entity.activity_name)
            case Course():
                iri, ours = entity.iri, (theirs[entity.iri][0], entity.name)
            case _:
                continue
        if iri in theirs:
            assert ours == theirs[iri], iri
            compared += 1
    assert compared > 50


def test_learners_are_who_the_plugin_says_whatever_it_names_them_by() -> None:
    """Its settings flip from ids to usernames to addresses: each of its actors leads to one user."""
    actors: list[tuple[dict[str, object], dict[str, object]]] = [
        ({}, {"account": {"homePage": WWWROOT, "name": "14"}}),
        ({"actor": "username"}, {"account": {"homePage": WWWROOT, "name": "u011"}}),
        (
            {"actor": "username", "account_homepage": "https://people.example.edu"},
            {"account": {"homePage": "https://people.example.edu", "name": "u011"}},
        ),
        ({"actor": "email"}, {"mbox": "mailto:U011@example.edu"}),
    ]
    for plugin, actor in actors:
        users = [each for each in recorded(plugin=plugin).values() if isinstance(each, User)]
        learner = learner_of(msgspec.convert(actor, Agent))
        assert learner is not None
        kind, _, value = learner.key.partition(":")
        wanted = ({"mbox": "email"}.get(kind, kind), value)
        assert [each.id for each in users if wanted in identifiers_of(each, WWWROOT)] == ["14"], actor
        assert all(("account", f"{WWWROOT}|{each.id}") in identifiers_of(each, WWWROOT) for each in users)


def test_a_school_as_the_sandbox_tells_it() -> None:
    school = School()
    ada = school.add_person("Ada", "Lovelace", NOW_S, email="Ada@Example.EDU")
    course = school.add_course("Computing", "CS101", NOW_S)
    school.enrol(ada, course, NOW_S)
    work = school.assign(course, "R&D <plan>", NOW_S, points=20)
    school.submit(work, ada, NOW_S)
    school.grade(work, ada, 15, NOW_S, posted=False)
    known = {(each.entity, each.id): means(each) for each in MoodleStage(school).read().records if not each.gone}
    user = known["user", str(ada.id)]
    assert isinstance(user, User)
    assert user.email == "ada@example.edu"
    named = known["assignment", str(work.id)]
    assert isinstance(named, Assignment)
    assert named.name == "R&D <plan>"
    assert known["submission", f"{ada.id}:cm:{work.id}"] == Submission(
        id=f"{ada.id}:cm:{work.id}", user=str(ada.id), assignment=str(work.id), at="2026-09-21T14:13:20Z"
    )
    assert all(each.hidden for each in known.values() if isinstance(each, Grade))


def test_states_of_completion() -> None:
    for state, complete in ((0, False), (1, True), (2, True), (3, True)):
        body: dict[str, object] = {"userid": 3, "courseid": 2, "modname": "quiz", "state": state}
        body |= {"complete": state > 0, "iri": f"{WWWROOT}/mod/quiz/view.php?id=5"}
        meant = means(told("completion", "activity", **body))
        assert isinstance(meant, Completion)
        assert meant.complete is complete


def test_the_strongest_of_several_roles_counts() -> None:
    for roles, role in ((["student", "teacher"], "assistant"), (["editingteacher", "manager"], "administrator")):
        body: dict[str, object] = {"courseid": 2, "userid": 3, "suspended": False, "roles": roles}
        meant = means(told("enrolment", "member", **body))
        assert isinstance(meant, Enrolment)
        assert meant.role == role


def test_what_does_not_fit_says_what_and_where() -> None:
    (role,) = flaws(told("enrolment", "member", courseid=2, userid=3, suspended=False, roles=["tutor"]))
    assert role.path == "roles"
    assert '"tutor"' in role.value
    assert "[words.role]" in role.suggestion
    (address,) = flaws(told("user", "user", fullname="Ada", email="no address"))
    assert address.path == "email"
    (zone,) = flaws(told("user", "user", fullname="Ada", timezone="Mars/Olympus"))
    assert zone.path == "timezone"
    (score,) = flaws(told("grade", "item", userid=3, courseid=2, cmid=1, graderaw="a lot"))
    assert score.path == "graderaw"


def test_work_on_a_scale_has_no_points() -> None:
    """Moodle writes the number of a scale below zero, and 0 where nothing is graded."""
    for grade, points in ((-3, None), (0, None), (20, 20.0)):
        for form in ("assign", "item"):
            body: dict[str, object] = {"course": 2, "iri": f"{WWWROOT}/mod/assign/view.php?id=5", "name": "Talk"}
            meant = means(told("assignment", form, **body, modname="assign", grade=grade))
            assert isinstance(meant, Assignment)
            assert meant.points_max == points
