"""The statements resource as LMSs and readers use it."""

import json
from typing import Any

import httpx
import pytest
from gateway_world import STATEMENTS, World
from xapi_samples import Json, learner, moodle, simple

from actors.domain.xapi.moments import spelt

ID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"
VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided"}


def php(statements: list[Json]) -> bytes:
    return json.dumps(statements, separators=(",", ":")).replace("/", "\\/").encode()


async def post(client: httpx.AsyncClient, body: Any, **more: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post(STATEMENTS, content=content, headers={"Content-Type": "application/json"}, **more)


async def test_what_moodle_does_all_day() -> None:
    world = World()
    async with world.client() as client:
        first = await post(client, php(moodle()))
        again = await post(client, php(moodle()))
        idle = await post(client, b"[]")
    assert (first.status_code, again.status_code, idle.status_code) == (200, 200, 200)
    assert first.json() == again.json()
    assert len(set(first.json())) == 20
    assert idle.json() == []
    assert len(world.log.rows) == 20
    assert world.hints == ["acme"]
    assert world.counts == [("statements_accepted", "acme", 20, ""), ("statements_collapsed", "acme", 20, "")]


async def test_what_is_stored_tells_where_it_came_from() -> None:
    world = World()
    async with world.client(**{"X-Correlation-ID": "cron-17"}) as client:
        await post(client, simple(id=ID))
    row, _ = world.log.rows["acme", ID]
    assert (row.source, row.correlation_id, row.version) == ("campus", "cron-17", "1.0.3")
    assert row.traceparent == world.spans[0].traceparent
    assert json.loads(row.authority)["account"] == {"homePage": "urn:lmsyncd:acme:campus", "name": "moodle"}
    assert world.spans[0].said == {
        "method": "POST",
        "template": "/t/{tenant}/xapi/statements",
        "tenant": "acme",
        "source": "campus",
        "statements": 1,
        "fresh": 1,
        "status": 200,
    }


async def test_a_single_statement_and_its_way_back() -> None:
    world = World()
    sent = json.dumps(simple(result={"score": {"raw": "here"}})).replace('"here"', "1.50")
    async with world.client("boss") as client:
        answer = await post(client, sent.encode())
        (name,) = answer.json()
        got = await client.get(STATEMENTS, params={"statementId": name.upper()})
    assert got.status_code == 200
    assert '"raw": 1.50' in got.text
    stored = spelt(world.log.seq)
    assert got.json() == {
        "id": name,
        **json.loads(sent),
        "stored": stored,
        "timestamp": stored,
        "version": "1.0.0",
        "authority": {"objectType": "Agent", "account": {"homePage": "urn:lmsyncd:acme:campus", "name": "boss"}},
    }
    assert got.headers["Last-Modified"].endswith("GMT")
    assert got.headers["X-Experience-API-Consistent-Through"] == stored


async def test_put_stores_once_under_the_name_given() -> None:
    world = World()
    async with world.client("boss") as client:
        named, bare = simple(id=ID), simple()
        answers = [
            await client.put(STATEMENTS, params={"statementId": ID}, json=bare),
            await client.put(STATEMENTS, params={"statementId": ID.upper()}, json=named),
            await client.put(STATEMENTS, params={"statementId": ID}, json=simple(id=ID.replace("0d", "0e"))),
            await client.put(STATEMENTS, params={"statementId": ID}, json=[bare]),
            await client.put(STATEMENTS, json=bare),
            await client.put(STATEMENTS, params={"statementId": "x"}, json=bare),
            await client.put(STATEMENTS, params={"statementId": ID, "other": "1"}, json=bare),
            await client.put(STATEMENTS, params={"statementId": ID}, json=simple(actor=learner("other"))),
        ]
        got = await client.get(STATEMENTS, params={"statementId": ID})
    assert [answer.status_code for answer in answers] == [204, 204, 400, 400, 400, 400, 400, 409]
    assert got.json()["id"] == ID
    assert len(world.log.rows) == 1


async def test_the_same_id_with_other_content_is_a_conflict_and_stores_nothing() -> None:
    world = World()
    async with world.client() as client:
        assert (await post(client, simple(id=ID))).status_code == 200
        assert (await post(client, simple(id=ID, stored="2020-01-01T00:00:00Z"))).status_code == 200
        answer = await post(client, [simple(), simple(id=ID, actor=learner("other"))])
    assert answer.status_code == 409
    assert ID in answer.json()["detail"]
    assert len(world.log.rows) == 1
    assert world.reasons() == ["conflict"]


async def test_one_bad_statement_refuses_the_array_and_says_why() -> None:
    world = World()
    async with world.client() as client:
        answer = await post(client, [*moodle(), simple(verb={"id": "completed"})])
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"] == [{"index": 20, "property": "verb.id", "rule": "must be an IRI with a scheme"}]
    assert not world.log.rows
    assert world.reasons() == ["invalid"]
    assert not world.hints


async def test_a_store_that_cannot_is_503_with_retry_after_and_nothing_is_promised() -> None:
    world = World()
    async with world.client("boss") as client:
        through = (await post(client, simple())).headers["X-Experience-API-Consistent-Through"]
        world.log.broken = True
        refused = [await post(client, simple()), await client.get(STATEMENTS)]
    for answer in refused:
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "7"
        assert answer.headers["X-Experience-API-Consistent-Through"] == through
    assert world.reasons() == ["unavailable"]


async def test_voiding() -> None:
    world = World()
    async with world.client("boss") as client:
        await post(client, simple(id=ID))
        await post(client, simple(verb=VOIDED, object={"objectType": "StatementRef", "id": ID}))
        plain = await client.get(STATEMENTS, params={"statementId": ID})
        voided = await client.get(STATEMENTS, params={"voidedStatementId": ID})
        listed = await client.get(STATEMENTS)
        (voider,) = listed.json()["statements"]
        backwards = await client.get(STATEMENTS, params={"voidedStatementId": voider["id"]})
    assert (plain.status_code, voided.status_code, backwards.status_code) == (404, 200, 404)
    assert voider["verb"] == VOIDED


@pytest.mark.parametrize("ascending", ["true", "false"])
async def test_pages_follow_one_another_and_miss_nothing(ascending: str) -> None:
    world = World()
    async with world.client("boss") as client:
        ids = (await post(client, php(moodle()))).json()
        seen, more = [], f"{STATEMENTS}?limit=7&ascending={ascending}"
        while more:
            page = (await client.get(more)).json()
            seen += [statement["id"] for statement in page["statements"]]
            more = page["more"]
    assert seen == (ids if ascending == "true" else ids[::-1])


async def test_since_is_exclusive_and_until_inclusive() -> None:
    world = World()
    async with world.client("boss") as client:
        await post(client, php(moodle()))
        every = (await client.get(STATEMENTS, params={"ascending": "true"})).json()["statements"]
        window = {"since": every[3]["stored"], "until": every[7]["stored"].replace("Z", "+00:00"), "ascending": "true"}
        found = (await client.get(STATEMENTS, params=window)).json()["statements"]
    assert found == every[4:8]


async def test_filters() -> None:
    world = World()
    async with world.client("boss") as client:
        await post(client, php(moodle()))
        one = moodle()[8]
        by = {
            "verb": one["verb"]["id"],
            "activity": one["object"]["id"],
            "registration": one["context"]["registration"].upper(),
            "agent": json.dumps({"name": "whoever", "account": dict(reversed(one["actor"]["account"].items()))}),
        }
        for name, value in by.items():
            answer = await client.get(STATEMENTS, params={name: value})
            assert answer.status_code == 200, answer.text
            assert one["object"]["id"] in [found["object"]["id"] for found in answer.json()["statements"]], name
        nobody = await client.get(STATEMENTS, params={"agent": json.dumps(learner("nobody"))})
    assert nobody.json() == {"statements": [], "more": ""}


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"statementId": ID, "voidedStatementId": ID}, "voidedStatementId"),
        ({"statementId": ID, "limit": "1"}, "limit"),
        ({"statementId": "x"}, "statementId"),
        ({"StatementId": ID}, "StatementId"),
        ({"verb": "completed"}, "verb"),
        ({"agent": "{"}, "agent"),
        ({"agent": '{"mbox":"x"}'}, "agent"),
        ({"agent": '{"objectType":"Group","member":[{"mbox":"mailto:a@b"}]}'}, "agent"),
        ({"agent": "[]"}, "agent"),
        ({"registration": "1"}, "registration"),
        ({"since": "yesterday"}, "since"),
        ({"until": ""}, "until"),
        ({"since": "2026-11-23T15:29:17-00:00"}, "since"),
        ({"until": "2026-02-30T15:29:17Z"}, "until"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "9" * 30}, "limit"),
        ({"limit": "²"}, "limit"),
        ({"ascending": "yes"}, "ascending"),
        ({"cursor": "x"}, "cursor"),
        ({"format": "short"}, "format"),
        ({"attachments": "yes"}, "attachments"),
        ({"statementId": ID, "attachments": "1"}, "attachments"),
        ({"related_agents": "maybe"}, "related_agents"),
        ([("limit", "1"), ("limit", "2")], "limit"),
    ],
)
async def test_a_query_we_cannot_answer_is_refused_by_name(params: Any, names: str) -> None:
    async with World().client("boss") as client:
        answer = await client.get(STATEMENTS, params=params)
    assert answer.status_code == 400
    assert answer.json()["parameter"] == names


async def test_limit_zero_is_as_many_as_we_give() -> None:
    world = World()
    async with world.client("boss") as client:
        await post(client, php(moodle()))
        page = (await client.get(STATEMENTS, params={"limit": "0"})).json()
    assert (len(page["statements"]), page["more"]) == (20, "")


async def test_head_is_get_without_the_body() -> None:
    async with World().client("boss") as client:
        got, head = await client.get(STATEMENTS), await client.head(STATEMENTS)
    assert head.status_code == 200
    assert head.content == b""
    for name in ("Content-Length", "X-Experience-API-Version", "X-Experience-API-Consistent-Through"):
        assert head.headers[name] == got.headers[name]
