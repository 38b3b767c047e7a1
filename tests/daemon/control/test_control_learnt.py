"""Why, of what a source told: by which record, which mapping, which reading, call or hand, and why it was quiet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from control_office import PEER, Office, ask, opened
from rich.console import Console
from toy_source import CALLING
from world import Campus, completed, route, source, tenant

from actors.domain.harvest import Inbound
from actors.domain.xapi.moments import spelt
from actors.messages import Hear
from daemon.cli import stories
from daemon.control import protocol as p
from daemon.control.learnt import learnt_in_words
from daemon.control.times import moment
from daemon.control.views import DeliveryStory, SpanRow, StatementStory

NEWS = route("news", "enrolled", "graded")


@asynccontextmanager
async def school(path: Path, **more: Any) -> AsyncIterator[tuple[Office, Campus]]:
    acme = tenant(NEWS, sources=source("toy", every="1h", every_max="1h", **more))
    async with opened(path, acme) as (office, campus):
        await campus.until_read()
        yield office, campus


async def enrolled(campus: Campus) -> str:
    """Alan comes into one course: the id of the enrolment."""
    now_s = campus.clock.now_us() / 1e6
    person = campus.school.add_person("Alan", "Turing", now_s)
    membership = campus.school.enrol(person, next(iter(campus.school.courses.values())), now_s)
    return str(membership.id)


async def newest(office: Office, campus: Campus, record: str, *, nth: int = -1) -> StatementStory:
    """The story of what this record told."""
    entity, _, name = record.partition("/")
    found = await campus.rows(
        "SELECT lower(hex(s.id)) FROM statements s JOIN records r ON r.no = s.record WHERE r.entity = ? AND r.id = ? "
        "ORDER BY s.seq", entity, name,
    )  # fmt: skip
    rows, _ = await ask(office, p.Why(what=found[nth][0]))
    assert isinstance(rows[0], StatementStory)
    return rows[0]


async def test_a_reading_is_named_with_its_record_and_mapping(tmp_path: Path, autojump_clock: object) -> None:
    async with school(tmp_path) as (office, campus):
        name = await enrolled(campus)
        reading = await campus.sync()
        await campus.quiet()
        story = await newest(office, campus, f"enrolment/{name}")
        learnt = story.learnt
        assert learnt is not None
        assert (learnt.kind, learnt.record, learnt.mapping) == ("toy", f"enrolment/{name}", 1)
        assert (learnt.by, learnt.mode, learnt.began_us, learnt.how) == (
            "reading", "delta", reading.began_us, "finished",
        )  # fmt: skip
        assert (learnt.ended_us, learnt.quiet) == (reading.ended_us, "")
        assert learnt_in_words(learnt) == (
            f"record enrolment/{name} ({learnt.form}), read by version 1 of its mapping",
            f"delta reading that began at {moment(reading.began_us)} and finished at {moment(reading.ended_us or 0)}",
        )
        out = StringIO()
        Console(file=out, width=200).print(stories.story(story, campus.clock.now_us()))
        assert "from acme/campus (toy)" in out.getvalue()
        assert f"learnt by    record enrolment/{name}" in out.getvalue()
        [(delivery,)] = await campus.rows("SELECT lower(hex(id)) FROM deliveries")
        rows, _ = await ask(office, p.Why(what=delivery))
        assert [type(row) for row in rows] == [StatementStory, DeliveryStory]
        assert rows[0].learnt == learnt
        spans, _ = await ask(office, p.Trace(what=delivery))
        assert all(isinstance(span, SpanRow) for span in spans)
        assert [span.name for span in spans[:3]] == ["reading", "accepted", "routed"]
        assert (spans[0].subject, spans[0].at_us, spans[0].detail) == (
            "source acme/campus (toy)", reading.began_us, "delta: finished",
        )  # fmt: skip
        assert f"record enrolment/{name}" in spans[1].detail


async def test_what_is_told_to_nobody_says_why(tmp_path: Path, autojump_clock: object) -> None:
    async with school(tmp_path) as (office, campus):
        first = next(iter(campus.school.memberships.values()))
        learnt = (await newest(office, campus, f"enrolment/{first.id}")).learnt
        assert learnt is not None
        assert (learnt.mode, learnt.quiet) == ("full", "the source's first reading takes in how things stand")
        assert learnt_in_words(learnt)[-1] == f"told to nobody: {learnt.quiet}"


async def test_a_call_is_named(tmp_path: Path, autojump_clock: object) -> None:
    async with school(tmp_path, calling={"env": "toy-calling"}) as (office, campus):
        name = await enrolled(campus)
        toy = campus.sources["toy"]
        told = [each for each in toy.rows("users") if each["name"] == "Alan Turing"]  # type: ignore[attr-defined]
        rows = [{**each, "entity": "user"} for each in told]
        listed = toy.rows("enrolments")  # type: ignore[attr-defined]
        rows += [{**each, "entity": "enrolment"} for each in listed if str(each["id"]) == name]
        at = spelt(campus.clock.now_us())
        body = msgspec.json.encode({"rows": [{**each, "at": at} for each in rows]})
        answer = await campus.switchboard.harvesters["acme/campus"].ask(
            lambda reply: Hear(Inbound(headers={"x-toy": CALLING}, query="", body=body), "c1", "", reply)
        )
        assert answer.status == 202
        learnt = (await newest(office, campus, f"enrolment/{name}")).learnt
        assert learnt is not None
        assert (learnt.by, learnt.mode, learnt.mapping, learnt.record) == ("call", "", 1, f"enrolment/{name}")
        assert "a call of the source" in learnt_in_words(learnt)


async def test_a_hand_is_named(tmp_path: Path, autojump_clock: object) -> None:
    async with school(tmp_path) as (office, campus):
        name = await enrolled(campus)
        membership = next(each for each in campus.school.memberships.values() if str(each.id) == name)
        membership.role = "wizard"
        await campus.sync()
        await ask(office, p.QuarantineEdit(source="acme/campus", record=f"enrolment/{name}", put=('role="teacher"',)))
        await ask(office, p.QuarantineRetry(records=(f"enrolment/{name}",)))
        learnt = (await newest(office, campus, f"enrolment/{name}")).learnt
        assert learnt is not None
        assert (learnt.by, learnt.who, learnt.mapping) == ("hand", PEER.name, 1)
        assert f"taken in anew, as {PEER.name} asked" in learnt_in_words(learnt)


@pytest.mark.parametrize("reused", [False, True])
async def test_a_record_that_is_erased_is_named_no_more(tmp_path: Path, autojump_clock: object, reused: bool) -> None:
    """Neither by what is kept, nor by another one that has its place now."""
    async with school(tmp_path) as (office, campus):
        name = await enrolled(campus)
        await campus.sync()
        story = await newest(office, campus, f"enrolment/{name}")
        if reused:
            await campus.rows(
                "UPDATE records SET id = 'another', first_us = ? WHERE entity = 'enrolment' AND id = ?",
                campus.clock.now_us() + 1_000_000_000, name,
            )  # fmt: skip
        else:
            await campus.rows("DELETE FROM records WHERE entity = 'enrolment' AND id = ?", name)
        rows, _ = await ask(office, p.Why(what=story.id))
        assert rows[0].learnt.forgotten
        assert rows[0].learnt.record == ""
        assert learnt_in_words(rows[0].learnt)[0] == (
            "a record that is not kept any more, read by version 1 of its mapping"
        )
        kept = str(await campus.rows("SELECT origin FROM arrivals"))
        assert name not in kept.replace('"', " ").split()


async def test_what_was_sent_to_us_has_no_reading(tmp_path: Path, autojump_clock: object) -> None:
    async with school(tmp_path) as (office, campus):
        [name] = await campus.tell(completed("ada"))
        rows, _ = await ask(office, p.Why(what=name))
        assert rows[0].learnt is None
