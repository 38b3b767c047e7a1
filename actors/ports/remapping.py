"""Changing what records mean: another version of a mapping brought into force over all that is stored, and taken back.

While one of these runs, whoever writes the source's records waits (``roles.harvester``): what is stored is dealt with
in small steps, each one transaction with how far it has come, and a process that is killed goes on where it was.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal, Protocol

import msgspec

from actors.domain.correcting import Correction
from actors.ports.records import Flaw, KnownRecord, RecordState

Place = tuple[str, str]
"""(entity, id): records are walked through in this order. ``("", "")`` is before all of them."""
START: Place = ("", "")


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """All of a record that a mapping decides. ``canonical`` None in an undo: the same as it is now."""

    form: str
    state: RecordState
    mapping: int
    rev: int
    user: str
    course: str
    canonical: bytes
    flaws: tuple[Flaw, ...] = ()


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """What a record was before an activation. ``made`` is the mark of how that left it."""

    before: Meaning
    made: bytes


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A record with everything that is kept of it. ``raw`` as read, ``corrections`` whether they hold or not.
    ``dismissed``: a person leaves it in quarantine as it is. ``undo``: of the last activation, where there is one."""

    known: KnownRecord
    raw: bytes
    user: str
    course: str
    flaws: tuple[Flaw, ...] = ()
    corrections: tuple[Correction, ...] = ()
    dismissed: bool = False
    undo: Undo | None = None

    @property
    def place(self) -> Place:
        return (self.known.entity, self.known.id)

    @property
    def meaning(self) -> Meaning:
        known = self.known
        return Meaning(
            form=known.form,
            state=known.state,
            mapping=known.mapping,
            rev=known.rev,
            user=self.user,
            course=self.course,
            canonical=known.canonical,
            flaws=self.flaws,
        )


def mark(digest: bytes, meaning: Meaning) -> bytes:
    """By which it is known that nothing has touched a record. 16 bytes."""
    return blake2b(digest + msgspec.json.encode(meaning), digest_size=16).digest()


class Renewal(msgspec.Struct, frozen=True, kw_only=True):
    """A record whose meaning is to be another one."""

    stored: Stored
    after: Meaning


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """Records dealt with, and what became of them: ``changed`` mean something else, ``flawed`` stand in quarantine
    that did not, ``healed`` stand there and fit now (or, taken back, do no more)."""

    records: int = 0
    changed: int = 0
    flawed: int = 0
    healed: int = 0


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """A version brought into force, or taken back (then ``undoes`` is what it takes back). ``at`` is the last record
    it has dealt with. ``undone``: it was taken back, or was to be before it ended."""

    no: int
    source: int
    kind: Literal["activate", "rollback"]
    state: Literal["running", "done", "undone"]
    version_before: int
    version: int
    begun_by: str
    begun_us: int
    undoes: int | None = None
    ended_us: int | None = None
    at: Place = START
    count: Count = Count()


class Overtaken(Exception):
    """Another one runs, or what was to be taken back is not the last one any more; nothing was changed."""


class Remappings(Protocol):
    """The store's side. All raise StoreUnavailable."""

    async def page(self, source: int, after: Place, *, undo_of: int | None = None) -> list[Stored]:
        """The next records, a bounded number of bytes, at least one unless there is none; gone ones too."""

    async def enrolled(self, source: int, after_id: str) -> list[tuple[str, str, str]]:
        """(id, user, course) of the next enrolments by id, gone ones too; nothing at the end."""

    async def begin(
        self, source: int, version: int, begun_by: str, now_us: int, *, undoes: int | None = None
    ) -> Activation:
        """From now on the version is in force for what comes; what is stored is dealt with by ``step``. ``undoes``: an
        activation that is taken back. Raises Overtaken."""

    async def step(self, activation: Activation, renewals: Sequence[Renewal], upto: Place, count: Count) -> Activation:
        """One transaction: what these records mean now, what they meant before, and how far it has come."""

    async def end(self, activation: Activation, now_us: int) -> Activation:
        """All records were dealt with."""

    async def in_force(self, source: int) -> tuple[int, bool]:
        """The version in force, and whether it is still being brought into force."""

    async def unfinished(self, source: int) -> Activation | None:
        """The one that runs, if any."""

    async def last(self, source: int) -> Activation | None:
        """The activation that can be taken back: the newest, finished or not, whose undo data is kept."""

    async def history(self, source: int, limit: int) -> list[Activation]:
        """Newest first."""
