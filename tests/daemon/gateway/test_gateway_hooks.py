"""What an LMS posts to a source's hook: on disk before the 2xx, once, and refused where it is not genuine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import trio
from gateway_world import World as Gateway
from toy_source import CALLING
from world import Campus, open_campus, route, source, tenant

from actors.ports import StoreUnavailable
from daemon.gateway.hooks import BODY_BYTES_MAX

HOOK = "/t/acme/hooks/campus"
NEWS = route("news", "enrolled", "user_created")
GENUINE = {"x-toy": CALLING}


def row(entity: str, number: int, **more: object) -> dict[str, object]:
    return {"entity": entity, "id": number, "at": "2027-01-15T08:00:00Z", **more}


def posted(*rows: dict[str, object], look: bool = False) -> bytes:
    return msgspec.json.encode({"rows": rows, "look": look})


@asynccontextmanager
async def hooked(path: Path, **settings: object) -> AsyncIterator[tuple[Campus, httpx.AsyncClient]]:
    async with open_campus(path, tenant(NEWS, sources=source(full=None, **settings))) as campus:
        await campus.until_read()
        gateway = Gateway()
        gateway.harvesters = lambda tenant_name, name: campus.switchboard.harvesters.get(f"{tenant_name}/{name}")
        async with gateway.client(None) as client:
            yield campus, client


async def test_what_is_posted_is_on_disk_and_told_once(tmp_path: Path, autojump_clock: object) -> None:
    async with hooked(tmp_path) as (campus, client):
        course = next(iter(campus.school.courses.values()))
        body = posted(
            row("user", 900, name="Alan Turing", email="alan@example.edu"),
            row("enrolment", 901, user=900, course=course.id, role="student", state="active"),
        )
        for _ in range(3):
            answer = await client.post(HOOK, content=body, headers={**GENUINE, "x-correlation-id": "req-9"})
            assert (answer.status_code, answer.content) == (202, b"")
        assert await campus.rows("SELECT count(*) FROM records WHERE id IN ('900', '901') AND state = 'active'") == [
            (2,)
        ]
        assert await campus.rows("SELECT DISTINCT correlation_id FROM arrivals WHERE fresh > 0 AND quiet = 0") == [
            ("req-9",)
        ]
        await campus.quiet()
        assert len(campus.journal("slack")) == 2
        (state,) = await campus.rows("SELECT heard_us IS NOT NULL FROM sources")
        assert state == (1,)


async def test_what_is_not_genuine_is_refused_and_changes_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with hooked(tmp_path) as (campus, client):
        before = await campus.rows("SELECT count(*) FROM records")
        answer = await client.post(HOOK, content=posted(row("user", 900)), headers={"x-toy": "guess"})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "it is not known to be genuine", "why, a stranger is not told"
        assert (await client.post(HOOK, content=b"[", headers=GENUINE)).status_code == 400
        assert (await client.get(HOOK)).status_code == 405
        for path in ("/t/acme/hooks/nothing", "/t/nowhere/hooks/campus", "/t/acme/hooks/"):
            assert (await client.post(path, content=b"{}", headers=GENUINE)).status_code == 404
        assert await campus.rows("SELECT count(*) FROM records") == before


async def test_no_more_of_a_strangers_body_is_held_than_an_lms_sends(tmp_path: Path, autojump_clock: object) -> None:
    async with hooked(tmp_path) as (_, client):
        assert (await client.post(HOOK, content=b" " * (BODY_BYTES_MAX + 1), headers=GENUINE)).status_code == 413


async def test_what_cannot_be_known_from_it_alone_is_read_soon(tmp_path: Path, autojump_clock: object) -> None:
    async with hooked(tmp_path, every="1h", every_max="1h") as (campus, client):
        campus.school.add_person("Alan", "Turing", campus.clock.now_us() / 1e6)
        asked_us = campus.clock.now_us()
        for _ in range(5):
            assert (await client.post(HOOK, content=posted(look=True), headers=GENUINE)).status_code == 202
        reading = await campus.until_read(2)
        assert (reading.mode, reading.changed) == ("delta", 1)
        assert reading.began_us - asked_us < 10_000_000
        await trio.sleep(60)
        assert len(campus.readings()) == 2, "once for all of them"


async def test_a_store_that_takes_nothing_is_a_reason_to_send_it_again(tmp_path: Path, autojump_clock: object) -> None:
    async with hooked(tmp_path) as (campus, client):

        async def full(taking: object) -> object:
            raise StoreUnavailable("the disk is full", 7)

        records = campus.store.records
        records.take = full  # type: ignore[method-assign,assignment]
        answer = await client.post(
            HOOK, content=posted(row("user", 900, name="A", email="a@example.edu")), headers=GENUINE
        )
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


async def test_what_is_posted_while_it_is_paused_is_taken_in(tmp_path: Path, autojump_clock: object) -> None:
    async with hooked(tmp_path) as (campus, client):
        (no,) = (await campus.rows("SELECT no FROM sources"))[0]
        await campus.store.sources.pause(no, "ada", campus.clock.now_us())
        campus.switchboard.switched("acme/campus")
        await trio.sleep(5)
        body = posted(row("user", 900, name="Alan Turing", email="alan@example.edu"))
        assert (await client.post(HOOK, content=body, headers=GENUINE)).status_code == 202
        assert await campus.rows("SELECT state FROM records WHERE id = '900'") == [("active",)]


async def test_who_falls_silent_is_told_once_and_so_is_who_calls_again(tmp_path: Path, autojump_clock: object) -> None:
    async with hooked(tmp_path, silence="2h") as (campus, client):
        await trio.sleep(4 * 3_600)
        assert [name for name, _ in campus.notes.troubles].count("source.silent") == 1
        assert campus.view().silent_since_us is not None
        await client.post(HOOK, content=posted(), headers=GENUINE)
        await trio.sleep(120)
        assert campus.view().silent_since_us is None
        assert campus.notes.named("source.heard_again") == [{"source": "acme/campus"}]
