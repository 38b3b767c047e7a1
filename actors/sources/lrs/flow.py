"""Another LRS, read by ``since``.

The cursor is a time stored there, and never one behind which something may still appear: not beyond what the first
answer of a reading calls consistent, and not into the middle of statements that were stored at one time, as long as not
all of them have come. What is read twice is known by its id.

A full reading that is broken off goes on: until its last page the cursor says of which one it is (``FULL``), so that
the next full one that asks for the same begins at the time that was reached. How pages went on is not kept: another LRS
may forget that, and a time it knows for ever.
"""

from collections.abc import Generator
from hashlib import blake2b

import msgspec

from actors.domain.harvest import (
    Answer,
    Ended,
    Finished,
    Halted,
    Harvest,
    Hearing,
    Inbound,
    Order,
    Statements,
    Step,
    ask,
)
from actors.domain.outbox import Rate
from actors.domain.xapi.moments import instant_us, spelt
from actors.ports import Bearing, Reveal
from actors.ports.speaking import keys_of
from actors.sources.calls import called
from actors.sources.links import elsewhere, onward
from actors.sources.lrs.settings import LrsSettings
from actors.sources.lrs.tokens import dialect
from actors.sources.lrs.wire import OPERATION, Asked, Told, asking, basic, told
from actors.sources.service import APP
from actors.sources.tokens import Tokens
from config.durations import seconds
from config.numbers import number_of

OVERLAP_US = 1_000
"""``stored`` may be shown rounded to the millisecond: what lies so close before the cursor is asked for again."""
EMPTY_MAX = 1_000
"""So many empty pages in a row that promise more are no answer."""
STORED = "stored"
FULL = "full"


class LrsSource:
    """One other LRS."""

    kind = "lrs"
    home_page = ""
    polls = True

    def __init__(self, settings: LrsSettings, reveal: Reveal, bearing: Bearing) -> None:
        self._settings = settings
        self._reveal = reveal
        self._tokens = Tokens(keys_of(reveal, dialect(settings, reveal, "")), APP)
        self._now_us: int | None = None
        self._bearing = bearing

    def rate(self, bucket: str) -> Rate:
        return self._settings.rate

    def hear(self, inbound: Inbound, now_us: int) -> Hearing:
        """An LRS does not call by itself; what stores there may."""
        return called(self._settings, self._reveal, inbound, now_us, self._bearing.source)

    def hello(self) -> Harvest:
        page = yield from self._page(self._first(Asked(page=1)))
        return page if isinstance(page, Halted) else Finished(note=f"reads statements as {self._settings.name}")

    def harvest(self, order: Order) -> Harvest:
        """Everything that was stored since the cursor, or in a backfill's time, which leaves the cursor alone. A full
        reading begins anew, unless one was broken off: then it goes on with that."""
        self._now_us = order.now_us
        settings, reached = self._settings, order.cursor.get(STORED, "")
        since, until, full = settings.since or "", "", ""
        match order.mode:
            case "full":
                full = self._what_is_asked()
                reached = reached if order.cursor.get(FULL) == full else ""
                since = _shortly_before(reached) or since
            case "delta":
                since = _shortly_before(reached) or since
            case "backfill":
                since, until = order.since, order.until
        reading = Reading(order, reached, full, seconds(settings.settle))
        while True:
            ended = yield from self._pages(self._first(self._asked(since, until)), reading)
            if ended is not None:
                return ended
            since = _shortly_before(reading.passed) or since

    def _asked(self, since: str, until: str) -> Asked:
        settings = self._settings
        return Asked(
            since=since,
            until=until,
            page=settings.page,
            verb=settings.verb,
            activity=settings.activity,
            related_activities=settings.related_activities,
            attachments=settings.attachments,
        )

    def _what_is_asked(self) -> str:
        """Other for other settings: what was read by those is no part of what is read by these. However long pages are,
        it is the same."""
        every = msgspec.structs.replace(self._asked(self._settings.since or "", ""), page=0)
        asked = f"{self._settings.base_url} {every.query()}"
        return blake2b(asked.encode(), digest_size=8).hexdigest()

    def _pages(self, url: str, reading: "Reading") -> Generator[Step, Answer, Ended | None]:
        """One page after the other. None where the LRS has forgotten how it went on, after it has told something: then
        it can be asked anew from there."""
        begun = reading.passed
        while True:
            page = yield from self._page(url)
            if isinstance(page, Halted):
                return None if page.why in ("faulted", "refused") and reading.passed > begun else page
            reading.take(page)
            yield Statements(
                statements=page.statements, contents=page.contents, cursor=reading.cursor(whole=not page.more)
            )
            if not page.more:
                return Finished(note=number_of(reading.count, "statements"))
            onwards = onward(url, page.more)
            if onwards is None:
                return elsewhere(OPERATION, page.more)
            if onwards == url or reading.empty > EMPTY_MAX:
                return Halted(why="faulted", detail=f"{OPERATION}: its pages go on for ever without telling anything")
            url = onwards

    def _page(self, url: str) -> Generator[Step, Answer, Told | Halted]:
        """A page; with a token that is not taken any more it is asked for once more, with the next."""
        settings = self._settings
        for again in (False, True):
            token = yield from self._tokens.token(self._now_us)
            if isinstance(token, Halted):
                return token
            authorization = f"Bearer {token}" if settings.key is None else basic(settings.key, token)
            page = told((yield from ask(asking(url, authorization, settings.version))))
            refused = isinstance(page, Halted) and page.why == "revoked"
            if again or not refused or not self._tokens.drop(token):
                return page
        raise AssertionError("the second answer is the answer")

    def _first(self, asked: Asked) -> str:
        return f"{self._settings.base_url}statements?{asked.query()}"


class Reading:
    """How far one reading has come. ``passed``: everything stored there up to this time has come, empty at first.
    ``reached`` by those before it; ``full``: of which full reading it is, empty where it is none."""

    def __init__(self, order: Order, reached: str, full: str, settle_s: float) -> None:
        self.count = 0
        self.empty = 0
        self.passed = "" if order.mode == "backfill" else reached
        self._moves = order.mode != "backfill"
        self._before = order.cursor
        self._reached = reached
        self._full = full
        self._newest = ""
        self._through = ""
        self._believed = spelt(order.now_us - round(settle_s * 1e6))

    def take(self, page: Told) -> None:
        """``stored`` never goes back within a reading: it was asked for in ascending order."""
        self._through = self._through or page.through or self._believed
        self.count += len(page.statements)
        self.empty = 0 if page.statements else self.empty + 1
        for stored in page.stored:
            if _us(stored) > _us(self._newest):
                self.passed, self._newest = self._newest or self.passed, stored

    def cursor(self, *, whole: bool) -> dict[str, str] | None:
        """Where the next reading begins; None to leave it. ``whole``: that was the last page."""
        if whole:
            self.passed = self._newest or self.passed
        safe = min(self.passed, self._through, key=_us)
        moved = _us(safe) > _us(self._reached)
        if not self._moves or not (moved or (whole and FULL in self._before)):
            return None
        told = {STORED: safe if moved else self._reached}
        if self._full and not whole:
            told[FULL] = self._full
        return None if told == self._before else told


def _us(moment: str) -> int:
    """Microseconds since the epoch; before everything where there is none."""
    return -(2**62) if not moment else (instant_us(moment) or 0)


def _shortly_before(moment: str) -> str:
    return spelt(_us(moment) - OVERLAP_US) if moment else ""
