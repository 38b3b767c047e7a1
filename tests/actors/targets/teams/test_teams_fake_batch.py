"""The fake's ``$batch``: as Graph documents it, with everything that can go wrong inside."""

import base64

import msgspec
import pytest
from teams_stage import NOW_S, TEAM, Talk, code, fields, post

from actors.domain.flow import Request
from actors.ports import Answer

ONE = {"id": "1", "method": "GET", "url": "/users/ada@example.edu?$select=id"}


def path(channel: int, team: str = TEAM) -> str:
    return f"/teams/{team}/channels/19:c{channel}@thread.tacv2/messages"


def team(number: int) -> str:
    return f"5f0e1c5a-0000-4000-8000-{number:012x}"


SECOND = f"{team(2)}/19:c2@thread.tacv2"


def writing(number: int, **more: object) -> dict[str, object]:
    """A post to a channel of a team of its own."""
    headers = {"Content-Type": "application/json", "x-delivery-id": f"d{number}"}
    plain = {"id": str(number), "method": "POST", "url": path(number, team(number)), "headers": headers, "body": post()}
    return plain | more


def bundle(talk: Talk, *requests: object, token: str = "sandbox-user", **more: str) -> Answer:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", **more}
    body = msgspec.json.encode({"requests": requests})
    request = Request(method="POST", url="/graph/v1.0/$batch", operation="", headers=headers, body=body)
    return talk.fake.handle(request, talk.now_s)


def inner(answer: Answer) -> dict[str, dict[str, object]]:
    """The answers, by id."""
    told = fields(answer.response)["responses"]
    assert isinstance(told, list)
    return {each["id"]: each for each in told}


def statuses(answer: Answer) -> dict[str, object]:
    return {name: each["status"] for name, each in inner(answer).items()}


def delivered(talk: Talk) -> list[str]:
    return sorted(effect.delivery_id for effect in talk.fake.journal)


def test_each_request_is_done_and_answers_come_in_any_order() -> None:
    talk = Talk()
    answer = bundle(talk, *(writing(number) for number in range(1, 20)), ONE | {"id": "me"})
    assert answer.response.status == 200
    assert statuses(answer) == {str(number): 201 for number in range(1, 20)} | {"me": 200}
    assert [*inner(answer)] != [str(number) for number in range(1, 20)] + ["me"]
    assert delivered(talk) == sorted(f"d{number}" for number in range(1, 20))
    told = inner(answer)["7"]
    assert told["headers"] == {"Content-Type": "application/json"}
    assert isinstance(told["body"], dict)
    assert "request-id" in answer.response.headers


def test_no_content_has_no_body() -> None:
    talk = Talk()
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
    signed = fields(talk.sign_in(scope="https://graph.microsoft.com/.default", **form))
    activity = {
        "topic": {"source": "text", "value": "t", "webUrl": "https://teams.microsoft.com/l/entity/a/home"},
        "activityType": "own",
        "previewText": {"content": "p"},
    }
    request = writing(1, url="/users/ada@example.edu/teamwork/sendActivityNotification", body=activity)
    told = inner(bundle(talk, request, token=str(signed["access_token"])))
    assert told == {"1": {"id": "1", "status": 204, "headers": {}}}


@pytest.mark.parametrize(
    "requests",
    [
        [],
        ["text"],
        [{"id": "1", "method": "GET"}],
        [{"id": "", "method": "GET", "url": "/me"}],
        [{"id": 1, "method": "GET", "url": "/me"}],
        [{"id": "1", "method": "LOOK", "url": "/me"}],
        [{"id": "1", "method": "GET", "url": "https://graph.microsoft.com/v1.0/me"}],
        [ONE, ONE],
        [ONE | {"id": "a"}, ONE | {"id": "A"}],
        [ONE | {"id": str(number)} for number in range(21)],
        [ONE | {"dependsOn": ["2"]}, ONE | {"id": "2"}],
        [ONE | {"dependsOn": "1"}],
        [ONE | {"headers": []}],
    ],
)
def test_what_is_no_bundle_is_refused_as_a_whole(requests: list[object]) -> None:
    talk = Talk()
    answer = bundle(talk, *requests)
    assert (answer.response.status, code(answer.response)) == (400, "BadRequest")
    assert talk.fake.journal == []


def test_a_bundle_needs_a_token_and_json() -> None:
    talk = Talk()
    assert bundle(talk, ONE, token="wrong").response.status == 401
    assert bundle(talk, ONE, **{"content-type": "text/plain"}).response.status == 415


def test_what_is_wrong_with_one_is_its_own_affair() -> None:
    talk = Talk()
    bodies = {
        "bare": writing(1, id="bare", headers={}),
        "base64": writing(2, id="base64", headers={"Content-Type": "text/plain"}, body="%%"),
        "text": writing(3, id="text", headers={"Content-Type": "text/plain"}, body=base64.b64encode(b"x").decode()),
        "nested": {"id": "nested", "method": "POST", "url": "/$batch"},
        "nowhere": {"id": "nowhere", "method": "GET", "url": "teams"},
        "good": writing(4, id="good"),
    }
    told = statuses(bundle(talk, *bodies.values()))
    assert told == {"bare": 400, "base64": 400, "text": 415, "nested": 400, "nowhere": 404, "good": 201}
    assert delivered(talk) == ["d4"]


def test_the_limit_of_a_team_holds_inside() -> None:
    talk = Talk()
    answer = bundle(talk, *(writing(number, url=path(number)) for number in range(1, 7)))
    told = statuses(answer)
    assert [told[str(number)] for number in range(1, 7)] == [201] * 4 + [429] * 2
    assert inner(answer)["5"]["headers"] == {"Content-Type": "application/json", "Retry-After": "1"}
    assert talk.call("POST", path(9)[1:], **post()).status == 429, "and outside, together with it"


def test_what_depends_on_a_failure_is_not_tried() -> None:
    talk = Talk()
    bad = writing(1, body={})
    chain = [bad, writing(2, dependsOn=["1"]), writing(3, dependsOn=["2"]), writing(4), writing(5, dependsOn=["4"])]
    assert statuses(bundle(talk, *chain)) == {"1": 400, "2": 424, "3": 424, "4": 201, "5": 201}
    assert delivered(talk) == ["d4", "d5"]


# ── faults ───────────────────────────────────────────────────────────────────────────────────────────


def three(talk: Talk) -> Answer:
    return bundle(talk, *(writing(number) for number in (1, 2, 3)))


@pytest.mark.parametrize(
    ("kind", "value", "status", "headers", "done"),
    [
        ("batch_inner_throttled", "7", 429, {"Retry-After": "7"}, False),
        ("batch_inner_throttled", "", 429, {}, False),
        ("batch_failed_dependency", "", 424, {}, False),
        ("rate_limited", "9", 429, {"Retry-After": "9"}, False),
        ("error", "Forbidden", 403, {}, False),
        ("error_after_commit", "BadGateway", 502, {}, True),
        ("reset_before_commit", "", 504, {}, False),
        ("reset_after_commit", "", 504, {}, True),
    ],
)
@pytest.mark.parametrize("where", [{"operation": "channelMessages.post", "skip": 1}, {"destination": SECOND}])
def test_one_request_of_a_bundle_is_struck(
    kind: str, value: str, status: int, headers: dict[str, str], done: bool, where: dict[str, object]
) -> None:
    talk = Talk()
    talk.fault(kind, value=value, **where)
    answer = three(talk)
    assert statuses(answer) == {"1": 201, "2": status, "3": 201}
    struck = inner(answer)["2"]["headers"]
    assert struck == {"Content-Type": "application/json"} | headers
    assert delivered(talk) == (["d1", "d2", "d3"] if done else ["d1", "d3"])
    assert set(statuses(three(talk)).values()) == {201}, "it struck once"


@pytest.mark.parametrize("operation", ["channelMessages.post", "$batch", ""])
def test_an_answer_is_left_out_after_the_effect(operation: str) -> None:
    talk = Talk()
    talk.fault("batch_lost_inner", operation=operation)
    assert statuses(three(talk)) == {"2": 201, "3": 201}
    assert delivered(talk) == ["d1", "d2", "d3"]


def test_what_strikes_inside_spares_single_requests() -> None:
    talk = Talk()
    for kind in ("batch_lost_inner", "batch_inner_throttled", "batch_failed_dependency", "batch_unsupported"):
        talk.fault(kind, times=0)
    assert talk.call("POST", path(1)[1:], **post()).status == 201
    assert bundle(talk, ONE).response.status == 404
    assert talk.call("GET", "users/ada@example.edu").status == 200


@pytest.mark.parametrize(
    ("kind", "value", "status", "done"),
    [
        ("batch_unsupported", "", 404, 0),
        ("batch_outer_failed", "", 424, 3),
        ("rate_limited", "5", 429, 0),
        ("status", "503", 503, 0),
        ("status_after_commit", "504", 504, 3),
        ("error_after_commit", "GatewayTimeout", 504, 3),
        ("truncated_after_commit", "", 200, 3),
        ("claims_challenge", "", 401, 0),
        ("revoked", "", 401, 0),
    ],
)
def test_the_whole_bundle_is_struck(kind: str, value: str, status: int, done: int) -> None:
    talk = Talk()
    talk.fault(kind, value=value, operation="$batch")
    answer = three(talk)
    assert (answer.response.status, answer.reset) == (status, False)
    assert len(talk.fake.journal) == done
    assert set(statuses(three(talk)).values()) == {201}


def test_a_failed_bundle_shows_its_answers_all_the_same() -> None:
    talk = Talk()
    talk.fault("batch_outer_failed")
    talk.fault("batch_inner_throttled", value="3")
    answer = three(talk)
    assert answer.response.status == 424
    assert statuses(answer) == {"1": 429, "2": 201, "3": 201}


@pytest.mark.parametrize(("kind", "done"), [("reset_before_commit", 0), ("reset_after_commit", 3)])
def test_a_connection_breaks_with_all_of_them(kind: str, done: int) -> None:
    talk = Talk()
    talk.fault(kind, operation="$batch")
    assert three(talk).reset
    assert len(talk.fake.journal) == done


def test_a_late_bundle_lands_as_a_whole() -> None:
    talk = Talk()
    talk.fault("late_commit", operation="$batch", value="5")
    assert three(talk).reset
    assert talk.fake.journal == []
    talk.fake.settle(NOW_S + 60.0)
    assert [effect.time for effect in talk.fake.journal] == [NOW_S + 5.0] * 3


def test_the_slowest_holds_up_the_whole() -> None:
    talk = Talk()
    talk.fault("slow", operation="channelMessages.post", value="3")
    talk.fault("slow", operation="channelMessages.post", value="8")
    assert three(talk).delay_s == 8.0


def test_half_an_inner_answer_is_no_json() -> None:
    talk = Talk()
    talk.fault("truncated_after_commit", operation="channelMessages.post")
    told = inner(three(talk))["1"]
    assert told["status"] == 201
    assert base64.b64decode(str(told["body"])).startswith(b"{")
