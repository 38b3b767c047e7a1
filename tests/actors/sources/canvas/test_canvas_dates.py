"""Whose due date is which in a Canvas: by themselves, by group, by section, as everybody; and what that costs."""

from collections.abc import Sequence

import pytest
from canvas_stage import NOW_S, CanvasStage
from test_canvas_mapping import means

from actors.domain.canonical import Assignment
from actors.domain.harvest import Record
from actors.domain.school import School, Work
from actors.sources.canvas.dates import NEVER

OCT = "2026-10-{:02d}T10:00:00Z".format


class Stage(CanvasStage):
    """One course and one essay, due on the first: Grace and Mary in section 77, Ada in 78; group 9 is Ada and Grace."""

    def __init__(self) -> None:
        school = School()
        self.ada, self.grace, self.mary = (
            school.add_person(name, "X", NOW_S - 900) for name in ("Ada", "Grace", "Mary")
        )
        course = school.add_course("Computing", "CS101", NOW_S - 900)
        for who, section in ((self.ada, 78), (self.grace, 77), (self.mary, 77)):
            school.enrol(who, course, NOW_S - 900, section=section)
        self.work: Work = school.assign(course, "Essay", NOW_S - 900, due_s=NOW_S + 86_400, points=20)
        super().__init__(school)
        self.fake.groups = {9: [self.ada.id, self.grace.id], 10: [self.mary.id]}

    def override(self, *overrides: dict[str, object]) -> None:
        self.fake.overrides[self.work.id] = [{"id": n, **each} for n, each in enumerate(overrides, 1)]

    def due(self, records: Sequence[Record] | None = None) -> tuple[object, dict[str, str]]:
        """Of everybody, and of each for whom it is another."""
        told = next(each for each in records or self.read().records if each.entity == "assignment")
        assert told.id == str(self.work.id)
        names = {str(each.id): each.given for each in self.school.people.values()}
        due_for = told.body["due_for"]
        assert isinstance(due_for, dict)
        return told.body["due_at"], {names[who]: due for who, due in due_for.items()}


@pytest.fixture
def stage() -> Stage:
    return Stage()


def base(stage: Stage) -> object:
    stage.override()
    return stage.due()[0]


def test_of_a_group(stage: Stage) -> None:
    stage.override({"group_id": 9, "due_at": OCT(9)})
    reading = stage.read()
    assert stage.due(reading.records)[1] == {"Ada": OCT(9), "Grace": OCT(9)}
    assert reading.operations.count("group_users") == 1
    assert "groups" not in reading.operations
    assert "left out" not in reading.finished.note


def test_the_latest_counts_of_group_and_section_and_ones_own_before_any(stage: Stage) -> None:
    stage.override(
        {"group_id": 9, "due_at": OCT(5)},
        {"course_section_id": 77, "due_at": OCT(9)},
        {"course_section_id": 78, "due_at": OCT(3)},
        {"student_ids": [stage.mary.id], "due_at": OCT(4)},
    )
    assert stage.due()[1] == {"Ada": OCT(5), "Grace": OCT(9), "Mary": OCT(4)}


def test_no_date_is_the_most_lenient(stage: Stage) -> None:
    stage.override(
        {"group_id": 9, "due_at": None},
        {"course_section_id": 77, "due_at": OCT(9)},
        {"student_ids": [stage.ada.id], "due_at": OCT(4)},
        {"student_ids": [stage.mary.id], "unassign_item": True},
    )
    assert stage.due()[1] == {"Ada": OCT(4), "Grace": NEVER, "Mary": NEVER}


def test_what_moves_other_dates_only_moves_no_due_date(stage: Stage) -> None:
    own = base(stage)
    stage.override({"group_id": 9, "lock_at": OCT(9)}, {"noop_id": 1, "due_at": OCT(9)})
    assert stage.due() == (own, {})


def test_who_may_see_it_by_an_override_alone(stage: Stage) -> None:
    own = base(stage)
    stage.fake.traits[stage.work.id] = {"only_visible_to_overrides": True}
    stage.override({"course_section_id": 77}, {"student_ids": [stage.mary.id], "due_at": OCT(4)})
    assert stage.due() == (None, {"Grace": own, "Mary": OCT(4)}), "Ada need not do it"


def test_a_date_of_everybody_is_that_of_the_assignment(stage: Stage) -> None:
    stage.override({"course_id": stage.course, "due_at": OCT(6)}, {"course_section_id": 77, "due_at": OCT(4)})
    assert stage.due() == (OCT(6), {"Grace": OCT(6), "Mary": OCT(6)})
    stage.override({"course_id": stage.course, "due_at": None})
    assert stage.due() == (None, {})


def test_through_a_section_that_somebody_is_through_with_they_have_no_date(stage: Stage) -> None:
    member = next(each for each in stage.school.memberships.values() if each.user == stage.mary.id)
    stage.school.change_membership(member, NOW_S, state="completed")
    stage.override({"course_section_id": 77, "due_at": OCT(9)})
    assert stage.due()[1] == {"Grace": OCT(9)}


def test_the_date_is_not_the_one_that_would_hold_for_whoever_asks(stage: Stage) -> None:
    own = base(stage)
    stage.override({"student_ids": [stage.mary.id], "due_at": OCT(20)})
    reading = stage.read()
    assert stage.due(reading.records) == (own, {"Mary": OCT(20)})
    assert all(query["override_assignment_dates"] == ["false"] for query in reading.asked("assignments"))


def test_the_mapping_takes_it_all(stage: Stage) -> None:
    stage.override({"group_id": 9, "due_at": None}, {"course_section_id": 77, "due_at": "2026-10-09T12:00:00+02:00"})
    [told] = stage.read().of("assignment").values()
    meant = means(told)
    assert isinstance(meant, Assignment)
    assert set(meant.due_for.values()) == {NEVER, OCT(9)}


# ── what it costs ────────────────────────────────────────────────────────────────────────────────────


def test_without_overrides_of_groups_nobody_asks_for_groups(stage: Stage) -> None:
    stage.override({"course_section_id": 77, "due_at": OCT(9)})
    assert not {"groups", "group_users", "overrides"} & set(stage.read().operations)


def test_of_several_groups_the_course_tells_the_members(stage: Stage) -> None:
    stage.override({"group_id": 9, "due_at": OCT(9)}, {"group_id": 10, "due_at": OCT(5)})
    reading = stage.read("delta")
    assert stage.due(reading.records)[1] == {"Ada": OCT(9), "Grace": OCT(9), "Mary": OCT(5)}
    assert reading.operations.count("groups") == 1
    assert "group_users" not in reading.operations


def test_a_group_of_which_the_course_does_not_tell_everybody_is_asked_for_by_itself(stage: Stage) -> None:
    stage.fake.members_max = 1
    stage.override({"group_id": 9, "due_at": OCT(9)}, {"group_id": 10, "due_at": OCT(5)})
    reading = stage.read()
    assert stage.due(reading.records)[1] == {"Ada": OCT(9), "Grace": OCT(9), "Mary": OCT(5)}
    assert (reading.operations.count("groups"), reading.operations.count("group_users")) == (1, 1)


def test_members_come_in_pages(stage: Stage) -> None:
    stage.fake.page_max = 1
    stage.override({"group_id": 9, "due_at": OCT(9)})
    assert stage.due()[1] == {"Ada": OCT(9), "Grace": OCT(9)}


def test_who_may_only_look_lists_the_overrides_of_assignments_that_have_any(stage: Stage) -> None:
    stage.fake.editor = False
    assert stage.due()[1] == {}
    assert "overrides" not in stage.read().operations
    stage.override({"group_id": 9, "due_at": OCT(9)}, {"student_ids": [stage.mary.id], "due_at": OCT(4)})
    reading = stage.read()
    assert stage.due(reading.records)[1] == {"Ada": OCT(9), "Grace": OCT(9), "Mary": OCT(4)}
    assert reading.operations.count("overrides") == 1
    stage.fake.traits[stage.work.id] = {"all_dates": [], "all_dates_count": 30}
    assert len(stage.due()[1]) == 3, "of very many Canvas tells the number only"


# ── what may not be read ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("operation", "scope"), [("group_users", "groups/:group_id/users"), ("overrides", "assignment_id/overrides")]
)
def test_what_may_not_be_read_is_said_and_the_assignments_are_told(stage: Stage, operation: str, scope: str) -> None:
    stage.fake.editor = operation != "overrides"
    stage.override({"group_id": 9, "due_at": OCT(9)}, {"group_id": 10, "due_at": OCT(9)})
    stage.fault("error", "forbidden", operation="groups", times=0)
    stage.fault("error", "forbidden", operation=operation, times=0)
    reading = stage.read()
    assert stage.due(reading.records)[1] == {}
    assert reading.finished.note.count(scope) == 1
    assert ("assignment", str(stage.course)) in reading.wholes


def test_a_group_that_is_gone_is_nobody(stage: Stage) -> None:
    stage.override({"group_id": 11, "due_at": OCT(9)})
    reading = stage.read()
    assert stage.due(reading.records)[1] == {}
    assert "left out" not in reading.finished.note


def test_a_canvas_that_is_down_in_between_ends_the_reading(stage: Stage) -> None:
    stage.override({"group_id": 9, "due_at": OCT(9)})
    stage.fault("status", "503", operation="group_users", times=0)
    reading = stage.read()
    assert reading.halted.why == "unavailable"
    assert not reading.of("assignment"), "without these dates nothing is told of them"
