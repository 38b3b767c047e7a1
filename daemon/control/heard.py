"""How a target is heard, in words: by calls, over a socket or by asking, and which of its channels are closed."""

from collections.abc import Iterable

from actors.ports.listening import ListenerView, PlaceView
from config.numbers import number_of
from daemon.control.times import moment

CLOSED_MAX = 20
_MODES = {
    "starting": "it is about to listen",
    "calls": "it tells by calls",
    "socket": "it tells over a socket",
    "asks": "it is asked only",
}


def heard_in_words(view: ListenerView | None, places: Iterable[PlaceView]) -> tuple[str, ...]:
    """Nothing of a target that tells nothing."""
    said = []
    if view is not None:
        parts = [_MODES[view.mode]]
        if view.heard_us is not None:
            parts.append(f"last {moment(view.heard_us)}")
        if view.watches and view.ends_us is not None:
            parts.append(f"{number_of(view.watches, 'subscriptions')}, renewed before {moment(view.ends_us)}")
        if view.surveyed_us is not None:
            parts.append(f"asked {moment(view.surveyed_us)}")
        if view.refused:
            parts.append(f"{number_of(view.refused, 'calls')} refused")
        said.append(", ".join(parts))
        if view.detail:
            said.append(view.detail)
    closed = [each for each in places if each.place.closed]
    for each in closed[:CLOSED_MAX]:
        named = f"{each.place.name} ({each.place.place})" if each.place.name else each.place.place
        said.append(f"{named} is {each.place.closed} since {moment(each.since_us)}")
    if len(closed) > CLOSED_MAX:
        said.append(f"and {number_of(len(closed) - CLOSED_MAX, 'more channels')}")
    return tuple(said)
