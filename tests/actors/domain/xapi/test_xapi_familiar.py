"""The short way and the long way come to the same end, whatever is sent, or the short way is not taken."""

import json
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from xapi_samples import Json, moodle, moodle_lines, simple, spoilt, statements

from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.familiar import PART_BYTES_MAX, read_familiar
from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.intake import read_whole
from actors.domain.xapi.patterns import Version

VERSIONS: tuple[Version, ...] = ("1.0.3", "2.0.0")
compact = msgspec.json.encode
versions = st.sampled_from(VERSIONS)


def both_ways(
    body: bytes, version: Version = "1.0.3", *, dedupe: bool = True
) -> tuple[list[NewStatement] | None, list[NewStatement] | Refusal]:
    def settings() -> dict[str, Any]:
        tokens = count(1)
        return {
            "tenant": "acme",
            "source": "campus",
            "dedupe": dedupe,
            "version": version,
            "fresh_id": lambda: f"{next(tokens):032x}",
        }

    try:
        whole: list[NewStatement] | Refusal = read_whole(body, **settings())
    except Refusal as refusal:
        whole = refusal
    return read_familiar(body, **settings()), whole


def alike(body: bytes, version: Version = "1.0.3", *, dedupe: bool = True) -> bool:
    """Whether the short way was taken; then both ways are the same. (Keys have no order.)"""
    short, whole = both_ways(body, version, dedupe=dedupe)
    if short is None:
        return False
    assert isinstance(whole, list), whole
    assert [_ordered(one) for one in short] == [_ordered(one) for one in whole]
    return True


def _ordered(statement: NewStatement) -> NewStatement:
    return msgspec.structs.replace(statement, keys=tuple(sorted(statement.keys)))


def test_what_a_moodle_sends_goes_the_short_way() -> None:
    php = [line.replace("/", "\\/") for line in moodle_lines()]
    for lines in (moodle_lines(), php):
        assert alike(("[" + ",".join(lines) + "]").encode())
        assert all(alike(line.encode()) for line in lines)
        assert alike(("[" + ",".join(lines) + "]").encode(), dedupe=False)


@given(st.lists(statements(), max_size=4), st.booleans())
def test_valid_statements(batch: list[Json], dedupe: bool) -> None:
    alike(compact(batch), dedupe=dedupe)


@given(st.lists(statements("2.0.0"), max_size=4))
def test_valid_statements_of_2_0(batch: list[Json]) -> None:
    alike(compact(batch), "2.0.0")


@given(versions.flatmap(lambda version: st.tuples(st.just(version), spoilt(statements(version)))))
def test_spoilt_statements(given_: tuple[Version, Json]) -> None:
    version, statement = given_
    try:
        body = json.dumps([statement], separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        assume(False)
    alike(body, version)


@given(st.data(), versions)
def test_bytes_that_were_changed(data: st.DataObject, version: Version) -> None:
    body = bytearray(compact(moodle()[data.draw(st.integers(0, 4))]))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.integers(0, 2)):
            case 0:
                body[place] = data.draw(st.integers(0, 255))
            case 1:
                del body[place]
            case _:
                body[place:place] = data.draw(st.sampled_from([b",", b'"', b" ", b"\\", b'"x":1,', b"0", b"\xff"]))
    alike(bytes(body), version)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('"verb"', '"verb":{"id":"urn:x"},"verb"', 1),
        lambda text: text.replace('"actor":{', '"actor":{"name":"x","name":"y",', 1),
        lambda text: text.replace('":', '" :', 1),
        lambda text: text.replace('"timestamp":"', '"timestamp":"\\u0032', 1).replace("\\u00322", "\\u0032", 1),
        lambda text: text[:-1] + ',"authority":{"mbox":"mailto:a@example.edu"}}',
        lambda text: text[:-1] + ',"attachments":[]}',
        lambda text: text[:-1] + ',"id":"0D3CD6F4-3F2B-4C52-9C9D-5A3F6A8A5A01"}',
        lambda text: text[:-1] + ',"id":"0d3cd6f4"}',
        lambda text: text.replace('"object":{', '"object":{"objectType":"Person",', 1),
        lambda text: text.replace('"actor":{', '"actor":{"name":"' + "x" * PART_BYTES_MAX + '",', 1),
    ],
)
def test_what_is_not_plain_is_left_to_the_long_way(spoil: Any) -> None:
    text = compact(simple(timestamp="2026-11-23T15:29:17.000Z")).decode()
    assert both_ways(text.encode())[0] is not None
    assert both_ways(spoil(text).encode())[0] is None


def test_rules_between_parts_hold() -> None:
    reference = {"objectType": "StatementRef", "id": "0D3CD6F4-3F2B-4C52-9C9D-5A3F6A8A5A01"}
    voided = {"id": "http://adlnet.gov/expapi/verbs/voided"}
    assert alike(compact(simple(verb=voided, object=reference)))
    assert both_ways(compact(simple(verb=voided)))[0] is None
    assert alike(compact(simple(object=reference, context={"language": "en"})))
    assert both_ways(compact(simple(object=reference, context={"platform": "x"})))[0] is None
    lone = {"contextActivities": {"parent": {"id": "urn:x"}}}
    assert both_ways(compact(simple(context=lone)))[0] is None


def test_an_id_twice_in_a_batch_is_for_the_long_way_to_refuse() -> None:
    one = simple(id="0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01")
    assert alike(compact([one]))
    short, whole = both_ways(compact([one, one]))
    assert short is None
    assert isinstance(whole, Refusal)
