"""Attachments and signatures over HTTP: in with the statements, out when they are asked for."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from gateway_world import STATEMENTS, World
from mixed_bodies import BOUNDARY, MIXED, attachment, mixed, sha2, taken_apart
from signed_statements import certificate, jws_of, signed
from xapi_samples import Json, learner, simple

from daemon.gateway.lrs import enclosing, writing
from daemon.gateway.lrs.multipart import opened

ID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"
ONE, TWO, ODD = b"one", b"two", b"\r\n--" + BOUNDARY.encode()[:-1] + b"\0\xff\r\n"
TRUE = {"attachments": "true"}


async def post(client: httpx.AsyncClient, document: Any, *contents: bytes) -> httpx.Response:
    return await client.post(STATEMENTS, content=mixed(document, *contents), headers=MIXED)


def contents(answer: httpx.Response) -> list[bytes]:
    return [content for _, content in taken_apart(answer)[1:]]


def page(answer: httpx.Response) -> Json:
    headers, document = taken_apart(answer)[0]
    assert headers["content-type"] == "application/json"
    found: Json = json.loads(document)
    return found


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
async def test_what_comes_with_a_statement_goes_out_with_it(version: str) -> None:
    statement = simple(id=ID, attachments=[attachment(ONE), attachment(ODD, contentType="image/png")])
    async with World().client("boss", **{"X-Experience-API-Version": version}) as client:
        assert (await post(client, statement, ONE, ODD)).json() == [ID]
        enclosed = await client.get(STATEMENTS, params={"statementId": ID, **TRUE})
        plain = await client.get(STATEMENTS, params={"statementId": ID})
        false = await client.get(STATEMENTS, params={"statementId": ID, "attachments": "false"})
    first, *others = taken_apart(enclosed)
    assert first[1] == plain.content == false.content
    assert {plain.headers["Content-Type"], false.headers["Content-Type"]} == {"application/json"}
    assert enclosed.headers["Last-Modified"] == plain.headers["Last-Modified"]
    assert [content for _, content in others] == [ONE, ODD]
    boundary = enclosed.headers["Content-Type"].partition("boundary=")[2].encode()
    assert opened(enclosed.content, boundary) == (plain.content, {sha2(ONE): ONE, sha2(ODD): ODD})
    for (headers, content), kind in zip(others, ("text/plain", "image/png"), strict=True):
        assert headers == {
            "content-type": kind,
            "content-transfer-encoding": "binary",
            "x-experience-api-hash": sha2(content),
            "content-length": str(len(content)),
        }


async def test_put_takes_attachments_too() -> None:
    statement = simple(attachments=[attachment(ONE)])
    async with World().client("boss") as client:
        for _ in range(2):
            put = await client.put(STATEMENTS, params={"statementId": ID}, content=mixed(statement, ONE), headers=MIXED)
            assert put.status_code == 204
        assert contents(await client.get(STATEMENTS, params={"statementId": ID, **TRUE})) == [ONE]


async def test_a_page_encloses_each_content_once() -> None:
    async with World().client("boss") as client:
        one, two = simple(attachments=[attachment(ONE)]), simple(attachments=[attachment(TWO), attachment(ONE)])
        await post(client, [one, two], ONE, TWO)
        await post(client, [simple(), {**two, "actor": learner("other")}], ONE, TWO)
        answer = await client.get(STATEMENTS, params=TRUE)
    assert len(page(answer)["statements"]) == 4
    assert sorted(contents(answer)) == [ONE, TWO]


async def test_it_is_always_multipart_when_asked_for_and_never_when_not() -> None:
    async with World().client("boss") as client:
        empty = await client.get(STATEMENTS, params=TRUE)
        await post(client, [])
        await post(client, simple())
        without = await client.get(STATEMENTS, params=TRUE)
        plain = await client.get(STATEMENTS)
        missing = await client.get(STATEMENTS, params={"statementId": ID, **TRUE})
    assert (page(empty)["statements"], contents(empty), contents(without)) == ([], [], [])
    assert plain.json() == page(without)
    assert (missing.status_code, missing.headers["Content-Type"]) == (404, "application/problem+json")


async def test_a_voided_statement_still_has_its_attachments() -> None:
    void = {"id": "http://adlnet.gov/expapi/verbs/voided"}
    async with World().client("boss") as client:
        await post(client, simple(id=ID, attachments=[attachment(ONE)]), ONE)
        await post(client, simple(verb=void, object={"objectType": "StatementRef", "id": ID}))
        voided = await client.get(STATEMENTS, params={"voidedStatementId": ID, **TRUE})
        others = await client.get(STATEMENTS, params=TRUE)
    assert contents(voided) == [ONE]
    assert contents(others) == []


async def test_who_reads_their_own_statements_gets_their_own_attachments() -> None:
    world = World()
    async with world.client("player") as player, world.client("moodle") as moodle:
        await post(player, simple(attachments=[attachment(ONE)]), ONE)
        await post(moodle, simple(attachments=[attachment(TWO)]), TWO)
        assert contents(await player.get(STATEMENTS, params=TRUE)) == [ONE]


@pytest.mark.parametrize("ascending", ["true", "false"])
async def test_a_page_that_would_enclose_too_much_ends_earlier_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, ascending: str
) -> None:
    monkeypatch.setattr(enclosing, "ENCLOSED_BYTES_MAX", 250)
    files = [bytes([number]) * size for number, size in enumerate((100, 100, 100, 400, 1, 250))]
    async with World().client("boss") as client:
        batch = [simple(attachments=[attachment(content)]) for content in files]
        await post(client, [*batch, batch[5]], *files)
        seen: list[list[int]] = []
        more = f"{STATEMENTS}?attachments=true&ascending={ascending}"
        while more:
            answer = await client.get(more)
            assert [one["attachments"][0]["length"] for one in page(answer)["statements"]]
            seen.append([len(content) for content in contents(answer)])
            more = page(answer)["more"]
    expected = [[100, 100], [100], [400], [1], [250]] if ascending == "true" else [[250], [1], [400], [100, 100], [100]]
    assert seen == expected


async def test_head_tells_the_length_and_sends_nothing() -> None:
    async with World().client("boss") as client:
        await post(client, simple(attachments=[attachment(ONE)]), ONE)
        got, head = await client.get(STATEMENTS, params=TRUE), await client.head(STATEMENTS, params=TRUE)
    assert head.content == b""
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.headers["Content-Type"].startswith("multipart/mixed; boundary=")


async def test_a_content_type_cannot_break_the_parts() -> None:
    kinds = ["text/plain\r\n ; a=b", "text/plain;a=\u00fc", "image/png"]
    files = [b"a", b"b", b"c"]
    declared = [attachment(content, contentType=kind) for content, kind in zip(files, kinds, strict=True)]
    async with World().client("boss") as client:
        assert (await post(client, simple(attachments=declared), *files)).status_code == 200
        parts = taken_apart(await client.get(STATEMENTS, params=TRUE))[1:]
    assert [headers["content-type"] for headers, _ in parts] == [
        "text/plain ; a=b",
        "application/octet-stream",
        "image/png",
    ]


async def test_a_signed_statement_comes_back_with_its_signature() -> None:
    statement, compact = signed(simple(id=ID), jws_of(simple(id=ID), x5c=[certificate()]))
    async with World().client("boss") as client:
        assert (await post(client, statement, compact)).status_code == 200
        assert contents(await client.get(STATEMENTS, params=TRUE)) == [compact]


@pytest.mark.parametrize(
    ("statement", "sent", "says"),
    [
        (simple(attachments=[attachment(ONE)]), (), "attachments[0].fileUrl"),
        (simple(attachments=[attachment(ONE)]), (ONE, TWO), f"X-Experience-API-Hash {sha2(TWO)}"),
        (simple(), (ONE,), f"X-Experience-API-Hash {sha2(ONE)}"),
        (signed(simple(), jws_of(simple(actor=learner("x"))))[0], (jws_of(simple(actor=learner("x"))),), "differs"),
        ([simple(id=ID), simple(id=ID)], (), "is the id of an earlier statement"),
        ({"actor": 1}, (), "actor"),
    ],
)
async def test_what_does_not_fit_together_is_refused_by_name_and_nothing_is_stored(
    statement: Any, sent: Sequence[bytes], says: str
) -> None:
    world = World()
    async with world.client() as client:
        answer = await post(client, statement, *sent)
    assert answer.status_code == 400
    assert says in answer.json()["detail"]
    assert world.reasons() == ["invalid"]
    assert not world.log.rows


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("multipart/form-data; boundary=x", b"", "content_type"),
        ("multipart/mixed", b"", "content_type"),
        ("multipart/mixed; boundary=x", b"", "invalid"),
        ("multipart/mixed; boundary=x", b"--x\r\n\r\n{}\r\n--x--", "invalid"),
        ("multipart/mixed; boundary=x", b"--x\r\nContent-Type: application/json\r\n\r\n{}", "invalid"),
        ("text/plain", b"{}", "content_type"),
        ("", b"{}", "content_type"),
    ],
)
async def test_a_body_of_another_kind_is_refused(content_type: str, body: bytes, reason: str) -> None:
    world = World()
    async with world.client() as client:
        answer = await client.post(STATEMENTS, content=body, headers={"Content-Type": content_type})
        put = await client.put(
            STATEMENTS, params={"statementId": ID}, content=body, headers={"Content-Type": content_type}
        )
    assert (answer.status_code, put.status_code) == (400, 400)
    assert world.reasons() == [reason, reason]


async def test_large_bodies_are_read_in_a_thread_with_the_same_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "LARGE_BYTES", 10)
    world = World()
    async with world.client("boss") as client:
        assert (await post(client, simple(attachments=[attachment(ONE)]), ONE)).status_code == 200
        assert (await post(client, simple(), ONE)).status_code == 400
        assert contents(await client.get(STATEMENTS, params=TRUE)) == [ONE]
