"""Whom a vendor calls by what: a learner's address there, remembered in the ledger and looked up where it is not."""

from collections import OrderedDict

from actors.domain.verdicts import Cause, Matched, Refused, Unmatched, Verdict
from actors.kernel import converse
from actors.ports import Http, StoreUnavailable, Target
from actors.roles.pacing import Journey
from actors.roles.world import World

ADDRESSES_MAX = 10_000
STALE = frozenset({Cause.UNMATCHED_LEARNER, Cause.DESTINATION_GONE, Cause.DESTINATION_REFUSED})


class Addresses:
    """One lane's learners. The newest are kept in memory too."""

    def __init__(self, lane: str, target: Target, world: World) -> None:
        self._lane = lane
        self._target = target
        self._world = world
        self._known: OrderedDict[str, str] = OrderedDict()

    async def find(self, email: str, http: Http, journey: Journey) -> str | Verdict:
        """The vendor's address of a learner: remembered, or looked up now. It is in the ledger before it is used.
        Raises StoreUnavailable."""
        ledger = self._world.ledger
        known = self._known.get(email) or await ledger.address(self._lane, email)
        if known is None:
            match await converse(self._target.find(email), http, before=journey.before, after=journey.after):
                case Matched(address=known):
                    await ledger.remember(self._lane, email, known, self._world.clock.now_us())
                case Unmatched(detail=detail):
                    return Refused(Cause.UNMATCHED_LEARNER, detail)
                case verdict:
                    return verdict
        self._known[email] = known
        self._known.move_to_end(email)
        if len(self._known) > ADDRESSES_MAX:
            self._known.popitem(last=False)
        return known

    async def mistrust(self, email: str, verdict: Refused) -> None:
        """A remembered address that is refused may be stale: the next attempt (a replay) looks the learner up anew."""
        if verdict.cause not in STALE:
            return
        self._known.pop(email, None)
        try:
            await self._world.ledger.forget(self._lane, email)
        except StoreUnavailable as error:  # the verdict counts more; who is refused again is forgotten then
            self._world.witness.trouble("courier.store_unavailable", error, lane=self._lane)
