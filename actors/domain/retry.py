"""What becomes of a delivery after an answer: design part 5 as two functions, without clock or dice.

The rules behind the tables: an attempt is given back only where the effect *surely* did not happen and the delivery
is not to blame; an unknown outcome is never sent again on the strength of time alone; and whatever is given back is
due noticeably later, because nothing else bounds how often it is tried.
"""

from typing import assert_never

from actors.domain.outbox import Decision, Delivery, State
from actors.domain.throttle import retry_after_s
from actors.domain.verdicts import (
    Absent,
    Cause,
    Confirmation,
    Delivered,
    Doubtful,
    Faulted,
    Refused,
    Repeatable,
    Revoked,
    Throttled,
    Unavailable,
    Unprobeable,
    Verdict,
)

BACKOFF_BASE_S = 1.0
BACKOFF_S_MAX = 300.0
REFUNDED_S_MIN = 0.25
"""A vendor that says ``Retry-After: 0`` for ever must not become a busy loop."""


def decide(
    verdict: Verdict,
    *,
    attempts: int,
    attempts_max: int,
    now_us: int,
    dice: float,
    settle_s: float = 0.0,
    consecutive: int = 1,
) -> Decision:
    """After a send. ``attempts`` counts this one; ``dice`` lies in [0, 1); ``consecutive`` counts the lane's
    answers in a row, this one included, that said *not now* (throttled, down)."""
    match verdict:
        case Delivered(receipt=receipt):
            return Decision(state=State.DELIVERED, receipt=receipt)
        case Throttled(retry_after=header, detail=detail) | Unavailable(retry_after=header, detail=detail):
            wait_s = _told_or_backoff_s(header, consecutive, now_us, dice)
            return Decision(state=State.WAITING, due_us=_later(now_us, wait_s), refund=True, detail=detail)
        case Faulted(detail=detail):
            if attempts >= attempts_max:
                return Decision(state=State.DEAD, cause=Cause.EXHAUSTED, detail=_exhausted(attempts, detail))
            wait_s = backoff_s(attempts) * dice
            return Decision(state=State.WAITING, due_us=_later(now_us, wait_s), detail=detail)
        case Doubtful(detail=detail):
            return Decision(state=State.UNKNOWN, due_us=_later(now_us, settle_s), detail=detail)
        case Refused(cause=cause, detail=detail):
            return Decision(state=State.DEAD, cause=cause, detail=detail)
        case Revoked(detail=detail):
            return Decision(state=State.WAITING, due_us=now_us, refund=True, detail=detail)
        case _ as never:
            assert_never(never)


def decide_probe(
    confirmation: Confirmation,
    delivery: Delivery,
    *,
    now_us: int,
    dice: float,
    settle_s: float,
    late_landing_s: float,
    consecutive: int = 1,
) -> Decision:
    """After looking for the effect of an earlier attempt. A probe neither spends nor gives back an attempt."""
    match confirmation:
        case Delivered(receipt=receipt):
            return Decision(state=State.DELIVERED, receipt=receipt, detail="found by looking at the vendor")
        case Absent(detail=detail):
            return _absent(delivery, detail, now_us, settle_s, late_landing_s)
        case Repeatable(detail=detail):
            if delivery.attempts >= delivery.attempts_max:
                return _parked(f"{detail}; attempts spent ({delivery.attempts})")
            return Decision(state=State.WAITING, due_us=now_us, detail=detail)
        case Unprobeable(detail=detail):
            if delivery.doubtful != "resend":
                return _parked(detail)
            if delivery.attempts >= delivery.attempts_max:
                return _parked(f"{detail}; attempts spent ({delivery.attempts})")
            accepted = f"{detail}; sent again because the route accepts a double"
            return Decision(state=State.WAITING, due_us=now_us, detail=accepted)
        case Throttled(retry_after=header, detail=detail) | Unavailable(retry_after=header, detail=detail):
            wait_s = _told_or_backoff_s(header, consecutive, now_us, dice)
            return Decision(state=State.UNKNOWN, due_us=_later(now_us, wait_s), detail=detail)
        case Revoked(detail=detail):
            wait_s = _told_or_backoff_s(None, consecutive, now_us, dice)
            return Decision(state=State.UNKNOWN, due_us=_later(now_us, wait_s), detail=detail)
        case _ as never:
            assert_never(never)


def backoff_s(tries: int) -> float:
    """The ceiling of the wait after so many tries: it doubles, up to five minutes."""
    return float(min(BACKOFF_S_MAX, BACKOFF_BASE_S * 2.0 ** min(max(tries, 1) - 1, 32)))


def _absent(delivery: Delivery, detail: str, now_us: int, settle_s: float, late_landing_s: float) -> Decision:
    """Absence is proof only once nothing can land any more."""
    doubt_us = next(at for at in (delivery.doubt_us, delivery.sent_us, delivery.accepted_us) if at is not None)
    closes_us = _later(doubt_us, late_landing_s)
    if now_us < closes_us:
        due_us = max(closes_us, _later(now_us, settle_s))
        return Decision(state=State.UNKNOWN, due_us=due_us, detail=f"{detail}; it may still land")
    if delivery.attempts >= delivery.attempts_max:
        spent = _exhausted(delivery.attempts, detail)
        return Decision(state=State.DEAD, cause=Cause.EXHAUSTED, detail=spent, forget_sends=True)
    return Decision(state=State.WAITING, due_us=now_us, detail=detail, forget_sends=True)


def _parked(detail: str) -> Decision:
    return Decision(state=State.PARKED, cause=Cause.UNKNOWN_OUTCOME, detail=detail)


def _told_or_backoff_s(header: str | None, consecutive: int, now_us: int, dice: float) -> float:
    """The vendor's own time where it named one; else half of the backoff surely and half of it by chance."""
    told_s = retry_after_s(header, now_us)
    if told_s is not None:
        return max(told_s, REFUNDED_S_MIN)
    return backoff_s(consecutive) * (0.5 + dice / 2)


def _exhausted(attempts: int, detail: str) -> str:
    return f"gave up after {attempts} attempts: {detail}"


def _later(at_us: int, wait_s: float) -> int:
    return at_us + round(wait_s * 1e6)
