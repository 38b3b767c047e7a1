"""Who is enrolled, page by page: of some courses or of all, everybody once, in the same order."""

from itertools import pairwise
from random import Random

import msgspec
from housekeeping import opened

from actors.domain.canonical import Canonical, Course, Enrolment, User
from daemon.store import enrolled

COURSES, PEOPLE = [f"c{n}" for n in range(7)], [f"u{n}" for n in range(6)]


def test_pages_of_some_courses_and_of_all_tell_everybody_once() -> None:
    raw, dice = opened(), Random(5)
    raw.execute("INSERT INTO sources (no, tenant, name, kind) VALUES (1, 'acme', 'sis', 'toy')")

    def keep(entity: str, one: Canonical, user: str = "", course: str = "", state: str = "active") -> None:
        raw.execute(
            "INSERT INTO records (source, entity, id, form, scope, state, digest, mapping, rev, user, course, "
            "first_us, changed_us, canonical, raw) VALUES (1, ?, ?, '', '', ?, zeroblob(16), 1, 1, ?, ?, 1, 1, ?, '')",
            (entity, one.id, state, user, course, msgspec.json.encode(one)),
        )

    for each in PEOPLE:
        keep("user", User(id=each))
    for each in COURSES:
        keep("course", Course(id=each, iri=f"https://lms/{each}"))
    there: set[tuple[str, str, str]] = set()
    for n in range(80):
        user, course = dice.choice(PEOPLE), dice.choice(COURSES)
        state = "gone" if dice.random() < 0.2 else "active"
        keep("enrolment", Enrolment(id=f"e{n}", user=user, course=course), user, course, state)
        if state == "active":
            there.add((course, user, f"e{n}"))
    for chosen in (None, ["c3"], ["c5", "c1", "nowhere"], list(COURSES)):
        for limit in (1, 3, 1_000):
            found: list[tuple[str, str, str]] = []
            after: tuple[str, str, int] | None = ("", "", 0)
            while after is not None:
                page, after = enrolled.some(raw, "acme", "sis", chosen, after, limit)
                found += [(each.course.id, each.user.id, each.enrolment.id) for each in page]
            assert sorted(found) == sorted(each for each in there if chosen is None or each[0] in chosen)
            assert all(one[:2] <= other[:2] for one, other in pairwise(found))
