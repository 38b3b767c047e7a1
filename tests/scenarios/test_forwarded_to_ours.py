"""Forwarding to another lmsyncd: a real gateway with a store of its own takes what ours sends, attachments included."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio
from gateway_world import World, basic
from world import SECRETS, Campus, VirtualClock, completed, open_campus, route, tenant

from actors.domain.flow import Lost, Outcome, Request, Response
from actors.domain.xapi.accepted import Enclosed
from actors.ports import NewStatement, Provenance
from config.model import Audience
from daemon.store.database import Store, open_store

LAKE = route("lake", "statement", to="lrs", audience=Audience())
TEXT, IMAGE = b"an essay\r\n--with lines\r\n", bytes(range(256)) * 4


class OverAsgi:
    """Implements ``ports.Http``: the other gateway in memory. ``lose`` answers are lost after they were given."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.lose = 0
        self.calls: list[str] = []

    async def send(self, request: Request) -> Outcome:
        self.calls.append(request.operation)
        answer = await self._client.request(
            request.method, request.url, headers=dict(request.headers), content=request.body
        )
        if self.lose and request.operation != "statements.get":
            self.lose -= 1
            return Lost("connection reset by peer")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(status=answer.status_code, headers=headers, body=answer.content)

    async def aclose(self) -> None:
        """It is the test's."""


class Both:
    """Our daemon, and the other one's store and client."""

    def __init__(self, campus: Campus, other: Store, http: OverAsgi, client: httpx.AsyncClient) -> None:
        self.campus = campus
        self.other = other
        self.http = http
        self.client = client

    async def there(self, **query: str) -> list[dict[str, Any]]:
        answer = await self.client.get("/t/acme/xapi/statements", params={"ascending": "true", **query})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["statements"])


@asynccontextmanager
async def both(path: Path, version: str = "1.0.3") -> AsyncIterator[Both]:
    SECRETS["boss"] = "ssob"
    settings = {
        "endpoint": "http://lms-sync.example.edu/t/acme/xapi",
        "key": "boss",
        "secret": {"env": "boss"},
        "version": version,
    }
    world = World()
    acme = tenant(LAKE, settings={"lrs": settings})
    async with (
        open_store(path / "other.db", VirtualClock(), inline=True) as other,
        open_campus(path, acme, window=16) as campus,
    ):
        world.ports = msgspec.structs.replace(
            world.ports,
            statements=other.statements,
            reads=other.finding,
            attachments=other.attachments,
            activities=other.activities,
        )
        async with world.client("boss", **{"X-Experience-API-Version": version}) as client:
            await campus.stop()
            campus.http = http = OverAsgi(httpx.AsyncClient(transport=httpx.ASGITransport(world.app().public)))  # type: ignore[assignment]
            await campus.again()
            yield Both(campus, other, http, client)


def attended(who: str, **more: object) -> dict[str, object]:
    return {
        "actor": {"mbox": f"mailto:{who}@example.edu"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {"id": "https://lms.example.edu/lecture"},
        "timestamp": "2026-11-23T10:00:00Z",
        **more,
    }


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
async def test_the_other_lrs_has_what_ours_has(tmp_path: Path, autojump_clock: object, version: str) -> None:
    async with both(tmp_path, version) as pair:
        told = [completed("ada"), *(attended(f"p{n}", result={"duration": "PT1M"}) for n in range(40))]
        ids = await pair.campus.tell(*told)
        await pair.campus.quiet()
        there = {one["id"]: one for one in await pair.there()}
        assert sorted(there) == sorted(ids)
        assert len(pair.http.calls) < 20
        for statement_id, statement in zip(ids, told, strict=True):
            shown = there[statement_id]
            assert {name: shown[name] for name in ("actor", "verb", "object")} == {
                name: statement[name] for name in ("actor", "verb", "object")
            }
            assert shown["version"] == {"1.0.3": "1.0.0", "2.0.0": "2.0.0"}[version]
            assert shown["authority"]["account"]["name"] == "boss", "the other one sets it"
        assert await pair.campus.states() == {"delivered": len(ids)}


async def test_lost_answers_double_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with both(tmp_path) as pair:
        pair.http.lose = 5
        ids = await pair.campus.tell(*(attended(f"p{n}") for n in range(30)))
        await pair.campus.quiet()
        assert sorted(one["id"] for one in await pair.there()) == sorted(ids)
        [(total,)] = await pair.other.writer.submit(
            lambda raw: raw.execute("SELECT count(*) FROM statements").fetchall()
        )
        assert total == len(ids)
        assert await pair.campus.states() == {"delivered": len(ids)}


async def test_voiding_voids_there_too(tmp_path: Path, autojump_clock: object) -> None:
    async with both(tmp_path) as pair:
        [first] = await pair.campus.tell(attended("ada"))
        [second] = await pair.campus.tell(
            {
                **attended("dean"),
                "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
                "object": {"objectType": "StatementRef", "id": first},
            }
        )
        await pair.campus.quiet()
        assert [one["id"] for one in await pair.there()] == [second]
        gone = await pair.client.get("/t/acme/xapi/statements", params={"voidedStatementId": first})
        assert gone.status_code == 200


async def bring(campus: Campus, statement: Mapping[str, object], *enclosed: Enclosed) -> str:
    made = "0198c0de-0000-4000-8000-000000000001"
    body = msgspec.json.encode({"id": made, **statement})
    new = NewStatement(
        id=made, body=body, digest=b"", timestamp=str(statement["timestamp"]), given_id=True, enclosed=enclosed
    )
    source = Provenance(tenant="acme", source="campus", correlation_id="c", traceparent="", version="1.0.3")
    await campus.store.statements.append([new], source)
    campus.switchboard.arrived("acme")
    return made


def attachment(content: bytes, kind: str) -> tuple[dict[str, object], Enclosed]:
    sha2 = hashlib.sha256(content).hexdigest()
    declared = {
        "usageType": "http://example.edu/attachments/work",
        "display": {"en": "The work"},
        "contentType": kind,
        "length": len(content),
        "sha2": sha2,
    }
    return declared, Enclosed(sha2=sha2, content_type=kind, content=content)


async def test_attachments_go_along(tmp_path: Path, autojump_clock: object) -> None:
    async with both(tmp_path) as pair:
        (text, one), (image, other) = attachment(TEXT, "text/plain"), attachment(IMAGE, "image/png")
        made = await bring(pair.campus, attended("ada", attachments=[text, image]), one, other)
        await pair.campus.quiet()
        assert await pair.campus.states() == {"delivered": 1}
        answer = await pair.client.get("/t/acme/xapi/statements", params={"statementId": made, "attachments": "true"})
        assert answer.headers["content-type"].startswith("multipart/mixed")
        assert TEXT in answer.content
        assert IMAGE in answer.content


async def test_what_has_too_large_attachments_is_a_dead_letter(tmp_path: Path, autojump_clock: object) -> None:
    async with both(tmp_path) as pair:
        content = b"x" * (17 * 1024 * 1024)
        declared, enclosed = attachment(content, "video/mp4")
        await bring(pair.campus, attended("ada", attachments=[declared]), enclosed)
        with trio.fail_after(60.0):
            await pair.campus.quiet()
        [(cause, detail)] = await pair.campus.rows("SELECT cause, detail FROM deliveries")
        assert cause == "payload_refused"
        assert "17,825,792 bytes" in detail


async def test_a_key_that_may_only_write_is_enough(tmp_path: Path, autojump_clock: object) -> None:
    async with both(tmp_path) as pair:

        async def as_moodle(request: Request, send: Any = pair.http.send) -> Outcome:
            headers = {**request.headers, "authorization": basic("moodle")["Authorization"]}
            return await send(msgspec.structs.replace(request, headers=headers))  # type: ignore[no-any-return]

        pair.http.send = as_moodle  # type: ignore[method-assign]
        ids = await pair.campus.tell(attended("ada"), attended("ben"))
        await pair.campus.quiet()
        assert sorted(one["id"] for one in await pair.there()) == sorted(ids)
