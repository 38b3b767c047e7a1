"""Who sits where: the difference of two listings, and everything that may happen between them."""

import msgspec
from driven import Driven
from moodle_stage import NOW_S, MoodleStage, says

from actors.domain.flow import Outcome, Response
from actors.domain.school import Membership, School


def a_class(learners: int = 6, **settings: object) -> tuple[MoodleStage, list[Membership]]:
    school = School()
    course = school.add_course("Computing", "CS101", NOW_S)
    members = [
        school.enrol(school.add_person("Learner", f"No-{each}", NOW_S), course, NOW_S) for each in range(learners)
    ]
    return MoodleStage(school, **settings), members


def suspended(reading: Driven) -> set[object]:
    return {each.body["userid"] for each in reading.of("enrolment").values() if each.body["suspended"]}


def test_suspended_is_who_is_not_among_the_active() -> None:
    stage, members = a_class()
    members[2].state = "inactive"
    reading = stage.read()
    assert suspended(reading) == {members[2].user}
    assert len(reading.of("enrolment")) == 6
    assert ("enrolment", str(members[0].course)) in reading.wholes


def test_whoever_leaves_between_the_calls_is_not_suspended() -> None:
    stage, members = a_class()

    def meddle(function: str, form: dict[str, str], outcome: Outcome) -> Outcome:
        if function == "core_enrol_get_enrolled_users" and form.get("options[0][value]") == "1":
            members[0].state = "deleted" if members[1].state == "deleted" else members[0].state
        return outcome

    members[1].state = "deleted"  # before the first call
    reading = stage.read(meddle=meddle)
    assert suspended(reading) == set()
    assert ("enrolment", str(members[0].course)) in reading.wholes


def test_whoever_joins_between_the_calls_is_not_missed() -> None:
    stage, _ = a_class()
    school = stage.school
    course = next(iter(school.courses.values()))

    def meddle(function: str, form: dict[str, str], outcome: Outcome) -> Outcome:
        if function == "core_enrol_get_enrolled_users" and len(school.memberships) == 6:
            school.enrol(school.add_person("Late", "Comer", NOW_S), course, NOW_S)
        return outcome

    reading = stage.read(meddle=meddle)
    assert len(reading.of("enrolment")) == 7
    assert suspended(reading) == set()
    assert str(max(school.people)) in reading.of("user"), "who is new is looked at by their id"


def test_a_course_that_never_rests_suspends_and_removes_nobody() -> None:
    """At every call somebody else is in the listing of all only."""
    stage, members = a_class()
    members[5].state = "inactive"
    flips = iter(range(1_000))

    def meddle(function: str, form: dict[str, str], outcome: Outcome) -> Outcome:
        if function == "core_enrol_get_enrolled_users":
            for each in members:
                each.state = "active"
            members[next(flips) % 6].state = "inactive"
        return outcome

    reading = stage.read(meddle=meddle)
    assert suspended(reading) == set()
    assert not [whole for whole in reading.wholes if whole[0] == "enrolment"]
    assert "kept coming and going" in reading.note
    for each in members:
        each.state = "active"
    calm = stage.read("delta", reading.cursor)
    assert len(calm.of("enrolment")) == 6
    assert ("enrolment", str(members[0].course)) in calm.wholes


def test_pages_that_shift_are_read_again() -> None:
    """Somebody on the first page leaves before the second is read: one moves up and is on neither."""
    stage, members = a_class(25, page=10)
    left: list[Membership] = []

    def meddle(function: str, form: dict[str, str], outcome: Outcome) -> Outcome:
        everyone = form.get("options[0][value]") == "0" and form.get("options[1][value]") == "0"
        if function == "core_enrol_get_enrolled_users" and everyone and not left:
            left.append(members[3])
            members[3].state = "deleted"
        return outcome

    reading = stage.read(meddle=meddle)
    assert {each.body["userid"] for each in reading.of("enrolment").values()} == {
        each.user for each in members if each is not members[3]
    }
    assert suspended(reading) == set()


def test_what_changes_is_told_whole_by_the_next_poll() -> None:
    stage, members = a_class()
    cursor = stage.read().cursor
    stage.later()
    members[4].state = "inactive"
    members[5].state = "deleted"
    members[0].role = "teacher"
    reading = stage.read("delta", cursor)
    assert suspended(reading) == {members[4].user}
    assert f"{members[5].course}:{members[5].user}" not in reading.of("enrolment")
    assert ("enrolment", str(members[5].course)) in reading.wholes
    assert reading.of("enrolment")[f"{members[0].course}:{members[0].user}"].body["roles"] == ["editingteacher"]
    stage.later()
    assert not stage.read("delta", reading.cursor).of("enrolment")


def test_somebody_in_two_groups_sits_there_once_with_all_their_roles() -> None:
    stage, members = a_class(1)
    school = stage.school
    person = school.people[members[0].user]
    school.enrol(person, next(iter(school.courses.values())), NOW_S, role="ta", section=2)
    (seat,) = stage.read().of("enrolment").values()
    assert seat.body["roles"] == ["student", "teacher"]


def test_a_listing_that_does_not_end_ends_the_reading() -> None:
    stage, _ = a_class(1, page=10)
    many = [{"id": each + 2, "username": f"u{each}", "roles": []} for each in range(10)]

    def meddle(function: str, form: dict[str, str], outcome: Outcome) -> Outcome:
        return says(many) if function == "core_enrol_get_enrolled_users" else outcome

    reading = stage.read(meddle=meddle)
    assert reading.halted.why == "faulted"
    assert "do not end" in reading.halted.detail


def test_an_account_that_the_plugin_uses_is_kept_as_theirs() -> None:
    homes = {
        "http://people.example.edu": "http://people.example.edu|learner.no-0",
        None: "http://moodle.test/moodle|learner.no-0",
    }
    for page, name in homes.items():
        plugin = {"actor": "username"} | ({"account_homepage": page} if page else {})
        stage, _ = a_class(1, plugin=plugin)
        (user,) = stage.read().of("user").values()
        assert user.body["account"] == name
    stage, members = a_class(1, plugin={"actor": "username"})
    stage.school.people[members[0].user].username = "4711"
    (user,) = stage.read().of("user").values()
    assert "account" not in user.body, "it would be the name of whoever has that id"


def test_languages_and_time_zones_as_others_know_them() -> None:
    stage, members = a_class(5)
    for number, language in enumerate(("de_du", "pt_br", "en", "zh_tw", "en_us")):
        stage.school.people[members[number].user].locale = language
    stage.school.people[members[0].user].timezone = "Europe/Berlin"

    def meddle(function: str, form: dict[str, str], outcome: Outcome) -> Outcome:
        assert isinstance(outcome, Response)
        assert msgspec.json.decode(outcome.body) is not None
        return outcome

    told = list(stage.read(meddle=meddle).of("user").values())
    assert [each.body["locale"] for each in told] == ["de", "pt-BR", "en", "zh-Hant-TW", "en-US"]
    assert [each.body.get("timezone") for each in told] == ["Europe/Berlin", None, None, None, None]
