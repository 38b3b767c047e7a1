"""Carrying out what is ordered about a team, so that repeating it does no harm: who is in already, or gone already, is
no failure; whom alone Graph refuses is told by name, and the others are not held up by it.

Two hundred are added with one request, whose answer tells of each. Removing, and changing roles, is a request each,
four to a call: more of one team's in a second Graph does not take, in a bundle or not. A team is created by a request
that answers before the team is there; one whose answer was lost is looked for by its name and its age.
"""

from collections.abc import Sequence
from typing import Literal, assert_never
from urllib.parse import quote, urlencode

import msgspec

from actors.domain.flow import Flow, Request
from actors.domain.rosters.order import PLACE, RosterOrder
from actors.domain.speech import moment_of
from actors.domain.verdicts import (
    Absent,
    Cause,
    Confirmation,
    Delivered,
    Doubtful,
    Faulted,
    Refused,
    Repeatable,
    Revoked,
    Throttled,
    Unavailable,
    Unprobeable,
    Verdict,
    unlooked,
)
from actors.ports.rostering import Slip
from actors.targets.teams import rostering_answers as answers
from actors.targets.teams.calling import Caller
from actors.targets.teams.marks import Trail
from actors.targets.teams.pace import CREATIONS, OF_TEAM_AT_ONCE, of_roster
from actors.targets.teams.rostering_answers import Told
from actors.targets.teams.rostering_people import PAGE_ROWS, Listed, asked
from actors.targets.teams.rostering_places import GROUP_SHOWN, OWNER, found_of
from actors.targets.teams.scopes import APP
from actors.targets.teams.settings import TeamsSettings
from actors.targets.teams.wire import Answered, Failure, Harmless, Purpose, harmless

ADDED_MAX = 200
"""So many Graph adds with one request."""
CHANGED_MAX = 20
"""So many removals or changes of roles are one order."""
BORN_S = 900.0
"""How long a new team, or its owner, may be unknown to Teams."""
AGAIN_S = "30"
SKEW_US = 60_000_000
"""How far Graph's clock may be from ours."""
TOPIC_CHARS_MAX = 1_024
ANSWER_BYTES_MAX = 128 * 1024
"""Two hundred people, each with an error."""
PATIENCE_S = 60.0
MEMBER = "#microsoft.graph.aadUserConversationMember"
ADDED = "microsoft.graph.aadUserConversationMember"

Change = Literal["promote", "demote", "remove"]


class Deeds:
    """One directory's."""

    def __init__(self, settings: TeamsSettings, caller: Caller) -> None:
        self._settings = settings
        self._caller = caller

    def perform(self, order: RosterOrder, slip: Slip) -> Flow[Verdict]:
        trail = Trail(
            slip.correlation_id, f"{slip.delivery_id}|{slip.attempt}|{slip.now_us}", slip.now_us, slip.delivery_id
        )
        match order.deed:
            case "create":
                return (yield from self._create(order, slip, trail))
            case "add":
                return (yield from self._add(order, slip, trail))
            case "promote" | "demote" | "remove":
                return (yield from self._change(order, order.deed, slip, trail))
            case "replace" | "enable" | "disable":
                return Refused(Cause.BAD_CONFIGURATION, f"a team has nothing that could be called {order.deed}")
            case _ as never:
                assert_never(never)

    def seen(self, order: RosterOrder, slip: Slip) -> Flow[Confirmation]:
        if order.deed != "create":
            return Repeatable("whoever is in, or gone, already stays so when it is asked again")
        if slip.sent_us is None:
            return Absent("no attempt of it can have landed")
        told = yield from asked(
            self._caller,
            "groups",
            "displayName",
            [order.name],
            select=GROUP_SHOWN,
            purpose=Purpose.TEAMS,
            operation="groups.list",
            whole=True,
        )
        if not isinstance(told, Listed):
            match told:
                case Refused():
                    return unlooked(told)
                case Faulted(detail=detail) | Doubtful(detail=detail):
                    return Unprobeable(detail)
                case Throttled() | Unavailable() | Revoked():
                    return told
        return _born(order, told.shown, slip.sent_us, slip.now_us)

    # ── creating ─────────────────────────────────────────────────────────────────────────────────────

    def _create(self, order: RosterOrder, slip: Slip, trail: Trail) -> Flow[Verdict]:
        owner = order.owners[0] if order.owners else self._settings.team_owner
        if not owner:
            return Refused(
                Cause.BAD_CONFIGURATION,
                f"the team {order.name!r} would have no owner, and Teams creates none without: enrol an instructor "
                "whom the directory knows, or set team_owner of this target",
            )
        if not order.name:
            return Refused(Cause.BAD_CONFIGURATION, "the team would have no name")
        standard = self._settings.team_template == "standard"
        body: dict[str, object] = {
            "template@odata.bind": f"{self._v1}teamsTemplates('{self._settings.team_template}')",
            "displayName": order.name,
            "description": (order.topic or order.name)[:TOPIC_CHARS_MAX],
            "members": [self._member(owner, OWNER, MEMBER)],
        }
        if standard:
            body["visibility"] = "Private" if order.private else "Public"
        request = self._request("POST", "teams", "teams.post", (CREATIONS,), body)
        answer = yield from self._caller.call(APP, request, Purpose.CREATION, trail)
        if isinstance(answer, Answered):
            if team := answers.created_id(answer):
                return Delivered({PLACE: team} | answer.request_ids)
            return Doubtful("Microsoft Graph: a team was created, and where is not told")
        if isinstance(answer, Refused) and answer.cause is Cause.DESTINATION_GONE:
            why = f"Teams does not know {owner}, who is to own the team {order.name!r}"
            return _not_yet(order, slip, why) or Refused(Cause.BAD_CONFIGURATION, why)
        return answer

    # ── adding ───────────────────────────────────────────────────────────────────────────────────────

    def _add(self, order: RosterOrder, slip: Slip, trail: Trail) -> Flow[Verdict]:
        people = [(each, "") for each in order.members] + [(each, OWNER) for each in order.owners]
        told = Told()
        values = [self._member(each, role, ADDED) for each, role in people]
        path = f"teams/{order.place}/members/add"
        request = self._request("POST", path, "members.add", of_roster(order.place), {"values": values})
        answer = yield from self._caller.call(APP, request, Purpose.ROSTER, trail)
        match answer:
            case Answered():
                answers.added(told, answer, [each for each, _ in people])
            case Refused(cause=Cause.DESTINATION_GONE):
                return _not_yet(order, slip, answer.detail) or answer
            case Refused(cause=Cause.PAYLOAD_REFUSED):  # one of them spoils it for all: which one shows alone
                absent = yield from self._add_alone(told, order, people, trail)
                if absent is not None:
                    return _not_yet(order, slip, absent.detail) or absent
            case _:
                return answer
        return _summed(told, order, len(people))

    def _add_alone(
        self, told: Told, order: RosterOrder, people: Sequence[tuple[str, str]], trail: Trail
    ) -> Flow[Refused | None]:
        """Not None: it is the team that is not there."""
        known = False
        for start in range(0, len(people), OF_TEAM_AT_ONCE):
            portion = people[start : start + OF_TEAM_AT_ONCE]
            requests = [
                self._request(
                    "POST",
                    f"teams/{order.place}/members",
                    "members.post",
                    of_roster(order.place),
                    self._member(each, role, MEMBER),
                )
                for each, role in portion
            ]
            found = yield from self._caller.several(APP, requests, Purpose.ROSTER, trail)
            known = known or any(isinstance(answer, Answered) for answer in found)
            if not known and any(_is_gone(answer) for answer in found):
                absent = yield from self._absent(told, order.place, [each for each, _ in portion], trail)
                if absent is not None or told.waits is not None:
                    return absent
                known = True
            for (each, _), answer in zip(portion, found, strict=True):
                answers.added_alone(told, each, answer)
            if told.waits is not None:
                break
        return None

    def _absent(self, told: Told, team: str, people: Sequence[str], trail: Trail) -> Flow[Refused | None]:
        """Graph says the same of a person and of a team that it does not know: whether it is the team. Where that is
        not learnt, the order waits."""
        found = yield from self._memberships(team, people, trail)
        if isinstance(found, dict):
            return None
        if isinstance(found, Refused):
            return found if found.cause is Cause.DESTINATION_GONE else None
        told.wait(found)
        return None

    # ── changing ─────────────────────────────────────────────────────────────────────────────────────

    def _change(self, order: RosterOrder, deed: Change, slip: Slip, trail: Trail) -> Flow[Verdict]:
        told = Told()
        known = dict(zip(order.members, (*order.memberships, *[""] * len(order.members)), strict=False))
        if unknown := [person for person, membership in known.items() if not membership]:
            found = yield from self._memberships(order.place, unknown, trail)
            if isinstance(found, Refused) and found.cause is Cause.DESTINATION_GONE:
                return _not_yet(order, slip, found.detail) or found
            if not isinstance(found, dict):
                return found
            known |= found
            for person in unknown:
                if person not in found:
                    gone = Refused(Cause.DESTINATION_GONE, "Microsoft Graph lists no such member")
                    answers.changed(told, person, gone, stays=deed == "promote")
        there = bool(unknown)  # then it has just been seen
        waiting = [(person, membership) for person, membership in known.items() if membership]
        for start in range(0, len(waiting), OF_TEAM_AT_ONCE):
            portion = waiting[start : start + OF_TEAM_AT_ONCE]
            requests = [self._changing(order.place, membership, deed) for _, membership in portion]
            heard = yield from self._caller.several(APP, requests, Purpose.ROSTER, trail)
            there = there or any(isinstance(answer, Answered) for answer in heard)
            if deed != "remove" and not there and any(_is_gone(answer) for answer in heard):
                absent = yield from self._absent(told, order.place, [person for person, _ in portion], trail)
                if absent is not None:
                    return _not_yet(order, slip, absent.detail) or absent
                there = True
            for (person, _), answer in zip(portion, heard, strict=True):
                answers.changed(told, person, answer, stays=deed == "promote")
                told.request_ids = answer.request_ids if isinstance(answer, Answered) else told.request_ids
            if told.waits is not None:
                break
        return _summed(told, order, len(known))

    def _changing(self, team: str, membership: str, deed: Change) -> Request:
        path = f"teams/{team}/members/{membership}"
        if deed == "remove":
            return self._request("DELETE", path, "members.delete", of_roster(team))
        body: dict[str, object] = {"@odata.type": MEMBER, "roles": [OWNER] if deed == "promote" else []}
        return self._request("PATCH", path, "members.patch", of_roster(team), body)

    def _memberships(self, team: str, people: Sequence[str], trail: Trail) -> Flow[dict[str, str] | Harmless]:
        """Of those whose membership was never read, by who it is."""
        wanted = " or ".join(f"{ADDED}/userId eq '{person}'" for person in people)
        request = self._caller.request(
            "GET", f"teams/{team}/members?{_query(wanted)}", "members.list", of_roster(team)[:2]
        )
        answer = yield from self._caller.call(APP, request, Purpose.MEMBERS, trail)
        if not isinstance(answer, Answered):
            return harmless(answer)
        found = {str(each.get("userId")).lower(): each.get("id") for each in answer.objects() or []}
        return {person: given for person in people if isinstance(given := found.get(person), str) and given}

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────

    @property
    def _v1(self) -> str:
        return f"{self._settings.resource}/v1.0/"

    def _member(self, person: str, role: str, kind: str) -> dict[str, object]:
        return {
            "@odata.type": kind,
            "roles": [role] if role else [],
            "user@odata.bind": f"{self._v1}users('{person.replace(chr(39), chr(39) * 2)}')",
        }

    def _request(
        self, method: str, path: str, operation: str, draws: tuple[str, ...], body: dict[str, object] | None = None
    ) -> Request:
        data = b"" if body is None else msgspec.json.encode(body)
        made = self._caller.request(method, path, operation, draws, data)
        told = operation in ("members.add", "teams.post")
        return msgspec.structs.replace(made, answer_bytes_max=ANSWER_BYTES_MAX if told else None, patience_s=PATIENCE_S)


def _is_gone(answer: Answered | Failure) -> bool:
    return isinstance(answer, Refused) and answer.cause is Cause.DESTINATION_GONE


def _query(wanted: str) -> str:
    return urlencode({"$filter": f"({wanted})", "$top": str(PAGE_ROWS)}, quote_via=quote, safe="$,()/")


def _summed(told: Told, order: RosterOrder, people: int) -> Verdict:
    """What waits is ordered again as a whole: it does no harm to those who are done. Where nobody was let through for
    want of a permission, that is what is told: it is nobody's in particular."""
    if told.waits is not None:
        return told.waits
    if people > 1 and len(told.denied) == people:
        detail = next(iter(told.refused.values()))
        return Refused(Cause.MISSING_PERMISSION, detail)
    return told.receipt(order.place)


def _not_yet(order: RosterOrder, slip: Slip, why: str) -> Throttled | None:
    """A wait, while what is not there may be too new to be known everywhere; None: it has been long enough."""
    at = moment_of(order.at)
    since_us = int(at.timestamp() * 1e6) if at is not None else 0
    if slip.now_us - since_us >= BORN_S * 1e6:
        return None
    return Throttled(AGAIN_S, whole_lane=False, detail=f"{why}: perhaps not yet, it is waited for")


def _born(order: RosterOrder, groups: Sequence[dict[str, object]], sent_us: int, now_us: int) -> Confirmation:
    """Whether a group of that name, as old as the attempt, is the team that was to be created."""
    found: list[str] = []
    waiting = now_us - sent_us < BORN_S * 1e6
    for each in groups:
        made = moment_of(each.get("createdDateTime"))
        name = each.get("displayName")
        if made is None or made.timestamp() * 1e6 < sent_us - SKEW_US:
            continue
        if not isinstance(name, str) or name.casefold() != order.name.casefold():
            continue
        team = found_of(each)
        if team is None:
            return Throttled(AGAIN_S, whole_lane=False, detail="its group is there, the team is not yet")
        found.append(team.place)
    match found:
        case []:
            if waiting:
                return Throttled(AGAIN_S, whole_lane=False, detail="a new team may show up late")
            return Absent("no team of this name is as young as the attempt")
        case [team_id]:
            return Delivered({PLACE: team_id})
        case _:
            return Unprobeable(f"{len(found)} teams of this name are as young as the attempt: {', '.join(found)}")
