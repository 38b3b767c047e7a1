"""Keeping documents: what State and the profiles need of the store."""

from typing import Protocol

from actors.domain.xapi.documents import Decide, Document, Shelf


class Documents(Protocol):
    """All raise StoreUnavailable. An id is its document's own on its shelf; a tenant's shelves are nobody else's."""

    async def get(self, tenant: str, shelf: Shelf, document_id: str) -> Document | None: ...

    async def change(self, tenant: str, shelf: Shelf, document_id: str, decide: Decide) -> Document | None:
        """Atomic: ``decide`` sees what is there, and what it wants is on disk (fsync) when this returns, unless it
        raised. It must be quick and have no effect of its own. The document as it is afterwards."""

    async def ids(self, tenant: str, shelf: Shelf, since_us: int | None = None) -> list[str]:
        """Of the shelf's documents (in any registration, where it names none), each once and in order; those updated
        after ``since_us`` only."""

    async def clear(self, tenant: str, shelf: Shelf) -> int:
        """Remove the documents that lie there as it begins (in any registration, where it names none); how many."""
