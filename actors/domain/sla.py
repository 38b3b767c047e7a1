"""How soon it arrived, and if it was late, what made it late. Times are microseconds since the epoch, UTC.

Durations are counted in buckets that grow by a twentieth, so that a million of them cost a few hundred rows and a
percentile is never more than 5 % off. The time of one delivery is cut into stages that sum to the whole, so that nobody
has to guess whose they were.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise

import msgspec

from actors.domain.outbox import Attempt


class Stage(StrEnum):
    """What a moment of a delivery's life was spent on."""

    HELD = "held"
    """Kept back on purpose (quiet hours, a digest): not counted against the promise."""
    ROUTING = "routing"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    OUTAGE = "outage"
    THROTTLED = "throttled"
    IN_LINE = "in_line"
    """Behind others of its destination, or for the vendor's rate."""
    RETRYING = "retrying"
    IN_DOUBT = "in_doubt"
    """Until it was known whether it had arrived."""
    PERSON = "person"
    """It was a dead letter, or parked, until somebody replayed it."""
    VENDOR = "vendor"
    """The vendor had the request in its hands."""


Hold = tuple[str, int, int]
"""(why: ``paused``, ``suspended`` or ``outage``, from_us, until_us)."""

_LANE = {stage.value: stage for stage in (Stage.PAUSED, Stage.SUSPENDED, Stage.OUTAGE)}
"""How a lane may be held back; where several hold it at once, the first of them counts."""
_AFTER = {
    "throttled": Stage.THROTTLED,
    "unavailable": Stage.OUTAGE,
    "revoked": Stage.SUSPENDED,
    "faulted": Stage.RETRYING,
    "doubtful": Stage.IN_DOUBT,
}
"""What is waited for after such an answer."""
_NO_TURN = frozenset({"annotated"})
"""What people write into a history without changing anything."""


def stages(
    *, accepted_us: int, from_us: int, routed_us: int, history: Sequence[Attempt], done_us: int, holds: Sequence[Hold]
) -> dict[Stage, int]:
    """Stage to microseconds, nothing that is 0; they sum to ``done_us - accepted_us`` (or nothing, where the clock was
    set back beyond it). What lies before ``from_us``, when the promise began to run, is HELD."""
    spent: dict[Stage, int] = {}
    at_us = accepted_us

    def reach(until_us: int, stage: Stage) -> None:
        nonlocal at_us
        until_us = min(until_us, done_us)
        if until_us > at_us:
            spent[stage] = spent.get(stage, 0) + until_us - at_us
            at_us = until_us

    def wait(until_us: int, stage: Stage) -> None:
        """As ``reach``, but while the lane was held back, that was the reason."""
        until_us = min(until_us, done_us)
        for _, end_us, why in _cut(holds, at_us, until_us):
            reach(end_us, stage if why is None else why)

    reach(from_us, Stage.HELD)
    reach(routed_us, Stage.ROUTING)
    waiting = Stage.IN_LINE
    for line in history:
        match line.kind:
            case "person":
                if line.verdict not in _NO_TURN:
                    reach(line.started_us, Stage.PERSON)
                    waiting = Stage.IN_LINE
            case "probe":
                wait(line.started_us, Stage.IN_DOUBT)
                reach(line.ended_us, Stage.IN_DOUBT)
                waiting = Stage.IN_LINE
            case "send":
                wait(line.started_us, waiting)
                reach(line.ended_us, Stage.VENDOR)
                waiting = _AFTER.get(line.verdict, Stage.IN_LINE)
            case _:
                pass  # what others noted down changes nobody's turn
    wait(done_us, waiting)
    return spent


def culprit(spent: Mapping[Stage, int]) -> Stage:
    """The stage that took longest; what was kept back on purpose is not to blame."""
    blamed = {stage: us for stage, us in spent.items() if stage is not Stage.HELD}
    return max(blamed, key=lambda stage: (blamed[stage], stage.value), default=Stage.VENDOR)


def _cut(holds: Sequence[Hold], start_us: int, end_us: int) -> list[tuple[int, int, Stage | None]]:
    """The time from start to end, cut where holds begin and end: (from, until, what held the lane back)."""
    cuts = {start_us, end_us}
    cuts.update(us for _, from_us, until_us in holds for us in (from_us, until_us) if start_us < us < end_us)
    return [(low, high, _held(holds, low, high)) for low, high in pairwise(sorted(cuts))]


def _held(holds: Sequence[Hold], low_us: int, high_us: int) -> Stage | None:
    found = {why for why, from_us, until_us in holds if from_us <= low_us and until_us >= high_us}
    return next((stage for why, stage in _LANE.items() if why in found), None)


# ── how many, how soon ───────────────────────────────────────────────────────────────────────────────

LONGEST_US = 400 * 86_400_000_000
"""What takes longer is counted as this long."""


def _edges() -> list[int]:
    """Where each bucket begins: every microsecond at first, then a twentieth more each time."""
    found = [0]
    while found[-1] < LONGEST_US:
        found.append(max(found[-1] + 1, found[-1] * 21 // 20))
    return found


_EDGES = _edges()


def bucket(took_us: int) -> int:
    """The bucket of a duration; less than nothing (a clock that was set back) counts as nothing."""
    return max(bisect_right(_EDGES, took_us) - 1, 0)


def bucket_us(number: int) -> int:
    """The longest duration of a bucket: its inverse, never too short. ``bucket(bucket_us(n)) == n``."""
    return _EDGES[number + 1] - 1 if number + 1 < len(_EDGES) else _EDGES[-1]


def quantile_us(counted: Mapping[int, int], share: float) -> int | None:
    """The duration within which this share (0 to 1) of the counted ones stayed; None where nothing was counted."""
    wanted = share * sum(counted.values())
    seen = 0
    for number, n in sorted(counted.items()):
        seen += n
        if n and seen >= wanted:
            return bucket_us(number)
    return None


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """A route's promise over some time: ``late`` of ``n`` deliveries, where ``goal`` percent must be in time."""

    n: int
    late: int
    goal: float

    @property
    def kept(self) -> float:
        """Percent in time; nothing delivered breaks nothing."""
        return 100.0 * (self.n - self.late) / self.n if self.n else 100.0

    @property
    def allowed(self) -> float:
        """How many may be late: the error budget."""
        return self.n * (100.0 - self.goal) / 100.0

    @property
    def left(self) -> float:
        """What is left of the budget, as a share of it; below 0 where it is overdrawn."""
        return 1.0 - self.late / self.allowed if self.allowed else 1.0

    @property
    def red(self) -> bool:
        """More were late than the budget allows."""
        return self.late > self.allowed + 1e-9
