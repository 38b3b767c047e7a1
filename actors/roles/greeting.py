"""Whether a source's credentials live: its ``hello``, which changes nothing."""

import trio

from actors.domain.harvest import Ended, Finished, Halted, Opened, Page, Shut, Statements, Whole
from actors.domain.throttle import Limiter
from actors.ports import ReadingView, Source
from actors.ports.records import SourceState
from actors.roles.performing import Abandoned, Performance, masked
from actors.roles.world import World
from config.secrets import SecretUnavailable

CLOSE_S_MAX = 1.0


async def greet(name: str, source: Source, world: World, limiter: Limiter, view: ReadingView) -> Ended:
    """``name`` is TENANT/SOURCE. A connector's bug ends as ``faulted``: whoever asks only waits."""
    http = world.http()
    try:
        performance = Performance(source, http, limiter, world.depot, _Nowhere(), view, _unheard)
        return masked(await performance.perform(source.hello()), world.mask)
    except SecretUnavailable as error:
        return Halted(why="revoked", detail=f"our credentials cannot be read: {error}")
    except Abandoned as error:
        return Halted(why="unavailable", detail=world.mask(str(error)))
    except Exception as error:  # noqa: BLE001  # see above
        world.witness.trouble("source.fault", error, source=name)
        return Halted(why="faulted", detail=f"a mistake of ours: {type(error).__name__}")
    finally:
        with trio.move_on_after(CLOSE_S_MAX, shield=True):
            await http.aclose()


async def lives_again(name: str, state: SourceState, source: Source, world: World, limiter: Limiter) -> bool:
    """Whether a suspended source is suspended no more. If it is, what it says now is why. Raises StoreUnavailable."""
    with world.witness.reading(name, "hello") as view:
        ended = await greet(name, source, world, limiter, view)
    if isinstance(ended, Finished):
        await world.sources.unsuspend(state.no)
        world.witness.event("source.unsuspended", source=name)
        return True
    world.witness.event("source.still_suspended", source=name, detail=ended.detail)
    if ended.detail and ended.detail != state.suspended:
        await world.sources.suspend(state.no, ended.detail, world.clock.now_us())
    return False


class _Nowhere:
    """Takes nothing."""

    async def page(self, page: Page) -> None:
        await trio.lowlevel.checkpoint()

    async def statements(self, page: Statements) -> None:
        await trio.lowlevel.checkpoint()

    async def whole(self, whole: Whole) -> None:
        await trio.lowlevel.checkpoint()

    async def begin(self) -> None:
        """A greeting is not on record."""

    async def shut_up(self, shut: Shut) -> None:
        await trio.lowlevel.checkpoint()

    async def opened(self, opened: Opened) -> None:
        await trio.lowlevel.checkpoint()


def _unheard(progress: object) -> None:
    """Nobody follows."""
