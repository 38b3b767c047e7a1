"""Tables: all that is wrong with one is said at once, versions lie over one another, and TOML comes out again."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.canonical import User
from actors.domain.harvest import Record
from actors.domain.mapping import Frame, Mapped, compile_tables
from actors.domain.mapping.transforms import TRANSFORMS
from actors.domain.mapping.writing import to_toml
from config.problems import dotted

FRAME = Frame(home_page="https://x.example", tenant="t", source="s", timezone="UTC", locale="de", now_us=0)
GOOD = """\
version = 1
note = "First."
[words.state]
on = true
off = false
[user.rest]
email = { path = "mail", as = "email" }
display_name = { path = "name" }
active = { path = "state", as = "word:state" }
"""


def troubles(*texts: str) -> list[tuple[int, str, str, str]]:
    _, wrong = compile_tables({no: tomllib.loads(text) for no, text in enumerate(texts, 1)})
    return [(version, dotted(each.path), each.message, each.suggestion) for version in wrong for each in wrong[version]]


def places(*texts: str) -> list[str]:
    return [place for _, place, *_ in troubles(*texts)]


def compiled(*texts: str) -> Mapped:
    mapped, wrong = compile_tables({no: tomllib.loads(text) for no, text in enumerate(texts, 1)})
    assert not wrong, wrong
    return mapped[len(texts)]


def user(mapped: Mapped, **body: object) -> User:
    means = mapped.normalise(Record(entity="user", id="1", form="rest", body=body), FRAME)
    assert isinstance(means, User), means
    return means


def test_everything_ill_written_is_said_at_once() -> None:
    text = """\
version = 2
nots = ""
[words]
role = 3
[words.state]
on = [1]
A = "x"
a = "y"
[users.rest]
[user.rest]
emial = { path = "x" }
email = { paht = "x" }
locale = { path = "x", const = "de" }
timezone = "x"
id = { path = "x" }
given_name = { path = "" }
family_name = { path = "x", required = "yes", as = 3, check = [1] }
org_unit = { path = "x", default = "d", required = true }
"display_name.x" = { path = "x" }
[user."no form"]
[grade.rest]
"score.row" = { path = "x" }
"""
    found = troubles(text)
    assert [place for _, place, *_ in found] == [
        "nots",
        "users",
        "version",
        "note",
        "words.role",
        "words.state.on",
        "words.state.a",
        "user.rest.emial",
        "user.rest.email.paht",
        "user.rest.email",
        "user.rest.locale",
        "user.rest.timezone",
        "user.rest.id",
        "user.rest.given_name.path",
        "user.rest.family_name.required",
        "user.rest.family_name.as",
        "user.rest.family_name.check",
        "user.rest.org_unit.required",
        'user.rest."display_name.x"',
        'user."no form"',
        'grade.rest."score.row"',
    ]
    hints = {place: hint for _, place, _, hint in found}
    assert hints["nots"] == "did you mean 'note'?"
    assert hints["users"] == "did you mean 'user'?"
    assert hints["user.rest.emial"] == "did you mean 'email'?"
    assert hints["user.rest.email.paht"] == "did you mean 'path'?"
    assert hints['grade.rest."score.row"'] == "did you mean 'raw'?"


def test_what_is_ill_written_hides_nothing_that_cannot_work() -> None:
    """And what is not there may stand in what could not be read: nothing is guessed of that."""
    text = """\
version = 1
note = "First."
[words]
role = 3
[user.rest]
email = { path = "x", as = "mail" }
display_name = { paht = "name" }
given_name = { path = "a b", check = "maxi:3" }
family_name = { format = "{display_name}" }
[enrolment.rest]
user = { path = "u" }
course = { path = "c" }
role = { path = "r", as = "word:role" }
[course.rest]
name = { path = "name" }
"""
    assert sorted(places(text)) == [
        "course.rest",
        "user.rest.display_name",
        "user.rest.display_name.paht",
        "user.rest.email.as",
        "user.rest.given_name.check",
        "user.rest.given_name.path",
        "words.role",
    ]
    first = text.replace('"First."', '"First."\nextends = 7')
    assert {"extends", "user.rest.email.as", "user.rest.given_name.check"} <= set(places(first))


def test_everything_that_cannot_work_is_said_at_once() -> None:
    text = """\
version = 1
note = "First."
[words.role]
student = "lerner"
teacher = "instructor"
[words.yes]
on = "perhaps"
[user.rest]
email = { path = "a[", as = "emial" }
display_name = { path = "x", as = ["word:rolle", "trim:3", "split", "scale:2:1"] }
locale = { const = "de_DE" }
timezone = { path = "x", default = "Atlantis" }
active = { path = "x", as = "word:yes" }
given_name = { format = "{nothing} {family_name} {" }
family_name = { format = "{nothing} {org_unit}" }
org_unit = { format = "{id}", check = ["max", "maxi:3", "match:("] }
[enrolment.rest]
user = { path = "u" }
role = { path = "r", as = "word:role" }
[enrolment.part]
partial = true
status = { const = "gone" }
[grade.rest]
user = { path = "u" }
course = { path = "u" }
score = { path = "s" }
"score.raw" = { path = "s" }
"""
    found = troubles(text)
    assert [(place, message) for _, place, message, _ in found if place.startswith("user")] == [
        ("user.rest.email.path", "this is no JMESPath: Invalid jmespath expression: Incomplete expression"),
        ("user.rest.email.as", "there is no transform 'emial'"),
        ("user.rest.display_name.as", "there is no [words.rolle]"),
        ("user.rest.display_name.as", "trim: nothing may stand after it"),
        ("user.rest.display_name.as", "split: SEPARATOR is needed after a colon"),
        ("user.rest.display_name.as", "scale:2:1: the first number is less than the second"),
        ("user.rest.locale.const", 'a locale such as de-DE is needed here: as = "locale"'),
        ("user.rest.timezone.default", 'a time zone such as Europe/Berlin is needed here: as = "timezone"'),
        (
            "user.rest.given_name.format",
            "a brace is alone, or there is nothing in it; a brace itself is written twice",
        ),
        ("user.rest.org_unit.check", "max: N is needed after a colon"),
        ("user.rest.org_unit.check", "there is no check 'maxi'"),
        (
            "user.rest.org_unit.check",
            "match:(: this is no pattern: missing ), unterminated subpattern at position 0",
        ),
        ("user.rest.family_name.format", "{nothing} is nothing that a format may name"),
    ]
    others = [place for _, place, *_ in found if not place.startswith("user")]
    assert others == [
        "words.yes.on",
        "words.role.student",
        "enrolment.part.status.const",
        'grade.rest."score.raw"',
    ]
    hints = {place: hint for _, place, _, hint in found}
    assert hints["words.role.student"] == "did you mean 'learner'?"


def test_a_form_must_tell_what_its_entity_needs() -> None:
    text = 'version = 1\nnote = "x"\n[enrolment.rest]\nuser = { path = "u" }\n'
    ((_, place, message, _),) = troubles(text)
    assert (place, message) == (
        "enrolment.rest",
        "this form does not map course, without which there is no enrolment",
    )
    compiled(text + "partial = true\n")


def test_a_version_lies_over_the_one_it_extends() -> None:
    second = """\
version = 2
note = "Names from elsewhere, no addresses."
extends = 1
[words.state]
off = true
gone = false
[user.rest]
display_name = { path = "full" }
email = false
org_unit = { path = "unit" }
"""
    both = compiled(GOOD, second)
    assert user(both, mail="no address", full="Ada", state="off", unit="R") == User(
        id="1", display_name="Ada", org_unit="R"
    )
    assert user(both, full="Ada", state="gone").active is False
    assert user(compiled(GOOD), name="Ada", state="on", mail="A@x.org") == User(
        id="1", display_name="Ada", email="a@x.org"
    )


def test_extending_what_is_not_there_or_is_wrong_itself() -> None:
    wrong = GOOD.replace('as = "email"', 'as = "emial"')
    second = 'version = 2\nnote = "x"\nextends = 1\n'
    assert places(wrong, second) == ["user.rest.email.as", "extends"]
    assert places(GOOD, second.replace("extends = 1", "extends = 2")) == ["extends"]
    assert places(GOOD, second.replace("extends = 1", "extends = true")) == ["extends"]
    _, missing = compile_tables({3: tomllib.loads('version = 3\nnote = "x"\nextends = 2\n')})
    assert [each.message for each in missing[3]] == ["there is no version 2"]


def test_what_a_version_spoils_of_its_parent_is_its_own_fault() -> None:
    second = 'version = 2\nnote = "x"\nextends = 1\n[words.state]\non = "perhaps"\n'
    assert places(GOOD, second) == ["words.state.on"]


def test_nested_tables_and_dotted_keys_are_the_same() -> None:
    quoted = 'version = 1\nnote = "x"\n[user.rest]\n"identifiers.sis" = { path = "a" }\n'
    nested = 'version = 1\nnote = "x"\n[user.rest]\nidentifiers.sis = { path = "a" }\n'
    table = 'version = 1\nnote = "x"\n[user.rest.identifiers]\nsis = { path = "a" }\n'
    assert user(compiled(quoted), a="1").identifiers == {"sis": "1"}
    assert compiled(quoted).digest == compiled(nested).digest == compiled(table).digest


def test_toml_again() -> None:
    odd = GOOD + '"attributes.a b" = { path = "\\"x y\\".z", as = ["trim", "split:\\t"], default = "\\u0001\\"" }\n'
    mapped = compiled(odd)
    again = compiled(to_toml(mapped.tree))
    assert again == mapped
    assert again.tree == mapped.tree


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text() | st.booleans() | st.integers(-5, 5), max_size=5))
def test_any_vocabulary_as_toml(words: dict[str, object]) -> None:
    tree = {"version": 1, "note": "x", "words": {"w": words}}
    assert tomllib.loads(to_toml(tree)) == tree


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from([*TRANSFORMS, "a.b", "{id}"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["path", "const", "format", "as", "default", "required", "check", "email", "score", "raw", "rest", "user",
             "grade", "words", "w", "version", "note", "extends", "partial", "identifiers", "x"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["version", "note", "extends", "words", "user", "grade", "x"]), TREES))
def test_whatever_is_written_is_understood_or_told(tree: dict[str, object]) -> None:
    mapped, wrong = compile_tables({1: {"version": 1, "note": "x", **tree}})
    assert (1 in mapped) != (1 in wrong)


@pytest.mark.parametrize("path", ["a", "a.b.c", "a || b.c", "a[0]", "join(',', a)", "a.b || `1`"])
def test_short_ways_mean_what_jmespath_means(path: str) -> None:
    import jmespath

    from actors.domain.mapping.paths import ABSENT, getter

    bodies: list[dict[str, object]] = [
        {}, {"a": None}, {"a": ""}, {"a": 0}, {"a": False, "b": {"c": 1}}, {"a": {"b": {"c": 2}}}, {"a": {"b": []}},
        {"a": ["x", "y"]}, {"a": "s", "b": 3}, {"a": {}, "b": {"c": None}},
    ]  # fmt: skip
    for body in bodies:
        try:
            meant = jmespath.search(path, body)
        except jmespath.exceptions.JMESPathError:
            continue
        found = getter(path)(body)
        assert (None if found is ABSENT else found) == meant, body
