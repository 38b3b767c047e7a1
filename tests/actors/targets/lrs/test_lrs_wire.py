"""Statements on their way out, and what another LRS's answers mean."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.flow import Lost, NotSent, Request, Response
from actors.domain.verdicts import Cause, Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable
from actors.domain.xapi.accepted import Enclosed
from actors.domain.xapi.intake import read_batch
from actors.targets.lrs.fake.memory import parts_of
from actors.targets.lrs.wire import Conflict, Missing, Taken, enclosing, outgoing, understand

ID = "0198c0de-0000-4000-8000-000000000001"
ADA = {"mbox": "mailto:ada@example.edu"}
GROUPS = [{"objectType": "contextGroup", "group": {"objectType": "Group", "mbox": "mailto:g@example.edu"}}]
AGENTS = [{"objectType": "contextAgent", "agent": ADA}]
PLAIN = {"id": ID, "actor": ADA, "verb": {"id": "urn:x:did"}, "object": {"id": "urn:x:it"}}


def sent(statement: dict[str, object], version: str = "1.0.3") -> dict[str, object]:
    told: dict[str, object] = json.loads(outgoing(json.dumps(statement).encode(), version))
    return told


def test_stored_stays_here_and_the_label_is_the_versions() -> None:
    shown = {**PLAIN, "stored": "2026-11-23T10:00:00.000Z", "authority": ADA, "version": "1.0.1"}
    assert sent(shown) == {**PLAIN, "authority": ADA, "version": "1.0.0"}
    assert sent(shown, "2.0.0") == {**PLAIN, "authority": ADA, "version": "2.0.0"}


def test_what_the_older_version_has_no_property_for_becomes_an_extension() -> None:
    context = {"contextAgents": AGENTS, "contextGroups": GROUPS, "extensions": {"urn:x:e": 1}, "language": "en"}
    told = {**PLAIN, "context": context}
    assert sent(told, "2.0.0")["context"] == context
    assert sent(told)["context"] == {
        "extensions": {
            "urn:x:e": 1,
            "urn:lmsyncd:extensions:contextAgents": AGENTS,
            "urn:lmsyncd:extensions:contextGroups": GROUPS,
        },
        "language": "en",
    }
    inner = {"objectType": "SubStatement", "actor": ADA, "verb": {"id": "urn:x:did"}, "object": {"id": "urn:x:it"}}
    within = sent({**PLAIN, "object": {**inner, "context": {"contextAgents": AGENTS}}})["object"]
    assert within == {**inner, "context": {"extensions": {"urn:lmsyncd:extensions:contextAgents": AGENTS}}}
    for converted in (told, {**PLAIN, "object": {**inner, "context": {"contextAgents": AGENTS}}}):
        body = outgoing(json.dumps(converted).encode(), "1.0.3")
        read_batch(body, tenant="t", source="s", dedupe=False, version="1.0.3", fresh_id=str)


def test_numbers_stay_as_they_were_written() -> None:
    body = json.dumps({**PLAIN, "result": 0}).encode().replace(b'"result": 0', b'"result":{"score":{"raw":1.500e2}}')
    assert b'{"score":{"raw":1.500e2}}' in outgoing(body, "1.0.3")


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_multipart_is_taken_apart_again(contents: list[bytes]) -> None:
    attachments = [
        Enclosed(sha2=hashlib.sha256(content).hexdigest(), content_type="text/plain", content=content)
        for content in contents
    ]
    kind, body = enclosing(b'{"a":1}', attachments)
    request = Request(method="PUT", url="", operation="", headers={"content-type": kind}, body=body)
    assert parts_of(request) == (b'{"a":1}', {one.sha2: one.content for one in attachments})


SAID = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("outcome", "meaning"),
    [
        (NotSent("no route"), Unavailable("no route")),
        (Lost("reset"), Doubtful("reset")),
        (Response(status=204), Taken(Response(status=204))),
        (
            Response(status=200, headers={"x-experience-api-version": "1.0.3"}),
            Taken(Response(status=200, headers={"x-experience-api-version": "1.0.3"})),
        ),
        (Response(status=200, body=b"<p>"), Doubtful("LRS: HTTP 200 with an answer that is not an LRS's (3 bytes)")),
        (Response(status=301, headers={"location": "/x"}), Unavailable("LRS: HTTP 301: endpoint leads to /x")),
        (Response(status=401), Revoked("LRS: HTTP 401: it does not accept the key and secret")),
        (Response(status=403), Revoked("LRS: HTTP 403: it does not let this key do that")),
        (Response(status=404), Missing("LRS: HTTP 404")),
        (Response(status=405), Unavailable("LRS: HTTP 405: what answers at endpoint is not an LRS")),
        (Response(status=408), Doubtful("LRS: HTTP 408")),
        (Response(status=409, body=b'{"message":"other"}'), Conflict("LRS: HTTP 409, other")),
        (Response(status=412), Faulted("LRS: HTTP 412")),
        (
            Response(status=413),
            Refused(Cause.PAYLOAD_REFUSED, "LRS: HTTP 413: the request is too large"),
        ),
        (
            Response(status=400, headers={"content-type": "text/plain"}, body=b"actor\nis\x00 bad"),
            Refused(Cause.PAYLOAD_REFUSED, "LRS: HTTP 400, actor is bad: it does not take this statement"),
        ),
        (
            Response(status=429, headers={"retry-after": "7"}),
            Throttled("7", detail="LRS: HTTP 429: it asks us to slow down"),
        ),
        (Response(status=500, body=b"<html>"), Doubtful("LRS: HTTP 500")),
        (Response(status=503, headers={"retry-after": "9"}), Unavailable("LRS: HTTP 503", "9")),
    ],
)
def test_every_answer_has_its_meaning(outcome: Response, meaning: object) -> None:
    assert understand(outcome) == meaning


def test_what_it_says_is_bounded() -> None:
    told = understand(Response(status=400, body=json.dumps({"message": "x" * 10_000}).encode()))
    assert isinstance(told, Refused)
    assert len(told.detail) < 500
