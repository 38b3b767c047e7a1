"""State, agent profiles and activity profiles over HTTP, in both versions."""

import hashlib
import json
from email.utils import parsedate_to_datetime

import pytest
import trio
from gateway_world import NOW_US, World
from shelved import ABOUT, ACTIVITY, AGENT, COURSE, JSON, NEW, OTHER, STATE, boss, resources, shelf, versions

REGISTRATION = "AAAAAAAA-1111-4111-8111-111111111111"
TEXT = {"Content-Type": "text/plain"}


def tag(body: bytes) -> str:
    return '"' + hashlib.sha1(body).hexdigest() + '"'


# ── one document ─────────────────────────────────────────────────────────────────────────────────────


@resources
@versions
async def test_a_document_is_put_got_headed_and_deleted(path: str, version: str) -> None:
    body = bytes(range(256))
    async with boss(World(), version) as client:
        headers = {"Content-Type": 'image/x-odd; name="a b"', **NEW}
        put = await client.put(path, params=ABOUT[path], content=body, headers=headers)
        assert (put.status_code, put.content) == (204, b"")
        got = await client.get(path, params=ABOUT[path])
        assert (got.status_code, got.content) == (200, body)
        assert got.headers["Content-Type"] == 'image/x-odd; name="a b"'
        assert got.headers["ETag"] == put.headers["ETag"] == tag(body)
        assert parsedate_to_datetime(got.headers["Last-Modified"]).timestamp() == NOW_US // 1_000_000
        assert got.headers["X-Experience-API-Version"] == version
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        head = await client.head(path, params=ABOUT[path])
        assert (head.status_code, head.content) == (200, b"")
        assert {name: head.headers[name] for name in ("ETag", "Last-Modified", "Content-Type", "Content-Length")} == {
            name: got.headers[name] for name in ("ETag", "Last-Modified", "Content-Type", "Content-Length")
        }
        assert (await client.delete(path, params=ABOUT[path])).status_code == 204
        for method in ("GET", "HEAD"):
            assert (await client.request(method, path, params=ABOUT[path])).status_code == 404
        assert (await client.delete(path, params=ABOUT[path])).status_code == 204


@resources
@versions
async def test_a_document_without_a_type_is_just_bytes(path: str, version: str) -> None:
    async with boss(World(), version) as client:
        await client.put(path, params=ABOUT[path], content=b"x", headers=NEW)
        assert (await client.get(path, params=ABOUT[path])).headers["Content-Type"] == "application/octet-stream"


@resources
@versions
async def test_last_modified_moves_with_each_update(path: str, version: str) -> None:
    world = World()
    async with boss(world, version) as client:
        seen = []
        for number in (1, 2):
            world.clock.time_us = NOW_US + number * 1_000_000
            await client.post(path, params=ABOUT[path], content=b'{"a":%d}' % number, headers=JSON)
            seen.append((await client.get(path, params=ABOUT[path])).headers["Last-Modified"])
        first, second = map(parsedate_to_datetime, seen)
        assert (second - first).total_seconds() == 1


async def test_one_store_serves_both_versions() -> None:
    world = World()
    async with boss(world) as old, boss(world, "2.0.0") as new:
        await old.put(STATE, params=ABOUT[STATE], content=b"x", headers=TEXT)
        got = await new.get(STATE, params=ABOUT[STATE])
        assert (got.content, got.headers["X-Experience-API-Version"]) == (b"x", "2.0.0")


async def test_an_agent_is_who_its_identifier_says() -> None:
    """Whatever name it bears; in another order; and in another registration it is another document."""
    renamed = json.dumps({"mbox": "mailto:ana@example.edu", "name": "Ana Alves"})
    ben = json.dumps({"mbox": "mailto:ben@example.edu"})
    async with boss(World()) as client:
        await client.put(STATE, params=ABOUT[STATE], content=b"x", headers=TEXT)
        assert (await client.get(STATE, params=ABOUT[STATE] | {"agent": renamed})).content == b"x"
        for more in ({"agent": ben}, {"registration": OTHER}, {"activityId": COURSE + "2"}, {"stateId": "Bookmark"}):
            assert (await client.get(STATE, params=ABOUT[STATE] | more)).status_code == 404


async def test_a_registration_is_the_same_in_either_case() -> None:
    async with boss(World()) as client:
        await client.put(STATE, params=ABOUT[STATE] | {"registration": REGISTRATION}, content=b"x")
        got = await client.get(STATE, params=ABOUT[STATE] | {"registration": REGISTRATION.lower()})
        assert got.content == b"x"


# ── the merge ────────────────────────────────────────────────────────────────────────────────────────


@resources
@versions
async def test_a_post_creates_then_merges_at_the_top_level(path: str, version: str) -> None:
    async with boss(World(), version) as client:
        for sent in ({"a": {"x": 1, "y": 2}, "b": 1}, {"a": {"x": 3}, "c": 1}):
            answer = await client.post(path, params=ABOUT[path], json=sent)
            assert answer.status_code == 204
        got = await client.get(path, params=ABOUT[path])
        assert got.json() == {"a": {"x": 3}, "b": 1, "c": 1}
        assert got.headers["ETag"] == answer.headers["ETag"] == tag(got.content)


@resources
@versions
@pytest.mark.parametrize(
    ("first", "first_type", "second", "second_type"),
    [
        (b'{"a":1}', "application/json", b"abc", "not/json"),
        (b'{"a":1}', "application/json", b'{"b":1}', "application/x-www-form-urlencoded"),
        (b'{"a":1}', "application/json", b'{"b":1}{', "application/json"),
        (b'{"a":1}', "application/json", b"[1]", "application/json"),
        (b'{"a":1}', "application/json", b'{"b":1,"b":2}', "application/json"),
        (b"abc", "application/octet-stream", b'{"b":1}', "application/json"),
        (b"[1]", "application/json", b'{"b":1}', "application/json"),
        (b"{", "application/json", b'{"b":1}', "application/json"),
    ],
)
async def test_what_cannot_be_merged_changes_nothing(
    path: str, version: str, first: bytes, first_type: str, second: bytes, second_type: str
) -> None:
    async with boss(World(), version) as client:
        put = await client.put(path, params=ABOUT[path], content=first, headers={"Content-Type": first_type, **NEW})
        assert put.status_code == 204
        answer = await client.post(path, params=ABOUT[path], content=second, headers={"Content-Type": second_type})
        assert answer.status_code == 400
        assert answer.json()["detail"]
        assert (await client.get(path, params=ABOUT[path])).content == first


async def test_json_that_is_none_does_not_become_a_document_by_post() -> None:
    async with boss(World()) as client:
        for body in (b"", b"{", b"[]", b'{"a":NaN}'):
            assert (await client.post(STATE, params=ABOUT[STATE], content=body, headers=JSON)).status_code == 400
        assert (await client.get(STATE, params=ABOUT[STATE])).status_code == 404


async def test_a_merge_cannot_outgrow_what_a_request_may_bring() -> None:
    async with boss(World(body_bytes_max=2_000)) as client:
        codes = []
        for number in range(4):
            sent = {f"n{number}": "x" * 700}
            codes.append((await client.post(STATE, params=ABOUT[STATE], json=sent)).status_code)
        assert codes == [204, 204, 413, 413]


async def test_large_documents_pass() -> None:
    body = b'{"a":"' + b"x" * 1_000_000 + b'"}'
    async with boss(World(body_bytes_max=2_000_000)) as client:
        assert (await client.post(STATE, params=ABOUT[STATE], content=body, headers=JSON)).status_code == 204
        assert (await client.get(STATE, params=ABOUT[STATE])).content == body
        assert (await client.post(STATE, params=ABOUT[STATE], content=body[:-1], headers=JSON)).status_code == 400


# ── preconditions ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("version", "path", "new", "existing"),
    [
        ("1.0.3", STATE, 204, 204),
        ("1.0.3", AGENT, 400, 409),
        ("1.0.3", ACTIVITY, 400, 409),
        ("2.0.0", STATE, 204, 409),
        ("2.0.0", AGENT, 204, 409),
        ("2.0.0", ACTIVITY, 204, 409),
    ],
)
async def test_a_put_that_does_not_say_what_it_knows(version: str, path: str, new: int, existing: int) -> None:
    async with boss(World(), version) as client:
        first = await client.put(path, params=ABOUT[path], content=b"1", headers=TEXT)
        assert first.status_code == new
        await client.put(path, params=ABOUT[path], content=b"1", headers=TEXT | NEW)
        second = await client.put(path, params=ABOUT[path], content=b"2", headers=TEXT)
        assert second.status_code == existing
        if existing == 409:
            assert "If-Match" in second.json()["detail"]
            assert (await client.get(path, params=ABOUT[path])).content == b"1"


@resources
@versions
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
async def test_if_match_guards_every_write(path: str, version: str, method: str) -> None:
    body = b'{"a":1}'
    async with boss(World(), version) as client:

        async def write(condition: str) -> int:
            content = b"" if method == "DELETE" else b'{"a":2}'
            answer = await client.request(
                method, path, params=ABOUT[path], content=content, headers=JSON | {"If-Match": condition}
            )
            return answer.status_code

        assert await write("*") == 412
        await client.post(path, params=ABOUT[path], content=body, headers=JSON)
        for condition in ('"1234"', tag(b"other"), f"{tag(b'x')}, {tag(b'y')}"):
            assert await write(condition) == 412
        assert await write("1234") == 400
        assert (await client.get(path, params=ABOUT[path])).content == body
        assert await write(f'"x", W/{tag(body)}') == 204


@resources
@versions
async def test_if_none_match_guards_too(path: str, version: str) -> None:
    async with boss(World(), version) as client:

        async def write(condition: str, body: bytes) -> int:
            headers = TEXT | {"If-None-Match": condition}
            return (await client.put(path, params=ABOUT[path], content=body, headers=headers)).status_code

        assert await write("*", b"1") == 204
        assert await write("*", b"2") == 412
        assert await write(tag(b"1"), b"2") == 412
        assert await write(tag(b"0"), b"2") == 204
        assert (await client.get(path, params=ABOUT[path])).content == b"2"


@resources
@versions
async def test_a_reader_who_has_it_is_told_so(path: str, version: str) -> None:
    async with boss(World(), version) as client:
        await client.put(path, params=ABOUT[path], content=b"1", headers=TEXT | NEW)
        fresh = await client.get(path, params=ABOUT[path], headers={"If-None-Match": tag(b"1")})
        assert (fresh.status_code, fresh.content, fresh.headers["ETag"]) == (304, b"", tag(b"1"))
        assert (await client.get(path, params=ABOUT[path], headers={"If-None-Match": '"x"'})).status_code == 200
        assert (await client.get(path, params=ABOUT[path], headers={"If-Match": '"x"'})).status_code == 412


@versions
async def test_of_many_puts_with_one_etag_one_wins(version: str) -> None:
    async with boss(World(), version) as client:
        await client.put(AGENT, params=ABOUT[AGENT], content=b"before", headers=TEXT | NEW)
        codes = []

        async def put(number: int) -> None:
            headers = TEXT | {"If-Match": tag(b"before")}
            answer = await client.put(AGENT, params=ABOUT[AGENT], content=b"%d" % number, headers=headers)
            codes.append(answer.status_code)

        async with trio.open_nursery() as nursery:
            for number in range(12):
                nursery.start_soon(put, number)
        assert sorted(codes) == [204] + [412] * 11


# ── many documents ───────────────────────────────────────────────────────────────────────────────────


@resources
@versions
async def test_ids_are_listed_and_since(path: str, version: str) -> None:
    world = World()
    name = "stateId" if path == STATE else "profileId"
    async with boss(world, version) as client:
        assert (await client.get(path, params=shelf(path))).json() == []
        for number, each in enumerate(("b", "a", "ü")):
            world.clock.time_us = NOW_US + number * 1_000_000
            await client.post(path, params=shelf(path, **{name: each}), json={})
        listed = await client.get(path, params=shelf(path))
        assert (listed.status_code, listed.json()) == (200, ["a", "b", "ü"])
        assert listed.headers["Content-Type"] == "application/json"
        since = "2027-01-15T08:00:00.500Z"
        assert (await client.get(path, params=shelf(path, since=since))).json() == ["a", "ü"]
        assert (await client.head(path, params=shelf(path))).headers["Content-Length"] == listed.headers[
            "Content-Length"
        ]


async def test_states_of_a_registration_are_listed_and_removed_apart() -> None:
    async with boss(World()) as client:
        for each, registration in (("a", REGISTRATION), ("b", OTHER)):
            params = shelf(STATE, stateId=each, registration=registration)
            assert (await client.put(STATE, params=params, content=b"x")).status_code == 204
        await client.put(STATE, params=shelf(STATE, stateId="c"), content=b"x")
        assert (await client.get(STATE, params=shelf(STATE))).json() == ["a", "b", "c"]
        assert (await client.get(STATE, params=shelf(STATE, registration=OTHER))).json() == ["b"]
        assert (await client.delete(STATE, params=shelf(STATE, registration=OTHER))).status_code == 204
        assert (await client.get(STATE, params=shelf(STATE))).json() == ["a", "c"]
        assert (await client.delete(STATE, params=shelf(STATE))).status_code == 204
        assert (await client.get(STATE, params=shelf(STATE))).json() == []


async def test_a_precondition_is_for_one_document() -> None:
    async with boss(World()) as client:
        await client.put(STATE, params=ABOUT[STATE], content=b"x")
        assert (await client.delete(STATE, params=shelf(STATE), headers={"If-Match": "*"})).status_code == 400
        assert (await client.get(STATE, params=shelf(STATE))).json() == ["bookmark"]
