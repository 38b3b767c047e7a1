"""Whoever is erased is in no pilot's memory, and what was rehearsed for them is gone."""

from pathlib import Path

from control_office import ask, opened
from world import completed, route, tenant

from actors.domain.piloting import Cohort, member
from daemon.control import protocol as p


async def test_no_pilot_remembers_who_was_erased(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, tenant(route("done", "completed", pilot="new"))) as (office, campus):
        await campus.store.pilots.put(
            "acme", "new", Cohort(), [("mbox:ada@example.edu",)], salt="s", by="ada", now_us=campus.clock.now_us()
        )
        await campus.tell(completed("ada"), completed("ben"))
        await campus.quiet()
        members = await campus.rows("SELECT member FROM pilot_members")
        assert (member("s", "mbox:ada@example.edu"),) in members
        for who in ("ada", "ben"):
            persons = (f"mailto:{who}@example.edu",)
            rows, _ = await ask(office, p.ErasePlan(tenant="acme", persons=persons))
            await ask(office, p.EraseRun(tenant="acme", persons=persons, plan=rows[-1].hash))
        assert await campus.rows("SELECT member FROM pilot_members") == []
        assert await campus.rows("SELECT rendered FROM deliveries WHERE state = 'shadowed'") == [(None,)]


async def test_nor_who_was_only_named_and_never_told_anything(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, tenant(route("done", "completed", pilot="new"))) as (office, campus):
        persons = ("mailto:ada@example.edu", "account:https://lms.test|7")
        await ask(office, p.PilotCreate(tenant="acme", name="new", persons=persons))
        rows, _ = await ask(office, p.ErasePlan(tenant="acme", persons=persons[:1]))
        assert rows[-1].counts == {"pilots_changed": 1}
        await ask(office, p.EraseRun(tenant="acme", persons=persons[:1], plan=rows[-1].hash))
        [pilot] = await campus.store.pilots.all("acme")
        assert pilot.cohort.listed == 1
        assert await campus.rows("SELECT member FROM pilot_members") == [
            (member(pilot.salt, "account:https://lms.test|7"),)
        ]
