"""Whether a database can be believed after an end that was not orderly: looked at, within bounds, before it is used.

SQLite finds damage in a page only when it reads it, and damage inside a text never. So a small database is checked
whole; of a large one every small table, and of each large table the newest rows, where a crash or a sick disk leaves
its traces. Of the newest statements, attachments and documents the content is compared with its digest. What this
cannot see is written in ``docs/recovery.md``.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from uuid import UUID

import msgspec

from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.guard import parse
from actors.domain.xapi.identity import digest
from actors.domain.xapi.patterns import Version
from config.model import Audience
from daemon.store.rows import unpack_carried, unpack_change

WHOLE_BYTES_MAX = 32 * 1024 * 1024
SMALL_ROWS_MAX = 1000
NEWEST_ROWS = 1000
NEWEST_BYTES = 16 * 1024 * 1024
"""Of contents and of documents, so much is compared."""
EVERYTHING = -1
"""As a number of rows, for SQLite."""
DIGEST_BYTES = 32
HASHES = {28: hashlib.sha224, 32: hashlib.sha256, 48: hashlib.sha384, 64: hashlib.sha512}
"""By the length of what they make."""
VERSIONS: tuple[Version, ...] = ("1.0.3", "2.0.0")


def _at_once() -> None:
    """Nobody has to be left time."""


def unsound(raw: sqlite3.Connection, *, whole: bool = False) -> str:
    """The first damage found, in words; empty if none is. ``whole`` checks all of it, however long that takes.
    Raises sqlite3.Error where SQLite itself stumbles over damage."""
    size = raw.execute("PRAGMA page_count").fetchone()[0] * raw.execute("PRAGMA page_size").fetchone()[0]
    if whole or size <= WHOLE_BYTES_MAX:
        found = _said(raw, "PRAGMA integrity_check(1)")
    else:
        found = next((said for table in _tables(raw) if (said := _table(raw, table))), "")
    return found or next(contradictions(raw), "")


def _said(raw: sqlite3.Connection, check: str) -> str:
    said = str(raw.execute(check).fetchone()[0])
    return "" if said == "ok" else said


def _tables(raw: sqlite3.Connection) -> list[str]:
    return [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]


def _table(raw: sqlite3.Connection, table: str) -> str:
    """A small table whole, of a large one the newest rows (by rowid; one without rowids has no newest)."""
    rows = raw.execute(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {SMALL_ROWS_MAX + 1})").fetchone()[0]  # noqa: S608
    if rows <= SMALL_ROWS_MAX:
        return _said(raw, f"PRAGMA integrity_check({table})")
    try:
        newest = raw.execute(f"SELECT * FROM {table} ORDER BY rowid DESC LIMIT {NEWEST_ROWS}")  # noqa: S608
    except sqlite3.OperationalError as error:
        if "no such column: rowid" not in str(error):
            raise
        return ""
    for _ in newest:
        pass  # SQLite checks the pages it walks through
    return ""


def contradictions(
    raw: sqlite3.Connection, rest: Callable[[], None] = _at_once, *, whole: bool = False
) -> Iterator[str]:
    """Rows of the newest statements that disagree with one another or with themselves; ``whole``: of all. ``rest`` is
    called after each row that was looked at."""
    rows_max = EVERYTHING if whole else NEWEST_ROWS
    if not {"statements", "arrivals", "deliveries"} <= set(_tables(raw)):
        return
    newest = raw.execute(
        "SELECT s.seq, s.id, s.digest, s.body, a.version FROM statements s LEFT JOIN arrivals a ON a.no = s.arrival "
        "ORDER BY s.seq DESC LIMIT ?",
        (rows_max,),
    )
    for seq, key, content, body, version in newest:
        rest()
        if version is None:
            yield f"statement {seq}: the request that brought it is missing"
        elif len(content) >= DIGEST_BYTES and not _same(key, content[-DIGEST_BYTES:], body, version):
            yield f"statement {seq} ({UUID(bytes=key)}): its content is not what was accepted"
    for seq, audience, change in raw.execute(
        "SELECT seq, audience, change FROM deliveries ORDER BY seq DESC LIMIT ?", (rows_max,)
    ):
        rest()
        try:
            msgspec.json.decode(audience, type=Audience)
            unpack_carried(change)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield f"delivery {seq}: what it is about cannot be read"
    yield from _later_contradictions(raw, rest, rows_max)


def _later_contradictions(raw: sqlite3.Connection, rest: Callable[[], None], rows_max: int) -> Iterator[str]:
    """The same of what came with later versions: an older store has none of it."""
    if "change" in {column for _, column, *_ in raw.execute("PRAGMA table_info(outcomes)")}:
        for seq, change in raw.execute("SELECT seq, change FROM outcomes ORDER BY seq DESC LIMIT ?", (rows_max,)):
            rest()
            try:
                if change is not None:
                    unpack_change(change)
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield f"statement {seq}: what it told cannot be read"
    if not {"documents", "contents", "pieces"} <= set(_tables(raw)):
        return
    read_bytes = 0
    for no, etag, body in raw.execute("SELECT no, etag, body FROM documents ORDER BY no DESC LIMIT ?", (rows_max,)):
        rest()
        read_bytes += len(body)
        if hashlib.sha1(body, usedforsecurity=False).hexdigest() != etag:
            yield f"document {no}: its content is not what was accepted"
        if read_bytes > NEWEST_BYTES and rows_max != EVERYTHING:
            break
    yield from _contents(raw, rest, rows_max)


def _contents(raw: sqlite3.Connection, rest: Callable[[], None], rows_max: int) -> Iterator[str]:
    """Attachments, newest first; one that is larger than what is compared is left out."""
    left_bytes = NEWEST_BYTES
    for no, sha2, size_bytes in raw.execute(
        "SELECT no, sha2, bytes FROM contents WHERE sha2 IS NOT NULL ORDER BY no DESC LIMIT ?", (rows_max,)
    ):
        rest()
        left_bytes -= size_bytes
        if left_bytes < 0 and rows_max != EVERYTHING:
            return
        made = HASHES[len(sha2)]()
        for (piece,) in raw.execute("SELECT bytes FROM pieces WHERE content = ? ORDER BY piece", (no,)):
            made.update(piece)
        if made.digest() != sha2:
            yield f"attachment {no}: its content is not what was accepted"


def _same(key: bytes, content: bytes, body: bytes, version: str) -> bool:
    try:
        statement = parse(body)
        if not isinstance(statement, dict) or statement.get("id") != str(UUID(bytes=key)):
            return False
        return version in VERSIONS and digest(statement) == content
    except (Refusal, KeyError, TypeError, AttributeError, ValueError, RecursionError):  # no valid statement any more
        return False
