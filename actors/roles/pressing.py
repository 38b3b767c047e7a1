"""What reviewers press on cards: who pressed it is found out, whether their word counts, and what was decided is done.

A click came through the vendor's signed door and is on disk (``heeding``). It names a conflict, a fix, and what the
sides said when it was shown. It is acted on once; where that is broken off it is acted on again, which changes nothing.
Where the vendor has no time now to say who the reviewers are, the click waits for that, and those behind it too.
"""

import trio

from actors.domain.changes import UserUpdated
from actors.domain.conflicts.cards import NOBODY, Pressed, pressed
from actors.domain.conflicts.model import Event
from actors.domain.outbox import Place
from actors.domain.people import fold_email
from actors.domain.verdicts import Refused
from actors.ports import StoreUnavailable, Target
from actors.ports.audit import Deed
from actors.ports.cards import Click
from actors.ports.conflicts import Decided, Decider
from actors.ports.listening import Listening
from actors.roles.heeding import CLICK
from actors.roles.inquiring import Hindered, Inquiry
from actors.roles.ruling import follow
from actors.roles.world import World
from config.model import Audience
from config.rosters import Review

CLICKS_MAX = 50
WHY_CHARS_MAX = 200
ASKED_AGAIN_S = 600.0
"""A reviewer whom the vendor did not know is looked for again after so long."""
LOOKED_UP_MAX = 20
WAITS_US = 15 * 60_000_000
"""A click waits so long for the vendor to say who the reviewers are; then whoever pressed it presses again."""
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
        rostering = target.rostering
        self._inquiry = None if rostering is None else Inquiry(self._lane, target, rostering, world)
        self._ids: dict[str, str] = {}
        self._asked_s: dict[str, float] = {}
        self._said = False

    async def aclose(self) -> None:
        if self._inquiry is not None:
            await self._inquiry.aclose()

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
                for said in await self._said_by(listening, each):
                    try:
                        await self._try(each, said)
                    except Hindered:  # nobody is turned away because the vendor was busy: the next look asks it again
                        return
                await self._world.cards.heeded(self._lane, each.seq)

    async def _said_by(self, listening: Listening, click: Click) -> list[Pressed]:
        """What was pressed; nothing where that cannot be read. Raises StoreUnavailable, also while the vault is locked:
        then it waits."""
        try:
            body = await self._world.unseal(self._tenant, CLICK, f"{self._review.to}/{click.id}", click.body)
            values = listening.pressed(click.form, body)
            return [said for value in values if (said := pressed(value)) is not None]
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # likewise
            self._world.witness.trouble("review.click_failed", error, lane=self._lane, conflict=0)
            return []

    async def _try(self, click: Click, said: Pressed) -> None:
        """What breaks on one click would break on it again: it is noted, and the next one's turn comes. Raises
        Hindered, StoreUnavailable: those pass."""
        try:
            await self._act(click, said)
        except (StoreUnavailable, Hindered):
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, it must not come again without end
            self._world.witness.trouble("review.click_failed", error, lane=self._lane, conflict=said.conflict)

    async def _act(self, click: Click, said: Pressed) -> None:
        world = self._world
        verb, done = ("conflict.approve", "approved") if isinstance(said.choice, int) else _VERBS[said.choice]
        unknown = "they are not among the reviewers"
        try:
            who = await self._who(click.person)
        except Hindered as error:
            if not isinstance(error.failure, Refused) and world.clock.now_us() - click.at_us < WAITS_US:
                raise
            world.witness.trouble("review.not_looked_up", error, lane=self._lane)
            who, unknown = "", "the vendor did not say who they are"
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
            world.audit.refused(self._tenant, deed, unknown)
            world.witness.event("review.refused", lane=self._lane, person=click.person, conflict=said.conflict)
            return
        by = Decider(who=who, by_way="card", correlation_id=click.id)
        no = await world.audit.intend(self._tenant, deed)
        try:
            decided = await self._decide(said, by)
        except StoreUnavailable as error:
            await world.audit.conclude(self._tenant, no, "failed", str(error))
            raise
        except Exception as error:
            await world.audit.conclude(self._tenant, no, "failed", type(error).__name__)
            raise
        await world.audit.conclude(
            self._tenant, no, "done" if decided.done or decided.again else "refused", decided.note
        )
        follow(self._tenant, done, decided, by, world.witness, world.switchboard)
        if not decided.done and not decided.again and decided.case is not None:
            why = decided.outdated or decided.note[:WHY_CHARS_MAX]
            told = Event(at_us=world.clock.now_us(), what="refused", who=who, by_way="card", detail=why)
            await world.cards.not_done(self._tenant, said.conflict, told)

    async def _decide(self, said: Pressed, by: Decider) -> Decided:
        conflicts, now_us = self._world.conflicts, self._world.clock.now_us()
        match said.choice:
            case "reject":
                return await conflicts.reject(self._tenant, said.conflict, "", by, now_us, mark=said.mark)
            case "undo":
                return await conflicts.undo(self._tenant, said.conflict, by, now_us, mark=said.mark)
            case choice:
                return await conflicts.approve(self._tenant, said.conflict, choice, by, now_us, mark=said.mark)

    # ── who pressed it ───────────────────────────────────────────────────────────────────────────────

    async def _who(self, person: str) -> str:
        """The reviewer's address; empty where it is none of them. Raises Hindered, StoreUnavailable."""
        known = await self._world.cards.known_as(self._lane, person)
        by_address = self._reviewers & {fold_email(each) for each in known}
        if by_address or not person:
            return min(by_address, default="")
        asked = sorted(email for email in self._reviewers if self._is_due(email))
        for start in range(0, len(asked), LOOKED_UP_MAX):
            some = asked[start : start + LOOKED_UP_MAX]
            found = await self._find(some)
            self._ids = {id_: email for id_, email in self._ids.items() if email not in some}
            self._ids |= {id_: email for email, id_ in found.items()}
        return self._ids.get(person, "")

    def _is_due(self, email: str) -> bool:
        """Whether the vendor is asked for them (again)."""
        now_s = trio.current_time()
        if now_s - self._asked_s.get(email, -ASKED_AGAIN_S) < ASKED_AGAIN_S:
            return False
        self._asked_s[email] = now_s
        return True

    async def _find(self, emails: list[str]) -> dict[str, str]:
        """The vendor's ids of these, as it knows them now. Raises Hindered."""
        inquiry = self._inquiry
        if inquiry is None:
            return {}
        try:
            found = await inquiry.look_up(emails)
        except Hindered:
            self._asked_s.clear()
            raise
        return {email: account.id for email, account in found.found.items()}
