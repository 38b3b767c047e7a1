"""What people changed at a platform, and plans that take out too many: as it comes about."""

from quarrels import CODE, ROOM, Quarrel, course, leave, memberships, named, now_s, past_s, pupil
from roster_hall import channel, enrolled, inside, rule, standings, workspace
from teams_hall import directory, team, teams_rule
from teams_hall import inside as inside_team
from world import Campus

GUEST = "guest@example.org"
OF_COURSE = {"match": {"course": CODE}}
TEAM = (teams_rule(**OF_COURSE),)
ASKING = (rule(missing="review", **OF_COURSE),)
CODES = ("CS101", "PH110", "RH200")


def is_as_enrolled(campus: Campus) -> None:
    assert inside(campus, ROOM) == enrolled(campus, CODE)


# ── in a channel ─────────────────────────────────────────────────────────────────────────────────────


def comes_by_hand(campus: Campus) -> None:
    space = workspace(campus)
    space.rooms.put(channel(campus, ROOM), [space.person(GUEST)], past_s(campus))


def is_in_it(campus: Campus) -> None:
    assert inside(campus, ROOM) == enrolled(campus, CODE) | {GUEST}


def is_taken_out(campus: Campus) -> None:
    space = workspace(campus)
    space.rooms.take(channel(campus, ROOM), [space.person(pupil(campus).email)], past_s(campus))


async def is_refused(campus: Campus) -> None:
    """Slack lets a guest of several channels in by its administrators only."""
    school, space = campus.school, workspace(campus)
    alan = school.add_person("Alan", "Turing", now_s(campus))
    space.change_person(space.person(alan.email), past_s(campus), guest="multi")
    school.enrol(alan, course(campus), now_s(campus))
    await campus.sync()


async def is_accounted_for(campus: Campus) -> None:
    assert (await standings(campus, CODE))["alan.turing@example.edu"] == "excluded"


# ── in a team ────────────────────────────────────────────────────────────────────────────────────────


def owners(campus: Campus) -> set[str]:
    return inside_team(campus, CODE, owners=True)


def teachers(campus: Campus) -> set[str]:
    return {campus.school.people[each.user].email for each in memberships(campus, "teacher")}


def is_made_an_owner(campus: Campus) -> None:
    somebody = directory(campus).people.find(pupil(campus).email)
    assert somebody is not None
    here = team(campus, CODE)
    directory(campus).teams.make_owner(here, here.members[somebody.id], owner=True)


def only_teachers_own(campus: Campus) -> None:
    assert owners(campus) == teachers(campus)


def owns_again(campus: Campus) -> None:
    assert owners(campus) == teachers(campus) | {pupil(campus).email}


async def nobody_teaches(campus: Campus) -> None:
    leave(campus, *memberships(campus, "teacher"))
    await campus.sync()


def somebody_else_owns(campus: Campus) -> None:
    assert inside_team(campus, CODE) == enrolled(campus, CODE)
    assert len(owners(campus)) == 1


# ── too many ─────────────────────────────────────────────────────────────────────────────────────────


def braking(**brake: int) -> dict[str, object]:
    """Nothing else than this holds a plan."""
    return {"brake": {"percent_max": 100, "total_percent_max": 100, **brake}}


async def six_leave(campus: Campus) -> None:
    leave(campus, *memberships(campus)[:6])
    await campus.sync()


async def all_leave(campus: Campus) -> None:
    leave(campus, *memberships(campus), *memberships(campus, "teacher"))
    await campus.sync()


async def three_leave_each(campus: Campus) -> None:
    for code in CODES:
        leave(campus, *memberships(campus, code=code)[:3])
    await campus.sync()


def they_have_left(campus: Campus) -> None:
    for code in CODES:
        if channel(campus, f"c-{code.lower()}"):
            assert inside(campus, f"c-{code.lower()}") == enrolled(campus, code), code


DRIFT: tuple[Quarrel, ...] = (
    Quarrel("stranger", named("take_out"), is_as_enrolled, does=comes_by_hand, undone=is_in_it),
    Quarrel("missing", named("put_back"), is_as_enrolled, does=is_taken_out, undone=is_as_enrolled, rules=ASKING),
    Quarrel("refused", named("stay_out"), is_accounted_for, does=is_refused),
    Quarrel("owner_added", named("no_owner"), only_teachers_own, does=is_made_an_owner, undone=owns_again, rules=TEAM),
    Quarrel("last_owner", named("let_own"), somebody_else_owns, does=nobody_teaches, rules=TEAM),
    Quarrel(
        "brake",
        named("let_go"),
        they_have_left,
        does=six_leave,
        undone=they_have_left,
        rules=(rule(**OF_COURSE, **braking(count_max=3)),),
    ),
    Quarrel(
        "emptied",
        named("let_go"),
        they_have_left,
        does=all_leave,
        undone=they_have_left,
        rules=(rule(**OF_COURSE, **braking(percent_max=99)),),
    ),
    Quarrel(
        "brake_total",
        named("let_go"),
        they_have_left,
        does=three_leave_each,
        undone=they_have_left,
        rules=(rule(**braking(total_percent_max=10)),),
    ),
)
