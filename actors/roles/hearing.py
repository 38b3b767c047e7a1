"""What is posted to a source's hook is taken in beside its readings, by the same rules, and answered once on disk.

Whatever goes wrong on our side is a reason to send it again: then it is answered 5xx. What comes twice is known by its
content.
"""

import msgspec
import trio

from actors.domain.harvest import Heard, Unheard
from actors.kernel import converse
from actors.messages import Hear, HeardCount, HookAnswer
from actors.ports import Source, SourceName, StoreUnavailable
from actors.roles.intake import Counts
from actors.roles.undertaking import Undertaking
from actors.roles.world import World
from config.secrets import SecretUnavailable

AT_ONCE = 4
CLOSE_S_MAX = 5.0
SECRET_AGAIN_S = 60


class Ear:
    """One source's."""

    def __init__(self, known_as: SourceName, source: Source, undertaking: Undertaking, world: World) -> None:
        self._known_as = known_as
        self._name = f"{known_as.tenant}/{known_as.name}"
        self._source = source
        self._undertaking = undertaking
        self._world = world
        self._room = trio.CapacityLimiter(AT_ONCE)
        self.count = HeardCount()

    async def hear(self, message: Hear) -> tuple[HookAnswer, bool]:
        """The answer, and whether the source should be read soon. A connector's bug ends nothing but this."""
        answer, look = await self._answered(message)
        if answer.status >= 500:
            self._add(failed=1)
        elif answer.status >= 400:
            self._add(refused=1)
        return answer, look

    def _add(self, **more: int) -> None:
        now = {name: getattr(self.count, name) + count for name, count in more.items()}
        self.count = msgspec.structs.replace(self.count, **now)

    async def _answered(self, message: Hear) -> tuple[HookAnswer, bool]:
        async with self._room:
            try:
                return await self._heard(message)
            except StoreUnavailable as error:
                return HookAnswer(503, "it cannot be stored now", error.retry_after_s), False
            except SecretUnavailable as error:
                self._world.witness.trouble("source.fault", error, source=self._name)
                return HookAnswer(503, "what it is checked against cannot be read", SECRET_AGAIN_S), False
            except Exception as error:  # noqa: BLE001  # a connector's bug must not end what reads beside it
                self._world.witness.trouble("source.fault", error, source=self._name)
                return HookAnswer(500, "this could not be handled; it has been logged"), False

    async def _heard(self, message: Hear) -> tuple[HookAnswer, bool]:
        world, now_us = self._world, self._world.clock.now_us()
        http = world.http()
        try:
            heard = await converse(self._source.hear(message.inbound, now_us), http)
        finally:
            with trio.move_on_after(CLOSE_S_MAX, shield=True):
                await http.aclose()
        match heard:
            case Unheard(status=status, detail=detail):
                return HookAnswer(status, detail), False
            case Heard(records=records, look=look, ignored=ignored):
                counts = Counts()
                if records:
                    async with world.switchboard.alone(self._name):
                        state = await world.sources.state(self._known_as)
                        counts = await self._undertaking.hear(
                            state, records, message.correlation_id, message.traceparent
                        )
                await world.sources.heard((await world.sources.state(self._known_as)).no, now_us)
                changed = counts.new + counts.changed + counts.gone
                self._add(taken=1, told=counts.told, changed=changed, quarantined=counts.quarantined, ignored=ignored)
                return HookAnswer(202), look
