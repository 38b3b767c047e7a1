"""The fake's rate limits, and what goes wrong when it is told to."""

from email.utils import parsedate_to_datetime

import pytest
from slack_stage import NOW_S, Talk, call

from actors.targets.slack import fake
from actors.targets.slack.fake.kinds import NUMBERED, STRIKES, SWITCHES

POST = {"channel": "C0123456789", "text": "hi"}


@pytest.fixture
def talk() -> Talk:
    return Talk()


# ── limits ───────────────────────────────────────────────────────────────────────────────────────────


def test_one_post_a_second_and_channel(talk: Talk) -> None:
    def post(at_s: float, channel: str = "C0123456789") -> object:
        talk.now_s = NOW_S + at_s
        return talk.call("chat.postMessage", channel=channel, text="x")["status"]

    assert [post(at_s) for at_s in (0.0, 0.5, 1.0, 2.0, 2.1, 3.0)] == [200, 429, 200, 200, 429, 200]
    assert post(3.0, "C0987654321") == 200
    assert len(talk.fake.journal) == 5


def test_a_second_apart_always_passes(talk: Talk) -> None:
    for _ in range(100):
        talk.now_s += 1.0
        assert talk.call("chat.postMessage", **POST)["status"] == 200


def test_jitter_is_forgiven_but_not_a_faster_pace(talk: Talk) -> None:
    refused = 0
    for _ in range(100):
        talk.now_s += 0.96
        refused += talk.call("chat.postMessage", **POST)["status"] == 429
    assert refused >= 3


def test_tiers_count_by_the_minute(talk: Talk) -> None:
    talk.now_s = NOW_S - NOW_S % 60 + 30.0
    answers = [talk.call("users.lookupByEmail", email="ada@example.edu") for _ in range(51)]
    assert [answer["status"] for answer in answers] == [200] * 50 + [429]
    assert answers[-1]["retry"] == "30"
    assert talk.call("auth.test")["status"] == 200, "other methods go on"
    talk.now_s += 30.0
    assert talk.call("users.lookupByEmail", email="ada@example.edu")["status"] == 200


def test_limits_can_be_lifted(talk: Talk) -> None:
    talk.fake.limited = False
    assert all(talk.call("chat.postMessage", **POST)["status"] == 200 for _ in range(20))


# ── faults ───────────────────────────────────────────────────────────────────────────────────────────


def test_every_fault_is_documented() -> None:
    for kind in STRIKES | SWITCHES:
        assert f"\n    {kind}" in fake.__doc__ or f", {kind}" in fake.__doc__


@pytest.mark.parametrize("kind", [*sorted(NUMBERED), "error"])
@pytest.mark.parametrize("value", ["", "often", "nan", "-1", "1e9"])
def test_a_fault_without_its_value_is_refused(talk: Talk, kind: str, value: str) -> None:
    if kind == "error" and value:
        value = ""
    with pytest.raises(ValueError, match=kind):
        talk.fault(kind, value=value)


@pytest.mark.parametrize(
    ("kind", "value", "committed"),
    [
        ("reset_before_commit", "", 0),
        ("reset_after_commit", "", 1),
        ("truncated_after_commit", "", 1),
        ("error_after_commit", "fatal_error", 1),
        ("status_after_commit", "502", 1),
        ("status", "500", 0),
        ("html", "", 0),
        ("error", "restricted_action", 0),
        ("revoked", "", 0),
        ("archived", "", 0),
        ("kicked", "", 0),
        ("deleted", "", 0),
        ("rate_limited_date", "9", 0),
        ("rate_limited_rearm", "2", 0),
        ("keepalive_closed", "", 0),
        ("hangup", "", 1),
        ("trickle", "3", 1),
        ("slow", "3", 1),
        ("late_commit", "3", 0),
    ],
)
def test_whether_a_fault_lets_the_effect_happen(talk: Talk, kind: str, value: str, committed: int) -> None:
    talk.fault(kind, value=value)
    answer = talk.fake.handle(call("chat.postMessage", **POST), NOW_S)
    assert len(talk.fake.journal) == committed
    assert answer.reset is (kind.startswith("reset") or kind == "late_commit")
    assert answer.delay_s == (3.0 if kind == "slow" else 0.0)
    assert answer.body_s == (3.0 if kind == "trickle" else 0.0)
    assert answer.hangup is (kind == "hangup")
    talk.now_s += 2
    assert talk.call("chat.postMessage", **POST)["ok"] is True, "it strikes once"


@pytest.mark.parametrize("value", ["", "17", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_retry_after_as_it_was_set(talk: Talk, value: str) -> None:
    talk.fault("rate_limited", value=value)
    answer = talk.call("chat.postMessage", **POST)
    assert (answer["status"], answer["retry"], answer["error"]) == (429, value or None, "ratelimited")


def test_retry_after_as_a_date(talk: Talk) -> None:
    talk.fault("rate_limited_date", value="90")
    answer = talk.call("chat.postMessage", **POST)
    assert (answer["status"], answer["error"]) == (429, "ratelimited")
    assert parsedate_to_datetime(answer["retry"]).timestamp() == NOW_S + 90


def test_who_comes_back_early_waits_anew(talk: Talk) -> None:
    talk.fault("rate_limited_rearm", operation="chat.postMessage", value="10")

    def post(at_s: float) -> tuple[object, object]:
        talk.now_s = NOW_S + at_s
        answer = talk.call("chat.postMessage", **POST)
        return answer["status"], answer["retry"]

    assert [post(at_s) for at_s in (0.0, 9.0, 18.5)] == [(429, "10")] * 3
    assert talk.call("auth.test")["status"] == 200, "other methods go on"
    assert post(28.5) == (200, None)
    assert post(29.6) == (200, None)


def test_faults_that_are_cleared_bar_nobody(talk: Talk) -> None:
    talk.fault("rate_limited_rearm", value="10")
    assert talk.call("auth.test")["status"] == 429
    talk.fake.clear_faults()
    assert talk.call("auth.test")["status"] == 200


def test_a_connection_is_closed_with_the_answer(talk: Talk) -> None:
    talk.fault("keepalive_closed", value="4")
    response = talk.fake.handle(call("chat.postMessage", **POST), NOW_S).response
    assert (response.status, response.headers["connection"], response.headers["retry-after"]) == (503, "close", "4")


def test_a_token_may_die_in_mid_flight(talk: Talk) -> None:
    talk.fault("revoked", value="token_expired", skip=1, times=0)
    talk.fake.limited = False
    assert [talk.call("chat.postMessage", **POST).get("error") for _ in range(3)] == [None, *["token_expired"] * 2]
    assert len(talk.fake.journal) == 1


def test_late_effects_land_at_their_time(talk: Talk) -> None:
    talk.fault("late_commit", value="5")
    talk.fake.handle(call("chat.postMessage", **POST), NOW_S)
    talk.fake.settle(NOW_S + 4.9)
    assert talk.fake.journal == []
    talk.fake.settle(NOW_S + 60.0)
    assert [effect.time for effect in talk.fake.journal] == [NOW_S + 5.0]


def test_client_msg_id_is_ignored_unless_switched_on(talk: Talk) -> None:
    talk.fake.limited = False
    post = POST | {"client_msg_id": "0b5e1b0e-0000-5000-8000-000000000001"}
    first = talk.call("chat.postMessage", **post)
    assert talk.call("chat.postMessage", **post)["ts"] != first["ts"]
    talk.fault("duplicate_client_msg_id")
    again = talk.call("chat.postMessage", **post)
    assert again["is_duplicate"] is True
    assert len(talk.fake.journal) == 2
    talk.call("chat.delete", channel=post["channel"], ts=again["ts"])
    assert talk.call("chat.postMessage", **post)["error"] == "duplicate_message_not_found"


def test_a_channel_can_be_archived_while_others_go_on(talk: Talk) -> None:
    talk.fault("archived", destination="C0123456789", times=0)
    assert talk.call("chat.postMessage", **POST)["error"] == "is_archived"
    assert talk.call("conversations.history", channel="C0123456789")["ok"] is True
    assert talk.call("chat.postMessage", channel="C0987654321", text="x")["ok"] is True
    assert talk.call("chat.update", **POST, ts="1.000000")["error"] == "is_inactive"


def test_a_channel_can_be_deleted(talk: Talk) -> None:
    talk.fault("deleted", destination="C0123456789", times=0)
    assert talk.call("chat.postMessage", **POST)["error"] == "channel_not_found"
    assert talk.call("conversations.history", channel="C0123456789")["error"] == "channel_not_found"
    assert talk.call("users.lookupByEmail", email="ada@example.edu")["ok"] is True


def test_history_can_be_rationed(talk: Talk) -> None:
    talk.fake.limited = False
    for _ in range(20):
        talk.call("chat.postMessage", **POST)
    talk.fake.limited = True
    talk.fault("history_limited")
    page = talk.call("conversations.history", channel="C0123456789", limit=200)
    assert len(page["messages"]) == 15
    assert page["has_more"] is True
    assert talk.call("conversations.history", channel="C0123456789")["status"] == 429
