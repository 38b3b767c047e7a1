"""Whether a database may be used: asked before a byte of it is changed, so that what is refused stays as it was found.

Three questions: is it one of ours (``migrate``), does it have all that its mark has seen (``mark``), and, unless its
last end was orderly, is it sound (``soundness``). A refusal says what is wrong, since when, and the way on.
"""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

import msgspec

from config.numbers import number_of
from daemon.store import lineage, mark
from daemon.store.errors import StoreRefused, damaged, unopenable
from daemon.store.keeper import Trouble
from daemon.store.mark import Lineage, Lost, Mark, Reading, Unmarked
from daemon.store.migrate import pending
from daemon.store.soundness import unsound

WAY_ON = (
    "put the right files back, or go on without what is missing by `lmsyncd migrate --accept-loss`: "
    "what may have been posted is then looked for before it is posted again (docs/recovery.md)"
)


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """A database that may be used; ``loss`` only where the caller accepts one."""

    reading: Reading
    found: Lineage
    loss: Lost | None = None


def admit(path: Path, trouble: Trouble, *, accept_loss: bool = False) -> Admitted:
    """Look at the database and its mark. Raises StoreRefused, with advice."""
    reading = _reading(path, trouble)
    found, remark = _examine(path, reading)
    verdict = mark.judge(reading, found)
    if isinstance(verdict, Lost):
        if not accept_loss:
            raise StoreRefused(lament(path, verdict, found))
        return Admitted(reading=reading, found=found, loss=verdict)
    if isinstance(verdict, Unmarked) and found.lives:
        trouble("store.mark_missing", None, path=str(mark.mark_path(path)), detail=verdict.reason)
    if found.accepted:
        trouble("store.loss_accepted", None, losses=len(found.accepted), last=_moment(found.accepted_us))
    if remark:
        trouble("store.damage_not_found", None, detail=remark)
    return Admitted(reading=reading, found=found)


def _reading(path: Path, trouble: Trouble) -> Reading:
    place = mark.mark_path(path)
    try:
        reading = mark.read(place)
    except OSError as error:
        trouble("store.mark_damaged", error, path=str(place))
        return Reading(present=True, damaged=mark.COPIES)
    if reading.damaged:
        trouble("store.mark_damaged", None, path=str(place), copies=reading.damaged)
    return reading


def _examine(path: Path, reading: Reading) -> tuple[Lineage, str]:
    """What the database says of itself, and a remark if damage was met before and is not there now. Opened for
    reading: SQLite replays the log for itself and leaves the files alone."""
    if not path.exists() or path.stat().st_size == 0:
        return Lineage(), ""
    known = reading.mark
    met = known.detail if known is not None and known.state == "damaged" else ""
    try:
        raw = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            found = _ours(path, raw)
            if not isinstance(mark.judge(reading, found), Lost) and not _orderly(path, known):
                said = unsound(raw, whole=bool(met))
                if said:
                    raise StoreRefused(f"{path}: {damaged(said)}")
            return found, met
        finally:
            raw.close()
    except sqlite3.Error as error:
        raise StoreRefused(f"cannot open {path}: {unopenable(error)}") from error
    except UnicodeDecodeError as error:  # SQLite's words on a damaged schema quote what stands there
        raise StoreRefused(f"cannot open {path}: {damaged(str(error))}") from error


def _ours(path: Path, raw: sqlite3.Connection) -> Lineage:
    """Raises StoreRefused, with the file's name."""
    try:
        pending(raw)
        return lineage.read(raw)
    except StoreRefused as refusal:
        raise StoreRefused(f"cannot use {path}: {refusal}") from refusal


def _orderly(path: Path, known: Mark | None) -> bool:
    """Whether the last life closed the database, and nobody has touched it since."""
    if known is None or known.state != "closed":
        return False
    log = path.with_name(path.name + "-wal")
    told = path.stat()
    return (told.st_size, told.st_mtime_ns) == (known.bytes, known.mtime_ns) and not (
        log.exists() and log.stat().st_size
    )


def lament(path: Path, loss: Lost, found: Lineage) -> str:
    """What is missing, since when, what it means, and the way on: one line."""
    upto = f"up to {_moment(loss.until_us)}"
    missing = number_of(loss.missing or 0, "commits", "is", "are")
    match loss.kind:
        case "behind":
            what = (
                f"{path} has lost what was acknowledged: {missing} missing, made after "
                f"{_moment(loss.since_us)} {upto} (it stands at {found.number}, its mark at {loss.mark.number}). "
                "Its write-ahead log was damaged or left out, or an older copy was put in its place"
            )
        case "other":
            what = (
                f"{path} has another history than its mark: at least {missing} missing, made after "
                f"{_moment(loss.since_us)} {upto}. A copy of this store that was used elsewhere was put in its place"
            )
        case "gone":
            what = (
                f"{path} is empty or not there, but its mark stands at commit {loss.mark.number} of {upto[6:]}. "
                "Perhaps its disk is not mounted"
            )
        case "foreign":
            what = (
                f"{path} is another store ({found.store}) than the one its mark belongs to ({loss.mark.store}), "
                f"which was used {upto}. Perhaps another host's database was put in its place"
            )
        case _ as never:
            assert_never(never)
    meaning = "statements that were acknowledged in that time may be missing, and posts made in it are forgotten"
    return f"{what}; {meaning}; {WAY_ON}"


def _moment(at_us: int) -> str:
    if not at_us:
        return "the start"
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(sep=" ", timespec="milliseconds")


def unheard(name: str, error: BaseException | None = None, /, **fields: object) -> None:
    """For those who open a store and have no log: what matters is raised."""
