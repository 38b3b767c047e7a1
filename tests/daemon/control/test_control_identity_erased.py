"""Who is erased leaves the identity ledger, and is found there by any of their names; nobody else leaves with them."""

from pathlib import Path

from control_office import Desk, ask
from identity_office import office_of, taught

from actors.domain.canonical import User
from daemon.control import protocol as p
from daemon.control.exits import Exit


async def test_an_erased_person_is_known_no_more(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        await ask(office, p.IdentityLink(one="moodle/5", other="canvas/9"))
        await ask(office, p.IdentityLink(one="moodle/5", other="slack:U123"))
        statement = {
            "actor": {"account": {"homePage": "https://canvas", "name": "9"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": "https://canvas/quiz/1"},
        }
        await Desk(office).tell(statement)
        request = p.EraseRun(tenant="acme", persons=("mailto:ada@example.edu",), sure=True)
        [*_, row], done = await ask(office, request)
        assert done.exit_code == Exit.OK
        assert row.counts["identities"] == 2
        assert row.counts["statements"] == 1  # told under another name of theirs
        for table in ("persons", "personas", "identifiers", "identities", "decisions", "contacts"):
            found = await office.store.writer.submit(lambda raw, t=table: raw.execute(f"SELECT * FROM {t}").fetchall())  # type: ignore[misc]
            assert found == []


async def test_whoever_has_their_former_address_stays(tmp_path: Path, autojump_clock: object) -> None:
    async with office_of(tmp_path) as office:
        await taught(office, "moodle", User(id="5", display_name="Ada", active=False))
        await taught(office, "moodle", User(id="6", email="ada@example.edu", display_name="Adam"))
        await ask(office, p.EraseRun(tenant="acme", persons=("account:https://moodle|5",), sure=True))
        found, _ = await ask(office, p.IdentityFind(text="ada@example.edu"))
        assert [[part.user for part in row.personas] for row in found] == [["6"]]
        rows, done = await ask(office, p.IdentityFind(text="moodle/5"))
        assert (rows, done.exit_code) == ([], Exit.NOTHING)
