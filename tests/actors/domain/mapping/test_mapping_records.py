"""From records to entities: what fits, and all that does not."""

import tomllib
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.canonical import ENTITIES, Assignment, Completion, Course, Enrolment, Flaw, Grade, User
from actors.domain.changes import Score
from actors.domain.harvest import Record
from actors.domain.mapping import Frame, Mapped, compile_tables

FRAME = Frame(
    home_page="https://lms.example.edu/",
    tenant="acme",
    source="campus",
    timezone="Europe/Berlin",
    locale="de-DE",
    now_us=1_767_225_600_000_000,
)

TABLE = """\
version = 1
note = "The first table."

[words.role]
student = "learner"
teacher = "instructor"

[user.rest]
updated = { path = "changed", as = "moment" }
email = { path = "email || login_id", as = "email", check = "max:60" }
display_name = { path = "name", as = ["html", "name"], required = true }
locale = { path = "lang", as = "locale" }
active = { path = "suspended", as = "not", default = true }
timezone = { path = "tz", as = "timezone" }
"identifiers.sis" = { path = "sis.id", as = "text" }
"identifiers.account" = { format = "{source}/{id}" }
attributes.room = { path = "rooms[0].name" }

[user.event]
partial = true
email = { path = "email", as = "email" }
display_name = { path = "name", as = "name" }
"identifiers.sis" = { path = "sis.id", as = "text" }
"attributes.room" = { path = "rooms[0].name" }

[course.rest]
iri = { format = "{home_page}/courses/{id}" }
name = { path = "name", as = "name" }
start = { path = "start", as = "date" }
end = { path = "end", as = "date" }

[enrolment.rest]
user = { path = "user" }
course = { path = "course" }
role = { path = "role", as = "word:role", default = "learner" }
start = { path = "from", as = "moment" }
end = { path = "to", as = "moment" }

[assignment.rest]
course = { path = "course" }
iri = { format = "{home_page}/courses/{course}/paper/{id}" }
due_for = { path = "overrides", as = ["pairs:who:due", "moment"] }
points_max = { path = "points", as = "number" }

[grade.rest]
user = { path = "user" }
course = { path = "course" }
"score.raw" = { path = "score", as = "number" }
"score.min" = { path = "min", as = "number" }
"score.max" = { path = "max", as = "number" }
hidden = { path = "state != 'posted'" }

[grade.event]
partial = true
user = { path = "user" }
course = { path = "course" }
"score.raw" = { path = "score", as = "number" }
at = { path = "at", as = "moment", check = "past" }

[completion.rest]
user = { path = "user" }
course = { path = "course" }
activity = { path = "url" }
complete = { const = true }
at = { path = "when", as = "unix" }
"""


def compiled(text: str = TABLE) -> Mapped:
    mapped, wrong = compile_tables({1: tomllib.loads(text)})
    assert not wrong, wrong
    return mapped[1]


MAPPED = compiled()


def record(entity: str, body: Mapping[str, object], form: str = "rest", name: str = "7", **more: bool) -> Record:
    return Record(entity=entity, id=name, form=form, body=body, **more)  # type: ignore[arg-type]


def meant(entity: str, body: Mapping[str, object], form: str = "rest", known: object = None) -> object:
    return MAPPED.normalise(record(entity, body, form), FRAME, known)  # type: ignore[arg-type]


def rules(means: object) -> list[tuple[str, str]]:
    assert isinstance(means, tuple), means
    return [(each.rule, each.path) for each in means]


def test_a_person() -> None:
    body = {
        "changed": "2019-11-05 07:38:00 -0800",
        "email": None,
        "login_id": "ADA@Example.EDU",
        "name": " Größe &amp;  Co",
        "lang": "de_DE",
        "suspended": "0",
        "tz": "Berlin",
        "sis": {"id": 12},
        "rooms": [{"name": "R1"}],
    }
    assert meant("user", body) == User(
        id="7",
        updated="2019-11-05T15:38:00Z",
        email="ada@example.edu",
        display_name="Größe & Co",
        locale="de-DE",
        timezone="Europe/Berlin",
        active=True,
        identifiers={"sis": "12", "account": "campus/7"},
        attributes={"room": "R1"},
    )


def test_nothing_is_nothing() -> None:
    empty = {"email": "", "login_id": "  ", "name": "Ada", "lang": "", "sis": {"id": ""}, "rooms": [], "changed": None}
    assert meant("user", empty) == User(id="7", display_name="Ada", identifiers={"account": "campus/7"})


def test_all_that_does_not_fit_is_said_at_once() -> None:
    body = {"changed": "yesterday", "email": "no address", "lang": "klingon", "suspended": "perhaps", "tz": ["x"]}
    means = meant("user", body)
    assert rules(means) == [
        ("moment", "changed"),
        ("email", "email || login_id"),
        ("required", "name"),
        ("locale", "lang"),
        ("not", "suspended"),
        ("timezone", "tz"),
    ]
    assert isinstance(means, tuple)
    assert [each.value for each in means][:3] == ['"yesterday"', '"no address"', "null"]
    assert all(each.suggestion for each in means)


def test_a_check_is_called_by_its_name() -> None:
    body = {"name": "Ada", "email": "a" * 60 + "@example.edu"}
    assert rules(meant("user", body)) == [("max:60", "email || login_id")]


def test_a_list_where_a_text_is_needed() -> None:
    assert rules(meant("enrolment", {"user": ["a"], "course": {"x": 1}})) == [("type", "user"), ("type", "course")]


def test_numbers_are_ids_too() -> None:
    assert meant("enrolment", {"user": 5, "course": "c", "role": "Teacher"}) == Enrolment(
        id="7", user="5", course="c", role="instructor"
    )


def test_ids_are_validated() -> None:
    assert rules(MAPPED.normalise(record("enrolment", {"user": 5, "course": "c"}, name="a\nb"), FRAME)) == [
        ("id", "id")
    ]
    assert rules(meant("enrolment", {"user": " 5", "course": "c\x00"})) == [("type", "user"), ("type", "course")]


def test_ends_before_it_begins() -> None:
    turned = {"user": "u", "course": "c", "from": "2026-09-01T00:00:00Z", "to": "2026-08-01T00:00:00Z"}
    assert rules(meant("enrolment", turned)) == [("order", "to")]
    same = {"start": "2026-08-01", "end": "2026-08-01"}
    assert isinstance(meant("course", same), Course)


def test_scores() -> None:
    body = {"user": "u", "course": "c", "score": 0, "min": "0", "max": 100, "state": "posted"}
    assert meant("grade", body) == Grade(id="7", user="u", course="c", score=Score(raw=0.0, min=0.0, max=100.0))
    none = {"user": "u", "course": "c", "score": None, "max": 100, "state": "x"}
    assert meant("grade", none) == Grade(id="7", user="u", course="c", hidden=True)
    turned = {"user": "u", "course": "c", "score": 5, "min": 10, "max": 10, "state": "posted"}
    assert rules(meant("grade", turned)) == [("range", "max")]


def test_iris_are_quoted() -> None:
    body = {"course": "a b/ü"}
    means = meant("assignment", body)
    assert isinstance(means, Assignment)
    assert means.iri == "https://lms.example.edu/courses/a%20b%2Fü/paper/7"
    assert rules(meant("completion", {"user": "u", "course": "c", "url": "no iri", "when": 0})) == [("type", "url")]
    fine = {"user": "u", "course": "c", "url": "https://x.example/1", "when": 0}
    assert meant("completion", fine) == Completion(id="7", user="u", course="c", activity="https://x.example/1")


def test_what_an_iri_needs_and_did_not_fit_is_not_said_twice() -> None:
    assert rules(meant("assignment", {"course": ["x"]})) == [("type", "course")]


def test_due_for_some() -> None:
    body = {"course": "c", "overrides": [{"who": [1, "2"], "due": "2026-08-15T08:00:00"}, {"who": [3], "due": None}]}
    means = meant("assignment", body)
    assert isinstance(means, Assignment)
    assert means.due_for == {"1": "2026-08-15T06:00:00Z", "2": "2026-08-15T06:00:00Z"}


def test_a_part_leaves_the_rest() -> None:
    known = User(id="7", email="a@example.edu", display_name="Ada", locale="de", identifiers={"sis": "1", "x": "y"})
    part = meant("user", {"name": "Ada L.", "sis": {"id": 2}}, "event", known)
    assert part == msgspec.structs.replace(known, display_name="Ada L.", identifiers={"sis": "2", "x": "y"})
    assert known.identifiers == {"sis": "1", "x": "y"}
    emptied = meant("user", {"email": None, "name": "Ada"}, "event", known)
    assert emptied == msgspec.structs.replace(known, email="")


def test_a_part_of_a_grade() -> None:
    known = Grade(id="7", user="u", course="c", score=Score(raw=1.0, max=10.0), hidden=True)
    assert meant("grade", {"score": 2}, "event", known) == msgspec.structs.replace(
        known, score=Score(raw=2.0, max=10.0)
    )
    assert meant("grade", {"at": "2025-01-01T00:00:00Z"}, "event", known) == msgspec.structs.replace(
        known, at="2025-01-01T00:00:00Z"
    )
    assert meant("grade", {"score": None}, "event", known) == msgspec.structs.replace(known, score=None)
    assert rules(meant("grade", {"score": 2}, "event")) == [("required", "user")]
    assert rules(meant("grade", {"at": "2030-01-01T00:00:00Z"}, "event", known)) == [("past", "at")]


def test_a_record_may_say_itself_that_it_is_a_part() -> None:
    known = Enrolment(id="7", user="u", course="c", role="instructor")
    part = MAPPED.normalise(record("enrolment", {"to": "2026-08-01T00:00:00Z"}, partial=True), FRAME, known)
    assert part == msgspec.structs.replace(known, end="2026-08-01T00:00:00Z")


def test_a_form_that_no_table_has() -> None:
    assert rules(meant("user", {}, "soap")) == [("form", "user")]
    assert rules(meant("submission", {})) == [("form", "submission")]


def test_secrets_are_not_shown() -> None:
    text = TABLE + '\n[user.odd]\nlocale = { path = "api_token" }\ntimezone = { path = "conf" }\n'
    body = {"api_token": "s3cret", "conf": {"password": "s3cret", "url": "https://x/?access_token=s3cret&a=1", "b": 1}}
    means = compiled(text).normalise(record("user", body, "odd"), FRAME)
    assert isinstance(means, tuple)
    assert "s3cret" not in str(means)
    assert '"b":1' in means[1].value


def test_values_are_bounded() -> None:
    means = meant("user", {"name": "x", "lang": "y" * 5_000})
    assert isinstance(means, tuple)
    assert len(means[0].value) <= 200


def test_equal_tables_map_alike_and_say_so() -> None:
    assert compiled() == MAPPED
    assert compiled().digest == MAPPED.digest
    assert compiled(TABLE.replace('"word:role"', '["trim", "word:role"]')).digest != MAPPED.digest
    assert compiled(TABLE.replace("The first table", "Another note")).digest == MAPPED.digest


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = [
    "changed", "email", "login_id", "name", "lang", "suspended", "tz", "sis", "rooms", "user", "course", "role", "from",
    "to", "overrides", "points", "score", "min", "max", "state", "at", "url", "when", "start", "end",
]  # fmt: skip
BODIES = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=12)


@given(form=st.sampled_from(sorted(MAPPED.forms)), body=BODIES, name=st.text(max_size=20))
def test_whatever_comes_it_is_an_entity_or_flaws(form: tuple[str, str], body: dict[str, object], name: str) -> None:
    told = Record(entity=form[0], id=name, form=form[1], body=body)  # type: ignore[arg-type]
    means = MAPPED.normalise(told, FRAME)
    assert means == MAPPED.normalise(told, FRAME)
    if isinstance(means, tuple):
        assert means
        assert all(isinstance(each, Flaw) and len(each.value) <= 200 and each.suggestion for each in means)
    else:
        # What was made is valid to the last type: it survives a strict decoder.
        kind = ENTITIES[form[0]]
        assert msgspec.json.decode(msgspec.json.encode(means), type=kind) == means


@given(body=BODIES, bad=st.sets(st.sampled_from(["lang", "tz", "changed"]), min_size=1))
def test_each_bad_field_is_told(body: dict[str, object], bad: set[str]) -> None:
    spoilt = {**body, **dict.fromkeys(bad, "!?")}
    means = meant("user", spoilt)
    assert bad <= {path for _, path in rules(means)}


@pytest.mark.parametrize(
    "known",
    [
        User(id="7", display_name="A", identifiers={"sis": "1"}, attributes={"room": "1"}, active=False),
        Grade(id="7", user="u", course="c", score=Score(raw=1.0), at="2025-01-01T00:00:00Z"),
    ],
)
def test_a_part_that_tells_nothing_changes_nothing(known: User | Grade) -> None:
    assert meant(known.entity, {}, "event", known) == known
