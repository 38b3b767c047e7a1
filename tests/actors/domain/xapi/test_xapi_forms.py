"""Statements in other forms: what is cut, what is put in place, and that nothing else is touched."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xapi_samples import Json, learner, moodle, simple, statements

from actors.domain.xapi.forms import Canonical, Ids, in_utc, reshaped, utc
from actors.domain.xapi.languages import read_ranges
from actors.domain.xapi.moments import instant
from actors.domain.xapi.validate import found_faults

slow_to_draw = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
any_statement = statements("2.0.0") | st.sampled_from(range(20)).map(lambda at: moodle()[at])
STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|\+00:00)")


def ids(statement: Json) -> Json:
    found: Json = json.loads(reshaped(msgspec.json.encode(statement), Ids()))
    return found


def canonical(statement: Json, header: str = "", definitions: Json | None = None) -> Json:
    known = {name: msgspec.json.encode(one) for name, one in (definitions or {}).items()}
    found: Json = json.loads(reshaped(msgspec.json.encode(statement), Canonical(known, read_ranges(header), 10_000)))
    return found


ADA = {"objectType": "Agent", "name": "Ada", "mbox": "mailto:ada@example.edu"}
TEAM = {"objectType": "Group", "name": "Crew", "member": [ADA, learner("8")]}
NAMED = {"objectType": "Group", "name": "Crew", "openid": "https://crew.example.edu/", "member": [ADA]}
QUIZ = {"objectType": "Activity", "id": "a:quiz", "definition": {"name": {"en": "Quiz"}}}
READ = {"id": "a:read", "display": {"en": "read"}}


def test_ids_say_who_and_what_and_no_more() -> None:
    bare = {"mbox": "mailto:ada@example.edu"}
    crew = {"objectType": "Group", "member": [bare, learner("8")]}
    statement = {
        "id": "x",
        "actor": TEAM,
        "verb": READ,
        "object": {"objectType": "SubStatement", "actor": NAMED, "verb": READ, "object": QUIZ},
        "context": {
            "instructor": ADA,
            "team": TEAM,
            "platform": "moodle",
            "contextActivities": {"parent": [QUIZ], "other": QUIZ},
            "contextAgents": [{"objectType": "contextAgent", "agent": ADA, "relevantTypes": ["a:t"]}],
            "contextGroups": [{"objectType": "contextGroup", "group": NAMED}],
        },
        "authority": {**ADA, "name": "LRS"},
        "result": {"completion": True},
    }
    named = {"objectType": "Group", "openid": "https://crew.example.edu/"}
    assert ids(statement) == {
        "id": "x",
        "actor": crew,
        "verb": {"id": "a:read"},
        "object": {"objectType": "SubStatement", "actor": named, "verb": {"id": "a:read"}, "object": {"id": "a:quiz"}},
        "context": {
            "instructor": bare,
            "team": crew,
            "platform": "moodle",
            "contextActivities": {"parent": [{"id": "a:quiz"}], "other": [{"id": "a:quiz"}]},
            "contextAgents": [{"objectType": "contextAgent", "agent": bare, "relevantTypes": ["a:t"]}],
            "contextGroups": [{"objectType": "contextGroup", "group": named}],
        },
        "authority": bare,
        "result": {"completion": True},
    }


def test_an_agent_that_is_the_object_stays_one() -> None:
    assert ids(simple(object=ADA))["object"] == {"objectType": "Agent", "mbox": "mailto:ada@example.edu"}
    reference = {"objectType": "StatementRef", "id": "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"}
    assert ids(simple(object=reference))["object"] == reference


def _maps(value: Any, name: str = "") -> Iterator[Json]:
    """Language maps that canonical cuts, by their names; extensions and attachments are left out."""
    if isinstance(value, dict):
        for key, inner in sorted(value.items()):
            if key in ("display", "description") or (key == "name" and isinstance(inner, dict)):
                yield inner
            elif key not in ("extensions", "attachments"):
                yield from _maps(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _maps(inner, name)


@slow_to_draw
@given(any_statement, st.sampled_from(["", "de, en;q=0.3", "zh-Hans-CN;q=0.1, *;q=0", "x-ours"]))
def test_canonical_has_one_language_in_each_map_and_all_else_as_it_was(statement: Json, header: str) -> None:
    found = canonical(statement, header)
    cut, whole = list(_maps(found)), list(_maps(statement))
    assert [len(words) for words in cut] == [min(1, len(words)) for words in whole]
    assert all(words.items() <= before.items() for words, before in zip(cut, whole, strict=True))
    for words, before in zip(_maps(found), whole, strict=True):
        words.clear()
        words.update(before)
    assert found == _arrays(statement)


def _arrays(statement: Json) -> Json:
    for event in (statement, statement["object"]):
        given = event.get("context", {}).get("contextActivities", {})
        given.update({name: each if isinstance(each, list) else [each] for name, each in given.items()})
    return statement


@slow_to_draw
@given(any_statement)
def test_every_form_of_a_statement_is_a_statement(statement: Json) -> None:
    assert found_faults(ids(statement), "2.0.0") == ()
    assert found_faults(canonical(statement, "en"), "2.0.0") == ()


@slow_to_draw
@given(any_statement)
def test_ids_of_ids_are_the_same(statement: Json) -> None:
    once = ids(statement)
    assert ids(once) == once


def test_canonical_activities_are_those_that_are_known() -> None:
    known = {"a:quiz": {"name": {"de": "Frage", "en": "Question"}, "type": "a:t"}}
    bare = {"id": "a:quiz"}
    statement = simple(
        object={"objectType": "SubStatement", "actor": ADA, "verb": READ, "object": QUIZ},
        context={"contextActivities": {"parent": [bare, {"id": "a:unknown", "definition": {"type": "a:u"}}]}},
    )
    found = canonical(statement, "de", known)
    spoken = {"name": {"de": "Frage"}, "type": "a:t"}
    assert found["object"]["object"] == {**QUIZ, "definition": spoken}
    assert found["context"]["contextActivities"]["parent"] == [
        {**bare, "definition": spoken},
        {"id": "a:unknown", "definition": {"type": "a:u"}},
    ]
    assert found["object"]["actor"] == ADA


def test_each_map_chooses_for_itself() -> None:
    definition = {
        "name": {"en": "Quiz", "de": "Frage"},
        "description": {"en": "about"},
        "interactionType": "choice",
        "choices": [{"id": "1", "description": {"fr": "oui", "de": "ja"}}, {"id": "2"}],
    }
    attachment = {
        "usageType": "a:u",
        "display": {"en": "x", "de": "y"},
        "contentType": "text/plain",
        "length": 1,
        "sha2": "0" * 64,
        "fileUrl": "a:f",
    }
    found = canonical(simple(object={"id": "a:q", "definition": definition}, attachments=[attachment]), "de")
    assert found["object"]["definition"] == {
        "name": {"de": "Frage"},
        "description": {"en": "about"},
        "interactionType": "choice",
        "choices": [{"id": "1", "description": {"de": "ja"}}, {"id": "2"}],
    }
    assert found["attachments"] == [attachment]


NUMBERS = b'"extensions": {"a:x":[1.50, 1E2, 12345678901234567890, "\\u00e9\\/"]}'


@pytest.mark.parametrize("form", [Ids(), Canonical({}, (), 0)])
def test_numbers_and_texts_are_never_spelt_anew(form: Any) -> None:
    body = (
        b'{"actor":{"mbox":"mailto:a@b"},"verb":{"id":"a:b"},"object":{"id":"a:c"},'
        b'"context":{%b},"result":{%b,"score":{"raw": 7.10}}}' % (NUMBERS, NUMBERS)
    )
    found = reshaped(body, form)
    assert found.count(NUMBERS.partition(b": ")[2]) == 2
    assert b'"score":{"raw": 7.10}' in found


# ── times ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("2023-05-04T12:00:00-05:00", "2023-05-04T17:00:00Z"),
        ("2023-05-04T12:00:00.500-05:00", "2023-05-04T17:00:00.500Z"),
        ("2023-05-04T12:00:00.123456789+05:30", "2023-05-04T06:30:00.123456789Z"),
        ("2023-05-04T12:00:00.120Z", "2023-05-04T12:00:00.120Z"),
        ("2023-05-04T12:00:00+00:00", "2023-05-04T12:00:00+00:00"),
        ("2023-05-04t12:00:00z", "2023-05-04T12:00:00Z"),
        ("20230504T1200+0200", "2023-05-04T10:00:00Z"),
        ("20230504T120000,25", "2023-05-04T12:00:00.25Z"),
        ("2023-05-04T12:00", "2023-05-04T12:00:00Z"),
        ("2024-02-29T23:30:00-01:00", "2024-03-01T00:30:00Z"),
    ],
)
def test_times_in_utc(given: str, told: str) -> None:
    assert utc(given) == told


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)), st.integers(-14 * 60, 14 * 60).filter(bool))
def test_utc_is_the_same_moment(moment: datetime, offset: int) -> None:
    said = f"{moment.isoformat()}{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    told = utc(said)
    assert STAMP.fullmatch(told)
    assert instant(told) == instant(said)


LOCAL, UTC = "2023-05-04T12:00:00-05:00", "2023-05-04T17:00:00Z"


def test_the_times_of_a_statement_and_of_what_it_tells_of() -> None:
    inner = {"objectType": "SubStatement", **simple(timestamp=LOCAL)}
    for outer_time in (LOCAL, UTC, ""):
        times = {"timestamp": outer_time} if outer_time else {}
        body = msgspec.json.encode(simple(object=inner, **times))
        found = json.loads(in_utc(body, outer_time))
        assert found == simple(object={**inner, "timestamp": UTC}, **({"timestamp": UTC} if outer_time else {}))


def test_only_the_time_is_spelt_anew() -> None:
    body = b'{ "timestamp" : "%b","verb":{"id" : "a:b"}, "object":{"id":"a:c"},"result":{%b}}' % (
        LOCAL.encode(),
        NUMBERS,
    )
    assert in_utc(body, LOCAL) == (
        b'{"timestamp":"%b","verb":{"id" : "a:b"},"object":{"id":"a:c"},"result":{%b}}' % (UTC.encode(), NUMBERS)
    )


@slow_to_draw
@given(any_statement)
def test_what_is_in_utc_stays_the_very_bytes(statement: Json) -> None:
    body = msgspec.json.encode(statement)
    told = in_utc(body, statement.get("timestamp", ""))
    times = [event["timestamp"] for event in (statement, statement["object"]) if "timestamp" in event]
    assert (told == body) == all(STAMP.fullmatch(time) for time in times)
