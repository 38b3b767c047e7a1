"""What is known of activities, and what it becomes by another word on them."""

import json
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xapi_samples import Json, definitions, moodle, simple, statements

from actors.domain.xapi.definitions import DEFINITION_BYTES_MAX, activities, defined, merged

slow_to_draw = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)


def both(old: Json | None, new: Json) -> Json:
    found = merged(None if old is None else msgspec.json.encode(old), msgspec.json.encode(new))
    assert found is not None
    decoded: Json = json.loads(found)
    return decoded


@given(definitions)
def test_the_first_word_is_all_there_is(definition: Json) -> None:
    assert both(None, definition) == definition


@given(definitions, definitions)
def test_newer_words_win_and_nothing_else_is_lost(old: Json, new: Json) -> None:
    found = both(old, new)
    for name in ("name", "description", "extensions"):
        assert found.get(name, {}) == {**old.get(name, {}), **new.get(name, {})}
    for name in ("type", "moreInfo"):
        assert found.get(name) == new.get(name, old.get(name))
    assert found.get("interactionType") == new.get("interactionType", old.get("interactionType"))
    for name in ("choices", "source", "target"):
        if name in new:
            assert [each["id"] for each in found[name]] == [each["id"] for each in new[name]]


@given(definitions, definitions)
def test_saying_it_again_changes_nothing(old: Json, new: Json) -> None:
    once = merged(msgspec.json.encode(old), msgspec.json.encode(new))
    assert merged(once, msgspec.json.encode(new)) == once


def test_components_keep_the_languages_of_their_namesakes() -> None:
    old = {
        "interactionType": "choice",
        "correctResponsesPattern": ["a"],
        "choices": [{"id": "a", "description": {"en": "yes"}}, {"id": "b", "description": {"en": "no"}}],
    }
    new = {"interactionType": "choice", "choices": [{"id": "c"}, {"id": "a", "description": {"de": "ja"}}]}
    assert both(old, new) == {
        "interactionType": "choice",
        "correctResponsesPattern": ["a"],
        "choices": [{"id": "c"}, {"id": "a", "description": {"en": "yes", "de": "ja"}}],
    }


def test_another_kind_of_interaction_begins_anew() -> None:
    old = {"interactionType": "choice", "correctResponsesPattern": ["a"], "choices": [{"id": "a"}], "type": "a:b"}
    assert both(old, {"interactionType": "numeric"}) == {"interactionType": "numeric", "type": "a:b"}
    assert both(old, {"name": {"en": "x"}}) == {**old, "name": {"en": "x"}}


def test_numbers_in_extensions_stay_as_they_were_written() -> None:
    old = b'{"extensions":{"a:a":1.50,"a:b":[1e2, 12345678901234567890]}}'
    found = merged(old, b'{ "extensions": {"a:c": 0.10} }')
    assert found == b'{"extensions":{"a:a":1.50,"a:b":[1e2, 12345678901234567890],"a:c":0.10}}'


def test_a_definition_never_grows_beyond_its_bound() -> None:
    half = "x" * (DEFINITION_BYTES_MAX * 2 // 3)
    old = merged(None, msgspec.json.encode({"name": {"en": half}}))
    assert old is not None
    new = merged(old, msgspec.json.encode({"name": {"de": half}}))
    assert json.loads(new or b"") == {"name": {"de": half}}
    assert merged(new, msgspec.json.encode({"name": {"fr": half * 2}})) == new
    assert merged(None, msgspec.json.encode({"name": {"fr": half * 2}})) is None


def _walk(value: Any, inside: str = "") -> Any:
    """Activities by another way: whatever stands where an activity may stand."""
    if value.get("objectType") == "SubStatement" or "verb" in value:
        for given in value.get("context", {}).get("contextActivities", {}).values():
            yield from given if isinstance(given, list) else [given]
        yield from _walk(value["object"])
    elif value.get("objectType", "Activity") == "Activity":
        yield value


@slow_to_draw
@given(statements("2.0.0") | st.sampled_from(range(20)).map(lambda at: moodle()[at]))
def test_every_activity_of_a_statement_is_found(statement: Json) -> None:
    body = msgspec.json.encode(statement)
    expected = list(_walk(statement))
    assert sorted(each.id for each in activities(body)) == sorted(each["id"] for each in expected)
    told = [(each["id"], each["definition"]) for each in expected if "definition" in each]
    found = [(name, json.loads(definition)) for name, definition in defined(body)]
    assert sorted(found, key=repr) == sorted(told, key=repr)


def test_an_escaped_key_hides_nothing() -> None:
    body = msgspec.json.encode(simple(object={"id": "a:b", "definition": {"type": "a:c"}}))
    assert defined(body.replace(b'"definition"', b'"\\u0064efinition"')) == [("a:b", b'{"type":"a:c"}')]
    assert defined(msgspec.json.encode(simple())) == []
