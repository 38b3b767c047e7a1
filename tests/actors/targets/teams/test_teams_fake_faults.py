"""Each fault does what the fake's docstring says, and to whom."""

import re

import msgspec
import pytest
from teams_stage import CHANNEL, NOW_S, PLACE, TEAM, Talk, build, code, fields, post

from actors.domain.flow import Request
from actors.domain.throttle import retry_after_s
from actors.domain.verdicts import Throttled
from actors.ports import Answer, Fault
from actors.targets.teams import fake
from actors.targets.teams.fake import FakeTeams
from actors.targets.teams.fake.kinds import FORGETTING, SENDING, STRIKES

MESSAGES = f"teams/{TEAM}/channels/{CHANNEL}/messages"


def posted(talk: Talk) -> Answer:
    """What came of a post."""
    headers = {"authorization": "Bearer sandbox-user", "content-type": "application/json"}
    request = Request(
        method="POST", url=f"/graph/v1.0/{MESSAGES}", operation="", headers=headers, body=msgspec.json.encode(post())
    )
    return talk.fake.handle(request, talk.now_s)


def test_the_docstring_lists_every_kind() -> None:
    listed = set(re.findall(r"^    ([a-z_]+)  ", fake.__doc__ or "", re.MULTILINE))
    assert listed == STRIKES | SENDING | FORGETTING


@pytest.mark.parametrize(
    "kind", ["status", "status_after_commit", "slow", "late_commit", "rate_limited_date", "rate_limited_rearm"]
)
@pytest.mark.parametrize("value", ["", "soon", "-1", "nan", "1e9"])
def test_numbers_are_numbers(kind: str, value: str) -> None:
    with pytest.raises(ValueError, match=kind):
        FakeTeams().fault(Fault(kind=kind, value=value))


def test_an_error_has_a_name() -> None:
    with pytest.raises(ValueError, match="error"):
        FakeTeams().fault(Fault(kind="error"))


@pytest.mark.parametrize("value", ["NotFound", "TooManyRequests", "ServiceUnavailable"])
def test_after_the_effect_no_error_says_that_nothing_was_done(value: str) -> None:
    with pytest.raises(ValueError, match="leaves it open"):
        FakeTeams().fault(Fault(kind="error_after_commit", value=value))


@pytest.mark.parametrize(
    ("kind", "value", "effects"),
    [("reset_before_commit", "", 0), ("reset_after_commit", "", 1), ("late_commit", "5", 0)],
)
def test_resets(kind: str, value: str, effects: int) -> None:
    talk = Talk()
    talk.fault(kind, value=value)
    assert posted(talk).reset
    assert len(talk.fake.journal) == effects


def test_a_late_post_lands_at_its_time() -> None:
    talk = Talk()
    talk.fault("late_commit", value="5")
    posted(talk)
    talk.fake.settle(NOW_S + 4.9)
    assert talk.fake.journal == []
    talk.fake.settle(NOW_S + 60.0)
    (effect,) = talk.fake.journal
    assert effect.time == NOW_S + 5.0


@pytest.mark.parametrize(
    ("kind", "value", "status", "effects"),
    [
        ("status", "418", 418, 0),
        ("html", "", 500, 0),
        ("status_after_commit", "504", 504, 1),
        ("error_after_commit", "gatewayTimeout", 504, 1),
        ("error_after_commit", "generalException", 500, 1),
        ("truncated_after_commit", "", 201, 1),
        ("rate_limited", "", 429, 0),
        ("rate_limited_date", "9", 429, 0),
        ("keepalive_closed", "", 503, 0),
        ("revoked", "", 401, 0),
        ("token_expired", "", 401, 0),
        ("claims_challenge", "", 401, 0),
        ("error", "Conflict", 409, 0),
        ("error", "SomethingNew", 400, 0),
        ("slow", "3", 201, 1),
    ],
)
def test_answers_instead_of_or_after_the_effect(kind: str, value: str, status: int, effects: int) -> None:
    talk = Talk()
    talk.fault(kind, value=value)
    answer = posted(talk)
    assert answer.response.status == status
    assert answer.delay_s == (3.0 if kind == "slow" else 0.0)
    assert len(talk.fake.journal) == effects
    assert posted(talk).response.status == 201  # it struck once


@pytest.mark.parametrize("value", ["7", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_retry_after_is_given_as_it_is(value: str) -> None:
    talk = Talk()
    talk.fault("rate_limited", value=value)
    assert posted(talk).response.headers["retry-after"] == value


def test_retry_after_is_a_date_in_so_many_seconds() -> None:
    talk = Talk()
    talk.fault("rate_limited_date", value="90")
    header = posted(talk).response.headers["retry-after"]
    assert header == "Mon, 21 Sep 2026 14:14:50 GMT"
    assert retry_after_s(header, int(talk.now_s * 1e6)) == 90.0


def test_asking_too_early_starts_the_wait_anew() -> None:
    talk = Talk()
    talk.fault("rate_limited_rearm", value="10")
    for later_s in (0.0, 9.5, 9.5):
        talk.now_s += later_s
        answer = posted(talk).response
        assert (answer.status, answer.headers["retry-after"]) == (429, "10")
    assert talk.call("GET", "users/ada@example.edu").status == 200, "others are not concerned"
    talk.now_s += 10.0
    assert posted(talk).response.status == 201
    talk.fault("rate_limited_rearm", value="10")
    assert posted(talk).response.status == 429
    talk.fake.clear_faults()
    assert posted(talk).response.status == 201


@pytest.mark.parametrize("value", ["", "20"])
def test_a_connection_may_end_with_its_answer(value: str) -> None:
    talk = Talk()
    talk.fault("keepalive_closed", value=value)
    answer = posted(talk).response
    assert (answer.headers["connection"], answer.headers.get("retry-after", "")) == ("close", value)
    assert code(answer) == "ServiceUnavailable"


def test_faults_strike_whom_they_concern() -> None:
    talk = Talk()
    talk.fault("forbidden_read", times=0)
    talk.fault("not_installed", times=0)
    talk.fault("html", destination="elsewhere", times=0)
    talk.fault("html", operation="users.get", times=0)
    assert posted(talk).response.status == 201
    assert code(talk.call("GET", MESSAGES)) == "Forbidden"
    assert code(talk.call("GET", f"{MESSAGES}/delta")) == "Forbidden"
    assert talk.call("GET", "users/ada@example.edu").status == 500
    talk.fake.clear_faults()
    talk.fault("html", destination=PLACE)
    assert posted(talk).response.status == 500


def test_faults_of_entra() -> None:
    talk = Talk()
    talk.fault("error", operation="token", value="interaction_required")
    talk.fault("revoked", operation="token")
    talk.fault("status", operation="token", value="503")
    answers = [talk.sign_in(grant_type="refresh_token", client_id="sandbox") for _ in range(3)]
    assert [answer.status for answer in answers] == [400, 401, 503]
    assert [fields(answer)["error"] for answer in answers[:2]] == ["interaction_required", "invalid_client"]


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("rate_limited", "30", "30"),
        ("rate_limited", "", ""),
        ("rate_limited_date", "60", "Mon, 21 Sep 2026 14:14:20 GMT"),
        ("rate_limited_rearm", "8", "8"),
    ],
)
def test_entra_throttles_in_its_own_words(kind: str, value: str, told: str) -> None:
    talk = Talk()
    talk.fault(kind, operation="token", value=value)
    answer = talk.sign_in(grant_type="refresh_token", client_id="sandbox", refresh_token="sandbox-refresh")
    body = fields(answer)
    assert (answer.status, answer.headers.get("retry-after", "")) == (429, told)
    assert (body["error"], body["error_codes"]) == ("temporarily_unavailable", [90055])
    again = Talk()
    again.fault(kind, operation="token", value=value)
    throttled = again.run(build(delegated_token=None).hello())
    assert isinstance(throttled, Throttled)
    assert (throttled.whole_lane, bool(throttled.retry_after)) == (True, bool(told))
