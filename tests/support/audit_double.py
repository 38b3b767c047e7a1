"""An audit in memory, for tests that want to see what it was told, or to have it fail."""

from typing import NamedTuple

from actors.ports.audit import Deed, Result
from actors.ports.store import StoreUnavailable


class Told(NamedTuple):
    """``how`` is intended, concluded, noted or refused; of a conclusion, ``deed`` is the one intended."""

    how: str
    tenant: str
    deed: Deed
    result: Result | None = None
    detail: str = ""


class RememberedAudit:
    """Implements ``ports.Audit``. ``full``: nothing can be written."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.full = False
        self._intended: dict[tuple[str, int], Deed] = {}

    @property
    def unfinished(self) -> list[Deed]:
        """What was intended and never concluded."""
        return list(self._intended.values())

    def whats(self, tenant: str | None = None) -> list[str]:
        """What was told, as ``intended token.renew``; of one tenant, or of all."""
        return [f"{each.how} {each.deed.what}" for each in self.told if tenant in {None, each.tenant}]

    async def intend(self, tenant: str, deed: Deed) -> int:
        self._possible()
        no = len(self.told) + 1
        self.told.append(Told("intended", tenant, deed))
        self._intended[tenant, no] = deed
        return no

    async def conclude(self, tenant: str, no: int, result: Result, detail: str = "") -> None:
        self._possible()
        if (tenant, no) not in self._intended:
            raise ValueError(f"nothing was intended under number {no} of {tenant or 'the host'}, or it has ended")
        self.told.append(Told("concluded", tenant, self._intended.pop((tenant, no)), result, detail))

    def abandon(self, tenant: str, no: int) -> None:
        """It stays among what is unfinished."""

    async def note(self, tenant: str, deed: Deed, result: Result = "done", detail: str = "") -> None:
        self._possible()
        self.told.append(Told("noted", tenant, deed, result, detail))

    def refused(self, tenant: str, deed: Deed, reason: str) -> None:
        self.told.append(Told("refused", tenant, deed, "refused", reason))

    def _possible(self) -> None:
        if self.full:
            raise StoreUnavailable("the disk is full")
