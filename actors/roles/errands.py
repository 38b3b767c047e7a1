"""What a courier needs to carry an order about a roster: the connector's side of it, and the slip that goes along."""

from actors.domain.outbox import Delivery
from actors.domain.rosters.order import RosterOrder
from actors.domain.verdicts import Confirmation, Verdict
from actors.kernel import converse
from actors.ports import Http, Target
from actors.ports.rostering import Rostering, Slip
from actors.roles.dating import Dating
from actors.roles.pacing import Journey
from actors.roles.world import World


class Errands:
    """One lane's orders."""

    def __init__(self, target: Target, world: World, dating: Dating) -> None:
        self._target = target
        self._world = world
        self._dating = dating

    async def perform(self, delivery: Delivery, order: RosterOrder, http: Http, journey: Journey) -> Verdict:
        """Have it carried out. Raises LookupError where the target keeps no rosters (any more)."""
        journey.sent = False
        flow = self._rostering().perform(order, self._slip(delivery))
        return await converse(flow, http, before=journey.before, after=journey.after)

    async def seen(self, delivery: Delivery, order: RosterOrder, http: Http, journey: Journey) -> Confirmation:
        """Look whether it was. Raises LookupError as above."""
        journey.look()
        flow = self._rostering().seen(order, self._slip(delivery))
        return await converse(flow, http, before=journey.before, after=journey.after)

    def _rostering(self) -> Rostering:
        rostering = self._target.rostering
        if rostering is None:  # the target's kind was changed while an order waited
            raise LookupError(f"a {self._target.kind} target keeps no rosters")
        return rostering

    def _slip(self, delivery: Delivery) -> Slip:
        return Slip(
            delivery_id=delivery.id,
            correlation_id=delivery.correlation_id,
            tenant=delivery.tenant,
            traceparent=delivery.traceparent,
            attempt=delivery.attempts,
            now_us=self._world.clock.now_us(),
            sent_us=delivery.sent_us,
            doubt_us=self._dating.of(delivery.doubt_us),
        )
