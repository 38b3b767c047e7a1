"""What two sources say differently of somebody, or who may be one person: as they tell it."""

from collections.abc import Callable

from quarrels import CODE, ROOM, Quarrel, course, memberships, pupil, sis, toy
from roster_hall import inside, rule, standings
from teams_hall import inside as inside_team
from teams_hall import teams_rule
from world import Campus

from actors.domain.conflicts.fixes import Believe, Fix

WHO = "person1@example.edu"


def believed(source: str) -> Callable[[Fix], bool]:
    return lambda fix: isinstance(fix, Believe) and fix.source == source


# ── e-mail addresses ─────────────────────────────────────────────────────────────────────────────────


def elsewhere(campus: Campus) -> None:
    """The LMS has an address that nobody at Slack has; the SIS has the right one."""
    pupil(campus).email = "ada@elsewhere.example"


async def is_found(campus: Campus) -> None:
    assert WHO in inside(campus, ROOM)
    assert set((await standings(campus, CODE)).values()) == {"in_step"}


# ── names ────────────────────────────────────────────────────────────────────────────────────────────


def married(campus: Campus) -> None:
    sis(campus).school.people[pupil(campus).id].family = "King"


async def is_called_so(campus: Campus) -> None:
    called = await campus.rows("SELECT DISTINCT name FROM roster_standings WHERE email = ?", WHO)
    assert called == [("Ada King",)]


# ── roles ────────────────────────────────────────────────────────────────────────────────────────────


def teaches(campus: Campus) -> None:
    sis(campus).school.memberships[memberships(campus)[0].id].role = "teacher"


def owns(campus: Campus) -> None:
    assert WHO in inside_team(campus, CODE, owners=True)


# ── states and dates ─────────────────────────────────────────────────────────────────────────────────


def is_suspended(campus: Campus) -> None:
    memberships(campus)[0].state = "inactive"


def is_over(campus: Campus) -> None:
    member = memberships(campus)[0]
    toy(campus).besides["enrolments", member.id] = {"start": "2026-09-01", "end": "2026-12-31"}
    sis(campus).besides["enrolments", member.id] = {"start": "2026-09-01", "end": "2099-12-31"}


# ── who is who ───────────────────────────────────────────────────────────────────────────────────────


def has_two_numbers(campus: Campus) -> None:
    """The two sources have one address under two numbers of the SIS."""
    sis(campus).besides["users", pupil(campus).id] = {"sis": "S99999"}
    assert course(campus).code == CODE


SOURCES: tuple[Quarrel, ...] = (
    Quarrel("email_differs", believed("sis"), is_found, before=elsewhere, two=True),
    Quarrel("name_differs", believed("sis"), is_called_so, before=married, two=True),
    Quarrel(
        "role_differs",
        believed("sis"),
        owns,
        before=teaches,
        two=True,
        rules=(teams_rule(match={"course": CODE}),),
    ),
    Quarrel("status_differs", believed("sis"), is_found, before=is_suspended, two=True),
    Quarrel("dates_differ", believed("sis"), is_found, before=is_over, two=True),
    Quarrel(
        "identity_clash",
        lambda fix: fix.name == "one_person",
        is_found,
        before=has_two_numbers,
        two=True,
        rules=(rule(match={"course": CODE}),),
    ),
)
