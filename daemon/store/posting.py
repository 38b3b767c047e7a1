"""What is posted though no statement is behind it: cards for reviewers, alarms. Deliveries like any other."""

import sqlite3

from actors.domain.alarms import AlarmCard
from actors.domain.conflicts.cards import ReviewCard
from config.model import Audience
from daemon.store import closing, lines, rows
from daemon.store.holding import DAY_US

ATTEMPTS_MAX = 8
REPLACED = "replaced before it was sent: it stands otherwise now"
_WAITING = (
    "SELECT seq, history FROM deliveries INDEXED BY deliveries_entity WHERE entity = ? "
    "AND state IN ('waiting', 'held', 'delivered') AND state IN ('waiting', 'held') AND sent_us IS NULL"
)
_INSERT = (
    "INSERT INTO deliveries (id, lane, route, destination, audience, change, kind, statement_seq, statement_id, "
    "correlation_id, traceparent, doubtful, attempts_max, state, head, accepted_us, due_us, entity, revise, routed_us, "
    "from_us) VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', ?, '', 'park', ?, 'waiting', ?, ?, ?, ?, 1, ?, ?)"
)


def post(
    raw: sqlite3.Connection,
    lane: str,
    route: str,
    destination: str,
    audience: Audience,
    card: ReviewCard | AlarmCard,
    entity: bytes,
    correlation_id: str,
    occurrence: int,
    now_us: int,
) -> bool:
    """A delivery for what the card says; False where this was posted before. What was not sent yet of the same entity
    is not sent any more; what was posted is rewritten. ``entity``: by which earlier posts of the same are found
    (``rows.key``); ``occurrence``: how many times its value has changed."""
    tenant, _, target = lane.partition("/")
    key = rows.key(tenant, target, destination, card.kind, card.entity, card.value, occurrence)
    if raw.execute("INSERT OR IGNORE INTO effects VALUES (?, ?)", (key, now_us // DAY_US)).rowcount == 0:
        return False
    for seq, history in raw.execute(_WAITING, (entity,)).fetchall():
        closing.close(raw, seq, REPLACED, history, now_us)
    head = not lines.first(raw, lane, destination)
    raw.execute(
        _INSERT,
        (
            key, lane, route, destination, rows.pack(audience), rows.pack(card), card.kind,
            correlation_id, ATTEMPTS_MAX, int(head), now_us, now_us, entity, now_us, now_us,
        ),
    )  # fmt: skip
    return True
