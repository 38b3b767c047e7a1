"""Whose members or owners changed, as groups/delta tells it: a hint which teams to read before the next night.

It is no more than a hint. The group behind a team follows it, or is followed, by up to a day; deleted people may be
missing from it. So nobody is put in or taken out because of it: the team is read. A delta begins at now; where Graph
has forgotten how far we were (a token lives for seven days), every team that is kept in step is named.
"""

from collections.abc import Collection

from actors.domain.flow import Flow
from actors.domain.tidings import Failure, MembersChanged, Surveyed
from actors.domain.verdicts import Faulted, Refused
from actors.targets.teams.delta_reading import ID_CHARS_MAX, PAGES_MAX, Ask, below, forgotten
from actors.targets.teams.wire import Answered, harmless

GROUPS = "groups/delta?$select=members,owners"
FROM_NOW = f"{GROUPS}&$deltatoken=latest"
TOLD_MAX = 100
"""Of so many who came or went it is told who; of more, that it were many."""
LOST = "Graph does not know any more how far we were"


def moves(ask: Ask, base: str, cursor: str, kept: Collection[str]) -> Flow[Surveyed | Failure]:
    """``kept``: teams that are kept in step, as far as this process knows. It is told of every group: whoever keeps
    them knows which are theirs."""
    came: dict[str, dict[str, bool]] = {}
    unclear: set[str] = set()
    path = cursor or FROM_NOW
    for _ in range(PAGES_MAX):
        answer = yield from ask(path, "groups.delta", ())
        if not isinstance(answer, Answered):
            failure = harmless(answer)
            if cursor and forgotten(failure):
                return Surveyed(tidings=tuple(MembersChanged(team) for team in sorted(kept)), more=True)
            if isinstance(failure, Refused):
                return Surveyed(cursor=cursor, lacking=failure.detail)
            return failure
        for item in answer.objects() or []:
            _group(item, came, unclear)
        onward, end = answer.text("@odata.nextLink"), answer.text("@odata.deltaLink")
        path = below(base, onward or end)
        if not path:
            return Faulted("Microsoft Graph: a delta without a link that leads on")
        if not onward:
            return Surveyed(tidings=_told(came, unclear), cursor=path)
    return Surveyed(tidings=_told(came, unclear), cursor=path, more=True)


def _group(item: dict[str, object], came: dict[str, dict[str, bool]], unclear: set[str]) -> None:
    given = item.get("id")
    team = given[:ID_CHARS_MAX].lower() if isinstance(given, str) else ""
    if not team:
        return
    if isinstance(item.get("@removed"), dict):
        unclear.add(team)
        return
    people = came.setdefault(team, {})
    people |= _people(item.get("members@delta"))
    if not _people(item.get("owners@delta")).items() <= people.items():
        unclear.add(team)  # somebody's role changed, who had been in it and stays


def _people(listed: object) -> dict[str, bool]:
    """By id, whether they came."""
    found: dict[str, bool] = {}
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and isinstance(person := each.get("id"), str) and person:
            found[person[:ID_CHARS_MAX].lower()] = not isinstance(each.get("@removed"), dict)
    return found


def _told(came: dict[str, dict[str, bool]], unclear: set[str]) -> tuple[MembersChanged, ...]:
    found: list[MembersChanged] = []
    for team in sorted({*came, *unclear}):
        people = came.get(team, {})
        if team in unclear or len(people) > TOLD_MAX:
            found.append(MembersChanged(team))
        elif people:
            joined = tuple(person for person, there in people.items() if there)
            found.append(MembersChanged(team, joined, tuple(person for person, there in people.items() if not there)))
    return tuple(found)
