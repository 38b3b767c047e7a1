"""Who did what: the port to the audit, which is written and never changed.

A deed that changes something is *intended* before it is done and *concluded* afterwards; what has happened (a sign-in,
a token that was renewed) is *noted*; what was *refused* is told without waiting, and a flood of it is counted instead
of written row by row. An intention without a conclusion is a deed of which nobody knows how it ended.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

HOST = ""
"""The tenant of what concerns the host as a whole, or nobody that is configured."""
Result = Literal["done", "failed", "refused"]


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody does.

    ``who``: an operator ``alice (uid 1000)``, a person who signed in ``oidc:SUBJECT (ISSUER)`` or
    ``saml:SUBJECT (ISSUER)``, a client of the gateway ``client:NAME``, a vendor ``vendor:slack``, an actor of ours
    ``custodian``, or ``lmsyncd``; ``unknown`` where nobody can tell. ``where`` they came from: ``control socket, pid
    4711``, an address, or nothing. ``what``: a dotted verb (``token.renewed``); ``on`` what it is done
    (``acme/slack``). ``arguments`` are plain values, without any secret; text in them is cut where it is very long.
    """

    who: str
    where: str = ""
    what: str
    on: str = ""
    arguments: Mapping[str, object] = {}
    correlation_id: str = ""


class Audit(Protocol):
    """The audit of every tenant; ``HOST`` is one of them. Nothing secret is ever told to it."""

    async def intend(self, tenant: str, deed: Deed) -> int:
        """The number of the row, which is on disk when this returns. Raises StoreUnavailable: then the deed must not
        be done."""

    async def conclude(self, tenant: str, no: int, result: Result, detail: str = "") -> None:
        """How the intended deed ended; ``detail`` in a few words. Where its row has left by retention meanwhile,
        nothing is written. Raises StoreUnavailable: the deed then stands there as unfinished."""

    def abandon(self, tenant: str, no: int) -> None:
        """Nobody knows how the intended deed ended, or will: it stays unfinished."""

    async def note(self, tenant: str, deed: Deed, result: Result = "done", detail: str = "") -> None:
        """What has happened, on disk when this returns. Raises StoreUnavailable."""

    def refused(self, tenant: str, deed: Deed, reason: str) -> None:
        """Somebody was refused. Never waits and never fails, so it may stand at a door that anybody can knock at:
        repetitions of the same by the same one within a minute become one row with their number. ``reason`` is one of
        few fixed words or sentences; what the caller sent does not belong into it. A tenant that is not configured is
        ``HOST``."""
