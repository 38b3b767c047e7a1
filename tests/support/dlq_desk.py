"""An office with one tenant and a plain route, asked for plans of dead letters."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from control_office import Desk, Office, ask
from world import VirtualClock, route, tenant

from daemon.control import protocol as p
from daemon.control.views import PlannedRow, PlanRow
from daemon.store.database import open_store

LANE = "acme/slack"
LINE = "C0GENERAL1"
DONE = route("done", "completed")
GRADES = route("grades", "graded")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_store(tmp_path / "l.db", VirtualClock(), inline=True) as store:
        yield Desk(Office(store, {"acme": tenant(DONE)}))


async def planned(desk: Desk, **asked: Any) -> tuple[list[PlannedRow], PlanRow]:
    *rows, plan = (await ask(desk.office, p.DlqPlan(**asked)))[0]
    assert isinstance(plan, PlanRow)
    return rows, plan


async def refusal(desk: Desk, request: p.AnyAsk) -> p.Refusal:
    with pytest.raises(p.Refusal) as caught:
        await ask(desk.office, request)
    return caught.value
