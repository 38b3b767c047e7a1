"""A pilot that was stopped towards nobody: what waited for it then, and surely was not sent, is not sent any more.

However much that is, it is done by and by: up to which delivery, stands in the pilot's row until all of it is. A lane
hands out nothing before its own part is done, so that whoever stops a pilot is not overtaken by what waits, and a
process that was killed in between goes on with the rest. What is in somebody's hands at that moment, or in doubt, is
waited for: it may have landed. If it surely has not, it is not sent again.
"""

import sqlite3

from actors.domain.outbox import State
from daemon.store import holding, lines
from daemon.store.piloting import STOPPED

AT_ONCE = 2_000
"""So many deliveries in one transaction."""
_OPEN = (
    "SELECT seq, lane, destination, kind, head FROM deliveries INDEXED BY deliveries_pilot_open "
    "WHERE pilot = ? AND pilot IS NOT NULL AND state IN ('waiting', 'held') AND seq <= ? AND sent_us IS NULL "
    "AND digest IS NULL AND ? IN ('', lane) ORDER BY seq LIMIT ?"
)
_IN_HAND = (
    "SELECT 1 FROM deliveries INDEXED BY deliveries_pilot_open WHERE pilot = ?1 AND pilot IS NOT NULL "
    "AND state IN ('waiting', 'held') AND seq <= ?2 AND digest IS NULL UNION ALL "
    "SELECT 1 FROM deliveries INDEXED BY deliveries_claimed WHERE claimed_by IS NOT NULL AND pilot = ?1 AND seq <= ?2 "
    "LIMIT 1"
)
_PENDING = "SELECT no, name, off_seq FROM pilots INDEXED BY pilots_off WHERE off_seq > 0"


def begin(raw: sqlite3.Connection, no: int) -> None:
    """All that there is now. What a pilot plans that is begun again afterwards has nothing to do with it."""
    raw.execute(
        "UPDATE pilots SET off_seq = ifnull((SELECT max(seq) FROM deliveries), 0) WHERE no = ?",
        (no,),
    )


def go_on(raw: sqlite3.Connection, now_us: int, no: int | None = None) -> int:
    """A bounded part of what is left, of this pilot or of any. How many; 0: all that can be by now."""
    for pilot, name, off_seq in raw.execute(_PENDING).fetchall():
        if no not in (None, pilot):
            continue
        found = _call_off(raw, pilot, name, off_seq, now_us)
        if found < AT_ONCE and raw.execute(_IN_HAND, (pilot, off_seq)).fetchone() is None:
            raw.execute("UPDATE pilots SET off_seq = 0 WHERE no = ?", (pilot,))
        if found:
            return found
    return 0


def clear(raw: sqlite3.Connection, lane: str, now_us: int) -> bool:
    """The part of one lane; False: there is more, so nothing may be handed out yet."""
    left = AT_ONCE
    tenant = lane.partition("/")[0]
    for pilot, name, off_seq in raw.execute(f"{_PENDING} AND tenant = ?", (tenant,)).fetchall():
        left -= _call_off(raw, pilot, name, off_seq, now_us, lane, left)
        if not left:
            return False
    return True


def _call_off(
    raw: sqlite3.Connection, no: int, name: str, off_seq: int, now_us: int, lane: str = "", limit: int = 0
) -> int:
    found = raw.execute(_OPEN, (no, off_seq, lane, limit or AT_ONCE)).fetchall()
    for seq, _, _, kind, _ in found:
        raw.execute(
            "UPDATE deliveries SET state = 'shadowed', head = 0, held_for = '', detail = ?, done_us = ? WHERE seq = ?",
            (STOPPED.format(name), now_us, seq),
        )
        if kind == "digest":
            [key] = raw.execute("SELECT lower(hex(id)) FROM deliveries WHERE seq = ?", (seq,)).fetchone()
            holding.settle_items(raw, seq, State.SHADOWED, None, now_us, key)
    for its_lane, destination in {(row[1], row[2]) for row in found if row[4]}:  # only now: who leaves is no head
        lines.advance(raw, its_lane, destination, now_us)
    return len(found)
