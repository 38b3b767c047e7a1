"""Channels follow a course: who is enrolled is in, who left is out, whoever came by hand is asked about."""

from pathlib import Path

import trio
from roster_hall import apply, channel, enrolled, inside, kept, plan, rule, run, settled, standings, workspace
from world import Campus, open_campus

from actors.ports import Fault
from actors.ports.rosters import Marked
from actors.targets.slack.fake.workspace import BOT_USER

ELSE = {"users.lookupByEmail", "users.list", "users.info", "conversations.list", "conversations.invite"}


async def test_a_first_sync_makes_channels_and_puts_everybody_in(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        await settled(campus)
        for code in ("CS101", "PH110", "RH200"):
            name = f"c-{code.lower()}"
            assert inside(campus, name) == enrolled(campus, code), code
            assert set((await standings(campus, code)).values()) == {"in_step"}


async def test_whoever_enrols_later_is_put_in_and_whoever_leaves_is_taken_out(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        await settled(campus)
        school, now_s = campus.school, campus.clock.now_us() / 1e6
        course = next(each for each in school.courses.values() if each.code == "CS101")
        newcomer = school.add_person("Alan", "Turing", now_s)
        school.enrol(newcomer, course, now_s)
        leaver = next(each for each in school.memberships.values() if each.course == course.id)
        school.change_membership(leaver, now_s, state="deleted")
        await campus.sync()
        await settled(campus)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101")
        assert newcomer.email in inside(campus, "c-cs101")
        assert school.people[leaver.user].email not in inside(campus, "c-cs101")


async def test_the_last_enrolment_counts_and_a_change_of_role_moves_nobody(
    tmp_path: Path, autojump_clock: object
) -> None:
    """Whoever is enrolled twice stays until both are gone; who only gets another role is not taken out and put in."""
    async with open_campus(tmp_path, kept()) as campus:
        school, now_s = campus.school, campus.clock.now_us() / 1e6
        course = next(each for each in school.courses.values() if each.code == "CS101")
        person = school.add_person("Alan", "Turing", now_s)
        first = school.enrol(person, course, now_s, section=1)
        second = school.enrol(person, course, now_s, section=2)
        await campus.sync("full")
        await settled(campus)
        before = len(campus.journal("slack"))
        school.change_membership(first, now_s + 60, state="deleted")
        school.change_membership(second, now_s + 60, role="ta")
        await campus.sync()
        await settled(campus)
        assert person.email in inside(campus, "c-cs101")
        assert len(campus.journal("slack")) == before
        school.change_membership(second, now_s + 120, state="deleted")
        await campus.sync()
        await settled(campus)
        assert person.email not in inside(campus, "c-cs101")


async def test_a_night_without_changes_asks_for_members_alone(tmp_path: Path, autojump_clock: object) -> None:
    nightly = kept(rule(schedule="0 2 * * *"))
    async with open_campus(tmp_path, nightly) as campus:
        await campus.until_read()
        await settled(campus)
        await trio.sleep(86_400)  # the first one asks who the app is that is in every channel
        campus.http.operations.clear()
        await trio.sleep(86_400)
        asked = campus.http.operations
        assert asked["conversations.members"] == 3
        assert not asked.keys() & ELSE


async def test_who_came_by_hand_is_asked_about_and_who_was_taken_out_is_put_back(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        await settled(campus)
        space, room = workspace(campus), channel(campus, "c-cs101")
        await trio.sleep(120)  # what members see is late
        now_s = campus.clock.now_us() / 1e6
        lost = sorted(space.rooms.inside(room) - {BOT_USER})[0]
        space.rooms.take(room, [lost], now_s - 100)
        stranger = space.person("stranger@example.org")
        space.rooms.put(room, [stranger], now_s - 100)
        told = await run(campus, "CS101")
        assert told.done
        await settled(campus)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101") | {"stranger@example.org"}
        assert (await standings(campus, "CS101"))["stranger@example.org"] == "stranger"
        [case] = await campus.store.conflicts.cases("acme", {"open"})
        assert case.conflict.kind == "stranger"


async def test_a_roster_that_shrinks_suddenly_is_parked_and_goes_when_somebody_lets_it(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, kept(rule(brake={"count_max": 3}))) as campus:
        await campus.until_read()
        await settled(campus)
        school, now_s = campus.school, campus.clock.now_us() / 1e6
        course = next(each for each in school.courses.values() if each.code == "CS101")
        everybody = enrolled(campus, "CS101")
        gone = [each for each in school.memberships.values() if each.course == course.id][:6]
        for each in gone:
            school.change_membership(each, now_s, state="deleted")
        newcomer = school.add_person("Alan", "Turing", now_s)
        school.enrol(newcomer, course, now_s)
        await campus.sync()
        await settled(campus)
        assert inside(campus, "c-cs101") == everybody | {newcomer.email}
        [parked] = [each for each in await campus.store.rosters.plans("acme", 50) if each.state == "parked"]
        assert parked.removes == 6
        assert "count_max" in parked.why
        told = await plan(campus, "CS101")
        assert told.plan is not None
        assert told.plan.removes == 6
        refused = await apply(campus, told.plan.hash, course="CS101")
        assert not refused.done
        assert "--accept" in refused.why
        done = await apply(campus, told.plan.hash, course="CS101", accept=True)
        assert done.done
        await settled(campus)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101")


async def test_a_plan_changes_nothing_and_counts_for_what_it_says_only(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept(rule(schedule="0 2 * * *"))) as campus:
        await campus.until_read()
        await settled(campus)
        space, room = workspace(campus), channel(campus, "c-cs101")
        await trio.sleep(120)  # what members see is late
        now_s = campus.clock.now_us() / 1e6
        lost = sorted(space.rooms.inside(room) - {BOT_USER})[:2]
        space.rooms.take(room, lost[:1], now_s - 100)
        before = len(campus.journal("slack"))
        told = await plan(campus, "CS101")
        assert told.plan is not None
        assert (told.plan.adds, told.plan.removes) == (1, 0)
        assert len(campus.journal("slack")) == before
        space.rooms.take(room, lost[1:], now_s - 100)
        unread = await apply(campus, told.plan.hash, course="CS101")  # nobody has told of the second
        assert not unread.done
        assert "not the same" in unread.why
        await run(campus, "PH110")
        again = await plan(campus, "CS101")
        assert again.plan is not None
        assert again.plan.hash != told.plan.hash
        stale = await apply(campus, told.plan.hash, course="CS101")
        assert not stale.done
        assert "not the same" in stale.why
        done = await apply(campus, again.plan.hash, course="CS101")
        assert done.done
        assert done.ordered == 1
        await settled(campus)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101")


async def test_a_rule_whose_source_was_never_read_looks_seldom(tmp_path: Path, autojump_clock: object) -> None:
    """Also when the hour of its schedule has passed meanwhile: it waits for the source, which hints when it is read."""
    looks = 0

    def before(campus: Campus) -> None:
        campus.sources["toy"].fault(Fault(kind="status", vendor="toy", times=0, value="503"))
        marked = campus.store.rosters.marked

        async def counted(tenant: str, rule: str) -> list[Marked]:
            nonlocal looks
            looks += 1
            return await marked(tenant, rule)

        campus.store.rosters.marked = counted  # type: ignore[method-assign]

    async with open_campus(tmp_path, kept(rule(schedule="0 2 * * *"), every="6h"), before=before) as campus:
        await trio.sleep(86_400)
        assert 0 < looks < 1_000
        campus.sources["toy"].clear_faults()
        await campus.sync("full")
        await settled(campus)
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101")
