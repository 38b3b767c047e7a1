"""Which channels and user groups there are, and who is in them.

Slack shows all channels or one by its id: names are looked for together, and the reading ends when all are found. All
user groups come in one answer, with everybody in them. A group that we disabled, because nobody was left to be in it,
is one that nobody is in; one that somebody else disabled is closed.
"""

from collections.abc import Sequence

from actors.domain.flow import Flow
from actors.domain.rosters.model import Actual, Member, PlaceKind
from actors.domain.verdicts import Cause, Faulted, Refused
from actors.ports.rostering import Found, Gone
from actors.targets.slack.rostering_calls import Calls, Said, cursor, ids, rows
from actors.targets.slack.rostering_orders import is_id
from actors.targets.slack.telling import text
from actors.targets.slack.wire import Answered, Harmless

CHANNELS_PAGE = 999
"""Fewer than a thousand, says Slack."""
MEMBERS_PAGE = 1_000
PAGES_MAX = 200
FEW = 2
"""So many channels are looked at one by one, and more of them in the list."""
ARCHIVED = "archived"
OUTSIDE = "the app is not in it: /invite it"
GONE = "there is no such channel, or it is private and the app is not in it"
NO_GROUP = "there is no such user group"

Row = dict[str, object]


# ── finding ──────────────────────────────────────────────────────────────────────────────────────────


def find(calls: Calls, kind: PlaceKind, texts: Sequence[str]) -> Flow[dict[str, tuple[Found, ...]] | Harmless]:
    found: dict[str, tuple[Found, ...]] = {}
    if kind == "usergroup":
        all_ = yield from groups(calls, members=False)
        if not isinstance(all_, list):
            return all_
        return {each: tuple(_group(row) for row in all_ if each in (row["id"], text(row, "handle"))) for each in texts}
    names: list[str] = []
    for each in texts:
        if not is_id(kind, each):
            names.append(each)
            continue
        seen = yield from _by_id(calls, each)
        if not isinstance(seen, tuple):
            return seen
        found[each] = seen
    listed = yield from listing(calls, names)
    if not isinstance(listed, dict):
        return listed
    return found | {name: tuple(_channel(row) for row in channels) for name, channels in listed.items()}


def _by_id(calls: Calls, channel: str) -> Flow[tuple[Found, ...] | Harmless]:
    said = yield from calls.get("conversations.info", {"channel": channel})
    row = said.fields.get("channel") if not said.error else None
    if isinstance(row, dict) and row.get("id") == channel:
        return (_channel(row),)
    if said.error == "channel_not_found":
        return ()
    return said.unlearnt


def listing(calls: Calls, names: Sequence[str]) -> Flow[dict[str, list[Row]] | Harmless]:
    """Channels by these names, as Slack shows them: archived ones too, private ones that the app is in."""
    found: dict[str, list[Row]] = {name: [] for name in names}
    missing = set(names)
    where = ""
    for _ in range(PAGES_MAX):
        if not missing:
            return found
        said = yield from _listed(calls, where)
        channels = rows(said, "channels") if not said.error else None
        if channels is None:
            return said.unlearnt
        for row in channels:
            name = text(row, "name")
            if name in found and text(row, "id") and row not in found[name]:
                found[name].append(row)
                missing.discard(name)  # names are unique in a workspace
        where = cursor(said)
        if not where:
            return found
    return Faulted(f"Slack: more than {PAGES_MAX} pages of channels") if missing else found


def _listed(calls: Calls, where: str) -> Flow[Said]:
    """A page."""
    query = {"limit": str(CHANNELS_PAGE), "types": "public_channel,private_channel", "exclude_archived": "false"}
    return (yield from calls.get("conversations.list", query | ({"cursor": where} if where else {})))


def _channel(row: Row) -> Found:
    outside = row.get("is_member") is False
    closed = ARCHIVED if row.get("is_archived") is True else OUTSIDE if outside else ""
    return Found(place=text(row, "id"), name=text(row, "name"), closed=closed)


def _group(row: Row) -> Found:
    return Found(place=text(row, "id"), name=text(row, "handle"), closed="disabled" if is_disabled(row) else "")


def groups(calls: Calls, *, members: bool) -> Flow[list[Row] | Harmless]:
    """All user groups as Slack shows them, disabled ones too; ``members``: with everybody in them."""
    query = {"include_disabled": "true"} | ({"include_users": "true", "include_count": "true"} if members else {})
    said = yield from calls.get("usergroups.list", query)
    found = rows(said, "usergroups") if isinstance(said.answer, Answered) else None
    return said.unlearnt if found is None else [row for row in found if text(row, "id")]


def is_disabled(row: Row) -> bool:
    ended = row.get("date_delete")
    return isinstance(ended, int) and ended > 0


def archived(calls: Calls, places: Sequence[str], calls_max: int) -> Flow[dict[str, bool] | Harmless]:
    """Slack goes on telling who is in a channel that is archived."""
    found: dict[str, bool] = {}
    if len(places) <= FEW:
        for place in places[:calls_max]:
            seen = yield from _by_id(calls, place)
            if not isinstance(seen, tuple):
                return seen
            found.update((each.place, each.closed == ARCHIVED) for each in seen)
        return found
    wanted, where = frozenset(places), ""
    for _ in range(min(calls_max, PAGES_MAX)):
        said = yield from _listed(calls, where)
        channels = rows(said, "channels") if not said.error else None
        if channels is None:
            return said.unlearnt
        for row in channels:
            if (place := text(row, "id")) in wanted:
                found[place] = row.get("is_archived") is True
        where = cursor(said)
        if not where or len(found) == len(wanted):
            break
    return found


# ── members ──────────────────────────────────────────────────────────────────────────────────────────


def channels(calls: Calls, places: Sequence[str]) -> Flow[dict[str, Actual | Gone] | Harmless]:
    """One after another; where Slack does not let us go on, what was read until then counts."""
    found: dict[str, Actual | Gone] = {}
    for place in dict.fromkeys(places):
        read = yield from _channel_members(calls, place)
        if isinstance(read, Actual | Gone):
            found[place] = read
        if isinstance(read, Actual) and not read.whole:
            break
        if not isinstance(read, Actual | Gone):
            return found or read
    return found


def _channel_members(calls: Calls, place: str) -> Flow[Actual | Gone | Harmless]:
    members: dict[str, Member] = {}
    where = ""
    for page in range(PAGES_MAX):
        query = {"channel": place, "limit": str(MEMBERS_PAGE)} | ({"cursor": where} if where else {})
        said = yield from calls.get("conversations.members", query)
        found = ids(said.fields.get("members")) if not said.error else None
        if found is None:
            if page:
                break
            return _gone(said)
        members.update((each, Member(id=each)) for each in found)
        before, where = where, cursor(said)
        if not where:
            return Actual(place=place, members=tuple(members.values()))
        if where == before:
            break
    return Actual(place=place, members=tuple(members.values()), whole=False)


def _gone(said: Said) -> Gone | Harmless:
    failure = said.unlearnt
    if isinstance(failure, Refused) and failure.cause in (Cause.DESTINATION_GONE, Cause.DESTINATION_REFUSED):
        return Gone(why=GONE if said.error == "channel_not_found" else failure.detail)
    return failure


class Groups:
    """Reads user groups; remembers who we are, once somebody had to ask."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._ourselves = ""

    def members(self, places: Sequence[str]) -> Flow[dict[str, Actual | Gone] | Harmless]:
        """All of them in one call."""
        all_ = yield from groups(self._calls, members=True)
        if not isinstance(all_, list):
            return all_
        by_id = {text(row, "id"): row for row in all_}
        found: dict[str, Actual | Gone] = {}
        for place in dict.fromkeys(places):
            read = yield from self._one(place, by_id.get(place))
            if not isinstance(read, Actual | Gone):
                return found or read
            found[place] = read
        return found

    def _one(self, place: str, row: Row | None) -> Flow[Actual | Gone | Harmless]:
        if row is None:
            return Gone(why=NO_GROUP)
        if is_disabled(row):
            return (yield from self._closed(place, row))
        users = ids(row.get("users"))
        if users is None or len(users) < _count(row):  # a part only: the group alone is asked for
            said = yield from self._calls.get("usergroups.users.list", {"usergroup": place})
            users = ids(said.fields.get("users")) if not said.error else None
            if users is None:
                return Gone(why=NO_GROUP) if said.error == "no_such_subteam" else said.unlearnt
        return Actual(place=place, members=tuple(Member(id=each) for each in dict.fromkeys(users)))

    def _closed(self, place: str, row: Row) -> Flow[Actual | Gone | Harmless]:
        if not self._ourselves:
            said = yield from self._calls.hello()
            if not isinstance(said.answer, Answered):
                return said.unlearnt
            self._ourselves = said.answer.text("user_id")
        by_us = bool(self._ourselves) and text(row, "deleted_by") == self._ourselves
        return Actual(place=place) if by_us else Gone(why="somebody disabled the user group", archived=True)


def _count(row: Row) -> int:
    count = row.get("user_count")
    if isinstance(count, str) and count.isascii() and count.isdigit():
        return int(count[:9])
    return count if isinstance(count, int) else 0
