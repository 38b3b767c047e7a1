"""Lines of a file to statements: what an LRS added is told from what a sender said."""

from typing import Any

import msgspec
import pytest

from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.history import Told, contents_of, read_told, unwrapped
from actors.domain.xapi.identity import digest
from actors.domain.xapi.patterns import Version

STATEMENT: dict[str, Any] = {
    "id": "12345678-1234-4234-8234-123456789012",
    "actor": {"mbox": "mailto:ada@example.edu"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://lms.example.edu/quiz"},
}
STORED = "2026-11-20T10:00:00.123456Z"


def read(statement: dict[str, Any] | bytes, fallback: Version = "1.0.3") -> Told:
    line = statement if isinstance(statement, bytes) else msgspec.json.encode(statement)
    return read_told(line, tenant="acme", source="campus", fallback=fallback)


def test_what_an_lrs_added_is_taken_off_and_the_rest_kept_byte_for_byte() -> None:
    line = b'{"id":"12345678-1234-4234-8234-123456789012","stored":"2026-11-20T10:00:00Z", "actor": {"mbox":"mailto:ada@example.edu"},"verb":{"id":"http://x.test/v"},"object":{"id":"https://x.test/o"},"result":{"score":{"raw":80.50}},"authority":{"mbox":"mailto:lrs@x.test"},"version":"1.0.0"}'
    told = read(line)
    assert b'"raw":80.50' in told.new.body
    assert b"stored" not in told.new.body
    assert b"authority" not in told.new.body
    assert told.authority == b'{"mbox":"mailto:lrs@x.test"}'
    assert msgspec.json.decode(told.new.body)["version"] == "1.0.0"


def test_an_authority_is_spelt_as_the_gateway_spells_it() -> None:
    account = {"homePage": "urn:x:y", "name": "café"}
    ours = b'{"account":{"homePage":"urn:x:y","name":"caf\\u00e9"}}'
    line = msgspec.json.encode(STATEMENT)[:-1] + b',"authority":' + ours + b"}"
    assert read(line).authority == ours
    spaced = msgspec.json.format(msgspec.json.encode({**STATEMENT, "authority": {"account": account}}), indent=2)
    assert read(spaced).authority == '{"account":{"homePage":"urn:x:y","name":"café"}}'.encode()
    with pytest.raises(Refusal, match="authority"):
        read({**STATEMENT, "authority": {"account": {"name": "no home"}}})


def test_the_time_stored_stands_in_for_a_timestamp_and_is_kept_as_one() -> None:
    told = read({**STATEMENT, "stored": STORED, "timestamp": STORED})
    assert told.new.timestamp == STORED
    assert msgspec.json.decode(told.new.body)["timestamp"] == STORED
    assert told.new.digest == digest(msgspec.json.decode(told.new.body)), "what is kept is what it is known by"


@pytest.mark.parametrize(
    ("given", "fallback", "version"),
    [("1.0.0", "2.0.0", "1.0.3"), ("2.0.0", "1.0.3", "2.0.0"), (None, "2.0.0", "2.0.0"), (None, "1.0.3", "1.0.3")],
)
def test_the_version_is_the_named_one_else_the_tenants(given: str | None, fallback: Version, version: str) -> None:
    named = STATEMENT if given is None else {**STATEMENT, "version": given}
    assert read(named, fallback).version == version


def test_what_only_the_other_version_allows_is_of_that_version() -> None:
    agents = [{"objectType": "contextAgent", "agent": {"mbox": "mailto:x@example.edu"}, "relevantTypes": ["urn:x:y"]}]
    assert read({**STATEMENT, "version": "1.0.0", "context": {"contextAgents": agents}}).version == "2.0.0"
    with pytest.raises(Refusal, match="mbox"):
        read({**STATEMENT, "actor": {"mbox": "ada"}})


def test_one_without_an_id_has_the_same_each_time() -> None:
    nameless = {name: value for name, value in STATEMENT.items() if name != "id"}
    assert read(nameless).new.id == read(nameless).new.id
    timed = {**nameless, "timestamp": "2026-11-20T09:00:00Z"}
    assert read(timed).new.id == read(timed).new.id != read(nameless).new.id


def test_wrappings_are_taken_off() -> None:
    inner = msgspec.json.encode(STATEMENT)
    assert unwrapped(inner) == (inner, False)
    assert unwrapped(b'{"statement":' + inner + b',"voided":true}') == (inner, True)
    assert unwrapped(b'{"statement":' + inner + b',"voided":"no"}') == (inner, False)
    for wrong in (b"[]", b"7", b"{", b"null", b'{"a":1,"a":2}', b'["statement"]', b'{"statement":{"id":1}}', b""):
        with pytest.raises(Refusal):
            read(unwrapped(wrong)[0])


def test_contents_are_those_that_are_declared_if_that_can_be_told() -> None:
    attached = {**STATEMENT, "attachments": [{"sha2": "AB" * 32}, {"sha2": "cd" * 32}]}
    assert contents_of(msgspec.json.encode(attached)) == {"ab" * 32, "cd" * 32}
    for wrong in ({"attachments": 7}, {"attachments": [{}]}, {"attachments": [{"sha2": 5}]}, {}):
        assert contents_of(msgspec.json.encode({**STATEMENT, **wrong})) == frozenset()
