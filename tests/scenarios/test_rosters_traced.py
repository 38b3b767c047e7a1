"""Orders about rosters are of the trace of what brought them: a reading, or the run itself; and people find it."""

from pathlib import Path

import trio
from control_office import Office, ask
from notes import ReadingNotes, RosterNotes
from roster_hall import inside, kept, run, settled, workspace
from world import Campus, open_campus

from actors.domain.school import Class
from daemon.control import protocol as p
from daemon.control.views import ArrivalRow, DeliveryStory, SpanRow


async def orders(campus: Campus, deed: str) -> list[tuple[str, str, str]]:
    """Id, trace parent and correlation id of each."""
    sql = "SELECT lower(hex(id)), traceparent, correlation_id FROM deliveries WHERE change ->> 'deed' = ? ORDER BY seq"
    return [(id_, parent, correlation) for id_, parent, correlation in await campus.rows(sql, deed)]


def course_of(campus: Campus, code: str) -> Class:
    return next(each for each in campus.school.courses.values() if each.code == code)


async def test_an_order_is_of_the_trace_of_the_reading_that_brought_it(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        await settled(campus)
        assert {parent for _, parent, _ in await orders(campus, "create")} == {ReadingNotes.traceparent}
        first = await orders(campus, "add")
        assert {parent for _, parent, _ in first} == {ReadingNotes.traceparent}, "what follows from making it, too"
        assert not any(correlation.startswith("roster-") for _, _, correlation in first)
        school, now_s = campus.school, campus.clock.now_us() / 1e6
        school.enrol(school.add_person("Alan", "Turing", now_s), course_of(campus, "CS101"), now_s)
        await campus.sync()
        await settled(campus)
        id_, parent, correlation = (await orders(campus, "add"))[-1]
        assert parent == ReadingNotes.traceparent
        office = Office(campus.store, campus.tenants, campus=campus)
        rows, _ = await ask(office, p.Why(what=id_))
        [story] = [row for row in rows if isinstance(row, DeliveryStory)]
        assert story.delivery.about.endswith("because of a delta reading of campus")
        assert story.trace_id == "5" * 32
        assert [row.correlation_id for row in rows if isinstance(row, ArrivalRow)] == [correlation]
        rows, _ = await ask(office, p.Trace(what=id_))
        spans = [row for row in rows if isinstance(row, SpanRow)]
        assert spans[0].name == "ordered"
        assert spans[0].trace_id == "5" * 32
        assert f"correlation id {correlation}" in spans[0].detail


async def test_what_nobody_told_is_of_the_run_that_found_it(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, kept()) as campus:
        await campus.until_read()
        await settled(campus)
        space = workspace(campus)
        [room] = [id_ for id_, each in space.places() if each.name == "c-cs101"]
        somebody = next(iter(inside(campus, "c-cs101")))
        await trio.sleep(600)
        space.rooms.take(room, [space.person(somebody)], campus.clock.now_us() / 1e6)
        await run(campus)
        await settled(campus)
        assert somebody in inside(campus, "c-cs101")
        id_, parent, correlation = (await orders(campus, "add"))[-1]
        assert parent == RosterNotes.traceparent
        assert correlation.startswith("roster-")
        assert campus.notes.named("roster.run")[-1] == {"rule": "classes", "places": 3, "orders": 1}
        rows, _ = await ask(Office(campus.store, campus.tenants, campus=campus), p.Why(what=id_))
        [story] = [row for row in rows if isinstance(row, DeliveryStory)]
        assert story.delivery.about.endswith("because of the roster classes: somebody asked")
