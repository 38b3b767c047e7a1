"""The main job, from statement to post, under what goes wrong around it. Each scenario is a whole daemon."""

from itertools import pairwise
from pathlib import Path

import pytest
import trio
from world import SECRETS, Campus, completed, graded, open_campus, route, tenant

from config.model import Audience

COMPLETIONS = route("completions", "completed")
GRADES_DM = route("grades", "graded", audience=Audience(learner=True))


def ids(campus: Campus, vendor: str = "slack") -> list[str]:
    return [effect.delivery_id for effect in campus.journal(vendor)]


async def test_a_completion_is_posted_once(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        await campus.tell(completed("ada"))
        await campus.quiet()
        [effect] = campus.journal("slack")
        assert effect.destination == "C0GENERAL1"
        assert effect.correlation_id == "corr1"
        assert await campus.states() == {"delivered": 1}
        assert not campus.notes.troubles


async def test_the_same_completion_told_again_posts_nothing_more(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        await campus.tell(completed("ada"), completed("ada", at="2026-11-23T11:00:00Z"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1


async def test_a_grade_up_and_down_is_posted_three_times_in_order(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(route("grades", "graded"))) as campus:
        for points in (80, 85, 80):
            await campus.tell(graded("ada", points))
        await campus.quiet()
        delivered = await campus.rows("SELECT lower(hex(id)) FROM deliveries ORDER BY seq")
        assert ids(campus) == [row[0] for row in delivered]
        assert len(ids(campus)) == 3


async def test_a_learner_is_found_once_and_told_directly(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(GRADES_DM)) as campus:
        await campus.tell(graded("ada", 80), graded("ada", 90, "exam"))
        await campus.quiet()
        assert len(ids(campus)) == 2
        operations = [each["operation"] for each in campus.notes.named("exchanged")]
        assert operations.count("users.lookupByEmail") == 1
        assert all(effect.destination.startswith("D") for effect in campus.journal("slack"))


async def test_an_unmatched_learner_is_a_visible_dead_letter(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(GRADES_DM)) as campus:
        await campus.tell(graded("nobody", 80), graded("ada", 80))
        await campus.quiet()
        assert await campus.states() == {"dead": 1, "delivered": 1}
        [(cause, detail)] = await campus.rows("SELECT cause, detail FROM deliveries WHERE state = 'dead'")
        assert cause == "unmatched_learner"
        assert detail


async def test_a_learner_without_an_address_is_told_about_with_advice(tmp_path: Path, autojump_clock: object) -> None:
    nameless = {**graded("x", 80), "actor": {"account": {"homePage": "https://lms.example.edu", "name": "7"}}}
    async with open_campus(tmp_path, tenant(GRADES_DM)) as campus:
        await campus.tell(nameless)
        await campus.quiet()
        [(cause, detail)] = await campus.rows("SELECT cause, detail FROM deliveries")
        assert cause == "unmatched_learner"
        assert "people" in detail


async def test_a_course_without_a_channel_is_a_dead_letter_that_names_the_course(
    tmp_path: Path, autojump_clock: object
) -> None:
    by_course = route("completions", "completed", audience=Audience(course_channel=True))
    async with open_campus(tmp_path, tenant(by_course)) as campus:
        await campus.tell(completed("ada", course="CS999"), completed("ada", "reading"))
        await campus.quiet()
        assert await campus.states() == {"dead": 1, "delivered": 1}
        [(detail,)] = await campus.rows("SELECT detail FROM deliveries WHERE state = 'dead'")
        assert "CS999" in detail


@pytest.mark.parametrize(
    "kind", ["reset_after_commit", "truncated_after_commit", "status_after_commit", "error_after_commit"]
)
async def test_a_post_that_landed_unheard_is_found_not_repeated(
    tmp_path: Path, autojump_clock: object, kind: str
) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        value = {"status_after_commit": "504", "error_after_commit": "internal_error"}.get(kind, "")
        campus.fault("slack", kind, operation="chat.postMessage", value=value)
        await campus.tell(completed("ada"), completed("ben"))
        await campus.quiet()
        assert len(ids(campus)) == len(set(ids(campus))) == 2
        assert await campus.states() == {"delivered": 2}
        assert [row[0] for row in await campus.rows("SELECT lower(hex(id)) FROM deliveries ORDER BY seq")] == ids(
            campus
        )


async def test_a_post_that_never_landed_is_sent_after_the_window(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        campus.fault("slack", "reset_before_commit", operation="chat.postMessage")
        await campus.tell(completed("ada"))
        await campus.quiet()
        [effect] = campus.journal("slack")
        [(sent_us,)] = await campus.rows("SELECT accepted_us FROM deliveries")
        assert effect.time - sent_us / 1e6 >= 20.0, "sent again before a slow original could have landed"


async def test_a_post_that_lands_late_is_not_doubled(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        campus.fault("slack", "late_commit", operation="chat.postMessage", value="12")
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert len(ids(campus)) == 1
        assert await campus.states() == {"delivered": 1}


async def test_throttling_and_outage_cost_no_attempts(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(route("completions", "completed", attempts_max=2))) as campus:
        campus.fault("slack", "rate_limited", operation="chat.postMessage", value="30", times=5)
        campus.fault("slack", "status", operation="chat.postMessage", value="503", times=10)
        await campus.tell(*(completed(f"l{n}") for n in range(5)))
        await campus.quiet(7200)
        assert await campus.states() == {"delivered": 5}
        assert len(set(ids(campus))) == 5


async def test_an_unreachable_vendor_buries_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        campus.http.unreachable = "no route to host"
        await campus.tell(*(completed(f"l{n}") for n in range(20)))

        await trio.sleep(2 * 3600)  # three days of it are in the simulation
        assert set(await campus.states()) <= {"waiting", "claimed"}
        campus.http.unreachable = ""
        await campus.quiet(600)
        assert await campus.states() == {"delivered": 20}


async def test_a_dead_token_suspends_the_lane_and_nothing_is_lost(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        campus.fault("slack", "revoked", times=0)
        await campus.tell(*(completed(f"l{n}") for n in range(3)))

        await trio.sleep(3600)
        assert set(await campus.states()) == {"waiting"}
        [(suspended,)] = await campus.rows("SELECT suspended FROM lanes")
        assert suspended
        campus.fakes["slack"].clear_faults()
        await campus.quiet(3600)
        assert await campus.states() == {"delivered": 3}
        [(suspended,)] = await campus.rows("SELECT suspended FROM lanes")
        assert suspended == ""


async def test_published_limits_are_kept_without_a_single_429(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        await campus.tell(*(completed(f"l{n}") for n in range(12)))
        await campus.quiet(600)
        times = [effect.time for effect in campus.journal("slack")]
        assert all(later - earlier >= 1.0 for earlier, later in pairwise(times))
        attempts = campus.notes.named("attempt")
        assert {each["verdict"] for each in attempts} == {"delivered"}


async def test_death_at_any_moment_loses_and_doubles_nothing(tmp_path: Path, autojump_clock: object) -> None:

    settings = {"slack": {"limits": {"channel_per_s": 5.0}}}
    async with open_campus(tmp_path, tenant(COMPLETIONS, settings=settings), limited=False) as campus:
        campus.fault("slack", "slow", value="0.3", times=0)
        for death in range(6):
            await campus.tell(*(completed(f"l{death}-{n}") for n in range(4)))
            await trio.sleep(0.11 * (death + 1))
            await campus.die()
            await campus.again()
        await campus.quiet(3600)
        assert len(ids(campus)) == len(set(ids(campus))) == 24
        assert await campus.states() == {"delivered": 24}


async def test_a_broken_template_buries_only_its_own(tmp_path: Path, autojump_clock: object) -> None:
    routes = (route("bad", "graded", template="broken"), COMPLETIONS)
    broken = {"broken": "{% block title %}{{ learner.nonsense.deep }}{% endblock %}"}
    async with open_campus(tmp_path, tenant(*routes, templates=broken)) as campus:
        await campus.tell(graded("ada", 80), completed("ada"))
        await campus.quiet()
        assert await campus.states() == {"dead": 1, "delivered": 1}
        [(cause, detail)] = await campus.rows("SELECT cause, detail FROM deliveries WHERE state = 'dead'")
        assert cause == "bad_template"
        assert "broken" in detail
        assert "line 1" in detail or ":1" in detail


async def test_one_tenants_broken_actor_never_touches_another(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS), tenant(COMPLETIONS, name="broken")) as campus:

        def explode(*args: object) -> object:
            raise RuntimeError("a bug")

        campus.root._make_targets = explode  # type: ignore[method-assign,assignment]

        with trio.move_on_after(60):
            await campus.kernel.registry.restart("root/broken")
        await campus.tell(completed("ada"))
        await trio.sleep(30)
        assert len(ids(campus)) == 1
        state = {each.name: each.state for each in campus.kernel.registry.tree().children}
        assert state == {"acme": "running", "broken": "backing_off"}


async def test_a_reload_touches_only_what_changed(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS), tenant(COMPLETIONS, name="other")) as campus:
        changed = tenant(route("completions", "completed", audience=Audience(channel="C0ANOTHER1")))
        touched = await campus.root.apply({"acme": changed, "other": campus.tenants["other"]})
        assert touched == ("acme",)
        await campus.tell(completed("ada"))
        await campus.tell(completed("ada"), tenant="other")
        await campus.quiet()
        assert sorted(effect.destination for effect in campus.journal("slack")) == ["C0ANOTHER1", "C0GENERAL1"]
        assert await campus.root.apply({"acme": changed}) == ("other",)


async def test_a_time_the_vendor_named_outlives_a_restart_and_ends_when_an_operator_says_so(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        campus.fault("slack", "rate_limited", operation="chat.postMessage", value="3600")
        await campus.tell(completed("ada"))
        await trio.sleep(10)
        await campus.stop()
        await campus.again()
        await campus.tell(completed("ben"))
        await trio.sleep(600)
        assert campus.journal("slack") == []
        assert await campus.store.queries.unthrottle("acme/slack", now_us=campus.clock.now_us())
        campus.switchboard.resumed("acme/slack")
        await campus.quiet(60)
        assert len(campus.journal("slack")) == 2
        assert not await campus.store.queries.unthrottle("acme/slack", now_us=campus.clock.now_us())


async def test_a_token_is_fetched_once_for_both_lives_however_much_is_in_doubt(
    tmp_path: Path, autojump_clock: object
) -> None:
    to_learners = route("grades", "graded", to="teams", audience=Audience(learner=True))
    async with open_campus(tmp_path, tenant(to_learners), limited=False) as campus:
        campus.fault("teams", "slow", value="0.3", times=0)
        await campus.tell(*(graded(f"l{number}", 80) for number in range(8)))
        await trio.sleep(1.5)
        await campus.die()
        await campus.again()
        await campus.quiet(600)
        operations = [each["operation"] for each in campus.notes.named("exchanged")]
        assert operations.count("token") == 0, "no attempt asks for one"
        assert len(campus.notes.named("token.obtained")) == 1
        doubts = [each for each in campus.notes.named("attempt") if each["verdict"] == "repeatable"]
        assert len(doubts) > 1
        assert len({effect.delivery_id for effect in campus.journal("teams")}) == 8


async def test_a_token_that_the_vendor_repeats_is_kept_nowhere(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS)) as campus:
        campus.fault("slack", "error", operation="chat.postMessage", value=f"not_with_{SECRETS['slack']}")
        await campus.tell(completed("ada"))
        await campus.quiet()
        [kept] = await campus.rows("SELECT history, detail FROM deliveries")
        assert "not_with_" in str(kept)
        assert SECRETS["slack"] not in str(kept)
