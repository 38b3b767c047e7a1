"""What becomes of orders about user groups, which Slack takes as a whole."""

from typing import Any

import msgspec
import pytest
from slack_rosters import DOWN, GROUP, body, fine, ordered, play, rostering, slip, wrong

from actors.domain.flow import Outcome, Request
from actors.domain.rosters.order import RosterOrder, refusals
from actors.domain.verdicts import Cause, Delivered, Refused, Unavailable, Verdict


def perform(given: RosterOrder, *answers: Outcome | dict[str, Any], attempt: int = 1) -> tuple[Verdict, list[Request]]:
    return play(rostering().perform(given, slip(attempt)), *answers)


def test_a_group_is_replaced_in_one_call() -> None:
    verdict, (asked,) = perform(ordered("replace", "U1", "U2", kind="usergroup"), fine(usergroup={"date_delete": 0}))
    assert body(asked) == {"usergroup": GROUP, "users": "U1,U2"}
    assert isinstance(verdict, Delivered)
    assert verdict.receipt["usergroup"] == GROUP


@pytest.mark.parametrize("error", ["invalid_users", "failed_for_some_users"])
def test_whom_slack_does_not_take_is_found_among_everybody(error: str) -> None:
    page = fine(members=[{"id": "U1"}, {"id": "U2", "deleted": True}], response_metadata={"next_cursor": "x"})
    verdict, asked = perform(
        ordered("replace", "U1", "U2", "U3", kind="usergroup"), wrong(error), page, fine(members=[]), fine()
    )
    assert [each.operation for each in asked] == [
        "usergroups.users.update",
        "users.list",
        "users.list",
        "usergroups.users.update",
    ]
    assert body(asked[-1])["users"] == "U1"
    assert isinstance(verdict, Delivered)
    assert set(refusals(verdict.receipt)) == {"U2", "U3"}


def test_a_refusal_that_nobody_explains_stays_one() -> None:
    listed = fine(members=[{"id": "U1"}])
    verdict, _ = perform(ordered("replace", "U1", kind="usergroup"), wrong("invalid_users"), listed)
    assert isinstance(verdict, Refused)
    half = ordered("replace", "U1", "U2", kind="usergroup")
    verdict, _ = perform(half, wrong("invalid_users"), listed, wrong("invalid_users"))
    assert isinstance(verdict, Refused)
    verdict, _ = perform(half, wrong("invalid_users"), DOWN)
    assert isinstance(verdict, Unavailable)


def test_a_group_of_whom_nobody_is_left_is_disabled() -> None:
    given = ordered("replace", "U1", kind="usergroup")
    verdict, asked = perform(given, wrong("invalid_users"), fine(members=[]), fine())
    assert asked[-1].operation == "usergroups.disable"
    assert isinstance(verdict, Delivered)
    assert set(refusals(verdict.receipt)) == {"U1"}


def test_a_disabled_group_is_enabled_whichever_way_slack_says_so() -> None:
    given = ordered("replace", "U1", kind="usergroup")
    verdict, asked = perform(given, wrong("no_such_subteam"), fine(), fine())
    assert [each.operation.rpartition(".")[2] for each in asked] == ["update", "enable", "update"]
    assert isinstance(verdict, Delivered)
    verdict, asked = perform(given, fine(usergroup={"date_delete": 1_700_000_000}), fine())
    assert [each.operation.rpartition(".")[2] for each in asked] == ["update", "enable"]
    assert isinstance(verdict, Delivered)
    verdict, _ = perform(given, wrong("no_such_subteam"), wrong("no_such_subteam"))
    assert isinstance(verdict, Refused)
    assert verdict.cause is Cause.DESTINATION_GONE
    verdict, _ = perform(given, wrong("no_such_subteam"), fine(), wrong("no_such_subteam"))
    assert isinstance(verdict, Refused)


def test_who_came_while_an_order_waited_is_not_thrown_out_by_it() -> None:
    given = msgspec.structs.replace(ordered("replace", "U1", "U2", kind="usergroup"), inside=("U1", "U3"))
    there = fine(users=["U1", "U3", "U9"])
    verdict, (looked, asked) = perform(given, there, fine(), attempt=2)
    assert (looked.operation, body(asked)["users"]) == ("usergroups.users.list", "U1,U2,U9")
    assert isinstance(verdict, Delivered)
    early = msgspec.structs.replace(given, at="2001-01-01T00:00:00Z")
    verdict, (_, asked) = perform(early, there, fine())
    assert body(asked)["users"] == "U1,U2,U9"
    verdict, asked_ = perform(early, DOWN)
    assert isinstance(verdict, Unavailable)
    assert len(asked_) == 1
    verdict, asked_ = perform(early, wrong("no_such_subteam"), wrong("no_such_subteam"), fine(), fine())
    assert [each.operation.rpartition(".")[2] for each in asked_] == ["list", "update", "enable", "update"]
    assert body(asked_[-1])["users"] == "U1,U2"


def test_a_group_that_somebody_came_to_meanwhile_is_not_switched_off() -> None:
    given = msgspec.structs.replace(ordered("disable", kind="usergroup"), inside=("U3",))
    there = fine(users=["U3", "U9"])
    verdict, asked = perform(given, there, there, fine(), attempt=2)
    assert (asked[-1].operation, body(asked[-1])["users"]) == ("usergroups.users.update", "U9")
    assert isinstance(verdict, Delivered)
    verdict, asked = perform(given, fine(users=["U3"]), fine(), attempt=2)
    assert asked[-1].operation == "usergroups.disable"


def test_one_that_is_disabled_stays_so() -> None:
    given = ordered("disable", kind="usergroup")
    off, on = {"id": GROUP, "date_delete": 5}, {"id": GROUP, "date_delete": 0}
    verdict, _ = perform(given, wrong("no_such_subteam"), fine(usergroups=[off]))
    assert isinstance(verdict, Delivered)
    for groups in ([], [on]):
        verdict, _ = perform(given, wrong("no_such_subteam"), fine(usergroups=groups))
        assert isinstance(verdict, Refused)


@pytest.mark.parametrize("error", ["plan_upgrade_required", "paid_teams_only", "permission_denied"])
def test_a_workspace_without_user_groups_says_what_to_do(error: str) -> None:
    verdict, _ = perform(ordered("create", kind="usergroup"), wrong(error))
    assert isinstance(verdict, Refused)
    assert verdict.cause is Cause.MISSING_PERMISSION
    assert len(verdict.detail) > len(f"Slack: {error}: ")
