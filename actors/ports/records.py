"""What sources told: their records as read, what they mean, and how far each source was read."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from actors.domain.canonical import EntityName
from actors.domain.canonical import Flaw as Flaw
from actors.domain.correcting import Correction
from actors.domain.removals import Missing
from actors.domain.xapi.accepted import NewStatement
from actors.ports.store import Provenance

RecordState = Literal["active", "gone", "quarantined"]
Key = tuple[str, str]
"""(entity, id)."""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """A reading of the past that somebody asked for at ``asked_us``: from ``since`` to ``until`` (RFC 3339; empty: when
    it is read), told to nobody unless ``announce``."""

    since: str
    until: str = ""
    announce: bool = False
    asked_us: int = 0


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """How a source stands. ``no`` is its number in the store. ``mapping`` is the version in force, 0 before the first
    run. ``paused_by``: an operator, empty: nobody. ``suspended``: why its credentials are believed dead, empty: they
    are not. ``first_us``: when its first whole reading ended: what came before is history."""

    no: int
    mapping: int = 0
    cursor: Mapping[str, str] = {}
    paused_by: str = ""
    paused_us: int | None = None
    suspended: str = ""
    suspended_us: int | None = None
    first_us: int | None = None
    full_us: int | None = None
    """When the last full reading ended."""
    heard_us: int | None = None
    """When the last webhook came."""
    unchanged: int = 0
    """Readings in a row that brought nothing new."""
    throttled_us: int = 0
    """The source named a time: it is not asked before it."""
    braked: tuple[Missing, ...] = ()
    """So much would be gone that a person is asked; empty: nobody is."""
    spoilt: str = ""
    """What was put aside that a person has to look at; empty: nothing."""
    past: Past | None = None
    """It is read until it has ended, by whoever comes after the one who was asked."""


class KnownRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record in the store. ``no`` is its place: small numbers, so that a run can keep a bitmap of those it has seen.
    ``digest`` is that of the body as last read; ``canonical`` its meaning as JSON, empty where it never had one;
    ``rev`` counts how often that changed."""

    no: int
    entity: EntityName
    id: str
    form: str
    digest: bytes
    mapping: int
    canonical: bytes
    state: RecordState
    scope: str
    rev: int
    changed_us: int = 0
    """When it was written last."""
    partial: bool = False
    """Whether its body tells a part of it only."""
    quiet: bool = False
    """It went to quarantine when nobody was to be told of it: let in as it is, nobody is."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A record to write. ``no`` None: it is new. ``raw`` None: the body stays as it is (only what it means changed).
    ``user`` and ``course``: whose membership it is, of enrolments, else empty. ``flaws`` where it is quarantined (what
    it meant before stays)."""

    no: int | None
    entity: EntityName
    id: str
    form: str
    scope: str
    raw: bytes | None
    digest: bytes
    mapping: int
    canonical: bytes
    state: RecordState
    rev: int
    user: str = ""
    course: str = ""
    flaws: tuple[Flaw, ...] = ()
    partial: bool = False
    quiet: bool = False


class Taking(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction: records, what they tell as statements (``hushed``: to nobody, whatever ``provenance`` says), and
    how far the source has been read. ``told_by`` and ``hushed_by``: which of the records tells each, by its index."""

    source: int
    records: tuple[Kept, ...]
    statements: tuple[NewStatement, ...] = ()
    hushed: tuple[NewStatement, ...] = ()
    told_by: tuple[int, ...] = ()
    hushed_by: tuple[int, ...] = ()
    provenance: Provenance
    cursor: Mapping[str, str] | None = None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Places of the records, in the order given; how many statements were new."""

    nos: tuple[int, ...]
    statements: int


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Statements of one sender."""

    statements: tuple[NewStatement, ...]
    provenance: Provenance


class Relayed(msgspec.Struct, frozen=True, kw_only=True):
    """``fresh`` are new, ``known`` were here already or were once, ``conflicts`` (ids) are here with other content,
    which stays."""

    fresh: int = 0
    known: int = 0
    conflicts: tuple[str, ...] = ()


class Relays(Protocol):
    """Statements that are read at another LRS. All raise StoreUnavailable."""

    async def relay(
        self,
        source: int,
        tenant: str,
        batches: Sequence[Batch],
        flawed: Sequence[Kept],
        cursor: Mapping[str, str] | None,
    ) -> Relayed:
        """All of a page in one transaction: statements, each for itself; records of what is wrong with others; the
        cursor, unless there are conflicts: whoever hears of them keeps them first. Where nothing is new, nothing is
        written."""

    async def held(self, tenant: str, digests: Mapping[str, bytes]) -> frozenset[str]:
        """Those of these ids whose statement is stored with this content."""


class Records(Protocol):
    """The store's side. One writer a source: whoever takes in, and nobody beside them. All raise StoreUnavailable."""

    async def known(self, source: int, keys: Sequence[Key]) -> dict[Key, KnownRecord]: ...

    async def memberships(
        self, source: int, pairs: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], list[KnownRecord]]:
        """All enrolments of these (user, course) that there ever were."""

    async def take(self, taking: Taking) -> Taken: ...

    async def present(self, source: int, entity: EntityName, scope: str | None, after_no: int, limit: int) -> list[int]:
        """Places of those not gone, in order: what a whole reading must have seen."""

    async def seats(self, source: int, nos: Sequence[int]) -> dict[str, tuple[int, int]]:
        """Of the enrolments at these places, by course: how many these are, and how many there are in it that are not
        gone; at most 500 places."""

    async def at(self, source: int, nos: Sequence[int]) -> list[KnownRecord]:
        """What stands at these places, by place; at most 1,000."""

    async def bodies(self, source: int, nos: Sequence[int]) -> dict[int, bytes]:
        """As read, as JSON; at most 1,000 places."""

    async def corrections(self, source: int, nos: Sequence[int]) -> dict[int, tuple[Correction, ...]]:
        """What people corrected in these records; at most 1,000 places."""

    async def awaiting(self, source: int, keys: Sequence[Key]) -> list[int]:
        """Places of those in quarantine because they name one of these (a flaw of the rule ``reference``, whose path
        is the entity's name and whose value is the id as JSON), in order."""

    async def answered(self, source: int, after_no: int, limit: int) -> list[int]:
        """Places of those in quarantine of whose missing references at least one is there now, in order."""
