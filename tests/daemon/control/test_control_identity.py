"""``identity``: found by whatever names somebody, questions with what is against, linked and parted by people."""

from pathlib import Path

import pytest
from control_office import Desk, ask
from identity_office import office_of, taught
from world import completed

from actors.domain.canonical import User
from daemon.control import protocol as p
from daemon.control.exits import Exit


@pytest.mark.parametrize(
    "text",
    ["ada@example.edu", "mailto:ADA@example.edu", "moodle/5", "account:https://moodle|5", "Lovelace", "acme/1", "1"],
)
async def test_somebody_is_found_by_whatever_names_them(text: str, tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        [row], done = await ask(office, p.IdentityFind(text=text))
        assert (row.tenant, row.person, row.name, row.email) == ("acme", 1, "Ada Lovelace", "ada@example.edu")
        [part] = row.personas
        assert (part.source, part.user, part.state, part.how) == ("moodle", "5", "active", "source")
        assert {(each.namespace, each.value) for each in part.identifiers} == {
            ("account", "https://moodle|5"),
            ("email", "ada@example.edu"),
        }
        assert done.exit_code == Exit.OK


async def test_nobody_is_found(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        rows, done = await ask(office, p.IdentityFind(text="nobody@example.edu"))
        assert (rows, done.exit_code) == ([], Exit.NOTHING)


async def test_with_several_tenants_it_must_be_said_which(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path, tenants=2) as office:
        with pytest.raises(p.Refusal, match="several tenants"):
            await ask(office, p.IdentityFind(text="ada@example.edu"))
        [row], _ = await ask(office, p.IdentityFind(text="ada@example.edu", tenant="acme"))
        assert row.person == 1


async def test_a_question_is_listed_with_what_is_against_it(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        rows, done = await ask(office, p.IdentityList())
        assert (rows, done.exit_code) == ([], Exit.NOTHING)
        await taught(office, "moodle", User(id="6", email="ada@example.edu"))
        rows, _ = await ask(office, p.IdentityList())
        assert rows == []  # that source says itself that they are two
        await taught(office, "canvas", User(id="9", email="ada@example.edu"))
        rows, done = await ask(office, p.IdentityList())
        assert {(row.a_user, row.b_user, row.common) for row in rows} == {
            ("moodle/5", "canvas/9", "email:ada@example.edu"),
            ("canvas/9", "moodle/6", "email:ada@example.edu"),
        }
        assert all("several people in moodle" in row.against for row in rows)
        assert done.exit_code == Exit.OK


async def test_a_question_can_be_answered_with_no(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        await taught(office, "moodle", User(id="6", email="ada@example.edu"))
        await taught(office, "canvas", User(id="9", email="ada@example.edu"))
        [rehearsed, _], _ = await ask(office, p.IdentityUnlink(which="canvas/9", dry_run=True))
        assert (rehearsed.done, len((await ask(office, p.IdentityList()))[0])) == (False, 2)
        [changed, _], _ = await ask(office, p.IdentityUnlink(which="canvas/9"))
        assert (changed.before, changed.after) == ("acme/2", "acme/2")
        assert changed.note == "questions answered with no: 2"
        assert (await ask(office, p.IdentityList()))[0] == []
        with pytest.raises(p.Refusal, match="of no question"):
            await ask(office, p.IdentityUnlink(which="canvas/9"))


async def test_linked_they_are_one_and_a_rehearsal_changes_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        desk = Desk(office)
        await desk.tell(completed("ada"))
        await desk.route()
        request = p.IdentityLink(one="moodle/5", other="canvas/9", dry_run=True)
        [changed, person], _ = await ask(office, request)
        assert (changed.done, changed.dry_run, changed.after) == (False, True, "acme/1")
        assert "1 open delivery" in changed.note
        assert {part.source for part in person.personas} == {"moodle", "canvas"}
        found, _ = await ask(office, p.IdentityFind(text="Ada"))
        assert len(found) == 2
        await ask(office, p.IdentityLink(one="moodle/5", other="canvas/9"))
        [row], _ = await ask(office, p.IdentityFind(text="canvas/9"))
        assert (row.person, row.anchor) == (1, "mbox:ada@example.edu")
        assert {part.how for part in row.personas} == {"person"}
        assert office.witness.named("identity.linked") == [{"tenant": "acme", "person": 1, "login": "ada"}]
        with pytest.raises(p.Refusal, match="that person already"):
            await ask(office, p.IdentityLink(one="1", other="canvas/9"))


async def test_what_is_parted_stays_apart(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        await taught(office, "canvas", User(id="9", email="ada@example.edu"))
        [row], _ = await ask(office, p.IdentityFind(text="moodle/5"))
        assert len(row.personas) == 2
        [changed, rest, parted], _ = await ask(office, p.IdentityUnlink(which="canvas/9"))
        assert (changed.before, rest.person, len(rest.personas), len(parted.personas)) == ("acme/1", 1, 1, 1)
        await taught(office, "canvas", User(id="9", email="ada@example.edu", identifiers={"sis": "S1"}))
        await taught(office, "moodle", User(id="5", email="ada@example.edu", identifiers={"sis": "S1"}))
        [row], _ = await ask(office, p.IdentityFind(text="moodle/5"))
        assert len(row.personas) == 1
        with pytest.raises(p.Refusal, match="alone already"):
            await ask(office, p.IdentityUnlink(which="canvas/9"))


async def test_an_identifier_that_no_source_tells_can_be_theirs(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        [_, row], _ = await ask(office, p.IdentityLink(one="moodle/5", other="mailto:ada@private.example"))
        assert row.email == "ada@private.example"
        known = await office.store.persons.known("acme", [("mbox:ada@private.example", office.clock.now_us())])
        assert {found.person for found in known.values()} == {1}


async def test_what_a_target_calls_them_is_kept_until_it_is_taken_away(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        [changed], _ = await ask(office, p.IdentityLink(one="moodle/5", other="slack:U123"))
        assert (changed.before, changed.after) == ("looked up by address", "slack:U123")
        [row], _ = await ask(office, p.IdentityFind(text="moodle/5"))
        assert row.contacts == {"slack": "U123"}
        await ask(office, p.IdentityUnlink(which="slack:U123"))
        [row], _ = await ask(office, p.IdentityFind(text="moodle/5"))
        assert row.contacts == {}
        with pytest.raises(p.Refusal, match="no persons"):
            await ask(office, p.IdentityUnlink(which="slack:U123"))


async def test_what_several_have_needs_a_choice(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        await taught(office, "moodle", User(id="6", email="ada@example.edu"))
        with pytest.raises(p.Refusal) as refused:
            await ask(office, p.IdentityLink(one="ada@example.edu", other="canvas/9"))
        assert refused.value.code == Exit.STALE
