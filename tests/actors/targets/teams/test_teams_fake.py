"""The fake Graph and Entra keep the documented promises, errors and limits."""

import json
from urllib.parse import quote

import msgspec
import pytest
from teams_stage import CHANNEL, DIRECTORY, NOW_S, PLACE, TEAM, USER, Talk, code, fields, post

from actors.domain.flow import Request
from actors.targets.teams.fake import FakeTeams

MESSAGES = f"teams/{TEAM}/channels/{CHANNEL}/messages"
ACTIVITY = {
    "topic": {"source": "text", "value": "t", "webUrl": "https://teams.microsoft.com/l/entity/a/home"},
    "activityType": "systemDefault",
    "previewText": {"content": "p"},
    "templateParameters": [{"name": "systemDefaultText", "value": "v"}],
    "chainId": 17,
}


def app_token(talk: Talk) -> str:
    answer = talk.sign_in(
        grant_type="client_credentials",
        client_id="sandbox",
        client_secret="sandbox",
        scope="https://graph.microsoft.com/.default",
    )
    assert answer.status == 200
    return str(fields(answer)["access_token"])


# ── messages ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_message_is_answered_as_documented() -> None:
    talk = Talk()
    answer = talk.call("POST", MESSAGES, **post(mark="m-1"))
    assert answer.status == 201
    message = fields(answer)
    assert message["id"] == message["etag"] == str(int(NOW_S * 1000))
    assert message["channelIdentity"] == {"teamId": TEAM, "channelId": CHANNEL}
    (attachment,) = message["attachments"]  # type: ignore[misc]
    assert attachment["id"] == "m-1"
    assert "\n" in attachment["content"], "the card's JSON is written anew"
    assert json.loads(attachment["content"])["type"] == "AdaptiveCard"
    (effect,) = talk.fake.journal
    assert (effect.vendor, effect.destination, effect.delivery_id) == ("teams", PLACE, "m1")


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"body": {}}, 400, "BadRequest"),
        ({"body": {"contentType": "markdown", "content": "x"}}, 400, "BadRequest"),
        ({"body": {"contentType": "html", "content": "no attachment here"}}, 400, "BadRequest"),
        ({"attachments": "none"}, 400, "BadRequest"),
        ({"attachments": [{"id": ""}]}, 400, "BadRequest"),
        ({"attachments": [*post()["attachments"], *post()["attachments"]]}, 400, "BadRequest"),  # type: ignore[misc]
        (
            {"attachments": [{"id": "m-1", "contentType": "application/vnd.microsoft.card.adaptive", "content": "{}"}]},
            400,
            "BadRequest",
        ),
        ({"summary": "x" * 14_400}, 413, "RequestEntityTooLarge"),
    ],
)
def test_a_bad_message_is_refused(change: dict[str, object], status: int, told: str) -> None:
    talk = Talk()
    answer = talk.call("POST", MESSAGES, **(post() | change))
    assert (answer.status, code(answer)) == (status, told)
    assert talk.fake.journal == []


@pytest.mark.parametrize(("filler", "fits"), [("é", 13_900), ("😀", 6_950)])
def test_size_is_counted_as_utf_16(filler: str, fits: int) -> None:
    talk = Talk()
    body = {"body": {"content": filler * fits}}
    assert talk.call("POST", MESSAGES, **body).status == 201
    talk.now_s += 2.0
    larger = {"body": {"content": filler * (fits + 600)}}
    assert talk.call("POST", MESSAGES, **larger).status == 413


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"teams/40400000-0000-4000-8000-00000000c0de/channels/{CHANNEL}/messages", 404),
        (f"teams/{TEAM}/channels/19:404@thread.tacv2/messages", 404),
        (f"teams/general/channels/{CHANNEL}/messages", 400),
        (f"teams/{TEAM}/channels/general/messages", 400),
        (f"teams/{TEAM}/channels/{quote(CHANNEL, safe='')}/messages", 201),
        ("chats", 404),
    ],
)
def test_channels_exist_or_not(path: str, status: int) -> None:
    assert Talk().call("POST", path, **post()).status == status


def test_an_app_cannot_post_and_nobody_without_a_token() -> None:
    talk = Talk()
    assert code(talk.call("POST", MESSAGES, app_token(talk), **post())) == "Forbidden"
    refused = talk.call("POST", MESSAGES, "wrong", **post())
    assert (refused.status, code(refused)) == (401, "InvalidAuthenticationToken")
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert talk.fake.journal == []


def test_lists_run_backwards_in_pages_and_lag_behind() -> None:
    talk = Talk()
    talk.fake.limited = False
    for number in range(45):
        talk.now_s += 0.01
        talk.call("POST", MESSAGES, **post(f"{number}"))
    assert fields(talk.call("GET", MESSAGES))["value"] == [], "eventual consistency"
    talk.now_s += 1.0
    seen: list[int] = []
    path = f"{MESSAGES}?$top=20"
    for expected in (20, 20, 5):
        page = fields(talk.call("GET", path))
        rows = page["value"]
        assert isinstance(rows, list)
        assert len(rows) == expected
        seen += [int(row["id"]) for row in rows]
        path = str(page.get("@odata.nextLink", "")).removeprefix("https://graph.microsoft.com/v1.0/")
    assert path == ""
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 45


def test_a_delta_goes_on_where_it_ended() -> None:
    talk = Talk()
    talk.call("POST", MESSAGES, **post("first"))
    talk.now_s += 5.0
    first = fields(talk.call("GET", f"{MESSAGES}/delta?$filter=lastModifiedDateTime%20gt%202026-01-01T00:00:00.000Z"))
    assert len(first["value"]) == 1  # type: ignore[arg-type]
    talk.call("POST", MESSAGES, **post("second"))
    talk.now_s += 5.0
    link = str(first["@odata.deltaLink"]).removeprefix("https://graph.microsoft.com/v1.0/")
    second = fields(talk.call("GET", link))
    (message,) = second["value"]  # type: ignore[misc]
    assert "second" in message["attachments"][0]["content"]


@pytest.mark.parametrize(
    "query", ["$top=51", "$top=0", "$top=x", "$filter=id%20eq%201", "$skiptoken=%%%", "$skiptoken=AAAA"]
)
def test_bad_questions_are_refused(query: str) -> None:
    assert code(Talk().call("GET", f"{MESSAGES}?{query}")) == "BadRequest"
    assert code(Talk().call("GET", f"{MESSAGES}/delta?{query}")) == "BadRequest"


# ── notifications, people ────────────────────────────────────────────────────────────────────────────


def test_the_same_chain_is_one_effect() -> None:
    talk = Talk()
    path, token = f"users/{USER}/teamwork/sendActivityNotification", app_token(talk)
    answers = []
    for chain in (17, 17, 18):
        talk.now_s += 1.0
        answers.append(talk.call("POST", path, token, **(ACTIVITY | {"chainId": chain})))
    talk.now_s += 1.0
    other = talk.call("POST", "users/ada@example.edu/teamwork/sendActivityNotification", token, **ACTIVITY)
    assert [(answer.status, answer.body) for answer in [*answers, other]] == [(204, b"")] * 4
    assert [(effect.destination == USER, effect.id) for effect in talk.fake.journal] == [
        (True, "17"),
        (True, "18"),
        (False, "17"),
    ]
    assert [effect.id for effect in talk.fake.replaced] == ["17"]


def test_another_delivery_of_the_same_chain_is_an_effect_in_the_same_place() -> None:
    talk = Talk()
    token = app_token(talk)
    for delivery_id in ("first", "second", "first"):
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "x-delivery-id": delivery_id}
        url = f"/graph/v1.0/users/{USER}/teamwork/sendActivityNotification"
        body = msgspec.json.encode(ACTIVITY)
        talk.now_s += 1.0
        request = Request(method="POST", url=url, operation="", headers=headers, body=body)
        assert talk.fake.handle(request, talk.now_s).response.status == 204
    assert [(effect.id, effect.delivery_id) for effect in talk.fake.journal] == [("17", "first"), ("17", "second")]
    assert [effect.delivery_id for effect in talk.fake.replaced] == ["first"]


@pytest.mark.parametrize(
    "change",
    [
        {"topic": {"source": "text", "value": "t", "webUrl": "https://moodle.example.edu/"}},
        {"topic": {"source": "text", "webUrl": "https://teams.microsoft.com/l/x"}},
        {"activityType": ""},
        {"previewText": "p"},
        {"templateParameters": []},
        {"chainId": 2**63},
        {"chainId": "17"},
    ],
)
def test_a_bad_notification_is_refused(change: dict[str, object]) -> None:
    talk = Talk()
    answer = talk.call(
        "POST", f"users/{USER}/teamwork/sendActivityNotification", app_token(talk), **(ACTIVITY | change)
    )
    assert (answer.status, code(answer)) == (400, "BadRequest")
    assert talk.fake.journal == []


def test_people_are_stable_and_nobody_is_nobody() -> None:
    ada = fields(Talk().call("GET", "users/Ada@Example.edu"))
    assert ada == fields(Talk().call("GET", "users/ada@example.edu"))
    assert ada["mail"] == "ada@example.edu"
    assert fields(Talk().call("GET", "users/ada@example.edu?$select=id")) == {"id": ada["id"]}
    for stranger in ("nobody@example.edu", "ada@elsewhere.example", "ada"):
        assert code(Talk().call("GET", f"users/{stranger}")) == "Request_ResourceNotFound"
    nobody = Talk().call("POST", "users/nobody@example.edu/teamwork/sendActivityNotification", **ACTIVITY)
    assert nobody.status == 404


def test_me_is_for_persons() -> None:
    talk = Talk()
    assert fields(talk.call("GET", "me"))["userPrincipalName"] == "poster@example.edu"
    assert talk.call("GET", "me", app_token(talk)).status == 400


# ── limits and headers ───────────────────────────────────────────────────────────────────────────────


def test_a_channel_takes_four_requests_a_second_and_asking_early_starts_the_wait_anew() -> None:
    talk = Talk()
    assert [talk.call("POST", MESSAGES, **post()).status for _ in range(5)] == [201] * 4 + [429]
    throttled = talk.call("POST", MESSAGES, **post())
    assert (throttled.headers["retry-after"], code(throttled)) == ("1", "TooManyRequests")
    elsewhere = MESSAGES.replace(TEAM, TEAM.replace("5f0e", "5f0f"))
    assert talk.call("POST", elsewhere, **post()).status == 201
    talk.now_s += 0.7
    assert talk.call("POST", MESSAGES, **post()).status == 429
    talk.now_s += 0.7
    assert talk.call("POST", MESSAGES, **post()).status == 429, "the wait began anew"
    talk.now_s += 1.0
    assert talk.call("POST", MESSAGES, **post()).status == 201
    talk.fake.limited = False
    assert {talk.call("POST", MESSAGES, **post()).status for _ in range(20)} == {201}


def test_the_channels_of_a_team_share_its_four_requests_and_one_that_waits_is_not_held_up_by_another() -> None:
    talk = Talk()
    channels = [f"teams/{TEAM}/channels/19:c{n}@thread.tacv2/messages" for n in range(6)]
    assert [talk.call("POST", channel, **post()).status for channel in channels] == [201] * 4 + [429] * 2
    talk.now_s += 0.5
    assert talk.call("GET", channels[0]).status == 429, "reading counts as well"
    talk.now_s += 0.5
    assert talk.call("POST", channels[4], **post()).status == 201, "it came in time: only it could have come early"


def test_the_app_sends_five_notifications_a_second() -> None:
    talk = Talk()
    token = app_token(talk)
    statuses = [
        talk.call("POST", f"users/{n:08x}{USER[8:]}/teamwork/sendActivityNotification", token, **ACTIVITY).status
        for n in range(6)
    ]
    assert statuses == [204] * 5 + [429]


def test_request_ids_are_given_and_echoed() -> None:
    headers = {"authorization": "Bearer sandbox-user", "client-request-id": "mine"}
    fake = FakeTeams()
    request = Request(method="GET", url="/graph/v1.0/me", operation="", headers=headers)
    answers = [fake.handle(request, NOW_S).response for _ in range(2)]
    assert {answer.headers["client-request-id"] for answer in answers} == {"mine"}
    assert len({answer.headers["request-id"] for answer in answers}) == 2
    assert answers[0].headers["date"] == "Mon, 21 Sep 2026 14:13:20 GMT"


# ── Entra ────────────────────────────────────────────────────────────────────────────────────────────


def test_app_tokens_end() -> None:
    talk = Talk()
    token = app_token(talk)
    assert talk.call("GET", "users/ada@example.edu", token).status == 200
    talk.now_s += 3600
    assert talk.call("GET", "users/ada@example.edu", token).status == 401


GOOD = {
    "grant_type": "client_credentials",
    "client_id": "sandbox",
    "client_secret": "sandbox",
    "scope": "https://graph.microsoft.com/.default",
}


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": "", "client_assertion": "x"}, 401, "invalid_client"),
        ({"client_id": "other"}, 400, "unauthorized_client"),
        ({"scope": "User.Read"}, 400, "invalid_scope"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"claims": "no json"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "gone"}, 400, "invalid_grant"),
    ],
)
def test_bad_sign_ins_get_the_documented_body(change: dict[str, str], status: int, error: str) -> None:
    answer = Talk().sign_in(**(GOOD | change))
    body = fields(answer)
    assert (answer.status, body["error"]) == (status, error)
    number = body["error_codes"][0]  # type: ignore[index]
    assert str(body["error_description"]).startswith(f"AADSTS{number}: ")
    assert body.keys() >= {"timestamp", "trace_id", "correlation_id"}


def test_common_has_no_client_credentials() -> None:
    assert fields(Talk().sign_in("common", **GOOD))["error"] == "invalid_request"


@pytest.mark.parametrize("assertion", ["x", "a.b.c", "e30.e30.x", "e30.e30.", "..", "W10.W10.x"])
def test_an_assertion_is_looked_at(assertion: str) -> None:
    form = {name: value for name, value in GOOD.items() if name != "client_secret"}
    form |= {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    assert fields(Talk().sign_in(**form))["error"] == "invalid_client"


def test_refresh_tokens_stay_good() -> None:
    talk = Talk()
    form = {"grant_type": "refresh_token", "client_id": "sandbox", "refresh_token": "sandbox-refresh"}
    first, second = fields(talk.sign_in(**form)), fields(talk.sign_in(**form))
    assert first["refresh_token"] != second["refresh_token"]
    assert talk.call("GET", "me", str(second["access_token"])).status == 200
    again = talk.sign_in(**(form | {"refresh_token": str(first["refresh_token"])}))
    assert again.status == 200


def test_metadata_names_the_token_endpoint() -> None:
    url = f"/entra/{DIRECTORY}/v2.0/.well-known/openid-configuration"
    request = Request(method="GET", url=url, operation="", headers={"host": "login.test:444"})
    answer = FakeTeams().handle(request, NOW_S).response
    told = msgspec.json.decode(answer.body)
    assert told["token_endpoint"] == f"https://login.test:444/entra/{DIRECTORY}/oauth2/v2.0/token"
    assert answer.headers["date"]
