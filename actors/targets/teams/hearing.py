"""Teams' ears: whether a notification is Graph's own, and what it tells.

Graph signs nothing. What proves a notification is what nobody else knows: the key in the address that it calls, and the
secret that it sends along (``clientState``), compared in constant time with the hash that we kept. Where it sends JWTs
they are checked as well (``validation``). A notification is a hint: what changed about people is asked for at once.
"""

import hmac
import re
from collections.abc import Collection, Sequence
from hashlib import sha256
from urllib.parse import parse_qsl

import msgspec

from actors.domain.flow import Flow, decode_object
from actors.domain.harvest import Inbound
from actors.domain.tidings import (
    WATCH,
    Asking,
    Challenged,
    ChannelDeleted,
    Failure,
    Hearkening,
    Line,
    Missed,
    Note,
    Ourselves,
    PersonGone,
    Said,
    Subscribed,
    Subscribing,
    Surveying,
    Tiding,
    Told,
    Untold,
    Unwatched,
    Watch,
    WatchGone,
    WatchLapsing,
)
from actors.domain.verdicts import Cause, Refused
from actors.targets.teams import delta, subscribing
from actors.targets.teams.delta_reading import Ask
from actors.targets.teams.settings import CHANNEL_ID, TEAM_ID, TeamsSettings
from actors.targets.teams.validation import Validator
from config.durations import seconds
from config.model import Audience

NOTES_MAX = 1_000
TOKEN_CHARS_MAX = 1_024
QUERY_CHARS_MAX = 4_096
ID_CHARS_MAX = 100
WATCH_S = 2 * 86_400.0
"""Channels may be watched for three days, people for four weeks."""
_CHANNEL = re.compile(
    r"/?teams(?:/|\(')([0-9A-Fa-f-]{36})(?:'\))?/channels(?:/|\(')([^/')]{1,240})(?:'\))?/?", re.ASCII
)


class TeamsEars:
    """One directory's."""

    has_door = False
    has_socket = False
    watch_s = WATCH_S

    def __init__(self, settings: TeamsSettings, ask: Ask, call: subscribing.Call, kept: Collection[str] = ()) -> None:
        """``kept``: the teams that are kept in step, as they become known."""
        self.survey_s = seconds(settings.survey)
        self._settings = settings
        self._ask = ask
        self._call = call
        self._kept = kept
        self._validator = Validator(settings)

    def routed(self, audiences: tuple[Audience, ...]) -> tuple[str, ...]:
        named = [f"{each.team.lower()}/{each.channel}" for each in audiences if each.team and each.channel]
        named += [f"{each.team.lower()}/{each.channel}" for each in self._settings.course_channels.values()]
        return self.asked_about(tuple(dict.fromkeys(named)))

    def asked_about(self, places: Sequence[str]) -> tuple[str, ...]:
        return tuple(each for each in places if _is_channel(each))

    def resources(self, places: tuple[str, ...]) -> tuple[str, ...]:
        return subscribing.resources_of(places) if self._settings.has_app and self._settings.subscribe else ()

    def survey(self, asking: Asking) -> Surveying:
        return delta.survey(self._ask, self._settings.graph, asking, people=self._settings.has_app, kept=self._kept)

    def pressed(self, form: str, body: bytes) -> tuple[str, ...]:
        return ()  # what is posted through Graph has no buttons that come back

    def subscribe(self, wanted: Subscribing) -> Flow[Subscribed | Failure]:
        return subscribing.subscribe(self._call, wanted)

    def renew(self, watch: Watch, ends_us: int) -> Flow[Subscribed | Unwatched | Failure]:
        return subscribing.renew(self._call, watch, ends_us)

    def unsubscribe(self, watch: Watch) -> Flow[Unwatched | Failure]:
        return subscribing.unsubscribe(self._call, watch)

    def dial(self) -> Flow[Line | Failure]:
        yield from ()
        return Refused(Cause.BAD_CONFIGURATION, "Microsoft Graph tells nothing over a socket")

    def listen(self, message: str, ourselves: Ourselves) -> Said:
        return Said(ignored=1)

    # ── what was posted ──────────────────────────────────────────────────────────────────────────────

    def hear(self, inbound: Inbound, now_us: int, ourselves: Ourselves) -> Hearkening:
        query = _query(inbound.query)
        watch = _watch_of(query.get(WATCH, ""), ourselves.watches)
        if watch is None:
            return Untold(status=404, reason="unexpected", detail="it is about no subscription of ours")
        if "validationToken" in query:
            return _challenged(query["validationToken"])
        fields = decode_object(inbound.body)
        items = fields.get("value") if fields is not None else None
        if fields is None or not isinstance(items, list) or not items or len(items) > NOTES_MAX:
            return Untold(status=400, reason="malformed", detail="no notifications are in it")
        notes: list[Note] = []
        for item in items:
            if not isinstance(item, dict):
                return Untold(status=400, reason="malformed", detail="a notification that is none")
            refused = self._doubted(item, watch)
            if refused is not None:
                return refused
            tiding = _tiding(item)
            if tiding is not None:
                notes.append(Note(id=_id(item), tiding=tiding))
        if "validationTokens" in fields:
            refused = yield from self._validator.check(fields["validationTokens"], now_us)
            if refused is not None:
                return refused
        return Told(notes=_fewer(notes), ignored=len(items) - len(notes), status=202)

    def _doubted(self, item: dict[str, object], watch: Watch) -> Untold | None:
        given = item.get("clientState")
        proof = sha256((given if isinstance(given, str) else "").encode(errors="replace")).hexdigest()
        if not hmac.compare_digest(proof, watch.proof):
            return Untold(status=403, reason="forged", detail="clientState is not what we gave for this subscription")
        about = item.get("subscriptionId")
        if watch.id and about != watch.id:
            return Untold(status=403, reason="foreign", detail="it is about another subscription")
        directory, ours = item.get("tenantId"), self._settings.directory
        if TEAM_ID.fullmatch(ours) and not (isinstance(directory, str) and directory.lower() == ours.lower()):
            return Untold(status=403, reason="foreign", detail="it is about another directory")
        return None


def _query(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text[:QUERY_CHARS_MAX], keep_blank_values=True, max_num_fields=20, errors="replace"))
    except ValueError:
        return {}


def _watch_of(key: str, watches: Sequence[Watch]) -> Watch | None:
    """In constant time, as far as the keys go."""
    found = None
    for watch in watches:
        if hmac.compare_digest(watch.key.encode(), key.encode(errors="replace")):
            found = watch
    return found


def _challenged(token: str) -> Challenged | Untold:
    """Whoever knows the key was told it by us, with the subscription: the answer is what they said, as plain text."""
    if 0 < len(token) <= TOKEN_CHARS_MAX and token.isprintable():
        return Challenged(text=token)
    return Untold(status=400, reason="malformed", detail="a validationToken that is none")


def _tiding(item: dict[str, object]) -> Tiding | None:
    subscription = str(item.get("subscriptionId") or "")[:ID_CHARS_MAX]
    match item.get("lifecycleEvent"):
        case "reauthorizationRequired":
            return WatchLapsing(subscription)
        case "subscriptionRemoved":
            return WatchGone(subscription)
        case "missed":
            return Missed("Graph could not tell us everything")
        case None:
            return _changed(item)
        case _:
            return None


def _changed(item: dict[str, object]) -> Tiding | None:
    resource, data = item.get("resource"), item.get("resourceData")
    given = data.get("id") if isinstance(data, dict) else None
    if not isinstance(resource, str):
        return None
    gone = item.get("changeType") == "deleted"
    if found := _CHANNEL.fullmatch(resource):
        place = f"{found[1].lower()}/{found[2]}"
        return ChannelDeleted(place) if gone and _is_channel(place) else Missed("a channel changed")
    if gone and isinstance(given, str) and given and resource.lower().lstrip("/").startswith("users"):
        return PersonGone(given[:ID_CHARS_MAX])
    return Missed("people changed")


def _id(item: dict[str, object]) -> str:
    """The same change may be told twice, and another one looks just like it: only an id of its own tells them apart.
    Without one it is acted on each time, which does no more than once."""
    given = item.get("id")
    return f"graph:{given[:ID_CHARS_MAX]}" if isinstance(given, str) and given else ""


def _fewer(notes: list[Note]) -> tuple[Note, ...]:
    """A thousand people changed: one look shows all of them."""
    return tuple({(note.id, msgspec.json.encode(note.tiding)): note for note in notes}.values())


def _is_channel(place: str) -> bool:
    team, _, channel = place.partition("/")
    return bool(TEAM_ID.fullmatch(team) and CHANNEL_ID.fullmatch(channel))
