"""How each source stands, in the store: the switch that an operator turns, its mapping, and its last readings."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from actors.domain.harvest import Mode, Part
from actors.domain.removals import Missing
from actors.ports.records import Past, SourceState

READINGS_KEPT = 50
"""Of each source."""

How = Literal[
    "",
    "finished",
    "throttled",
    "unavailable",
    "revoked",
    "refused",
    "faulted",
    "spoilt",
    "braked",
    "abandoned",
    "stopped",
]
"""How a reading ended. Empty: it has not, or died with its process; ``abandoned``: it made no progress; ``stopped``:
by an operator, a reload or the end of the process."""
PAST_GOES_ON: frozenset[How] = frozenset({"", "stopped", "throttled", "unavailable", "revoked"})
"""A reading of the past that ended so is made again by itself."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of a source. ``told`` counts the records that it told, ``changed`` those of them whose meaning was
    new, ``gone`` those found to be gone, ``quarantined`` those that failed validation, ``statements`` what was
    appended to the log."""

    no: int
    mode: Mode
    began_us: int
    ended_us: int | None = None
    how: How = ""
    detail: str = ""
    requests: int = 0
    told: int = 0
    changed: int = 0
    gone: int = 0
    quarantined: int = 0
    statements: int = 0


class SourceName(msgspec.Struct, frozen=True, kw_only=True):
    """Which source. ``kind`` too: a source that becomes one of another kind begins anew."""

    tenant: str
    name: str
    kind: str


class Sources(Protocol):
    """The store's side. All raise StoreUnavailable."""

    async def state(self, source: SourceName) -> SourceState:
        """How it stands; it gets a number of its own when it is asked for the first time."""

    async def known(self, sources: Sequence[SourceName]) -> dict[SourceName, SourceState]:
        """Those of them that have a number."""

    async def pause(self, no: int, by: str, now_us: int) -> None:
        """A reading of the past that was asked for is forgotten."""

    async def resume(self, no: int) -> None:
        """A time that the source named is forgotten too."""

    async def suspend(self, no: int, why: str, now_us: int) -> None: ...

    async def unsuspend(self, no: int) -> None: ...

    async def throttle(self, no: int, until_us: int) -> None: ...

    async def heard(self, no: int, now_us: int) -> None:
        """A webhook came."""

    async def ask_past(self, no: int, past: Past) -> None:
        """Kept until a reading of the past ends that is not made again by itself."""

    async def first_mapping(self, no: int, version: int) -> None:
        """The version a source begins with. Nothing where it has one already."""

    async def at_home(self, no: int, home_page: str) -> None:
        """Whose accounts its users are in statements. Writes nothing where that is known."""

    async def shut(self, no: int) -> frozenset[Part]:
        """Its parts that were never read whole though they were there."""

    async def shut_up(self, no: int, parts: Sequence[Part]) -> None: ...

    async def opened(self, no: int, parts: Sequence[Part]) -> None: ...

    async def begin(self, no: int, mode: Mode, now_us: int) -> int:
        """A reading begins; its number. Former ones that never ended stay as they are."""

    async def end(
        self,
        no: int,
        reading: Reading,
        braked: Sequence[Missing] | None = None,
        *,
        whole: bool = True,
        spoilt: str | None = None,
    ) -> None:
        """It ended. In the same transaction: a full one that finished is the newest full one, and the first if it was
        ``whole``; readings in a row without anything new are counted; ``braked`` is what a person is asked about
        (empty: nothing any more, None: as it was), and so is ``spoilt``. The oldest readings leave."""

    async def readings(self, no: int, limit: int) -> list[Reading]:
        """The last ones, newest first."""

    async def quarantined(self, nos: Sequence[int]) -> Mapping[int, int]:
        """How many records stand in quarantine, those apart that somebody dismissed; of sources that have some."""
