"""Rosters in the fewest calls that the vendor's API allows, counted at the vendor."""

from pathlib import Path

import trio
from roster_hall import enrolled, inside, kept, rule, settled, workspace
from world import Campus, open_campus

COURSES, EACH, PEOPLE = 5, 130, 400
NIGHTS = 5


def large(campus: Campus) -> None:
    """Courses of more people than one invitation takes, and everybody is known at the vendor."""
    school, now_s = campus.school, campus.clock.now_us() / 1e6
    people = [
        school.add_person(f"P{n}", "Large", now_s, email=f"large{n}@example.edu", username=f"p{n}")
        for n in range(PEOPLE)
    ]
    for n in range(COURSES):
        course = school.add_course(f"Large {n}", f"L{n}", now_s)
        for m in range(EACH):
            school.enrol(people[(n * 61 + m) % PEOPLE], course, now_s)
    for person in school.people.values():
        workspace(campus).person(person.email)


async def test_a_first_sync_and_a_night_without_changes(tmp_path: Path, autojump_clock: object) -> None:
    """Three small courses, five large ones: 412 people in one page, an invitation for each hundred."""
    places, invitations = COURSES + 3, COURSES * 2 + 3
    async with open_campus(tmp_path, kept(rule(schedule="0 2 * * *")), before=large) as campus:
        campus.http.operations.clear()
        await campus.until_read()
        await settled(campus)
        asked = {name: n for name, n in campus.http.operations.items() if name.startswith(("users.l", "conv"))}
        asked.pop("conversations.info", None)  # whoever listens asks how the places of posts stand
        assert asked == {
            "conversations.list": 1,
            "users.list": 1,
            "conversations.create": places,
            "conversations.invite": invitations,
        }
        for n in range(COURSES):
            assert inside(campus, f"c-l{n}") == enrolled(campus, f"L{n}")
        campus.http.operations.clear()
        await trio.sleep(86_400)
        await settled(campus)
        asked = {name: n for name, n in campus.http.operations.items() if name.startswith(("users.l", "conv"))}
        asked.pop("conversations.info", None)
        assert asked == {"conversations.members": places}
        for _ in range(NIGHTS - 1):
            await trio.sleep(86_400)
            await settled(campus)
        asked = {name: n for name, n in campus.http.operations.items() if name.startswith(("users.l", "conv"))}
        asked.pop("conversations.info", None)
        assert asked["conversations.members"] == NIGHTS * places
        assert 0 < asked["conversations.list"] <= NIGHTS * places * 0.05, "whether one is archived, now and then"
        assert asked.keys() == {"conversations.members", "conversations.list"}
