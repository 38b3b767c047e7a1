"""What the simulation has found, each in the smallest scenario that shows it. The oracle judges all of them; what is
asserted besides is what it cannot know."""

import msgspec
import pytest

from actors.ports import Fault
from config.model import Audience, Route
from config.routes import Retry
from tests.simulation import incidents
from tests.simulation.directed import BEFORE_S, Script, fact
from tests.simulation.facts import Fact
from tests.simulation.fate import Blow
from tests.simulation.incidents import Incident
from tests.simulation.play import Outcome, play
from tests.simulation.scenario import Event, make_tenant
from tests.simulation.shaky import Tremor

DAY_S = 86_400.0
CHANNEL = Audience(channel="C0GENERAL1")
LEARNER = Audience(learner=True)


def posts(**more: object) -> Route:
    return Route(**{"name": "posts", "when": ("completed",), "to": "slack", "audience": CHANNEL, **more})


def happens(
    route: Route,
    *said: tuple[float, Fact],
    events: list[tuple[float, Incident]],
    until_s: float,
    latency_s: float = 0.02,
) -> Outcome:
    """What becomes of it, nothing being wrong with it. Nothing is mended before ``until_s``."""
    script = Script("found")
    for at_s, each in said:
        script.at(at_s, each)
    last = (until_s, incidents.ClearFaults("acme", "slack"))
    scenario = script.scenario(
        "found", make_tenant("acme", route), [Event(at_s, incident) for at_s, incident in (*events, last)], window=8
    )
    outcome = play(msgspec.structs.replace(scenario, latency_s=latency_s))
    assert outcome.faults == []
    return outcome


def slack(kind: str, value: str = "", operation: str = "chat.postMessage", **more: int) -> Incident:
    return incidents.SetFault("acme", Fault(kind=kind, vendor="slack", operation=operation, value=value, **more))


def teams(kind: str, value: str = "", operation: str = "sendActivityNotification", **more: int) -> Incident:
    return incidents.SetFault("acme", Fault(kind=kind, vendor="teams", operation=operation, value=value, **more))


@pytest.mark.parametrize("set_at_s", [2, 5], ids=["before it is looked for", "while it is looked for"])
@pytest.mark.parametrize("by_s", [3600.0, -3600.0, 2 * DAY_S, -2 * DAY_S])
def test_a_clock_that_is_set_while_a_post_is_in_doubt(by_s: float, set_at_s: float) -> None:
    """The late-landing window seemed over, or the probe looked for the post in the future."""
    outcome = happens(
        posts(),
        (1, fact("activity_completed", "ada", 1)),
        events=[
            (0, slack("late_commit", "15")),
            (0, slack("slow", "5", "conversations.history")),
            (set_at_s, incidents.Warp(by_s, 600)),
        ],
        until_s=700,
    )
    assert outcome.states == {"delivered": 1}
    assert outcome.effects == 1


@pytest.mark.parametrize("by_s", [3600.0, -3600.0, 2 * DAY_S, -2 * DAY_S])
@pytest.mark.parametrize("died", ["http.chat.postMessage:committed", "outbox.record:before"])
def test_a_process_that_began_with_a_wrong_clock_and_died_in_doubt(by_s: float, died: str) -> None:
    """One life stamped what it sent by a wrong clock, and the next looked for it by another."""
    outcome = happens(
        posts(),
        (1, fact("activity_completed", "ada", 1)),
        events=[
            (BEFORE_S, incidents.Warp(by_s, 0)),
            (BEFORE_S, incidents.Doom(Blow(died))),
            (1.1, incidents.Warp(-by_s, 0)),
        ],
        until_s=2100,
    )
    assert outcome.counts[f"death {died}"] == 1
    assert outcome.effects == 1


def test_a_claim_for_somebody_whom_nobody_knows_left_by_a_dead_process() -> None:
    """It was probed for ever, and the vendor looked ill."""
    outcome = happens(
        posts(audience=LEARNER),
        (1, fact("activity_completed", "nobody", 1)),
        events=[(BEFORE_S, incidents.Doom(Blow("http.users.lookupByEmail:before")))],
        until_s=2000,
    )
    assert outcome.states == {"parked": 1}


def test_a_router_that_falls_between_its_commit_and_its_hint() -> None:
    """Couriers slept until the next event."""
    outcome = happens(
        posts(),
        (100, fact("activity_completed", "ada", 100)),
        events=[(0, incidents.Doom(Blow("outbox.route:after", crash=True)))],
        until_s=200,
    )
    assert outcome.last_effect_s < 110


def test_a_hello_that_breaks_off() -> None:
    """It held its bucket for ever, so that the lane never asked again."""
    outcome = happens(
        posts(),
        (1, fact("activity_completed", "ada", 1)),
        events=[
            (0, slack("revoked", "token_revoked")),
            (0, incidents.Doom(Blow("http.auth.test:before", nth=2, crash=True))),
        ],
        until_s=3600,
    )
    assert outcome.counts["crash http.auth.test:before"] == 1
    assert outcome.states == {"delivered": 1}
    assert outcome.last_effect_s < 3600


def test_a_database_error_while_a_refused_address_is_forgotten() -> None:
    """The courier fell, with every verdict of its lane that was not written yet."""
    said = (1, fact("activity_completed", "ada", 1))
    refused = (0, slack("archived"))
    undisturbed = happens(posts(audience=LEARNER), said, events=[refused], until_s=60)
    for nth in range(1, undisturbed.reached["job"] + 1):
        tremor = incidents.Shake(Tremor("job", "ioerr", nth))
        outcome = happens(posts(audience=LEARNER), said, events=[refused, (BEFORE_S, tremor)], until_s=60)
        assert outcome.states == {"dead": 1}


@pytest.mark.parametrize("refusal", ["not_installed", "error"])
def test_a_doubtful_notification_whose_repeat_is_refused(refusal: str) -> None:
    """It was called dead, though the first had landed."""
    outcome = happens(
        posts(to="teams", audience=LEARNER),
        (1, fact("activity_completed", "ada", 1)),
        events=[(0, teams("reset_after_commit")), (2, teams(refusal, "NotFound" if refusal == "error" else ""))],
        until_s=60,
    )
    assert outcome.states == {"parked": 1}
    assert outcome.effects == 1


def test_a_doubtful_notification_that_becomes_too_old_before_it_is_repeated() -> None:
    outcome = happens(
        posts(to="teams", audience=LEARNER, retry=Retry(age_max="30s")),
        (1, fact("activity_completed", "ada", 1)),
        events=[(0, teams("reset_after_commit")), (2, teams("rate_limited", "20", times=3))],
        until_s=200,
    )
    assert outcome.states == {"parked": 1}


def test_a_slow_answer_about_a_post_that_lands_meanwhile() -> None:
    """What was true when it was asked was believed when it was answered."""
    outcome = happens(
        posts(),
        (1, fact("activity_completed", "ada", 1)),
        events=[(0, slack("late_commit", "10")), (0, slack("slow", "25", "conversations.history"))],
        until_s=100,
    )
    assert outcome.states == {"delivered": 1}
    assert outcome.effects == 1


def test_a_bundle_that_the_vendor_does_not_take() -> None:
    """Sent one by one after it had been on its way, its requests came closer to the next ones than the limits allow."""
    learners = ("ada", "ben", "cleo", "dan", "eve", "fay")
    outcome = happens(
        posts(to="teams", audience=LEARNER),
        *((1.0, fact("activity_completed", who, 1, what=f"{what}")) for what in range(6) for who in learners),
        events=[(0, teams("batch_unsupported", operation=""))],
        until_s=60,
        latency_s=0.2,
    )
    assert outcome.counts["fault teams batch_unsupported"] == 1
    assert outcome.states == {"delivered": 36}


def test_a_repeat_whose_first_attempt_was_stamped_in_the_future() -> None:
    """It was claimed anew for ever: the stamp of the first attempt stayed, and lay ahead of the vendor's clock."""
    outcome = happens(
        posts(to="teams", audience=LEARNER),
        (1, fact("activity_completed", "ada", 1)),
        events=[
            (BEFORE_S, incidents.Warp(2 * DAY_S, 0)),
            (BEFORE_S, incidents.Doom(Blow("http.token:committed"))),
            (1.02, incidents.Warp(-2 * DAY_S, 0)),
        ],
        until_s=2000,
    )
    assert outcome.states == {"delivered": 1}
    assert outcome.last_effect_s < 1000


def test_a_wrong_clock_and_a_vendor_whose_error_pages_tell_no_time() -> None:
    """The error page was taken for an answer, and our clock for the vendor's."""
    outcome = happens(
        posts(),
        (1, fact("activity_completed", "ada", 1)),
        events=[
            (BEFORE_S, incidents.Warp(3600.0, 0)),
            (0, incidents.Outage("acme", "slack", "503", 2.0)),
            (0, slack("late_commit", "12")),
        ],
        until_s=200,
    )
    assert outcome.effects == 1
