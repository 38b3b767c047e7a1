"""What becomes of a delivery after an answer: design part 5 as two functions, without clock or dice.

The rules behind the tables: an attempt is given back only where the effect *surely* did not happen and the delivery
is not to blame; an unknown outcome is never sent again on the strength of time alone; and whatever is given back is
due noticeably later, because nothing else bounds how often it is tried.

How long, and at what distances, is the route's policy: a ceiling that doubles by verdict class, full jitter below it,
and an age after which news is none any more.
"""

from typing import assert_never

import msgspec

from actors.domain.outbox import Decision, Delivery, State
from actors.domain.throttle import retry_after_s
from actors.domain.verdicts import (
    OF_THE_PLACE,
    Absent,
    Cause,
    Confirmation,
    Deferred,
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
from config.durations import seconds
from config.numbers import number_of
from config.routes import Backoff, Retry

REFUNDED_S_MIN = 0.25
"""A vendor that says ``Retry-After: 0`` for ever must not become a busy loop, and nor must small dice."""


class Spacing(msgspec.Struct, frozen=True):
    """The ceiling of the wait between tries: it doubles from ``first_s`` up to ``longest_s``."""

    first_s: float = 1.0
    longest_s: float = 300.0

    def ceiling_s(self, tries: int) -> float:
        """After so many tries."""
        return float(min(self.longest_s, self.first_s * 2.0 ** min(max(tries, 1) - 1, 32)))


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A route's ``retry`` in numbers. ``age_max_us`` None: it is tried for ever."""

    faulted: Spacing = Spacing()
    unavailable: Spacing = Spacing(1.0, 15.0)
    throttled: Spacing = Spacing()
    age_max_us: int | None = None


def policy_of(retry: Retry) -> Policy:
    """The policy as the operator wrote it."""
    return Policy(
        faulted=_spacing(retry.faulted),
        unavailable=_spacing(retry.unavailable),
        throttled=_spacing(retry.throttled),
        age_max_us=None if retry.age_max is None else round(seconds(retry.age_max) * 1e6),
    )


def _spacing(given: Backoff) -> Spacing:
    return Spacing(seconds(given.first), seconds(given.longest))


DEFAULT = Policy()


def decide(
    verdict: Verdict,
    *,
    attempts: int,
    attempts_max: int,
    now_us: int,
    dice: float,
    settle_s: float = 0.0,
    consecutive: int = 1,
    policy: Policy = DEFAULT,
    accepted_us: int | None = None,
    on_probation: bool = False,
) -> Decision:
    """After a send. ``attempts`` counts this one; ``dice`` lies in [0, 1); ``consecutive`` counts the lane's
    answers in a row, this one included, that said *not now* (throttled, down). ``on_probation``: the vendor is out, so
    that even a doubtful outcome is no fault of this delivery: it is cleared up, and costs no attempt."""
    match verdict:
        case Delivered(receipt=receipt):
            return Decision(state=State.DELIVERED, receipt=receipt)
        case Throttled(retry_after=header, detail=detail):
            wait_s = _told_or_backoff_s(header, policy.throttled, consecutive, now_us, dice)
            return _again(_later(now_us, wait_s), detail, policy, accepted_us, Cause.VENDOR_OUTAGE, refund=True)
        case Unavailable(retry_after=header, detail=detail):
            wait_s = _told_or_backoff_s(header, policy.unavailable, consecutive, now_us, dice)
            return _again(_later(now_us, wait_s), detail, policy, accepted_us, Cause.VENDOR_OUTAGE, refund=True)
        case Faulted(detail=detail):
            if attempts >= attempts_max:
                return Decision(state=State.DEAD, cause=Cause.EXHAUSTED, detail=_exhausted(attempts, detail))
            due_us = _later(now_us, policy.faulted.ceiling_s(attempts) * dice)
            return _again(due_us, detail, policy, accepted_us, Cause.EXHAUSTED)
        case Doubtful(detail=detail):
            due_us = _later(now_us, settle_s)
            return Decision(state=State.UNKNOWN, due_us=due_us, detail=detail, refund=on_probation)
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
    policy: Policy = DEFAULT,
    asked_ago_s: float = 0.0,
) -> Decision:
    """After looking for the effect of an earlier attempt. A probe neither spends nor gives back an attempt.
    ``asked_ago_s``: how long ago the vendor was asked (its answer may have been slow)."""
    match confirmation:
        case Delivered(receipt=receipt):
            return Decision(state=State.DELIVERED, receipt=receipt, detail="found by looking at the vendor")
        case Absent(detail=detail):
            return _absent(delivery, detail, now_us, settle_s, late_landing_s, asked_ago_s)
        case Repeatable(detail=detail):
            if delivery.attempts >= delivery.attempts_max:
                return _parked(f"{detail}; attempts spent ({delivery.attempts})")
            again_us = _repeated(delivery.attempts, consecutive, now_us, dice, policy)
            return Decision(state=State.WAITING, due_us=again_us, detail=detail)
        case Unprobeable(detail=detail, cause=cause):
            if delivery.doubtful != "resend":
                return _parked(detail, cause)
            if delivery.attempts >= delivery.attempts_max:
                return _parked(f"{detail}; attempts spent ({delivery.attempts})")
            accepted = f"{detail}; sent again because the route accepts a double"
            again_us = _repeated(delivery.attempts, consecutive, now_us, dice, policy)
            return Decision(state=State.WAITING, due_us=again_us, detail=accepted)
        case Throttled(retry_after=header, detail=detail):
            wait_s = _told_or_backoff_s(header, policy.throttled, consecutive, now_us, dice)
            return Decision(state=State.UNKNOWN, due_us=_later(now_us, wait_s), detail=detail)
        case Unavailable(retry_after=header, detail=detail):
            wait_s = _told_or_backoff_s(header, policy.unavailable, consecutive, now_us, dice)
            return Decision(state=State.UNKNOWN, due_us=_later(now_us, wait_s), detail=detail)
        case Revoked(detail=detail):
            wait_s = _told_or_backoff_s(None, policy.unavailable, consecutive, now_us, dice)
            return Decision(state=State.UNKNOWN, due_us=_later(now_us, wait_s), detail=detail)
        case _ as never:
            assert_never(never)


def put_off(deferred: Deferred, delivery: Delivery, now_us: int, policy: Policy = DEFAULT) -> Decision:
    """After it was neither sent nor looked for, because we chose so: whoever is too old by then has waited with us, and
    no vendor is to blame."""
    due_us = _later(now_us, max(REFUNDED_S_MIN, deferred.wait_s))
    if delivery.state is State.UNKNOWN:
        return Decision(state=State.UNKNOWN, due_us=due_us, detail=deferred.detail)
    since_us = max(delivery.accepted_us, delivery.from_us)
    again = _again(due_us, deferred.detail, policy, since_us, Cause.EXPIRED, refund=True)
    return msgspec.structs.replace(again, forget_sends=again.state is State.DEAD)


def in_doubt(decision: Decision) -> Decision:
    """What becomes of a delivery of which an earlier attempt may have landed. Dead is what surely was not done. That
    its place is gone stays the cause: it is what there is to mend."""
    if decision.state is not State.DEAD:
        return decision
    detail = f"{decision.detail}; an earlier attempt may have landed"
    cause = decision.cause if decision.cause in OF_THE_PLACE else Cause.UNKNOWN_OUTCOME
    return Decision(state=State.PARKED, cause=cause, detail=detail, refund=decision.refund)


def too_old(accepted_us: int, now_us: int, policy: Policy) -> bool:
    """Whether it is too late to send it at all: news that old is none."""
    return policy.age_max_us is not None and now_us - accepted_us > policy.age_max_us


def expired(why: str, age_max_us: int) -> Decision:
    """It became too old before it could be sent; ``why``: what held its lane back meanwhile."""
    held = {
        "suspended": (Cause.REVOKED, "the credentials were dead"),
        "outage": (Cause.VENDOR_OUTAGE, "the vendor was out"),
    }
    cause, reason = held.get(why, (Cause.EXPIRED, "it waited"))
    return Decision(state=State.DEAD, cause=cause, detail=_aged(reason, age_max_us), refund=True, forget_sends=True)


def _again(
    due_us: int, detail: str, policy: Policy, accepted_us: int | None, cause: Cause, *, refund: bool = False
) -> Decision:
    """Another try at that time, unless it would be too old by then."""
    if accepted_us is not None and policy.age_max_us is not None and due_us - accepted_us > policy.age_max_us:
        return Decision(state=State.DEAD, cause=cause, detail=_aged(detail, policy.age_max_us), refund=refund)
    return Decision(state=State.WAITING, due_us=due_us, detail=detail, refund=refund)


def _aged(detail: str, age_max_us: int) -> str:
    return f"given up after {age_max_us / 86_400e6:.3g} days (retry.age_max): {detail}"


def _absent(
    delivery: Delivery, detail: str, now_us: int, settle_s: float, late_landing_s: float, asked_ago_s: float
) -> Decision:
    """Absence is proof only once nothing can land any more, and only of the time when it was asked for."""
    doubt_us = next(at for at in (delivery.doubt_us, delivery.sent_us, delivery.accepted_us) if at is not None)
    closes_us = _later(doubt_us, late_landing_s)
    if _later(now_us, -asked_ago_s) < closes_us:
        due_us = max(closes_us, _later(now_us, settle_s))
        return Decision(state=State.UNKNOWN, due_us=due_us, detail=f"{detail}; it may still land")
    if delivery.attempts >= delivery.attempts_max:
        spent = _exhausted(delivery.attempts, detail)
        if delivery.crashes * 2 > delivery.attempts_max:
            spent = f"{number_of(delivery.crashes, 'times')} whoever carried it died: {spent}"
            return Decision(state=State.DEAD, cause=Cause.POISON, detail=spent, forget_sends=True)
        return Decision(state=State.DEAD, cause=Cause.EXHAUSTED, detail=spent, forget_sends=True)
    return Decision(state=State.WAITING, due_us=now_us, detail=detail, forget_sends=True)


def _repeated(attempts: int, consecutive: int, now_us: int, dice: float, policy: Policy) -> int:
    """When what nobody looks for is sent again: at once after its first doubt, and at growing distances if doubt stays,
    here or in the lane, as after any other failure."""
    own_s = policy.faulted.ceiling_s(attempts - 1) if attempts > 1 else 0.0
    lanes_s = policy.unavailable.ceiling_s(consecutive - 2) if consecutive > 2 else 0.0
    return _later(now_us, max(own_s, lanes_s) * dice)


def _parked(detail: str, cause: Cause = Cause.UNKNOWN_OUTCOME) -> Decision:
    return Decision(state=State.PARKED, cause=cause, detail=detail)


def _told_or_backoff_s(header: str | None, spacing: Spacing, consecutive: int, now_us: int, dice: float) -> float:
    """The vendor's own time where it named one; else full jitter below the ceiling, and never nothing."""
    told_s = retry_after_s(header, now_us)
    return max(REFUNDED_S_MIN, spacing.ceiling_s(consecutive) * dice if told_s is None else told_s)


def _exhausted(attempts: int, detail: str) -> str:
    return f"gave up after {number_of(attempts, 'attempts')}: {detail}"


def _later(at_us: int, wait_s: float) -> int:
    return at_us + round(wait_s * 1e6)
