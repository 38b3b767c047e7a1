"""The alternate request syntax: a form that stands for a request, in xAPI 1.0.3 only."""

import json
from typing import Any
from urllib.parse import parse_qsl, quote_plus, unquote_to_bytes, urlencode

import httpx
import pytest
from gateway_world import STATEMENTS, VERSION, World, basic
from hypothesis import given
from hypothesis import strategies as st
from xapi_samples import simple

from daemon.gateway.lrs.alternate import FIELDS_MAX, FORM, Translated, decoded, translated
from daemon.gateway.problems import Problem

ID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"
STATE = "/t/acme/xapi/activities/state"
ABOUT = {
    "activityId": "https://campus.example.edu/course/1",
    "agent": '{"mbox":"mailto:ana+1@example.edu"}',
    "stateId": "a & b = c%",
}
HEADERS = [(b"host", b"x"), (b"content-type", FORM.encode()), (b"content-length", b"5"), (b"authorization", b"real")]


def meant(method: str, form: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> Translated:
    return translated(b"method=" + method.encode(), HEADERS if headers is None else headers, form)


async def post(client: httpx.AsyncClient, path: str, method: str, form: Any, **headers: str) -> httpx.Response:
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    return await client.post(path, params={"method": method}, content=body, headers={"Content-Type": FORM, **headers})


# ── the translation ──────────────────────────────────────────────────────────────────────────────────

HEADER_NAMES = frozenset(
    b"authorization x-experience-api-version content-length content-type if-match if-none-match accept "
    b"accept-language".split()
)
_bytes = st.binary(max_size=30)


@given(st.binary(max_size=60))
def test_decoding_is_what_the_library_does_slowly(text: bytes) -> None:
    """Of everything that a form may have: no stray percent sign, no ampersand."""
    encoded = text.replace(b"%", b"%25")
    assert decoded(encoded) == unquote_to_bytes(encoded.replace(b"+", b" "))
    assert decoded("".join(f"%{byte:02x}" for byte in text).encode()) == text
    assert decoded("".join(f"%{byte:02X}" for byte in text).encode()) == text


_names = _bytes.filter(lambda name: name != b"content" and name.lower() not in HEADER_NAMES)


@given(st.dictionaries(_names, _bytes, max_size=5), _bytes)
def test_every_parameter_and_the_content_come_through(parameters: dict[bytes, bytes], content: bytes) -> None:
    form = urlencode([*parameters.items(), (b"content", content)]).encode()
    found = meant("PUT", form)
    assert found.content == content
    query = parse_qsl(found.query.decode(), keep_blank_values=True, encoding="latin-1")
    assert [(name.encode("latin-1"), value.encode("latin-1")) for name, value in query] == list(parameters.items())
    assert dict(found.headers)[b"content-length"] == b"%d" % len(content)


def test_headers_in_the_form_stand_above_the_real_ones() -> None:
    form = urlencode(
        {
            "Authorization": "said",
            "if-match": '"x"',
            "Content-Type": "text/plain",
            "Content-Length": "99",
            "content": "é",
        }
    )
    headers = meant("PUT", form.encode()).headers
    assert sorted(headers) == [
        (b"authorization", b"said"),
        (b"content-length", b"2"),
        (b"content-type", b"text/plain"),
        (b"host", b"x"),
        (b"if-match", b'"x"'),
    ]


def test_content_is_json_unless_it_says_otherwise_and_a_get_has_none() -> None:
    assert (b"content-type", b"application/json") in meant("POST", b"content=%5B%5D").headers
    found = meant("GET", b"limit=1")
    assert (found.method, found.query, found.content) == ("GET", b"limit=1", b"")
    assert {name for name, _ in found.headers} == {b"host", b"authorization"}


@pytest.mark.parametrize(
    ("method", "form"),
    [
        ("PATCH", b"content=x"),
        ("HEAD", b""),
        ("put", b"content=x"),
        ("", b"content=x"),
        ("PUT&statementId=x", b"content=x"),
        ("PUT&method=PUT", b"content=x"),
        ("PUT", b""),
        ("PUT", b"statementId=x"),
        ("POST", b"statementId=x"),
        ("GET", b"content=x"),
        ("DELETE", b"content=x"),
        ("PUT", b"content=x&content=y"),
        ("PUT", b"a=1&a=1&content=x"),
        ("PUT", b"If-Match=a&if-match=b&content=x"),
        ("PUT", b"If-Match=a%0D%0AX:y&content=x"),
        ("PUT", b"If-Match=%00&content=x"),
        ("PUT", b'{"statementId":"x","content":"y"}'),
        ("PUT", b"content=%4"),
        ("PUT", b"content=%zz"),
        ("PUT", b"content=x&"),
        ("GET", b"a=" + b"x" * 70_000),
        ("GET", b"&".join([b"a%d=" % number for number in range(FIELDS_MAX + 1)])),
    ],
)
def test_what_is_no_such_form_is_refused(method: str, form: bytes) -> None:
    with pytest.raises(Problem) as refused:
        meant(method, form)
    assert (refused.value.status, refused.value.reason) == (400, "alternate")


def test_another_body_than_a_form_is_refused() -> None:
    for kind in ([], [(b"content-type", b"application/json")]):
        with pytest.raises(Problem, match=FORM):
            meant("PUT", b"content=x", kind)


@given(st.sampled_from(["GET", "PUT", "POST", "DELETE"]), st.binary(max_size=100))
def test_whatever_the_form_it_is_translated_or_refused(method: str, form: bytes) -> None:
    try:
        found = meant(method, form)
    except Problem as problem:
        assert problem.status == 400  # noqa: PT017  # one of two ways to pass
    else:
        assert found.method == method


# ── over HTTP ────────────────────────────────────────────────────────────────────────────────────────


async def test_statements_are_put_posted_and_got_by_forms() -> None:
    async with World().client("boss") as client:
        put = await post(client, STATEMENTS, "PUT", {"statementId": ID, "content": json.dumps(simple())})
        assert (put.status_code, put.content) == (204, b"")
        posted = await post(client, STATEMENTS, "POST", {"content": json.dumps([simple()])})
        assert len(posted.json()) == 1
        got = await post(client, STATEMENTS, "GET", {"statementId": ID})
        assert (got.status_code, got.json()["id"]) == (200, ID)
        page = await post(client, STATEMENTS, "GET", {"limit": 1})
        assert len(page.json()["statements"]) == 1
        assert "X-Experience-API-Consistent-Through" in page.headers
        assert len((await post(client, STATEMENTS, "GET", b"")).json()["statements"]) == 2


async def test_a_document_is_kept_by_forms_byte_for_byte() -> None:
    async with World().client("boss") as client:
        form = "&".join(f"{name}={quote_plus(value)}" for name, value in ABOUT.items())
        binary = form + "&Content-Type=image%2Fpng&content=" + "".join(f"%{byte:02x}" for byte in range(256))
        assert (await post(client, STATE, "PUT", binary.encode())).status_code == 204
        got = await client.get(STATE, params=ABOUT)
        assert (got.content, got.headers["Content-Type"]) == (bytes(range(256)), "image/png")
        stale = {**ABOUT, "If-Match": '"x"'}
        assert (await post(client, STATE, "DELETE", stale)).status_code == 412
        assert (await post(client, STATE, "DELETE", ABOUT)).status_code == 204
        assert (await client.get(STATE, params=ABOUT)).status_code == 404


async def test_the_form_may_have_credential_and_version() -> None:
    world = World()
    async with world.client(None) as client:
        del client.headers["X-Experience-API-Version"]
        form = {
            "X-Experience-API-Version": "1.0.2",
            **basic("boss"),
            "statementId": ID,
            "content": json.dumps(simple()),
        }
        put = await post(client, STATEMENTS, "PUT", form)
        assert (put.status_code, put.headers["X-Experience-API-Version"]) == (204, "1.0.3")
        del form["X-Experience-API-Version"]
        assert (await post(client, STATEMENTS, "PUT", form)).status_code == 400
        assert (await post(client, STATEMENTS, "GET", VERSION)).status_code == 401


@pytest.mark.parametrize("said", ["0.8", "1.1.0", "3.0"])
async def test_a_version_in_the_form_is_heeded(said: str) -> None:
    async with World().client("boss") as client:
        form = {"X-Experience-API-Version": said, "statementId": ID, "content": json.dumps(simple())}
        assert (await post(client, STATEMENTS, "PUT", form)).status_code == 400
        assert (await client.get(STATEMENTS)).json()["statements"] == []


async def test_a_parameter_beside_method_is_extra_and_refused() -> None:
    async with World().client("boss") as client:
        for query in ({"method": "PUT", "statementId": ID}, {"statementId": ID, "method": "PUT"}):
            form = urlencode({"statementId": ID, "content": json.dumps(simple())})
            answer = await client.post(STATEMENTS, params=query, content=form, headers={"Content-Type": FORM})
            assert answer.status_code == 400
        assert (await client.put(STATEMENTS, params={"method": "POST"}, json=simple())).status_code == 400


async def test_2_0_knows_no_such_syntax() -> None:
    form = {"statementId": ID, "content": json.dumps(simple())}
    async with World().client("boss", **{"X-Experience-API-Version": "2.0.0"}) as client:
        for method in ("GET", "PUT", "POST"):
            answer = await post(client, STATEMENTS, method, form if method != "GET" else {"limit": 1})
            assert (answer.status_code, answer.headers["X-Experience-API-Version"]) == (400, "2.0.0")
        assert (await client.get(STATEMENTS)).json()["statements"] == []
    async with World().client("boss") as client:
        answer = await post(client, STATEMENTS, "PUT", form | {"X-Experience-API-Version": "2.0"})
        assert (answer.status_code, answer.headers["X-Experience-API-Version"]) == (400, "2.0.0")


async def test_a_form_is_bounded_like_every_body() -> None:
    async with World(body_bytes_max=1_024).client("boss") as client:
        answer = await post(client, STATEMENTS, "POST", {"content": "x" * 2_000})
        assert answer.status_code == 413


async def test_a_large_form_is_read_whole() -> None:
    async with World(body_bytes_max=3_000_000).client("boss") as client:
        form = {**ABOUT, "Content-Type": "text/plain", "content": "%" * 600_000}
        assert (await post(client, STATE, "PUT", form)).status_code == 204
        assert (await client.get(STATE, params=ABOUT)).content == b"%" * 600_000


async def test_elsewhere_a_method_is_nothing_special() -> None:
    async with World().client("boss") as client:
        assert (await client.post("/healthz", params={"method": "GET"})).status_code == 405
        assert (await client.get("/healthz", params={"method": "GET"})).status_code == 200
