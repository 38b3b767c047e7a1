"""What a run found odd is decided by a person, and rosters follow: each class that Slack can show, from the question to
a place in step, and back where the decision is taken back."""

from pathlib import Path

import trio
from roster_decisions import (
    COURSE,
    ROOM,
    address,
    asked,
    decide,
    is_clean,
    past_s,
    question,
    settled_campus,
    somebody,
    take_back,
)
from roster_hall import apply, channel, enrolled, inside, kept, plan, rule, run, settled, standings, workspace
from world import Campus


async def came_by_hand(campus: Campus) -> str:
    space = workspace(campus)
    guest = space.person("stranger@example.org")
    space.rooms.put(channel(campus, ROOM), [guest], past_s(campus))
    return "stranger@example.org"


async def test_a_stranger_may_stay(tmp_path: Path, autojump_clock: object) -> None:
    async with settled_campus(tmp_path) as campus:
        guest = await came_by_hand(campus)
        await decide(campus, await question(campus, "stranger"), "let_stay")
        assert guest in inside(campus, ROOM)
        await is_clean(campus)


async def test_a_stranger_is_taken_out_and_put_in_again_when_that_is_undone(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with settled_campus(tmp_path) as campus:
        guest = await came_by_hand(campus)
        case = await question(campus, "stranger")
        await decide(campus, case, "take_out")
        assert inside(campus, ROOM) == enrolled(campus, COURSE)
        await is_clean(campus)
        await take_back(campus, case)
        assert inside(campus, ROOM) == enrolled(campus, COURSE) | {guest}
        await is_clean(campus)


async def test_a_stranger_who_may_stay_is_asked_about_again_when_that_is_undone(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with settled_campus(tmp_path) as campus:
        await came_by_hand(campus)
        case = await question(campus, "stranger")
        await decide(campus, case, "let_stay")
        await take_back(campus, case)
        again = await question(campus, "stranger")
        assert again.no != case.no


async def taken_out(campus: Campus) -> str:
    user = somebody(campus)
    workspace(campus).rooms.take(channel(campus, ROOM), [user], past_s(campus))
    return address(campus, user)


async def test_who_was_taken_out_is_put_back_once_a_person_says_so(tmp_path: Path, autojump_clock: object) -> None:
    async with settled_campus(tmp_path, kept(rule(missing="review"))) as campus:
        who = await taken_out(campus)
        case = await question(campus, "missing")
        assert who not in inside(campus, ROOM)
        await decide(campus, case, "put_back")
        assert inside(campus, ROOM) == enrolled(campus, COURSE)
        await is_clean(campus)


async def test_who_was_taken_out_stays_out_and_is_accounted_for(tmp_path: Path, autojump_clock: object) -> None:
    async with settled_campus(tmp_path, kept(rule(missing="review"))) as campus:
        who = await taken_out(campus)
        case = await question(campus, "missing")
        await decide(campus, case, "stay_out")
        assert who not in inside(campus, ROOM)
        assert (await standings(campus, COURSE))[who] == "excluded"
        await is_clean(campus)
        await take_back(campus, case)
        await question(campus, "missing")


async def archived(campus: Campus) -> str:
    """It shows when somebody is to be put in."""
    room = channel(campus, ROOM)
    workspace(campus).place(room).archived = True
    school, now_s = campus.school, campus.clock.now_us() / 1e6
    course = next(each for each in school.courses.values() if each.code == COURSE)
    school.enrol(school.add_person("Alan", "Turing", now_s), course, now_s)
    await campus.sync()
    await trio.sleep(300)
    return room


async def test_an_archived_channel_is_looked_at_again_when_it_is_back(tmp_path: Path, autojump_clock: object) -> None:
    async with settled_campus(tmp_path) as campus:
        room = await archived(campus)
        case = await asked(campus, "place_archived")
        workspace(campus).place(room).archived = False
        await decide(campus, case, "look_again")
        assert inside(campus, ROOM) == enrolled(campus, COURSE)
        await is_clean(campus)


async def test_an_archived_channel_is_let_be(tmp_path: Path, autojump_clock: object) -> None:
    async with settled_campus(tmp_path) as campus:
        await archived(campus)
        await decide(campus, await asked(campus, "place_archived"), "no_place")
        await is_clean(campus)


async def test_another_channel_takes_the_place_of_an_archived_one(tmp_path: Path, autojump_clock: object) -> None:
    async with settled_campus(tmp_path) as campus:
        await archived(campus)
        await decide(campus, await asked(campus, "place_archived"), "make_anew")
        assert inside(campus, f"{ROOM}-2") == enrolled(campus, COURSE)
        await is_clean(campus)


async def test_a_channel_that_is_gone_is_made_anew(tmp_path: Path, autojump_clock: object) -> None:
    async with settled_campus(tmp_path) as campus:
        room = channel(campus, ROOM)
        place = workspace(campus).place(room)
        place.deleted, place.name = True, "gone"
        case = await question(campus, "place_gone")
        assert {standing for _, standing in (await standings(campus, COURSE)).items()} == {"pending"}
        await decide(campus, case, "make_anew")
        assert channel(campus, ROOM) not in ("", room)
        assert inside(campus, ROOM) == enrolled(campus, COURSE)
        await is_clean(campus)


async def test_many_who_left_are_taken_out_once_a_person_lets_that_plan_go(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with settled_campus(tmp_path, kept(rule(brake={"count_max": 3, "total_percent_max": 100}))) as campus:
        school, now_s = campus.school, campus.clock.now_us() / 1e6
        course = next(each for each in school.courses.values() if each.code == COURSE)
        before = enrolled(campus, COURSE)
        for each in [each for each in school.memberships.values() if each.course == course.id][:6]:
            school.change_membership(each, now_s, state="deleted")
        await campus.sync()
        await settled(campus)
        case = await question(campus, "brake")
        assert inside(campus, ROOM) == before
        assert case.conflict.fixes[1].blast.removes == 6
        await decide(campus, case, "let_go")
        assert inside(campus, ROOM) == enrolled(campus, COURSE)
        await is_clean(campus)


async def test_many_who_left_stay_where_a_person_holds_that_plan_back(tmp_path: Path, autojump_clock: object) -> None:
    async with settled_campus(tmp_path, kept(rule(brake={"count_max": 3, "total_percent_max": 100}))) as campus:
        school, now_s = campus.school, campus.clock.now_us() / 1e6
        course = next(each for each in school.courses.values() if each.code == COURSE)
        before = enrolled(campus, COURSE)
        for each in [each for each in school.memberships.values() if each.course == course.id][:6]:
            school.change_membership(each, now_s, state="deleted")
        await campus.sync()
        await settled(campus)
        await decide(campus, await question(campus, "brake"), "hold_back")
        await run(campus, COURSE)
        await settled(campus)
        assert inside(campus, ROOM) == before
        assert await campus.store.conflicts.cases("acme", ("open",)) == []


async def test_a_guest_whom_the_vendor_refuses_is_left_out_or_tried_again(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with settled_campus(tmp_path) as campus:
        space, school, now_s = workspace(campus), campus.school, campus.clock.now_us() / 1e6
        course = next(each for each in school.courses.values() if each.code == COURSE)
        alan = school.add_person("Alan", "Turing", now_s)
        user = space.person(alan.email)
        space.change_person(user, past_s(campus), guest="single")
        other = sorted(each for each, _ in space.places() if each != channel(campus, ROOM))[0]
        space.rooms.put(other, [user], past_s(campus))
        school.enrol(alan, course, now_s)
        await campus.sync()
        await settled(campus)
        found = await campus.store.conflicts.cases("acme", ("open",))
        case = next(each for each in found if each.conflict.kind == "refused")
        await decide(campus, case, "stay_out")
        assert (await standings(campus, COURSE))[alan.email] == "excluded"


async def test_a_plan_that_somebody_applied_by_its_hash_asks_nobody_any_more(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with settled_campus(tmp_path, kept(rule(brake={"count_max": 3, "total_percent_max": 100}))) as campus:
        school, now_s = campus.school, campus.clock.now_us() / 1e6
        course = next(each for each in school.courses.values() if each.code == COURSE)
        for each in [each for each in school.memberships.values() if each.course == course.id][:6]:
            school.change_membership(each, now_s, state="deleted")
        await campus.sync()
        await settled(campus)
        await question(campus, "brake")
        told = await plan(campus, COURSE)
        assert told.plan is not None
        assert (await apply(campus, told.plan.hash, course=COURSE, accept=True)).done
        await settled(campus)
        await trio.sleep(60)
        assert inside(campus, ROOM) == enrolled(campus, COURSE)
        assert await campus.store.conflicts.cases("acme", ("open",)) == []
