"""What blocks of SAML (signatures, files, xmlsec1) runs in a few threads of its own, when it is somebody's turn."""

from collections.abc import Callable
from typing import TypeVar

import trio

from config.model import Tenant
from daemon.gateway.strangers import Crowded, Places

T = TypeVar("T")
EXAMINED_S_MAX = 30.0


class NotNow(Exception):
    """Sign-on cannot be used, through no fault of who wants to. The message is for operators."""


class Threads:
    """``at_once`` says how many there are (``[sso] saml_at_once``); a change of it takes a restart."""

    def __init__(self, at_once: Callable[[], int]) -> None:
        self._at_once = at_once
        self._places = Places(at_once)
        self._limiter: trio.CapacityLimiter | None = None

    async def run(self, tenant: Tenant, crowd: str, job: Callable[[], T]) -> T:
        """``crowd``: whose doing it counts for (``callers``). Raises NotNow where too many wait, or it takes too long;
        one that was given up still has its thread until it ends."""
        if self._limiter is None:
            self._limiter = trio.CapacityLimiter(self._at_once())
        try:
            async with self._places.place(tenant.name, crowd):
                with trio.move_on_after(EXAMINED_S_MAX):
                    return await trio.to_thread.run_sync(job, limiter=self._limiter, abandon_on_cancel=True)
        except Crowded as error:
            raise NotNow(f"{error} (sso.saml_at_once)") from None
        raise NotNow("it took too long")
