"""Keeps a vendor telling: subscriptions are made where the internet reaches us, renewed well ahead of their end, made
anew where the vendor dropped them, and taken away when the target leaves.

Each has a key of its own, made at random, in the address that the vendor calls, and a secret that it sends along: only
the secret's hash is kept. A subscription is on disk before it is asked for, because the vendor calls us before it
answers.
"""

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from actors.domain.flow import Flow
from actors.domain.throttle import retry_after_s
from actors.domain.tidings import WATCH, Failure, Subscribed, Subscribing, Unwatched, Watch
from actors.domain.verdicts import Faulted, Refused, Revoked, Throttled, Unavailable
from actors.kernel import converse
from actors.ports import StoreUnavailable
from actors.ports.listening import Listening
from actors.roles.world import World
from config.secrets import SecretUnavailable

if TYPE_CHECKING:
    from actors.roles.listener import Listener

RENEWED_LEFT = 1 / 3
"""Renewed when so much of its life is left."""
AGAIN_FIRST_S = 60.0
AGAIN_LAST_S = 3_600.0
REFUSED_S = 6 * 3_600.0
"""What a person has to mend is tried again so seldom."""


class Subscriber:
    """One lane's."""

    def __init__(self, listener: "Listener", listening: Listening, resources: tuple[str, ...], world: World) -> None:
        self._listener = listener
        self._lane = listener.lane
        self._listening = listening
        self._resources = resources
        self._world = world
        tenant, _, target = self._lane.partition("/")
        public = world.public_url.rstrip("/")
        self._url = f"{public}/t/{tenant}/events/{target}" if public.startswith("https://") else ""
        self._failures = 0
        self._not_before_us = 0
        self._tidied = False
        self._ailing = ""

    def anew(self) -> None:
        """The credentials are new."""
        self._failures = self._not_before_us = 0

    async def step(self) -> float:
        """Make or renew one, if one is to be. How long none is, in seconds. Raises StoreUnavailable."""
        now_us = self._world.clock.now_us()
        if not self._resources and not (await self._listener.ourselves()).watches:
            return AGAIN_LAST_S
        if self._not_before_us > now_us:
            return (self._not_before_us - now_us) / 1e6
        watches = await self._standing()
        wanted = self._resources if self._url else ()
        for watch in watches:
            if watch.url != self._url or watch.resource not in wanted:
                await self._drop(watch)
                return 0.0
        for resource in wanted:
            if all(watch.resource != resource for watch in watches):
                await self._make(resource)
                return 0.0
        for watch in watches:
            if self._due_us(watch) <= now_us:
                await self._renew(watch)
                return 0.0
        return min([AGAIN_LAST_S, *((self._due_us(watch) - now_us) / 1e6 for watch in watches)])

    async def leave(self) -> None:
        """Take all of them away. A vendor that cannot be reached forgets them by itself, days later."""
        try:
            for watch in (await self._listener.ourselves()).watches:
                await self._drop(watch)
        except StoreUnavailable as error:
            self._world.witness.trouble("listener.store_unavailable", error, lane=self._lane)

    async def _standing(self) -> tuple[Watch, ...]:
        """An earlier life may have died while it made one: nobody knows its id, so it is forgotten."""
        watches = (await self._listener.ourselves()).watches
        if self._tidied:
            return watches
        for watch in watches:
            if not watch.id:
                await self._world.tidings.unwatch(self._lane, watch.key)
                self._listener.changed()
        self._tidied = True
        return (await self._listener.ourselves()).watches

    def _due_us(self, watch: Watch) -> int:
        return watch.ends_us - round(self._listening.watch_s * RENEWED_LEFT * 1e6)

    # ── talking ──────────────────────────────────────────────────────────────────────────────────────

    async def _make(self, resource: str) -> None:
        world = self._world
        key, secret = world.dice.token(), world.dice.token() + world.dice.token()
        proof = sha256(secret.encode()).hexdigest()
        watch = Watch(key=key, resource=resource, url=self._url, proof=proof)
        await world.tidings.watch(self._lane, watch, world.clock.now_us())
        self._listener.changed()
        wanted = Subscribing(
            resource=resource, url=f"{self._url}?{WATCH}={key}", secret=secret, ends_us=self._ends_us()
        )
        said = await self._talk(self._listening.subscribe(wanted))
        if isinstance(said, Subscribed):
            await self._keep(watch, said)
            world.witness.event("listener.subscribed", lane=self._lane, resource=resource, watch=said.id)
            return
        await world.tidings.unwatch(self._lane, key)
        self._listener.changed()
        if not isinstance(said, Unwatched):
            self._failed(said)

    async def _renew(self, watch: Watch) -> None:
        world = self._world
        said = await self._talk(self._listening.renew(watch, self._ends_us()))
        if isinstance(said, Subscribed):
            await self._keep(watch, said)
            world.witness.event("listener.renewed", lane=self._lane, resource=watch.resource, watch=watch.id)
            return
        if isinstance(said, Unwatched) or await self._has_ended(watch):
            world.witness.event("listener.subscription_lost", lane=self._lane, resource=watch.resource, watch=watch.id)
            await world.tidings.unwatch(self._lane, watch.key)
            self._listener.changed()
            world.switchboard.survey(self._lane)  # what was not told meanwhile is asked for
        if not isinstance(said, Unwatched):
            self._failed(said)

    async def _has_ended(self, watch: Watch) -> bool:
        """Whether it tells no more, though the vendor did not say that it is gone. One that lapses, by what we were
        told, may tell on, so it is taken away first: nobody would know it once it is forgotten. None outlives the
        longest that we ask for."""
        now_us = self._world.clock.now_us()
        if watch.ends_us > now_us:
            return False
        if isinstance(await self._talk(self._listening.unsubscribe(watch)), Unwatched):
            return True
        return now_us >= watch.ends_us + round(self._listening.watch_s * 1e6)

    async def _drop(self, watch: Watch) -> None:
        said = await self._talk(self._listening.unsubscribe(watch)) if watch.id else Unwatched()
        ok = isinstance(said, Unwatched)
        await self._world.tidings.unwatch(self._lane, watch.key)
        self._listener.changed()
        self._world.witness.event("listener.unsubscribed", lane=self._lane, resource=watch.resource, confirmed=ok)

    async def _keep(self, watch: Watch, said: Subscribed) -> None:
        kept = msgspec.structs.replace(watch, id=said.id, ends_us=said.ends_us)
        await self._world.tidings.watch(self._lane, kept, self._world.clock.now_us())
        self._listener.changed()
        self._failures = 0
        self._ailing = ""

    def _ends_us(self) -> int:
        return self._world.clock.now_us() + round(self._listening.watch_s * 1e6)

    async def _talk(self, flow: Flow[Subscribed | Unwatched | Failure]) -> Subscribed | Unwatched | Failure:
        try:
            async with self._listener.line() as (http, journey):
                return await converse(flow, http, before=journey.before, after=journey.after)
        except SecretUnavailable as error:
            return Unavailable(f"our credentials cannot be read: {error}")
        except Exception as error:  # noqa: BLE001  # a connector's bug must not end what is heard
            self._world.witness.trouble("listener.fault", error, lane=self._lane)
            return Faulted("a mistake of ours")

    def _failed(self, failure: Failure) -> None:
        self._failures += 1
        now_us = self._world.clock.now_us()
        wait_s = min(AGAIN_LAST_S, AGAIN_FIRST_S * 2.0 ** min(self._failures - 1, 10))
        match failure:
            case Refused() | Revoked():
                wait_s = REFUSED_S
            case Throttled(retry_after=header) | Unavailable(retry_after=header):
                wait_s = max(wait_s, retry_after_s(header, now_us) or 0.0)
            case Faulted():
                pass
        self._not_before_us = now_us + round(wait_s * 1e6)
        if failure.detail != self._ailing:
            self._ailing = failure.detail
            self._world.witness.trouble("listener.subscribing_failed", None, lane=self._lane, detail=failure.detail)
