"""Sees to a tenant's conflicts: compares what its sources say, shows reviewers what waits for them, and acts on what
they press. One actor a tenant that has several sources, or somebody to be shown anything.

What is to be done stands in the store: people who changed, conflicts whose cards say something else, clicks. A look at
it is cheap, and comes with every hint and from time to time. At most a few cards wait in a channel at once: the rest
follow as these are decided, so that a bad night is no flood.
"""

from collections.abc import Collection, Mapping

import trio

from actors.domain.conflicts.cards import ReviewCard, card
from actors.domain.conflicts.words import Language
from actors.domain.xapi.moments import spelt
from actors.kernel import Actor
from actors.messages import Reported, ReviewerMessage, Weigh
from actors.ports import StoreUnavailable, Target
from actors.ports.cards import Untold
from actors.roles.pressing import Pressing
from actors.roles.world import World
from config.model import Audience, Tenant
from config.rosters import Review

LOOK_S = 60.0
REST_S = 2.0
"""Between two looks, at least."""
CLASHES_US = 15 * 60_000_000
"""How often the identity ledger is asked whether it has new questions, if no source told anything."""
CARDS_MAX = 20
"""Open conflicts that are shown at once."""


def wanted(tenant: Tenant, sources: Collection[str]) -> bool:
    """Whether there is anything to compare (``sources`` that are read), anything to ask, or anybody to be told."""
    return tenant.review is not None or bool(tenant.rosters) or len(sources) > 1


class Reviewer(Actor[ReviewerMessage]):
    """One tenant's."""

    def __init__(self, tenant: Tenant, targets: Mapping[str, Target], sources: Collection[str], world: World) -> None:
        super().__init__()
        self._tenant = tenant
        self._sources = sorted(sources)
        self._world = world
        self._wake = trio.Event()
        self._clashes_us: int | None = None
        self._language: Language = "de" if tenant.locale.partition("-")[0] == "de" else "en"
        review = tenant.review
        target = targets.get(review.to) if review is not None else None
        self._pressing: Pressing | None = None
        if review is not None and target is not None:
            self._pressing = Pressing(tenant.name, review, target, world)

    async def started(self) -> None:
        self.spawn(self._run)

    async def receive(self, message: ReviewerMessage) -> None:
        match message:
            case Reported():
                self._clashes_us = None
                self._wake.set()
            case Weigh():
                self._wake.set()

    async def stopping(self) -> None:
        if self._pressing is not None:
            await self._pressing.aclose()

    async def _run(self) -> None:
        compared = False
        while True:
            self._wake = trio.Event()
            try:
                if not compared:
                    rules = {each.name for each in self._tenant.rosters}
                    await self._world.conflicts.retain(self._tenant.name, rules, self._world.clock.now_us())
                    await self._world.conflicts.compare(self._tenant.name, self._sources, self._tenant.conflicts)
                    compared = True
                await self._look()
            except StoreUnavailable as error:
                self._world.witness.trouble("reviewer.store_unavailable", error, tenant=self._tenant.name)
            await trio.sleep(REST_S)
            with trio.move_on_after(LOOK_S - REST_S):
                await self._wake.wait()

    async def _look(self) -> None:
        await self._compare()
        if self._pressing is not None:
            await self._pressing.heed()
        review = self._tenant.review
        if review is not None and self._pressing is not None:
            await self._show(review, self._pressing)

    # ── what sources say ─────────────────────────────────────────────────────────────────────────────

    async def _compare(self) -> None:
        world, tenant = self._world, self._tenant
        people = fresh = settled = 0
        while True:
            told = await world.conflicts.look(tenant.name, tenant.conflicts, world.clock.now_us())
            people, fresh, settled = people + told.people, fresh + told.fresh, settled + told.settled
            if not told.more:
                break
        now_us = world.clock.now_us()
        if people or self._clashes_us is None or now_us - self._clashes_us >= CLASHES_US:
            clashes = await world.conflicts.clashes(tenant.name, now_us)
            self._clashes_us = now_us
            fresh, settled = fresh + clashes.fresh, settled + clashes.settled
        if people:
            world.switchboard.reconcile(tenant.name)
        if fresh or settled:
            world.witness.event("conflicts.compared", tenant=tenant.name, people=people, fresh=fresh, settled=settled)

    # ── cards ────────────────────────────────────────────────────────────────────────────────────────

    async def _show(self, review: Review, pressing: Pressing) -> None:
        """Cards that say something else than what is so, then new ones, as many as there is room for."""
        world, tenant = self._world, self._tenant.name
        found, shown, waiting = await world.cards.untold(tenant, CARDS_MAX * 2)
        if not found:
            return
        destination = pressing.destination()
        if destination is None:
            return
        now_us = world.clock.now_us()
        cards = []
        for each in found:
            made: ReviewCard | None = None
            if each.case.state == "open" and each.told != "open":
                if shown >= CARDS_MAX and not _has_card(each):
                    continue
                shown += 1
            if each.case.state == "open" or _has_card(each):
                made = self._card(each, waiting - shown, now_us)
            cards.append((each.case, made))
        if not cards:
            return
        audience = Audience(channel=review.channel, team=review.team)
        posted = await world.cards.post(f"{tenant}/{review.to}", destination, audience, cards, now_us)
        if posted:
            world.switchboard.ready(f"{tenant}/{review.to}")
            world.witness.event("conflicts.shown", tenant=tenant, cards=posted)

    def _card(self, each: Untold, waiting: int, now_us: int) -> ReviewCard:
        base = self._world.public_url.rstrip("/")
        url = f"{base}/t/{self._tenant.name}/review/{each.case.no}" if base else ""
        return card(each.case, self._language, at=spelt(now_us), url=url, waiting=max(0, waiting))


def _has_card(each: Untold) -> bool:
    return bool(each.told)
