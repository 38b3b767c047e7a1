"""What reviewers press on cards: who pressed it is found out, whether their word counts, and what was decided is done.

A click came through the vendor's signed door and is on disk (``heeding``). It names a conflict, a fix, and what the
sides said when it was shown. It is acted on once; where that is broken off it is acted on again, which changes nothing.
"""

import trio

from actors.domain.changes import UserUpdated
from actors.domain.conflicts.cards import NOBODY, Pressed, pressed
from actors.domain.outbox import Place
from actors.domain.people import fold_email
from actors.domain.verdicts import Matched
from actors.kernel import converse
from actors.ports import Http, StoreUnavailable, Target
from actors.ports.audit import Deed
from actors.ports.cards import Click
from actors.ports.conflicts import Decided, Decider
from actors.roles.heeding import CLICK
from actors.roles.pacing import Journey, Pacer
from actors.roles.ruling import follow
from actors.roles.world import World
from config.model import Audience
from config.rosters import Review
from config.secrets import SecretUnavailable

CLICKS_MAX = 50
ASKED_AGAIN_S = 600.0
"""A reviewer whom the vendor did not know is looked for again after so long."""
CLOSE_S_MAX = 2.0
_VERBS = {"reject": ("conflict.reject", "rejected"), "undo": ("conflict.undo", "undone")}


class Pressing:
    """One tenant's review channel."""

    def __init__(self, tenant: str, review: Review, target: Target, world: World) -> None:
        self._tenant = tenant
        self._review = review
        self._target = target
        self._world = world
        self._lane = f"{tenant}/{review.to}"
        self._reviewers = frozenset(fold_email(each) for each in review.reviewers)
        self._pacer = Pacer(target, trio.current_time)
        self._http: Http | None = None
        self._asked_s: dict[str, float] = {}
        self._said = False

    async def aclose(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            with trio.move_on_after(CLOSE_S_MAX, shield=True):
                await http.aclose()

    def destination(self) -> str | None:
        """Where cards go; None (said once) where the target does not know such a channel."""
        audience = Audience(channel=self._review.channel, team=self._review.team)
        somewhat = UserUpdated(learner=NOBODY, at="")  # a channel is the same one, whatever is posted there
        place = self._target.place(audience, somewhat)
        if isinstance(place, Place):
            return place.destination
        if not self._said:
            self._said = True
            self._world.witness.trouble("review.no_channel", None, lane=self._lane, detail=place.detail)
        return None

    async def heed(self) -> None:
        """Act on every click that came. Raises StoreUnavailable."""
        listening = self._target.listening
        if listening is None:
            return
        while clicks := await self._world.cards.clicks(self._lane, CLICKS_MAX):
            for each in clicks:
                body = await self._world.unseal(self._tenant, CLICK, f"{self._review.to}/{each.id}", each.body)
                for value in listening.pressed(each.form, body):
                    if (said := pressed(value)) is not None:
                        await self._act(each, said)
                await self._world.cards.heeded(self._lane, each.seq)

    async def _act(self, click: Click, said: Pressed) -> None:
        world = self._world
        verb, done = ("conflict.approve", "approved") if isinstance(said.choice, int) else _VERBS[said.choice]
        who = await self._who(click.person)
        kind = self._target.kind
        deed = Deed(
            who=f"{who} ({kind})" if who else f"{kind}:{click.person}",
            where=f"a card in {self._review.channel}",
            what=verb,
            on=f"{self._tenant}/{said.conflict}",
            arguments={"fix": said.choice + 1} if isinstance(said.choice, int) else {},
            correlation_id=click.id,
        )
        if not who:
            world.audit.refused(self._tenant, deed, "they are not among the reviewers")
            world.witness.event("review.refused", lane=self._lane, person=click.person, conflict=said.conflict)
            return
        by = Decider(who=who, by_way="card", correlation_id=click.id)
        no = await world.audit.intend(self._tenant, deed)
        try:
            decided = await self._decide(said, by)
        except StoreUnavailable as error:
            await world.audit.conclude(self._tenant, no, "failed", str(error))
            raise
        await world.audit.conclude(
            self._tenant, no, "done" if decided.done or decided.again else "refused", decided.note
        )
        follow(self._tenant, done, decided, by, world.witness, world.switchboard)

    async def _decide(self, said: Pressed, by: Decider) -> Decided:
        conflicts, now_us = self._world.conflicts, self._world.clock.now_us()
        match said.choice:
            case "reject":
                return await conflicts.reject(self._tenant, said.conflict, "", by, now_us, mark=said.mark)
            case "undo":
                return await conflicts.undo(self._tenant, said.conflict, by, now_us)
            case choice:
                return await conflicts.approve(self._tenant, said.conflict, choice, by, now_us, mark=said.mark)

    # ── who pressed it ───────────────────────────────────────────────────────────────────────────────

    async def _who(self, person: str) -> str:
        """The reviewer's address; empty where it is none of them."""
        known = await self._world.cards.known_as(self._lane, person)
        found = self._reviewers & {fold_email(each) for each in known}
        if found or not person:
            return min(found, default="")
        for email in sorted(self._reviewers):
            now_s = trio.current_time()
            if now_s - self._asked_s.get(email, -ASKED_AGAIN_S) < ASKED_AGAIN_S:
                continue
            self._asked_s[email] = now_s
            match await self._find(email):
                case Matched(address=address, person=theirs):
                    now_us = self._world.clock.now_us()
                    await self._world.ledger.remember(self._lane, email, address, now_us, theirs)
                    if theirs == person:
                        return email
                case _:
                    pass
        return ""

    async def _find(self, email: str) -> object:
        """As the vendor knows them now; what keeps it from answering is no answer."""
        journey = Journey(self._world.switchboard.pacers.get(self._lane, self._pacer), None, probing=True)
        self._http = self._http or self._world.http()
        try:
            preparing = self._target.prepare(to_learner=False, now_us=self._world.clock.now_us())
            if preparing is not None:
                await converse(preparing, self._http, before=journey.before, after=journey.after)
            return await converse(self._target.find(email), self._http, before=journey.before, after=journey.after)
        except SecretUnavailable as error:
            self._world.witness.trouble("review.secret_unavailable", error, lane=self._lane)
            return None
        except BaseException:
            journey.abandon()
            raise
