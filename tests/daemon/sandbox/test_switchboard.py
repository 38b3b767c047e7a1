"""The operators' side of the sandbox: journal, faults, counts."""

import msgspec
import pytest

from actors.domain.flow import Request, Response
from actors.targets.slack import CONNECTOR
from daemon.sandbox.switchboard import Switchboard, operation

CONNECTORS = {"slack": CONNECTOR}
AUTHORISED = {"authorization": "Bearer xoxb-sandbox", "content-type": "application/json"}


class Desk:
    def __init__(self, limited: bool = True) -> None:
        self.now_s = 1_790_000_000.0
        self.board = Switchboard(CONNECTORS, limited=limited, clock=lambda: self.now_s)

    def ask(self, method: str, path: str, body: bytes = b"") -> Response:
        return self.board.answer(Request(method=method, url=path, operation="", headers=AUTHORISED, body=body)).response

    def post(self, delivery_id: str = "d-1", channel: str = "C0123456789") -> Response:
        metadata = {"event_type": "x", "event_payload": {"delivery_id": delivery_id, "correlation_id": "c"}}
        body = {"channel": channel, "text": "x", "metadata": metadata}
        return self.ask("POST", "/slack/api/chat.postMessage", msgspec.json.encode(body))

    def journal(self) -> list[dict[str, object]]:
        return [msgspec.json.decode(line) for line in self.ask("GET", "/sandbox/journal").body.splitlines()]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_journal_lists_effects_in_order_of_time(desk: Desk) -> None:
    desk.post("d-1")
    desk.now_s += 1.5
    desk.post("d-2")
    desk.post("d-3")
    assert desk.journal() == [
        {
            "vendor": "slack",
            "operation": "chat.postMessage",
            "destination": "C0123456789",
            "delivery_id": name,
            "correlation_id": "c",
            "time": at_s,
            "id": f"{at_s:.6f}",
        }
        for name, at_s in (("d-1", 1_790_000_000.0), ("d-2", 1_790_000_001.5))
    ]
    assert desk.ask("DELETE", "/sandbox/journal").status == 204
    assert desk.journal() == []


def test_late_effects_show_in_the_journal_without_another_call(desk: Desk) -> None:
    desk.ask("PUT", "/sandbox/faults", b'[{"kind":"late_commit","value":"5"}]')
    assert desk.board.answer(
        Request(
            method="POST",
            url="/slack/api/chat.postMessage",
            operation="",
            headers=AUTHORISED,
            body=b'{"channel":"C0123456789","text":"x"}',
        )
    ).reset
    assert desk.journal() == []
    desk.now_s += 5.0
    assert len(desk.journal()) == 1


def test_calls_are_counted_with_those_refused(desk: Desk) -> None:
    desk.post()
    desk.post()
    desk.ask("GET", "/slack/api/users.lookupByEmail?email=ada@example.edu")
    assert msgspec.json.decode(desk.ask("GET", "/sandbox/calls").body) == {
        "slack": {
            "POST chat.postMessage": {"calls": 2, "throttled": 1},
            "GET users.lookupByEmail": {"calls": 1, "throttled": 0},
        }
    }


def test_counting_is_bounded(desk: Desk) -> None:
    for number in range(1100):
        desk.ask("GET", "/slack/api/" + "".join(chr(ord("a") + int(digit)) for digit in str(number)))
    counted = msgspec.json.decode(desk.ask("GET", "/sandbox/calls").body)["slack"]
    assert len(counted) == 1001
    assert counted["other"]["calls"] == 100


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("chat.postMessage", "chat.postMessage"),
        ("users/ada@example.edu", "users/{}"),
        ("teams/5b1d-44/channels/19:x@thread.tacv2/messages", "teams/{}/channels/{}/messages"),
        ("common/oauth2/v2.0/token", "common/oauth2/v2.0/token"),
        ("users('a')/teamwork/sendActivityNotification", "{}/teamwork/sendActivityNotification"),
    ],
)
def test_operations_are_paths_without_what_names_one_thing(path: str, name: str) -> None:
    assert operation(path) == name


def test_limits_are_lifted_for_benchmarks() -> None:
    desk = Desk(limited=False)
    assert [desk.post().status for _ in range(5)] == [200] * 5


# ── faults ───────────────────────────────────────────────────────────────────────────────────────────


def test_faults_are_set_told_and_cleared(desk: Desk) -> None:
    body = b'[{"kind":"status","vendor":"slack","value":"503","times":0}]'
    told = desk.ask("PUT", "/sandbox/faults", body)
    assert (told.status, msgspec.json.decode(told.body)[0]["kind"]) == (200, "status")
    assert desk.ask("GET", "/sandbox/faults").body == told.body
    assert desk.post().status == 503
    assert desk.ask("PUT", "/sandbox/faults", b"[]").status == 200
    assert desk.post().status == 200


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "truncated"),
        (b"{}", "Expected `array`"),
        (b'[{"kind":', "truncated"),
        (b'[{"kind":"html","wen":1}]', "wen"),
        (b'[{"kind":"html","times":"x"}]', "times"),
        (b'[{"kind":"quake"}]', "unknown fault 'quake'"),
        (b'[{"kind":"html"},{"kind":"status","value":"x"}]', "[1] slack: status needs a number"),
        (b'[{"kind":"html","vendor":"aol"}]', "unknown vendor 'aol', one of slack"),
        (b"[" * 100_000, ""),
        (b'[{"kind":"\xff"}]', ""),
        (msgspec.json.encode([{"kind": "html"}] * 1001), "at most 1000"),
    ],
)
def test_a_mistaken_fault_is_told_and_changes_nothing(desk: Desk, body: bytes, told: str) -> None:
    desk.ask("PUT", "/sandbox/faults", b'[{"kind":"status","value":"503","times":0}]')
    answer = desk.ask("PUT", "/sandbox/faults", body)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in msgspec.json.decode(answer.body)["detail"]
    assert desk.post().status == 503, "what was set before still is"


def test_other_paths_and_methods(desk: Desk) -> None:
    assert desk.ask("GET", "/").status == 404
    assert desk.ask("GET", "/slack/apix").status == 404
    assert desk.ask("POST", "/sandbox/journal").status == 405
    health = msgspec.json.decode(desk.ask("GET", "/sandbox/health").body)
    assert health["status"] == "ok"
    assert health["vendors"]["slack"]["mounts"] == ["/slack/api/", "/slack/oauth/", "/slack/link/"]
