"""The simulation sees what it claims to see: a daemon that is broken on purpose is found out, each invariant by the
sentence that speaks of it; and a run that leaves something to chance does not pass for one that replays."""

import os
from typing import Any

import pytest

from actors.domain.outbox import Decision, State
from actors.domain.throttle import Limiter
from actors.domain.verdicts import Cause
from actors.roles import courier, weighing
from actors.roles.router import Router
from daemon.store import calling_off, lines, outbox, piloting, planning, undoing
from tests.simulation import directed
from tests.simulation.campaign import Totals
from tests.simulation.directed import scenario_of
from tests.simulation.play import Outcome, play

PILOTED = 2
"""A seed with a pilot that is made, grows, is stopped and promoted."""


def found(*names: str) -> str:
    """Everything that is wrong in these scenarios."""
    return "\n".join(fault for name in names for fault in play(scenario_of(name)).faults)


def test_a_claim_of_a_dead_process_that_is_sent_again_blindly_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    def recover(raw: Any, lane: str, boot: str, now_us: int, settle_us: int) -> int:
        raw.execute(
            "UPDATE deliveries SET state = 'waiting', claimed_by = NULL, sent_us = NULL, doubt_us = NULL "
            "WHERE lane = ? AND state IN ('claimed', 'unknown')",
            (lane,),
        )
        return 0

    monkeypatch.setattr(outbox, "recover", recover)
    assert "doubled: 2 posts" in found("death http.chat.postMessage:committed")


def test_absence_believed_too_early_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = weighing.decide_probe

    def hasty(*args: Any, **kwargs: Any) -> Decision:
        return honest(*args, **{**kwargs, "late_landing_s": 0.0})

    monkeypatch.setattr(weighing, "decide_probe", hasty)
    assert "doubled" in found("fault slack late_commit")


def test_a_statement_that_is_not_routed_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Router._route

    async def forgetful(self: Router, batch: Any) -> int:
        await honest(self, batch[:1])
        return batch[-1].seq

    monkeypatch.setattr(Router, "_route", forgetful)
    monkeypatch.setattr("tests.simulation.play.STILL_S_MAX", 86_400.0)
    told = found("small")
    assert "still open" in told
    assert "lost: no delivery" in told
    assert "was taken for nothing yet" in told


def test_an_effect_that_is_not_planned_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "_plan", lambda *_: None)
    assert "lost: no delivery" in found("small")


def test_a_receipt_without_a_post_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def lying(*_: Any, **__: Any) -> Decision:
        return Decision(state=State.DELIVERED, receipt={"ts": "1"})

    monkeypatch.setattr(weighing, "decide", lying)
    assert "lost: delivered, says the row" in found("fault slack archived")


def test_death_without_a_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = weighing.decide

    def gloomy(verdict: Any, **more: Any) -> Decision:
        made = honest(verdict, **more)
        dead = Decision(state=State.DEAD, cause=Cause.DESTINATION_GONE, detail="a bad day")
        return dead if made.state is State.DELIVERED else made

    monkeypatch.setattr(weighing, "decide", gloomy)
    told = found("small")
    assert "dead for no reason" in told
    assert "and the vendor has it" in told


def test_a_limit_that_is_not_kept_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limiter, "ready_at", lambda self, draws, now_s: now_s)
    monkeypatch.setattr(Limiter, "handful_at", lambda self, draws, now_s: now_s)
    told = found("letters")
    assert "had to throttle" in told


def test_order_that_is_not_kept_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest first, as if a line were a stack."""

    def newest(raw: Any, lane: str, destination: str) -> int | None:
        row = raw.execute(
            "SELECT max(seq) FROM deliveries WHERE lane = ? AND destination = ? "
            "AND state IN ('waiting', 'claimed', 'unknown')",
            (lane, destination),
        ).fetchone()
        return row[0]

    monkeypatch.setattr(lines, "first", newest)
    monkeypatch.setattr(directed, "OUTAGE_S", 60.0)
    assert "out of order" in found("outage refused")


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("_cancel", "lost: no delivery for"),  # what waited is told, and its correction is not
        ("correct", "lost: no delivery for"),
        ("_passed_over", "lost: no delivery for"),
        ("_told_by", "a delivery that nothing asked for"),
    ],
)
def test_what_is_not_taken_back_as_it_should_be_is_told(
    monkeypatch: pytest.MonkeyPatch, broken: str, told: str
) -> None:
    assert found("regrets") == ""
    monkeypatch.setattr(undoing, broken, lambda *_: ())
    if broken == "correct":
        monkeypatch.setattr(undoing, broken, lambda *_: None)
    assert told in found("regrets")


def test_a_courier_that_falls_for_no_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    falls = iter(range(3))

    class Clumsy(courier.Courier):
        async def _claim_some(self) -> None:
            if next(falls, None) is not None:
                raise KeyError("clumsy")
            await super()._claim_some()

    monkeypatch.setattr("actors.roles.tenant.Courier", Clumsy)
    assert "trouble: root/acme/courier:slack: KeyError" in found("small")


@pytest.mark.parametrize("name", ["tour", "small"])
def test_what_is_left_to_chance_is_seen(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    honest = weighing.decide

    def moody(verdict: Any, **more: Any) -> Decision:
        return honest(verdict, **{**more, "dice": os.urandom(1)[0] / 256, "settle_s": 1 + os.urandom(1)[0] / 256})

    monkeypatch.setattr(weighing, "decide", moody)
    totals = Totals()
    for _ in range(2):
        totals.add(play(scenario_of(name)))
    assert "played twice, it went two ways" in totals.failed[0].faults[-1]


def test_the_same_outcome_twice_is_counted_once() -> None:
    totals, outcome = Totals(), play(scenario_of("small"))
    totals.add(outcome)
    totals.add(outcome)
    assert (totals.seeds, totals.twice, totals.failed) == (1, 1, [])
    assert totals.never()


@pytest.mark.parametrize(
    ("where", "broken", "told"),
    [
        ((piloting, "_judged"), lambda *_: (None, "", ""), "told somebody outside of the pilot"),
        ((piloting, "_judged"), lambda *_: (None, "", "a bad day"), "and it should have been told"),
        ((calling_off, "_call_off"), lambda *_, **__: 0, "left waiting by a stop"),
    ],
)
def test_a_pilot_that_is_not_heeded_is_told(
    monkeypatch: pytest.MonkeyPatch, where: tuple[Any, str], broken: Any, told: str
) -> None:
    monkeypatch.setattr(*where, broken)
    assert told in "\n".join(play(scenario_of(PILOTED)).faults)


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown scenario"):
        scenario_of("detour")
    assert isinstance(play(scenario_of(7)), Outcome)
