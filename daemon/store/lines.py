"""Lines: the open deliveries of one destination, in order. Its first row is the *head*, and only heads are handed out.
A follower becomes head in the same transaction in which the one before it leaves the line.
"""

import sqlite3


def first(raw: sqlite3.Connection, lane: str, destination: str) -> int | None:
    """The first open row of a destination's line."""
    row = raw.execute(
        "SELECT seq FROM deliveries WHERE lane = ? AND destination = ? "
        "AND state IN ('waiting', 'claimed', 'unknown') ORDER BY seq LIMIT 1",
        (lane, destination),
    ).fetchone()
    return row[0] if row else None


def advance(raw: sqlite3.Connection, lane: str, destination: str, due_us: int) -> None:
    """Make the next open row of the line its head, due when the destination may be written to again."""
    head = first(raw, lane, destination)
    if head is not None:
        raw.execute(
            "UPDATE deliveries SET head = 1, due_us = max(due_us, ?) WHERE seq = ? AND head = 0", (due_us, head)
        )


def step_back(raw: sqlite3.Connection, seq: int, lane: str, destination: str, due_us: int) -> None:
    """A head that was on its way waits again: an older row that came into the line meanwhile goes first, and waits for
    what the destination told this one to wait for."""
    oldest = first(raw, lane, destination)
    if oldest is not None and oldest < seq:
        raw.execute("UPDATE deliveries SET head = 0 WHERE seq = ?", (seq,))
        advance(raw, lane, destination, due_us)


def join(raw: sqlite3.Connection, seq: int, lane: str, destination: str, now_us: int) -> None:
    """Take the place in line that ``seq`` gives. A waiting head steps back for an older row; a claimed or unknown one
    goes first, and the line moves on in order after it."""
    head = raw.execute(
        "SELECT seq, state, due_us FROM deliveries INDEXED BY deliveries_line WHERE lane = ? "
        "AND destination = ? AND state IN ('waiting', 'claimed', 'unknown') AND head = 1",
        (lane, destination),
    ).fetchone()
    due_us = now_us
    if head is not None:
        if head[0] < seq or head[1] != "waiting":
            raw.execute("UPDATE deliveries SET due_us = ? WHERE seq = ?", (now_us, seq))
            return
        raw.execute("UPDATE deliveries SET head = 0 WHERE seq = ?", (head[0],))
        due_us = max(now_us, head[2])  # the destination may have been told to wait
    raw.execute("UPDATE deliveries SET due_us = ? WHERE seq = ?", (due_us, seq))
    advance(raw, lane, destination, due_us)
