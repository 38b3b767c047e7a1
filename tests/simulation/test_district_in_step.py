"""A district comes into step, from nothing and from what a twentieth of everybody drifted to, while its vendor
throttles, fails, does a part only and answers are lost: no difference is left then, and nothing is to be done any more.

A small one in Teams on every run; the others, and the size of twenty schools (31,045 enrolments), where everything is
proved.
"""

from pathlib import Path
from random import Random

import pytest
import trio
from district import LARGE, district
from schooled import enrolled, inside, open_district, read, rule, settled, vendors
from world import Campus

from actors.messages import RosterPlan, RosterRun

SMALL = (200, 15, 450)
DRIFT = 0.05
ROOMY = {"total_count_max": 5_000}
"""A twentieth of a district is more people than one run takes out without a word."""
PATIENCE_S = 7_200.0
"""Slack tells the members of 1,470 channels in a quarter of an hour, at best."""
TROUBLE = {
    "slack": (
        ("rate_limited", "", "7", 0.02),
        ("rate_limited", "", "", 0.02),
        ("status", "", "503", 0.02),
        ("html", "", "", 0.01),
        ("reset_before_commit", "", "", 0.02),
        ("reset_after_commit", "", "", 0.02),
        ("truncated_after_commit", "", "", 0.01),
        ("error_after_commit", "conversations.invite", "fatal_error", 0.01),
        ("late_commit", "conversations.invite", "9", 0.01),
    ),
    "teams": (
        ("rate_limited", "", "7", 0.01),
        ("rate_limited", "members.add", "", 0.02),
        ("status", "", "503", 0.01),
        ("one_refused", "members.add", "TooManyRequests", 0.05),
        ("one_refused", "members.add", "InternalServerError", 0.02),
        ("batch_inner_throttled", "", "3", 0.02),
        ("batch_lost_inner", "", "", 0.02),
        ("reset_before_commit", "$batch", "", 0.02),
        ("reset_after_commit", "$batch", "", 0.02),
        ("status_after_commit", "members.add", "504", 0.02),
        ("late_commit", "members.add", "9", 0.01),
    ),
}
"""Kind, operation, value and chance, at each request while it lasts."""


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("channel", marks=pytest.mark.campaign),
        pytest.param("usergroup", marks=pytest.mark.campaign),
        "team",
    ],
)
async def test_a_small_district_comes_into_step_through_trouble(
    tmp_path: Path, autojump_clock: object, kind: str
) -> None:
    await into_step(tmp_path, kind, *SMALL)


@pytest.mark.campaign
@pytest.mark.district
@pytest.mark.parametrize("kind", ["channel", "team"])
async def test_a_large_district_comes_into_step_through_trouble(
    tmp_path: Path, autojump_clock: object, kind: str
) -> None:
    await into_step(tmp_path, kind, *LARGE)


async def into_step(root: Path, kind: str, people: int, classes: int, enrolments: int) -> None:
    bundle = district(root / "bundle", people, classes, enrolments)
    wanted = enrolled(bundle)
    kept = rule(kind, strangers="remove", brake=ROOMY)
    async with open_district(root, bundle, kept) as campus:
        trouble(campus, kept.to)
        await read(campus)
        await settled(campus)
        assert inside(campus, kind) == wanted, "from nothing"
        await trio.sleep(1_800)  # nobody's members are late any more
        for each in campus.fakes.values():
            each.clear_faults()
        drifted = drift(campus, kind, Random(7))
        assert drifted >= enrolments * DRIFT * 0.8
        trouble(campus, kept.to)
        reconciler = campus.switchboard.reconcilers["acme"]
        while not (
            await reconciler.ask(lambda reply: RosterRun(course="", by="ann", reply=reply), deadline_s=PATIENCE_S)
        ).done:  # who asks is told when the vendor did not answer
            await trio.sleep(60)
        await settled(campus)
        await trio.sleep(86_400)  # whom a reading missed is seen to in the night
        await settled(campus)
        assert inside(campus, kind) == wanted, "from drift"
        for each in campus.fakes.values():
            each.clear_faults()
        effects = len(campus.journal(kept.to))
        told = await reconciler.ask(lambda reply: RosterPlan(course="", reply=reply), deadline_s=PATIENCE_S)
        assert (told.plan is None or not told.plan.hash, told.why) == (True, "nothing would change")
        assert dict(await campus.rows("SELECT standing, count(*) FROM roster_standings GROUP BY standing")) == {
            "in_step": sum(len(each) for each in wanted.values())
        }
        await trio.sleep(30_000)
        assert len(campus.journal(kept.to)) == effects, "at rest nothing is done"
        assert not {"dead", "parked", "unknown"} & (await campus.states()).keys()


def trouble(campus: Campus, vendor: str) -> None:
    for kind, operation, value, chance in TROUBLE[vendor]:
        campus.fault(vendor, kind, operation=operation, value=value, chance=chance, times=0)


def drift(campus: Campus, kind: str, dice: Random) -> int:
    """By hand, at the vendor: one of forty memberships is ended, and as many people come who were never enrolled. How
    many that are."""
    now_s = campus.clock.now_us() / 1e6
    slack, teams = vendors(campus)
    space, moved = slack.space, 0
    match kind:
        case "channel":
            for id_, place in space.places():
                users = sorted(each for each in space.rooms.inside(id_) if not space.somebody(each).bot)
                out = [each for each in users if place.name and dice.random() < DRIFT / 2]
                moved += len(space.rooms.take(id_, out, now_s))
                moved += len(space.rooms.put(id_, [space.person(each) for each in guests(moved, len(out))], now_s))
        case "usergroup":
            for group in space.rooms.groups.values():
                out = [each for each in group.users if dice.random() < DRIFT / 2]
                came = [space.person(each) for each in guests(moved, len(out))]
                space.rooms.replace(group, [each for each in group.users if each not in out] + came, now_s)
                moved += 2 * len(out)
        case _:
            for team in teams.teams.all():
                members = [each for each in team.members.values() if not each.owner and dice.random() < DRIFT / 2]
                for each in members:
                    teams.teams.remove(team, each, now_s)
                for address in guests(moved, len(members)):
                    teams.teams.add(team, teams.people.hire(address).id, owner=False, now_s=now_s)
                moved += 2 * len(members)
    return moved


def guests(first: int, count: int) -> list[str]:
    """Addresses of people of whom the school knows nothing."""
    return [f"guest{first + n}@example.org" for n in range(count)]
