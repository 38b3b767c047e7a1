"""``lmsyncctl export``: what is in the file, how it is gone on with, what it is on a real socket."""

import gzip
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from control_office import Desk, Office
from control_socket import ask, run_ctl, served
from world import completed

from actors.domain.xapi.documents import Shelf, content
from actors.domain.xapi.keys import agent_key
from actors.ports import NewStatement, Provenance
from config.model import PersonRow
from daemon.control import protocol as p
from daemon.store import exporting


def lines(path: Path) -> list[dict[str, Any]]:
    raw = path.read_bytes()
    if raw.startswith(b"\x1f\x8b"):
        raw = gzip.decompress(raw)
    elif raw.startswith(b"\x28\xb5"):
        raw = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True).read()
    return [msgspec.json.decode(line) for line in raw.splitlines()]


def marks(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [line["lmsyncd"] for line in found if line.get("lmsyncd", {}).get("is") == kind]


def statements(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in found if "lmsyncd" not in line]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE", 10)


async def filled(office: Office, n: int = 35) -> list[str]:
    return await Desk(office).tell(*(completed(f"l{number}") for number in range(n)))


@pytest.mark.parametrize("how", ["", "gzip", "zstd"])
async def test_every_statement_is_in_the_file_once(tmp_path: Path, small_pages: None, how: str) -> None:
    out = tmp_path / "acme.out"
    async with served(tmp_path) as office:
        told = await filled(office)
        compress = ("--compress", how) if how else ()
        done = await run_ctl(tmp_path, "export", "acme", "xapi", "--out", str(out), *compress)
        assert done.returncode == 0, done.stderr
        assert b"35 statements" in done.stdout
        found = lines(out)
        assert [line["id"] for line in statements(found)] == told
        assert {"stored", "authority", "version", "timestamp"} <= set(statements(found)[0])
        [head], [end] = marks(found, "export"), marks(found, "end")
        assert (found[0]["lmsyncd"], found[-1]["lmsyncd"]) == (head, end)
        assert (head["tenant"], head["format"], head["schema"], end["statements"]) == ("acme", "xapi", 1, 35)
        assert head["through"] == statements(found)[-1]["stored"]
        assert os.stat(out).st_mode & 0o777 == 0o600
        asked = office.witness.named("control.requested")
        assert [each["verb"] for each in asked] == ["export.begin"]


@pytest.mark.parametrize(("how", "cuts"), [("", 10), ("gzip", 4), ("zstd", 4)])
async def test_an_export_cut_off_anywhere_goes_on_to_the_same_end(
    tmp_path: Path, small_pages: None, how: str, cuts: int
) -> None:
    whole, part = tmp_path / "whole", tmp_path / "part"
    compress = ("--compress", how) if how else ()
    async with served(tmp_path) as office:
        await filled(office)
        await run_ctl(tmp_path, "export", "acme", "xapi", "--out", str(whole), *compress)
        bytes_ = whole.read_bytes()
        await Desk(office).tell(*(completed(f"late{n}") for n in range(3)))
        for cut in range(1, len(bytes_), max(1, len(bytes_) // cuts)):
            part.write_bytes(bytes_[:cut])
            done = await run_ctl(tmp_path, "export", "acme", "xapi", "--out", str(part), "--resume", *compress)
            assert done.returncode == 0, done.stderr
            if marks(lines(part), "export") == marks(lines(whole), "export"):
                assert lines(part) == lines(whole), cut
            else:
                assert len(statements(lines(part))) == 38, "nothing of it was whole: begun anew"
        part.write_bytes(bytes_)
        done = await run_ctl(tmp_path, "export", "acme", "xapi", "--out", str(part), "--resume")
        assert b"complete already" in done.stdout
        assert part.read_bytes() == bytes_


async def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    out = tmp_path / "precious"
    out.write_text("something else\n")
    async with served(tmp_path) as office:
        await filled(office, 1)
        refused = await run_ctl(tmp_path, "export", "acme", "xapi", "--out", str(out))
        assert (refused.returncode, b"there already" in refused.stderr) == (64, True)
        refused = await run_ctl(tmp_path, "export", "acme", "xapi", "--out", str(out), "--resume")
        assert (refused.returncode, b"not that of an export" in refused.stderr) == (1, True)
        assert out.read_text() == "something else\n"
        unknown = await run_ctl(tmp_path, "export", "nobody", "xapi")
        assert (unknown.returncode, b"no tenant" in unknown.stderr) == (3, True)
        assert (await run_ctl(tmp_path, "export", "acme", "xapi", "--resume")).returncode == 64
        await run_ctl(tmp_path, "export", "acme", "json", "--out", str(tmp_path / "j"))
        other = await run_ctl(tmp_path, "export", "acme", "xapi", "--out", str(tmp_path / "j"), "--resume")
        assert b"another export (json of acme)" in other.stderr


async def test_what_is_voided_is_marked_as_of_the_end_of_the_export(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        first, second = await filled(office, 2)
        voiding = {"actor": {"mbox": "mailto:t@x.test"}, "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"}}
        await _void(office, voiding, first, "a")
        [(_, _)] = await ask(tmp_path, p.ExportBegin(tenant="acme"))
        through_us = await office.store.exports.newest("acme")
        await _void(office, voiding, second, "b")
        [(rows, _)] = await ask(tmp_path, p.ExportPage(tenant="acme", through_us=through_us))
        found = [line for row in rows for line in msgspec.json.decode(row)["lines"]]
        assert [each["id"] for each in marks(found, "voided")] == [first]
        assert len(statements(found)) == 3


async def _void(office: Office, voiding: dict[str, Any], voided: str, digit: str) -> None:
    made = f"{digit * 8}-0000-4000-8000-000000000000"
    body = msgspec.json.encode({"id": made, **voiding, "object": {"objectType": "StatementRef", "id": voided}})
    new = NewStatement(id=made, body=body, digest=b"", timestamp="", given_id=True, voids=voided)
    source = Provenance(tenant="acme", source="campus", correlation_id="v", traceparent="", version="1.0.3")
    await office.store.statements.append([new], source)


async def test_the_canonical_view_says_what_became_of_each(tmp_path: Path) -> None:
    out = tmp_path / "acme.jsonl"
    async with served(tmp_path) as office:
        desk = Desk(office)
        await desk.tell(completed("ada"), correlation="request-of-ada")
        await desk.route()
        await desk.tell(completed("bob"))
        done = await run_ctl(tmp_path, "export", "acme", "json", "--out", str(out))
        assert done.returncode == 0, done.stderr
        ada, bob = statements(lines(out))
        assert (ada["correlationId"], ada["source"], ada["voided"]) == ("request-of-ada", "campus", False)
        assert ada["statement"]["actor"] == completed("ada")["actor"]
        [delivery] = ada["routed"]["deliveries"]
        assert (ada["routed"]["change"], delivery["state"], delivery["lane"]) == (
            "activity_completed",
            "waiting",
            "acme/slack",
        )
        assert delivery["change"]["learner"]["email"] == "ada@example.edu"
        assert "routed" not in bob


async def test_a_persons_data_is_taken_along_alone(tmp_path: Path) -> None:
    out, whole = tmp_path / "ada", tmp_path / "whole"
    ada = {"mbox": "mailto:Ada@example.edu", "name": "Ada"}
    people = (PersonRow(home_page="https://lms.test", account="ada7", email="ada@example.edu"),)
    async with served(tmp_path) as office:
        office.tenants["acme"] = msgspec.structs.replace(office.tenants["acme"], people=people)
        desk = Desk(office)
        account = {"account": {"homePage": "https://lms.test", "name": "ada7"}}
        mine = await desk.tell(completed("ada"), completed("bob"), {**completed("x"), "actor": account})
        about = await desk.tell({**completed("bob"), "object": {"objectType": "Agent", **ada}}, completed("carl"))
        await desk.tell({**completed("bob"), "context": {"instructor": ada}})
        for name in ("ada", "bob"):
            agent = {"mbox": f"mailto:{name}@example.edu"}
            shelf = Shelf(kind="agent_profile", agent=agent_key(agent) or "", agent_json=msgspec.json.encode(agent))
            await office.store.documents.change("acme", shelf, "p", lambda _: content(b"{}", "application/json"))
        who = ("--learner", "mailto:ada@example.edu")
        done = await run_ctl(tmp_path, "export", "acme", "xapi", "--out", str(out), *who)
        assert done.returncode == 0, done.stderr
        assert [each["id"] for each in statements(lines(out))] == [mine[0], mine[2], about[0]]
        assert [each["agent"] for each in marks(lines(out), "document")] == [{"mbox": "mailto:ada@example.edu"}]
        assert marks(lines(out), "end")[0] == {"is": "end", "statements": 3, "attachments": 0, "documents": 1}
        assert marks(lines(out), "export")[0]["learner"] == ["mailto:ada@example.edu"]
        assert "ada@" not in repr(office.witness.events)
        other = await run_ctl(tmp_path, "export", "acme", "xapi", "--out", str(out), "--resume")
        assert (other.returncode, b"another export" in other.stderr) == (64, True)
        wrong = await run_ctl(tmp_path, "export", "acme", "xapi", "--out", str(whole), "--learner", "ada")
        assert (wrong.returncode, b"no identifier" in wrong.stderr) == (64, True)
