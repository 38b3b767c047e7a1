"""What every target promises. ``target_stage`` says how to add a kind."""

from collections.abc import Callable

import msgspec
import pytest
from target_stage import CONFIRMATIONS, MATCHES, Stage, change, proof

from actors.domain.flow import Flow, NotSent, Outcome, Request, Response
from actors.domain.outbox import Place
from actors.domain.verdicts import (
    Absent,
    Cause,
    Delivered,
    Doubtful,
    Faulted,
    Matched,
    Refused,
    Repeatable,
    Revoked,
    Throttled,
    Unavailable,
    Unmatched,
    Unprobeable,
)
from actors.ports import Fault
from config.model import Audience

VERDICTS = (Delivered, Throttled, Unavailable, Faulted, Doubtful, Refused, Revoked)

CHECKS: list[Callable[[Stage], None]] = []


def check(function: Callable[[Stage], None]) -> Callable[[Stage], None]:
    CHECKS.append(function)
    return function


# ── the plain way ────────────────────────────────────────────────────────────────────────────────────


@check
def names_its_kind_and_its_patience(stage: Stage) -> None:
    assert stage.target.kind == stage.kind
    assert stage.target.settle_s >= 0.0
    assert stage.target.late_landing_s >= stage.target.settle_s


@check
def hello_says_who_we_are_without_effect(stage: Stage) -> None:
    verdict = stage.run(stage.target.hello())
    assert isinstance(verdict, Delivered)
    assert verdict.receipt
    assert stage.fake.journal == []


@check
def delivers_once_and_the_journal_knows_both_ids(stage: Stage) -> None:
    verdict = stage.run(stage.target.deliver(stage.parcel()))
    assert isinstance(verdict, Delivered)
    assert verdict.receipt
    assert all(isinstance(value, str) for value in verdict.receipt.values())
    (effect,) = stage.fake.journal
    assert effect.vendor
    assert effect.destination
    assert (effect.delivery_id, effect.correlation_id) == ("0198-a", "correlation-of-0198-a")


@check
def delivers_to_a_person_found_by_address(stage: Stage) -> None:
    if stage.setup.missing_channel is None:
        assert isinstance(stage.run(stage.target.find(stage.setup.person)), Unmatched), "it knows no people"
        return
    found = stage.run(stage.target.find(stage.setup.person))
    assert isinstance(found, Matched)
    assert found == stage.run(stage.build().find(stage.setup.person)), "a person's address is stable"
    parcel = stage.parcel(address=found.address)
    assert isinstance(stage.run(stage.target.deliver(parcel)), Delivered)
    (effect,) = stage.fake.journal
    assert effect.delivery_id == "0198-a"


@check
def does_not_know_a_stranger(stage: Stage) -> None:
    verdict = stage.run(stage.target.find(stage.setup.stranger))
    assert isinstance(verdict, Unmatched)
    assert verdict.detail


@check
def does_not_ask_for_a_person_without_address(stage: Stage) -> None:
    assert isinstance(stage.run(stage.target.find("")), Unmatched)


@check
def previews_what_it_would_send(stage: Stage) -> None:
    body = msgspec.json.encode(stage.target.preview(stage.parcel()))
    assert b"Analytical Engines" in body
    assert stage.fake.journal == []


@check
def places_equal_audiences_equally_and_explains_a_refusal(stage: Stage) -> None:
    told = change(stage.setup.person)
    assert stage.target.place(stage.setup.channel, told) == stage.build().place(stage.setup.channel, told)
    if stage.setup.missing_channel is None:
        for audience in (Audience(learner=True), Audience(course_channel=True), Audience(channel="C0123456789")):
            refused = stage.target.place(audience, told)
            assert isinstance(refused, Refused)
            assert refused.cause is Cause.BAD_CONFIGURATION
        return
    learner = stage.target.place(Audience(learner=True), told)
    assert isinstance(learner, Place)
    assert learner != stage.target.place(stage.setup.channel, told)
    refused = stage.target.place(Audience(course_channel=True), told)
    assert isinstance(refused, Refused), "the suite maps no course to a channel"
    assert refused.cause is Cause.BAD_CONFIGURATION
    assert "AE-101" in refused.detail or "Analytical Engines" in refused.detail


@check
def a_missing_channel_is_refused_for_good(stage: Stage) -> None:
    if stage.setup.missing_channel is None:
        return  # there is nothing in it that could be missing
    place = stage.target.place(stage.setup.missing_channel, change(stage.setup.person))
    assert isinstance(place, Place)
    parcel = msgspec.structs.replace(stage.parcel(), destination=place.destination, address=place.destination)
    verdict = stage.run(stage.target.deliver(parcel))
    assert isinstance(verdict, Refused)
    assert verdict.cause is Cause.DESTINATION_GONE
    assert stage.fake.journal == []


# ── looking for an earlier attempt ───────────────────────────────────────────────────────────────────


@check
def confirms_what_was_delivered_with_the_same_receipt(stage: Stage) -> None:
    parcel = stage.parcel()
    sent = stage.run(stage.target.deliver(parcel))
    assert isinstance(sent, Delivered)
    stage.run(stage.target.deliver(stage.parcel("0198-b")))
    found = stage.run(stage.build().confirm(parcel))
    if stage.setup.unprobeable:
        assert isinstance(found, Unprobeable)
    elif not isinstance(found, Repeatable):
        assert isinstance(found, Delivered), found
        assert proof(found.receipt) == proof(sent.receipt)


@check
def confirms_nothing_where_nothing_was_sent(stage: Stage) -> None:
    stage.run(stage.target.deliver(stage.parcel("0198-b")))
    assert isinstance(stage.run(stage.target.confirm(stage.parcel())), _untold(stage))


def _untold(stage: Stage) -> tuple[type[object], ...]:
    """What may be said of an effect that is not there."""
    return (Unprobeable,) if stage.setup.unprobeable else (Absent, Repeatable)


# ── when the network or the vendor fails ─────────────────────────────────────────────────────────────


@check
def unreachable_is_unavailable(stage: Stage) -> None:
    def nowhere(_: Request) -> Outcome:
        return NotSent("no route to host")

    assert isinstance(stage.run(stage.target.deliver(stage.parcel()), nowhere), Unavailable)
    if stage.setup.missing_channel is not None:
        assert isinstance(stage.run(stage.build().find(stage.setup.person), nowhere), Unavailable)
    assert isinstance(stage.run(stage.build().hello(), nowhere), Unavailable)
    assert isinstance(
        stage.run(stage.build().confirm(stage.parcel()), nowhere),
        (Unavailable, Unprobeable if stage.setup.unprobeable else Repeatable),
    )


@check
def a_revoked_token_suspends_and_buries_nothing(stage: Stage) -> None:
    stage.fault("revoked", times=0)
    assert isinstance(stage.run(stage.target.deliver(stage.parcel())), Revoked)
    assert stage.effects() == []


@check
def throttled_keeps_the_vendors_time_and_has_no_effect(stage: Stage) -> None:
    stage.fault("rate_limited", "7")
    verdict = stage.run(stage.target.deliver(stage.parcel()))
    assert isinstance(verdict, Throttled)
    assert verdict.retry_after == "7"
    assert stage.effects() == []


@check
def throttled_without_a_time_is_throttled(stage: Stage) -> None:
    stage.fault("rate_limited")
    verdict = stage.run(stage.target.deliver(stage.parcel()))
    assert isinstance(verdict, Throttled)
    assert verdict.retry_after is None


@check
def a_vendor_that_is_down_is_unavailable(stage: Stage) -> None:
    stage.fault("status", "503")
    assert isinstance(stage.run(stage.target.deliver(stage.parcel())), Unavailable)
    assert stage.effects() == []


@check
def a_page_instead_of_an_answer_is_doubtful(stage: Stage) -> None:
    stage.fault("html")
    parcel = stage.parcel()
    assert isinstance(stage.run(stage.target.deliver(parcel)), Doubtful)
    assert isinstance(stage.settle_doubt(parcel), Delivered)
    assert len(stage.effects()) == 1


@check
def half_an_answer_is_doubtful_and_then_found(stage: Stage) -> None:
    _found_after(stage, "truncated_after_commit")


@check
def a_gateway_timeout_is_doubtful_and_then_found(stage: Stage) -> None:
    _found_after(stage, "status_after_commit", "504")


@check
def a_reset_after_the_effect_is_doubtful_and_then_found(stage: Stage) -> None:
    _found_after(stage, "reset_after_commit")


def _found_after(stage: Stage, kind: str, value: str = "") -> None:
    stage.fault(kind, value)
    parcel = stage.parcel()
    assert isinstance(stage.run(stage.target.deliver(parcel)), Doubtful)
    assert len(stage.effects()) == 1
    assert isinstance(stage.settle_doubt(parcel), Delivered)
    assert len(stage.effects()) == 1


@check
def a_reset_before_the_effect_is_doubtful_and_then_absent(stage: Stage) -> None:
    stage.fault("reset_before_commit")
    parcel = stage.parcel()
    assert isinstance(stage.run(stage.target.deliver(parcel)), Doubtful)
    assert stage.effects() == []
    assert isinstance(stage.run(stage.build().confirm(parcel)), _untold(stage))
    assert isinstance(stage.settle_doubt(parcel), Delivered)
    assert len(stage.effects()) == 1


@check
def faults_are_cleared(stage: Stage) -> None:
    stage.fault("status", "503", times=0)
    assert isinstance(stage.run(stage.target.deliver(stage.parcel())), Unavailable)
    stage.fake.clear_faults()
    assert isinstance(stage.run(stage.target.deliver(stage.parcel())), Delivered)


@check
def an_unknown_fault_is_an_error(stage: Stage) -> None:
    with pytest.raises(ValueError, match="an earthquake"):
        stage.fake.fault(Fault(kind="an earthquake"))


# ── any answer whatever ──────────────────────────────────────────────────────────────────────────────


@check
def a_flow_can_be_dropped_at_any_request(stage: Stage) -> None:
    flows: list[Flow[object]] = [
        stage.target.deliver(stage.parcel()),
        stage.target.confirm(stage.parcel()),
        stage.target.find(stage.setup.person),
        stage.target.hello(),
    ]
    for flow in flows:
        try:
            next(flow)
        except StopIteration:
            continue
        flow.close()
        assert flow.gi_frame is None  # type: ignore[attr-defined]


def survives(stage: Stage, response: Response) -> None:
    """Whatever the vendor answers to everything, each flow ends with one of its verdicts; nothing raises, and
    nothing that is not the vendor's own JSON is taken for success."""

    def same(_: Request) -> Outcome:
        return response

    verdict = stage.run(stage.build().deliver(stage.parcel()), same)
    assert isinstance(verdict, VERDICTS)
    if response.status >= 300 or not (stage.setup.any_success or response.body.lstrip().startswith(b"{")):
        assert not (isinstance(verdict, Delivered) and response.status != 204)
    assert isinstance(stage.run(stage.build().confirm(stage.parcel()), same), CONFIRMATIONS)
    assert isinstance(stage.run(stage.build().find(stage.setup.person), same), MATCHES)
    assert isinstance(stage.run(stage.build().hello(), same), VERDICTS)
