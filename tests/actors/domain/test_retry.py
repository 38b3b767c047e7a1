import pytest
from hypothesis import given
from hypothesis import strategies as st
from retried import NOW_US, S, delivery

from actors.domain.outbox import Decision, Delivery, State
from actors.domain.retry import (
    REFUNDED_S_MIN,
    Policy,
    Spacing,
    decide,
    decide_probe,
    expired,
    in_doubt,
    policy_of,
    too_old,
)
from actors.domain.throttle import RETRY_AFTER_S_MAX
from actors.domain.verdicts import (
    OF_THE_PLACE,
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
from config.routes import Backoff, Retry

headers = st.one_of(st.none(), st.sampled_from(["0", "7", "99999", "soon", "Sun, 06 Nov 1994 08:50:07 GMT"]))
dice = st.floats(0.0, 1.0, exclude_max=True)
verdicts: st.SearchStrategy[Verdict] = st.one_of(
    st.just(Delivered({"ts": "1"})),
    st.builds(Throttled, retry_after=headers, whole_lane=st.booleans()),
    st.builds(Unavailable, detail=st.just("down"), retry_after=headers),
    st.just(Faulted("odd")),
    st.just(Doubtful("reset")),
    st.builds(Refused, cause=st.sampled_from(Cause), detail=st.just("no")),
    st.just(Revoked("token_revoked")),
)
confirmations: st.SearchStrategy[Confirmation] = st.one_of(
    st.just(Delivered({"ts": "1"})),
    st.just(Absent()),
    st.just(Repeatable("chainId")),
    st.just(Unprobeable("no scope")),
    st.builds(Throttled, retry_after=headers),
    st.builds(Unavailable, detail=st.just("down"), retry_after=headers),
    st.just(Revoked("token_revoked")),
)


def after(verdict: Verdict, *, attempts: int = 1, chance: float = 0.5, consecutive: int = 1) -> Decision:
    return decide(
        verdict,
        attempts=attempts,
        attempts_max=8,
        now_us=NOW_US,
        dice=chance,
        settle_s=5.0,
        consecutive=consecutive,
    )


def probed(confirmation: Confirmation, given: Delivery | None = None, *, at_us: int = NOW_US) -> Decision:
    return decide_probe(confirmation, given or delivery(), now_us=at_us, dice=0.5, settle_s=5.0, late_landing_s=60.0)


@given(verdicts, st.integers(1, 200), st.integers(1, 100), dice, st.integers(0, 10_000))
def test_what_holds_after_every_send(
    verdict: Verdict, attempts: int, attempts_max: int, chance: float, consecutive: int
) -> None:
    decision = decide(
        verdict,
        attempts=attempts,
        attempts_max=attempts_max,
        now_us=NOW_US,
        dice=chance,
        settle_s=5.0,
        consecutive=consecutive,
    )
    surely_not_to_blame = isinstance(verdict, Throttled | Unavailable | Revoked)
    assert decision.refund is surely_not_to_blame
    assert (decision.state is State.UNKNOWN) is isinstance(verdict, Doubtful)
    assert (decision.state is State.DELIVERED) is isinstance(verdict, Delivered)
    assert (decision.cause is not None) is (decision.state is State.DEAD)
    assert not decision.forget_sends
    if decision.state is State.WAITING:
        assert decision.refund or attempts < attempts_max
        assert NOW_US <= decision.due_us <= NOW_US + RETRY_AFTER_S_MAX * S
    if isinstance(verdict, Throttled | Unavailable):
        assert decision.due_us >= NOW_US + REFUNDED_S_MIN * S


@given(
    confirmations,
    st.integers(1, 20),
    st.sampled_from(["park", "resend"]),
    st.integers(0, 200 * S),
    dice,
    st.floats(0, 300),
)
def test_what_holds_after_every_probe(
    confirmation: Confirmation, attempts: int, policy: str, waited_us: int, chance: float, late_landing_s: float
) -> None:
    doubted = delivery(attempts=attempts, attempts_max=8, doubtful=policy)
    now_us = NOW_US + waited_us
    decision = decide_probe(
        confirmation, doubted, now_us=now_us, dice=chance, settle_s=5.0, late_landing_s=late_landing_s
    )
    assert not decision.refund
    assert decision.state in {State.DELIVERED, State.WAITING, State.UNKNOWN, State.PARKED, State.DEAD}
    closed = waited_us >= round(late_landing_s * S)
    if decision.state is State.WAITING:
        assert attempts < 8
        resent = isinstance(confirmation, Unprobeable) and policy == "resend"
        assert resent or isinstance(confirmation, Repeatable) or (isinstance(confirmation, Absent) and closed)
    if decision.forget_sends or decision.state is State.DEAD:
        assert isinstance(confirmation, Absent)
        assert closed
    if decision.state is State.UNKNOWN:
        assert decision.due_us > now_us
    if decision.state is State.PARKED:
        assert decision.cause is Cause.UNKNOWN_OUTCOME


@given(st.lists(verdicts, max_size=60), st.integers(1, 5), dice)
def test_attempts_are_bounded_however_long_the_story(story: list[Verdict], attempts_max: int, chance: float) -> None:
    attempts = landed = 0
    for verdict in story:
        attempts += 1
        decision = decide(
            verdict, attempts=attempts, attempts_max=attempts_max, now_us=NOW_US, dice=chance, settle_s=1.0
        )
        attempts -= decision.refund
        landed += decision.state is State.DELIVERED
        if decision.state is not State.WAITING:
            break
    assert attempts <= attempts_max
    assert landed <= 1


def test_delivered_keeps_the_receipt() -> None:
    assert after(Delivered({"ts": "1"})) == Decision(state=State.DELIVERED, receipt={"ts": "1"})


def test_the_vendor_s_own_time_is_kept_even_when_it_is_long() -> None:
    assert after(Throttled(retry_after="3600")).due_us == NOW_US + 3600 * S
    assert after(Unavailable("maintenance", retry_after="3600")).due_us == NOW_US + 3600 * S


@pytest.mark.parametrize(("chance", "wait_s"), [(0.0, REFUNDED_S_MIN), (0.5, 2.0), (0.75, 3.0)])
def test_without_one_the_ceiling_doubles_with_each_refusal_in_a_row(chance: float, wait_s: float) -> None:
    assert after(Throttled(), consecutive=3, chance=chance).due_us == NOW_US + wait_s * S
    assert after(Unavailable("down"), consecutive=3, chance=chance).due_us == NOW_US + wait_s * S


def test_a_ceiling_doubles_up_to_the_longest() -> None:
    spacing = Spacing(first_s=1.0, longest_s=300.0)
    assert [spacing.ceiling_s(tries) for tries in (0, 1, 2, 3, 9)] == [1.0, 1.0, 2.0, 4.0, 256.0]
    assert spacing.ceiling_s(10) == spacing.ceiling_s(10**9) == 300.0


def test_a_route_s_policy_is_kept_by_verdict_class() -> None:
    policy = policy_of(
        Retry(
            age_max="1h",
            faulted=Backoff(first="2s", longest="3s"),
            unavailable=Backoff(first="4s", longest="5s"),
            throttled=Backoff(first="6s", longest="7s"),
        )
    )
    waits_s = [
        (decide(verdict, attempts=5, attempts_max=8, now_us=0, dice=0.5, consecutive=9, policy=policy).due_us) / S
        for verdict in (Faulted("odd"), Unavailable("down"), Throttled())
    ]
    assert waits_s == [1.5, 2.5, 3.5]
    assert policy.age_max_us == 3600 * S
    assert policy_of(Retry(age_max=None)).age_max_us is None


@pytest.mark.parametrize(
    ("verdict", "cause"),
    [(Unavailable("down"), Cause.VENDOR_OUTAGE), (Throttled(), Cause.VENDOR_OUTAGE), (Faulted("odd"), Cause.EXHAUSTED)],
)
def test_what_would_be_tried_again_too_late_is_a_dead_letter(verdict: Verdict, cause: Cause) -> None:
    policy = Policy(age_max_us=3600 * S)

    def tried(accepted_us: int) -> Decision:
        return decide(
            verdict, attempts=2, attempts_max=8, now_us=NOW_US, dice=0.9, policy=policy, accepted_us=accepted_us
        )

    assert tried(NOW_US - 3000 * S).state is State.WAITING
    late = tried(NOW_US - 3600 * S)
    assert (late.state, late.cause) == (State.DEAD, cause)
    assert "retry.age_max" in late.detail


def test_age_never_buries_what_is_in_doubt_or_waits_for_a_token() -> None:
    for verdict, state in ((Doubtful("reset"), State.UNKNOWN), (Revoked("dead token"), State.WAITING)):
        decision = decide(
            verdict, attempts=1, attempts_max=8, now_us=NOW_US, dice=0.5, policy=Policy(age_max_us=1), accepted_us=0
        )
        assert decision.state is state


def test_what_became_too_old_says_what_held_it_back() -> None:
    policy = Policy(age_max_us=3600 * S)
    assert too_old(0, 3600 * S + 1, policy)
    assert not too_old(0, 3600 * S, policy)
    assert not too_old(0, 10**18, Policy(age_max_us=None))
    causes = {why: expired(why, 3600 * S).cause for why in ("suspended", "outage", "paused", "")}
    assert causes == {
        "suspended": Cause.REVOKED,
        "outage": Cause.VENDOR_OUTAGE,
        "paused": Cause.EXPIRED,
        "": Cause.EXPIRED,
    }


def test_on_probation_a_doubt_costs_no_attempt() -> None:
    decision = decide(Doubtful("reset"), attempts=3, attempts_max=8, now_us=0, dice=0.5, on_probation=True)
    assert (decision.state, decision.refund) == (State.UNKNOWN, True)


def test_what_kept_killing_whoever_carried_it_is_poison() -> None:
    spent = probed(Absent(), delivery(attempts=8, crashes=5), at_us=NOW_US + 60 * S)
    assert (spent.state, spent.cause) == (State.DEAD, Cause.POISON)
    assert probed(Absent(), delivery(attempts=8, crashes=4), at_us=NOW_US + 60 * S).cause is Cause.EXHAUSTED


def test_a_fault_waits_with_full_jitter_and_ends_exhausted() -> None:
    assert after(Faulted("odd"), attempts=4, chance=0.25) == Decision(
        state=State.WAITING, due_us=NOW_US + 2 * S, detail="odd"
    )
    spent = after(Faulted("odd"), attempts=8)
    assert (spent.state, spent.cause) == (State.DEAD, Cause.EXHAUSTED)
    assert spent.detail == "gave up after 8 attempts: odd"


def test_a_doubtful_outcome_settles_first() -> None:
    assert after(Doubtful("reset")) == Decision(state=State.UNKNOWN, due_us=NOW_US + 5 * S, detail="reset")


def test_a_refusal_names_its_cause() -> None:
    decision = after(Refused(Cause.DESTINATION_GONE, "is_archived"))
    assert (decision.state, decision.cause, decision.detail) == (State.DEAD, Cause.DESTINATION_GONE, "is_archived")


def test_a_revoked_token_buries_nothing() -> None:
    decision = after(Revoked("token_revoked"), attempts=8)
    assert (decision.state, decision.refund) == (State.WAITING, True)


def test_absence_counts_only_when_the_window_has_closed() -> None:
    early = probed(Absent(), at_us=NOW_US + 10 * S)
    assert (early.state, early.due_us) == (State.UNKNOWN, NOW_US + 60 * S)
    almost = probed(Absent(), at_us=NOW_US + 58 * S)
    assert (almost.state, almost.due_us) == (State.UNKNOWN, NOW_US + 63 * S)
    closed = probed(Absent(), at_us=NOW_US + 60 * S)
    assert (closed.state, closed.forget_sends) == (State.WAITING, True)
    spent = probed(Absent(), delivery(attempts=8), at_us=NOW_US + 60 * S)
    assert (spent.state, spent.cause, spent.forget_sends) == (State.DEAD, Cause.EXHAUSTED, True)


def test_a_doubt_without_a_date_counts_from_the_send() -> None:
    assert probed(Absent(), delivery(doubt_us=None)).due_us == NOW_US + 50 * S


def test_what_may_be_repeated_is_repeated_at_once_while_attempts_last() -> None:
    assert probed(Repeatable("chainId")).state is State.WAITING
    assert probed(Repeatable("chainId"), delivery(attempts=8)).state is State.PARKED


def test_what_cannot_be_probed_follows_the_route() -> None:
    assert probed(Unprobeable("no scope")).state is State.PARKED
    resent = probed(Unprobeable("no scope"), delivery(doubtful="resend"))
    assert resent.state is State.WAITING
    assert "accepts a double" in resent.detail
    assert probed(Unprobeable("no scope"), delivery(doubtful="resend", attempts=8)).state is State.PARKED


@given(verdicts, st.integers(1, 4), dice)
def test_what_an_earlier_attempt_may_have_done_is_not_called_dead(
    verdict: Verdict, attempts: int, chance: float
) -> None:
    made = decide(verdict, attempts=attempts, attempts_max=3, now_us=NOW_US, dice=chance)
    doubted = in_doubt(made)
    if made.state is State.DEAD:
        assert doubted.state is State.PARKED
        assert doubted.cause is (made.cause if made.cause in OF_THE_PLACE else Cause.UNKNOWN_OUTCOME)
        assert made.detail in doubted.detail
    else:
        assert doubted == made


def test_absence_is_proof_of_the_time_when_it_was_asked_for() -> None:
    doubted = delivery(doubt_us=NOW_US - 25 * S)
    late = decide_probe(Absent(), doubted, now_us=NOW_US, dice=0.5, settle_s=2, late_landing_s=20, asked_ago_s=6)
    assert late.state is State.UNKNOWN
    assert late.due_us >= NOW_US + 2 * S
    early = decide_probe(Absent(), doubted, now_us=NOW_US, dice=0.5, settle_s=2, late_landing_s=20, asked_ago_s=4)
    assert early.state is State.WAITING
