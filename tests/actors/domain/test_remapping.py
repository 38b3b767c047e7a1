"""What another version of a mapping makes of known records."""

import msgspec

from actors.domain import remapping
from actors.domain.canonical import Course, Enrolment, Grade, User
from actors.domain.changes import Score
from actors.domain.remapping import Comparison, Said, Sample, differences, entity

ADA = User(id="1", email="ada@example.edu", identifiers={"sis": "S1"})
GRADE = Grade(id="g", user="1", course="c", score=Score(raw=80, max=100))


def test_fields_differ_by_their_dotted_names_and_defaults_are_values() -> None:
    other = msgspec.structs.replace(ADA, active=False, identifiers={"upn": "ada"})
    assert differences(ADA, other) == {
        "active": (True, False),
        "identifiers.sis": ("S1", None),
        "identifiers.upn": (None, "ada"),
    }
    assert differences(GRADE, msgspec.structs.replace(GRADE, score=Score(raw=0.8, max=1)))["score.raw"] == (80, 0.8)
    assert differences(GRADE, msgspec.structs.replace(GRADE, score=None))["score.max"] == (100, None)
    assert differences(ADA, entity("user", msgspec.json.encode(ADA))) == {}


def test_records_are_counted_with_samples_and_people() -> None:
    compared = Comparison("acme", 1, 2)
    for n in range(5):
        user = User(id=f"u{n}", email="A@example.edu")
        compared.add("user", user.id, b"d", Said(user), Said(msgspec.structs.replace(user, email="a@example.edu")))
    compared.add("grade", "g", b"d", Said(GRADE), Said(msgspec.structs.replace(GRADE, user="u1", hidden=True)))
    compared.add("user", "same", b"d", Said(ADA), Said(ADA))
    compared.add("user", "bad", b"d", Said(None, ("email",)), Said(None, ("email", "required")))
    assert (compared.records, compared.changed, compared.healed, compared.flawed) == (8, 6, 0, {})
    first, *others = compared.differences()
    assert (first.entity, first.field, first.records) == ("user", "email", 5)
    assert first.samples[0] == Sample(id="u0", before='"A@example.edu"', after='"a@example.edu"')
    assert len(first.samples) == remapping.SAMPLES_MAX
    assert [(each.field, each.samples[0].before) for each in others] == [("hidden", "false"), ("user", '"1"')]
    assert compared.people == 6  # u0 to u4, and 1


def test_what_no_longer_fits_and_what_fits_again() -> None:
    compared = Comparison()
    compared.add("user", "1", b"d", Said(ADA), Said(None, ("email", "required")))
    compared.add("user", "2", b"d", Said(None, ("email",)), Said(msgspec.structs.replace(ADA, id="2")))
    assert (compared.changed, compared.healed, compared.flawed, compared.people) == (0, 1, {"email": 1}, 2)


def test_a_course_touches_those_who_are_in_it() -> None:
    compared = Comparison()
    course = Course(id="c", iri="urn:c", name="Ma&amp;th")
    compared.add("course", "c", b"d", Said(course), Said(msgspec.structs.replace(course, name="Ma&th")))
    assert compared.courses == {"c"}
    compared.count_people(["1", "2", "1"])
    assert compared.people == 2


def test_a_plan_is_the_same_only_for_the_same() -> None:
    def plan(version: int, digest: bytes, status: str) -> str:
        compared = Comparison("acme/canvas", 1, version)
        one = Enrolment(id="e", user="1", course="c")
        other = msgspec.json.decode(msgspec.json.encode({"entity": "enrolment", "id": "e", "user": "1", "course": "c",
                                                         "status": status}), type=Enrolment)  # fmt: skip
        compared.add("enrolment", "e", digest, Said(one), Said(other))
        return compared.plan

    assert plan(2, b"d", "ended") == plan(2, b"d", "ended")
    assert len({plan(2, b"d", "ended"), plan(3, b"d", "ended"), plan(2, b"e", "ended"), plan(2, b"d", "invited")}) == 4


def test_people_and_fields_have_a_bound(monkeypatch) -> None:
    monkeypatch.setattr(remapping, "PEOPLE_MAX", 3)
    monkeypatch.setattr(remapping, "FIELDS_MAX", 2)
    compared = Comparison()
    for n in range(5):
        user = User(id=str(n), attributes={f"a{n}": "x"})
        compared.add("user", user.id, b"d", Said(user), Said(msgspec.structs.replace(user, attributes={})))
    assert (compared.people, compared.people_more) == (3, True)
    assert [(each.field, each.records) for each in compared.differences()] == [
        (remapping.OTHER, 3),
        ("attributes.a0", 1),
        ("attributes.a1", 1),
    ]


def test_a_long_value_is_cut_in_a_sample() -> None:
    shown = remapping.shown("x" * 1000)
    assert len(shown) == remapping.SAMPLE_CHARS_MAX
    assert shown.endswith("…")
    assert remapping.shown(None) == ""
