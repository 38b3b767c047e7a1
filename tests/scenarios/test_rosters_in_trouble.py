"""Rosters whatever happens: the vendor throttles, fails or loses answers, people edit on all sides, we die."""

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
import trio
from roster_hall import channel, enrolled, inside, kept, rule, run, settled, standings, workspace
from world import Campus, open_campus

from actors.domain.school import Membership
from actors.targets.slack.fake.workspace import BOT_USER

CODES = ("CS101", "PH110", "RH200")


async def in_step(campus: Campus) -> None:
    """The vendor is well again, and all of it was compared once more."""
    campus.fakes["slack"].clear_faults()
    await settled(campus)
    await trio.sleep(120)
    told = await run(campus)
    assert told.done, told.why
    await settled(campus)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("rate_limited", "5"), ("html", "503"), ("reset_before_commit", ""), ("reset_after_commit", ""),
     ("error_after_commit", "internal_error")],
)  # fmt: skip
async def test_the_first_sync_comes_through(kind: str, value: str, tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(
        tmp_path, kept(), before=lambda campus: campus.fault("slack", kind, value=value, times=0, chance=0.3)
    ) as campus:
        await campus.until_read()
        await trio.sleep(1_800)
        await in_step(campus)
        for code in CODES:
            assert inside(campus, f"c-{code.lower()}") == enrolled(campus, code), code


async def test_a_process_that_dies_goes_on_where_it_was(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        for _ in range(12):
            await trio.sleep(campus.dice.random() * 3)
            await campus.die()
            await campus.again()
        await settled(campus)
        for code in CODES:
            assert inside(campus, f"c-{code.lower()}") == enrolled(campus, code), code
        assert len([each for each in workspace(campus).places() if each[1].name.startswith("c-")]) == 3


def kicked(campus: Campus, out: list[str]) -> None:
    """From now on whoever is taken out stands in ``out``, by address."""
    space = workspace(campus)
    take = space.rooms.take

    def heard(room: str, users: Iterable[str], now_s: float) -> list[str]:
        gone = take(room, users, now_s)
        out.extend(space.somebody(user).email for user in gone)
        return gone

    space.rooms.take = heard  # type: ignore[method-assign]


class Meddling:
    """People edit on all sides: the school enrols and forgets, somebody at the platform adds and takes out."""

    def __init__(self, campus: Campus, seed: int) -> None:
        self.campus = campus
        self.dice = random.Random(seed)
        self.strangers: dict[str, set[str]] = {code: set() for code in CODES}
        self.taken_out: set[tuple[str, str]] = set()
        self.may_leave: set[str] = set()
        """Addresses of those who left something at some time, or came by hand."""

    def once(self) -> None:
        school, now_s = self.campus.school, self.campus.clock.now_us() / 1e6
        code = self.dice.choice(CODES)
        [course] = [each for each in school.courses.values() if each.code == code]
        members = [each for each in school.memberships.values() if each.course == course.id]
        match self.dice.choice(("enrol", "again", "leave", "back", "role", "suspend", "resume", "add", "kick")):
            case "enrol":
                person = school.add_person(f"P{len(school.people)}", "Random", now_s)
                school.enrol(person, course, now_s)
            case "again":
                school.enrol(school.people[self.dice.choice(members).user], course, now_s, section=2)
            case "leave":
                self._change(members, "active", state="deleted")
            case "back":
                self._change(members, "deleted", state="active")
            case "role":
                self._change(members, "active", role=self.dice.choice(("student", "ta", "teacher")))
            case "suspend":
                self._suspend(members, True)
            case "resume":
                self._suspend(members, False)
            case "add":
                self._add(code)
            case "kick":
                self._kick(code)

    def _change(self, members: list[Membership], now: str, **changes: object) -> None:
        some = [each for each in members if each.state == now]
        if some:
            one = self.dice.choice(some)
            self.campus.school.change_membership(one, self.campus.clock.now_us() / 1e6, **changes)
            self.may_leave.add(self.campus.school.people[one.user].email)

    def _suspend(self, members: list[Membership], suspended: bool) -> None:
        people = self.campus.school.people
        person = people[self.dice.choice(members).user]
        self.may_leave.add(person.email)
        self.campus.school.change_person(person, self.campus.clock.now_us() / 1e6, suspended=suspended)

    def _add(self, code: str) -> None:
        room = channel(self.campus, f"c-{code.lower()}")
        if room:
            email = f"stranger{self.dice.randrange(9)}@example.org"
            space = workspace(self.campus)
            space.rooms.put(room, [space.person(email)], self.campus.clock.now_us() / 1e6)
            self.strangers[code].add(email)

    def _kick(self, code: str) -> None:
        space, room = workspace(self.campus), channel(self.campus, f"c-{code.lower()}")
        there = sorted(space.rooms.inside(room) - {BOT_USER}) if room else []
        if there:
            user = self.dice.choice(there)
            space.rooms.take(room, [user], self.campus.clock.now_us() / 1e6)
            self.taken_out.add((code, user))
            self.may_leave.add(space.somebody(user).email)
            self.strangers[code].discard(space.somebody(user).email)


@pytest.mark.parametrize("seed", range(4))
async def test_edits_on_all_sides_converge_and_nobody_is_lost(
    seed: int, tmp_path: Path, autojump_clock: object
) -> None:
    """Whoever is enrolled is in, but those whom somebody took out at the platform and who are asked about; whoever is
    in and not enrolled came by hand."""
    wide = rule(brake={"percent_max": 100, "count_max": 1000, "total_percent_max": 100, "total_count_max": 1000})
    async with open_campus(tmp_path, kept(wide), seed=seed) as campus:
        await campus.until_read()
        await settled(campus)
        meddling, out = Meddling(campus, seed), list[str]()
        kicked(campus, out)
        for _ in range(12):
            campus.fault("slack", meddling.dice.choice(("rate_limited", "reset_after_commit", "html")), chance=0.5)
            for _ in range(meddling.dice.randrange(1, 4)):
                meddling.once()
            await trio.sleep(meddling.dice.choice((1, 60, 600)))
        await campus.sync("full", accept_removals=True)
        await in_step(campus)
        await trio.sleep(120)
        journal = len(campus.journal("slack"))
        await in_step(campus)
        assert len(campus.journal("slack")) == journal, "it never comes to rest"
        assert set(out) <= meddling.may_leave
        for code in CODES:
            stands = await standings(campus, code)
            asked = {email for email, standing in stands.items() if standing == "asked"}
            names = {workspace(campus).somebody(user).email for at, user in meddling.taken_out if at == code}
            assert asked <= names
            assert inside(campus, f"c-{code.lower()}") - meddling.strangers[code] == enrolled(campus, code) - asked
            assert set(stands.values()) <= {"in_step", "asked", "stranger", "excluded"}


async def test_a_lane_that_is_suspended_keeps_its_orders_until_it_lives_again(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, kept(), before=lambda campus: campus.fault("slack", "revoked", times=0)) as campus:
        await campus.until_read()
        await trio.sleep(3_600)
        [(suspended,)] = await campus.rows("SELECT suspended FROM lanes WHERE lane = 'acme/slack'")
        assert suspended
        assert channel(campus, "c-cs101") == ""
        campus.fakes["slack"].clear_faults()
        await trio.sleep(3_600)
        await settled(campus)
        for code in CODES:
            assert inside(campus, f"c-{code.lower()}") == enrolled(campus, code), code


async def test_a_change_of_the_rule_is_carried_out_when_it_is_in_force(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        await settled(campus)
        await campus.stop()
        campus.tenants["acme"] = kept(rule(exclude=["person2@example.edu"]))
        await campus.again()
        await trio.sleep(10)
        await settled(campus)
        assert "person2@example.edu" not in inside(campus, "c-cs101")
        assert inside(campus, "c-cs101") == enrolled(campus, "CS101") - {"person2@example.edu"}
