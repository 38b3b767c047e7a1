"""When more goes wrong with a lane than usual, and no outage is the reason (pure).

A vendor that is out is an outage. This is about what the other side does not mend by itself: requests that a vendor
understood and refused, and answers that we did not understand. Counted by the minute; a spike is a few minutes that are
much worse than the hour before them.
"""

import re
from collections import deque
from collections.abc import Iterator

import msgspec

MINUTE_US = 60_000_000
RECENT_MIN = 5
USUAL_MIN = 60
BAD_MIN = 10
"""Fewer is no spike: they are dead letters, and each is shown."""
SHARE_MIN = 0.2
TIMES_MIN = 3.0
"""So many times the share of the hour before."""
NOT_MADE = "not_sent"
"""It was put off (quiet hours, a turn that is still to come): no attempt was made."""
BAD = frozenset({"refused", "faulted"})
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:=\[\]{}]+@[^\s@<>\"'(),;:=\[\]{}]+")
"""Of a person, as a receiver may repeat it: an alarm is posted where many read it."""


def unaddressed(text: str) -> str:
    return _ADDRESS.sub("…", text)


class Spike(msgspec.Struct, frozen=True, kw_only=True):
    """``bad`` of ``of`` attempts in the last minutes; ``usual``: the share of the hour before. ``detail``: said of
    the last of them; empty where that was forgotten."""

    lane: str
    bad: int
    of: int
    usual: float
    detail: str


class Minute(msgspec.Struct):
    minute: int
    bad: int = 0
    of: int = 0


class Lane(msgspec.Struct):
    minutes: deque[Minute]
    detail: str = ""


class Tally:
    """Attempts by lane and minute, as long as they matter."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}

    def note(self, lane: str, verdict: str, detail: str, now_us: int) -> None:
        """An attempt came to this. One that was not made says nothing of how it would have ended."""
        if verdict == NOT_MADE:
            return
        found = self._lanes.get(lane)
        if found is None:
            found = self._lanes[lane] = Lane(deque(maxlen=RECENT_MIN + USUAL_MIN))
        minute = now_us // MINUTE_US
        if not found.minutes or found.minutes[-1].minute != minute:
            found.minutes.append(Minute(minute))
        here = found.minutes[-1]
        here.of += 1
        if verdict in BAD:
            here.bad += 1
            found.detail = unaddressed(detail)

    def forget(self, tenant: str) -> None:
        """What was said of a tenant's attempts; how many there were is nobody's in particular."""
        for name, lane in self._lanes.items():
            if name.startswith(f"{tenant}/"):
                lane.detail = ""

    def spikes(self, now_us: int) -> Iterator[Spike]:
        """Of all lanes, now. Lanes that nothing was heard of for long are forgotten."""
        minute = now_us // MINUTE_US
        for name, lane in list(self._lanes.items()):
            age = minute - lane.minutes[-1].minute
            if not 0 <= age <= RECENT_MIN + USUAL_MIN:
                del self._lanes[name]
                continue
            recent = [each for each in lane.minutes if 0 <= minute - each.minute < RECENT_MIN]
            usual = [each for each in lane.minutes if RECENT_MIN <= minute - each.minute < RECENT_MIN + USUAL_MIN]
            bad, of = sum(each.bad for each in recent), sum(each.of for each in recent)
            before = sum(each.bad for each in usual) / max(1, sum(each.of for each in usual))
            if bad >= BAD_MIN and bad >= of * max(SHARE_MIN, TIMES_MIN * before):
                yield Spike(lane=name, bad=bad, of=of, usual=before, detail=lane.detail)
