"""What a lost event would have told, found by asking: how the channels that are posted to stand.

People are not listed: a workspace has tens of thousands of them, and whoever is written to and is refused is looked up
anew. Whether the app is still installed, the hello tells.
"""

from collections.abc import Callable

from actors.domain.flow import Flow
from actors.domain.tidings import (
    Asking,
    ChannelArchived,
    ChannelBack,
    ChannelDeleted,
    ChannelRenamed,
    ChannelSeen,
    Place,
    Surveyed,
    Surveying,
    Tiding,
)
from actors.domain.verdicts import Cause, Refused
from actors.targets.slack.settings import CHANNEL_ID, SlackSettings
from actors.targets.slack.wire import Answered, Failure, harmless
from config.model import Audience

Ask = Callable[[str, dict[str, str]], Flow[Answered | Failure]]
INFO = "conversations.info"
MISSING_MAX = 3
"""After so many channels that we may not look at, the others are not asked about."""


def routed(settings: SlackSettings, audiences: tuple[Audience, ...]) -> tuple[str, ...]:
    """The channels that these audiences and the settings name; direct messages are nobody's to rename."""
    named = [each.channel for each in audiences if each.channel is not None] + list(settings.course_channels.values())
    return tuple(dict.fromkeys(each for each in named if CHANNEL_ID.fullmatch(each) and not each.startswith("D")))


def survey(ask: Ask, asking: Asking) -> Surveying:
    found: list[Tiding] = []
    lacking = ""
    missing = 0
    for place in asking.places:
        answer = yield from ask(INFO, {"channel": place.place})
        if isinstance(answer, Answered):
            found += _seen(place, answer)
            continue
        failure = harmless(answer)
        if not isinstance(failure, Refused):
            return failure
        if failure.cause is Cause.DESTINATION_GONE:
            found += [ChannelDeleted(place.place)] if place.closed != "deleted" else []
            continue
        lacking = failure.detail
        missing += 1
        if missing == MISSING_MAX:
            break
    return Surveyed(tidings=tuple(found), lacking=lacking)


def _seen(place: Place, answer: Answered) -> list[Tiding]:
    """What differs from what was known."""
    channel = answer.fields.get("channel")
    if not isinstance(channel, dict):
        return []
    name = answer.text("name", within="channel")
    found: list[Tiding] = []
    if channel.get("is_archived") is True:
        found += [ChannelArchived(place.place)] if place.closed != "archived" else []
    elif place.closed:
        found.append(ChannelBack(place.place, name))
    if name and name != place.name:
        found.append(ChannelRenamed(place.place, name) if place.name else ChannelSeen(place.place, name))
    return found
