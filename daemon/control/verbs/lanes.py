"""What is known of lanes, from the store and from their couriers, and how it is said. No verb of its own."""

from collections.abc import Iterable

import msgspec
import trio

from actors.domain.outbox import OPEN_STATES
from actors.kernel import ActorDied, DeadlineExceeded
from actors.messages import HowGoesIt, LaneView
from config.numbers import number_of
from daemon.control.office import Office
from daemon.control.times import moment
from daemon.store.asking import LaneHold

COURIER_ANSWERS_S = 2.0
LONG_THROTTLE_S = 60.0
"""A shorter Retry-After is everyday business."""


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """A lane as far as known. ``view`` is None where its courier does not answer."""

    name: str
    configured: bool
    depths: dict[str, int]
    hold: LaneHold
    view: LaneView | None
    oldest_us: int | None

    @property
    def open(self) -> int:
        return sum(self.depths.get(state.value, 0) for state in OPEN_STATES)

    def held(self, now_us: int) -> tuple[str, ...]:
        """What keeps it from sending, in words."""
        return held_in_words(self.hold, self.view, now_us=now_us)

    @property
    def outage(self) -> str:
        """How the vendor is out, as the courier says, or as it said when it last noted something."""
        return self.view.outage if self.view is not None else self.hold.outage

    def throttled_until_us(self, now_us: int) -> int | None:
        return throttled_until_us(self.hold, self.view, now_us)

    def degraded(self, now_us: int) -> tuple[str, ...]:
        """What is wrong with it. Paused is not wrong, somebody wanted it; dead letters are shown, but the lane works;
        a throttle counts once it is long."""
        wrong = []
        if not self.configured:
            return (
                (f"{self.name} is not configured any more, with {number_of(self.open, 'open deliveries')}",)
                if self.open
                else ()
            )
        if self.hold.suspended:
            wrong.append(f"{self.name} is suspended: {self.hold.suspended}")
        if self.view is None:
            wrong.append(f"{self.name}: its courier does not answer")
        if self.outage:
            since = f" since {moment(self.hold.outage_us)}" if self.hold.outage_us else ""
            wrong.append(f"{self.name}: the vendor is out{since}: {self.outage}")
        elif (until := self.throttled_until_us(now_us)) is not None and until - now_us > LONG_THROTTLE_S * 1e6:
            wrong.append(f"{self.name} is throttled by the vendor until {moment(until)}")
        return tuple(wrong)


def throttled_until_us(hold: LaneHold, view: LaneView | None, now_us: int) -> int | None:
    """The time that the vendor named, while it lies ahead; a short one only the courier knows."""
    named = max(view.throttled_until_us or 0 if view is not None else 0, hold.throttled_until_us)
    return named if named > now_us else None


def held_in_words(hold: LaneHold, view: LaneView | None, *, now_us: int) -> tuple[str, ...]:
    said = []
    if hold.paused_by:
        said.append(f"paused by {hold.paused_by}" + (f" since {moment(hold.paused_us)}" if hold.paused_us else ""))
    if hold.suspended:
        since = f" since {moment(hold.suspended_us)}" if hold.suspended_us else ""
        said.append(f"suspended{since}: {hold.suspended}")
    if (until := throttled_until_us(hold, view, now_us)) is not None:
        said.append(f"throttled by the vendor until {moment(until)}")
    since = f" since {moment(hold.outage_us)}" if hold.outage_us else ""
    if view is not None and view.outage:
        said.append(f"the vendor is out{since}, tried with {view.window} at a time: {view.outage}")
    elif view is None and hold.outage:
        said.append(f"the vendor was out{since}, when its courier last said: {hold.outage}")
    return tuple(said)


async def all_lanes(office: Office) -> list[Lane]:
    """Every lane that is configured or has deliveries, by name."""
    queries = office.store.queries
    configured = {
        f"{name}/{target}" for name, tenant in office.configuration().tenants.items() for target in tenant.targets
    }
    depths: dict[str, dict[str, int]] = {lane: {} for lane in configured}
    for lane, state, n in await queries.depths():
        depths.setdefault(lane, {})[state] = n
    holds = await queries.holds()
    waiting = [lane for lane, found in depths.items() if any(found.get(state.value) for state in OPEN_STATES)]
    oldest = await queries.oldest_open(waiting)
    seen = await views(office, configured)
    return [
        Lane(
            name=lane,
            configured=lane in configured,
            depths=depths[lane],
            hold=holds.get(lane, LaneHold()),
            view=seen.get(lane),
            oldest_us=oldest.get(lane),
        )
        for lane in sorted(depths)
    ]


async def views(office: Office, lanes: Iterable[str]) -> dict[str, LaneView]:
    """How each lane's courier sees it; those that do not answer in time are left out."""
    found: dict[str, LaneView] = {}

    async def ask(lane: str) -> None:
        address = office.switchboard.couriers.get(lane)
        if address is None:
            return
        try:
            found[lane] = await address.ask(lambda reply: HowGoesIt(reply=reply), deadline_s=COURIER_ANSWERS_S)
        except (ActorDied, DeadlineExceeded):
            pass  # not answering is the answer, and is shown as such

    async with trio.open_nursery() as nursery:
        for lane in lanes:
            nursery.start_soon(ask, lane)
    return found
