"""One person under several names: nothing is told twice, and nobody gets what was meant for another."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import trio
from world import Campus, completed, open_campus, route, source, tenant

from actors.domain.canonical import User
from config.identity import Identity
from config.model import Audience
from daemon.store.identity import Told, learn
from daemon.store.linking import contact, link

HOME = "https://moodle.example.edu"
TO_THEM = Audience(learner=True)


async def taught(campus: Campus, source: str, *users: User, gone: tuple[str, ...] = ()) -> None:
    """What a source tells of its users, as taking in records writes it."""
    told = [Told(user=user, gone=user.id in gone) for user in users]
    now_us = campus.clock.now_us()
    await campus.store.writer.submit(
        lambda raw: learn(
            raw, "acme", source, HOME if source == "moodle" else f"https://{source}", told, Identity(), now_us
        )
    )


def under_account(number: str, what: str = "quiz", **more: Any) -> dict[str, object]:
    return {**completed("x", what, **more), "actor": {"account": {"homePage": HOME, "name": number}}}


def posts(campus: Campus) -> list[str]:
    return [effect.destination for effect in campus.journal("slack")]


async def test_told_by_account_and_after_a_setting_was_flipped_by_address_it_is_posted_once(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(
        tmp_path, tenant(route("r", "completed"), route("d", "completed", audience=TO_THEM))
    ) as campus:
        await taught(campus, "moodle", User(id="5", email="ada@example.edu", display_name="Ada"))
        await campus.tell(under_account("5"))
        await campus.quiet()
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert len(posts(campus)) == 2


async def test_what_was_told_before_the_person_was_known_counts(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(route("r", "completed"))) as campus:
        await campus.tell(under_account("5"))
        await campus.quiet()
        await taught(campus, "moodle", User(id="5", email="ada@example.edu"))
        await campus.tell(completed("ada"))
        await campus.tell(under_account("5"))
        await campus.quiet()
        assert len(posts(campus)) == 1


async def test_an_old_database_goes_on_without_doubles(tmp_path: Path, autojump_clock: object) -> None:
    """The address was what a learner was counted by before there was a ledger."""
    async with open_campus(tmp_path, tenant(route("r", "completed"))) as campus:
        await campus.tell(completed("ada"))
        await campus.quiet()
        await taught(campus, "moodle", User(id="5", email="ada@example.edu"))
        await campus.tell(under_account("5"))
        await campus.quiet()
        assert len(posts(campus)) == 1


async def test_a_renamed_address_announces_nothing_again(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(
        tmp_path, tenant(route("r", "completed"), route("d", "completed", audience=TO_THEM))
    ) as campus:
        await taught(campus, "moodle", User(id="5", email="ada@example.edu"))
        await campus.tell(under_account("5"))
        await campus.quiet()
        before = posts(campus)
        await trio.sleep(3600)
        await taught(campus, "moodle", User(id="5", email="lovelace@example.edu"))
        await campus.tell(under_account("5"), completed("lovelace"), completed("ada"))
        await campus.quiet()
        assert posts(campus) == before
        await campus.tell(under_account("5", "essay"))
        await campus.quiet()
        [address] = await campus.rows("SELECT email FROM addresses ORDER BY found_us DESC LIMIT 1")
        assert address == ("lovelace@example.edu",)


async def test_a_newcomer_with_a_leavers_address_never_gets_the_leavers_post(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, tenant(route("d", "completed", audience=TO_THEM))) as campus:
        leaver = User(id="5", email="ada@example.edu")
        await taught(campus, "moodle", leaver)
        await campus.store.queries.pause("acme/slack", by="a test", now_us=campus.clock.now_us())
        await campus.tell(under_account("5", at="2027-01-15T07:00:00Z"))
        await campus.tell(completed("ada", "essay", at="2027-01-15T07:59:00Z"))
        await trio.sleep(3600)
        await taught(campus, "moodle", User(id="5", active=False), User(id="6", email="ada@example.edu"))
        await campus.tell(under_account("6", at="2027-01-15T09:30:00Z"))
        await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
        campus.switchboard.resumed("acme/slack")
        await campus.quiet()
        found = await campus.rows(
            "SELECT state, cause, json_extract(change, '$.learner.key') FROM deliveries ORDER BY seq"
        )
        assert found == [
            ("dead", "unmatched_learner", f"account:{HOME}|5"),
            ("dead", "unmatched_learner", "mbox:ada@example.edu"),
            ("delivered", None, f"account:{HOME}|6"),
        ]


async def test_what_an_operator_linked_goes_before_any_look_up_and_stays(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, tenant(route("d", "completed", audience=TO_THEM))) as campus:
        await taught(campus, "moodle", User(id="4", email="ada@example.edu"), User(id="5", email="nobody@example.edu"))
        await campus.tell(under_account("4"), under_account("5"))
        await campus.quiet()
        assert await campus.states() == {"delivered": 1, "dead": 1}
        [(address,)] = await campus.rows("SELECT address FROM addresses")
        [(person,)] = await campus.rows("SELECT person FROM personas WHERE user = '5'")
        now_us = campus.clock.now_us()
        await campus.store.writer.submit(lambda raw: contact(raw, person, "slack", address, "eve (uid 1)", now_us))
        await campus.tell(under_account("5", "essay"))
        await campus.quiet()
        assert await campus.states() == {"delivered": 2, "dead": 1}
        assert await campus.rows("SELECT email FROM addresses") == [("ada@example.edu",)]


async def test_two_who_told_the_same_are_linked_and_nothing_is_announced_again(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, tenant(route("r", "completed"))) as campus:
        await taught(campus, "moodle", User(id="5", email="ada@example.edu"))
        await taught(campus, "canvas", User(id="9", email="lovelace@example.edu"))
        await campus.tell(under_account("5"))
        await campus.tell({**completed("x"), "actor": {"account": {"homePage": "https://canvas", "name": "9"}}})
        await campus.quiet()
        assert len(posts(campus)) == 2  # nobody knew
        now_us = campus.clock.now_us()
        await campus.store.writer.submit(lambda raw: link(raw, "acme", 1, 2, Identity(), "eve (uid 1)", now_us))
        await campus.tell(under_account("5"), completed("lovelace"), completed("ada"))
        await campus.tell({**completed("x"), "actor": {"account": {"homePage": "https://canvas", "name": "9"}}})
        await campus.quiet()
        assert len(posts(campus)) == 2


async def test_two_with_one_address_are_each_told_of_whatever_was_told_by_it_before(
    tmp_path: Path, autojump_clock: object
) -> None:
    """The address may have been that of any of them: nothing that is told of one is the same as what it told."""
    async with open_campus(tmp_path, tenant(route("r", "completed"))) as campus:
        await campus.tell(completed("z"))
        await campus.quiet()
        await taught(campus, "moodle", *(User(id=number, email="z@example.edu") for number in ("5", "6")))
        await campus.tell(under_account("5"), under_account("6"))
        await campus.quiet()
        assert len(posts(campus)) == 3
        await campus.tell(completed("z"), under_account("5"), under_account("6"))
        await campus.quiet()
        assert len(posts(campus)) == 3


async def test_since_a_second_has_the_address_what_it_tells_is_nobodys_in_particular(
    tmp_path: Path, autojump_clock: object
) -> None:
    """The first is counted by the address, for good: what they were told of is not announced again, and what the
    address tells from now on takes nothing from them."""
    async with open_campus(
        tmp_path, tenant(route("r", "completed"), route("d", "completed", audience=TO_THEM))
    ) as campus:
        await taught(campus, "moodle", User(id="5", email="ada@example.edu"))
        await campus.tell(under_account("5"))
        await campus.quiet()
        assert len(posts(campus)) == 2
        await trio.sleep(3600)
        await taught(campus, "moodle", User(id="6", email="ada@example.edu"))
        late = datetime.fromtimestamp(campus.clock.now_us() / 1e6, UTC).isoformat()
        await campus.tell(under_account("5", at=late))
        await campus.quiet()
        assert len(posts(campus)) == 2
        await campus.tell(completed("ada", "essay", at=late))
        await campus.quiet()
        await campus.tell(completed("ada", "essay", at=late))
        await campus.tell(under_account("5", "essay", at=late), under_account("6", "essay", at=late))
        await campus.quiet()
        assert len(posts(campus)) == 2 + 2 * 3
        assert await campus.states() == {"delivered": 8}
        assert await campus.rows("SELECT email FROM addresses") == [("ada@example.edu",)]


async def test_a_source_that_is_read_says_who_its_users_are(tmp_path: Path, autojump_clock: object) -> None:
    """Without a people file: a post to the learner finds its address by what the source told."""
    read = tenant(route("g", "graded", audience=TO_THEM), sources=source(every="1m", every_max="1m"))
    async with open_campus(tmp_path, read, limited=False) as campus:
        await campus.until_read()
        people = list(campus.school.people.values())
        assert await campus.rows("SELECT count(*) FROM persons") == [(len(people),)]
        work = next(iter(campus.school.works.values()))
        campus.school.grade(work, people[1], 71.0, campus.clock.now_us() / 1e6)
        await trio.sleep(120)
        await campus.quiet()
        assert await campus.states() == {"delivered": 1}
        assert await campus.rows("SELECT email FROM addresses") == [(people[1].email,)]
