"""Asking a vendor for tokens, for one connection: one asking at a time, and nothing that was given is lost.

A refresh token that serves once is put on record as asked with before it leaves, which proves beforehand that its
successor can be sealed and written, and tells the next life what may have happened. A new pair is on disk before
anybody speaks with it. Once a request has left, nothing short of the process's death keeps its answer from being
written. What is on disk is numbered: a life that was overtaken by another one writes nothing, and takes over what is
there.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import trio

from actors.domain import tokens as machine
from actors.domain.flow import Flow
from actors.domain.throttle import retry_after_s
from actors.domain.tokens import Failure, Granted, Holding, Tokens, Trying
from actors.domain.verdicts import Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable
from actors.kernel import converse
from actors.messages import Granting
from actors.ports import StoreUnavailable
from actors.ports.tokens import Dialect, Kept, TokensUnusable
from actors.roles.custody import Custody, Wallet
from actors.roles.deeds import WHO, Deeds
from actors.roles.world import World
from config.secrets import SecretUnavailable

T = TypeVar("T")
STORE_RETRY_S, STORE_RETRY_S_MAX = 1.0, 60.0
STORED_TRIES_MAX = 240
"""About four hours."""
OVERTAKEN_MAX, CLOSE_S_MAX = 5, 2.0
ENDING_S_MAX = 15.0
"""How long an answer is waited for, or written, after the process was told to end."""
OVERTAKEN = "another life of this custodian was quicker: its tokens are used"


class Renewing:
    """Everything that a custodian asks a vendor for. ``healed`` is awaited when there is a token again after there was
    none, or another account's."""

    def __init__(self, wallet: Wallet, custody: Custody, world: World, healed: Callable[[], Awaitable[None]]) -> None:
        self._wallet = wallet
        self._custody = custody
        self._world = world
        self._healed = healed
        self._deeds = Deeds(wallet.tenant, wallet.on, world.audit, world.witness)
        self._scopes: set[trio.CancelScope] = set()
        self._idle = trio.Event()
        self._ending = False

    @property
    def _dialect(self) -> Dialect:
        return self._wallet.dialect

    async def finished(self) -> None:
        """The process ends: returns once nothing is being asked for, which from now on is not waited for for long."""
        self._ending = True
        for scope in self._scopes:
            scope.deadline = trio.current_time() + ENDING_S_MAX
        while self._scopes:
            self._idle = trio.Event()
            await self._idle.wait()

    @asynccontextmanager
    async def _alone(self, speaker: str) -> AsyncIterator[None]:
        """One at a time asks for this speaker, and is not broken off."""
        async with self._wallet.locks[speaker]:
            scope = trio.CancelScope(shield=True)
            if self._ending:
                scope.deadline = trio.current_time() + ENDING_S_MAX
            self._scopes.add(scope)
            try:
                with scope:
                    yield
            finally:
                self._scopes.discard(scope)
                self._idle.set()
                self._wallet.askings[speaker] = self._wallet.askings.get(speaker, 0) + 1
                self._wallet.stir()

    # ── renewing ─────────────────────────────────────────────────────────────────────────────────────

    async def renew(self, speaker: str, *, anew: bool = False) -> str:
        """One asking, unless another one made it needless meanwhile. Why nothing came of it, empty: there is a new
        token. ``anew``: whether or not it is due, and beginning with what is configured."""
        version = self._wallet.of(speaker).holding.version
        async with self._alone(speaker):
            if self._wallet.of(speaker).holding.version != version and not anew:
                return ""
            return await self._ask(speaker, anew=anew)

    async def _ask(self, speaker: str, *, anew: bool) -> str:
        before = self._wallet.of(speaker)
        doubted = before.holding.asked_us is not None
        keeps = anew and before.holding.state == "live" and self._custody.reseeded(self._wallet, speaker)
        try:
            await self._custody.connections.ready(self._wallet.tenant)
            anew = anew or self._custody.beyond_opening(self._wallet, speaker)
            held = Tokens() if anew else self._open(speaker, before)
            seed = self._begun_with(speaker, before.holding, held, anew=anew)
            await self._deeds.intend(speaker, "token.renew" if before.holding.has_access else "token.obtain")
            if self._dialect.single_use and held.refresh and not doubted:
                marked = machine.asked(before.holding, self._world.clock.now_us())
                if await self.put(speaker, marked, self._open(speaker, before)) is None:
                    await self._overtaken(speaker, before)
                    return OVERTAKEN
            answer = await self._talk(speaker, held)
        except (StoreUnavailable, TokensUnusable, SecretUnavailable) as error:
            return self._fail(speaker, Unavailable(f"{type(error).__name__}: {error}"), doubted=doubted)
        if isinstance(answer, Granted):
            return await self._take(speaker, answer, held, seed)
        if isinstance(answer, Revoked) and held.refresh and self._falls_back(speaker, held):
            return await self._ask(speaker, anew=True)
        if isinstance(answer, Revoked) and keeps:  # what is configured now is of no use; what there is goes on
            await self._deeds.conclude(speaker, "failed", answer.detail)
            return self._fail(speaker, answer, doubted=False)
        return await self._refused(speaker, answer, doubted=doubted)

    def _begun_with(self, speaker: str, holding: Holding, held: Tokens, *, anew: bool) -> str:
        """The seed of what comes of it: who goes on with a refresh token has not begun with what is configured now."""
        if holding.by and not anew:
            return ""
        return held.seed if held.refresh else self._wallet.seed(speaker)

    def _falls_back(self, speaker: str, held: Tokens) -> bool:
        """Whether what is configured is something else than what just died."""
        try:
            return self._dialect.seed(speaker) not in ("", held.refresh)
        except SecretUnavailable:
            return False

    async def _talk(self, speaker: str, held: Tokens) -> Granted | Failure:
        """A connector's bug is a failure like others: the tokens there are outlive it."""
        claims = self._wallet.tried(speaker).claims
        try:
            return await self._converse(self._dialect.renew(speaker, held, claims, self._world.clock.now_us()))
        except SecretUnavailable as error:
            return Unavailable(f"our credentials cannot be read: {error}")
        except Exception as error:  # noqa: BLE001  # see above
            self._world.witness.trouble("token.fault", error, connection=self._wallet.on, speaker=speaker)
            return Doubtful(f"a mistake of ours: {type(error).__name__}")

    async def _converse(self, flow: Flow[T]) -> T:
        """Askings are seldom: a connection of their own each time costs less than one that is kept for them."""
        http = self._world.http()
        try:
            return await converse(flow, http)
        finally:
            with trio.move_on_after(CLOSE_S_MAX, shield=True):
                await http.aclose()

    async def _take(self, speaker: str, granted: Granted, held: Tokens, seed: str, by: Granting | None = None) -> str:
        """Write it before it is used, however long that takes: it may be the only pair that lives."""
        world = self._world
        given_us, wait_s, said = world.clock.now_us(), STORE_RETRY_S, ""
        for _ in range(STORED_TRIES_MAX):
            before = self._wallet.of(speaker)
            tokens = machine.kept(held, granted, seed)
            holding = machine.taken(before.holding, granted, tokens, given_us)
            if seed:
                holding = machine.connected(holding, "", "", (), holding.since_us)
            if by is not None:
                holding = machine.connected(holding, by.by.who, by.by.email, by.by.roles, world.clock.now_us())
            try:
                written = await self.put(speaker, holding, tokens)
            except (StoreUnavailable, TokensUnusable) as error:
                if str(error) != said:  # as long as it is the same it is said once
                    said = str(error)
                    world.witness.trouble("token.not_stored", error, connection=self._wallet.on, speaker=speaker)
                await trio.sleep(wait_s)
                wait_s = min(STORE_RETRY_S_MAX, 2 * wait_s)
                continue
            if written is not None or self._is_there(speaker, tokens):
                break
            if by is None:
                await self._overtaken(speaker, before)
                await self._deeds.conclude(speaker, "done", OVERTAKEN)
                return OVERTAKEN
        else:
            return self._fail(speaker, Doubtful("the new tokens could not be written"), doubted=True)
        trying = self._mended(speaker)
        await self._deeds.conclude(speaker, "done", "")
        whose = {"connection": self._wallet.on, "speaker": speaker}
        if granted.note and granted.note != before.holding.note:
            world.witness.event("token.noted", **whose, note=granted.note)
        if before.holding.has_access:
            world.witness.event("token.renewed", **whose, version=holding.version, lives_s=granted.lives_s)
        else:
            world.witness.event("token.obtained", **whose, version=holding.version, lives_s=granted.lives_s)
        if before.holding.state != "live" or trying.denied or trying.stale or by is not None:
            await self._healed()
        return ""

    def _mended(self, speaker: str) -> Trying:
        """There is a new token. What was remembered of askings until then."""
        trying = self._wallet.tried(speaker)
        self._wallet.trying[speaker] = machine.renewed(trying, self._world.clock.now_us(), self._world.dice.random())
        return trying

    def _is_there(self, speaker: str, tokens: Tokens) -> bool:
        """Whether these were written after all, though the store could not say so."""
        try:
            return self._open(speaker) == tokens
        except TokensUnusable:
            return False

    async def _overtaken(self, speaker: str, before: Kept) -> None:
        """Where another life has put a new token there, what was said of the former one holds no more."""
        if self._wallet.of(speaker).holding.obtained_us == before.holding.obtained_us:
            return
        self._mended(speaker)
        await self._healed()

    async def _refused(self, speaker: str, failure: Failure, *, doubted: bool) -> str:
        """Nothing was given. What was on record as asked, and surely was not used, is so no more."""
        holding = self._wallet.of(speaker).holding
        try:
            match failure:
                case Revoked(detail=detail):
                    why = f"{detail} (the answer to an earlier asking was lost)" if doubted else detail
                    if holding.state != "lost" or holding.why != why:
                        await self.put(speaker, machine.lost(holding, why), self._open(speaker))
                        self._world.witness.trouble("token.lost", connection=self._wallet.on, speaker=speaker, why=why)
                    await self._deeds.conclude(speaker, "failed", why)
                case Throttled() | Unavailable() | Refused() | Faulted():
                    if holding.asked_us is not None and not doubted:
                        await self.put(speaker, machine.unspent(holding), self._open(speaker))
                case Doubtful():
                    pass
        except (StoreUnavailable, TokensUnusable) as error:
            self._world.witness.trouble("token.not_stored", error, connection=self._wallet.on, speaker=speaker)
        return self._fail(speaker, failure, doubted=doubted or isinstance(failure, Doubtful))

    def _fail(self, speaker: str, failure: Failure, *, doubted: bool) -> str:
        world, trying = self._world, self._wallet.tried(speaker)
        retry_after = failure.retry_after if isinstance(failure, Throttled | Unavailable) else None
        now_us = world.clock.now_us()
        self._wallet.trying[speaker] = machine.failed(
            trying,
            failure,
            doubted=doubted and self._dialect.single_use,
            now_us=now_us,
            wait_s=retry_after_s(retry_after, now_us) or 0.0,
            dice=world.dice.random(),
        )
        if failure.detail != trying.why:
            world.witness.event("token.not_renewed", connection=self._wallet.on, speaker=speaker, detail=failure.detail)
        return failure.detail

    # ── people ───────────────────────────────────────────────────────────────────────────────────────

    async def connect(self, message: Granting) -> str:
        """The first tokens of whoever signed in at the vendor. Codes serve once, so nothing is tried again. Why it was
        not done, empty: it was."""
        async with self._alone(self._dialect.connects):
            return await self._exchange(self._dialect.connects, message)

    async def _exchange(self, speaker: str, message: Granting) -> str:
        flow = self._dialect.exchange(message.code, message.redirect_uri, message.verifier, message.scopes)
        try:
            await self._custody.connections.ready(self._wallet.tenant)
            await self._deeds.intend(speaker, "token.connect", message.by.who, message.by.where, message.correlation_id)
            answer = await self._converse(flow)
        except (StoreUnavailable, SecretUnavailable, TokensUnusable) as error:
            return await self._not_now(speaker, error)
        except Exception as error:  # noqa: BLE001  # whoever connects is told, and nothing was changed
            self._world.witness.trouble("token.fault", error, connection=self._wallet.on, speaker=speaker)
            answer = Faulted(f"a mistake of ours: {type(error).__name__}")
        if isinstance(answer, Granted):
            return await self._take(speaker, answer, Tokens(), "", message)
        await self._deeds.conclude(speaker, "failed", answer.detail)
        return answer.detail

    async def revoke(self, speaker: str, why: str, who: str = WHO, correlation_id: str = "") -> str:
        """At the vendor first; whatever it says, we forget them. ``why`` is shown from then on. What went wrong, empty:
        nothing."""
        async with self._alone(speaker):
            try:
                await self._custody.connections.ready(self._wallet.tenant)
                held, closed = self._custody.held(self._wallet, speaker)
                await self._deeds.intend(speaker, "token.revoke", who, "", correlation_id)
                said = (
                    f"forgotten here, but not given back: {closed}" if closed else await self._returned(speaker, held)
                )
                for _ in range(OVERTAKEN_MAX):
                    if await self.put(speaker, machine.revoked(self._wallet.of(speaker).holding, why), Tokens()):
                        break
                await self._deeds.conclude(speaker, "failed" if said else "done", said)
            except (StoreUnavailable, TokensUnusable, SecretUnavailable) as error:
                return await self._not_now(speaker, error)
            self._wallet.trying.pop(speaker, None)
        self._world.witness.event("token.revoked", connection=self._wallet.on, speaker=speaker, why=why)
        return said

    async def _not_now(self, speaker: str, error: Exception) -> str:
        """A person's deed is not taken up again by itself."""
        why = f"it cannot be done now: {error}"
        await self._deeds.conclude(speaker, "failed", why)
        return why

    async def _returned(self, speaker: str, held: Tokens) -> str:
        try:
            failure = await self._converse(self._dialect.revoke(speaker, held))
        except SecretUnavailable as error:
            failure = Unavailable(str(error))
        except Exception as error:  # noqa: BLE001  # a connector's bug must not keep them here
            self._world.witness.trouble("token.fault", error, connection=self._wallet.on, speaker=speaker)
            failure = Faulted(f"a mistake of ours: {type(error).__name__}")
        return "" if failure is None else f"forgotten here, but the vendor did not take it back: {failure.detail}"

    async def believe_lost(self, speaker: str, why: str) -> None:
        """The vendor said so by itself, and nobody can ask."""
        async with self._alone(speaker):
            holding = self._wallet.of(speaker).holding
            if holding.state != "live":
                return
            try:
                await self._deeds.note(speaker, "token.lost", why)
                await self.put(speaker, machine.lost(holding, why), self._open(speaker))
            except (StoreUnavailable, TokensUnusable) as error:
                self._world.witness.trouble("token.not_stored", error, connection=self._wallet.on, speaker=speaker)

    # ── small things ─────────────────────────────────────────────────────────────────────────────────

    def _open(self, speaker: str, kept: Kept | None = None) -> Tokens:
        return self._custody.connections.open(
            self._wallet.tenant, self._wallet.name, speaker, kept or self._wallet.of(speaker)
        )

    async def put(self, speaker: str, holding: Holding, tokens: Tokens) -> Kept | None:
        """None: another life was quicker; what it wrote is known now."""
        written = await self._custody.connections.put(self._wallet.tenant, self._wallet.name, speaker, holding, tokens)
        if written is None:
            self._wallet.kept = await self._custody.connections.of(self._wallet.tenant, self._wallet.name)
        else:
            self._wallet.kept[speaker] = written
        self._wallet.stir()
        return written
