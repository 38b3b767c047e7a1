"""From a request's body to statements for the log, the way LMSs really send them."""

import json
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xapi_samples import Json, learner, moodle, moodle_lines, simple, values

from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.intake import read_batch

STAMP = "2026-11-23T15:29:17.000Z"
ID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"


def read(body: bytes | str | Json | list[Json], **more: Any) -> list[NewStatement]:
    tokens = count(1)
    settings: dict[str, Any] = {
        "tenant": "acme",
        "source": "campus",
        "dedupe": True,
        "version": "1.0.3",
        "fresh_id": lambda: f"{next(tokens):032x}",
    }
    if not isinstance(body, bytes | str):
        body = json.dumps(body)
    return read_batch(body.encode() if isinstance(body, str) else body, **{**settings, **more})


def refused(body: bytes | str | Json | list[Json], **more: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(body, **more)
    return caught.value


def php(statements: list[Json]) -> bytes:
    """As PHP's json_encode writes it."""
    return json.dumps(statements, separators=(",", ":")).replace("/", "\\/").encode()


def test_a_batch_sent_twice_gets_the_same_ids_each_its_own() -> None:
    first, second = read(php(moodle())), read(php(moodle()))
    assert [statement.id for statement in first] == [statement.id for statement in second]
    assert len({statement.id for statement in first}) == len(first) == 20
    assert not any(statement.given_id for statement in first)


def test_how_it_is_written_does_not_change_the_ids() -> None:
    pretty = json.dumps(moodle(), ensure_ascii=False, indent=2, sort_keys=True)
    assert [a.id for a in read(pretty)] == [b.id for b in read(php(moodle()))]


@given(st.lists(st.integers(0, 3), max_size=12))
def test_equal_statements_of_one_batch_stay_distinct_by_rank(picks: list[int]) -> None:
    batch = [moodle()[pick] for pick in picks]
    ids = [statement.id for statement in read(batch)]
    assert len(set(ids)) == len(ids)
    assert ids == [statement.id for statement in read(batch)]
    longer = [statement.id for statement in read([*batch, moodle()[0]])]
    assert longer[:-1] == ids


def test_tenant_and_source_are_part_of_the_name() -> None:
    line = moodle_lines()[0]
    ids = {read(line, tenant=tenant, source=source)[0].id for tenant in ("a", "b") for source in ("c", "d")}
    assert len(ids) == 4


def test_without_dedupe_or_without_timestamp_every_id_is_fresh() -> None:
    assert [s.id for s in read([simple(), simple()])] == [
        "00000000-0000-4000-8000-000000000001",
        "00000000-0000-4000-8000-000000000002",
    ]
    stamped = simple(timestamp=STAMP)
    assert read(stamped, dedupe=False)[0].id == "00000000-0000-4000-8000-000000000001"


def test_the_body_is_the_senders_own_with_the_id_in_front() -> None:
    sent = (
        ' {"actor" : {"mbox":"mailto:a@example.edu"},"verb":{"id":"a:b"},'
        '"object":{"id":"a:\\/c"},"result":{"score":{"raw":1.50}} } '
    )
    (statement,) = read(sent)
    assert statement.body == f'{{"id":"{statement.id}",'.encode() + sent.strip()[1:].encode()
    assert json.loads(statement.body) == {"id": statement.id, **json.loads(sent)}


def test_a_given_id_is_kept_in_lower_case() -> None:
    (plain,) = read(simple(id=ID))
    assert (plain.id, plain.given_id) == (ID, True)
    (loud,) = read(simple(id=ID.upper()))
    assert loud.id == ID
    assert json.loads(loud.body)["id"] == ID
    assert loud.digest == plain.digest


def test_what_the_lrs_sets_is_dropped_and_lone_context_activities_become_arrays() -> None:
    lone = {"parent": {"id": "a:b"}, "category": [{"id": "a:c"}]}
    (statement,) = read(
        simple(stored=STAMP, version="1.0.0", authority=learner(), context={"platform": "x", "contextActivities": lone})
    )
    arrays = {"parent": [{"id": "a:b"}], "category": [{"id": "a:c"}]}
    assert json.loads(statement.body) == {
        "id": statement.id,
        **simple(version="1.0.0", context={"platform": "x", "contextActivities": arrays}),
    }


def test_lone_context_activities_of_a_sub_statement_become_arrays_too() -> None:
    inner = {"objectType": "SubStatement", **simple(context={"contextActivities": {"other": {"id": "a:b"}}})}
    (statement,) = read(simple(object=inner))
    (array,) = json.loads(statement.body)["object"]["context"]["contextActivities"].values()
    assert array == [{"id": "a:b"}]


@pytest.mark.parametrize("more", [{}, {"id": ID}, {"id": ID.upper()}, {"stored": STAMP}])
@pytest.mark.parametrize("put_id", [None, ID])
def test_numbers_stay_as_they_were_written_whatever_else_is_changed(more: Json, put_id: str | None) -> None:
    numbers = '"raw": 1.50, "max": 123456789012345678901234567890'
    lone = {"contextActivities": {"parent": {"id": "a:b"}}}
    sent = json.dumps(simple(result={"score": "here"}, context=lone, **more)).replace('"here"', "{" + numbers + "}")
    (statement,) = read(sent, put_id=put_id)
    assert numbers in statement.body.decode()
    assert "stored" not in json.loads(statement.body)


def test_timestamp_and_voided_statement_are_noted() -> None:
    voider = simple(
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"}, object={"objectType": "StatementRef", "id": ID.upper()}
    )
    plain, voiding = read([simple(timestamp=STAMP), voider])
    assert (plain.timestamp, plain.voids) == (STAMP, None)
    assert (voiding.timestamp, voiding.voids) == ("", ID)


def test_an_idle_moodle_sends_an_empty_array() -> None:
    assert read("[]") == []


def test_the_first_bad_statement_refuses_the_batch_with_index_path_and_reason() -> None:
    refusal = refused([simple(), simple(verb={"id": "nonsense"})])
    assert (refusal.index, refusal.path) == (1, "verb.id")
    assert "IRI" in refusal.reason


def test_a_key_given_twice_is_located() -> None:
    refusal = refused(json.dumps([simple(), simple()])[:-2] + ',"verb":1}]')
    assert (refusal.index, refusal.path) == (1, "verb")


def test_a_repeated_id_refuses_the_batch() -> None:
    refusal = refused([simple(id=ID), simple(), simple(id=ID.upper())])
    assert (refusal.index, refusal.path) == (2, "id")


def test_an_attachment_needs_an_address_or_its_content() -> None:
    attachment = {
        "usageType": "a:b",
        "display": {},
        "contentType": "text/plain",
        "length": 1,
        "sha2": "ab" * 32,
    }
    nested = {"objectType": "SubStatement", **simple(attachments=[attachment])}
    assert refused(simple(attachments=[attachment])).path == "attachments[0].fileUrl"
    assert refused(simple(object=nested)).path == "object.attachments[0].fileUrl"
    assert read(simple(attachments=[attachment], object=nested), contents={"ab" * 32: b"x"})
    assert read(simple(attachments=[{**attachment, "fileUrl": "https://x.org"}]))


@given(values | st.lists(values, max_size=3))
def test_arbitrary_json_is_refused_and_never_anything_worse(value: object) -> None:
    body = json.dumps(value).encode()
    if value == []:
        assert read(body) == []
    else:
        assert refused(body).faults


@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_refused(body: bytes) -> None:
    assert body.strip() == b"[]" or refused(body).faults
