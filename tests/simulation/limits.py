"""The vendors' published limits, counted over what actually reached them: windows that slide over the accepted
requests, nothing of the limiters under test.

Two lives of the process do not know of each other's last second; a request that left before a death may arrive after
the next life began. Windows with requests of two lives in them are looked at with one request of grace.
"""

from collections import defaultdict
from collections.abc import Iterable

from tests.simulation.wire import Served

ARRIVAL_S = 0.07
"""Requests sent a second apart may arrive this much closer: the network's own wobble."""

PER_WINDOW: dict[str, tuple[int, float]] = {
    "chat.postMessage": (400, 60.0),
    "users.lookupByEmail": (50, 60.0),
    "conversations.open": (50, 60.0),
    "conversations.history": (50, 60.0),
    "auth.test": (600, 60.0),
    "conversations.members": (100, 60.0),
    "conversations.invite": (50, 60.0),
    "conversations.kick": (50, 60.0),
    "conversations.create": (20, 60.0),
    "conversations.list": (20, 60.0),
    "usergroups.list": (20, 60.0),
    "usergroups.users.update": (20, 60.0),
    "channelMessages.post": (50, 1.0),
    "channelMessages.delta": (20, 1.0),
    "sendActivityNotification": (5, 1.0),
    "users.get": (175, 1.0),
    "users.list": (175, 1.0),
}
PER_CHANNEL: dict[str, tuple[str, int, float]] = {
    "chat.postMessage": ("slack channel", 1, 1.0),
    "channelMessages.post": ("team", 4, 1.0),
    "channelMessages.delta": ("team", 4, 1.0),
}


def exceeded(served: Iterable[Served]) -> list[str]:
    """Each limit that was exceeded, once, with where and when."""
    by_limit: dict[tuple[str, ...], list[Served]] = defaultdict(list)
    terms: dict[tuple[str, ...], tuple[int, float]] = {}
    for each in served:
        if each.operation in PER_WINDOW:
            key: tuple[str, ...] = (each.tenant, each.operation)
            terms[key] = PER_WINDOW[each.operation]
            by_limit[key].append(each)
        if each.operation in PER_CHANNEL:
            name, count, window_s = PER_CHANNEL[each.operation]
            key = (each.tenant, name, each.destination.partition("/")[0])  # of Teams, the team
            terms[key] = count, window_s
            by_limit[key].append(each)
    return [told for key, requests in by_limit.items() if (told := _check(key, requests, *terms[key]))]


def _check(key: tuple[str, ...], requests: list[Served], count: int, window_s: float) -> str:
    requests.sort(key=lambda each: each.at_s)
    for index, first in enumerate(requests):
        last_index = index + count
        if last_index >= len(requests):
            return ""
        last = requests[last_index]
        if last.at_s - first.at_s < window_s - ARRIVAL_S:
            if first.life != last.life and (
                last_index + 1 >= len(requests) or requests[last_index + 1].at_s - first.at_s >= window_s - ARRIVAL_S
            ):
                continue
            took_s = last.at_s - first.at_s
            return (
                f"limit of {' '.join(key)}: {count + 1} requests within {took_s:.3f} s, allowed {count} in {window_s:g}"
            )
    return ""
