"""Work that is due, as far as sources told it, and who was reminded of it."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from actors.domain.xapi.accepted import NewStatement
from actors.ports.store import Provenance


class DueWork(msgspec.Struct, frozen=True, kw_only=True):
    """An assignment (canonical JSON) of a source, with its course (canonical JSON, empty where it is not known)."""

    no: int
    source: int
    assignment: bytes
    course: bytes


class Owing(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody enrolled who has not handed it in. ``user`` and each of ``enrolments`` are canonical JSON; ``done``:
    (due, seconds before) of the reminders that came."""

    user: bytes
    enrolments: tuple[bytes, ...]
    done: tuple[tuple[str, int], ...] = ()


class Reminded(msgspec.Struct, frozen=True, kw_only=True):
    """A reminder that is made."""

    source: int
    work: str
    user: str
    due: str
    before_s: int
    at_us: int


class Reminders(Protocol):
    """All raise StoreUnavailable."""

    async def work(self, sources: Sequence[int], low: str, high: str, after_no: int, limit: int) -> list[DueWork]:
        """Assignments due, for anybody, between these texts (ISO), by place."""

    async def owing(self, work: DueWork, after_user: str, limit: int) -> list[Owing]:
        """By the user's id."""

    async def remind(
        self, made: Sequence[Reminded], statements: Sequence[NewStatement], provenance: Provenance
    ) -> None:
        """The statements and what is remembered of them, in one transaction."""
