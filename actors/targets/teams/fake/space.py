"""The fake's memory: people, channels with their messages, notifications by chain, the journal of effects."""

from bisect import bisect_left, insort
from collections import deque

import msgspec

from actors.ports import Effect
from actors.targets.teams.fake.people import PERSON, POSTER, People
from actors.targets.teams.fake.replies import Fields, Refusal, iso

MESSAGES_MAX = 200_000
"""Messages kept for reading back; the oldest are forgotten first."""
EFFECTS_MAX = 1_000_000
"""The journal never forgets; when it is full, nothing more is accepted."""
VISIBLE_AFTER_S = 1.0
"""A new message shows up in lists a little later."""


class Message(msgspec.Struct):
    """A channel message: its id is its time in milliseconds; ``fields`` as Graph shows it."""

    id: int
    seen_from_s: float
    fields: Fields


class Channel:
    """Messages by time."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.messages: dict[int, Message] = {}

    def add(self, message: Message) -> None:
        insort(self.ids, message.id)
        self.messages[message.id] = message

    def remove(self, message_id: int) -> None:
        if self.messages.pop(message_id, None) is not None:
            self.ids.pop(bisect_left(self.ids, message_id))

    def visible(self, now_s: float, after: int = -1) -> list[Message]:
        """Oldest first, from after a time in milliseconds on."""
        start = bisect_left(self.ids, after + 1)
        found = [self.messages[each] for each in self.ids[start:]]
        return [message for message in found if message.seen_from_s <= now_s]


class Place(msgspec.Struct):
    """What has become of a channel."""

    name: str
    archived: bool = False
    deleted: bool = False


class Space:
    """Everything that lasts."""

    def __init__(self) -> None:
        self.journal: list[Effect] = []
        self.people = People()
        self.places: dict[str, Place] = {}
        """Channels that something has become of, by TEAM/CHANNEL."""
        self.installed: dict[str, dict[str, str]] = {}
        """By user, which Teams apps they have: the installation's id by the app's."""
        self.replaced: list[Effect] = []
        """Notifications that took the place of an earlier one of the same delivery: no effects of their own."""
        self._channels: dict[str, Channel] = {}
        self._order: deque[tuple[str, int]] = deque()
        self._chains: dict[tuple[str, int], set[str]] = {}
        self._last_ms = 0
        self._notified = 0

    # ── people ───────────────────────────────────────────────────────────────────────────────────

    def person(self, address: str) -> Fields | None:
        """Whom an address names."""
        somebody = self.people.find(address)
        return None if somebody is None else somebody.fields()

    def signed_in(self, address: str) -> Fields | None:
        """Who signs in under an address: the one who posts has an account of their own."""
        return PERSON if address.strip().casefold() == POSTER else self.person(address)

    # ── channels ─────────────────────────────────────────────────────────────────────────────────

    def channel(self, destination: str) -> Channel:
        return self._channels.get(destination) or Channel()

    def post(self, destination: str, fields: Fields, effect: Effect) -> Message:
        """Adds a message and its effect. ``fields`` are completed with what Graph adds."""
        self._check_room()
        self._last_ms = max(self._last_ms + 1, int(effect.time * 1000))
        when, (team, _, channel) = iso(self._last_ms / 1000), destination.partition("/")
        fields |= {
            "id": str(self._last_ms),
            "etag": str(self._last_ms),
            "messageType": "message",
            "createdDateTime": when,
            "lastModifiedDateTime": when,
            "webUrl": f"https://teams.microsoft.com/l/message/{channel}/{self._last_ms}?groupId={team}",
            "channelIdentity": {"teamId": team, "channelId": channel},
        }
        message = Message(self._last_ms, effect.time + VISIBLE_AFTER_S, fields)
        self._channels.setdefault(destination, Channel()).add(message)
        self._order.append((destination, message.id))
        if len(self._order) > MESSAGES_MAX:
            old_destination, old_id = self._order.popleft()
            self._channels[old_destination].remove(old_id)
        self.journal.append(msgspec.structs.replace(effect, id=str(message.id)))
        return message

    # ── notifications ────────────────────────────────────────────────────────────────────────────

    def notify(self, user: str, chain: int | None, effect: Effect) -> None:
        """A later notification of the same chain takes the earlier one's place. Of one delivery, all are one effect;
        another delivery that takes the place has an effect of its own, with the same id."""
        self._check_room()
        self._notified += 1
        if chain is None:
            self.journal.append(msgspec.structs.replace(effect, id=f"unchained-{self._notified}"))
            return
        told = self._chains.setdefault((user, chain), set())
        again = effect.delivery_id in told
        (self.replaced if again else self.journal).append(msgspec.structs.replace(effect, id=str(chain)))
        told.add(effect.delivery_id)

    # ── anything else ────────────────────────────────────────────────────────────────────────────

    def enter(self, effect: Effect) -> None:
        """An effect that is remembered elsewhere."""
        self._check_room()
        self.journal.append(effect)

    def _check_room(self) -> None:
        if len(self.journal) + len(self.replaced) >= EFFECTS_MAX:
            raise Refusal(507, "InsufficientStorage", "The sandbox's journal is full.")
