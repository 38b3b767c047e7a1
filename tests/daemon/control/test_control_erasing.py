"""A person is erased: everything of theirs goes, what is others' stays, and the files do not know them any more."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from control_office import Desk, Office, ask, opened
from world import Campus, completed, graded, route, tenant

from actors.domain.alarms import Alarm, Standing
from actors.domain.erasing import HOME_PAGE
from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.documents import Shelf, content
from actors.domain.xapi.history import contents_of, read_told
from actors.domain.xapi.keys import agent_key
from actors.ports import Provenance
from config.model import Audience, Digest, PersonRow
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.protocol import Refusal
from daemon.control.verbs import erasing
from daemon.store.chronicle import Happening, Settlement
from daemon.store.erasing import Room

EMAIL = "ada.lovelace@example.edu"
NAME = "Ada Lovelace"
HOME = "https://lms.example.edu"
ACCOUNT = {"account": {"homePage": HOME, "name": "countess7"}}
ADA = {"mbox": f"mailto:{EMAIL}", "name": NAME}
PEOPLE = (PersonRow(home_page=HOME, account="countess7", email=EMAIL, display_name=NAME),)
ROUTES = (
    route("done", "completed"),
    route("grades", "graded", audience=Audience(learner=True)),
)
ACME = tenant(*ROUTES, people=PEOPLE)
OTHER = tenant(*ROUTES, name="other", people=PEOPLE)
WHO = (f"mailto:{EMAIL}",)
"""One identifier is enough: the people file joins the account to it."""


def numbered(n: int, told: Mapping[str, object], **more: object) -> dict[str, Any]:
    return {"id": f"{n:08x}-0000-4000-8000-000000000000", **told, **more}


async def tell(
    campus: Campus, *statements: Mapping[str, object], contents: tuple[bytes, ...] = (), **more: Any
) -> None:
    name = more.pop("tenant", "acme")
    by_hash = {hashlib.sha256(each).hexdigest(): each for each in contents}
    batch: list[NewStatement] = []
    for one in statements:
        line = msgspec.json.encode(one)
        wanted = {name: by_hash[name] for name in contents_of(line)}
        batch.append(read_told(line, tenant=name, source="campus", fallback="1.0.3", contents=wanted).new)
    source = {"tenant": name, "source": "campus", "correlation_id": "c", "traceparent": "", "version": "1.0.3", **more}
    await campus.store.statements.append(batch, Provenance(defines=True, **source))
    campus.switchboard.arrived(name)


def reference(n: int, verb: str, about: int, actor: Mapping[str, object]) -> dict[str, Any]:
    thing = {"objectType": "StatementRef", "id": numbered(about, {})["id"]}
    return numbered(n, {"actor": actor, "verb": {"id": verb}, "object": thing, "timestamp": "2026-11-24T10:00:00Z"})


TEACHER = {"mbox": "mailto:teacher@example.edu", "name": "Grace"}
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


def attachment(raw: bytes) -> dict[str, Any]:
    return {
        "usageType": "http://x.test/u",
        "display": {"en": "x"},
        "contentType": "text/plain",
        "length": len(raw),
        "sha2": hashlib.sha256(raw).hexdigest(),
    }


ESSAY, SHARED = b"an essay by " + NAME.encode(), b"the question"


def shelf(agent: dict[str, Any], **more: Any) -> Shelf:
    return Shelf(agent=agent_key(agent) or "", agent_json=msgspec.json.encode(agent), **more)


async def lived(office: Office, campus: Campus) -> None:
    """A term in which Ada leaves traces everywhere."""
    mine = {**completed("x"), "actor": ADA}
    await tell(campus, numbered(1, mine), numbered(2, {**graded("x", 80), "actor": ACCOUNT}))
    await trio.sleep(60)
    await tell(
        campus,
        numbered(3, completed("bob"), context={"instructor": ADA, "extensions": {"http://x.test/n": f"with {NAME}"}}),
        reference(4, "http://x.test/commented", 1, TEACHER),
        reference(5, VOIDED, 2, TEACHER),
        reference(6, "http://x.test/liked", 4, {"mbox": "mailto:bob@example.edu"}),
        numbered(7, mine, attachments=[attachment(ESSAY), attachment(SHARED)]),
        numbered(8, completed("bob", "essay"), attachments=[attachment(SHARED)]),
        contents=(ESSAY, SHARED),
    )
    await tell(campus, numbered(9, completed("carl")), authority=msgspec.json.encode(ADA))
    await tell(campus, numbered(9, completed("carl")), authority=msgspec.json.encode(ADA))
    await tell(campus, numbered(1, mine), tenant="other")
    await trio.sleep(300)
    shelves = [
        Shelf(
            kind="state", activity="https://x.test/a", agent=agent_key(ADA) or "", agent_json=msgspec.json.encode(ADA)
        ),
        Shelf(kind="agent_profile", agent=agent_key(ACCOUNT) or "", agent_json=msgspec.json.encode(ACCOUNT)),
        Shelf(kind="activity_profile", activity="https://x.test/a"),
    ]
    for one in shelves:
        body = msgspec.json.encode({"best": ADA, "n": 5})
        await office.store.documents.change("acme", one, "d", lambda _, body=body: content(body, "application/json"))  # type: ignore[misc]
    said = Happening(at_us=1, kind="alarm", tenant="acme", subject="acme/slack", words=f"no account has {EMAIL}")
    await office.store.chronicle.note([said, Happening(at_us=2, kind="reload", words="the configuration was reloaded")])
    alarm = Alarm(
        kind="errors", subject="acme/slack", tenant="acme", words=f"refused: {EMAIL} is not known", command=""
    )
    stands = {alarm.key: Standing(alarm=alarm, first_us=1, seen_us=1)}
    await office.store.chronicle.settle(lambda *_: Settlement(standings=stands), campus.clock.now_us())
    await office.store.queries.pause("acme/slack", by="ada", now_us=campus.clock.now_us())
    await tell(campus, numbered(10, {**completed("x", "exam"), "actor": ADA}), numbered(11, completed("bob", "exam")))
    await trio.sleep(60)


def known(folder: Path) -> set[str]:
    """What the files know of her."""
    needles = [EMAIL, NAME, "countess7", hashlib.sha1(f"mailto:{EMAIL}".encode()).hexdigest()]
    raws = [path.read_bytes().lower() for path in folder.iterdir() if path.is_file() and not path.name.endswith(".key")]
    return {needle for needle in needles if any(needle.lower().encode() in raw for raw in raws)}


async def erase(office: Office, **more: Any) -> tuple[list[Any], p.Done]:
    return await ask(office, p.EraseRun(tenant="acme", persons=WHO, **more))


async def test_everything_of_theirs_goes_and_what_is_others_stays(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await lived(office, campus)
        assert EMAIL in known(tmp_path)
        [*_, planned], end = await ask(office, p.ErasePlan(tenant="acme", persons=WHO))
        assert planned.persons[:2] == (f"mailto:{EMAIL}", f"account:{HOME}|countess7")
        assert planned.names == (NAME,)
        assert planned.counts == {
            "statements": 4,
            "statements_referring": 3,
            "statements_changed": 2,
            "deliveries_cancelled": 1,
            "deliveries_changed": 2,
            "documents": 2,
            "documents_changed": 1,
            "requests_changed": 1,
            "happenings_changed": 1,
            "alarms_changed": 1,
            "addresses": 1,
        }
        [*_, done], end = await erase(office, plan=planned.hash)
        assert end.exit_code == Exit.OK, end.note
        assert {**done.counts, "requests": 0, "attachments": 1} == {**planned.counts, "requests": 0, "attachments": 1}
        left = dict(await campus.rows("SELECT hex(id), body FROM statements WHERE tenant = 'acme'"))
        assert sorted(int(each[:8], 16) for each in left) == [3, 8, 9, 11]
        told = msgspec.json.decode(left["00000003000040008000000000000000"])
        pseudonym = told["context"]["instructor"]["account"]["name"]
        assert told["context"]["instructor"]["account"] == {"homePage": HOME_PAGE, "name": pseudonym}
        assert told["context"]["extensions"] == {"http://x.test/n": f"with {pseudonym}"}
        assert await campus.rows("SELECT count(*) FROM contents") == [(1,)]
        states = dict(
            await campus.rows("SELECT state, count(*) FROM deliveries WHERE lane = 'acme/slack' GROUP BY state")
        )
        assert states["cancelled"] == states["waiting"] == 1
        private = await campus.rows(
            "SELECT destination, receipt, change FROM deliveries WHERE json_extract(audience, '$.learner')"
        )
        assert [(row[0], row[1]) for row in private] == [(f"learner:{pseudonym}", b"{}")]
        assert msgspec.json.decode(private[0][2])["learner"]["name"] == pseudonym
        assert await campus.rows("SELECT kind, body FROM documents") == [
            (
                "activity_profile",
                msgspec.json.encode({"best": {"account": {"homePage": HOME_PAGE, "name": pseudonym}}, "n": 5}),
            )
        ]
        [*_, nothing], end = await erase(office, sure=True)
        assert (nothing.counts, end.note) == ({}, "nothing of theirs was kept")


async def test_the_files_really_forget(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await lived(office, campus)
        await campus.store.writer.submit(lambda raw: raw.execute("DELETE FROM statements WHERE tenant = 'other'"))
        assert known(tmp_path) >= {EMAIL, NAME, "countess7"}
        await erase(office, sure=True)
        assert known(tmp_path) == set()
        assert EMAIL not in repr(campus.notes.events)
    assert known(tmp_path) == set()


async def test_a_resend_brings_nothing_back(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await lived(office, campus)
        posted = len(campus.journal("slack"))
        await erase(office, sure=True)
        await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
        campus.switchboard.resumed("acme/slack")
        await trio.sleep(300)
        assert len(campus.journal("slack")) == posted + 1, "Bob's exam"
        before = await campus.rows("SELECT count(*) FROM statements")
        mine = {**completed("x"), "actor": ADA}
        changed = numbered(
            3, completed("bob"), context={"instructor": ADA, "extensions": {"http://x.test/n": f"with {NAME}"}}
        )
        await tell(campus, numbered(1, mine), changed)
        assert await campus.rows("SELECT count(*) FROM statements") == before


async def test_another_tenants_data_is_not_touched(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME, OTHER) as (office, campus):
        await lived(office, campus)
        await trio.sleep(60)
        before = await campus.rows("SELECT seq, body FROM statements WHERE tenant = 'other'")
        posts = await campus.rows("SELECT change, history FROM deliveries WHERE lane LIKE 'other/%'")
        assert before
        assert posts
        await erase(office, sure=True)
        assert await campus.rows("SELECT seq, body FROM statements WHERE tenant = 'other'") == before
        assert await campus.rows("SELECT change, history FROM deliveries WHERE lane LIKE 'other/%'") == posts


async def test_one_that_was_killed_goes_on_with_the_same_pseudonym(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await lived(office, campus)
        whole = erasing.ROOMS
        monkeypatch.setattr(erasing, "ROOMS", (Room("killed", _killed, *whole[0][2:]),))
        with pytest.raises(RuntimeError, match="killed"):
            await erase(office, sure=True)
        monkeypatch.setattr(erasing, "ROOMS", whole)
        [first], _ = await ask(office, p.EraseList())
        assert first.ended_us is None
        [(pseudonym,)] = await campus.rows("SELECT pseudonym FROM erasures")
        [*_, done], _ = await erase(office, sure=True)
        assert done.no == first.no
        assert await campus.rows("SELECT pseudonym FROM erasures") == [("",)]
        assert pseudonym in (await campus.rows("SELECT group_concat(CAST(body AS TEXT)) FROM statements"))[0][0]
        [listed], _ = await ask(office, p.EraseList(tenant="acme"))
        assert (listed.ended_us is not None, listed.counts["statements"]) == (True, 4)
        assert listed.begun_by == "ada (uid 1000)"


async def test_a_digest_goes_on_without_them(tmp_path: Path, autojump_clock: object) -> None:
    daily = tenant(route("done", "completed", mode=Digest(digest="0 8 * * *")), people=PEOPLE)
    async with opened(tmp_path, daily) as (office, campus):
        await campus.stop()
        desk = Desk(office)
        await desk.tell({**completed("x"), "actor": ADA}, completed("bob"), completed("carl"))
        await desk.route()
        await trio.sleep(2 * 86_400)
        await office.store.outbox.claim(
            "acme/slack", "boot1", 0, 1
        )  # nothing is due at that time, and all is folded now
        claimed = await office.store.outbox.claim("acme/slack", "boot1", office.clock.now_us(), 1)
        [digest] = claimed.deliveries
        assert (digest.change.learner.name, len(digest.items)) == (NAME, 3)
        await office.store.outbox.recover("acme/slack", "boot2", office.clock.now_us(), 0)
        [*_, done], _ = await erase(office, sure=True)
        assert done.counts["deliveries_cancelled"] == 1
        [again] = (await office.store.outbox.claim("acme/slack", "boot2", office.clock.now_us(), 1)).deliveries
        assert again.id == digest.id
        assert [item.change.learner.name for item in again.items] == ["bob", "carl"]
        assert again.change.learner.name == "bob"
        assert known(tmp_path) == set()


async def test_a_tenant_that_is_not_configured_any_more_can_be_rid_of_a_person_too(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await lived(office, campus)
        del office.tenants["acme"]
        account = f"account:{HOME}|countess7"  # there is no people file any more that joins it
        [*_, done], _ = await ask(office, p.EraseRun(tenant="acme", persons=(*WHO, account), sure=True))
        assert (done.counts["statements"], known(tmp_path) - {EMAIL, NAME}) == (4, set())
        with pytest.raises(Refusal, match="no tenant"):
            await ask(office, p.ErasePlan(tenant="acne", persons=WHO))


def _killed(raw: object, tenant: str, after: int) -> list[Any]:
    """Not while it is counted, but while it is done."""
    if raw.execute("SELECT 1 FROM erasures").fetchone():  # type: ignore[attr-defined]  # a connection
        raise RuntimeError("killed")
    return []


async def test_a_plan_that_does_not_hold_any_more_does_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await lived(office, campus)
        [*_, planned], _ = await ask(office, p.ErasePlan(tenant="acme", persons=WHO))
        await tell(campus, numbered(20, {**completed("x", "late"), "actor": ACCOUNT}))
        await trio.sleep(10)
        with pytest.raises(Refusal) as stale:
            await erase(office, plan=planned.hash)
        assert stale.value.code == Exit.STALE
        with pytest.raises(Refusal) as unsure:
            await erase(office)
        assert unsure.value.code == Exit.USAGE
        with pytest.raises(Refusal, match="no identifier"):
            await ask(office, p.ErasePlan(tenant="acme", persons=("ada",)))
        [*_, row], _ = await erase(office, sure=True, dry_run=True)
        assert (row.dry_run, row.counts["statements"]) == (True, 5)
        _, end = await ask(office, p.EraseList())
        assert end.exit_code == Exit.NOTHING
        _, end = await ask(office, p.ErasePlan(tenant="acme", persons=("mailto:nobody@example.edu",)))
        assert end.exit_code == Exit.NOTHING


async def test_what_was_erased_is_not_found_any_more_and_the_rest_is(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        await lived(office, campus)
        await erase(office, sure=True)
        keys = await campus.rows("SELECT key, cell, bits FROM finder ORDER BY key, cell")
        referrers = await campus.rows("SELECT * FROM referrers")
        await campus.store.writer.submit(_index_anew)
        assert await campus.rows("SELECT key, cell, bits FROM finder ORDER BY key, cell") == keys
        assert await campus.rows("SELECT * FROM referrers") == referrers == []


def _index_anew(raw: Any) -> None:
    from daemon.store import indexing

    raw.execute("DELETE FROM finder")
    raw.execute("DELETE FROM referrers")
    raw.execute("INSERT OR REPLACE INTO facts VALUES ('unfound_after', '-1')")
    while raw.execute("SELECT 1 FROM facts WHERE name = 'unfound_after'").fetchone():
        indexing._some(raw, int(raw.execute("SELECT value FROM facts WHERE name = 'unfound_after'").fetchone()[0]))
