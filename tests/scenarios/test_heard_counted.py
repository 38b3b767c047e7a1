"""What is posted to a hook is counted: what was taken of it, what was ignored, and what was not genuine."""

import json
from pathlib import Path

import pytest
import trio
import world
from world import Campus, open_campus, source, tenant

from actors.domain.harvest import Inbound
from actors.messages import Hear, HeardCount
from actors.ports import StoreUnavailable
from actors.sources.canvas.fake import TOKEN, FakeCanvas
from actors.sources.canvas.fake.live import sign
from daemon.gauges import show_sources
from daemon.telemetry.metrics import Metrics

HOME = "http://sandbox.test/canvas"


@pytest.fixture(autouse=True)
def the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.SECRETS, "canvas", TOKEN)


async def hear(campus: Campus, body: bytes) -> int:
    answer = await campus.switchboard.harvesters["acme/campus"].ask(
        lambda reply: Hear(Inbound(headers={}, query="", body=body), "c1", "", reply)
    )
    status: int = answer.status
    return status


async def test_what_was_heard_taken_and_ignored(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = {"jwks_url": f"{HOME}/live-events/jwks"}
    given = {"base_url": HOME, "token": {"env": "canvas"}, "every": "6h", "every_max": "6h", "live_events": live}
    async with open_campus(tmp_path, tenant(sources=source("canvas", **given))) as campus:
        await campus.until_read()
        assert campus.view().heard == HeardCount()
        fake = campus.sources["canvas"]
        assert isinstance(fake, FakeCanvas)
        fake.live.skip()
        await trio.sleep(60)
        course = next(iter(campus.school.courses.values()))
        newcomer = campus.school.add_person("Grace", "Hopper", campus.clock.now_us() / 1e6)
        campus.school.enrol(newcomer, course, campus.clock.now_us() / 1e6)
        deliveries = fake.live.deliveries()
        clicked = {"metadata": {"event_name": "logged_in", "event_time": "2026-09-01T10:00:00Z"}, "body": {}}
        for body in (*deliveries, *deliveries, sign([clicked, clicked]), sign({"sensor": "x", "data": [{}]})):
            assert await hear(campus, body) == 202
        assert await hear(campus, json.dumps(clicked).encode()) == 401

        async def lost(*_: object) -> None:
            raise StoreUnavailable("no disk")

        monkeypatch.setattr(campus.store.records, "take", lost)
        campus.school.change_person(newcomer, campus.clock.now_us() / 1e6, email="new@example.edu")
        campus.school.enrol(campus.school.add_person("Ada", "B", 1.0), course, campus.clock.now_us() / 1e6)
        [*_, last] = fake.live.deliveries()
        assert await hear(campus, last) == 503
        assert campus.view().heard == HeardCount(taken=6, refused=1, failed=1, told=4, changed=2, ignored=3)
        metrics = Metrics()
        show_sources(metrics, [campus.view()], campus.clock.now_us())
        text = metrics.text()
        assert 'lmsyncd_source_heard_total{source="acme/campus",what="ignored"} 3' in text
        assert 'lmsyncd_source_calls_total{source="acme/campus",what="taken"} 6' in text
