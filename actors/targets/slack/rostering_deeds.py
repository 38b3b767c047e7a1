"""Carrying out what is ordered: each of these may be done twice, and then nothing else is so than after once.

Of an invitation of many, Slack is asked to go on past those whom it does not let in, and tells them; where it refuses
all because of some, it is asked again without them, or in halves where it does not say whom it means. What is done
about user groups is in ``rostering_groups``.
"""

from collections.abc import Mapping, Sequence

from actors.domain.flow import Flow
from actors.domain.rosters.order import PLACE, RosterOrder
from actors.domain.verdicts import (
    Absent,
    Cause,
    Confirmation,
    Delivered,
    Doubtful,
    Faulted,
    Refused,
    Unavailable,
    Verdict,
    unlooked,
)
from actors.ports.rostering import Slip
from actors.targets.slack.rostering_calls import Calls, Said, delivered, receipt_of, rows
from actors.targets.slack.rostering_groups import replace, switch
from actors.targets.slack.rostering_places import groups, listing
from actors.targets.slack.telling import text
from actors.targets.slack.wire import PASSING, Answered, Harmless

SKEW_S = 60.0
"""How far Slack's clock may be from ours."""
TOPIC_CHARS_MAX = 250
DESCRIPTION_CHARS_MAX = 140

THERE = frozenset({"already_in_channel", "cant_invite_self"})
"""Of one person: they are in it."""
PERSONAL: dict[str, str] = {
    "user_not_found": "nobody in this workspace has this id",
    "user_disabled": "the account is deactivated",
    "user_not_visible": "the app may not see this person",
    "cant_invite": "Slack does not let them be invited: the account may be deactivated",
    "user_is_restricted": "a guest who may not be in this channel",
    "ura_max_channels": "a single-channel guest who is in a channel already",
    "org_user_not_in_team": "is of the organisation, and not of this workspace: add them to it first",
    "invitee_cant_see_channel": "is of a workspace that this channel is not shared with",
    "no_external_invite_permission": "is of another organisation, and the app may invite nobody from there",
}
"""Why Slack does not let one person in, and what that means."""
NOT_KICKED = {
    "cant_kick_self": "is the app itself",
    "cant_kick_from_general": "nobody can be taken out of this channel",
    "not_supported": "Slack does not let this person be taken out of this channel",
}
TAKEN = frozenset({"name_taken", "handle_already_exists", "name_already_exists"})
REPEATED = "it is ordered again once nothing can land any more: who is in already stays in, who is out stays out"


def perform(calls: Calls, order: RosterOrder, slip: Slip) -> Flow[Verdict]:
    match order.place_kind, order.deed:
        case "channel", "create":
            return (yield from _create_channel(calls, order, slip))
        case "usergroup", "create":
            return (yield from _create_group(calls, order, slip))
        case "channel", "add":
            return (yield from _invite(calls, order, slip))
        case "channel", "remove":
            return (yield from _kick(calls, order, slip))
        case "usergroup", "replace":
            return (yield from replace(calls, order, slip))
        case "usergroup", "enable" | "disable":
            return (yield from switch(calls, order, slip, order.deed))
        case _:
            return Refused(Cause.BAD_CONFIGURATION, f"Slack knows no {order.deed} of a {order.place_kind}")


def seen(calls: Calls, order: RosterOrder, slip: Slip) -> Flow[Confirmation]:
    """Only what was made is looked for: the rest is repeated, which costs less than looking. Not before nothing of the
    first attempt can land any more: it could undo what is ordered next."""
    if order.deed != "create":
        return Absent(REPEATED)
    made = yield from _made_since(calls, order, slip)
    if made is None:
        return Absent()
    return made if isinstance(made, Delivered) else _unseen(made)


def _unseen(failure: Harmless) -> Confirmation:
    match failure:
        case Refused():
            return unlooked(failure)
        case Faulted(detail=detail):
            return Unavailable(detail)
        case _:
            return failure


# ── making ───────────────────────────────────────────────────────────────────────────────────────────


def _create_channel(calls: Calls, order: RosterOrder, slip: Slip) -> Flow[Verdict]:
    said = yield from calls.post("conversations.create", {"name": order.name, "is_private": order.private}, slip)
    if said.error in TAKEN:
        return (yield from _taken(calls, order, slip, said))
    if not isinstance(said.answer, Answered):
        return said.failure
    channel = said.answer.text("id", within="channel")
    if not channel:
        return Doubtful("Slack: ok without a channel")
    receipt = receipt_of(said.answer, channel) | {PLACE: channel}
    if order.topic:
        topic = {"channel": channel, "topic": order.topic[:TOPIC_CHARS_MAX]}
        told = yield from calls.post("conversations.setTopic", topic, slip)
        if not isinstance(told.answer, Answered):  # the channel is there all the same
            receipt["topic"] = f"not set: {told.answer.detail}"
    return Delivered(receipt)


def _create_group(calls: Calls, order: RosterOrder, slip: Slip) -> Flow[Verdict]:
    body: dict[str, object] = {"name": order.name, "handle": order.name}
    body |= {"description": order.topic[:DESCRIPTION_CHARS_MAX]} if order.topic else {}
    said = yield from calls.post("usergroups.create", body, slip)
    if said.error in TAKEN:
        return (yield from _taken(calls, order, slip, said))
    if not isinstance(said.answer, Answered):
        return said.failure
    group = said.answer.text("id", within="usergroup")
    if not group:
        return Doubtful("Slack: ok without a user group")
    return Delivered(receipt_of(said.answer, group) | {PLACE: group})


def _taken(calls: Calls, order: RosterOrder, slip: Slip, said: Said) -> Flow[Verdict]:
    """The name is taken: perhaps by what an earlier attempt of this very order made."""
    if slip.attempt > 1:
        made = yield from _made_since(calls, order, slip)
        if made is not None:
            return made
    return said.failure


def _made_since(calls: Calls, order: RosterOrder, slip: Slip) -> Flow[Delivered | Harmless | None]:
    """The place of this name, if it is no older than the first attempt."""
    if order.place_kind == "channel":
        listed = yield from listing(calls, [order.name])
        if not isinstance(listed, dict):
            return listed
        found, made = listed[order.name], "created"
    else:
        all_ = yield from groups(calls, members=False)
        if not isinstance(all_, list):
            return all_
        found, made = [row for row in all_ if text(row, "handle") == order.name], "date_create"
    since_s = (slip.now_us if slip.sent_us is None else slip.sent_us) / 1e6 - SKEW_S
    for row in found:
        at_s = row.get(made)
        if isinstance(at_s, int | float) and at_s >= since_s:
            return Delivered({PLACE: text(row, "id")})
    return None


# ── channels ─────────────────────────────────────────────────────────────────────────────────────────


def _invite(calls: Calls, order: RosterOrder, slip: Slip) -> Flow[Verdict]:
    """At most twice as many calls as there are people, where Slack names nobody; else one, or two."""
    refused: dict[str, str] = {}
    again: dict[str, str] = {}
    receipt: dict[str, str] = {}
    waiting = [order.members] if order.members else []
    while waiting:
        users = waiting.pop()
        body: dict[str, object] = {"channel": order.place, "users": ",".join(users), "force": True}
        said = yield from calls.post("conversations.invite", body, slip)
        named = _named(said, users)
        if not isinstance(said.answer, Answered):
            if said.error not in PERSONAL and said.error not in THERE:
                return said.failure
            if not named and len(users) > 1:
                half = len(users) // 2
                waiting += [users[half:], users[:half]]
                continue
            named = named or {users[0]: said.error}
            if rest := tuple(each for each in users if each not in named):
                waiting.append(rest)
        else:
            receipt |= receipt_of(said.answer, order.place)
        for user, error in named.items():
            if error in PASSING:
                again[user] = error
            elif error not in THERE:
                refused[user] = _meaning(error, PERSONAL)
    if again:
        return Faulted(f"Slack: {next(iter(again.values()))} about {len(again)} of {len(order.members)}")
    return delivered(receipt, refused)


def _named(said: Said, users: Sequence[str]) -> dict[str, str]:
    """Whom Slack did not invite: id to error. It shows those whom it did with ``ok``, if at all."""
    asked = set(users)
    found = {}
    for each in rows(said, "errors") or []:
        user, error = text(each, "user"), text(each, "error")
        if user in asked and error and each.get("ok") is not True:
            found[user] = error
    return found


def _kick(calls: Calls, order: RosterOrder, slip: Slip) -> Flow[Verdict]:
    refused: dict[str, str] = {}
    receipt: dict[str, str] = {}
    for user in order.members:
        said = yield from calls.post("conversations.kick", {"channel": order.place, "user": user}, slip)
        if isinstance(said.answer, Answered):
            receipt |= receipt_of(said.answer, order.place)
        elif said.error in NOT_KICKED:
            refused[user] = _meaning(said.error, NOT_KICKED)
        elif said.error == "not_in_channel":
            shut = yield from _shut_out(calls, order.place)
            if shut is not None:
                return shut
        elif said.error != "user_not_found":
            return said.failure
    return delivered(receipt, refused)


def _shut_out(calls: Calls, channel: str) -> Flow[Harmless | None]:
    """``not_in_channel`` is said of the person, and of us: None where it was the person."""
    said = yield from calls.get("conversations.info", {"channel": channel})
    if not isinstance(said.answer, Answered):
        return said.unlearnt
    there = said.fields.get("channel")
    if isinstance(there, dict) and there.get("is_member") is False:
        return Refused(Cause.DESTINATION_REFUSED, "Slack: not_in_channel: invite the app to the channel")
    return None


# ── telling ──────────────────────────────────────────────────────────────────────────────────────────


def _meaning(error: str, advice: Mapping[str, str]) -> str:
    return f"{error}: {advice[error]}" if error in advice else error
