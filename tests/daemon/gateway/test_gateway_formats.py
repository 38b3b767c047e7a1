"""Statements as they are shown, to either version, and what is known of activities and agents."""

import json
from typing import Any

import httpx
import pytest
from gateway_world import STATEMENTS, World, basic
from xapi_samples import Json, learner, simple

from config.model import PersonRow

ACTIVITIES, AGENTS = "/t/acme/xapi/activities", "/t/acme/xapi/agents"
V103, V200 = {"X-Experience-API-Version": "1.0.3"}, {"X-Experience-API-Version": "2.0.0"}
ID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"
READ = {"id": "https://verbs.example.edu/read", "display": {"en-US": "read", "de": "las"}}
ADA = {"objectType": "Agent", "name": "Ada", "mbox": "mailto:ada@example.edu"}


def quiz(**names: str) -> Json:
    return {"objectType": "Activity", "id": "https://lms.example.edu/quiz/1", "definition": {"name": names}}


async def post(client: httpx.AsyncClient, body: Any, version: dict[str, str] = V103) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await client.post(STATEMENTS, content=content, headers={"Content-Type": "application/json", **version})
    assert answer.status_code == 200, answer.text
    return answer


async def one(client: httpx.AsyncClient, headers: dict[str, str] = V103, **params: str) -> Json:
    answer = await client.get(STATEMENTS, params={"statementId": ID, **params}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_ids_alone_and_in_a_page() -> None:
    async with World().client("boss") as client:
        await post(client, simple(id=ID, actor=ADA, verb=READ, object=quiz(en="Quiz")))
        alone = await one(client, format="ids")
        page = (await client.get(STATEMENTS, params={"format": "ids"})).json()
    assert alone["actor"] == {"mbox": "mailto:ada@example.edu"}
    assert alone["verb"] == {"id": READ["id"]}
    assert alone["object"] == {"id": quiz()["id"]}
    assert alone["authority"] == {"account": {"homePage": "urn:lmsyncd:acme:campus", "name": "boss"}}
    assert {"id", "stored", "timestamp", "version"} < alone.keys()
    assert page == {"statements": [alone], "more": ""}


async def test_canonical_speaks_one_language_and_only_canonical_heeds_it() -> None:
    german = {**V103, "Accept-Language": "de-DE, de;q=0.9, *;q=0.1"}
    async with World().client("boss") as client:
        await post(client, simple(id=ID, actor=ADA, verb=READ, object=quiz(en="Quiz", de="Frage")))
        cut = await one(client, german, format="canonical")
        whole = await one(client, german)
        answer = await client.get(STATEMENTS, params={"format": "canonical"}, headers=german)
        exact = await client.get(STATEMENTS, headers=german)
    assert cut["verb"]["display"] == {"de": "las"}
    assert cut["object"] == quiz(de="Frage")
    assert cut["actor"] == ADA
    assert whole["verb"] == READ
    assert whole["object"] == quiz(en="Quiz", de="Frage")
    assert answer.json()["statements"] == [cut]
    assert answer.headers["Vary"] == "Accept-Language"
    assert "Vary" not in exact.headers


async def test_canonical_activities_are_the_tenants_own() -> None:
    world = World()
    async with world.client("author") as author, world.client("writer") as writer, world.client("reader") as reader:
        await post(writer, simple(id=ID, object=quiz(en="what a writer says")))
        before = await one(reader, format="canonical")
        await post(author, simple(object=quiz(en="Quiz")))
        after = await one(reader, format="canonical")
        exact = await one(reader)
    assert before["object"] == exact["object"] == quiz(en="what a writer says")
    assert after["object"] == quiz(en="Quiz")


LOCAL, UTC = "2023-05-04T12:00:00.50-05:00", "2023-05-04T17:00:00.50Z"


async def test_both_versions_on_one_log() -> None:
    other = ID.replace("0d", "0e")
    agents = {"contextAgents": [{"objectType": "contextAgent", "agent": ADA}]}
    old = json.dumps(simple(id=ID, timestamp=LOCAL, result={"score": {"raw": "here"}})).replace('"here"', "1.50")
    async with World().client("boss") as client:
        await post(client, old.encode(), V103)
        await post(client, simple(id=other, timestamp=LOCAL, context=agents, version="2.0.0"), V200)
        told = {
            version["X-Experience-API-Version"]: {
                each["id"]: each for each in (await client.get(STATEMENTS, headers=version)).json()["statements"]
            }
            for version in (V103, V200)
        }
        text = (await client.get(STATEMENTS, params={"statementId": ID}, headers=V200)).text
    assert [told["1.0.3"][name]["timestamp"] for name in (ID, other)] == [LOCAL, LOCAL]
    assert [told["2.0.0"][name]["timestamp"] for name in (ID, other)] == [UTC, UTC]
    for version in told.values():
        assert [version[name]["version"] for name in (ID, other)] == ["1.0.0", "2.0.0"]
        assert version[other]["context"] == agents
    assert '"raw": 1.50' in text
    for name in (ID, other):
        assert {**told["1.0.3"][name], "timestamp": UTC} == told["2.0.0"][name]


@pytest.mark.parametrize("version", [V103, V200])
async def test_a_single_statement_says_when_it_was_stored(version: dict[str, str]) -> None:
    async with World().client("boss") as client:
        await post(client, simple(id=ID))
        for form in ("exact", "ids", "canonical"):
            got = await client.get(STATEMENTS, params={"statementId": ID, "format": form}, headers=version)
            assert got.headers["Last-Modified"] == "Fri, 15 Jan 2027 08:00:00 GMT"
            assert got.json()["stored"] == "2027-01-15T08:00:00.000001Z"


# ── activities ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("version", [V103, V200])
async def test_what_statements_say_of_an_activity_comes_together(version: dict[str, str]) -> None:
    world = World()
    async with world.client("author") as author, world.client("auditor", **version) as client:
        await post(author, [simple(object=quiz(en="Quiz")), simple(object=quiz(de="Frage"))])
        found = await client.get(ACTIVITIES, params={"activityId": quiz()["id"]})
        head = await client.head(ACTIVITIES, params={"activityId": quiz()["id"]})
        unknown = await client.get(ACTIVITIES, params={"activityId": "a:unknown"})
    assert (found.status_code, found.headers["Content-Type"]) == (200, "application/json")
    assert found.headers["X-Experience-API-Version"] == version["X-Experience-API-Version"]
    assert found.json() == quiz(en="Quiz", de="Frage")
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", str(len(found.content)))
    assert unknown.json() == {"objectType": "Activity", "id": "a:unknown"}


async def test_who_may_not_define_changes_nothing_and_other_tenants_hear_nothing() -> None:
    world = World()
    where = {"params": {"activityId": quiz()["id"]}}
    async with world.client("boss") as boss, world.client("moodle") as moodle:
        await post(boss, simple(object=quiz(en="Quiz")))
        await post(moodle, simple(object=quiz(en="a prank", de="Frage")))
        found = (await boss.get(ACTIVITIES, **where)).json()
    async with world.client(None, **basic("boss", "boss@globex"[::-1])) as other:
        there = await other.get(ACTIVITIES.replace("acme", "globex"), **where)
    assert found == quiz(en="Quiz")
    assert there.json() == {"objectType": "Activity", "id": quiz()["id"]}


# ── agents ───────────────────────────────────────────────────────────────────────────────────────────


async def person(client: httpx.AsyncClient, agent: Json) -> Json:
    answer = await client.get(AGENTS, params={"agent": json.dumps(agent)})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


@pytest.mark.parametrize("version", [V103, V200])
async def test_an_agent_that_nobody_knows_is_a_person(version: dict[str, str]) -> None:
    async with World().client("auditor", **version) as client:
        assert await person(client, ADA) == {"objectType": "Person", "name": ["Ada"], "mbox": [ADA["mbox"]]}
        assert await person(client, learner()) == {"objectType": "Person", "account": [learner()["account"]]}
        head = await client.head(AGENTS, params={"agent": json.dumps(ADA)})
    assert (head.status_code, head.content) == (200, b"")


async def test_a_person_is_known_by_statements_and_by_the_directory() -> None:
    world = World()
    row = PersonRow(home_page="https://lms.example.edu", account="7", email="ada@example.edu", display_name="Ada B.")
    world.people["acme"] = (row,)
    async with world.client("boss") as boss, world.client("author") as author:
        await post(boss, [simple(actor=ADA), simple(actor={**learner(), "name": "Countess"})])
        by_account = await person(boss, learner())
        told = await person(author, learner())
        world.people["acme"] = ()
        later = await person(boss, learner())
    assert by_account == {
        "objectType": "Person",
        "name": ["Ada B.", "Countess", "Ada"],
        "account": [learner()["account"]],
        "mbox": ["mailto:ada@example.edu"],
    }
    assert told == {"objectType": "Person", "account": [learner()["account"]]}
    assert later == {"objectType": "Person", "name": ["Countess"], "account": [learner()["account"]]}


async def test_names_are_those_of_the_tenants_own_statements() -> None:
    world = World()
    async with world.client("boss") as boss:
        await post(boss, simple(actor=ADA))
        kept = dict(world.log.rows)
        world.log.rows = {("globex", name): row for (_, name), row in kept.items()}
        assert await person(boss, {"mbox": ADA["mbox"]}) == {"objectType": "Person", "mbox": [ADA["mbox"]]}
        world.log.rows = kept
        assert (await person(boss, {"mbox": ADA["mbox"]}))["name"] == ["Ada"]


# ── both ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "params", "names"),
    [
        (ACTIVITIES, {}, "activityId"),
        (ACTIVITIES, {"activityId": ""}, "activityId"),
        (ACTIVITIES, {"activityId": "quiz 1"}, "activityId"),
        (ACTIVITIES, {"activityId": "a:b", "other": "1"}, "other"),
        (ACTIVITIES, [("activityId", "a:b"), ("activityId", "a:b")], "activityId"),
        (AGENTS, {}, "agent"),
        (AGENTS, {"agent": "{"}, "agent"),
        (AGENTS, {"agent": "[]"}, "agent"),
        (AGENTS, {"agent": '{"name":"Ada"}'}, "agent"),
        (AGENTS, {"agent": '{"mbox":"ada"}'}, "agent"),
        (AGENTS, {"agent": '{"mbox":"mailto:a@b","openid":"a:b"}'}, "agent"),
        (AGENTS, {"agent": '{"objectType":"Group","mbox":"mailto:a@b"}'}, "agent"),
        (AGENTS, {"agent": '{"mbox":"mailto:a@b"}', "limit": "1"}, "limit"),
    ],
)
@pytest.mark.parametrize("version", [V103, V200])
async def test_what_cannot_be_answered_is_refused_by_name(
    path: str, params: Any, names: str, version: dict[str, str]
) -> None:
    async with World().client("boss", **version) as client:
        answer = await client.get(path, params=params)
    assert answer.status_code == 400, answer.text
    assert answer.json()["parameter"] == names


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("boss", 200),
        ("auditor", 200),
        ("reader", 200),
        ("profiler", 200),
        ("author", 200),
        ("moodle", 403),
        ("writer", 403),
    ],
)
async def test_who_may_ask(key: str, status: int) -> None:
    async with World().client(key) as client:
        assert (await client.get(ACTIVITIES, params={"activityId": "a:b"})).status_code == status
        assert (await client.get(AGENTS, params={"agent": json.dumps(ADA)})).status_code == status
        assert (await client.post(AGENTS)).status_code == 405


async def test_without_credential_version_or_store() -> None:
    world = World()
    async with world.client(None) as client:
        assert (await client.get(ACTIVITIES, params={"activityId": "a:b"})).status_code == 401
    async with world.client("boss") as client:
        del client.headers["X-Experience-API-Version"]
        assert (await client.get(AGENTS, params={"agent": json.dumps(ADA)})).status_code == 400
        world.log.broken = True
        for path, params in ((ACTIVITIES, {"activityId": "a:b"}), (AGENTS, {"agent": json.dumps(ADA)})):
            answer = await client.get(path, params=params, headers=V103)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
