"""What documents' parameters must be, and who may read and write documents."""

from typing import Any

import httpx
import pytest
from gateway_world import World
from hypothesis import given
from hypothesis import strategies as st
from shelved import ABOUT, ACTIVITY, AGENT, ANA, COURSE, JSON, NEW, OTHER, STATE, boss, resources, shelf, versions


def without(path: str, name: str) -> dict[str, str]:
    return {each: value for each, value in ABOUT[path].items() if each != name}


MISSING = [
    (path, method, name)
    for path, about in ABOUT.items()
    for method in ("GET", "PUT", "POST", "DELETE")
    for name in about
    if not (name in ("stateId", "profileId") and (method == "GET" or (method == "DELETE" and path == STATE)))
]


@versions
@pytest.mark.parametrize(("path", "method", "name"), MISSING)
async def test_what_is_missing_is_named(path: str, method: str, name: str, version: str) -> None:
    async with boss(World(), version) as client:
        answer = await client.request(method, path, params=without(path, name), headers=JSON | NEW)
        assert (answer.status_code, answer.json()["parameter"]) == (400, name)


@resources
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
async def test_bytes_that_are_no_utf_8_are_no_name(path: str, method: str) -> None:
    async with boss(World()) as client:
        name = "stateId" if path == STATE else "profileId"
        url = httpx.URL(path, params=shelf(path))
        answer = await client.request(method, f"{url}&{name}=%E9", headers=JSON | NEW)
        assert (answer.status_code, answer.json()["parameter"]) == (400, name)


WRONG: list[tuple[str, str, str]] = [
    (STATE, "activityId", "no IRI"),
    (STATE, "activityId", ""),
    (STATE, "agent", "true"),
    (STATE, "agent", "not JSON"),
    (STATE, "agent", '{"mbox"'),
    (STATE, "agent", '{"objectType":"Group","member":[]}'),
    (STATE, "agent", '{"mbox":"mailto:a@b.example","openid":"https://b.example"}'),
    (STATE, "agent", '{"name":"Ana"}'),
    (STATE, "registration", "true"),
    (STATE, "registration", OTHER + "0"),
    (STATE, "stateId", ""),
    (STATE, "StateId", "x"),
    (STATE, "profileId", "x"),
    (STATE, "method", "PUT"),
    (AGENT, "agent", "true"),
    (AGENT, "profileId", ""),
    (AGENT, "activityId", COURSE),
    (AGENT, "registration", OTHER),
    (ACTIVITY, "activityId", "course"),
    (ACTIVITY, "agent", ANA),
    (ACTIVITY, "profileId", ""),
]


@versions
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
@pytest.mark.parametrize(("path", "name", "value"), WRONG)
async def test_what_is_wrong_is_named(path: str, name: str, value: str, method: str, version: str) -> None:
    async with boss(World(), version) as client:
        headers = JSON | NEW
        answer = await client.request(method, path, params=ABOUT[path] | {name: value}, headers=headers)
        assert (answer.status_code, answer.json()["parameter"]) == (400, name)
        assert answer.json()["detail"].startswith(name + " ")


@resources
@versions
async def test_a_parameter_is_given_once(path: str, version: str) -> None:
    async with boss(World(), version) as client:
        twice = [*ABOUT[path].items(), next(iter(ABOUT[path].items()))]
        assert (await client.get(path, params=twice)).status_code == 400  # type: ignore[arg-type]  # pairs are fine


@resources
async def test_since_is_a_timestamp_and_for_lists(path: str) -> None:
    async with boss(World()) as client:
        for params in (
            shelf(path, since="true"),
            shelf(path, since=""),
            ABOUT[path] | {"since": "2026-01-01T00:00:00Z"},
        ):
            answer = await client.get(path, params=params)
            assert (answer.status_code, answer.json()["parameter"]) == (400, "since")
        for method in ("PUT", "POST", "DELETE"):
            params = shelf(path, since="2026-01-01T00:00:00Z")
            answer = await client.request(method, path, params=params, headers=JSON | NEW)
            assert (answer.status_code, answer.json()["parameter"]) == (400, "since")


# ── who may ──────────────────────────────────────────────────────────────────────────────────────────


@resources
@pytest.mark.parametrize(
    ("key", "read", "write"),
    [("boss", 200, 204), ("auditor", 200, 403), ("profiler", 200, 204), ("moodle", 403, 403), ("reader", 403, 403)],
)
async def test_scopes_of_documents(path: str, key: str, read: int, write: int) -> None:
    async with World().client(key) as client:
        assert (await client.get(path, params=shelf(path))).status_code == read
        for method in ("POST", "DELETE"):
            answer = await client.request(method, path, params=ABOUT[path], content=b"{}", headers=JSON)
            assert answer.status_code == write
        assert (await client.put(path, params=ABOUT[path], content=b"{}", headers=NEW)).status_code == write


@resources
async def test_tenants_are_apart(path: str) -> None:
    world = World()
    theirs = path.replace("acme", "globex")
    async with boss(world) as client, world.client(None) as stranger:
        await client.put(path, params=ABOUT[path], content=b"x", headers=NEW)
        assert (await client.get(theirs, params=ABOUT[path])).status_code == 401
        assert (await stranger.get(path, params=ABOUT[path])).status_code == 401


@resources
async def test_a_version_must_be_named(path: str) -> None:
    async with boss(World()) as client:
        del client.headers["X-Experience-API-Version"]
        answer = await client.get(path, params=shelf(path))
        assert (answer.status_code, answer.headers["X-Experience-API-Version"]) == (400, "1.0.3")


@resources
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE"])
async def test_a_store_that_cannot_now_is_503(path: str, method: str) -> None:
    world = World()
    world.documents.broken = True
    async with boss(world) as client:
        for params in (ABOUT[path], shelf(path)):
            if params is not ABOUT[path] and (method in ("PUT", "POST") or (method == "DELETE" and path != STATE)):
                continue
            headers = JSON | NEW if method == "PUT" else JSON
            answer: Any = await client.request(method, path, params=params, headers=headers, content=b"{}")
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")


# ── whatever comes ───────────────────────────────────────────────────────────────────────────────────

_words = st.text(max_size=12) | st.sampled_from(
    [COURSE, ANA, OTHER, "bookmark", "2026-01-01T00:00:00Z", "a\0b", "{}", "PUT"]
)
_named = st.sampled_from(
    ["activityId", "agent", "registration", "stateId", "profileId", "since", "method", "content", ""]
)


@given(
    path=st.sampled_from(list(ABOUT)),
    method=st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]),
    whole=st.booleans(),
    params=st.lists(st.tuples(_named, _words), max_size=4),
    headers=st.dictionaries(
        st.sampled_from(["Content-Type", "If-Match", "If-None-Match", "X-Experience-API-Version", "Accept", "Origin"]),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=20)
        | st.sampled_from(["*", '"x"', "application/json", "application/x-www-form-urlencoded", "2.0.0"]),
        max_size=3,
    ),
    body=st.binary(max_size=30) | st.sampled_from([b'{"a":1}', b"content=x&stateId=y", b'{"a":{"a":{}}}']),
)
async def test_whatever_comes_is_answered_and_nothing_breaks(
    path: str, method: str, whole: bool, params: list[tuple[str, str]], headers: dict[str, str], body: bytes
) -> None:
    world = World()
    asked: Any = [*(ABOUT[path].items() if whole else ()), *params]
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    async with boss(world) as client:
        for _ in range(2):
            answer = await client.request(method, path, params=asked, headers=raw, content=body)
            assert answer.status_code in (200, 204, 304, 400, 404, 405, 409, 412)
            assert answer.headers["X-Experience-API-Version"] in ("1.0.3", "2.0.0")
    assert world.troubles == []
