"""Forward migrations, checksummed and all or nothing: a file that was applied may never change, and a newer database is
refused."""

import hashlib
import re
import sqlite3
import time
from importlib.resources import files
from typing import NamedTuple

from daemon.store.errors import StoreRefused, translate
from daemon.store.opening import UNHEARD, Opening

APPLICATION_ID = 0x6C6D7364  # 'lmsd', so that `file` and we recognise our own databases


class Migration(NamedTuple):
    """One ``migrations/NNNN_name.sql``."""

    version: int
    name: str
    sql: str
    checksum: str

    @property
    def label(self) -> str:
        return f"{self.version:04}_{self.name}"


def available() -> list[Migration]:
    """All migrations that this version of lmsyncd brings, in order, without gaps."""
    found = []
    for entry in files("daemon.store").joinpath("migrations").iterdir():
        if matched := re.fullmatch(r"(\d{4})_(\w+)\.sql", entry.name):
            sql = entry.read_text(encoding="utf-8")
            checksum = hashlib.sha256(sql.encode()).hexdigest()
            found.append(Migration(int(matched[1]), matched[2], sql, checksum))
    found.sort()
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise StoreRefused("the installed migrations have gaps; reinstall lmsyncd")
    return found


def applied(raw: sqlite3.Connection) -> dict[int, str]:
    """Version to checksum of what the database has seen."""
    known = raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone()
    return dict(raw.execute("SELECT version, checksum FROM migrations")) if known else {}


def pending(raw: sqlite3.Connection) -> list[Migration]:
    """What would be applied. Raises StoreRefused for a foreign, newer or altered database."""
    mark = raw.execute("PRAGMA application_id").fetchone()[0]
    tables = raw.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and mark != APPLICATION_ID:
        raise StoreRefused("this file is another program's database; give [store] path another name")
    ours, theirs = available(), applied(raw)
    newest = max(theirs, default=0)
    if newest > len(ours):
        raise StoreRefused(
            f"the database has schema version {newest}, this lmsyncd knows up to {len(ours)}: "
            "it was used by a newer version; install that version or restore an older backup"
        )
    for migration in ours[:newest]:
        if theirs.get(migration.version) != migration.checksum:
            raise StoreRefused(
                f"migration {migration.label} differs from the one this database was made with; "
                "reinstall the released version of lmsyncd; if it is that one, the file is damaged (docs/recovery.md)"
            )
    return ours[newest:]


def migrate(raw: sqlite3.Connection, now_us: int, told: Opening = UNHEARD) -> list[Migration]:
    """Apply what is pending, all in one transaction; returns what was applied. Where one of them fails, StoreRefused
    says so and nothing has changed: the version of lmsyncd that the database comes from can still use it."""
    todo = pending(raw)
    if not todo:
        return []
    [kept] = raw.execute("PRAGMA temp_store").fetchone()
    raw.execute("PRAGMA temp_store = FILE")  # what is sorted for an index may be larger than memory
    try:
        _apply(raw, todo, now_us, UNHEARD if todo[0].version == 1 else told)
    finally:
        raw.execute(f"PRAGMA temp_store = {kept}")
    return todo


def _apply(raw: sqlite3.Connection, todo: list[Migration], now_us: int, told: Opening) -> None:
    raw.execute("BEGIN IMMEDIATE")
    label = todo[0].label
    try:
        raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        raw.execute(
            "CREATE TABLE IF NOT EXISTS migrations "
            "(version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_us INTEGER NOT NULL)"
        )
        for migration in todo:
            label = migration.label
            told.migrating(label, migration.version, todo[-1].version)
            began_s = time.monotonic()
            for statement in split(migration.sql):
                raw.execute(statement)
            raw.execute(
                "INSERT INTO migrations VALUES (?, ?, ?, ?)",
                (migration.version, migration.name, migration.checksum, now_us),
            )
            told.migrated(label, time.monotonic() - began_s)
        told.step("committing the migrations")
        raw.execute("COMMIT")
    except BaseException as error:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            before = f"schema version {todo[0].version - 1}" if todo[0].version > 1 else "empty"
            raise StoreRefused(
                f"migration {label} failed: {translate(error)}; nothing was changed ({before}): "
                "the version of lmsyncd before can go on with this database"
            ) from error
        raise


def split(script: str) -> list[str]:
    """The script's statements (``executescript`` would commit behind our back)."""
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current.strip())
            current = ""
    if current.strip() and not current.strip().startswith("--"):
        raise StoreRefused(f"a migration ends in the middle of a statement: {current.strip()[:60]!r}")
    return statements
