"""The outlook on the disk: what is stored is SQLite's own account, and rates are of what was accepted."""

from pathlib import Path

import pytest
from backed_store import filled
from control_office import Office, ask
from control_socket import ACME
from told import completed
from world import VirtualClock

from daemon.control import protocol as p
from daemon.control.views import DiskRow, StorageRow
from daemon.store.database import open_store
from daemon.store.storing import DAY_US, measure


@pytest.mark.parametrize("sampled", [False, True])
async def test_sizes_add_up_to_the_file(tmp_path: Path, sampled: bool) -> None:
    path = tmp_path / "s.db"
    async with open_store(path, VirtualClock(), inline=True) as store:
        desk = await filled(Office(store, {"acme": ACME}), 300)
        await desk.tell(*(completed(f"l{n}", at="2026-11-23T10:00:00Z") for n in range(200)))
        await desk.route()
        now_us = VirtualClock().now_us() + 2 * DAY_US
        found = measure(path, now_us, 28.0, sampled=sampled)
    by_kind = {each.kind: each for each in found.stored if each.tenant in ("acme", "")}
    used = found.database_bytes - found.reusable_bytes
    assert 0.95 * used <= sum(each.bytes for each in found.stored) <= used
    assert found.measured == ("sampled" if sampled else "dbstat")
    assert found.days == pytest.approx(2.0, rel=0.01)
    assert (by_kind["statements"].rows, by_kind["deliveries"].rows, by_kind["effects"].rows) == (500, 200, 200)
    assert by_kind["statements"].per_day == pytest.approx(250, rel=0.01)
    assert by_kind["statements"].bytes > by_kind["effects"].bytes > 0


async def test_a_forecast_is_shown_for_all_or_for_one(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as store:
        office = Office(store, {"acme": ACME})
        await filled(office, 50)
        rows, done = await ask(office, p.RetentionForecast())
        [disk] = [row for row in rows if isinstance(row, DiskRow)]
        kinds = {row.what: row for row in rows if isinstance(row, StorageRow)}
        assert kinds["statements"].period == ACME.retention.statements
        assert kinds["statements"].stable_us is not None
        assert (kinds["statements"].stable_bytes or 0) > kinds["statements"].bytes
        assert kinds["other"].tenant == ""
        assert disk.database_bytes >= sum(row.bytes for row in kinds.values()) > 0
        assert disk.bytes_per_day > 0
        assert "disk is" in done.note
        rows, _ = await ask(office, p.RetentionForecast(tenant="acme"))
        assert {row.tenant for row in rows if isinstance(row, StorageRow)} == {"acme"}
        with pytest.raises(p.Refusal, match="no tenant"):
            await ask(office, p.RetentionForecast(tenant="nobody"))
