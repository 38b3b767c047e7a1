"""Who may do what at the statements resource, and the formalities of each request."""

import json
from typing import Any

import httpx
import msgspec
import pytest
import trio
from gateway_world import STATEMENTS, VERSION, World, basic
from xapi_samples import Json, learner, moodle, simple

from config.model import Secret
from config.secrets import SecretUnavailable
from daemon.gateway.lrs.access import SAID_EVERY_S

ID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"
VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided"}


def php(statements: list[Json]) -> bytes:
    return json.dumps(statements, separators=(",", ":")).replace("/", "\\/").encode()


async def post(client: httpx.AsyncClient, body: Any, **more: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post(STATEMENTS, content=content, headers={"Content-Type": "application/json"}, **more)


# ── who may ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "write", "read"),
    [("moodle", 200, 200), ("writer", 200, 403), ("reader", 403, 200), ("auditor", 403, 200), ("boss", 200, 200),
     ("profiler", 403, 403)],
)  # fmt: skip
async def test_scopes(key: str, write: int, read: int) -> None:
    async with World().client(key) as client:
        assert (await post(client, simple())).status_code == write
        assert (await client.get(STATEMENTS)).status_code == read


async def test_refusals_of_strangers_and_of_scopes_are_counted() -> None:
    world = World()
    async with world.client("reader") as reader:
        await post(reader, simple())
        await reader.get(STATEMENTS, headers=basic("moodle", "wrong"))
        await reader.get(STATEMENTS.replace("acme", "nowhere"), headers=basic("moodle", "wrong"))
    assert [each for each in world.counts if each[0] == "statements_refused"] == [
        ("statements_refused", "acme", 1, "scope"),
        ("statements_refused", "acme", 1, "credentials"),
        ("statements_refused", "unknown", 1, "credentials"),
    ]


async def test_mine_is_only_mine() -> None:
    world = World()
    async with world.client("moodle") as moodles, world.client("player") as players, world.client("reader") as reader:
        await post(moodles, simple(id=ID))
        (other,) = (await post(players, simple())).json()
        assert [found["id"] for found in (await moodles.get(STATEMENTS)).json()["statements"]] == [ID]
        assert (await moodles.get(STATEMENTS, params={"statementId": ID})).status_code == 200
        assert (await moodles.get(STATEMENTS, params={"statementId": other})).status_code == 404
        assert len((await reader.get(STATEMENTS)).json()["statements"]) == 2


async def test_a_stranger_learns_nothing_not_even_which_tenants_there_are() -> None:
    world = World()
    attempts = [
        ("acme", {}),
        ("acme", basic("moodle", "wrong")),
        ("acme", basic("nobody", "wrong")),
        ("acme", basic("moodle", "")),
        ("acme", basic("moodle", "emanlebolg@eldoom")),
        ("acme", {"Authorization": "Bearer abc"}),
        ("acme", {"Authorization": "Basic !!!"}),
        ("acme", {"Authorization": "Basic " + "A" * 100_000}),
        ("nowhere", basic("moodle")),
        ("globex", basic("moodle")),
    ]
    answers = []
    async with world.client(None) as client:
        for tenant, headers in attempts:
            answer = await client.get(f"/t/{tenant}/xapi/statements", headers=headers)
            said = {name: value for name, value in answer.headers.items() if name != "x-correlation-id"}
            answers.append((answer.status_code, said, answer.content))
    assert all(answer == answers[0] for answer in answers)
    status, headers, _ = answers[0]
    assert (status, headers["www-authenticate"].split()[0]) == (401, "Basic")
    assert headers["x-experience-api-consistent-through"] == "1970-01-01T00:00:00.000000Z"


async def test_a_reload_takes_effect_at_once() -> None:
    world = World()
    async with world.client() as client:
        assert (await post(client, simple())).status_code == 200
        world.doors = {}
        assert (await post(client, simple())).status_code == 401


# ── versions and other formalities ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "status", "answered"),
    [("1.0.3", 200, "1.0.3"), ("1.0", 200, "1.0.3"), ("1.0.1", 200, "1.0.3"), ("2.0.0", 200, "2.0.0"),
     ("2.0", 200, "2.0.0"), ("0.95", 400, "1.0.3"), ("3.0.0", 400, "1.0.3"), ("", 400, "1.0.3")],
)  # fmt: skip
async def test_the_version_is_demanded_and_answered(asked: str, status: int, answered: str) -> None:
    async with World().client("boss") as client:
        answer = await client.get(STATEMENTS, headers={"X-Experience-API-Version": asked})
    assert (answer.status_code, answer.headers["X-Experience-API-Version"]) == (status, answered)


async def test_without_a_version_the_tenant_decides_how_the_refusal_is_labelled() -> None:
    world = World()
    for tenant, key, fallback in (("acme", "boss", "1.0.3"), ("globex", "boss", "2.0.0")):
        secret = None if tenant == "acme" else "xebolg@ssob"
        async with world.client(None) as client:
            del client.headers["X-Experience-API-Version"]
            answer = await client.get(f"/t/{tenant}/xapi/statements", headers=basic(key, secret))
            about = await client.get(f"/t/{tenant}/xapi/about")
        assert (answer.status_code, answer.headers["X-Experience-API-Version"]) == (400, fallback)
        assert about.status_code == 200
        assert {"1.0.3", "2.0.0"} <= set(about.json()["version"])
        assert about.headers["X-Experience-API-Version"] == fallback


async def test_a_2_0_statement_is_read_by_2_0_rules() -> None:
    context = {"contextAgents": [{"objectType": "contextAgent", "agent": learner()}]}
    async with World().client("boss") as client:
        assert (await post(client, simple(context=context))).status_code == 400
        client.headers["X-Experience-API-Version"] = "2.0.0"
        (name,) = (await post(client, simple(context=context))).json()
        got = await client.get(STATEMENTS, params={"statementId": name})
    assert got.json()["version"] == "2.0.0"


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/json", 200), ("application/json; charset=UTF-8", 200), ("Application/JSON", 200), ("", 400),
     ("text/plain", 400), ("multipart/mixed; boundary=x", 400), ("application/json; charset=latin-1", 400)],
)  # fmt: skip
async def test_content_types(content_type: str, status: int) -> None:
    async with World().client() as client:
        answer = await client.post(STATEMENTS, content=json.dumps(simple()), headers={"Content-Type": content_type})
    assert answer.status_code == status


async def test_a_post_takes_no_parameters_and_other_methods_are_told() -> None:
    async with World().client("boss") as client:
        assert (await post(client, simple(), params={"statementId": ID})).status_code == 400
        assert (await post(client, simple(), params={"method": "GET"})).status_code == 400
        answer = await client.delete(STATEMENTS)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST", "PUT", "OPTIONS"}
    assert "X-Experience-API-Consistent-Through" in answer.headers


async def test_a_large_batch_is_read_as_well_as_a_small_one() -> None:
    world = World(body_bytes_max=10_000_000)
    batch = moodle() * 12
    async with world.client() as client:
        answer = await post(client, php(batch))
    assert answer.status_code == 200
    assert len(set(answer.json())) == len(world.log.rows) == 240


async def test_the_version_header_is_needed_for_writing_too() -> None:
    world = World()
    async with world.client() as client:
        del client.headers[next(iter(VERSION))]
        assert (await post(client, simple())).status_code == 400
    assert world.reasons() == ["version"]


async def test_who_comes_while_a_secret_is_awaited_is_told_to_come_again_and_it_is_said_once_in_a_while(
    autojump_clock: object,
) -> None:
    def nowhere(secret: Secret) -> str:
        raise SecretUnavailable(secret.where, "put it in")

    world = World()
    world.ports = msgspec.structs.replace(world.ports, reveal=nowhere)
    async with world.client("moodle") as client:
        for _ in range(3):
            answer = await post(client, simple())
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert "put it in" not in answer.text
        assert [name for name, _, _ in world.troubles] == ["gateway.secret_unavailable"]
        await trio.sleep(SAID_EVERY_S)
        await post(client, simple())
    assert [name for name, _, _ in world.troubles] == ["gateway.secret_unavailable"] * 2
