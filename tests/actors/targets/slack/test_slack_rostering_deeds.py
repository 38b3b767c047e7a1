"""What becomes of orders, whatever Slack answers."""

from typing import Any

import msgspec
import pytest
from slack_rosters import (
    CHANNEL,
    DOWN,
    RATIONED,
    body,
    fine,
    not_ok,
    ordered,
    play,
    rostering,
    slip,
    wrong,
)
from slack_stage import NOW_S

from actors.domain.flow import Lost, Outcome, Request
from actors.domain.rosters.order import RosterOrder, refusals
from actors.domain.verdicts import (
    Absent,
    Cause,
    Delivered,
    Doubtful,
    Faulted,
    Refused,
    Throttled,
    Unavailable,
    Unprobeable,
    Verdict,
)
from actors.targets.slack.rostering_deeds import PERSONAL


def perform(given: RosterOrder, *answers: Outcome | dict[str, Any], attempt: int = 1) -> tuple[Verdict, list[Request]]:
    return play(rostering().perform(given, slip(attempt)), *answers)


# ── invitations ──────────────────────────────────────────────────────────────────────────────────────


def test_one_call_invites_all_and_goes_on_past_those_it_cannot() -> None:
    verdict, (asked,) = perform(ordered("add", "U1", "U2", "U3"), fine(errors=not_ok(U2="user_is_restricted")))
    assert body(asked) == {"channel": CHANNEL, "users": "U1,U2,U3", "force": True}
    assert asked.headers["x-correlation-id"] == "c-1"
    assert asked.draws == ("roster:conversations.invite",)
    assert isinstance(verdict, Delivered)
    assert verdict.receipt["channel"] == CHANNEL
    assert refusals(verdict.receipt) == {"U2": "user_is_restricted: a guest who may not be in this channel"}


def test_who_is_there_already_is_not_refused_nor_are_we() -> None:
    errors = not_ok(U1="already_in_channel", U2="cant_invite_self")
    verdict, _ = perform(ordered("add", "U1", "U2", "U3"), fine(errors=errors))
    assert isinstance(verdict, Delivered)
    assert refusals(verdict.receipt) == {}
    verdict, _ = perform(ordered("add", "U1", "U2"), wrong("already_in_channel", errors=errors))
    assert isinstance(verdict, Delivered)
    assert refusals(verdict.receipt) == {}
    verdict, _ = perform(ordered("add", "U1"), wrong("already_in_channel"))
    assert isinstance(verdict, Delivered)


def test_where_some_keep_all_out_the_others_are_invited_without_them() -> None:
    refused = wrong("cant_invite", errors=not_ok(U2="cant_invite", U4="already_in_channel"))
    verdict, (_, again) = perform(ordered("add", "U1", "U2", "U3", "U4"), refused, fine())
    assert body(again)["users"] == "U1,U3"
    assert isinstance(verdict, Delivered)
    assert set(refusals(verdict.receipt)) == {"U2"}


def test_where_nobody_is_named_halves_find_who_it_is() -> None:
    users = [f"U{n}" for n in range(8)]
    answers = [
        wrong("user_not_found"),  # 0-7
        fine(),  # 0-3
        wrong("user_not_found"),  # 4-7
        wrong("user_not_found"),  # 4-5
        fine(),  # 4
        wrong("user_not_found"),  # 5
        fine(),  # 6-7
    ]
    verdict, asked = perform(ordered("add", *users), *answers)
    assert [body(each)["users"].count(",") + 1 for each in asked] == [8, 4, 4, 2, 1, 1, 2]
    assert isinstance(verdict, Delivered)
    assert set(refusals(verdict.receipt)) == {"U5"}


def test_nobody_is_named_and_all_are_refused_in_bounded_calls() -> None:
    users = [f"U{n}" for n in range(100)]
    verdict, asked = perform(ordered("add", *users), *[wrong("user_not_found")] * 199)
    assert len(asked) == 199
    assert isinstance(verdict, Delivered)
    assert len(refusals(verdict.receipt)) == 100


def test_what_passes_is_tried_again() -> None:
    verdict, _ = perform(ordered("add", "U1", "U2"), fine(errors=not_ok(U2="internal_error")))
    assert isinstance(verdict, Faulted)
    assert "internal_error about 1 of 2" in verdict.detail


def test_an_error_that_is_new_is_a_refusal_by_its_name() -> None:
    verdict, _ = perform(ordered("add", "U1", "U2"), fine(errors=not_ok(U2="brand_new", U9="not_asked_for")))
    assert isinstance(verdict, Delivered)
    assert refusals(verdict.receipt) == {"U2": "brand_new"}


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (DOWN, Unavailable),
        (Lost("reset"), Doubtful),
        (wrong("is_archived"), Refused),
        (wrong("not_in_channel"), Refused),
        (wrong("channel_not_found"), Refused),
        (wrong("missing_scope", needed="channels:manage"), Refused),
        (wrong("fatal_error"), Doubtful),
        (wrong("brand_new"), Faulted),
    ],
)
def test_what_is_about_the_channel_is_nobodys_refusal(answer: object, verdict: type) -> None:
    told, _ = perform(ordered("add", "U1", "U2"), answer)
    assert isinstance(told, verdict)


def test_a_method_that_is_throttled_keeps_nobody_elses_post() -> None:
    for given in (ordered("add", "U1"), ordered("remove", "U1"), ordered("replace", "U1", kind="usergroup")):
        verdict, _ = perform(given, RATIONED)
        assert verdict == Throttled("9", whole_lane=False, detail=verdict.detail)


def test_every_personal_refusal_says_what_it_means() -> None:
    for error, meaning in PERSONAL.items():
        verdict, _ = perform(ordered("add", "U1"), wrong(error))
        assert isinstance(verdict, Delivered)
        assert refusals(verdict.receipt) == {"U1": f"{error}: {meaning}"}


# ── taking out ───────────────────────────────────────────────────────────────────────────────────────


def test_who_was_not_in_it_is_out() -> None:
    there = fine(channel={"id": CHANNEL, "is_member": True})
    verdict, asked = perform(ordered("remove", "U1"), wrong("not_in_channel"), there)
    assert isinstance(verdict, Delivered)
    assert [each.operation for each in asked] == ["conversations.kick", "conversations.info"]
    verdict, _ = perform(ordered("remove", "U1"), wrong("user_not_found"))
    assert isinstance(verdict, Delivered)


def test_where_we_are_not_in_it_nobody_is_taken_for_out() -> None:
    outside = fine(channel={"id": CHANNEL, "is_member": False})
    verdict, _ = perform(ordered("remove", "U1"), wrong("not_in_channel"), outside)
    assert isinstance(verdict, Refused)
    assert verdict.cause is Cause.DESTINATION_REFUSED
    assert "invite the app" in verdict.detail
    verdict, _ = perform(ordered("remove", "U1"), wrong("not_in_channel"), DOWN)
    assert isinstance(verdict, Unavailable)


@pytest.mark.parametrize("error", ["cant_kick_self", "cant_kick_from_general", "not_supported"])
def test_whom_slack_does_not_take_out_is_told(error: str) -> None:
    verdict, _ = perform(ordered("remove", "U1"), wrong(error))
    assert isinstance(verdict, Delivered)
    assert refusals(verdict.receipt)["U1"].startswith(f"{error}: ")


def test_a_workspace_that_lets_no_app_take_people_out_is_a_refusal() -> None:
    verdict, _ = perform(ordered("remove", "U1"), wrong("restricted_action"))
    assert isinstance(verdict, Refused)


# ── making ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_channel_is_made_with_its_topic() -> None:
    made = fine(channel={"id": "C1NEW"})
    verdict, (create, topic) = perform(ordered("create", topic="t" * 300), made, fine())
    assert body(create) == {"name": "course-101", "is_private": True}
    assert body(topic) == {"channel": "C1NEW", "topic": "t" * 250}
    assert isinstance(verdict, Delivered)
    assert verdict.receipt["place"] == "C1NEW"
    verdict, _ = perform(ordered("create", topic="x", private=False), made, wrong("fatal_error"))
    assert isinstance(verdict, Delivered), "the channel is there all the same"
    assert verdict.receipt["place"] == "C1NEW"
    assert "fatal_error" in verdict.receipt["topic"]
    verdict, asked = perform(ordered("create"), made)
    assert isinstance(verdict, Delivered)
    assert len(asked) == 1


def test_an_answer_without_an_id_is_in_doubt() -> None:
    for kind in ("channel", "usergroup"):
        verdict, _ = perform(ordered("create", kind=kind), fine())
        assert isinstance(verdict, Doubtful)


def listed(kind: str, made_s: float, name: str = "course-101") -> dict[str, object]:
    if kind == "channel":
        return fine(channels=[{"id": "C1NEW", "name": name, "created": int(made_s)}])
    return fine(usergroups=[{"id": "S1NEW", "handle": name, "date_create": int(made_s)}])


TAKEN = {"channel": "name_taken", "usergroup": "handle_already_exists"}


@pytest.mark.parametrize("kind", ["channel", "usergroup"])
def test_a_name_that_is_taken_is_somebody_elses_unless_we_made_it_just_now(kind: str) -> None:
    given, taken = ordered("create", kind=kind), wrong(TAKEN[kind])
    verdict, _ = perform(given, taken)
    assert isinstance(verdict, Refused), "the first attempt has made nothing yet"
    assert verdict.cause is Cause.DESTINATION_REFUSED
    verdict, _ = perform(given, taken, listed(kind, NOW_S - 30), attempt=2)
    assert isinstance(verdict, Delivered)
    assert verdict.receipt["place"].endswith("1NEW")
    for other in (listed(kind, NOW_S - 90), listed(kind, NOW_S, "course-102")):
        verdict, _ = perform(given, taken, other, attempt=2)
        assert isinstance(verdict, Refused)
    verdict, _ = perform(given, taken, DOWN, attempt=2)
    assert isinstance(verdict, Unavailable)


@pytest.mark.parametrize("kind", ["channel", "usergroup"])
def test_what_may_have_been_made_is_looked_for(kind: str) -> None:
    given = ordered("create", kind=kind)
    looks = [
        (listed(kind, NOW_S + 5), Delivered),
        (listed(kind, NOW_S - 90), Absent),
        (listed(kind, NOW_S, "course-102"), Absent),
        (DOWN, Unavailable),
        (RATIONED, Throttled),
        (wrong("missing_scope"), Unprobeable),
        (wrong("brand_new"), Unavailable),
    ]
    for answer, meaning in looks:
        found, _ = play(rostering().seen(given, slip(now_s=NOW_S + 60, sent_s=NOW_S)), answer)
        assert isinstance(found, meaning), answer


@pytest.mark.parametrize("deed", ["add", "remove"])
def test_the_rest_is_repeated_and_costs_no_look(deed: str) -> None:
    found, asked = play(rostering().seen(ordered(deed, "U1"), slip()))
    assert isinstance(found, Absent), "not before nothing of it can land any more"
    assert asked == []


@pytest.mark.parametrize(("kind", "deed"), [("channel", "promote"), ("usergroup", "add"), ("team", "add")])
def test_what_slack_does_not_know_is_refused(kind: str, deed: str) -> None:
    verdict, asked = perform(msgspec.structs.replace(ordered("add", "U1"), place_kind=kind, deed=deed))
    assert isinstance(verdict, Refused)
    assert verdict.cause is Cause.BAD_CONFIGURATION
    assert asked == []
