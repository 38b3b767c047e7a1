"""A delivery of which an attempt was made, for whoever decides what becomes of it."""

from deliveries import NOW_US, a_delivery

from actors.domain.outbox import Delivery, State

S = 1_000_000


def delivery(
    *,
    attempts: int = 1,
    attempts_max: int = 8,
    doubtful: str = "park",
    doubt_us: int | None = NOW_US,
    crashes: int = 0,
) -> Delivery:
    return a_delivery(
        attempts=attempts,
        attempts_max=attempts_max,
        doubtful=doubtful,
        state=State.UNKNOWN,
        sent_us=NOW_US - 10 * S,
        doubt_us=doubt_us,
        crashes=crashes,
    )
