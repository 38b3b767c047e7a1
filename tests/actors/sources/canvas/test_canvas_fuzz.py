"""Whatever a Canvas says, or whoever has its key: nothing of it makes us fall, and what is told has an id."""

from collections.abc import Callable

from canvas_stage import CanvasStage
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.canonical import ENTITIES
from actors.domain.harvest import Record
from actors.sources.canvas import records
from actors.sources.canvas.dates import Dates, sections_of
from actors.sources.canvas.events import RULES, understand
from actors.sources.canvas.hearing import events_in

NAMES = (
    "id", "user_id", "student_id", "course_id", "assignment_id", "enrollment_id", "course_section_id", "type", "name",
    "workflow_state", "enrollment_state", "submitted_at", "graded_at", "posted_at", "score", "due_at", "overrides",
    "student_ids", "grades", "user", "course", "progress", "current_score", "requirement_count", "context_type",
    "group_id", "only_visible_to_overrides", "unassign_item", "all_dates",
    "context_id", "score_id", "override_score", "root_account_id", "event_time", "muted", "attempt", "metadata", "body",
)  # fmt: skip
IDS = st.one_of(
    st.integers(-5, 10**15), st.sampled_from(["1", "70000000000101", "x", "", "٣"]), st.integers(10**30, 10**40)
)
WORDS = st.sampled_from(
    ["active", "deleted", "StudentEnrollment", "StudentViewEnrollment", "Course", "2026-01-01T00:00:00Z"]
)
LEAVES = st.one_of(st.none(), st.booleans(), IDS, WORDS, st.floats(allow_nan=False), st.text(max_size=5))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)),
    max_leaves=20,
)
STAGE = CanvasStage()
THINGS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=16)
MAKERS: tuple[Callable[[dict[str, object]], Record | None], ...] = (
    records.user,
    records.course,
    records.enrolment,
    records.course_grade,
    lambda entry: records.assignment(Dates(STAGE.reader(), 100, "1", sections_of([entry])).dated(entry)),
    lambda entry: records.handed_in(entry, "1"),
    lambda entry: records.grade(entry, "1", 10),
    lambda entry: records.completion(entry, "1"),
)


def sound(record: Record) -> None:
    assert record.entity in ENTITIES
    assert record.id
    assert record.id.isprintable()
    assert not record.id.startswith("/")
    assert not record.id.endswith("/")
    assert "-/" not in record.id


@given(st.sampled_from(MAKERS), THINGS)
def test_objects(make: Callable[[dict[str, object]], Record | None], entry: dict[str, object]) -> None:
    record = make(entry)
    if record is not None:
        sound(record)


@given(st.sampled_from(sorted(RULES)), THINGS, THINGS, st.booleans())
def test_events(name: str, metadata: dict[str, object], body: dict[str, object], totals: bool) -> None:
    told = understand({"metadata": metadata | {"event_name": name}, "body": body}, totals=totals)
    assert told is not None
    for record in told.records:
        sound(record)
        assert record.partial


@given(VALUES)
def test_claims(claims: object) -> None:
    for event in events_in(claims):
        assert event is None or (isinstance(event["metadata"], dict) and isinstance(event["body"], dict))
