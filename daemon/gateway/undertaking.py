"""A deed that stands in the audit before it is done, and how it ended, whatever happens in between."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import trio

from actors.ports import Audit, Deed, StoreUnavailable
from actors.ports.audit import Result

LAST_WORD_S = 2.0


class Undertaking:
    """One that is under way."""

    def __init__(self) -> None:
        self.result: Result = "done"
        self.detail = ""
        self.known = True

    def lost_sight(self) -> None:
        """Nobody knows how it ends: it may be done all the same."""
        self.known = False

    def ended(self, result: Result, detail: str = "") -> None:
        """How it did."""
        self.result, self.detail = result, detail


@asynccontextmanager
async def undertaking(audit: Audit, tenant: str, deed: Deed) -> AsyncIterator[Undertaking]:
    """Intended before and concluded after: done, unless ``ended`` (or ``lost_sight``) says otherwise. Where the work
    raises, or is cancelled, it has failed, and what it raised goes on. Raises StoreUnavailable: nothing was done, or
    how it ended could not be written."""
    no = await audit.intend(tenant, deed)
    under_way = Undertaking()
    try:
        yield under_way
    except BaseException as error:
        broken = "it was broken off" if isinstance(error, trio.Cancelled) else f"it broke off: {type(error).__name__}"
        with trio.move_on_after(LAST_WORD_S, shield=True), suppress(StoreUnavailable):
            await audit.conclude(tenant, no, "failed", broken)
        raise
    if under_way.known:
        await audit.conclude(tenant, no, under_way.result, under_way.detail)
    else:
        audit.abandon(tenant, no)
