"""A delivery that waits and will not be sent, because something newer is known: closed, with a line in its history."""

import sqlite3

from actors.domain.outbox import Attempt
from daemon.store import lines, rows


def close(raw: sqlite3.Connection, seq: int, detail: str, history: str, now_us: int) -> None:
    """It is superseded, and leaves its line."""
    line = Attempt(number=0, kind="router", started_us=now_us, ended_us=now_us, verdict="superseded", detail=detail)
    head, lane, destination = raw.execute(
        "SELECT head, lane, destination FROM deliveries WHERE seq = ?", (seq,)
    ).fetchone()
    raw.execute(
        "UPDATE deliveries SET state = 'superseded', head = 0, held_for = '', detail = ?, done_us = ?, history = ? "
        "WHERE seq = ?",
        (detail, now_us, rows.longer_history(history, line), seq),
    )
    if head:
        lines.advance(raw, lane, destination, now_us)
