"""How long each delivery took, counted as it is recorded: a bucket by route and hour, and a row for each that broke its
route's promise, with the stage that made it late. Nobody ever adds up a million deliveries for a percentile.
"""

import sqlite3

import msgspec

from actors.domain.outbox import Delivery
from actors.domain.sla import bucket, culprit, stages
from daemon.store import rows

HOUR_US = 3_600_000_000
_stages = msgspec.json.Encoder(order="sorted").encode


def keep(raw: sqlite3.Connection, delivery: Delivery, history: str, done_us: int) -> None:
    """A delivery has arrived. ``history``: its attempts, the last one included, as the row keeps them."""
    took_us = done_us - max(delivery.from_us, delivery.accepted_us)
    late = delivery.sla_us is not None and took_us > delivery.sla_us
    raw.execute(
        "INSERT INTO propagation (tenant, route, hour, bucket, n, late) VALUES (?, ?, ?, ?, 1, ?) "
        "ON CONFLICT (tenant, route, hour, bucket) DO UPDATE SET n = n + 1, late = late + excluded.late",
        (delivery.tenant, delivery.route, done_us // HOUR_US, bucket(took_us), int(late)),
    )
    if not late:
        return
    holds = raw.execute(
        "SELECT why, from_us, until_us FROM holds WHERE lane = ? AND until_us > ? ORDER BY from_us",
        (delivery.lane, delivery.accepted_us),
    ).fetchall()
    spent = stages(
        accepted_us=delivery.accepted_us,
        from_us=delivery.from_us,
        routed_us=delivery.routed_us,
        history=rows.unpack_history(history),
        done_us=done_us,
        holds=holds,
    )
    raw.execute(
        "INSERT OR REPLACE INTO late (seq, id, tenant, route, done_us, took_us, sla_us, stage, stages) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            delivery.seq,
            bytes.fromhex(delivery.id),
            delivery.tenant,
            delivery.route,
            done_us,
            took_us,
            delivery.sla_us,
            culprit(spent).value,
            _stages(spent).decode(),
        ),
    )
