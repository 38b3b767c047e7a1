"""A backup takes the store's place. What stood there is moved aside, not removed, and from then on everything that may
have been posted since the backup was made is in doubt, so that it is looked for before it is posted (``lineage``).

The doubt is on record in the copy before it takes the place. Killed at any instruction this leaves the store that was
there, or what the next start or restore turns into the restored one (``daemon.store.reinstating``).
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

from config.numbers import number_of
from daemon.backup.refusing import BackupRefused
from daemon.backup.sealed import Header
from daemon.store import reinstating
from daemon.store.database import upgrade_held
from daemon.store.folders import given
from daemon.store.mark import Intact, Lineage, Lost, Unmarked, Verdict, mark_path
from daemon.store.reinstating import PARTS


def newer(store: Path, verdict: Verdict, found: Lineage) -> str:
    """What would be lost if this took the store's place, in words; empty: nothing that is known of."""
    match verdict:
        case Lost(kind="foreign"):
            return f"this is of another store ({found.store}) than the one of {store} ({verdict.mark.store})"
        case Lost():
            missing = (
                "an unknown number of commits" if verdict.missing is None else number_of(verdict.missing, "commits")
            )
            begin = moment(verdict.since_us) if verdict.since_us else "its start"
            history = "; it has lived elsewhere since" if verdict.kind == "other" else ""
            until = moment(verdict.until_us)
            return f"{store} had {missing} that this lacks, made after {begin} and up to {until}{history}"
        case Unmarked() if store.exists() and store.stat().st_size:
            return f"{store} is there and has no mark ({verdict.reason}): what it has that this lacks cannot be known"
        case _:
            return ""


def reinstate(store: Path, header: Header, now_us: int, verdict: Verdict) -> list[str]:
    """Put the copy that lies beside the store, proven, in its place, for who holds the store's lock and its folder;
    what was done, in words. Raises BackupRefused, StoreRefused, OSError. A clock that is behind what the store has seen
    is not believed."""
    now_us = max(now_us, header.mark.at_us, verdict.until_us if isinstance(verdict, Lost) else 0)
    copy, former = reinstating.restoring_path(store), _former(store, now_us)
    done = upgrade_held(copy, now_us, accept_loss=True, presumed=_missing(header, now_us, verdict), by="restore")
    log = copy.with_name(copy.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise BackupRefused(f"{log} could not be written back into the copy: look at the disk, then restore again")
    placing = reinstating.begin(store, former, header.sha256)
    reinstating.finish(store)
    given(store.parent, store, mark_path(store))
    aside = f"{store.with_name(placing.former)}: what stood there before; remove it when you do not need it"
    return [
        *([aside] if placing.parts else []),
        *done,
        f"{store} stands at commit {header.mark.number}, {moment(header.mark.at_us)}",
    ]


def _former(store: Path, now_us: int) -> str:
    """The name for what stands there, its log with it, which SQLite would apply to the backup. Raises BackupRefused."""
    former = f"{store.name}.before-{datetime.fromtimestamp(now_us / 1e6, UTC):%Y%m%dT%H%M%SZ}"
    if any(store.with_name(former + part).exists() for part in PARTS):
        raise BackupRefused(f"{store.with_name(former)} is there already")
    return former


def _missing(header: Header, now_us: int, verdict: Verdict) -> Lost | None:
    """What is gone on without. Where no mark tells, nobody knows what was posted since: as if all were missing."""
    match verdict:
        case Lost():
            return verdict
        case Unmarked():
            since_us = header.mark.at_us
            return Lost(kind="behind", missing=None, since_us=since_us, until_us=now_us, mark=header.mark)
        case Intact():
            return None
        case _ as never:
            assert_never(never)


def moment(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(sep=" ", timespec="seconds")
