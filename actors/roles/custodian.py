"""The custodian of one connection: sees to it that there is always a token to speak with, and that none is lost.

Each speaker's token is renewed ahead of its end whether anybody speaks or not (``renewing`` says how). Where nothing is
to be had any more the lane waits, and goes on as soon as there is a token again. Whoever connected an account and left,
or may not do so any more, does not go on speaking through us.

Nearly all custodians are idle nearly all the time, so there is one task for all that is to be done by the clock; what
takes its time (an asking) is a task of its own, as long as it lasts.
"""

from hashlib import blake2b

import trio

from actors.domain import tokens as machine
from actors.domain.tokens import Holding
from actors.domain.verdicts import Revoked
from actors.kernel import Actor
from actors.messages import (
    ConnectionLost,
    CustodianMessage,
    GiveBack,
    Granting,
    PersonSeen,
    Renew,
    SecretsChanged,
)
from actors.ports import StoreUnavailable
from actors.ports.tokens import Dialect
from actors.roles.custody import OF_SOURCE, Custody
from actors.roles.renewing import Renewing
from actors.roles.world import World
from config.model import Tenant

STORE_RETRY_S = 1.0
REST_S_MAX = 60.0
"""Nobody sleeps longer than this by a wall clock that somebody may set."""
UNREAD_US = 5_000_000
"""What does not open is read anew no more often than this."""
LOOK_S = 3600.0
"""How often it is looked whether the person who connected has left: at the next waking after it."""


class Custodian(Actor[CustodianMessage]):
    """Keeps the tokens of one target or source."""

    def __init__(
        self, tenant: Tenant, name: str, dialect: Dialect, in_use: frozenset[str], custody: Custody, world: World
    ) -> None:
        """``in_use``: the speakers without whom the lane cannot go on."""
        super().__init__()
        self._tenant = tenant.name
        self._is_target = name in tenant.targets
        self._in_use = in_use
        self._custody = custody
        self._wallet = custody.wallet(tenant.name, name, dialect)
        self._wallet.in_use = in_use
        self._world = world
        self._renewing = Renewing(self._wallet, custody, world, self._heal)
        self._speakers = tuple(each for each in dialect.speakers if dialect.static(each) is None)
        self._told: dict[str, str] = {}
        self._asking: set[str] = set()
        self._read_us = 0
        self._looked_s = -LOOK_S
        self._ending = False

    async def started(self) -> None:
        self.spawn(self._go_on)

    async def stopping(self) -> None:
        """What is being asked for is waited for, as far as the grace period allows."""
        self._ending = True
        await self._renewing.finished()

    async def receive(self, message: CustodianMessage) -> None:
        match message:
            case Renew():
                self.spawn(self._operator_renews, message)
            case GiveBack():
                self.spawn(self._give_back, message)
            case Granting():
                self.spawn(self._connect, message)
            case ConnectionLost(why=why, speaker=speaker):
                for each in self._speakers:
                    if speaker in ("", each):
                        self.spawn(self._doubt, each, why)
            case PersonSeen(by=by, may_connect=may_connect):
                if not may_connect:
                    self.spawn(self._dismiss, by.who, "the person who connected it may not do so any more")

            case SecretsChanged():
                for each in self._speakers:
                    self.spawn(self._try_again, each)

    # ── by the clock ─────────────────────────────────────────────────────────────────────────────────

    async def _go_on(self) -> None:
        await self._load()
        for speaker in self._speakers:
            if self._custody.reseeded(self._wallet, speaker):
                self._ask(speaker, anew=True)
        while not self._ending:
            changed, clock = self._wallet.changed, self._world.clock
            if self._wallet.unread and clock.now_us() >= self._read_us + UNREAD_US:
                await self._load()
                continue
            await self._look_for_leavers()
            wake_us = [at_us for each in self._speakers for at_us in await self._step(each)]
            soonest_us = min(wake_us, default=None)
            rest_s = REST_S_MAX if soonest_us is None else (soonest_us - clock.now_us()) / 1e6
            with trio.move_on_after(max(0.0, min(REST_S_MAX, rest_s))):
                await changed.wait()

    async def _load(self) -> None:
        while True:
            try:
                self._wallet.kept = await self._custody.connections.of(self._tenant, self._wallet.name)
                break
            except StoreUnavailable as error:
                self._world.witness.trouble("token.store_unavailable", error, connection=self._wallet.on)
                await trio.sleep(STORE_RETRY_S)
        self._wallet.loaded, self._wallet.unread = True, False
        self._read_us = self._world.clock.now_us()
        self._wallet.stir()

    async def _step(self, speaker: str) -> list[int]:
        """Ask for the next token if that is due. When something may be to do; nothing while it is asked for: the end of
        that is a change."""
        wallet, now_us = self._wallet, self._world.clock.now_us()
        if speaker in self._asking:
            return []
        await self._tell_if_gone(speaker)
        holding = wallet.of(speaker).holding
        due_us = machine.renews_us(
            holding, wallet.tried(speaker), _dice(wallet.on, holding), seeded=wallet.seeded(speaker)
        )
        if due_us is not None and due_us <= now_us:
            self._ask(speaker)
            return []
        ends_us = holding.expires_us if holding.state == "lost" else None
        return [each for each in (due_us, ends_us) if each is not None and each > now_us]

    def _ask(self, speaker: str, *, anew: bool = False) -> None:
        self._asking.add(speaker)
        self.spawn(self._renew, speaker, anew)

    async def _renew(self, speaker: str, anew: bool) -> None:
        try:
            await self._renewing.renew(speaker, anew=anew)
        finally:
            self._asking.discard(speaker)
            self._wallet.stir()

    async def _try_again(self, speaker: str) -> None:
        """What was refused before may be taken now: without waiting until it would be tried by itself."""
        if not self._wallet.loaded or not self._wallet.renewable(speaker):
            return
        if self._custody.reseeded(self._wallet, speaker):
            await self._renewing.renew(speaker, anew=True)
        elif self._wallet.of(speaker).holding.state in ("none", "lost") or self._wallet.tried(speaker).failures:
            await self._renewing.renew(speaker)

    # ── people ───────────────────────────────────────────────────────────────────────────────────────

    async def _operator_renews(self, message: Renew) -> None:
        speaker = message.speaker
        if speaker not in self._speakers:
            message.reply(f"nobody renews {speaker} of {self._wallet.on}: its token is configured, or there is none")
            return
        holding = self._wallet.of(speaker).holding
        if not self._wallet.renewable(speaker):
            message.reply(holding.why or "there is nothing to renew it with: it does not end, or was never connected")
            return
        message.reply(await self._renewing.renew(speaker, anew=not holding.has_refresh))

    async def _connect(self, message: Granting) -> None:
        message.reply(await self._renewing.connect(message))

    async def _give_back(self, message: GiveBack) -> None:
        said = await self._renewing.revoke(message.speaker, message.why, message.who, message.correlation_id)
        message.reply(said)
        await self._tell_if_gone(message.speaker)

    async def _doubt(self, speaker: str, why: str) -> None:
        """The vendor tells us that it is over. What it says when it is asked decides; where nobody can ask, it is
        believed."""
        wallet = self._wallet
        self._world.witness.event("token.doubted", connection=wallet.on, speaker=speaker, why=why)
        if wallet.renewable(speaker):
            wallet.trying[speaker] = machine.refused(wallet.tried(speaker), "")
            wallet.stir()
            return
        await self._renewing.believe_lost(speaker, why)

    async def _look_for_leavers(self) -> None:
        """Whoever has left everywhere they were known does not go on speaking through us."""
        if trio.current_time() < self._looked_s + LOOK_S:
            return
        self._looked_s = trio.current_time()
        for speaker in self._speakers:
            holding = self._wallet.of(speaker).holding
            if not holding.by_email or holding.state not in ("live", "lost"):
                continue
            try:
                gone = await self._custody.connections.departed(self._tenant, holding.by_email)
            except StoreUnavailable as error:
                self._world.witness.trouble("token.store_unavailable", error, connection=self._wallet.on)
                continue
            if gone:
                self.spawn(self._dismiss, holding.by, "the person who connected it has left")

    async def _dismiss(self, who: str, why: str) -> None:
        for speaker in self._speakers:
            holding = self._wallet.of(speaker).holding
            if holding.by == who and holding.state in ("live", "lost"):
                await self._renewing.revoke(speaker, f"{why}: connect the account again")
                await self._tell_if_gone(speaker)

    # ── telling ──────────────────────────────────────────────────────────────────────────────────────

    async def _tell_if_gone(self, speaker: str) -> None:
        """Once nobody can speak any more, the lane waits, and says why."""
        answer = self._custody.token(self._wallet, speaker)
        why = answer.detail if isinstance(answer, Revoked) and self._wallet.of(speaker).holding.version else ""
        if why == self._told.get(speaker, ""):
            return
        self._told[speaker] = why
        if not why or speaker not in self._in_use:
            return
        world = self._world
        if self._is_target:
            world.witness.event("lane.suspended", lane=self._wallet.on, reason=why)
            try:
                await world.outbox.suspend(self._wallet.on, why, world.clock.now_us())
            except StoreUnavailable as error:  # the next attempt will find the same
                world.witness.trouble("token.store_unavailable", error, connection=self._wallet.on)
        else:
            world.switchboard.look(self._wallet.on.removesuffix(OF_SOURCE))

    async def _heal(self) -> None:
        """There is a token again: the lane goes on at once, the source is read."""
        world, on = self._world, self._wallet.on
        if not self._is_target:
            source = on.removesuffix(OF_SOURCE)
            view = world.switchboard.source_views.get(source)
            if view is None or view.state != "running":  # else it is being read, perhaps with the new one already
                world.switchboard.switched(source)
                world.switchboard.look(source, mended=True)
            return
        try:
            await world.outbox.unsuspend(on, world.clock.now_us())
        except StoreUnavailable as error:  # the courier asks by itself
            world.witness.trouble("token.store_unavailable", error, connection=on)
        world.switchboard.ready(on)
        world.switchboard.reconnected(on)


def _dice(on: str, holding: Holding) -> float:
    """The same for one version, whoever asks: when it is due does not move."""
    digest = blake2b(f"{on}|{holding.version}|{holding.obtained_us}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32
