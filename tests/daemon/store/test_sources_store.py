"""How sources stand in the store, and what of their readings is remembered."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest
from world import EPOCH_US, VirtualClock

from actors.domain.harvest import Mode
from actors.domain.removals import Missing
from actors.ports import How, Reading, SourceName
from actors.ports.readings import READINGS_KEPT
from daemon.store.database import Store, open_store
from daemon.store.sources import IDLE_KEPT

CAMPUS = SourceName(tenant="acme", name="campus", kind="toy")
MANY = Missing(entity="user", gone=60, of=100)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as opened:
        yield opened


async def read(
    store: Store, no: int, mode: Mode, how: How = "finished", *, braked: Sequence[Missing] | None = None, new: int = 0
) -> int:
    began = await store.sources.begin(no, mode, EPOCH_US)
    reading = Reading(no=began, mode=mode, began_us=EPOCH_US, ended_us=EPOCH_US + 5, how=how, changed=new)
    await store.sources.end(no, reading, braked)
    return began


async def test_a_source_is_numbered_when_it_is_met_and_keeps_its_number(store: Store) -> None:
    assert await store.sources.known([CAMPUS]) == {}
    met = await store.sources.state(CAMPUS)
    other = await store.sources.state(msgspec.structs.replace(CAMPUS, tenant="other"))
    assert met.no != other.no
    assert (met.cursor, met.mapping, met.first_us, met.unchanged) == ({}, 0, None, 0)
    assert await store.sources.state(CAMPUS) == met
    assert list(await store.sources.known([CAMPUS])) == [CAMPUS]


async def test_a_source_that_becomes_one_of_another_kind_begins_anew(store: Store) -> None:
    met = await store.sources.state(CAMPUS)
    await store.sources.first_mapping(met.no, 3)
    fresh = await store.sources.state(msgspec.structs.replace(CAMPUS, kind="other"))
    assert fresh.no != met.no
    assert fresh.mapping == 0
    assert (await store.sources.state(CAMPUS)).no not in (met.no, fresh.no)


async def test_switches(store: Store) -> None:
    sources, no = store.sources, (await store.sources.state(CAMPUS)).no
    await sources.pause(no, "ada", EPOCH_US)
    await sources.throttle(no, EPOCH_US + 9)
    await sources.suspend(no, "401", EPOCH_US + 1)
    await sources.suspend(no, "401 again", EPOCH_US + 2)
    await sources.heard(no, EPOCH_US + 3)
    state = await sources.state(CAMPUS)
    assert (state.paused_by, state.paused_us, state.throttled_us) == ("ada", EPOCH_US, EPOCH_US + 9)
    assert (state.suspended, state.suspended_us, state.heard_us) == ("401 again", EPOCH_US + 1, EPOCH_US + 3)
    await sources.resume(no)
    await sources.unsuspend(no)
    state = await sources.state(CAMPUS)
    assert (state.paused_by, state.paused_us, state.throttled_us, state.suspended, state.suspended_us) == (
        "", None, 0, "", None,
    )  # fmt: skip


async def test_only_the_first_mapping_is_set_here(store: Store) -> None:
    no = (await store.sources.state(CAMPUS)).no
    await store.sources.first_mapping(no, 2)
    await store.sources.first_mapping(no, 5)
    assert (await store.sources.state(CAMPUS)).mapping == 2


async def test_readings_without_anything_new_are_counted_until_there_is_something(store: Store) -> None:
    no = (await store.sources.state(CAMPUS)).no
    unchanged = []
    for mode, how, new in (
        ("delta", "finished", 0),
        ("delta", "finished", 0),
        ("delta", "unavailable", 0),
        ("full", "finished", 0),
        ("delta", "finished", 4),
        ("delta", "finished", 0),
        ("backfill", "finished", 9),
    ):
        await read(store, no, mode, how, new=new)  # type: ignore[arg-type]
        unchanged.append((await store.sources.state(CAMPUS)).unchanged)
    assert unchanged == [1, 2, 2, 2, 0, 1, 1]


async def test_the_first_full_reading_is_remembered_and_so_is_the_newest(store: Store) -> None:
    no = (await store.sources.state(CAMPUS)).no
    await read(store, no, "full", "unavailable")
    assert (await store.sources.state(CAMPUS)).first_us is None
    await read(store, no, "delta")
    assert (await store.sources.state(CAMPUS)).full_us is None
    await read(store, no, "full")
    state = await store.sources.state(CAMPUS)
    assert (state.first_us, state.full_us) == (EPOCH_US + 5, EPOCH_US + 5)


async def test_a_brake_stays_until_it_is_said_otherwise(store: Store) -> None:
    no = (await store.sources.state(CAMPUS)).no
    await read(store, no, "full", "braked", braked=[MANY])
    await read(store, no, "delta")
    assert (await store.sources.state(CAMPUS)).braked == (MANY,)
    await read(store, no, "full", braked=[])
    assert (await store.sources.state(CAMPUS)).braked == ()


async def test_the_last_readings_are_kept_newest_first(store: Store) -> None:
    no = (await store.sources.state(CAMPUS)).no
    other = (await store.sources.state(msgspec.structs.replace(CAMPUS, name="other"))).no
    await read(store, other, "full")
    made = [await read(store, no, "delta", new=n) for n in range(READINGS_KEPT + 7)]
    kept = await store.sources.readings(no, 1000)
    assert [reading.no for reading in kept] == made[: -READINGS_KEPT - 1 : -1]
    assert (kept[0].changed, kept[0].how, kept[0].mode) == (READINGS_KEPT + 6, "finished", "delta")
    assert len(await store.sources.readings(other, 10)) == 1


async def test_a_reading_that_never_ended_shows_as_such(store: Store) -> None:
    no = (await store.sources.state(CAMPUS)).no
    await store.sources.begin(no, "full", EPOCH_US)
    (reading,) = await store.sources.readings(no, 10)
    assert (reading.how, reading.ended_us) == ("", None)
    assert await store.sources.quarantined([no]) == {}


async def test_readings_that_brought_nothing_do_not_push_out_the_others(store: Store) -> None:
    no = (await store.sources.state(CAMPUS)).no
    made = [await read(store, no, "delta", new=int(n == 3)) for n in range(100)]
    kept = await store.sources.readings(no, 100)
    assert [reading.no for reading in kept if reading.changed] == [made[3]]
    assert [reading.no for reading in kept] == [*made[: -IDLE_KEPT - 1 : -1], made[3]]


async def test_parts_are_shut_and_opened_for_one_source(store: Store) -> None:
    no = (await store.sources.state(CAMPUS)).no
    other = (await store.sources.state(msgspec.structs.replace(CAMPUS, name="other"))).no
    for source in (no, no, other):
        await store.sources.shut_up(source, [("grade", "c1"), ("grade", "")])
    await store.sources.opened(no, [("grade", "c1"), ("enrolment", "c1")])
    assert await store.sources.shut(no) == {("grade", "")}
    assert await store.sources.shut(other) == {("grade", "c1"), ("grade", "")}
