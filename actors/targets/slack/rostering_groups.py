"""User groups, which Slack takes as a whole: who is to be in one, or that nobody is.

It is never replaced by a part while somebody is looked for whom Slack does not take. An order that waited, or was tried
before, was decided by who was in the group then: whoever came meanwhile is not thrown out by it, but is for the next
comparison to judge.
"""

from collections.abc import Mapping

from actors.domain.flow import Flow
from actors.domain.rosters.order import RosterOrder
from actors.domain.speech import moment_of
from actors.domain.verdicts import Faulted, Verdict
from actors.ports.rostering import Page, Slip
from actors.targets.slack.rostering_calls import Calls, delivered, ids, receipt_of
from actors.targets.slack.rostering_people import people
from actors.targets.slack.rostering_places import PAGES_MAX, groups, is_disabled
from actors.targets.slack.wire import Answered, Harmless

SOME = frozenset({"invalid_users", "failed_for_some_users"})
DISABLED = "no_such_subteam"
UNLISTED = "is deactivated, or not of this workspace"
FRESH_US = 15_000_000
"""So long what was decided counts as decided just now."""


def replace(calls: Calls, order: RosterOrder, slip: Slip) -> Flow[Verdict]:
    """By these, as the order says; where it waited, those who came meanwhile stay."""
    users, refused = order.members, dict[str, str]()
    if _waited(order, slip):
        came = yield from _came(calls, order)
        if not isinstance(came, tuple):
            return came
        users = (*users, *came)
    enabled = False
    while users:
        body: dict[str, object] = {"usergroup": order.place, "users": ",".join(users)}
        said = yield from calls.post("usergroups.users.update", body, slip)
        if said.error in SOME and not refused:
            there = yield from _everybody(calls)
            if not isinstance(there, set):
                return there
            refused = {each: f"{said.error}: {UNLISTED}" for each in users if each not in there}
            if not refused:
                return said.failure
            users = tuple(each for each in users if each in there)
            continue
        group = said.fields.get("usergroup")
        shut = said.error == DISABLED or (isinstance(group, dict) and is_disabled(group))
        if shut and not enabled:
            on = yield from calls.post("usergroups.enable", {"usergroup": order.place}, slip)
            if not isinstance(on.answer, Answered):
                return on.failure
            enabled = True
            if said.error:
                continue
        if not isinstance(said.answer, Answered):
            return said.failure
        return delivered(receipt_of(said.answer, order.place), refused)
    return (yield from switch(calls, order, slip, "disable", refused))


def _everybody(calls: Calls) -> Flow[set[str] | Harmless]:
    """Ids of all whose account is active."""
    found: set[str] = set()
    after = ""
    for _ in range(PAGES_MAX):
        page = yield from people(calls, after)
        if not isinstance(page, Page):
            return page
        found.update(each.id for each in page.accounts if each.active)
        after = page.after
        if not after:
            return found
    return Faulted(f"Slack: more than {PAGES_MAX} pages of people")


def switch(
    calls: Calls, order: RosterOrder, slip: Slip, deed: str, refused: Mapping[str, str] | None = None
) -> Flow[Verdict]:
    """On or off; one that is so already is left alone, and one in which there is somebody again is not switched off."""
    if deed == "disable" and refused is None and _waited(order, slip):
        came = yield from _came(calls, order)
        if not isinstance(came, tuple):
            return came
        if came:
            return (yield from replace(calls, order, slip))
    said = yield from calls.post(f"usergroups.{deed}", {"usergroup": order.place}, slip)
    if isinstance(said.answer, Answered):
        return delivered(receipt_of(said.answer, order.place), refused or {})
    if said.error == DISABLED and deed == "disable":
        all_ = yield from groups(calls, members=False)
        if not isinstance(all_, list):
            return all_
        if any(row["id"] == order.place and is_disabled(row) for row in all_):
            return delivered({"usergroup": order.place}, refused or {})
    return said.failure


def _waited(order: RosterOrder, slip: Slip) -> bool:
    """Whether somebody may have come since it was decided."""
    at = moment_of(order.at)
    decided_us = int(at.timestamp() * 1e6) if at is not None else 0
    return slip.attempt > 1 or slip.now_us - decided_us > FRESH_US


def _came(calls: Calls, order: RosterOrder) -> Flow[tuple[str, ...] | Harmless]:
    """Who is in it and was not when it was decided; nobody is in one that is disabled."""
    said = yield from calls.get("usergroups.users.list", {"usergroup": order.place})
    there = ids(said.fields.get("users")) if not said.error else [] if said.error == DISABLED else None
    if there is None:
        return said.unlearnt
    known = {*order.members, *order.inside}
    return tuple(each for each in dict.fromkeys(there) if each not in known)
