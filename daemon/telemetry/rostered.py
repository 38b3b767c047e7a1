"""A run of a roster rule, as telemetry sees it: the root of a trace for what it orders by itself."""

from daemon.telemetry.spans import Attribute, Status
from daemon.telemetry.tracing import Tracer


class Rostered:
    """``ports.RosterView``, and the context manager around it. A run that orders nothing leaves no span."""

    def __init__(self, tracer: Tracer, lane: str, rule: str, began_us: int) -> None:
        self._tracer = tracer
        self._lane = lane
        self._rule = rule
        self._began_us = began_us
        self._context = tracer.context(None)
        self.traceparent = self._context.traceparent
        self._places = self._orders = 0

    def __enter__(self) -> "Rostered":
        return self

    def ordered(self, places: int, orders: int) -> None:
        self._places, self._orders = places, orders

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None, _where: object) -> None:
        if not (self._orders and self._tracer.on and self._context.sampled):
            return
        now_us = self._tracer.now_us()
        attributes: dict[str, Attribute] = {
            "lmsyncd.lane": self._lane,
            "lmsyncd.roster": self._rule,
            "lmsyncd.places": self._places,
            "lmsyncd.orders": self._orders,
        }
        began_us = min(self._began_us, now_us)
        status = Status.OK if kind is None else Status.ERROR
        self._tracer.record("roster.run", self._context, None, began_us, now_us, attributes, status=status)
