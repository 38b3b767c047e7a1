"""The protocol's outer shape: versions, About, OPTIONS, HEAD, and what scripts of web pages may see."""

import httpx
import msgspec
import pytest
from gateway_world import STATEMENTS, World, tenant
from hypothesis import given
from hypothesis import strategies as st
from xapi_samples import simple

from actors.sources.xapi.settings import XapiSettings
from config.model import Connection
from daemon.gateway.credentials import doors
from daemon.gateway.lrs.cors import cors_headers
from daemon.gateway.lrs.headers import spoken

ABOUT = "/t/acme/xapi/about"
VERSION = "X-Experience-API-Version"
PLAYER = "https://player.example.edu"
LRS = ["about", "activities", "activities/profile", "activities/state", "agents", "agents/profile", "statements"]
NO_STRANGER = [name for name in LRS if name != "about"]


def restricted(*origins: str) -> World:
    world = World()
    acme = tenant("acme")
    settings = acme.sources["campus"].settings
    assert isinstance(settings, XapiSettings)
    settings = msgspec.structs.replace(settings, cors_origins=origins)
    sources = {"campus": Connection(name="campus", kind="xapi", settings=settings)}
    world.doors = doors([msgspec.structs.replace(acme, sources=sources)])
    return world


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("1.0", "1.0.3"), ("1.0.0", "1.0.3"), ("1.0.3", "1.0.3"), ("1.0.9", "1.0.3"), (" 1.0.3 ", "1.0.3"),
        ("2.0", "2.0.0"), ("2.0.0", "2.0.0"), ("2.0.12", "2.0.0"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("resource", NO_STRANGER)
async def test_versions_that_we_speak(said: str, version: str, resource: str) -> None:
    assert spoken(said) == version
    async with World().client("boss", **{VERSION: said}) as client:
        answer = await client.get(f"/t/acme/xapi/{resource}", params={"agent": '{"mbox":"mailto:a@b.example"}'})
        assert answer.status_code in (200, 400)
        assert VERSION not in answer.text
        assert answer.headers[VERSION] == version


@pytest.mark.parametrize(
    "said", ["", "0.9", "0.95", "1", "1.1", "1.0.", "1.0.x", "1.0.3.1", "2.1.0", "3.0", "١.٠", "1.0,2.0"]
)
@pytest.mark.parametrize("resource", NO_STRANGER)
async def test_versions_that_we_do_not(said: str, resource: str) -> None:
    assert spoken(said) is None
    async with World().client("boss") as client:
        headers = [(VERSION.encode(), said.encode())]
        del client.headers[VERSION]
        for method in ("GET", "HEAD"):
            answer = await client.request(method, f"/t/acme/xapi/{resource}", headers=headers)
            assert (answer.status_code, answer.headers[VERSION]) == (400, "1.0.3")


async def test_one_version_at_a_time() -> None:
    async with World().client("boss") as client:
        del client.headers[VERSION]
        answer = await client.get(STATEMENTS, headers=[(VERSION, "1.0.3"), (VERSION, "2.0.0")])
        assert (answer.status_code, answer.json()["detail"]) == (400, f"the header {VERSION} is given more than once")


async def test_without_a_version_the_answer_speaks_the_tenants_own() -> None:
    async with World().client("boss") as client:
        del client.headers[VERSION]
        for name, version in (("acme", "1.0.3"), ("globex", "2.0.0")):
            for resource in (*LRS, "nothing", "nothing/there", ""):
                assert (await client.get(f"/t/{name}/xapi/{resource}")).headers[VERSION] == version


@given(st.text(max_size=12))
def test_a_version_is_spoken_or_not(said: str) -> None:
    assert spoken(said) in (None, "1.0.3", "2.0.0")


# ── about ────────────────────────────────────────────────────────────────────────────────────────────


async def test_about_needs_nothing_and_says_which_versions() -> None:
    async with World().client(None) as client:
        del client.headers[VERSION]
        answer = await client.get(ABOUT)
        assert (answer.status_code, answer.headers[VERSION]) == (200, "1.0.3")
        assert {"1.0.3", "2.0.0"} <= set(answer.json()["version"])
        assert answer.json()["extensions"] == {}
        assert (await client.get(ABOUT, params={"x": "y"})).status_code == 400
        assert (await client.post(ABOUT)).status_code == 405


# ── HEAD and OPTIONS ─────────────────────────────────────────────────────────────────────────────────


async def test_head_is_get_without_the_body() -> None:
    async with World().client("boss") as client:
        await client.post(STATEMENTS, json=simple())
        agent = {"agent": '{"mbox":"mailto:a@b.example"}'}
        asked = {
            "about": {},
            "statements": {},
            "activities": {"activityId": "https://x.example/1"},
            "activities/profile": {"activityId": "https://x.example/1"},
            "activities/state": {"activityId": "https://x.example/1", **agent},
            "agents": agent,
            "agents/profile": agent,
        }
        assert sorted(asked) == LRS
        for resource, params in asked.items():
            got = await client.get(f"/t/acme/xapi/{resource}", params=params)
            head = await client.head(f"/t/acme/xapi/{resource}", params=params)
            assert (head.status_code, head.content) == (got.status_code, b"") == (200, b"")
            for name in ("Content-Length", "Content-Type", VERSION):
                assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize("resource", LRS)
async def test_options_tells_the_methods_to_anybody(resource: str) -> None:
    async with World().client(None) as client:
        del client.headers[VERSION]
        answer = await client.options(f"/t/acme/xapi/{resource}")
        assert (answer.status_code, answer.content) == (204, b"")
        allowed = set(answer.headers["Allow"].split(", "))
        assert {"GET", "HEAD", "OPTIONS"} <= allowed
        assert ("PUT" in allowed) == (resource not in ("about", "activities", "agents"))


# ── other origins ────────────────────────────────────────────────────────────────────────────────────


async def preflight(client: httpx.AsyncClient, origin: str, path: str = STATEMENTS) -> httpx.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "if-match"}
    return await client.options(path, headers=headers)


@pytest.mark.parametrize("resource", LRS)
async def test_a_preflight_is_answered_without_credential_or_version(resource: str) -> None:
    async with World().client(None) as client:
        del client.headers[VERSION]
        answer = await preflight(client, PLAYER, f"/t/acme/xapi/{resource}")
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
        assert {"GET", "PUT", "POST", "DELETE"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
        told = {name.lower() for name in answer.headers["Access-Control-Allow-Headers"].split(", ")}
        assert {"authorization", "content-type", "if-match", "if-none-match", VERSION.lower()} <= told
        assert int(answer.headers["Access-Control-Max-Age"]) > 0
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_scripts_may_read_every_answer_errors_included() -> None:
    world = World()
    async with world.client("boss", Origin=PLAYER) as client, world.client(None, Origin=PLAYER) as stranger:
        answers = [
            (200, await client.get(STATEMENTS)),
            (400, await client.get(STATEMENTS, params={"x": "y"})),
            (401, await stranger.get(STATEMENTS)),
            (404, await client.get("/t/acme/xapi/nothing")),
            (405, await client.delete(STATEMENTS)),
            (413, await client.post(STATEMENTS, content=b"x" * 300_000, headers={"Content-Type": "application/json"})),
        ]
        for status, answer in answers:
            assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")
            shown = set(answer.headers["Access-Control-Expose-Headers"].lower().split(", "))
            assert {"etag", "last-modified", "x-correlation-id", VERSION.lower()} <= shown
            assert "x-experience-api-consistent-through" in shown
            assert "Vary" not in answer.headers


async def test_an_origin_that_is_named_is_let_in_and_no_other() -> None:
    async with restricted(PLAYER, "http://localhost:8080").client("boss") as client:
        for origin in (PLAYER, "http://localhost:8080"):
            answer = await preflight(client, origin)
            assert answer.headers["Access-Control-Allow-Origin"] == origin
            assert answer.headers["Vary"] == "Origin"
        for origin in ("https://evil.example", PLAYER + ".evil.example", "null", "https://player.example.edu:444"):
            answer = await preflight(client, origin)
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert answer.headers["Vary"] == "Origin"
        assert (await client.get(STATEMENTS)).headers["Vary"] == "Origin"


async def test_what_an_answer_varies_by_is_told_together() -> None:
    async with restricted(PLAYER).client("boss") as client:
        answer = await client.get(STATEMENTS, params={"format": "canonical"})
        assert set(answer.headers["Vary"].split(", ")) == {"Accept-Language", "Origin"}


async def test_no_origin_may_where_it_is_switched_off() -> None:
    async with restricted().client("boss", Origin=PLAYER) as client:
        for answer in (await preflight(client, PLAYER), await client.get(STATEMENTS)):
            assert answer.status_code in (200, 204)
            assert not [name for name in answer.headers if name.startswith("access-control-") or name == "vary"]


async def test_elsewhere_no_origin_is_let_in() -> None:
    async with World().client(None, Origin=PLAYER) as client:
        for path in ("/healthz", "/t/acme/hooks/x", "/t/acme/xapi"):
            assert "Access-Control-Allow-Origin" not in (await client.get(path)).headers


_origins = st.from_regex(r"https?://[a-z]{1,3}\.example(:[0-9]{2})?", fullmatch=True)


@given(st.sets(_origins, max_size=4), st.one_of(st.none(), _origins), st.booleans())
def test_only_an_origin_that_is_named_reads(allowed: set[str], origin: str | None, asking: bool) -> None:
    headers = cors_headers(allowed, origin, preflight=asking)
    assert headers.get("Access-Control-Allow-Origin") == (origin if origin in allowed else None)
    assert ("Access-Control-Allow-Methods" in headers) == (asking and origin in allowed)
    assert ("Vary" in headers) == bool(allowed)
