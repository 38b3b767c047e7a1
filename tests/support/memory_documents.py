"""``Documents`` in memory: what the gateway's tests run on. ``broken`` makes it unavailable."""

from collections.abc import Callable

from actors.domain.xapi.documents import Decide, Document, Shelf
from actors.ports import StoreUnavailable

Address = tuple[str, str, str, str, str, str]


class MemoryDocuments:
    def __init__(self, now_us: Callable[[], int]) -> None:
        self.kept: dict[Address, Document] = {}
        self.broken = False
        self._now_us = now_us

    def _check(self) -> None:
        if self.broken:
            raise StoreUnavailable("the disk is full", retry_after_s=7)

    async def get(self, tenant: str, shelf: Shelf, document_id: str) -> Document | None:
        self._check()
        return self.kept.get(_address(tenant, shelf, document_id))

    async def change(self, tenant: str, shelf: Shelf, document_id: str, decide: Decide) -> Document | None:
        self._check()
        address = _address(tenant, shelf, document_id)
        wanted = decide(self.kept.get(address))
        if wanted is None:
            self.kept.pop(address, None)
            return None
        self.kept[address] = Document(
            content_type=wanted.content_type, body=wanted.body, etag=wanted.etag, updated_us=self._now_us()
        )
        return self.kept[address]

    async def ids(self, tenant: str, shelf: Shelf, since_us: int | None = None) -> list[str]:
        self._check()
        lying = [at for at in self._lying(tenant, shelf) if since_us is None or self.kept[at].updated_us > since_us]
        return sorted({address[4] for address in lying})

    async def clear(self, tenant: str, shelf: Shelf) -> int:
        self._check()
        lying = self._lying(tenant, shelf)
        for address in lying:
            del self.kept[address]
        return len(lying)

    def _lying(self, tenant: str, shelf: Shelf) -> list[Address]:
        place = (tenant, shelf.kind, shelf.activity, shelf.agent)
        return [at for at in self.kept if at[:4] == place and shelf.registration in ("", at[5])]


def _address(tenant: str, shelf: Shelf, document_id: str) -> Address:
    return (tenant, shelf.kind, shelf.activity, shelf.agent, document_id, shelf.registration)
