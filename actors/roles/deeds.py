"""What a custodian does, on record: each deed before it is done, once, however often it is tried until something comes
of it, and how it ended.
"""

from actors.ports import Audit, Deed, StoreUnavailable, Witness
from actors.ports.audit import Result

WHO = "custodian"


class Deeds:
    """One connection's (``on`` is TENANT/NAME): at most one that is under way for each speaker."""

    def __init__(self, tenant: str, on: str, audit: Audit, witness: Witness) -> None:
        self._tenant = tenant
        self._on = on
        self._audit = audit
        self._witness = witness
        self._begun: dict[str, tuple[str, int]] = {}

    async def intend(self, speaker: str, what: str, who: str = WHO, where: str = "", correlation_id: str = "") -> None:
        """Raises StoreUnavailable: then it must not be done."""
        begun = self._begun.get(speaker)
        if begun is not None:
            if begun[0] == what and who == WHO:
                return
            await self.conclude(speaker, "failed", "something else came between")
        deed = self._deed(speaker, what, who, where, correlation_id)
        self._begun[speaker] = what, await self._audit.intend(self._tenant, deed)

    async def conclude(self, speaker: str, result: Result, detail: str) -> None:
        begun = self._begun.pop(speaker, None)
        if begun is None:
            return
        try:
            await self._audit.conclude(self._tenant, begun[1], result, detail)
        except StoreUnavailable as error:  # it stands there as unfinished
            self._witness.trouble("token.store_unavailable", error, connection=self._on)

    async def note(self, speaker: str, what: str, detail: str) -> None:
        """It has happened. Raises StoreUnavailable."""
        await self._audit.note(self._tenant, self._deed(speaker, what), "done", detail)

    def _deed(self, speaker: str, what: str, who: str = WHO, where: str = "", correlation_id: str = "") -> Deed:
        arguments = {"speaker": speaker}
        return Deed(who=who, where=where, what=what, on=self._on, arguments=arguments, correlation_id=correlation_id)
