"""What we put off ourselves: it costs no attempt, and no vendor is to blame for it."""

from deliveries import NOW_US, a_delivery

from actors.domain.outbox import State
from actors.domain.retry import REFUNDED_S_MIN, Policy, in_doubt, put_off
from actors.domain.verdicts import Cause, Deferred

S = 1_000_000


def test_what_we_put_off_ourselves_costs_nothing_and_is_nobodys_fault() -> None:
    policy = Policy(age_max_us=3600 * S)
    mine = a_delivery()
    soon = put_off(Deferred(9.0, "waits"), mine, NOW_US, policy)
    assert (soon.state, soon.due_us, soon.refund) == (State.WAITING, NOW_US + 9 * S, True)
    assert put_off(Deferred(0.0, ""), mine, NOW_US, policy).due_us == NOW_US + REFUNDED_S_MIN * S
    late = put_off(Deferred(3600.0, "waits for its turn"), mine, NOW_US, policy)
    assert (late.state, late.cause, late.refund, late.forget_sends) == (State.DEAD, Cause.EXPIRED, True, True)
    assert late.detail.endswith("(retry.age_max): waits for its turn")
    assert in_doubt(late).state is State.PARKED
    doubted = put_off(Deferred(3600.0, "waits for its turn"), a_delivery(state=State.UNKNOWN), NOW_US, policy)
    assert (doubted.state, doubted.refund) == (State.UNKNOWN, False), "age never buries what is in doubt"
