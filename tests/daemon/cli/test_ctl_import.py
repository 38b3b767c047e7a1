"""``lmsyncctl import``: from a file to a log and back, twice over, with whatever is wrong in it told by its line."""

import gzip
import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import zstandard
from control_office import Office
from control_socket import ACME, run_ctl, served
from world import completed

from actors.domain.xapi.documents import Shelf, content
from actors.sources.xapi.settings import XapiSettings
from config.model import Connection

CAMPUS = {"campus": Connection(name="campus", kind="xapi", settings=XapiSettings())}


@asynccontextmanager
async def taking(folder: Path) -> AsyncIterator[Office]:
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240  # a folder of the test's own
    async with served(folder) as office:
        office.tenants["acme"] = msgspec.structs.replace(ACME, sources=CAMPUS)
        yield office


def numbered(n: int, **more: object) -> dict[str, Any]:
    return {"id": f"{n:08x}-0000-4000-8000-000000000000", **completed(f"l{n}"), **more}


def written(path: Path, told: Iterable[object]) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in told))
    return path


async def ctl(folder: Path, *words: str) -> tuple[int, str, str]:
    done = await run_ctl(folder, *words)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


async def exported(folder: Path, name: str = "again") -> list[dict[str, Any]]:
    out = folder / name
    code, _, said = await ctl(folder, "export", "acme", "xapi", "--out", str(out))
    assert code == 0, said
    return [msgspec.json.decode(line) for line in out.read_bytes().splitlines()]


def shown(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The statements, without when they were stored; and the marks of what was voided and of attachments."""
    kept = [one for one in found if one.get("lmsyncd", {}).get("is") not in ("export", "checkpoint", "end")]
    return [{name: value for name, value in one.items() if name != "stored"} for one in kept]


VOIDING = {
    "id": "aaaaaaaa-0000-4000-8000-000000000000",
    "actor": {"mbox": "mailto:teacher@example.edu"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
    "object": {"objectType": "StatementRef", "id": numbered(2)["id"]},
    "timestamp": "2026-11-24T10:00:00Z",
}
AUTHORITY = {"objectType": "Agent", "account": {"homePage": "https://other.example", "name": "café"}}


async def test_there_and_back_into_another_store_and_nothing_is_lost(tmp_path: Path) -> None:
    told = [numbered(n) for n in range(30)]
    told[3]["authority"] = AUTHORITY
    told[4]["version"] = "1.0.3"
    told[5]["result"] = {"score": {"raw": 80.50, "min": 0, "max": 100}}
    timeless = {name: value for name, value in numbered(40).items() if name != "timestamp"}
    agent = {"objectType": "contextAgent", "agent": {"mbox": "mailto:x@example.edu"}, "relevantTypes": ["urn:x:y"]}
    newer = {**numbered(41), "version": "2.0.0", "context": {"contextAgents": [agent]}}
    async with taking(tmp_path / "a"):
        first = written(tmp_path / "first.jsonl", [*told, timeless, newer, VOIDING])
        code, said, _ = await ctl(tmp_path / "a", "import", "acme/campus", str(first))
        assert (code, said) == (0, "33 new, 0 known already, 0 refused\n")
        a = await exported(tmp_path / "a")
        code, said, _ = await ctl(tmp_path / "a", "import", "acme/campus", str(tmp_path / "a" / "again"))
        assert (code, said) == (0, "0 new, 33 known already, 0 refused\n"), "our own export is nothing new to us"
        code, said, _ = await ctl(tmp_path / "a", "import", "acme/campus", str(first))
        assert said == "0 new, 33 known already, 0 refused\n", "nor is the file, its timeless statement included"
    async with taking(tmp_path / "b"):
        code, said, _ = await ctl(tmp_path / "b", "import", "acme/campus", str(tmp_path / "a" / "again"))
        assert (code, said) == (0, "33 new, 0 known already, 0 refused\n")
        b = await exported(tmp_path / "b")
        _, said, _ = await ctl(tmp_path / "b", "import", "acme/campus", str(first))
        assert said == "0 new, 33 known already, 0 refused\n"
    assert shown(a) == shown(b)
    by_id = {one["id"]: one for one in shown(a) if "id" in one}
    assert by_id[told[3]["id"]]["authority"] == AUTHORITY
    assert by_id[told[0]["id"]]["authority"]["account"]["name"] == "import"
    assert by_id[newer["id"]]["version"] == "2.0.0"
    assert [one for one in shown(a) if "lmsyncd" in one] == [{"lmsyncd": {"is": "voided", "id": numbered(2)["id"]}}]


async def test_what_is_wrong_is_told_by_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    good = [msgspec.json.encode(numbered(n)) for n in range(4)]
    other = msgspec.json.encode(numbered(0, timestamp="2026-01-01T00:00:00Z"))
    broken = [
        b'{"id": "x", "actor": 5}',
        b'{"verb": ',
        b"\xff\xfe",
        b"17",
        msgspec.json.encode({**numbered(9), "verb": {"id": "not an iri"}}),
        b'{"lmsyncd": {"is": "something newer"}}',
        other,
    ]
    path = tmp_path / "mixed.jsonl"
    path.write_bytes(b"\n".join([good[0], *broken[:3], good[1], b"", *broken[3:], good[2], good[3]]) + b"\n")
    async with taking(tmp_path / "a") as office:
        code, said, _ = await ctl(tmp_path / "a", "import", "acme/campus", str(path), "--dry-run")
        assert (code, "4 would be new, 0 known already, 7 refused" in said) == (1, True)
        assert await office.store.exports.newest("acme") == 0
        assert office.witness.named("control.requested")[0]["arguments"]["dry_run"] is True  # type: ignore[index]
        done = await run_ctl(tmp_path / "a", "--json", "import", "acme/campus", str(path))
        *rows, end = [msgspec.json.decode(line) for line in done.stdout.splitlines()]
        assert done.returncode == end["exit_code"] == 1
        assert end["note"] == "4 new, 0 known already, 7 refused"
        assert sorted(row["at"] for row in rows) == [2, 3, 4, 7, 8, 9, 10]
        rules = {row["at"]: row["rule"] for row in rows}
        assert "IRI" in rules[8]
        assert "malformed JSON" in rules[3]
        assert "UTF-8" in rules[4]
        assert "different content" in rules[10]
        assert {row["at"]: row["id"] for row in rows}[10] == numbered(0)["id"]


async def test_arrays_pages_packed_files_and_other_wrappings_are_understood(tmp_path: Path) -> None:
    told = [numbered(n) for n in range(5)]
    shapes = {
        "array": msgspec.json.format(msgspec.json.encode(told), indent=2),
        "page": msgspec.json.encode({"statements": told, "more": ""}),
        "pages": b"\n".join(msgspec.json.encode({"statements": [one], "more": "/x"}) for one in told),
        "wrapped": b"\n".join(msgspec.json.encode({"_id": 7, "voided": False, "statement": one}) for one in told),
        "gzip": gzip.compress(msgspec.json.encode(told)),
        "zstd": zstandard.compress(b"\n".join(map(msgspec.json.encode, told))),
        "marked": b"\xef\xbb\xbf" + msgspec.json.encode(told),
    }
    async with taking(tmp_path / "a"):
        for number, (name, raw) in enumerate(shapes.items()):
            (tmp_path / name).write_bytes(raw)
            code, said, err = await ctl(tmp_path / "a", "import", "acme/campus", str(tmp_path / name))
            assert (code, said) == (0, f"{0 if number else 5} new, {5 if number else 0} known already, 0 refused\n"), (
                name
            )
        done = await run_ctl(tmp_path / "a", "import", "acme/campus", "-", stdin=shapes["array"])
        assert b"5 known already" in done.stdout
        (tmp_path / "cut").write_bytes(shapes["gzip"][:-20])
        code, _, err = await ctl(tmp_path / "a", "import", "acme/campus", str(tmp_path / "cut"))
        assert (code, "gzip" in err) == (1, True)
        (tmp_path / "nothing").write_bytes(b"\n\n")
        assert (await ctl(tmp_path / "a", "import", "acme/campus", str(tmp_path / "nothing")))[0] == 3


async def test_the_canonical_export_can_be_brought_in_as_well(tmp_path: Path) -> None:
    async with taking(tmp_path / "a"):
        first = written(tmp_path / "first", [numbered(2), VOIDING])
        await ctl(tmp_path / "a", "import", "acme/campus", str(first))
        await ctl(tmp_path / "a", "export", "acme", "json", "--out", str(tmp_path / "j"))
    async with taking(tmp_path / "b"):
        _, said, _ = await ctl(tmp_path / "b", "import", "acme/campus", str(tmp_path / "j"))
        assert said == "2 new, 0 known already, 0 refused\n"
        assert [one for one in await exported(tmp_path / "b") if one.get("lmsyncd", {}).get("is") == "voided"]


async def test_a_mark_keeps_what_nobody_here_has_voided(tmp_path: Path) -> None:
    """Its voiding statement has left by retention, or was not exported."""
    mark = {"lmsyncd": {"is": "voided", "id": numbered(1)["id"]}}
    async with taking(tmp_path / "a"):
        await ctl(tmp_path / "a", "import", "acme/campus", str(written(tmp_path / "f", [numbered(1), mark])))
        assert shown(await exported(tmp_path / "a"))[1] == mark


def attaching(n: int, *contents: bytes, kind: str = "text/plain") -> dict[str, Any]:
    attachments = [
        {
            "usageType": "http://example.com/usage",
            "display": {"en": "a file"},
            "contentType": kind,
            "length": len(content),
            "sha2": hashlib.sha256(content).hexdigest(),
        }
        for content in contents
    ]
    return numbered(n, attachments=attachments)


async def test_attachments_come_along_each_once(tmp_path: Path) -> None:
    big, small = bytes(range(256)) * 4000, b""
    told = [attaching(1, big), attaching(2, small, big), numbered(3)]
    lines: list[object] = [
        {
            "lmsyncd": {
                "is": "attachment",
                "sha2": hashlib.sha256(content).hexdigest(),
                "contentType": "text/plain",
                "bytes": len(content),
                "part": part,
                "parts": 3,
                "data": content[start : start + 350_000],
            }
        }
        for content in (big, small)
        for part, start in enumerate(range(0, max(1, len(content)), 350_000))
    ]
    async with taking(tmp_path / "a") as office:
        code, said, _ = await ctl(tmp_path / "a", "import", "acme/campus", str(written(tmp_path / "none", told)))
        assert (code, "1 new, 0 known already, 2 refused" in said) == (1, True), "no content, no address"
        code, said, err = await ctl(
            tmp_path / "a", "import", "acme/campus", str(written(tmp_path / "f", [*lines, *told]))
        )
        assert (code, said) == (0, "2 new, 1 known already, 0 refused\n"), err
        left = await office.store.writer.submit(lambda raw: raw.execute("SELECT count(*) FROM staged").fetchone())
        assert left == (0,)
        a = await exported(tmp_path / "a")
    async with taking(tmp_path / "b"):
        code, said, _ = await ctl(tmp_path / "b", "import", "acme/campus", str(tmp_path / "a" / "again"))
        assert (code, said) == (0, "3 new, 0 known already, 0 refused\n")
        assert shown(await exported(tmp_path / "b")) == shown(a)
    kept = [one["lmsyncd"] for one in a if one.get("lmsyncd", {}).get("is") == "attachment"]
    assert sorted({one["sha2"] for one in kept}) == sorted(hashlib.sha256(each).hexdigest() for each in (big, small))
    assert sum(one["part"] == 0 for one in kept) == 2
    assert a[-1]["lmsyncd"]["attachments"] == 2


ADA = Shelf(
    kind="state",
    activity="https://x.test/course",
    agent="mbox mailto:ada@example.edu",
    agent_json=b'{"mbox":"mailto:ada@example.edu"}',
)


async def test_documents_come_along_and_the_newer_one_is_kept(tmp_path: Path) -> None:
    shelves = [
        ADA,
        msgspec.structs.replace(ADA, registration="12345678-1234-4234-8234-123456789012"),
        msgspec.structs.replace(ADA, kind="agent_profile", activity=""),
        Shelf(kind="activity_profile", activity="https://x.test/course"),
    ]
    async with taking(tmp_path / "a") as office:
        for shelf in shelves:
            await office.store.documents.change("acme", shelf, "bookmark", lambda _: content(b"\x00page 7", "x/y"))
        await office.store.documents.change("other", ADA, "bookmark", lambda _: content(b"theirs", "x/y"))
        a = await exported(tmp_path / "a")
        code, said, _ = await ctl(tmp_path / "a", "import", "acme/campus", str(tmp_path / "a" / "again"))
        assert (code, said) == (3, "there is no statement in it\n")
    assert a[-1]["lmsyncd"]["documents"] == len([one for one in a if one["lmsyncd"]["is"] == "document"]) == 4
    async with taking(tmp_path / "b") as office:
        code, said, _ = await ctl(tmp_path / "b", "import", "acme/campus", str(tmp_path / "a" / "again"))
        assert (code, said) == (0, "0 new, 4 documents, 0 known already, 0 refused\n")
        assert shown(await exported(tmp_path / "b")) == shown(a)
        there = await office.store.documents.get("acme", ADA, "bookmark")
        assert there is not None
        assert (there.body, there.content_type) == (b"\x00page 7", "x/y")
        await office.store.documents.change("acme", ADA, "bookmark", lambda _: content(b"page 8", "x/y"))
        await ctl(tmp_path / "b", "import", "acme/campus", str(tmp_path / "a" / "again"))
        there = await office.store.documents.get("acme", ADA, "bookmark")
        assert there is not None
        assert there.body == b"page 8", "ours is newer"
        wrong = {"is": "document", "resource": "state", "id": "x", "contentType": "x/y", "updated_us": 1, "content": ""}
        code, said, _ = await ctl(
            tmp_path / "b", "import", "acme/campus", str(written(tmp_path / "w", [{"lmsyncd": wrong}]))
        )
        assert (code, "1 refused" in said, "agent: must be there" in said) == (1, True, True)


async def test_a_statement_longer_than_a_request_is_brought_in(tmp_path: Path) -> None:
    long = numbered(1)
    long["object"]["definition"]["description"] = {"en": 'x"\\' * 400_000}
    async with taking(tmp_path / "a"):
        code, said, err = await ctl(
            tmp_path / "a", "import", "acme/campus", str(written(tmp_path / "f", [numbered(0), long, numbered(2)]))
        )
        assert (code, said) == (0, "3 new, 0 known already, 0 refused\n"), err
        assert shown(await exported(tmp_path / "a"))[1]["object"] == long["object"]


async def test_it_goes_on_after_the_lines_that_were_stored(tmp_path: Path) -> None:
    path = written(tmp_path / "f", [numbered(n) for n in range(10)])
    async with taking(tmp_path / "a") as office:
        _, said, _ = await ctl(tmp_path / "a", "import", "acme/campus", str(path), "--skip", "7")
        assert said == "3 new, 0 known already, 0 refused\n"
        assert (await ctl(tmp_path / "a", "import", "acme/nosource", str(path)))[0] == 3
        assert (await ctl(tmp_path / "a", "import", "acme", str(path)))[0] == 64
        found = await office.store.writer.submit(lambda raw: raw.execute("SELECT quiet FROM arrivals").fetchall())
        assert found == [(1,)]
        await ctl(tmp_path / "a", "import", "acme/campus", str(path), "--announce")
        found = await office.store.writer.submit(lambda raw: raw.execute("SELECT quiet FROM arrivals").fetchall())
        assert found == [(1,), (0,)]
