"""What brought it that rosters change, as it is kept beside what is due: the trace of a reading, of a call or of a run
goes on in the orders that follow from it, and in those that follow from these.
"""

import msgspec

from actors.domain.outbox import Delivery
from actors.domain.rosters.order import RosterOrder
from actors.ports import Provenance
from actors.ports.rosters import Thread

_decode = msgspec.json.Decoder(Thread).decode


def packed(thread: Thread | None) -> str:
    """Empty: nothing did."""
    return "" if thread is None else msgspec.json.encode(thread).decode()


def unpacked(text: str) -> Thread | None:
    return _decode(text) if text else None


def of_source(provenance: Provenance) -> str:
    """Of what a source told, packed."""
    origin = provenance.origin
    how = "what it told" if origin is None else f"a {origin.mode} {origin.by}" if origin.mode else f"a {origin.by}"
    why = f"{how} of {provenance.source}"
    return packed(Thread(correlation_id=provenance.correlation_id, traceparent=provenance.traceparent, why=why))


def of_order(delivery: Delivery, order: RosterOrder) -> str:
    """Of what follows from an order, packed: the same as of the order."""
    return packed(Thread(correlation_id=delivery.correlation_id, traceparent=delivery.traceparent, why=order.cause))
