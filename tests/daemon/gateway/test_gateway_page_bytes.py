"""A page of statements ends at some size, and what it left out is on the next."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateway_world import STATEMENTS, World
from mixed_bodies import MIXED, attachment, mixed, taken_apart
from stored_gateway import stored
from xapi_samples import Json, simple

from daemon.gateway.lrs import formats
from daemon.store import finding


async def sent(client: httpx.AsyncClient, *statements: Json) -> list[str]:
    answer = await client.post(STATEMENTS, json=list(statements))
    assert answer.status_code == 200, answer.text
    ids: list[str] = answer.json()
    return ids


async def pages(client: httpx.AsyncClient, **params: str) -> list[list[Json]]:
    found = []
    more = str(httpx.URL(STATEMENTS, params={"ascending": "true", **params}))
    while more:
        answer = await client.get(more)
        assert answer.status_code == 200, answer.text
        page = json.loads(taken_apart(answer)[0][1]) if "attachments" in params else answer.json()
        found.append(page["statements"])
        more = page["more"]
    return found


def sizes(found: list[list[Json]]) -> list[int]:
    return [len(page) for page in found]


def ids(found: list[list[Json]]) -> list[str]:
    return [one["id"] for page in found for one in page]


def activity(number: int, name: str = "") -> Json:
    return {"id": f"https://lms.example.edu/{number}", **({"definition": {"name": {"en": name}}} if name else {})}


def related(*numbers: int) -> Json:
    return {"contextActivities": {"other": [activity(number) for number in numbers]}}


@pytest.mark.parametrize("query", [{}, {"verb": simple()["verb"]["id"]}, {"format": "ids"}, {"attachments": "true"}])
async def test_a_page_ends_where_its_statements_have_enough_bytes(
    query: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "BYTES_MAX", 10_000)
    texts = ["a" * 3_000] * 4 + ["a" * 30_000] * 2 + ["a"] * 3
    async with stored(tmp_path) as client:
        told = await sent(client, *[simple(result={"response": text}) for text in texts])
        found = await pages(client, **query)
    assert sizes(found) == [3, 1, 1, 1, 3]
    assert ids(found) == told


async def test_what_canonical_fills_in_counts_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "SHOWN_BYTES_MAX", 10_000)
    async with World().client("boss") as client:
        told = await sent(client, simple(object=activity(1, "x" * 4_000)), *[simple(object=activity(1))] * 4)
        found = await pages(client, format="canonical")
        assert sizes(await pages(client)) == [5]
    assert sizes(found) == [2, 2, 1]
    assert ids(found) == told
    assert {len(one["object"]["definition"]["name"]["en"]) for page in found for one in page} == {4_000}


async def test_a_canonical_page_with_attachments_ends_where_both_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "SHOWN_BYTES_MAX", 10_000)
    async with World().client("boss") as client:
        for number in range(3):
            content = str(number).encode()
            body = mixed(simple(object=activity(1, "x" * 4_000), attachments=[attachment(content)]), content)
            assert (await client.post(STATEMENTS, content=body, headers=MIXED)).status_code == 200
        answer = await client.get(
            STATEMENTS, params={"format": "canonical", "attachments": "true", "ascending": "true"}
        )
        (_, document), *contents = taken_apart(answer)
    assert len(json.loads(document)["statements"]) == 2
    assert [content for _, content in contents] == [b"0", b"1"]


async def test_a_page_looks_up_a_bounded_number_of_activities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "DEFINED_MAX", 3)
    asked: list[int] = []
    world = World()
    known = world.log.definitions

    async def counted(tenant: str, wanted: Any) -> Any:
        asked.append(len(list(wanted)))
        return await known(tenant, wanted)

    monkeypatch.setattr(world.log, "definitions", counted)
    async with world.client("boss") as client:
        await sent(client, *[simple(object=activity(number, f"name {number}")) for number in range(8)])
        told = await sent(client, simple(object=activity(0), context=related(*range(1, 8))), simple(object=activity(0)))
        found = await pages(client, format="canonical")
    assert sizes(found) == [3, 3, 2, 1, 1]
    assert max(asked) == 3
    assert ids(found)[-2:] == told
    others = found[-2][0]["context"]["contextActivities"]["other"]
    assert ["definition" in one for one in others] == [True, True, False, False, False, False, False]


async def test_one_statement_cannot_name_an_activity_until_the_answer_bursts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "FILLED_BYTES_MAX", 10_000)
    async with World().client("boss") as client:
        await sent(client, simple(object=activity(1, "x" * 4_000)), simple(object=activity(2, "y")))
        (told,) = await sent(client, simple(object=activity(1), context=related(*[1] * 50, 2)))
        answer = await client.get(STATEMENTS, params={"statementId": told, "format": "canonical"})
    assert len(answer.content) < 20_000
    others = answer.json()["context"]["contextActivities"]["other"]
    assert ["definition" in one for one in others] == [True] * 1 + [False] * 49 + [True]


async def test_a_page_without_any_statement_is_canonical_too() -> None:
    async with World().client("boss") as client:
        assert await pages(client, format="canonical") == [[]]
