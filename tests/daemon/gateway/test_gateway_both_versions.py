"""Both versions of xAPI on one log, and arrays as they come: long, empty, repeated, partly wrong, many at once."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from gateway_world import STATEMENTS
from stored_gateway import stored
from xapi_samples import Json, learner, simple

OLD, NEW = {"X-Experience-API-Version": "1.0.3"}, {"X-Experience-API-Version": "2.0.0"}
VERSIONS = [OLD, NEW]
ID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"
STAMP = "2026-11-23T16:29:17.123+01:00"
ARRAY_LONG = 500


def other_of(version: dict[str, str]) -> dict[str, str]:
    return NEW if version is OLD else OLD


async def post(client: httpx.AsyncClient, body: Any, version: dict[str, str]) -> httpx.Response:
    return await client.post(STATEMENTS, json=body, headers=version)


async def one(client: httpx.AsyncClient, statement_id: str, version: dict[str, str]) -> Json:
    answer = await client.get(STATEMENTS, params={"statementId": statement_id}, headers=version)
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Experience-API-Version"] == version["X-Experience-API-Version"]
    found: Json = answer.json()
    return found


async def count(client: httpx.AsyncClient, version: dict[str, str] = OLD) -> int:
    seen, more = 0, STATEMENTS
    while more:
        page = (await client.get(more, headers=version)).json()
        seen, more = seen + len(page["statements"]), page["more"]
    return seen


# ── one log ──────────────────────────────────────────────────────────────────────────────────────────


async def test_what_one_version_stores_the_other_reads(tmp_path: Path) -> None:
    statement = simple(timestamp=STAMP, context={"contextActivities": {"parent": {"id": "http://x.org/c"}}})
    async with stored(tmp_path) as client:
        [old] = (await post(client, statement, OLD)).json()
        [new] = (await post(client, {**statement, "actor": learner("new")}, NEW)).json()
        for statement_id, version in ((old, "1.0.0"), (new, "2.0.0")):
            before, after = await one(client, statement_id, OLD), await one(client, statement_id, NEW)
            assert (before["timestamp"], after["timestamp"]) == (STAMP, "2026-11-23T15:29:17.123Z")
            assert before["version"] == after["version"] == version, "it keeps the version that it came in"
            assert before["context"]["contextActivities"] == {"parent": [{"id": "http://x.org/c"}]}
            del before["timestamp"], after["timestamp"]
            assert before == after
        assert await count(client, OLD) == await count(client, NEW) == 2


async def test_a_statement_sent_again_in_the_other_version_is_the_same(tmp_path: Path) -> None:
    fine = simple(id=ID, result={"duration": "PT1.23456S"}, timestamp=STAMP)
    utc = {**fine, "timestamp": "2026-11-23T15:29:17.123Z", "result": {"duration": "PT1.23S"}}
    async with stored(tmp_path) as client:
        for version in VERSIONS:
            for statement in (fine, utc):
                put = await client.put(STATEMENTS, params={"statementId": ID}, json=statement, headers=version)
                assert (put.status_code, (await post(client, [statement], version)).status_code) == (204, 200)
            assert (await post(client, simple(id=ID), version)).status_code == 409
        assert await count(client) == 1


async def test_what_was_read_may_be_sent_back(tmp_path: Path) -> None:
    """With what the LRS added, the timestamp that the sender had left out among it."""
    async with stored(tmp_path) as client:
        [statement_id] = (await post(client, simple(), OLD)).json()
        for version in VERSIONS:
            shown = await one(client, statement_id, OLD)
            assert (await post(client, shown, version)).json() == [statement_id]
            changed = {**shown, "actor": learner("other")}
            assert (await post(client, changed, version)).status_code == 409
        assert await count(client) == 1


async def test_what_only_2_0_knows_is_refused_by_1_0_3_and_read_by_both(tmp_path: Path) -> None:
    agents = [{"objectType": "contextAgent", "agent": learner("mentor"), "relevantTypes": ["http://x.org/mentor"]}]
    statement = simple(id=ID, context={"contextAgents": agents})
    async with stored(tmp_path) as client:
        assert (await post(client, statement, OLD)).status_code == 400
        assert (await post(client, {**statement, "version": "2.0.0"}, OLD)).status_code == 400
        assert (await post(client, statement, NEW)).status_code == 200
        for version in VERSIONS:
            assert (await one(client, ID, version))["context"]["contextAgents"] == agents


@pytest.mark.parametrize("version", VERSIONS)
async def test_one_version_voids_what_the_other_stored(tmp_path: Path, version: dict[str, str]) -> None:
    voider = simple(
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"}, object={"objectType": "StatementRef", "id": ID}
    )
    async with stored(tmp_path) as client:
        await post(client, simple(id=ID), version)
        [voiding] = (await post(client, voider, other_of(version))).json()
        for reading in VERSIONS:
            gone = await client.get(STATEMENTS, params={"statementId": ID}, headers=reading)
            still = await client.get(STATEMENTS, params={"voidedStatementId": ID}, headers=reading)
            listed = (await client.get(STATEMENTS, headers=reading)).json()["statements"]
            assert (gone.status_code, still.status_code) == (404, 200)
            assert [statement["id"] for statement in listed] == [voiding]


# ── arrays ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_long_array_is_stored_in_its_order(tmp_path: Path, version: dict[str, str]) -> None:
    crowd = [simple(actor=learner(str(number))) for number in range(ARRAY_LONG)]
    async with stored(tmp_path) as client:
        answer = await post(client, crowd, version)
        assert answer.status_code == 200
        ids = answer.json()
        page = (await client.get(STATEMENTS, params={"ascending": "true"}, headers=version)).json()
        assert len(set(ids)) == ARRAY_LONG
        assert [statement["id"] for statement in page["statements"]] == ids
        assert [int(statement["actor"]["account"]["name"]) for statement in page["statements"]] == [*range(ARRAY_LONG)]
        moments = [statement["stored"] for statement in page["statements"]]
        assert moments == sorted(moments)


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_empty_array_is_nothing_and_no_error(tmp_path: Path, version: dict[str, str]) -> None:
    async with stored(tmp_path) as client:
        answer = await post(client, [], version)
        assert (answer.status_code, answer.json()) == (200, [])
        assert await count(client) == 0


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "wrong",
    [
        simple(verb={"id": "completed"}),
        simple(extra=None),
        simple(timestamp="2026-11-23T16:29:17.123-00:00"),
        [simple()],
        None,
        "statement",
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_an_array_that_is_partly_wrong_stores_nothing(
    tmp_path: Path, version: dict[str, str], wrong: Any, place: int
) -> None:
    batch: list[Any] = [simple(id=ID), simple()]
    batch.insert(place, wrong)
    async with stored(tmp_path) as client:
        answer = await post(client, batch, version)
        assert answer.status_code == 400
        assert {error["index"] for error in answer.json()["errors"]} == {place}
        assert await count(client) == 0


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_id_twice_in_one_array_is_refused_even_for_equals(tmp_path: Path, version: dict[str, str]) -> None:
    async with stored(tmp_path) as client:
        for again in (simple(id=ID), simple(id=ID.upper()), simple(id=ID, actor=learner("other"))):
            answer = await post(client, [simple(), simple(id=ID), again], version)
            assert answer.status_code == 400
            assert answer.json()["errors"][0]["index"] == 2
        assert await count(client) == 0


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_array_with_something_known_stores_the_rest_and_one_with_a_conflict_nothing(
    tmp_path: Path, version: dict[str, str]
) -> None:
    async with stored(tmp_path) as client:
        await post(client, simple(id=ID), other_of(version))
        answer = await post(client, [simple(), simple(id=ID)], version)
        assert answer.status_code == 200
        assert answer.json()[1] == ID
        assert await count(client) == 2
        assert (await post(client, [simple(), simple(id=ID, actor=learner("x"))], version)).status_code == 409
        assert await count(client) == 2


# ── at once ──────────────────────────────────────────────────────────────────────────────────────────


async def test_both_versions_and_both_methods_at_once_agree_on_one(tmp_path: Path) -> None:
    """Different contents under one id: whoever was first stays, and everybody who was told yes sent the same."""
    codes: dict[int, int] = {}

    async def send(client: httpx.AsyncClient, number: int) -> None:
        statement = simple(id=ID, actor=learner(str(number % 4)))
        version = VERSIONS[number // 4 % 2]
        if number // 8 % 2:
            answer = await client.put(STATEMENTS, params={"statementId": ID}, json=statement, headers=version)
        else:
            answer = await post(client, [statement], version)
        codes[number] = answer.status_code

    async with stored(tmp_path) as client:
        async with trio.open_nursery() as nursery:
            for number in range(16):
                nursery.start_soon(send, client, number)
        stays = int((await one(client, ID, NEW))["actor"]["account"]["name"])
        assert await count(client) == 1
    for number, code in codes.items():
        accepted = 204 if number // 8 % 2 else 200
        assert code == (accepted if number % 4 == stays else 409), number


async def test_arrays_at_once_are_each_whole(tmp_path: Path) -> None:
    """Half of them meet a conflict in their last statement; nothing of these is found, and all of the others."""
    accepted: list[list[str]] = []

    async def send(client: httpx.AsyncClient, number: int) -> None:
        mark = {"id": f"http://x.org/batch/{number}"}
        last = simple(id=ID, actor=learner("other")) if number % 2 else simple(object=mark)
        answer = await post(client, [*[simple(object=mark) for _ in range(20)], last], VERSIONS[number // 2 % 2])
        assert answer.status_code == (409 if number % 2 else 200)
        if answer.status_code == 200:
            accepted.append(answer.json())

    async with stored(tmp_path) as client:
        await post(client, simple(id=ID), OLD)
        async with trio.open_nursery() as nursery:
            for number in range(8):
                nursery.start_soon(send, client, number)
        page = (await client.get(STATEMENTS, params={"ascending": "true"})).json()["statements"]
    found = [statement["id"] for statement in page[1:]]
    assert sorted(found) == sorted(statement_id for ids in accepted for statement_id in ids)
    for ids in accepted:
        start = found.index(ids[0])
        assert found[start : start + len(ids)] == ids, "a request's statements stand together, in their order"
