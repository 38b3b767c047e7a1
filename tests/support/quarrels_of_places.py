"""Places that cannot be used, and people who may be somebody else at a platform: as it comes about."""

from quarrels import CODE, ROOM, Quarrel, course, named, now_s, past_s, pupil
from quarrels_of_drift import TEAM, is_as_enrolled
from quarrels_of_sources import WHO
from roster_hall import channel, enrolled, inside, settled, standings, workspace
from teams_hall import directory, team
from teams_hall import inside as inside_team
from world import Campus

from actors.targets.slack.fake.workspace import Place
from daemon.store.linking import contact

OTHER = f"{ROOM}-2"


async def alan_enrols(campus: Campus) -> None:
    school = campus.school
    school.enrol(school.add_person("Alan", "Turing", now_s(campus)), course(campus), now_s(campus))
    await campus.sync()


def the_other_is_as_enrolled(campus: Campus) -> None:
    assert inside(campus, OTHER) == enrolled(campus, CODE)


# ── places ───────────────────────────────────────────────────────────────────────────────────────────


def two_courses_of_one_code(campus: Campus) -> None:
    """Each would have the channel c-cs101."""
    school = campus.school
    again = school.add_course("Introduction to Computing, in the evening", CODE, 0.0)
    school.enrol(next(iter(school.people.values())), again, 0.0)


def both_have_one(campus: Campus) -> None:
    people = [campus.school.people[each.user].email for each in campus.school.memberships.values()]
    assert inside(campus, ROOM) <= set(people)
    assert len([each for _, each in workspace(campus).places() if each.name.startswith(ROOM)]) == 2


def two_teams_of_one_name(campus: Campus) -> None:
    fake = directory(campus)
    owner = fake.people.find("person12@example.edu")
    assert owner is not None
    for _ in range(2):
        fake.teams.make(CODE, "", "Private", owner.id, now_s(campus) - 86_400)


def one_of_them_is_as_enrolled(campus: Campus) -> None:
    fake, wanted = directory(campus), enrolled(campus, CODE)
    teams = fake.teams.named(CODE, now_s(campus))
    counts = sorted(len(each.members) for each in teams)
    assert counts == [1, len(wanted)]


def a_private_channel_has_the_name(campus: Campus) -> None:
    space = workspace(campus)
    space.keep(space.new_id("C"), Place(name=ROOM, member=False, private=True))


def is_deleted(campus: Campus) -> None:
    place = workspace(campus).place(channel(campus, ROOM))
    place.deleted, place.name = True, "gone"


async def is_archived(campus: Campus) -> None:
    """It shows when somebody is to be put in."""
    workspace(campus).place(channel(campus, ROOM)).archived = True
    await alan_enrols(campus)


async def nobody_more_is_in_it(campus: Campus) -> None:
    assert "alan.turing@example.edu" not in inside_team(campus, CODE)
    assert len(team(campus, CODE).members) == 9


# ── people ───────────────────────────────────────────────────────────────────────────────────────────


def has_another_address_there(campus: Campus) -> None:
    space, school = workspace(campus), campus.school
    alan = school.add_person("Alan", "Turing", 0.0)
    school.enrol(alan, course(campus), 0.0)
    for n in range(12):  # so many are unknown at first that everybody is listed
        school.enrol(school.add_person(f"Number{n}", "Person", 0.0), course(campus), 0.0)
    space.change_person(space.person(alan.email), past_s(campus), email="a.turing@example.org", name="Alan Turing")


async def alan_is_in(campus: Campus) -> None:
    assert "a.turing@example.org" in inside(campus, ROOM)
    assert (await standings(campus, CODE))["alan.turing@example.edu"] == "in_step"


async def is_linked_to_another_ones_account(campus: Campus) -> None:
    """A. Turing is enrolled, nobody at Slack has his address, and an operator mistakes Ada's account for his."""
    school, ada = campus.school, workspace(campus).person(pupil(campus).email)
    alan = school.add_person("A.", "Turing", now_s(campus), email="alan@elsewhere.example")
    school.enrol(alan, course(campus), now_s(campus))
    await campus.sync()
    await settled(campus)
    [(person,)] = await campus.rows("SELECT DISTINCT person FROM roster_standings WHERE email = ?", alan.email)
    await campus.store.writer.submit(lambda raw: contact(raw, person, "slack", ada, "kim", campus.clock.now_us()))


async def one_is_left_out(campus: Campus) -> None:
    found = await standings(campus, CODE)
    assert sorted([found[WHO], found["alan@elsewhere.example"]]) == ["excluded", "in_step"]
    assert inside(campus, ROOM) == enrolled(campus, CODE) - {"alan@elsewhere.example"}


PLACES: tuple[Quarrel, ...] = (
    Quarrel(
        "linked_twice",
        named("make_anew"),
        both_have_one,
        before=two_courses_of_one_code,
        undone=both_have_one,
    ),
    Quarrel("name_ambiguous", named("use_place"), one_of_them_is_as_enrolled, before=two_teams_of_one_name, rules=TEAM),
    Quarrel(
        "name_taken",
        named("make_anew"),
        the_other_is_as_enrolled,
        before=a_private_channel_has_the_name,
        undone=the_other_is_as_enrolled,
    ),
    Quarrel("place_gone", named("make_anew"), is_as_enrolled, does=is_deleted, undone=is_as_enrolled),
    Quarrel(
        "place_archived",
        named("make_anew"),
        the_other_is_as_enrolled,
        does=is_archived,
        undone=the_other_is_as_enrolled,
    ),
    Quarrel("place_full", named("no_place"), nobody_more_is_in_it, does=alan_enrols, rules=TEAM),
    Quarrel("near_miss", named("contact"), alan_is_in, before=has_another_address_there),
    Quarrel("account_shared", named("stay_out"), one_is_left_out, does=is_linked_to_another_ones_account),
)
