"""Whether a delivery may go now, and what becomes of it after an answer: by its route and its lane as they stand.

The rules are ``domain.retry``'s; here are the clock, the dice and the operator's words that they are asked with.
"""

from actors.domain.outbox import Decision, Delivery, HeldFor, State
from actors.domain.pulse import Pulse
from actors.domain.retry import DEFAULT, Policy, decide, decide_probe, expired, policy_of, put_off, too_old
from actors.domain.rosters.order import RosterOrder
from actors.domain.schedule import quiet_until
from actors.domain.verdicts import Confirmation, Deferred, Verdict
from actors.ports import StoreUnavailable, Target
from actors.roles.world import World
from config.model import Tenant

DISABLED_US = 86_400_000_000
"""A disabled route is looked at again after a day, if nobody enables it before."""


class Weighing:
    """One lane's."""

    def __init__(self, lane: str, tenant: Tenant, target: Target, world: World, pulse: Pulse) -> None:
        self._lane = lane
        self._routes = {route.name: route for route in tenant.routes}
        self._policies = {route.name: policy_of(route.retry) for route in tenant.routes}
        self._timezone = tenant.timezone
        self._target = target
        self._world = world
        self._pulse = pulse

    async def too_early_or_late(self, delivery: Delivery, now_us: int) -> Decision | None:
        """Quiet hours put it off, age ends it; None: it may go."""
        route = self._routes.get(delivery.route)
        if route is None or isinstance(delivery.change, RosterOrder):  # a roster may be called as a route is
            return None
        if not route.enabled:
            return _held(HeldFor.ROUTE, now_us + DISABLED_US, f"the route {route.name} is disabled")
        until_us = quiet_until(route.quiet_hours, self._timezone, now_us)
        if until_us is not None:
            return _held(HeldFor.QUIET, until_us, f"quiet hours ({route.quiet_hours})")
        policy = self._policy(delivery)
        since_us = max(delivery.accepted_us, delivery.from_us)
        if policy.age_max_us is None or not too_old(since_us, now_us, policy):
            return None
        try:
            why = await self._world.outbox.blame(self._lane, since_us)
        except StoreUnavailable as error:  # it only names the reason
            self._world.witness.trouble("courier.store_unavailable", error, lane=self._lane)
            why = ""
        return expired(why, policy.age_max_us)

    def after_send(self, verdict: Verdict | Deferred, delivery: Delivery) -> Decision:
        if isinstance(verdict, Deferred):
            return put_off(verdict, delivery, self._world.clock.now_us(), self._policy(delivery))
        return decide(
            verdict,
            attempts=delivery.attempts,
            attempts_max=delivery.attempts_max,
            now_us=self._world.clock.now_us(),
            dice=self._world.dice.random(),
            settle_s=self._target.settle_s,
            consecutive=self._pulse.in_a_row(verdict),
            policy=self._policy(delivery),
            accepted_us=max(delivery.accepted_us, delivery.from_us),
            on_probation=self._pulse.on_probation,
        )

    def after_probe(self, confirmation: Confirmation | Deferred, delivery: Delivery, asked_ago_s: float) -> Decision:
        if isinstance(confirmation, Deferred):
            return put_off(confirmation, delivery, self._world.clock.now_us(), self._policy(delivery))
        return decide_probe(
            confirmation,
            delivery,
            now_us=self._world.clock.now_us(),
            dice=self._world.dice.random(),
            settle_s=self._target.settle_s,
            late_landing_s=self._target.late_landing_s,
            asked_ago_s=asked_ago_s,
            consecutive=self._pulse.in_a_row(confirmation),
            policy=self._policy(delivery),
        )

    def _policy(self, delivery: Delivery) -> Policy:
        """By its route as it stands now; a route that is gone leaves the defaults."""
        return DEFAULT if isinstance(delivery.change, RosterOrder) else self._policies.get(delivery.route, DEFAULT)


def _held(why: HeldFor, until_us: int, detail: str) -> Decision:
    """Not now, and nobody's fault: the attempt was none."""
    return Decision(state=State.HELD, due_us=until_us, refund=True, forget_sends=True, detail=detail, held_for=why)
