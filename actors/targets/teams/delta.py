"""What a lost notification would have told, found by asking Graph: who changed (users/delta), and how the channels that
are posted to stand.

A delta begins at now: what is known of people is what was looked up since. Where Graph has forgotten how far we were
(a token lives for seven days), nobody knows who changed meanwhile, so everybody is looked up anew when next written to.
"""

from collections.abc import Collection

from actors.domain.flow import Flow
from actors.domain.tidings import (
    Asking,
    ChannelArchived,
    ChannelBack,
    ChannelDeleted,
    ChannelRenamed,
    ChannelSeen,
    Failure,
    PeopleMissed,
    PersonChanged,
    PersonGone,
    Place,
    Surveyed,
    Surveying,
    Tiding,
)
from actors.domain.verdicts import Cause, Faulted, Refused
from actors.targets.teams.delta_members import moves
from actors.targets.teams.delta_reading import ID_CHARS_MAX, PAGES_MAX, Ask, below, forgotten
from actors.targets.teams.marks import messages_path, of_channel
from actors.targets.teams.wire import Answered, harmless

EMAIL_CHARS_MAX = 320
PEOPLE = "users/delta?$select=id,mail,userPrincipalName,accountEnabled"
FROM_NOW = f"{PEOPLE}&$deltatoken=latest"
APART = "\n"
"""Between how far we are with people and how far with members of teams."""


def survey(ask: Ask, base: str, asking: Asking, *, people: bool, kept: Collection[str] = ()) -> Surveying:
    """``base``: graph_url. Pages lead nowhere else. ``kept``: teams whose members are kept in step."""
    tidings: list[Tiding] = []
    of_people, _, of_members = asking.cursor.partition(APART)
    cursor, more, lacking = asking.cursor, False, []
    if asking.broadly and people:
        found = yield from _people(ask, base, of_people)
        if not isinstance(found, Surveyed):
            return found
        moved = (yield from moves(ask, base, of_members, kept)) if kept or of_members else Surveyed()
        if not isinstance(moved, Surveyed):
            return moved
        tidings += (*found.tidings, *moved.tidings)
        cursor, more = f"{found.cursor}{APART if moved.cursor else ''}{moved.cursor}", found.more or moved.more
        lacking += [each.lacking for each in (found, moved) if each.lacking]
    for place in asking.places:
        seen = yield from _channel(ask, place)
        if isinstance(seen, Refused):
            lacking.append(seen.detail)
            break
        if not isinstance(seen, list):
            return seen
        tidings += seen
    return Surveyed(tidings=tuple(tidings), cursor=cursor, more=more, lacking="; ".join(lacking))


# ── people ───────────────────────────────────────────────────────────────────────────────────────────


def _people(ask: Ask, base: str, cursor: str) -> Flow[Surveyed | Failure]:
    tidings: list[Tiding] = []
    path = cursor or FROM_NOW
    for _ in range(PAGES_MAX):
        answer = yield from ask(path, "users.delta", ())
        if not isinstance(answer, Answered):
            failure = harmless(answer)
            if cursor and forgotten(failure):
                return Surveyed(tidings=(PeopleMissed("Graph does not know any more how far we were"),), more=True)
            if isinstance(failure, Refused):
                return Surveyed(cursor=cursor, lacking=failure.detail)
            return failure
        for item in answer.objects() or []:
            tidings += _person(item)
        onward, end = answer.text("@odata.nextLink"), answer.text("@odata.deltaLink")
        path = below(base, onward or end)
        if not path:
            return Faulted("Microsoft Graph: a delta without a link that leads on")
        if not onward:
            return Surveyed(tidings=tuple(tidings), cursor=path)
    return Surveyed(tidings=tuple(tidings), cursor=path, more=True)


def _person(item: dict[str, object]) -> list[Tiding]:
    """What changed about somebody. A page may tell only the part that changed: then all of theirs is looked up anew."""
    given = item.get("id")
    if not isinstance(given, str) or not given:
        return []
    person = given[:ID_CHARS_MAX]
    if isinstance(item.get("@removed"), dict) or item.get("accountEnabled") is False:
        return [PersonGone(person)]
    if "mail" not in item and "userPrincipalName" not in item:
        return []
    whole = "mail" in item and "userPrincipalName" in item
    named = [item.get("mail"), item.get("userPrincipalName")]
    emails = [each.strip().casefold() for each in named if isinstance(each, str) and len(each) <= EMAIL_CHARS_MAX]
    return [PersonChanged(person, tuple(dict.fromkeys(each for each in emails if each)) if whole else ())]


# ── channels ─────────────────────────────────────────────────────────────────────────────────────────


def _channel(ask: Ask, place: Place) -> Flow[list[Tiding] | Failure]:
    path = messages_path(place.place).removesuffix("/messages")
    answer = yield from ask(f"{path}?$select=id,displayName,isArchived", "channels.get", of_channel(place.place))
    if not isinstance(answer, Answered):
        failure = harmless(answer)
        if isinstance(failure, Refused) and failure.cause is Cause.DESTINATION_GONE:
            return [ChannelDeleted(place.place)] if place.closed != "deleted" else []
        return failure
    name = answer.text("displayName")
    found: list[Tiding] = []
    if answer.fields.get("isArchived") is True:
        found += [ChannelArchived(place.place)] if place.closed != "archived" else []
    elif place.closed:
        found.append(ChannelBack(place.place, name))
    if name and name != place.name:
        found.append(ChannelRenamed(place.place, name) if place.name else ChannelSeen(place.place, name))
    return found
