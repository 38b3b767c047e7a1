"""Teams and who is in them: found by name or id, fifteen to a filter; members read a thousand to a page, twenty teams
to a call.

What Teams itself says of a team's members is the truth: the group behind it follows, or precedes, by up to a day. A
list counts only if it was read to its end; a team whose list was refused, while others could be read, was not got to.
"""

from collections.abc import Sequence

import msgspec

from actors.domain.flow import Flow, Request
from actors.domain.rosters.model import Actual, Member
from actors.domain.verdicts import Cause, Refused
from actors.ports.rostering import Failure as Failed
from actors.ports.rostering import Found, Gone
from actors.targets.teams.batch import SIZE_MAX
from actors.targets.teams.calling import Caller
from actors.targets.teams.pace import LISTS
from actors.targets.teams.rostering_people import AT_ONCE, PAGE_ROWS, VALUE_CHARS_MAX, Listed, asked, onward
from actors.targets.teams.scopes import APP
from actors.targets.teams.settings import TEAM_ID
from actors.targets.teams.wire import Answered, Failure, Purpose, harmless

PLACES_MAX = SIZE_MAX
"""So many teams' lists are one call."""
FINDS_MAX = AT_ONCE
PAGES_MAX = 40
"""Of one team: 25,000 members are twenty-six."""
KEPT_MAX = 100_000
"""So many teams it is heard of between the nights."""
LIST_BYTES_MAX = 1024 * 1024
"""A page of a thousand members."""
GROUP_SHOWN = "id,displayName,resourceProvisioningOptions,groupTypes,createdDateTime"
TEAM, RULED = "Team", "DynamicMembership"
BY_RULE = "kept by a rule of the directory (dynamic membership), which alone says who is in it"
NO_TEAM = "a group without a team"
OWNER = "owner"


class Places:
    """One directory's. ``keeper``: the account that owns teams for nobody; it is no member like others."""

    def __init__(self, caller: Caller, keeper: str) -> None:
        self._caller = caller
        self._keeper = keeper.casefold()
        self.kept: set[str] = set()

    def keep(self, *teams: str) -> None:
        """These are kept in step."""
        if len(self.kept) < KEPT_MAX:
            self.kept.update(teams)

    # ── finding ──────────────────────────────────────────────────────────────────────────────────────

    def find(self, texts: Sequence[str]) -> Flow[dict[str, tuple[Found, ...]] | Failed]:
        """At most ``FINDS_MAX``. A text that is missing in the answer was not got to; its team may be there."""
        ids = {text: text.lower() for text in texts if TEAM_ID.fullmatch(text)}
        names = {text: text.casefold() for text in texts if text not in ids and 0 < len(text) <= VALUE_CHARS_MAX}
        found: dict[str, tuple[Found, ...]] = {text: () for text in texts if text not in ids and text not in names}
        for field, wanted in (("id", ids), ("displayName", names)):
            told = yield from self._groups(field, list(dict.fromkeys(wanted.values() if wanted is ids else wanted)))
            if not isinstance(told, Listed):
                return found or told
            there: dict[str, list[Found]] = {}
            for each in told.shown:
                team = found_of(each) or (_teamless(each) if wanted is ids else None)
                if team is not None:
                    key = team.place if ids is wanted else team.name.casefold()
                    there.setdefault(key, []).append(team)
            got = {text: key for text, key in wanted.items() if (key if wanted is ids else text) in told.asked}
            found |= {text: tuple(there.get(key, ())) for text, key in got.items()}
        return found

    def _groups(self, field: str, values: Sequence[str]) -> Flow[Listed | Failed]:
        return (
            yield from asked(
                self._caller,
                "groups",
                field,
                values,
                select=GROUP_SHOWN,
                purpose=Purpose.TEAMS,
                operation="groups.list",
            )
        )

    # ── members ──────────────────────────────────────────────────────────────────────────────────────

    def members(self, teams: Sequence[str]) -> Flow[dict[str, Actual | Gone] | Failed]:
        """At most ``PLACES_MAX``."""
        read: dict[str, dict[str, Member]] = {team: {} for team in teams[:PLACES_MAX]}
        self.keep(*read)
        found: dict[str, Actual | Gone] = {}
        waiting: dict[str, str] = dict.fromkeys(read, f"$top={PAGE_ROWS}")
        failure: Failed | None = None
        trail = self._caller.talk("members")
        for _ in range(PAGES_MAX):
            if not waiting:
                break
            requests = [self._list(team, query) for team, query in waiting.items()]
            answers = yield from self._caller.several(APP, requests, Purpose.MEMBERS, trail)
            further: dict[str, str] = {}
            for team, answer in zip(waiting, answers, strict=True):
                told = answer.objects() if isinstance(answer, Answered) else None
                if not isinstance(answer, Answered) or told is None:
                    gone = None if isinstance(answer, Answered) else gone_of(answer)
                    if gone is not None and not read[team]:
                        found[team] = gone
                    elif not isinstance(answer, Answered):
                        failure = failure or harmless(answer)
                    continue
                read[team] |= {member.id: member for each in told if (member := self._member(each)) is not None}
                if query := onward(answer):
                    further[team] = query
                else:
                    found[team] = Actual(place=team, members=tuple(read[team].values()))
            waiting = further
        found |= {team: Actual(place=team, members=tuple(read[team].values()), whole=False) for team in waiting}
        return found if found or failure is None else failure

    # ── archived ─────────────────────────────────────────────────────────────────────────────────────

    def archived(self, teams: Sequence[str], asked_max: int) -> Flow[dict[str, bool] | Failed]:
        """A team's list of members does not tell. Each is a request, twenty are a call: Graph counts requests. Where
        we may not ask it is not learnt; nothing else depends on it."""
        found: dict[str, bool] = {}
        trail = self._caller.talk("archived")
        for start in range(0, min(len(teams), asked_max), SIZE_MAX):
            some = teams[start : min(start + SIZE_MAX, asked_max)]
            requests = [
                self._caller.request("GET", f"teams/{team}?$select=id,isArchived", "teams.get", (f"team:{team}", LISTS))
                for team in some
            ]
            answers = yield from self._caller.several(APP, requests, Purpose.CLOSING, trail)
            for team, answer in zip(some, answers, strict=True):
                if isinstance(answer, Answered):
                    if isinstance(told := answer.fields.get("isArchived"), bool):
                        found[team] = told
                elif not isinstance(failure := harmless(answer), Refused):
                    return found or failure
        return found

    def _list(self, team: str, query: str) -> Request:
        request = self._caller.request("GET", f"teams/{team}/members?{query}", "members.list", (f"team:{team}", LISTS))
        return msgspec.structs.replace(request, answer_bytes_max=LIST_BYTES_MAX, patience_s=60.0)

    def _member(self, fields: dict[str, object]) -> Member | None:
        """None where it is none of this directory's people."""
        person, membership = fields.get("userId"), fields.get("id")
        if not isinstance(person, str) or not person:
            return None
        roles, name, email = fields.get("roles"), fields.get("displayName"), fields.get("email")
        address = email.casefold() if isinstance(email, str) else ""
        return Member(
            id=person.lower(),
            owner=isinstance(roles, list) and OWNER in roles,
            membership=membership if isinstance(membership, str) else "",
            name=name if isinstance(name, str) else "",
            email=address,
            bot=bool(self._keeper) and self._keeper in (person.casefold(), address),
        )


def gone_of(failure: Failure) -> Gone | None:
    """Of a team that is not there (or that Teams does not know yet); None: it may be."""
    if isinstance(failure, Refused) and failure.cause is Cause.DESTINATION_GONE:
        return Gone(why="there is no such team (any more); who deleted it can restore it within thirty days")
    return None


def found_of(group: dict[str, object]) -> Found | None:
    """The team behind a group; None where there is none behind it."""
    options, kinds = group.get("resourceProvisioningOptions"), group.get("groupTypes")
    found = _teamless(group)
    if found is None or not isinstance(options, list) or TEAM not in options:
        return None
    ruled = isinstance(kinds, list) and RULED in kinds
    return msgspec.structs.replace(found, closed=BY_RULE if ruled else "")


def _teamless(group: dict[str, object]) -> Found | None:
    given, name = group.get("id"), group.get("displayName")
    if not isinstance(given, str) or not given:
        return None
    return Found(place=given.lower(), name=name if isinstance(name, str) else "", closed=NO_TEAM)
