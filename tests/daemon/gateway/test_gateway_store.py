"""The gateway with a real store behind it, over real HTTP: large attachments, and the same statement many at a time."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio
from gateway_world import STATEMENTS
from mixed_bodies import MIXED, attachment, mixed, taken_apart
from stored_gateway import stored
from xapi_samples import learner, simple

ID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"
LARGE = bytes(range(256)) * 12_000


async def test_a_large_attachment_goes_in_and_out_byte_for_byte(tmp_path: Path) -> None:
    statement = simple(id=ID, attachments=[attachment(LARGE), attachment(b"small"), attachment(b"")])
    async with stored(tmp_path) as client:
        put = await client.put(
            STATEMENTS, params={"statementId": ID}, content=mixed(statement, LARGE, b"small", b""), headers=MIXED
        )
        assert put.status_code == 204
        one = await client.get(STATEMENTS, params={"statementId": ID, "attachments": "true"})
        page = await client.get(STATEMENTS, params={"attachments": "true"})
        head = await client.head(STATEMENTS, params={"attachments": "true"})
        plain = await client.get(STATEMENTS)
    for answer in (one, page):
        assert [content for _, content in taken_apart(answer)[1:]] == [LARGE, b"small", b""]
        assert answer.headers["X-Experience-API-Consistent-Through"]
    assert head.headers["Content-Length"] == page.headers["Content-Length"]
    assert plain.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("method", ["POST", "PUT", "both"])
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
async def test_the_same_statement_many_at_a_time_is_stored_once(tmp_path: Path, method: str, version: str) -> None:
    codes: list[int] = []

    async def send(client: httpx.AsyncClient, number: int) -> None:
        body: dict[str, Any] = {"content": mixed(simple(id=ID, attachments=[attachment(b"x")]), b"x"), "headers": MIXED}
        if method == "PUT" or (method == "both" and number % 2):
            answer = await client.put(STATEMENTS, params={"statementId": ID}, **body)
        else:
            answer = await client.post(STATEMENTS, **body)
        codes.append(answer.status_code)

    async with stored(tmp_path) as client:
        client.headers["X-Experience-API-Version"] = version
        async with trio.open_nursery() as nursery:
            for number in range(12):
                nursery.start_soon(send, client, number)
        found = await client.get(STATEMENTS, params={"attachments": "true"})
    assert set(codes) <= {200, 204}
    (_, document), *contents = taken_apart(found)
    assert len(msgspec.json.decode(document)["statements"]) == 1
    assert [content for _, content in contents] == [b"x"]


async def test_of_different_statements_with_one_id_the_first_stays(tmp_path: Path) -> None:
    """And a batch with a conflict leaves nothing, however many are sent at once."""
    codes: dict[int, int] = {}

    async def send(client: httpx.AsyncClient, number: int) -> None:
        batch = [simple(actor=learner(f"beside {number}")), simple(id=ID, actor=learner(str(number)))]
        codes[number] = (await client.post(STATEMENTS, json=batch)).status_code

    async with stored(tmp_path) as client:
        async with trio.open_nursery() as nursery:
            for number in range(8):
                nursery.start_soon(send, client, number)
        found = (await client.get(STATEMENTS, params={"ascending": "true"})).json()["statements"]
    [winner] = [number for number, code in codes.items() if code == 200]
    assert sorted(codes.values()) == [200] + [409] * 7
    assert [one["actor"]["account"]["name"] for one in found] == [f"beside {winner}", str(winner)]
