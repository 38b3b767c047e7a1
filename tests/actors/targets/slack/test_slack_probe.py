"""Looking for an earlier post: the window of history that is asked for, and what its pages prove."""

from urllib.parse import parse_qs, urlsplit

import pytest
from slack_stage import NOW_S, Talk, build, parcel, replies

from actors.domain.flow import Lost, Request, Response
from actors.domain.outbox import Rate
from actors.domain.verdicts import Absent, Cause, Delivered, Doubtful, Throttled, Unavailable, Unprobeable

SENT_US = int(NOW_S * 1e6)


def question(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}


def test_history_is_read_to_its_last_page() -> None:
    talk = Talk(step_s=0.0)
    talk.fake.limited = False
    sent = talk.run(build().deliver(parcel()))
    for number in range(450):
        talk.call("chat.postMessage", channel="C0123456789", text=f"noise {number}")
    talk.requests.clear()
    found = talk.run(build().confirm(parcel()))
    assert isinstance(sent, Delivered)
    assert isinstance(found, Delivered)
    assert found.receipt["ts"] == sent.receipt["ts"]
    assert len(talk.requests) == 3
    assert isinstance(talk.run(build().confirm(parcel(delivery_id="d-2"))), Absent)


def test_history_begins_a_little_before_the_attempt() -> None:
    request = next(build().confirm(parcel()))
    assert f"oldest={int(NOW_S) - 60}.000000" in request.url
    assert "include_all_metadata=true" in request.url
    assert request.draws == ("method:conversations.history",)


def test_an_endless_history_ends_unprobeable() -> None:
    page = {"ok": True, "messages": [], "has_more": True, "response_metadata": {"next_cursor": "x="}}
    assert isinstance(replies(*[page] * 25)(build().confirm(parcel())), Unprobeable)


def test_a_cut_history_proves_nothing() -> None:
    page = {"ok": True, "messages": [], "has_more": True}
    assert isinstance(replies(page)(build().confirm(parcel())), Unprobeable)


def test_a_rationed_history_is_not_asked_for_ever() -> None:
    talk = Talk()
    for _ in range(20):
        talk.call("chat.postMessage", channel="C0123456789", text="noise")
        talk.now_s += 1.0
    talk.now_s = NOW_S + 60.0 - NOW_S % 60.0
    talk.fault("history_limited")
    verdict = talk.run(build().confirm(parcel()))
    assert isinstance(verdict, Unprobeable)
    assert "rations" in verdict.detail
    assert isinstance(talk.run(build().confirm(parcel())), Throttled)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("missing_scope", Cause.MISSING_PERMISSION),
        ("not_in_channel", Cause.DESTINATION_REFUSED),
        ("channel_not_found", Cause.DESTINATION_GONE),
        ("brand_new_error", Cause.UNKNOWN_OUTCOME),
    ],
)
def test_a_history_we_may_not_read_leaves_it_to_the_policy(error: str, cause: Cause) -> None:
    """And says what there is to mend: after a restore, in a channel that is gone by now, say."""
    verdict = replies({"ok": False, "error": error})(build().confirm(parcel()))
    assert isinstance(verdict, Unprobeable)
    assert verdict.cause is cause
    assert verdict.detail.endswith("cannot be seen") is (cause is not Cause.UNKNOWN_OUTCOME)


def test_a_probe_that_fails_is_made_again() -> None:
    assert isinstance(replies(Lost("reset"))(build().confirm(parcel())), Unavailable)
    assert isinstance(replies(Response(status=500))(build().confirm(parcel())), Unavailable)


def test_nothing_to_look_for_before_the_first_attempt() -> None:
    assert isinstance(replies()(build().confirm(parcel(sent_us=None))), Absent)


def test_a_late_landing_is_absent_and_then_there() -> None:
    talk = Talk()
    talk.fault("late_commit", value="10")
    assert isinstance(talk.run(build().deliver(parcel())), Doubtful)
    assert isinstance(talk.run(build().confirm(parcel())), Absent)
    talk.now_s += 10.0
    assert isinstance(talk.run(build().confirm(parcel())), Delivered)


# ── the window ───────────────────────────────────────────────────────────────────────────────────────


def test_the_window_ends_when_nothing_can_land_any_more() -> None:
    asked = question(next(build(late_landing="20s").confirm(parcel(doubt_us=SENT_US + 30_000_000))))
    assert asked["oldest"] == f"{int(NOW_S) - 60}.000000"
    assert asked["latest"] == f"{int(NOW_S) + 30 + 20 + 60}.000000", "and a minute for Slack's clock"
    assert asked["inclusive"] == "true"
    assert "latest" not in question(next(build().confirm(parcel()))), "open as long as nobody knows"


def test_a_busy_channel_costs_no_pages_of_later_posts() -> None:
    talk = Talk(step_s=0.0)
    talk.fake.limited = False
    talk.run(build().deliver(parcel()))
    talk.now_s += 200.0
    for number in range(900):
        talk.call("chat.postMessage", channel="C0123456789", text=f"noise {number}")
    talk.requests.clear()
    looked_for = parcel(doubt_us=SENT_US)
    assert isinstance(talk.run(build().confirm(looked_for)), Delivered)
    assert isinstance(talk.run(build().confirm(parcel(delivery_id="d-2", doubt_us=SENT_US))), Absent)
    assert len(talk.requests) == 2


@pytest.mark.parametrize("shift_s", [-59.0, 0.0, 59.0])
def test_slacks_clock_may_differ_by_a_minute(shift_s: float) -> None:
    talk = Talk(step_s=0.0)
    talk.now_s += shift_s
    assert isinstance(talk.run(build().deliver(parcel())), Delivered)
    assert isinstance(talk.run(build().confirm(parcel(doubt_us=SENT_US))), Delivered)


# ── where Slack rations the history ──────────────────────────────────────────────────────────────────


def rationed(noise: int) -> Talk:
    """A channel with so many posts just before ours, and a Slack that shows 15 of them a minute."""
    talk = Talk(step_s=62.5)
    talk.fake.limited = False
    for number in range(noise):
        talk.call("chat.postMessage", channel="C0123456789", text=f"noise {number}")
    talk.fake.limited = True
    talk.fault("history_limited")
    return talk


def test_one_look_of_fifteen_rows_usually_does() -> None:
    talk = rationed(noise=9)
    target = build(history="limited")
    talk.step_s = 0.0
    talk.run(target.deliver(parcel()))
    talk.step_s = 62.5
    assert isinstance(talk.run(target.confirm(parcel(doubt_us=SENT_US))), Delivered)
    assert isinstance(talk.run(target.confirm(parcel(delivery_id="d-2", doubt_us=SENT_US))), Absent)
    asked = [question(request) for request in talk.requests if request.method == "GET"]
    assert [each["limit"] for each in asked] == ["15", "15"]


def test_a_busier_channel_takes_some_minutes_and_then_the_policy_decides() -> None:
    target = build(history="limited")
    busy = rationed(noise=80)
    assert isinstance(busy.run(target.confirm(parcel(doubt_us=SENT_US))), Absent)
    assert len(busy.requests) == 6
    busier = rationed(noise=91)
    verdict = busier.run(target.confirm(parcel(doubt_us=SENT_US)))
    assert isinstance(verdict, Unprobeable)
    assert "6 pages of 15 posts around the attempt" in verdict.detail
    assert len(busier.requests) == 6


def test_a_rationed_look_that_comes_too_early_is_made_again() -> None:
    target = build(history="limited")
    talk = rationed(noise=40)
    talk.step_s = 1.0
    verdict = talk.run(target.confirm(parcel(doubt_us=SENT_US)))
    assert isinstance(verdict, Throttled)
    assert verdict.whole_lane is False


def test_a_rationed_target_looks_once_a_minute_and_only_when_it_is_decisive() -> None:
    target = build(history="limited", late_landing="25s")
    rate = target.rate("method:conversations.history")
    assert rate.burst == 1.0
    assert 60.0 < 1.0 / rate.per_s < 65.0
    assert target.settle_s == target.late_landing_s == 25.0
    assert build(history="limited", limits={"history_per_s": 2}).rate("method:conversations.history") == Rate(per_s=2.0)


def test_who_is_rationed_without_knowing_is_told_the_setting() -> None:
    page = {"ok": True, "messages": [{}] * 15, "response_metadata": {"next_cursor": "x="}}
    verdict = replies(page, Response(status=429))(build().confirm(parcel()))
    assert isinstance(verdict, Unprobeable)
    assert 'history = "limited"' in verdict.detail
