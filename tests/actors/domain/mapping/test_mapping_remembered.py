"""What texts came to is remembered within a frame, and changes nothing but the time it takes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.harvest import Record
from actors.domain.mapping import Frame, compile_tables
from actors.domain.mapping.mapped import REMEMBERED_MAX

FRAME = Frame(
    home_page="https://sis.example", tenant="acme", source="sis", timezone="Europe/Berlin", locale="en", now_us=10**15
)
TABLE: dict[str, Any] = {
    "version": 1,
    "note": "The first table.",
    "words": {"role": {"student": "learner", "teacher": "instructor"}},
    "user": {
        "csv": {
            "given_name": {"path": "name", "as": ["trim", "lower"]},
            "family_name": {"path": "name", "as": ["trim", "upper"]},
            "org_unit": {"path": "unit", "default": "none"},
            "attributes.groups": {"path": "groups", "as": ["split:,", "join: "]},
        },
        "rest": {"given_name": {"path": "name", "as": ["trim", "upper"]}},
    },
    "enrolment": {
        "csv": {
            "user": {"path": "user", "required": True},
            "course": {"path": "course", "required": True},
            "role": {"path": "role", "as": "word:role", "required": True},
            "start": {"path": "from", "as": "moment", "check": ["past"]},
        }
    },
}
MAPPED = compile_tables({1: TABLE})[0][1]

cells = st.sampled_from(["", " ", "Ada", " ada ", "a,b", "student", "teacher", "dean", "2026-08-15", "2999-01-01", "?"])
bodies = st.dictionaries(
    st.sampled_from(["name", "unit", "groups", "user", "course", "role", "from"]),
    cells | st.none() | st.integers(0, 9) | st.lists(cells, max_size=2),
)
records = st.builds(
    lambda form, body: Record(entity=form[0], id="x", form=form[1], body=body),
    st.sampled_from([("user", "csv"), ("user", "rest"), ("enrolment", "csv")]),
    bodies,
)


@given(st.lists(records, max_size=12))
def test_it_means_what_it_would_mean_alone(told: list[Record]) -> None:
    meaning = MAPPED.within(FRAME)
    assert [meaning(each, None) for each in told] == [MAPPED.normalise(each, FRAME) for each in told]


def test_more_texts_than_are_remembered_mean_the_same() -> None:
    meaning = MAPPED.within(FRAME)
    for number in [*range(REMEMBERED_MAX + 10), *range(10)]:
        record = Record(entity="user", id="x", form="csv", body={"name": f" Name{number} "})
        assert meaning(record, None).given_name == f"name{number}"  # type: ignore[union-attr]  # it fits
