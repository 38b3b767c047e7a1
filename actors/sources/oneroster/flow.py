"""A OneRoster source: which way it is read, and in which order bundles are taken.

Bundles are taken oldest first, one a reading: what is gone is known by what one bundle does not tell. A bundle that was
made well before one that was taken already comes too late: it would undo what is newer, so it is put aside.

A full reading with nothing new to read reads the bundle that was taken last once more, where it lies in ``done``: days
have passed, a mapping may be another one, or a person may have accepted what the brake held back.
"""

import base64
import hashlib
import math
from collections.abc import Generator, Sequence
from typing import Literal

from actors.domain.flow import Lost, NotSent, Request, Response, Veiled
from actors.domain.harvest import (
    Answer,
    BundleInfo,
    Bundles,
    Download,
    Finished,
    Halted,
    Harvest,
    Hearing,
    Inbound,
    Order,
    Page,
    Put,
    Step,
)
from actors.domain.outbox import Rate
from actors.ports import Bearing, Reveal
from actors.ports.speaking import keys_of
from actors.sources.calls import called
from actors.sources.oneroster.bodies import today
from actors.sources.oneroster.bundle import Reading, Taken
from actors.sources.oneroster.rest import RestReading
from actors.sources.oneroster.settings import OneRosterSettings
from actors.sources.oneroster.tokens import dialect
from actors.sources.oneroster.wire import BUCKET, halted
from actors.sources.service import APP
from actors.sources.tokens import Tokens
from config.numbers import number_of

LATE_US = 7_200_000_000
"""Zips tell local times without a zone: in autumn an hour comes twice."""
READ_MAX = 32
"""So many bundles that were read are known by what is in them and when they were made."""
READ_BEFORE = "it was read before, and something was wrong with it"
PATIENCE_S = 1_800.0
NOTE_CHARS_MAX = 1_000
NAMES_MAX = 3


class OneRosterSource:
    """One student information system."""

    kind = "oneroster"
    polls = True

    def __init__(self, settings: OneRosterSettings, reveal: Reveal, bearing: Bearing) -> None:
        self._settings = settings
        self._reveal = reveal
        self._bearing = bearing
        self._tokens = Tokens(keys_of(reveal, dialect(settings, reveal, "")), APP)
        self.home_page = settings.home(bearing.tenant, bearing.source)

    def rate(self, bucket: str) -> Rate:
        return self._settings.rate

    def hear(self, inbound: Inbound, now_us: int) -> Hearing:
        """A OneRoster service does not call by itself; what exports for it may."""
        return called(self._settings, self._reveal, inbound, now_us, self._bearing.source)

    def harvest(self, order: Order) -> Harvest:
        if self._settings.base_url is not None:
            rest = RestReading(self._settings, self._tokens, self._bearing.timezone, order)
            return (yield from rest.read())
        if order.mode == "backfill":
            return Finished(
                note="bundles tell how things stand, not what happened: there is nothing to fill in", whole=False
            )
        if self._settings.inbox is not None:
            return (yield from self._inbox(order))
        return (yield from self._download(order))

    def hello(self) -> Harvest:
        if self._settings.base_url is not None:
            order = Order(mode="delta", cursor={}, now_us=0)
            return (yield from RestReading(self._settings, self._tokens, self._bearing.timezone, order).hello())
        if self._settings.inbox is not None:
            bundles = yield from self._lying()
            if isinstance(bundles, Halted):
                return bundles
            return Finished(
                note=f"{self._settings.inbox} can be read: {number_of(len(bundles), 'bundles', 'waits', 'wait')} there"
            )
        answer = yield self._request({"range": "bytes=0-0"})
        if isinstance(answer, Response) and answer.status in (200, 206, 304, 416):
            return Finished(note="the zip is there")
        if isinstance(answer, Lost) and _is_larger(answer):
            return Finished(note="the zip is there")
        return _unfetched(answer)

    # ── bundles ──────────────────────────────────────────────────────────────────────────────────

    def _inbox(self, order: Order) -> Harvest:
        bundles = yield from self._lying()
        if isinstance(bundles, Halted):
            return bundles
        known = "bulk" in order.cursor
        ready = [bundle for bundle in bundles if bundle.settled]
        waiting = len(bundles)
        for bundle in ready:
            waiting -= 1
            if bundle.trouble:
                return (yield from self._aside(bundle, bundle.trouble))
            if (where := _put_before(bundle, order)) is not None:
                yield Put(bundle=bundle.key, where=where, note=READ_BEFORE if where == "failed" else "")
                continue
            if (late := _late(bundle, order)) is not None:
                return (yield from self._aside(bundle, late))
            taken = yield from self._take(bundle, order)
            if taken.trouble:
                yield Page(records=(), cursor=_failed(bundle, taken, order))
                return (yield from self._aside(bundle, taken.note()))
            moved = yield Put(bundle=bundle.key, where="done")
            told = [f"{bundle.name}: {number_of(taken.records, 'records')}", taken.note(), str(moved or "")]
            if waiting:
                told.append(f"{waiting} more wait")
            whole = (known or taken.bulk) and not waiting
            return Finished(note="; ".join(each for each in told if each)[:NOTE_CHARS_MAX], whole=whole, spoilt="")
        if order.mode == "full" and not waiting and (last := (yield from self._last(order))) is not None:
            taken = yield from self._take(last, order)
            note = "; ".join(
                each for each in (f"{last.name} once more: {number_of(taken.records, 'records')}", taken.note()) if each
            )
            return Finished(note=note[:NOTE_CHARS_MAX], whole=known and not taken.trouble)
        waited_for = unsettled([bundle for bundle in bundles if not bundle.settled])
        return Finished(note=waited_for[:NOTE_CHARS_MAX] or "the inbox is empty", whole=False)

    def _last(self, order: Order) -> Generator[Step, Answer, BundleInfo | None]:
        """The bundle that was taken last, if it still lies where it was put."""
        digest = order.cursor.get("digest")
        if not digest:
            return None
        answer = yield Bundles(inbox=f"{self._settings.inbox}/done")
        lying = answer if isinstance(answer, tuple) else ()
        return next((each for each in lying if each.settled and each.digest == digest), None)

    def _lying(self) -> Generator[Step, Answer, tuple[BundleInfo, ...] | Halted]:
        inbox = str(self._settings.inbox)
        answer = yield Bundles(inbox=inbox)
        bundles = answer if isinstance(answer, tuple) else ()
        if bundles and bundles[0].key == inbox:
            return Halted(why="unavailable", detail=f"{inbox}: {bundles[0].trouble}")
        return bundles

    def _aside(self, bundle: BundleInfo, note: str) -> Harvest:
        """It is put to the failed ones, and somebody is told. What was taken of it stays."""
        moved = yield Put(bundle=bundle.key, where="failed", note=note)
        where = str(moved) if moved else "it lies in failed"
        return Halted(why="spoilt", detail=f"{bundle.name}: {note}; {where}"[:NOTE_CHARS_MAX])

    def _take(self, bundle: BundleInfo, order: Order) -> Generator[Step, Answer, Taken]:
        zone = self._bearing.timezone
        taken = yield from Reading(bundle, zone, today(order.now_us, zone)).read()
        if not taken.trouble:
            cursor = _cursor(bundle, taken, order, self._settings.url)
            if cursor != dict(order.cursor):
                yield Page(records=(), cursor=cursor)
        return taken

    # ── by HTTPS ─────────────────────────────────────────────────────────────────────────────────

    def _download(self, order: Order) -> Harvest:
        conditions = {}
        if order.mode == "delta" and order.cursor.get("url") == _place(self._settings.url):
            conditions = {
                header: order.cursor[name]
                for header, name in (("if-none-match", "etag"), ("if-modified-since", "modified"))
                if _is_header(order.cursor.get(name, ""))
            }
        answer = yield Download(request=self._request(conditions), bytes_max=self._settings.bytes_max)
        if isinstance(answer, Response) and answer.status == 304:
            return Finished(note="the zip is the same as last time", whole="bulk" in order.cursor)
        if isinstance(answer, Lost) and _is_larger(answer):
            bound = f"bytes_max ({self._settings.bytes_max:,})"
            return Halted(why="refused", detail=f"the zip is larger than {bound} allows: raise it, or export less")
        if not isinstance(answer, BundleInfo):
            return _unfetched(answer)
        if answer.trouble:
            yield Put(bundle=answer.key, where="failed", note=answer.trouble)
            return Halted(why="faulted", detail=f"what was downloaded is no bundle: {answer.trouble}")
        if answer.digest != order.cursor.get("digest") and (former := _unconditional(order)) != dict(order.cursor):
            yield Page(records=(), cursor=former)
        taken = yield from self._take(answer, order)
        yield Put(bundle=answer.key, where="failed" if taken.trouble else "done", note=taken.note())
        if taken.trouble:
            return Halted(why="faulted", detail=taken.note()[:NOTE_CHARS_MAX])
        note = "; ".join(each for each in (f"{number_of(taken.records, 'records')}", taken.note()) if each)
        return Finished(note=note[:NOTE_CHARS_MAX], whole="bulk" in order.cursor or taken.bulk)

    def _request(self, more: dict[str, str]) -> Request:
        settings = self._settings
        headers = {"accept": "application/zip, application/octet-stream", **more}
        if settings.authorization is not None:
            headers["authorization"] = Veiled(self._reveal(settings.authorization))
        elif settings.username is not None and settings.password is not None:
            pair = f"{settings.username}:{self._reveal(settings.password)}"
            headers["authorization"] = Veiled("Basic " + base64.b64encode(pair.encode()).decode())
        return Request(
            method="GET",
            url=settings.url or "",
            operation="bundle.get",
            headers=headers,
            draws=(BUCKET,),
            patience_s=PATIENCE_S,
        )


def unsettled(bundles: Sequence[BundleInfo]) -> str:
    """Which of them are waited for, and how long at most."""
    torn = [
        f"{each.name} cannot be opened ({each.trouble}): it goes to failed in {math.ceil(each.patience_s / 60)} min "
        "unless somebody goes on writing it"
        for each in bundles
        if each.trouble
    ]
    written = [each.name for each in bundles if not each.trouble]
    if not written:
        return "; ".join(torn)
    named = (
        written if len(written) <= NAMES_MAX else [*written[: NAMES_MAX - 1], f"{len(written) - NAMES_MAX + 1} more"]
    )
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return "; ".join([*torn, f"{listed} {'is' if len(written) == 1 else 'are'} still being written"])


def _late(bundle: BundleInfo, order: Order) -> str | None:
    """Why it comes too late. (The very bundle that was taken last may come again.)"""
    made = order.cursor.get("made", "")
    if not made.isdecimal() or bundle.digest == order.cursor.get("digest") or not bundle.made_us:
        return None
    if bundle.made_us + LATE_US >= int(made):
        return None
    return "it was made before a bundle that has been taken already, and would undo it: make a newer one"


def _put_before(bundle: BundleInfo, order: Order) -> Literal["done", "failed"] | None:
    """Where it belonged when it was read, if it could not be moved there. To read it again would undo what is newer.
    (The one that was taken last tells nothing new.)"""
    if bundle.digest == order.cursor.get("digest"):
        return None
    read = order.cursor.get("read", "").split()
    wheres: tuple[Literal["done", "failed"], ...] = ("done", "failed")
    return next((where for where in wheres if _named(bundle, where) in read), None)


def _named(bundle: BundleInfo, where: str) -> str:
    """The same contents made at another time are another bundle: things stand again as they stood."""
    return f"{where}:{bundle.digest[:32]}:{bundle.made_us}"


def _failed(bundle: BundleInfo, taken: Taken, order: Order) -> dict[str, str]:
    """After a bundle of which something was taken, what was taken last is how things stood before: it is not read once
    more."""
    cursor = dict(order.cursor)
    if taken.records:
        cursor.pop("digest", None)
    _note(cursor, _named(bundle, "failed"))
    return cursor


def _note(cursor: dict[str, str], name: str) -> None:
    read = cursor.get("read", "").split()
    if name not in read:
        cursor["read"] = " ".join([*read, name][-READ_MAX:])


def _cursor(bundle: BundleInfo, taken: Taken, order: Order, url: str | None) -> dict[str, str]:
    """The same for the same bundle: then nothing is written. ``url``: where it was downloaded (None: from an inbox).
    Only the very bundle that was taken last says by what the next is known to be the same: not one before it, nor one
    of another address."""
    known = order.cursor
    cursor = {name: known[name] for name in ("made", "digest", "bulk", "read") if name in known}
    if url is None:
        _note(cursor, _named(bundle, "done"))
    if bundle.digest != known.get("digest"):
        former = known.get("made", "")
        cursor["digest"] = bundle.digest
        cursor["made"] = str(max(bundle.made_us, int(former) if former.isdecimal() else 0))
    if taken.bulk:
        cursor["bulk"] = "1"
    if url is not None:
        told = (("etag", bundle.headers.get("etag", "")), ("modified", bundle.headers.get("last-modified", "")))
        if found := {name: value for name, value in told if _is_header(value)}:
            cursor |= {"url": _place(url), **found}
    return cursor


def _unconditional(order: Order) -> dict[str, str]:
    """Before another bundle is read: should it fail or never end, what is known is neither the former one's any more
    nor this one's, so that whichever comes next is read."""
    return {name: value for name, value in order.cursor.items() if name not in ("url", "etag", "modified")}


def _place(url: str | None) -> str:
    """An address as it is remembered: there may be a secret in it."""
    return hashlib.sha256((url or "").encode()).hexdigest()[:32]


def _is_larger(answer: Lost) -> bool:
    """Whether what was sent was longer than was asked for at most."""
    return "answer is larger than" in answer.detail


def _is_header(value: str) -> bool:
    return 0 < len(value) <= 200 and value.isascii() and value.isprintable()


def _unfetched(answer: Answer) -> Halted:
    match answer:
        case NotSent() | Lost() | Response():
            return halted(answer, "the zip")
        case _:
            raise TypeError(f"a download was answered with {type(answer).__name__}")
