"""Whom a vendor calls by what: as an operator said of a person, as is remembered of an address, or as is asked now.

Who a learner is, is asked anew for each delivery, and nothing is kept in memory: while a delivery waits an address may
change hands, and whoever has it then must not get what was meant for another.
"""

from collections import Counter

import msgspec
import trio

from actors.domain.acquaintance import Known
from actors.domain.outbox import Delivery
from actors.domain.people import Directory, Learner
from actors.domain.queueing import Turns
from actors.domain.speech import moment_of
from actors.domain.verdicts import Cause, Deferred, Matched, Refused, Unmatched, Verdict
from actors.kernel import converse
from actors.ports import Http, StoreUnavailable, Target
from actors.roles.pacing import Journey
from actors.roles.world import World
from config.model import Tenant

VALID_US = 30 * 86_400_000_000
"""An address that was found longer ago is looked up anew: an account may have become another's, and not every vendor
tells us. There are as many as people; retention takes what is older than the effect horizon."""
STALE = frozenset({Cause.UNMATCHED_LEARNER, Cause.DESTINATION_GONE, Cause.DESTINATION_REFUSED})


class Met(msgspec.Struct, frozen=True):
    """A learner as known now, and who that is. ``linked``: what the target calls them, as an operator said."""

    learner: Learner
    known: Known | None = None
    linked: str = ""

    def unmatched(self) -> Refused:
        """Nobody can say which address is theirs."""
        learner = self.learner
        named = f"{learner.name} ({learner.key})" if learner.name else learner.key
        why = f"no e-mail address is known for {named}: add them to the [people] file"
        if self.known is not None and self.known.withheld:
            why = f"{named} is not written to: {self.known.withheld} (see lmsyncctl identity list)"
        return Refused(Cause.UNMATCHED_LEARNER, why)


class Addresses:
    """One lane's learners."""

    def __init__(self, lane: str, tenant: Tenant, target: Target, world: World) -> None:
        self._lane = lane
        self._tenant = tenant.name
        self._directory = Directory(tenant.people)
        self._target = target
        self._world = world
        first = Counter(target.costs("learner:", to_learner=True, known=False))
        first.subtract(target.costs("learner:", to_learner=True, known=True))
        self._turns = Turns((+first).elements(), target.rate)

    async def meet(self, delivery: Delivery) -> Met:
        """Whom it is about. The ledger is asked where that decides to whom it goes. Raises StoreUnavailable."""
        learner = delivery.change.learner
        if not delivery.audience.learner:
            return Met(self._directory.enrich(learner))
        moment = moment_of(delivery.change.at)
        told_us = delivery.accepted_us if moment is None else int(moment.timestamp() * 1e6)
        at_us = min(delivery.accepted_us, told_us)
        asked = [(key, at_us) for key in self._directory.keys(learner.key)]
        directory = self._directory.at(await self._world.persons.known(self._tenant, asked), at_us)
        known = directory.known(learner.key)
        return Met(directory.enrich(learner), known, known.contacts.get(delivery.target, "") if known else "")

    async def find(self, met: Met, http: Http, journey: Journey) -> str | Verdict | Deferred:
        """The vendor's address of a learner: linked, remembered, or looked up now, in their turn. It is in the ledger
        before it is used. Raises StoreUnavailable."""
        ledger, email = self._world.ledger, met.learner.email
        if met.linked:
            return met.linked
        if not email:
            return met.unmatched()
        asked_us = self._world.clock.now_us()
        known = await ledger.address(self._lane, email, asked_us - VALID_US)
        wait_s = self._turns.wait_s(email, trio.current_time()) if known is None else 0.0
        if wait_s:
            return Deferred(wait_s, "waits for its turn to be looked up: the vendor's limits let others go first")
        counted = self._world.switchboard.lookups
        counted[self._lane, "looked_up" if known is None else "remembered"] += 1
        if known is None:
            counted[self._lane, "outdated"] += await ledger.address(self._lane, email) is not None
            match await converse(self._target.find(email), http, before=journey.before, after=journey.after):
                case Matched(address=known, person=person):
                    if self._world.switchboard.people_told_us.get(self._lane, 0) < asked_us:
                        await ledger.remember(self._lane, email, known, self._world.clock.now_us(), person)
                case Unmatched(detail=detail):
                    return Refused(Cause.UNMATCHED_LEARNER, detail)
                case verdict:
                    return verdict
        return known

    async def mistrust(self, delivery: Delivery, verdict: Refused) -> None:
        """A remembered address that is refused may be stale: the next attempt (a replay) looks the learner up anew.
        What an operator said stays."""
        if verdict.cause not in STALE:
            return
        try:
            met = await self.meet(delivery)
            if not met.linked:
                await self._world.ledger.forget(self._lane, met.learner.email)
        except StoreUnavailable as error:  # the verdict counts more; who is refused again is forgotten then
            self._world.witness.trouble("courier.store_unavailable", error, lane=self._lane)
