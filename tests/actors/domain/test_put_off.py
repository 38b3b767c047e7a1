"""What we put off ourselves: it costs no attempt, and no vendor is to blame for it."""

from actors.domain.changes import CourseCompleted
from actors.domain.outbox import Delivery, State
from actors.domain.people import Learner
from actors.domain.retry import REFUNDED_S_MIN, Policy, in_doubt, put_off
from actors.domain.verdicts import Cause, Deferred
from config.model import Audience

S = 1_000_000
NOW_US = 1_800_000_000 * S


def delivery(state: State) -> Delivery:
    return Delivery(
        seq=1,
        id="d1",
        tenant="acme",
        target="slack",
        route="completions",
        destination="learner:ada@example.edu",
        audience=Audience(learner=True),
        change=CourseCompleted(learner=Learner(key="account:https://lms.example.edu|7"), at="2027-01-01T00:00:00Z"),
        statement_id="s1",
        correlation_id="c1",
        traceparent="",
        template=None,
        doubtful="park",
        attempts_max=8,
        attempts=1,
        state=state,
        accepted_us=NOW_US - 50 * S,
        due_us=NOW_US,
        sent_us=NOW_US,
        doubt_us=None,
    )


def test_what_we_put_off_ourselves_costs_nothing_and_is_nobodys_fault() -> None:
    policy = Policy(age_max_us=3600 * S)
    mine = delivery(State.CLAIMED)
    soon = put_off(Deferred(9.0, "waits"), mine, NOW_US, policy)
    assert (soon.state, soon.due_us, soon.refund) == (State.WAITING, NOW_US + 9 * S, True)
    assert put_off(Deferred(0.0, ""), mine, NOW_US, policy).due_us == NOW_US + REFUNDED_S_MIN * S
    late = put_off(Deferred(3600.0, "waits for its turn"), mine, NOW_US, policy)
    assert (late.state, late.cause, late.refund, late.forget_sends) == (State.DEAD, Cause.EXPIRED, True, True)
    assert late.detail.endswith("(retry.age_max): waits for its turn")
    assert in_doubt(late).state is State.PARKED
    doubted = put_off(Deferred(3600.0, "waits for its turn"), delivery(State.UNKNOWN), NOW_US, policy)
    assert (doubted.state, doubted.refund) == (State.UNKNOWN, False), "age never buries what is in doubt"
