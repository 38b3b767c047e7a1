"""A new store without its migrations run anew: all tests of one process begin with copies of one that they made once.

Making the schema is most of what opening a new store costs, and thousands of tests open one. What migrations do is
tested where they are run for what they are (``migrate`` by its own name, ``upgrade``, and every daemon that is a
process of its own).
"""

import sqlite3
from functools import cache

from daemon.store.engine import INCREMENTAL
from daemon.store.migrate import Migration, available, migrate
from daemon.store.opening import UNHEARD, Opening


@cache
def _image() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    made.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
    migrate(made, 0)
    return made


def migrate_by_copy(raw: sqlite3.Connection, now_us: int, told: Opening = UNHEARD) -> list[Migration]:
    """As ``migrate``, which it leaves everything to that is not an empty database."""
    if raw.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
        return migrate(raw, now_us, told)
    _image().backup(raw)
    raw.execute("UPDATE migrations SET applied_us = ?", (now_us,))
    return available()
