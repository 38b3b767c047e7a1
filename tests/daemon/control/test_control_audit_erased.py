"""A person who is erased leaves the audit's texts, and the chain stays whole; what was done stays."""

import json
from pathlib import Path

import msgspec
import pytest
import trio
from audited_store import anchored, damage, deed, proven
from control_office import Office, ask, opened
from test_control_audit import recipe
from world import route, tenant

from actors.ports.audit import HOST
from config.model import PersonRow
from daemon.control import protocol as p
from daemon.control.audited import AuditRow, ChainRow
from daemon.store.audit_proof import Proof

EMAIL = "ada.lovelace@example.edu"
OTHER = "grace.hopper@example.edu"
HOME = "https://lms.example.edu"
PEOPLE = (PersonRow(home_page=HOME, account="countess7", email=EMAIL, display_name="Ada Lovelace"),)
ACME = tenant(route("done", "completed"), people=PEOPLE)


async def told(office: Office) -> None:
    audit = office.store.audit
    await audit.note(
        "acme", deed("session.began", who=f"oidc:{EMAIL} (https://idp.example.edu)", correlation_id=f"c:{EMAIL}")
    )
    both = {"one": f"mailto:{EMAIL}", "other": {"who": f"mailto:{OTHER}"}}
    no = await audit.intend("acme", deed("identity.link", arguments=both))
    await audit.conclude("acme", no, "done", f"{EMAIL} and {OTHER} are two")
    await audit.note(HOST, deed("identity.link", arguments={"one": f"mailto:{EMAIL}"}))
    await audit.note("globex", deed("pause", who="bob (uid 7)"))


async def erase(office: Office, email: str) -> None:
    await ask(office, p.EraseRun(tenant="acme", persons=(f"mailto:{email}",), sure=True))


async def whole(office: Office) -> Proof:
    path = office.store.path
    await office.store.keeper.keep()
    proof = await trio.to_thread.run_sync(lambda: proven(path, anchored(path)))
    assert proof.misfits == []
    return proof


async def test_a_person_leaves_the_texts_and_every_hash_still_fits(tmp_path: Path) -> None:
    async with opened(tmp_path, ACME) as (office, _):
        await told(office)
        hashes = await office.store.audit.read(
            lambda raw: raw.execute("SELECT hash FROM audit WHERE seq <= 5").fetchall()
        )
        await erase(office, EMAIL)
        assert (await whole(office)).erased == 5, "who, correlation, arguments, detail; and the host's arguments"
        after = await office.store.audit.read(
            lambda raw: raw.execute("SELECT hash FROM audit WHERE seq <= 5").fetchall()
        )
        assert after == hashes
        rows, _ = await ask(office, p.AuditList())
        found = {(row.tenant, row.what): row for row in rows if isinstance(row, AuditRow)}
        began = found["acme", "session.began"]
        assert began.who.startswith("oidc:erased-")
        assert began.who.endswith(" (https://idp.example.edu)")
        assert found["acme", "identity.link"].arguments["other"] == {"who": f"mailto:{OTHER}"}, "the other one stays"
        assert found["globex", "pause"].who == "bob (uid 7)"
        assert found[HOST, "erasure.ended"].object == "acme"
        assert EMAIL not in json.dumps([msgspec.to_builtins(row) for row in rows])
        await erase(office, OTHER)
        assert (await whole(office)).erased == 5, "two of these texts were replaced once more"
        rows, _ = await ask(office, p.AuditExport(tenant="acme"))
        lines = [msgspec.json.encode(row).decode() for row in rows if isinstance(row, ChainRow)]
        file = tmp_path / "acme.jsonl"
        file.write_text("\n".join(lines), encoding="utf-8")
        ended = await trio.run_process(["python3", "-I", "-c", recipe(), str(file)], check=False, capture_stdout=True)
        assert ended.returncode == 0, "a stranger can check it all the same"
    for each in sorted(tmp_path.glob("campus.db*")):  # noqa: ASYNC240  # nothing else runs any more
        assert EMAIL.encode() not in each.read_bytes(), each
        assert OTHER.encode() not in each.read_bytes(), each


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.edu"])
async def test_a_plan_counts_what_would_change(tmp_path: Path, email: str) -> None:
    async with opened(tmp_path, ACME) as (office, _):
        await told(office)
        [plan], _ = await ask(office, p.ErasePlan(tenant="acme", persons=(f"mailto:{email}",)))
        assert plan.counts.get("audit_changed", 0) == (4 if email == EMAIL else 0)
        assert (await whole(office)).erased == 0


async def test_a_pseudonym_that_no_erasure_gave_is_found(tmp_path: Path) -> None:
    async with opened(tmp_path, ACME) as (office, _):
        await told(office)
        await erase(office, EMAIL)
    path = tmp_path / "campus.db"
    damage(path, "UPDATE audit_told SET who = 'erased-0123456789abcdef' WHERE who = 'bob (uid 7)'")
    [found] = proven(path).misfits
    assert (found.what, found.tenant) == ("told_edited", "globex")
