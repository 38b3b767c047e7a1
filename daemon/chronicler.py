"""Who keeps the time line: a witness that passes everything on, and writes down the little that is history.

History is what an operator wants to see beside one another when something went wrong: what was started, deployed and
reloaded, which vendor was out and for how long, what needed a person. It is written in the background, a batch at a
time; while the store takes nothing it waits here, a bounded part of it.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType

import trio

from actors.domain.flow import Outcome
from actors.domain.outbox import Delivery
from actors.domain.spikes import Tally
from actors.ports import (
    AttemptView,
    Clock,
    ReadingView,
    RosterView,
    Routed,
    RoutedCount,
    StoreUnavailable,
    Witness,
)
from daemon.control.times import span
from daemon.store.chronicle import Happening, SqlChronicle

WAITING_MAX = 1_000
RETRY_S = 5.0
LAST_S = 2.0
BEGINS, ENDS = "start", "stop"

Fields = Mapping[str, object]
Told = tuple[str, str, str]
"""(kind, subject, words)."""
ABOUT = ("lane", "source", "connection", "tenant")


def _lane(kind: str, words: str, *more: str) -> Callable[[Fields], Told]:
    """``words``, then what the fields called ``more`` say."""

    def told(fields: Fields) -> Told:
        said = next((str(fields[name]) for name in more if fields.get(name)), "")
        subject = next((str(fields[name]) for name in ABOUT if fields.get(name)), "")
        return kind, subject, f"{words}: {said}" if said else words

    return told


def _reloaded(fields: Fields) -> Told:
    applied, left = (fields.get(name) or [] for name in ("applied", "restart_needed"))
    said = f"started anew: {_listed(applied)}" if applied else "no tenant had to be started anew"
    rest = f"; needs a restart: {_listed(left)}" if left else ""
    return "reload", "", f"the configuration was reloaded; {said}{rest}"


def _listed(names: object) -> str:
    return ", ".join(map(str, names)) if isinstance(names, Sequence) and not isinstance(names, str) else str(names)


def _sayable(text: str) -> str:
    """As SQLite takes it: the name of a file need be no text, and would end whoever writes."""
    return text.encode(errors="replace").decode()


def _refused(fields: Fields) -> Told:
    return "reload", "", f"a new configuration was refused, the old one stays: {fields.get('first', '')}"


def _crashed(fields: Fields) -> Told:
    return "crash", str(fields.get("actor", "")), "a part of the daemon crashed and is started again (see the journal)"


NOTED: Mapping[str, Callable[[Fields], Told]] = {
    "daemon.stopping": lambda _: (ENDS, "", "the daemon stops in good order"),
    "config.reloaded": _reloaded,
    "config.refused": _refused,
    "lane.outage": _lane("outage", "the vendor is out", "detail"),
    "lane.recovered": _lane("recovered", "the vendor answers again"),
    "lane.suspended": _lane("suspended", "the vendor takes our credentials no longer", "reason"),
    "lane.unsuspended": _lane("recovered", "the vendor takes our credentials again"),
    "source.failed": _lane("source", "cannot be read", "detail", "why"),
    "source.suspended": _lane("source", "refuses our credentials", "detail"),
    "source.silent": _lane("source", "has not called for longer than it should"),
    "source.braked": _lane("brake", "so much would be gone that a person is asked", "detail"),
    "source.recovered": _lane("recovered", "it can be read again"),
    "source.unsuspended": _lane("recovered", "it takes our credentials again"),
    "source.heard_again": _lane("recovered", "it calls again"),
    "token.lost": _lane("token", "somebody must connect the account again", "why"),
    "actor.crashed": _crashed,
    "store.unavailable": lambda fields: ("store", "", f"the store takes no writes: {fields.get('detail', '')}"),
    "store.recovered": lambda _: ("recovered", "", "the store takes writes again"),
    "conservation.broken": _lane("loss", "something that was accepted is unaccounted for"),
    "courier.clock_stepped": _lane("clock", "the wall clock was set, by seconds", "seconds"),
    "janitor.clock_jumped": _lane("clock", "the wall clock jumped, by seconds", "by_s"),
    "mapping.activated": _lane("mapping", "another mapping is in force, version", "version"),
    "mapping.rolled_back": _lane("mapping", "a mapping was taken back, to version", "version"),
}
"""Log events that are history, and how they are told there."""
ENDED_BY: Mapping[str, str] = {
    "lane.outage": "lane.recovered",
    "lane.suspended": "lane.unsuspended",
    "source.failed": "source.recovered",
    "source.braked": "source.recovered",
    "source.suspended": "source.unsuspended",
    "source.silent": "source.heard_again",
    "store.unavailable": "store.recovered",
}
"""What lasts, and what says that it is over. Everything else is a moment."""
ERASING = frozenset({"erasure.begun", "erasure.ended"})
"""Whatever a vendor said before that may be of whoever is erased."""


class Counted:
    """An attempt that is passed on, and counted by how it ended."""

    def __init__(self, inner: AbstractContextManager[AttemptView], note: Callable[[str, str], None]) -> None:
        self._inner = inner
        self._note = note
        self._view: AttemptView | None = None
        self.trace_id = ""

    def __enter__(self) -> "Counted":
        self._view = self._inner.__enter__()
        self.trace_id = self._view.trace_id
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> bool | None:
        return self._inner.__exit__(kind, error, where)

    def concluded(self, verdict: str, detail: str, request_ids: Mapping[str, str], state: str, cause: str = "") -> None:
        self._note(verdict, detail)
        if self._view is not None:
            self._view.concluded(verdict, detail, request_ids, state, cause)

    def exchanged(self, operation: str, outcome: Outcome, elapsed_s: float) -> None:
        if self._view is not None:
            self._view.exchanged(operation, outcome, elapsed_s)


class Chronicler:
    """Implements ``ports.Witness``. ``run`` beside everything else, then ``end``."""

    def __init__(self, inner: Witness, clock: Clock, mask: Callable[[str], str] = str) -> None:
        """``mask`` takes secrets out of a text."""
        self._inner = inner
        self._clock = clock
        self._mask = mask
        self._waiting: deque[Happening] = deque(maxlen=WAITING_MAX)
        self._wake = trio.Event()
        self._since: dict[tuple[str, str], int] = {}
        self.tally = Tally()

    # ── what is witnessed ────────────────────────────────────────────────────────────────────────────

    def attempt(self, delivery: Delivery, kind: str) -> AbstractContextManager[AttemptView]:
        lane = delivery.lane
        return Counted(
            self._inner.attempt(delivery, kind),
            lambda verdict, detail: self.tally.note(lane, verdict, detail, self._clock.now_us()),
        )

    def reading(self, source: str, mode: str) -> AbstractContextManager[ReadingView]:
        return self._inner.reading(source, mode)

    def roster(self, lane: str, rule: str, began_us: int) -> AbstractContextManager[RosterView]:
        return self._inner.roster(lane, rule, began_us)

    def routed(self, tenant: str, batch: Sequence[Routed], count: RoutedCount) -> None:
        self._inner.routed(tenant, batch, count)

    def event(self, name: str, /, **fields: object) -> None:
        self._inner.event(name, **fields)
        if name in ERASING:
            self.tally.forget(str(fields.get("tenant", "")))
        self._note(name, fields)

    def trouble(self, name: str, error: BaseException | None = None, /, **fields: object) -> None:
        self._inner.trouble(name, error, **fields)
        self._note(name, fields)

    # ── what is written ──────────────────────────────────────────────────────────────────────────────

    def _note(self, name: str, fields: Fields) -> None:
        tell = NOTED.get(name)
        if tell is not None:
            kind, subject, words = tell(fields)
            self.add(kind, subject, words + self._lasted(name, subject))

    def _lasted(self, name: str, subject: str) -> str:
        """How long what is over now has lasted, where its beginning was seen."""
        now_us = self._clock.now_us()
        if name in ENDED_BY:
            self._since.setdefault((ENDED_BY[name], subject), now_us)
            return ""
        began_us = self._since.pop((name, subject), None)
        return "" if began_us is None else f", after {span(max(0, now_us - began_us) / 1e6)}"

    def add(self, kind: str, subject: str, words: str, tenant: str | None = None) -> None:
        """To the time line, soon. ``tenant`` None: the one that the subject begins with, if it is TENANT/…"""
        owner = subject.partition("/")[0] if tenant is None and "/" in subject else tenant or ""
        self._waiting.append(
            Happening(
                at_us=self._clock.now_us(),
                kind=kind,
                subject=_sayable(subject),
                words=_sayable(self._mask(words)),
                tenant=_sayable(owner),
            )
        )
        self._wake.set()

    async def begin(self, chronicle: SqlChronicle, version: str, boot: str) -> None:
        """A new life: what is told of it says whether it is another version, and whether the last one ended well, where
        that can be read: a disk that fails just now keeps nobody from starting."""
        try:
            former, ended = await chronicle.last(BEGINS), await chronicle.last(ENDS)
        except StoreUnavailable as error:
            self._inner.trouble("chronicle.unread", error)
            former = ended = None
        words = f"version {version}"
        if former is not None:
            before = former.words.removeprefix("version ").split(",")[0].split(" ")[0]
            if before != version:
                words += f" (before: {before})"
                self.add("deploy", "", f"version {version} instead of {before}", tenant="")
            if ended is None or ended.no < former.no:
                words += ", after an end that was not in good order"
        self.add(BEGINS, "", f"{words}, boot {boot}", tenant="")

    async def run(self, chronicle: SqlChronicle) -> None:
        """Runs until cancelled."""
        while True:
            await self._wake.wait()
            self._wake = trio.Event()
            try:
                with trio.CancelScope(shield=True):  # what is on its way when the daemon ends waits again if it fails
                    await self._write(chronicle)
            except StoreUnavailable:  # said by whoever writes what matters more; the line is written when it can be
                await trio.sleep(RETRY_S)
                self._wake.set()

    async def end(self, chronicle: SqlChronicle) -> None:
        """What waits is written, if that is possible."""
        waiting = len(self._waiting)
        with trio.move_on_after(LAST_S, shield=True) as patience:
            try:
                await self._write(chronicle)
            except StoreUnavailable as error:
                self._inner.trouble("chronicle.unwritten", error, happenings=len(self._waiting))
        if patience.cancelled_caught:
            self._inner.trouble("chronicle.unwritten", None, happenings=waiting)

    async def _write(self, chronicle: SqlChronicle) -> None:
        batch = list(self._waiting)
        self._waiting.clear()
        try:
            if batch:
                await chronicle.note(batch)
        except StoreUnavailable:
            self._waiting.extendleft(reversed(batch[: WAITING_MAX - len(self._waiting)]))
            raise
