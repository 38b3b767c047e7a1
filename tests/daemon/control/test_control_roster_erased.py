"""Who is erased and is in a place still is taken out of it, by rule: nobody is asked, and nothing names them then."""

from pathlib import Path

import trio
from control_office import Office, ask
from roster_decisions import ROOM, decide, past_s, question, settled_campus
from roster_hall import channel, inside, kept, rule, run, settled, workspace
from world import Campus

from daemon.control import protocol as p
from daemon.control.exits import Exit

GUEST = "stranger@example.org"


async def erase(campus: Campus, email: str) -> dict[str, int]:
    """Of whoever has this address."""
    office = Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)
    request = p.EraseRun(tenant="acme", persons=(f"mailto:{email}",), sure=True)
    [*_, row], done = await ask(office, request)
    assert done.exit_code == Exit.OK
    return dict(row.counts)


async def tables_with(campus: Campus, needle: str) -> set[str]:
    """In which tables anything says so."""
    found = set()
    for (table,) in await campus.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'"
    ):
        for row in await campus.rows(f"SELECT * FROM {table}"):
            told = b"\n".join(each if isinstance(each, bytes) else str(each).encode() for each in row)
            if needle.encode().lower() in told.lower():
                found.add(table)
    return found


def gone_at_school(campus: Campus, email: str) -> None:
    """Which is not read again so soon."""
    [pupil] = [each for each in campus.school.people.values() if each.email == email]
    for member in campus.school.memberships.values():
        if member.user == pupil.id:
            campus.school.change_membership(member, campus.clock.now_us() / 1e6, state="deleted")


async def test_who_is_erased_is_taken_out_and_nothing_names_them(tmp_path: Path, autojump_clock: object) -> None:
    school = kept(rule(brake={"count_max": 0}), every="7d")
    async with settled_campus(tmp_path, school) as campus:
        email, user = "person2@example.edu", workspace(campus).person("person2@example.edu")
        rooms = ("c-cs101", "c-ph110", "c-rh200")
        assert all(email in inside(campus, room) for room in rooms)
        gone_at_school(campus, email)
        counts = await erase(campus, email)
        assert (counts["roster_members"], counts["roster_standings"]) == (3, 3)
        assert counts["deliveries_changed"] >= 3  # by which they were put in
        await settled(campus)
        assert not any(email in inside(campus, room) for room in rooms)
        assert await campus.rows("SELECT * FROM conflicts") == []
        for needle in (email, "Grace"):
            assert await tables_with(campus, needle) == set()
        await trio.sleep(86_400)
        await run(campus)
        assert await tables_with(campus, user) == {"deliveries"}  # the orders by which they were taken out
        assert await campus.rows("SELECT count(*) FROM deliveries WHERE instr(change, ?) > 0", user) == [(3,)]
        assert await campus.rows("SELECT * FROM conflicts") == []


async def test_a_stranger_who_was_let_stay_leaves_when_they_are_erased(tmp_path: Path, autojump_clock: object) -> None:
    async with settled_campus(tmp_path) as campus:
        space = workspace(campus)
        guest = space.person(GUEST)
        space.rooms.put(channel(campus, ROOM), [guest], past_s(campus))
        await decide(campus, await question(campus, "stranger"), "let_stay")
        counts = await erase(campus, GUEST)
        assert (counts["conflicts"], counts["rulings"], counts["roster_members"]) == (1, 1, 1)
        await run(campus)
        await settled(campus)
        assert GUEST not in inside(campus, ROOM)
        assert await campus.rows("SELECT * FROM conflicts") == []
        assert await campus.rows("SELECT * FROM rulings") == []
        assert await tables_with(campus, GUEST) == set()


async def test_who_is_told_of_again_belongs_in_again(tmp_path: Path, autojump_clock: object) -> None:
    """A source that still has them: they are erased there first."""
    async with settled_campus(tmp_path, kept(every="1h")) as campus:
        email = "person2@example.edu"
        await erase(campus, email)
        await settled(campus)
        assert email not in inside(campus, ROOM)
        await campus.sync("full")
        await settled(campus)
        assert email in inside(campus, ROOM)
        assert await campus.rows("SELECT count(*) FROM roster_kept WHERE erased = 1") == [(0,)]
        assert await campus.rows("SELECT * FROM conflicts") == []
