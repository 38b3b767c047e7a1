"""A backup takes the store's place. What stood there is moved aside, not removed, and from then on everything that may
have been posted since the backup was made is in doubt, so that it is looked for before it is posted (``lineage``).

The doubt is on record in the copy before it takes the place. Killed at any instruction this leaves the store that was
there, or none beside its mark (which a start refuses, saying so), or the restored one: the same command does the rest.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

from config.numbers import number_of
from daemon.backup.placing import sync_folder
from daemon.backup.refusing import BackupRefused
from daemon.backup.sealed import Header
from daemon.store.database import Lock, upgrade_held
from daemon.store.mark import Intact, Lineage, Lost, Unmarked, Verdict, mark_path

PARTS = ("", "-wal", "-shm")


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


def reinstate(store: Path, copy: Path, header: Header, now_us: int, verdict: Verdict) -> list[str]:
    """Put ``copy`` (beside the store, proven) in the store's place; what was done, in words. Raises BackupRefused,
    StoreRefused where the store is in use, OSError. A clock that is behind what the store has seen is not believed."""
    now_us = max(now_us, header.mark.at_us, verdict.until_us if isinstance(verdict, Lost) else 0)
    lock = Lock(store)
    try:
        done = upgrade_held(copy, now_us, accept_loss=True, presumed=_missing(header, now_us, verdict), by="restore")
        done = [*_moved_aside(store, now_us), *done]
        copy.rename(store)
        if (fresh := mark_path(copy)).exists():  # where it does not come to this: the loss is on record in the database
            fresh.rename(mark_path(store))
        sync_folder(store.parent)
        _given(store)
        return [*done, f"{store} stands at commit {header.mark.number}, {moment(header.mark.at_us)}"]
    finally:
        lock.release()


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


def _moved_aside(store: Path, now_us: int) -> list[str]:
    """Whatever is there, its log with it, which SQLite would apply to the backup. Raises BackupRefused, OSError."""
    former = f"{store.name}.before-{datetime.fromtimestamp(now_us / 1e6, UTC):%Y%m%dT%H%M%SZ}"
    there = [part for part in PARTS if store.with_name(store.name + part).exists()]
    if any(store.with_name(former + part).exists() for part in there):
        raise BackupRefused(f"{store.with_name(former)} is there already")
    for part in there:
        store.with_name(store.name + part).rename(store.with_name(former + part))
    sync_folder(store.parent)
    return [f"{store.with_name(former)}: what stood there before; remove it when you do not need it"] if there else []


def _given(store: Path) -> None:
    """Whoever owns the directory owns the store, also where root restored it."""
    if os.geteuid() == 0:
        owner = store.parent.stat()
        for path in (*(store.with_name(store.name + part) for part in (*PARTS, ".lock")), mark_path(store)):
            if path.exists():
                os.chown(path, owner.st_uid, owner.st_gid)


def moment(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(sep=" ", timespec="seconds")
