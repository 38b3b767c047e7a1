"""History that was imported counts as known: nobody is told of it, then or later."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import trio
from world import Campus, completed, graded, open_campus, route, tenant

from actors.ports import NewStatement, Provenance

GRADES = route("grades", "graded")
DONE = route("done", "completed")


async def bring_in(campus: Campus, *statements: Mapping[str, object], quiet: bool = True) -> None:
    """As an import does."""
    batch = []
    for number, statement in enumerate(statements):
        made = f"ab{number:06x}-0000-4000-8000-{number:012x}"
        body = msgspec.json.encode({"id": made, **statement})
        batch.append(NewStatement(id=made, body=body, digest=b"", timestamp=str(statement["timestamp"]), given_id=True))
    source = Provenance(
        tenant="acme", source="campus", correlation_id="import", traceparent="", version="1.0.3", quiet=quiet
    )
    await campus.store.statements.append(batch, source)
    campus.switchboard.arrived("acme")
    await trio.sleep(60)


async def reasons(campus: Campus) -> list[str]:
    found = await campus.rows("SELECT reason FROM outcomes ORDER BY seq")
    return [row[0].partition(":")[0] for row in found]


async def test_what_an_import_told_is_not_posted_when_the_lms_tells_it_again(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, tenant(DONE)) as campus:
        await bring_in(campus, completed("ada", at="2026-11-20T10:00:00Z"))
        await campus.tell(completed("ada", at="2026-11-20T10:00:00Z"), completed("ada", at="2026-11-23T10:00:00Z"))
        await campus.tell(completed("bob"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1, "Bob's"
        assert await reasons(campus) == ["imported", "imported_before", "imported_before", ""]
        assert await campus.rows("SELECT occurrence, unrouted FROM outcomes ORDER BY seq LIMIT 3") == [(1, 0)] * 3


async def test_a_change_after_the_history_is_news(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(GRADES)) as campus:
        await bring_in(campus, *(graded("ada", points, at=f"2026-11-2{points % 10}T10:00:00Z") for points in (80, 81)))
        await campus.tell(graded("ada", 85, at="2026-11-23T10:00:00Z"), graded("ada", 80, at="2026-11-24T10:00:00Z"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 2
        assert await campus.rows("SELECT occurrence FROM outcomes ORDER BY seq") == [(1,), (2,), (3,), (4,)]


async def test_the_order_of_an_import_does_not_matter(tmp_path: Path, autojump_clock: object) -> None:
    """What lies before something known is overtaken, and quiet all the same."""
    async with open_campus(tmp_path, tenant(GRADES)) as campus:
        early, late = graded("ada", 80, at="2026-11-20T10:00:00Z"), graded("ada", 85, at="2026-11-21T10:00:00Z")
        await bring_in(campus, late, early)
        await campus.tell(early, late)
        await campus.quiet()
        assert campus.journal("slack") == []


async def test_history_takes_nothing_back_that_waits(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(GRADES)) as campus:
        await campus.store.queries.pause("acme/slack", by="ada", now_us=campus.clock.now_us())
        await campus.tell(graded("ada", 80, at="2026-11-20T10:00:00Z"))
        await bring_in(campus, graded("ada", 85, at="2026-11-21T10:00:00Z"))
        assert await campus.states() == {"waiting": 1}
        await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
        campus.switchboard.resumed("acme/slack")
        await campus.quiet()
        assert len(campus.journal("slack")) == 1


async def test_what_was_posted_before_the_import_stays_posted_once(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(DONE)) as campus:
        await campus.tell(completed("ada"))
        await campus.quiet()
        await bring_in(campus, completed("ada"))
        await campus.tell(completed("ada", at="2026-11-25T11:00:00Z"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1
        assert await reasons(campus) == ["", "imported", ""]


async def test_an_import_that_announces_is_routed_like_anything_else(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(DONE)) as campus:
        await bring_in(campus, completed("ada"), quiet=False)
        assert len(campus.journal("slack")) == 1
