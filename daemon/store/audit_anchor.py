"""What is remembered of the audit outside of the database: lines of the anchor file and of the journal, and the mark.

A line is JSON: ``{"v":1,"at":"2026-11-29T07:00:00Z","store":"…","rows":1234,"hash":"…"}``. When so many rows had been
written, the newest had this hash; since every row names the hash of the one before it, that stands for all of them.
"""

import os
import pwd
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from actors.ports.audit import HOST
from config.numbers import number_of
from daemon.store import mark
from daemon.store.audit_chain import Told
from daemon.store.audit_proof import Anchor
from daemon.store.audit_rows import Entry, Head, head
from daemon.store.audit_rows import append as add

LINE_BYTES_MAX = 65_536


class _Line(msgspec.Struct, kw_only=True):
    rows: int
    hash: str
    store: str = ""


class _Journal(msgspec.Struct, kw_only=True, rename="upper"):
    """As ``journalctl -o json`` prints the event ``audit.anchored``."""

    rows: str
    hash: str
    store: str = ""


_line = msgspec.json.Decoder(_Line)
_journal = msgspec.json.Decoder(_Journal)


def line(store: str, head: Head, now_us: int) -> bytes:
    """As it is appended to the file, with its end."""
    at = datetime.fromtimestamp(now_us / 1e6, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return msgspec.json.encode({"v": 1, "at": at, "store": store, "rows": head.seq, "hash": head.hash.hex()}) + b"\n"


def append(path: Path, store: str, head: Head, now_us: int) -> None:
    """Append a line and see it on disk. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        told = line(store, head, now_us)
        if os.write(handle, told) != len(told):
            raise OSError(f"only a part of the line could be written to {path}")
        os.fsync(handle)
    finally:
        os.close(handle)


def parsed(lines: Iterable[bytes], where: str) -> Iterator[Anchor]:
    """Of each line that is one; torn lines and other lines of a journal are passed over."""
    for number, raw in enumerate(lines, 1):
        found = _decoded(raw)
        if found is not None:
            yield Anchor(seq=found[0], hash=found[1], where=f"{where}, line {number},", store=found[2])


def _decoded(raw: bytes) -> tuple[int, bytes, str] | None:
    if len(raw) > LINE_BYTES_MAX:
        return None
    try:
        told = _line.decode(raw)
        return told.rows, bytes.fromhex(told.hash), told.store
    except (msgspec.DecodeError, ValueError):
        pass  # it may be a line of the journal
    try:
        said = _journal.decode(raw)
        return int(said.rows), bytes.fromhex(said.hash), said.store
    except (msgspec.DecodeError, ValueError):
        return None


def in_file(path: Path) -> list[Anchor]:
    """Raises OSError."""
    with path.open("rb") as file:
        return list(parsed(file, str(path)))


def in_mark(database: Path) -> list[Anchor]:
    """What the high-water mark beside a database remembers: nothing where there is none."""
    try:
        found = mark.read(mark.mark_path(database)).mark
    except OSError:
        return []
    if found is None or not found.audited:
        return []
    where = f"the mark {mark.mark_path(database).name}"
    return [Anchor(seq=found.audited, hash=bytes.fromhex(found.audit_hash), where=where, store=found.store)]


# ── at the start ─────────────────────────────────────────────────────────────────────────────────────


def fallen_behind(raw: sqlite3.Connection, remembered: mark.Mark | None) -> str:
    """What is missing of that which the mark has seen, in words; nothing if all is there. A row that was cut since is
    not missing, and neither is the audit of another store."""
    if remembered is None or not remembered.audited:
        return ""
    [store] = raw.execute("SELECT value FROM facts WHERE name = 'store_id'").fetchone() or [""]
    if store != remembered.store:
        return ""
    newest = head(raw)
    if newest.seq < remembered.audited:
        return f"{number_of(remembered.audited, 'rows')} of the audit had been written, the newest here is {newest.seq}"
    there = raw.execute("SELECT hash FROM audit WHERE seq = ?", (remembered.audited,)).fetchone()
    if there is not None and there[0].hex() != remembered.audit_hash:
        return f"row {remembered.audited} of the audit is another one than was written"
    return ""


def own_up(raw: sqlite3.Connection, missing: str, remembered: mark.Mark, now_us: int) -> None:
    """A row that says so, numbered behind what is missing: the gap stays to be seen. Raises sqlite3.Error."""
    told = Told(who="lmsyncd", detail=missing)
    entry = Entry(tenant=HOST, kind="noted", what="audit.tail_missing", told=told, result="failed")
    add(raw, entry, now_us, remembered.audited)


def accepted(raw: sqlite3.Connection, loss: mark.Lost, now_us: int, by: str = "migrate") -> None:
    """A row about whoever goes on without commits that are missing, numbered behind those of the audit that are."""
    [store] = raw.execute("SELECT value FROM facts WHERE name = 'store_id'").fetchone() or [""]
    floor = loss.mark.audited if loss.mark.store == store else 0
    who = f"{_login()} (uid {os.getuid()})"
    said = {"kind": loss.kind, "commits": loss.missing, "rows_before": head(raw).seq, "rows_remembered": floor}
    told = Told(who=who, place=f"lmsyncd {by}, pid {os.getpid()}", arguments=msgspec.json.encode(said).decode())
    add(raw, Entry(tenant=HOST, kind="noted", what="store.loss_accepted", told=told, result="done"), now_us, floor)


def _login() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "unknown"
