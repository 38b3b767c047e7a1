"""What a failed order about a place asks of people: its place is archived or gone, or its name is taken. What failed
for another reason is a dead letter alone.

It is asked in the transaction that records the failure, and settled in the one that records the next success there, so
that nothing in between takes the question back.
"""

import sqlite3

import msgspec

from actors.domain.conflicts import places
from actors.domain.conflicts.drift import Where
from actors.domain.conflicts.fixes import unit_scope
from actors.domain.conflicts.model import Conflict
from actors.domain.outbox import Decision, Delivery, State
from actors.domain.rosters.order import RosterOrder
from actors.domain.verdicts import Cause
from daemon.store import raising

_PLACE = (
    "SELECT label, name, made_us, born_us FROM roster_places WHERE lane = ? AND tenant = ? AND rule = ? AND unit = ?"
)
_TAKEN = ("is taken", "already exist", "in use")
"""How vendors say that a name is somebody else's."""


def settle(raw: sqlite3.Connection, delivery: Delivery, decision: Decision, now_us: int) -> None:
    """Of an order that left its line."""
    order = delivery.change
    if not isinstance(order, RosterOrder) or decision.state.open or decision.state is State.HELD:
        return
    scope = f"order:{unit_scope(order.roster, order.unit)}"  # its own: who compares the place knows nothing of orders
    if decision.state is State.DELIVERED:
        raising.clear(raw, delivery.tenant, scope, now_us)
        return
    row = raw.execute(_PLACE, (delivery.lane, delivery.tenant, order.roster, order.unit)).fetchone()
    if row is None:
        return
    label, name, made_us, born_us = row
    where = Where(
        rule=order.roster,
        unit=order.unit,
        lane=delivery.lane,
        source=f"roster {order.roster}",
        place=order.place,
        label=label or name,
        plan=delivery.correlation_id,
        at_us=now_us,
    )
    young = now_us - made_us < born_us
    conflict = None if young else _conflict(where, order, order.name or name, decision)
    if conflict is not None:
        raising.raise_(raw, delivery.tenant, [msgspec.structs.replace(conflict, scope=scope)], now_us)


def _conflict(where: Where, order: RosterOrder, name: str, decision: Decision) -> Conflict | None:
    said, people = decision.detail.casefold(), len(order.members) + len(order.owners)
    if order.deed == "create":
        taken = any(each in said for each in _TAKEN)
        return places.name_taken(where, name, decision.detail) if taken else None
    if decision.cause is not Cause.DESTINATION_GONE:
        return None
    if "archived" in said:
        return places.place_archived(where, name, people)
    return places.place_gone(where, decision.detail, people)
