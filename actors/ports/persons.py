"""The identity ledger, as those who tell people things need it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from actors.domain.acquaintance import Known
from config.identity import Identity

Asked = tuple[str, int]
"""A learner's key (``domain.people``), and when it was told (microseconds since the epoch)."""


class Reviewed(msgspec.Struct, frozen=True, kw_only=True):
    """So many were judged anew; ``moved`` belong to another person now, ``matches`` are new questions for people.
    ``more``: there are others."""

    personas: int = 0
    moved: int = 0
    matches: int = 0
    more: bool = False


class Persons(Protocol):
    """Who is behind a learner's key. All but ``configure`` raise StoreUnavailable."""

    def configure(self, rules: Mapping[str, Identity]) -> None:
        """What may link by itself, by tenant; of a tenant that is not named: what does by default."""

    async def review(self, tenant: str, now_us: int) -> Reviewed:
        """A few of those who were judged by other rules are judged by those that hold; nobody where these have been the
        same. Nothing is announced by it."""

    async def known(self, tenant: str, asked: Sequence[Asked]) -> dict[Asked, Known]:
        """Those whom the ledger knows."""

    async def first_known(self, tenant: str, entities: Sequence[Sequence[str]]) -> list[str]:
        """Of each list of one entity's names, the one by which it is counted: that with the latest event, the first
        where none is known."""
