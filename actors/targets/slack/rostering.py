"""Rosters in Slack: channels and user groups kept as they should be, in the fewest calls that Slack's API allows.

``rostering_people`` reads who there is, ``rostering_places`` what there is and who is in it, ``rostering_orders`` makes
orders of a difference, ``rostering_deeds`` carries them out; ``rostering_calls`` makes the requests of all of them.
"""

import math
from collections.abc import Sequence

from actors.domain.flow import Flow
from actors.domain.rosters.model import Actual, PlaceKind
from actors.domain.rosters.order import RosterOrder
from actors.domain.verdicts import Confirmation, Verdict
from actors.ports.rostering import Account, Failure, Found, Gone, LookedUp, Page, Slip, Wanted
from actors.ports.speaking import speaking
from actors.ports.tokens import Keys
from actors.targets.slack import rostering_deeds as deeds
from actors.targets.slack import rostering_people as persons
from actors.targets.slack import rostering_places as places
from actors.targets.slack.oauth import BOT, stale
from actors.targets.slack.rostering_calls import Calls
from actors.targets.slack.rostering_orders import is_id, name_of, orders_of
from actors.targets.slack.settings import SlackSettings

EVERYBODY = 20_000
"""So many people a workspace is taken to have that nobody has counted yet."""
CHANNELS_AT_ONCE, GROUPS_AT_ONCE = 10, 1_000


class SlackRostering:
    """One workspace's rosters."""

    kinds: frozenset[PlaceKind] = frozenset({"channel", "usergroup"})
    visible_s = 30.0
    born_s = 30.0
    members_max = 100_000
    names_members = False
    lookups_max = 50
    finds_max = 1_000
    hides_closing: frozenset[PlaceKind] = frozenset({"channel"})

    def __init__(self, settings: SlackSettings, keys: Keys) -> None:
        self._calls = Calls(settings)
        self._groups = places.Groups(self._calls)
        self._keys = keys

    def name(self, kind: PlaceKind, text: str) -> str:
        return name_of(text)

    def is_id(self, kind: PlaceKind, text: str) -> bool:
        return is_id(kind, text)

    def lists_all(self, unknown: int, everybody: int) -> bool:
        return math.ceil((everybody or EVERYBODY) / persons.PEOPLE_PAGE) < unknown

    def places_max(self, kind: PlaceKind) -> int:
        return GROUPS_AT_ONCE if kind == "usergroup" else CHANNELS_AT_ONCE

    def people(self, after: str) -> Flow[Page | Failure]:
        return speaking(persons.people(self._calls, after), self._keys, BOT, stale)

    def look_up(self, emails: Sequence[str]) -> Flow[LookedUp | Failure]:
        return speaking(persons.look_up(self._calls, emails), self._keys, BOT, stale)

    def who(self, ids: Sequence[str]) -> Flow[dict[str, Account] | Failure]:
        return speaking(persons.who(self._calls, ids), self._keys, BOT, stale)

    def find(self, kind: PlaceKind, texts: Sequence[str]) -> Flow[dict[str, tuple[Found, ...]] | Failure]:
        return speaking(places.find(self._calls, kind, texts), self._keys, BOT, stale)

    def members(self, kind: PlaceKind, asked: Sequence[str]) -> Flow[dict[str, Actual | Gone] | Failure]:
        if kind == "usergroup":
            return speaking(self._groups.members(asked), self._keys, BOT, stale)
        return speaking(places.channels(self._calls, asked), self._keys, BOT, stale)

    def closing(self, kind: PlaceKind, asked: Sequence[str], calls_max: int) -> Flow[dict[str, bool] | Failure]:
        return speaking(places.archived(self._calls, asked, calls_max), self._keys, BOT, stale)

    def orders(
        self, wanted: Wanted, *, plan: str, first_n: int, roster: str, unit: str, at: str
    ) -> tuple[RosterOrder, ...]:
        return orders_of(wanted, plan=plan, first_n=first_n, roster=roster, unit=unit, at=at)

    def perform(self, order: RosterOrder, slip: Slip) -> Flow[Verdict]:
        return speaking(deeds.perform(self._calls, order, slip), self._keys, BOT, stale, slip.now_us)

    def seen(self, order: RosterOrder, slip: Slip) -> Flow[Confirmation]:
        return speaking(deeds.seen(self._calls, order, slip), self._keys, BOT, stale, slip.now_us)
