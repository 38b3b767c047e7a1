"""What rosters kept from an LMS are known to suffer from, each suffered once, in a whole daemon in virtual time."""

from pathlib import Path

import pytest
import toy_source
import trio
from control_office import Office, ask
from quarrels import course, memberships, now_s, pupil, toy
from roster_hall import apply, enrolled, kept, plan, run, settled, standings
from teams_hall import directory, inside, let, team, teams_rule
from world import Campus, open_campus

from actors.domain.rosters.brake import EMPTIED_MIN
from actors.domain.school import Class, School
from actors.messages import Sync
from actors.ports import Fault
from config.model import Tenant
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.views import RosterRow, RuleRow, StandingRow

CODE = "CS101"
NIGHTLY = "0 2 * * *"
LARGE = {"percent_max": 100, "total_percent_max": 100, "count_max": 1_000}


def one_team(**more: object) -> Tenant:
    return kept(teams_rule(**{"match": {"course": CODE}, **more}), every="6h")


def office(campus: Campus) -> Office:
    return Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)


def moves(campus: Campus) -> list[str]:
    return [each.operation for each in campus.journal("teams")]


def crowd(school: School, code: str, count: int, *, role: str = "student", name: str = "Crowd") -> list[str]:
    """So many more are enrolled; their addresses."""
    [into] = [each for each in school.courses.values() if each.code == code]
    people = [school.add_person(f"{name}{n}", "Person", 0.0) for n in range(count)]
    for each in people:
        school.enrol(each, into, 0.0, role=role)
    return [each.email for each in people]


async def test_of_1229_enrolled_881_are_in_the_team_and_each_of_the_others_has_a_reason(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toy_source, "PAGE_ROWS", 1_000)
    expected: dict[str, str] = {}

    def before(campus: Campus) -> None:
        people, school = directory(campus).people, campus.school
        people.hired_only = True
        for each in school.people.values():
            people.hire(each.email)
        known = crowd(school, CODE, 881 - 9)
        for address in [*known, *(barred := crowd(school, CODE, 12, name="Barred"))]:
            people.hire(address)
        for address in barred:
            let(campus, "bar_person", person=address)
        expected.update(dict.fromkeys(barred, "refused"))
        expected.update(dict.fromkeys(crowd(school, CODE, 300, name="Unknown"), "unmatched"))
        expected.update(dict.fromkeys(crowd(school, CODE, 30, role="observer", name="Parent"), "excluded"))
        for address in crowd(school, CODE, 1_229 - 881 - 12 - 300 - 30, name="Suspended"):
            [person] = [each for each in school.people.values() if each.email == address]
            person.suspended = True
            expected[address] = "excluded"

    async with open_campus(tmp_path, one_team(), before=before) as campus:
        await campus.until_read()
        await settled(campus)
        rows, done = await ask(office(campus), p.ReconcileReport(tenant="acme"))
        assert (done.note, done.exit_code) == ("1,229 of 1,229 people enrolled are accounted for", Exit.OK)
        [place] = [each for each in rows if isinstance(each, RosterRow)]
        assert (place.people, place.in_step, place.unmatched, place.refused) == (1_229, 881, 300, 12)
        people = [each for each in rows if isinstance(each, StandingRow)]
        assert {each.email: each.standing for each in people if each.standing != "in_step"} == expected
        assert all(each.detail for each in people if each.standing != "in_step")
        assert len(team(campus, CODE).members) == 881
        assert moves(campus).count("members.add") == 5


async def test_whoever_is_in_one_team_by_two_courses_leaves_with_the_second(
    tmp_path: Path, autojump_clock: object
) -> None:
    def before(campus: Campus) -> None:
        for each in campus.school.people.values():
            toy(campus).besides["users", each.id] = {"cohort": "2026"}

    year = kept(teams_rule(into={"team": "Year {user.cohort}"}))
    async with open_campus(tmp_path, year, before=before) as campus:
        await campus.until_read()
        await settled(campus)
        somebody, first = pupil(campus), len(moves(campus))
        for code in ("CS101", "PH110"):
            [one] = [each for each in memberships(campus, code=code) if each.user == somebody.id]
            campus.school.change_membership(one, now_s(campus), state="deleted")
            await campus.sync()
            await settled(campus)
            assert somebody.email in inside(campus, "Year 2026")
        assert len(moves(campus)) == first
        [last] = [each for each in memberships(campus, code="RH200") if each.user == somebody.id]
        campus.school.change_membership(last, now_s(campus), state="deleted")
        await campus.sync()
        await settled(campus)
        assert somebody.email not in inside(campus, "Year 2026")
        assert moves(campus)[first:] == ["members.delete"]


async def test_what_changes_little_moves_nobody(tmp_path: Path, autojump_clock: object) -> None:
    """Another role, name, section or spelling, an enrolment made anew, a course renamed: nobody loses what they had in
    private channels."""
    async with open_campus(tmp_path, one_team(schedule=NIGHTLY)) as campus:
        await campus.until_read()
        await settled(campus)
        await trio.sleep(900)
        was, before = {each.id for each in team(campus, CODE).members.values()}, moves(campus)
        school, at_s = campus.school, now_s(campus)
        first, second, third, fourth, *_ = memberships(campus)
        school.change_membership(first, at_s, role="ta", section=7)
        school.change_person(school.people[second.user], at_s, family="King", email="PERSON2@Example.EDU")
        school.change_membership(third, at_s, state="deleted")
        school.enrol(school.people[third.user], course(campus), at_s, section=2)
        school.enrol(school.people[fourth.user], course(campus), at_s, section=3)
        renamed: Class = course(campus)
        renamed.name, renamed.at_s = "Computing for everybody", at_s
        await campus.sync("full")
        await settled(campus)
        await trio.sleep(86_400)
        await settled(campus)
        assert moves(campus) == before
        assert {each.id for each in team(campus, CODE).members.values()} == was
        assert set((await standings(campus, CODE)).values()) == {"in_step"}


async def test_whoever_is_suspended_has_no_access_until_they_are_back(tmp_path: Path, autojump_clock: object) -> None:
    """By their account or by their enrolment; where the rule keeps them, they stay."""
    keep = teams_rule(name="keep", match={"course": "PH110"}, suspended="keep")
    async with open_campus(tmp_path, kept(teams_rule(match={"course": CODE}), keep)) as campus:
        await campus.until_read()
        await settled(campus)
        school, by_account = campus.school, pupil(campus)
        by_enrolment = memberships(campus)[1]
        address = school.people[by_enrolment.user].email
        school.change_person(by_account, now_s(campus), suspended=True)
        school.change_membership(by_enrolment, now_s(campus), state="inactive")
        await campus.sync()
        await settled(campus)
        assert not {by_account.email, address} & inside(campus, CODE)
        assert {by_account.email, address} <= inside(campus, "PH110")
        found = await standings(campus, CODE)
        assert (found[by_account.email], found[address]) == ("excluded", "excluded")
        school.change_person(by_account, now_s(campus), suspended=False)
        school.change_membership(by_enrolment, now_s(campus), state="active")
        await campus.sync()
        await settled(campus)
        assert inside(campus, CODE) == enrolled(campus, CODE)


@pytest.mark.parametrize(
    ("kind", "value"), [("status", "500"), ("truncated_after_commit", ""), ("reset_before_commit", "")]
)
async def test_a_reading_that_fails_in_the_midst_suspends_nobody(
    kind: str, value: str, tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, one_team(brake=LARGE, schedule=NIGHTLY)) as campus:
        await campus.until_read()
        await settled(campus)
        before = inside(campus, CODE)
        toy(campus).fault(Fault(kind=kind, vendor="toy", operation="enrolments", value=value, times=0, skip=1))
        harvester = campus.switchboard.harvesters["acme/campus"]
        assert not await harvester.ask(lambda reply: Sync("full", reply, False))
        await trio.sleep(86_400)
        toy(campus).clear_faults()
        await run(campus)
        await settled(campus)
        assert inside(campus, CODE) == before
        assert "members.delete" not in moves(campus)


async def test_a_list_that_is_suddenly_empty_takes_nobody_out_until_somebody_says_so(
    tmp_path: Path, autojump_clock: object
) -> None:
    """The source's own brake holds it, and once that was let go, the roster's does."""
    async with open_campus(tmp_path, one_team(schedule=NIGHTLY)) as campus:
        await campus.until_read()
        await settled(campus)
        before = inside(campus, CODE)
        assert len(before) > EMPTIED_MIN
        campus.school.memberships.clear()
        await campus.sync("full")
        await run(campus)
        await trio.sleep(3_600)
        assert inside(campus, CODE) == before
        told = await plan(campus)
        assert told.plan is None or told.plan.removes == 0
        await campus.sync("full", accept_removals=True)
        await run(campus)
        await trio.sleep(600)
        assert inside(campus, CODE) == before
        [parked] = [each for each in await campus.store.rosters.plans("acme", 50) if each.state == "parked"]
        assert parked.removes == len(before) - 1, "an owner stays"
        told = await plan(campus)
        assert told.plan is not None
        assert not (await apply(campus, told.plan.hash)).done
        assert (await apply(campus, told.plan.hash, accept=True)).done
        await settled(campus)
        assert len(inside(campus, CODE)) == 1


async def test_addresses_match_in_any_case_and_whoever_has_another_one_is_linked_once(
    tmp_path: Path, autojump_clock: object
) -> None:
    def before(campus: Campus) -> None:
        for each in campus.school.people.values():
            each.email = each.email.upper()
        directory(campus).people.change("person2@example.edu", 0.0, mail="second@example.org")

    async with open_campus(tmp_path, one_team(schedule=NIGHTLY), before=before) as campus:
        await campus.until_read()
        await settled(campus)
        found = await standings(campus, CODE)
        assert {who.casefold() for who, how in found.items() if how != "in_step"} == {"person2@example.edu"}
        people = await campus.rows("SELECT person FROM roster_standings WHERE standing = 'unmatched'")
        link = p.IdentityLink(one=str(people[0][0]), other="teams:second@example.org", tenant="acme")
        await ask(office(campus), link)
        await run(campus, CODE)
        await settled(campus)
        assert "second@example.org" in inside(campus, CODE)
        assert set((await standings(campus, CODE)).values()) == {"in_step"}


async def test_whose_account_is_made_after_they_were_enrolled_is_put_in_by_a_run_of_that_course_or_the_next_night(
    tmp_path: Path, autojump_clock: object
) -> None:
    def before(campus: Campus) -> None:
        directory(campus).people.hired_only = True
        for each in [*campus.school.people.values()][1:]:
            directory(campus).people.hire(each.email)

    other = teams_rule(name="other", match={"course": "PH110"}, schedule=NIGHTLY)
    two = kept(teams_rule(match={"course": CODE}), other, every="6h")
    async with open_campus(tmp_path, two, before=before) as campus:
        await campus.until_read()
        await settled(campus)
        late = campus.school.people[memberships(campus)[0].user].email
        assert (await standings(campus, CODE))[late] == "unmatched"
        let(campus, "people", people=[late])
        rows, done = await ask(office(campus), p.ReconcileRun(tenant="acme", course=CODE))
        assert done.exit_code == Exit.OK
        assert rows
        await settled(campus)
        assert inside(campus, CODE) == enrolled(campus, CODE)
        await trio.sleep(86_400)
        await settled(campus)
        assert inside(campus, "PH110") == enrolled(campus, "PH110")


async def test_a_vendor_that_never_answers_is_told_of_within_minutes_and_forgiven(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, one_team(schedule=NIGHTLY)) as campus:
        await campus.until_read()
        await settled(campus)
        campus.fault("teams", "slow", value="86400", times=0)
        await trio.sleep(86_400)
        rows, done = await ask(office(campus), p.ReconcileStatus(tenant="acme"))
        [row] = [each for each in rows if isinstance(each, RuleRow)]
        assert (row.state, done.exit_code) == ("hindered", Exit.DEGRADED)
        assert row.detail
        campus.fakes["teams"].clear_faults()
        await trio.sleep(1_800)
        rows, done = await ask(office(campus), p.ReconcileStatus(tenant="acme"))
        assert (rows[0].state, done.exit_code) == ("idle", Exit.OK)
        assert inside(campus, CODE) == enrolled(campus, CODE)


async def test_forty_courses_are_one_run(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toy_source, "PAGE_ROWS", 1_000)

    def before(campus: Campus) -> None:
        school = campus.school
        people = [*school.people.values()]
        for n in range(40):
            made = school.add_course(f"Course {n}", f"M{n:02}", 0.0)
            for role, at in (("teacher", n), ("student", n + 1), ("student", n + 2)):
                school.enrol(people[at % len(people)], made, 0.0, role=role)

    async with open_campus(tmp_path, kept(teams_rule(match={"course": "M*"})), before=before) as campus:
        await campus.until_read()
        began_s = trio.current_time()
        await settled(campus)
        assert trio.current_time() - began_s < 1_800
        for n in range(40):
            assert inside(campus, f"M{n:02}") == enrolled(campus, f"M{n:02}")
        assert moves(campus).count("teams.post") == 40
