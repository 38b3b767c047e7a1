"""Asking a vendor, now and then, what a lost call would have told: whether our credentials live, how the channels that
are posted to stand, and what changed about people.

It is asked soon where a post was refused or the vendor says itself that we missed something; never more often than
every half minute, within the vendor's limits, and ever more seldom while it does not answer.
"""

from typing import TYPE_CHECKING

import trio

from actors.domain.throttle import retry_after_s
from actors.domain.tidings import Asking, Failure, Note, Place, Surveyed
from actors.domain.verdicts import Delivered, Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable, Verdict
from actors.kernel import converse
from actors.ports import Target
from actors.ports.listening import Listening, Standing
from actors.roles.world import World
from config.secrets import SecretUnavailable

if TYPE_CHECKING:
    from actors.roles.listener import Listener

HAIL_S = 86_400.0
"""A hello a day finds what nobody told."""
SOON_S = 2.0
GAP_S = 30.0
"""Between two surveys, whatever asks for them."""
AGAIN_FIRST_S = 60.0
PLACES_AT_ONCE = 20
"""Places asked about in one conversation."""
ROUNDS_MAX = 200
"""Conversations of one survey: what is left waits for the next."""


class Surveyor:
    """One lane's."""

    def __init__(
        self, listener: "Listener", target: Target, listening: Listening, routed: tuple[str, ...], world: World
    ) -> None:
        self._listener = listener
        self._lane = listener.lane
        self._target = target
        self._listening = listening
        self._routed = routed
        self._world = world
        self._dice = world.dice.random()
        self._born_us = world.clock.now_us()
        self._soon: set[str] = set()
        self._asked_at_s = -GAP_S
        self._failures = 0
        self._not_before_us = 0
        self._hail_now = False
        self._ailing = ""
        self._lacking = ""

    def soon(self, place: str) -> None:
        """Somebody thinks that it should be asked."""
        if len(self._soon) < PLACES_AT_ONCE:
            self._soon.add(place)

    def anew(self) -> None:
        """The credentials are new: who we are there may have changed."""
        self.again()
        self._hail_now = True

    def again(self) -> None:
        """What was asked in vain may be answered now."""
        self._failures = self._not_before_us = 0

    async def step(self) -> float:
        """Ask, if it is time. How long it is not, in seconds. Raises StoreUnavailable."""
        standing = await self._world.tidings.standing(self._lane)
        now_us = self._world.clock.now_us()
        self._listener.show(surveyed_us=standing.surveyed_us or None)
        if self._not_before_us > now_us:
            return (self._not_before_us - now_us) / 1e6
        if (hail_us := self._hail_us(standing)) <= now_us:
            await self._hail()
            return 0.0
        survey_us = self._survey_us(standing)
        if self._soon or standing.due:
            survey_us = min(survey_us, now_us + round(max(0.0, self._asked_at_s + GAP_S - trio.current_time()) * 1e6))
        if survey_us > now_us:
            return (min(survey_us, hail_us) - now_us) / 1e6
        await self._survey(standing)
        return 0.0

    def _hail_us(self, standing: Standing) -> int:
        """At once where nobody knows yet who we are, and calls are to be told apart by it."""
        needed = self._listening.has_door or self._listening.has_socket
        if self._hail_now or (needed and not standing.hailed_us):
            return 0
        return (standing.hailed_us or self._born_us) + round(HAIL_S * 1e6)

    def _survey_us(self, standing: Standing) -> int:
        """Spread, so that many targets are not asked at the same moment."""
        every_us = round(self._listening.survey_s * 1e6)
        if not standing.surveyed_us:
            return self._born_us + round(every_us * (0.1 + 0.9 * self._dice))
        return standing.surveyed_us + round(every_us * (0.9 + 0.2 * self._dice))

    # ── talking ──────────────────────────────────────────────────────────────────────────────────────

    async def _hail(self) -> None:
        """Whether our credentials live, and who we are. Raises StoreUnavailable."""
        world = self._world
        verdict: Verdict
        try:
            async with self._listener.line() as (http, journey):
                verdict = await converse(self._target.hello(), http, before=journey.before, after=journey.after)
        except SecretUnavailable as error:
            verdict = Unavailable(f"our credentials cannot be read: {error}")
        except Exception as error:  # noqa: BLE001  # a connector's bug must not end what is heard
            world.witness.trouble("listener.fault", error, lane=self._lane)
            verdict = Faulted("a mistake of ours")
        if isinstance(verdict, Delivered):
            await world.tidings.hailed(self._lane, verdict.receipt, world.clock.now_us())
            self._hail_now = False
            self._listener.changed()
            self._well()
        elif isinstance(verdict, Doubtful):
            await self._failed(Unavailable(verdict.detail))
        else:
            await self._failed(verdict)

    async def _survey(self, standing: Standing) -> None:
        """Raises StoreUnavailable."""
        world, places = self._world, await self._places()
        self._soon.clear()
        self._asked_at_s = trio.current_time()
        cursor, broadly = standing.cursor, True
        for _ in range(ROUNDS_MAX):
            batch, places = places[:PLACES_AT_ONCE], places[PLACES_AT_ONCE:]
            found = await self._ask(
                Asking(now_us=world.clock.now_us(), cursor=cursor, places=tuple(batch), broadly=broadly)
            )
            if not isinstance(found, Surveyed):
                await self._failed(found)
                return
            await self._listener.heed.take([Note(id="", tiding=each) for each in found.tidings], "survey")
            cursor = found.cursor if broadly else cursor
            broadly = broadly and found.more
            self._miss(found.lacking)
            if not (places or broadly):
                break
        await world.tidings.surveyed(self._lane, cursor, world.clock.now_us())
        self._well()

    async def _places(self) -> list[Place]:
        """Those that are posted to, by the configuration or because somebody was refused there."""
        known = {view.place.place: view.place for view in await self._world.tidings.places(self._lane)}
        wanted = dict.fromkeys([*self._listening.asked_about(sorted(self._soon)), *self._routed])
        return [known.get(place) or Place(place=place) for place in wanted]

    async def _ask(self, asking: Asking) -> Surveyed | Failure:
        try:
            async with self._listener.line() as (http, journey):
                return await converse(self._listening.survey(asking), http, before=journey.before, after=journey.after)
        except SecretUnavailable as error:
            return Unavailable(f"our credentials cannot be read: {error}")
        except Exception as error:  # noqa: BLE001  # as above
            self._world.witness.trouble("listener.fault", error, lane=self._lane)
            return Faulted("a mistake of ours")

    # ── what came of it ──────────────────────────────────────────────────────────────────────────────

    async def _failed(self, failure: Failure) -> None:
        """Ask again later: when the vendor named a time, then. Credentials that died suspend the lane. Raises
        StoreUnavailable."""
        self._failures += 1
        wait_s = min(self._listening.survey_s, AGAIN_FIRST_S * 2.0 ** min(self._failures - 1, 10))
        now_us = self._world.clock.now_us()
        if isinstance(failure, Throttled | Unavailable):
            wait_s = max(wait_s, retry_after_s(failure.retry_after, now_us) or 0.0)
        self._not_before_us = now_us + round(wait_s * 1e6)
        if type(failure).__name__ != self._ailing:
            match failure:
                case Revoked(detail=detail):
                    await self._listener.heed.lost(detail)
                case Throttled() | Unavailable() | Faulted() | Refused():
                    pass
            self._ailing = type(failure).__name__
            self._world.witness.trouble("listener.asking_failed", None, lane=self._lane, detail=failure.detail)

    def _well(self) -> None:
        self._failures = 0
        if self._ailing:
            self._ailing = ""
            self._world.witness.event("listener.asking_recovered", lane=self._lane)

    def _miss(self, lacking: str) -> None:
        """What we may not see is said once."""
        if lacking and lacking != self._lacking:
            self._world.witness.event("listener.lacking", lane=self._lane, detail=lacking)
        self._lacking = lacking or self._lacking
        self._listener.show(detail=self._lacking)
