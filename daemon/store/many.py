"""Many rows in few statements. SQLite is left alone with all of them: each statement that Python runs gives its lock
away and waits to have it back, beside a gateway that is busy reading."""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeVar

from config.recall import remembered

VALUES_MAX = 2000
"""Bound to one statement; SQLite takes 32,766 since 3.32."""
_STEPS = (256, 64, 16, 4, 1)
"""Rows in one statement: few sizes, so that the connection remembers each as prepared."""
_LOOKUP_MAX = 500
T = TypeVar("T")


def insert(raw: sqlite3.Connection, head: str, rows: Sequence[Sequence[object]], tail: str = "") -> None:
    """``head`` ends before VALUES; ``tail`` is what to do ON CONFLICT. Rows are all as wide as the first."""
    start = 0
    for step in _STEPS:
        while rows and len(rows) - start >= step and step * len(rows[0]) <= VALUES_MAX:
            some = rows[start : start + step]
            raw.execute(_sql(head, len(some[0]), step, tail), tuple(chain.from_iterable(some)))
            start += step


def some(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    """In parts, each for one look-up by IN (...)."""
    return (keys[start : start + _LOOKUP_MAX] for start in range(0, len(keys), _LOOKUP_MAX))


@remembered("store_words", 256)
def _sql(head: str, width: int, rows: int, tail: str) -> str:
    row = f"({', '.join('?' * width)})"
    return f"{head} VALUES {', '.join([row] * rows)} {tail}"
