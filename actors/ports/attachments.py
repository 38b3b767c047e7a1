"""What came along with statements: contents of attachments, kept once for a tenant whoever declares them."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A content as one statement declares it: ``sha2`` and ``content_type`` are spelt as there. ``content`` is its
    number in the store, the same for every statement of the tenant that declares it."""

    seq: int
    content: int
    sha2: str
    content_type: str
    bytes: int


class Attachments(Protocol):
    """Reading them. All raise StoreUnavailable."""

    async def attachments_of(self, tenant: str, seqs: Sequence[int]) -> list[Attached]:
        """Those whose contents are kept, by the order of ``seqs``; an attachment that only has an address is none."""

    def content(self, tenant: str, attached: Attached) -> AsyncIterator[bytes]:
        """Its bytes, in pieces of at most 1 MiB. Raises StoreUnavailable if it has left the store meanwhile."""
