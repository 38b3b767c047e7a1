"""What the index finds is what a walk through the whole log finds: any statements, any filters, any order."""

from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from log_world import AUTHORITIES, arrivals, wanted
from searched_log import START_US, Searched
from sizes import examples

from daemon.gateway.ports import StatementQuery
from daemon.store import finding, indexing


@st.composite
def queries(draw: st.DrawFn, seqs: list[int]) -> StatementQuery:
    around = st.none() | st.sampled_from(seqs or [START_US]).flatmap(lambda seq: st.integers(seq - 1, seq + 1))
    return StatementQuery(
        limit=draw(st.integers(1, 5)),
        ascending=draw(st.booleans()),
        since_us=draw(around),
        until_us=draw(around),
        wanted=draw(wanted),
        authority=draw(st.none() | st.none() | st.sampled_from(AUTHORITIES)),
    )


async def agree(log: Searched, data: st.DataObject, times: int) -> None:
    for _ in range(times):
        tenant, query = data.draw(st.sampled_from(["acme", "globex"])), data.draw(queries(log.seqs()))
        assert await log.found(tenant, query) == log.walked(tenant, query), query


@pytest.fixture(params=["plenty", "scarce"])
def bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with so little room that every bound is met all the time."""
    if request.param == "scarce":
        monkeypatch.setattr(finding, "STEPS_MAX", 16)
        monkeypatch.setattr(finding, "JOBS_MAX", 3)
        monkeypatch.setattr(finding, "BYTES_MAX", 500)
        monkeypatch.setattr(finding, "_NEAR", 1)
        monkeypatch.setattr(indexing, "AWAITING_MAX", 1)
        monkeypatch.setattr(indexing, "LINKS_MAX", 2)


told = st.lists(st.tuples(arrivals(), st.sampled_from([0, 1, 30, 5000])), min_size=1, max_size=12)


@pytest.mark.usefixtures("bounds")
@settings(max_examples=examples(40), deadline=None)
@given(told, st.data())
def test_the_index_finds_what_a_walk_finds(told: Any, data: st.DataObject) -> None:
    async def main() -> None:
        log = Searched()
        for (where, batch), wait_us in told:
            log.tell(where, batch, wait_us)
        await agree(log, data, 6)
        await log.engine.close()

    trio.run(main)
