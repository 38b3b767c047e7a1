"""The sandbox's Graph over real HTTP: installed apps, subscriptions that are validated and tell, users/delta."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest
import trio
from joserfc import jwt
from joserfc.jwk import KeySet

from actors.domain.flow import Request, Response
from actors.ports import Answer
from actors.targets.teams import CONNECTOR
from daemon.demo.stage import asking
from daemon.sandbox.serve import serve_switchboard
from daemon.sandbox.switchboard import Switchboard
from daemon.sandbox.wire import Server

DIRECTORY = "72f988bf-86f1-41af-91ab-2d7cd011db47"
TEAM = "5f0e1c5a-0000-4000-8000-00000000c0de"
CHANNEL = "19:cs101@thread.tacv2"
APP = "0e000000-0000-4000-8000-0000000000aa"
ADA = "ada@example.edu"
ACTIVITY = {
    "topic": {"source": "text", "value": "x", "webUrl": "https://teams.microsoft.com/l/x"},
    "activityType": "told",
    "previewText": {"content": "x"},
}


class Sandbox:
    """A sandbox on loopback whose wall clock the test moves."""

    def __init__(self) -> None:
        self.now_s = 1_790_000_000.0
        self.board = Switchboard({"teams": CONNECTOR}, limited=False, clock=lambda: self.now_s)
        self.url = ""
        self.token = ""

    async def sign_in(self) -> None:
        form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
        form["scope"] = "https://graph.microsoft.com/.default"
        async with asking(20, self.url) as client:
            told = await client.post(f"/entra/{DIRECTORY}/oauth2/v2.0/token", data=form)
        self.token = told.json()["access_token"]

    async def graph(self, method: str, path: str, **options: Any) -> httpx.Response:
        url = path if path.startswith("http") else f"{self.url}/graph/v1.0/{path}"
        async with asking(20) as client:
            client.headers["authorization"] = f"Bearer {self.token}"
            return await client.request(method, url, **options)

    async def desk(self, method: str, path: str, body: object = None) -> httpx.Response:
        async with asking(20, self.url) as operator:
            answer = await operator.request(method, f"/sandbox/{path}", json=body)
            assert answer.status_code == 200, answer.text
            return answer

    async def happen(self, **what: object) -> Any:
        return (await self.desk("POST", "teams", what)).json()[0]

    async def has_sent(self, count: int) -> None:
        """The answers to so many sendings have come in."""
        while len((await self.desk("GET", "sent")).text.splitlines()) < count:
            await trio.lowlevel.checkpoint()

    def in_minutes(self, minutes: float) -> str:
        return datetime.fromtimestamp(self.now_s + minutes * 60, UTC).isoformat().replace("+00:00", "Z")


class Receiver:
    """Takes what Graph posts. ``proves``: whether it answers validation tokens as it should."""

    def __init__(self) -> None:
        self.url = ""
        self.proves = True
        self.statuses: list[int] = []
        self.validated: list[str] = []
        self._taken, self._requests = trio.open_memory_channel[Request](100)

    def answer(self, request: Request) -> Answer:
        query = parse_qs(request.url.partition("?")[2])
        if "validationToken" in query:
            self.validated.append(request.url.partition("?")[0])
            body = query["validationToken"][0] if self.proves else "no"
            headers = {"content-type": "text/plain; charset=utf-8"}
            return Answer(response=Response(status=200, headers=headers, body=body.encode()))
        self._taken.send_nowait(request)
        return Answer(response=Response(status=self.statuses.pop(0) if self.statuses else 202))

    async def next(self) -> dict[str, Any]:
        """One notification."""
        body = msgspec.json.decode((await self._requests.receive()).body)
        [item] = body["value"]
        return item | {"tokens": body.get("validationTokens", [])}


@pytest.fixture
async def sandbox(nursery: trio.Nursery) -> AsyncIterator[Sandbox]:
    made = Sandbox()
    made.url = await nursery.start(serve_switchboard, made.board, "127.0.0.1", 0)
    await made.sign_in()
    yield made
    nursery.cancel_scope.cancel()


@pytest.fixture
async def receiver(nursery: trio.Nursery) -> AsyncIterator[Receiver]:
    made = Receiver()
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    made.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
    nursery.start_soon(partial(trio.serve_listeners, Server(made.answer).serve, [listener]))
    yield made
    nursery.cancel_scope.cancel()


def subscription(sandbox: Sandbox, receiver: Receiver, **more: object) -> dict[str, object]:
    asked = {
        "changeType": "updated,deleted",
        "notificationUrl": f"{receiver.url}/told?key=k",
        "lifecycleNotificationUrl": f"{receiver.url}/life",
        "resource": "users",
        "expirationDateTime": sandbox.in_minutes(60),
        "clientState": "secret",
    }
    return {name: value for name, value in (asked | more).items() if value is not None}


# ── installed apps ───────────────────────────────────────────────────────────────────────────────────


async def test_an_app_is_installed_once_found_and_taken_away(sandbox: Sandbox) -> None:
    here = f"users/{ADA}/teamwork/installedApps"
    bind = {"teamsApp@odata.bind": f"https://graph.microsoft.com/v1.0/appCatalogs/teamsApps/{APP}"}
    query = {"$expand": "teamsApp", "$filter": f"teamsApp/id eq '{APP}'"}
    assert (await sandbox.graph("GET", here, params=query)).json()["value"] == []
    assert (await sandbox.graph("POST", here, json=bind)).status_code == 201
    again = await sandbox.graph("POST", here, json=bind)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "Conflict")
    [there] = (await sandbox.graph("GET", here, params=query)).json()["value"]
    assert there["teamsApp"]["id"] == APP
    assert (await sandbox.graph("GET", here, params={"$filter": "teamsApp/id eq 'x'"})).json()["value"] == []
    assert (await sandbox.graph("GET", f"{here}/{there['id']}/chat")).json()["chatType"] == "oneOnOne"
    assert (await sandbox.graph("DELETE", f"{here}/{there['id']}")).status_code == 204
    assert (await sandbox.graph("DELETE", f"{here}/{there['id']}")).status_code == 404
    assert (await sandbox.graph("POST", here, json={})).status_code == 400
    assert (await sandbox.graph("POST", here.replace("ada", "nobody"), json=bind)).status_code == 404


async def test_where_the_app_is_required_nobody_is_told_without_it(sandbox: Sandbox) -> None:
    path = f"users/{ADA}/teamwork/sendActivityNotification"
    assert (await sandbox.graph("POST", path, json=ACTIVITY)).status_code == 204
    await sandbox.desk("PUT", "teams", {"require_install": True})
    refused = await sandbox.graph("POST", path, json=ACTIVITY)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Forbidden")
    bind = {"teamsApp@odata.bind": f"https://graph.microsoft.com/v1.0/appCatalogs/teamsApps/{APP}"}
    await sandbox.graph("POST", f"users/{ADA}/teamwork/installedApps", json=bind)
    assert (await sandbox.graph("POST", path, json=ACTIVITY)).status_code == 204
    assert await sandbox.happen(do="take_app", person=ADA) == {"ended": 1}
    assert (await sandbox.graph("POST", path, json=ACTIVITY)).status_code == 403


# ── subscriptions ────────────────────────────────────────────────────────────────────────────────────


async def test_a_subscription_is_validated_renewed_and_ends(sandbox: Sandbox, receiver: Receiver) -> None:
    made = await sandbox.graph("POST", "subscriptions", json=subscription(sandbox, receiver))
    assert made.status_code == 201, made.text
    assert receiver.validated == ["/told", "/life"]
    path = f"subscriptions/{made.json()['id']}"
    assert (await sandbox.graph("GET", path)).json()["resource"] == "users"
    later = {"expirationDateTime": sandbox.in_minutes(41_760)}
    renewed = await sandbox.graph("PATCH", path, json=later)
    assert renewed.json()["expirationDateTime"][:16] == later["expirationDateTime"][:16]
    assert (await sandbox.graph("POST", f"{path}/reauthorize")).status_code == 204
    too_late = {"expirationDateTime": sandbox.in_minutes(41_761)}
    assert (await sandbox.graph("PATCH", path, json=too_late)).status_code == 400
    sandbox.now_s += 3_599
    await sandbox.sign_in()
    sandbox.now_s += 41_760 * 60
    await sandbox.sign_in()
    assert (await sandbox.graph("PATCH", path, json=later)).status_code == 404
    assert (await sandbox.graph("GET", "subscriptions")).json()["value"] == []


async def test_an_address_that_does_not_prove_itself_is_not_subscribed(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.proves = False
    refused = await sandbox.graph("POST", "subscriptions", json=subscription(sandbox, receiver))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "ValidationError")
    nobody = subscription(sandbox, receiver, notificationUrl="http://127.0.0.1:9/", lifecycleNotificationUrl=None)
    assert (await sandbox.graph("POST", "subscriptions", json=nobody)).status_code == 400
    assert (await sandbox.graph("GET", "subscriptions")).json()["value"] == []


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"changeType": "read"}, 400),
        ({"resource": "planets"}, 400),
        ({"notificationUrl": "http://lms.example.edu/"}, 400),
        ({"notificationUrl": None}, 400),
        ({"expirationDateTime": None}, 400),
        ({"expirationDateTime": "2020-01-01T00:00:00Z"}, 400),
        ({"expirationDateTime": "2999-01-01T00:00:00Z"}, 400),
        ({"clientState": "x" * 129}, 400),
    ],
)
async def test_what_cannot_be_subscribed_is_refused_before_anybody_is_asked(
    sandbox: Sandbox, receiver: Receiver, more: dict[str, object], status: int
) -> None:
    refused = await sandbox.graph("POST", "subscriptions", json=subscription(sandbox, receiver, **more))
    assert refused.status_code == status
    assert receiver.validated == []


async def test_a_subscription_to_teams_for_long_needs_an_address_for_its_life(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    asked = {"resource": f"teams/{TEAM}/channels", "expirationDateTime": sandbox.in_minutes(120)}
    lonely = subscription(sandbox, receiver, lifecycleNotificationUrl=None, **asked)
    assert (await sandbox.graph("POST", "subscriptions", json=lonely)).status_code == 400
    both = subscription(sandbox, receiver, **asked)
    assert (await sandbox.graph("POST", "subscriptions", json=both)).status_code == 201


async def test_changes_are_told_with_the_client_state(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.desk("PUT", "teams", {"validation_tokens": True})
    people = (await sandbox.graph("POST", "subscriptions", json=subscription(sandbox, receiver))).json()
    channels = subscription(sandbox, receiver, resource=f"teams/{TEAM}/channels", clientState="other")
    await sandbox.graph("POST", "subscriptions", json=channels)
    ada = await sandbox.happen(do="change_person", person=ADA, email="lovelace@example.edu")
    told = await receiver.next()
    assert (told["changeType"], told["resource"], told["clientState"]) == ("updated", f"Users/{ada['id']}", "secret")
    assert (told["subscriptionId"], told["tenantId"]) == (people["id"], DIRECTORY)
    async with httpx.AsyncClient(base_url=sandbox.url) as client:
        keys = KeySet.import_key_set((await client.get(f"/entra/{DIRECTORY}/discovery/v2.0/keys")).json())
    claims = jwt.decode(told["tokens"][0], keys, algorithms=["RS256"]).claims
    assert (claims["aud"], claims["azp"]) == ("sandbox", "0bf30f3b-4a52-48df-9a82-234910c4a086")
    await sandbox.happen(do="delete_channel", team=TEAM, channel=CHANNEL)
    told = await receiver.next()
    assert (told["changeType"], told["clientState"]) == ("deleted", "other")
    assert told["resource"] == f"teams('{TEAM}')/channels('{CHANNEL}')"


async def test_lifecycle_is_told_and_removal_is_removal(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.graph("POST", "subscriptions", json=subscription(sandbox, receiver))
    for event in ("reauthorizationRequired", "missed", "subscriptionRemoved"):
        assert await sandbox.happen(do="lifecycle", event=event) == {"told": 1}
        assert (await receiver.next())["lifecycleEvent"] == event
    assert (await sandbox.graph("GET", "subscriptions")).json()["value"] == []


async def test_what_is_not_taken_is_sent_again(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.graph("POST", "subscriptions", json=subscription(sandbox, receiver))
    receiver.statuses = [503]
    await sandbox.happen(do="change_person", person=ADA, deactivated=True)
    first = await receiver.next()
    await sandbox.has_sent(1)
    sandbox.now_s += 10
    await sandbox.desk("GET", "sent")
    assert await receiver.next() == first


@pytest.mark.parametrize("kind", ["duplicate", "bad_client_state", "lost", "out_of_order"])
async def test_faults_of_what_is_sent(sandbox: Sandbox, receiver: Receiver, kind: str) -> None:
    await sandbox.graph("POST", "subscriptions", json=subscription(sandbox, receiver))
    await sandbox.desk("PUT", "faults", [{"kind": kind, "vendor": "teams", "operation": "notifications.send"}])
    first = await sandbox.happen(do="change_person", person=ADA, name="A")
    second = await sandbox.happen(do="change_person", person="ben@example.edu", name="B")
    told = await receiver.next()
    match kind:
        case "duplicate":
            assert (await receiver.next())["id"] == told["id"]
        case "bad_client_state":
            assert told["clientState"] != "secret"
            assert (await receiver.next())["clientState"] == "secret"
        case "lost":
            assert told["resourceData"]["id"] == second["id"]
        case "out_of_order":
            assert told["resourceData"]["id"] == second["id"]
            sandbox.now_s += 5
            await sandbox.desk("GET", "sent")
            assert (await receiver.next())["resourceData"]["id"] == first["id"]


# ── who has changed, and channels ────────────────────────────────────────────────────────────────────


async def test_a_delta_tells_who_has_changed_since(sandbox: Sandbox) -> None:
    select = "$select=id,mail,userPrincipalName,accountEnabled"
    begin = (await sandbox.graph("GET", f"users/delta?{select}&$deltatoken=latest")).json()
    assert begin["value"] == []
    assert begin["@odata.deltaLink"].startswith(f"{sandbox.url}/graph/v1.0/users/delta?$deltatoken=")
    ada = await sandbox.happen(do="change_person", person=ADA, email="lovelace@example.edu")
    ben = await sandbox.happen(do="change_person", person="ben@example.edu", deactivated=True)
    cy = await sandbox.happen(do="change_person", person="cy@example.edu", deleted=True)
    told = (await sandbox.graph("GET", begin["@odata.deltaLink"])).json()
    assert told["value"] == [
        {"id": ada["id"], "mail": "lovelace@example.edu", "userPrincipalName": "lovelace@example.edu"}
        | {"accountEnabled": True},
        {"id": ben["id"], "mail": "ben@example.edu", "userPrincipalName": "ben@example.edu", "accountEnabled": False},
        {"id": cy["id"], "@removed": {"reason": "deleted"}},
    ]
    assert (await sandbox.graph("GET", told["@odata.deltaLink"])).json()["value"] == []
    assert (await sandbox.graph("GET", f"users/{ADA}")).status_code == 404
    assert (await sandbox.graph("GET", "users/lovelace@example.edu")).json()["id"] == ada["id"]


async def test_a_delta_comes_in_pages_and_its_token_ends(sandbox: Sandbox) -> None:
    what = [{"do": "change_person", "person": f"p{number}@example.edu", "name": "x"} for number in range(150)]
    await sandbox.desk("POST", "teams", what)
    first = (await sandbox.graph("GET", "users/delta")).json()
    assert len(first["value"]) == 100
    second = (await sandbox.graph("GET", first["@odata.nextLink"])).json()
    assert len(second["value"]) == 50
    assert len({each["id"] for each in first["value"] + second["value"]}) == 150
    sandbox.now_s += 604_801
    await sandbox.sign_in()
    gone = await sandbox.graph("GET", second["@odata.deltaLink"])
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "syncStateNotFound")
    assert gone.headers["location"].endswith("/users/delta?$deltatoken=")
    assert (await sandbox.graph("GET", "users/delta?$deltatoken=%%%")).status_code == 400
    await sandbox.desk("PUT", "faults", [{"kind": "delta_forgotten", "value": "400"}])
    assert (await sandbox.graph("GET", "users/delta")).status_code == 400


async def test_channels_are_as_they_were_told_to_be(sandbox: Sandbox) -> None:
    path = f"teams/{TEAM}/channels/{CHANNEL}"
    await sandbox.happen(do="rename_channel", team=TEAM, channel=CHANNEL, name="New name")
    await sandbox.happen(do="archive_channel", team=TEAM, channel=CHANNEL)
    seen = (await sandbox.graph("GET", f"{path}?$select=id,displayName,isArchived")).json()
    assert seen == {"id": CHANNEL, "displayName": "New name", "isArchived": True}
    assert len((await sandbox.graph("GET", f"teams/{TEAM}/channels")).json()["value"]) == 1
    headers = {"authorization": "Bearer sandbox-user", "content-type": "application/json"}
    post = json.dumps({"body": {"content": "x"}})
    async with httpx.AsyncClient(base_url=f"{sandbox.url}/graph/v1.0/", headers=headers) as person:
        assert (await person.post(f"{path}/messages", content=post)).status_code == 403
        await sandbox.happen(do="archive_channel", team=TEAM, channel=CHANNEL, archived=False)
        assert (await person.post(f"{path}/messages", content=post)).status_code == 201
        await sandbox.happen(do="delete_channel", team=TEAM, channel=CHANNEL)
        assert (await person.post(f"{path}/messages", content=post)).status_code == 404
    assert (await sandbox.graph("GET", path)).status_code == 404
