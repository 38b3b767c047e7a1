"""What SQLite says, in our words: take it back later, or stop."""

import sqlite3

from actors.ports import StoreUnavailable

_LATER = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk reports an I/O error",
    sqlite3.SQLITE_BUSY: "the database is busy",
    sqlite3.SQLITE_LOCKED: "the database is locked",
    sqlite3.SQLITE_NOMEM: "the database ran out of memory",
    sqlite3.SQLITE_READONLY: "the database is read-only",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened",
    sqlite3.SQLITE_INTERRUPT: "the database call was interrupted",
}
_NO_TEXT = "Could not decode to UTF-8"  # Python's word, without a code, for a text that is none


class StoreRefused(Exception):
    """The store cannot be used as it is (newer schema, other process, damaged file). The text says what to do."""


def translate(error: sqlite3.Error) -> Exception:
    """Back-pressure for what passes by itself, StoreRefused for what does not."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary in _LATER:
        return StoreUnavailable(f"{_LATER[primary]} ({error})")
    if primary in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} or str(error).startswith(_NO_TEXT):
        return StoreRefused(damaged(str(error)))
    return error


def unopenable(error: sqlite3.Error) -> Exception:
    """The same while a store is opened: what its own statements do not find there has been damaged as well, for every
    column that they name was made by a migration before."""
    said = translate(error)
    if said is error and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return StoreRefused(damaged(str(error)))
    return said


def damaged(what: str) -> str:
    """What is wrong with the file and what to do: one line."""
    return f"the database file is damaged ({what}); restore a backup or repair it, as docs/recovery.md tells"
