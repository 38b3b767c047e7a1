"""Whatever comes in is answered, labelled and bounded."""

import json
from collections.abc import AsyncIterator, MutableMapping
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import trio
from gateway_world import STATEMENTS, VERSION, Span, World, basic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sizes import examples
from trio.testing import MockClock
from xapi_samples import moodle_lines, simple

from daemon.gateway.limits import LINGER_S_MAX

JSON = {"Content-Type": "application/json"}


async def test_correlation_and_trace_are_answered_and_only_sane_ids_are_taken_over() -> None:
    world = World()
    async with world.client() as client:
        given_id = await client.get("/healthz", headers={"X-Correlation-ID": "req-1/a.b:c"})
        silly = [
            await client.get("/healthz", headers=[(b"X-Correlation-ID", value)])
            for value in (b"", b"a b", b"x" * 129, b'a"b', b"\xe4")
        ]
    assert given_id.headers["X-Correlation-ID"] == "req-1/a.b:c"
    made = [answer.headers["X-Correlation-ID"] for answer in silly]
    assert all(len(each) == 32 for each in made)
    assert len(set(made)) == len(made)
    assert given_id.headers["traceparent"] == Span.traceparent


async def test_outside_there_is_nothing_and_it_says_so() -> None:
    async with World().client() as client:
        for path in (
            "/",
            "/t/acme",
            "/t/acme/xapi",
            "/t/acme/xapi/statements/",
            "/t//xapi/statements",
            "/%00",
            "/docs",
        ):
            answer = await client.get(path)
            assert answer.status_code == 404
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["title"] == "Not Found"
            assert "X-Correlation-ID" in answer.headers


async def test_health_readiness_and_metrics() -> None:
    world = World()
    async with world.client(None) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok", "problems": []}
        assert (await client.get("/readyz")).status_code == 200
        world.ill.append("lane acme/slack is suspended")
        failing = await client.get("/readyz")
        assert failing.status_code == 503
        assert failing.json()["problems"] == world.ill
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/metrics")).text == "lmsyncd_up 1\n"


async def test_with_an_address_of_its_own_metrics_leaves_the_public_one() -> None:
    world = World(admin_listen=("127.0.0.1:0",))
    async with world.client(None) as client:
        assert (await client.get("/metrics")).status_code == 404
        assert (await client.get("/healthz")).status_code == 200
    transport = httpx.ASGITransport(world.app().admin)
    async with httpx.AsyncClient(transport=transport, base_url="http://admin") as admin:
        assert (await admin.get("/metrics")).status_code == 200
        assert (await admin.get("/readyz")).status_code == 200
        assert (await admin.get(STATEMENTS)).status_code == 404


async def test_a_check_that_hangs_is_itself_a_finding(autojump_clock: MockClock) -> None:
    world = World()
    world.ports = type(world.ports)(
        **{name: getattr(world.ports, name) for name in world.ports.__struct_fields__} | {"ready": trio.sleep_forever}
    )
    async with world.client(None) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["problems"]) == (503, ["it took too long to find out"])


async def test_what_nobody_foresaw_is_logged_and_answered_without_details() -> None:
    world = World()
    error = RuntimeError("secret detail")

    async def gate() -> None:
        raise error

    world.log.gate = gate
    async with world.client() as client:
        answer = await client.post(STATEMENTS, json=simple())
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "X-Experience-API-Consistent-Through" in answer.headers
    assert [(name, caught) for name, caught, _ in world.troubles] == [("gateway.failed", error)]


async def test_a_body_over_the_limit_is_413_whether_announced_or_not() -> None:
    world = World(body_bytes_max=2000)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b" " * 100

    async with world.client() as client:
        announced = await client.post(STATEMENTS, content=b" " * 2001, headers=JSON)
        chunked = await client.post(STATEMENTS, content=endless(), headers=JSON)
        fits = await client.post(STATEMENTS, content=b" " * 1998 + b"[]", headers=JSON)
    assert (announced.status_code, chunked.status_code, fits.status_code) == (413, 413, 200)
    assert "2000" in chunked.json()["detail"]
    assert chunked.headers["X-Experience-API-Version"] == "1.0.3"
    assert world.reasons() == ["too_large", "too_large"]
    assert not world.troubles


@pytest.mark.parametrize(
    ("length", "read"), [((b"content-length", b"100000000"), 0), ((b"transfer-encoding", b"chunked"), 21)]
)
async def test_of_a_body_of_100_mb_no_more_is_read_than_a_body_may_have(length: tuple[bytes, bytes], read: int) -> None:
    """Before the answer, that is; then the sender gets a moment to notice it."""
    world = World(body_bytes_max=2_000_000)
    block, blocks = b"[" * 100_000, 1_000
    taken, answered = 0, list[tuple[int, int]]()

    async def receive() -> dict[str, object]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": block, "more_body": taken < blocks}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered.append((message["status"], taken))

    known = {**VERSION, **JSON, **basic("moodle")}
    scope = {
        "type": "http",
        "method": "POST",
        "path": STATEMENTS,
        "query_string": b"",
        "headers": [length, *((name.lower().encode(), value.encode()) for name, value in known.items())],
        "http_version": "1.1",
    }
    await world.app().public(scope, receive, send)
    assert answered == [(413, read)]


async def test_a_compressed_body_is_415_and_not_kept_as_something_else() -> None:
    world = World()
    async with world.client() as client:
        packed = await client.post(STATEMENTS, content=b"[]", headers={**JSON, "Content-Encoding": "gzip"})
        plain = await client.post(STATEMENTS, content=b"[]", headers={**JSON, "Content-Encoding": "Identity"})
    assert (packed.status_code, plain.status_code) == (415, 200)
    assert packed.headers["Accept-Encoding"] == "identity"


async def test_a_body_that_stops_coming_is_408_in_its_time(autojump_clock: MockClock) -> None:
    world = World(body_timeout="30s")

    async def stalling() -> AsyncIterator[bytes]:
        yield b"["
        await trio.sleep_forever()

    started = trio.current_time()
    async with world.client() as client:
        answer = await client.post(STATEMENTS, content=stalling(), headers=JSON)
    assert answer.status_code == 408
    assert answer.headers["Connection"] == "close"
    assert 30 <= trio.current_time() - started <= 30 + LINGER_S_MAX
    assert world.reasons() == ["too_slow"]


async def test_a_body_that_drips_for_ever_is_408_all_the_same(autojump_clock: MockClock) -> None:
    async def dripping() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await trio.sleep(1)

    async with World(body_timeout="10s").client() as client:
        answer = await client.post(STATEMENTS, content=dripping(), headers=JSON)
    assert answer.status_code == 408


async def test_a_stranger_s_body_is_not_read(autojump_clock: MockClock) -> None:
    sent = 0

    async def large() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 1000
            await trio.sleep(0.5)

    async with World().client("moodle", Authorization="Basic bm9ib2R5Om5vdGhpbmc=") as client:
        answer = await client.post(STATEMENTS, content=large(), headers=JSON)
    assert answer.status_code == 401
    assert sent * 0.5 <= LINGER_S_MAX + 1


async def test_a_sender_who_hangs_up_leaves_no_trace() -> None:
    world = World()
    app = world.app().public
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    async def send(message: object) -> None:
        sent.append(message)

    messages: list[dict[str, object]] = [
        {"type": "http.request", "body": b"[", "more_body": True},
        {"type": "http.disconnect"},
    ]
    request = world.client().build_request("POST", STATEMENTS, content=b"", headers=JSON)
    scope = {
        "type": "http",
        "method": "POST",
        "path": STATEMENTS,
        "query_string": b"",
        "http_version": "1.1",
        "headers": [(k.lower(), v) for k, v in request.headers.raw if k.lower() != b"content-length"]
        + [(b"transfer-encoding", b"chunked")],
    }
    await app(scope, receive, send)
    assert not sent
    assert not world.troubles
    assert not world.log.rows


def damaged(parts: tuple[str, int, bytes]) -> bytes:
    line, place, damage = parts
    return line.encode()[:place] + damage + line.encode()[place + len(damage) :]


FUZZ = settings(
    max_examples=examples(20),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@FUZZ
@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(str.encode)
    | st.tuples(st.sampled_from(moodle_lines()), st.integers(0, 3000), st.binary(min_size=1, max_size=4)).map(damaged)
)
def test_no_body_whatever_makes_a_5xx(body: bytes) -> None:
    async def send() -> None:
        world = World()
        async with world.client() as client:
            answer = await client.post(STATEMENTS, content=body, headers=JSON)
        assert answer.status_code in (200, 400)
        assert not world.troubles
        assert (answer.status_code == 200) == (bool(world.log.rows) or body.strip() == b"[]" or answer.json() == [])

    trio.run(send)


@FUZZ
@given(
    st.sampled_from(["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE", "X"]),
    st.text("/tacmexpi%20.statements?&=#\x80{}", max_size=30),
    st.dictionaries(
        st.sampled_from(["since", "until", "agent", "limit", "verb", "statementId", "format", "cursor"]),
        st.text(max_size=12),
        max_size=3,
    ),
    st.sampled_from(["1.0.3", "2.0", "9", "ö", " "]),
)
def test_no_request_line_whatever_makes_a_5xx(method: str, tail: str, query: dict[str, str], version: str) -> None:
    async def send() -> None:
        world = World()
        async with world.client("boss") as client:
            for path in (STATEMENTS, STATEMENTS + "/" + tail):
                request = client.build_request(
                    method, f"http://x{quote(path)}", params=query,
                    headers=[(b"x-experience-api-version", version.encode())],
                )  # fmt: skip
                answer = await client.send(request)
                assert answer.status_code < 500
        assert not world.troubles

    trio.run(send)


async def test_problem_bodies_are_json_with_the_usual_members() -> None:
    async with World().client() as client:
        answer = await client.post(STATEMENTS, content=b"{", headers=JSON)
    assert set(json.loads(answer.content)) >= {"type", "title", "status", "detail"}
