"""A person's corrections over what a source tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.correcting import (
    ABSENT,
    VALUE_BYTES_MAX,
    Correction,
    assignment,
    corrected,
    holds,
    settable,
    steps,
    told,
)

BODY = {"email": "ada", "grades": [{"score": "80"}, {"score": None}], "odd key": {"a.b": 1}}


def correction(path: str, value: str, was: str) -> Correction:
    return Correction(path=path, value=value, was=was, by="kim", at_us=1)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("email", ("email",)),
        ("grades[1].score", ("grades", 1, "score")),
        ('"odd key"."a.b"', ("odd key", "a.b")),
        (r'"a\"b"', ('a"b',)),
        ("m[0][2]", ("m", 0, 2)),
    ],
)
def test_a_path_is_keys_and_places(path: str, expected: tuple[object, ...]) -> None:
    assert steps(path) == expected


@pytest.mark.parametrize("path", ["", ".", "a.", "[0]", "a..b", "a[x]", "a b", '"', "a" * 301, ".".join("a" * 17)])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        steps(path)


def test_a_correction_holds_as_long_as_the_source_tells_the_same() -> None:
    mended = correction("email", '"ada@example.edu"', '"ada"')
    assert corrected(BODY, [mended])["email"] == "ada@example.edu"
    assert BODY["email"] == "ada"
    assert corrected({**BODY, "email": "ada@example.org"}, [mended])["email"] == "ada@example.org"
    assert not holds({**BODY, "email": "ada@example.org"}, mended)


def test_without_one_that_holds_the_body_is_the_very_same() -> None:
    assert corrected(BODY, [correction("email", "1", '"bob"')]) is BODY


def test_a_key_may_be_new_and_a_place_in_a_list_may_not() -> None:
    assert corrected(BODY, [correction("name", '"Ada"', ABSENT)])["name"] == "Ada"
    assert corrected(BODY, [correction("deep.er", "1", ABSENT)])["deep"] == {"er": 1}
    assert corrected(BODY, [correction("grades[2]", "1", ABSENT)]) is BODY
    assert not settable(BODY, "grades[2].score")
    assert settable(BODY, "grades[1].points")
    assert corrected(BODY, [correction("grades[1].score", "70", "null")])["grades"][1] == {"score": 70}


def test_one_that_took_away_what_another_stands_in_makes_it_rest() -> None:
    both = [correction("grades", "null", told(BODY, ("grades",))), correction("grades[0].score", "1", '"80"')]
    assert corrected(BODY, both)["grades"] is None


@pytest.mark.parametrize("text", ["email", "email=ada", "email=", 'a b="x"', "email={", "n=NaN"])
def test_an_assignment_is_a_path_and_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|path"):
        assignment(text)


def test_a_value_has_a_bound() -> None:
    with pytest.raises(ValueError, match="bytes"):
        assignment(f'a="{"x" * VALUE_BYTES_MAX}"')
    assert assignment('grades[0].score= {"b": 1, "a": [2]}') == ("grades[0].score", '{"a":[2],"b":1}')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
PATHS = st.sampled_from(["a", "b", "a.b", "a[0]", "a[1].c", "c.a.b", "b[0][0]"])


@given(st.dictionaries(st.sampled_from("abc"), JSON), PATHS, st.integers(0, 3))
def test_what_is_put_there_is_there(body: dict[str, object], path: str, value: int) -> None:
    one = correction(path, str(value), told(body, steps(path)))
    after = corrected(body, [one])
    if settable(body, path):
        assert told(after, steps(path)) == str(value)
    else:
        assert after is body
