"""What is heard between two pages of a reading is known to the next page."""

from pathlib import Path

import msgspec
import pytest
import trio
from toy_source import CALLING, ToySource
from world import open_campus, source, tenant

from actors.domain.harvest import Harvest, Inbound, Order, Page, Rest, Step
from actors.domain.xapi.moments import spelt
from actors.messages import Hear, HookAnswer

FRESH = "Renamed While It Was Read"


@pytest.fixture(autouse=True)
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """It rests for a minute after the page that tells of its courses."""
    harvest = ToySource.harvest

    def resting(self: ToySource, order: Order) -> Harvest:
        inner = harvest(self, order)
        answer = None
        while True:
            try:
                step: Step = inner.send(answer)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            answer = yield step  # type: ignore[assignment]  # whatever answers a step
            if isinstance(step, Page) and any(each.entity == "course" for each in step.records):
                yield Rest(wait_s=60.0)

    monkeypatch.setattr(ToySource, "harvest", resting)


async def test_a_course_that_is_renamed_between_two_pages_is_told_by_its_new_name(
    tmp_path: Path, autojump_clock: object
) -> None:
    acme = tenant(
        sources=source("toy", every="1h", every_max="1h", first_sync="announce", calling={"env": "toy-calling"})
    )
    async with open_campus(tmp_path, acme, limited=False) as campus:
        course = next(iter(campus.school.courses.values()))
        while await campus.rows("SELECT count(*) FROM records WHERE entity = 'course'") == [(0,)]:
            await trio.sleep(1)
        assert await campus.rows("SELECT count(*) FROM records WHERE entity = 'enrolment'") == [(0,)], "it rests"
        course.name = FRESH
        [row] = [each for each in campus.sources["toy"].rows("courses") if each["id"] == course.id]  # type: ignore[attr-defined]
        body = msgspec.json.encode({"rows": [{**row, "entity": "course", "at": spelt(campus.clock.now_us())}]})
        answer: HookAnswer = await campus.switchboard.harvesters["acme/campus"].ask(
            lambda reply: Hear(Inbound(headers={"x-toy": CALLING}, query="", body=body), "c1", "", reply)
        )
        assert answer.status == 202
        await campus.until_read()
        rows = await campus.rows("SELECT body FROM statements WHERE instr(body, ?) > 0", f"/course/{course.id}")
        assert rows
        assert all(FRESH.encode() in row[0] for row in rows)
