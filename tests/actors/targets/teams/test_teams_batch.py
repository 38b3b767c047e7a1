"""Bundles: what is packed, and that each request gets exactly its own outcome back, whatever came of the whole."""

import base64
import json
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from teams_stage import TEAM, USER, Talk, build, parcel

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from actors.domain.verdicts import Doubtful, Throttled, Unavailable
from actors.targets.teams.batch import INNER_BYTES_MAX, SIZE_MAX, GraphBundler
from actors.targets.teams.wire import Purpose, Stale, understand

GRAPH = "http://s/graph/v1.0/"
BUNDLER = GraphBundler(GRAPH)


def posts(count: int) -> list[Request]:
    """First requests of as many deliveries, each to a channel of its own."""
    target = build()
    return [
        next(target.deliver(parcel(f"{TEAM}/19:c{number}@thread.tacv2", f"{number:032x}"))) for number in range(count)
    ]


def answered(*responses: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = msgspec.json.encode({"responses": list(responses)})
    return Response(status=status, headers=headers or {}, body=body)


# ── packing ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_bundle_is_what_graph_documents() -> None:
    requests = posts(SIZE_MAX)
    packed = BUNDLER.pack(requests)
    assert (packed.method, packed.url, packed.operation) == ("POST", f"{GRAPH}$batch", "$batch")
    assert packed.headers["authorization"] == "Bearer sandbox-user"
    assert "sandbox-user" not in repr(packed)
    assert "sandbox-user" not in packed.body.decode()
    inner = json.loads(packed.body)["requests"]
    assert len({each["id"].casefold() for each in inner}) == SIZE_MAX
    for each, alone in zip(inner, requests, strict=True):
        assert GRAPH.rstrip("/") + each["url"] == alone.url
        assert each["method"] == "POST"
        assert each["body"] == json.loads(alone.body)
        assert each["headers"]["Content-Type"] == "application/json"
        assert "dependsOn" not in each
        lowered = {name.lower(): value for name, value in each["headers"].items()}
        assert "authorization" not in lowered
        for name in ("x-correlation-id", "client-request-id", "x-delivery-id"):
            assert lowered[name] == alone.headers[name]


def test_every_bundle_has_a_request_id_of_its_own() -> None:
    requests = posts(4)
    ids = {BUNDLER.pack(some).headers["client-request-id"] for some in (requests, requests[:2], requests[2:])}
    assert len(ids) == 3
    assert BUNDLER.pack(requests) == BUNDLER.pack(requests), "packing is pure"


def test_what_is_no_bundle_is_not_packed() -> None:
    requests = posts(21)
    for wrong in (requests, requests[:1], []):
        with pytest.raises(ValueError, match="2 to 20"):
            BUNDLER.pack(wrong)
    other = msgspec.structs.replace(requests[1], headers={**requests[1].headers, "authorization": "Bearer other"})
    with pytest.raises(ValueError, match="one authorization"):
        BUNDLER.pack([requests[0], other])


def test_posts_notifications_and_lookups_fit() -> None:
    talk, target = Talk(), build()
    talk.run(target.deliver(parcel()))
    talk.run(target.deliver(parcel(USER)))
    talk.run(target.find("ada@example.org"))
    talk.run(target.confirm(parcel()))
    talk.run(target.hello())
    fitting = {request.operation for request in talk.requests if BUNDLER.fits(request)}
    assert fitting == {"channelMessages.post", "sendActivityNotification", "users.get", "users.list"}
    assert {request.operation for request in talk.requests} - fitting == {"token", "channelMessages.delta", "me.get"}


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://elsewhere/graph/v1.0/users/x"},
        {"headers": {"content-type": "application/json"}},
        {"headers": {"authorization": "Bearer x", "content-type": "text/plain"}},
        {"body": b"{" + b" " * INNER_BYTES_MAX + b"}"},
        {"operation": "channelMessages.delta"},
        {"operation": "$batch"},
    ],
)
def test_what_would_risk_the_others_travels_alone(change: dict[str, object]) -> None:
    [request] = posts(1)
    assert BUNDLER.fits(request)
    assert not BUNDLER.fits(msgspec.structs.replace(request, **change))


def test_an_operator_may_do_without() -> None:
    assert build().bundler is not None
    assert build(batch=False).bundler is None


# ── unpacking ────────────────────────────────────────────────────────────────────────────────────────

HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Content-Type", "WWW-Authenticate", "X-Any"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
)
ANSWERS = st.builds(
    Response,
    status=st.integers(100, 599),
    headers=HEADERS,
    body=st.fixed_dictionaries(
        {"id": st.text(max_size=5)},
        optional={"error": st.dictionaries(st.sampled_from(["code", "message"]), st.text(max_size=12))},
    ).map(lambda fields: json.dumps(fields).encode())
    | st.just(b""),
)
FATES = st.lists(ANSWERS | st.none(), min_size=2, max_size=SIZE_MAX)


def shown(number: int, response: Response) -> dict[str, object]:
    inner: dict[str, object] = {"id": str(number), "status": response.status, "headers": dict(response.headers)}
    return inner | ({"body": json.loads(response.body)} if response.body else {})


@given(fates=FATES, outer=st.sampled_from([200, 207, 424, 429, 400, 503]), data=st.data())
def test_each_request_gets_its_own_answer_in_whatever_order_they_come(
    fates: list[Response | None], outer: int, data: st.DataObject
) -> None:
    given = [shown(number, fate) for number, fate in enumerate(fates, 1) if fate is not None]
    strangers = [{"id": "99", "status": 200}, {"status": 200}, {"id": "1"}, "text", None]
    mixed = data.draw(st.permutations(given + data.draw(st.lists(st.sampled_from(strangers), max_size=2))))
    outcomes = BUNDLER.unpack(posts(len(fates)), answered(*mixed, status=outer))
    assert outcomes is not None
    for fate, outcome in zip(fates, outcomes, strict=True):
        if fate is None:
            assert isinstance(outcome, Lost)
            continue
        assert isinstance(outcome, Response)
        assert outcome.status == fate.status
        assert outcome.headers == {name.lower(): value for name, value in fate.headers.items()}
        assert (json.loads(outcome.body) if outcome.body else None) == (json.loads(fate.body) if fate.body else None)


@given(fate=ANSWERS, purpose=st.sampled_from(Purpose))
def test_an_answer_means_what_it_would_have_meant_alone(fate: Response, purpose: Purpose) -> None:
    lowered = msgspec.structs.replace(fate, headers={name.lower(): value for name, value in fate.headers.items()})
    inner = [shown(1, fate), {"id": "2", "status": 204}]
    outcomes = BUNDLER.unpack(posts(2), answered(*inner))
    assert outcomes is not None
    assert understand(outcomes[0], purpose) == understand(lowered, purpose)


def test_two_answers_to_one_request_prove_nothing() -> None:
    outcomes = BUNDLER.unpack(posts(2), answered(*({"id": "1", "status": status} for status in (201, 404, 201))))
    assert outcomes is not None
    assert [type(outcome) for outcome in outcomes] == [Lost, Lost]


def test_a_page_among_the_answers_is_no_answer_of_graphs() -> None:
    page = base64.b64encode(b"<html>").decode()
    told = answered({"id": 1, "status": 404, "headers": {"Content-Type": "text/html"}, "body": page})
    outcomes = BUNDLER.unpack(posts(2), told)
    assert outcomes is not None
    assert isinstance(understand(outcomes[0], Purpose.CHANNEL), Unavailable)
    for strange in (7, None, [1], "text", "\ud800"):
        body = json.dumps({"responses": [{"id": "1", "status": 201, "headers": None, "body": strange}]}).encode()
        outcomes = BUNDLER.unpack(posts(2), Response(status=200, body=body))
        assert outcomes is not None
        assert isinstance(understand(outcomes[0], Purpose.CHANNEL), Doubtful)


@pytest.mark.parametrize("status", [0, -1, 99, 600, 10**30])
def test_a_status_that_is_none_is_doubtful(status: int) -> None:
    outcomes = BUNDLER.unpack(posts(2), answered({"id": "1", "status": status}))
    assert outcomes is not None
    assert isinstance(outcomes[0], Lost)


def test_the_ids_of_the_call_are_told_where_the_answer_has_none() -> None:
    headers = {"request-id": "outer", "client-request-id": "ours", "date": "now", "x-other": "x"}
    inner = [{"id": "1", "status": 204, "headers": {"Request-Id": "inner"}}, {"id": "2", "status": 204}]
    outcomes = BUNDLER.unpack(posts(2), answered(*inner, headers=headers))
    assert outcomes == [
        Response(status=204, headers={"request-id": "inner", "client-request-id": "ours", "date": "now"}),
        Response(status=204, headers={"request-id": "outer", "client-request-id": "ours", "date": "now"}),
    ]


# ── what comes of the whole ──────────────────────────────────────────────────────────────────────────

ERROR = b'{"error":{"code":"generalException"}}'


def whole(outcome: Outcome) -> Outcome:
    """What every one of the requests is told."""
    outcomes = BUNDLER.unpack(posts(3), outcome)
    assert outcomes is not None
    first, *others = outcomes
    assert others == [first, first]
    return first


def test_what_befell_the_call_befell_each_of_them() -> None:
    assert whole(NotSent("refused")) == NotSent("refused")
    assert whole(Lost("reset")) == Lost("reset")


@pytest.mark.parametrize("status", [500, 502, 504, 507])
@pytest.mark.parametrize("body", [b"", b"<html>", ERROR, b'{"responses":[{"id":"1","status":201}]}'])
def test_after_a_failure_of_the_whole_all_are_in_doubt(status: int, body: bytes) -> None:
    assert isinstance(understand(whole(Response(status=status, body=body)), Purpose.CHANNEL), Doubtful)
    assert isinstance(understand(whole(Response(status=408, body=ERROR)), Purpose.CHANNEL), Doubtful)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b'{"responses":{}}', b'{"responses":[{"id":"1","status":201}', b"[" * 5000, b"\xff"]
)
@pytest.mark.parametrize("status", [200, 207, 424])
def test_an_answer_that_cannot_be_read_leaves_all_in_doubt(status: int, body: bytes) -> None:
    assert isinstance(whole(Response(status=status, body=body)), Lost)


def test_while_graph_is_down_or_busy_nothing_was_done_and_its_time_is_kept() -> None:
    down = understand(whole(Response(status=503, headers={"retry-after": "9"}, body=b"<html>")), Purpose.CHANNEL)
    assert isinstance(down, Unavailable)
    assert down.retry_after == "9"
    busy = understand(whole(Response(status=429, headers={"retry-after": "9"}, body=ERROR)), Purpose.CHANNEL)
    assert isinstance(busy, Throttled)
    assert (busy.retry_after, busy.whole_lane) == ("9", True), "what limits bundles limits the app"


def test_a_token_that_is_not_taken_is_told_to_each_with_its_claims() -> None:
    claims = base64.b64encode(b'{"access_token":{"nbf":{"essential":true}}}').decode()
    headers = {"www-authenticate": f'Bearer error="insufficient_claims", claims="{claims}"'}
    stale = understand(whole(Response(status=401, headers=headers, body=ERROR)), Purpose.CHANNEL)
    assert isinstance(stale, Stale)
    assert "nbf" in stale.claims


def test_what_leads_elsewhere_is_unavailable() -> None:
    moved = Response(status=302, headers={"location": "https://login.example/"})
    assert isinstance(understand(whole(moved), Purpose.CHANNEL), Unavailable)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 411, 413, 414, 415, 422, 431, 501])
@pytest.mark.parametrize("body", [b"", b"<html>", ERROR])
def test_where_bundles_are_not_taken_nothing_was_done(status: int, body: bytes) -> None:
    assert BUNDLER.unpack(posts(2), Response(status=status, body=body)) is None
