"""Deliveries that wait for a time to come: digests and quiet hours, in whole daemons."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import trio
from world import EPOCH_US, Campus, completed, graded, open_campus, route, tenant

from config.model import Audience, Digest

HOUR_S = 3600.0
BERLIN = ZoneInfo("Europe/Berlin")  # 2027-01-15 09:00 there when the campus opens
DAILY = route("daily", "completed", "graded", mode=Digest(digest="0 12 * * *"))


def hours(us: float) -> float:
    return (datetime.fromtimestamp(us / 1e6, UTC).astimezone(BERLIN).hour) * 1.0


async def states(campus: Campus) -> list[str]:
    return [row[0] for row in await campus.rows("SELECT state FROM deliveries ORDER BY seq")]


async def test_a_digest_is_one_post_at_its_time(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(DAILY)) as campus:
        await campus.tell(completed("ada"), completed("bob"))
        await trio.sleep(HOUR_S)
        await campus.tell(completed("eve"))
        await trio.sleep(1)
        assert await states(campus) == ["held"] * 3
        await trio.sleep(3 * HOUR_S)
        [effect] = campus.journal("slack")
        assert hours(effect.time * 1e6) == 12
        assert await states(campus) == ["delivered"] * 4
        [(kind, receipts)] = await campus.rows(
            "SELECT max(kind), count(DISTINCT receipt) FROM deliveries WHERE kind = 'digest' OR digest IS NOT NULL"
        )
        assert (kind, receipts) == ("digest", 1)


async def test_a_digest_does_not_hold_up_what_is_told_at_once(tmp_path: Path, autojump_clock: object) -> None:
    at_once = route("grades", "graded")
    daily = route("daily", "completed", mode=Digest(digest="0 12 * * *"))
    async with open_campus(tmp_path, tenant(daily, at_once)) as campus:
        await campus.tell(completed("ada"), graded("ada", 80))
        await trio.sleep(60)
        assert len(campus.journal("slack")) == 1
        await trio.sleep(4 * HOUR_S)
        assert len(campus.journal("slack")) == 2


async def test_each_change_stands_in_one_digest(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(DAILY)) as campus:
        for day in range(3):
            await campus.tell(completed("ada"), completed(f"learner{day}"))
            await trio.sleep(24 * HOUR_S)
        items = await campus.rows("SELECT digest, count(*) FROM deliveries WHERE digest IS NOT NULL GROUP BY digest")
        assert sorted(n for _, n in items) == [1, 1, 2]
        assert len(campus.journal("slack")) == 3


async def test_learners_get_digests_of_their_own(tmp_path: Path, autojump_clock: object) -> None:
    mine = route("mine", "graded", audience=Audience(learner=True), mode=Digest(digest="0 12 * * *"))
    async with open_campus(tmp_path, tenant(mine)) as campus:
        await campus.tell(
            *(graded(who, points, what) for who in ("ada", "bob") for points, what in ((1, "a"), (2, "b")))
        )
        await trio.sleep(4 * HOUR_S)
        assert len({effect.destination for effect in campus.journal("slack")}) == 2
        assert len(campus.journal("slack")) == 2


async def test_a_digest_survives_every_death(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(DAILY)) as campus:
        campus.fault("slack", "reset_after_commit")
        await campus.tell(completed("ada"), completed("bob"))
        await trio.sleep(10)
        await campus.die()
        await campus.again()
        await trio.sleep(3 * HOUR_S - 10.0)
        await campus.die()  # about when it is sent
        await campus.again()
        await trio.sleep(HOUR_S)
        assert len(campus.journal("slack")) == 1
        assert set(await states(campus)) == {"delivered"}


async def test_quiet_hours_put_posts_off_until_they_end(tmp_path: Path, autojump_clock: object) -> None:
    quiet = route("quiet", "completed", quiet_hours="08:00-17:30")
    async with open_campus(tmp_path, tenant(quiet, route("grades", "graded"))) as campus:
        await campus.tell(completed("ada"), graded("ada", 80), completed("bob"))
        await trio.sleep(HOUR_S)
        assert len(campus.journal("slack")) == 1
        assert sorted(await states(campus)) == ["delivered", "held", "held"]
        await trio.sleep(8 * HOUR_S)
        assert len(campus.journal("slack")) == 3
        assert {hours(effect.time * 1e6) for effect in campus.journal("slack")[1:]} == {17}
        last = await campus.rows(
            "SELECT change FROM deliveries WHERE kind = 'activity_completed' ORDER BY done_us, seq"
        )
        assert [b"ada" in row[0] for row in last] == [True, False]


async def test_what_was_late_does_not_go_out_in_quiet_hours(tmp_path: Path, autojump_clock: object) -> None:
    quiet = route("quiet", "completed", quiet_hours="10:00-17:30")
    async with open_campus(tmp_path, tenant(quiet)) as campus:
        campus.http.unreachable = "no route to host"
        await campus.tell(completed("ada"))
        await trio.sleep(2 * HOUR_S)
        campus.http.unreachable = ""
        await trio.sleep(HOUR_S)
        assert campus.journal("slack") == []
        assert await states(campus) == ["held"]
        await trio.sleep(7 * HOUR_S)
        [effect] = campus.journal("slack")
        assert hours(effect.time * 1e6) == 17
        assert effect.time * 1e6 > EPOCH_US


async def test_a_disabled_route_keeps_what_it_would_have_posted(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(route("completions", "completed"))) as campus:
        campus.http.unreachable = "no route to host"
        await campus.tell(completed("ada"))
        await trio.sleep(5)
        await campus.root.apply({"acme": tenant(route("completions", "completed", enabled=False))})
        campus.http.unreachable = ""
        await campus.tell(completed("bob"))
        await trio.sleep(100)
        assert campus.journal("slack") == []
        assert await states(campus) == ["held"]
        kept = await campus.rows("SELECT reason FROM outcomes WHERE unrouted = 1")
        assert kept == [("route_disabled: completions",)]
        await campus.root.apply({"acme": tenant(route("completions", "completed"))})
        await campus.quiet()
        assert len(campus.journal("slack")) == 1
